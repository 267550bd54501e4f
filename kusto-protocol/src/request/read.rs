//! From HTTP to request.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap};
use http::{HeaderName, Method};
use serde::Deserialize;
use serde_json::Value;

use super::{AcceptEncoding, QueryVersion, Request, RequestKind, StreamingSource, WHAT, queued};
use crate::connection_string::ConnectionString;
use crate::endpoint::Endpoint;
use crate::parse_error::{ParseError, ParseErrorKind};
use crate::percent;
use crate::properties::ClientRequestProperties;
use crate::properties::options::{self, OptionType};
use crate::secret::Secret;

/// The body of queries and commands.
#[derive(Deserialize)]
struct Body {
    db: Option<String>,
    csl: Option<String>,
    #[serde(default)]
    properties: Value,
}

/// The body of a streaming ingestion from a blob.
#[derive(Deserialize)]
struct Blob {
    #[serde(rename = "sourceUri", alias = "SourceUri")]
    source_uri: String,
}

pub(super) fn request(http: &http::Request<Bytes>) -> Result<Request, ParseError> {
    let path = http.uri().path();
    let path = path.strip_suffix('/').unwrap_or(path);
    let query = http.uri().query().unwrap_or_default();
    let (kind, mut properties) = match (http.method(), path) {
        (&Method::POST, Endpoint::MGMT) => {
            let (database, text, properties) = posted(http.body())?;
            (RequestKind::Mgmt { database, text }, properties)
        }
        (&Method::POST | &Method::GET, Endpoint::QUERY_V1 | Endpoint::QUERY_V2) => {
            let version = if path == Endpoint::QUERY_V1 {
                QueryVersion::V1
            } else {
                QueryVersion::V2
            };
            let method = http.method().clone();
            let parts = if method == Method::GET {
                in_address(query)
            } else {
                posted(http.body())
            };
            let (database, text, properties) = parts?;
            (
                RequestKind::Query {
                    database,
                    text,
                    version,
                    method,
                },
                properties,
            )
        }
        _ if path.starts_with(Endpoint::INGESTION_ROOT) => {
            let kind = queued::read(http, path, query).unwrap_or_else(|| Err(unknown()))?;
            (kind, ClientRequestProperties::new())
        }
        (&Method::POST, _) => {
            let target = path
                .strip_prefix(Endpoint::INGEST)
                .and_then(|rest| rest.strip_prefix('/'));
            let Some((database, table)) = target.and_then(|target| target.split_once('/')) else {
                return Err(unknown());
            };
            if database.is_empty() || table.is_empty() || table.contains('/') {
                return Err(unknown());
            }
            (
                streaming(database, table, query, http)?,
                option_headers(http.headers()),
            )
        }
        _ => return Err(unknown()),
    };
    let header = |name: &str| http.headers().get(name)?.to_str().ok().map(str::to_owned);
    properties.client_request_id = header(Request::HEADER_CLIENT_REQUEST_ID).or(properties.client_request_id);
    properties.application = header(Request::HEADER_APP).or(properties.application);
    properties.user = header(Request::HEADER_USER)
        .or_else(|| header(HEADER_USER_ID))
        .or(properties.user);
    let accepted = header(ACCEPT_ENCODING.as_str()).unwrap_or_default();
    Ok(Request {
        kind,
        properties,
        accept_encoding: AcceptEncoding::from_header(&accepted),
        client_version: header(Request::HEADER_CLIENT_VERSION),
        read_only: http.headers().contains_key(Request::HEADER_READONLY),
    })
}

type Parts = (String, String, ClientRequestProperties);

fn posted(body: &[u8]) -> Result<Parts, ParseError> {
    let body: Body = from_json(body, "the body must be a JSON object with db and csl")?;
    parts(body)
}

fn in_address(query: &str) -> Result<Parts, ParseError> {
    let mut body = Body {
        db: None,
        csl: None,
        properties: Value::Null,
    };
    for (name, value) in percent::form_pairs(query) {
        match name.as_str() {
            "db" => body.db = Some(value),
            "csl" => body.csl = Some(value),
            "properties" => body.properties = Value::String(value),
            _ => {}
        }
    }
    parts(body)
}

