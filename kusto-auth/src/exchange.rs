//! A request and its whole answer, over the caller's HTTP client.

use std::time::Duration;

use azure_core::error::ErrorKind;
use azure_core::http::{HttpClient, Method, Request, Url};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::future::{Either, select};

use crate::error::{AuthError, AuthErrorKind};

/// Sends a request and collects its answer.
///
/// # Errors
///
/// [`AuthErrorKind::Connect`] or [`AuthErrorKind::Tls`] if nothing was sent, [`AuthErrorKind::Unavailable`] if the connection broke,
/// [`AuthErrorKind::Timeout`] after `limit`, [`AuthErrorKind::Malformed`] for an answer beyond all measure.
pub(crate) async fn exchange(
    http_client: &dyn HttpClient,
    request: http::Request<Bytes>,
    limit: Duration,
) -> Result<http::Response<Bytes>, AuthError> {
    let host = request.uri().host().unwrap_or_default().to_owned();
    let request = to_azure(request)?;
    let answer = std::pin::pin!(answer(http_client, &request, &host));
    match select(answer, sleep(limit)).await {
        Either::Left((answer, _)) => answer,
        Either::Right(((), _)) => Err(AuthError::new(
            AuthErrorKind::Timeout,
            format!("{host} did not answer within {} s", limit.as_secs()),
        )),
    }
}

/// Waits on whichever runtime azure_core was told to use.
pub(crate) fn sleep(duration: Duration) -> azure_core::async_runtime::TaskFuture {
    // What does not fit is longer than anybody waits.
    let duration = duration.try_into().unwrap_or(azure_core::time::Duration::MAX);
    azure_core::async_runtime::get_async_runtime().sleep(duration)
}

async fn answer(
    http_client: &dyn HttpClient,
    request: &Request,
    host: &str,
) -> Result<http::Response<Bytes>, AuthError> {
    let broken = |error: azure_core::Error| {
        let network = "check the network, the proxy and the name of the host";
        let (kind, message) = match error.kind() {
            ErrorKind::Connection if AuthError::is_tls(&error) => (
                AuthErrorKind::Tls,
                format!(
                    "no secure connection to {host}: its certificate was not accepted; check the name of the host, or \
                     trust the authority of its certificate"
                ),
            ),
            ErrorKind::Connection => (
                AuthErrorKind::Connect,
                format!("no connection to {host}; {network}"),
            ),
            _ => (
                AuthErrorKind::Unavailable,
                format!("the connection broke to {host}; {network}"),
            ),
        };
        AuthError::new(kind, message).with_source(error)
    };
    let response = http_client.execute_request(request).await.map_err(broken)?;
    let (status, headers, mut body) = response.deconstruct();
    let mut collected = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| {
            AuthError::new(
                AuthErrorKind::Unavailable,
                format!("the answer of {host} broke off; try again"),
            )
            .with_source(error)
        })?;
        if collected.len() + chunk.len() > MAX_ANSWER {
            let message = format!("the answer of {host} is larger than {MAX_ANSWER} bytes");
            return Err(AuthError::new(AuthErrorKind::Malformed, message));
        }
        collected.extend_from_slice(&chunk);
    }
    let mut response = http::Response::builder().status(u16::from(status));
    for (name, value) in headers.iter() {
        response = response.header(name.as_str(), value.as_str());
    }
    response.body(collected.freeze()).map_err(|error| {
        AuthError::new(
            AuthErrorKind::Malformed,
            format!("the answer of {host} is not HTTP"),
        )
        .with_source(error)
    })
}

/// The same request in the types of azure_core.
fn to_azure(request: http::Request<Bytes>) -> Result<Request, AuthError> {
    let (parts, body) = request.into_parts();
    let method = if parts.method == http::Method::POST {
        Method::Post
    } else {
        Method::Get
    };
    let url = Url::parse(&parts.uri.to_string()).map_err(|error| {
        AuthError::new(
            AuthErrorKind::Malformed,
            "the address of the sign-in is not valid",
        )
        .with_source(error)
    })?;
    let mut request = Request::new(url, method);
    for (name, value) in &parts.headers {
        // Every header of this crate is made of text.
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        request.insert_header(name.as_str().to_owned(), value);
    }
    if !body.is_empty() {
        request.set_body(body);
    }
    Ok(request)
}

/// Tokens and metadata have a few kilobytes.
const MAX_ANSWER: usize = 1 << 20;
