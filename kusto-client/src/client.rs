//! The client and how it is made.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::HttpClient;
use kusto_auth::{CloudCache, CloudInfo, Credential, TokenSource, TrustedHosts};
use kusto_ingest::{
    DirectIngestClient, ManagedStreamingIngestClient, QueuedIngestClient, StreamingIngestClient,
};
use kusto_protocol::{ConnectionString, DeepLink, Endpoint, Request};
use kusto_transport::{Pipeline, PipelineOptions, RetryPolicy};

use crate::error::Error;
use crate::query::{Query, Verb};

/// A client of one cluster.
///
/// Cloning is cheap; clones share connections and tokens. Making a client sends nothing.
///
/// ```no_run
/// # async fn example() -> Result<(), kusto_client::Error> {
/// use kusto_client::Client;
///
/// let client = Client::from_connection_string("https://help.kusto.windows.net/Samples;Fed=true")?;
/// let (count,): (i64,) = client.query("StormEvents | count").fetch_one().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pipeline: Pipeline,
    database: Option<String>,
    query_consistency: Option<String>,
}

/// Collects what a [`Client`] is made of; [`build`](Self::build) makes it.
///
/// The connection string says the cluster, the database and the identity. What is set here wins.
#[derive(Debug)]
#[must_use]
pub struct ClientBuilder {
    connection_string: Result<ConnectionString, Error>,
    database: Option<String>,
    credential: Option<Credential>,
    http_client: Option<Arc<dyn HttpClient>>,
    trusted_hosts: TrustedHosts,
    cloud: Option<CloudInfo>,
    login_endpoint: Option<String>,
    local_secrets: bool,
    options: PipelineOptions,
}

impl Client {
    /// A client for a connection string such as `https://<cluster>.<region>.kusto.windows.net/<database>;Fed=true`.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput), if the string cannot be read, or asks for a sign-in that is
    /// not supported; the message names the alternative.
    pub fn from_connection_string(connection_string: impl AsRef<str>) -> Result<Self, Error> {
        Self::builder(connection_string).build()
    }

    /// Starts a client that is to have its own credential, HTTP client or other settings.
    pub fn builder(connection_string: impl AsRef<str>) -> ClientBuilder {
        ClientBuilder::new(connection_string.as_ref().parse().map_err(Error::from))
    }

    /// A query in KQL (or T-SQL, with the option `query_language`). Nothing is sent before one of its terminal
    /// methods is called.
    pub fn query(&self, text: impl Into<String>) -> Query {
        Query::new(self.clone(), Verb::Query, text.into())
    }

    /// A management command: a text that begins with a dot. Nothing is sent before one of its terminal methods is
    /// called.
    pub fn mgmt(&self, text: impl Into<String>) -> Query {
        Query::new(self.clone(), Verb::Mgmt, text.into())
    }

    /// Cancels a running query by the id that its request had. The caller may cancel their own queries, database
    /// administrators all of their database. Best effort: the query may have ended meanwhile.
    ///
    /// # Errors
    ///
    /// If the service refuses the command or cannot be reached.
    pub async fn cancel(&self, client_request_id: &str) -> Result<(), Error> {
        let request = Request::cancel_query(self.database().unwrap_or_default(), client_request_id);
        let mut frames = self.shared.pipeline.frames(request).await?;
        while frames.next().await?.is_some() {}
        Ok(())
    }

    /// A link that opens a query in a web page or desktop tool, for this cluster and database.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput), if the query is too long for a link.
    pub fn deep_link(&self, query: &str) -> Result<String, Error> {
        let mut link = DeepLink::new(self.endpoint().clone()).query(query);
        if let Some(database) = self.database() {
            link = link.database(database);
        }
        Ok(link.to_url()?)
    }

    /// Streaming ingestion into tables of this cluster.
    pub fn streaming_ingest(&self) -> StreamingIngestClient {
        StreamingIngestClient::new(self.shared.pipeline.clone())
    }

    /// Queued ingestion into tables of this cluster. Keep it: it keeps what the service lends.
    pub fn queued_ingest(&self) -> QueuedIngestClient {
        QueuedIngestClient::new(&self.shared.pipeline)
    }

