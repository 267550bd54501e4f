//! The REST API: one handler that turns requests into answers.

mod body;
mod error;
mod ingest;
mod listen;
mod query;
mod queued;
mod reply;
mod tables;
mod write;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, LOCATION};
use http::request::Parts;
use http::{HeaderMap, Request as HttpRequest, Response, StatusCode, Uri};
use kusto_protocol::{DeepLink, Guid, ParseError, Request, RequestKind, options};
use serde_json::{Value, json};

use crate::answer::ContentCoding;
use crate::fault::Fault;
use crate::journal::ReceivedRequest;
use crate::service::{Service, new_guid};
use error::Refusal;
pub(crate) use listen::{Acceptor, serve};
use reply::{Body, distorted, json_response, text_response, whole};

/// A request, as far as all kinds of it are alike.
struct Incoming {
    service: Arc<Service>,
    /// The id that the client gave the request, or one made up.
    client_request_id: String,
    /// The id that the service gives the request.
    activity_id: Guid,
    /// How the answer is to be compressed.
    coding: ContentCoding,
    /// Who asks, if the token says.
    principal: Option<String>,
    /// What is to go wrong.
    fault: Option<Arc<Fault>>,
}

/// The connection is to end without an answer.
#[derive(Debug)]
struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fault ended the connection")
    }
}

impl std::error::Error for Dropped {}

/// Reads a request, notes it, and answers as the faults allow.
async fn handle(
    service: Arc<Service>,
    request: HttpRequest<hyper::body::Incoming>,
) -> Result<Response<Body>, Dropped> {
    let (mut parts, body) = request.into_parts();
    let headers = parts.headers.clone();
    let body = body::read(&mut parts.headers, body).await;
    let (principal, body) = match admit(&service, &parts).await {
        Ok(principal) => (principal, body),
        Err(refusal) => (None, Err(refusal)),
    };
    let bytes = body.as_ref().map(Bytes::clone).unwrap_or_default();
    let incoming = Arc::new(Incoming {
        client_request_id: client_request_id(&headers),
        activity_id: new_guid(),
        coding: ContentCoding::accepted(&headers),
        principal,
        fault: service.faults.next(parts.uri.path(), &bytes),
        service,
    });
    let journal = &incoming.service.journal;
    let entry = journal.note(received(&incoming, &parts, headers, bytes));
    let fault = incoming.fault.as_ref();
    if let Some(fault) = fault {
        tokio::time::sleep(fault.wait()).await;
        if fault.drops_connection() {
            journal.answered(entry, None);
            return Err(Dropped);
        }
    }
    let mut response = match fault.and_then(|fault| fault.refusal()) {
        Some((status, Some(text))) => text_response(status, text.to_owned()),
        Some((status, None)) => Refusal::scripted(status).response(&incoming),
        None => respond(&incoming, parts, body).await,
    };
    let ids = [
        (
            Request::HEADER_CLIENT_REQUEST_ID,
            incoming.client_request_id.clone(),
        ),
        (Request::HEADER_ACTIVITY_ID, incoming.activity_id.to_string()),
    ];
    for (name, value) in ids {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    journal.answered(entry, Some(response.status()));
    let Some(fault) = fault else { return Ok(response) };
    for (name, value) in fault.added_headers() {
        response.headers_mut().insert(name, value);
    }
    Ok(match fault.distortion() {
        Some(distortion) => distorted(response, distortion),
        None => response,
    })
}

fn client_request_id(headers: &HeaderMap) -> String {
    headers
        .get(Request::HEADER_CLIENT_REQUEST_ID)
        .and_then(|id| id.to_str().ok())
        .map_or_else(|| format!("unspecified;{}", new_guid()), str::to_owned)
}

/// A request, as the journal keeps it.
fn received(incoming: &Incoming, parts: &Parts, headers: HeaderMap, body: Bytes) -> ReceivedRequest {
    ReceivedRequest {
        received: SystemTime::now(),
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        version: parts.version,
        headers,
        body_len: body.len() as u64,
        body,
        client_request_id: incoming.client_request_id.clone(),
        activity_id: incoming.activity_id.to_string(),
        status: None,
    }
}

/// Asks for a token, where one is needed. Returns who it names.
async fn admit(service: &Service, parts: &Parts) -> Result<Option<String>, Refusal> {
    match parts.uri.path() {
        METADATA | PING => Ok(None),
        path if is_page(path) => Ok(None),
        _ => {
            let admitted = service.gate.admit(&parts.headers).await;
            admitted.map_err(|reason| Refusal::unauthorized(&reason, &service.authority.login_endpoint))
        }
    }
}

async fn respond(incoming: &Arc<Incoming>, parts: Parts, body: Result<Bytes, Refusal>) -> Response<Body> {
    let outcome = match body {
        Ok(body) => dispatch(incoming, HttpRequest::from_parts(parts, body)).await,
        Err(refusal) => Err(refusal),
    };
    outcome.unwrap_or_else(|refusal| refusal.response(incoming))
}

async fn dispatch(incoming: &Arc<Incoming>, request: HttpRequest<Bytes>) -> Result<Response<Body>, Refusal> {
    let path = request.uri().path();
    let allowed =
        methods(path).ok_or_else(|| Refusal::not_found(format!("{path} is no endpoint of this service")))?;
    if !allowed.split(", ").any(|method| method == request.method()) {
        return Err(Refusal::method_not_allowed(path, allowed));
    }
    match path {
        METADATA => return Ok(metadata(&incoming.service)),
        PING => return Ok(text_response(StatusCode::OK, "Pong! 127.0.0.1")),
        path if is_page(path) => return page(&incoming.service, request.uri()),
        _ => {}
    }
    let request = Request::from_http(&request).map_err(|error| Refusal::bad_request(error.to_string()))?;
    let is_read_only = is_read_only(&request);
    match request.kind {
        RequestKind::Query {
            database,
            text,
            version,
            ..
        } => query::query(incoming, database, text, version, &request.properties).await,
        RequestKind::Mgmt { database, text } => {
            query::mgmt(incoming, database, text, &request.properties, is_read_only).await
        }
        RequestKind::StreamingIngest { .. } | RequestKind::QueuedIngest { .. } if is_read_only => {
            Err(Refusal::read_only())
        }
        RequestKind::IngestionConfiguration => queued::configuration(incoming),
        RequestKind::QueuedIngest {
            messages,
            enable_tracking,
        } => queued::ingest(incoming, messages, enable_tracking),
        RequestKind::IngestionStatus {
            database,
            table,
            operation,
            with_details,
        } => queued::status(incoming, (&database, &table), &operation, with_details),
        RequestKind::StreamingIngest {
            database,
            table,
            format,
            mapping,
            source,
        } => ingest::streaming(incoming, database, table, format, mapping, source).await,
        _ => Err(Refusal::bad_request(
            "the request is of a kind that this service does not know",
        )),
    }
}

/// Whether a request must change nothing: by its header, or by one of two options.
fn is_read_only(request: &Request) -> bool {
    let names = [options::REQUEST_READONLY, options::REQUEST_READONLY_HARDLINE];
    let is_set = |name: &str| request.properties.options.get(name) == Some(&Value::Bool(true));
    request.read_only || names.into_iter().any(is_set)
}

/// The methods that a path answers to; `None` if there is no such path.
fn methods(path: &str) -> Option<&'static str> {
    match path.strip_suffix('/').unwrap_or(path) {
        METADATA | PING => Some("GET"),
        "/v1/rest/query" | "/v2/rest/query" => Some("GET, POST"),
        "/v1/rest/mgmt" => Some("POST"),
        path if is_page(path) => Some("GET"),
        path if queued::methods(path).is_some() => queued::methods(path),
        path => {
            let (database, table) = path.strip_prefix("/v1/rest/ingest/")?.split_once('/')?;
            let is_table = !database.is_empty() && !table.is_empty() && !table.contains('/');
            is_table.then_some("POST")
        }
    }
}

