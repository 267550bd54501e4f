//! The error of this crate.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use http::StatusCode;
use kusto_auth::{AuthError, AuthErrorKind};
use kusto_ingest::{IngestError, IngestErrorKind};
use kusto_protocol::{ConversionError, DataSetError, OneApiError, ParseError};
use kusto_transport::{TransportError, TransportErrorKind};

/// Whatever may go wrong, as one type.
///
/// Display is one line. After a request was sent it ends with the ids by which the service's logs know it. No
/// token, key or password is ever shown.
///
/// ```
/// use kusto_client::{Client, ErrorKind};
///
/// let error = Client::from_connection_string("https://help.kusto.windows.net;Colour=red").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidInput);
/// assert!(error.is_permanent());
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    is_permanent: bool,
    status: Option<StatusCode>,
    service_errors: Vec<OneApiError>,
    client_request_id: Option<String>,
    activity_id: Option<String>,
    auth_error: Option<AuthError>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// In which way a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No token could be had, or the service refused it.
    Auth,
    /// No connection, or no secure one: nothing was sent.
    Connect,
    /// A value of the result does not fit the Rust type that was asked for, or there are more or fewer rows.
    Conversion,
    /// The answer is not what the service sends.
    Decode,
    /// Data was not ingested, for a reason that lies in the data or the table.
    Ingest,
    /// The connection broke before the answer was complete.
    Interrupted,
    /// The caller's mistake: never depends on what the service answers.
    InvalidInput,
    /// The service failed after it began to answer; rows that came before may be incomplete.
    PartialFailure,
    /// The service carried the request out and says that it failed.
    Service,
    /// The service has no capacity now.
    Throttled,
    /// The time limit was reached.
    Timeout,
    /// The host may not receive a token, or points to another one.
    Untrusted,
}

