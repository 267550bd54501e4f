//! From request to HTTP.

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use http::{Method, Uri};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{QueryVersion, Request, RequestKind, StreamingSource, WHAT, header, queued};
use crate::connection_string::ConnectionString;
use crate::data_format::DataFormat;
use crate::endpoint::Endpoint;
use crate::parse_error::{ParseError, ParseErrorKind};
use crate::percent::encode;
use crate::properties::ClientRequestProperties;

/// The body of queries and commands.
#[derive(Serialize)]
struct Body<'a> {
    db: &'a str,
    csl: &'a str,
    #[serde(skip_serializing_if = "Properties::is_empty")]
    properties: Properties<'a>,
}

/// What [`ClientRequestProperties::to_json`](crate::ClientRequestProperties::to_json) gives, not copied.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Properties<'a> {
    #[serde(skip_serializing_if = "Map::is_empty")]
    options: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    parameters: &'a Map<String, Value>,
}

impl Properties<'_> {
    fn is_empty(&self) -> bool {
        self.options.is_empty() && self.parameters.is_empty()
    }
}

pub(super) fn request(request: Request, endpoint: &Endpoint) -> Result<http::Request<Bytes>, ParseError> {
    request.properties.check()?;
    let mut headers = headers(&request);
    let properties = &request.properties;
    let (method, uri, body) = match request.kind {
        RequestKind::Query {
            database,
            text,
            version,
            method,
        } => {
            let path = match version {
                QueryVersion::V1 => Endpoint::QUERY_V1,
                QueryVersion::V2 => Endpoint::QUERY_V2,
            };
            let body = body(&database, &text, properties)?;
            match method {
                Method::GET => (
                    Method::GET,
                    endpoint.uri(&with_query(path, &body)?)?,
                    Bytes::new(),
                ),
                _ => (Method::POST, endpoint.uri(path)?, json(&body, &mut headers)?),
            }
        }
        RequestKind::Mgmt { database, text } => {
            let body = body(&database, &text, properties)?;
            (
                Method::POST,
                endpoint.uri(Endpoint::MGMT)?,
                json(&body, &mut headers)?,
            )
        }
        RequestKind::StreamingIngest {
            database,
            table,
            format,
            mapping,
            source,
        } => {
            let is_blob = matches!(source, StreamingSource::Blob(_));
            let uri = ingest_uri(endpoint, &database, &table, format, mapping.as_deref(), is_blob)?;
            option_headers(&properties.options, &mut headers);
            let body = match source {
                StreamingSource::Data { body, is_gzip } => {
                    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
                    if is_gzip {
                        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                    }
                    body
                }
                StreamingSource::Blob(blob) => {
                    json(&serde_json::json!({"sourceUri": blob.expose()}), &mut headers)?
                }
            };
            (Method::POST, uri, body)
        }
        RequestKind::IngestionConfiguration => {
            let uri = endpoint.uri(Endpoint::INGESTION_CONFIGURATION)?;
            (Method::GET, uri, Bytes::new())
        }
        RequestKind::QueuedIngest {
            messages,
            enable_tracking,
        } => {
            let (uri, body) = queued::write(endpoint, &messages, enable_tracking)?;
            (Method::POST, uri, json(&body, &mut headers)?)
        }
        RequestKind::IngestionStatus {
            database,
            table,
            operation,
            with_details,
        } => {
            let uri = queued::status_uri(endpoint, &database, &table, &operation, with_details)?;
            (Method::GET, uri, Bytes::new())
        }
    };
    let mut http = http::Request::new(body);
    *http.method_mut() = method;
    *http.uri_mut() = uri;
    *http.headers_mut() = headers;
    Ok(http)
}

pub(super) fn post_body(request: &Request) -> Result<Bytes, ParseError> {
    let (RequestKind::Query { database, text, .. } | RequestKind::Mgmt { database, text }) = &request.kind
    else {
        let message = "only queries and commands have a body that does not depend on their address";
        return Err(ParseError::new(WHAT, ParseErrorKind::Unsupported, None, message));
    };
    request.properties.check()?;
    to_json(&body(database, text, &request.properties)?)
}

