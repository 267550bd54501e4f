//! Data into Kusto tables.
//!
//! ```no_run
//! use kusto_ingest::{IngestionProperties, QueuedIngestClient, Source, StreamingIngestClient};
//! # async fn example(pipeline: kusto_transport::Pipeline) -> Result<(), kusto_ingest::IngestError> {
//! let properties = IngestionProperties::new("Samples", "StormEvents");
//!
//! // Much, within minutes:
//! let queued = QueuedIngestClient::new(&pipeline);
//! let operation = queued.ingest(Source::file("storms-2026.csv.gz"), &properties).await?;
//!
//! // A little, at once:
//! let streaming = StreamingIngestClient::new(pipeline);
//! streaming.ingest(Source::file("storms-today.csv"), &properties).await?;
//! # Ok(())
//! # }
//! ```
//!
//! - [`Source`]: bytes, a file, a reader, rows, a blob; compressed on the way where that helps.
//! - [`IngestionProperties`]: the table, the format, the [`Mapping`], tags and the rest.
//! - [`QueuedIngestClient`]: through storage and a queue. What it gives is an [`IngestionOperation`], which can be
//!   stored and asked about.
//! - [`StreamingIngestClient`]: straight into the table; the rows can be queried when the call returns.
//! - [`ManagedStreamingIngestClient`]: streams what fits and queues the rest, by a [`ManagedStreamingPolicy`].
//! - [`DirectIngestClient`]: `.ingest inline`, `.set`, `.append` and their like, for tests and small amounts.
//! - [`BatchingSink`]: single records from many tasks, ingested in batches.
//!
//! # Nothing lost, nothing claimed
//!
//! A source that is empty, that fails half way, that changes while it is read or that is plainly of another format is an
//! error before anything counts: of queued data nothing is ingested before its message is in the queue, and that happens
//! after the whole of it is in storage. Memory holds a few blocks of 4 MiB, however large the data is.
//!
//! # Two ways into the queue
//!
//! A service that offers its REST API for queued ingestion, and prefers it, is told of blobs over that API; all others,
//! and those whose API fails for the moment, through a storage queue. Either way gives an [`IngestionOperation`], whose
//! [`Tracking`] says where its status is found; asking and waiting is the same for both.
//!
//! # Not supported
//!
//! - Uploads to folders of OneLake (`lakeFolders`): they take a token for storage instead of a signature. Where a service
//!   prefers them, the containers that it lends besides are used.
//! - Several blobs in one request of the REST API.
//! - Queued ingestion by command (`.ingest-from-storage-queued`): [`Source::blob`] queues blobs.
//! - ORC, SStream and W3C logs go to the service as they are; only the signature of ORC files is looked at.
#![forbid(unsafe_code)]

mod blocks;
mod direct;
mod error;
mod intake;
mod managed;
mod mapping;
mod mgmt;
mod notification;
mod progress;
mod properties;
mod queued;
mod ranking;
mod resources;
mod sink;
mod source;
mod source_id;
mod spool;
mod status;
mod storage;
mod storage_root;
mod streaming;
mod timer;

pub use direct::DirectIngestClient;
pub use error::{IngestError, IngestErrorKind};
pub use managed::policy::{Decision, ManagedStreamingPolicy, StreamingFailure};
pub use managed::{Ingested, ManagedStreamingIngestClient};
pub use mapping::{ColumnMapping, Mapping, Transform};
pub use progress::Progress;
pub use properties::{IngestionProperties, Validation, ValidationPolicy};
pub use queued::QueuedIngestClient;
pub use sink::{Acknowledge, BatchingSink, Receipt, SinkOptions, SinkTarget};
pub use source::Source;
pub use status::{IngestionFailure, IngestionOperation, IngestionStatus, Tracking};
pub use streaming::{StreamedIngestion, StreamingIngestClient};
