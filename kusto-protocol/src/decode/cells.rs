//! The cells of one column, one after the other, of types whose values have a fixed size.
//!
//! A group of at most 64 cells is read in steps over arrays. The first step looks at each cell by itself: it loads the
//! characters, and makes numbers of the digits. The other steps do plain arithmetic on whole arrays, which the compiler
//! turns into the instruction set's vectors: signs, leading zeros, calendar, rounding. Nothing branches on the digits:
//! their number and a sign are as likely as not to change from row to row. A cell that is not in the short form is
//! read as any single cell is.

use super::cell::{Scratch, try_cell};
use super::float::{Product, product, rounded};
use crate::scalar::TICKS_PER_SECOND;
use crate::simd::{Lanes, ending_at};
use crate::{BoolArray, ColumnArray};

/// Cells of a group, a bit for each of those that are valid, and of those that are null. The others are in another
/// form, be it right or wrong.
struct Read<T> {
    /// The default for nulls.
    values: [T; GROUP],
    valid: u64,
    nulls: u64,
}

/// Cells that are read at a time.
pub(super) const GROUP: usize = 64;

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
        let count = (rows - row).min(GROUP);
        let group = Group {
            bytes,
            bounds: &bounds[row * stride..],
            stride,
            count,
        };
        // A macro, since a closure would not be compiled for the instruction set.
        macro_rules! append {
            ($array:ident, $read:expr) => {{
                let read = $read;
                let taken = count.min((read.valid | read.nulls).trailing_ones() as usize);
                $array.extend(&read.values[..taken], read.valid);
                taken
            }};
        }
        let taken = match array {
            ColumnArray::Bool(array) => bools(array, &group),
            ColumnArray::DateTime(array) => append!(array, datetimes(lanes, &group)),
            ColumnArray::Guid(array) => append!(array, guids(lanes, &group)),
            ColumnArray::Int(array) => append!(array, short_integers(lanes, &group)),
            ColumnArray::Long(array) => append!(array, integers(lanes, &group)),
            ColumnArray::Real(array) => append!(array, reals(lanes, &group)),
            _ => 0,
        };
        row += taken;
        if taken < count {
            let (from, end) = cell_of(&group.bounds[taken * stride..]);
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
fn bits<L: Lanes>(lanes: L, flags: &[u8; GROUP]) -> u64 {
    lanes.equal(lanes.load(flags), 1)
}

/// Truth values, as words.
#[inline(always)]
fn bools(array: &mut BoolArray, group: &Group<'_>) -> usize {
    let (mut values, mut valid, mut nulls) = (0u64, 0u64, 0u64);
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
        values |= u64::from(is_true) << index;
        valid |= u64::from(is_true | is_false) << index;
        nulls |= u64::from((word == NULL_WORD) & (len == 4)) << index;
    }
    let taken = group.count.min((valid | nulls).trailing_ones() as usize);
    array.extend(values, valid, taken);
    taken
}

/// Whole numbers of 32 bits.
#[inline(always)]
fn short_integers<L: Lanes>(lanes: L, group: &Group<'_>) -> Read<i32> {
    let long = integers(lanes, group);
    let (mut values, mut fits) = ([0; GROUP], [0; GROUP]);
    for index in 0..GROUP {
        values[index] = long.values[index] as i32;
        fits[index] = u8::from(i64::from(values[index]) == long.values[index]);
    }
    Read {
        values,
        valid: long.valid & bits(lanes, &fits),
        nulls: long.nulls,
    }
}

/// Whole numbers of at most 16 digits.
#[inline(always)]
fn integers<L: Lanes>(lanes: L, group: &Group<'_>) -> Read<i64> {
    // The first four characters, the length without a sign, and the two halves of the number.
    let (mut words, mut lens, mut halves) = ([0u32; GROUP], [0u32; GROUP], [0u64; GROUP]);
    let mut rest = group.bounds;
    for index in 0..group.count.min(GROUP) {
        let (from, end) = cell_of(rest);
        rest = rest.get(group.stride..).unwrap_or_default();
        let word = word_at(group.bytes, from);
        let len = end
            .wrapping_sub(from)
            .wrapping_sub(usize::from(word as u8 == b'-'));
        words[index] = word;
        let Some(tail) = ending_at(group.bytes, end) else {
            continue;
        };
        let (number, valid) = lanes.digits(tail, len.min(16));
        halves[index] = number;
        // Null has no digits, and is told by its characters.
        lens[index] = if valid { len as u32 } else { 0 };
    }
    let (mut values, mut valid, mut nulls) = ([0; GROUP], [0; GROUP], [0; GROUP]);
    for index in 0..GROUP {
        let (word, len) = (words[index], lens[index]);
        let negative = word & 0xff == u32::from(b'-');
        let leading = if negative { word >> 8 } else { word } & 0xff;
        let number = (halves[index] & 0xffff_ffff) * 100_000_000 + (halves[index] >> 32);
        let number = number as i64;
        values[index] = if negative { -number } else { number };
        let is_short = len.wrapping_sub(1) < 16;
        valid[index] = u8::from(is_short & ((leading != u32::from(b'0')) | (len == 1)));
        nulls[index] = u8::from(word == NULL_WORD);
    }
    let (valid, nulls) = (bits(lanes, &valid), bits(lanes, &nulls));
    finish(group, values, valid, nulls)
}

