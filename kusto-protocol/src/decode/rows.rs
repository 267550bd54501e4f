//! The elements of a `Rows` array: rows, and errors in place of rows.
//!
//! Rows are read where they are, in the caller's chunk or in small chunks that were put together. Only a row cut by the end
//! of those is stitched together, in [`Carry`], whose scanner remembers how far it came, so that each byte is looked at
//! once for the end however small the chunks are. Such a row is not read before its end has come.

use std::mem;
use std::sync::Arc;

use super::carry::Carry;
use super::cell::{Scratch, read_cell};
use super::json::{Fault, Stop, skip_white_space};
use super::window::{PADDING, Room, Window, between};
use super::{DecodeErrorKind, DecoderConfig, Source};
use crate::simd::Level;
use crate::{Column, RowBatch, RowBatchBuilder};

/// The reader of one `Rows` array. It is moved about for each table, so that what is large is in boxes.
#[derive(Debug)]
pub(super) struct Rows {
    builder: RowBatchBuilder,
    level: Level,
    /// What reads rows of the compact form many at a time; none before the second row.
    window: Option<Box<Window>>,
    expect: Expect,
    /// Whether the window has tried the next row in vain.
    has_stopped: bool,
    /// Bytes on the wire of the rows in the builder.
    batch_bytes: usize,
    carry: Carry,
    memory: Box<Memory>,
}

/// What goes from one table to the next, for its memory.
#[derive(Debug)]
pub(super) struct Memory {
    scratch: Scratch,
    /// A batch that the caller no longer needs.
    pub(super) spare: Option<RowBatch>,
}

impl Memory {
    pub(super) const fn new(config: &DecoderConfig) -> Self {
        Self {
            scratch: Scratch::new(config.max_depth),
            spare: None,
        }
    }

