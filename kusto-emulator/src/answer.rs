//! The body of an answer: frames encoded, compressed and sent piece by piece while the query runs.
//!
//! At most one piece waits for the client. A client that reads slowly slows the query down; one that has gone away
//! ends it.

use std::fmt;
use std::io::{self, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;
use kusto_protocol::{AcceptEncoding, Frame, FrameEncoder, Layout};
use tokio::sync::mpsc;

/// How the bytes of an answer are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentCoding {
    Identity,
    Deflate,
    Gzip,
}

impl ContentCoding {
    /// The best coding that the request allows.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let lists = headers.get_all(ACCEPT_ENCODING).iter();
        let lists: Vec<&str> = lists.filter_map(|list| list.to_str().ok()).collect();
        match AcceptEncoding::from_header(&lists.join(",")) {
            AcceptEncoding::Gzip | AcceptEncoding::GzipOrDeflate => Self::Gzip,
            AcceptEncoding::Deflate => Self::Deflate,
            _ => Self::Identity,
        }
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

/// The answer cannot go on: the client has gone away, or a value has no form on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer ended before it was complete")
    }
}

impl std::error::Error for Broken {}

/// The sending half of an answer. Used from a thread that may block.
///
/// One that is dropped before it is finished breaks off: the client sees that the connection ends too early.
pub(crate) struct Answer {
    encoder: FrameEncoder,
    text: Vec<u8>,
    compressor: Compressor,
    pieces: mpsc::Sender<Result<Bytes, Broken>>,
    is_finished: bool,
}

impl Answer {
    /// An answer in this layout, and the pieces that it will consist of.
    pub(crate) fn new(
        layout: Layout,
        coding: ContentCoding,
    ) -> (Self, mpsc::Receiver<Result<Bytes, Broken>>) {
        let (pieces, receiver) = mpsc::channel(1);
        let answer = Self {
            encoder: FrameEncoder::new(layout),
            text: Vec::new(),
            compressor: Compressor::new(coding),
            pieces,
            is_finished: false,
        };
        (answer, receiver)
    }

    /// Encodes a frame. Fragments are sent at once, other frames with the next fragment or at the end.
    pub(crate) fn frame(&mut self, frame: &Frame) -> Result<(), Broken> {
        self.encoder.encode(frame, &mut self.text).map_err(|_| Broken)?;
        match frame {
            Frame::TableFragment(_) => self.send(false),
            _ => Ok(()),
        }
    }

    /// Ends the answer.
    pub(crate) fn finish(mut self) -> Result<(), Broken> {
        self.encoder.finish(&mut self.text).map_err(|_| Broken)?;
        self.send(true)?;
        self.is_finished = true;
        Ok(())
    }

    fn send(&mut self, is_last: bool) -> Result<(), Broken> {
        let piece = self.compressor.pack(&mut self.text, is_last);
        let piece = piece.map_err(|_| Broken)?;
        if piece.is_empty() {
            return Ok(());
        }
        self.pieces.blocking_send(Ok(piece.into())).map_err(|_| Broken)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if !self.is_finished {
            // A client that has gone away needs not be told.
            let _ = self.pieces.blocking_send(Err(Broken));
        }
    }
}

enum Compressor {
    Identity,
    Deflate(ZlibEncoder<Vec<u8>>),
    Gzip(GzEncoder<Vec<u8>>),
}

impl Compressor {
    fn new(coding: ContentCoding) -> Self {
        // Loopback is faster than any compressor, so the quickest level it is.
        match coding {
            ContentCoding::Identity => Self::Identity,
            ContentCoding::Deflate => Self::Deflate(ZlibEncoder::new(Vec::new(), Compression::fast())),
            ContentCoding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), Compression::fast())),
        }
    }

    /// Takes the text and gives bytes from which all text so far can be read.
    fn pack(&mut self, text: &mut Vec<u8>, is_last: bool) -> io::Result<Vec<u8>> {
        let text = std::mem::take(text);
        match self {
            Self::Identity => Ok(text),
            Self::Deflate(encoder) => {
                encoder.write_all(&text)?;
                if is_last {
                    encoder.try_finish()
                } else {
                    encoder.flush()
                }?;
                Ok(std::mem::take(encoder.get_mut()))
            }
            Self::Gzip(encoder) => {
                encoder.write_all(&text)?;
                if is_last {
                    encoder.try_finish()
                } else {
                    encoder.flush()
                }?;
                Ok(std::mem::take(encoder.get_mut()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use kusto_protocol::{DataSetCompletion, DataSetHeader};

    fn accepted(lists: &[&'static str]) -> ContentCoding {
        let lists = lists
            .iter()
            .map(|list| (ACCEPT_ENCODING, HeaderValue::from_static(list)));
        let mut headers = HeaderMap::new();
        headers.extend(lists);
        ContentCoding::accepted(&headers)
    }

    #[test]
    fn gzip_is_preferred_and_refusals_are_heard() {
        assert_eq!(accepted(&[]), ContentCoding::Identity);
        assert_eq!(accepted(&["deflate, gzip"]), ContentCoding::Gzip);
        assert_eq!(accepted(&["deflate", "gzip"]), ContentCoding::Gzip);
        assert_eq!(accepted(&["gzip;q=0, deflate;q=0.5"]), ContentCoding::Deflate);
        assert_eq!(accepted(&["br, gzip; q=0"]), ContentCoding::Identity);
    }

    #[test]
    fn an_answer_that_is_not_finished_breaks_off() {
        let (mut answer, mut pieces) = Answer::new(Layout::V2, ContentCoding::Identity);
        answer
            .frame(&Frame::DataSetHeader(DataSetHeader::default()))
            .unwrap();
        drop(answer);
        assert_eq!(pieces.blocking_recv(), Some(Err(Broken)));
        assert_eq!(pieces.blocking_recv(), None);
    }

    #[test]
    fn an_answer_whose_client_is_gone_cannot_go_on() {
        let (mut answer, pieces) = Answer::new(Layout::V2, ContentCoding::Gzip);
        drop(pieces);
        answer
            .frame(&Frame::DataSetHeader(DataSetHeader::default()))
            .unwrap();
        answer
            .frame(&Frame::DataSetCompletion(DataSetCompletion::default()))
            .unwrap();
        assert_eq!(answer.finish(), Err(Broken));
    }
}
