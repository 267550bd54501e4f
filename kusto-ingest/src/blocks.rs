//! Data on its way: read, compressed and cut into blocks on a thread of its own.

use std::borrow::Cow;
use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use bytes::Bytes;
use futures::channel::mpsc;
use futures::future::BoxFuture;
use futures::{AsyncReadExt, FutureExt, SinkExt, StreamExt};
use kusto_protocol::DataFormat;

use crate::error::{IngestError, IngestErrorKind};
use crate::intake::{Cutter, Intake};
use crate::source::{Data, Source};

/// The blocks of a source, in order, all of one size but the last. At most two are ready before they are asked for.
pub(crate) struct Blocks {
    receiver: mpsc::Receiver<Result<Piece, IngestError>>,
    /// Feeds the thread from a reader, which must be polled where the caller polls.
    pump: Option<BoxFuture<'static, ()>>,
    counters: Arc<Counters>,
    packing: Packing,
    raw_size: Option<u64>,
}

pub(crate) enum Piece {
    /// First of all pieces.
    Head(Packing),
    Block(Bytes),
}

/// How the data is compressed when it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Not at all, or inside of its binary format.
    None,
    /// With gzip, here.
    Gzip,
    /// With gzip, by whoever made it.
    WasGzip,
    /// As a zip archive, by whoever made it.
    WasZip,
}

/// Bytes so far.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) read: AtomicU64,
    pub(crate) packed: AtomicU64,
}

/// What the thread works on.
enum Input {
    Data(Data),
    Channel(ChannelReader),
}

impl Blocks {
    /// Begins to read. `block_bytes` is the size of a block.
    ///
    /// # Errors
    ///
    /// [`IngestErrorKind::Source`], if the source is empty, unreadable, or plainly not of the format.
    pub(crate) async fn open(
        source: Source,
        format: DataFormat,
        block_bytes: usize,
    ) -> Result<Self, IngestError> {
        let (mut sender, receiver) = mpsc::channel(READY_BLOCKS);
        let counters = Arc::new(Counters::default());
        let raw_size = source.raw_size;
        let label = format!("{source:?}");
        let is_gzip = source.is_gzip;
        let (input, pump) = match source.data {
            Data::Reader(reader) => {
                let (chunks, channel) = mpsc::channel(READY_CHUNKS);
                let pump = pump(reader, chunks).boxed();
                (
                    Input::Channel(ChannelReader {
                        chunks: channel,
                        chunk: Bytes::new(),
                    }),
                    Some(pump),
                )
            }
            data => (Input::Data(data), None),
        };
        let thread_counters = Arc::clone(&counters);
        let work = move || {
            let cutter = Cutter {
                block: Vec::new(),
                block_bytes,
                sender: sender.clone(),
                counters: thread_counters,
            };
            let intake = Intake::new(label, format, is_gzip, cutter);
            if let Err(error) = read(input, intake) {
                // Nobody listens if the ingestion was given up.
                let _ = futures::executor::block_on(sender.send(Err(error)));
            }
        };
        std::thread::Builder::new()
            .name("kusto-ingest".to_owned())
            .spawn(work)
            .map_err(|error| source_error("no thread to read the data").with_source(error))?;
        let mut blocks = Self {
            receiver,
            pump,
            counters,
            packing: Packing::None,
            raw_size,
        };
        match blocks.piece().await {
            Some(Ok(Piece::Head(packing))) => blocks.packing = packing,
            Some(Err(error)) => return Err(error),
            Some(Ok(Piece::Block(_))) | None => return Err(source_error(ENDED)),
        }
        Ok(blocks)
    }

