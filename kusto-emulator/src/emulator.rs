//! The service: how it is set up, started and stopped.

use std::fmt;
use std::io::{self, Cursor};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use kusto_protocol::{Column, ColumnType, DataFormat, DateTime};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::attach::AttachedFile;
use crate::command::csl_schema;
use crate::ingest::Rows;
use crate::sample::{STORM_EVENTS_SCHEMA, write_storm_events};
use crate::server;
use crate::service::{Queries, Service};
use crate::storage::{Storage, Table};
use crate::types::Schema;

/// The database that a service has from the start, and that requests without a database mean.
pub const DEFAULT_DATABASE: &str = "NetDefaultDB";

/// A running service. It answers on a loopback address until it is dropped, which cancels the queries that run.
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use kusto_emulator::Emulator;
///
/// let emulator = Emulator::start().await?;
/// assert!(emulator.uri().starts_with("http://127.0.0.1:"));
/// emulator.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Emulator {
    service: Arc<Service>,
    connection_string: String,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<io::Result<()>>,
}

impl Emulator {
    /// Starts a service with one empty database, [`DEFAULT_DATABASE`], on a free port.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start() -> Result<Self, EmulatorError> {
        Self::builder().start().await
    }

    /// A service to be set up before it starts.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::default()
    }

    /// The address: `http://127.0.0.1:54321`.
    pub fn uri(&self) -> &str {
        &self.service.uri
    }

    /// A connection string for a client: the address and the default database.
    pub fn connection_string(&self) -> &str {
        &self.connection_string
    }

    /// The names of the tables in the default database and their columns, as `(a:long, b:string)`.
    pub fn tables(&self) -> Vec<(String, String)> {
        let database = self.service.storage.database(DEFAULT_DATABASE);
        database
            .iter()
            .flat_map(|database| database.tables.values())
            .map(|table| (table.name.clone(), format!("({})", csl_schema(&table.schema))))
            .collect()
    }

    /// Stops answering; requests that run are answered first.
    pub async fn stop(mut self) {
        self.stop.take();
        // What it could report, an address that went away, is what stopping is for.
        let _ = (&mut self.server).await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.service.queries.cancel_all();
        self.server.abort();
    }
}

/// Sets up an [`Emulator`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct EmulatorBuilder {
    address: Option<SocketAddr>,
    databases: Vec<String>,
    files: Vec<(Option<String>, PathBuf)>,
    sample_storms: u64,
}

impl EmulatorBuilder {
    /// The port on 127.0.0.1 to listen on; without one, or with 0, a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.address = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        self
    }

    /// The address to listen on. There is no authentication: whoever reaches it can read and change everything.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// A database to have besides [`DEFAULT_DATABASE`].
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.databases.push(name.into());
        self
    }

    /// A CSV, TSV, PSV, JSON, JSON lines or Parquet file to have as a table of the default database, under the file's
    /// name without its extensions. Text may be compressed with gzip.
    ///
    /// The types of the columns are found from all values. The file is not loaded: queries read it.
    pub fn attach(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push((None, path.into()));
        self
    }

    /// As [`EmulatorBuilder::attach`], under this name.
    pub fn attach_as(mut self, table: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.files.push((Some(table.into()), path.into()));
        self
    }

    /// A table `storms` of so many invented rows, those of [`write_storm_events`](crate::write_storm_events): something
    /// to try queries on. It is held in memory, at about 500 bytes a row.
    pub fn sample_storms(mut self, rows: u64) -> Self {
        self.sample_storms = rows;
        self
    }

    /// Starts the service.
    ///
    /// # Errors
    ///
    /// When a file cannot be attached, or the address cannot be had; the message says which and why.
    pub async fn start(self) -> Result<Emulator, EmulatorError> {
        let storage = Storage::new();
        storage.create_database(DEFAULT_DATABASE);
        for name in &self.databases {
            storage.create_database(name);
        }
        let storage = attach(storage, self.files, self.sample_storms).await?;
        let address = self
            .address
            .unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let cannot_listen = |error: io::Error| {
            let message =
                format!("cannot listen on {address}: {error}; choose another port, or 0 for a free one");
            EmulatorError {
                kind: EmulatorErrorKind::Address,
                message,
            }
        };
        let listener = TcpListener::bind(address).await.map_err(cannot_listen)?;
        let uri = format!("http://{}", listener.local_addr().map_err(cannot_listen)?);
        let connection_string = format!("{uri}/{DEFAULT_DATABASE}");
        let started = DateTime::from(SystemTime::now());
        let service = Arc::new(Service {
            storage,
            queries: Arc::new(Queries::default()),
            started,
            uri,
        });
        let (stop, stopped) = oneshot::channel();
        let router = server::router(Arc::clone(&service));
        let server = tokio::spawn(async move {
            let until = async {
                // Either word, or the sender's end, means stop.
                let _ = stopped.await;
            };
            axum::serve(listener, router).with_graceful_shutdown(until).await
        });
        Ok(Emulator {
            service,
            connection_string,
            stop: Some(stop),
            server,
        })
    }
}

/// Reads the schemas of the files, and makes the sample, on a thread that may block.
async fn attach(
    storage: Storage,
    files: Vec<(Option<String>, PathBuf)>,
    sample_storms: u64,
) -> Result<Storage, EmulatorError> {
    let refused = |message: String| EmulatorError {
        kind: EmulatorErrorKind::File,
        message,
    };
    let attached = tokio::task::spawn_blocking(move || {
        for (name, path) in files {
            let file = AttachedFile::open(&path)?;
            let name = name.unwrap_or_else(|| AttachedFile::table_name(&path));
            let table = Table::attached(name.clone(), file);
            let taken = storage.update(DEFAULT_DATABASE, |database| {
                database.tables.insert(name, Arc::new(table))
            });
            if let Some(Some(taken)) = taken {
                return Err(format!(
                    "{}: there is a table '{}' already; give this file another name: name={}",
                    path.display(),
                    taken.name,
                    path.display()
                ));
            }
        }
        if sample_storms > 0 {
            let table = storms_table(sample_storms).map_err(|error| error.to_string())?;
            storage.update(DEFAULT_DATABASE, |database| {
                database.tables.insert(table.name.clone(), Arc::new(table))
            });
        }
        Ok(storage)
    });
    attached
        .await
        .map_err(|error| refused(error.to_string()))?
        .map_err(refused)
}

/// The sample as a table in memory.
fn storms_table(rows: u64) -> Result<Table, Box<dyn std::error::Error>> {
    let columns: Schema = STORM_EVENTS_SCHEMA
        .split(", ")
        .filter_map(|column| column.split_once(':'))
        .map(|(name, column_type)| Column::new(name, ColumnType::from_name(column_type)))
        .collect();
    let mut text = Vec::new();
    write_storm_events(&mut text, rows)?;
    let mut reader = Rows::of_text(Box::new(Cursor::new(text)), DataFormat::Csv, &columns, true)?;
    let mut table = Table::new("storms", columns);
    while let Some(batch) = reader.next()? {
        table.append(batch)?;
    }
    Ok(table)
}

/// A service that could not be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmulatorError {
    kind: EmulatorErrorKind,
    message: String,
}

/// What kept a service from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EmulatorErrorKind {
    /// The address to listen on.
    Address,
    /// A file to attach.
    File,
}

impl EmulatorError {
    /// What kept the service from starting.
    pub const fn kind(&self) -> EmulatorErrorKind {
        self.kind
    }
}

impl fmt::Display for EmulatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EmulatorError {}
