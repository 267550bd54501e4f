//! The body of an answer, plain and in order.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use azure_core::http::AsyncResponseBody;
use bytes::Bytes;
use futures_core::Stream;

use crate::answer::Answer;
use crate::cancel::CancelOnDrop;
use crate::deadline::{Deadline, Elapsed, IdleLimit};
use crate::decompress::{DecompressError, Decompressor};
use crate::error::{TransportError, TransportErrorKind};
use crate::trace::Operation;

/// The body of an answer that began well: a stream of plain bytes, read only when asked.
///
/// Compression is undone on the way, in pieces of at most 64 KiB. The time limit of the request goes on while the
/// body is read. After an error there is nothing more, and the connection is closed.
pub struct Body {
    /// `None` once there is nothing more.
    chunks: Option<AsyncResponseBody>,
    decompressor: Option<Decompressor>,
    /// What the decompressor has not taken yet.
    rest: Bytes,
    /// Room for the next piece.
    room: Vec<u8>,
    received: u64,
    limits: Limits,
    client_request_id: String,
    activity_id: Option<String>,
    cancel: CancelOnDrop,
    operation: Operation,
}

/// How long a body may take.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) deadline: Deadline,
    pub(crate) idle: Option<IdleLimit>,
}

impl Body {
    pub(crate) fn new(
        answer: Answer,
        client_request_id: String,
        limits: Limits,
        cancel: CancelOnDrop,
        operation: Operation,
    ) -> Self {
        operation.accept(&answer, &client_request_id);
        Self {
            chunks: Some(answer.body),
            decompressor: answer.decompressor,
            rest: Bytes::new(),
            room: Vec::new(),
            received: 0,
            limits,
            client_request_id,
            activity_id: answer.activity_id,
            cancel,
            operation,
        }
    }

    /// The next bytes; `None` at the end of the body.
    ///
    /// # Errors
    ///
    /// If the connection breaks, the time is over, or the compressed bytes are corrupt or cut.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        poll_fn(|cx| self.poll_bytes(cx)).await.transpose()
    }

    /// How many bytes came over the network so far, compressed as they were.
    pub fn bytes_received(&self) -> u64 {
        self.received
    }

    /// The id under which the request was sent.
    pub fn client_request_id(&self) -> &str {
        &self.client_request_id
    }

    /// The service's id of the request.
    pub fn activity_id(&self) -> Option<&str> {
        self.activity_id.as_deref()
    }

    pub(crate) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        self.poll_within_limits(cx, Self::poll_piece)
    }

    /// Appends the next bytes to `plain`: what is compressed fills the room that it has.
    pub(crate) fn poll_append(
        &mut self,
        cx: &mut Context<'_>,
        plain: &mut Vec<u8>,
    ) -> Poll<Option<Result<(), TransportError>>> {
        self.poll_within_limits(cx, |body, cx| body.poll_plain(cx, plain))
    }

    /// The service is done with the request, although bytes may still come.
    pub(crate) fn settle(&mut self) {
        self.cancel.disarm();
    }

    /// Closes the connection. What the service may still work on is cancelled.
    pub(crate) fn fail(&mut self, error: &TransportError) {
        self.chunks = None;
        self.operation.fail(error);
        if error.kind() == TransportErrorKind::Timeout {
            self.cancel.fire();
        } else {
            self.cancel.disarm();
        }
    }

    /// What is told about this request.
    pub(crate) fn operation(&self) -> &Operation {
        &self.operation
    }

    /// Adds the ids of this request to an error.
    pub(crate) fn identify(&self, error: TransportError) -> TransportError {
        error.with_ids(&self.client_request_id, self.activity_id.as_deref())
    }

    fn poll_within_limits<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Self, &mut Context<'_>) -> Poll<Result<Option<T>, TransportError>>,
    ) -> Poll<Option<Result<T, TransportError>>> {
        if self.chunks.is_none() {
            return Poll::Ready(None);
        }
        let result = match self.limits.deadline.poll(cx) {
            Poll::Ready(elapsed) => Err(TransportError::timeout(elapsed)),
            Poll::Pending => match (poll(self, cx), &mut self.limits.idle) {
                (Poll::Ready(result), _) => result,
                (Poll::Pending, Some(idle)) => Err(silence(ready!(idle.poll(cx)))),
                (Poll::Pending, None) => return Poll::Pending,
            },
        };
        let result = result.map_err(|error| self.identify(error));
        match &result {
            Ok(Some(_)) => {}
            Ok(None) => {
                self.chunks = None;
                self.settle();
                self.operation.complete();
            }
            Err(error) => self.fail(error),
        }
        Poll::Ready(result.transpose())
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, TransportError>> {
        if self.decompressor.is_none() {
            return self.poll_chunk(cx);
        }
        let mut plain = std::mem::take(&mut self.room);
        plain.reserve_exact(PIECE);
        match self.poll_plain(cx, &mut plain) {
            Poll::Ready(result) => Poll::Ready(result.map(|some| some.map(|()| plain.into()))),
            Poll::Pending => {
                self.room = plain;
                Poll::Pending
            }
        }
    }

    fn poll_plain(
        &mut self,
        cx: &mut Context<'_>,
        plain: &mut Vec<u8>,
    ) -> Poll<Result<Option<()>, TransportError>> {
        let corrupt =
            |error: DecompressError| TransportError::new(TransportErrorKind::Decode, error.to_string());
        while let Some(decompressor) = &mut self.decompressor {
            if decompressor.fill(&mut self.rest, plain).map_err(corrupt)? {
                return Poll::Ready(Ok(Some(())));
            }
            match ready!(self.poll_chunk(cx))? {
                Some(chunk) => self.rest = chunk,
                None => return Poll::Ready(Ok(None)),
            }
        }
        let chunk = ready!(self.poll_chunk(cx))?;
        Poll::Ready(Ok(chunk.map(|chunk| plain.extend_from_slice(&chunk))))
    }

    /// The next bytes as they come, never none.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, TransportError>> {
        while let Some(chunks) = &mut self.chunks {
            let Some(chunk) = ready!(Pin::new(chunks).poll_next(cx)) else {
                let cut = |error: DecompressError| {
                    TransportError::new(TransportErrorKind::Interrupted, error.to_string())
                };
                let end = self.decompressor.as_ref().map_or(Ok(()), Decompressor::finish);
                return Poll::Ready(end.map(|()| None).map_err(cut));
            };
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    let message = "the connection broke while the answer was read";
                    let error =
                        TransportError::new(TransportErrorKind::Interrupted, message).with_source(error);
                    return Poll::Ready(Err(error));
                }
            };
            if let Some(idle) = &mut self.limits.idle {
                idle.reset();
            }
            self.received += chunk.len() as u64;
            self.operation.bytes(self.received);
            if !chunk.is_empty() {
                return Poll::Ready(Ok(Some(chunk)));
            }
        }
        Poll::Ready(Ok(None))
    }
}

impl Stream for Body {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_bytes(cx)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("client_request_id", &self.client_request_id)
            .field("activity_id", &self.activity_id)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

fn silence(Elapsed(limit): Elapsed) -> TransportError {
    let message = format!("the answer was silent for {} s", limit.as_secs());
    TransportError::new(TransportErrorKind::Timeout, message)
}

/// How many plain bytes are made at once: a small answer of a few bytes may stand for gigabytes.
const PIECE: usize = 64 << 10;
