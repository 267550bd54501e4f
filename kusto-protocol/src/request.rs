//! Requests as data, written to HTTP by clients and read from it by servers.

mod header;
mod queued;
mod read;
mod write;

use std::fmt;

use bytes::Bytes;
use http::Method;

use crate::data_format::DataFormat;
use crate::endpoint::Endpoint;
use crate::ingestion_message::IngestionMessage;
use crate::literal::{Literal, kql_string};
use crate::parse_error::ParseError;
use crate::properties::ClientRequestProperties;
use crate::secret::Secret;

pub use header::{AcceptEncoding, tracing_value};

/// A query, a management command, or an ingestion.
///
/// [`into_http`](Self::into_http) writes it for a service, without a token; [`from_http`](Self::from_http) reads
/// what a client wrote. Both are pure: sending is for the HTTP client of your choice.
///
/// ```
/// use kusto_protocol::{Endpoint, Request};
///
/// let endpoint: Endpoint = "https://help.kusto.windows.net".parse()?;
/// let request = Request::query("Samples", "StormEvents | take n")
///     .parameter("n", 10_i64)
///     .client_request_id("Report.Nightly;7f1c");
/// let http = request.clone().into_http(&endpoint)?;
/// assert_eq!(http.uri(), "https://help.kusto.windows.net/v2/rest/query");
/// assert_eq!(http.headers()["x-ms-client-request-id"], "Report.Nightly;7f1c");
/// assert_eq!(
///     http.body(),
///     r#"{"db":"Samples","csl":"StormEvents | take n","properties":{"Parameters":{"n":"long(10)"}}}"#,
/// );
/// assert_eq!(Request::from_http(&http)?, request);
/// # Ok::<(), kusto_protocol::ParseError>(())
/// ```
///
/// The text of that query must declare `n`; [`QueryParameters::declare`](crate::QueryParameters::declare) writes the
/// declaration.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct Request {
    /// What is asked for.
    pub kind: RequestKind,
    /// Options, parameters, the request's id, and who asks.
    pub properties: ClientRequestProperties,
    /// How the answer may be compressed.
    pub accept_encoding: AcceptEncoding,
    /// The client library (`x-ms-client-version`).
    pub client_version: Option<String>,
    /// Whether the service must refuse to write (`x-ms-readonly`).
    pub read_only: bool,
}

/// What a [`Request`] asks for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RequestKind {
    /// A query, in KQL or T-SQL.
    Query {
        /// The database that names in the text refer to.
        database: String,
        /// The text.
        text: String,
        /// Which layout the answer has.
        version: QueryVersion,
        /// `POST`, or `GET` with everything in the address.
        method: Method,
    },
    /// A management command; answered in the first layout.
    Mgmt {
        /// The database that names in the text refer to; for commands of the whole cluster, any that exists.
        database: String,
        /// The text, which begins with a dot.
        text: String,
    },
    /// Rows to add to a table at once.
    StreamingIngest {
        /// The table's database.
        database: String,
        /// The table.
        table: String,
        /// The format of the data.
        format: DataFormat,
        /// The name of a mapping that the table has.
        mapping: Option<String>,
        /// The data.
        source: StreamingSource,
    },
    /// The settings of queued ingestion over REST; answered with an
    /// [`IngestionConfiguration`](crate::IngestionConfiguration).
    IngestionConfiguration,
    /// Blobs to load into a table, over REST instead of a queue; answered with an
    /// [`AcceptedIngestion`](crate::AcceptedIngestion).
    QueuedIngest {
        /// The blobs. They differ in id, address and size alone; who asks and where reports go is not sent.
        messages: Vec<IngestionMessage>,
        /// Whether the service keeps a status that can be asked for.
        enable_tracking: bool,
    },
    /// What became of blobs that were queued over REST; answered with an
    /// [`IngestionOperationStatus`](crate::IngestionOperationStatus).
    IngestionStatus {
        /// The table's database.
        database: String,
        /// The table.
        table: String,
        /// The id that the service gave when it took the blobs.
        operation: String,
        /// Whether each blob is reported, or their numbers alone.
        with_details: bool,
    },
}

/// Which layout the answer to a query has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum QueryVersion {
    /// One object with a list of tables.
    V1,
    /// A list of frames.
    #[default]
    V2,
}

/// Where the data of a streaming ingestion is.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum StreamingSource {
    /// In the request.
    Data {
        /// The bytes as they are sent.
        body: Bytes,
        /// Whether they are compressed with gzip.
        is_gzip: bool,
    },
    /// In a blob; its address holds the credential.
    Blob(Secret),
}

