//! The word to the service that there is a blob: the protocol of queues.

use std::sync::Arc;

use kusto_protocol::{Guid, IngestionMapping, IngestionMessage, ReportMethod, Secret, StatusRow};

use super::{Plan, QueuedIngestClient, TRIES, rest};
use crate::error::{IngestError, IngestErrorKind};
use crate::resources::Resources;
use crate::status::{IngestionOperation, Tracking};
use crate::storage::StorageError;

impl QueuedIngestClient {
    /// Tells the service of a blob: over REST where it prefers that, else through a queue.
    pub(super) async fn submit(
        &self,
        plan: &Plan<'_>,
        blob: Secret,
        raw_size: Option<u64>,
    ) -> Result<IngestionOperation, IngestError> {
        let mut resources = self.resources.get().await?;
        if plan.suits_rest() && resources.rest.is_some() {
            match self.post_rest(plan, &resources, &blob, raw_size).await {
                Err(error) if rest::falls_back(&error) && !resources.queues.is_empty() => {}
                outcome => return outcome,
            }
        }
        let mut is_renewed = false;
        loop {
            let (what, error) = match self.post(plan, &resources, &blob, raw_size).await {
                Ok(operation) => return Ok(operation),
                Err(PostError::Storage { what, error }) => (what, error),
                Err(PostError::Message(error)) => return Err(error),
            };
            match error.is_denied() {
                true => match self.renewed(&resources, &mut is_renewed).await? {
                    Some(renewed) => resources = renewed,
                    None => return Err(error.into_error(IngestErrorKind::Post, &what)),
                },
                false => return Err(error.into_error(IngestErrorKind::Post, &what)),
            }
        }
    }

    /// Posts the message, to the first queue that takes it, of up to three.
    async fn post(
        &self,
        plan: &Plan<'_>,
        resources: &Arc<Resources>,
        blob: &Secret,
        raw_size: Option<u64>,
    ) -> Result<IngestionOperation, PostError> {
        let reports_to_table = matches!(
            plan.properties.reports().1,
            ReportMethod::Table | ReportMethod::QueueAndTable
        );
        let table = match reports_to_table {
            true => self.ranked(&resources.status_tables).first().copied(),
            false => None,
        };
        let mut message = self.message(plan, blob.clone(), raw_size);
        message.authorization_context = resources.authorization_context.clone();
        if let Some(table) = table {
            message = message.status_row(StatusRow {
                table: table.secret(),
                partition_key: plan.source_id.to_string(),
                row_key: plan.source_id.to_string(),
            });
        }
        let text = message
            .to_queue_text()
            .map_err(|error| IngestError::new(IngestErrorKind::Properties, error.to_string()))?;
        if let Some(table) = table {
            let row = status_row(&message);
            let id = plan.source_id.to_string();
            let entity = table.entity(&id, &id).ok_or_else(|| {
                IngestError::new(IngestErrorKind::Post, "the status table has no usable address")
            })?;
            self.storage
                .put_entity(entity, &row)
                .await
                .map_err(|error| PostError::Storage {
                    what: "the status table did not take the first row".to_owned(),
                    error,
                })?;
        }
        let mut failure = None;
        for queue in self.ranked(&resources.queues).into_iter().take(TRIES) {
            match self.storage.post(queue, &text).await {
                Ok(()) => {
                    self.record(queue, true);
                    return Ok(IngestionOperation {
                        source_id: plan.source_id,
                        database: plan.properties.database.clone(),
                        table: plan.properties.table.clone(),
                        raw_size,
                        tracking: table
                            .map_or(Tracking::None, |table| Tracking::StatusTable(table.address())),
                    });
                }
                Err(error) => {
                    self.record(queue, false);
                    let what = format!("queue {} did not take the message", queue.address());
                    failure = Some(PostError::Storage { what, error });
                }
            }
        }
        Err(failure.unwrap_or_else(|| {
            PostError::Message(IngestError::new(
                IngestErrorKind::Post,
                "the service lends no queues",
            ))
        }))
    }

    /// All that is told of a blob, but who asks and where its status goes.
    pub(super) fn message(&self, plan: &Plan<'_>, blob: Secret, raw_size: Option<u64>) -> IngestionMessage {
        let properties = plan.properties;
        let (level, method) = properties.reports();
        let mut message =
            IngestionMessage::new(plan.source_id, blob, &properties.database, &properties.table, "")
                .format(plan.format)
                .tags(properties.tags())
                .report(level, method);
        message.raw_data_size = raw_size;
        message.retain_blob_on_success = !properties.delete_on_success;
        message.flush_immediately = properties.flush_immediately;
        message.ignore_size_limit = properties.ignore_size_limit;
        message.source_message_creation_time = now();
        message.application.clone_from(&self.application);
        message.client_version = Some(concat!("Kusto.Rust.Client:", env!("CARGO_PKG_VERSION")).to_owned());
        message
            .ingest_if_not_exists
            .clone_from(&properties.ingest_if_not_exists);
        message.ignore_first_record = properties.ignore_first_record;
        message.creation_time = properties.creation_time;
        message.validation_policy = properties.validation_policy.map(|policy| policy.to_json());
        message.extensions.clone_from(&properties.extensions);
        if let Some(pattern) = &properties.zip_pattern {
            message
                .extensions
                .insert("zipPattern".to_owned(), pattern.as_str().into());
        }
        let kind = plan.format.mapping_kind();
        if let Some(name) = &properties.mapping_reference {
            message = message.mapping(kind, IngestionMapping::Reference(name.clone()));
        } else if let Some(mapping) = &properties.mapping {
            message = message.mapping(kind, IngestionMapping::Inline(mapping.to_json()));
        }
        message
    }
}

enum PostError {
    /// Storage does not take it.
    Storage { what: String, error: StorageError },
    /// The message cannot be written, or there is nowhere to put it.
    Message(IngestError),
}

impl From<IngestError> for PostError {
    fn from(error: IngestError) -> Self {
        Self::Message(error)
    }
}

/// The row that says that an ingestion has begun. One that is there already is of the same ingestion, of which nothing
/// came yet or which is sent once more: what it said then is over.
fn status_row(message: &IngestionMessage) -> serde_json::Value {
    let path = message.blob.expose().split(['?', ';']).next();
    serde_json::json!({
        "PartitionKey": message.id,
        "RowKey": message.id,
        "Status": "Pending",
        "IngestionSourceId": message.id,
        "IngestionSourcePath": path,
        "Database": message.database,
        "Table": message.table,
        "UpdatedOn": message.source_message_creation_time,
        "OperationId": Guid::from_bytes([0; 16]),
        "ActivityId": Guid::from_bytes([0; 16]),
        "ErrorCode": "Unknown",
        "FailureStatus": "Unknown",
        "Details": "",
        "OriginatesFromUpdatePolicy": false,
    })
}

fn now() -> Option<kusto_protocol::DateTime> {
    let since_1970 = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?;
    kusto_protocol::DateTime::from_unix_micros(since_1970.as_micros().try_into().ok()?)
}