    /// Streaming ingestion with queued ingestion behind it. Keep it, as [`queued_ingest`](Self::queued_ingest).
    pub fn managed_streaming_ingest(&self) -> ManagedStreamingIngestClient {
        ManagedStreamingIngestClient::new(&self.shared.pipeline)
    }

    /// Commands that make a table of this client's database, or put rows into it.
    pub fn direct_ingest(&self, table: impl Into<String>) -> DirectIngestClient {
        let database = self.database().unwrap_or(ConnectionString::DEFAULT_DATABASE);
        DirectIngestClient::new(self.shared.pipeline.clone(), database, table)
    }

    /// The cluster.
    pub fn endpoint(&self) -> &Endpoint {
        self.shared.pipeline.endpoint()
    }

    /// The database that queries run in unless they say another; `None` for the service's default.
    pub fn database(&self) -> Option<&str> {
        self.shared.database.as_deref()
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.shared.pipeline
    }

    pub(crate) fn query_consistency(&self) -> Option<&str> {
        self.shared.query_consistency.as_deref()
    }
}

impl ClientBuilder {
    fn new(connection_string: Result<ConnectionString, Error>) -> Self {
        Self {
            connection_string,
            database: None,
            credential: None,
            http_client: None,
            trusted_hosts: TrustedHosts::default(),
            cloud: None,
            login_endpoint: None,
            local_secrets: true,
            options: PipelineOptions::default(),
        }
    }

    /// Sets the default database.
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// Sets the identity, in place of the connection string's.
    pub fn credential(mut self, credential: impl Into<Credential>) -> Self {
        self.credential = Some(credential.into());
        self
    }

    /// Sets what sends the requests: another HTTP stack, a recorder, a service in memory. It must not follow
    /// redirects, and should not undo compression or limit how long an answer may be silent. The bundled one can be had
    /// with other settings (proxy, certificates, numbers of connections) from `http_client_with`.
    pub fn http_client(mut self, http_client: Arc<dyn HttpClient>) -> Self {
        self.http_client = Some(http_client);
        self
    }

    /// Sets the hosts that may receive a token.
    pub fn trusted_hosts(mut self, hosts: TrustedHosts) -> Self {
        self.trusted_hosts = hosts;
        self
    }

    /// Sets which cloud the cluster is in, so that it is not asked.
    pub fn cloud(mut self, cloud: CloudInfo) -> Self {
        self.cloud = Some(cloud);
        self
    }

    /// Sets the identity provider to sign in at, such as `https://login.microsoftonline.com`, in place of the cloud's.
    pub fn login_endpoint(mut self, address: impl Into<String>) -> Self {
        self.login_endpoint = Some(address.into());
        self
    }

    /// Sets whether the connection string may ask for an identity of this machine: one from its environment, files,
    /// command-line tools or managed identities, or a person at its screen. It may by default; turn it off for strings
    /// from people who are not trusted: see
    /// [`Credential::from_untrusted_connection_string`](kusto_auth::Credential::from_untrusted_connection_string).
    pub fn local_secrets(mut self, value: bool) -> Self {
        self.local_secrets = value;
        self
    }

