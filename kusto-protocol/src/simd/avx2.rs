//! AVX2 with BMI2: a block is two registers; bytes are squeezed together eight at a time, by a table.

use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::lanes::{Datetime, Lanes};
use super::{Kernel, forms, utf8, x86};

/// The proof that the processor has the instruction set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(super) fn new() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt")
            && is_x86_feature_detected!("pclmulqdq");
        has_all.then_some(Self(()))
    }
}

/// Runs a loop with everything it calls compiled for this instruction set.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
pub(super) fn run<K: Kernel>(lanes: Avx2, kernel: K) -> K::Output {
    kernel.run(lanes)
}

/// As [`run`], never inlined.
#[inline(never)]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
fn apart<K: Kernel>(lanes: Avx2, kernel: K) -> K::Output {
    kernel.run(lanes)
}

impl Lanes for Avx2 {
    type Block = [__m256i; 2];

    const MOVES_BITS: bool = true;

    #[inline(always)]
    fn load(self, bytes: &[u8; 64]) -> Self::Block {
        let from = bytes.as_ptr().cast::<__m256i>();
        // SAFETY: the array has the size of two registers, and loads need no alignment; `self` is the proof that
        // the processor has the instruction set.
        unsafe { [_mm256_loadu_si256(from), _mm256_loadu_si256(from.add(1))] }
    }

    #[inline(always)]
    fn store(self, block: Self::Block, room: &mut [MaybeUninit<u8>; 64]) {
        let to = room.as_mut_ptr().cast::<__m256i>();
        // SAFETY: as for the load.
        unsafe {
            _mm256_storeu_si256(to, block[0]);
            _mm256_storeu_si256(to.add(1), block[1]);
        }
    }

