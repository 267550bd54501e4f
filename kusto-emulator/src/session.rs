//! What a query knows about the request it came with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use kusto_protocol::DateTime;

use crate::error::{EngineErrorKind, EvalError};

/// The request as evaluation sees it: fixed for one query.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// What `now()` is, in every row and statement of the query.
    pub(crate) now: DateTime,
    /// What `current_database()` is.
    pub(crate) database: String,
    /// What `current_cluster_endpoint()` is.
    pub(crate) cluster: String,
    /// What `current_principal()` is.
    pub(crate) principal: String,
    /// When the query must have ended.
    pub(crate) deadline: Option<Instant>,
    /// Set when the caller wants the query to stop.
    pub(crate) cancelled: Arc<AtomicBool>,
}

impl Session {
    /// Fails if the query must stop; called between batches.
    pub(crate) fn check(&self) -> Result<(), EvalError> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(EvalError {
                kind: EngineErrorKind::Cancelled,
                message: "Query was cancelled (E_QUERY_CANCELLED).".to_owned(),
            });
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(EvalError {
                kind: EngineErrorKind::TimedOut,
                message: "Query execution timed out (E_QUERY_TIMEOUT).".to_owned(),
            });
        }
        Ok(())
    }
}