fn parts(body: Body) -> Result<Parts, ParseError> {
    let text = body.csl.filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| {
        error(
            ParseErrorKind::Missing,
            "csl, the text of the query or command, is missing",
        )
    })?;
    let database = body.db.filter(|database| !database.is_empty());
    let database = database.unwrap_or_else(|| ConnectionString::DEFAULT_DATABASE.to_owned());
    Ok((
        database,
        text,
        ClientRequestProperties::from_json(&body.properties)?,
    ))
}

fn streaming(
    database: &str,
    table: &str,
    query: &str,
    http: &http::Request<Bytes>,
) -> Result<RequestKind, ParseError> {
    let (mut format, mut mapping, mut is_blob) = (None, None, false);
    for (name, value) in percent::form_pairs(query) {
        match name.to_ascii_lowercase().as_str() {
            "streamformat" => format = Some(value.parse()?),
            "mappingname" => mapping = Some(value).filter(|name| !name.is_empty()),
            "sourcekind" => is_blob = value.eq_ignore_ascii_case("uri"),
            _ => {}
        }
    }
    let source = if is_blob {
        let blob: Blob = from_json(http.body(), "the body must be a JSON object with sourceUri")?;
        StreamingSource::Blob(Secret::from(blob.source_uri))
    } else {
        StreamingSource::Data {
            body: http.body().clone(),
            is_gzip: is_gzip(http.headers())?,
        }
    };
    let format = format.ok_or_else(|| {
        error(
            ParseErrorKind::Missing,
            "streamFormat is missing from the address",
        )
    })?;
    let (database, table) = (percent::decode(database), percent::decode(table));
    Ok(RequestKind::StreamingIngest {
        database,
        table,
        format,
        mapping,
        source,
    })
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, ParseError> {
    match headers
        .get(CONTENT_ENCODING)
        .map(|value| value.as_bytes().to_ascii_lowercase())
        .as_deref()
    {
        None | Some(b"" | b"identity") => Ok(false),
        Some(b"gzip" | b"x-gzip") => Ok(true),
        Some(_) => Err(error(
            ParseErrorKind::Unsupported,
            "data may be compressed with gzip only",
        )),
    }
}

/// The documented options among the headers of a streaming ingestion.
fn option_headers(headers: &HeaderMap) -> ClientRequestProperties {
    options::ALL
        .iter()
        .fold(ClientRequestProperties::new(), |properties, option| {
            let name = HeaderName::from_static(option.name);
            let Some(text) = headers.get(name).and_then(|value| value.to_str().ok()) else {
                return properties;
            };
            let value = match option.value_type {
                OptionType::Bool | OptionType::Dynamic | OptionType::Long => serde_json::from_str(text).ok(),
                OptionType::DateTime | OptionType::Literal | OptionType::Text | OptionType::Timespan => None,
            };
            properties.option(option.name, value.unwrap_or_else(|| Value::from(text)))
        })
}

fn from_json<'a, T: Deserialize<'a>>(body: &'a [u8], expected: &str) -> Result<T, ParseError> {
    // Of serde_json's messages only the place is repeated: they quote the text.
    serde_json::from_slice(body).map_err(|cause| {
        let place = format!("line {}, column {}", cause.line(), cause.column());
        ParseError::new(
            WHAT,
            ParseErrorKind::Malformed,
            None,
            format!("{expected} ({place})"),
        )
    })
}

fn unknown() -> ParseError {
    let message = "method and path are not those of a query, a command or an ingestion";
    error(ParseErrorKind::Unknown, message)
}

fn error(kind: ParseErrorKind, message: &'static str) -> ParseError {
    ParseError::new(WHAT, kind, None, message)
}

/// An older name of [`Request::HEADER_USER`].
const HEADER_USER_ID: &str = "x-ms-user-id";
