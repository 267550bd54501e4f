//! The error of this crate.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use kusto_transport::{TransportError, TransportErrorKind};

/// Data that was not ingested, or not certainly.
pub struct IngestError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: IngestErrorKind,
    message: Cow<'static, str>,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    None,
    Io(std::io::Error),
    /// Its words are the message.
    Transport(TransportError),
}

/// In which way an ingestion failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IngestErrorKind {
    /// No queue took the message. The blob is there and nothing of it was ingested; the service removes it some day.
    Post,
    /// The properties do not say enough, or cannot be written into a request.
    Properties,
    /// The service took the data into its queue and could not ingest it, for good. Nothing, or not all of it, is in.
    Refused,
    /// The service refused the data at once; see [`IngestError::transport`] for its words. Nothing was ingested.
    Rejected,
    /// The service does not lend what queued ingestion needs, or is not an ingestion service.
    Resources,
    /// The data cannot be read, or there is none. Nothing was ingested.
    Source,
    /// The disk spool of a [`BatchingSink`](crate::BatchingSink) cannot be written or read.
    Spool,
    /// The status of an ingestion cannot be had.
    Status,
    /// More data than the service takes at once.
    TooLarge,
    /// The service was not reached, or its answer did not come. If the connection broke or the time was over, the
    /// rows may be in nevertheless.
    Transport,
    /// No storage account took the data. Nothing was ingested.
    Upload,
}

impl IngestError {
    pub(crate) fn new(kind: IngestErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            cause: Cause::None,
        }))
    }

    pub(crate) fn with_source(mut self, error: std::io::Error) -> Self {
        self.0.cause = Cause::Io(error);
        self
    }

    /// In which way the ingestion failed.
    pub fn kind(&self) -> IngestErrorKind {
        self.0.kind
    }

    /// The failure of the request, if one was made: status, ids, the service's words.
    pub fn transport(&self) -> Option<&TransportError> {
        match &self.0.cause {
            Cause::Transport(error) => Some(error),
            Cause::None | Cause::Io(_) => None,
        }
    }

    /// The failure of the request, or the error itself if none was made.
    ///
    /// # Errors
    ///
    /// Gives the error back if no request was made.
    pub fn into_transport(self) -> Result<TransportError, Self> {
        match self.0.cause {
            Cause::Transport(error) => Ok(error),
            Cause::None | Cause::Io(_) => Err(self),
        }
    }

    /// Whether repeating the ingestion later is pointless.
    pub fn is_permanent(&self) -> bool {
        match self.0.kind {
            IngestErrorKind::Post
            | IngestErrorKind::Upload
            | IngestErrorKind::Status
            | IngestErrorKind::Spool => false,
            _ => self.transport().is_none_or(TransportError::is_permanent),
        }
    }

    /// Whether the service is busy.
    pub(crate) fn is_throttled(&self) -> bool {
        let status = self.transport().and_then(TransportError::status);
        status.is_some_and(|status| matches!(status.as_u16(), 429 | 503))
    }
}

impl From<TransportError> for IngestError {
    fn from(error: TransportError) -> Self {
        let kind = match (error.kind(), error.status().map(|status| status.as_u16())) {
            (_, Some(413)) => IngestErrorKind::TooLarge,
            (TransportErrorKind::Service, _) => IngestErrorKind::Rejected,
            (TransportErrorKind::InvalidRequest, _) => IngestErrorKind::Properties,
            _ => IngestErrorKind::Transport,
        };
        Self(Box::new(Inner {
            kind,
            message: error.to_string().into(),
            cause: Cause::Transport(error),
        }))
    }
}

impl fmt::Display for IngestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for IngestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IngestError")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("cause", &self.0.cause)
            .finish()
    }
}

impl Error for IngestError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.cause {
            Cause::None => None,
            Cause::Io(error) => Some(error),
            Cause::Transport(error) => error.source(),
        }
    }
}
