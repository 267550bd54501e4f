//! The REST API: one handler that turns requests into answers.

mod error;
mod ingest;
mod query;
mod tables;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use bytes::Bytes;
use futures::stream;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request as HttpRequest, Response, StatusCode};
use kusto_protocol::{Guid, OneApiError, Request, RequestKind};
use serde_json::json;
use tokio::sync::mpsc;

use crate::answer::ContentCoding;
use crate::service::{Service, new_guid};

/// The longest request body, in bytes.
const MAX_BODY: usize = 64 << 20;

pub(crate) fn router(service: Arc<Service>) -> Router {
    Router::new().fallback(answer).with_state(service)
}

/// A request, as far as all kinds of it are alike.
pub(crate) struct Incoming {
    pub(crate) service: Arc<Service>,
    /// The id that the client gave the request, or one made up.
    pub(crate) client_request_id: String,
    /// The id that the service gives the request.
    pub(crate) activity_id: Guid,
    pub(crate) coding: ContentCoding,
}

async fn answer(State(service): State<Arc<Service>>, request: HttpRequest<Body>) -> Response<Body> {
    let activity_id = new_guid();
    let client_request_id = request
        .headers()
        .get(Request::HEADER_CLIENT_REQUEST_ID)
        .and_then(|id| id.to_str().ok())
        .map_or_else(|| format!("unspecified;{}", new_guid()), str::to_owned);
    let coding = ContentCoding::accepted(request.headers());
    let incoming = Incoming {
        service,
        client_request_id,
        activity_id,
        coding,
    };
    let ids = [
        (
            Request::HEADER_CLIENT_REQUEST_ID,
            incoming.client_request_id.clone(),
        ),
        (Request::HEADER_ACTIVITY_ID, activity_id.to_string()),
    ];
    let mut response = dispatch(incoming, request).await;
    for (name, value) in ids {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
}

async fn dispatch(incoming: Incoming, request: HttpRequest<Body>) -> Response<Body> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/v1/rest/auth/metadata") => return metadata(),
        (&Method::GET, "/v1/rest/ping") => return plain(StatusCode::OK, "Pong! 127.0.0.1"),
        _ => {}
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        let error = OneApiError::new(
            "Payload too large",
            format!("the request body is longer than {MAX_BODY} bytes"),
        );
        return error::response(StatusCode::PAYLOAD_TOO_LARGE, error, &incoming);
    };
    let (path, is_compressed) = (
        parts.uri.path().to_owned(),
        parts.headers.contains_key(CONTENT_ENCODING),
    );
    let request = match read(HttpRequest::from_parts(parts, body)) {
        Ok(request) => request,
        Err(message) => {
            let status = if known(&path) {
                StatusCode::BAD_REQUEST
            } else {
                StatusCode::NOT_FOUND
            };
            let code = if known(&path) {
                "General_BadRequest"
            } else {
                "NotFound"
            };
            return error::response(status, OneApiError::new(code, message), &incoming);
        }
    };
    let _ = is_compressed;
    match request.kind {
        RequestKind::Query {
            database,
            text,
            version,
            ..
        } => query::query(incoming, database, text, version, request.properties).await,
        RequestKind::Mgmt { database, text } => {
            query::mgmt(incoming, database, text, request.properties).await
        }
        RequestKind::StreamingIngest {
            database,
            table,
            format,
            mapping,
            source,
        } => ingest::streaming(incoming, database, table, format, mapping, source).await,
        _ => {
            let message = format!("the endpoint {path} is not supported by this service");
            error::response(
                StatusCode::NOT_FOUND,
                OneApiError::new("NotFound", message),
                &incoming,
            )
        }
    }
}

/// Whether the path is one that the service answers, given a request that can be read.
fn known(path: &str) -> bool {
    matches!(path, "/v1/rest/query" | "/v2/rest/query" | "/v1/rest/mgmt")
        || path.starts_with("/v1/rest/ingest/")
}

fn read(request: HttpRequest<Bytes>) -> Result<Request, String> {
    Request::from_http(&request).map_err(|error| error.to_string())
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

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

pub(crate) fn json_response(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}

/// A response whose body comes piece by piece.
pub(crate) fn streamed(mut pieces: mpsc::Receiver<Bytes>, coding: ContentCoding) -> Response<Body> {
    let body = Body::from_stream(stream::poll_fn(move |context| {
        pieces
            .poll_recv(context)
            .map(|piece| piece.map(Ok::<_, Infallible>))
    }));
    let mut response = json_response(StatusCode::OK, body);
    set_coding(response.headers_mut(), coding);
    response
}

fn set_coding(headers: &mut HeaderMap, coding: ContentCoding) {
    if let Some(name) = coding.header() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
}