    /// The next block; `None` at the end of the data.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, IngestError> {
        match self.piece().await {
            Some(Ok(Piece::Block(block))) => Ok(Some(block)),
            Some(Ok(Piece::Head(_))) => Err(source_error(ENDED)),
            Some(Err(error)) => Err(error),
            None => Ok(None),
        }
    }

    async fn piece(&mut self) -> Option<Result<Piece, IngestError>> {
        std::future::poll_fn(|cx| {
            if let Some(pump) = &mut self.pump
                && pump.poll_unpin(cx).is_ready()
            {
                self.pump = None;
            }
            match self.receiver.poll_next_unpin(cx) {
                // The thread ends by sending an empty block, or an error. A channel that just closes is a panic.
                Poll::Ready(Some(Ok(Piece::Block(block)))) if block.is_empty() => Poll::Ready(None),
                Poll::Ready(None) => Poll::Ready(Some(Err(source_error(ENDED)))),
                poll => poll,
            }
        })
        .await
    }

    pub(crate) fn packing(&self) -> Packing {
        self.packing
    }

    /// Bytes taken from the source so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.counters.read.load(Ordering::Relaxed)
    }

    /// Bytes that came out of compression so far.
    pub(crate) fn bytes_packed(&self) -> u64 {
        self.counters.packed.load(Ordering::Relaxed)
    }

    /// Bytes before compression, once all blocks were had: exact if they were counted here or told by the caller;
    /// an estimate of eleven times the bytes of what came compressed.
    pub(crate) fn raw_size(&self) -> u64 {
        let read = self.bytes_read();
        match self.packing {
            Packing::None | Packing::Gzip => read,
            Packing::WasGzip | Packing::WasZip => self
                .raw_size
                .unwrap_or_else(|| read.saturating_mul(COMPRESSION_GUESS)),
        }
    }
}

impl Packing {
    pub(crate) fn is_gzip(self) -> bool {
        matches!(self, Self::Gzip | Self::WasGzip)
    }

    /// What the name of the blob ends in, for the service to know.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip | Self::WasGzip => ".gz",
            Self::WasZip => ".zip",
        }
    }
}

/// The work of the thread: takes all of the input in.
fn read(input: Input, mut intake: Intake) -> Result<(), IngestError> {
    match input {
        Input::Channel(mut reader) => copy(&mut reader, &mut intake)?,
        Input::Data(Data::Bytes(bytes)) => return intake.take_all(&bytes),
        Input::Data(Data::File(path)) => return file(&path, intake),
        Input::Data(Data::Writer(write)) => {
            let written = write(&mut intake);
            written.map_err(|error| intake.failure(error, "cannot be written"))?;
        }
        // Readers come through a channel, and blobs are not read.
        Input::Data(Data::Reader(_) | Data::Blob(_)) => {}
    }
    intake.finish()
}

fn file(path: &Path, mut intake: Intake) -> Result<(), IngestError> {
    let open = || -> io::Result<(File, Metadata)> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        Ok((file, metadata))
    };
    let (mut file, before) = open().map_err(|error| intake.failure(error, "cannot be read"))?;
    copy(&mut file, &mut intake)?;
    let after = std::fs::metadata(path).map_err(|error| intake.failure(error, "cannot be read"))?;
    let is_same = before.len() == after.len() && before.modified().ok() == after.modified().ok();
    // Pipes and devices have no length.
    if before.is_file() && (!is_same || intake.bytes_read() != before.len()) {
        return Err(intake.refusal("changed while it was read; nothing of it was ingested"));
    }
    intake.finish()
}

fn copy(input: &mut impl Read, intake: &mut Intake) -> Result<(), IngestError> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let filled = match input.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(filled) => filled,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(intake.failure(error, "cannot be read")),
        };
        intake
            .write_all(&chunk[..filled])
            .map_err(|error| intake.failure(error, "cannot be packed"))?;
    }
}

/// Moves what the reader gives to the thread, until its end or an error.
async fn pump(
    mut reader: Pin<Box<dyn futures::AsyncRead + Send>>,
    mut chunks: mpsc::Sender<io::Result<Bytes>>,
) {
    loop {
        let mut chunk = vec![0; CHUNK_BYTES];
        let chunk = match reader.read(&mut chunk).await {
            Ok(0) => return,
            Ok(filled) => {
                chunk.truncate(filled);
                Ok(chunk.into())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let is_last = chunk.is_err();
        if chunks.send(chunk).await.is_err() || is_last {
            return;
        }
    }
}

/// The other end of [`pump`].
struct ChannelReader {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
    chunk: Bytes,
}

impl Read for ChannelReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.chunk.is_empty() {
            match futures::executor::block_on(self.chunks.next()) {
                Some(chunk) => self.chunk = chunk?,
                None => return Ok(0),
            }
        }
        let filled = buffer.len().min(self.chunk.len());
        buffer[..filled].copy_from_slice(&self.chunk.split_to(filled));
        Ok(filled)
    }
}

