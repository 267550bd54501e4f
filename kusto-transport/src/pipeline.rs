//! From a request to the body of its answer.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::AccessToken;
use azure_core::http::{AsyncRawResponse, HttpClient};
use azure_core::time::OffsetDateTime;
use http::StatusCode;
use kusto_auth::{Credential, TokenSource, TrustedHosts};
use kusto_protocol::{DecoderConfig, Endpoint, Request, options};

use crate::answer::Answer;
use crate::body::Body;
use crate::deadline::{Deadline, IdleLimit, sleep};
use crate::error::TransportError;
use crate::frames::FrameStream;
use crate::outgoing::Outgoing;
use crate::request_id::jitter;
use crate::retry::RetryPolicy;
use crate::trace;

/// The way of requests to one service.
///
/// For each request, in this order: the host must be trusted, a token is had, headers are set, the request is sent,
/// and its answer is judged. What comes back is the body, still to be read. Cloning is cheap; clones share tokens
/// and connections.
#[derive(Clone, Debug)]
pub struct Pipeline {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    tokens: TokenSource,
    http_client: Arc<dyn HttpClient>,
    options: PipelineOptions,
}

/// How a [`Pipeline`] presents itself, and its patience. Take the default and set fields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PipelineOptions {
    /// The application that the service's logs show (`x-ms-app`).
    pub application: Option<String>,
    /// The user that the service's logs show (`x-ms-user`).
    pub user: Option<String>,
    /// The client library that the service's logs show (`x-ms-client-version`).
    pub client_version: String,
    /// Whether answers may come compressed. Default: yes.
    pub compression: bool,
    /// Whether tokens must come from a sign-in with several factors, whatever the cluster says. Default: no.
    pub enforce_mfa: bool,
    /// When a request is sent once more.
    pub retry: RetryPolicy,
    /// How long a body may be silent. Default: as long as the request may take, because a query may compute for
    /// minutes between two rows.
    pub idle_timeout: Option<Duration>,
    /// How much longer than the service the client waits for the end of an answer. Default: 30 s.
    pub timeout_margin: Duration,
}

impl Default for PipelineOptions {
    fn default() -> Self {
        Self {
            application: None,
            user: None,
            client_version: concat!("Kusto.Rust.Client:{", env!("CARGO_PKG_VERSION"), "}").to_owned(),
            compression: true,
            enforce_mfa: false,
            retry: RetryPolicy::default(),
            idle_timeout: None,
            timeout_margin: Duration::from_secs(30),
        }
    }
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
            }),
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
            }),
        }
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
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn frames(&self, request: &Request) -> Result<FrameStream, TransportError> {
        let mut config = DecoderConfig::default();
        let vary = request
            .properties
            .options
            .get(options::CLIENT_RESULTS_READER_ALLOW_VARYING_ROW_WIDTHS);
        config.allow_varying_row_widths = vary == Some(&true.into());
        Ok(FrameStream::new(self.send(request).await?, config))
    }

    /// Sends a request and gives the body of its answer, if the service accepted it (status 200).
    ///
    /// A request without a server timeout gets the service's default for its kind written in; the client waits
    /// [`timeout_margin`](PipelineOptions::timeout_margin) longer, counted from this call to the end of the body. A
    /// request without a client request id gets a new one for every try.
    ///
    /// # Errors
    ///
    /// See [`TransportErrorKind`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the connection. Whether the service carries on is its own affair.
    pub async fn send(&self, request: &Request) -> Result<Body, TransportError> {
        let outgoing = Outgoing::new(request, self.shared.tokens.endpoint(), &self.shared.options)?;
        let mut deadline = Deadline::after(outgoing.limit);
        let mut retries = 0;
        loop {
            let id = outgoing.client_request_id();
            let attempt = trace::request(self.shared.attempt(&outgoing, &id), &outgoing, &id);
            let outcome = deadline.cover(attempt).await;
            let error = match outcome {
                Ok(Ok(answer)) => return Ok(self.shared.body(answer, deadline, id)),
                Ok(Err(error)) => error.with_ids(&id, None),
                Err(elapsed) => return Err(TransportError::timeout(elapsed).with_ids(&id, None)),
            };
            let policy = &self.shared.options.retry;
            let Some(wait) = policy.delay(retries, error.failure(), outgoing.is_read_only, jitter()) else {
                return Err(error);
            };
            trace::retry(&error, wait);
            if deadline.cover(sleep(wait)).await.is_err() {
                return Err(error);
            }
            retries += 1;
        }
    }
}

impl Shared {
    /// One try, up to an answer that says 200.
    async fn attempt(&self, outgoing: &Outgoing, id: &str) -> Result<Answer, TransportError> {
        let endpoint = self.tokens.endpoint();
        let Some(token) = self.tokens.token(OffsetDateTime::now_utc()).await? else {
            return self.exchange(outgoing, id, None).await?.accept(endpoint).await;
        };
        let answer = self.exchange(outgoing, id, Some(&token)).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return answer.accept(endpoint).await;
        }
        // The token may have been revoked, or the clock be wrong. Another one gets one more chance.
        let challenge = answer.www_authenticate();
        match self
            .tokens
            .renew(&token, challenge, OffsetDateTime::now_utc())
            .await?
        {
            None => answer.accept(endpoint).await,
            Some(next) => {
                self.exchange(outgoing, id, Some(&next))
                    .await?
                    .accept(endpoint)
                    .await
            }
        }
    }

    async fn exchange(
        &self,
        outgoing: &Outgoing,
        id: &str,
        token: Option<&AccessToken>,
    ) -> Result<Answer, TransportError> {
        let mut request = outgoing.to_request(id);
        if let Some(token) = token {
            // The one place in the workspace that reads the text of a token.
            request.insert_header("authorization", format!("Bearer {}", token.token.secret()));
        }
        Ok(Answer::new(self.execute(&request).await?))
    }

    async fn execute(&self, request: &azure_core::http::Request) -> Result<AsyncRawResponse, TransportError> {
        self.http_client
            .execute_request(request)
            .await
            .map_err(|error| TransportError::from_http_client(error, self.tokens.endpoint().host()))
    }

    fn body(&self, answer: Answer, deadline: Deadline, client_request_id: String) -> Body {
        let idle = self.options.idle_timeout.map(IdleLimit::new);
        let Answer {
            decompressor,
            body,
            activity_id,
            ..
        } = answer;
        Body::new(body, decompressor, deadline, idle, client_request_id, activity_id)
    }
}
