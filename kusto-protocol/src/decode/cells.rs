//! The cells of one column, one after the other, of types whose values have a fixed size.
//!
//! A group of at most `N` cells, 64 or 16, is read in steps over arrays. The first step looks at each cell by itself: it loads the
//! characters, and makes numbers of the digits. The other steps do plain arithmetic on whole arrays, which the compiler
//! turns into the instruction set's vectors: signs, leading zeros, calendar, rounding. Nothing branches on the digits:
//! their number and a sign are as likely as not to change from row to row. A cell that is not in the short form is
//! read as any single cell is. Numbers are made eight cells at a time by an instruction set that can.

mod decimal;
mod integer;
mod real;
mod time;

use decimal::decimals;
use integer::{integers, short_integers};
use real::reals;
use time::{datetimes, timespans};

use super::cell::{Scratch, try_cell};
use crate::simd::{Bools, Group, Lanes};
use crate::{BoolArray, ColumnArray};

/// Cells of a group, a bit for each of those that are valid, and of those that are null, and for none both. The others
/// are in another form, be it right or wrong.
struct Read<T, const N: usize> {
    /// The default for nulls.
    values: [T; N],
    valid: u64,
    nulls: u64,
}

/// Cells that are read at a time.
pub(super) const GROUP: usize = 64;

/// Cells that are read at a time where there are no more.
const SMALL_GROUP: usize = 16;

/// Cells that are read faster one by one than in a group.
const FEW: usize = 4;

/// How many of so many rows are read at a time.
pub(super) fn group_len(rows: usize) -> usize {
    // A few more than a small group are two of them.
    let most = if rows <= 2 * SMALL_GROUP {
        SMALL_GROUP
    } else {
        GROUP
    };
    rows.min(most)
}

/// Appends the cells of a column. Gives the number of rows before the first cell that is none of the column's type, or
/// ends elsewhere.
#[inline(always)]
pub(super) fn read_cells<L: Lanes>(
    lanes: L,
    array: &mut ColumnArray,
    mut group: Group<'_>,
    scratch: &mut Scratch,
) -> usize {
    let rows = group.count;
    while group.count >= FEW {
        // Rows of a thousand cells come by the dozen.
        let taken = if group.count <= SMALL_GROUP {
            read_group::<L, SMALL_GROUP>(lanes, array, &group)
        } else {
            read_group::<L, GROUP>(lanes, array, &group)
        };
        if taken == group.count {
            return rows;
        }
        group = group.after(taken);
        if read_one(array, &group, scratch).is_none() {
            return rows - group.count;
        }
        group = group.after(1);
    }
    while group.count > 0 {
        if read_one(array, &group, scratch).is_none() {
            break;
        }
        group = group.after(1);
    }
    rows - group.count
}

/// Appends the first cell of a group, unless it is none of the column's type, or ends elsewhere.
fn read_one(array: &mut ColumnArray, group: &Group<'_>, scratch: &mut Scratch) -> Option<()> {
    let (from, end) = cell_of(group.bounds);
    (try_cell(array, group.bytes, from, scratch)? == end).then_some(())
}

/// Appends the cells at the front of a group of at most `N` that are in the short form, and gives their number.
#[inline(always)]
fn read_group<L: Lanes, const N: usize>(lanes: L, array: &mut ColumnArray, group: &Group<'_>) -> usize {
    // A macro, since a closure would not be compiled for the instruction set.
    macro_rules! append {
        ($array:ident, $read:expr) => {{
            let read: Read<_, N> = $read;
            let taken = group
                .count
                .min((read.valid | read.nulls).trailing_ones() as usize);
            $array.extend(&read.values, taken, read.valid);
            taken
        }};
    }
    match array {
        ColumnArray::Bool(array) => bools(lanes, array, group),
        ColumnArray::Decimal(array) => decimals(lanes, array, group),
        ColumnArray::DateTime(array) => append!(array, datetimes(lanes, group)),
        ColumnArray::Guid(array) => append!(array, guids(lanes, group)),
        ColumnArray::Int(array) => append!(array, short_integers(lanes, group)),
        ColumnArray::Long(array) => append!(array, integers(lanes, group)),
        ColumnArray::Real(array) => append!(array, reals(lanes, group)),
        ColumnArray::Timespan(array) => append!(array, timespans(lanes, group)),
        _ => 0,
    }
}