fn headers(request: &Request) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(encoding) = request.accept_encoding.as_str() {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(encoding));
    }
    headers.insert(VERSION, HeaderValue::from_static(Request::API_VERSION));
    if request.read_only {
        headers.insert(READONLY, HeaderValue::from_static("true"));
    }
    for (name, text) in [
        (CLIENT_REQUEST_ID, &request.properties.client_request_id),
        (APP, &request.properties.application),
        (USER, &request.properties.user),
        (CLIENT_VERSION, &request.client_version),
    ] {
        if let Some(value) = text.as_deref().and_then(header::value) {
            headers.insert(name, value);
        }
    }
    headers
}

/// The options of a streaming ingestion travel as headers, since its body is data.
fn option_headers(options: &Map<String, Value>, headers: &mut HeaderMap) {
    for (name, value) in options {
        let text = match value {
            Value::String(text) => header::value(text),
            value => header::value(&value.to_string()),
        };
        if let (Ok(name), Some(value)) = (HeaderName::try_from(name), text) {
            headers.entry(name).or_insert(value);
        }
    }
}

fn body<'a>(
    database: &'a str,
    text: &'a str,
    properties: &'a ClientRequestProperties,
) -> Result<Body<'a>, ParseError> {
    if text.trim().is_empty() {
        return Err(missing("the text of the query or command is empty"));
    }
    let db = if database.is_empty() {
        ConnectionString::DEFAULT_DATABASE
    } else {
        database
    };
    Ok(Body {
        db,
        csl: text,
        properties: Properties {
            options: &properties.options,
            parameters: &properties.parameters,
        },
    })
}

fn json(body: &impl Serialize, headers: &mut HeaderMap) -> Result<Bytes, ParseError> {
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    to_json(body)
}

fn to_json(body: &impl Serialize) -> Result<Bytes, ParseError> {
    // Enough for most queries with their options.
    let mut json = Vec::with_capacity(512);
    serde_json::to_writer(&mut json, body).map_err(unwritable)?;
    Ok(json.into())
}

/// Strings, numbers and maps with string keys always make JSON.
fn unwritable(error: serde_json::Error) -> ParseError {
    let message = format!("the body cannot be written: {error}");
    ParseError::new(WHAT, ParseErrorKind::Malformed, None, message)
}

fn with_query(path: &str, body: &Body<'_>) -> Result<String, ParseError> {
    let mut uri = format!("{path}?db={}&csl={}", encode(body.db), encode(body.csl));
    if !body.properties.is_empty() {
        let properties = serde_json::to_string(&body.properties).map_err(unwritable)?;
        uri.push_str("&properties=");
        uri.push_str(&encode(&properties));
    }
    Ok(uri)
}

fn ingest_uri(
    endpoint: &Endpoint,
    database: &str,
    table: &str,
    format: DataFormat,
    mapping: Option<&str>,
    is_blob: bool,
) -> Result<Uri, ParseError> {
    named(&[database, table])?;
    let path = Endpoint::INGEST;
    let mut uri = format!(
        "{path}/{}/{}?streamFormat={format}",
        encode(database),
        encode(table)
    );
    if let Some(mapping) = mapping {
        uri.push_str("&mappingName=");
        uri.push_str(&encode(mapping));
    }
    if is_blob {
        uri.push_str("&sourceKind=uri");
    }
    endpoint.uri(&uri)
}

/// Checks names that become steps of a path.
pub(super) fn named(names: &[&str]) -> Result<(), ParseError> {
    if names.iter().any(|name| name.is_empty()) {
        return Err(missing("an ingestion needs a database and a table"));
    }
    if names.iter().any(|name| matches!(*name, "." | "..")) {
        // Percent-encoding does not keep URL libraries from resolving these as steps in the path.
        let message = "a database or table cannot be called . or .. in an address";
        return Err(ParseError::new(WHAT, ParseErrorKind::Unsupported, None, message));
    }
    Ok(())
}

fn missing(message: &'static str) -> ParseError {
    ParseError::new(WHAT, ParseErrorKind::Missing, None, message)
}

const VERSION: HeaderName = HeaderName::from_static(Request::HEADER_VERSION);
const READONLY: HeaderName = HeaderName::from_static(Request::HEADER_READONLY);
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static(Request::HEADER_CLIENT_REQUEST_ID);
const APP: HeaderName = HeaderName::from_static(Request::HEADER_APP);
const USER: HeaderName = HeaderName::from_static(Request::HEADER_USER);
const CLIENT_VERSION: HeaderName = HeaderName::from_static(Request::HEADER_CLIENT_VERSION);
