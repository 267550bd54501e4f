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
        if self.chunks.is_none() {
            return Poll::Ready(None);
        }
        let result = ready!(self.poll_within_limits(cx));
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

    fn poll_within_limits(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, TransportError>> {
        if let Poll::Ready(elapsed) = self.limits.deadline.poll(cx) {
            return Poll::Ready(Err(TransportError::timeout(elapsed)));
        }
        match self.poll_plain(cx) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => match &mut self.limits.idle {
                Some(idle) => idle.poll(cx).map(|elapsed| Err(silence(elapsed))),
                None => Poll::Pending,
            },
        }
    }

    fn poll_plain(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, TransportError>> {
        loop {
            if let Some(decompressor) = &mut self.decompressor {
                match decompressor.next(&mut self.rest) {
                    Ok(Some(piece)) => return Poll::Ready(Ok(Some(piece))),
                    Ok(None) => {}
                    Err(error) => {
                        return Poll::Ready(Err(TransportError::new(
                            TransportErrorKind::Decode,
                            error.to_string(),
                        )));
                    }
                }
            }
            let Some(chunks) = &mut self.chunks else {
                return Poll::Ready(Ok(None));
            };
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
            if self.decompressor.is_some() {
                self.rest = chunk;
            } else if !chunk.is_empty() {
                return Poll::Ready(Ok(Some(chunk)));
            }
        }
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
