//! A request as it leaves: address, headers, body, time limit.

use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;

use azure_core::credentials::AccessToken;
use azure_core::http::headers::HeaderName as AzureHeaderName;
use azure_core::http::{Body, Method, Request as AzureRequest, Url};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderName, HeaderValue, header};
use kusto_protocol::{AcceptEncoding, Endpoint, QueryVersion, Request, RequestKind, options};

use crate::error::{TransportError, TransportErrorKind};
use crate::headers;
use crate::pipeline::Pipeline;
use crate::pipeline_options::PipelineOptions;
use crate::request_id::{new_request_id, of_try};

/// Everything about a request but its token and the number of its try.
pub(crate) struct Outgoing {
    request: AzureRequest,
    url: Url,
    /// The id of the first try.
    stem: String,
    /// What is done: for traces.
    pub(crate) operation: &'static str,
    pub(crate) database: String,
    /// Whether the service is told when nobody waits for the answer any more.
    pub(crate) is_cancelled_on_drop: bool,
    /// Whether a second run does no harm.
    pub(crate) is_repeatable: bool,
    /// From the call to the end of the body.
    pub(crate) limit: Duration,
    /// How many redirects are followed.
    pub(crate) max_redirects: u64,
}

impl Outgoing {
    pub(crate) fn new(request: &Request, pipeline: &Pipeline) -> Result<Self, TransportError> {
        let options = pipeline.options();
        let mut request = request.clone();
        let (operation, activity, default_timeout) = match &request.kind {
            RequestKind::Query { .. } => ("query", "execute", options.query_timeout),
            RequestKind::StreamingIngest { .. } => {
                ("ingest", "executeStreamingIngest", options.ingest_timeout)
            }
            RequestKind::QueuedIngest { .. } => ("queue", "executeQueuedIngest", SHORT_TIMEOUT),
            RequestKind::IngestionConfiguration => {
                ("configuration", "executeGetIngestionConfiguration", SHORT_TIMEOUT)
            }
            RequestKind::IngestionStatus { .. } => ("status", "executeGetIngestionStatus", SHORT_TIMEOUT),
            _ => ("mgmt", "execute", options.mgmt_timeout),
        };
        let database = match &request.kind {
            RequestKind::Query { database, .. }
            | RequestKind::Mgmt { database, .. }
            | RequestKind::StreamingIngest { database, .. }
            | RequestKind::IngestionStatus { database, .. } => database.clone(),
            RequestKind::QueuedIngest { messages, .. } => messages
                .first()
                .map(|message| message.database.clone())
                .unwrap_or_default(),
            _ => String::new(),
        };
        let is_query = matches!(request.kind, RequestKind::Query { .. });
        let is_question = matches!(
            request.kind,
            RequestKind::IngestionConfiguration | RequestKind::IngestionStatus { .. }
        );
        // Only where the service is known to read it compressed.
        let is_compressible = matches!(request.kind, RequestKind::Query { .. } | RequestKind::Mgmt { .. });
        let is_repeatable = is_query || is_question || request.read_only || pipeline.is_idempotent();
        let max_redirects = match request.properties.options.get(options::CLIENT_MAX_REDIRECT_COUNT) {
            Some(count) => count.as_u64().unwrap_or_default(),
            None => options.max_redirects,
        };
        let timeout = request.properties.effective_server_timeout(default_timeout);
        request.properties = request.properties.server_timeout(timeout);
        if !options.compression {
            request.accept_encoding = AcceptEncoding::Identity;
        }
        let properties = &mut request.properties;
        let client_request_id = properties.client_request_id.take();
        properties.application = properties
            .application
            .take()
            .or_else(|| options.application.clone());
        properties.user = properties.user.take().or_else(|| options.user.clone());
        let client_version = request
            .client_version
            .take()
            .unwrap_or_else(|| options.client_version.clone());
        let address = pipeline.addresses().of(&request.kind);
        let mut http = request
            .client_version(client_version)
            .into_http(pipeline.endpoint())
            .map_err(|error| TransportError::new(TransportErrorKind::InvalidRequest, error.to_string()))?;
        add_headers(&mut http, options)?;
        // Data was compressed, or not, by whoever made it.
        if is_compressible {
            compress(&mut http, options.compress_requests_from);
        }
        let url = match address {
            Some(address) => address.url(http.uri())?,
            None => parse(http.uri())?,
        };
        Ok(Self {
            request: to_azure(http, url.clone())?,
            url,
            stem: client_request_id.unwrap_or_else(|| new_request_id(activity)),
            operation,
            database,
            is_cancelled_on_drop: is_query && options.cancel_on_drop,
            is_repeatable,
            limit: timeout.saturating_add(options.timeout_margin),
            max_redirects,
        })
    }

    pub(crate) fn client_request_id(&self, retries: u32) -> String {
        of_try(&self.stem, retries)
    }

    /// Where the request goes unless it is redirected.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Makes it the request of the next exchange.
    pub(crate) fn prepare(
        &mut self,
        url: &Url,
        client_request_id: &str,
        token: Option<&AccessToken>,
    ) -> &AzureRequest {
        let request = &mut self.request;
        if request.url() != url {
            request.url_mut().clone_from(url);
        }
        let headers = request.headers_mut();
        headers.insert(CLIENT_REQUEST_ID, ascii(client_request_id));
        match token {
            // The one place in the workspace that reads the text of a token.
            Some(token) => headers.insert(AUTHORIZATION, format!("Bearer {}", token.token.secret())),
            None => drop(headers.remove(AUTHORIZATION)),
        }
        request
    }
}

