//! `kusto ingest`

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use kusto_client::{
    Client, IngestError, Ingested, IngestionOperation, IngestionProperties, IngestionStatus,
    ManagedStreamingIngestClient, Progress, QueuedIngestClient, Source,
};
use kusto_protocol::DataFormat;

use crate::args::{IngestArguments, IngestWay};
use crate::connect;
use crate::failure::{self, Failure};
use crate::progress::{seconds, size};

pub(crate) async fn run(arguments: IngestArguments) -> Result<(), Failure> {
    // All arguments are checked before the first byte is sent.
    let files = expand(&arguments.files)?;
    let mut formats = Vec::with_capacity(files.len());
    for file in &files {
        formats.push(format_of(file, arguments.data_format)?);
    }
    let (client, database) = connect::client(&arguments.connection)?;
    let is_quiet = arguments.quiet.quiet;
    let bar = Arc::new(Bar::new(is_quiet));
    let way = Way::new(&client, arguments.by, &bar);
    let (started, mut failed, mut totals, mut waiting) = (Instant::now(), 0, Totals::default(), Vec::new());
    for (file, format) in files.iter().zip(formats) {
        let length = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
        bar.begin(file, length);
        let counter = Arc::new(AtomicU64::new(0));
        let outcome = way.ingest(file, format, &arguments, &database, &counter).await;
        bar.clear();
        let uploaded = bar.take();
        let what = match outcome {
            Ok(Done::Streamed(sent)) => {
                totals.sent += sent;
                "ingested into"
            }
            Ok(Done::Queued(operation)) => {
                waiting.push((file, operation));
                "queued for"
            }
            Err(error) if files.len() == 1 => {
                return Err(Failure::new(format!("{}: {error}", file.display())));
            }
            Err(error) => {
                eprintln!("{}: {error}", file.display());
                failed += 1;
                continue;
            }
        };
        totals.add(&uploaded, length.max(counter.load(Ordering::Relaxed)));
        if !is_quiet {
            eprintln!("{}: {what} {}", file.display(), arguments.table);
        }
    }
    if let Some(limit) = arguments.wait {
        failed += way.wait(&waiting, Duration::from_secs(limit), is_quiet).await;
    }
    if !is_quiet {
        let (done, all) = (files.len() - failed, files.len());
        eprintln!("{done} of {all} files, {totals}, {}", seconds(started.elapsed()));
    }
    match failed {
        0 => Ok(()),
        1 if files.len() == 1 => Err(Failure::new("the file was not ingested")),
        _ => Err(Failure::new(format!(
            "{failed} of {} files were not ingested",
            files.len()
        ))),
    }
}

/// The clients of the way that was asked for.
enum Way {
    Managed(ManagedStreamingIngestClient, QueuedIngestClient),
    Queued(QueuedIngestClient),
    Streaming(kusto_client::StreamingIngestClient),
}

enum Done {
    /// With so many bytes sent.
    Streamed(u64),
    Queued(IngestionOperation),
}

impl Way {
    fn new(client: &Client, by: IngestWay, bar: &Arc<Bar>) -> Self {
        let bar = Arc::clone(bar);
        let queued = client
            .queued_ingest()
            .on_progress(move |progress| bar.show(progress));
        match by {
            IngestWay::Managed => {
                let managed = ManagedStreamingIngestClient::of(client.streaming_ingest(), queued.clone());
                Self::Managed(managed, queued)
            }
            IngestWay::Queued => Self::Queued(queued),
            IngestWay::Streaming => Self::Streaming(client.streaming_ingest()),
        }
    }

    async fn ingest(
        &self,
        file: &Path,
        format: DataFormat,
        arguments: &IngestArguments,
        database: &str,
        counter: &Arc<AtomicU64>,
    ) -> Result<Done, String> {
        let mut properties = IngestionProperties::new(database, &arguments.table).format(format);
        if let Some(mapping) = &arguments.mapping {
            properties = properties.mapping_reference(mapping);
        }
        if arguments.wait.is_some() {
            properties = properties.tracking(true);
        }
        // The service can leave out a header of queued data, and knows nothing of headers when it streams.
        let skips_here = arguments.skip_header && !matches!(self, Self::Queued(_));
        if arguments.skip_header && !skips_here {
            properties = properties.ignore_first_record(true);
        }
        let source = source(file, skips_here, counter).map_err(|error| error.to_string())?;
        let outcome = match self {
            Self::Managed(client, _) => {
                client
                    .ingest(source, &properties)
                    .await
                    .map(|ingested| match ingested {
                        Ingested::Queued(operation) => Done::Queued(operation),
                        Ingested::Streamed(streamed) => Done::Streamed(streamed.bytes_sent),
                        // Ways that this command does not know are none that it asks for.
                        _ => Done::Streamed(0),
                    })
            }
            Self::Queued(client) => client.ingest(source, &properties).await.map(Done::Queued),
            Self::Streaming(client) => {
                let streamed = client.ingest(source, &properties).await;
                streamed.map(|streamed| Done::Streamed(streamed.bytes_sent))
            }
        };
        outcome.map_err(|error: IngestError| failure::with_cause(&error))
    }

