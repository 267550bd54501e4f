//! Many rows at once, in the compact form the service writes.
//!
//! A walk over the rows finds the cells. Texts are copied to their columns on the way; of all other cells only the
//! bounds are noted, a run of them at a time. Then each column reads its cells in one tight loop.
//!
//! A row is taken as a whole or not at all: at the first row that is in any way unusual (white space, an error
//! object, a cell of another form, too few cells, cut by the end of the chunk) the window ends, and the row is left
//! to the reader of single rows, which also knows what is wrong with it and where. So there is nothing here that
//! reports an error. What is taken has been checked as strictly as there: every byte of a row is part of a cell that
//! was read to its end, or one of the brackets and commas around them.

use std::mem;

use super::DecoderConfig;
use super::cell::{Scratch, try_cell};
use super::cells::{GROUP, read_cells, read_each};
use super::grid::walk_grid;
use super::nested::{Shape, nested_end};
use super::pause::Pause;
use crate::simd::{self, Kernel, Lanes, Level, View, block_at};
use crate::{ColumnArray, ColumnType, RowBatchBuilder, TextArray};

/// What a table's columns need to be read many rows at a time.
#[derive(Debug)]
pub(super) struct Window {
    level: Level,
    steps: Vec<Step>,
    /// Bounds that a row has.
    stride: usize,
    /// For each row the bounds of its cells: for each run the index of the separator before its first cell, then of
    /// those after each cell.
    bounds: Vec<u32>,
    /// The index after each row but one that was cut.
    row_ends: Vec<usize>,
    /// The most rows that the memory of bounds is for.
    max_rows: usize,
    /// How many rows to try next: few after an unusual row, so that what is tried in vain is bounded.
    next_rows: usize,
}

/// A part of a row.
#[derive(Debug)]
enum Step {
    /// Columns whose cells can hold no comma and no bracket: so many from this one on, with bounds from this place on.
    Run {
        column: usize,
        count: usize,
        bound: usize,
    },
    String(Text),
    /// Also what its last value looked like.
    Dynamic(Text, Shape),
    /// A column whose cells are read one by one.
    Other(usize),
}

/// A column of texts.
#[derive(Debug)]
struct Text {
    column: usize,
    /// When to take its cells for short ones.
    pause: Pause,
    /// The column's own, as long as the walk is on: so it need not be looked up for each cell.
    array: TextArray,
}

impl Text {
    fn new(column: usize) -> Self {
        Self {
            column,
            pause: Pause::default(),
            array: TextArray::default(),
        }
    }

    /// Takes the array from its column, or gives it back.
    fn swap(&mut self, arrays: &mut [ColumnArray]) {
        if let Some(ColumnArray::String(array) | ColumnArray::Dynamic(array)) = arrays.get_mut(self.column) {
            mem::swap(&mut self.array, array);
        }
    }
}

/// How many rows were read, and the bytes they take.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Taken {
    pub(super) rows: usize,
    /// The index after the last row.
    pub(super) len: usize,
    /// Bytes of the rows alone.
    pub(super) row_bytes: usize,
    /// Whether there is no use in trying the row after them, since it is cut or in some way unusual.
    pub(super) has_stopped: bool,
}

impl Taken {
    /// With the rows that come after these.
    const fn and(self, next: Self) -> Self {
        Self {
            rows: self.rows + next.rows,
            row_bytes: self.row_bytes + next.row_bytes,
            ..next
        }
    }
}

/// How many more rows may come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) rows: usize,
    /// The window ends with the row that reaches so many bytes of rows.
    pub(super) bytes: usize,
}

