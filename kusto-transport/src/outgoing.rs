//! A request as it leaves: address, headers, body, time limit.

use std::time::Duration;

use azure_core::http::{Method, Request as AzureRequest, Url};
use bytes::Bytes;
use kusto_protocol::{AcceptEncoding, Endpoint, Request, RequestKind};

use crate::error::{TransportError, TransportErrorKind};
use crate::pipeline::PipelineOptions;
use crate::request_id::new_request_id;

/// Everything about a request but its id and its token, which change from try to try.
pub(crate) struct Outgoing {
    request: AzureRequest,
    /// The caller's own id.
    client_request_id: Option<String>,
    pub(crate) activity: &'static str,
    pub(crate) is_read_only: bool,
    /// From the call to the end of the body.
    pub(crate) limit: Duration,
}

impl Outgoing {
    pub(crate) fn new(
        request: &Request,
        endpoint: &Endpoint,
        options: &PipelineOptions,
    ) -> Result<Self, TransportError> {
        let mut request = request.clone();
        let (activity, default_timeout) = match &request.kind {
            RequestKind::Query { .. } => ("execute", QUERY_TIMEOUT),
            RequestKind::StreamingIngest { .. } => ("executeStreamingIngest", INGEST_TIMEOUT),
            _ => ("execute", MGMT_TIMEOUT),
        };
        let is_read_only = matches!(request.kind, RequestKind::Query { .. });
        let timeout = request.properties.effective_server_timeout(default_timeout);
        // A streaming ingestion has no body for options; it either is quick or fails.
        if !matches!(request.kind, RequestKind::StreamingIngest { .. }) {
            request.properties = request.properties.server_timeout(timeout);
        }
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
        let http = request
            .client_version(client_version)
            .into_http(endpoint)
            .map_err(|error| TransportError::new(TransportErrorKind::InvalidRequest, error.to_string()))?;
        Ok(Self {
            request: to_azure(http)?,
            client_request_id,
            activity,
            is_read_only,
            limit: timeout.saturating_add(options.timeout_margin),
        })
    }

    /// The id for the next try: the caller's, or a new one, so that a cancellation hits the try that is running.
    pub(crate) fn client_request_id(&self) -> String {
        self.client_request_id
            .clone()
            .unwrap_or_else(|| new_request_id(self.activity))
    }

    pub(crate) fn to_request(&self, client_request_id: &str) -> AzureRequest {
        let mut request = self.request.clone();
        request.insert_header(Request::HEADER_CLIENT_REQUEST_ID, ascii(client_request_id));
        request
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn host(&self) -> &str {
        self.request.url().host_str().unwrap_or_default()
    }
}

/// The same request in the types of azure_core.
pub(crate) fn to_azure(request: http::Request<Bytes>) -> Result<AzureRequest, TransportError> {
    let invalid = |message: &'static str| TransportError::new(TransportErrorKind::InvalidRequest, message);
    let (parts, body) = request.into_parts();
    let method = match parts.method {
        http::Method::GET => Method::Get,
        http::Method::POST => Method::Post,
        _ => return Err(invalid("only GET and POST requests are sent")),
    };
    let url = Url::parse(&parts.uri.to_string())
        .map_err(|error| invalid("the address of the request is not valid").with_source(error))?;
    // Names like `..` would be resolved as steps of a path and reach something else.
    if url.path() != parts.uri.path() {
        return Err(invalid(
            "a database or table name is taken for a step in a path; it cannot be addressed",
        ));
    }
    let mut request = AzureRequest::new(url, method);
    for (name, value) in &parts.headers {
        let value = value
            .to_str()
            .map_err(|error| invalid("a header is not text").with_source(error))?;
        request.insert_header(name.as_str().to_owned(), value.to_owned());
    }
    if !body.is_empty() {
        request.set_body(body);
    }
    Ok(request)
}

/// The service wants printable ASCII in headers; the official libraries put `?` in place of all else.
fn ascii(text: &str) -> String {
    text.chars()
        .map(|c| if matches!(c, ' '..='~') { c } else { '?' })
        .collect()
}

// How long the service works on a request that does not say: its own defaults.
const QUERY_TIMEOUT: Duration = Duration::from_secs(4 * 60);
const MGMT_TIMEOUT: Duration = Duration::from_secs(10 * 60);
const INGEST_TIMEOUT: Duration = Duration::from_secs(10 * 60);
