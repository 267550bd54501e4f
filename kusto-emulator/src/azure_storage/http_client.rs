//! One request over one connection: loopback makes both cheap.

use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::StorageError;

/// Sends a request and reads the whole answer.
pub(super) async fn send(request: Request<Bytes>) -> Result<Response<Bytes>, StorageError> {
    let answer = tokio::time::timeout(TIMEOUT, exchange(request));
    answer
        .await
        .unwrap_or_else(|_| Err(StorageError::new("the storage does not answer")))
}

async fn exchange(request: Request<Bytes>) -> Result<Response<Bytes>, StorageError> {
    let uri = request.uri().clone();
    let failed =
        |error: &dyn std::fmt::Display| StorageError::new(format!("the storage cannot be reached: {error}"));
    if uri.scheme_str() != Some("http") {
        return Err(StorageError::new(
            "this service reaches storage over plain HTTP only",
        ));
    }
    let host = uri.host().unwrap_or_default();
    let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await;
    let stream = stream.map_err(|error| failed(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failed(&error))?;
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let authority = HeaderValue::from_str(authority).map_err(|error| failed(&error))?;
    let (mut parts, body) = request.into_parts();
    // The request line has the path alone.
    parts.uri = uri
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .parse()
        .map_err(|error| failed(&error))?;
    parts.headers.insert(HOST, authority);
    let asked = async {
        let answer = sender
            .send_request(Request::from_parts(parts, Full::new(body)))
            .await;
        let (parts, body) = answer.map_err(|error| failed(&error))?.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        let body = body.map_err(|error| failed(&error))?.to_bytes();
        Ok(Response::from_parts(parts, body))
    };
    // The connection has to be driven while the answer is awaited, and ends with it.
    let mut asked = std::pin::pin!(asked);
    tokio::select! {
        answer = &mut asked => answer,
        _ = connection => asked.await,
    }
}

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(100);

/// The longest answer, in bytes.
const MAX_ANSWER: usize = 1 << 30;
