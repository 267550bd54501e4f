//! Whole numbers.

use super::{Group, NULL_WORD, Read, bits, cell_of, word_at};
use crate::simd::{Lanes, Numbers, ending_at};

/// Whole numbers of 32 bits.
#[inline(always)]
pub(super) fn short_integers<L: Lanes, const N: usize>(lanes: L, group: &Group<'_>) -> Read<i32, N> {
    let mut numbers = Numbers::<N>::new();
    if lanes.numbers::<false, N>(group, &mut numbers) {
        return narrowed(lanes, &whole_numbers(lanes, &numbers));
    }
    if let Some(read) = single_digits(group) {
        return read;
    }
    // More than sixteen digits never fit.
    let long: Read<i64, N> = if L::HAS_VECTORS {
        sixteen_digits(lanes, group).read
    } else {
        integers_in_turn(lanes, group)
    };
    narrowed(lanes, &long)
}

/// Those that fit into 32 bits.
#[inline(always)]
fn narrowed<L: Lanes, const N: usize>(lanes: L, long: &Read<i64, N>) -> Read<i32, N> {
    let (mut values, mut fits) = ([0; N], [0; N]);
    for index in 0..N {
        values[index] = long.values[index] as i32;
        fits[index] = u8::from(i64::from(values[index]) == long.values[index]);
    }
    Read {
        values,
        valid: long.valid & bits(lanes, &fits),
        nulls: long.nulls,
    }
}

/// Whole numbers of 64 bits.
#[inline(always)]
pub(super) fn integers<L: Lanes, const N: usize>(lanes: L, group: &Group<'_>) -> Read<i64, N> {
    let mut numbers = Numbers::<N>::new();
    if lanes.numbers::<false, N>(group, &mut numbers) {
        return whole_numbers(lanes, &numbers);
    }
    if let Some(read) = single_digits(group) {
        return read;
    }
    if !L::HAS_VECTORS {
        return integers_in_turn(lanes, group);
    }
    let SixteenDigits {
        mut read,
        mut longer,
        words,
        lens,
    } = sixteen_digits(lanes, group);
    while longer != 0 {
        let index = longer.trailing_zeros() as usize & (N - 1);
        longer &= longer - 1;
        let (_, end) = cell_of(&group.bounds[index * group.stride..]);
        let Some(tail) = ending_at(group.bytes, end - 16) else {
            continue;
        };
        let (number, is_number) = lanes.digits(tail, lens[index] as usize - 16);
        // Three digits at most, and nineteen in all, which is less than 64 bits without a sign hold.
        let upper = (number >> 32).wrapping_mul(10_000_000_000_000_000);
        let negative = words[index] as u8 == b'-';
        let number = upper.wrapping_add(read.values[index].unsigned_abs());
        if is_number && number <= i64::MAX as u64 + u64::from(negative) {
            read.values[index] = if negative { number.wrapping_neg() } else { number } as i64;
            read.valid |= 1 << index;
        }
    }
    read
}

/// As [`integers`], each from its characters to its value at once.
#[inline(always)]
fn integers_in_turn<L: Lanes, const N: usize>(lanes: L, group: &Group<'_>) -> Read<i64, N> {
    let (mut values, mut valid, mut nulls) = ([0; N], 0, 0);
    let mut rest = group.bounds;
    for (index, value) in values[..group.count.min(N)].iter_mut().enumerate() {
        let (from, end) = cell_of(rest);
        rest = rest.get(group.stride..).unwrap_or_default();
        let word = word_at(group.bytes, from);
        let len = end.wrapping_sub(from);
        if (word == NULL_WORD) & (len == 4) {
            nulls |= 1 << index;
            continue;
        }
        let negative = word as u8 == b'-';
        let leading = if negative { word >> 8 } else { word } as u8;
        let len = len.wrapping_sub(usize::from(negative));
        let Some(tail) = ending_at(group.bytes, end) else {
            continue;
        };
        let (halves, mut is_number) = lanes.digits(tail, len.min(16));
        let mut number = (halves & 0xffff_ffff) * 100_000_000 + (halves >> 32);
        if len > 16 {
            let Some(tail) = ending_at(group.bytes, end - 16).filter(|_| len <= 19) else {
                continue;
            };
            // Three digits at most, and nineteen in all, which is less than 64 bits without a sign hold.
            let (upper, are_digits) = lanes.digits(tail, len - 16);
            number = number.wrapping_add((upper >> 32).wrapping_mul(10_000_000_000_000_000));
            is_number &= are_digits & (number <= i64::MAX as u64 + u64::from(negative));
        }
        let is_canonical = (len != 0) & ((leading != b'0') | (len == 1));
        *value = if negative { number.wrapping_neg() } else { number } as i64;
        valid |= u64::from(is_number & is_canonical) << index;
    }
    Read { values, valid, nulls }
}

