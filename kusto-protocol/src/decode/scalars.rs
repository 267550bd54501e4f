//! Scalars of nested JSON that are not strings, checked 64 bytes at a time.

use super::json::is_scalar;
use super::word::word_at;
use crate::simd::Lanes;

/// Numbers, `true`, `false` and `null`, from block to block.
#[derive(Default)]
pub(super) struct Scalars {
    /// Whether the byte before the next block is of one.
    pub(super) goes_on: u64,
    /// Whether it is a zero with which one begins.
    zero: u64,
}

impl Scalars {
    /// Whether the scalars of a block are right; `starts` are the first bytes of those that begin in it.
    #[inline(always)]
    pub(super) fn check<L: Lanes>(
        &mut self,
        lanes: L,
        block: L::Block,
        bytes: &[u8],
        base: usize,
        scalars: u64,
        starts: u64,
    ) -> bool {
        if scalars == 0 {
            self.zero = 0;
            return true;
        }
        let digits = lanes.between(block, b'0', b'9') & scalars;
        let zeros = lanes.equal(block, b'0') & starts;
        let after_zeros = zeros << 1 | self.zero;
        self.zero = zeros >> 63;
        if after_zeros & digits != 0 {
            return false;
        }
        digits == scalars || are_scalars(bytes, base, scalars, starts, digits)
    }
}

/// Whether those scalars of a block are right that are not of digits alone.
#[inline(always)]
fn are_scalars(bytes: &[u8], base: usize, scalars: u64, starts: u64, digits: u64) -> bool {
    // Words and signs; and where the first digits are followed by something else, all numbers.
    let mut suspects = starts & !digits;
    let after_digits = digits.wrapping_add(starts & digits) & !digits;
    if after_digits & scalars != 0 {
        suspects = starts;
    }
    while suspects != 0 {
        let at = base + suspects.trailing_zeros() as usize;
        if !is_word(bytes, at) && !bytes.get(at..).is_some_and(is_scalar) {
            return false;
        }
        suspects &= suspects - 1;
    }
    // What is left of one that began in the block before.
    let rest = scalars & !scalars.wrapping_add(!starts & 1);
    rest & !digits == 0 || is_scalar_around(bytes, base)
}

/// Whether `true`, `false` or `null` begins at this place, ends where it must, and is not at the end of the bytes.
#[inline(always)]
fn is_word(bytes: &[u8], at: usize) -> bool {
    const WORD: u64 = 0xffff_ffff;
    let Some(word) = word_at(bytes, at) else {
        return false;
    };
    let (front, end) = (word & WORD, word >> 32);
    let is_four =
        front == u64::from(u32::from_le_bytes(*b"true")) || front == u64::from(u32::from_le_bytes(*b"null"));
    let is_five = front == u64::from(u32::from_le_bytes(*b"fals")) && end as u8 == b'e';
    let stop = (end >> (8 * u32::from(is_five))) as u8;
    (is_four || is_five) && matches!(stop, b',' | b']' | b'}')
}

/// Whether the scalar is right of which the byte at this place is a part.
#[cold]
#[inline(never)]
fn is_scalar_around(bytes: &[u8], at: usize) -> bool {
    let front = bytes.get(..at).unwrap_or_default().iter().rev();
    let len = front
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        .count();
    is_scalar(bytes.get(at - len..).unwrap_or_default())
}