    /// Sets the application that the service's logs show. Default: the connection string's, else the program's name.
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.options.application = Some(name.into());
        self
    }

    /// Sets the user that the service's logs show.
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.options.user = Some(name.into());
        self
    }

    /// Sets when requests are sent once more.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry = policy;
        self
    }

    /// Sets how long an answer may be silent. There is no such limit by default: a query may compute for minutes
    /// between two rows.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.options.idle_timeout = Some(limit);
        self
    }

    /// Sets how long the service may work on a query that does not say: one second to one hour. Default: 4 minutes.
    pub fn query_timeout(mut self, limit: Duration) -> Self {
        self.options.query_timeout = limit;
        self
    }

    /// Sets how long the service may work on a command that does not say: one second to one hour. Default: 10
    /// minutes.
    pub fn mgmt_timeout(mut self, limit: Duration) -> Self {
        self.options.mgmt_timeout = limit;
        self
    }

    /// Sets how long the service may work on a streaming ingestion: one second to one hour. Default: 10 minutes.
    pub fn ingest_timeout(mut self, limit: Duration) -> Self {
        self.options.ingest_timeout = limit;
        self
    }

    /// Sets how much longer than the service the client waits for the end of an answer: token, connection and all
    /// tries included. Default: 30 s.
    pub fn timeout_margin(mut self, margin: Duration) -> Self {
        self.options.timeout_margin = margin;
        self
    }

    /// Sets how many redirects are followed, each only to a trusted host. Default: none.
    pub fn max_redirects(mut self, count: u64) -> Self {
        self.options.max_redirects = count;
        self
    }

    /// Adds a header to every request, for gateways that want their own.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.headers.push((name.into(), value.into()));
        self
    }

    /// Sets from how many bytes on the text of a query or command is sent compressed. Default: never, because the
    /// service does not document that it takes that.
    pub fn compress_requests_from(mut self, bytes: usize) -> Self {
        self.options.compress_requests_from = Some(bytes);
        self
    }

    /// Sets whether answers may come compressed. They may by default, unless the connection string says
    /// `Uncompressed=True`. The [guide](crate::guide::queries) says on which networks that is slower.
    pub fn compression(mut self, value: bool) -> Self {
        self.options.compression = value;
        self
    }

    /// Sets how many threads may help to decode a large answer: see
    /// [`PipelineOptions::decode_threads`](kusto_transport::PipelineOptions::decode_threads). One by default, if the
    /// machine has several cores.
    pub fn decode_threads(mut self, count: usize) -> Self {
        self.options.decode_threads = count;
        self
    }

    /// Sets whether a query is cancelled on the service when its results are dropped before their end, or when it
    /// takes too long. It is by default, if there is a tokio runtime to send the command from.
    pub fn cancel_on_drop(mut self, value: bool) -> Self {
        self.options.cancel_on_drop = value;
        self
    }

    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput), if the connection string cannot be read, if it asks for a
    /// sign-in that is not supported, or if there is nothing to send requests with.
    pub fn build(self) -> Result<Client, Error> {
        let string = self.connection_string?;
        let credential = match self.credential {
            Some(credential) => credential,
            None if self.local_secrets => Credential::from_connection_string(&string)?,
            None => Credential::from_untrusted_connection_string(&string)?,
        };
        let http_client = match self.http_client {
            Some(http_client) => http_client,
            None => bundled_http_client()?,
        };
        let own = |text: Option<&str>| text.map(str::to_owned);
        let mut options = self.options;
        options.application = options
            .application
            .or_else(|| own(string.application_name()))
            .or_else(process_name);
        options.user = options.user.or_else(|| own(string.user_name()));
        if let Some(version) = string.client_version() {
            options.client_version = version.to_owned();
        }
        options.compression &= !string.is_uncompressed();
        options.enforce_mfa = string.is_mfa_enforced();
        let endpoint = string.endpoint().clone();
        let clouds = CloudCache::new();
        if let Some(cloud) = self.cloud {
            clouds.seed(&endpoint, cloud);
        }
        let mut tokens = TokenSource::new(endpoint, credential, Arc::clone(&http_client))
            .trusted_hosts(self.trusted_hosts)
            .clouds(clouds)
            .enforce_mfa(options.enforce_mfa);
        if let Some(address) = self.login_endpoint {
            tokens = tokens.login_endpoint(address);
        }
        Ok(Client {
            shared: Arc::new(Shared {
                pipeline: Pipeline::with_tokens(tokens, http_client, options),
                database: self.database.or_else(|| own(string.database())),
                query_consistency: own(string.query_consistency()),
            }),
        })
    }
}

impl From<ConnectionString> for ClientBuilder {
    fn from(connection_string: ConnectionString) -> Self {
        Self::new(Ok(connection_string))
    }
}

/// The name of the running program, which the service's logs show unless the caller names an application.
fn process_name() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    Some(path.file_stem()?.to_string_lossy().into_owned())
}

#[cfg(feature = "http-client")]
fn bundled_http_client() -> Result<Arc<dyn HttpClient>, Error> {
    Ok(kusto_transport::http_client()?)
}

#[cfg(not(feature = "http-client"))]
fn bundled_http_client() -> Result<Arc<dyn HttpClient>, Error> {
    Err(Error::invalid_input(
        "no HTTP client: pass one, or turn on the feature http-client",
    ))
}