/// Whether a path is what deep links have: nothing, or the name of a database.
fn is_page(path: &str) -> bool {
    !path.trim_matches('/').contains('/')
}

/// Leads a deep link on to the web explorer, as clusters do.
fn page(service: &Service, uri: &Uri) -> Result<Response<Body>, Refusal> {
    let rest = uri.path_and_query().map_or("/", |rest| rest.as_str());
    let link: DeepLink = format!("{}{rest}", service.uri)
        .parse()
        .map_err(|error: ParseError| Refusal::bad_request(error.to_string()))?;
    if let Some(name) = &link.database
        && service.storage.database(name).is_none()
    {
        return Err(Refusal::not_found(format!("there is no database '{name}'")));
    }
    let address = link
        .to_web_explorer_url()
        .map_err(|error| Refusal::bad_request(error.to_string()))?;
    let address = HeaderValue::from_str(&address)
        .map_err(|_| Refusal::bad_request("the link holds what no address can hold"))?;
    let mut response = Response::new(whole(Bytes::new()));
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(LOCATION, address);
    Ok(response)
}

/// Where tokens come from. What the service does not decide is the public cloud's.
fn metadata(service: &Service) -> Response<Body> {
    let metadata = json!({"AzureAD": {
        "LoginEndpoint": service.authority.login_endpoint,
        "LoginMfaRequired": false,
        "KustoClientAppId": "db662dc1-0cfe-4e1c-a843-19a68e65be58",
        "KustoClientRedirectUri": "https://microsoft/kustoclient",
        "KustoServiceResourceId": service.authority.resource,
        "FirstPartyAuthorityUrl": "https://login.microsoftonline.com/f8cdef31-a31e-4b4a-93e4-5f571e91255a",
    }});
    json_response(StatusCode::OK, metadata.to_string())
}

const METADATA: &str = "/v1/rest/auth/metadata";
const PING: &str = "/v1/rest/ping";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_answer_to_the_methods_that_the_service_has() {
        assert_eq!(methods("/v2/rest/query"), Some("GET, POST"));
        assert_eq!(methods("/v1/rest/mgmt/"), Some("POST"));
        assert_eq!(methods("/v1/rest/ingest/db/table"), Some("POST"));
        assert_eq!(methods("/"), Some("GET"));
        assert_eq!(methods("/Samples"), Some("GET"));
        let nowhere = [
            "/v1/rest/ingest/db",
            "/v1/rest/ingest/a/b/c",
            "/v2/rest/mgmt",
            "/a/../b",
        ];
        assert!(nowhere.iter().all(|path| methods(path).is_none()));
    }
}