    /// Gives away what a large row left behind.
    pub(super) fn shrink(&mut self) {
        self.scratch.shrink_to(MAX_KEPT);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Expect {
    Bracket,
    FirstRow,
    Row,
    AfterRow,
}

/// What came next.
#[derive(Debug)]
pub(super) enum RowsEvent {
    /// The source is used up.
    More,
    /// A batch is full.
    Batch(RowBatch),
    /// An object in place of a row.
    Error(ErrorObject),
    /// The closing bracket, and the rows since the last full batch.
    End(RowBatch),
}

/// An object in place of a row.
#[derive(Debug)]
pub(super) struct ErrorObject {
    /// The JSON text.
    pub(super) text: Vec<u8>,
    /// Offset in the stream.
    pub(super) offset: u64,
    /// The number of rows in the current batch before it.
    pub(super) row: usize,
}

/// What is wrong with a row, and where.
#[derive(Debug)]
pub(super) struct RowFault {
    pub(super) kind: DecodeErrorKind,
    /// Offset in the stream.
    pub(super) offset: u64,
    pub(super) message: String,
    /// The number of rows in the current batch before this one.
    pub(super) row: usize,
    pub(super) column: Option<usize>,
}

impl Rows {
    /// A reader of rows of these columns, in this memory as far as that fits.
    pub(super) fn new(columns: &Arc<[Column]>, mut memory: Box<Memory>, config: &DecoderConfig) -> Self {
        let builder = match memory.spare.take_if(|spare| are_same(spare.columns(), columns)) {
            Some(spare) => RowBatchBuilder::reusing(spare),
            None => RowBatchBuilder::new(Arc::clone(columns)),
        };
        Self {
            builder,
            level: Level::new(config.isa),
            window: None,
            expect: Expect::Bracket,
            has_stopped: false,
            batch_bytes: 0,
            carry: Carry::default(),
            memory,
        }
    }

    /// Reads on to the next event.
    pub(super) fn read(
        &mut self,
        source: &mut Source<'_>,
        config: &DecoderConfig,
    ) -> Result<RowsEvent, RowFault> {
        loop {
            if self.batch_is_full(config) {
                return Ok(RowsEvent::Batch(self.take_full_batch()));
            }
            if !self.carry.bytes.is_empty() {
                match self.finish_carried(source, config)? {
                    Some(Unit::Row) => continue,
                    Some(Unit::Error(object)) => return Ok(RowsEvent::Error(object)),
                    None => return Ok(RowsEvent::More),
                }
            }
            source.skip_white_space();
            let Some(byte) = source.peek() else {
                return Ok(RowsEvent::More);
            };
            match (self.expect, byte) {
                (Expect::Bracket, b'[') => {
                    source.advance(1);
                    self.expect = Expect::FirstRow;
                }
                (Expect::AfterRow, b',') => {
                    source.advance(1);
                    self.expect = Expect::Row;
                }
                (Expect::FirstRow | Expect::AfterRow, b']') => {
                    source.advance(1);
                    return Ok(RowsEvent::End(self.take_batch()));
                }
                // Many tables have only one row, for which it does not pay to get ready for many.
                (Expect::Row, b'[')
                    if !mem::take(&mut self.has_stopped) && self.read_window(source, config) => {}
                (Expect::Row, b'[') if self.carry_if_cut(source, config) => return Ok(RowsEvent::More),
                (Expect::FirstRow | Expect::Row, b'[' | b'{') => match self.read_in_place(source, config)? {
                    Some(Unit::Row) => {}
                    Some(Unit::Error(object)) => return Ok(RowsEvent::Error(object)),
                    None => return Ok(RowsEvent::More),
                },
                (expect, _) => {
                    let message = match expect {
                        Expect::Bracket => "expected the array of rows",
                        Expect::FirstRow => "expected a row or the end of the rows",
                        Expect::Row => "expected a row",
                        Expect::AfterRow => "expected a comma or the end of the rows",
                    };
                    return Err(self.fault(Fault::syntax(0, message), source.offset, None));
                }
            }
        }
    }

    /// What is wrong with the row that was cut by the end of the body, if it could not be completed anyway.
    pub(super) fn finish(&mut self, config: &DecoderConfig) -> Result<(), RowFault> {
        if self.carry.bytes.is_empty() {
            return Ok(());
        }
        self.read_carried(config).map(drop)
    }

    /// Bytes held: the batch under construction and the row that is cut.
    pub(super) fn buffered_bytes(&self) -> usize {
        self.builder.byte_len() + self.carry.bytes.capacity()
    }

    /// About how many bytes of rows may come before the batch is full; none as long as it does not show of what length
    /// rows are, or whether there are many.
    pub(super) fn room(&self, config: &DecoderConfig) -> usize {
        let rows = self.builder.num_rows();
        if rows == 0 || self.window.is_none() {
            return 0;
        }
        let rows_left = config.max_batch_rows.saturating_sub(rows);
        let bytes_left = config.max_batch_bytes.saturating_sub(self.batch_bytes);
        bytes_left.min((self.batch_bytes / rows).saturating_mul(rows_left))
    }

    /// Forgets what was read, and begins with a row.
    pub(super) fn restart(&mut self) {
        self.builder.truncate(0);
        self.batch_bytes = 0;
        self.carry.clear();
        self.expect = Expect::Row;
        self.has_stopped = false;
    }

    /// Builds the next batch in the memory of this one.
    pub(super) fn build_in(&mut self, batch: RowBatch) {
        self.builder = RowBatchBuilder::reusing(batch);
    }

    /// Whether a row may begin here.
    pub(super) fn is_at_row(&self) -> bool {
        matches!(self.expect, Expect::FirstRow | Expect::Row) && self.carry.bytes.is_empty()
    }

    /// Whether a row, whole or cut, must be next.
    pub(super) fn expects_row(&self) -> bool {
        self.expect == Expect::Row
    }

    /// Bytes of the row that is cut.
    pub(super) const fn carried(&self) -> usize {
        self.carry.bytes.len()
    }

    /// Goes on behind rows that were read elsewhere.
    pub(super) fn skip_rows(&mut self, expects_row: bool) {
        self.expect = if expects_row {
            Expect::Row
        } else {
            Expect::AfterRow
        };
        self.has_stopped = false;
    }

    fn batch_is_full(&self, config: &DecoderConfig) -> bool {
        let rows = self.builder.num_rows();
        rows > 0 && (rows >= config.max_batch_rows || self.batch_bytes >= config.max_batch_bytes)
    }

    /// Takes the memory of a batch for this one, if it has none yet, or the next one.
    pub(super) fn recycle(&mut self, batch: RowBatch) {
        if self.builder.is_unused() && are_same(batch.columns(), self.builder.columns()) {
            self.build_in(batch);
        } else {
            self.memory.spare = Some(batch);
        }
    }

    /// Gives the memory back, with a batch that was recycled and not used.
    pub(super) fn into_memory(self) -> Box<Memory> {
        self.memory
    }

    /// The batch that is full, while more rows may come.
    pub(super) fn take_full_batch(&mut self) -> RowBatch {
        self.batch_bytes = 0;
        let next = match self.memory.spare.take() {
            Some(spare) if are_same(spare.columns(), self.builder.columns()) => {
                RowBatchBuilder::reusing(spare)
            }
            _ => self.builder.empty_like(),
        };
        mem::replace(&mut self.builder, next).finish()
    }

    /// The rows since the last full batch.
    pub(super) fn take_batch(&mut self) -> RowBatch {
        self.batch_bytes = 0;
        self.builder.take()
    }

    /// Reads rows of the compact form from the front of the source, if there are any.
    fn read_window(&mut self, source: &mut Source<'_>, config: &DecoderConfig) -> bool {
        if self.window.is_none() {
            let columns = self.builder.columns().iter();
            let window = Window::new(columns.map(|column| &column.column_type), self.level);
            self.window = window.map(Box::new);
        }
        let Some(window) = &mut self.window else {
            return false;
        };
        let room = Room {
            rows: config.max_batch_rows.saturating_sub(self.builder.num_rows()),
            bytes: config.max_batch_bytes.saturating_sub(self.batch_bytes),
        };
        let taken = window.read(
            &[],
            source.bytes,
            &mut self.builder,
            &mut self.memory.scratch,
            room,
            config,
        );
        if taken.rows == 0 {
            return false;
        }
        self.batch_bytes += taken.row_bytes;
        source.advance(taken.len);
        self.expect = Expect::AfterRow;
        self.has_stopped = taken.has_stopped;
        true
    }

    /// Carries the row at the front of the source, if its end has not come: to look for the end, where that is fast, is
    /// less than to read the row in vain.
    fn carry_if_cut(&mut self, source: &mut Source<'_>, config: &DecoderConfig) -> bool {
        self.window.is_some()
            && source.bytes.len() < config.max_row_bytes
            && self.carry.begin_if_cut(source, self.level)
    }

    /// Reads the row at the front of the source, or carries what there is of it; then gives nothing.
    fn read_in_place(
        &mut self,
        source: &mut Source<'_>,
        config: &DecoderConfig,
    ) -> Result<Option<Unit>, RowFault> {
        let window = &source.bytes[..source.bytes.len().min(config.max_row_bytes)];
        match self.read_unit(window, source.offset, config)? {
            Some((unit, len)) => {
                source.advance(len);
                Ok(Some(unit))
            }
            None if window.len() == config.max_row_bytes => Err(self.too_large(source.offset, config)),
            None => {
                self.carry.begin(source, self.level);
                Ok(None)
            }
        }
    }

    /// Adds to the row that was cut, and reads it if its end has come.
    fn finish_carried(
        &mut self,
        source: &mut Source<'_>,
        config: &DecoderConfig,
    ) -> Result<Option<Unit>, RowFault> {
        let complete = self.carry.extend(source, config.max_row_bytes, self.level);
        if complete && self.read_carried_rows(source, config) {
            self.carry.clear();
            return Ok(Some(Unit::Row));
        }
        if !complete && !self.carry.is_due(config.max_row_bytes) {
            return Ok(None);
        }
        match self.read_carried(config)? {
            Some(unit) => {
                self.carry.clear();
                Ok(Some(unit))
            }
            None if self.carry.bytes.len() < config.max_row_bytes && !complete => Ok(None),
            None => Err(self.too_large(self.carry.offset, config)),
        }
    }

    /// Reads the row that was cut and is complete, if it is a usual one, and with it those that follow.
    fn read_carried_rows(&mut self, source: &mut Source<'_>, config: &DecoderConfig) -> bool {
        let Some(window) = &mut self.window else {
            return false;
        };
        let room = Room {
            rows: config.max_batch_rows.saturating_sub(self.builder.num_rows()),
            bytes: config.max_batch_bytes.saturating_sub(self.batch_bytes),
        };
        let between = between(source.bytes, 0).unwrap_or(source.bytes.len());
        let row = &mut self.carry.bytes;
        row.resize(row.len() + PADDING, 0);
        let taken = window.read(
            row,
            &source.bytes[between..],
            &mut self.builder,
            &mut self.memory.scratch,
            room,
            config,
        );
        row.truncate(row.len() - PADDING);
        if taken.rows == 0 {
            return false;
        }
        self.batch_bytes += taken.row_bytes;
        if taken.rows > 1 {
            source.advance(between + taken.len);
        }
        self.expect = Expect::AfterRow;
        self.has_stopped = taken.has_stopped;
        true
    }

    fn read_carried(&mut self, config: &DecoderConfig) -> Result<Option<Unit>, RowFault> {
        let bytes = mem::take(&mut self.carry.bytes);
        let read = self.read_unit(&bytes, self.carry.offset, config);
        self.carry.bytes = bytes;
        Ok(read?.map(|(unit, _)| unit))
    }

    /// Reads the row or error object at the front of `bytes` and gives its length, or nothing if it is cut.
    fn read_unit(
        &mut self,
        bytes: &[u8],
        offset: u64,
        config: &DecoderConfig,
    ) -> Result<Option<(Unit, usize)>, RowFault> {
        let mut column = None;
        let read = if bytes[0] == b'[' {
            read_row(
                &mut self.builder,
                bytes,
                &mut self.memory.scratch,
                config,
                &mut column,
            )
            .map(|len| {
                self.builder.end_row();
                self.batch_bytes += len;
                (Unit::Row, len)
            })
        } else {
            let row = self.builder.num_rows();
            let end = self.memory.scratch.value_end(bytes, 0);
            end.map(|len| {
                (
                    Unit::Error(ErrorObject {
                        text: bytes[..len].to_vec(),
                        offset,
                        row,
                    }),
                    len,
                )
            })
        };
        match read {
            Ok(read) => {
                self.expect = Expect::AfterRow;
                Ok(Some(read))
            }
            Err(stop) => {
                self.builder.truncate(self.builder.num_rows());
                match stop {
                    Stop::More => Ok(None),
                    Stop::Fault(fault) => Err(self.fault(fault, offset, column)),
                }
            }
        }
    }

    fn too_large(&self, offset: u64, config: &DecoderConfig) -> RowFault {
        let message = format!("a row is longer than max_row_bytes ({})", config.max_row_bytes);
        RowFault {
            kind: DecodeErrorKind::TooLarge,
            offset,
            message,
            row: self.builder.num_rows(),
            column: None,
        }
    }

    fn fault(&self, fault: Fault, offset: u64, column: Option<usize>) -> RowFault {
        let message = match fault.kind {
            DecodeErrorKind::RowWidth => format!("{} ({})", fault.message, self.builder.columns().len()),
            _ => fault.message.to_owned(),
        };
        let row = self.builder.num_rows();
        RowFault {
            kind: fault.kind,
            offset: offset + fault.at as u64,
            message,
            row,
            column,
        }
    }
}

/// Whether two lists of columns say the same. Most are one.
fn are_same(columns: &Arc<[Column]>, others: &Arc<[Column]>) -> bool {
    Arc::ptr_eq(columns, others) || columns == others
}

/// Bytes that a buffer keeps from one answer to the next.
pub(super) const MAX_KEPT: usize = 16 << 10;

/// One element of the array.
#[derive(Debug)]
enum Unit {
    Row,
    Error(ErrorObject),
}

/// Appends a cell to every column and gives the length of the row. `column` says how far it came.
fn read_row(
    builder: &mut RowBatchBuilder,
    bytes: &[u8],
    scratch: &mut Scratch,
    config: &DecoderConfig,
    column: &mut Option<usize>,
) -> Result<usize, Stop> {
    let mut at = next_byte(bytes, 1)?;
    let mut ended = bytes[at] == b']';
    for (index, array) in builder.arrays_mut().iter_mut().enumerate() {
        if ended {
            if !config.allow_varying_row_widths {
                return Err(row_width(at, "a row has fewer cells than the table has columns"));
            }
            array.push_null();
            continue;
        }
        *column = Some(index);
        at = next_byte(bytes, read_cell(array, bytes, at, scratch)?)?;
        *column = None;
        ended = bytes[at] == b']';
        if !ended {
            at = after_comma(bytes, at)?;
        }
    }
    // All columns have their cell; what follows is beyond the table.
    while !ended {
        if !config.allow_varying_row_widths {
            return Err(row_width(at, "a row has more cells than the table has columns"));
        }
        at = next_byte(bytes, scratch.value_end(bytes, at)?)?;
        ended = bytes[at] == b']';
        if !ended {
            at = after_comma(bytes, at)?;
        }
    }
    Ok(at + 1)
}

/// The index of the first byte from `at` on that is not white space.
#[inline]
fn next_byte(bytes: &[u8], at: usize) -> Result<usize, Stop> {
    let at = skip_white_space(bytes, at);
    if at < bytes.len() { Ok(at) } else { Err(Stop::More) }
}

/// The index of the cell after the comma at `at`.
#[inline]
fn after_comma(bytes: &[u8], at: usize) -> Result<usize, Stop> {
    if bytes[at] != b',' {
        return Err(Fault::syntax(at, "expected a comma or the end of the row").into());
    }
    let at = next_byte(bytes, at + 1)?;
    if bytes[at] == b']' {
        return Err(Fault::syntax(at, "expected a cell").into());
    }
    Ok(at)
}

const fn row_width(at: usize, message: &'static str) -> Stop {
    Stop::Fault(Fault {
        kind: DecodeErrorKind::RowWidth,
        at,
        message,
    })
}
