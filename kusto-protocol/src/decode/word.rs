//! Eight bytes at a time, in a plain integer.

/// The eight bytes at a place, the first one lowest.
#[inline]
pub(super) fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// Marks the bytes that do not stand for themselves in a JSON string: quote, backslash, control characters. The
/// lowest mark is right; a byte after it may be marked without reason.
#[inline]
pub(super) const fn special_bytes(word: u64) -> u64 {
    quotes(word) | below(word ^ (ONES * b'\\' as u64), 1) | below(word, 0x20)
}

/// Marks quotes. The lowest mark is right; a byte after it may be marked without reason.
#[inline]
pub(super) const fn quotes(word: u64) -> u64 {
    below(word ^ (ONES * b'"' as u64), 1)
}

/// Marks the bytes below a limit, as said above.
const fn below(word: u64, limit: u8) -> u64 {
    // Such a byte borrows from the next one, and so gets its high bit.
    word.wrapping_sub(ONES * limit as u64) & !word & HIGH_BITS
}

/// Marks the bytes that are not ASCII.
#[inline]
pub(super) const fn non_ascii_bytes(word: u64) -> u64 {
    word & HIGH_BITS
}

/// Marks the bytes that are no digits. The lowest mark is right; a byte after it may be marked without reason.
#[inline]
pub(super) const fn non_digit_bytes(word: u64) -> u64 {
    let digits = word ^ (ONES * b'0' as u64);
    (digits.wrapping_add(ONES * 0x76) | digits) & HIGH_BITS
}

/// The index of the lowest byte that is marked; 8 if none is.
#[inline]
pub(super) const fn index_of_first(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

/// The number that eight digits say, each in its byte without the bits of a character, the first one lowest.
#[inline(always)]
pub(super) const fn eight_digits(digits: u64) -> u64 {
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x80 * ONES;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_mark_is_right(bytes in any::<[u8; 8]>(), bits in 5u32..9) {
            // Few bits give many digits, many bits a few of everything.
            let bytes = bytes.map(|byte| if bits == 5 { b'0' + byte % 12 } else { (u32::from(byte) & ((1 << bits) - 1)) as u8 });
            let word = word_at(&bytes, 0).unwrap();
            let first = |is_marked: fn(&u8) -> bool| bytes.iter().position(is_marked).unwrap_or(8);
            prop_assert_eq!(index_of_first(special_bytes(word)), first(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)));
            prop_assert_eq!(index_of_first(quotes(word)), first(|byte| *byte == b'"'));
            prop_assert_eq!(index_of_first(non_ascii_bytes(word)), first(|byte| *byte >= 0x80));
            prop_assert_eq!(index_of_first(non_digit_bytes(word)), first(|byte| !byte.is_ascii_digit()));
        }
    }
}
