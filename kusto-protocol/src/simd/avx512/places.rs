//! Where the cells of a group are, eight at a time.

use std::arch::x86_64::*;

use crate::simd::lanes::Group;

/// The bounds of cells, eight cells at a time.
pub(super) struct Places<'a> {
    /// The index of what is before each.
    before: &'a [[u32; 8]],
    /// Where each ends.
    pub(super) end: &'a [[u32; 8]],
    /// The length of the longest one.
    pub(super) longest: u32,
}

/// Room for the bounds of cells that are not side by side.
pub(super) type Room = [[[u32; 8]; 8]; 2];

impl<'a> Places<'a> {
    /// Finds the cells. Nothing unless all are in reach: at least `BEFORE` bytes before the end of each, and `AFTER` from
    /// where it begins, are there, and places in the bytes are less than 2^31. The last cell stands for those that are
    /// missing.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl")]
    pub(super) fn find<const BEFORE: usize, const AFTER: usize>(
        group: &Group<'a>,
        room: &'a mut Option<Room>,
    ) -> Option<Self> {
        let eights = group.count.div_ceil(8);
        let most = (i32::MAX as usize).min(group.bytes.len());
        if group.count == 0 || eights > 8 || most < BEFORE.max(AFTER) {
            return None;
        }
        let (before, end) = if group.turned.is_empty() {
            let [before, end] = room.insert(pairs(group)?);
            (&before[..eights], &end[..eights])
        } else {
            let (columns, _) = group.turned.as_chunks::<8>();
            (columns.get(..eights)?, columns.get(eights..2 * eights)?)
        };
        let mut least_end = _mm256_set1_epi32(-1);
        let mut most_end = _mm256_setzero_si256();
        let mut most_before = _mm256_setzero_si256();
        let mut longest = _mm256_setzero_si256();
        for (before, end) in before.iter().zip(end) {
            let (before, end) = (load_half(before), load_half(end));
            least_end = _mm256_min_epu32(least_end, end);
            most_end = _mm256_max_epu32(most_end, end);
            most_before = _mm256_max_epu32(most_before, before);
            longest = _mm256_max_epu32(longest, _mm256_sub_epi32(end, before));
        }
        let most = most as i32;
        let in_reach = _mm256_cmpge_epu32_mask(least_end, _mm256_set1_epi32(BEFORE as i32))
            & _mm256_cmple_epu32_mask(most_end, _mm256_set1_epi32(most))
            & _mm256_cmplt_epu32_mask(most_before, _mm256_set1_epi32(most - AFTER as i32));
        let longest = _mm512_reduce_max_epu32(_mm512_zextsi256_si512(longest));
        (in_reach == u8::MAX).then_some(Self {
            before,
            end,
            longest: longest.wrapping_sub(1),
        })
    }

    /// How many times eight cells there are.
    pub(super) const fn eights(&self) -> usize {
        self.end.len()
    }

    /// The lengths of eight cells.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl")]
    pub(super) fn lens(&self, index: usize) -> __m256i {
        let lens = _mm256_sub_epi32(load_half(&self.end[index]), load_half(&self.before[index]));
        _mm256_sub_epi32(lens, _mm256_set1_epi32(1))
    }

    /// Where eight cells begin.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl")]
    pub(super) fn from(&self, index: usize) -> [usize; 8] {
        self.before[index].map(|before| before as usize + 1)
    }
}

/// Puts the bounds of cells side by side; nothing if they are not there.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn pairs(group: &Group<'_>) -> Option<Room> {
    let Group {
        bounds,
        stride,
        count,
        ..
    } = *group;
    let last = count.checked_sub(1)?;
    // No more than 64 are asked for, so that nothing overflows.
    if last >= 64 || stride > bounds.len() || last * stride + 2 > bounds.len() {
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
    let mut room = Room::default();
    let [before, end] = &mut room;
    for ((before, end), pairs) in before.iter_mut().zip(end).zip(&pairs).take(count.div_ceil(8)) {
        let pairs = load(pairs);
        store_half(before, _mm512_cvtepi64_epi32(pairs));
        store_half(end, _mm512_cvtepi64_epi32(_mm512_srli_epi64::<32>(pairs)));
    }
    Some(room)
}

/// Puts the bounds of each column side by side: see [`Lanes::turn`](crate::simd::Lanes::turn).
#[inline(never)]
#[target_feature(enable = "avx512f,avx512vl")]
pub(super) fn turn(bounds: &[u32], stride: usize, rows: usize, turned: &mut Vec<u32>) -> bool {
    let (columns, pitch) = (stride.next_multiple_of(16), rows.next_multiple_of(8));
    let Some(last) = rows.checked_sub(1) else {
        return false;
    };
    // With few columns too much of what is moved is of none.
    if stride < 4 || !(4..=64).contains(&rows) || bounds.len() < last * stride + columns {
        return false;
    }
    if turned.len() < columns * pitch {
        turned.resize(columns * pitch, 0);
    }
    for row in (0..pitch).step_by(8) {
        for column in (0..columns).step_by(16) {
            let mut eight = [_mm512_setzero_si512(); 8];
            for (index, register) in eight.iter_mut().enumerate() {
                let from = (row + index).min(last) * stride + column;
                // SAFETY: at most the last row's place and so many columns, which are within the bounds.
                *register = unsafe { _mm512_loadu_si512(bounds.as_ptr().add(from).cast()) };
            }
            for (four, halves) in transposed(&eight).into_iter().enumerate() {
                for (pair, register) in halves.into_iter().enumerate() {
                    let at = (column + four + 8 * pair) * pitch + row;
                    // SAFETY: eight numbers from a row on, of a column and of the fourth one after it, all of which
                    // `turned` has room for.
                    unsafe {
                        let to = turned.as_mut_ptr().add(at);
                        _mm256_storeu_si256(to.cast(), _mm512_castsi512_si256(register));
                        let to = turned.as_mut_ptr().add(at + 4 * pitch);
                        _mm256_storeu_si256(to.cast(), _mm512_extracti64x4_epi64::<1>(register));
                    }
                }
            }
        }
    }
    true
}

