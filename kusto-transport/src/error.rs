//! The error of this crate.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use kusto_auth::{AuthError, AuthErrorKind};
use kusto_protocol::{ErrorBody, ErrorResponse, OneApiError};

use crate::deadline::Elapsed;
use crate::retry::Failure;

/// A request that failed, or an answer that broke off.
///
/// Display is one line: what failed, then the ids by which the service's own logs know the request.
pub struct TransportError(Box<Inner>);

struct Inner {
    kind: TransportErrorKind,
    message: Cow<'static, str>,
    client_request_id: Option<String>,
    activity_id: Option<String>,
    status: Option<StatusCode>,
    /// What the answer says; without an answer the kind decides.
    permanent: Option<bool>,
    retry_after: Option<Duration>,
    /// Whether it failed before anything but a sign-in was sent.
    is_unsent: bool,
    service_errors: Vec<OneApiError>,
    cause: Cause,
}

enum Cause {
    None,
    /// Its words are the message, so what it was caused by is our cause.
    Auth(AuthError),
    Other(Box<dyn Error + Send + Sync>),
}

/// In which way a request failed. "Repeated" is what [`RetryPolicy`](crate::RetryPolicy) does; a "repeatable" request
/// is one that may run twice: a query, a command that only reads, or what the caller marked as idempotent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No token could be had, or the service refused it twice. Repeated only if there is no token for the moment.
    Auth,
    /// No connection; nothing was sent. Repeated, whatever the request.
    Connect,
    /// The answer is not what the service sends. Not repeated.
    Decode,
    /// The connection broke after the request was sent, or the answer ended too early. The request may have been
    /// carried out, so only what is repeatable is repeated, and not after its first row was handed over.
    Interrupted,
    /// The request cannot be sent as it is: the caller's mistake. Not repeated.
    InvalidRequest,
    /// The service points elsewhere, and redirects are not followed, or not so many. Not repeated.
    Redirected,
    /// The service carried the request out and says that it failed. Repeated if the request is repeatable and the
    /// service calls the failure transient.
    Service,
    /// The service has no capacity now. Repeatable requests are repeated.
    Throttled,
    /// The time limit was reached. Not repeated.
    Timeout,
    /// No secure connection: certificates. Not repeated.
    Tls,
    /// The host may not receive a token. Not repeated, and nothing was sent.
    Untrusted,
}