impl Request {
    /// The version of the HTTP interface that requests ask for (`x-ms-version`).
    pub const API_VERSION: &str = "2024-12-12";
    /// Header of the request's id, in both directions.
    pub const HEADER_CLIENT_REQUEST_ID: &str = "x-ms-client-request-id";
    /// Header of the service's own id of the request; in responses.
    pub const HEADER_ACTIVITY_ID: &str = "x-ms-activity-id";
    /// Header of the application's name.
    pub const HEADER_APP: &str = "x-ms-app";
    /// Header of the user's name.
    pub const HEADER_USER: &str = "x-ms-user";
    /// Header of the client library.
    pub const HEADER_CLIENT_VERSION: &str = "x-ms-client-version";
    /// Header whose presence forbids writing.
    pub const HEADER_READONLY: &str = "x-ms-readonly";
    /// Header of [`API_VERSION`](Self::API_VERSION).
    pub const HEADER_VERSION: &str = "x-ms-version";

    /// A query. An empty database is sent as [`DEFAULT_DATABASE`](crate::ConnectionString::DEFAULT_DATABASE).
    pub fn query(database: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(RequestKind::Query {
            database: database.into(),
            text: text.into(),
            version: QueryVersion::V2,
            method: Method::POST,
        })
    }

    /// A management command. An empty database is sent as
    /// [`DEFAULT_DATABASE`](crate::ConnectionString::DEFAULT_DATABASE).
    pub fn mgmt(database: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(RequestKind::Mgmt {
            database: database.into(),
            text: text.into(),
        })
    }

    /// A management command if the text begins with a dot (blanks and comments aside), else a query.
    ///
    /// ```
    /// use kusto_protocol::{Request, RequestKind};
    ///
    /// let request = Request::query_or_mgmt("Samples", "// what is there?\n.show tables");
    /// assert!(matches!(request.kind, RequestKind::Mgmt { .. }));
    /// ```
    pub fn query_or_mgmt(database: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        if is_command(&text) {
            Self::mgmt(database, text)
        } else {
            Self::query(database, text)
        }
    }

    /// The command that cancels a running query, by the id that its request had.
    pub fn cancel_query(database: impl Into<String>, client_request_id: &str) -> Self {
        Self::mgmt(
            database,
            format!(".cancel query {}", kql_string(client_request_id)),
        )
    }

    /// A streaming ingestion of data that is not compressed; see [`gzip`](Self::gzip).
    pub fn streaming_ingest(
        database: impl Into<String>,
        table: impl Into<String>,
        format: DataFormat,
        body: impl Into<Bytes>,
    ) -> Self {
        Self::streaming(
            database.into(),
            table.into(),
            format,
            StreamingSource::Data {
                body: body.into(),
                is_gzip: false,
            },
        )
    }

    /// A streaming ingestion of a blob, whose address holds the credential.
    pub fn streaming_ingest_blob(
        database: impl Into<String>,
        table: impl Into<String>,
        format: DataFormat,
        blob: impl Into<Secret>,
    ) -> Self {
        Self::streaming(
            database.into(),
            table.into(),
            format,
            StreamingSource::Blob(blob.into()),
        )
    }

    /// The question for the settings of queued ingestion over REST, for an ingestion service.
    pub fn ingestion_configuration() -> Self {
        Self::new(RequestKind::IngestionConfiguration)
    }

    /// Blobs for an ingestion service to load, over REST. They must differ in id, address and size alone.
    ///
    /// Source of the shape: the service's documentation of the REST API (a preview), and Microsoft's SDK for Java.
    ///
    /// ```
    /// use kusto_protocol::{DataFormat, Endpoint, Guid, IngestionMessage, Request};
    ///
    /// let endpoint: Endpoint = "https://ingest-help.kusto.windows.net".parse()?;
    /// let id: Guid = "123e27de-1e4e-49d9-b579-fe0b331d3642".parse()?;
    /// let blob = IngestionMessage::new(id, "https://acct.blob.core.windows.net/c/b.csv?sig=s3cret", "Samples", "T", "")
    ///     .format(DataFormat::Csv);
    /// let http = Request::queued_ingest([blob], true).into_http(&endpoint)?;
    /// assert_eq!(http.uri().path(), "/v1/rest/ingestion/queued/Samples/T");
    /// # Ok::<(), kusto_protocol::ParseError>(())
    /// ```
    pub fn queued_ingest(
        messages: impl IntoIterator<Item = IngestionMessage>,
        enable_tracking: bool,
    ) -> Self {
        Self::new(RequestKind::QueuedIngest {
            messages: messages.into_iter().collect(),
            enable_tracking,
        })
    }

    /// The question what became of blobs that were queued over REST.
    pub fn ingestion_status(
        database: impl Into<String>,
        table: impl Into<String>,
        operation: impl Into<String>,
        with_details: bool,
    ) -> Self {
        Self::new(RequestKind::IngestionStatus {
            database: database.into(),
            table: table.into(),
            operation: operation.into(),
            with_details,
        })
    }

    /// Asks for another layout of the answer to a query.
    pub fn version(mut self, wanted: QueryVersion) -> Self {
        if let RequestKind::Query { version, .. } = &mut self.kind {
            *version = wanted;
        }
        self
    }

