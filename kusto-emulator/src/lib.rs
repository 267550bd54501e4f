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
//! - `.show version`, `.show cluster`, `.show diagnostics`, `.show databases`, `.show running queries`
//! - `.show tables`, `.show table T`, and with `cslschema`, `schema as json` or `details` after it
//! - `.show schema as json`, `.show database D schema`, and with `as json` after it
//! - `.create table`, `.create-merge table`, `.drop table`, `.clear table T data`
//! - `.ingest inline into table`, `.set`, `.append`, `.set-or-append`, `.set-or-replace`
//! - `.cancel query`
//!
//! The result of each can be piped into a query: `.show tables | count`.
//!
//! # Ingestion
//!
//! `POST /v1/rest/ingest/{database}/{table}` takes CSV, TSV, PSV, SCSV, SOHSV, JSON lines, JSON and Parquet,
//! plain or compressed with gzip. All rows of a body arrive, or none.
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
//! - Nothing is kept: tables in memory end with the service.
//! - No roles: whoever is let in can read and change everything. Without [`EmulatorBuilder::authentication`] that is
//!   everybody who reaches the port, so it stays on loopback unless [`EmulatorBuilder::address`] says otherwise.
//! - At most 128 queries run at once; more wait for their turn, and time out if it does not come.
//! - No queued ingestion, no ingestion mappings, no policies, no roles.
//! - No stored functions, external tables, materialized views, or T-SQL.
//! - One thread runs a query; a cluster would use many. Aggregates that the service estimates (`dcount`,
//!   `percentile`) are exact.
#![forbid(unsafe_code)]

mod admission;
mod aggregate;
mod answer;
mod attach;
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
mod plan;
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