/// Of eight rows of sixteen columns each column's eight numbers, with those of the fourth column after it: of four columns
/// from the first one on, and of those eight after them.
#[inline]
#[target_feature(enable = "avx512f")]
fn transposed(rows: &[__m512i; 8]) -> [[__m512i; 2]; 4] {
    let (front, back) = (four_rows(&rows[..4]), four_rows(&rows[4..]));
    let lower = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    let upper = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    let mut columns = [[_mm512_setzero_si512(); 2]; 4];
    for (index, columns) in columns.iter_mut().enumerate() {
        *columns = [
            _mm512_permutex2var_epi64(front[index], lower, back[index]),
            _mm512_permutex2var_epi64(front[index], upper, back[index]),
        ];
    }
    columns
}

/// Of four rows of sixteen columns each fourth column's four numbers, from each of the first four columns on.
#[inline]
#[target_feature(enable = "avx512f")]
fn four_rows(rows: &[__m512i]) -> [__m512i; 4] {
    let (lower, upper) = (
        _mm512_unpacklo_epi32(rows[0], rows[1]),
        _mm512_unpackhi_epi32(rows[0], rows[1]),
    );
    let (other_lower, other_upper) = (
        _mm512_unpacklo_epi32(rows[2], rows[3]),
        _mm512_unpackhi_epi32(rows[2], rows[3]),
    );
    [
        _mm512_unpacklo_epi64(lower, other_lower),
        _mm512_unpackhi_epi64(lower, other_lower),
        _mm512_unpacklo_epi64(upper, other_upper),
        _mm512_unpackhi_epi64(upper, other_upper),
    ]
}

/// The eight bytes that begin so many before each of eight places.
///
/// # Safety
///
/// They are within the bytes.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn eight_bytes(bytes: &[u8], places: &[usize; 8], before: usize) -> __m512i {
    let mut pairs = [_mm_setzero_si128(); 4];
    for (pair, places) in pairs.iter_mut().zip(places.as_chunks::<2>().0) {
        // SAFETY: the caller's promise; the loads need no alignment.
        *pair = unsafe {
            let first = bytes.as_ptr().add(places[0] - before);
            let second = bytes.as_ptr().add(places[1] - before);
            _mm_unpacklo_epi64(_mm_loadl_epi64(first.cast()), _mm_loadl_epi64(second.cast()))
        };
    }
    let front = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(pairs[0]), pairs[1]);
    let back = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(pairs[2]), pairs[3]);
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(front), back)
}

/// The four bytes that begin at each of eight places.
///
/// # Safety
///
/// They are within the bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
pub(super) unsafe fn four_bytes(bytes: &[u8], places: &[usize; 8]) -> __m256i {
    // SAFETY: the caller's promise; the reads need no alignment.
    let word = |place: usize| unsafe { bytes.as_ptr().add(place).cast::<i32>().read_unaligned() };
    let mut fours = [_mm_setzero_si128(); 2];
    for (four, places) in fours.iter_mut().zip(places.as_chunks::<4>().0) {
        *four = _mm_setr_epi32(word(places[0]), word(places[1]), word(places[2]), word(places[3]));
    }
    _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(fours[0]), fours[1])
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
pub(super) fn store_half<T: Into<i64>>(room: &mut [T; 8], register: __m256i) {
    const { assert!(size_of::<T>() == 4, "numbers of 32 bits") };
    // SAFETY: the array has the size of the register, and its numbers may be any bits.
    unsafe { _mm256_storeu_si256(room.as_mut_ptr().cast(), register) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load_half<T: Into<i64>>(numbers: &[T; 8]) -> __m256i {
    const { assert!(size_of::<T>() == 4, "numbers of 32 bits") };
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

/// Which cells are null, of eight of these lengths that begin at these places.
///
/// # Safety
///
/// Four bytes from each place on are there.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
pub(super) unsafe fn nulls(bytes: &[u8], from: &[usize; 8], lens: __m256i) -> u8 {
    let of_four = _mm256_cmpeq_epi32_mask(lens, _mm256_set1_epi32(4));
    if of_four == 0 {
        return 0;
    }
    // SAFETY: the caller's promise.
    let words = unsafe { four_bytes(bytes, from) };
    of_four & _mm256_cmpeq_epi32_mask(words, _mm256_set1_epi32(i32::from_le_bytes(*b"null")))
}