impl TransportError {
    pub(crate) fn new(kind: TransportErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            client_request_id: None,
            activity_id: None,
            status: None,
            permanent: None,
            retry_after: None,
            is_unsent: false,
            service_errors: Vec::new(),
            cause: Cause::None,
        }))
    }

    /// Wraps what the HTTP client answered in place of a response.
    pub(crate) fn from_http_client(error: azure_core::Error, host: &str) -> Self {
        use azure_core::error::ErrorKind;
        let (kind, message) = match error.kind() {
            ErrorKind::Connection if AuthError::is_tls(&error) => (
                TransportErrorKind::Tls,
                format!("no secure connection to {host}: its certificate was not accepted"),
            ),
            ErrorKind::Connection => (TransportErrorKind::Connect, format!("no connection to {host}")),
            _ => (
                TransportErrorKind::Interrupted,
                format!("the connection to {host} broke before the answer came"),
            ),
        };
        Self::new(kind, message).with_source(error)
    }

    pub(crate) fn timeout(Elapsed(limit): Elapsed) -> Self {
        let message = format!(
            "no complete answer within {} s; raise the server timeout if the request needs longer",
            limit.as_secs()
        );
        Self::new(TransportErrorKind::Timeout, message)
    }

    /// Wraps a response that says that the request failed.
    pub(crate) fn from_response(kind: TransportErrorKind, response: ErrorResponse) -> Self {
        let mut this = Self::new(kind, one_line(&response.to_string()));
        this.0.status = Some(response.status);
        this.0.permanent = Some(response.is_permanent());
        if let ErrorBody::OneApi(error) = response.body {
            this.0.service_errors.push(*error);
        }
        this
    }

    /// Wraps an error that stands in place of an answer.
    pub(crate) fn from_service(error: OneApiError) -> Self {
        let mut this = Self::new(TransportErrorKind::Service, one_line(&error.to_string()));
        this.0.status = Some(StatusCode::OK);
        this.0.permanent = Some(error.is_permanent(StatusCode::OK));
        this.0.service_errors.push(error);
        this
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.cause = Cause::Other(source.into());
        self
    }

    pub(crate) fn with_ids(mut self, client_request_id: &str, activity_id: Option<&str>) -> Self {
        self.0.client_request_id = Some(client_request_id.to_owned());
        self.0.activity_id = activity_id.map(str::to_owned).or(self.0.activity_id);
        self
    }

    pub(crate) fn with_activity_id(mut self, activity_id: String) -> Self {
        self.0.activity_id = Some(activity_id);
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode, retry_after: Option<Duration>) -> Self {
        self.0.status = Some(status);
        self.0.retry_after = retry_after;
        self
    }

    /// Says that the service got nothing of the request yet.
    pub(crate) fn unsent(mut self) -> Self {
        self.0.is_unsent = true;
        self
    }

    /// What this failure means for repeating the request.
    pub(crate) fn failure(&self) -> Failure {
        match self.0.kind {
            TransportErrorKind::Timeout => Failure::Other,
            TransportErrorKind::Connect => Failure::NotSent,
            _ if self.is_permanent() => Failure::Other,
            _ if self.0.is_unsent => Failure::NotSent,
            TransportErrorKind::Throttled => Failure::Busy {
                retry_after: self.0.retry_after,
            },
            TransportErrorKind::Interrupted => Failure::Interrupted,
            // Its own time limit would be reached again.
            TransportErrorKind::Service if self.0.status == Some(StatusCode::GATEWAY_TIMEOUT) => {
                Failure::Other
            }
            TransportErrorKind::Service if self.is_called_transient() => Failure::Transient,
            _ => Failure::Other,
        }
    }

    fn is_called_transient(&self) -> bool {
        let said = |error: &OneApiError| error.permanent == Some(false);
        self.0.service_errors.iter().any(said) || self.0.status == Some(StatusCode::BAD_GATEWAY)
    }

    /// In which way the request failed.
    pub fn kind(&self) -> TransportErrorKind {
        self.0.kind
    }

    /// The words of `Display` without the ids.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The cause, for whoever makes another error of this one.
    pub fn into_source(self) -> Option<Box<dyn Error + Send + Sync>> {
        match self.0.cause {
            Cause::None => None,
            Cause::Auth(error) => error.into_source(),
            Cause::Other(error) => Some(error),
        }
    }

    /// The HTTP status of the answer, where one came.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// What the service says about the failure, in its own words.
    pub fn service_errors(&self) -> &[OneApiError] {
        &self.0.service_errors
    }

    /// Why there was no token, if that is what failed.
    pub fn auth_error(&self) -> Option<&AuthError> {
        match &self.0.cause {
            Cause::Auth(error) => Some(error),
            Cause::None | Cause::Other(_) => None,
        }
    }

    /// How long the service asks to wait before the next try.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The id under which the request was sent (or would have been).
    pub fn client_request_id(&self) -> Option<&str> {
        self.0.client_request_id.as_deref()
    }

    /// The service's id of the request, where an answer came.
    pub fn activity_id(&self) -> Option<&str> {
        self.0.activity_id.as_deref()
    }

    /// Whether repeating the request later is pointless: as the service says, else by status and kind.
    pub fn is_permanent(&self) -> bool {
        if let Some(permanent) = self.0.permanent {
            return permanent;
        }
        match self.0.kind {
            TransportErrorKind::Connect
            | TransportErrorKind::Interrupted
            | TransportErrorKind::Throttled
            | TransportErrorKind::Timeout => false,
            TransportErrorKind::Auth => match &self.0.cause {
                Cause::Auth(error) => error.kind() != AuthErrorKind::Unavailable,
                Cause::None | Cause::Other(_) => true,
            },
            _ => true,
        }
    }
}

impl From<AuthError> for TransportError {
    fn from(error: AuthError) -> Self {
        let kind = match error.kind() {
            AuthErrorKind::Connect => TransportErrorKind::Connect,
            AuthErrorKind::Timeout => TransportErrorKind::Timeout,
            AuthErrorKind::Tls => TransportErrorKind::Tls,
            AuthErrorKind::Untrusted => TransportErrorKind::Untrusted,
            _ => TransportErrorKind::Auth,
        };
        let mut this = Self::new(kind, error.to_string());
        this.0.cause = Cause::Auth(error);
        this
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match (&self.0.client_request_id, &self.0.activity_id) {
            (Some(request), Some(activity)) => {
                write!(f, " (client request id {request}, activity id {activity})")
            }
            (Some(request), None) => write!(f, " (client request id {request})"),
            (None, Some(activity)) => write!(f, " (activity id {activity})"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("client_request_id", &self.0.client_request_id)
            .field("activity_id", &self.0.activity_id)
            .field("status", &self.0.status)
            .field("retry_after", &self.0.retry_after)
            .field("service_errors", &self.0.service_errors)
            .field("source", &self.source().map(|source| source.to_string()))
            .finish()
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.cause {
            Cause::None => None,
            Cause::Auth(error) => error.source(),
            Cause::Other(error) => Some(&**error),
        }
    }
}

/// Texts of the service may have several lines.
fn one_line(text: &str) -> String {
    text.split(['\r', '\n'])
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
