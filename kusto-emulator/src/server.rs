//! The REST API: one handler that turns requests into answers.

mod body;
mod error;
mod ingest;
mod query;
mod tables;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use bytes::Bytes;
use futures::stream;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use http::{Request as HttpRequest, Response, StatusCode, Uri};
use kusto_protocol::{DeepLink, Guid, ParseError, Request, RequestKind};
use serde_json::json;
use tokio::sync::mpsc;

use crate::answer::{Broken, ContentCoding};
use crate::service::{Service, new_guid};
use error::Refusal;

pub(crate) fn router(service: Arc<Service>) -> Router {
    Router::new().fallback(answer).with_state(service)
}

/// A request, as far as all kinds of it are alike.
struct Incoming {
    service: Arc<Service>,
    /// The id that the client gave the request, or one made up.
    client_request_id: String,
    /// The id that the service gives the request.
    activity_id: Guid,
    /// How the answer is to be compressed.
    coding: ContentCoding,
}

async fn answer(State(service): State<Arc<Service>>, request: HttpRequest<Body>) -> Response<Body> {
    let incoming = Arc::new(Incoming {
        service,
        client_request_id: request
            .headers()
            .get(Request::HEADER_CLIENT_REQUEST_ID)
            .and_then(|id| id.to_str().ok())
            .map_or_else(|| format!("unspecified;{}", new_guid()), str::to_owned),
        activity_id: new_guid(),
        coding: ContentCoding::accepted(request.headers()),
    });
    let mut response = dispatch(&incoming, request)
        .await
        .unwrap_or_else(|refusal| refusal.response(&incoming));
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
    response
}

async fn dispatch(incoming: &Arc<Incoming>, request: HttpRequest<Body>) -> Result<Response<Body>, Refusal> {
    let path = request.uri().path().to_owned();
    let allowed =
        methods(&path).ok_or_else(|| Refusal::not_found(format!("{path} is no endpoint of this service")))?;
    if !allowed.split(", ").any(|method| method == request.method()) {
        return Err(Refusal::method_not_allowed(&path, allowed));
    }
    match path.as_str() {
        METADATA => return Ok(metadata()),
        PING => return Ok(pong()),
        path if is_page(path) => return page(&incoming.service, request.uri()),
        _ => {}
    }
    let (mut parts, body) = request.into_parts();
    let body = body::read(&mut parts.headers, body).await?;
    let request = Request::from_http(&HttpRequest::from_parts(parts, body))
        .map_err(|error| Refusal::bad_request(error.to_string()))?;
    let is_read_only = request.read_only;
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
        RequestKind::StreamingIngest { .. } if is_read_only => Err(Refusal::read_only()),
        RequestKind::StreamingIngest {
            database,
            table,
            format,
            mapping,
            source,
        } => ingest::streaming(incoming, database, table, format, mapping, source).await,
        _ => Err(Refusal::not_found(format!(
            "{path} is no endpoint of this service"
        ))),
    }
}

/// The methods that a path answers to; `None` if there is no such path.
fn methods(path: &str) -> Option<&'static str> {
    match path.strip_suffix('/').unwrap_or(path) {
        METADATA | PING => Some("GET"),
        "/v1/rest/query" | "/v2/rest/query" => Some("GET, POST"),
        "/v1/rest/mgmt" => Some("POST"),
        path if is_page(path) => Some("GET"),
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
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(LOCATION, address);
    Ok(response)
}

/// Where tokens come from. Nobody needs one here, so it is the public cloud's answer.
fn metadata() -> Response<Body> {
    let metadata = json!({"AzureAD": {
        "LoginEndpoint": "https://login.microsoftonline.com",
        "LoginMfaRequired": false,
        "KustoClientAppId": "db662dc1-0cfe-4e1c-a843-19a68e65be58",
        "KustoClientRedirectUri": "https://microsoft/kustoclient",
        "KustoServiceResourceId": "https://kusto.kusto.windows.net",
        "FirstPartyAuthorityUrl": "https://login.microsoftonline.com/f8cdef31-a31e-4b4a-93e4-5f571e91255a",
    }});
    json_response(StatusCode::OK, metadata.to_string())
}

fn pong() -> Response<Body> {
    let mut response = Response::new(Body::from("Pong! 127.0.0.1"));
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

fn json_response(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}

/// A response whose body comes piece by piece. Dropping it, as happens when the client goes away, cancels the query.
fn streamed(
    mut pieces: mpsc::Receiver<Result<Bytes, Broken>>,
    coding: ContentCoding,
    cancel: CancelOnDrop,
) -> Response<Body> {
    let body = Body::from_stream(stream::poll_fn(move |context| {
        let _held = &cancel;
        pieces.poll_recv(context)
    }));
    let mut response = json_response(StatusCode::OK, body);
    if let Some(name) = coding.header() {
        response
            .headers_mut()
            .insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    response
}

/// Cancels a request when whoever waits for its answer waits no longer.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
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
