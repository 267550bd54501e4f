//! A client for Azure Data Explorer (Kusto).
//!
//! Queries in KQL become Rust structs, streams of rows, or Arrow record batches; management commands work the same
//! way; rows go in by streaming, queued or managed ingestion, one batch or one record at a time.
//!
//! ```no_run
//! # async fn example() -> Result<(), kusto_client::Error> {
//! use kusto_client::Client;
//!
//! #[derive(serde::Deserialize)]
//! #[serde(rename_all = "PascalCase")]
//! struct Storm {
//!     state: String,
//!     event_type: String,
//!     damage_property: Option<i64>,
//! }
//!
//! let client = Client::from_connection_string("https://help.kusto.windows.net/Samples;Fed=true")?;
//! let storms: Vec<Storm> = client
//!     .query("StormEvents | top 3 by DamageProperty | project State, EventType, DamageProperty")
//!     .fetch_all()
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! - [`Client`]: one cluster; cheap to clone. [`ClientBuilder`]: its credential, HTTP client and other settings.
//! - [`Query`]: a query or command before it is sent: parameters, options, time limit.
//! - [`ResultStream`]: rows as they arrive, in [`RowBatch`]es; [`Frames`]: everything that arrives;
//!   [`DataSet`]: the whole answer.
//! - [`StreamingIngestClient`], [`QueuedIngestClient`], [`ManagedStreamingIngestClient`], [`BatchingSink`]: rows into
//!   tables.
//! - [`Client::ping`], [`Client::version`], [`Client::diagnostics`]: how the cluster is.
//! - [`Error`]: whatever goes wrong, with the service's words and ids.
//!
//! The module `guide` goes through queries, authentication, errors and retries, ingestion, performance and tracing, and
//! compares this crate with the official SDKs.
//!
//! Everything runs on any async runtime; the bundled HTTP client, and cancelling abandoned queries, want tokio.
//!
//! # Features
//!
//! | feature | default | gives |
//! |---|---|---|
//! | `azure-identity` | yes | Azure CLI, Azure Developer CLI |
//! | `client-certificate` | | applications that sign in with a certificate |
//! | `http-client` | yes | the bundled HTTP client: reqwest with rustls, on tokio |
//! | `arrow` | | `Query::fetch_arrow`, and `kusto_arrow` |
//! | `tracing` | | spans, events and metrics by OpenTelemetry's conventions; never texts, rows or tokens |
//! | `trace-sinks` | | traces into files of separated values or to the console: `RollingCsvSink`, `ConsoleSink` |

#![forbid(unsafe_code)]

#[cfg(feature = "arrow")]
mod arrow;
mod client;
mod error;
mod frames;
// Its examples run with the default features.
#[cfg(all(feature = "azure-identity", feature = "http-client"))]
pub mod guide;
mod health;
mod query;
mod results;
#[cfg(feature = "trace-sinks")]
mod trace_sink;

pub use client::{Client, ClientBuilder};
pub use error::{Error, ErrorKind};
pub use frames::Frames;
pub use health::{Diagnostics, ServiceVersion};
#[cfg(feature = "arrow")]
pub use kusto_arrow;
#[cfg(feature = "client-certificate")]
pub use kusto_auth::ClientCertificate;
pub use kusto_auth::{
    AuthError, AuthErrorKind, ClientAuthentication, CloudInfo, Credential, ManagedIdentityId,
    ManagedIdentitySource, Prompt, TrustedHosts, UserSignIn,
};
pub use kusto_ingest::{
    Acknowledge, BatchingSink, ColumnMapping, DirectIngestClient, IngestError, IngestErrorKind, Ingested,
    IngestionFailure, IngestionOperation, IngestionProperties, IngestionStatus, ManagedStreamingIngestClient,
    ManagedStreamingPolicy, Mapping, Progress, QueuedIngestClient, Receipt, SinkOptions, Source,
    StreamedIngestion, StreamingIngestClient, Tracking, Transform, Validation, ValidationPolicy,
};
pub use kusto_protocol::{
    ClientRequestProperties, Column, ColumnArray, ColumnType, CompletionEvent, ConnectionString,
    ConversionError, DataFormat, DataSet, DateTime, Decimal, DeepLink, Dynamic, Endpoint, ErrorPlace, Frame,
    Guid, Literal, OneApiError, ParseError, QueryParameters, QueryStatistics, Row, RowBatch, Secret,
    ServerCache, Table, TableFragment, TableFragmentType, TableHeader, TableKind, Timespan, Value,
    Visualization, kql_identifier, kql_string, options,
};
#[cfg(feature = "http-client")]
pub use kusto_transport::{HttpClientOptions, PinnedCertificate, Proxy, http_client_with};
pub use kusto_transport::{RetryPolicy, TransportError, TransportErrorKind, new_request_id};
pub use query::Query;
pub use results::{ResultStream, Summary};
#[cfg(feature = "trace-sinks")]
pub use trace_sink::{ConsoleSink, RollingCsvSink, TraceLevel, TraceLevels};

/// The example of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
