//! Data by the faster of two ways that works.

pub(crate) mod policy;

use std::sync::{Arc, Mutex, PoisonError};

use kusto_protocol::{DataFormat, Guid};

use crate::blocks::{Blocks, Packing};
use crate::error::{IngestError, IngestErrorKind};
use crate::managed::policy::{BackOff, Decision, ManagedStreamingPolicy, StreamingFailure};
use crate::properties::IngestionProperties;
use crate::queued::{BLOCK_BYTES, QueuedIngestClient, format};
use crate::source::{Data, Source};
use crate::source_id::{self, jitter};
use crate::status::IngestionOperation;
use crate::storage::Upload;
use crate::streaming::{StreamedIngestion, StreamingIngestClient};
use crate::timer::sleep;

/// Streaming ingestion with queued ingestion behind it.
///
/// Streams what fits, tries again what is worth it, and queues the same data under the same id when it is too large, when
/// the service is busy or does not stream into the table, or when trying did not help. An error that will not go away
/// (bad data, no permission) is an error at once, and nothing is queued. [`ManagedStreamingPolicy`] says when what is
/// done.
///
/// Data goes in at least once: a try to stream whose answer got lost may be in, and is repeated.
///
/// ```no_run
/// use kusto_ingest::{Ingested, IngestionProperties, ManagedStreamingIngestClient, Source};
/// use kusto_protocol::DataFormat;
/// # async fn example(pipeline: &kusto_transport::Pipeline) -> Result<(), kusto_ingest::IngestError> {
/// let managed = ManagedStreamingIngestClient::new(pipeline);
/// let properties = IngestionProperties::new("Samples", "StormEvents").format(DataFormat::Json);
/// match managed.ingest(Source::bytes("{\"State\":\"TEXAS\"}\n"), &properties).await? {
///     Ingested::Streamed(_) => println!("can be queried now"),
///     Ingested::Queued(operation) => println!("queued as {}", operation.source_id),
///     other => println!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ManagedStreamingIngestClient {
    streaming: StreamingIngestClient,
    queued: QueuedIngestClient,
    policy: ManagedStreamingPolicy,
    back_off: Arc<Mutex<BackOff>>,
}

/// Which way the data took.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ingested {
    /// It is in, and can be queried.
    Streamed(StreamedIngestion),
    /// The service has it in its queue.
    Queued(IngestionOperation),
}

impl ManagedStreamingIngestClient {
    /// Ingestion into the cluster of a pipeline that leads to its engine; data to be queued goes to the ingestion
    /// service beside it.
    pub fn new(pipeline: &kusto_transport::Pipeline) -> Self {
        Self::of(
            StreamingIngestClient::new(pipeline.clone()),
            QueuedIngestClient::new(pipeline),
        )
    }

    /// Ingestion by these two clients.
    pub fn of(streaming: StreamingIngestClient, queued: QueuedIngestClient) -> Self {
        Self {
            streaming,
            queued,
            policy: ManagedStreamingPolicy::default(),
            back_off: Arc::default(),
        }
    }

