//! Spans and events, if the feature `tracing` is on. Never texts, parameters, rows or tokens.

use std::future::Future;
use std::time::Duration;

use crate::error::TransportError;
use crate::outgoing::Outgoing;

/// Runs one try inside a span of its own.
#[cfg(feature = "tracing")]
pub(crate) fn request<T>(
    attempt: impl Future<Output = Result<T, TransportError>>,
    outgoing: &Outgoing,
    id: &str,
) -> impl Future<Output = Result<T, TransportError>> {
    use tracing::Instrument;

    let span = tracing::info_span!(
        "kusto.request",
        kind = outgoing.activity,
        host = outgoing.host(),
        client_request_id = id,
        limit_s = outgoing.limit.as_secs(),
    );
    async move {
        let outcome = attempt.await;
        match &outcome {
            Ok(_) => tracing::debug!("accepted"),
            Err(error) => {
                tracing::debug!(kind = ?error.kind(), status = error.status().map(|s| s.as_u16()), "failed")
            }
        }
        outcome
    }
    .instrument(span)
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn request<T>(
    attempt: impl Future<Output = Result<T, TransportError>>,
    _outgoing: &Outgoing,
    _id: &str,
) -> impl Future<Output = Result<T, TransportError>> {
    attempt
}

/// A request is about to be repeated.
pub(crate) fn retry(error: &TransportError, wait: Duration) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        kind = ?error.kind(),
        status = error.status().map(|status| status.as_u16()),
        client_request_id = error.client_request_id(),
        wait_ms = wait.as_millis() as u64,
        "repeating a request",
    );
    #[cfg(not(feature = "tracing"))]
    let _ = (error, wait);
}
