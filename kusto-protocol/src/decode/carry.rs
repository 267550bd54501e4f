//! A row that is cut by the end of a chunk.

use super::Source;
use crate::simd::{self, Kernel, Lanes, Level, block_at, escaped};

/// A row or error object of which the beginning has come.
#[derive(Debug, Default)]
pub(super) struct Carry {
    pub(super) bytes: Vec<u8>,
    /// Offset in the stream of the first byte.
    pub(super) offset: u64,
    /// How far its end was looked for.
    scan: Scan,
    /// With so many bytes it is seen whether there is anything wrong with them.
    due: usize,
}

/// What the bytes so far say of those to come.
#[derive(Clone, Copy, Debug, Default)]
struct Scan {
    /// Brackets that are open.
    depth: u32,
    /// All ones within a string.
    in_string: u64,
    /// One after a backslash that escapes the next byte.
    escape: u64,
}

impl Carry {
    /// Takes everything there is.
    pub(super) fn begin(&mut self, source: &mut Source<'_>, level: Level) {
        self.offset = source.offset;
        self.scan = Scan::default();
        self.extend(source, usize::MAX, level);
        self.due = FIRST_DUE.max(2 * self.bytes.len());
    }

    /// Takes everything there is, unless the end is there.
    pub(super) fn begin_if_cut(&mut self, source: &mut Source<'_>, level: Level) -> bool {
        let mut scan = Scan::default();
        if scan.end_of(source.bytes, level).is_some() {
            return false;
        }
        self.offset = source.offset;
        self.scan = scan;
        self.bytes.extend_from_slice(source.bytes);
        source.advance(source.bytes.len());
        self.due = FIRST_DUE.max(2 * self.bytes.len());
        true
    }

    pub(super) fn clear(&mut self) {
        // A row of unusual length should not hold its memory for the rest of the answer.
        if self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
    }

    /// Takes bytes up to the bracket that closes the first one, and says whether it has come.
    pub(super) fn extend(&mut self, source: &mut Source<'_>, max_len: usize, level: Level) -> bool {
        let window = &source.bytes[..source.bytes.len().min(max_len - self.bytes.len())];
        let end = self.scan.end_of(window, level);
        let len = end.unwrap_or(window.len());
        self.bytes.extend_from_slice(&window[..len]);
        source.advance(len);
        end.is_some()
    }

    /// Whether to look at what there is although the end has not come: at twice as much each time, so that what is
    /// wrong is found soon, and all looks together cost no more than two at all of it.
    pub(super) fn is_due(&mut self, max_len: usize) -> bool {
        let is_due = self.bytes.len() >= self.due.min(max_len);
        if is_due {
            self.due = 2 * self.bytes.len();
        }
        is_due
    }
}

impl Scan {
    /// The number of bytes up to and with the bracket that closes the first one.
    fn end_of(&mut self, bytes: &[u8], level: Level) -> Option<usize> {
        let blocks = Blocks { bytes, scan: *self };
        let (end, scan) = simd::run(level, blocks);
        *self = scan;
        end
    }
}

/// Bytes in which to look for the end.
#[derive(Clone, Copy)]
struct Blocks<'a> {
    bytes: &'a [u8],
    scan: Scan,
}

impl Kernel for Blocks<'_> {
    type Output = (Option<usize>, Scan);

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        let Self { bytes, mut scan } = self;
        let mut base = 0;
        while base < bytes.len() {
            let block = block_at(lanes, bytes, base);
            let (mut quotes, backslashes) = (lanes.equal(block, b'"'), lanes.equal(block, b'\\'));
            if backslashes | scan.escape != 0 {
                let escaped = escaped(backslashes, scan.escape);
                quotes &= !escaped;
                scan.escape = match bytes.len() - base {
                    // Of the byte that is next, wherever the bytes end.
                    left @ 0..64 => escaped >> left & 1,
                    _ => (backslashes & !escaped) >> 63,
                };
            }
            let strings = lanes.prefix_xor(quotes) ^ scan.in_string;
            scan.in_string = ((strings as i64) >> 63) as u64;
            let opening = (lanes.equal(block, b'[') | lanes.equal(block, b'{')) & !strings;
            let closing = (lanes.equal(block, b']') | lanes.equal(block, b'}')) & !strings;
            if closing.count_ones() < scan.depth {
                // The end cannot be among them.
                scan.depth = scan.depth + opening.count_ones() - closing.count_ones();
            } else {
                let mut brackets = opening | closing;
                while brackets != 0 {
                    let bit = brackets & brackets.wrapping_neg();
                    if opening & bit != 0 {
                        scan.depth += 1;
                    } else {
                        scan.depth = scan.depth.saturating_sub(1);
                        if scan.depth == 0 {
                            return (Some(base + bit.trailing_zeros() as usize + 1), scan);
                        }
                    }
                    brackets ^= bit;
                }
            }
            base += 64;
        }
        (None, scan)
    }
}

const KEPT: usize = 1 << 20;
const FIRST_DUE: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Isa;

    /// Looks for the bracket that closes the first one, one byte after the other.
    fn walk(bytes: &[u8]) -> Option<usize> {
        let (mut depth, mut in_string, mut escape) = (0, false, false);
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if escape => escape = false,
                b'\\' => escape = in_string,
                b'"' => in_string = !in_string,
                b'[' | b'{' if !in_string => depth += 1,
                b']' | b'}' if !in_string => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }

    proptest! {
        #[test]
        fn every_instruction_set_finds_the_end_that_a_walk_finds(
            text in "(\\[|\"[ab\\]\\[]{0,70}(\\\\\"|\\\\\\\\){0,3}\"|[\\[\\]{},:0-9]|\\]){0,30}",
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
        ) {
            let bytes = [b"[", text.as_bytes()].concat();
            let expected = walk(&bytes);
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.push(bytes.len());
            cuts.sort_unstable();
            for isa in Isa::available() {
                let (mut scan, mut from, mut found) = (Scan::default(), 0, None);
                for to in &cuts {
                    if found.is_none() {
                        found = scan.end_of(&bytes[from..*to], Level::new(isa)).map(|end| from + end);
                    }
                    from = *to;
                }
                prop_assert_eq!(found, expected, "{:?} {}", isa, text);
            }
        }
    }
}