/// Looks again at cells that begin as a null does, for their length, and makes their value zero.
#[inline(always)]
fn finish(group: &Group<'_>, mut values: [i64; GROUP], valid: u64, mut nulls: u64) -> Read<i64> {
    let mut left = nulls;
    while left != 0 {
        let index = left.trailing_zeros() as usize;
        let (from, end) = cell_of(&group.bounds[index * group.stride..]);
        if end == from + 4 {
            values[index] = 0;
        } else {
            nulls &= !(1 << index);
        }
        left &= left - 1;
    }
    Read {
        values,
        valid: valid & !nulls,
        nulls,
    }
}

/// Numbers with a point or an exponent or neither, of at most 19 digits that count.
#[inline(always)]
fn reals<L: Lanes>(lanes: L, group: &Group<'_>) -> Read<f64> {
    let (mut words, mut lens, mut fractions) = ([0u32; GROUP], [0u32; GROUP], [0u32; GROUP]);
    let (mut powers, mut signs, mut mantissas) = ([0i32; GROUP], [0u64; GROUP], [0u64; GROUP]);
    let mut nulls = 0;
    let mut rest = group.bounds;
    for index in 0..group.count.min(GROUP) {
        let (from, end) = cell_of(rest);
        rest = rest.get(group.stride..).unwrap_or_default();
        let word = word_at(group.bytes, from);
        let mut len = end.wrapping_sub(from);
        // Nulls in a row, or none for long, are foreseen; to read them in vain costs more than to be wrong at times.
        if (word == NULL_WORD) & (len == 4) {
            nulls |= 1 << index;
            continue;
        }
        let Some(mut tail) = ending_at::<33>(group.bytes, end) else {
            continue;
        };
        if len.wrapping_sub(1) >= 32 {
            continue;
        }
        let (mut points, exponents) = lanes.points(tail);
        let exponents = exponents & u32::MAX << (32 - len);
        if exponents != 0 {
            let at = end - 1 - exponents.leading_zeros() as usize;
            let power = group.bytes.get(at + 1..end).and_then(exponent);
            let (Some(power), Some(mantissa)) = (power, ending_at(group.bytes, at)) else {
                continue;
            };
            if at == from {
                continue;
            }
            powers[index] = power;
            len = at - from;
            tail = mantissa;
            points = lanes.points(tail).0;
        }
        let negative = word as u8 == b'-';
        len -= usize::from(negative);
        // A point before the number is not its own.
        let points = points & !((u64::from(u32::MAX) >> len) as u32);
        let fraction = points.leading_zeros();
        let digits = len.wrapping_sub(usize::from(points != 0));
        let (high, low, valid) = lanes.digits_around(tail, fraction as usize, digits & 63);
        words[index] = if negative { word >> 8 } else { word };
        // Nineteen digits fit.
        lens[index] = if valid & (high < 1000) { digits as u32 } else { 0 };
        fractions[index] = fraction;
        signs[index] = u64::from(negative) << 63;
        mantissas[index] = high.wrapping_mul(10_000_000_000_000_000).wrapping_add(low);
    }
    let mut valid = [0; GROUP];
    for index in 0..GROUP {
        let has_point = fractions[index] < 32;
        let after = if has_point { fractions[index] } else { 0 };
        let whole = lens[index].wrapping_sub(after);
        let leading = words[index] & 0xff;
        // Digits before the point, and after it.
        let is_number = (whole.wrapping_sub(1) < 32)
            & (has_point == (after != 0))
            & ((leading != u32::from(b'0')) | (whole == 1));
        valid[index] = u8::from(is_number);
        powers[index] = powers[index].wrapping_sub(after as i32);
    }
    let mut products = [Product::default(); GROUP];
    for index in 0..GROUP {
        products[index] = product(mantissas[index], powers[index]);
    }
    let (mut values, mut known) = ([0.0; GROUP], [0; GROUP]);
    for index in 0..GROUP {
        let (bits, is_known) = rounded(products[index], mantissas[index], powers[index]);
        values[index] = f64::from_bits(bits | signs[index]);
        known[index] = u8::from(is_known);
    }
    Read {
        values,
        valid: bits(lanes, &valid) & bits(lanes, &known) & !nulls,
        nulls,
    }
}

