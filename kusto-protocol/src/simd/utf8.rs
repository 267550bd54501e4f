//! Whether bytes are UTF-8: 64 of them at a time, after Keiser and Lemire, "Validating UTF-8 in less than one
//! instruction per byte" (2021).
//!
//! Everything that can be wrong with a sequence shows in two bytes side by side, but for the number of bytes that have
//! to follow. Of each byte and the one before three tables say what may be wrong; what all three of them say is.

use super::lanes::{Lanes, block_at};

/// What an instruction set that looks up 16 bytes at a time in a table has to offer.
pub(super) trait Faults: Lanes {
    /// `faults`, with bits set where the UTF-8 of a block is wrong, given the block before it. A sequence that the end
    /// of the block cuts is not wrong yet.
    fn utf8_faults(self, before: Self::Block, block: Self::Block, faults: Self::Block) -> Self::Block;
}

/// Bytes that come block by block.
#[derive(Clone, Copy)]
struct Utf8<L: Lanes> {
    before: L::Block,
    /// Of the block before, the bytes from 0x80 on.
    high: u64,
    faults: L::Block,
}

impl<L: Faults> Utf8<L> {
    #[inline(always)]
    fn new(lanes: L) -> Self {
        let zeros = lanes.load(&[0; 64]);
        Self {
            before: zeros,
            high: 0,
            faults: zeros,
        }
    }

    /// Takes the next block. A text that ends within a block goes on with zeros.
    #[inline(always)]
    fn push(&mut self, lanes: L, block: L::Block) {
        let high = lanes.high(block);
        // Of the block before, three bytes can matter.
        if high | self.high >> 61 != 0 {
            self.faults = lanes.utf8_faults(self.before, block, self.faults);
        }
        self.before = block;
        self.high = high;
    }

    /// Whether all blocks were UTF-8, the end of the last one included.
    #[inline(always)]
    fn is_valid(mut self, lanes: L) -> bool {
        self.push(lanes, lanes.load(&[0; 64]));
        lanes.equal(self.faults, 0) == u64::MAX
    }
}

/// See [`Lanes::is_utf8`].
#[inline(always)]
pub(super) fn is_utf8<L: Faults>(lanes: L, bytes: &[u8], from: usize, end: usize) -> bool {
    let mut text = Utf8::new(lanes);
    let mut at = from;
    while at < end {
        let block = block_at(lanes, bytes, at);
        let len = (end - at).min(64);
        text.push(lanes, if len < 64 { lanes.first(block, len) } else { block });
        at += len;
    }
    text.is_valid(lanes)
}

/// A lead byte, and no continuation after it.
const TOO_SHORT: u8 = 1 << 0;
/// ASCII, and a continuation after it.
const TOO_LONG: u8 = 1 << 1;
/// What three bytes say that two can.
const OVERLONG_3: u8 = 1 << 2;
/// Above U+10FFFF, by the second byte.
const TOO_LARGE: u8 = 1 << 3;
const SURROGATE: u8 = 1 << 4;
/// What two bytes say that one can.
const OVERLONG_2: u8 = 1 << 5;
/// Above U+10FFFF by the first byte, where the second is 0x80 to 0x8f.
const TOO_LARGE_1000: u8 = 1 << 6;
/// What four bytes say that three can: by another first byte than the above.
const OVERLONG_4: u8 = 1 << 6;
/// Two continuations: right if a third or fourth byte is due, and wrong if not. It is the highest bit, where the
/// bytes of which that is so are marked.
const TWO_CONTINUATIONS: u8 = 1 << 7;

/// What the upper half of the byte before allows to be wrong.
pub(super) const FIRST_HIGH: [u8; 16] = [
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TWO_CONTINUATIONS,
    TWO_CONTINUATIONS,
    TWO_CONTINUATIONS,
    TWO_CONTINUATIONS,
    TOO_SHORT | OVERLONG_2,
    TOO_SHORT,
    TOO_SHORT | OVERLONG_3 | SURROGATE,
    TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4,
];

/// What its lower half does.
pub(super) const FIRST_LOW: [u8; 16] = {
    // What does not depend on it.
    let mut table = [TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS; 16];
    table[0] |= OVERLONG_2 | OVERLONG_3 | OVERLONG_4;
    table[1] |= OVERLONG_2;
    table[0xd] |= SURROGATE;
    let mut low = 4;
    while low < 16 {
        table[low] |= if low == 4 {
            TOO_LARGE
        } else {
            TOO_LARGE | TOO_LARGE_1000
        };
        low += 1;
    }
    table
};

/// What the upper half of the byte itself does.
pub(super) const SECOND_HIGH: [u8; 16] = {
    const CONTINUATION: u8 = TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS;
    let mut table = [TOO_SHORT; 16];
    table[0x8] = CONTINUATION | OVERLONG_3 | OVERLONG_4 | TOO_LARGE_1000;
    table[0x9] = CONTINUATION | OVERLONG_3 | TOO_LARGE;
    table[0xa] = CONTINUATION | SURROGATE | TOO_LARGE;
    table[0xb] = CONTINUATION | SURROGATE | TOO_LARGE;
    table
};

