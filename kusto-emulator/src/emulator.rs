//! The service: how it is set up, started and stopped.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kusto_protocol::{Column, ColumnType, DataFormat};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::admission::Admission;
use crate::attach::AttachedFile;
use crate::azure_storage::StorageAccount;
use crate::bearer::{Authentication, Gate};
use crate::command::csl_schema;
use crate::error::EngineError;
use crate::fault::{Fault, Faults};
use crate::ingest::{RowRules, Rows, Sources};
use crate::journal::{Journal, MAX_REQUESTS, ReceivedRequest};
use crate::queued::{self, Queued};
use crate::sample::{STORM_EVENTS_SCHEMA, write_storm_events};
use crate::server::{self, Acceptor};
use crate::service::{Authority, Service};
use crate::storage::{Storage, Table};
#[cfg(feature = "tls")]
use crate::tls::Tls;
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
    certificate: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
    /// What empties the queues.
    pump: Option<JoinHandle<()>>,
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

    /// The address: `http://127.0.0.1:54321`, or `https://127.0.0.1:54321` with TLS.
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

    /// The certificate of a service with TLS, in PEM, for clients to trust; `None` without TLS.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// The latest requests that the service received, earliest first: those that are being answered too.
    ///
    /// 1,000 are kept, with 16 KiB of each body.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use kusto_client::Client;
    /// # use kusto_emulator::Emulator;
    /// let emulator = Emulator::start().await?;
    /// let client = Client::from_connection_string(emulator.connection_string())?;
    /// client.query("print 1").data_set().await?;
    /// let requests = emulator.journal();
    /// let query = requests.iter().find(|request| request.uri.path() == "/v2/rest/query").unwrap();
    /// assert!(query.body.starts_with(b"{"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn journal(&self) -> Vec<ReceivedRequest> {
        self.service.journal.requests()
    }

    /// Forgets the requests so far.
    pub fn clear_journal(&self) {
        self.service.journal.clear();
    }

    /// Adds a fault from now on, behind those there are.
    pub fn fault(&self, fault: Fault) {
        self.service.faults.add(fault);
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.service.faults.clear();
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
        // The end of the `stop` channel stops the server, once the cancelled queries have been answered.
        self.service.queries.cancel_all();
        self.service.operations.cancel_all();
        // A message that was being worked on comes back.
        if let Some(pump) = &self.pump {
            pump.abort();
        }
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
    authentication: Authentication,
    login_endpoint: Option<String>,
    #[cfg(feature = "tls")]
    tls: bool,
    max_concurrent_queries: Option<usize>,
    faults: Vec<Fault>,
    journal_file: Option<PathBuf>,
    data_folder: Option<PathBuf>,
    storage_account: Option<String>,
    ingest_folder: Option<PathBuf>,
}

