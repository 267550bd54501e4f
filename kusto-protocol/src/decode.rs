//! From the bytes of an answer to frames.

mod answer;
mod carry;
mod cell;
mod cells;
mod columns;
mod envelope;
mod error;
mod float;
mod gather;
mod grid;
mod head;
mod json;
mod nested;
mod number;
mod pause;
mod rows;
mod rows_decoder;
mod scalars;
mod string;
mod table;
mod table_head;
mod template;
mod value;
mod walk;
mod window;
mod word;

pub(crate) use cell::short_datetime;
pub use error::{DecodeError, DecodeErrorKind};
#[cfg(test)]
pub(crate) use json::is_json;
#[cfg(test)]
pub(crate) use number::is_decimal;
pub use rows_decoder::{DecodedRows, RowsDecoder};
pub(crate) use string::{push_one_escape, unescape_all};

use std::collections::VecDeque;
use std::mem;

use answer::Version;
use envelope::Envelope;
use gather::Gathered;

use crate::{Frame, Isa, RowBatch};

/// Turns the body of a successful answer, V1 or V2, into frames, as it arrives.
///
/// The caller keeps the bytes: [`decode`](Self::decode) takes from the front of a chunk what it needs for the next
/// frame. How the body is cut into chunks makes no difference to what comes out.
///
/// All forms of an answer (plain, fragmented, progressive, with or without newlines, and V1) come as one stream:
/// `DataSetHeader`, then for each table `TableHeader`, `TableFragment`*, `TableCompletion`, then
/// `DataSetCompletion`. The rows of a fragment may come in several pieces; of a `DataReplace` only the first one
/// then replaces. Errors in place of rows are no rows: they come in the table's `TableCompletion`, and a fragment of
/// nothing else is none. V1 tables get their ordinal as id and the kind `Unknown`.
///
/// Cells are read by the type of their column. `null` is a null in every type; for `string`, where the service
/// itself knows no null, that is left to the consumer to treat as empty. In a `dynamic` column nested JSON is kept
/// byte for byte, and a string gives its content. In columns whose values are strings on the wire (`datetime`,
/// `decimal`, `dynamic`, `guid`, `timespan`) the empty string is a null, as in answers of old. Numbers never go
/// through floating point unless they are `real`, and a `real` is rounded correctly.
///
/// Members of objects may come in any order. Rows can be read as they arrive when `Rows` comes last, which is how
/// the service writes; else that one frame is held back. Members and frames that are not known are skipped.
/// Of a member that comes twice the last one counts, as in most readers of JSON; nobody says what the service means
/// by it. Only `Tables`, rows that were read already, and what follows such rows and might change them, are refused.
///
/// # Memory
///
/// Held are at most one row that is cut by the end of a chunk, one batch under construction, and the heads of open
/// tables; [`DecoderConfig`] has the limits. Chunks of less than 32 KiB that are nothing but rows are put together and
/// read together, which is faster: they wait for up to 160 KiB of them, but not longer than until the batch is full. A
/// chunk with whose last bytes a frame may end is read at once, and those that wait with it.
///
/// # Example
///
/// ```
/// use kusto_protocol::{Frame, FrameDecoder, Value};
///
/// let body = br#"{"Tables":[{"TableName":"Table_0","Columns":[{"ColumnName":"n","ColumnType":"long"}],
///     "Rows":[[1],[2],[3]]}]}"#;
///
/// let mut decoder = FrameDecoder::new();
/// let mut sum = 0;
/// for chunk in body.chunks(7) {
///     let mut input = chunk;
///     while let Some(frame) = decoder.decode(&mut input)? {
///         if let Frame::TableFragment(fragment) = frame {
///             for row in fragment.rows.rows() {
///                 if let Value::Long(n) = row.get(0) {
///                     sum += n;
///                 }
///             }
///         }
///     }
/// }
/// decoder.finish()?;
/// assert_eq!(sum, 6);
/// # Ok::<(), kusto_protocol::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct FrameDecoder {
    config: DecoderConfig,
    /// The number of bytes consumed.
    offset: u64,
    state: State,
    /// The last of the bytes consumed, if they have not been read.
    gathered: Gathered,
}

#[derive(Debug)]
enum State {
    /// Nothing but white space so far, and so many bytes of a byte order mark.
    Start {
        mark: usize,
        spare: Option<RowBatch>,
        /// The answer before, for its memory.
        before: Option<Box<Envelope>>,
    },
    Answer(Box<Envelope>),
    Failed {
        error: DecodeError,
        remainder: VecDeque<Frame>,
    },
}

impl State {
    const START: Self = Self::Start {
        mark: 0,
        spare: None,
        before: None,
    };
}

