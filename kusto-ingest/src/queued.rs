//! Data through storage and a queue.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::{Either, select};
use kusto_protocol::{
    DataFormat, Guid, IngestionMapping, IngestionMessage, IngestionReport, ReportMethod, Secret, StatusRow,
};
use kusto_transport::Pipeline;

use crate::blocks::{Blocks, Packing};
use crate::error::{IngestError, IngestErrorKind};
use crate::notification;
use crate::progress::{Listener, Meter, Progress};
use crate::properties::IngestionProperties;
use crate::ranking::Ranking;
use crate::resources::{ResourceCache, Resources};
use crate::source::{Data, Source};
use crate::source_id;
use crate::status::{IngestionOperation, IngestionStatus, Tracking};
use crate::storage::{Storage, StorageError, Upload, UploadError};
use crate::storage_root::StorageRoot;
use crate::timer::sleep;

/// Queued ingestion: for large amounts of data, at the service's pace (minutes), with its retries.
///
/// The data goes into a blob in the service's storage, and a message about it into a queue. The message is the one point
/// that counts: before it is in the queue nothing will be ingested, after it the service takes over. Cloning is cheap;
/// clones share what the service lends.
///
/// ```no_run
/// use std::time::Duration;
/// use kusto_ingest::{IngestionProperties, IngestionStatus, QueuedIngestClient, Source};
/// # async fn example(pipeline: &kusto_transport::Pipeline) -> Result<(), kusto_ingest::IngestError> {
/// let queued = QueuedIngestClient::new(pipeline);
/// let properties = IngestionProperties::new("Samples", "StormEvents").report_to_table();
/// let operation = queued.ingest(Source::file("storms.csv.gz"), &properties).await?;
/// match queued.wait(&operation, Duration::from_secs(600)).await? {
///     IngestionStatus::Succeeded => println!("{} is in", operation.source_id),
///     IngestionStatus::Failed(failure) => eprintln!("{failure}"),
///     other => println!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct QueuedIngestClient {
    resources: Arc<ResourceCache>,
    storage: Storage,
    ranking: Arc<Mutex<Ranking>>,
    listener: Listener,
    application: Option<String>,
}

impl QueuedIngestClient {
    /// Queued ingestion into the cluster of a pipeline: through the ingestion service beside its engine
    /// ([`Endpoint::to_ingest`](kusto_protocol::Endpoint::to_ingest)), as the same identity.
    pub fn new(pipeline: &Pipeline) -> Self {
        Self::at(pipeline.to(pipeline.endpoint().to_ingest()))
    }

    /// Queued ingestion over a pipeline that leads to the ingestion service itself.
    pub fn at(pipeline: Pipeline) -> Self {
        Self {
            storage: Storage::new(Arc::clone(pipeline.http_client())),
            resources: ResourceCache::new(pipeline),
            ranking: Arc::default(),
            listener: Listener::default(),
            application: None,
        }
    }

    /// Sets what is called after each block that storage has. It should return soon.
    pub fn on_progress(mut self, listener: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.listener = Listener(Some(Arc::new(listener)));
        self
    }

