//! What all instruction sets of x86-64 do alike: single cells in one or two registers of 16 bytes.

use std::arch::x86_64::*;

use super::forms::{self, DAY, DAY_BOUNDS, TIME_FORMS, piece};
use super::lanes::Datetime;

/// The loads of this file and its neighbours: arrays in, registers out.
#[inline]
pub(super) fn load16(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: the array has the size of the register, and the load needs no alignment. All processors of this
    // architecture have the instruction.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

/// The marks of JSON by the lower half of their byte, and braces for brackets, from which they differ by one bit. The
/// first place is for what has none: no byte with that bit set is zero.
pub(super) const MARKS: &[u8; 16] = b"\0\0\0\0\0\0\0\0\0\0:{,}\0\0";

#[inline]
pub(super) fn array16(register: __m128i) -> [u8; 16] {
    let mut array = [0; 16];
    // SAFETY: as for the load.
    unsafe { _mm_storeu_si128(array.as_mut_ptr().cast(), register) }
    array
}

/// Ones in the last `len` bytes, at most 16.
#[inline]
fn last_bytes(len: usize) -> __m128i {
    load16(forms::last_bytes(len))
}

/// The number that 16 digits say; each byte is a digit's value.
#[inline]
#[target_feature(enable = "sse4.1")]
fn number(digits: __m128i) -> u64 {
    let halves = halves(digits);
    (halves & 0xffff_ffff) * 100_000_000 + (halves >> 32)
}

/// That number in halves of eight digits: the upper one in the lower 32 bits.
#[inline]
#[target_feature(enable = "sse4.1")]
fn halves(digits: __m128i) -> u64 {
    let tens = _mm_set1_epi16(1 << 8 | 10);
    let hundreds = _mm_set1_epi32(1 << 16 | 100);
    let ten_thousands = _mm_set1_epi32(1 << 16 | 10_000);
    let pairs = _mm_maddubs_epi16(digits, tens);
    let fours = _mm_madd_epi16(pairs, hundreds);
    let fours = _mm_packus_epi32(fours, fours);
    let eights = _mm_madd_epi16(fours, ten_thousands);
    _mm_cvtsi128_si64(eights) as u64
}

/// Whether no byte is above its bound.
#[inline]
#[target_feature(enable = "sse4.1")]
fn within(bytes: __m128i, bounds: __m128i) -> bool {
    _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(bytes, bounds), bytes)) == 0xffff
}

/// See [`Lanes::digits`](super::Lanes::digits).
#[inline]
#[target_feature(enable = "sse4.1")]
pub(super) fn digits(tail: &[u8; 16], len: usize) -> (u64, bool) {
    let digits = _mm_sub_epi8(load16(tail), _mm_set1_epi8(b'0' as i8));
    let digits = _mm_and_si128(digits, last_bytes(len));
    let over = _mm_subs_epu8(digits, _mm_set1_epi8(9));
    (halves(digits), _mm_testz_si128(over, over) == 1)
}

/// See [`Lanes::points`](super::Lanes::points).
#[inline]
#[target_feature(enable = "sse4.1")]
pub(super) fn points(tail: &[u8; 33]) -> (u32, u32) {
    let marks = |half: &[u8; 16]| {
        let half = load16(half);
        let points = _mm_movemask_epi8(_mm_cmpeq_epi8(half, _mm_set1_epi8(b'.' as i8)));
        let lower = _mm_or_si128(half, _mm_set1_epi8(0x20));
        let exponents = _mm_movemask_epi8(_mm_cmpeq_epi8(lower, _mm_set1_epi8(b'e' as i8)));
        (points as u32, exponents as u32)
    };
    let (first, second) = (marks(piece(tail, 1)), marks(piece(tail, 17)));
    (second.0 << 16 | first.0, second.1 << 16 | first.1)
}

/// See [`Lanes::digits_around`](super::Lanes::digits_around).
#[inline]
#[target_feature(enable = "sse4.1")]
pub(super) fn digits_around(tail: &[u8; 33], fraction: usize, len: usize) -> (u64, u64, bool) {
    let zeros = _mm_set1_epi8(b'0' as i8);
    // Digits before the point move one place to the right.
    let low = _mm_blendv_epi8(
        load16(piece(tail, 16)),
        load16(piece(tail, 17)),
        last_bytes(fraction),
    );
    let high = _mm_blendv_epi8(
        load16(piece(tail, 0)),
        load16(piece(tail, 1)),
        last_bytes(fraction.saturating_sub(16)),
    );
    let low = _mm_and_si128(_mm_sub_epi8(low, zeros), last_bytes(len));
    let high = _mm_and_si128(_mm_sub_epi8(high, zeros), last_bytes(len.saturating_sub(16)));
    let valid = within(_mm_max_epu8(low, high), _mm_set1_epi8(9));
    (number(high), number(low), valid)
}

