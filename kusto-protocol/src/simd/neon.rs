//! NEON of aarch64: a block is four registers. There is no instruction that gathers the high bits of all bytes, so each
//! byte keeps one bit of a pattern, and neighbours are added until 64 bits are left.

mod cells;

use std::arch::aarch64::*;
use std::mem::MaybeUninit;

use super::lanes::{Datetime, Lanes};
use super::{Kernel, forms, utf8};

/// The proof that the processor has the instruction set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neon(());

impl Neon {
    pub(super) fn new() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

/// Runs a loop with everything it calls compiled for this instruction set.
#[target_feature(enable = "neon")]
pub(super) fn run<K: Kernel>(lanes: Neon, kernel: K) -> K::Output {
    kernel.run(lanes)
}

/// As [`run`], never inlined.
#[inline(never)]
#[target_feature(enable = "neon")]
fn apart<K: Kernel>(lanes: Neon, kernel: K) -> K::Output {
    kernel.run(lanes)
}

/// The loads of this file and its neighbour: arrays in, registers out.
#[inline]
fn load16(bytes: &[u8; 16]) -> uint8x16_t {
    // SAFETY: the array has the size of the register, and the load needs no alignment. All processors of this
    // architecture that Rust compiles for by default have the instruction, and no code runs here on others.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

impl Lanes for Neon {
    type Block = [uint8x16_t; 4];

    #[inline(always)]
    fn load(self, bytes: &[u8; 64]) -> Self::Block {
        let (quarters, _) = bytes.as_chunks::<16>();
        std::array::from_fn(|index| load16(&quarters[index]))
    }

    #[inline(always)]
    fn store(self, block: Self::Block, room: &mut [MaybeUninit<u8>; 64]) {
        let to = room.as_mut_ptr().cast::<u8>();
        for (index, quarter) in block.into_iter().enumerate() {
            // SAFETY: the array has the size of four registers, and stores need no alignment; `self` is the proof
            // that the processor has the instruction set.
            unsafe { vst1q_u8(to.add(16 * index), quarter) }
        }
    }

    #[inline(always)]
    fn equal(self, block: Self::Block, byte: u8) -> u64 {
        // SAFETY: `self` is the proof that the processor has the instruction set.
        unsafe { equal(block, byte) }
    }

    #[inline(always)]
    fn between(self, block: Self::Block, low: u8, high: u8) -> u64 {
        // SAFETY: `self` is the proof that the processor has the instruction set.
        unsafe { between(block, low, high) }
    }

    #[inline(always)]
    fn control(self, block: Self::Block) -> u64 {
        // SAFETY: as above.
        unsafe { control(block) }
    }

    #[inline(always)]
    fn high(self, block: Self::Block) -> u64 {
        // SAFETY: as above.
        unsafe { high(block) }
    }

    #[inline(always)]
    fn special(self, block: Self::Block) -> u64 {
        // SAFETY: as above.
        unsafe { special(block) }
    }

    #[inline(always)]
    fn bit(self, block: Self::Block, bit: u32) -> u64 {
        // SAFETY: as above.
        unsafe {
            let bit = vdupq_n_u8(1 << bit);
            mask([
                vtstq_u8(block[0], bit),
                vtstq_u8(block[1], bit),
                vtstq_u8(block[2], bit),
                vtstq_u8(block[3], bit),
            ])
        }
    }

    #[inline(always)]
    fn squeeze(self, block: Self::Block, keep: u64, room: &mut [MaybeUninit<u8>; 64]) {
        // SAFETY: as above.
        unsafe { squeeze(block, keep, room) }
    }

    #[inline(always)]
    fn positions(self, marks: u64, base: u32, room: &mut [u32; 64]) {
        forms::positions(marks, base, room);
    }

    #[inline(always)]
    fn first(self, block: Self::Block, len: usize) -> Self::Block {
        let keep = self.load(forms::first_bytes(len));
        // SAFETY: `self` is the proof that the processor has the instruction set.
        std::array::from_fn(|index| unsafe { vandq_u8(block[index], keep[index]) })
    }

    #[inline(always)]
    fn is_utf8(self, bytes: &[u8], from: usize, end: usize) -> bool {
        utf8::is_utf8(self, bytes, from, end)
    }

    #[inline(always)]
    fn apart<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` is the proof that the processor has the instruction set.
        unsafe { apart(self, kernel) }
    }

    #[inline(always)]
    fn prefix_xor(self, mut marks: u64) -> u64 {
        // A shift and an exclusive or are one instruction here, and the product without carries is not everywhere.
        for shift in [1, 2, 4, 8, 16, 32] {
            marks ^= marks << shift;
        }
        marks
    }

    #[inline(always)]
    fn digits(self, tail: &[u8; 16], len: usize) -> (u64, bool) {
        // SAFETY: as above.
        unsafe { cells::digits(tail, len) }
    }

    #[inline(always)]
    fn points(self, tail: &[u8; 33]) -> (u32, u32) {
        // SAFETY: as above.
        unsafe { cells::points(tail) }
    }

    #[inline(always)]
    fn digits_around(self, tail: &[u8; 33], fraction: usize, len: usize) -> (u64, u64, bool) {
        // SAFETY: as above.
        unsafe { cells::digits_around(tail, fraction, len) }
    }

    #[inline(always)]
    fn datetime(self, text: &[u8; 32], fraction: usize) -> Datetime {
        // SAFETY: as above.
        unsafe { cells::datetime(text, fraction) }
    }

    #[inline(always)]
    fn guid(self, text: &[u8; 36]) -> ([u8; 16], bool) {
        // SAFETY: as above.
        unsafe { cells::guid(text) }
    }
}

impl utf8::Faults for Neon {
    #[inline(always)]
    fn utf8_faults(self, before: Self::Block, block: Self::Block, faults: Self::Block) -> Self::Block {
        // SAFETY: as above.
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

/// A bit for each byte, all of whose bits are alike.
#[inline]
#[target_feature(enable = "neon")]
fn mask(block: [uint8x16_t; 4]) -> u64 {
    let bits = load16(&BITS);
    let bits = [
        vandq_u8(block[0], bits),
        vandq_u8(block[1], bits),
        vandq_u8(block[2], bits),
        vandq_u8(block[3], bits),
    ];
    let sums = vpaddq_u8(vpaddq_u8(bits[0], bits[1]), vpaddq_u8(bits[2], bits[3]));
    vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)))
}

const BITS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];

/// A bit for each of 16 bytes that does not stand for itself in a JSON string.
#[inline]
pub(super) fn special16(piece: &[u8; 16]) -> u32 {
    #[inline]
    #[target_feature(enable = "neon")]
    fn special16(piece: uint8x16_t) -> u32 {
        let bits = vandq_u8(special_in(piece), load16(&BITS));
        let sums = vpaddq_u8(bits, bits);
        let sums = vpaddq_u8(sums, sums);
        u32::from(vgetq_lane_u16::<0>(vreinterpretq_u16_u8(vpaddq_u8(sums, sums))))
    }

    // SAFETY: as for the load.
    unsafe { special16(load16(piece)) }
}

#[inline]
#[target_feature(enable = "neon")]
fn equal(block: [uint8x16_t; 4], byte: u8) -> u64 {
    let byte = vdupq_n_u8(byte);
    mask([
        vceqq_u8(block[0], byte),
        vceqq_u8(block[1], byte),
        vceqq_u8(block[2], byte),
        vceqq_u8(block[3], byte),
    ])
}

#[inline]
#[target_feature(enable = "neon")]
fn between(block: [uint8x16_t; 4], low: u8, high: u8) -> u64 {
    let (low, most) = (vdupq_n_u8(low), vdupq_n_u8(high.wrapping_sub(low)));
    mask([
        vcleq_u8(vsubq_u8(block[0], low), most),
        vcleq_u8(vsubq_u8(block[1], low), most),
        vcleq_u8(vsubq_u8(block[2], low), most),
        vcleq_u8(vsubq_u8(block[3], low), most),
    ])
}

#[inline]
#[target_feature(enable = "neon")]
fn control(block: [uint8x16_t; 4]) -> u64 {
    let limit = vdupq_n_u8(0x20);
    mask([
        vcltq_u8(block[0], limit),
        vcltq_u8(block[1], limit),
        vcltq_u8(block[2], limit),
        vcltq_u8(block[3], limit),
    ])
}

#[inline]
#[target_feature(enable = "neon")]
fn high(block: [uint8x16_t; 4]) -> u64 {
    let limit = vdupq_n_u8(0x80);
    mask([
        vcgeq_u8(block[0], limit),
        vcgeq_u8(block[1], limit),
        vcgeq_u8(block[2], limit),
        vcgeq_u8(block[3], limit),
    ])
}

#[inline]
#[target_feature(enable = "neon")]
fn special(block: [uint8x16_t; 4]) -> u64 {
    mask([
        special_in(block[0]),
        special_in(block[1]),
        special_in(block[2]),
        special_in(block[3]),
    ])
}

#[inline]
#[target_feature(enable = "neon")]
fn special_in(quarter: uint8x16_t) -> uint8x16_t {
    let quotes = vceqq_u8(quarter, vdupq_n_u8(b'"'));
    let backslashes = vceqq_u8(quarter, vdupq_n_u8(b'\\'));
    let controls = vcltq_u8(quarter, vdupq_n_u8(0x20));
    vorrq_u8(vorrq_u8(quotes, backslashes), controls)
}

/// Eight bytes at a time: a table says for each pattern of marks where the bytes come from.
#[inline]
#[target_feature(enable = "neon")]
fn squeeze(block: [uint8x16_t; 4], keep: u64, room: &mut [MaybeUninit<u8>; 64]) {
    let mut at = 0;
    for (index, quarter) in block.into_iter().enumerate() {
        for (half, bytes) in [vget_low_u8(quarter), vget_high_u8(quarter)]
            .into_iter()
            .enumerate()
        {
            let keep = (keep >> (16 * index + 8 * half)) as u8;
            let places = vcreate_u8(SQUEEZED[usize::from(keep)]);
            let squeezed = vget_lane_u64::<0>(vreinterpret_u64_u8(vtbl1_u8(bytes, places)));
            // No more than eight bytes came from each half before, so that eight are left.
            if let Some(place) = room.get_mut(at..at + 8) {
                place.copy_from_slice(&squeezed.to_le_bytes().map(MaybeUninit::new));
            }
            at += keep.count_ones() as usize;
        }
    }
}

/// For each pattern of eight marks the places of those that are set, a byte each, the first one lowest.
const SQUEEZED: [u64; 256] = {
    let mut table = [0; 256];
    let mut marks = 0;
    while marks < 256 {
        let (mut place, mut len) = (0, 0);
        while place < 8 {
            if marks >> place & 1 == 1 {
                table[marks] |= (place as u64) << (8 * len);
                len += 1;
            }
            place += 1;
        }
        marks += 1;
    }
    table
};

#[inline]
#[target_feature(enable = "neon")]
fn utf8_faults(before: uint8x16_t, quarter: uint8x16_t, faults: uint8x16_t) -> uint8x16_t {
    let first = vextq_u8::<15>(before, quarter);
    let second = vextq_u8::<14>(before, quarter);
    let third = vextq_u8::<13>(before, quarter);
    let high = |bytes| vshrq_n_u8::<4>(bytes);
    let look_up = |table, places| vqtbl1q_u8(load16(table), places);
    let wrong = vandq_u8(
        vandq_u8(
            look_up(&utf8::FIRST_HIGH, high(first)),
            look_up(&utf8::FIRST_LOW, vandq_u8(first, vdupq_n_u8(0x0f))),
        ),
        look_up(&utf8::SECOND_HIGH, high(quarter)),
    );
    let due = vorrq_u8(
        vqsubq_u8(second, vdupq_n_u8(utf8::THREE_BYTES)),
        vqsubq_u8(third, vdupq_n_u8(utf8::FOUR_BYTES)),
    );
    let due = vandq_u8(due, vdupq_n_u8(0x80));
    vorrq_u8(faults, veorq_u8(due, wrong))
}
