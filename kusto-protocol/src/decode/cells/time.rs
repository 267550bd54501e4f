//! Points in time, and spans of it.

use super::{Group, Read, bits, cell_of, is_null, word_at};
use crate::decode::word::eight_digits;
use crate::scalar::TICKS_PER_SECOND;
use crate::simd::{Lanes, ending_at};

/// `"YYYY-MM-DDThh:mm:ss[.f]Z"` in ticks, with at most seven digits of a fraction.
#[inline(always)]
pub(super) fn datetimes<L: Lanes, const N: usize>(lanes: L, group: &Group<'_>) -> Read<i64, N> {
    let mut values = [0; N];
    if let Some((valid, nulls)) = lanes.datetimes(group, &mut values) {
        return Read {
            values: values.map(u64::cast_signed),
            valid,
            nulls,
        };
    }
    if !L::HAS_VECTORS {
        return datetimes_in_turn(lanes, group);
    }
    // Pairs of digits: century, year, month and day; hour and minute. Then ticks of seven digits, in two parts.
    let (mut dates, mut clocks, mut seconds) = ([0u64; N], [0u32; N], [0u32; N]);
    let (mut fractions, mut formed, mut nulls) = ([0u64; N], [0; N], [0; N]);
    let mut rest = group.bounds;
    for index in 0..group.count.min(N) {
        let (from, end) = cell_of(rest);
        rest = rest.get(group.stride..).unwrap_or_default();
        let len = end.wrapping_sub(from);
        nulls[index] = u8::from(is_null(word_at(group.bytes, from), len));
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
    let (mut exists, mut days) = ([0; N], [0u32; N]);
    for index in 0..N {
        let (day, does_exist) = day_number(dates[index]);
        days[index] = day;
        exists[index] = u8::from(does_exist);
    }
    let mut values = [0; N];
    for index in 0..N {
        // What is no datetime may be any number, but for nulls.
        let ticks = ticks(days[index], clocks[index], seconds[index], fractions[index]);
        values[index] = if nulls[index] == 1 { 0 } else { ticks as i64 };
    }
    Read {
        values,
        valid: bits(lanes, &formed) & bits(lanes, &exists),
        nulls: bits(lanes, &nulls),
    }
}

/// As [`datetimes`], each from its characters to its ticks at once.
#[inline(always)]
fn datetimes_in_turn<L: Lanes, const N: usize>(lanes: L, group: &Group<'_>) -> Read<i64, N> {
    let (mut values, mut valid, mut nulls) = ([0; N], 0, 0);
    let mut rest = group.bounds;
    for (index, value) in values[..group.count.min(N)].iter_mut().enumerate() {
        let (from, end) = cell_of(rest);
        rest = rest.get(group.stride..).unwrap_or_default();
        let len = end.wrapping_sub(from);
        if is_null(word_at(group.bytes, from), len) {
            nulls |= 1 << index;
            continue;
        }
        let Some(text) = group.bytes.get(from..).and_then(|rest| rest.first_chunk()) else {
            continue;
        };
        let parts = lanes.datetime(text, len.saturating_sub(23) & 7);
        let known_len = (len < 32) & (KNOWN_LENS >> (len & 31) & 1 == 1);
        let (day, exists) = day_number(parts.date);
        *value = ticks(day, parts.clock, parts.second, parts.fraction) as i64;
        valid |= u64::from(parts.is_valid & known_len & exists) << index;
    }
    Read { values, valid, nulls }
}

/// The days before a date, and whether there is such a date.
#[inline(always)]
fn day_number(date: u64) -> (u32, bool) {
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
    let exists = (year > 0) & (month > 0) & (day.wrapping_sub(1) < in_month);
    (before.wrapping_add(day).wrapping_sub(307), exists)
}

/// The ticks of a day and what [`Lanes::datetime`] says of the time; of what is no datetime any number.
#[inline(always)]
fn ticks(day: u32, clock: u32, second: u32, fraction: u64) -> u64 {
    let (hour, minute) = (clock & 0xffff, clock >> 16);
    let second = u64::from(hour * 3600 + minute * 60 + second);
    let fraction = (fraction & 0xffff_ffff) * 10_000 + (fraction >> 32);
    let second = u64::from(day) * 86_400 + second;
    second
        .wrapping_mul(TICKS_PER_SECOND as u64)
        .wrapping_add(fraction)
}

/// Lengths of a datetime in quotes, as bits: without a fraction, or with one to seven digits of it.
const KNOWN_LENS: u32 = 1 << 22 | 0x7f << 24;

/// `"[-][d.]hh:mm:ss[.fffffff]"` in ticks, with no fraction or one of seven digits, as the service writes them.
#[inline(always)]
pub(super) fn timespans<L: Lanes, const N: usize>(lanes: L, group: &Group<'_>) -> Read<i64, N> {
    // Characters from the end: eight of the fraction with its point, eight of the clock, the point of the days, and the
    // eight before it.
    let (mut fractions, mut clocks, mut days) = ([0u64; N], [0u64; N], [0u64; N]);
    let (mut has_fractions, mut day_lens, mut negatives) = ([0u64; N], [0u64; N], [0u64; N]);
    let (mut formed, mut nulls) = ([0; N], [0; N]);
    let mut rest = group.bounds;
    for index in 0..group.count.min(N) {
        let (from, end) = cell_of(rest);
        rest = rest.get(group.stride..).unwrap_or_default();
        let word = word_at(group.bytes, from);
        let len = end.wrapping_sub(from);
        nulls[index] = u8::from(is_null(word, len));
        let Some(tail) = ending_at::<33>(group.bytes, end) else {
            continue;
        };
        let has_fraction = tail[24] == b'.';
        let shift = 8 * usize::from(has_fraction);
        has_fractions[index] = u64::from(has_fraction);
        fractions[index] = eight(tail, 24);
        clocks[index] = eight(tail, 24 - shift);
        days[index] = eight(tail, 15 - shift);
        let negative = word >> 8 & 0xff == u32::from(b'-');
        negatives[index] = u64::from(negative);
        // What is between the opening quote and the clock, without the sign.
        let before = len.wrapping_sub(10 + shift + usize::from(negative));
        let day_len = before.saturating_sub(1);
        day_lens[index] = day_len as u64;
        let has_days = (tail[23 - shift] == b'.') & (day_len.wrapping_sub(1) < 8);
        let quotes = (word as u8 == b'"') & (tail[32] == b'"');
        formed[index] = u8::from(quotes & ((before == 0) | has_days));
    }
    let (mut values, mut valid) = ([0; N], [0; N]);
    for index in 0..N {
        let has_fraction = has_fractions[index] == 1;
        let fraction = if has_fraction {
            fractions[index]
        } else {
            NO_FRACTION
        };
        let (fraction, fraction_over) = digits(fraction, NO_FRACTION, 0x0009_0909_0909_0909 << 8);
        let (clock, clock_over) = digits(
            clocks[index],
            MIDNIGHT,
            u64::from_le_bytes([2, 9, 0, 5, 9, 0, 5, 9]),
        );
        // Zeros in place of the characters before them.
        let len = 8 * day_lens[index].min(8);
        let own = if len == 0 {
            0
        } else {
            u64::MAX << ((64 - len) & 63)
        };
        let day = (days[index] ^ ZEROS) & own;
        let (day, day_over) = digits(day, 0, 0x0909_0909_0909_0909);
        let pairs = clock.wrapping_mul(10).wrapping_add(clock >> 8);
        let (hour, minute, second) = (pairs & 0xff, pairs >> 24 & 0xff, pairs >> 48 & 0xff);
        let (fraction, day) = (eight_digits(fraction), eight_digits(day));
        let seconds = day * 86_400 + hour * 3600 + minute * 60 + second;
        let ticks = seconds
            .wrapping_mul(TICKS_PER_SECOND as u64)
            .wrapping_add(fraction);
        let ticks = if negatives[index] == 1 {
            ticks.wrapping_neg()
        } else {
            ticks
        };
        values[index] = if nulls[index] == 1 { 0 } else { ticks as i64 };
        // The day after is the last one of 64 bits.
        let is_small = (day <= 10_675_198) & (hour < 24);
        valid[index] = formed[index] & u8::from((fraction_over | clock_over | day_over == 0) & is_small);
    }
    Read {
        values,
        valid: bits(lanes, &valid),
        nulls: bits(lanes, &nulls),
    }
}

#[inline(always)]
fn eight(tail: &[u8; 33], at: usize) -> u64 {
    tail[at..]
        .first_chunk()
        .map_or(0, |eight| u64::from_le_bytes(*eight))
}

/// What is left of eight characters without those of the form, and bits that are set where that is above its bound.
#[inline(always)]
fn digits(characters: u64, form: u64, bounds: u64) -> (u64, u64) {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let digits = characters ^ form;
    // A byte above its bound, or one that was no character of seven bits, has its highest bit set then.
    let over = ((digits & !HIGH) + (!HIGH - bounds)) | digits;
    (digits, over & HIGH)
}

const NO_FRACTION: u64 = u64::from_le_bytes(*b".0000000");
const MIDNIGHT: u64 = u64::from_le_bytes(*b"00:00:00");
const ZEROS: u64 = u64::from_le_bytes(*b"00000000");
