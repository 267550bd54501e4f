//! Many small records in, few large batches out.

mod batch;

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use azure_core::async_runtime::get_async_runtime;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{Either, Shared, select};
use kusto_protocol::{DataFormat, Guid};
use serde::Serialize;

use crate::error::{IngestError, IngestErrorKind};
use crate::managed::{Ingested, ManagedStreamingIngestClient};
use crate::properties::IngestionProperties;
use crate::queued::QueuedIngestClient;
use crate::source_id::jitter;
use crate::spool::Spool;
use crate::status::IngestionStatus;
use crate::timer::sleep;

use batch::{Batch, Sealed};

/// Takes records from many tasks, one at a time, and ingests them in batches: for log shippers and the like.
///
/// A sink is for one table; its clones feed the same batches. A batch is sealed when it is large enough, has rows enough
/// or is old enough, and is then ingested in the background, again and again until that works. Every record has a
/// [`Receipt`], which says when the batch that it is in was acknowledged. When more waits to be ingested than
/// [`max_pending_bytes`](SinkOptions::max_pending_bytes), [`push`](Self::push) waits.
///
/// With a [`spool`](SinkOptions::spool), a record is on disk when `push` returns. A process that is killed then loses
/// nothing: the next sink for the same table and folder sends what it finds. Batches may go in twice, if the process was
/// killed after one was ingested and before its file was removed.
///
/// Without one, records that are not acknowledged yet are lost with the process. Call [`close`](Self::close) before the
/// end of it.
///
/// ```no_run
/// use kusto_ingest::{BatchingSink, IngestionProperties, QueuedIngestClient, SinkOptions};
/// use kusto_protocol::DataFormat;
/// # async fn example(queued: QueuedIngestClient) -> Result<(), Box<dyn std::error::Error>> {
/// let properties = IngestionProperties::new("Logs", "Events").format(DataFormat::Json);
/// let sink = BatchingSink::new(queued, properties, SinkOptions::default())?;
/// let receipt = sink.push_row(&serde_json::json!({"level": "info", "message": "started"})).await?;
/// receipt.await?;
/// sink.close(std::time::Duration::from_secs(60)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct BatchingSink {
    shared: Arc<Inner>,
}

/// When a [`BatchingSink`] seals, waits and acknowledges. Take the default and set fields.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SinkOptions {
    /// A batch is sealed when it has this many bytes. Default: 64 MiB.
    pub max_batch_bytes: usize,
    /// A batch is sealed when it has this many rows. Default: 1 million.
    pub max_batch_rows: u64,
    /// A batch is sealed when its first record is this old. Default: 30 s.
    pub max_batch_age: Duration,
    /// `push` waits while records of more bytes than this are not acknowledged. Default: 256 MiB.
    pub max_pending_bytes: usize,
    /// What makes a batch acknowledged. Default: [`Acknowledge::Queued`].
    pub acknowledge: Acknowledge,
    /// The folder in which batches are kept until they are acknowledged. Default: none, they are in memory.
    pub spool: Option<PathBuf>,
    /// Whether each record is forced to the disk itself, so that the spool outlives a failure of power as well. Costs
    /// about a millisecond a record. Default: no.
    pub sync_spool: bool,
}

/// What makes a batch of a [`BatchingSink`] acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Acknowledge {
    /// The service has it in its queue, or has streamed it.
    #[default]
    Queued,
    /// Its rows are in. Asks the service to keep a status of each batch.
    Ingested,
}

/// The way that batches go.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SinkTarget {
    /// All batches are queued.
    Queued(QueuedIngestClient),
    /// Small batches are streamed.
    Managed(ManagedStreamingIngestClient),
}

/// Says when a record was acknowledged: a future that may be kept, cloned, dropped.
#[derive(Clone)]
pub struct Receipt(Shared<oneshot::Receiver<Outcome>>);

type Outcome = Result<(), Arc<IngestError>>;

struct Inner {
    target: SinkTarget,
    properties: IngestionProperties,
    options: SinkOptions,
    spool: Option<Spool>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: Option<Batch>,
    /// Bytes that are not acknowledged, those of the open batch included.
    pending_bytes: usize,
    /// Batches that are sealed and not acknowledged.
    sending: usize,
    is_closed: bool,
    /// Who waits for either to become less.
    waiting: VecDeque<Waker>,
}