impl Window {
    /// The windows of a table of these columns; nothing if its rows are to be read one by one.
    pub(super) fn new<'a>(columns: impl Iterator<Item = &'a ColumnType>, level: Level) -> Option<Self> {
        let (mut steps, mut stride) = (Vec::new(), 0);
        for (column, column_type) in columns.enumerate() {
            match column_type {
                ColumnType::String => steps.push(Step::String(Text::new(column))),
                ColumnType::Dynamic => steps.push(Step::Dynamic(Text::new(column), Shape::default())),
                ColumnType::Unknown(_) => steps.push(Step::Other(column)),
                _ => {
                    if let Some(Step::Run { count, .. }) = steps.last_mut() {
                        *count += 1;
                    } else {
                        steps.push(Step::Run {
                            column,
                            count: 1,
                            bound: stride,
                        });
                        stride += 1;
                    }
                    stride += 1;
                }
            }
        }
        let max_rows = (MAX_BOUNDS / stride.max(1)).clamp(1, MAX_ROWS);
        (!steps.is_empty()).then_some(Self {
            level,
            steps,
            stride,
            bounds: Vec::new(),
            row_ends: Vec::new(),
            max_rows,
            next_rows: max_rows.min(16),
        })
    }

    /// Reads rows from the front of `bytes`, which begin with a bracket. The row before them may be in `cut`, with
    /// [`PADDING`] after it; if that one is not taken, then nothing is.
    pub(super) fn read(
        &mut self,
        cut: &[u8],
        bytes: &[u8],
        builder: &mut RowBatchBuilder,
        scratch: &mut Scratch,
        room: Room,
        config: &DecoderConfig,
    ) -> Taken {
        let max_rows = self.next_rows.min(room.rows);
        // Bounds have 32 bits.
        let bytes = &bytes[..bytes.len().min(MAX_BYTES)];
        let bounds = self.stride * max_rows + SLACK;
        if self.bounds.len() < bounds {
            self.bounds.resize(bounds, 0);
        }
        let kernel = Reading {
            cut,
            bytes,
            window: self,
            builder,
            scratch,
            room: Room {
                rows: max_rows,
                ..room
            },
            config,
        };
        let level = kernel.window.level;
        let (tried, taken) = simd::run(level, kernel);
        self.next_rows = if taken.rows < tried {
            taken.rows.max(1)
        } else {
            (2 * self.next_rows).min(self.max_rows)
        };
        taken
    }
}

struct Reading<'a> {
    cut: &'a [u8],
    bytes: &'a [u8],
    window: &'a mut Window,
    builder: &'a mut RowBatchBuilder,
    scratch: &'a mut Scratch,
    room: Room,
    config: &'a DecoderConfig,
}

impl Kernel for Reading<'_> {
    /// How many rows were walked over, and what was taken of them.
    type Output = (usize, Taken);

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        let Self {
            cut,
            bytes,
            window,
            builder,
            scratch,
            room,
            config,
        } = self;
        let before = builder.num_rows();
        let arrays = builder.arrays_mut();
        swap_texts(&mut window.steps, arrays);
        let (clean, walked) = walk_both(lanes, cut, bytes, window, arrays, scratch, room, config);
        swap_texts(&mut window.steps, arrays);
        let cut_rows = usize::from(!cut.is_empty());
        let mut rows = walked.rows;
        for step in &window.steps {
            let (column, count, bound) = match *step {
                Step::Run { column, count, bound } => (column, count, bound),
                Step::String(Text { column, .. })
                | Step::Dynamic(Text { column, .. }, _)
                | Step::Other(column) => {
                    arrays[column].fill_validity();
                    continue;
                }
            };
            for index in 0..count {
                let mut bounds = &window.bounds[bound + index..];
                let array = &mut arrays[column + index];
                let first = rows.min(cut_rows);
                if first > 0 {
                    if read_each(array, cut, bounds, window.stride, first, scratch) < first {
                        rows = 0;
                    }
                    bounds = &bounds[window.stride..];
                }
                let others = rows.saturating_sub(first);
                rows =
                    rows.min(first) + read_cells(lanes, array, bytes, bounds, window.stride, others, scratch);
            }
        }
        if rows < walked.rows {
            builder.truncate(before + rows);
        } else {
            if !clean {
                // Of the row that is not taken only the texts are there.
                for step in &window.steps {
                    if let Step::String(Text { column, .. })
                    | Step::Dynamic(Text { column, .. }, _)
                    | Step::Other(column) = step
                    {
                        arrays[*column].truncate(before + rows);
                    }
                }
            }
            builder.end_rows(rows);
        }
        let mut taken = Taken {
            has_stopped: walked.has_stopped || !clean,
            ..walked
        };
        if rows < walked.rows {
            taken = Taken {
                rows,
                has_stopped: true,
                ..Taken::default()
            };
            if rows > 0 {
                let ends = &window.row_ends[..rows - cut_rows];
                taken.len = ends.last().copied().unwrap_or_default();
                taken.row_bytes = cut.len().saturating_sub(PADDING) + row_bytes(bytes, ends);
            }
        }
        (walked.rows, taken)
    }
}