    /// Sets the application that the service's logs show for the data.
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.application = Some(name.into());
        self
    }

    /// Uploads the data of a source and queues it.
    ///
    /// Memory holds a few blocks of 4 MiB, whatever the size of the data.
    ///
    /// # Errors
    ///
    /// See [`IngestErrorKind`]. After an error nothing is ingested, with one exception: if the connection broke while a
    /// queue took the message, another queue gets it, too, and the service may see it twice; an
    /// [`idempotency_key`](IngestionProperties::idempotency_key) makes it notice.
    ///
    /// # Cancel safety
    ///
    /// Not cancel-safe: a dropped call may have queued its data or not.
    pub async fn ingest(
        &self,
        source: Source,
        properties: &IngestionProperties,
    ) -> Result<IngestionOperation, IngestError> {
        let format = format(&source, properties)?;
        properties.check(format)?;
        if let Data::Blob(address) = &source.data {
            let address = address.clone();
            return self
                .queue(address, source.raw_size, format, properties, None)
                .await;
        }
        let again = source.again();
        let name = source.name();
        let upload = Upload::new(Blocks::open(source, format, BLOCK_BYTES).await?);
        self.ingest_upload(upload, again, &name, format, properties, None)
            .await
    }

    /// Uploads blocks that may have been looked at, and queues the blob.
    pub(crate) async fn ingest_upload(
        &self,
        upload: Upload,
        again: Option<Source>,
        name: &str,
        format: DataFormat,
        properties: &IngestionProperties,
        source_id: Option<Guid>,
    ) -> Result<IngestionOperation, IngestError> {
        let source_id = source_id
            .or(properties.source_id)
            .unwrap_or_else(source_id::random);
        let resources = self.resources.get().await?;
        let (blob, raw_size) = self
            .upload(&resources, upload, again, name, format, properties, source_id)
            .await?;
        self.queue(blob, Some(raw_size), format, properties, Some(source_id))
            .await
    }

    /// What is known of an ingestion now.
    ///
    /// # Errors
    ///
    /// [`IngestErrorKind::Status`], if its place cannot be read; the ingestion goes on regardless.
    pub async fn status(&self, operation: &IngestionOperation) -> Result<IngestionStatus, IngestError> {
        let address = match &operation.tracking {
            Tracking::None => return Ok(IngestionStatus::Queued),
            Tracking::StatusTable(address) => address,
        };
        let resources = self.resources.get().await?;
        let table = resources
            .status_tables
            .iter()
            .find(|table| table.address() == *address);
        let id = operation.source_id.to_string();
        let entity = table.and_then(|table| table.entity(&id, &id)).ok_or_else(|| {
            let host = self.resources.pipeline().endpoint().host();
            IngestError::new(
                IngestErrorKind::Status,
                format!("{host} lends the status table {address} no more; ask its notification queues"),
            )
        })?;
        match self.storage.report(entity).await {
            Ok(Some(report)) => Ok(report.into()),
            Ok(None) => Err(IngestError::new(
                IngestErrorKind::Status,
                format!("the status table has no row for {id}: rows are removed after some days"),
            )),
            Err(error) => Err(error.into_error(IngestErrorKind::Status, "the status table cannot be read")),
        }
    }

    /// Waits until an ingestion has come to an end, for at most `limit`, and gives what is known then: still
    /// [`Pending`](IngestionStatus::Pending) if the time was too short. Asks every ten seconds, after a second at first.
    ///
    /// # Errors
    ///
    /// As [`status`](Self::status), if the last asking failed.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: it changes nothing.
    pub async fn wait(
        &self,
        operation: &IngestionOperation,
        limit: Duration,
    ) -> Result<IngestionStatus, IngestError> {
        let mut last = Ok(IngestionStatus::Pending);
        let asking = async {
            let mut wait = FIRST_POLL;
            loop {
                last = self.status(operation).await;
                if last.as_ref().is_ok_and(IngestionStatus::is_final) {
                    return;
                }
                sleep(wait).await;
                wait = (wait * 2).min(LONGEST_POLL);
            }
        };
        match select(std::pin::pin!(asking), std::pin::pin!(sleep(limit))).await {
            Either::Left(_) | Either::Right(_) => {}
        }
        last
    }

    /// Looks at up to 32 failures in each of the queues that all clients of the cluster share, and leaves them there.
    ///
    /// # Errors
    ///
    /// [`IngestErrorKind::Status`], if no queue can be read.
    pub async fn peek_failures(&self) -> Result<Vec<IngestionReport>, IngestError> {
        notification::peek(&self.storage, &self.resources.get().await?.failure_queues).await
    }

    /// Takes the failures that `wanted` accepts out of the shared queues, of up to 32 in each. The others stay, and are
    /// seen again by everybody after half a minute.
    ///
    /// # Errors
    ///
    /// [`IngestErrorKind::Status`], if no queue can be read.
    pub async fn pop_failures(
        &self,
        wanted: impl Fn(&IngestionReport) -> bool,
    ) -> Result<Vec<IngestionReport>, IngestError> {
        notification::pop(&self.storage, &self.resources.get().await?.failure_queues, wanted).await
    }

    /// As [`peek_failures`](Self::peek_failures), for successes.
    ///
    /// # Errors
    ///
    /// [`IngestErrorKind::Status`], if no queue can be read.
    pub async fn peek_successes(&self) -> Result<Vec<IngestionReport>, IngestError> {
        notification::peek(&self.storage, &self.resources.get().await?.success_queues).await
    }

    /// As [`pop_failures`](Self::pop_failures), for successes.
    ///
    /// # Errors
    ///
    /// [`IngestErrorKind::Status`], if no queue can be read.
    pub async fn pop_successes(
        &self,
        wanted: impl Fn(&IngestionReport) -> bool,
    ) -> Result<Vec<IngestionReport>, IngestError> {
        notification::pop(&self.storage, &self.resources.get().await?.success_queues, wanted).await
    }

    /// The time since some beginning, for decisions.
    pub(crate) fn now(&self) -> Duration {
        self.resources.now()
    }

    /// Writes the data into the first container that takes it, of up to three. Gives the address and the size of the
    /// data before compression.
    #[expect(clippy::too_many_arguments, reason = "one step of a sequence, called once")]
    async fn upload(
        &self,
        resources: &Resources,
        mut upload: Upload,
        again: Option<Source>,
        name: &str,
        format: DataFormat,
        properties: &IngestionProperties,
        source_id: Guid,
    ) -> Result<(Secret, u64), IngestError> {
        let meter = Meter::new(self.listener.clone());
        let mut failure = None;
        for container in self.ranked(&resources.containers).into_iter().take(TRIES) {
            if failure.is_some() {
                meter.begin_again();
                if !upload.can_begin_again() {
                    let Some(source) = again.as_ref().and_then(Source::again) else {
                        break;
                    };
                    upload = Upload::new(Blocks::open(source, format, BLOCK_BYTES).await?);
                }
            }
            let blob = blob_name(properties, source_id, name, format, upload.blocks().packing());
            let Some(url) = container.blob(&blob) else {
                continue;
            };
            let outcome = self.storage.upload(url.clone(), &mut upload, &meter).await;
            match outcome {
                Ok(()) => {
                    self.record(container, true);
                    return Ok((Secret::new(url.as_str()), upload.blocks().raw_size()));
                }
                Err(UploadError::Source(error)) => return Err(error),
                Err(UploadError::Storage(error)) => {
                    self.record(container, false);
                    failure = Some((container.address(), error));
                }
            }
        }
        Err(match failure {
            Some((container, error)) => {
                let hint = if upload.can_begin_again() || again.is_some() {
                    ""
                } else {
                    "; the data of a reader cannot be read again for another one"
                };
                error.into_error(
                    IngestErrorKind::Upload,
                    &format!("container {container} did not take the data{hint}"),
                )
            }
            None => IngestError::new(IngestErrorKind::Upload, "no container has a usable address"),
        })
    }

    /// Posts the message, to the first queue that takes it, of up to three.
    async fn queue(
        &self,
        blob: Secret,
        raw_size: Option<u64>,
        format: DataFormat,
        properties: &IngestionProperties,
        source_id: Option<Guid>,
    ) -> Result<IngestionOperation, IngestError> {
        let source_id = source_id
            .or(properties.source_id)
            .unwrap_or_else(source_id::random);
        let resources = self.resources.get().await?;
        let table = match properties.report_method {
            ReportMethod::Table | ReportMethod::QueueAndTable => {
                self.ranked(&resources.status_tables).first().copied()
            }
            _ => None,
        };
        let message = self.message(&resources, blob, raw_size, format, properties, source_id, table);
        let text = message
            .to_queue_text()
            .map_err(|error| IngestError::new(IngestErrorKind::Properties, error.to_string()))?;
        if let Some(table) = table {
            let row = status_row(&message, source_id);
            self.storage.insert_entity(table, &row).await.map_err(|error| {
                error.into_error(
                    IngestErrorKind::Post,
                    "the status table did not take the first row",
                )
            })?;
        }
        let mut failure: Option<(String, StorageError)> = None;
        for queue in self.ranked(&resources.queues).into_iter().take(TRIES) {
            match self.storage.post(queue, &text).await {
                Ok(()) => {
                    self.record(queue, true);
                    return Ok(IngestionOperation {
                        source_id,
                        database: properties.database.clone(),
                        table: properties.table.clone(),
                        raw_size,
                        tracking: table
                            .map_or(Tracking::None, |table| Tracking::StatusTable(table.address())),
                    });
                }
                Err(error) => {
                    self.record(queue, false);
                    failure = Some((queue.address(), error));
                }
            }
        }
        Err(match failure {
            Some((queue, error)) => error.into_error(
                IngestErrorKind::Post,
                &format!("queue {queue} did not take the message"),
            ),
            None => IngestError::new(IngestErrorKind::Post, "the service lends no queues"),
        })
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a sequence, called once")]
    fn message(
        &self,
        resources: &Resources,
        blob: Secret,
        raw_size: Option<u64>,
        format: DataFormat,
        properties: &IngestionProperties,
        source_id: Guid,
        table: Option<&StorageRoot>,
    ) -> IngestionMessage {
        let context = resources.authorization_context.clone();
        let mut message =
            IngestionMessage::new(source_id, blob, &properties.database, &properties.table, context)
                .format(format)
                .tags(properties.tags())
                .report(properties.report_level, properties.report_method);
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
        let kind = format.mapping_kind();
        if let Some(name) = &properties.mapping_reference {
            message = message.mapping(kind, IngestionMapping::Reference(name.clone()));
        } else if let Some(mapping) = &properties.mapping {
            message = message.mapping(kind, IngestionMapping::Inline(mapping.to_json()));
        }
        if let Some(table) = table {
            message = message.status_row(StatusRow {
                table: table.secret(),
                partition_key: source_id.to_string(),
                row_key: source_id.to_string(),
            });
        }
        message
    }

    fn ranked<'a>(&self, roots: &'a [StorageRoot]) -> Vec<&'a StorageRoot> {
        let ranking = self.ranking.lock().unwrap_or_else(PoisonError::into_inner);
        ranking.order(
            self.resources.now(),
            roots,
            StorageRoot::account,
            source_id::below,
        )
    }

    fn record(&self, root: &StorageRoot, is_success: bool) {
        let mut ranking = self.ranking.lock().unwrap_or_else(PoisonError::into_inner);
        ranking.record(self.resources.now(), root.account(), is_success);
    }
}

