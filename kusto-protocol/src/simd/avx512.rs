//! AVX-512 with VBMI2: a block is one register, a comparison gives its mask at once, and bytes are squeezed together
//! in one instruction.

mod bools;
mod few_digits;
mod guid;
mod numbers;
mod places;
mod times;

use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::lanes::{Bools, Datetime, Group, Lanes, Numbers};
use super::{Kernel, utf8, x86};

/// The proof that the processor has the instruction set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(super) fn new() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512cd")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vbmi")
            && is_x86_feature_detected!("avx512vbmi2")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt")
            && is_x86_feature_detected!("pclmulqdq");
        has_all.then_some(Self(()))
    }
}

/// Runs a loop with everything it calls compiled for this instruction set.
#[target_feature(
    enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq"
)]
pub(super) fn run<K: Kernel>(lanes: Avx512, kernel: K) -> K::Output {
    kernel.run(lanes)
}

/// As [`run`], never inlined.
#[inline(never)]
#[target_feature(
    enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq"
)]
fn apart<K: Kernel>(lanes: Avx512, kernel: K) -> K::Output {
    kernel.run(lanes)
}

// SAFETY of all calls below: `self` is the proof that the processor has the instruction set.
impl Lanes for Avx512 {
    type Block = __m512i;

    const MOVES_BITS: bool = true;

