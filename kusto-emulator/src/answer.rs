//! The body of an answer: frames encoded, compressed and sent piece by piece while the query runs.
//!
//! At most one piece waits for the client. A client that reads slowly slows the query down; one that has gone away
//! ends it.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;
use kusto_protocol::{Frame, FrameEncoder, Layout};
use tokio::sync::mpsc;

/// How the bytes of an answer are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentCoding {
    Identity,
    Deflate,
    Gzip,
}

impl ContentCoding {
    /// The first coding of the request's list that is known here.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let accepted = headers
            .get_all(ACCEPT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok());
        accepted
            .flat_map(|list| list.split(','))
            .find_map(
                |coding| match coding.split(';').next().unwrap_or_default().trim() {
                    "gzip" => Some(Self::Gzip),
                    "deflate" => Some(Self::Deflate),
                    "identity" => Some(Self::Identity),
                    _ => None,
                },
            )
            .unwrap_or(Self::Identity)
    }

    /// The value of `Content-Encoding`; `None` for identity, which has none.
    pub(crate) const fn header(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Deflate => Some("deflate"),
            Self::Gzip => Some("gzip"),
        }
    }
}

/// The client has gone away, so that nobody needs the rest of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// The sending half of an answer. Used from a thread that may block.
pub(crate) struct Answer {
    encoder: FrameEncoder,
    text: Vec<u8>,
    compressor: Compressor,
    pieces: mpsc::Sender<Bytes>,
}

enum Compressor {
    Identity,
    Deflate(ZlibEncoder<Vec<u8>>),
    Gzip(GzEncoder<Vec<u8>>),
}

impl Answer {
    /// An answer in this layout, and the pieces that it will consist of.
    pub(crate) fn new(layout: Layout, coding: ContentCoding) -> (Self, mpsc::Receiver<Bytes>) {
        let (pieces, receiver) = mpsc::channel(1);
        // Loopback is faster than any compressor, so the quickest level it is.
        let compressor = match coding {
            ContentCoding::Identity => Compressor::Identity,
            ContentCoding::Deflate => Compressor::Deflate(ZlibEncoder::new(Vec::new(), Compression::fast())),
            ContentCoding::Gzip => Compressor::Gzip(GzEncoder::new(Vec::new(), Compression::fast())),
        };
        (
            Self {
                encoder: FrameEncoder::new(layout),
                text: Vec::new(),
                compressor,
                pieces,
            },
            receiver,
        )
    }

    /// Encodes a frame. Fragments are sent at once, other frames with the next fragment or at the end.
    pub(crate) fn frame(&mut self, frame: &Frame) -> Result<(), Gone> {
        // Frames come from one place, in order, in layouts that have a form for them.
        let encoded = self.encoder.encode(frame, &mut self.text);
        debug_assert!(encoded.is_ok(), "{encoded:?}");
        match frame {
            Frame::TableFragment(_) => self.send(false),
            _ => Ok(()),
        }
    }

    /// Ends the answer.
    pub(crate) fn finish(mut self) -> Result<(), Gone> {
        let encoded = self.encoder.finish(&mut self.text);
        debug_assert!(encoded.is_ok(), "{encoded:?}");
        self.send(true)
    }

    fn send(&mut self, last: bool) -> Result<(), Gone> {
        // Writing to a Vec does not fail.
        let piece = match &mut self.compressor {
            Compressor::Identity => std::mem::take(&mut self.text),
            Compressor::Deflate(encoder) => {
                let written = encoder.write_all(&self.text).and_then(|()| {
                    if last {
                        encoder.try_finish()
                    } else {
                        encoder.flush()
                    }
                });
                debug_assert!(written.is_ok());
                std::mem::take(encoder.get_mut())
            }
            Compressor::Gzip(encoder) => {
                let written = encoder.write_all(&self.text).and_then(|()| {
                    if last {
                        encoder.try_finish()
                    } else {
                        encoder.flush()
                    }
                });
                debug_assert!(written.is_ok());
                std::mem::take(encoder.get_mut())
            }
        };
        self.text.clear();
        if piece.is_empty() {
            return Ok(());
        }
        self.pieces.blocking_send(piece.into()).map_err(|_| Gone)
    }
}
