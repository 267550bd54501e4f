//! Rows straight into a table.

use futures::channel::oneshot;
use kusto_protocol::{DataFormat, Request};
use kusto_transport::Pipeline;

use crate::error::{IngestError, IngestErrorKind};
use crate::properties::IngestionProperties;
use crate::source::{Payload, Source};

/// Streaming ingestion: small amounts of data that can be queried as soon as the call returns.
///
/// The cluster and the table must have it switched on. It is for up to a few megabytes a call and a few gigabytes an
/// hour and table. A call is repeated only if it provably did not reach the service: streaming ingestion is not
/// idempotent.
#[derive(Clone, Debug)]
#[must_use]
pub struct StreamingIngestClient {
    pipeline: Pipeline,
    max_bytes: usize,
}

/// Data that the service has taken: it can be queried now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamedIngestion {
    /// The id under which the data was sent.
    pub client_request_id: String,
    /// The service's id of the request.
    pub activity_id: Option<String>,
    /// How many bytes were sent, compressed as they were.
    pub bytes_sent: u64,
}

impl StreamingIngestClient {
    /// The most data that a service takes at once by its documentation: 4 MiB.
    pub const DEFAULT_MAX_BYTES: usize = 4 << 20;

    /// Streaming ingestion over a pipeline to an engine (not to an `ingest-` host).
    pub fn new(pipeline: Pipeline) -> Self {
        Self {
            pipeline,
            max_bytes: Self::DEFAULT_MAX_BYTES,
        }
    }

    /// Sets the most data that is sent at once, in bytes: before compression, or of compressed sources as they are.
    pub fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sends the data of a source into a table.
    ///
    /// Files are read and text is compressed on a thread of its own, at most
    /// [`max_bytes`](Self::max_bytes) at a time.
    ///
    /// # Errors
    ///
    /// See [`IngestErrorKind`].
    ///
    /// # Cancel safety
    ///
    /// Not cancel-safe: whether the data of a dropped call is in cannot be known.
    pub async fn ingest(
        &self,
        source: Source,
        properties: &IngestionProperties,
    ) -> Result<StreamedIngestion, IngestError> {
        let Some(format) = properties.format.or_else(|| source.format()) else {
            let message = format!("the format of {source:?} is not known; say it with format()");
            return Err(IngestError::new(IngestErrorKind::Properties, message));
        };
        let payload = load(source, format, self.max_bytes).await?;
        let bytes_sent = payload.body.len() as u64;
        let mut body = self.pipeline.send(&request(payload, format, properties)).await?;
        // Status 200 says that the rows are in; what the body says is not specified. Reading it to its end lets the
        // connection be used again.
        while let Ok(Some(_)) = body.next().await {}
        Ok(StreamedIngestion {
            client_request_id: body.client_request_id().to_owned(),
            activity_id: body.activity_id().map(str::to_owned),
            bytes_sent,
        })
    }
}

fn request(payload: Payload, format: DataFormat, properties: &IngestionProperties) -> Request {
    let IngestionProperties {
        database,
        table,
        mapping_reference,
        client_request_id,
        ..
    } = properties;
    let mut request = Request::streaming_ingest(database, table, format, payload.body).gzip(payload.is_gzip);
    if let Some(mapping) = mapping_reference {
        request = request.mapping(mapping);
    }
    if let Some(id) = client_request_id {
        request = request.client_request_id(id);
    }
    request
}

/// Reads and compresses on another thread: it takes too long for one that drives futures, and no runtime is assumed.
async fn load(source: Source, format: DataFormat, max_bytes: usize) -> Result<Payload, IngestError> {
    let (sender, receiver) = oneshot::channel();
    let work = move || {
        // Nobody listens if the call was dropped.
        let _ = sender.send(source.into_payload(format, max_bytes));
    };
    let failed =
        |error| IngestError::new(IngestErrorKind::Source, "no thread to read the data").with_source(error);
    std::thread::Builder::new()
        .name("kusto-ingest".to_owned())
        .spawn(work)
        .map_err(failed)?;
    receiver.await.unwrap_or_else(|_| {
        Err(IngestError::new(
            IngestErrorKind::Source,
            "the thread that reads the data ended without it",
        ))
    })
}