/// The format of the data, by the caller's word or by the name of the source.
pub(crate) fn format(source: &Source, properties: &IngestionProperties) -> Result<DataFormat, IngestError> {
    properties.format.or_else(|| source.format()).ok_or_else(|| {
        let message = format!("the format of {source:?} is not known; say it with format()");
        IngestError::new(IngestErrorKind::Properties, message)
    })
}

/// `{database}__{table}__{id}__{name}.{format}[.gz]`, as the other SDKs name their blobs: the service reads the endings.
fn blob_name(
    properties: &IngestionProperties,
    source_id: Guid,
    name: &str,
    format: DataFormat,
    packing: Packing,
) -> String {
    let safe = |text: &str| -> String {
        text.chars()
            .map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' })
            .collect()
    };
    let (database, table) = (safe(&properties.database), safe(&properties.table));
    let (format, packing) = (format.file_extension(), packing.extension());
    format!("{database}__{table}__{source_id}__{name}.{format}{packing}")
}

/// The row that says that an ingestion has begun.
fn status_row(message: &IngestionMessage, source_id: Guid) -> serde_json::Value {
    let path = message.blob.expose().split(['?', ';']).next();
    serde_json::json!({
        "PartitionKey": source_id,
        "RowKey": source_id,
        "Status": "Pending",
        "IngestionSourceId": source_id,
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

/// Recommended by the service's documentation, and what its other clients use.
pub(crate) const BLOCK_BYTES: usize = 4 << 20;
const TRIES: usize = 3;
const FIRST_POLL: Duration = Duration::from_secs(1);
const LONGEST_POLL: Duration = Duration::from_secs(10);
