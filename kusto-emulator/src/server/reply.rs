//! Bodies of answers: whole, in pieces as they come, and distorted by a fault.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Body as _, Frame};
use tokio::sync::mpsc;

use crate::answer::{Broken, ContentCoding};
use crate::fault::Distortion;
use crate::session::Cancellation;

/// The body of an answer.
pub(super) type Body = UnsyncBoxBody<Bytes, Broken>;

/// A body that is there as a whole.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

pub(super) fn json_response(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    response(status, "application/json; charset=utf-8", whole(body))
}

pub(super) fn text_response(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    response(status, "text/plain; charset=utf-8", whole(body))
}

fn response(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// A response whose body comes piece by piece. Dropping it, as happens when the client goes away, cancels the query.
pub(super) fn streamed(
    mut pieces: mpsc::Receiver<Result<Bytes, Broken>>,
    coding: ContentCoding,
    cancel: CancelOnDrop,
) -> Response<Body> {
    let pieces = stream::poll_fn(move |context| {
        let _held = &cancel;
        pieces
            .poll_recv(context)
            .map(|piece| Some(piece?.map(Frame::data)))
    });
    let body = StreamBody::new(pieces).boxed_unsync();
    let mut response = response(StatusCode::OK, "application/json; charset=utf-8", body);
    if let Some(name) = coding.header() {
        response
            .headers_mut()
            .insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    response
}

/// Cancels a request when whoever waits for its answer waits no longer.
pub(super) struct CancelOnDrop(pub(super) Arc<Cancellation>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel("the client has gone away");
    }
}

/// A response whose body suffers what a fault says.
pub(super) fn distorted(response: Response<Body>, distortion: Distortion) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = distortion.content_length {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    let state = Distorting {
        body,
        piece: Bytes::new(),
        distortion,
    };
    let pieces = stream::try_unfold(state, |mut state| async move {
        Ok(state.next().await?.map(|piece| (Frame::data(piece), state)))
    });
    Response::from_parts(parts, StreamBody::new(pieces).boxed_unsync())
}

struct Distorting {
    body: Body,
    /// What came and has not been sent.
    piece: Bytes,
    distortion: Distortion,
}

impl Distorting {
    /// The next piece to be sent; an error ends the connection.
    async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        while self.piece.is_empty() {
            let body = &mut self.body;
            match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
                Some(frame) => self.piece = frame?.into_data().unwrap_or_default(),
                None => {
                    if self.distortion.content_length.is_some() {
                        flushed().await;
                    }
                    return Ok(None);
                }
            }
        }
        if !self.distortion.pause.is_zero() {
            tokio::time::sleep(self.distortion.pause).await;
        }
        let mut length = self.piece.len().min(self.distortion.max_piece);
        if let Some(left) = &mut self.distortion.left {
            length = length.min(usize::try_from(*left).unwrap_or(usize::MAX));
            if length == 0 {
                flushed().await;
                return Err(Broken);
            }
            *left -= length as u64;
        }
        Ok(Some(self.piece.split_to(length)))
    }
}

/// Lets what was sent before leave, where the connection is about to break.
async fn flushed() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}
