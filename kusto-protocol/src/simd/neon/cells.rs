//! Single cells in one or two registers.

use std::arch::aarch64::*;

use super::super::forms::{self, DAY, DAY_BOUNDS, TIME_FORMS, piece};
use super::super::lanes::Datetime;
use super::load16;

/// Neighbours as tens and ones: of 16 digits, eight numbers below 100.
#[inline]
#[target_feature(enable = "neon")]
fn pairs(digits: uint8x16_t) -> uint16x8_t {
    let digits = vreinterpretq_u16_u8(digits);
    let (tens, ones) = (vandq_u16(digits, vdupq_n_u16(0xff)), vshrq_n_u16::<8>(digits));
    vmlaq_n_u16(ones, tens, 10)
}

/// Neighbours as hundreds and ones: of eight numbers below 100, four below 10 000.
#[inline]
#[target_feature(enable = "neon")]
fn fours(pairs: uint16x8_t) -> uint32x4_t {
    let pairs = vreinterpretq_u32_u16(pairs);
    let (hundreds, ones) = (vandq_u32(pairs, vdupq_n_u32(0xffff)), vshrq_n_u32::<16>(pairs));
    vmlaq_n_u32(ones, hundreds, 100)
}

/// The number that 16 digits say, in halves of eight digits: the upper one in the lower 32 bits.
#[inline]
#[target_feature(enable = "neon")]
fn halves(digits: uint8x16_t) -> u64 {
    let fours = vreinterpret_u32_u16(vmovn_u32(fours(pairs(digits))));
    let (upper, lower) = (vand_u32(fours, vdup_n_u32(0xffff)), vshr_n_u32::<16>(fours));
    vget_lane_u64::<0>(vreinterpret_u64_u32(vmla_n_u32(lower, upper, 10_000)))
}

/// That number.
#[inline]
#[target_feature(enable = "neon")]
fn number(digits: uint8x16_t) -> u64 {
    let halves = halves(digits);
    (halves & 0xffff_ffff) * 100_000_000 + (halves >> 32)
}

/// Whether no byte is above nine.
#[inline]
#[target_feature(enable = "neon")]
fn are_digits(bytes: uint8x16_t) -> bool {
    vmaxvq_u8(bytes) <= 9
}

/// See [`Lanes::digits`](super::Lanes::digits).
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn digits(tail: &[u8; 16], len: usize) -> (u64, bool) {
    let digits = vsubq_u8(load16(tail), vdupq_n_u8(b'0'));
    let digits = vandq_u8(digits, load16(forms::last_bytes(len)));
    (halves(digits), are_digits(digits))
}

/// See [`Lanes::points`](super::Lanes::points).
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn points(tail: &[u8; 33]) -> (u32, u32) {
    let (first, second) = (load16(piece(tail, 1)), load16(piece(tail, 17)));
    let equal = |text, byte| vceqq_u8(text, vdupq_n_u8(byte));
    let lower = |text| vorrq_u8(text, vdupq_n_u8(0x20));
    let marks = super::mask([
        equal(first, b'.'),
        equal(second, b'.'),
        equal(lower(first), b'e'),
        equal(lower(second), b'e'),
    ]);
    (marks as u32, (marks >> 32) as u32)
}

/// See [`Lanes::digits_around`](super::Lanes::digits_around).
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn digits_around(tail: &[u8; 33], fraction: usize, len: usize) -> (u64, u64, bool) {
    let zeros = vdupq_n_u8(b'0');
    let last_bytes = |len| load16(forms::last_bytes(len));
    // Digits before the point move one place to the right.
    let low = vbslq_u8(
        last_bytes(fraction),
        load16(piece(tail, 17)),
        load16(piece(tail, 16)),
    );
    let high = vbslq_u8(
        last_bytes(fraction.saturating_sub(16)),
        load16(piece(tail, 1)),
        load16(piece(tail, 0)),
    );
    let low = vandq_u8(vsubq_u8(low, zeros), last_bytes(len));
    let high = vandq_u8(vsubq_u8(high, zeros), last_bytes(len.saturating_sub(16)));
    (number(high), number(low), are_digits(vmaxq_u8(low, high)))
}

