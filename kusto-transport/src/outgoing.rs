//! A request as it leaves: address, headers, body, time limit.

use std::fmt;
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
use kusto_protocol::{AcceptEncoding, Endpoint, ParseError, QueryVersion, Request, RequestKind, options};

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
    pub(crate) fn new(mut request: Request, pipeline: &Pipeline) -> Result<Self, TransportError> {
        let options = pipeline.options();
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
        let client_request_id = request.properties.client_request_id.take();
        let head = pipeline.heads().of(&request);
        let mut http = match head.and_then(OnceLock::get) {
            Some(head) => {
                let mut http = head.clone();
                http.set_body(request.to_post_body().map_err(unwritable)?);
                http
            }
            None => {
                let http = write(request, pipeline)?;
                if let Some(head) = head {
                    head.get_or_init(|| without_body(&http));
                }
                http
            }
        };
        // Data was compressed, or not, by whoever made it.
        if is_compressible {
            compress(&mut http, options.compress_requests_from);
        }
        Ok(Self {
            url: http.url().clone(),
            request: http,
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

    /// Makes it the request of the next exchange: where it goes anyway, or where it was redirected to.
    pub(crate) fn prepare(
        &mut self,
        redirected: Option<&Url>,
        client_request_id: &str,
        token: Option<&AccessToken>,
    ) -> &AzureRequest {
        let request = &mut self.request;
        let url = redirected.unwrap_or(&self.url);
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
    let uri = endpoint.uri(Endpoint::PING).map_err(unwritable)?;
    let mut http = http::Request::new(Bytes::new());
    *http.uri_mut() = uri;
    let url = parse(http.uri())?;
    to_azure(http, url)
}

/// What the requests to one service have in common, which most of them are made of: to write and read addresses and
/// headers takes longer than all else about a request.
#[derive(Default)]
pub(crate) struct Heads {
    query: OnceLock<AzureRequest>,
    mgmt: OnceLock<AzureRequest>,
}

impl Heads {
    /// The request without its body, if all but that is the same for each of its kind.
    fn of(&self, request: &Request) -> Option<&OnceLock<AzureRequest>> {
        let head = match &request.kind {
            RequestKind::Query {
                version: QueryVersion::V2,
                method: http::Method::POST,
                ..
            } => &self.query,
            RequestKind::Mgmt { .. } => &self.mgmt,
            _ => return None,
        };
        let says_more = request.read_only
            || request.accept_encoding != AcceptEncoding::default()
            || request.client_version.is_some()
            || request.properties.application.is_some()
            || request.properties.user.is_some();
        (!says_more).then_some(head)
    }
}

impl fmt::Debug for Heads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heads").finish_non_exhaustive()
    }
}

/// The whole request, but for its id and the token.
fn write(mut request: Request, pipeline: &Pipeline) -> Result<AzureRequest, TransportError> {
    let options = pipeline.options();
    if !options.compression {
        request.accept_encoding = AcceptEncoding::Identity;
    }
    let properties = &mut request.properties;
    let or = |own: Option<String>, default: &Option<String>| own.or_else(|| default.clone());
    properties.application = or(properties.application.take(), &options.application);
    properties.user = or(properties.user.take(), &options.user);
    let version = request.client_version.take();
    let mut http = request
        .client_version(version.unwrap_or_else(|| options.client_version.clone()))
        .into_http(pipeline.endpoint())
        .map_err(unwritable)?;
    add_headers(&mut http, options)?;
    let url = parse(http.uri())?;
    to_azure(http, url)
}

fn without_body(request: &AzureRequest) -> AzureRequest {
    let mut head = request.clone();
    head.set_body(Bytes::new());
    head
}

fn unwritable(error: ParseError) -> TransportError {
    TransportError::new(TransportErrorKind::InvalidRequest, error.to_string())
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
fn compress(request: &mut AzureRequest, threshold: Option<usize>) {
    let (Some(threshold), Body::Bytes(body)) = (threshold, request.body()) else {
        return;
    };
    if body.is_empty() || body.len() < threshold {
        return;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail; if it did, the plain body is as good.
    if encoder.write_all(body).is_ok()
        && let Ok(compressed) = encoder.finish()
    {
        request.set_body(compressed);
        request.insert_header(CONTENT_ENCODING, "gzip");
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
const CONTENT_ENCODING: AzureHeaderName = AzureHeaderName::from_static("content-encoding");
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
