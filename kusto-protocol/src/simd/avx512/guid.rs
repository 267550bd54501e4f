//! Identifiers, each from one register.

use std::arch::x86_64::*;

use crate::simd::x86::array16;

/// See [`Lanes::guid`](crate::simd::Lanes::guid).
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
pub(in crate::simd) fn guid(text: &[u8; 36]) -> ([u8; 16], bool) {
    // SAFETY: the mask leaves out what is after the 36 bytes, and the load needs no alignment.
    let text = unsafe { _mm512_maskz_loadu_epi8((1 << 36) - 1, text.as_ptr().cast()) };
    let digits = _mm512_permutexvar_epi8(load(&DIGITS), text);
    // By the lower seven bits.
    let values = _mm512_permutex2var_epi8(load(&VALUES[0]), digits, load(&VALUES[1]));
    let (digits, values) = (_mm512_castsi512_si256(digits), _mm512_castsi512_si256(values));
    let wrong = _mm256_movepi8_mask(_mm256_or_si256(digits, values));
    let dashes = _mm512_mask_cmpeq_epi8_mask(DASHES, text, _mm512_set1_epi8(b'-' as i8));
    let bytes = _mm256_maddubs_epi16(values, _mm256_set1_epi16(1 << 8 | 16));
    let is_valid = (wrong == 0) & (dashes == DASHES);
    (array16(_mm256_cvtepi16_epi8(bytes)), is_valid)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: the array has the size of the register, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// Where the dashes are.
const DASHES: u64 = 1 << 8 | 1 << 13 | 1 << 18 | 1 << 23;

/// Where the 32 digits are; the other half is not used.
const DIGITS: [u8; 64] = {
    let mut places = [0; 64];
    let (mut place, mut count) = (0, 0);
    while place < 36 {
        if DASHES >> place & 1 == 0 {
            places[count] = place;
            count += 1;
        }
        place += 1;
    }
    places
};

/// What each of 128 characters stands for as a digit; those that are none have the highest bit set.
const VALUES: [[u8; 64]; 2] = {
    let mut values = [[0x80; 64]; 2];
    let mut value = 0;
    while value < 16 {
        let digit = b"0123456789abcdef"[value];
        values[digit as usize / 64][digit as usize % 64] = value as u8;
        let upper = digit.to_ascii_uppercase();
        values[upper as usize / 64][upper as usize % 64] = value as u8;
        value += 1;
    }
    values
};
