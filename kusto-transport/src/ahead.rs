//! Rows decoded on other threads, ahead of the answer's own decoder.
//!
//! While a thread decodes one piece of the body, the next ones are received and decompressed. Pieces end where a row
//! seems to; whether that was so is proven when the decoder of the answer comes there, and a wrong guess costs nothing
//! but time. What lies before the decoder is bounded, so a slow consumer still slows the service down.

use std::collections::VecDeque;
use std::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::thread;

use bytes::{Buf, Bytes};
use futures::FutureExt;
use futures::channel::oneshot;
use kusto_protocol::{DecodedRows, FrameDecoder, RowBatch, RowsDecoder};

use crate::body::Body;
use crate::error::TransportError;

/// What comes between the body of an answer and its decoder: nothing, until the answer proves to be large.
#[derive(Debug)]
pub(crate) struct Feed {
    threads: usize,
    /// The plain bytes that have come, until threads are started.
    came: usize,
    ahead: Option<Ahead>,
    /// How the body ended, while pieces of it are still to be decoded.
    end: Option<Option<TransportError>>,
}

impl Feed {
    /// A feed that may use so many threads.
    pub(crate) const fn new(threads: usize) -> Self {
        Self {
            threads,
            came: 0,
            ahead: None,
            end: None,
        }
    }

    /// The next bytes for the decoder; none of them where others have decoded a piece.
    pub(crate) fn poll_bytes(
        &mut self,
        cx: &mut Context<'_>,
        body: &mut Body,
        decoder: &mut FrameDecoder,
    ) -> Poll<Option<Result<Bytes, TransportError>>> {
        let Some(ahead) = &mut self.ahead else {
            let bytes = ready!(body.poll_bytes(cx));
            if let Some(Ok(bytes)) = &bytes {
                self.came += bytes.len();
                if self.came >= LARGE && self.threads > 0 {
                    self.ahead = Ahead::start(std::mem::take(&mut self.threads));
                }
            }
            return Poll::Ready(bytes);
        };
        loop {
            if let Poll::Ready(bytes) = ahead.poll_piece(cx, decoder) {
                return Poll::Ready(Some(Ok(bytes)));
            }
            if self.end.is_some() || !ahead.has_room() {
                break;
            }
            match body.poll_append(cx, ahead.room()) {
                Poll::Ready(Some(Ok(()))) => {
                    if ahead.cut(decoder) {
                        // Decompression takes its time; let others have their turn.
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                }
                Poll::Ready(end) => {
                    self.end = Some(end.and_then(Result::err));
                    ahead.flush();
                }
                Poll::Pending if ahead.is_empty() => {
                    // What is here should not wait for what is not.
                    ahead.flush();
                    if ahead.is_empty() {
                        return Poll::Pending;
                    }
                }
                Poll::Pending => return Poll::Pending,
            }
        }
        match &mut self.end {
            Some(end) if ahead.is_empty() => Poll::Ready(end.take().map(Err)),
            _ => Poll::Pending,
        }
    }

    /// Gives a batch to whoever decodes next.
    pub(crate) fn recycle(&mut self, batch: RowBatch, decoder: &mut FrameDecoder) {
        let apart = self.ahead.as_mut().and_then(|ahead| ahead.idle.last_mut());
        match apart {
            Some(rows) => rows.recycle(batch),
            None => decoder.recycle(batch),
        }
    }

    /// Ends the threads: nothing more is wanted.
    pub(crate) fn stop(&mut self) {
        (self.threads, self.ahead) = (0, None);
    }
}

/// The pieces of one answer that wait or are being decoded, in order, and the threads that decode them.
#[derive(Debug)]
struct Ahead {
    threads: Threads,
    pieces: VecDeque<Piece>,
    most_pieces: usize,
    /// What has come of the next piece.
    buffer: Vec<u8>,
    /// When the buffer is long enough to be cut.
    cut_at: usize,
    /// Whether a row begins where the buffer does, as far as one can guess.
    is_at_row: bool,
    /// Decoders that are at rest.
    idle: Vec<RowsDecoder>,
    /// The memory of a piece that is done.
    spare: Option<Vec<u8>>,
}

#[derive(Debug)]
enum Piece {
    /// For the decoder of the answer.
    Plain(Bytes),
    /// Being decoded elsewhere.
    Apart(Bytes, oneshot::Receiver<Reply>),
}

impl Ahead {
    /// Starts so many threads; `None` if there can be none.
    fn start(threads: usize) -> Option<Self> {
        Some(Self {
            threads: Threads::start(threads)?,
            pieces: VecDeque::new(),
            // One for each thread, one that is ready and one that waits.
            most_pieces: threads + 2,
            buffer: Vec::new(),
            cut_at: PIECE,
            is_at_row: false,
            idle: Vec::new(),
            spare: None,
        })
    }

    /// Whether there is room for more bytes.
    fn has_room(&self) -> bool {
        self.pieces.len() < self.most_pieces
    }

