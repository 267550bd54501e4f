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
use super::cell::Scratch;
use super::cells::{GROUP, group_len, read_cells};
use super::grid::walk_grid;
use super::nested::Shape;
use super::pause::Pause;
use super::walk::walk_row;
use crate::simd::{self, Group, Kernel, Lanes, Level, View};
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
    /// Those of a group of rows, column by column.
    turned: Vec<u32>,
    /// The index after each row but one that was cut.
    row_ends: Vec<usize>,
    /// The most rows that the memory of bounds is for.
    max_rows: usize,
    /// How many rows to try next: few after an unusual row, so that what is tried in vain is bounded.
    next_rows: usize,
}

/// A part of a row.
#[derive(Debug)]
pub(super) enum Step {
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
pub(super) struct Text {
    pub(super) column: usize,
    /// When to take its cells for short ones.
    pub(super) pause: Pause,
    /// The column's own, as long as the walk is on: so it need not be looked up for each cell.
    pub(super) array: TextArray,
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
    pub(super) fn swap(&mut self, arrays: &mut [ColumnArray]) {
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
            turned: Vec::new(),
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
        let mut rows = 0;
        while rows < walked.rows {
            let (bytes, count) = if rows < cut_rows {
                (cut, cut_rows)
            } else {
                (bytes, group_len(walked.rows - rows))
            };
            let bounds = &window.bounds[rows * window.stride..];
            let are_turned = lanes.turn(bounds, window.stride, count, &mut window.turned);
            let group = Group {
                bytes,
                bounds,
                stride: window.stride,
                turned: if are_turned { &window.turned } else { &[] },
                count,
            };
            let taken = read_columns(lanes, &window.steps, arrays, &group, scratch);
            rows += taken;
            if taken < count {
                break;
            }
        }
        for step in &window.steps {
            if let Step::String(Text { column, .. })
            | Step::Dynamic(Text { column, .. }, _)
            | Step::Other(column) = step
            {
                arrays[*column].fill_validity();
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

/// Appends the cells of rows, but for texts, and gives the number of rows before the first one that has a cell of another
/// form. Later cells may have been appended, too.
#[inline(always)]
fn read_columns<L: Lanes>(
    lanes: L,
    steps: &[Step],
    arrays: &mut [ColumnArray],
    group: &Group<'_>,
    scratch: &mut Scratch,
) -> usize {
    let mut rows = group.count;
    for step in steps {
        let &Step::Run { column, count, bound } = step else {
            continue;
        };
        for index in 0..count {
            let turned = (bound + index) * group.count.next_multiple_of(8);
            let cells = Group {
                bounds: &group.bounds[bound + index..],
                turned: group.turned.get(turned..).unwrap_or_default(),
                ..*group
            };
            rows = rows.min(read_cells(lanes, &mut arrays[column + index], cells, scratch));
        }
    }
    rows
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
