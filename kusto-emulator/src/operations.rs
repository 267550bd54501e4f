//! What was done, to be looked up later: ingestions by command.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use kusto_protocol::{DateTime, Guid};

use crate::error::EngineError;
use crate::service::new_guid;

/// The operations that ended, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Operations(Mutex<VecDeque<Operation>>);

/// An operation that ended.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: Guid,
    /// What was done: `DataIngestPull`, `TableSetOrAppend`.
    pub(crate) kind: &'static str,
    pub(crate) database: String,
    pub(crate) table: String,
    /// Where the data came from, without secrets.
    pub(crate) source: String,
    pub(crate) started: DateTime,
    pub(crate) ended: DateTime,
    /// What went wrong, if something did.
    pub(crate) error: Option<EngineError>,
}

impl Operations {
    /// Does something and remembers it; the result of what was done, and the id to look it up by.
    pub(crate) fn run<T>(
        &self,
        kind: &'static str,
        (database, table): (&str, &str),
        source: &str,
        work: impl FnOnce() -> Result<T, EngineError>,
    ) -> (Guid, Result<T, EngineError>) {
        let (id, started) = (new_guid(), DateTime::from(SystemTime::now()));
        let result = work();
        let operation = Operation {
            id,
            kind,
            database: database.to_owned(),
            table: table.to_owned(),
            source: source.to_owned(),
            started,
            ended: DateTime::from(SystemTime::now()),
            error: result.as_ref().err().cloned(),
        };
        let mut operations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if operations.len() >= MAX_OPERATIONS {
            operations.pop_front();
        }
        operations.push_back(operation);
        (id, result)
    }

    /// All that are remembered, oldest first.
    pub(crate) fn all(&self) -> Vec<Operation> {
        let operations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        operations.iter().cloned().collect()
    }
}

/// How many operations are remembered.
const MAX_OPERATIONS: usize = 10_000;