impl BatchingSink {
    /// A sink into the table of these properties, whose format must be one of lines: delimited, or
    /// [`DataFormat::Json`]. What an earlier sink left in the spool is sent at once.
    ///
    /// Must be called where tasks can be spawned: on tokio, inside of its runtime.
    ///
    /// # Errors
    ///
    /// [`IngestErrorKind::Properties`] if the properties do not say enough; [`IngestErrorKind::Spool`] if the spool
    /// cannot be used.
    pub fn new(
        target: impl Into<SinkTarget>,
        mut properties: IngestionProperties,
        options: SinkOptions,
    ) -> Result<Self, IngestError> {
        let format = properties
            .format
            .ok_or_else(|| invalid("a sink needs the format of its records"))?;
        properties.check(format)?;
        if format.is_binary() || matches!(format, DataFormat::Raw | DataFormat::SingleJson) {
            return Err(invalid(
                "a sink takes records of a line each, and the format has none",
            ));
        }
        if properties.source_id.is_some() {
            return Err(invalid(
                "a sink gives each batch an id of its own; leave out source_id and idempotency_key",
            ));
        }
        if properties.ignore_first_record {
            return Err(invalid(
                "a sink has no header lines; leave out ignore_first_record",
            ));
        }
        if options.acknowledge == Acknowledge::Ingested {
            properties = properties.tracking(true);
        }
        let open_spool = |folder: &PathBuf| {
            Spool::open(
                folder,
                &properties.database,
                &properties.table,
                options.sync_spool,
            )
        };
        let spool = options.spool.as_ref().map(open_spool).transpose()?;
        let left = spool
            .as_ref()
            .map(Spool::left_behind)
            .transpose()?
            .unwrap_or_default();
        let inner = Arc::new(Inner {
            target: target.into(),
            properties,
            options,
            spool,
            state: Mutex::default(),
        });
        for batch in left {
            let sealed = Sealed::left_behind(batch);
            let mut state = inner.state();
            state.pending_bytes += sealed.bytes();
            state.sending += 1;
            drop(state);
            inner.send(sealed);
        }
        Ok(Self { shared: inner })
    }

    /// Adds a record: a line of the sink's format, with or without its line end. Waits while too much is pending.
    ///
    /// # Errors
    ///
    /// [`IngestErrorKind::Properties`] for a record that is empty or has several lines, or for a sink that was closed;
    /// [`IngestErrorKind::Spool`] if the spool cannot be written: the record is not accepted then.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped call has not added its record.
    pub async fn push(&self, record: &[u8]) -> Result<Receipt, IngestError> {
        let line = record.strip_suffix(b"\n").unwrap_or(record);
        if line.is_empty() || memchr::memchr(b'\n', line).is_some() {
            return Err(invalid("a record must be one line"));
        }
        std::future::poll_fn(|cx| self.shared.poll_push(cx, line)).await
    }

    /// Adds a row of any serializable type, as a line of JSON.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push), and if the sink's format is not JSON or the row cannot be written in it.
    pub async fn push_row<T: Serialize + ?Sized>(&self, row: &T) -> Result<Receipt, IngestError> {
        if !matches!(
            self.shared.properties.format,
            Some(DataFormat::Json | DataFormat::MultiJson)
        ) {
            return Err(invalid(
                "push_row writes JSON, and the format of the sink is another",
            ));
        }
        let line = serde_json::to_vec(row);
        let line = line.map_err(|error| invalid(format!("the row cannot be written as JSON: {error}")))?;
        self.push(&line).await
    }

    /// Seals the batch that is open, if there is one, without waiting for its size or age.
    pub fn flush(&self) {
        self.shared.seal(None);
    }

    /// Records that are not acknowledged yet, in bytes.
    pub fn pending_bytes(&self) -> usize {
        self.shared.state().pending_bytes
    }

    /// Takes no more records, seals the open batch and waits until all batches are acknowledged, for at most `limit`.
    ///
    /// # Errors
    ///
    /// [`IngestErrorKind::Transport`] if some are not by then. They are still being sent, and those in a spool are safe.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped call can be made again.
    pub async fn close(&self, limit: Duration) -> Result<(), IngestError> {
        self.shared.state().is_closed = true;
        self.flush();
        let drained = std::future::poll_fn(|cx| self.shared.poll_drained(cx));
        match select(drained, std::pin::pin!(sleep(limit))).await {
            Either::Left(_) => Ok(()),
            Either::Right(_) => {
                let (bytes, seconds) = (self.pending_bytes(), limit.as_secs());
                Err(IngestError::new(
                    IngestErrorKind::Transport,
                    format!("{bytes} bytes of records were not acknowledged within {seconds} s"),
                ))
            }
        }
    }
}

impl Default for SinkOptions {
    fn default() -> Self {
        Self {
            max_batch_bytes: 64 << 20,
            max_batch_rows: 1_000_000,
            max_batch_age: Duration::from_secs(30),
            max_pending_bytes: 256 << 20,
            acknowledge: Acknowledge::default(),
            spool: None,
            sync_spool: false,
        }
    }
}

impl Inner {
    fn poll_push(self: &Arc<Self>, cx: &mut Context<'_>, line: &[u8]) -> Poll<Result<Receipt, IngestError>> {
        let mut state = self.state();
        if state.is_closed {
            return Poll::Ready(Err(invalid("the sink was closed")));
        }
        let bytes = line.len() + 1;
        // A record that is larger than all that may be pending goes alone.
        if state.pending_bytes > 0 && state.pending_bytes + bytes > self.options.max_pending_bytes {
            state.waiting.push_back(cx.waker().clone());
            drop(state);
            // What holds the place may be the open batch itself.
            self.seal(None);
            return Poll::Pending;
        }
        Poll::Ready(self.add(state, line))
    }