    /// Waits for what was queued, and gives the number of files that are not in.
    async fn wait(
        &self,
        waiting: &[(&PathBuf, IngestionOperation)],
        limit: Duration,
        is_quiet: bool,
    ) -> usize {
        let (Self::Managed(_, queued) | Self::Queued(queued)) = self else {
            return 0;
        };
        let until = Instant::now() + limit;
        let mut failed = 0;
        for (file, operation) in waiting {
            let status = queued
                .wait(operation, until.saturating_duration_since(Instant::now()))
                .await;
            let problem = match status {
                Ok(IngestionStatus::Succeeded | IngestionStatus::Skipped) => {
                    if !is_quiet {
                        eprintln!("{}: ingested", file.display());
                    }
                    continue;
                }
                Ok(IngestionStatus::Failed(failure) | IngestionStatus::PartiallySucceeded(failure)) => {
                    failure.to_string()
                }
                Ok(_) => format!("still queued after {} s", limit.as_secs()),
                Err(error) => failure::with_cause(&error),
            };
            eprintln!("{}: {problem}", file.display());
            failed += 1;
        }
        failed
    }
}

/// What all files came to.
#[derive(Default)]
struct Totals {
    read: u64,
    sent: u64,
    retried: u64,
}

impl Totals {
    /// Adds a file of so many bytes, and what its upload came to, if it was uploaded.
    fn add(&mut self, uploaded: &Progress, length: u64) {
        self.read += length;
        self.sent += uploaded.bytes_uploaded;
        self.retried += uploaded.blocks_retried;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} read, {} sent", size(self.read), size(self.sent))?;
        match self.retried {
            0 => Ok(()),
            1 => f.write_str(", 1 block again"),
            blocks => write!(f, ", {blocks} blocks again"),
        }
    }
}

/// How much of a file is read, on the terminal.
struct Bar {
    is_shown: bool,
    state: Mutex<BarState>,
}

#[derive(Default)]
struct BarState {
    file: String,
    length: u64,
    progress: Progress,
}

impl Bar {
    fn new(is_quiet: bool) -> Self {
        Self {
            is_shown: !is_quiet && io::stderr().is_terminal(),
            state: Mutex::default(),
        }
    }

    fn begin(&self, file: &Path, length: u64) {
        *self.state() = BarState {
            file: file.display().to_string(),
            length,
            progress: Progress::default(),
        };
    }

    fn show(&self, progress: &Progress) {
        let mut state = self.state();
        state.progress = *progress;
        if self.is_shown {
            let bar = bar(progress.bytes_read, state.length);
            // Progress that cannot be written is not worth failing for, here and below.
            let _ = write!(io::stderr(), "\r\u{1b}[K{}: {bar}", state.file);
        }
    }

    fn clear(&self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }

    /// How far the upload came; nothing if there was none.
    fn take(&self) -> Progress {
        std::mem::take(&mut self.state().progress)
    }

    fn state(&self) -> MutexGuard<'_, BarState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bar(read: u64, length: u64) -> String {
    if length == 0 {
        return size(read);
    }
    let share = (read as f64 / length as f64).min(1.0);
    let filled = (share * BAR_WIDTH as f64) as usize;
    let (full, empty) = ("█".repeat(filled), "░".repeat(BAR_WIDTH - filled));
    format!("{full}{empty} {:3.0} % of {}", share * 100.0, size(length))
}

