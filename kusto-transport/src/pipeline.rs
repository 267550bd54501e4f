//! From a request to the body of its answer.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use azure_core::credentials::AccessToken;
use azure_core::http::{AsyncRawResponse, HttpClient, Url};
use azure_core::time::OffsetDateTime;
use http::StatusCode;
use kusto_auth::{AuthError, Credential, TokenSource, TrustedHosts};
use kusto_protocol::{DecoderConfig, Endpoint, Request, options};

use crate::answer::Answer;
use crate::body::Body;
use crate::call::Call;
use crate::cancel::CancelOnDrop;
use crate::deadline::Deadline;
use crate::error::TransportError;
use crate::frames::FrameStream;
use crate::outgoing::{self, Heads, Outgoing};
use crate::pipeline_options::PipelineOptions;
use crate::redirect;
use crate::retry::RetryBudget;

/// The way of requests to one service.
///
/// For each request, in this order: the host must be trusted, a token is had, headers are set, the request is sent,
/// and its answer is judged. What comes back is the body, still to be read. Cloning is cheap; clones share tokens
/// and connections.
#[derive(Clone, Debug)]
pub struct Pipeline {
    shared: Arc<Shared>,
    is_idempotent: bool,
    max_batch_bytes: Option<usize>,
}

#[derive(Debug)]
struct Shared {
    tokens: TokenSource,
    http_client: Arc<dyn HttpClient>,
    options: PipelineOptions,
    heads: Heads,
    retries: Mutex<RetryBudget>,
}

impl Pipeline {
    /// The way to `endpoint`, as `credential`. Nothing is sent yet.
    pub fn new(
        endpoint: Endpoint,
        credential: Credential,
        trusted_hosts: TrustedHosts,
        http_client: Arc<dyn HttpClient>,
        options: PipelineOptions,
    ) -> Self {
        let tokens = TokenSource::new(endpoint, credential, Arc::clone(&http_client))
            .trusted_hosts(trusted_hosts)
            .enforce_mfa(options.enforce_mfa);
        Self::with_tokens(tokens, http_client, options)
    }

    /// The way to the service that the tokens are for. Nothing is sent yet.
    pub fn with_tokens(
        tokens: TokenSource,
        http_client: Arc<dyn HttpClient>,
        options: PipelineOptions,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                tokens,
                http_client,
                options,
                heads: Heads::default(),
                retries: Mutex::default(),
            }),
            is_idempotent: false,
            max_batch_bytes: None,
        }
    }

    /// The way to another service, such as the ingestion service beside an engine: as the same identity, with the
    /// same HTTP client, settings and tokens.
    #[must_use]
    pub fn to(&self, endpoint: Endpoint) -> Self {
        let shared = &self.shared;
        Self {
            shared: Arc::new(Shared {
                tokens: shared.tokens.sibling(endpoint),
                http_client: Arc::clone(&shared.http_client),
                options: shared.options.clone(),
                heads: Heads::default(),
                retries: Mutex::default(),
            }),
            is_idempotent: self.is_idempotent,
            max_batch_bytes: self.max_batch_bytes,
        }
    }

    /// The same way, for requests that the caller knows to be idempotent: they are repeated as queries are, even if
    /// the service may have carried them out already.
    #[must_use]
    pub fn idempotent(mut self, value: bool) -> Self {
        self.is_idempotent = value;
        self
    }

    /// The same way, on which [`frames`](Self::frames) come with batches of so many bytes of rows on the wire, in place of
    /// the 2 MiB of [`DecoderConfig::max_batch_bytes`]. For rows that are soon done with less is faster: see
    /// [`FrameStream::recycle`].
    #[must_use]
    pub fn max_batch_bytes(mut self, bytes: usize) -> Self {
        self.max_batch_bytes = Some(bytes);
        self
    }

    /// The service at the other end.
    pub fn endpoint(&self) -> &Endpoint {
        self.shared.tokens.endpoint()
    }

    /// What sends the requests. Storage and identity may use it, too.
    pub fn http_client(&self) -> &Arc<dyn HttpClient> {
        &self.shared.http_client
    }

    /// Sends a request and gives the frames of its answer.
    ///
    /// Of what is repeatable, the answer is read up to its first row, and asked for again if it breaks off before
    /// that, or if all it has is a failure that the service calls transient. So no row is ever handed over twice.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn frames(&self, request: Request) -> Result<FrameStream, TransportError> {
        let mut config = DecoderConfig::default();
        let vary = request
            .properties
            .options
            .get(options::CLIENT_RESULTS_READER_ALLOW_VARYING_ROW_WIDTHS);
        config.allow_varying_row_widths = vary == Some(&true.into());
        config.max_batch_bytes = self.max_batch_bytes.unwrap_or(config.max_batch_bytes);
        Call::new(self, request)?.frames(&config).await
    }

    /// Sends a request and gives the body of its answer, if the service accepted it (status 200).
    ///
    /// A request without a server timeout gets that of its kind from the [`PipelineOptions`] written in; the client
    /// waits [`timeout_margin`](PipelineOptions::timeout_margin) longer, counted from this call to the end of the
    /// body, over all tries. A request without a client request id gets a new one; tries after the first add their
    /// number to it.
    ///
    /// # Errors
    ///
    /// See [`TransportErrorKind`](crate::TransportErrorKind).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection. A query is cancelled on the service as well, see
    /// [`PipelineOptions::cancel_on_drop`].
    pub async fn send(&self, request: Request) -> Result<Body, TransportError> {
        Call::new(self, request)?.body().await
    }

    /// Asks the service for a sign of life: the text of `/v1/rest/ping`. No token is sent, nothing is repeated.
    ///
    /// # Errors
    ///
    /// If there is no connection, no answer within ten seconds, or another status than 200.
    pub async fn ping(&self) -> Result<String, TransportError> {
        let request = outgoing::ping(self.endpoint())?;
        let exchange = async {
            let answer = Answer::new(self.shared.execute(&request).await?);
            if !answer.is_readable() {
                return Err(answer.into_error(self.endpoint()).await);
            }
            Ok(String::from_utf8_lossy(&answer.text().await).trim().to_owned())
        };
        match Deadline::after(QUICK_LIMIT).cover(pin!(exchange)).await {
            Ok(text) => text,
            Err(elapsed) => Err(TransportError::timeout(elapsed)),
        }
    }

    pub(crate) fn options(&self) -> &PipelineOptions {
        &self.shared.options
    }

    pub(crate) fn heads(&self) -> &Heads {
        &self.shared.heads
    }

    pub(crate) fn is_idempotent(&self) -> bool {
        self.is_idempotent
    }

    /// Takes one retry out of the budget of all requests.
    pub(crate) fn take_retry(&self, now: Instant) -> bool {
        let mut budget = self.shared.retries.lock().unwrap_or_else(PoisonError::into_inner);
        budget.take(&self.shared.options.retry, now)
    }

    /// One try, up to an answer that says 200.
    pub(crate) async fn attempt(&self, attempt: Attempt<'_>) -> Result<Answer, TransportError> {
        self.shared.attempt(attempt).await
    }
}