    fn add(self: &Arc<Self>, mut state: MutexGuard<'_, State>, line: &[u8]) -> Result<Receipt, IngestError> {
        let (is_new, batch) = match &mut state.open {
            Some(batch) => (false, batch),
            open @ None => (true, open.insert(Batch::begin(self.spool.as_ref())?)),
        };
        batch.append(line)?;
        let (id, receipt) = (batch.id(), batch.receipt());
        let is_full =
            batch.bytes() >= self.options.max_batch_bytes || batch.rows() >= self.options.max_batch_rows;
        state.pending_bytes += line.len() + 1;
        drop(state);
        if is_full {
            self.seal(Some(id));
        } else if is_new {
            self.seal_later(id);
        }
        Ok(receipt)
    }

    /// Seals the open batch, if it is this one or any will do.
    fn seal(self: &Arc<Self>, wanted: Option<Guid>) {
        let mut state = self.state();
        let is_wanted = |batch: &Batch| batch.bytes() > 0 && wanted.is_none_or(|id| id == batch.id());
        if !state.open.as_ref().is_some_and(is_wanted) {
            return;
        }
        if let Some(batch) = state.open.take() {
            state.sending += 1;
            drop(state);
            self.send(batch.seal());
        }
    }

    fn seal_later(self: &Arc<Self>, id: Guid) {
        let this = Arc::clone(self);
        spawn(async move {
            sleep(this.options.max_batch_age).await;
            this.seal(Some(id));
        });
    }

    fn send(self: &Arc<Self>, sealed: Sealed) {
        let this = Arc::clone(self);
        spawn(async move {
            let bytes = sealed.bytes();
            let outcome = this.ingest_until_done(&sealed).await;
            let outcome = sealed.finish(outcome);
            let mut state = this.state();
            state.pending_bytes -= bytes;
            state.sending -= 1;
            let waiting = std::mem::take(&mut state.waiting);
            drop(state);
            outcome.tell();
            waiting.into_iter().for_each(Waker::wake);
        });
    }

    /// Ingests a batch, however often that takes. What comes back is final.
    async fn ingest_until_done(&self, sealed: &Sealed) -> Result<(), IngestError> {
        let mut wait = FIRST_WAIT;
        loop {
            let error = match self.ingest(sealed).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_permanent() => return Err(error),
                Err(error) => error,
            };
            // What the service asks for lengthens a wait and never shortens it.
            let asked_for = error.transport().and_then(|error| error.retry_after());
            let longer = asked_for.unwrap_or_default().max(wait).min(LONGEST_WAIT);
            sleep(longer.mul_f64(0.5 + jitter() / 2.0)).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    async fn ingest(&self, sealed: &Sealed) -> Result<(), IngestError> {
        let Some(source) = sealed.source() else {
            return Ok(());
        };
        let properties = self.properties.clone().source_id(sealed.id());
        let (client, operation) = match &self.target {
            SinkTarget::Queued(client) => (client, client.ingest(source, &properties).await?),
            SinkTarget::Managed(client) => match client.ingest(source, &properties).await? {
                Ingested::Streamed(_) => return Ok(()),
                Ingested::Queued(operation) => (client.queued(), operation),
            },
        };
        if self.options.acknowledge == Acknowledge::Queued {
            return Ok(());
        }
        loop {
            // Whether the status can be read says nothing of the data.
            let Ok(status) = client.wait(&operation, LONGEST_WAIT).await else {
                sleep(FIRST_WAIT).await;
                continue;
            };
            return match status {
                IngestionStatus::Pending => continue,
                IngestionStatus::Failed(failure) | IngestionStatus::PartiallySucceeded(failure) => {
                    let kind = if failure.permanent {
                        IngestErrorKind::Refused
                    } else {
                        IngestErrorKind::Status
                    };
                    Err(IngestError::new(
                        kind,
                        format!("batch {} failed: {failure}", operation.source_id),
                    ))
                }
                _ => Ok(()),
            };
        }
    }

    fn poll_drained(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.sending == 0 && state.open.is_none() {
            return Poll::Ready(());
        }
        state.waiting.push_back(cx.waker().clone());
        Poll::Pending
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Future for Receipt {
    type Output = Result<(), Arc<IngestError>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll_unpin(cx).map(|outcome| {
            outcome.unwrap_or_else(|_| {
                let message = "the task that ingests the batch was ended before the batch was acknowledged";
                Err(Arc::new(IngestError::new(IngestErrorKind::Transport, message)))
            })
        })
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receipt").field(&self.0.peek()).finish()
    }
}

impl fmt::Debug for BatchingSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchingSink")
            .field("table", &self.shared.properties.table)
            .field("options", &self.shared.options)
            .finish_non_exhaustive()
    }
}

impl From<QueuedIngestClient> for SinkTarget {
    fn from(client: QueuedIngestClient) -> Self {
        Self::Queued(client)
    }
}

impl From<ManagedStreamingIngestClient> for SinkTarget {
    fn from(client: ManagedStreamingIngestClient) -> Self {
        Self::Managed(client)
    }
}

fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    drop(get_async_runtime().spawn(Box::pin(task)));
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> IngestError {
    IngestError::new(IngestErrorKind::Properties, message)
}

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
