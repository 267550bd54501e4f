//! One answer decoded by several threads.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use kusto_protocol::{
    DecodeError, DecodedRows, DecoderConfig, Frame, FrameDecoder, RowBatch, RowsDecoder, TableKind,
};

/// Decodes an answer on so many threads, this one among them: it cuts the answer, puts the rows in order and gives each
/// batch of the primary result to `keep`, which gives it back if it is of no more use; between, it reads rows as the
/// others do. At most two pieces more than threads are in memory at a time.
///
/// # Errors
///
/// When the answer cannot be read.
pub fn decode_shared(
    body: &[u8],
    threads: usize,
    config: &DecoderConfig,
    keep: impl FnMut(RowBatch) -> Option<RowBatch>,
) -> Result<(), DecodeError> {
    let crew: Vec<_> = (0..threads.max(1)).map(|_| Worker::default()).collect();
    let queue = Queue::default();
    std::thread::scope(|scope| {
        for worker in 1..crew.len() {
            let (crew, queue) = (&crew, &queue);
            scope.spawn(move || {
                while let Some(job) = queue.wait() {
                    read(crew, worker, job);
                }
            });
        }
        // Also when `keep` panics: the threads would wait, and the panic for them.
        let _end = End(&queue);
        drive(body, &crew, &queue, config, keep)
    })
}

/// What one thread works with. It stays with the thread: what one core wrote is slow to read for another.
#[derive(Default)]
struct Worker {
    rows: Mutex<Option<RowsDecoder>>,
    /// Batches that this thread filled, and that are of no more use.
    spare: Mutex<Vec<RowBatch>>,
}

/// Pieces that nobody reads yet, and whether no more will come.
#[derive(Default)]
struct Queue<'a> {
    state: Mutex<(VecDeque<Job<'a>>, bool)>,
    has_changed: Condvar,
}

/// Says when it goes that no more pieces will come.
struct End<'q, 'a>(&'q Queue<'a>);

impl Drop for End<'_, '_> {
    fn drop(&mut self) {
        lock(&self.0.state).1 = true;
        self.0.has_changed.notify_all();
    }
}

struct Job<'a> {
    piece: &'a [u8],
    reply: Sender<Reply>,
}

/// Who read a piece, and its rows.
type Reply = (usize, DecodedRows);

impl<'a> Queue<'a> {
    fn push(&self, job: Job<'a>) {
        lock(&self.state).0.push_back(job);
        self.has_changed.notify_one();
    }

    fn pop(&self) -> Option<Job<'a>> {
        lock(&self.state).0.pop_front()
    }

    /// The next piece as soon as there is one; none when there will be no more.
    fn wait(&self) -> Option<Job<'a>> {
        let waits = |state: &mut (VecDeque<Job<'a>>, bool)| state.0.is_empty() && !state.1;
        let state = self.has_changed.wait_while(lock(&self.state), waits);
        state.unwrap_or_else(PoisonError::into_inner).0.pop_front()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads a piece. What is not answered, the driver reads by itself.
fn read(crew: &[Worker], worker: usize, job: Job<'_>) {
    if let Some(rows) = &mut *lock(&crew[worker].rows) {
        if let Some(batch) = lock(&crew[worker].spare).pop() {
            rows.recycle(batch);
        }
        // Whoever asked may have failed meanwhile.
        let _ = job.reply.send((worker, rows.decode(job.piece)));
    }
}

fn drive<'a>(
    body: &'a [u8],
    crew: &[Worker],
    queue: &Queue<'a>,
    config: &DecoderConfig,
    mut keep: impl FnMut(RowBatch) -> Option<RowBatch>,
) -> Result<(), DecodeError> {
    let mut primary = None;
    let mut decoder = FrameDecoder::with_config(config.clone());
    let mut pieces: VecDeque<(&[u8], Receiver<Reply>)> = VecDeque::new();
    let mut rest = body;
    loop {
        if pieces.len() < crew.len() + 2 && !rest.is_empty() {
            let window = &rest[..rest.len().min(PIECE)];
            if let Some(border) = border(crew, &decoder, window) {
                let (piece, after) = rest.split_at(border);
                rest = after;
                let (reply, replied) = channel();
                queue.push(Job { piece, reply });
                pieces.push_back((piece, replied));
                continue;
            }
            if pieces.is_empty() {
                let (piece, after) = rest.split_at(window.len().min(FIRST));
                rest = after;
                for frame in decode(&mut decoder, piece)? {
                    take(frame, &mut primary, &mut keep);
                }
                continue;
            }
        }
        let Some((piece, replied)) = pieces.pop_front() else {
            return decoder.finish();
        };
        let mut reply = replied.try_recv().ok();
        while reply.is_none() {
            match queue.pop() {
                Some(job) => read(crew, 0, job),
                None => break,
            }
            reply = replied.try_recv().ok();
        }
        let reply = reply.or_else(|| replied.recv().ok());
        let (worker, used) = match reply {
            Some((worker, rows)) => (worker, decoder.accept(rows)),
            None => (0, 0),
        };
        if used == 0 {
            // The rows of this table are at their end, or the guess was wrong.
            crew.iter().for_each(|worker| *lock(&worker.rows) = None);
        }
        for frame in decode(&mut decoder, &piece[used..])? {
            lock(&crew[worker].spare).extend(take(frame, &mut primary, &mut keep));
        }
    }
}