/// See [`Lanes::datetime`](super::Lanes::datetime).
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn datetime(text: &[u8; 32], fraction: usize) -> Datetime {
    // A place beyond the register gives a zero.
    const NO: u8 = 0xff;
    const DAY_DIGITS: &[u8; 16] = &[0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, NO, NO, NO, NO];
    const TIME_DIGITS: &[u8; 16] = &[NO, NO, 4, 5, NO, NO, NO, NO, NO, 7, 8, 9, 10, 11, 12, 13];
    const DAY_LIMITS: [u16; 8] = [99, 99, 12, 31, 23, 59, 0, 0];
    let form = &TIME_FORMS[fraction & 7];
    let day = vsubq_u8(load16(piece(text, 1)), load16(DAY));
    let time = vsubq_u8(load16(piece(text, 14)), load16(&form.characters));
    let over = vorrq_u8(
        vqsubq_u8(day, load16(DAY_BOUNDS)),
        vqsubq_u8(time, load16(&form.bounds)),
    );
    // The digits side by side, in pairs: century, year, month, day, hour, minute; second, and the fraction.
    let day = pairs(vqtbl1q_u8(day, load16(DAY_DIGITS)));
    // SAFETY: the array has the size of the register.
    let limits = unsafe { vld1q_u16(DAY_LIMITS.as_ptr()) };
    let over = vorrq_u8(over, vreinterpretq_u8_u16(vqsubq_u16(day, limits)));
    let time = vandq_u8(time, load16(&form.digits));
    let time = fours(pairs(vqtbl1q_u8(time, load16(TIME_DIGITS))));
    Datetime {
        date: vgetq_lane_u64::<0>(vreinterpretq_u64_u16(day)),
        clock: vgetq_lane_u32::<2>(vreinterpretq_u32_u16(day)),
        second: vgetq_lane_u32::<0>(time),
        fraction: vgetq_lane_u64::<1>(vreinterpretq_u64_u32(time)),
        is_valid: (vmaxvq_u8(over) == 0) & (text[0] == b'"'),
    }
}

/// See [`Lanes::guid`](super::Lanes::guid).
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn guid(text: &[u8; 36]) -> ([u8; 16], bool) {
    // Digits are at 0..8, 9..13, 14..18, 19..23 and 24..36; places from 16 on are those of the second register.
    const FIRST: &[u8; 16] = &[0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17];
    const SECOND: &[u8; 16] = &[3, 4, 5, 6, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31];
    let (front, middle, back) = (
        load16(piece(text, 0)),
        load16(piece(text, 16)),
        load16(piece(text, 20)),
    );
    let first = vqtbl2q_u8(uint8x16x2_t(front, middle), load16(FIRST));
    let second = vqtbl2q_u8(uint8x16x2_t(middle, back), load16(SECOND));
    let nibbles = |text| {
        let digits = vsubq_u8(text, vdupq_n_u8(b'0'));
        let is_digit = vcleq_u8(digits, vdupq_n_u8(9));
        let letters = vsubq_u8(vorrq_u8(text, vdupq_n_u8(0x20)), vdupq_n_u8(b'a'));
        let is_letter = vcleq_u8(letters, vdupq_n_u8(5));
        let letters = vaddq_u8(letters, vdupq_n_u8(10));
        (vbslq_u8(is_digit, digits, letters), vorrq_u8(is_digit, is_letter))
    };
    let ((first, valid1), (second, valid2)) = (nibbles(first), nibbles(second));
    let dashes = [text[8], text[13], text[18], text[23]] == *b"----";
    let valid = vminvq_u8(vandq_u8(valid1, valid2)) == 0xff;
    let bytes = |nibbles| {
        let nibbles = vreinterpretq_u16_u8(nibbles);
        let (high, low) = (vandq_u16(nibbles, vdupq_n_u16(0xff)), vshrq_n_u16::<8>(nibbles));
        vmovn_u16(vmlaq_n_u16(low, high, 16))
    };
    let mut guid = [0; 16];
    // SAFETY: the array has the size of the register.
    unsafe { vst1q_u8(guid.as_mut_ptr(), vcombine_u8(bytes(first), bytes(second))) };
    (guid, valid & dashes)
}