/// As [`points`], with registers of 32 bytes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn points_wide(tail: &[u8; 33]) -> (u32, u32) {
    let text = load32(tail, 1);
    let points = _mm256_cmpeq_epi8(text, _mm256_set1_epi8(b'.' as i8));
    let lower = _mm256_or_si256(text, _mm256_set1_epi8(0x20));
    let exponents = _mm256_cmpeq_epi8(lower, _mm256_set1_epi8(b'e' as i8));
    (
        _mm256_movemask_epi8(points) as u32,
        _mm256_movemask_epi8(exponents) as u32,
    )
}

/// As [`digits_around`], with registers of 32 bytes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn digits_around_wide(tail: &[u8; 33], fraction: usize, len: usize) -> (u64, u64, bool) {
    // Digits before the point move one place to the right.
    let text = _mm256_blendv_epi8(load32(tail, 0), load32(tail, 1), last_bytes_wide(fraction));
    let digits = _mm256_sub_epi8(text, _mm256_set1_epi8(b'0' as i8));
    let digits = _mm256_and_si256(digits, last_bytes_wide(len));
    let over = _mm256_subs_epu8(digits, _mm256_set1_epi8(9));
    let valid = _mm256_testz_si256(over, over) == 1;
    let pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(1 << 8 | 10));
    let fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(1 << 16 | 100));
    let fours = _mm256_packus_epi32(fours, fours);
    let eights = _mm256_madd_epi16(fours, _mm256_set1_epi32(1 << 16 | 10_000));
    let low = _mm_cvtsi128_si64(_mm256_extracti128_si256::<1>(eights)) as u64;
    let high = _mm_cvtsi128_si64(_mm256_castsi256_si128(eights)) as u64;
    let number = |eights: u64| (eights & 0xffff_ffff) * 100_000_000 + (eights >> 32);
    (number(high), number(low), valid)
}

/// Ones in the last `len` bytes, at most 32.
#[inline]
#[target_feature(enable = "avx2")]
fn last_bytes_wide(len: usize) -> __m256i {
    const MASKS: [u8; 64] = {
        let mut masks = [0; 64];
        let mut at = 32;
        while at < 64 {
            masks[at] = 0xff;
            at += 1;
        }
        masks
    };
    load32(&MASKS, len.min(32))
}

#[inline]
#[target_feature(enable = "avx2")]
fn load32<const N: usize>(bytes: &[u8; N], at: usize) -> __m256i {
    let piece: &[u8; 32] = bytes[at..].first_chunk().unwrap_or(&[0; 32]);
    // SAFETY: the array has the size of the register, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(piece.as_ptr().cast()) }
}

/// See [`Lanes::datetime`](super::Lanes::datetime).
#[inline]
#[target_feature(enable = "sse4.1")]
pub(super) fn datetime(text: &[u8; 32], fraction: usize) -> Datetime {
    let form = &TIME_FORMS[fraction & 7];
    let day = _mm_sub_epi8(load16(piece(text, 1)), load16(DAY));
    let time = _mm_sub_epi8(load16(piece(text, 14)), load16(&form.characters));
    let over = _mm_or_si128(
        _mm_subs_epu8(day, load16(DAY_BOUNDS)),
        _mm_subs_epu8(time, load16(&form.bounds)),
    );
    // The digits side by side, in pairs: century, year, month, day, hour, minute; second, and the fraction.
    let tens = _mm_set1_epi16(1 << 8 | 10);
    let day = _mm_shuffle_epi8(
        day,
        _mm_setr_epi8(0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, -1, -1, -1, -1),
    );
    let day = _mm_maddubs_epi16(day, tens);
    let hours = _mm_subs_epu16(day, _mm_setr_epi16(99, 99, 12, 31, 23, 59, 0, 0));
    let time = _mm_and_si128(time, load16(&form.digits));
    let time = _mm_shuffle_epi8(
        time,
        _mm_setr_epi8(-1, -1, 4, 5, -1, -1, -1, -1, -1, 7, 8, 9, 10, 11, 12, 13),
    );
    let fours = _mm_madd_epi16(_mm_maddubs_epi16(time, tens), _mm_set1_epi32(1 << 16 | 100));
    let over = _mm_or_si128(over, hours);
    Datetime {
        date: _mm_cvtsi128_si64(day) as u64,
        clock: _mm_extract_epi32::<2>(day) as u32,
        second: _mm_cvtsi128_si32(fours) as u32,
        fraction: _mm_extract_epi64::<1>(fours) as u64,
        is_valid: (_mm_testz_si128(over, over) == 1) & (text[0] == b'"'),
    }
}

