//! Rows read apart from the answer in which they stand, so that several threads can share the work.

use std::sync::Arc;

use super::rows::{Memory, Rows, RowsEvent};
use super::{DecoderConfig, Source};
use crate::{Column, RowBatch};

/// Reads rows from the middle of an answer, for a [`FrameDecoder`](crate::FrameDecoder) that has not come there yet.
///
/// Large answers are mostly rows, and rows can be read on their own once the columns are known. A driver with threads
/// cuts the body where [`border`](Self::border) guesses that a row begins, lets each piece be
/// [read](Self::decode) by whoever has time, and gives the results to the one `FrameDecoder` in the order of the
/// pieces: [`FrameDecoder::accept`](crate::FrameDecoder::accept) takes those of which the guess has proven right.
/// Everything else, the rest of a piece and pieces of which the guess was wrong, goes to
/// [`FrameDecoder::decode`](crate::FrameDecoder::decode) as usual. So nothing depends on the guesses but the speed,
/// and frames, errors and their places are those of one decoder alone; only the batches are cut otherwise.
///
/// # Example
///
/// ```
/// use kusto_protocol::{Frame, FrameDecoder};
///
/// let body = br#"{"Tables":[{"TableName":"Table_0","Columns":[{"ColumnName":"s","ColumnType":"string"}],
///     "Rows":[["a"],["b"],["c"],["d"]]}]}"#;
/// let mut decoder = FrameDecoder::new();
/// let mut rows = 0;
/// let mut count = |frame| {
///     if let Frame::TableFragment(fragment) = frame {
///         rows += fragment.rows.num_rows();
///     }
/// };
///
/// // The decoder begins; as soon as it is among rows, others can help.
/// let (mut first, rest) = body.split_at(110);
/// while let Some(frame) = decoder.decode(&mut first)? {
///     count(frame);
/// }
/// let mut helper = decoder.rows_decoder().expect("byte 110 is among the rows");
/// let border = helper.border(rest).expect("a row begins and ends there");
/// let (mut first, piece) = rest.split_at(border);
/// let decoded = std::thread::scope(|scope| {
///     let decoded = scope.spawn(|| helper.decode(piece));
///     while let Some(frame) = decoder.decode(&mut first)? {
///         count(frame);
///     }
///     Ok::<_, kusto_protocol::DecodeError>(decoded.join().unwrap())
/// })?;
///
/// // What the helper read counts as given to the decoder, up to here.
/// let used = decoder.accept(decoded);
/// let mut rest = &piece[used..];
/// while let Some(frame) = decoder.decode(&mut rest)? {
///     count(frame);
/// }
/// decoder.finish()?;
/// assert_eq!(rows, 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RowsDecoder {
    table_id: i64,
    columns: Arc<[Column]>,
    config: DecoderConfig,
    rows: Rows,
}

/// What a [`RowsDecoder`] read from a piece.
#[derive(Debug)]
pub struct DecodedRows {
    pub(super) table_id: i64,
    pub(super) columns: Arc<[Column]>,
    pub(super) batches: Vec<RowBatch>,
    /// The bytes up to the last row, with the comma after it if that came.
    pub(super) used: usize,
    /// Whether another row must follow.
    pub(super) expects_row: bool,
}

impl RowsDecoder {
    pub(super) fn new(table_id: i64, columns: &Arc<[Column]>, config: &DecoderConfig) -> Self {
        Self {
            table_id,
            columns: Arc::clone(columns),
            config: config.clone(),
            rows: Rows::new(columns, Box::new(Memory::new(config)), config),
        }
    }

    /// Guesses where a row begins: the index of the last place in `bytes` from which on, up to a comma or bracket, a
    /// row of this table can be read. `None` if there is none, or if too many places look like one and are not.
    ///
    /// The guess may be wrong: the same bytes may stand within a text.
    pub fn border(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut end = bytes.len();
        for _ in 0..MAX_GUESSES {
            let at = memchr::memmem::rfind(&bytes[..end], BORDER)?;
            let border = at + BORDER.len() - 1;
            if self.begins_row(&bytes[border..]) {
                return Some(border);
            }
            end = at + BORDER.len() - 1;
        }
        None
    }

    fn begins_row(&mut self, bytes: &[u8]) -> bool {
        self.rows.restart();
        let mut source = Source { bytes, offset: 0 };
        let max_batch_rows = std::mem::replace(&mut self.config.max_batch_rows, 1);
        let read = self.rows.read(&mut source, &self.config);
        self.config.max_batch_rows = max_batch_rows;
        let (batch, begins_row) = match read {
            Ok(RowsEvent::Batch(batch)) => (batch, matches!(source.peek(), Some(b',' | b']'))),
            Ok(RowsEvent::End(batch)) => {
                let is_row = batch.num_rows() == 1;
                (batch, is_row)
            }
            Ok(RowsEvent::More | RowsEvent::Error(_)) | Err(_) => return false,
        };
        // Its memory is that of the rows to come.
        self.rows.build_in(batch);
        begins_row
    }

    /// Takes a batch that is no longer needed, for its memory: see
    /// [`FrameDecoder::recycle`](crate::FrameDecoder::recycle).
    pub fn recycle(&mut self, batch: RowBatch) {
        self.rows.recycle(batch);
    }

    /// Reads the rows at the front of `bytes`, up to the last whole one: to where the bytes end, or the rows, or where
    /// something stands that only the decoder of the answer can judge.
    pub fn decode(&mut self, bytes: &[u8]) -> DecodedRows {
        self.rows.restart();
        let mut source = Source { bytes, offset: 0 };
        let mut batches = Vec::new();
        let (used, is_error) = loop {
            match self.rows.read(&mut source, &self.config) {
                Ok(RowsEvent::Batch(batch)) => batches.push(batch),
                Ok(RowsEvent::More) => break (bytes.len() - self.rows.carried(), false),
                Ok(RowsEvent::Error(object)) => break (object.offset as usize, true),
                Ok(RowsEvent::End(batch)) => {
                    batches.push(batch);
                    // The bracket is left to the decoder of the answer.
                    break (bytes.len() - source.bytes.len() - 1, false);
                }
                Err(_) => break (bytes.len() - source.bytes.len(), false),
            }
        };
        let expects_row = is_error || self.rows.expects_row();
        batches.push(self.rows.take_full_batch());
        batches.retain(|batch| batch.num_rows() > 0);
        DecodedRows {
            table_id: self.table_id,
            columns: Arc::clone(&self.columns),
            batches,
            used,
            expects_row,
        }
    }
}

/// What stands between two rows, and before a row, as the service writes them.
const BORDER: &[u8] = b"],[";
const MAX_GUESSES: usize = 64;