/// Walks over the row that was cut, if there is one, and then over others. See [`Walk`].
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "inlined into its only caller")]
fn walk_both<L: Lanes>(
    lanes: L,
    cut: &[u8],
    bytes: &[u8],
    window: &mut Window,
    arrays: &mut [ColumnArray],
    scratch: &mut Scratch,
    room: Room,
    config: &DecoderConfig,
) -> (bool, Taken) {
    let mut first = Taken::default();
    if !cut.is_empty() {
        let (clean, walked) = lanes.apart(Walk {
            bytes: cut,
            window,
            before: 0,
            arrays,
            scratch,
            room: Room { rows: 1, ..room },
            config,
        });
        if walked.len + PADDING != cut.len() {
            return (false, first);
        }
        first = Taken { len: 0, ..walked };
        if first.rows == room.rows || first.row_bytes >= room.bytes {
            return (clean, first);
        }
    }
    let room = Room {
        rows: room.rows - first.rows,
        bytes: room.bytes - first.row_bytes,
    };
    window.row_ends.clear();
    if let [Step::Run { count, .. }] = window.steps[..] {
        let Window { bounds, row_ends, .. } = &mut *window;
        let bounds = &mut bounds[first.rows * (count + 1)..];
        if let Some(walked) = walk_grid(lanes, bytes, count, bounds, row_ends, room, config) {
            return (true, first.and(walked));
        }
        row_ends.clear();
    }
    let (clean, walked) = lanes.apart(Walk {
        bytes,
        window,
        before: first.rows,
        arrays,
        scratch,
        room,
        config,
    });
    (clean, first.and(walked))
}

fn swap_texts(steps: &mut [Step], arrays: &mut [ColumnArray]) {
    for step in steps {
        if let Step::String(text) | Step::Dynamic(text, _) = step {
            text.swap(arrays);
        }
    }
}

/// Bytes of rows, without what is between them.
fn row_bytes(bytes: &[u8], row_ends: &[usize]) -> usize {
    let (mut from, mut sum) = (0, 0);
    for end in row_ends {
        sum += end - from;
        from = end + between(bytes, *end).unwrap_or_default();
    }
    sum
}

/// Finds the cells of rows, as many as there is room for, and appends their texts. Gives these rows, after false if texts
/// of a row that is not one of them may have been appended.
struct Walk<'a> {
    bytes: &'a [u8],
    window: &'a mut Window,
    /// How many rows have their bounds before these.
    before: usize,
    arrays: &'a mut [ColumnArray],
    scratch: &'a mut Scratch,
    room: Room,
    config: &'a DecoderConfig,
}