    #[inline(always)]
    fn equal(self, block: Self::Block, byte: u8) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe { equal(block, byte) }
    }

    #[inline(always)]
    fn between(self, block: Self::Block, low: u8, high: u8) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe { mask([between(block[0], low, high), between(block[1], low, high)]) }
    }

    #[inline(always)]
    fn control(self, block: Self::Block) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe { mask([control(block[0]), control(block[1])]) }
    }

    #[inline(always)]
    fn high(self, block: Self::Block) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe { mask(block) }
    }

    #[inline(always)]
    fn odd(self, block: Self::Block) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe { mask([odd(block[0]), odd(block[1])]) }
    }

    #[inline(always)]
    fn may_be_odd(self, block: Self::Block) -> bool {
        // SAFETY: `self` is the proof.
        unsafe { may_be_odd(block) }
    }

    #[inline(always)]
    fn special(self, block: Self::Block) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe { mask([special(block[0]), special(block[1])]) }
    }

    #[inline(always)]
    fn unplain(self, block: Self::Block) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe { mask([unplain(block[0]), unplain(block[1])]) }
    }

    #[inline(always)]
    fn marks(self, block: Self::Block) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe { mask([marks(block[0]), marks(block[1])]) }
    }

    #[inline(always)]
    fn bit(self, block: Self::Block, bit: u32) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe {
            // To the highest place; what comes from the byte below is not looked at.
            let count = _mm_cvtsi32_si128(7 - bit as i32);
            mask([
                _mm256_sll_epi16(block[0], count),
                _mm256_sll_epi16(block[1], count),
            ])
        }
    }

    #[inline(always)]
    fn squeeze(self, block: Self::Block, keep: u64, room: &mut [MaybeUninit<u8>; 64]) {
        // SAFETY: `self` is the proof.
        unsafe { squeeze(block, keep, room) }
    }

    #[inline(always)]
    fn positions(self, marks: u64, base: u32, room: &mut [u32; 64]) {
        forms::positions(marks, base, room);
    }

    #[inline(always)]
    fn first(self, block: Self::Block, len: usize) -> Self::Block {
        let keep = self.load(forms::first_bytes(len));
        // SAFETY: `self` is the proof.
        unsafe {
            [
                _mm256_and_si256(block[0], keep[0]),
                _mm256_and_si256(block[1], keep[1]),
            ]
        }
    }

    #[inline(always)]
    fn is_utf8(self, bytes: &[u8], from: usize, end: usize) -> bool {
        utf8::is_utf8(self, bytes, from, end)
    }

    #[inline(always)]
    fn nth(self, marks: u64, nth: usize) -> usize {
        // SAFETY: `self` is the proof.
        unsafe { x86::nth(marks, nth) }
    }

    #[inline(always)]
    fn points(self, tail: &[u8; 33]) -> (u32, u32) {
        // SAFETY: `self` is the proof that the processor has the instruction set.
        unsafe { x86::points_wide(tail) }
    }

    #[inline(always)]
    fn digits_around(self, tail: &[u8; 33], fraction: usize, len: usize) -> (u64, u64, bool) {
        // SAFETY: `self` is the proof that the processor has the instruction set.
        unsafe { x86::digits_around_wide(tail, fraction, len) }
    }

    #[inline(always)]
    fn extract(self, bits: u64, marks: u64) -> u64 {
        // SAFETY: `self` is the proof that the processor has the instruction set.
        unsafe { _pext_u64(bits, marks) }
    }

    #[inline(always)]
    fn apart<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` is the proof that the processor has the instruction set.
        unsafe { apart(self, kernel) }
    }

    x86::cells!(x86::guid);
}

impl utf8::Faults for Avx2 {
    #[inline(always)]
    fn utf8_faults(self, before: Self::Block, block: Self::Block, faults: Self::Block) -> Self::Block {
        // SAFETY: `self` is the proof.
        unsafe {
            [
                utf8_faults(before[1], block[0], faults[0]),
                utf8_faults(block[0], block[1], faults[1]),
            ]
        }
    }
}

/// Ones in the marks: the lower half of each says which one it is, and nothing else is the same as that one.
#[inline]
#[target_feature(enable = "avx2")]
fn marks(half: __m256i) -> __m256i {
    let table = _mm256_broadcastsi128_si256(x86::load16(x86::MARKS));
    let mark = _mm256_shuffle_epi8(table, half);
    _mm256_cmpeq_epi8(mark, _mm256_or_si256(half, _mm256_set1_epi8(0x20)))
}

/// The high bit of each byte.
#[inline]
#[target_feature(enable = "avx2")]
fn mask(block: [__m256i; 2]) -> u64 {
    let (low, high) = (_mm256_movemask_epi8(block[0]), _mm256_movemask_epi8(block[1]));
    u64::from(high as u32) << 32 | u64::from(low as u32)
}

#[inline]
#[target_feature(enable = "avx2")]
fn equal(block: [__m256i; 2], byte: u8) -> u64 {
    let byte = _mm256_set1_epi8(byte as i8);
    mask([
        _mm256_cmpeq_epi8(block[0], byte),
        _mm256_cmpeq_epi8(block[1], byte),
    ])
}

/// Ones in the bytes from `low` to `high`.
#[inline]
#[target_feature(enable = "avx2")]
fn between(half: __m256i, low: u8, high: u8) -> __m256i {
    let above = _mm256_sub_epi8(half, _mm256_set1_epi8(low as i8));
    let most = _mm256_set1_epi8(high.wrapping_sub(low) as i8);
    _mm256_cmpeq_epi8(_mm256_min_epu8(above, most), above)
}

/// Ones in the bytes below 0x20.
#[inline]
#[target_feature(enable = "avx2")]
fn control(half: __m256i) -> __m256i {
    _mm256_cmpeq_epi8(_mm256_min_epu8(half, _mm256_set1_epi8(0x1f)), half)
}

#[inline]
#[target_feature(enable = "avx2")]
fn odd(half: __m256i) -> __m256i {
    // With a sign, those from 0x80 on are the smallest.
    _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), half)
}

#[inline]
#[target_feature(enable = "avx2")]
fn may_be_odd(block: [__m256i; 2]) -> bool {
    _mm256_movemask_epi8(odd(_mm256_min_epi8(block[0], block[1]))) != 0
}

#[inline]
#[target_feature(enable = "avx2")]
fn special(half: __m256i) -> __m256i {
    let quotes = _mm256_cmpeq_epi8(half, _mm256_set1_epi8(b'"' as i8));
    let backslashes = _mm256_cmpeq_epi8(half, _mm256_set1_epi8(b'\\' as i8));
    _mm256_or_si256(_mm256_or_si256(quotes, backslashes), control(half))
}

#[inline]
#[target_feature(enable = "avx2")]
fn unplain(half: __m256i) -> __m256i {
    let quotes = _mm256_cmpeq_epi8(half, _mm256_set1_epi8(b'"' as i8));
    let backslashes = _mm256_cmpeq_epi8(half, _mm256_set1_epi8(b'\\' as i8));
    // With a sign, those from 0x80 on are the smallest.
    let odd = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), half);
    _mm256_or_si256(_mm256_or_si256(quotes, backslashes), odd)
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn squeeze(block: [__m256i; 2], keep: u64, room: &mut [MaybeUninit<u8>; 64]) {
    let quarters = [
        _mm256_castsi256_si128(block[0]),
        _mm256_extracti128_si256::<1>(block[0]),
        _mm256_castsi256_si128(block[1]),
        _mm256_extracti128_si256::<1>(block[1]),
    ];
    let to = room.as_mut_ptr().cast::<u8>();
    for (nth, quarter) in quarters.into_iter().enumerate() {
        let keep_low = (keep >> (16 * nth)) as u8;
        let keep_high = (keep >> (16 * nth + 8)) as u8;
        // The upper eight bytes begin with the ninth one.
        let places = _mm_add_epi8(
            _mm_unpacklo_epi64(
                places(&SQUEEZED[usize::from(keep_low)]),
                places(&SQUEEZED[usize::from(keep_high)]),
            ),
            _mm_set_epi64x(0x0808_0808_0808_0808, 0),
        );
        let squeezed = _mm_shuffle_epi8(quarter, places);
        // What came before: each place is counted on its own, so that none waits for another.
        let low = if nth == 0 {
            0
        } else {
            (keep << (64 - 16 * nth)).count_ones() as usize
        };
        let high = (keep << (56 - 16 * nth)).count_ones() as usize;
        // SAFETY: no more than eight bytes came from each eight before, so that eight are left, twice.
        unsafe {
            _mm_storel_epi64(to.add(low).cast(), squeezed);
            _mm_storeh_pd(to.add(high).cast(), _mm_castsi128_pd(squeezed));
        }
    }
}

/// For each mask of eight bytes the places of those that are kept, one after the other.
const SQUEEZED: &[[u8; 8]; 256] = &{
    let mut table = [[0; 8]; 256];
    let mut keep = 0;
    while keep < 256 {
        let (mut place, mut at) = (0, 0);
        while place < 8 {
            if keep >> place & 1 == 1 {
                table[keep][at] = place as u8;
                at += 1;
            }
            place += 1;
        }
        keep += 1;
    }
    table
};

#[inline]
fn places(eight: &[u8; 8]) -> __m128i {
    // SAFETY: the load is of eight bytes, and needs no alignment. All processors of this architecture have the instruction.
    unsafe { _mm_loadl_epi64(eight.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn utf8_faults(before: __m256i, half: __m256i, faults: __m256i) -> __m256i {
    // For each 16 bytes those before them.
    let lanes_before = _mm256_permute2x128_si256::<0x21>(before, half);
    let first = _mm256_alignr_epi8::<15>(half, lanes_before);
    let second = _mm256_alignr_epi8::<14>(half, lanes_before);
    let third = _mm256_alignr_epi8::<13>(half, lanes_before);
    let low = _mm256_set1_epi8(0x0f);
    let high = |bytes| _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), low);
    let look_up = |table, places| {
        let table = _mm256_broadcastsi128_si256(x86::load16(table));
        _mm256_shuffle_epi8(table, places)
    };
    let wrong = _mm256_and_si256(
        _mm256_and_si256(
            look_up(&utf8::FIRST_HIGH, high(first)),
            look_up(&utf8::FIRST_LOW, _mm256_and_si256(first, low)),
        ),
        look_up(&utf8::SECOND_HIGH, high(half)),
    );
    let due = _mm256_or_si256(
        _mm256_subs_epu8(second, _mm256_set1_epi8(utf8::THREE_BYTES as i8)),
        _mm256_subs_epu8(third, _mm256_set1_epi8(utf8::FOUR_BYTES as i8)),
    );
    let due = _mm256_and_si256(due, _mm256_set1_epi8(0x80_u8 as i8));
    _mm256_or_si256(faults, _mm256_xor_si256(due, wrong))
}
