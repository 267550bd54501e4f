//! SSE 4.2: a block is four registers; bytes are squeezed together run by run.

use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::lanes::{Datetime, Lanes};
use super::{Kernel, forms, utf8, x86};

/// The proof that the processor has the instruction set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sse42(());

impl Sse42 {
    pub(super) fn new() -> Option<Self> {
        let has_all = is_x86_feature_detected!("sse4.2")
            && is_x86_feature_detected!("popcnt")
            && is_x86_feature_detected!("pclmulqdq");
        has_all.then_some(Self(()))
    }
}

/// Runs a loop with everything it calls compiled for this instruction set.
#[target_feature(enable = "sse4.2,popcnt,pclmulqdq")]
pub(super) fn run<K: Kernel>(lanes: Sse42, kernel: K) -> K::Output {
    kernel.run(lanes)
}

/// As [`run`], never inlined.
#[inline(never)]
#[target_feature(enable = "sse4.2,popcnt,pclmulqdq")]
fn apart<K: Kernel>(lanes: Sse42, kernel: K) -> K::Output {
    kernel.run(lanes)
}

impl Lanes for Sse42 {
    type Block = [__m128i; 4];

    #[inline(always)]
    fn load(self, bytes: &[u8; 64]) -> Self::Block {
        let (quarters, _) = bytes.as_chunks::<16>();
        std::array::from_fn(|index| x86::load16(&quarters[index]))
    }

    #[inline(always)]
    fn store(self, block: Self::Block, room: &mut [MaybeUninit<u8>; 64]) {
        let to = room.as_mut_ptr().cast::<__m128i>();
        for (index, quarter) in block.into_iter().enumerate() {
            // SAFETY: the array has the size of four registers, and stores need no alignment; all processors of
            // this architecture have the instruction.
            unsafe { _mm_storeu_si128(to.add(index), quarter) }
        }
    }

    #[inline(always)]
    fn equal(self, block: Self::Block, byte: u8) -> u64 {
        // SAFETY: `self` is the proof that the processor has the instruction set.
        unsafe { equal(block, byte) }
    }

    #[inline(always)]
    fn between(self, block: Self::Block, low: u8, high: u8) -> u64 {
        // SAFETY: as above.
        unsafe {
            mask([
                between(block[0], low, high),
                between(block[1], low, high),
                between(block[2], low, high),
                between(block[3], low, high),
            ])
        }
    }

    #[inline(always)]
    fn control(self, block: Self::Block) -> u64 {
        // SAFETY: as above.
        unsafe {
            mask([
                control(block[0]),
                control(block[1]),
                control(block[2]),
                control(block[3]),
            ])
        }
    }

    #[inline(always)]
    fn high(self, block: Self::Block) -> u64 {
        // SAFETY: as above.
        unsafe { mask(block) }
    }

    #[inline(always)]
    fn special(self, block: Self::Block) -> u64 {
        // SAFETY: as above.
        unsafe {
            mask([
                special(block[0]),
                special(block[1]),
                special(block[2]),
                special(block[3]),
            ])
        }
    }

    #[inline(always)]
    fn bit(self, block: Self::Block, bit: u32) -> u64 {
        // SAFETY: as above.
        unsafe {
            // To the highest place; what comes from the byte below is not looked at.
            let count = _mm_cvtsi32_si128(7 - bit as i32);
            mask([
                _mm_sll_epi16(block[0], count),
                _mm_sll_epi16(block[1], count),
                _mm_sll_epi16(block[2], count),
                _mm_sll_epi16(block[3], count),
            ])
        }
    }

    #[inline(always)]
    fn squeeze(self, block: Self::Block, keep: u64, room: &mut [MaybeUninit<u8>; 64]) {
        let mut bytes = [0; 64];
        let (quarters, _) = bytes.as_chunks_mut();
        for (place, quarter) in quarters.iter_mut().zip(block) {
            *place = x86::array16(quarter);
        }
        forms::squeeze(&bytes, keep, room);
    }

    #[inline(always)]
    fn positions(self, marks: u64, base: u32, room: &mut [u32; 64]) {
        forms::positions(marks, base, room);
    }

    #[inline(always)]
    fn first(self, block: Self::Block, len: usize) -> Self::Block {
        let keep = self.load(forms::first_bytes(len));
        // SAFETY: all processors of this architecture have the instruction.
        std::array::from_fn(|index| unsafe { _mm_and_si128(block[index], keep[index]) })
    }

    #[inline(always)]
    fn is_utf8(self, bytes: &[u8], from: usize, end: usize) -> bool {
        utf8::is_utf8(self, bytes, from, end)
    }