/// Subtracted from the byte two places before: the highest bit is left if it begins three bytes or more.
pub(super) const THREE_BYTES: u8 = 0xe0 - 0x80;
/// Subtracted from the byte three places before: the highest bit is left if it begins four bytes.
pub(super) const FOUR_BYTES: u8 = 0xf0 - 0x80;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simd::{Isa, Kernel, Level, run};

    struct Valid<'a>(&'a [u8], usize, usize);

    impl Kernel for Valid<'_> {
        type Output = bool;

        #[inline(always)]
        fn run<L: Lanes>(self, lanes: L) -> bool {
            lanes.is_utf8(self.0, self.1, self.2)
        }
    }

    /// Checks the text at a place among other bytes, against the standard library.
    fn check(text: &[u8], front: usize, back: &[u8]) {
        let expected = std::str::from_utf8(text).is_ok();
        let bytes = [&vec![0x9f; front], text, back].concat();
        for isa in Isa::available() {
            let found = run(Level::new(isa), Valid(&bytes, front, front + text.len()));
            assert_eq!(found, expected, "{isa:?}: {text:x?} at {front}");
        }
    }

    /// Sequences that are right, and at least one of each kind that is not.
    const SEQUENCES: &[&[u8]] = &[
        b"\x7f",
        b"\xc2\x80",
        b"\xdf\xbf",
        b"\xe0\xa0\x80",
        b"\xec\xbf\xbf",
        b"\xed\x9f\xbf",
        b"\xee\x80\x80",
        b"\xef\xbf\xbf",
        b"\xf0\x90\x80\x80",
        b"\xf3\xbf\xbf\xbf",
        b"\xf4\x8f\xbf\xbf",
        // Too long.
        b"\x80",
        b"\xbf",
        b"\xc2\x80\x80",
        b"\xe1\x80\x80\x80",
        b"\xf1\x80\x80\x80\x80",
        // Too short.
        b"\xc2",
        b"\xc2\xc2\x80",
        b"\xe1",
        b"\xe1\x80",
        b"\xe1\x80\xe1\x80\x80",
        b"\xf1",
        b"\xf1\x80",
        b"\xf1\x80\x80",
        b"\xf1\x80\x80\xf1",
        // What fewer bytes can say.
        b"\xc0\x80",
        b"\xc1\xbf",
        b"\xe0\x80\x80",
        b"\xe0\x9f\xbf",
        b"\xf0\x80\x80\x80",
        b"\xf0\x8f\xbf\xbf",
        // Surrogates.
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        // Above U+10FFFF, and bytes that never occur.
        b"\xf4\x90\x80\x80",
        b"\xf5\x80\x80\x80",
        b"\xf7\xbf\xbf\xbf",
        b"\xf8\x88\x80\x80\x80",
        b"\xfc\x84\x80\x80\x80\x80",
        b"\xfe",
        b"\xff",
    ];

    #[test]
    fn sequences_at_every_place_and_cut_at_every_end() {
        for sequence in SEQUENCES {
            for before in 0..130 {
                for after in [0, 1, 2, 3, 63, 64, 65] {
                    let mut text = vec![b'a'; before];
                    text.extend_from_slice(sequence);
                    text.extend(vec![b'z'; after]);
                    // What follows the end must not be looked at, whether it would make the text right or wrong.
                    for back in [&b""[..], &[0xbf; 70], &[b'"'; 3]] {
                        check(&text, before % 7, back);
                    }
                }
            }
        }
    }

    #[test]
    fn all_pairs_of_bytes_after_each_lead() {
        for lead in [
            &b"a"[..],
            b"\xc3",
            b"\xe1",
            b"\xe1\x80",
            b"\xf1\x80",
            b"\xf1\x80\x80",
        ] {
            for first in 0..=255 {
                for second in (0..=255).step_by(if lead == b"a" { 1 } else { 5 }) {
                    // Over the border of two blocks.
                    let text = [&[b'-'; 62], lead, &[first, second, b'.']].concat();
                    check(&text, 0, b"");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn texts_with_a_byte_changed(
            text in "[a-z\u{80}-\u{7ff}\u{800}-\u{ffff}\u{10000}-\u{10ffff}]{0,90}",
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            front in 0usize..64,
        ) {
            let mut bytes = text.into_bytes();
            check(&bytes, front, b"\x80");
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
                check(&bytes, front, b"\x80");
                bytes.truncate(at);
                check(&bytes, front, b"\x80\x80\x80");
            }
        }

        #[test]
        fn any_bytes(bytes in proptest::collection::vec(0x70u8.., 0..150)) {
            check(&bytes, 0, b"");
        }
    }
}
