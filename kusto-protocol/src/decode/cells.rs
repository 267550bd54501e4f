//! The cells of one column, one after the other, of types whose values have a fixed size.
//!
//! Each form is read without branches on the digits: their number, a sign and a null are as likely as not to change
//! from row to row. What is not in the short form is told as odd, and read as any single cell is.

use super::cell::{Scratch, try_cell};
use super::float::nearest;
use crate::scalar::{TICKS_PER_DAY, TICKS_PER_SECOND};
use crate::simd::{Lanes, ending_at};
use crate::{BoolArray, ColumnArray};

/// What a cell says.
#[derive(Clone, Copy)]
struct Cell<T> {
    value: T,
    state: u8,
}

/// There is a value.
const VALID: u8 = 0;
const NULL: u8 = 1;
/// Not in the short form, be it right or wrong.
const ODD: u8 = 2;

/// Appends the cells of a group up to the first odd one, and gives their number. A macro, since a closure would not be
/// compiled for the instruction set.
macro_rules! append {
    ($group:ident, $array:ident, $read:ident($lanes:ident, $bytes:ident)) => {{
        let mut values = [Default::default(); 64];
        let (mut valid, mut odd) = (0u64, 0u64);
        for (index, value) in values[..$group.count].iter_mut().enumerate() {
            let (from, end) = $group.cell(index);
            let cell = $read($lanes, $bytes, from, end);
            *value = cell.value;
            valid |= u64::from(cell.state == VALID) << index;
            odd |= u64::from(cell.state >= ODD) << index;
        }
        let taken = $group.count.min(odd.trailing_zeros() as usize);
        $array.extend(&values[..taken], valid);
        taken
    }};
}

/// Appends the cells of a column. `bounds` has before and after each cell the index of a separator, each row's
/// `stride` places after the one before. Gives the number of rows before the first cell that is none of the column's
/// type, or ends elsewhere.
#[inline(always)]
pub(super) fn read_cells<L: Lanes>(
    lanes: L,
    array: &mut ColumnArray,
    bytes: &[u8],
    bounds: &[u32],
    stride: usize,
    rows: usize,
    scratch: &mut Scratch,
) -> usize {
    let mut row = 0;
    while row < rows {
        let count = (rows - row).min(64);
        let group = Group {
            bytes,
            bounds: &bounds[row * stride..],
            stride,
            count,
        };
        let taken = match array {
            ColumnArray::Bool(array) => bools(array, &group),
            ColumnArray::DateTime(array) => append!(group, array, datetime(lanes, bytes)),
            ColumnArray::Guid(array) => append!(group, array, guid(lanes, bytes)),
            ColumnArray::Int(array) => append!(group, array, short_integer(lanes, bytes)),
            ColumnArray::Long(array) => append!(group, array, integer(lanes, bytes)),
            ColumnArray::Real(array) => append!(group, array, real(lanes, bytes)),
            _ => 0,
        };
        row += taken;
        if taken < count {
            let (from, end) = group.cell(taken);
            if try_cell(array, bytes, from, scratch) != Some(end) {
                return row;
            }
            row += 1;
        }
    }
    rows
}

/// At most 64 cells.
struct Group<'a> {
    bytes: &'a [u8],
    bounds: &'a [u32],
    stride: usize,
    count: usize,
}

impl Group<'_> {
    /// Where a cell begins and ends.
    #[inline(always)]
    fn cell(&self, index: usize) -> (usize, usize) {
        let at = index * self.stride;
        (self.bounds[at] as usize + 1, self.bounds[at + 1] as usize)
    }
}

/// Truth values as words.
#[inline(always)]
fn bools(array: &mut BoolArray, group: &Group<'_>) -> usize {
    let (mut values, mut valid, mut odd) = (0u64, 0u64, 0u64);
    for index in 0..group.count {
        let (from, end) = group.cell(index);
        let word = word_at(group.bytes, from);
        let len = end.wrapping_sub(from);
        let is_true = (word == u32::from_le_bytes(*b"true")) & (len == 4);
        let is_null = (word == NULL_WORD) & (len == 4);
        let last = group.bytes.get(from + 4).copied().unwrap_or_default();
        let is_false = (word == u32::from_le_bytes(*b"fals")) & (last == b'e') & (len == 5);
        values |= u64::from(is_true) << index;
        valid |= u64::from(is_true | is_false) << index;
        odd |= u64::from(!(is_true | is_false | is_null)) << index;
    }
    let taken = group.count.min(odd.trailing_zeros() as usize);
    array.extend(values, valid, taken);
    taken
}