/// One try of a call.
pub(crate) struct Attempt<'a> {
    pub(crate) outgoing: &'a mut Outgoing,
    pub(crate) id: &'a str,
    /// Of the whole call.
    pub(crate) deadline: &'a mut Deadline,
    pub(crate) cancel: &'a mut CancelOnDrop,
}

impl Shared {
    async fn attempt(&self, mut attempt: Attempt<'_>) -> Result<Answer, TransportError> {
        let endpoint = self.tokens.endpoint();
        let mut answer = self.signed_in(&self.tokens, &mut attempt, None).await?;
        let mut redirected: Option<Url> = None;
        for _ in 0..attempt.outgoing.max_redirects {
            let Some(location) = answer.location() else {
                break;
            };
            let from = redirected.as_ref().unwrap_or_else(|| attempt.outgoing.url());
            let (target, host) = redirect::target(from, location, self.tokens.trusts())?;
            // As for any other host: a token for its cloud, and only if that is where it belongs.
            let tokens = self.tokens.sibling(host);
            answer = self.signed_in(&tokens, &mut attempt, Some(&target)).await?;
            redirected = Some(target);
        }
        if answer.is_readable() {
            return Ok(answer);
        }
        let error = Box::pin(answer.into_error(endpoint));
        Err(match attempt.deadline.cover(error).await {
            Ok(error) => error,
            Err(elapsed) => TransportError::timeout(elapsed),
        })
    }

    /// One exchange, or two if the first token is refused.
    async fn signed_in(
        &self,
        tokens: &TokenSource,
        attempt: &mut Attempt<'_>,
        redirected: Option<&Url>,
    ) -> Result<Answer, TransportError> {
        if tokens.is_anonymous() {
            return self.exchange(attempt, redirected, None).await;
        }
        // A sign-in has many steps, and what it keeps between them would be moved about with every request.
        let token = Box::pin(tokens.token(OffsetDateTime::now_utc()));
        let token = sign_in(tokens, attempt.deadline, token).await;
        let Some(token) = token.map_err(TransportError::unsent)? else {
            return self.exchange(attempt, redirected, None).await;
        };
        let answer = self.exchange(attempt, redirected, Some(&token)).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        // The token may have been revoked, or the clock be wrong. Another one gets one more chance.
        attempt.cancel.sent(false);
        let next = tokens.renew(&token, answer.www_authenticate(), OffsetDateTime::now_utc());
        match sign_in(tokens, attempt.deadline, Box::pin(next)).await? {
            None => Ok(answer),
            Some(next) => self.exchange(attempt, redirected, Some(&next)).await,
        }
    }

    async fn exchange(
        &self,
        attempt: &mut Attempt<'_>,
        redirected: Option<&Url>,
        token: Option<&AccessToken>,
    ) -> Result<Answer, TransportError> {
        let request = attempt.outgoing.prepare(redirected, attempt.id, token);
        attempt.cancel.sent(true);
        let response = pin!(self.execute(request));
        let response = attempt.deadline.cover(response).await;
        Ok(Answer::new(response.map_err(TransportError::timeout)??))
    }

    async fn execute(&self, request: &azure_core::http::Request) -> Result<AsyncRawResponse, TransportError> {
        self.http_client
            .execute_request(request)
            .await
            .map_err(|error| TransportError::from_http_client(error, self.tokens.endpoint().host()))
    }
}

/// Waits for a token: as long as a person takes, if one may be asked, else within the time limit.
async fn sign_in<T>(
    tokens: &TokenSource,
    deadline: &mut Deadline,
    token: impl Future<Output = Result<T, AuthError>> + Unpin,
) -> Result<T, TransportError> {
    if tokens.asks_a_person() {
        return Ok(deadline.suspend(token).await?);
    }
    let token = deadline.cover(token).await;
    Ok(token.map_err(TransportError::timeout)??)
}

/// How long a service may take for what costs it nothing.
const QUICK_LIMIT: Duration = Duration::from_secs(10);