/// Where the last row of these bytes begins, or their end, as far as is known; none when no rows come next.
fn border(crew: &[Worker], decoder: &FrameDecoder, window: &[u8]) -> Option<usize> {
    let mut own = lock(&crew[0].rows);
    if own.is_none() {
        *own = decoder.rows_decoder();
        crew[1..]
            .iter()
            .for_each(|worker| *lock(&worker.rows) = decoder.rows_decoder());
    }
    let border = own.as_mut()?.border(window);
    Some(border.unwrap_or(window.len()))
}

/// The frames that end within these bytes: of a piece, few.
fn decode(decoder: &mut FrameDecoder, mut bytes: &[u8]) -> Result<Vec<Frame>, DecodeError> {
    let mut frames = Vec::new();
    while let Some(frame) = decoder.decode(&mut bytes)? {
        frames.push(frame);
    }
    Ok(frames)
}

/// Shows the batch of a frame of the primary result, and gives it back if that did.
fn take(
    frame: Frame,
    primary: &mut Option<i64>,
    keep: &mut impl FnMut(RowBatch) -> Option<RowBatch>,
) -> Option<RowBatch> {
    match frame {
        Frame::TableHeader(header) if header.kind == TableKind::PrimaryResult => {
            *primary = Some(header.table_id);
            None
        }
        Frame::TableFragment(fragment) if Some(fragment.table_id) == *primary => keep(fragment.rows),
        _ => None,
    }
}

/// Bytes of a piece.
const PIECE: usize = 512 << 10;
/// Bytes that are decoded here until there are rows.
const FIRST: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mode, answer, content_hash, typed_columns};

    #[test]
    fn rows_are_those_of_one_thread_in_their_order() {
        for name in ["storm", "logs", "numeric"] {
            let body = answer(name, 3_000_000).unwrap();
            let config = DecoderConfig::default();
            let mut alone = Vec::new();
            crate::decode(&body, Mode::Whole, &config, &mut None, |batch| {
                alone.push(batch);
                None
            })
            .unwrap();
            for threads in 0..4 {
                let (mut shared, mut is_kept) = (Vec::new(), false);
                let keep = |batch: RowBatch| {
                    shared.push(batch.clone());
                    // Some memory is used again.
                    is_kept = !is_kept;
                    is_kept.then_some(batch)
                };
                decode_shared(&body, threads, &config, keep).unwrap();
                let hash = |batches: &[RowBatch]| content_hash(&typed_columns(batches));
                assert_eq!(hash(&shared), hash(&alone), "{name}, {threads} threads");
            }
        }
    }

    #[test]
    #[should_panic(expected = "enough")]
    fn a_panic_of_the_caller_ends_the_threads() {
        let body = answer("numeric", 3_000_000).unwrap();
        let _ = decode_shared(&body, 3, &DecoderConfig::default(), |_| panic!("enough"));
    }
}
