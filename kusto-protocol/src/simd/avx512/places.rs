//! Where the cells of a group are, eight at a time.

use std::arch::x86_64::*;

use crate::simd::lanes::Group;

/// Where cells are.
pub(super) struct Places {
    /// Where each begins.
    pub(super) from: [[i32; 8]; 8],
    /// Where each ends.
    pub(super) end: [[i32; 8]; 8],
}

impl Places {
    pub(super) const fn new() -> Self {
        Self {
            from: [[0; 8]; 8],
            end: [[0; 8]; 8],
        }
    }

    /// Finds the cells, and gives the length of the longest one. Nothing unless all are in reach: at least `BEFORE` bytes
    /// before the end of each, and `AFTER` from where it begins, are there, and places in the bytes are less than 2^31. The
    /// last cell stands for those that are missing.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl")]
    pub(super) fn find<const BEFORE: usize, const AFTER: usize>(&mut self, group: &Group<'_>) -> Option<u32> {
        let Group {
            bytes,
            bounds,
            stride,
            count,
        } = *group;
        let last = count.checked_sub(1)?;
        let most = (i32::MAX as usize).min(bytes.len());
        // No more than 64 are asked for, so that nothing overflows.
        if most < BEFORE.max(AFTER) || last >= 64 || stride > bounds.len() || last * stride + 2 > bounds.len()
        {
            return None;
        }
        // One by one, which is faster than the instruction that gathers them.
        let mut pairs = [[0u64; 8]; 8];
        let rows = pairs.as_flattened_mut().iter_mut().enumerate();
        for (row, pair) in rows.take(count.next_multiple_of(8)) {
            // SAFETY: two numbers of 32 bits from the place of a row on, at most that of the last one, where they are
            // within the bounds.
            *pair = unsafe {
                let pair = bounds.as_ptr().add(row.min(last) * stride);
                pair.cast::<u64>().read_unaligned()
            };
        }
        let mut least_end = _mm256_set1_epi32(-1);
        let mut most_end = _mm256_setzero_si256();
        let mut most_from = _mm256_setzero_si256();
        let mut longest = _mm256_setzero_si256();
        let places = self.from.iter_mut().zip(&mut self.end);
        for ((from, end), pairs) in places.zip(&pairs).take(count.div_ceil(8)) {
            let pairs = load(pairs);
            let froms = _mm256_add_epi32(_mm512_cvtepi64_epi32(pairs), _mm256_set1_epi32(1));
            let ends = _mm512_cvtepi64_epi32(_mm512_srli_epi64::<32>(pairs));
            least_end = _mm256_min_epu32(least_end, ends);
            most_end = _mm256_max_epu32(most_end, ends);
            most_from = _mm256_max_epu32(most_from, froms);
            longest = _mm256_max_epu32(longest, _mm256_sub_epi32(ends, froms));
            store_half(from, froms);
            store_half(end, ends);
        }
        let most = most as i32;
        let in_reach = _mm256_cmpge_epu32_mask(least_end, _mm256_set1_epi32(BEFORE as i32))
            & _mm256_cmple_epu32_mask(most_end, _mm256_set1_epi32(most))
            & _mm256_cmple_epu32_mask(most_from, _mm256_set1_epi32(most - AFTER as i32));
        (in_reach == u8::MAX).then(|| _mm512_reduce_max_epu32(_mm512_zextsi256_si512(longest)))
    }
}

/// What begins so many bytes before each place. One by one, as above.
///
/// # Safety
///
/// It begins and ends within the bytes, and may be of any bytes.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn copy<T: Copy>(
    bytes: &[u8],
    places: &[[i32; 8]],
    before: usize,
    copies: &mut [[T; 8]; 8],
) {
    let copies = copies.as_flattened_mut();
    for (copy, place) in copies.iter_mut().zip(places.as_flattened()) {
        // SAFETY: the caller's promise.
        *copy = unsafe {
            let place = bytes.as_ptr().add(*place as usize - before);
            place.cast::<T>().read_unaligned()
        };
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load(numbers: &[u64; 8]) -> __m512i {
    // SAFETY: the array has the size of the register.
    unsafe { _mm512_loadu_si512(numbers.as_ptr().cast()) }
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