fn source_error(message: impl Into<Cow<'static, str>>) -> IngestError {
    IngestError::new(IngestErrorKind::Source, message)
}

const CHUNK_BYTES: usize = 256 << 10;
const READY_CHUNKS: usize = 2;
const READY_BLOCKS: usize = 1;
const ENDED: &str = "the thread that reads the data ended without it";
/// The Python SDK's estimate for gzip.
const COMPRESSION_GUESS: u64 = 11;

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    /// All blocks, and the sizes that are told.
    fn read_all(
        source: Source,
        format: DataFormat,
        block_bytes: usize,
    ) -> Result<(Vec<Bytes>, Blocks), IngestError> {
        block_on(async {
            let mut blocks = Blocks::open(source, format, block_bytes).await?;
            let mut all = Vec::new();
            while let Some(block) = blocks.next().await? {
                all.push(block);
            }
            Ok((all, blocks))
        })
    }

    fn unpack(blocks: &[Bytes]) -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&blocks.concat()[..])
            .read_to_end(&mut plain)
            .unwrap();
        plain
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn text_is_compressed_whatever_it_comes_from() {
        let text: Vec<u8> = (0..200_000)
            .flat_map(|n: u32| format!("{n},row\n").into_bytes())
            .collect();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rows.csv");
        std::fs::write(&path, &text).unwrap();
        let copy = text.clone();
        for source in [
            Source::bytes(text.clone()),
            Source::file(path),
            Source::reader(futures::io::Cursor::new(text.clone())),
            Source::writer(move |out| copy.chunks(3).try_for_each(|piece| out.write_all(piece))),
        ] {
            let label = format!("{source:?}");
            let (all, blocks) = read_all(source, DataFormat::Csv, 10_000).unwrap();
            assert!(unpack(&all) == text, "{label}");
            assert_eq!(
                (blocks.packing(), blocks.raw_size()),
                (Packing::Gzip, text.len() as u64),
                "{label}"
            );
            assert!(
                all[..all.len() - 1].iter().all(|block| block.len() == 10_000),
                "{label}"
            );
        }
    }

    #[test]
    fn what_is_packed_or_binary_goes_as_it_is() {
        let packed = gzip(b"a,1\n");
        let (all, blocks) = read_all(Source::bytes(packed.clone()), DataFormat::Csv, 1000).unwrap();
        assert!(all.concat() == packed);
        assert_eq!(blocks.packing(), Packing::WasGzip);
        assert_eq!(blocks.raw_size(), 11 * packed.len() as u64);
        let told = Source::bytes(packed).raw_size(4);
        assert_eq!(read_all(told, DataFormat::Csv, 1000).unwrap().1.raw_size(), 4);
        let (all, blocks) = read_all(Source::bytes("PAR1…"), DataFormat::Parquet, 1000).unwrap();
        assert!(all.concat() == "PAR1…".as_bytes());
        assert_eq!((blocks.packing(), blocks.raw_size()), (Packing::None, 7));
        let zip = read_all(Source::bytes("PK\x03\x04…"), DataFormat::Csv, 1000).unwrap();
        assert_eq!(zip.1.packing(), Packing::WasZip);
    }

    #[test]
    fn rows_are_lines_of_json() {
        let rows = Source::rows((0..3).map(|n| serde_json::json!({"n": n})));
        let (all, _) = read_all(rows, DataFormat::Json, 1000).unwrap();
        assert_eq!(unpack(&all), b"{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n");
    }

    #[cfg(feature = "arrow")]
    #[test]
    fn record_batches_are_one_parquet_file() {
        use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
        let batch = |start: i64| {
            let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(start..start + 1000));
            let names: ArrayRef = Arc::new(StringArray::from_iter_values(
                (start..start + 1000).map(|n| n.to_string()),
            ));
            RecordBatch::try_from_iter([("n", numbers), ("name", names)]).unwrap()
        };
        let sent = [batch(0), batch(1000), batch(2000)];
        let source = Source::record_batches(sent[0].schema(), sent.clone());
        let (all, blocks) = read_all(source, DataFormat::Parquet, 1000).unwrap();
        assert_eq!(blocks.packing(), Packing::None);
        let file = Bytes::from(all.concat());
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(file, 1000).unwrap();
        let back: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
        assert_eq!(back, sent);
    }

    #[test]
    fn what_cannot_be_ingested_says_why_before_the_first_block() {
        let directory = tempfile::tempdir().unwrap();
        let absent = directory.path().join("absent.csv");
        for (source, format, words) in [
            (Source::bytes(""), DataFormat::Csv, "is empty"),
            (Source::reader(futures::io::empty()), DataFormat::Csv, "is empty"),
            (Source::rows(Vec::<u8>::new()), DataFormat::Json, "is empty"),
            (Source::file(absent), DataFormat::Csv, "cannot be read"),
            (Source::file(directory.path()), DataFormat::Csv, "cannot be read"),
            (
                Source::bytes("a,1").gzip(true),
                DataFormat::Csv,
                "said to be gzip",
            ),
            (Source::bytes("PAR1"), DataFormat::Csv, "begins as parquet does"),
            (
                Source::bytes("a,1\n"),
                DataFormat::Avro,
                "does not begin as avro does",
            ),
        ] {
            let error = read_all(source, format, 1000).err().unwrap();
            assert_eq!(error.kind(), IngestErrorKind::Source);
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    /// Gives some bytes, then fails.
    struct Failing(usize);

    impl futures::AsyncRead for Failing {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            let filled = buffer.len().min(self.0);
            self.0 -= filled;
            buffer[..filled].fill(b'1');
            Poll::Ready(if filled == 0 {
                Err(io::Error::other("torn"))
            } else {
                Ok(filled)
            })
        }
    }

    #[test]
    fn a_reader_that_fails_half_way_is_an_error_and_no_end() {
        for bytes in [0, 10, 1_000_000] {
            let error = read_all(Source::reader(Failing(bytes)), DataFormat::Csv, 100)
                .err()
                .unwrap();
            assert_eq!(error.to_string(), "data of a reader cannot be read");
            assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "torn");
        }
    }

    #[test]
    fn a_writer_that_fails_or_panics_is_an_error_and_no_end() {
        let failing = Source::writer(|out| {
            out.write_all(b"rows")?;
            Err(io::Error::other("no more"))
        });
        assert!(read_all(failing, DataFormat::Csv, 100).is_err());
        let panicking = Source::writer(|out| {
            out.write_all(b"some rows")?;
            panic!("expected in this test")
        });
        let error = read_all(panicking, DataFormat::Csv, 100).err().unwrap();
        assert_eq!(error.to_string(), ENDED);
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rows.csv");
        // More than what can be ready at once, so that the thread has to wait in the middle.
        let mut bytes = vec![0; 2_000_000];
        let mut state = 1u32;
        for byte in &mut bytes {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
        std::fs::write(&path, &bytes).unwrap();
        let error = block_on(async {
            let mut blocks = Blocks::open(Source::file(&path), DataFormat::Csv, 1000).await?;
            blocks.next().await?;
            let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
            file.write_all(b"one more row\n").unwrap();
            while blocks.next().await?.is_some() {}
            Ok::<_, IngestError>(())
        })
        .unwrap_err();
        assert!(error.to_string().contains("changed while it was read"), "{error}");
    }

    #[test]
    fn a_source_that_nobody_waits_for_any_more_is_left_alone() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let source = Source::writer(move |out| {
            let result = loop {
                if let Err(error) = out.write_all(&[b'1'; 100_000]) {
                    break error.kind();
                }
            };
            sender.send(result).unwrap();
            Ok(())
        });
        let blocks = block_on(Blocks::open(source, DataFormat::Csv, 100)).ok().unwrap();
        drop(blocks);
        assert_eq!(receiver.recv().unwrap(), io::ErrorKind::BrokenPipe);
    }
}