impl Error {
    pub(crate) fn invalid_input(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            is_permanent: true,
            status: None,
            service_errors: Vec::new(),
            client_request_id: None,
            activity_id: None,
            auth_error: None,
            source: None,
        }))
    }

    /// A row of a batch that comes after so many rows.
    pub(crate) fn conversion(error: ConversionError, rows_before: usize) -> Self {
        // The error counts rows within its batch.
        let place = if rows_before == 0 {
            String::new()
        } else {
            format!(", counted after the first {rows_before}")
        };
        Self::new(ErrorKind::Conversion, format!("{error}{place}"))
    }

    /// The errors that an answer ended with.
    pub(crate) fn partial_failure(errors: Vec<OneApiError>, cancelled: bool) -> Self {
        let what = if cancelled {
            "the query was cancelled"
        } else {
            "the service failed while it answered"
        };
        let message = match errors.first() {
            Some(error) => {
                let place = error.place.map(|place| format!(" ({place})")).unwrap_or_default();
                format!("{what}{place}: {}", one_line(&error.to_string()))
            }
            None => format!("{what}, and gives no reason"),
        };
        let mut this = Self::new(ErrorKind::PartialFailure, message);
        // An error inside an answer that does not call itself permanent may go away: limits, memory, nodes.
        this.0.is_permanent = errors.iter().any(|error| error.permanent == Some(true));
        this.0.service_errors = errors;
        this
    }

    /// Adds what the service said before the answer broke off.
    pub(crate) fn with_service_errors(mut self, errors: Vec<OneApiError>) -> Self {
        for error in errors {
            if !self.0.service_errors.contains(&error) {
                self.0.service_errors.push(error);
            }
        }
        self
    }

    pub(crate) fn with_ids(mut self, client_request_id: &str, activity_id: Option<&str>) -> Self {
        self.0.client_request_id = Some(client_request_id.to_owned());
        self.0.activity_id = activity_id.map(str::to_owned);
        self
    }

    /// In which way the call failed.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether repeating the call later is pointless: as the service says, else by status and kind.
    pub fn is_permanent(&self) -> bool {
        self.0.is_permanent
    }

    /// The HTTP status of the answer, where one came.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The service's own words: code, message (with the place in the query where it knows one), inner errors, and
    /// where in the answer they stood. What it said before an answer broke off is among them.
    pub fn service_errors(&self) -> &[OneApiError] {
        &self.0.service_errors
    }

    /// Why there was no token, if that is what failed: with the identity provider's code (`AADSTS…`), and the claims that
    /// the next sign-in must bring, which a service that acts on behalf of a user hands back to where the user is.
    pub fn auth_error(&self) -> Option<&AuthError> {
        self.0.auth_error.as_ref()
    }

    /// The id under which the request was sent.
    pub fn client_request_id(&self) -> Option<&str> {
        self.0.client_request_id.as_deref()
    }

    /// The service's id of the request, where an answer came.
    pub fn activity_id(&self) -> Option<&str> {
        self.0.activity_id.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match (&self.0.client_request_id, &self.0.activity_id) {
            (Some(request), Some(activity)) => {
                write!(f, " (client request id {request}, activity id {activity})")
            }
            (Some(request), None) => write!(f, " (client request id {request})"),
            (None, _) => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("is_permanent", &self.0.is_permanent)
            .field("status", &self.0.status)
            .field("service_errors", &self.0.service_errors)
            .field("client_request_id", &self.0.client_request_id)
            .field("activity_id", &self.0.activity_id)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        let kind = match error.kind() {
            TransportErrorKind::Auth => ErrorKind::Auth,
            TransportErrorKind::Connect | TransportErrorKind::Tls => ErrorKind::Connect,
            TransportErrorKind::Decode => ErrorKind::Decode,
            TransportErrorKind::Interrupted => ErrorKind::Interrupted,
            TransportErrorKind::InvalidRequest => ErrorKind::InvalidInput,
            TransportErrorKind::Redirected | TransportErrorKind::Untrusted => ErrorKind::Untrusted,
            TransportErrorKind::Throttled => ErrorKind::Throttled,
            TransportErrorKind::Timeout => ErrorKind::Timeout,
            _ => ErrorKind::Service,
        };
        Self(Box::new(Inner {
            kind,
            message: error.message().to_owned().into(),
            is_permanent: error.is_permanent(),
            status: error.status(),
            service_errors: error.service_errors().to_vec(),
            client_request_id: error.client_request_id().map(str::to_owned),
            activity_id: error.activity_id().map(str::to_owned),
            auth_error: error.auth_error().cloned(),
            source: error.into_source(),
        }))
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        let kind = match error.kind() {
            AuthErrorKind::Untrusted => ErrorKind::Untrusted,
            AuthErrorKind::Unsupported => ErrorKind::InvalidInput,
            _ => ErrorKind::Auth,
        };
        let mut this = Self::new(kind, error.to_string());
        this.0.auth_error = Some(error);
        this
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::invalid_input(error.to_string())
    }
}

impl From<DataSetError> for Error {
    fn from(error: DataSetError) -> Self {
        Self::new(ErrorKind::Decode, error.to_string())
    }
}

impl From<IngestError> for Error {
    fn from(error: IngestError) -> Self {
        let kind = match error.kind() {
            IngestErrorKind::Properties => ErrorKind::InvalidInput,
            _ => ErrorKind::Ingest,
        };
        match error.into_transport() {
            Ok(transport) => {
                let service = matches!(transport.kind(), TransportErrorKind::Service);
                let mut this = Self::from(transport);
                if service {
                    this.0.kind = ErrorKind::Ingest;
                }
                this
            }
            Err(error) => {
                let mut this = Self::new(kind, error.to_string());
                this.0.source = Some(Box::new(error));
                this
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_failure_shows_its_first_reason_on_one_line() {
        let mut reason = OneApiError::new("LimitsExceeded", "too\r\nmuch");
        reason.permanent = Some(false);
        let error = Error::partial_failure(vec![reason], false).with_ids("Mine;1", Some("a-1"));
        assert_eq!(
            error.to_string(),
            "the service failed while it answered: LimitsExceeded: too much (client request id Mine;1, activity id a-1)"
        );
        assert!(!error.is_permanent());
        assert_eq!(error.service_errors().len(), 1);
    }

    #[test]
    fn the_error_is_small() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
