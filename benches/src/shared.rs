//! One answer decoded by several threads.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use kusto_protocol::{
    DecodeError, DecodedRows, DecoderConfig, Frame, FrameDecoder, RowBatch, RowsDecoder, TableKind,
};

/// Decodes an answer on so many threads beside this one, which cuts it, puts the rows in order and gives each batch of
/// the primary result to `keep`, which gives it back if it is of no more use. At most two pieces more than threads are in memory at a time.
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
    let (jobs, queue) = channel();
    let queue = Mutex::new(queue);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(&queue));
        }
        drive(body, threads + 2, config, jobs, keep)
    })
}

struct Job<'a> {
    rows: RowsDecoder,
    piece: &'a [u8],
    reply: Sender<(RowsDecoder, DecodedRows)>,
}

/// A piece of the body, and the rows of it as soon as they are read.
type Piece<'a> = (&'a [u8], Receiver<(RowsDecoder, DecodedRows)>);

fn work(queue: &Mutex<Receiver<Job<'_>>>) {
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(mut job) = next() {
        let decoded = job.rows.decode(job.piece);
        // Whoever asked may have failed meanwhile.
        let _ = job.reply.send((job.rows, decoded));
    }
}

fn drive<'a>(
    body: &'a [u8],
    most_pieces: usize,
    config: &DecoderConfig,
    jobs: Sender<Job<'a>>,
    mut keep: impl FnMut(RowBatch) -> Option<RowBatch>,
) -> Result<(), DecodeError> {
    let mut primary = None;
    let mut spare: Vec<RowBatch> = Vec::new();
    let mut decoder = FrameDecoder::with_config(config.clone());
    let mut pieces: VecDeque<Piece<'a>> = VecDeque::new();
    let mut idle: Vec<RowsDecoder> = Vec::new();
    let mut rest = body;
    loop {
        // A piece for others, if there is room and a guess where it ends.
        if pieces.len() < most_pieces && !rest.is_empty() {
            let window = &rest[..rest.len().min(PIECE)];
            if let Some(mut rows) = idle.pop().or_else(|| decoder.rows_decoder()) {
                let border = rows.border(window).unwrap_or(window.len());
                let (piece, after) = rest.split_at(border);
                spare.pop().into_iter().for_each(|batch| rows.recycle(batch));
                let (reply, replied) = channel();
                // The threads live as long as this.
                let _ = jobs.send(Job { rows, piece, reply });
                pieces.push_back((piece, replied));
                rest = after;
                continue;
            }
            if pieces.is_empty() {
                let (piece, after) = rest.split_at(window.len().min(FIRST));
                rest = after;
                for frame in decode(&mut decoder, piece)? {
                    spare.extend(take(frame, &mut primary, &mut keep));
                }
                continue;
            }
        }
        let Some((piece, replied)) = pieces.pop_front() else {
            return decoder.finish();
        };
        let used = match replied.recv() {
            Ok((rows, decoded)) => {
                let used = decoder.accept(decoded);
                if used > 0 {
                    idle.push(rows);
                } else {
                    idle.clear();
                }
                used
            }
            Err(_) => 0,
        };
        for frame in decode(&mut decoder, &piece[used..])? {
            spare.extend(take(frame, &mut primary, &mut keep));
        }
    }
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