/// The digits of an exponent, at most three, perhaps with a sign.
#[inline(always)]
fn exponent(text: &[u8]) -> Option<i32> {
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
fn datetimes<L: Lanes>(lanes: L, group: &Group<'_>) -> Read<i64> {
    // Pairs of digits: century, year, month and day; hour and minute. Then ticks of seven digits, in two parts.
    let (mut dates, mut clocks, mut seconds) = ([0u64; GROUP], [0u32; GROUP], [0u32; GROUP]);
    let (mut fractions, mut formed, mut nulls) = ([0u64; GROUP], [0; GROUP], [0; GROUP]);
    let mut rest = group.bounds;
    for index in 0..group.count.min(GROUP) {
        let (from, end) = cell_of(rest);
        rest = rest.get(group.stride..).unwrap_or_default();
        let len = end.wrapping_sub(from);
        nulls[index] = u8::from(word_at(group.bytes, from) == NULL_WORD);
        let Some(text) = group.bytes.get(from..).and_then(|rest| rest.first_chunk()) else {
            continue;
        };
        // Without a fraction there is no point either.
        let parts = lanes.datetime(text, len.saturating_sub(23) & 7);
        let known_len = (len < 32) & (KNOWN_LENS >> (len & 31) & 1 == 1);
        formed[index] = u8::from(parts.is_valid & known_len);
        dates[index] = parts.date;
        clocks[index] = parts.clock;
        seconds[index] = parts.second;
        fractions[index] = parts.fraction;
    }
    let (mut exists, mut days) = ([0; GROUP], [0u32; GROUP]);
    for index in 0..GROUP {
        let date = dates[index];
        let (century, year) = (date as u32 & 0xffff, date as u32 >> 16);
        let (month, day) = ((date >> 32) as u32 & 0xffff, (date >> 48) as u32);
        // Every fourth year, but of the years that end a century only every fourth.
        let leap = u32::from(if year == 0 { century } else { year } & 3 == 0);
        let in_month = if month == 2 {
            28 + leap
        } else {
            30 + ((month + (month >> 3)) & 1)
        };
        // Counted from March on, so that the odd day comes last.
        let early = month < 3;
        let year = century * 100 + year;
        let (years, months) = (
            year - u32::from(early & (year > 0)),
            if early { month + 9 } else { month.wrapping_sub(3) },
        );
        let centuries = (years * 5243) >> 19;
        let before = years * 365 + years / 4 - centuries + centuries / 4 + (months * 153 + 2) / 5;
        days[index] = before.wrapping_add(day).wrapping_sub(307);
        exists[index] = u8::from((year > 0) & (month > 0) & (day.wrapping_sub(1) < in_month));
    }
    let mut values = [0; GROUP];
    for index in 0..GROUP {
        let (hour, minute) = (clocks[index] & 0xffff, clocks[index] >> 16);
        let second = u64::from(hour * 3600 + minute * 60 + seconds[index]);
        let fraction = (fractions[index] & 0xffff_ffff) * 10_000 + (fractions[index] >> 32);
        let second = u64::from(days[index]) * 86_400 + second;
        // What is no datetime may be any number.
        let ticks = second
            .wrapping_mul(TICKS_PER_SECOND as u64)
            .wrapping_add(fraction);
        values[index] = ticks as i64;
    }
    let valid = bits(lanes, &formed) & bits(lanes, &exists);
    finish(group, values, valid, bits(lanes, &nulls))
}

/// Lengths of a datetime in quotes, as bits: without a fraction, or with one to seven digits of it.
const KNOWN_LENS: u32 = 1 << 22 | 0x7f << 24;

/// 36 characters in quotes.
#[inline(always)]
fn guids<L: Lanes>(lanes: L, group: &Group<'_>) -> Read<[u8; 16]> {
    let (mut values, mut valid, mut nulls) = ([[0; 16]; GROUP], 0, 0);
    let mut rest = group.bounds;
    for (index, value) in values[..group.count.min(GROUP)].iter_mut().enumerate() {
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
        } else if word_at(group.bytes, from) == NULL_WORD && len == 4 {
            nulls |= 1 << index;
        }
    }
    Read { values, valid, nulls }
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