/// See [`Lanes::guid`](super::Lanes::guid).
#[inline]
#[target_feature(enable = "sse4.1")]
pub(super) fn guid(text: &[u8; 36]) -> ([u8; 16], bool) {
    let (front, middle, back) = (
        load16(piece(text, 0)),
        load16(piece(text, 16)),
        load16(piece(text, 20)),
    );
    // Digits are at 0..8, 9..13, 14..18, 19..23 and 24..36.
    let first = _mm_or_si128(
        _mm_shuffle_epi8(
            front,
            _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, -1, -1),
        ),
        _mm_shuffle_epi8(
            middle,
            _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 1),
        ),
    );
    let second = _mm_or_si128(
        _mm_shuffle_epi8(
            middle,
            _mm_setr_epi8(3, 4, 5, 6, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1),
        ),
        _mm_shuffle_epi8(
            back,
            _mm_setr_epi8(-1, -1, -1, -1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
        ),
    );
    let nibbles = |text: __m128i| {
        let digits = _mm_sub_epi8(text, _mm_set1_epi8(b'0' as i8));
        let is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
        let lower = _mm_or_si128(text, _mm_set1_epi8(0x20));
        let letters = _mm_sub_epi8(lower, _mm_set1_epi8(b'a' as i8));
        let is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letters, _mm_set1_epi8(5)), letters);
        let letters = _mm_add_epi8(letters, _mm_set1_epi8(10));
        (
            _mm_blendv_epi8(letters, digits, is_digit),
            _mm_or_si128(is_digit, is_letter),
        )
    };
    let ((first, valid1), (second, valid2)) = (nibbles(first), nibbles(second));
    let dashes = [text[8], text[13], text[18], text[23]] == *b"----";
    let valid = _mm_movemask_epi8(_mm_and_si128(valid1, valid2)) == 0xffff;
    let sixteens = _mm_set1_epi16(1 << 8 | 16);
    let bytes = _mm_packus_epi16(
        _mm_maddubs_epi16(first, sixteens),
        _mm_maddubs_epi16(second, sixteens),
    );
    (array16(bytes), valid & dashes)
}

/// See [`Lanes::prefix_xor`](super::Lanes::prefix_xor): a product without carries by a number of ones only.
#[inline]
#[target_feature(enable = "pclmulqdq")]
pub(super) fn prefix_xor(marks: u64) -> u64 {
    let product = _mm_clmulepi64_si128::<0>(_mm_set_epi64x(0, marks as i64), _mm_set1_epi8(-1));
    _mm_cvtsi128_si64(product) as u64
}

/// See [`Lanes::nth`](super::Lanes::nth).
#[inline]
#[target_feature(enable = "bmi1,bmi2")]
pub(super) fn nth(marks: u64, nth: usize) -> usize {
    _pdep_u64(1 << (nth & 63), marks).trailing_zeros() as usize
}

/// Implements the operations on single cells, which are the same for all instruction sets from SSE 4.1 on, but for
/// identifiers.
macro_rules! cells {
    ($guid:path) => {
        #[inline(always)]
        fn prefix_xor(self, marks: u64) -> u64 {
            // SAFETY: `self` is the proof that the processor has the instruction set, which includes this one.
            unsafe { x86::prefix_xor(marks) }
        }

        #[inline(always)]
        fn digits(self, tail: &[u8; 16], len: usize) -> (u64, bool) {
            // SAFETY: as above.
            unsafe { x86::digits(tail, len) }
        }

        #[inline(always)]
        fn datetime(self, text: &[u8; 32], fraction: usize) -> Datetime {
            // SAFETY: as above.
            unsafe { x86::datetime(text, fraction) }
        }

        #[inline(always)]
        fn guid(self, text: &[u8; 36]) -> ([u8; 16], bool) {
            // SAFETY: as above.
            unsafe { $guid(text) }
        }
    };
}
pub(super) use cells;