    /// Whether nothing waits to be taken.
    fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Room for the next bytes of the body.
    fn room(&mut self) -> &mut Vec<u8> {
        if self.buffer.capacity() == 0 {
            self.buffer = self.new_buffer();
        }
        self.buffer.reserve(ROOM);
        &mut self.buffer
    }

    /// Makes a piece of what has come, if that is long enough, and says whether one became of it.
    fn cut(&mut self, decoder: &FrameDecoder) -> bool {
        if self.buffer.len() < self.cut_at {
            return false;
        }
        let Some(mut rows) = self.idle.pop().or_else(|| decoder.rows_decoder()) else {
            self.flush();
            return true;
        };
        let Some(border) = rows.border(&self.buffer) else {
            self.idle.push(rows);
            // Long rows, or none.
            self.cut_at *= 2;
            if self.cut_at > LONGEST_PIECE {
                self.flush();
            }
            return false;
        };
        let next = self.new_buffer();
        let mut piece = std::mem::replace(&mut self.buffer, next);
        self.buffer.extend_from_slice(&piece[border..]);
        piece.truncate(border);
        let piece = Bytes::from(piece);
        self.cut_at = PIECE;
        let was_at_row = std::mem::replace(&mut self.is_at_row, true);
        self.pieces.push_back(if was_at_row {
            self.threads.decode(rows, piece)
        } else {
            self.idle.push(rows);
            Piece::Plain(piece)
        });
        true
    }

    /// Lets the decoder of the answer have what has come of the next piece.
    fn flush(&mut self) {
        self.cut_at = PIECE;
        self.is_at_row = false;
        if !self.buffer.is_empty() {
            let piece = std::mem::take(&mut self.buffer);
            self.pieces.push_back(Piece::Plain(piece.into()));
        }
    }

    fn new_buffer(&mut self) -> Vec<u8> {
        let spare = self.spare.take();
        spare.unwrap_or_else(|| Vec::with_capacity(PIECE + PIECE / 4))
    }

    /// The bytes of the next piece that are still to be decoded, the decoder having accepted the others. Pending also
    /// if there is no piece.
    fn poll_piece(&mut self, cx: &mut Context<'_>, decoder: &mut FrameDecoder) -> Poll<Bytes> {
        let reply = match self.pieces.front_mut() {
            None => return Poll::Pending,
            Some(Piece::Plain(_)) => None,
            // A thread that failed to reply has left all of the piece to be decoded.
            Some(Piece::Apart(_, reply)) => ready!(reply.poll_unpin(cx)).ok(),
        };
        let mut bytes = match self.pieces.pop_front() {
            Some(Piece::Plain(bytes) | Piece::Apart(bytes, _)) => bytes,
            None => Bytes::new(),
        };
        if let Some(Reply { rows, decoded }) = reply {
            let used = decoder.accept(decoded);
            if used == bytes.len() {
                // Fresh memory is not cheap.
                let piece = std::mem::take(&mut bytes).try_into_mut();
                self.spare = piece.ok().map(|mut piece| {
                    piece.clear();
                    piece.into()
                });
            }
            bytes.advance(used.min(bytes.len()));
            if used == 0 {
                // Perhaps another table has begun.
                self.idle.clear();
            } else {
                self.idle.push(rows);
            }
        }
        Poll::Ready(bytes)
    }
}

/// Threads that end when this is dropped.
struct Threads {
    jobs: Sender<Job>,
}

struct Job {
    rows: RowsDecoder,
    piece: Bytes,
    reply: oneshot::Sender<Reply>,
}

#[derive(Debug)]
struct Reply {
    rows: RowsDecoder,
    decoded: DecodedRows,
}

impl Threads {
    fn start(count: usize) -> Option<Self> {
        let (jobs, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        let started = (0..count).filter(|_| {
            let queue = Arc::clone(&queue);
            let named = thread::Builder::new().name("kusto-decode".to_owned());
            named.spawn(move || work(&queue)).is_ok()
        });
        (started.count() > 0).then_some(Self { jobs })
    }

    fn decode(&self, rows: RowsDecoder, piece: Bytes) -> Piece {
        let (reply, replied) = oneshot::channel();
        let job = Job {
            rows,
            piece: piece.clone(),
            reply,
        };
        match self.jobs.send(job) {
            Ok(()) => Piece::Apart(piece, replied),
            // No thread is left.
            Err(_) => Piece::Plain(piece),
        }
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").finish_non_exhaustive()
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    // Whoever waits for the next job holds the lock; the others wait for the lock.
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(Job {
        mut rows,
        piece,
        reply,
    }) = next()
    {
        let decoded = rows.decode(&piece);
        drop(piece);
        // The answer may have been dropped.
        let _ = reply.send(Reply { rows, decoded });
    }
}

/// Plain bytes after which an answer is large, and worth threads.
const LARGE: usize = 1 << 20;
/// Pieces are at least so long: much longer than it takes to hand one over, and short enough for the caches.
const PIECE: usize = 512 << 10;
/// Pieces grow by so many bytes at least, that are decompressed at once.
const ROOM: usize = PIECE / 8;
/// Where no row ends within so many bytes, nothing is gained by threads.
const LONGEST_PIECE: usize = 4 << 20;