/// Files as they are, and those that patterns stand for, in their order.
fn expand(arguments: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for argument in arguments {
        let pattern = argument
            .to_str()
            .filter(|text| text.contains(['*', '?', '[']) && !argument.exists());
        let Some(pattern) = pattern else {
            files.push(argument.clone());
            continue;
        };
        let found = glob::glob(pattern).map_err(|error| Failure::usage(format!("{pattern}: {error}")))?;
        let before = files.len();
        for file in found {
            files.push(file.map_err(|error| Failure::new(error.to_string()))?);
        }
        if files.len() == before {
            return Err(Failure::usage(format!("{pattern}: there is no such file")));
        }
    }
    Ok(files)
}

fn format_of(file: &Path, given: Option<DataFormat>) -> Result<DataFormat, Failure> {
    given
        .or_else(|| DataFormat::from_file_name(file.to_str()?))
        .ok_or_else(|| {
            Failure::usage(format!(
                "{}: the name does not say which format; add --data-format",
                file.display()
            ))
        })
}

/// The data of a file, or of standard input. What has no length is counted while it is read.
fn source(file: &Path, skip_header: bool, counter: &Arc<AtomicU64>) -> io::Result<Source> {
    let is_stdin = file == Path::new("-");
    if !is_stdin && !skip_header {
        return Ok(Source::file(file));
    }
    let is_gzip = file
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case(OsStr::new("gz")));
    let input: Box<dyn Read + Send> = match (is_stdin, is_gzip) {
        (true, _) => Box::new(Counted(io::stdin(), Arc::clone(counter))),
        (false, true) => Box::new(MultiGzDecoder::new(File::open(file)?)),
        (false, false) => Box::new(File::open(file)?),
    };
    Ok(Source::writer(move |out| {
        let mut input = BufReader::with_capacity(PIECE_BYTES, input);
        if skip_header {
            skip_record(&mut input)?;
        }
        io::copy(&mut input, out).map(drop)
    }))
}

struct Counted<R>(R, Arc<AtomicU64>);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Reads over the first record, with its line feed; line feeds in quotes do not end it.
fn skip_record(input: &mut impl BufRead) -> io::Result<()> {
    let mut is_quoted = false;
    loop {
        let piece = input.fill_buf()?;
        let end = piece.iter().position(|byte| {
            is_quoted ^= *byte == b'"';
            *byte == b'\n' && !is_quoted
        });
        let length = end.map_or(piece.len(), |end| end + 1);
        input.consume(length);
        if end.is_some() || length == 0 {
            return Ok(());
        }
    }
}

const BAR_WIDTH: usize = 30;
const PIECE_BYTES: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_end_at_the_first_line_feed_outside_of_quotes() {
        for (text, rest) in [
            (&b"a,b\n1,2\n"[..], &b"1,2\n"[..]),
            (b"\"a\nb\",c\n1,2\n", b"1,2\n"),
            (b"a,b", b""),
            (b"", b""),
        ] {
            for capacity in [1, 2, 100] {
                let mut input = BufReader::with_capacity(capacity, text);
                skip_record(&mut input).unwrap();
                let mut left = Vec::new();
                input.read_to_end(&mut left).unwrap();
                assert_eq!(left, rest);
            }
        }
    }

    #[test]
    fn patterns_stand_for_files_and_must_find_some() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.csv", "c.json", "[x].csv"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let names = |pattern: &str| -> Vec<String> {
            let found = expand(&[folder.path().join(pattern)]).unwrap();
            found
                .iter()
                .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(names("?.csv"), ["a.csv", "b.csv"]);
        // A file of that name is no pattern.
        assert_eq!(names("[x].csv"), ["[x].csv"]);
        assert_eq!(names("absent.csv"), ["absent.csv"]);
        assert_eq!(
            expand(&[folder.path().join("*.parquet")])
                .unwrap_err()
                .exit_code(),
            2
        );
    }

    #[test]
    fn the_bar_fills() {
        assert_eq!(bar(5, 0), "5 bytes");
        assert!(bar(500, 1000).ends_with(" 50 % of 1.0 kB"));
        assert!(bar(2000, 1000).starts_with(&"█".repeat(BAR_WIDTH)));
    }

    #[test]
    fn formats_are_known_by_the_name_unless_given() {
        assert_eq!(format_of(Path::new("a.json.gz"), None).unwrap(), DataFormat::Json);
        assert_eq!(
            format_of(Path::new("-"), Some(DataFormat::Csv)).unwrap(),
            DataFormat::Csv
        );
        assert_eq!(format_of(Path::new("-"), None).unwrap_err().exit_code(), 2);
    }
}
