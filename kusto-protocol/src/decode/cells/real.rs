//! Numbers of floating point.

use super::{Group, Read, bits, cell_of, is_null, word_at};
use crate::decode::float::{Product, product, rounded};
use crate::decode::word::{self, eight_digits, index_of_first, non_digit_bytes};
use crate::simd::{Lanes, Numbers, ending_at};

/// Numbers with a point or an exponent or neither, of at most 19 digits that count.
#[inline(always)]
pub(super) fn reals<L: Lanes, const N: usize>(lanes: L, group: &Group<'_>) -> Read<f64, N> {
    if !L::HAS_VECTORS {
        return reals_in_turn(group);
    }
    let mut numbers = Numbers::<N>::new();
    if !lanes.numbers::<true, N>(group, &mut numbers) {
        one_by_one(lanes, group, &mut numbers);
    }
    let Numbers {
        mantissas,
        powers,
        signs,
        valid,
        nulls,
    } = &numbers;
    let mut short = [0; N];
    for index in 0..N {
        let is_short = (mantissas[index] < 1 << 52) & (powers[index].wrapping_neg() as u32 <= 22);
        short[index] = u8::from(is_short);
    }
    let (values, known) = if valid & !bits(lanes, &short) == 0 {
        (quotients(mantissas, powers, signs), u64::MAX)
    } else {
        nearest(lanes, mantissas, powers, signs)
    };
    Read {
        values,
        valid: valid & known,
        nulls: *nulls,
    }
}

/// The parts of each number by itself.
#[inline(always)]
fn one_by_one<L: Lanes, const N: usize>(lanes: L, group: &Group<'_>, numbers: &mut Numbers<N>) {
    let (mut words, mut lens, mut fractions) = ([0u32; N], [0u32; N], [0u32; N]);
    let Numbers {
        mantissas,
        powers,
        signs,
        ..
    } = numbers;
    let mut nulls = 0;
    let mut rest = group.bounds;
    for index in 0..group.count.min(N) {
        let (from, end) = cell_of(rest);
        rest = rest.get(group.stride..).unwrap_or_default();
        let word = word_at(group.bytes, from);
        let mut len = end.wrapping_sub(from);
        // Nulls in a row, or none for long, are foreseen; to read them in vain costs more than to be wrong at times.
        if is_null(word, len) {
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
    let mut valid = [0; N];
    for index in 0..N {
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
    numbers.valid = bits(lanes, &valid) & !nulls;
    numbers.nulls = nulls;
}

/// As [`reals`], each from its characters to its value at once.
#[inline(always)]
fn reals_in_turn<const N: usize>(group: &Group<'_>) -> Read<f64, N> {
    let (mut values, mut valid, mut nulls) = ([0.0; N], 0, 0);
    let mut rest = group.bounds;
    for (index, value) in values[..group.count.min(N)].iter_mut().enumerate() {
        let (from, end) = cell_of(rest);
        rest = rest.get(group.stride..).unwrap_or_default();
        let word = word_at(group.bytes, from);
        if is_null(word, end.wrapping_sub(from)) {
            nulls |= 1 << index;
            continue;
        }
        let negative = word as u8 == b'-';
        let Some((mantissa, power)) = parts(group.bytes, from + usize::from(negative), end) else {
            continue;
        };
        let sign = u64::from(negative) << 63;
        if (mantissa < 1 << 52) & (power.wrapping_neg() as u32 <= 22) {
            let [quotient] = quotients(&[mantissa], &[power], &[sign]);
            *value = quotient;
            valid |= 1 << index;
        } else {
            let (bits, is_known) = rounded(product(mantissa, power), mantissa, power);
            *value = f64::from_bits(bits | sign);
            valid |= u64::from(is_known) << index;
        }
    }
    Read { values, valid, nulls }
}

/// All digits of a number without a sign, and the power of ten that goes with them.
#[inline(always)]
fn parts(bytes: &[u8], from: usize, end: usize) -> Option<(u64, i32)> {
    let (whole, mut at) = digits(bytes, from, 0)?;
    let is_canonical = (at > from) & ((bytes.get(from) != Some(&b'0')) | (at == from + 1));
    if !is_canonical {
        return None;
    }
    let (mut mantissa, mut power) = (whole, 0);
    if bytes.get(at) == Some(&b'.') {
        let point = at;
        (mantissa, at) = digits(bytes, point + 1, whole)?;
        power = (point + 1).wrapping_sub(at) as i32;
        if power == 0 {
            return None;
        }
    }
    if at < end && bytes[at] | 0x20 == b'e' {
        power += exponent(bytes.get(at + 1..end)?)?;
        at = end;
    }
    (at == end).then_some((mantissa, power))
}

/// The digits from a place on behind those of a number, and the index after them. Nothing if that is too much for 64
/// bits, or near the end of the bytes.
#[inline(always)]
fn digits(bytes: &[u8], mut at: usize, mut number: u64) -> Option<(u64, usize)> {
    loop {
        let word = word::word_at(bytes, at)?;
        let count = index_of_first(non_digit_bytes(word));
        if count == 0 {
            return Some((number, at));
        }
        // After zeros.
        let eight = eight_digits((word ^ ZEROS) << (64 - 8 * count));
        number = number.checked_mul(POWERS[count & 15])?.checked_add(eight)?;
        at += count;
        if count < 8 {
            return Some((number, at));
        }
    }
}

/// Numbers that a `f64` holds, divided by powers of ten that it holds: so that one rounding gives the nearest.
#[inline(always)]
fn quotients<const N: usize>(mantissas: &[u64; N], powers: &[i32; N], signs: &[u64; N]) -> [f64; N] {
    // The exponent of 2^52: the bits of a smaller number are then those of the sum with it.
    const TWO_52: u64 = (1023 + 52) << 52;
    let mut values = [0.0; N];
    for index in 0..N {
        let mantissa = f64::from_bits(mantissas[index] | TWO_52) - f64::from_bits(TWO_52);
        let value = mantissa / POWERS_OF_TEN[powers[index].wrapping_neg() as usize & 31];
        values[index] = f64::from_bits(value.to_bits() | signs[index]);
    }
    values
}

const ZEROS: u64 = u64::from_le_bytes(*b"00000000");

/// Those that come after at most eight digits.
const POWERS: [u64; 16] = [
    1,
    10,
    100,
    1000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
];

const POWERS_OF_TEN: [f64; 32] = {
    let mut powers = [1.0; 32];
    let mut power = 1;
    while power <= 22 {
        powers[power] = powers[power - 1] * 10.0;
        power += 1;
    }
    powers
};

/// Numbers of any size, and which of them are known to be the nearest.
#[inline(always)]
fn nearest<L: Lanes, const N: usize>(
    lanes: L,
    mantissas: &[u64; N],
    powers: &[i32; N],
    signs: &[u64; N],
) -> ([f64; N], u64) {
    let mut products = [Product::default(); N];
    for index in 0..N {
        products[index] = product(mantissas[index], powers[index]);
    }
    let (mut values, mut known) = ([0.0; N], [0; N]);
    for index in 0..N {
        let (bits, is_known) = rounded(products[index], mantissas[index], powers[index]);
        values[index] = f64::from_bits(bits | signs[index]);
        known[index] = u8::from(is_known);
    }
    (values, bits(lanes, &known))
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