/// Where a cell begins and ends.
#[inline(always)]
fn cell_of(bounds: &[u32]) -> (usize, usize) {
    match bounds {
        [before, end, ..] => (*before as usize + 1, *end as usize),
        _ => (0, 0),
    }
}

/// A bit for each byte that is one.
#[inline(always)]
fn bits<L: Lanes, const N: usize>(lanes: L, flags: &[u8; N]) -> u64 {
    if let Some(flags) = flags.first_chunk() {
        return lanes.equal(lanes.load(flags), 1);
    }
    let mut padded = [0; GROUP];
    padded[..N].copy_from_slice(flags);
    lanes.equal(lanes.load(&padded), 1)
}

/// Truth values, as words.
#[inline(always)]
fn bools<L: Lanes>(lanes: L, array: &mut BoolArray, group: &Group<'_>) -> usize {
    let Bools { values, valid, nulls } = lanes.bools(group).unwrap_or_else(|| bools_in_turn(group));
    let taken = group.count.min((valid | nulls).trailing_ones() as usize);
    array.extend(values, valid, taken);
    taken
}

#[inline(always)]
fn bools_in_turn(group: &Group<'_>) -> Bools {
    let mut bools = Bools::default();
    let mut rest = group.bounds;
    for index in 0..group.count.min(64) {
        let (from, end) = cell_of(rest);
        rest = rest.get(group.stride..).unwrap_or_default();
        let word = word_at(group.bytes, from);
        let len = end.wrapping_sub(from);
        let is_true = (word == u32::from_le_bytes(*b"true")) & (len == 4);
        let last = word_at(group.bytes, from + 1);
        let is_false =
            (word == u32::from_le_bytes(*b"fals")) & (last == u32::from_le_bytes(*b"alse")) & (len == 5);
        bools.values |= u64::from(is_true) << index;
        bools.valid |= u64::from(is_true | is_false) << index;
        bools.nulls |= u64::from(is_null(word, len)) << index;
    }
    bools
}

/// 36 characters in quotes.
#[inline(always)]
fn guids<L: Lanes, const N: usize>(lanes: L, group: &Group<'_>) -> Read<[u8; 16], N> {
    let (mut values, mut valid, mut nulls) = ([[0; 16]; N], 0, 0);
    let mut rest = group.bounds;
    for (index, value) in values[..group.count.min(N)].iter_mut().enumerate() {
        let (from, end) = cell_of(rest);
        rest = rest.get(group.stride..).unwrap_or_default();
        let len = end.wrapping_sub(from);
        if let Some([b'"', text @ .., b'"']) =
            group.bytes.get(from..).and_then(|rest| rest.first_chunk::<38>())
            && len == 38
        {
            let (guid, is_valid) = lanes.guid(text);
            *value = guid;
            valid |= u64::from(is_valid) << index;
        } else if is_null(word_at(group.bytes, from), len) {
            nulls |= 1 << index;
        }
    }
    Read { values, valid, nulls }
}

/// Whether a cell that begins with these four bytes, and has so many, is null.
#[inline(always)]
fn is_null(word: u32, len: usize) -> bool {
    (word == NULL_WORD) & (len == 4)
}

/// The four bytes from `at` on, the first one lowest; zeros after the end.
#[inline(always)]
fn word_at(bytes: &[u8], at: usize) -> u32 {
    match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(word) => u32::from_le_bytes(*word),
        None => last_word(bytes, at),
    }
}

#[cold]
#[inline(never)]
fn last_word(bytes: &[u8], at: usize) -> u32 {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter()
        .rev()
        .fold(0, |word, byte| word << 8 | u32::from(*byte))
}

const NULL_WORD: u32 = u32::from_le_bytes(*b"null");
