//! All frames of an answer.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use kusto_protocol::Frame;
use kusto_transport::{FrameStream, TransportError};

use crate::cancel::CancelOnDrop;
use crate::error::{Error, ErrorKind};

/// The frames of an answer, as they arrive: from [`Query::frames`](crate::Query::frames).
///
/// The connection is read only when a frame is asked for. After an error there is nothing more.
#[derive(Debug)]
pub struct Frames {
    frames: FrameStream,
    cancel: CancelOnDrop,
}

impl Frames {
    pub(crate) fn new(frames: FrameStream, cancel: CancelOnDrop) -> Self {
        Self { frames, cancel }
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
        let next = self.frames.next().await;
        self.judge(next.transpose()).transpose()
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

    fn judge(&mut self, next: Option<Result<Frame, TransportError>>) -> Option<Result<Frame, Error>> {
        match next {
            Some(Ok(frame)) => {
                if matches!(frame, Frame::DataSetCompletion(_)) {
                    self.cancel.disarm();
                }
                Some(Ok(frame))
            }
            Some(Err(error)) => {
                let error = Error::from(error);
                // Whatever else went wrong, the service does not work on the query any more.
                if error.kind() != ErrorKind::Timeout {
                    self.cancel.disarm();
                }
                Some(Err(error))
            }
            None => {
                self.cancel.disarm();
                None
            }
        }
    }
}

impl Stream for Frames {
    type Item = Result<Frame, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        this.frames.poll_frame(cx).map(|next| this.judge(next))
    }
}
