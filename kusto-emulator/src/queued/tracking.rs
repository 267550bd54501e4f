//! Ingestions that came through the REST API, to be asked about by their id.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use kusto_protocol::DateTime;
use serde_json::{Value, json};

use super::report::Outcome;

/// The operations that can be asked about.
#[derive(Debug, Default)]
pub(crate) struct Operations(Mutex<HashMap<String, Operation>>);

#[derive(Debug)]
struct Operation {
    /// The database and the table.
    target: (String, String),
    started: DateTime,
    blobs: Vec<TrackedBlob>,
}

/// A blob of an operation.
#[derive(Debug)]
pub(crate) struct TrackedBlob {
    /// The source's id as it was given.
    pub(crate) source_id: String,
    /// The address without its credential.
    pub(crate) url: String,
    /// What became of it, once it is known.
    pub(crate) outcome: Option<Outcome>,
}

impl Operations {
    /// Remembers an operation that begins.
    pub(crate) fn begin(&self, id: String, target: (String, String), blobs: Vec<TrackedBlob>) {
        let operation = Operation {
            target,
            started: DateTime::from(SystemTime::now()),
            blobs,
        };
        let mut operations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        operations.insert(id, operation);
    }

    /// Notes what became of the blob at this place.
    pub(super) fn ended(&self, id: &str, place: usize, outcome: &Outcome) {
        let mut operations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let blob = operations
            .get_mut(id)
            .and_then(|operation| operation.blobs.get_mut(place));
        if let Some(blob) = blob {
            blob.outcome = Some(outcome.clone());
        }
    }

    /// How an operation of this table stands, as the REST API says it; `None` if there is no such operation.
    pub(crate) fn status(&self, id: &str, target: (&str, &str), with_details: bool) -> Option<Value> {
        let operations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let operation = operations.get(id)?;
        let (database, table) = (operation.target.0.as_str(), operation.target.1.as_str());
        if !database.eq_ignore_ascii_case(target.0) || table != target.1 {
            return None;
        }
        let count = |wanted: &str| {
            let blobs = operation.blobs.iter();
            blobs.filter(|blob| counter(blob.status()) == wanted).count()
        };
        let outcomes = || operation.blobs.iter().filter_map(|blob| blob.outcome.as_ref());
        let updated = outcomes()
            .map(|outcome| outcome.ended)
            .max()
            .unwrap_or(operation.started);
        let mut status = json!({
            "startTime": operation.started.to_string(),
            "lastUpdated": updated.to_string(),
            "status": {
                "Succeeded": count("Succeeded"), "Failed": count("Failed"), "InProgress": count("InProgress"),
                "Canceled": 0,
            },
        });
        if with_details {
            status["details"] = operation
                .blobs
                .iter()
                .map(|blob| blob.details(operation.started))
                .collect();
        }
        Some(status)
    }
}

/// The counter that a blob of this status counts for.
fn counter(status: &str) -> &str {
    match status {
        "Skipped" => "Succeeded",
        other => other,
    }
}

impl TrackedBlob {
    fn status(&self) -> &'static str {
        self.outcome.as_ref().map_or("InProgress", Outcome::status)
    }

    fn details(&self, begun: DateTime) -> Value {
        let (started, ended) = match &self.outcome {
            Some(outcome) => (outcome.started, outcome.ended),
            None => (begun, begun),
        };
        let mut details = json!({
            "sourceId": self.source_id, "url": self.url, "status": self.status(), "startTime": started.to_string(),
            "lastUpdated": ended.to_string(),
        });
        let failed = self.outcome.as_ref().map(|outcome| (outcome, &outcome.result));
        if let Some((outcome, Err(error))) = failed {
            details["errorCode"] = error.code().unwrap_or("General_BadRequest").into();
            details["failureStatus"] = outcome.failure_status(error).into();
            details["details"] = error.to_string().into();
        }
        details
    }
}
