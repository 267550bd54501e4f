//! Where the cells of a group are, eight at a time.

use std::arch::x86_64::*;

use crate::simd::lanes::Group;

/// Finds the cells, and says whether all are in reach: at least `BEFORE` bytes before the end of each, and `AFTER` from
/// where it begins, are there, and places in the bytes are less than 2^31. The last cell stands for those that are missing.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
pub(super) fn find<const BEFORE: usize, const AFTER: usize>(
    group: &Group<'_>,
    from: &mut [[i32; 8]; 8],
    end: &mut [[i32; 8]; 8],
) -> bool {
    let Group {
        bytes,
        bounds,
        stride,
        count,
    } = *group;
    let Some(last) = count.checked_sub(1) else {
        return false;
    };
    let most = (i32::MAX as usize).min(bytes.len());
    // No more than 64 are asked for, so that nothing overflows.
    if most < BEFORE.max(AFTER)
        || last >= 64
        || stride > bounds.len()
        || last * stride + 2 > bounds.len().min(i32::MAX as usize)
    {
        return false;
    }
    let last = _mm256_set1_epi32(last as i32);
    let stride = _mm256_set1_epi32(stride as i32);
    let mut rows = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    let mut least_end = _mm256_set1_epi32(-1);
    let mut most_end = _mm256_setzero_si256();
    let mut most_from = _mm256_setzero_si256();
    for (from, end) in from.iter_mut().zip(end).take(count.div_ceil(8)) {
        let at = _mm256_mullo_epi32(_mm256_min_epu32(rows, last), stride);
        // SAFETY: two numbers of 32 bits from the place of a row on, at most that of the last one, where they are within
        // the bounds.
        let pairs = unsafe { _mm512_i32gather_epi64::<4>(at, bounds.as_ptr().cast()) };
        let froms = _mm256_add_epi32(_mm512_cvtepi64_epi32(pairs), _mm256_set1_epi32(1));
        let ends = _mm512_cvtepi64_epi32(_mm512_srli_epi64::<32>(pairs));
        least_end = _mm256_min_epu32(least_end, ends);
        most_end = _mm256_max_epu32(most_end, ends);
        most_from = _mm256_max_epu32(most_from, froms);
        store_half(from, froms);
        store_half(end, ends);
        rows = _mm256_add_epi32(rows, _mm256_set1_epi32(8));
    }
    let most = most as i32;
    let in_reach = _mm256_cmpge_epu32_mask(least_end, _mm256_set1_epi32(BEFORE as i32))
        & _mm256_cmple_epu32_mask(most_end, _mm256_set1_epi32(most))
        & _mm256_cmple_epu32_mask(most_from, _mm256_set1_epi32(most - AFTER as i32));
    in_reach == u8::MAX
}

/// Stores eight numbers.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store(room: &mut [u64; 8], register: __m512i) {
    // SAFETY: the array has the size of the register.
    unsafe { _mm512_storeu_si512(room.as_mut_ptr().cast(), register) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store_half(room: &mut [i32; 8], register: __m256i) {
    // SAFETY: the array has the size of the register.
    unsafe { _mm256_storeu_si256(room.as_mut_ptr().cast(), register) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load_half(numbers: &[i32; 8]) -> __m256i {
    // SAFETY: the array has the size of the register.
    unsafe { _mm256_loadu_si256(numbers.as_ptr().cast()) }
}

/// The cells that have a byte that is no digit.
#[cold]
#[inline(never)]
pub(super) fn any_wrong(wrong: [u64; 4]) -> u8 {
    let mut cells = 0;
    for (pair, wrong) in wrong.into_iter().enumerate() {
        let (first, second) = (u8::from(wrong as u32 != 0), u8::from(wrong >> 32 != 0));
        cells |= (first | second << 1) << (2 * pair);
    }
    cells
}

/// Which cells are null, of eight that begin at these places, with four bytes from there on.
///
/// # Safety
///
/// Four bytes from each place on are there.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
pub(super) unsafe fn nulls(bytes: &[u8], from: __m256i, lens: __m256i) -> u8 {
    let of_four = _mm256_cmpeq_epi32_mask(lens, _mm256_set1_epi32(4));
    if of_four == 0 {
        return 0;
    }
    // SAFETY: the caller's promise.
    let words = unsafe { _mm256_i32gather_epi32::<1>(bytes.as_ptr().cast(), from) };
    of_four & _mm256_cmpeq_epi32_mask(words, _mm256_set1_epi32(i32::from_le_bytes(*b"null")))
}
