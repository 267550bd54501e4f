//! What the thread that reads does with the bytes: look at the first, compress, cut.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::SinkExt;
use futures::channel::mpsc;
use kusto_protocol::DataFormat;

use crate::blocks::{Counters, Packing, Piece};
use crate::error::{IngestError, IngestErrorKind};

/// Takes the bytes of a source, tells from the first of them how they are packed, and compresses text.
pub(crate) struct Intake {
    label: String,
    format: DataFormat,
    is_gzip: Option<bool>,
    counters: Arc<Counters>,
    state: State,
}

enum State {
    /// Too few bytes yet to tell.
    Head {
        head: Vec<u8>,
        cutter: Cutter,
    },
    AsItIs(Cutter),
    Gzip(Box<GzEncoder<Cutter>>),
    /// After an error.
    Failed,
}

/// Cuts bytes into blocks and sends them off. Waits while enough of them are ready.
pub(crate) struct Cutter {
    pub(crate) block: Vec<u8>,
    pub(crate) block_bytes: usize,
    pub(crate) sender: mpsc::Sender<Result<Piece, IngestError>>,
    pub(crate) counters: Arc<Counters>,
}

impl Intake {
    pub(crate) fn new(label: String, format: DataFormat, is_gzip: Option<bool>, cutter: Cutter) -> Self {
        Self {
            label,
            format,
            is_gzip,
            counters: Arc::clone(&cutter.counters),
            state: State::Head {
                head: Vec::new(),
                cutter,
            },
        }
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.counters.read.load(Ordering::Relaxed)
    }

    /// Takes bytes that are in memory, all there are. What is not compressed is cut without being copied.
    pub(crate) fn take_all(mut self, bytes: &Bytes) -> Result<(), IngestError> {
        self.counters
            .read
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.pass_all(bytes)
            .map_err(|error| self.failure(error, "cannot be packed"))?;
        self.finish()
    }

    fn pass_all(&mut self, bytes: &Bytes) -> io::Result<()> {
        let (head, rest) = bytes.split_at(bytes.len().min(LONGEST_MAGIC));
        self.pass(head)?;
        if rest.is_empty() {
            return Ok(());
        }
        self.begin()?;
        match &mut self.state {
            State::AsItIs(cutter) => cutter.take_all(bytes),
            _ => self.pass(rest),
        }
    }

    /// The last block, and the word that it is the last.
    pub(crate) fn finish(mut self) -> Result<(), IngestError> {
        if self.bytes_read() == 0 {
            return Err(self.refusal("is empty"));
        }
        let finished = self
            .begin()
            .and_then(|()| match std::mem::replace(&mut self.state, State::Failed) {
                State::Gzip(encoder) => encoder.finish()?.finish(),
                State::AsItIs(cutter) => cutter.finish(),
                State::Head { .. } | State::Failed => Ok(()),
            });
        finished.map_err(|error| self.failure(error, "cannot be packed"))
    }

    /// An error about the source, in words that continue its name.
    pub(crate) fn refusal(&self, words: &str) -> IngestError {
        IngestError::new(IngestErrorKind::Source, format!("{} {words}", self.label))
    }

    /// The same with a cause. An error of this crate that went through [`io::Error`] comes out as it was.
    pub(crate) fn failure(&self, error: io::Error, words: &str) -> IngestError {
        match error.downcast::<IngestError>() {
            Ok(error) => error,
            Err(error) => self.refusal(words).with_source(error),
        }
    }

