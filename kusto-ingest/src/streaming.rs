//! Rows straight into a table.

use bytes::Bytes;
use kusto_protocol::{DataFormat, Request};
use kusto_transport::Pipeline;

use crate::blocks::{Blocks, Packing};
use crate::error::{IngestError, IngestErrorKind};
use crate::properties::IngestionProperties;
use crate::queued::format;
use crate::source::{Data, Source};

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
    /// How many bytes were sent, compressed as they were; 0 for a blob, which the service reads itself.
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

    /// Sends the data of a source into a table, or the address of a blob for the service to read.
    ///
    /// Files are read and text is compressed on a thread of its own, at most [`max_bytes`](Self::max_bytes) at a time.
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
        let format = format(&source, properties)?;
        properties.check(format)?;
        if let Some(name) = properties.beyond_streaming() {
            return Err(IngestError::new(
                IngestErrorKind::Properties,
                format!("streaming ingestion knows no {name}; leave it out, or use queued ingestion"),
            ));
        }
        if let Data::Blob(address) = source.data {
            let IngestionProperties { database, table, .. } = properties;
            let request = Request::streaming_ingest_blob(database, table, format, address);
            return self.send(request, properties, 0).await;
        }
        let label = format!("{source:?}");
        let (body, packing) = self.load(source, format).await?;
        let Some(body) = body else {
            return Err(IngestError::new(
                IngestErrorKind::TooLarge,
                format!(
                    "{label} has more than the {} bytes that streaming ingestion takes at once; use queued ingestion, \
                     or raise max_bytes if the cluster takes more",
                    self.max_bytes
                ),
            ));
        };
        if packing == Packing::WasZip {
            return Err(IngestError::new(
                IngestErrorKind::Source,
                format!("{label} is a zip archive, which streaming ingestion does not take"),
            ));
        }
        self.send_bytes(body, packing.is_gzip(), format, properties, None)
            .await
    }

    /// Sends bytes as they are. A request id that is given wins over that of the properties.
    pub(crate) async fn send_bytes(
        &self,
        body: Bytes,
        is_gzip: bool,
        format: DataFormat,
        properties: &IngestionProperties,
        client_request_id: Option<&str>,
    ) -> Result<StreamedIngestion, IngestError> {
        let IngestionProperties { database, table, .. } = properties;
        let bytes_sent = body.len() as u64;
        let mut request = Request::streaming_ingest(database, table, format, body).gzip(is_gzip);
        if let Some(id) = client_request_id {
            request = request.client_request_id(id);
        }
        self.send(request, properties, bytes_sent).await
    }

    async fn send(
        &self,
        mut request: Request,
        properties: &IngestionProperties,
        bytes_sent: u64,
    ) -> Result<StreamedIngestion, IngestError> {
        if let Some(mapping) = &properties.mapping_reference {
            request = request.mapping(mapping);
        }
        if request.properties.client_request_id.is_none()
            && let Some(id) = &properties.client_request_id
        {
            request = request.client_request_id(id);
        }
        let mut body = self.pipeline.send(request).await?;
        // Status 200 says that the rows are in; what the body says is not specified. Reading it to its end lets the
        // connection be used again.
        while let Ok(Some(_)) = body.next().await {}
        Ok(StreamedIngestion {
            client_request_id: body.client_request_id().to_owned(),
            activity_id: body.activity_id().map(str::to_owned),
            bytes_sent,
        })
    }

    /// Reads and compresses; `None` if there is too much.
    async fn load(
        &self,
        source: Source,
        format: DataFormat,
    ) -> Result<(Option<Bytes>, Packing), IngestError> {
        let max_bytes = self.max_bytes as u64;
        if let Data::File(path) = &source.data
            && std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() > max_bytes)
        {
            return Ok((None, Packing::None));
        }
        // One block for all that is allowed; a little more, for compression that makes it larger.
        let block_bytes = self.max_bytes.saturating_add(4096);
        let mut blocks = Blocks::open(source, format, block_bytes).await?;
        let first = blocks.next().await?;
        let is_all = first.is_none() || blocks.bytes_read() <= max_bytes && blocks.next().await?.is_none();
        let fits = is_all && blocks.bytes_read() <= max_bytes;
        Ok((first.filter(|_| fits), blocks.packing()))
    }
}
