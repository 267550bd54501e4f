//! An answer whose head is here and whose body is not.

use std::convert::Infallible;

use azure_core::http::headers::{HeaderName, Headers};
use azure_core::http::{AsyncRawResponse, AsyncResponseBody};
use azure_core::time::OffsetDateTime;
use bytes::Bytes;
use futures::StreamExt;
use http::StatusCode;
use kusto_protocol::{Endpoint, ErrorResponse, Request};

use crate::decompress::{DecompressError, Decompressor, Encoding};
use crate::error::{TransportError, TransportErrorKind};
use crate::retry::retry_after;

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) activity_id: Option<String>,
    pub(crate) decompressor: Option<Decompressor>,
    pub(crate) body: AsyncResponseBody,
    headers: Headers,
    unreadable: Option<DecompressError>,
}

impl Answer {
    pub(crate) fn new(response: AsyncRawResponse) -> Self {
        let (status, headers, body) = response.deconstruct();
        // Statuses of azure_core and of http are the same numbers; 000 and 1000 cannot come from an HTTP client.
        let status = StatusCode::from_u16(u16::from(status)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let encoding = Encoding::from_header(text(&headers, &CONTENT_ENCODING));
        let activity_id = text(&headers, &ACTIVITY_ID).map(str::to_owned);
        let (encoding, unreadable) = match encoding {
            Ok(encoding) => (encoding, None),
            Err(error) => (None, Some(error)),
        };
        let decompressor = encoding.map(Decompressor::new);
        Self {
            status,
            activity_id,
            decompressor,
            body,
            headers,
            unreadable,
        }
    }

    /// What a service that refuses a token asks for.
    pub(crate) fn www_authenticate(&self) -> Option<&str> {
        text(&self.headers, &WWW_AUTHENTICATE)
    }

    /// Whether it is a 200 that can be read.
    pub(crate) fn is_readable(&self) -> bool {
        self.status == StatusCode::OK && self.unreadable.is_none()
    }

    /// What everything but a readable 200 is.
    pub(crate) async fn into_error(mut self, endpoint: &Endpoint) -> TransportError {
        if let Some(error) = self.unreadable.take() {
            return self.identify(TransportError::new(TransportErrorKind::Decode, error.to_string()));
        }
        if self.status.is_redirection() {
            return self.identify(self.redirected(endpoint));
        }
        let retry_after = retry_after(text(&self.headers, &RETRY_AFTER), OffsetDateTime::now_utc());
        let status = self.status;
        let kind = match status {
            StatusCode::UNAUTHORIZED => TransportErrorKind::Auth,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => TransportErrorKind::Throttled,
            _ => TransportErrorKind::Service,
        };
        let activity_id = self.activity_id.take();
        let body = self.text().await;
        let response = ErrorResponse::parse(status, &body);
        let error = TransportError::from_response(kind, response).with_status(status, retry_after);
        match activity_id {
            Some(id) => error.with_activity_id(id),
            None => error,
        }
    }

    /// Where the service wants the request sent instead, as it says it. A 303 wants another kind of request.
    pub(crate) fn location(&self) -> Option<&str> {
        match self.status.as_u16() {
            301 | 302 | 307 | 308 => text(&self.headers, &LOCATION),
            _ => None,
        }
    }

    /// The start of the body: as much as an error text may have. A body that breaks off counts as far as it came.
    pub(crate) async fn text(self) -> Bytes {
        let Self {
            mut body,
            mut decompressor,
            ..
        } = self;
        let mut text = Vec::new();
        while let Some(Ok(mut chunk)) = body.next().await {
            match &mut decompressor {
                None => text.extend_from_slice(&chunk),
                Some(decompressor) => {
                    text.reserve(TEXT);
                    while text.len() < MAX_TEXT
                        && matches!(decompressor.fill(&mut chunk, &mut text), Ok(true))
                    {
                        text.reserve(TEXT);
                    }
                }
            }
            if text.len() >= MAX_TEXT {
                text.truncate(MAX_TEXT);
                break;
            }
        }
        text.into()
    }

    fn identify(&self, error: TransportError) -> TransportError {
        let error = error.with_status(self.status, None);
        match &self.activity_id {
            Some(id) => error.with_activity_id(id.clone()),
            None => error,
        }
    }

    fn redirected(&self, endpoint: &Endpoint) -> TransportError {
        // The host alone: the rest of the address may carry whatever the sender of the redirect likes.
        let location = text(&self.headers, &LOCATION).and_then(|location| location.parse::<http::Uri>().ok());
        let target = location
            .as_ref()
            .and_then(http::Uri::host)
            .unwrap_or("another address");
        let message = format!(
            "{} redirects to {target} (status {}), which is not followed; use that address, or allow redirects, if \
             you trust it",
            endpoint.host(),
            self.status.as_u16(),
        );
        TransportError::new(TransportErrorKind::Redirected, message)
    }
}

/// The value of a header. (`get_optional_str` makes an error, perhaps with a backtrace, of each header that is absent.)
fn text<'a>(headers: &'a Headers, name: &HeaderName) -> Option<&'a str> {
    let value = headers.get_optional_with(name, |value| Ok::<_, Infallible>(value.as_str()));
    value.ok().flatten()
}

const ACTIVITY_ID: HeaderName = HeaderName::from_static(Request::HEADER_ACTIVITY_ID);
const CONTENT_ENCODING: HeaderName = HeaderName::from_static("content-encoding");
const LOCATION: HeaderName = HeaderName::from_static("location");
const RETRY_AFTER: HeaderName = HeaderName::from_static("retry-after");
const WWW_AUTHENTICATE: HeaderName = HeaderName::from_static("www-authenticate");

/// How long most error texts are at most.
const TEXT: usize = 4 * 1024;
/// Error texts are short; what is longer is not one.
const MAX_TEXT: usize = 256 * 1024;