/// The limits of a [`FrameDecoder`], and what it tolerates.
///
/// Take the default and set fields:
///
/// ```
/// use kusto_protocol::{DecoderConfig, FrameDecoder};
///
/// let mut config = DecoderConfig::default();
/// config.max_batch_rows = 1_000;
/// let decoder = FrameDecoder::with_config(config);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecoderConfig {
    /// Rows after which a batch ends. 8 192.
    pub max_batch_rows: usize,
    /// Bytes of rows on the wire after which a batch ends, with the row that passes them. 2 MiB, so that the
    /// batch that is being filled stays near the processor; at most 1 GiB.
    pub max_batch_bytes: usize,
    /// The longest row, in bytes on the wire. 80 MiB: the service's limit for a record is 64 MiB, and escapes take
    /// their share. At most 1 GiB less a byte.
    pub max_row_bytes: usize,
    /// The longest array of `Rows` that is held back because it came before the table's id or columns. 16 MiB.
    pub max_buffered_frame: usize,
    /// The most bytes of a frame without its rows, and of all errors in place of rows. 1 MiB; at most 1 GiB.
    pub max_head_bytes: usize,
    /// The most columns of a table. 10 000.
    pub max_columns: usize,
    /// How deep brackets may be nested in a value. 1 024.
    pub max_depth: usize,
    /// How many tables may be open at a time. 1 024.
    pub max_open_tables: usize,
    /// Whether a row may be shorter than its table (missing cells are null) or longer (cells too many are dropped).
    /// No.
    pub allow_varying_row_widths: bool,
    /// The instruction set to decode rows with; one that the processor does not have is as [`Isa::Scalar`]. The best
    /// one. It makes no difference to what comes out.
    pub isa: Isa,
}

impl Default for DecoderConfig {
    fn default() -> Self {
        Self {
            max_batch_rows: 8192,
            max_batch_bytes: 2 << 20,
            max_row_bytes: 80 << 20,
            max_buffered_frame: 16 << 20,
            max_head_bytes: 1 << 20,
            max_columns: 10_000,
            max_depth: 1024,
            max_open_tables: 1024,
            allow_varying_row_widths: false,
            isa: Isa::detect(),
        }
    }
}

impl FrameDecoder {
    /// A decoder at the beginning of an answer, with the default limits.
    pub fn new() -> Self {
        Self::with_config(DecoderConfig::default())
    }

    /// A decoder at the beginning of an answer, with these limits.
    pub fn with_config(mut config: DecoderConfig) -> Self {
        // A text column counts its bytes in 32 bits with a sign, and a batch is at most one row above its limit.
        config.max_batch_bytes = config.max_batch_bytes.min(1 << 30);
        config.max_row_bytes = config.max_row_bytes.min((1 << 30) - 1);
        config.max_head_bytes = config.max_head_bytes.min(1 << 30);
        Self {
            config,
            offset: 0,
            state: State::START,
            gathered: Gathered::default(),
        }
    }

    /// Its limits.
    pub const fn config(&self) -> &DecoderConfig {
        &self.config
    }