/// A whole number of at most 16 digits.
#[inline(always)]
fn integer<L: Lanes>(lanes: L, bytes: &[u8], from: usize, end: usize) -> Cell<i64> {
    let mut padded = [0; 16];
    let tail = ending_at(bytes, end, &mut padded);
    let first = bytes[from];
    let negative = first == b'-';
    let len = (end - from).wrapping_sub(usize::from(negative));
    let (value, digits) = lanes.digits(tail, len);
    // The first digit; of a number of more than one it is not zero.
    let leading = tail[16usize.wrapping_sub(len) & 15];
    let short = (len.wrapping_sub(1) < 16) & digits & ((leading != b'0') | (len == 1));
    let sign = -i64::from(negative);
    let is_null = (last_word(tail) == NULL_WORD) & (end - from == 4);
    Cell {
        value: if is_null { 0 } else { (value as i64 ^ sign) - sign },
        state: state(short, is_null),
    }
}

/// A whole number of 32 bits.
#[inline(always)]
fn short_integer<L: Lanes>(lanes: L, bytes: &[u8], from: usize, end: usize) -> Cell<i32> {
    let cell = integer(lanes, bytes, from, end);
    let value = cell.value as i32;
    let fits = i64::from(value) == cell.value;
    Cell {
        value,
        state: cell.state | if fits { 0 } else { ODD },
    }
}

/// A number with a point or an exponent or neither, of at most 19 digits that count.
#[inline(always)]
fn real<L: Lanes>(lanes: L, bytes: &[u8], from: usize, end: usize) -> Cell<f64> {
    let negative = bytes[from] == b'-';
    let first = from + usize::from(negative);
    let (mut padded1, mut padded2) = ([0; 33], [0; 33]);
    let mut tail = ending_at(bytes, end, &mut padded1);
    if last_word(tail) == NULL_WORD && end - from == 4 {
        return Cell {
            value: 0.0,
            state: NULL,
        };
    }
    let odd = Cell {
        value: 0.0,
        state: ODD,
    };
    let mut len = end.saturating_sub(first);
    if len.wrapping_sub(1) >= 32 {
        return odd;
    }
    let own = u32::MAX << (32 - len);
    let (mut points, exponents) = lanes.points(tail);
    let mut exponent = 0;
    if exponents & own != 0 {
        let at = end - 1 - (exponents & own).leading_zeros() as usize;
        let Some(power) = power(&bytes[at + 1..end]) else {
            return odd;
        };
        exponent = power;
        len = at - first;
        if len == 0 {
            return odd;
        }
        tail = ending_at(bytes, at, &mut padded2);
        points = lanes.points(tail).0;
    }
    let own = u32::MAX << (32 - len);
    let points = points & own;
    let fraction = points.leading_zeros() as usize;
    let has_point = points != 0;
    let digits = len - usize::from(has_point);
    let (high, low, valid) = lanes.digits_around(tail, fraction, digits);
    let whole = if has_point {
        digits.wrapping_sub(fraction)
    } else {
        digits
    };
    let leading_zero = (bytes[first] == b'0') & (whole > 1);
    let bare_point = has_point & ((fraction == 0) | (whole == 0));
    // Nineteen digits fit.
    if !valid | leading_zero | bare_point | (high > 999) {
        return odd;
    }
    let mantissa = high * 10_000_000_000_000_000 + low;
    let exponent = exponent - if has_point { fraction as i32 } else { 0 };
    match nearest(mantissa, exponent) {
        Some(value) => Cell {
            value: if negative { -value } else { value },
            state: VALID,
        },
        None => odd,
    }
}