    #[inline(always)]
    fn load(self, bytes: &[u8; 64]) -> __m512i {
        // SAFETY: the array has the size of the register, and the load needs no alignment; `self` is the proof.
        unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(self, block: __m512i, room: &mut [MaybeUninit<u8>; 64]) {
        // SAFETY: as for the load.
        unsafe { _mm512_storeu_si512(room.as_mut_ptr().cast(), block) }
    }

    #[inline(always)]
    fn equal(self, block: __m512i, byte: u8) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe { _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(byte as i8)) }
    }

    #[inline(always)]
    fn between(self, block: __m512i, low: u8, high: u8) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe {
            let above = _mm512_sub_epi8(block, _mm512_set1_epi8(low as i8));
            _mm512_cmple_epu8_mask(above, _mm512_set1_epi8(high.wrapping_sub(low) as i8))
        }
    }

    #[inline(always)]
    fn control(self, block: __m512i) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe { _mm512_cmplt_epu8_mask(block, _mm512_set1_epi8(0x20)) }
    }

    #[inline(always)]
    fn high(self, block: __m512i) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe { _mm512_movepi8_mask(block) }
    }

    #[inline(always)]
    fn odd(self, block: __m512i) -> u64 {
        // With a sign, those from 0x80 on are the smallest. SAFETY: `self` is the proof.
        unsafe { _mm512_cmplt_epi8_mask(block, _mm512_set1_epi8(0x20)) }
    }

    #[inline(always)]
    fn unplain(self, block: __m512i) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe {
            // With a sign, those from 0x80 on are the smallest.
            let odd = _mm512_cmplt_epi8_mask(block, _mm512_set1_epi8(0x20));
            let quotes = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(b'"' as i8));
            odd | quotes | _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(b'\\' as i8))
        }
    }

    #[inline(always)]
    fn marks(self, block: __m512i) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe { marks(block) }
    }

    #[inline(always)]
    fn bit(self, block: __m512i, bit: u32) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe { _mm512_test_epi8_mask(block, _mm512_set1_epi8(1 << bit)) }
    }

    #[inline(always)]
    fn differs(self, block: __m512i, marks: u64, keep: u64, expected: __m512i) -> u64 {
        // SAFETY: `self` is the proof.
        unsafe {
            let kept = _mm512_maskz_compress_epi8(keep, _mm512_maskz_mov_epi8(marks, block));
            _mm512_cmpneq_epi8_mask(kept, expected)
        }
    }

    #[inline(always)]
    fn squeeze(self, block: __m512i, keep: u64, room: &mut [MaybeUninit<u8>; 64]) {
        // SAFETY: `self` is the proof.
        self.store(unsafe { _mm512_maskz_compress_epi8(keep, block) }, room);
    }

    #[inline(always)]
    fn positions(self, marks: u64, base: u32, room: &mut [u32; 64]) {
        // SAFETY: `self` is the proof; sixteen numbers are stored at a time, in an array of four times as many.
        unsafe { positions(marks, base, room) }
    }

    #[inline(always)]
    fn first(self, block: __m512i, len: usize) -> __m512i {
        let keep = if len < 64 { !(u64::MAX << len) } else { u64::MAX };
        // SAFETY: `self` is the proof.
        unsafe { _mm512_maskz_mov_epi8(keep, block) }
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
    fn turn(self, bounds: &[u32], stride: usize, rows: usize, turned: &mut Vec<u32>) -> bool {
        // SAFETY: `self` is the proof that the processor has the instruction set.
        unsafe { places::turn(bounds, stride, rows, turned) }
    }

    #[inline(always)]
    fn bools(self, group: &Group<'_>) -> Option<Bools> {
        // SAFETY: `self` is the proof that the processor has the instruction set.
        unsafe { bools::bools(group) }
    }

    #[inline(always)]
    fn numbers<const REAL: bool, const N: usize>(self, group: &Group<'_>, numbers: &mut Numbers<N>) -> bool {
        // SAFETY: `self` is the proof that the processor has the instruction set.
        unsafe { numbers::numbers::<REAL, N>(group, numbers) }
    }

    #[inline(always)]
    fn datetimes(self, group: &Group<'_>, ticks: &mut [u64]) -> Option<(u64, u64)> {
        // SAFETY: `self` is the proof that the processor has the instruction set.
        unsafe { times::datetimes(group, ticks) }
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

    x86::cells!(guid::guid);
}

impl utf8::Faults for Avx512 {
    #[inline(always)]
    fn utf8_faults(self, before: __m512i, block: __m512i, faults: __m512i) -> __m512i {
        // SAFETY: `self` is the proof.
        unsafe { utf8_faults(before, block, faults) }
    }
}

/// The lower half of each mark says which one it is, and nothing else is the same as that one.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn marks(block: __m512i) -> u64 {
    let table = _mm512_broadcast_i32x4(x86::load16(x86::MARKS));
    let mark = _mm512_shuffle_epi8(table, block);
    _mm512_cmpeq_epi8_mask(mark, _mm512_or_si512(block, _mm512_set1_epi8(0x20)))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2")]
fn positions(marks: u64, base: u32, room: &mut [u32; 64]) {
    const PLACES: [u8; 64] = {
        let mut places = [0; 64];
        let mut at = 0;
        while at < 64 {
            places[at] = at as u8;
            at += 1;
        }
        places
    };
    let base = _mm512_set1_epi32(base as i32);
    // SAFETY: the array has the size of the register.
    let places = unsafe { _mm512_loadu_si512(PLACES.as_ptr().cast()) };
    let mut places = _mm512_maskz_compress_epi8(marks, places);
    let mut left = marks.count_ones();
    let (sixteens, _) = room.as_chunks_mut::<16>();
    for sixteen in sixteens {
        let wide = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(places));
        // SAFETY: the array has the size of the register.
        unsafe { _mm512_storeu_si512(sixteen.as_mut_ptr().cast(), _mm512_add_epi32(wide, base)) }
        if left <= 16 {
            break;
        }
        left -= 16;
        places = _mm512_alignr_epi32::<4>(places, places);
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn utf8_faults(before: __m512i, block: __m512i, faults: __m512i) -> __m512i {
    // For each 16 bytes those before them.
    let lanes_before = _mm512_alignr_epi32::<12>(block, before);
    let first = _mm512_alignr_epi8::<15>(block, lanes_before);
    let second = _mm512_alignr_epi8::<14>(block, lanes_before);
    let third = _mm512_alignr_epi8::<13>(block, lanes_before);
    let low = _mm512_set1_epi8(0x0f);
    let high = |bytes| _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), low);
    let look_up = |table, places| {
        let table = _mm512_broadcast_i32x4(x86::load16(table));
        _mm512_shuffle_epi8(table, places)
    };
    let wrong = _mm512_and_si512(
        _mm512_and_si512(
            look_up(&utf8::FIRST_HIGH, high(first)),
            look_up(&utf8::FIRST_LOW, _mm512_and_si512(first, low)),
        ),
        look_up(&utf8::SECOND_HIGH, high(block)),
    );
    let due = _mm512_or_si512(
        _mm512_subs_epu8(second, _mm512_set1_epi8(utf8::THREE_BYTES as i8)),
        _mm512_subs_epu8(third, _mm512_set1_epi8(utf8::FOUR_BYTES as i8)),
    );
    let due = _mm512_and_si512(due, _mm512_set1_epi8(0x80_u8 as i8));
    _mm512_or_si512(faults, _mm512_xor_si512(due, wrong))
}
