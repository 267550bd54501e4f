//! Data through storage, and over the REST API or through a queue into the service's hands.

mod post;
mod rest;
mod status;
mod upload;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kusto_protocol::{DataFormat, Guid};
use kusto_transport::Pipeline;

use crate::blocks::Blocks;
use crate::error::{IngestError, IngestErrorKind};
use crate::progress::{Listener, Progress};
use crate::properties::IngestionProperties;
use crate::ranking::Ranking;
use crate::resources::{ResourceCache, Resources};
use crate::source::{Data, Source};
use crate::source_id;
use crate::status::IngestionOperation;
use crate::storage::{Storage, Upload};
use crate::storage_root::StorageRoot;

/// Queued ingestion: for large amounts of data, at the service's pace (minutes), with its retries.
///
/// The data goes into a blob in the service's storage; then the service is told of it: over its REST API, if its
/// configuration says that it prefers that, else by a message in a queue, which every service has. That is the one point
/// that counts: before it nothing will be ingested, after it the service takes over. Cloning is cheap; clones share what
/// the service lends.
///
/// ```no_run
/// use std::time::Duration;
/// use kusto_ingest::{IngestionProperties, IngestionStatus, QueuedIngestClient, Source};
/// # async fn example(pipeline: &kusto_transport::Pipeline) -> Result<(), kusto_ingest::IngestError> {
/// let queued = QueuedIngestClient::new(pipeline);
/// let properties = IngestionProperties::new("Samples", "StormEvents").tracking(true);
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

/// One ingestion, as far as it is known before its data is read.
struct Plan<'a> {
    source_id: Guid,
    format: DataFormat,
    properties: &'a IngestionProperties,
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
            resources: ResourceCache::new(pipeline, true),
            ranking: Arc::default(),
            listener: Listener::default(),
            application: None,
        }
    }

    /// Whether the REST API is used where the service offers it; else all goes through queues. Default: yes.
    pub fn rest(mut self, value: bool) -> Self {
        self.resources = ResourceCache::new(self.resources.pipeline().clone(), value);
        self
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
    /// See [`IngestErrorKind`]. After an error nothing is ingested, with one exception: if the connection broke while the
    /// service or a queue took the message, a queue gets it once more, and the service may see it twice; an
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
            let plan = Plan::new(format, properties, None);
            return self.submit(&plan, address.clone(), source.raw_size).await;
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
        let plan = Plan::new(format, properties, source_id);
        let (blob, raw_size) = self.upload(&plan, upload, again, name).await?;
        self.submit(&plan, blob, Some(raw_size)).await
    }

    /// The time since some beginning, for decisions.
    pub(crate) fn now(&self) -> Duration {
        self.resources.now()
    }

    /// What may work after storage said that we may not: resources asked for anew, once. Signatures and tokens end, and
    /// an upload may take longer than they hold.
    async fn renewed(
        &self,
        resources: &Arc<Resources>,
        is_renewed: &mut bool,
    ) -> Result<Option<Arc<Resources>>, IngestError> {
        if std::mem::replace(is_renewed, true) {
            return Ok(None);
        }
        self.resources.expire(resources);
        self.resources.get().await.map(Some)
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

impl<'a> Plan<'a> {
    fn new(format: DataFormat, properties: &'a IngestionProperties, source_id: Option<Guid>) -> Self {
        Self {
            source_id: source_id
                .or(properties.source_id)
                .unwrap_or_else(source_id::random),
            format,
            properties,
        }
    }
}

/// The format of the data, by the caller's word or by the name of the source.
pub(crate) fn format(source: &Source, properties: &IngestionProperties) -> Result<DataFormat, IngestError> {
    properties.format.or_else(|| source.format()).ok_or_else(|| {
        let message = format!("the format of {source:?} is not known; say it with format()");
        IngestError::new(IngestErrorKind::Properties, message)
    })
}

/// Recommended by the service's documentation, and what its other clients use.
pub(crate) const BLOCK_BYTES: usize = 4 << 20;
const TRIES: usize = 3;
