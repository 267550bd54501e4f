//! What became of a message, told where its sender wanted it told.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kusto_protocol::{DateTime, Guid, IngestionMessage, ReportLevel, ReportMethod};
use serde_json::{Value, json};

use super::{FAILED_QUEUE, Queued, SUCCEEDED_QUEUE};
use crate::azure_storage;
use crate::error::EngineError;
use crate::ingest::Ingested;
use crate::operations::Operation;
use crate::service::{Service, new_guid};

/// What became of a message.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) operation: Guid,
    pub(crate) started: DateTime,
    pub(crate) ended: DateTime,
    pub(crate) result: Result<Ingested, EngineError>,
    /// Whether it was the last try of several.
    pub(super) is_exhausted: bool,
}

impl Outcome {
    /// Notes what became of a message, in the list of operations too.
    pub(super) fn new(
        service: &Service,
        message: &IngestionMessage,
        started: DateTime,
        result: Result<Ingested, EngineError>,
    ) -> Self {
        let place = (message.database.as_str(), message.table.as_str());
        let operation = Operation::new("DataIngestPull", place, path_of(message));
        let (operation, result) = service.operations.run(operation, || result);
        Self {
            operation,
            started,
            ended: DateTime::from(SystemTime::now()),
            result,
            is_exhausted: false,
        }
    }

    /// Whether it failed for a reason that may pass.
    pub(super) fn may_succeed_later(&self) -> bool {
        self.result.as_ref().is_err_and(|error| !error.is_permanent())
    }

    /// `Succeeded`, `Skipped` or `Failed`.
    pub(crate) fn status(&self) -> &'static str {
        match &self.result {
            Ok(ingested) if ingested.is_known => "Skipped",
            Ok(_) => "Succeeded",
            Err(_) => "Failed",
        }
    }

    /// `Permanent`, `Transient` or `Exhausted`, of one that failed.
    pub(crate) fn failure_status(&self, error: &EngineError) -> &'static str {
        match (error.is_permanent(), self.is_exhausted) {
            (true, _) => "Permanent",
            (false, true) => "Exhausted",
            (false, false) => "Transient",
        }
    }
}

/// Tells the queues and the table, as far as the message asks for it. What cannot be told stays untold.
pub(super) async fn report(queued: &Queued, message: &IngestionMessage, outcome: &Outcome) {
    let is_wanted = match (message.report_level, &outcome.result) {
        (ReportLevel::None, _) => false,
        (ReportLevel::FailuresAndSuccesses, _) | (_, Err(_)) => true,
        _ => false,
    };
    if is_wanted
        && matches!(
            message.report_method,
            ReportMethod::Queue | ReportMethod::QueueAndTable
        )
    {
        let queue = match outcome.result {
            Ok(_) => SUCCEEDED_QUEUE,
            Err(_) => FAILED_QUEUE,
        };
        let text = STANDARD.encode(notification(message, outcome).to_string());
        let _ = azure_storage::put_message(&queued.queue(queue), &text).await;
    }
    let Some(row) = &message.status_row else { return };
    let table = row.table.expose();
    if message.report_level != ReportLevel::None && queued.account.has_table(table) {
        let members = status(message, outcome);
        let _ = azure_storage::merge_entity(table, &row.partition_key, &row.row_key, &members).await;
    }
}

/// The address of the blob, without its credential.
fn path_of(message: &IngestionMessage) -> &str {
    message.blob.expose().split('?').next().unwrap_or_default()
}

/// The members that both kinds of report have.
fn common(message: &IngestionMessage, outcome: &Outcome) -> serde_json::Map<String, Value> {
    let mut members = serde_json::Map::new();
    let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
    set("OperationId", outcome.operation.to_string().into());
    set("Database", message.database.as_str().into());
    set("Table", message.table.as_str().into());
    set("IngestionSourceId", message.id.to_string().into());
    set("IngestionSourcePath", path_of(message).into());
    if let Err(error) = &outcome.result {
        set("Details", error.to_string().into());
        set("ErrorCode", error.code().unwrap_or("General_BadRequest").into());
        set("FailureStatus", outcome.failure_status(error).into());
        set("OriginatesFromUpdatePolicy", false.into());
    }
    members
}

/// A message for the queue of successes, or of failures.
fn notification(message: &IngestionMessage, outcome: &Outcome) -> Value {
    let mut members = common(message, outcome);
    let ended = outcome.ended.to_string();
    members.insert("RootActivityId".to_owned(), new_guid().to_string().into());
    match &outcome.result {
        Ok(_) => members.insert("SucceededOn".to_owned(), ended.into()),
        Err(error) => {
            members.insert("ShouldRetry".to_owned(), (!error.is_permanent()).into());
            members.insert("FailedOn".to_owned(), ended.into())
        }
    };
    Value::Object(members)
}

/// The members of the row in the status table.
fn status(message: &IngestionMessage, outcome: &Outcome) -> Value {
    let mut members = common(message, outcome);
    members.insert("Status".to_owned(), outcome.status().into());
    members.insert("ActivityId".to_owned(), new_guid().to_string().into());
    members.insert("UpdatedOn".to_owned(), outcome.ended.to_string().into());
    members.insert("UpdatedOn@odata.type".to_owned(), json!("Edm.DateTime"));
    Value::Object(members)
}
