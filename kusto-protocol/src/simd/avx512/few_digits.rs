//! Whole numbers of at most eight characters, eight cells at a time.
//!
//! A cell is within eight bytes then, so that eight of them are within one register.

use std::arch::x86_64::*;

use super::places::{Places, eight_bytes, store};

/// Characters that a cell may have.
pub(super) const MOST: u32 = 8;

/// Reads cells, and gives which are valid, and which are null.
///
/// # Safety
///
/// No cell ends before the eighth of the bytes, or after the last one.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) unsafe fn few_digits(
    bytes: &[u8],
    places: &Places<'_>,
    numbers: &mut [u64],
    signs: &mut [u64],
) -> (u64, u64) {
    let (mut valid, mut nulls) = (0, 0);
    let numbers = numbers.as_chunks_mut::<8>().0.iter_mut();
    let signs = signs.as_chunks_mut::<8>().0.iter_mut();
    let eights = numbers.zip(signs).zip(places.end);
    for (index, ((numbers, signs), end)) in eights.enumerate() {
        // SAFETY: the caller's promise.
        let tails = unsafe { eight_bytes(bytes, &end.map(|end| end as usize), MOST as usize) };
        let eight = eight_numbers(tails, _mm512_cvtepu32_epi64(places.lens(index)));
        store(numbers, eight.numbers);
        store(signs, _mm512_maskz_set1_epi64(eight.minus, i64::MIN));
        valid |= u64::from(eight.valid) << (8 * index);
        nulls |= u64::from(eight.nulls) << (8 * index);
    }
    (valid, nulls)
}

struct Eight {
    numbers: __m512i,
    /// Those that begin with one.
    minus: u8,
    valid: u8,
    nulls: u8,
}

/// The numbers that the last bytes of each eight say, as many as is said of each, at most eight.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn eight_numbers(tails: __m512i, lens: __m512i) -> Eight {
    let number = |number: i64| _mm512_set1_epi64(number);
    let upper = number(i64::from(u32::from_le_bytes(*b"null")) << 32);
    let nulls = _mm512_cmpeq_epi64_mask(lens, number(4))
        & _mm512_cmpeq_epi64_mask(
            _mm512_and_si512(tails, number(0xffff_ffff_u64.cast_signed() << 32)),
            upper,
        );
    // Bits before the cell.
    let others = _mm512_sub_epi64(number(64), _mm512_slli_epi64::<3>(lens));
    let letter = number(0xff);
    let first = _mm512_and_si512(_mm512_srlv_epi64(tails, others), letter);
    let minus = _mm512_cmpeq_epi64_mask(first, number(b'-'.into()));
    let others = _mm512_mask_add_epi64(others, minus, others, number(8));
    let digits = _mm512_sub_epi8(tails, _mm512_set1_epi8(b'0' as i8));
    let digits = _mm512_and_si512(digits, _mm512_sllv_epi64(number(-1), others));
    let over = _mm512_subs_epu8(digits, _mm512_set1_epi8(9));
    // Zero, but not alone. Without a digit there are more than 56 bits of others.
    let first = _mm512_and_si512(_mm512_srlv_epi64(digits, others), letter);
    let is_one = _mm512_cmpeq_epi64_mask(others, number(56));
    let has_one = _mm512_cmple_epu64_mask(others, number(56));
    let valid =
        _mm512_testn_epi64_mask(over, over) & has_one & (is_one | _mm512_test_epi64_mask(first, first));
    let pairs = _mm512_maddubs_epi16(digits, _mm512_set1_epi16(1 << 8 | 10));
    let fours = _mm512_madd_epi16(pairs, _mm512_set1_epi32(1 << 16 | 100));
    let numbers = _mm512_add_epi64(
        _mm512_mul_epu32(fours, number(10_000)),
        _mm512_srli_epi64::<32>(fours),
    );
    Eight {
        numbers: _mm512_maskz_mov_epi64(!nulls, numbers),
        minus,
        valid: valid & !nulls,
        nulls,
    }
}