/// Those that fit into 64 bits, with their signs.
#[inline(always)]
fn whole_numbers<L: Lanes, const N: usize>(lanes: L, numbers: &Numbers<N>) -> Read<i64, N> {
    let (mut values, mut fits) = ([0; N], [0; N]);
    for index in 0..N {
        let (mantissa, sign) = (numbers.mantissas[index], numbers.signs[index]);
        // All ones for a minus.
        let minus = sign.cast_signed() >> 63;
        values[index] = (mantissa.cast_signed() ^ minus).wrapping_sub(minus);
        fits[index] = u8::from(mantissa <= i64::MAX as u64 + (sign >> 63));
    }
    Read {
        values,
        valid: numbers.valid & bits(lanes, &fits),
        nulls: numbers.nulls,
    }
}

/// Numbers of one digit, as counts often are. What else is among them is not valid; nothing if that is much.
#[inline(always)]
fn single_digits<T: Copy + Default + From<u8>, const N: usize>(group: &Group<'_>) -> Option<Read<T, N>> {
    let (mut values, mut valid) = ([T::default(); N], 0u64);
    let mut rest = group.bounds;
    for (index, value) in values[..group.count.min(N)].iter_mut().enumerate() {
        let (from, end) = cell_of(rest);
        rest = rest.get(group.stride..).unwrap_or_default();
        let digit = group.bytes.get(from).map_or(10, |byte| byte.wrapping_sub(b'0'));
        let is_single = (end == from + 1) & (digit < 10);
        *value = T::from(digit);
        valid |= u64::from(is_single) << index;
        // Mostly the first ones tell.
        if index == 3 && valid.count_ones() < 3 {
            return None;
        }
    }
    (group.count - valid.count_ones() as usize <= 3).then_some(Read {
        values,
        valid,
        nulls: 0,
    })
}

struct SixteenDigits<const N: usize> {
    /// Of longer numbers, the value of the last sixteen digits; they are not valid yet.
    read: Read<i64, N>,
    /// A bit for each of those that are longer by one to three digits.
    longer: u64,
    /// The first four characters of each cell.
    words: [u32; N],
    /// The length of each cell without a sign.
    lens: [u32; N],
}

#[inline(always)]
fn sixteen_digits<L: Lanes, const N: usize>(lanes: L, group: &Group<'_>) -> SixteenDigits<N> {
    // The numbers come in two halves.
    let (mut words, mut lens, mut halves) = ([0u32; N], [0u32; N], [0u64; N]);
    let mut rest = group.bounds;
    for index in 0..group.count.min(N) {
        let (from, end) = cell_of(rest);
        rest = rest.get(group.stride..).unwrap_or_default();
        let word = word_at(group.bytes, from);
        let len = end.wrapping_sub(from);
        let len = len.wrapping_sub(usize::from(word as u8 == b'-'));
        words[index] = word;
        lens[index] = len as u32 | NO_DIGITS;
        let Some(tail) = ending_at(group.bytes, end) else {
            continue;
        };
        let (number, valid) = lanes.digits(tail, len.min(16));
        halves[index] = number;
        lens[index] = len as u32 | if valid { 0 } else { NO_DIGITS };
    }
    let (mut values, mut valid, mut longer, mut nulls) = ([0; N], [0; N], [0; N], [0; N]);
    for index in 0..N {
        let (word, len) = (words[index], lens[index]);
        let negative = word & 0xff == u32::from(b'-');
        let leading = if negative { word >> 8 } else { word } & 0xff;
        let number = (halves[index] & 0xffff_ffff) * 100_000_000 + (halves[index] >> 32);
        let is_null = (word == NULL_WORD) & (len == 4 | NO_DIGITS);
        let number = if is_null { 0 } else { number as i64 };
        values[index] = if negative { -number } else { number };
        nulls[index] = u8::from(is_null);
        let is_canonical = (leading != u32::from(b'0')) | (len == 1);
        valid[index] = u8::from((len.wrapping_sub(1) < 16) & is_canonical);
        longer[index] = u8::from((len.wrapping_sub(17) < 3) & is_canonical);
    }
    SixteenDigits {
        read: Read {
            values,
            valid: bits(lanes, &valid),
            nulls: bits(lanes, &nulls),
        },
        longer: bits(lanes, &longer),
        words,
        lens,
    }
}

/// Added to the length of a cell that is not of digits.
const NO_DIGITS: u32 = 1 << 31;