    /// Takes bytes from the front of `input` up to the next frame, and gives that frame. `None` means that the
    /// input is used up: give the next chunk, or call [`finish`](Self::finish).
    ///
    /// # Errors
    ///
    /// See [`DecodeErrorKind`]. What came before the error and was not given out yet is the
    /// [`remainder`](Self::remainder). After an error every call gives the same error.
    pub fn decode(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, DecodeError> {
        let mut source = Source {
            bytes: input,
            offset: self.offset,
        };
        let read = self.read(&mut source);
        match read {
            Err(error) => {
                // A body that is no answer is left to the caller.
                if error.kind() != DecodeErrorKind::NotFrames {
                    *input = source.bytes;
                }
                self.fail(&error);
                Err(error)
            }
            Ok(frame) => {
                *input = source.bytes;
                self.offset = source.offset;
                Ok(frame)
            }
        }
    }

    /// Says whether the answer is complete. To be called when the body has ended and [`decode`](Self::decode) has
    /// given `None` for its last chunk.
    ///
    /// # Errors
    ///
    /// When the body ended before the answer did, or `decode` gave an error before. What came before the end and
    /// was not given out yet is the [`remainder`](Self::remainder).
    pub fn finish(&mut self) -> Result<(), DecodeError> {
        let settled = self.settle();
        let finished = match &mut self.state {
            State::Answer(_) if settled.is_err() => settled,
            State::Start { .. } => Err(DecodeError::new(
                DecodeErrorKind::Truncated,
                self.offset,
                "the body is empty",
            )),
            State::Answer(envelope) => envelope.finish(self.offset, &self.config),
            State::Failed { error, .. } => Err(error.clone()),
        };
        if let Err(error) = &finished {
            self.fail(error);
        }
        finished
    }

    /// The next frame of what has been read and not given out; `None` after the last.
    ///
    /// To be called until then when no more will come: after an error of [`decode`](Self::decode) or
    /// [`finish`](Self::finish), or in place of `finish` when the body itself broke off. Nothing that was read is
    /// lost then, however the rows fall into batches: first come the rows of the batch under construction, then for
    /// each table with errors in place of rows a `TableCompletion` with them and the number of rows that came. Other
    /// tables stay without one. An answer that goes on ends here.
    ///
    /// # Example
    ///
    /// ```
    /// use kusto_protocol::{DecodeErrorKind, Frame, FrameDecoder};
    ///
    /// let cut = br#"{"Tables":[{"TableName":"Table_0","Columns":[{"ColumnName":"n","ColumnType":"long"}],
    ///     "Rows":[[1],[2],[3"#;
    ///
    /// let mut decoder = FrameDecoder::new();
    /// let mut input = &cut[..];
    /// while let Some(frame) = decoder.decode(&mut input)? {
    ///     assert!(!matches!(frame, Frame::TableFragment(_)), "the batch is not full");
    /// }
    /// assert_eq!(decoder.finish().unwrap_err().kind(), DecodeErrorKind::Truncated);
    /// let Some(Frame::TableFragment(fragment)) = decoder.remainder() else {
    ///     panic!("two rows had come");
    /// };
    /// assert_eq!(fragment.rows.num_rows(), 2);
    /// assert_eq!(decoder.remainder(), None);
    /// # Ok::<(), kusto_protocol::DecodeError>(())
    /// ```
    pub fn remainder(&mut self) -> Option<Frame> {
        if let State::Answer(envelope) = &mut self.state
            && let Some(frame) = envelope.next_frame()
        {
            return Some(frame);
        }
        let _ = self.finish();
        match &mut self.state {
            State::Start { .. } | State::Answer(_) => None,
            State::Failed { remainder, .. } => remainder.pop_front(),
        }
    }

    /// A decoder for more rows of the table of which rows are next, to read them elsewhere; `None` where no rows are.
    pub fn rows_decoder(&self) -> Option<RowsDecoder> {
        match &self.state {
            State::Answer(envelope) => envelope.rows_decoder(&self.config),
            State::Start { .. } | State::Failed { .. } => None,
        }
    }

    /// Takes rows that a [`RowsDecoder`] read from the bytes that are next, and gives the number of those bytes that
    /// now count as [decoded](Self::decode); go on with what follows them. The rows are among the next frames.
    ///
    /// 0 if the guess was wrong: the decoder is not where a row of that table begins. Then the rows are dropped, and
    /// all of the bytes are to be decoded.
    pub fn accept(&mut self, decoded: DecodedRows) -> usize {
        if let Err(error) = self.settle() {
            self.fail(&error);
        }
        match &mut self.state {
            State::Answer(envelope) => {
                let used = envelope.accept(decoded);
                self.offset += used as u64;
                used
            }
            State::Start { .. } | State::Failed { .. } => 0,
        }
    }

    /// Takes a batch that is no longer needed, for its memory: the next batch is built in it, if it is of the same
    /// columns.
    ///
    /// Fresh memory is a good part of the cost of decoding a large answer; a caller that reads the batches and drops
    /// them can spare it, also from one answer to the next: a new decoder takes a batch before its first bytes. It
    /// changes nothing else.
    pub fn recycle(&mut self, batch: RowBatch) {
        match &mut self.state {
            State::Start { spare, .. } => *spare = Some(batch),
            State::Answer(envelope) => envelope.recycle(batch, &self.config),
            State::Failed { .. } => {}
        }
    }

    /// Begins another answer, wherever this one is. What was read and not given out is dropped.
    ///
    /// It is as a new decoder, but reads a small answer in two thirds of the time: it keeps some kilobytes to work in, a
    /// batch that was [recycled](Self::recycle) and not used, and the last eight lists of columns, which it shares with
    /// tables of the same list. Rows that were read elsewhere for the answer before must not be
    /// [accepted](Self::accept).
    ///
    /// # Example
    ///
    /// ```
    /// use kusto_protocol::{Frame, FrameDecoder};
    ///
    /// let answers = [r#"{"Tables":[]}"#, "[]", r#"{"Tables":[]}"#];
    /// let mut decoder = FrameDecoder::new();
    /// let complete = answers.map(|answer| {
    ///     decoder.reset();
    ///     let mut input = answer.as_bytes();
    ///     while let Ok(Some(_)) = decoder.decode(&mut input) {}
    ///     decoder.finish().is_ok()
    /// });
    /// assert_eq!(complete, [true, false, true]);
    /// ```
    pub fn reset(&mut self) {
        self.offset = 0;
        self.gathered = Gathered::default();
        self.state = match mem::replace(&mut self.state, State::START) {
            State::Answer(before) => State::Start {
                mark: 0,
                spare: None,
                before: Some(before),
            },
            State::Start { spare, before, .. } => State::Start {
                mark: 0,
                spare,
                before,
            },
            State::Failed { .. } => State::START,
        };
    }

    /// Bytes held by rows and frames that are not complete.
    #[doc(hidden)]
    pub fn buffered_bytes(&self) -> usize {
        match &self.state {
            State::Answer(envelope) => envelope.buffered_bytes() + self.gathered.capacity(),
            State::Start { .. } | State::Failed { .. } => 0,
        }
    }

    fn fail(&mut self, error: &DecodeError) {
        let remainder = match &mut self.state {
            State::Start { .. } => VecDeque::new(),
            State::Answer(envelope) => envelope.remainder(&self.config),
            State::Failed { remainder, .. } => mem::take(remainder),
        };
        self.state = State::Failed {
            remainder,
            error: error.clone(),
        };
    }

    fn read(&mut self, source: &mut Source<'_>) -> Result<Option<Frame>, DecodeError> {
        if self.gathered.concerns(source.bytes)
            && let State::Answer(envelope) = &self.state
        {
            if self.gathered.take(source, envelope.room(&self.config)) {
                return Ok(None);
            }
            if let Some(frame) = self.read_gathered()? {
                return Ok(Some(frame));
            }
        }
        self.read_chunk(source)
    }

    /// Reads on in what was gathered.
    fn read_gathered(&mut self) -> Result<Option<Frame>, DecodeError> {
        if self.gathered.is_empty() {
            return Ok(None);
        }
        let mut gathered = mem::take(&mut self.gathered);
        let mut source = gathered.source();
        let frame = self.read_chunk(&mut source)?;
        let left = source.bytes.len();
        gathered.keep(left);
        self.gathered = gathered;
        Ok(frame)
    }

    /// Reads all that was gathered, before something else comes than the next chunk.
    fn settle(&mut self) -> Result<(), DecodeError> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        self.gathered.end();
        let mut frames = VecDeque::new();
        let settled = loop {
            match self.read_gathered() {
                Ok(Some(frame)) => frames.push_back(frame),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        if let State::Answer(envelope) = &mut self.state {
            envelope.put_back(frames);
        }
        settled
    }

    fn read_chunk(&mut self, source: &mut Source<'_>) -> Result<Option<Frame>, DecodeError> {
        loop {
            match &mut self.state {
                State::Failed { error, .. } => return Err(error.clone()),
                State::Answer(envelope) => return envelope.read(source, &self.config),
                State::Start { mark, spare, before } => {
                    let Some(byte) = source.peek() else {
                        return Ok(None);
                    };
                    let version = match byte {
                        b'[' if is_whole_mark(*mark) => Version::V2,
                        b'{' if is_whole_mark(*mark) => Version::V1,
                        // The byte order mark is no JSON, but gateways have been known to add it.
                        _ if BYTE_ORDER_MARK.get(*mark) == Some(&byte) && *mark as u64 == source.offset => {
                            *mark += 1;
                            source.advance(1);
                            continue;
                        }
                        _ if json::is_white_space(byte) && is_whole_mark(*mark) => {
                            source.advance(1);
                            continue;
                        }
                        _ => {
                            let message = "the body is not an answer: it begins with neither [ nor {";
                            return Err(DecodeError::new(
                                DecodeErrorKind::NotFrames,
                                source.offset,
                                message,
                            ));
                        }
                    };
                    let mut envelope = match before.take() {
                        Some(mut envelope) => {
                            envelope.restart(version, source.offset, &self.config);
                            envelope
                        }
                        None => Box::new(Envelope::new(version, source.offset, &self.config)),
                    };
                    if let Some(batch) = spare.take() {
                        envelope.recycle(batch, &self.config);
                    }
                    source.advance(1);
                    self.state = State::Answer(envelope);
                }
            }
        }
    }
}

impl Default for FrameDecoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Bytes to be read, and where in the stream they are.
#[derive(Debug)]
struct Source<'a> {
    bytes: &'a [u8],
    /// Offset in the stream of the first byte.
    offset: u64,
}

impl Source<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.first().copied()
    }

    fn advance(&mut self, len: usize) {
        self.bytes = &self.bytes[len..];
        self.offset += len as u64;
    }

    fn skip_white_space(&mut self) {
        self.advance(json::skip_white_space(self.bytes, 0));
    }
}

const fn is_whole_mark(len: usize) -> bool {
    len == 0 || len == BYTE_ORDER_MARK.len()
}

const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
