//! An embedded Kusto service, for tests and for work without a cluster.
//!
//! [`Emulator`] listens on a loopback port and speaks the REST API of Azure Data Explorer: queries in the V1 and V2
//! layouts, management commands, streaming ingestion. KQL runs on Arrow's kernels over tables in memory and over
//! files. Any client that talks to a cluster can talk to it; none needs a token unless the test wants one.
//!
//! # Example
//!
//! A test of code that asks Kusto: start a service on a free port, fill a table, ask.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use kusto_client::Client;
//! use kusto_emulator::Emulator;
//!
//! let emulator = Emulator::start().await?;
//! let client = Client::from_connection_string(emulator.connection_string())?;
//! client.mgmt(".create table Storms (State: string, Deaths: long)").data_set().await?;
//! client.mgmt(".ingest inline into table Storms <| TEXAS,3\nOHIO,1\nTEXAS,2").data_set().await?;
//!
//! let query = client.query("Storms | summarize sum(Deaths) by State | sort by State asc");
//! let states: Vec<(String, i64)> = query.fetch_all().await?;
//! assert_eq!(states, [("OHIO".to_owned(), 1), ("TEXAS".to_owned(), 5)]);
//! # Ok(())
//! # }
//! ```
//!
//! # Files as tables
//!
//! [`EmulatorBuilder::attach`] makes a table of a CSV, TSV, PSV, JSON lines, JSON or Parquet file; text may be
//! compressed with gzip. Names come from the header line, types from all values. Each query reads the file as it is
//! then, so it may be larger than memory; nothing ever writes to it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use kusto_client::Client;
//! # use kusto_emulator::Emulator;
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("Rain.csv");
//! std::fs::write(&file, "State,Millimetres,Day\nOHIO,7.5,2024-05-01\nOHIO,2,2024-05-02\n")?;
//!
//! let emulator = Emulator::builder().attach(&file).start().await?;
//! let columns = "(State:string, Millimetres:real, Day:datetime)";
//! assert_eq!(emulator.tables(), [("Rain".to_owned(), columns.to_owned())]);
//!
//! let client = Client::from_connection_string(emulator.connection_string())?;
//! let wettest: (String, f64) = client
//!     .query("Rain | top 1 by Millimetres | project State, Millimetres")
//!     .fetch_one()
//!     .await?;
//! assert_eq!(wettest, ("OHIO".to_owned(), 7.5));
//! # Ok(())
//! # }
//! ```
//!
//! [`write_storm_events`] makes a file in the shape of the documentation's `StormEvents` table, so that its examples
//! can be tried.
//!
//! # Queries
//!
//! The page [`support`] names every statement, operator and function that runs. What is not named there is refused
//! with an error that says so. Messages are in the service's words, with its codes: `SEM0100` for a name that is not
//! known.
//!
//! Answers stream: rows leave while the query runs, at the pace at which the client reads them. A query ends early
//! when its client goes away, when `.cancel query` names it, or when `servertimeout` (4 minutes by default) is over.
//! Answers end with a partial failure at 500 000 rows or 64 MiB unless options such as `notruncation` say otherwise.
//!
//! # Commands
//!
//! - `.show version`, `cluster`, `diagnostics`, `capacity`, `databases`, `queries`, `running queries`, `operations`,
//!   `ingestion failures`
//! - `.show tables`, `.show table T`, alone and with `cslschema`, `schema as json`, `details` or `extents` after it
//! - `.show database D`, `.show databases`, alone and with `details`, `identity`, `policies`, `datastats`, `entities`,
//!   `schema`, `schema as json` or `schema as csl script` after it
//! - `.create`, `.create-merge`, `.alter`, `.alter-merge`, `.rename`, `.drop`, `.clear` for tables; `.rename`, `.alter`
//!   and `.drop` for columns; `.create`, `.alter`, `.drop` for databases
//! - `.create`, `.create-or-alter`, `.alter`, `.drop`, `.show` for functions and ingestion mappings
//! - `.alter`, `.alter-merge`, `.delete`, `.show` for policies of tables and databases, which are kept; one that
//!   disables streaming ingestion is heeded, the others change nothing
//! - `.ingest inline`, `.ingest into` from files of [`EmulatorBuilder::ingest_folder`], `.set`, `.append`,
//!   `.set-or-append`, `.set-or-replace`, the last five also `async`: in the background, to be looked up by
//!   `.show operations` and `.show operation … details`
//! - `.execute database script`, `.cancel query`, `.cancel operation`
//!
//! The result of each can be piped into a query: `.show tables | count`.
//!
//! # Ingestion
//!
//! `POST /v1/rest/ingest/{database}/{table}` takes CSV, TSV, TSVE, PSV, SCSV, SOHSV, TXT, RAW, JSON lines, JSON,
//! Parquet and Avro (deflate, snappy, zstd), plain or compressed with gzip, with mappings and their transforms. All
//! rows of a body arrive, or none. Tags and `ingestIfNotExists` are heeded by commands.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use kusto_client::Client;
//! # use kusto_emulator::Emulator;
//! let emulator = Emulator::start().await?;
//! let client = Client::from_connection_string(emulator.connection_string())?;
//! client.mgmt(".create table Storms (State: string, At: datetime)").data_set().await?;
//! let mapping = r#"[{"Column":"State","Properties":{"Path":"$.where.state"}},
//!     {"Column":"At","Properties":{"Path":"$.when","Transform":"DateTimeFromUnixSeconds"}}]"#;
//! let command = format!("with (format = json, ingestionMapping = ```{mapping}```)");
//! let data = r#"{"where":{"state":"OHIO"},"when":1700000000}"#;
//! client.mgmt(&format!(".ingest inline into table Storms {command} <| {data}")).data_set().await?;
//!
//! let query = client.query("Storms | project State, getyear(At)");
//! let storm: (String, i64) = query.fetch_one().await?;
//! assert_eq!(storm, ("OHIO".to_owned(), 2023));
//! # Ok(())
//! # }
//! ```
//!
//! With [`EmulatorBuilder::storage_account`] it plays the ingestion service too: it lends clients the containers and
//! queues of a storage account (Azurite on loopback), takes their messages, fetches the blobs, ingests them, and reports
//! to the status table and the notification queues. The REST API of queued ingestion (`/v1/rest/ingestion/…`) is there
//! as well. Nothing waits to be batched.
//!
//! # Databases that stay
//!
//! With [`EmulatorBuilder::data_folder`] tables, functions, mappings and policies outlive the service; the rows are
//! Parquet files. A change is on the disk before it is answered, so a service that is killed loses nothing that it
//! acknowledged. While it runs, the rows are in memory too; data larger than that is for [attached
//! files](EmulatorBuilder::attach), which are read as they are asked for.
//!
//! # On the wire
//!
//! HTTP/1.1 and HTTP/2, the latter by prior knowledge or, under TLS, by ALPN; gzip and deflate both ways; `POST` and
//! `GET` for queries; plain, fragmented and progressive answers, the last with a preview that is then replaced.
//!
//! [`EmulatorBuilder::authentication`] makes requests need a token: any, a certain one, or one that an issuer signed.
//! `EmulatorBuilder::tls` speaks TLS with a certificate of its own. These two last need the feature `tls`, which is
//! not among the defaults because cryptography takes long to build.
//!
//! What clients do in trouble is tested with trouble: a [`Fault`] delays, refuses, cuts or distorts the answers it
//! fits, and [`Emulator::journal`] has the requests as they came.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use kusto_client::Client;
//! use kusto_emulator::{Emulator, Fault};
//!
//! let emulator = Emulator::builder().fault(Fault::new().path("/v2").cut(100)).start().await?;
//! let client = Client::from_connection_string(emulator.connection_string())?;
//! assert!(client.query("print 1").data_set().await.is_err());
//! let last = emulator.journal().pop().unwrap();
//! assert!(last.client_request_id.starts_with("KRC"));
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! - Without a data folder nothing is kept: tables in memory end with the service.
//! - No roles: whoever is let in can read and change everything. Without [`EmulatorBuilder::authentication`] that is
//!   everybody who reaches the port, so it stays on loopback unless [`EmulatorBuilder::address`] says otherwise.
//! - At most 128 queries run at once; more wait for their turn, and time out if it does not come.
//! - No ORC, W3C logs or zip archives; streaming ingestion takes blobs of the storage account alone; no queued ingestion by
//!   command.
//! - No update policy runs, no retention throws anything away, nothing waits for a batch to fill. Policies that restrict
//!   who sees what (`restricted_view_access`, `row_level_security`) are refused.
//! - No external tables, materialized views, or T-SQL.
//! - One thread runs a query; a cluster would use many. Aggregates that the service estimates (`dcount`,
//!   `percentile`) are exact.
#![forbid(unsafe_code)]

mod admission;
mod aggregate;
mod answer;
mod attach;
mod azure_storage;
mod bearer;
mod bind;
mod command;
mod emulator;
mod engine;
mod error;
mod exec;
mod fault;
mod function;
mod ingest;
mod journal;
mod operations;
mod plan;
mod queries;
mod queued;
mod sample;
mod server;
mod service;
mod session;
mod storage;
pub mod support;
#[cfg(feature = "tls")]
mod tls;
mod types;
mod vector;

pub use bearer::Authentication;
#[cfg(feature = "tls")]
pub use bearer::TokenIssuer;
pub use emulator::{DEFAULT_DATABASE, Emulator, EmulatorBuilder, EmulatorError, EmulatorErrorKind};
pub use fault::Fault;
pub use journal::ReceivedRequest;
pub use sample::{STORM_EVENTS_SCHEMA, write_storm_events};
