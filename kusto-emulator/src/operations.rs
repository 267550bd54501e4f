//! What was done and what is being done, to be looked up: ingestions by command.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use kusto_protocol::{DateTime, Guid, RowBatch};

use crate::error::{EngineError, EngineErrorKind};
use crate::service::new_guid;
use crate::session::Cancellation;

/// The operations, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Operations(Mutex<VecDeque<Operation>>);

/// An operation that goes on, or that ended.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: Guid,
    /// What is done: `DataIngestPull`, `TableSetOrAppend`.
    pub(crate) kind: &'static str,
    pub(crate) database: String,
    pub(crate) table: String,
    /// Where the data comes from, without secrets.
    pub(crate) source: String,
    pub(crate) started: DateTime,
    /// When it ended, or began if it goes on.
    pub(crate) updated: DateTime,
    has_ended: bool,
    /// What went wrong, if something did.
    pub(crate) error: Option<EngineError>,
    /// What a command in the background came to.
    pub(crate) details: Option<RowBatch>,
    /// How to stop it, if that is possible.
    cancelled: Option<Arc<Cancellation>>,
}

/// What a command in the background came to: its table, and what went wrong with a part of the work.
pub(crate) type Done = (RowBatch, Option<EngineError>);

impl Operation {
    /// An operation that begins now.
    pub(crate) fn new(kind: &'static str, (database, table): (&str, &str), source: &str) -> Self {
        let now = DateTime::from(SystemTime::now());
        Self {
            id: new_guid(),
            kind,
            database: database.to_owned(),
            table: table.to_owned(),
            source: source.to_owned(),
            started: now,
            updated: now,
            has_ended: false,
            error: None,
            details: None,
            cancelled: None,
        }
    }

    /// The same, which can be stopped.
    pub(crate) fn cancelled_by(mut self, cancelled: &Arc<Cancellation>) -> Self {
        self.cancelled = Some(Arc::clone(cancelled));
        self
    }

    /// How it stands, in the service's words.
    pub(crate) fn state(&self) -> &'static str {
        match &self.error {
            _ if !self.has_ended => "InProgress",
            None => "Completed",
            Some(_) if self.details.is_some() => "PartiallySucceeded",
            Some(error) if error.kind() == EngineErrorKind::Cancelled => "Canceled",
            Some(_) => "Failed",
        }
    }
}

impl Operations {
    /// Does something and remembers it; the result of what was done, and the id to look it up by.
    pub(crate) fn run<T>(
        &self,
        operation: Operation,
        work: impl FnOnce() -> Result<T, EngineError>,
    ) -> (Guid, Result<T, EngineError>) {
        let id = self.begin(operation);
        let result = work();
        self.end(id, result.as_ref().err().cloned(), None);
        (id, result)
    }

    /// Remembers an operation that begins, and returns its id.
    pub(crate) fn begin(&self, operation: Operation) -> Guid {
        let id = operation.id;
        let mut operations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if operations.len() >= MAX_OPERATIONS {
            operations.pop_front();
        }
        operations.push_back(operation);
        id
    }

    /// Remembers how a command in the background ended.
    pub(crate) fn end_with(&self, id: Guid, outcome: Result<Done, EngineError>) {
        match outcome {
            Ok((details, error)) => self.end(id, error, Some(details)),
            Err(error) => self.end(id, Some(error), None),
        }
    }

    fn end(&self, id: Guid, error: Option<EngineError>, details: Option<RowBatch>) {
        let mut operations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The latest are at the end.
        if let Some(operation) = operations.iter_mut().rev().find(|operation| operation.id == id) {
            operation.updated = DateTime::from(SystemTime::now());
            operation.has_ended = true;
            operation.error = error;
            operation.details = details;
            operation.cancelled = None;
        }
    }

    /// All that are remembered, oldest first.
    pub(crate) fn all(&self) -> Vec<Operation> {
        let operations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        operations.iter().cloned().collect()
    }

    /// Asks an operation to stop: the operation, and whether it could be asked. `None` if there is none of that id.
    pub(crate) fn cancel(&self, id: Guid, reason: &str) -> Option<(Operation, bool)> {
        let operation = self.all().into_iter().find(|operation| operation.id == id)?;
        let cancelled = operation.cancelled.as_ref();
        let can_stop = cancelled.map(|cancelled| cancelled.cancel(reason)).is_some();
        Some((operation, can_stop))
    }

    /// Asks all operations to stop.
    pub(crate) fn cancel_all(&self) {
        let operations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stoppable = operations
            .iter()
            .filter_map(|operation| operation.cancelled.as_ref());
        stoppable.for_each(|cancelled| cancelled.cancel("the service ends"));
    }
}

/// How many operations are remembered.
const MAX_OPERATIONS: usize = 10_000;
