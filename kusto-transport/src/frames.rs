//! Frames as they arrive.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use http::StatusCode;
use kusto_protocol::{
    DecodeError, DecodeErrorKind, DecoderConfig, ErrorResponse, Frame, FrameDecoder, QueryStatistics,
    RowBatch, TableKind,
};

use crate::ahead::Feed;
use crate::body::Body;
use crate::error::{TransportError, TransportErrorKind};

/// The frames of an answer, decoded as its bytes arrive.
///
/// The body is read only when the decoder has nothing left, so a slow consumer slows the service down, and at most
/// one chunk and one batch of rows are held; of a large answer a few megabytes, if
/// [threads](crate::PipelineOptions::decode_threads) may help. Errors inside the answer are frames like all others; only an answer
/// that cannot be read, or that breaks off, is an error here, after all rows that had come and, as the completion of
/// their table, the errors in place of rows. After an error there is nothing more.
#[derive(Debug)]
pub struct FrameStream {
    body: Body,
    decoder: FrameDecoder,
    chunk: Bytes,
    state: State,
    /// Frames that were read before anybody asked for them.
    head: VecDeque<Frame>,
    /// The open table whose rows are about the results, and no results.
    secondary: Option<i64>,
    feed: Feed,
}

#[derive(Debug)]
enum State {
    Frames,
    /// A body that is not frames: its text is the error message.
    Text(Vec<u8>),
    /// Nothing more, but perhaps the error.
    Over(Option<TransportError>),
}

impl FrameStream {
    pub(crate) fn new(body: Body, config: DecoderConfig, threads: usize) -> Self {
        Self {
            body,
            decoder: FrameDecoder::with_config(config),
            chunk: Bytes::new(),
            state: State::Frames,
            head: VecDeque::with_capacity(HEAD),
            secondary: None,
            feed: Feed::new(threads),
        }
    }

    /// Reads as far as the first row of a result, so that what fails before it can be asked for again.
    pub(crate) async fn read_head(&mut self) -> Result<(), TransportError> {
        while self.head.len() < MAX_HEAD {
            let Some(frame) = poll_fn(|cx| self.poll_read(cx)).await.transpose()? else {
                break;
            };
            let has_begun = match &frame {
                Frame::TableFragment(fragment) => self.secondary != Some(fragment.table_id),
                Frame::TableProgress(_) => true,
                _ => false,
            };
            self.head.push_back(frame);
            if has_begun {
                break;
            }
        }
        Ok(())
    }

    /// The failure that the answer ended with before its first row, if the service calls all of it transient.
    pub(crate) fn transient_failure(&self) -> Option<TransportError> {
        let Some(Frame::DataSetCompletion(completion)) = self.head.back() else {
            return None;
        };
        let errors = self.head.iter().flat_map(|frame| match frame {
            Frame::TableCompletion(completion) => &completion.errors[..],
            Frame::DataSetCompletion(completion) => &completion.errors,
            _ => &[],
        });
        let mut errors = errors.peekable();
        let first = (*errors.peek()?).clone();
        let is_transient = !completion.cancelled && errors.all(|error| error.permanent == Some(false));
        is_transient.then(|| self.body.identify(TransportError::from_service(first)))
    }