    /// Puts a query into the address (`GET`). Addresses are logged and cut by proxies, so this is for short queries
    /// without secrets.
    pub fn get(mut self) -> Self {
        if let RequestKind::Query { method, .. } = &mut self.kind {
            *method = Method::GET;
        }
        self
    }

    /// Names the mapping of a streaming ingestion.
    pub fn mapping(mut self, name: impl Into<String>) -> Self {
        if let RequestKind::StreamingIngest { mapping, .. } = &mut self.kind {
            *mapping = Some(name.into());
        }
        self
    }

    /// Says whether the data of a streaming ingestion is compressed with gzip.
    pub fn gzip(mut self, value: bool) -> Self {
        if let RequestKind::StreamingIngest {
            source: StreamingSource::Data { is_gzip, .. },
            ..
        } = &mut self.kind
        {
            *is_gzip = value;
        }
        self
    }

    /// Replaces all properties.
    pub fn properties(mut self, properties: ClientRequestProperties) -> Self {
        self.properties = properties;
        self
    }

    /// Sets an option by its name on the wire; the setters of [`ClientRequestProperties`] know the names.
    pub fn option(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.properties = self.properties.option(name, value);
        self
    }

    /// Sets the value of a query parameter.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Literal>) -> Self {
        self.properties = self.properties.parameter(name, value);
        self
    }

    /// Sets the id of the request.
    pub fn client_request_id(mut self, id: impl Into<String>) -> Self {
        self.properties = self.properties.client_request_id(id);
        self
    }

    /// Sets how the answer may be compressed.
    pub fn accept_encoding(mut self, encoding: AcceptEncoding) -> Self {
        self.accept_encoding = encoding;
        self
    }

    /// Sets the client library; [`tracing_value`] writes the customary form.
    pub fn client_version(mut self, version: impl Into<String>) -> Self {
        self.client_version = Some(version.into());
        self
    }

    /// Has the service refuse to write.
    pub fn read_only(mut self, value: bool) -> Self {
        self.read_only = value;
        self
    }

    /// Writes the request for a service. What is still missing is `Authorization`.
    ///
    /// Texts that go into headers are brought to printable ASCII, every other character becoming `?`.
    ///
    /// # Errors
    ///
    /// If the text, or the database or table of an ingestion, is empty; if a documented option has a value of the
    /// wrong type; if blobs to be queued differ in more than they may; or if the address of a `GET` exceeds 65 534
    /// bytes.
    pub fn into_http(self, endpoint: &Endpoint) -> Result<http::Request<Bytes>, ParseError> {
        write::request(self, endpoint)
    }

    /// The body alone of a query or command that is sent with `POST`, as [`into_http`](Self::into_http) writes it: for
    /// whoever has address and headers of an earlier one, which are the same then.
    ///
    /// # Errors
    ///
    /// As [`into_http`](Self::into_http), and for requests of other kinds.
    ///
    /// ```
    /// use kusto_protocol::Request;
    ///
    /// let body = Request::query("Samples", "StormEvents | count").to_post_body()?;
    /// assert_eq!(body, r#"{"db":"Samples","csl":"StormEvents | count"}"#);
    /// # Ok::<(), kusto_protocol::ParseError>(())
    /// ```
    pub fn to_post_body(&self) -> Result<Bytes, ParseError> {
        write::post_body(self)
    }

    /// Reads a request as a server gets it. The path decides what it is; headers that are not Kusto's, such as
    /// `Authorization`, are left to the caller.
    ///
    /// # Errors
    ///
    /// If path and method are not those of a query, a command or an ingestion
    /// ([`Unknown`](crate::ParseErrorKind::Unknown)), or if the rest does not fit.
    pub fn from_http(request: &http::Request<Bytes>) -> Result<Self, ParseError> {
        read::request(request)
    }

    fn streaming(database: String, table: String, format: DataFormat, source: StreamingSource) -> Self {
        Self::new(RequestKind::StreamingIngest {
            database,
            table,
            format,
            mapping: None,
            source,
        })
    }

    fn new(kind: RequestKind) -> Self {
        Self {
            kind,
            properties: ClientRequestProperties::new(),
            accept_encoding: AcceptEncoding::default(),
            client_version: None,
            read_only: false,
        }
    }
}

/// Data is shown by its length alone.
impl fmt::Debug for StreamingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data { body, is_gzip } => f
                .debug_struct("Data")
                .field("len", &body.len())
                .field("is_gzip", is_gzip)
                .finish(),
            Self::Blob(blob) => f.debug_tuple("Blob").field(blob).finish(),
        }
    }
}

fn is_command(text: &str) -> bool {
    let mut text = text.trim_start();
    while text.starts_with("//") {
        text = text.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
    }
    text.starts_with('.')
}

const WHAT: &str = "request";

#[cfg(test)]
mod tests;