    #[inline(always)]
    fn points(self, tail: &[u8; 33]) -> (u32, u32) {
        // SAFETY: `self` is the proof that the processor has the instruction set.
        unsafe { x86::points(tail) }
    }

    #[inline(always)]
    fn digits_around(self, tail: &[u8; 33], fraction: usize, len: usize) -> (u64, u64, bool) {
        // SAFETY: `self` is the proof that the processor has the instruction set.
        unsafe { x86::digits_around(tail, fraction, len) }
    }

    #[inline(always)]
    fn apart<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` is the proof that the processor has the instruction set.
        unsafe { apart(self, kernel) }
    }

    x86::cells!(x86::guid);
}

impl utf8::Faults for Sse42 {
    #[inline(always)]
    fn utf8_faults(self, before: Self::Block, block: Self::Block, faults: Self::Block) -> Self::Block {
        // SAFETY: `self` is the proof that the processor has the instruction set.
        unsafe {
            [
                utf8_faults(before[3], block[0], faults[0]),
                utf8_faults(block[0], block[1], faults[1]),
                utf8_faults(block[1], block[2], faults[2]),
                utf8_faults(block[2], block[3], faults[3]),
            ]
        }
    }
}

/// The high bit of each byte.
#[inline]
#[target_feature(enable = "sse4.2")]
fn mask(block: [__m128i; 4]) -> u64 {
    let low = _mm_movemask_epi8(block[1]) << 16 | _mm_movemask_epi8(block[0]);
    let high = _mm_movemask_epi8(block[3]) << 16 | _mm_movemask_epi8(block[2]);
    u64::from(high as u32) << 32 | u64::from(low as u32)
}

#[inline]
#[target_feature(enable = "sse4.2")]
fn equal(block: [__m128i; 4], byte: u8) -> u64 {
    let byte = _mm_set1_epi8(byte as i8);
    mask([
        _mm_cmpeq_epi8(block[0], byte),
        _mm_cmpeq_epi8(block[1], byte),
        _mm_cmpeq_epi8(block[2], byte),
        _mm_cmpeq_epi8(block[3], byte),
    ])
}

/// Ones in the bytes from `low` to `high`.
#[inline]
#[target_feature(enable = "sse4.2")]
fn between(quarter: __m128i, low: u8, high: u8) -> __m128i {
    let above = _mm_sub_epi8(quarter, _mm_set1_epi8(low as i8));
    let most = _mm_set1_epi8(high.wrapping_sub(low) as i8);
    _mm_cmpeq_epi8(_mm_min_epu8(above, most), above)
}

/// Ones in the bytes below 0x20.
#[inline]
#[target_feature(enable = "sse4.2")]
fn control(quarter: __m128i) -> __m128i {
    _mm_cmpeq_epi8(_mm_min_epu8(quarter, _mm_set1_epi8(0x1f)), quarter)
}

#[inline]
#[target_feature(enable = "sse4.2")]
fn special(quarter: __m128i) -> __m128i {
    let quotes = _mm_cmpeq_epi8(quarter, _mm_set1_epi8(b'"' as i8));
    let backslashes = _mm_cmpeq_epi8(quarter, _mm_set1_epi8(b'\\' as i8));
    _mm_or_si128(_mm_or_si128(quotes, backslashes), control(quarter))
}

#[inline]
#[target_feature(enable = "sse4.2")]
fn utf8_faults(before: __m128i, quarter: __m128i, faults: __m128i) -> __m128i {
    let first = _mm_alignr_epi8::<15>(quarter, before);
    let second = _mm_alignr_epi8::<14>(quarter, before);
    let third = _mm_alignr_epi8::<13>(quarter, before);
    let low = _mm_set1_epi8(0x0f);
    let high = |bytes| _mm_and_si128(_mm_srli_epi16::<4>(bytes), low);
    let look_up = |table, places| _mm_shuffle_epi8(x86::load16(table), places);
    let wrong = _mm_and_si128(
        _mm_and_si128(
            look_up(&utf8::FIRST_HIGH, high(first)),
            look_up(&utf8::FIRST_LOW, _mm_and_si128(first, low)),
        ),
        look_up(&utf8::SECOND_HIGH, high(quarter)),
    );
    let due = _mm_or_si128(
        _mm_subs_epu8(second, _mm_set1_epi8(utf8::THREE_BYTES as i8)),
        _mm_subs_epu8(third, _mm_set1_epi8(utf8::FOUR_BYTES as i8)),
    );
    let due = _mm_and_si128(due, _mm_set1_epi8(0x80_u8 as i8));
    _mm_or_si128(faults, _mm_xor_si128(due, wrong))
}
