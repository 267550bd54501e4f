//! Truth values, eight cells at a time.

use std::arch::x86_64::*;

use super::places::{Places, eight_bytes};
use crate::simd::lanes::{Bools, Group};

/// See [`Lanes::bools`](crate::simd::Lanes::bools).
#[inline(never)]
#[target_feature(enable = "avx512f,avx512vl")]
pub(super) fn bools(group: &Group<'_>) -> Option<Bools> {
    let mut room = None;
    let places = Places::find::<8, 0>(group, &mut room)?;
    let mut bools = Bools::default();
    for (index, end) in places.end.iter().enumerate() {
        // SAFETY: `find` has seen that eight bytes before the end of each cell are there.
        let tails = unsafe { eight_bytes(group.bytes, &end.map(|end| end as usize), 8) };
        let lens = places.lens(index);
        let (of_four, of_five) = (
            _mm256_cmpeq_epi32_mask(lens, _mm256_set1_epi32(4)),
            _mm256_cmpeq_epi32_mask(lens, _mm256_set1_epi32(5)),
        );
        // The cell's own bytes are the highest ones.
        let four = _mm512_srli_epi64::<32>(tails);
        let five = _mm512_srli_epi64::<24>(tails);
        let is_true = of_four & _mm512_cmpeq_epi64_mask(four, word(*b"true\0\0\0\0"));
        let is_null = of_four & _mm512_cmpeq_epi64_mask(four, word(*b"null\0\0\0\0"));
        let is_false = of_five & _mm512_cmpeq_epi64_mask(five, word(*b"false\0\0\0"));
        bools.values |= u64::from(is_true) << (8 * index);
        bools.valid |= u64::from(is_true | is_false) << (8 * index);
        bools.nulls |= u64::from(is_null) << (8 * index);
    }
    Some(bools)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn word(bytes: [u8; 8]) -> __m512i {
    _mm512_set1_epi64(i64::from_le_bytes(bytes))
}
