//! What a query knows about the request it came with.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime};

use kusto_protocol::DateTime;

use crate::error::{EngineErrorKind, EvalError};
use crate::ingest::Sources;

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
    /// The values of query parameters: literals of KQL, or the bare text of one.
    pub(crate) parameters: HashMap<String, String>,
    /// The options of the request as text, their names in lower case.
    pub(crate) options: HashMap<String, String>,
    /// The files that the query may read.
    pub(crate) sources: Arc<Sources>,
    /// When the query must have ended.
    pub(crate) deadline: Option<Instant>,
    /// Set when the caller wants the query to stop.
    pub(crate) cancelled: Arc<Cancellation>,
}

impl Session {
    /// A request to a database that says no more than that.
    pub(crate) fn new(database: impl Into<String>) -> Self {
        Self {
            now: DateTime::from(SystemTime::now()),
            database: database.into(),
            cluster: String::new(),
            principal: String::new(),
            parameters: HashMap::new(),
            options: HashMap::new(),
            sources: Arc::default(),
            deadline: None,
            cancelled: Arc::default(),
        }
    }

    /// An option of the request.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    /// Whether an option is there and not false.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.option(name)
            .is_some_and(|value| !matches!(value, "false" | "0"))
    }

    /// Adds the options that `set` statements of the query give. One without a value is true.
    pub(crate) fn set(&mut self, options: Vec<(String, Option<String>)>) {
        let options = options.into_iter();
        let options =
            options.map(|(name, value)| (name.to_lowercase(), value.unwrap_or_else(|| "true".to_owned())));
        self.options.extend(options);
        if let Some(now) = self.option("query_now").and_then(|text| text.parse().ok()) {
            self.now = now;
        }
    }

    /// Fails if the query must stop; called between batches.
    pub(crate) fn check(&self) -> Result<(), EvalError> {
        if let Some(reason) = self.cancelled.reason() {
            let mut message = "Query was cancelled (E_QUERY_CANCELLED).".to_owned();
            if !reason.is_empty() {
                message = format!("{message} Reason: {reason}");
            }
            return Err(EvalError {
                kind: EngineErrorKind::Cancelled,
                message,
            });
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(EvalError::timed_out());
        }
        Ok(())
    }
}

/// Whether a query is to stop, and why.
#[derive(Debug, Default)]
pub(crate) struct Cancellation(OnceLock<String>);

impl Cancellation {
    /// Asks the query to stop. The first reason counts; it may be empty.
    pub(crate) fn cancel(&self, reason: &str) {
        // A second reason changes nothing.
        let _ = self.0.set(reason.to_owned());
    }

    fn reason(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}