impl EmulatorBuilder {
    /// The port on 127.0.0.1 to listen on; without one, or with 0, a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.address = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        self
    }

    /// The address to listen on. Unless [`authentication`](Self::authentication) says otherwise, whoever reaches it
    /// can read and change everything.
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

    /// Which tokens requests need; without this, none.
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// Where clients are told to get tokens, as `https://login.microsoftonline.com`, which it is without this.
    pub fn login_endpoint(mut self, uri: impl Into<String>) -> Self {
        self.login_endpoint = Some(uri.into());
        self
    }

    /// Speaks TLS, with a certificate made for this run; [`Emulator::certificate`] is what clients must trust.
    /// Needs the feature `tls`.
    #[cfg(feature = "tls")]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Refuses a query with status 429 while so many are running. Without this, queries wait for their turn.
    pub fn max_concurrent_queries(mut self, most: usize) -> Self {
        self.max_concurrent_queries = Some(most);
        self
    }

    /// Something that is to go wrong.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// A file to which each request is added when it is answered, as a line of JSON without its token.
    pub fn journal_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal_file = Some(path.into());
        self
    }

    /// A folder to keep databases in, tables as Parquet files: what was answered with success is there after a
    /// restart, even if the service dies. It is made if need be; only one service can use it at a time.
    pub fn data_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data_folder = Some(folder.into());
        self
    }

    /// A storage account, by its connection string, for queued ingestion: clients are lent its containers and queues,
    /// and what they put there comes into tables. It is meant for Azurite on loopback and must be reached over plain
    /// HTTP: `AccountName=…;AccountKey=…;BlobEndpoint=http://…;QueueEndpoint=…;TableEndpoint=…`.
    pub fn storage_account(mut self, connection_string: impl Into<String>) -> Self {
        self.storage_account = Some(connection_string.into());
        self
    }

    /// A folder whose files may be named in `.ingest into table T ('file.csv')`. Without one, none may; files outside
    /// of it never may.
    pub fn ingest_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.ingest_folder = Some(folder.into());
        self
    }

    /// Starts the service.
    ///
    /// # Errors
    ///
    /// When a file cannot be attached or opened, the data folder cannot be used, the address cannot be had, or no
    /// certificate can be made; the message says which and why.
    pub async fn start(mut self) -> Result<Emulator, EmulatorError> {
        let (data_folder, databases) = (self.data_folder.take(), std::mem::take(&mut self.databases));
        let files = std::mem::take(&mut self.files);
        let storage = prepare(data_folder, databases, files, self.sample_storms).await?;
        let journal_file = self.journal_file.as_deref().map(open_journal).transpose()?;
        let queued = match self.storage_account.take() {
            Some(account) => Some(open_storage(&account).await?),
            None => None,
        };
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
        let listener = listen(address).map_err(cannot_listen)?;
        let local = listener.local_addr().map_err(cannot_listen)?;
        let (uri, acceptor, certificate) = self.acceptor(local)?;
        let connection_string = format!("{uri}/{DEFAULT_DATABASE}");
        let service = Arc::new(Service {
            authority: authority(&self.authentication, self.login_endpoint),
            gate: Gate::new(self.authentication),
            admission: Admission::new(self.max_concurrent_queries),
            faults: Faults::new(self.faults),
            journal: Journal::new(MAX_REQUESTS, journal_file),
            sources: Arc::new(Sources {
                folder: self.ingest_folder,
            }),
            queued,
            ..Service::new(storage, uri)
        });
        let pump = service
            .queued
            .is_some()
            .then(|| tokio::spawn(queued::pump(Arc::clone(&service))));
        let (stop, stopped) = oneshot::channel::<()>();
        let answering = Arc::clone(&service);
        let server = tokio::spawn(async move {
            let until = async {
                // Either word, or the sender's end, means stop.
                let _ = stopped.await;
            };
            let storage = answering.storage.clone();
            server::serve(listener, acceptor, answering, until).await;
            // Threads of requests may still end; the folder is free for the next service now.
            storage.close();
        });
        Ok(Emulator {
            service,
            connection_string,
            certificate,
            stop: Some(stop),
            server,
            pump,
        })
    }

    /// How connections begin: the address with its scheme, what accepts them, and the certificate to trust.
    fn acceptor(&self, local: SocketAddr) -> Result<(String, Acceptor, Option<String>), EmulatorError> {
        #[cfg(feature = "tls")]
        if self.tls {
            let tls = Tls::generate(local.ip()).map_err(|error| EmulatorError {
                kind: EmulatorErrorKind::Certificate,
                message: format!("cannot make a certificate: {error}"),
            })?;
            let acceptor = Acceptor::Tls(tls.acceptor);
            return Ok((format!("https://{local}"), acceptor, Some(tls.certificate)));
        }
        Ok((format!("http://{local}"), Acceptor::Plain, None))
    }
}

/// Listens, with room for many clients that come at the same moment: those for whom there is none are turned away by the
/// operating system, which looks like a broken connection.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Where tokens come from: what was said, or what the tokens that are accepted let one know.
fn authority(authentication: &Authentication, login_endpoint: Option<String>) -> Authority {
    let mut authority = Authority::default();
    #[cfg(feature = "tls")]
    if let Authentication::Issuer(issuer) = authentication {
        authority.login_endpoint = issuer.name().to_owned();
        if let Some(audience) = issuer.first_audience() {
            authority.resource = audience.to_owned();
        }
    }
    #[cfg(not(feature = "tls"))]
    let _ = authentication;
    if let Some(login_endpoint) = login_endpoint {
        authority.login_endpoint = login_endpoint;
    }
    authority
}