    /// Sets when what is done.
    pub fn policy(mut self, policy: ManagedStreamingPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Sends the data of a source into a table, by the one way or the other. A blob is given to the service by its
    /// address either way; its size must have been told by [`Source::raw_size`], or it is queued.
    ///
    /// # Errors
    ///
    /// The error of streaming, if it is permanent; else that of queueing. See [`IngestErrorKind`].
    ///
    /// # Cancel safety
    ///
    /// Not cancel-safe: whether the data of a dropped call is in cannot be known.
    pub async fn ingest(
        &self,
        source: Source,
        properties: &IngestionProperties,
    ) -> Result<Ingested, IngestError> {
        let format = format(&source, properties)?;
        properties.check(format)?;
        let source_id = properties.source_id.unwrap_or_else(source_id::random);
        let IngestionProperties { database, table, .. } = properties;
        let can_stream = properties.beyond_streaming().is_none() && streams(format);
        if let Data::Blob(address) = &source.data {
            let route = self.route(source.raw_size.or(Some(u64::MAX)), database, table);
            if can_stream && matches!(route, Decision::Stream { .. }) {
                let again = || Source::blob(address.clone());
                if let Some(streamed) = self
                    .stream(&Payload::Blob(&again), format, properties, source_id)
                    .await?
                {
                    return Ok(Ingested::Streamed(streamed));
                }
            }
            let properties = properties.clone().source_id(source_id);
            return Ok(Ingested::Queued(self.queued.ingest(source, &properties).await?));
        }
        let (again, name) = (source.again(), source.name());
        let mut upload = Upload::new(Blocks::open(source, format, BLOCK_BYTES).await?);
        let packing = upload.blocks().packing();
        if can_stream
            && packing != Packing::WasZip
            && let Some(body) = upload.single_block().await?
            && matches!(
                self.route(Some(upload.blocks().bytes_read()), database, table),
                Decision::Stream { .. }
            )
        {
            let payload = Payload::Bytes(&body, packing.is_gzip());
            if let Some(streamed) = self.stream(&payload, format, properties, source_id).await? {
                return Ok(Ingested::Streamed(streamed));
            }
        }
        let operation = self
            .queued
            .ingest_upload(upload, again, &name, format, properties, Some(source_id))
            .await?;
        Ok(Ingested::Queued(operation))
    }

    pub(crate) fn queued(&self) -> &QueuedIngestClient {
        &self.queued
    }

    /// Streams, until that works (the result), will not work (the error), or is to be left (`None`).
    async fn stream(
        &self,
        payload: &Payload<'_>,
        format: DataFormat,
        properties: &IngestionProperties,
        source_id: Guid,
    ) -> Result<Option<StreamedIngestion>, IngestError> {
        let mut tries = 0;
        loop {
            let id = format!("KRC.executeManagedStreamingIngest;{source_id};{tries}");
            let outcome = match payload {
                Payload::Bytes(body, is_gzip) => {
                    let body = (*body).clone();
                    self.streaming
                        .send_bytes(body, *is_gzip, format, properties, Some(&id))
                        .await
                }
                Payload::Blob(blob) => {
                    let properties = properties.clone().format(format).client_request_id(id);
                    self.streaming.ingest(blob(), &properties).await
                }
            };
            let error = match outcome {
                Ok(streamed) => return Ok(Some(streamed)),
                Err(error) => error,
            };
            tries += 1;
            let failure = classify(&error);
            let IngestionProperties { database, table, .. } = properties;
            self.learn(failure, database, table);
            match self.policy.on_failure(failure, tries, jitter()) {
                Decision::Stream { after } => sleep(after).await,
                Decision::Queue => return Ok(None),
                Decision::Fail => return Err(error),
            }
        }
    }

    fn learn(&self, failure: StreamingFailure, database: &str, table: &str) {
        let mut back_off = self.back_off.lock().unwrap_or_else(PoisonError::into_inner);
        back_off.start(self.queued.now(), self.policy.back_off(failure), database, table);
    }

    fn route(&self, bytes: Option<u64>, database: &str, table: &str) -> Decision {
        let back_off = self.back_off.lock().unwrap_or_else(PoisonError::into_inner);
        self.policy
            .route(bytes, back_off.is_on(self.queued.now(), database, table))
    }
}

enum Payload<'a> {
    /// The bytes, and whether they are compressed with gzip.
    Bytes(&'a bytes::Bytes, bool),
    Blob(&'a (dyn Fn() -> Source + Send + Sync)),
}

/// Whether the service's documentation names the format for streaming ingestion.
fn streams(format: DataFormat) -> bool {
    matches!(
        format,
        DataFormat::Csv
            | DataFormat::Tsv
            | DataFormat::Scsv
            | DataFormat::Sohsv
            | DataFormat::Psv
            | DataFormat::Json
            | DataFormat::MultiJson
            | DataFormat::Avro
    )
}

/// What an error of streaming means. The service has no codes for "streaming is off", so its words decide, as they do in
/// its other clients.
fn classify(error: &IngestError) -> StreamingFailure {
    let status = error
        .transport()
        .and_then(|error| error.status())
        .map(|status| status.as_u16());
    match (error.kind(), status) {
        (IngestErrorKind::TooLarge, _) => return StreamingFailure::RequestProperties,
        (IngestErrorKind::Properties | IngestErrorKind::Source, _) => return StreamingFailure::Permanent,
        (_, Some(429 | 503)) => {
            let retry_after = error.transport().and_then(|error| error.retry_after());
            return StreamingFailure::Throttled { retry_after };
        }
        // The endpoint is not there.
        (_, Some(404)) => return StreamingFailure::SwitchedOff,
        _ => {}
    }
    let words = error.to_string().to_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    if status == Some(400) {
        let is_off = words
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word == "off");
        if words.contains("streaming") && (is_off || says(&["disabled", "not enabled"])) {
            return StreamingFailure::SwitchedOff;
        }
        if says(&["update policy", "incompatible"]) {
            return StreamingFailure::TableConfiguration;
        }
        if says(&[
            "too large",
            "maximum allowed size",
            "kustorequestpayloadtoolargeexception",
        ]) {
            return StreamingFailure::RequestProperties;
        }
    }
    if error.is_permanent() {
        StreamingFailure::Permanent
    } else {
        StreamingFailure::Transient
    }
}
