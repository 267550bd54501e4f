//! All frames of an answer.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use kusto_protocol::{Frame, QueryStatistics, RowBatch};
use kusto_transport::FrameStream;

use crate::error::Error;

/// The frames of an answer, as they arrive: from [`Query::frames`](crate::Query::frames).
///
/// The connection is read only when a frame is asked for. After an error there is nothing more.
#[derive(Debug)]
pub struct Frames {
    frames: FrameStream,
}

impl Frames {
    pub(crate) fn new(frames: FrameStream) -> Self {
        Self { frames }
    }

    /// The next frame; `None` after the last.
    ///
    /// # Errors
    ///
    /// If the answer breaks off, takes too long, or cannot be read. Errors that the service reports inside the
    /// answer are in the frames.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Result<Option<Frame>, Error> {
        Ok(self.frames.next().await?)
    }

    /// Takes a batch that is no longer needed, for the memory of those to come.
    pub fn recycle(&mut self, batch: RowBatch) {
        self.frames.recycle(batch);
    }

    /// How many bytes came over the network so far, compressed as they were.
    pub fn bytes_received(&self) -> u64 {
        self.frames.bytes_received()
    }

    /// The id under which the request was sent.
    pub fn client_request_id(&self) -> &str {
        self.frames.client_request_id()
    }

    /// The service's id of the request.
    pub fn activity_id(&self) -> Option<&str> {
        self.frames.activity_id()
    }

    /// Adds the ids of the request to an error.
    pub(crate) fn identify(&self, error: Error) -> Error {
        error.with_ids(self.client_request_id(), self.activity_id())
    }

    /// Whether anybody listens to what is told about the request.
    pub(crate) fn is_traced(&self) -> bool {
        self.frames.is_traced()
    }

    /// Tells traces what the service says it spent.
    pub(crate) fn trace_statistics(&self, statistics: &QueryStatistics) {
        self.frames.trace_statistics(statistics);
    }
}

impl Stream for Frames {
    type Item = Result<Frame, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.get_mut().frames.poll_frame(cx);
        next.map(|next| next.map(|frame| frame.map_err(Error::from)))
    }
}