    /// Leaves the first state, with whatever bytes there are.
    fn begin(&mut self) -> io::Result<()> {
        let (head, mut cutter) = match std::mem::replace(&mut self.state, State::Failed) {
            State::Head { head, cutter } => (head, cutter),
            begun => {
                self.state = begun;
                return Ok(());
            }
        };
        let packing = self.packing(&head).map_err(io::Error::other)?;
        cutter.send(Piece::Head(packing))?;
        self.state = match packing {
            // The fastest level: the service packs the data its own way anyhow.
            Packing::Gzip => State::Gzip(Box::new(GzEncoder::new(cutter, Compression::fast()))),
            Packing::None | Packing::WasGzip | Packing::WasZip => State::AsItIs(cutter),
        };
        self.pass(&head)
    }

    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.state {
            State::Head { head, .. } => head.extend_from_slice(bytes),
            State::AsItIs(cutter) => cutter.write_all(bytes)?,
            State::Gzip(encoder) => encoder.write_all(bytes)?,
            State::Failed => return Err(io::ErrorKind::BrokenPipe.into()),
        }
        Ok(())
    }

    /// Tells from the first bytes how the data is packed, and whether it can be of its format at all.
    fn packing(&self, head: &[u8]) -> Result<Packing, IngestError> {
        let looks_gzip = head.starts_with(GZIP);
        match self.is_gzip {
            Some(true) if !looks_gzip => return Err(self.refusal("is said to be gzip, and is not")),
            Some(true) => return Ok(Packing::WasGzip),
            None if looks_gzip => return Ok(Packing::WasGzip),
            None if head.starts_with(ZIP) => return Ok(Packing::WasZip),
            Some(false) | None => {}
        }
        let found = BINARY.iter().find(|(magic, _)| head.starts_with(magic));
        let expected = BINARY.iter().find(|(_, formats)| formats.contains(&self.format));
        match (found, expected) {
            (Some((_, formats)), _) if !formats.contains(&self.format) => Err(self.refusal(&format!(
                "begins as {} does, and the format is said to be {}",
                formats[0], self.format
            ))),
            (None, Some(_)) => Err(self.refusal(&format!("does not begin as {} does", self.format))),
            _ if self.format.is_compressible() => Ok(Packing::Gzip),
            _ => Ok(Packing::None),
        }
    }
}

impl Write for Intake {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.counters
            .read
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.pass(bytes)?;
        if matches!(&self.state, State::Head { head, .. } if head.len() >= LONGEST_MAGIC) {
            self.begin()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Cutter {
    /// The rest, then an empty block: it says that all went well.
    fn finish(mut self) -> io::Result<()> {
        if !self.block.is_empty() {
            self.send_block()?;
        }
        self.send(Piece::Block(Bytes::new()))
    }

    /// Sends all of the bytes, of which the head is in the block already.
    fn take_all(&mut self, bytes: &Bytes) -> io::Result<()> {
        self.counters
            .packed
            .fetch_add((bytes.len() - self.block.len()) as u64, Ordering::Relaxed);
        self.block = Vec::new();
        for begin in (0..bytes.len()).step_by(self.block_bytes) {
            let end = bytes.len().min(begin + self.block_bytes);
            self.send(Piece::Block(bytes.slice(begin..end)))?;
        }
        Ok(())
    }

    fn send_block(&mut self) -> io::Result<()> {
        let block = std::mem::take(&mut self.block);
        self.send(Piece::Block(block.into()))
    }

    fn send(&mut self, piece: Piece) -> io::Result<()> {
        // The other end is gone if the ingestion was given up.
        futures::executor::block_on(self.sender.send(Ok(piece))).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Cutter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.block_bytes - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        self.counters.packed.fetch_add(taken as u64, Ordering::Relaxed);
        if self.block.len() == self.block_bytes {
            self.send_block()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const GZIP: &[u8] = b"\x1f\x8b";
const ZIP: &[u8] = b"PK\x03\x04";
const BINARY: [(&[u8], &[DataFormat]); 3] = [
    (b"Obj\x01", &[DataFormat::Avro, DataFormat::ApacheAvro]),
    (b"ORC", &[DataFormat::Orc]),
    (b"PAR1", &[DataFormat::Parquet]),
];
const LONGEST_MAGIC: usize = 4;
