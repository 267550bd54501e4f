//! Where traces may go without more ado: files of separated values, or the console.

mod levels;
mod line;
mod rolling;

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

pub use levels::{TraceLevel, TraceLevels};

use line::{Line, Told};
use rolling::RollingFile;

/// Writes traces into files of comma-separated values in a folder: a layer of `tracing-subscriber`.
///
/// A file is called `<name>.csv.in-progress` while it is written to, and `<name>.csv` when it is finished: when it is
/// full, at a [`flush`](Self::flush), and when the last clone of the sink is dropped. Each line has a record's number,
/// its time (UTC), its source, its level and its text. A span is one record, at its end.
///
/// Tokens, signatures of shared access and obfuscated literals (`h"…"`) in texts of other libraries are masked; this
/// project's own traces have none.
///
/// ```
/// use kusto_client::{RollingCsvSink, TraceLevel, TraceLevels};
/// use tracing_subscriber::layer::SubscriberExt;
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// let levels = TraceLevels::new(TraceLevel::Off)
///     .target("kusto_transport", TraceLevel::Verbose)
///     .target("azure_identity", TraceLevel::Warning);
/// let sink = RollingCsvSink::new(folder, levels)?;
/// let subscriber = tracing_subscriber::registry().with(sink.clone());
/// tracing::subscriber::with_default(subscriber, || {
///     tracing::warn!(target: "kusto_transport", "repeating a request");
/// });
/// sink.flush()?;
/// # let file = std::fs::read_dir(folder)?.next().unwrap()?.path();
/// # assert_eq!(file.extension().unwrap(), "csv");
/// # let text = std::fs::read_to_string(file)?;
/// # assert!(text.ends_with(",kusto_transport,Warning,repeating a request\n"), "{text}");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RollingCsvSink {
    levels: Arc<TraceLevels>,
    file: Arc<Mutex<RollingFile>>,
}

impl RollingCsvSink {
    /// A sink for a folder, which is made if it is not there. No file is opened before the first record.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made.
    pub fn new(folder: impl AsRef<Path>, levels: TraceLevels) -> io::Result<Self> {
        Ok(Self {
            levels: Arc::new(levels),
            file: Arc::new(Mutex::new(RollingFile::new(folder.as_ref())?)),
        })
    }

    /// Sets how long a file may become, in bytes, before the next one is begun. Default: 8 MiB.
    #[must_use]
    pub fn max_file_bytes(self, bytes: u64) -> Self {
        self.file().set_max_bytes(bytes);
        self
    }

    /// Finishes the file that is written to, if there is one; the next record begins another.
    ///
    /// # Errors
    ///
    /// If the file cannot be finished, or a record could not be written since the last call.
    pub fn flush(&self) -> io::Result<()> {
        self.file().finish()
    }

    fn file(&self) -> std::sync::MutexGuard<'_, RollingFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes traces to standard error, a line each: a layer of `tracing-subscriber`. Masks what [`RollingCsvSink`] masks.
#[derive(Clone, Debug)]
pub struct ConsoleSink {
    levels: Arc<TraceLevels>,
}

impl ConsoleSink {
    /// A sink for what is at these levels or above.
    pub fn new(levels: TraceLevels) -> Self {
        Self {
            levels: Arc::new(levels),
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for RollingCsvSink {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        line::begin(&self.levels, attributes, id, &context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        line::add(id, values, &context);
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if self.levels.admit(event.metadata()) {
            self.file().write(&Line::of_event(event));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(line) = line::end(&self.levels, &id, &context) {
            self.file().write(&line);
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for ConsoleSink {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        line::begin(&self.levels, attributes, id, &context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        line::add(id, values, &context);
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if self.levels.admit(event.metadata()) {
            print(&Line::of_event(event));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(line) = line::end(&self.levels, &id, &context) {
            print(&line);
        }
    }
}

/// Who cannot write to the console cannot be told so either.
fn print(line: &Line) {
    let Told {
        time,
        source,
        level,
        text,
    } = line.told();
    let _ = writeln!(io::stderr().lock(), "{time} {level} {source}: {text}");
}
