//! Data into Kusto tables.
//!
//! ```no_run
//! use kusto_ingest::{IngestionProperties, Source, StreamingIngestClient};
//! # async fn example(pipeline: kusto_transport::Pipeline) -> Result<(), kusto_ingest::IngestError> {
//! let streaming = StreamingIngestClient::new(pipeline);
//! let properties = IngestionProperties::new("Samples", "StormEvents");
//! streaming.ingest(Source::file("storms.csv"), &properties).await?;
//! # Ok(())
//! # }
//! ```
//!
//! - [`Source`]: bytes or a file; compressed on the way where that helps.
//! - [`IngestionProperties`]: the table, the format, the mapping.
//! - [`StreamingIngestClient`]: sends it; the rows can be queried when the call returns.
//!
//! # Not supported
//!
//! Queued ingestion (through storage and the data management service), managed streaming (streaming with queued
//! ingestion as its fallback), ingestion from blobs, and batching of rows. For large amounts of data use commands
//! such as `.ingest into table`, or another client library, until they are there.

#![forbid(unsafe_code)]

mod error;
mod properties;
mod source;
mod streaming;

pub use error::{IngestError, IngestErrorKind};
pub use properties::IngestionProperties;
pub use source::Source;
pub use streaming::{StreamedIngestion, StreamingIngestClient};