/// The request for the liveness text, which needs no token.
pub(crate) fn ping(endpoint: &Endpoint) -> Result<AzureRequest, TransportError> {
    let uri = endpoint.uri(Endpoint::PING);
    let uri =
        uri.map_err(|error| TransportError::new(TransportErrorKind::InvalidRequest, error.to_string()))?;
    let mut http = http::Request::new(Bytes::new());
    *http.uri_mut() = uri;
    let url = parse(http.uri())?;
    to_azure(http, url)
}

/// The addresses of one service that most requests go to; reading an address takes longer than all else about a
/// request.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    query: Address,
    mgmt: Address,
}

#[derive(Debug, Default)]
struct Address(OnceLock<Url>);

impl Addresses {
    /// Where requests of this kind go, if that is the same for all of them.
    fn of(&self, kind: &RequestKind) -> Option<&Address> {
        match kind {
            RequestKind::Query {
                version: QueryVersion::V2,
                method: http::Method::POST,
                ..
            } => Some(&self.query),
            RequestKind::Mgmt { .. } => Some(&self.mgmt),
            _ => None,
        }
    }
}

impl Address {
    fn url(&self, uri: &http::Uri) -> Result<Url, TransportError> {
        match self.0.get() {
            Some(url) => Ok(url.clone()),
            None => {
                let url = parse(uri)?;
                Ok(self.0.get_or_init(|| url).clone())
            }
        }
    }
}

fn parse(uri: &http::Uri) -> Result<Url, TransportError> {
    let url = Url::parse(&uri.to_string())
        .map_err(|error| invalid("the address of the request is not valid").with_source(error))?;
    // Names like `..` would be resolved as steps of a path and reach something else.
    if url.path() != uri.path() {
        return Err(invalid(
            "a database or table name is taken for a step in a path; it cannot be addressed",
        ));
    }
    Ok(url)
}

/// The same request in the types of azure_core.
fn to_azure(request: http::Request<Bytes>, url: Url) -> Result<AzureRequest, TransportError> {
    let (parts, body) = request.into_parts();
    let method = match parts.method {
        http::Method::GET => Method::Get,
        http::Method::POST => Method::Post,
        _ => return Err(invalid("only GET and POST requests are sent")),
    };
    let mut request = AzureRequest::new(url, method);
    for (name, value) in &parts.headers {
        let value = headers::value(value);
        let value = value.map_err(|error| invalid("a header is not text").with_source(error))?;
        request.insert_header(headers::name(name), value);
    }
    if !body.is_empty() {
        request.set_body(Body::Bytes(body));
    }
    Ok(request)
}

fn invalid(message: &'static str) -> TransportError {
    TransportError::new(TransportErrorKind::InvalidRequest, message)
}

/// Adds the headers that the caller wants on every request; they replace what a request would say by itself.
fn add_headers(http: &mut http::Request<Bytes>, options: &PipelineOptions) -> Result<(), TransportError> {
    for (name, value) in &options.headers {
        let invalid = |what: &str| {
            let message = format!("the additional header {name:?} {what}");
            TransportError::new(TransportErrorKind::InvalidRequest, message)
        };
        let Ok(name) = HeaderName::try_from(name.as_str()) else {
            return Err(invalid("has a name that no header may have"));
        };
        if OWN_HEADERS.contains(&name) || name.as_str() == Request::HEADER_CLIENT_REQUEST_ID {
            return Err(invalid("is not the caller's to set"));
        }
        let Ok(value) = HeaderValue::try_from(value.as_str()) else {
            return Err(invalid("has a value that no header may have"));
        };
        http.headers_mut().insert(name, value);
    }
    Ok(())
}

/// Compresses a body that is long enough to be worth it.
fn compress(http: &mut http::Request<Bytes>, threshold: Option<usize>) {
    let body = http.body();
    if body.is_empty() || threshold.is_none_or(|threshold| body.len() < threshold) {
        return;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail; if it did, the plain body is as good.
    if encoder.write_all(body).is_ok()
        && let Ok(compressed) = encoder.finish()
    {
        *http.body_mut() = compressed.into();
        let gzip = HeaderValue::from_static("gzip");
        http.headers_mut().insert(header::CONTENT_ENCODING, gzip);
    }
}

/// The service wants printable ASCII in headers; the official libraries put `?` in place of all else.
fn ascii(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| if matches!(c, ' '..='~') { c } else { '?' })
        .collect()
}

const AUTHORIZATION: AzureHeaderName = AzureHeaderName::from_static("authorization");
const CLIENT_REQUEST_ID: AzureHeaderName = AzureHeaderName::from_static(Request::HEADER_CLIENT_REQUEST_ID);

/// For the REST API of queued ingestion, which has nothing to compute; Microsoft's SDK for Java waits as long.
const SHORT_TIMEOUT: Duration = Duration::from_secs(60);

/// Headers that say how the message is framed, or carry the token.
const OWN_HEADERS: &[HeaderName] = &[
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::HOST,
    header::TRANSFER_ENCODING,
];