/// The digits of an exponent, at most three, perhaps with a sign.
#[inline(always)]
fn power(text: &[u8]) -> Option<i32> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 3 {
        return None;
    }
    let mut power = 0;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        power = power * 10 + i32::from(digit);
    }
    Some(if negative { -power } else { power })
}

/// `"YYYY-MM-DDThh:mm:ss[.f]Z"` in ticks, with at most seven digits of a fraction.
#[inline(always)]
fn datetime<L: Lanes>(lanes: L, bytes: &[u8], from: usize, end: usize) -> Cell<i64> {
    let len = end - from;
    let is_null = (word_at(bytes, from) == NULL_WORD) & (len == 4);
    let Some(text) = bytes.get(from + 1..).and_then(|rest| rest.first_chunk()) else {
        return Cell {
            value: 0,
            state: state(false, is_null),
        };
    };
    // Without a fraction there is no point either.
    let fraction = len.saturating_sub(23);
    let (parts, punctuated) = lanes.datetime(text, fraction);
    let known_len = (len == 22) | (len.wrapping_sub(24) < 7);
    let days = days_before(parts.year.min(9999), parts.month.min(13), parts.day);
    let in_bounds = (parts.hour < 24) & (parts.minute < 60) & (parts.second < 60);
    let (days, date) = days;
    let seconds = parts.hour * 3600 + parts.minute * 60 + parts.second;
    let ticks =
        i64::from(days) * TICKS_PER_DAY + i64::from(seconds) * TICKS_PER_SECOND + i64::from(parts.fraction);
    let short = punctuated & known_len & in_bounds & date & (bytes[from] == b'"');
    Cell {
        value: if is_null { 0 } else { ticks },
        state: state(short, is_null),
    }
}

/// Days from 0001-01-01 to a date, and whether there is such a date.
#[inline(always)]
fn days_before(year: u32, month: u32, day: u32) -> (u32, bool) {
    let leap = year.is_multiple_of(4) & (!year.is_multiple_of(100) | year.is_multiple_of(400));
    let starts = &MONTH_STARTS[usize::from(leap)];
    let (start, next) = (starts[month as usize & 15], starts[(month as usize + 1) & 15]);
    let exists = (year.wrapping_sub(1) < 9999)
        & (month.wrapping_sub(1) < 12)
        & (day.wrapping_sub(1) < u32::from(next).wrapping_sub(u32::from(start)));
    let years = year.wrapping_sub(1) & 0x3fff;
    let before = years * 365 + years / 4 - years / 100 + years / 400;
    (
        before
            .wrapping_add(u32::from(start))
            .wrapping_add(day)
            .wrapping_sub(1),
        exists,
    )
}

/// Days of the year before each month, from 1 on, and in all; in common and in leap years.
const MONTH_STARTS: [[u16; 16]; 2] = [
    [
        0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365, 0, 0,
    ],
    [
        0, 0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366, 0, 0,
    ],
];

/// 36 characters in quotes.
#[inline(always)]
fn guid<L: Lanes>(lanes: L, bytes: &[u8], from: usize, end: usize) -> Cell<[u8; 16]> {
    let odd = Cell {
        value: [0; 16],
        state: ODD,
    };
    match bytes.get(from..end) {
        Some(cell) if cell.len() == 38 => {
            let Some(text) = cell[1..].first_chunk() else {
                return odd;
            };
            let (value, valid) = lanes.guid(text);
            Cell {
                value,
                state: state(valid & (cell[0] == b'"') & (cell[37] == b'"'), false),
            }
        }
        Some(b"null") => Cell { state: NULL, ..odd },
        _ => odd,
    }
}

#[inline(always)]
const fn state(valid: bool, is_null: bool) -> u8 {
    if is_null {
        NULL
    } else if valid {
        VALID
    } else {
        ODD
    }
}

/// The four bytes from `at` on; zero if there are too few.
#[inline(always)]
fn word_at(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.map_or(0, |word| u32::from_le_bytes(*word))
}

#[inline(always)]
fn last_word<const N: usize>(tail: &[u8; N]) -> u32 {
    tail.last_chunk().map_or(0, |word| u32::from_le_bytes(*word))
}

const NULL_WORD: u32 = u32::from_le_bytes(*b"null");