impl Kernel for Walk<'_> {
    type Output = (bool, Taken);

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        let Self {
            bytes,
            window,
            before,
            arrays,
            scratch,
            room,
            config,
        } = self;
        let mut taken = Taken::default();
        if bytes.first() != Some(&b'[') {
            return (true, taken);
        }
        let Window {
            steps,
            stride,
            bounds,
            row_ends,
            ..
        } = window;
        let (steps, stride) = (&mut steps[..], *stride);
        let mut bounds = &mut bounds[before * stride..];
        let mut view = View::new(lanes, bytes);
        let mut at = 0;
        loop {
            let Some(end) = walk_row(
                lanes,
                &mut view,
                bytes,
                at + 1,
                steps,
                bounds,
                arrays,
                scratch,
                config,
            ) else {
                return (false, taken);
            };
            if end - at > config.max_row_bytes {
                return (false, taken);
            }
            row_ends.push(end);
            taken.rows += 1;
            taken.len = end;
            taken.row_bytes += end - at;
            let is_full = taken.rows == room.rows
                || taken.row_bytes >= room.bytes
                || ends_window(bytes, end, taken.rows);
            // What is much shorter than this row is one that the end of the chunk cuts.
            taken.has_stopped = bytes.len() - end < (end - at) / 4 * 3;
            match between(bytes, end) {
                Some(len) if !is_full && !taken.has_stopped => at = end + len,
                _ => return (true, taken),
            }
            bounds = &mut bounds[stride..];
        }
    }
}

/// Whether a window of so many rows ends here: where groups of cells do, but what is left is not worth another one.
#[inline(always)]
pub(super) const fn ends_window(bytes: &[u8], end: usize, rows: usize) -> bool {
    end >= MIN_WINDOW
        && (end >= MAX_WINDOW || (rows.is_multiple_of(GROUP) && bytes.len() - end >= MIN_WINDOW))
}

/// The length of what is between a row and the next one, if that is a comma, perhaps with a line's end.
#[inline(always)]
pub(super) fn between(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at..)? {
        [b',', b'[', ..] => Some(1),
        [b',', b'\n', b'[', ..] => Some(2),
        [b',', b'\r', b'\n', b'[', ..] => Some(3),
        _ => None,
    }
}

/// Walks over a row from its first cell on, and gives the index after it.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "inlined into one loop over all of them")]
fn walk_row<L: Lanes>(
    lanes: L,
    view: &mut View<'_, L>,
    bytes: &[u8],
    mut at: usize,
    steps: &mut [Step],
    bounds: &mut [u32],
    arrays: &mut [ColumnArray],
    scratch: &mut Scratch,
    config: &DecoderConfig,
) -> Option<usize> {
    let mut steps = steps.iter_mut();
    while let Some(step) = steps.next() {
        let is_last = steps.len() == 0;
        let end = match step {
            &mut Step::Run { count, bound, .. } => {
                let end = walk_run(lanes, view, bytes, at, count, is_last, &mut bounds[bound..])?;
                at = end + 1;
                continue;
            }
            Step::String(text) => {
                if bytes.get(at) == Some(&b'"') {
                    let end = push_string(lanes, view, bytes, at, text)?;
                    text.array.end_valid();
                    end
                } else {
                    other_text(text, arrays, bytes, at, scratch)?
                }
            }
            Step::Dynamic(text, shape) => match bytes.get(at)? {
                b'"' => {
                    let end = push_string(lanes, view, bytes, at, text)?;
                    // The empty string stands for a null.
                    if end > at + 2 {
                        text.array.end_valid();
                    } else {
                        text.array.end(false);
                    }
                    end
                }
                b'{' | b'[' => push_nested(lanes, &mut text.array, bytes, at, config, shape)?,
                _ => other_text(text, arrays, bytes, at, scratch)?,
            },
            Step::Other(column) => other_cell(&mut arrays[*column], bytes, at, scratch)?,
        };
        let separator = if is_last { b']' } else { b',' };
        if bytes.get(end) != Some(&separator) {
            return None;
        }
        at = end + 1;
    }
    Some(at)
}

/// Appends a cell as the reader of single rows does.
#[inline(always)]
fn other_cell(array: &mut ColumnArray, bytes: &[u8], at: usize, scratch: &mut Scratch) -> Option<usize> {
    if bytes.get(at..)?.starts_with(b"null") {
        array.push_null();
        return Some(at + 4);
    }
    try_cell(array, bytes, at, scratch)
}