/// Makes what queued ingestion needs in a storage account.
async fn open_storage(connection_string: &str) -> Result<Queued, EmulatorError> {
    let failed = |message: String| EmulatorError {
        kind: EmulatorErrorKind::Storage,
        message,
    };
    let account = StorageAccount::parse(connection_string).map_err(failed)?;
    let queued = Queued::start(account).await;
    queued.map_err(|error| failed(error.to_string()))
}

/// Opens the file for the journal, to add to it.
fn open_journal(path: &Path) -> Result<File, EmulatorError> {
    let file = File::options().create(true).append(true).open(path);
    file.map_err(|error| EmulatorError {
        kind: EmulatorErrorKind::File,
        message: format!("cannot write the journal {}: {error}", path.display()),
    })
}

/// Makes the databases, reads the schemas of the files, and makes the sample, on a thread that may block.
async fn prepare(
    data_folder: Option<PathBuf>,
    databases: Vec<String>,
    files: Vec<(Option<String>, PathBuf)>,
    sample_storms: u64,
) -> Result<Storage, EmulatorError> {
    let failed = |kind| move |message: String| EmulatorError { kind, message };
    let prepared = tokio::task::spawn_blocking(move || {
        let storage = match &data_folder {
            Some(folder) => Storage::open(folder).map_err(failed(EmulatorErrorKind::Folder))?,
            None => Storage::new(),
        };
        for name in [DEFAULT_DATABASE]
            .into_iter()
            .chain(databases.iter().map(String::as_str))
        {
            let created = storage.create_database(name);
            created.map_err(|error| failed(EmulatorErrorKind::Folder)(error.to_string()))?;
        }
        attach(&storage, files, sample_storms).map_err(failed(EmulatorErrorKind::File))?;
        Ok(storage)
    });
    prepared
        .await
        .unwrap_or_else(|error| Err(failed(EmulatorErrorKind::File)(error.to_string())))
}

/// Adds files and the sample to the default database.
fn attach(
    storage: &Storage,
    files: Vec<(Option<String>, PathBuf)>,
    sample_storms: u64,
) -> Result<(), String> {
    let insert = |table: Table| {
        let inserted = storage.update(DEFAULT_DATABASE, |database| {
            let taken = database.tables.contains_key(&table.name);
            if !taken {
                database.tables.insert(table.name.clone(), Arc::new(table));
            }
            Ok::<_, EngineError>(!taken)
        });
        inserted.map_err(|error| error.to_string())
    };
    for (name, path) in files {
        let file = AttachedFile::open(&path)?;
        let name = name.unwrap_or_else(|| AttachedFile::table_name(&path));
        if !insert(Table::attached(name.clone(), file))? {
            let path = path.display();
            return Err(format!(
                "{path}: there is a table '{name}' already; give this file another name: name={path}"
            ));
        }
    }
    if sample_storms > 0 {
        // A data folder may have kept it from last time.
        insert(storms_table(sample_storms).map_err(|error| error.to_string())?)?;
    }
    Ok(())
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
    let mut reader = Rows::of_text(
        Box::new(Cursor::new(text)),
        DataFormat::Csv,
        &columns,
        None,
        RowRules::header(true),
    )?;
    let mut table = Table::new("storms", columns);
    while let Some(batch) = reader.next()? {
        table.append(batch)?;
    }
    Ok(table)
}

/// A service that could not be started or set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmulatorError {
    kind: EmulatorErrorKind,
    message: String,
}

/// What an [`EmulatorError`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EmulatorErrorKind {
    /// The address to listen on.
    Address,
    /// The certificate for TLS.
    Certificate,
    /// A list of faults.
    Fault,
    /// A file to attach or to write.
    File,
    /// The folder that databases are kept in.
    Folder,
    /// The storage account for queued ingestion.
    Storage,
}

impl EmulatorError {
    pub(crate) const fn fault(message: String) -> Self {
        Self {
            kind: EmulatorErrorKind::Fault,
            message,
        }
    }

    /// What it is about.
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

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 4096;