    /// The next frame; `None` after the last one, once the answer was found complete.
    ///
    /// # Errors
    ///
    /// If the answer breaks off, is not what the service sends, or is an error of the service in place of frames.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Result<Option<Frame>, TransportError> {
        poll_fn(|cx| self.poll_frame(cx)).await.transpose()
    }

    /// Takes a batch that is no longer needed, for the memory of those to come: memory that the system has to give anew
    /// for each batch takes longer than decoding.
    pub fn recycle(&mut self, batch: RowBatch) {
        self.feed.recycle(batch, &mut self.decoder);
    }

    /// How many bytes came over the network so far, compressed as they were.
    pub fn bytes_received(&self) -> u64 {
        self.body.bytes_received()
    }

    /// The id under which the request was sent.
    pub fn client_request_id(&self) -> &str {
        self.body.client_request_id()
    }

    /// The service's id of the request.
    pub fn activity_id(&self) -> Option<&str> {
        self.body.activity_id()
    }

    /// Whether anybody listens to what traces are told about the request.
    pub fn is_traced(&self) -> bool {
        self.body.operation().is_traced()
    }

    /// Tells traces what the service says it spent on the request.
    pub fn trace_statistics(&self, statistics: &QueryStatistics) {
        self.body.operation().statistics(statistics);
    }

    /// Polls for the next frame, for streams built on this one.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, TransportError>>> {
        match self.head.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => self.poll_read(cx),
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, TransportError>>> {
        let has_failed = matches!(self.state, State::Over(Some(_)));
        let mut result = ready!(self.poll_result(cx));
        match &result {
            Ok(Some(frame)) => self.observe(frame),
            Ok(None) => self.state = State::Over(None),
            Err(error) => {
                self.state = State::Over(None);
                self.feed.stop();
                // It is told once, though what had come goes before it.
                if !has_failed {
                    self.body.fail(error);
                }
            }
        }
        if let Err(error) = result {
            // What had come goes first.
            result = match self.decoder.remainder() {
                Some(frame) => {
                    self.state = State::Over(Some(error));
                    Ok(Some(frame))
                }
                None => Err(error),
            };
        }
        Poll::Ready(result.transpose())
    }

    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Frame>, TransportError>> {
        loop {
            match &mut self.state {
                State::Over(error) => return Poll::Ready(error.take().map_or(Ok(None), Err)),
                State::Text(text) => text.extend_from_slice(&std::mem::take(&mut self.chunk)),
                State::Frames => match self.decode() {
                    Ok(Some(frame)) => return Poll::Ready(Ok(Some(frame))),
                    Ok(None) => {}
                    Err(error) if error.kind() == DecodeErrorKind::NotFrames => {
                        self.state = State::Text(Vec::new());
                        continue;
                    }
                    Err(error) => return Poll::Ready(Err(self.undecodable(error))),
                },
            }
            let chunk = ready!(self.feed.poll_bytes(cx, &mut self.body, &mut self.decoder));
            match (chunk, &mut self.state) {
                (Some(Ok(chunk)), State::Text(text)) if text.len() + chunk.len() > MAX_TEXT => {
                    let text = std::mem::take(text);
                    return Poll::Ready(Err(self.service_text(&text)));
                }
                (Some(Ok(chunk)), _) => self.chunk = chunk,
                (None, State::Text(text)) => {
                    let text = std::mem::take(text);
                    return Poll::Ready(Err(self.service_text(&text)));
                }
                (None, _) => return Poll::Ready(self.finish().map(|()| None)),
                (Some(Err(error)), _) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn observe(&mut self, frame: &Frame) {
        match frame {
            Frame::TableHeader(table) => {
                let is_result = matches!(table.kind, TableKind::PrimaryResult | TableKind::Unknown);
                self.secondary = (!is_result).then_some(table.table_id);
            }
            Frame::TableFragment(fragment) if self.secondary != Some(fragment.table_id) => {
                self.body.operation().rows(fragment.rows.num_rows());
            }
            Frame::DataSetCompletion(_) => self.body.settle(),
            _ => {}
        }
    }

    fn decode(&mut self) -> Result<Option<Frame>, DecodeError> {
        let mut input = &self.chunk[..];
        let frame = self.decoder.decode(&mut input);
        let used = self.chunk.len() - input.len();
        self.chunk.advance(used);
        frame
    }

    fn finish(&mut self) -> Result<(), TransportError> {
        self.decoder.finish().map_err(|error| match error.kind() {
            DecodeErrorKind::Truncated => {
                let message = "the answer broke off before its end";
                self.body.identify(
                    TransportError::new(TransportErrorKind::Interrupted, message).with_source(error),
                )
            }
            _ => self.undecodable(error),
        })
    }

    fn undecodable(&self, error: DecodeError) -> TransportError {
        let error = match error.service_error() {
            Some(service) => TransportError::from_service(service.clone()),
            None => TransportError::new(TransportErrorKind::Decode, "the answer cannot be read")
                .with_source(error),
        };
        self.body.identify(error)
    }

    /// Text in place of frames, although the status said that all is well.
    fn service_text(&self, text: &[u8]) -> TransportError {
        let response = ErrorResponse::parse(StatusCode::OK, text);
        self.body.identify(TransportError::from_response(
            TransportErrorKind::Service,
            response,
        ))
    }
}

impl Stream for FrameStream {
    type Item = Result<Frame, TransportError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_frame(cx)
    }
}

/// Frames before the first row are few: the heads of tables, and tables about the results.
const MAX_HEAD: usize = 32;
/// How many of them there are in most answers.
const HEAD: usize = 8;
/// How much of a text in place of frames is kept.
const MAX_TEXT: usize = 256 * 1024;