/// As [`other_cell`], of a column whose array was taken.
#[inline(never)]
fn other_text(
    text: &mut Text,
    arrays: &mut [ColumnArray],
    bytes: &[u8],
    at: usize,
    scratch: &mut Scratch,
) -> Option<usize> {
    text.swap(arrays);
    let end = other_cell(arrays.get_mut(text.column)?, bytes, at, scratch);
    text.swap(arrays);
    end
}

/// Appends what a string says.
#[inline(always)]
fn push_string<L: Lanes>(
    lanes: L,
    view: &mut View<'_, L>,
    bytes: &[u8],
    at: usize,
    text: &mut Text,
) -> Option<usize> {
    let Text { array, pause, .. } = text;
    if L::HAS_VECTORS && pause.is_over() {
        if let Some(end) = view.push_short(at, array.open()) {
            pause.succeed();
            return Some(end);
        }
        // Of a text by the end of the bytes nothing is seen.
        if bytes.len().saturating_sub(at) > 64 {
            pause.fail();
        }
    }
    simd::push_string(lanes, bytes, at, array.open())
}

/// Appends a nested value.
#[inline(always)]
fn push_nested<L: Lanes>(
    lanes: L,
    array: &mut TextArray,
    bytes: &[u8],
    at: usize,
    config: &DecoderConfig,
    shape: &mut Shape,
) -> Option<usize> {
    let end = nested_end(lanes, bytes, at, config.max_depth, shape)?;
    if !simd::push_json(lanes, bytes, at, end, array.open()) {
        return None;
    }
    array.end_valid();
    Some(end)
}

/// Notes the bounds of so many cells from `at` on, and gives the index of what ends the last one: a bracket if that is
/// the last one of the row, else a comma. What the cells are is not looked at.
#[inline(always)]
fn walk_run<L: Lanes>(
    lanes: L,
    view: &mut View<'_, L>,
    bytes: &[u8],
    at: usize,
    count: usize,
    is_last: bool,
    bounds: &mut [u32],
) -> Option<usize> {
    *bounds.first_mut()? = at as u32 - 1;
    if L::HAS_VECTORS
        && count <= FEW_CELLS
        && let Some(end) = view.cell_ends(at, count, is_last, bounds.get_mut(1..)?.first_chunk_mut()?)
    {
        return Some(end);
    }
    let mut found = 0;
    let mut base = at;
    while base < bytes.len() {
        let block = block_at(lanes, bytes, base);
        let closing = lanes.equal(block, b']');
        let marks = lanes.equal(block, b',') | closing;
        // Up to the first bracket.
        let marks = marks & (closing ^ closing.wrapping_sub(1));
        let places = bounds.get_mut(found + 1..)?.first_chunk_mut()?;
        lanes.positions(marks, base as u32, places);
        let seen = found + marks.count_ones() as usize;
        if seen >= count {
            // With a bracket, that is the last one seen.
            let ends_row = closing != 0 && seen == count;
            let end = if L::MOVES_BITS {
                base + lanes.nth(marks, count - found - 1)
            } else {
                *bounds.get(count)? as usize
            };
            return (ends_row == is_last).then_some(end);
        }
        if closing != 0 {
            return None;
        }
        found = seen;
        base += 64;
    }
    None
}

/// Cells of a run that are mostly within one block.
const FEW_CELLS: usize = 8;

/// Bytes after which a window ends, with the row that passes them: what is read twice stays in the cache.
const MAX_WINDOW: usize = 128 << 10;

/// Bytes after which it ends where a group of cells does, too, if as many follow.
const MIN_WINDOW: usize = 32 << 10;

/// Bytes that a window may be looked for in: a row may be longer than a window.
const MAX_BYTES: usize = 1 << 31;

/// Rows of a window.
const MAX_ROWS: usize = 1024;

/// Bounds of all cells of a window.
const MAX_BOUNDS: usize = 16 << 10;

/// Bounds are written 64 at a time.
const SLACK: usize = 64;

/// Bytes after a row that was put together: so a block that begins in it ends in them.
pub(super) const PADDING: usize = 64;
