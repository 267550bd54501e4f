//! Nested JSON, checked 64 bytes at a time.
//!
//! A block becomes a bit mask for each kind of byte. Everything but brackets is said about all bytes of the block at
//! once: which kind may follow which, and that a colon comes after the names of members and nowhere else. A block begins
//! with the last byte of the one before, so that what follows is always in the same block.
//!
//! What a comma means depends on the innermost bracket, so that brackets are walked one by one. But the values of a
//! column mostly have the same marks (brackets, braces, colons and commas), as they are written by the same query. So the
//! marks of one value are kept, with what may come after each, and a value with the same marks need not be walked over.
//! Where bits are not moved at once, the text between its scalars is kept instead; see `template.rs`.
//!
//! Only the compact form is taken, without escapes but the short ones, and nested at most 64 deep.

use super::json::is_scalar;
use super::pause::Pause;
use super::template::Template;
use super::word::word_at;
use crate::simd::{Kernel, Lanes, append_marked, block_at, escaped};

/// What a value of a column looked like.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// Of each mark those bits that tell it from others, and what comes after it; then zeros for a block.
    marks: Vec<u8>,
    len: usize,
    /// What is kept instead where bits are not moved at once.
    template: Template,
    /// Values in it are not compared with the shape, and not kept.
    pause: Pause,
}

/// The bits that tell marks from each other.
const KIND: u8 = 0b0110_0010;
/// After the mark comes a value or a name.
const CONTENT: u8 = 0b1000_0000;
/// After it comes a name.
const NAME: u8 = 0b0000_0001;
/// After it comes the next mark.
const NOTHING: u8 = 0b0001_0000;

/// The index after the object or array that begins at `at`, which is not 0; nothing if it is in any way unusual, wrong
/// or cut.
#[inline(always)]
pub(super) fn nested_end<L: Lanes>(
    lanes: L,
    bytes: &[u8],
    at: usize,
    max_depth: usize,
    shape: &mut Shape,
) -> Option<usize> {
    let keep = shape.pause.is_over();
    if keep && (shape.len > 0 || !shape.template.is_empty()) {
        let end = if L::MOVES_BITS {
            end_of_shape(lanes, bytes, at, shape)
        } else {
            shape.template.end(lanes, bytes, at)
        };
        if end.is_some() {
            shape.pause.succeed();
            return end;
        }
        shape.pause.fail();
    }
    lanes.apart(Walk {
        bytes,
        at,
        max_depth,
        shape,
        keep,
    })
}

/// As [`nested_end`], of a value that has the marks of one before.
#[inline(always)]
fn end_of_shape<L: Lanes>(lanes: L, bytes: &[u8], at: usize, shape: &Shape) -> Option<usize> {
    let (mut strings, mut scalars) = (Strings::default(), Scalars::default());
    let (mut base, mut seen) = (at.checked_sub(1)?, 0);
    while base < bytes.len() {
        let block = block_at(lanes, bytes, base);
        let Bytes {
            quotes_open,
            quotes_close,
            marks,
            outside,
        } = strings.look(lanes, block)?;
        // The last byte comes again.
        let own = marks & u64::MAX >> 1;
        let (count, left) = (own.count_ones() as usize, shape.len - seen);
        let mut valid = u64::MAX;
        let mut compared = ones(count);
        if count >= left {
            let last = 1 << lanes.nth(own, left - 1);
            valid = last | (last - 1);
            compared = ones(left);
        }
        let expected = block_at(lanes, &shape.marks, seen);
        if lanes.differs(block, own, expected) & compared != 0 {
            return None;
        }
        let after = |bit: u32| lanes.deposit(lanes.bit(expected, bit), own) << 1;
        let (content, name, nothing) = (
            after(CONTENT.trailing_zeros()),
            after(NAME.trailing_zeros()),
            after(NOTHING.trailing_zeros()),
        );
        let numbers = outside & !marks;
        let wrong = content & marks
            | name & !quotes_open
            | nothing & !marks
            | quotes_close << 1 & !marks
            | numbers << 1 & !(numbers | marks)
            | lanes.control(block);
        if wrong & valid != 0 || !scalars.check(lanes, block, bytes, base, numbers & valid) {
            return None;
        }
        if count >= left {
            return Some(base + 64 - valid.leading_zeros() as usize);
        }
        seen += count;
        base += 63;
    }
    None
}

/// As [`nested_end`], of any value, whose marks may then be kept.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    max_depth: usize,
    shape: &'a mut Shape,
    keep: bool,
}

impl Kernel for Walk<'_> {
    type Output = Option<usize>;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Option<usize> {
        let Self {
            bytes,
            at,
            max_depth,
            shape,
            keep,
        } = self;
        if keep {
            shape.clear();
        }
        let keep_marks = keep && L::MOVES_BITS;
        let (mut strings, mut scalars) = (Strings::default(), Scalars::default());
        // The carry of the addition that looks for names' ends.
        let mut in_name = 0;
        // For each open bracket, the innermost one lowest, whether it is a brace.
        let (mut open, mut depth) = (0u64, 0);
        let max_depth = max_depth.min(64);
        let mut base = at.checked_sub(1)?;
        // The separator before the value is kept as its first mark, and not walked over.
        let mut walked = u64::MAX >> 1 & !1;
        while base < bytes.len() {
            let block = block_at(lanes, bytes, base);
            let Bytes {
                quotes_open,
                quotes_close,
                marks,
                outside,
            } = strings.look(lanes, block)?;
            let (brackets, curly) = (lanes.bit(block, 6), lanes.bit(block, 5));
            let opening = lanes.bit(block, 1);
            let (opens, ends) = (marks & brackets & opening, marks & brackets & !opening);
            let (braces, arrays) = (opens & curly, opens & !curly);
            let (colons, commas) = (marks & !brackets & opening, marks & !brackets & !opening);

            // Which commas are in objects, and where the value ends.
            let mut in_object = (open & 1).wrapping_neg();
            let mut valid = u64::MAX;
            let mut left = (opens | ends) & walked;
            walked = u64::MAX >> 1;
            while left != 0 {
                let bit = left & left.wrapping_neg();
                left ^= bit;
                if ends & bit == 0 {
                    if depth == max_depth {
                        return None;
                    }
                    open = open << 1 | u64::from(braces & bit != 0);
                    depth += 1;
                } else {
                    if depth == 0 || (curly & bit != 0) != (open & 1 == 1) {
                        return None;
                    }
                    open >>= 1;
                    depth -= 1;
                    if depth == 0 {
                        valid = bit | (bit - 1);
                        break;
                    }
                }
                // From here on.
                let rest = !(bit | (bit - 1));
                in_object = in_object & !rest | (open & 1).wrapping_neg() & rest;
            }

            let numbers = outside & !marks;
            let wants_name = (commas & in_object) << 1;
            let wants_value = (colons | commas & !in_object) << 1;
            let after_brace = braces << 1;
            // A one added at the opening quote of a name runs through the string and comes out at the closing one.
            let names = quotes_open & (after_brace | wants_name);
            let (sum, carry1) = strings.within.overflowing_add(names);
            let (sum, carry2) = sum.overflowing_add(in_name);
            let name_ends = sum & quotes_close;
            in_name = u64::from(carry1 | carry2) | name_ends >> 63;
            let values = quotes_open | opens | numbers;
            let wrong = (quotes_close | ends) << 1 & !(commas | ends | colons)
                | numbers << 1 & !(numbers | commas | ends)
                | wants_value & !values
                | wants_name & !quotes_open
                | after_brace & !(quotes_open | ends)
                | arrays << 1 & !(values | ends)
                | (name_ends << 1 ^ colons & !1)
                | lanes.control(block);
            if wrong & valid != 0 || !scalars.check(lanes, block, bytes, base, numbers & valid) {
                return None;
            }
            if keep_marks {
                append_marked(lanes, block, marks & valid & u64::MAX >> 1, &mut shape.marks);
            }
            if valid != u64::MAX {
                let end = base + 64 - valid.leading_zeros() as usize;
                if keep_marks {
                    shape.end();
                } else if keep {
                    shape.template.learn(&bytes[at..end]);
                }
                return Some(end);
            }
            base += 63;
        }
        None
    }
}

impl Shape {
    fn clear(&mut self) {
        self.marks.clear();
        self.len = 0;
        self.template.clear();
    }

    /// All marks have come.
    fn end(&mut self) {
        self.len = self.marks.len();
        let mut next = 0;
        for mark in self.marks.iter_mut().rev() {
            let after = match (*mark, next) {
                // The last one.
                (_, 0) => 0,
                (_, b':') => CONTENT | NAME,
                (b']' | b'}', _) | (_, b'[' | b'{') | (b'{', b'}') => NOTHING,
                (b'[', b']') => 0,
                _ => CONTENT,
            };
            next = *mark;
            *mark = *mark & KIND | after;
        }
        self.marks.resize(self.len + 64, 0);
    }
}

/// Where strings are, from block to block.
#[derive(Default)]
struct Strings {
    /// From each opening quote to before the closing one.
    within: u64,
    /// Whether the last byte of the block is escaped.
    escape: u64,
}

/// The bytes of a block, by what they are. The others are of strings.
struct Bytes {
    quotes_open: u64,
    quotes_close: u64,
    marks: u64,
    /// Marks, numbers and words.
    outside: u64,
}

impl Strings {
    /// Looks at the next block; nothing if there is an unusual escape in it.
    #[inline(always)]
    fn look<L: Lanes>(&mut self, lanes: L, block: L::Block) -> Option<Bytes> {
        let mut quotes = lanes.equal(block, b'"');
        let backslashes = lanes.equal(block, b'\\');
        if backslashes | self.escape != 0 {
            let escaped = escaped(backslashes, self.escape);
            let known = quotes
                | backslashes
                | lanes.equal(block, b'/')
                | lanes.equal(block, b'n')
                | lanes.equal(block, b'r')
                | lanes.equal(block, b't')
                | lanes.equal(block, b'b')
                | lanes.equal(block, b'f');
            if escaped & !known != 0 {
                return None;
            }
            self.escape = escaped >> 63;
            quotes &= !escaped;
        }
        // What the byte before the last one was in.
        self.within = lanes.prefix_xor(quotes) ^ ((self.within << 1) as i64 >> 63) as u64;
        let outside = !(self.within | quotes);
        Some(Bytes {
            quotes_open: quotes & self.within,
            quotes_close: quotes & !self.within,
            marks: lanes.marks(block) & outside,
            outside,
        })
    }
}

/// Numbers, `true`, `false` and `null`, from block to block.
#[derive(Default)]
struct Scalars {
    /// Whether the last byte of the block is a zero with which one begins.
    zero: u64,
}

impl Scalars {
    /// Whether the scalars of a block are right.
    #[inline(always)]
    fn check<L: Lanes>(
        &mut self,
        lanes: L,
        block: L::Block,
        bytes: &[u8],
        base: usize,
        scalars: u64,
    ) -> bool {
        if scalars == 0 {
            self.zero = 0;
            return true;
        }
        let digits = lanes.between(block, b'0', b'9') & scalars;
        // What begins with the first byte did so in the block before.
        let starts = scalars & !(scalars << 1) & !1;
        let zeros = lanes.equal(block, b'0') & starts | self.zero;
        self.zero = zeros >> 63;
        if zeros << 1 & digits != 0 {
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
    let first = ones(scalars.trailing_ones() as usize);
    first & !digits == 0 || is_scalar_around(bytes, base)
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

/// The lowest bits, at most 64.
#[inline(always)]
fn ones(count: usize) -> u64 {
    u64::MAX.checked_shr(64 - count as u32).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::json::Validator;
    use super::*;
    use crate::Isa;
    use crate::simd::{Level, run};

    /// Finds the ends of values one after the other, as of one column.
    struct Ends<'a>(&'a [Vec<u8>], &'a mut Shape);

    impl Kernel for Ends<'_> {
        type Output = Vec<Option<usize>>;

        #[inline(always)]
        fn run<L: Lanes>(self, lanes: L) -> Self::Output {
            let mut ends = Vec::new();
            for value in self.0 {
                ends.push(nested_end(lanes, value, 1, 9, self.1));
            }
            ends
        }
    }

    /// What all instruction sets find must be as the validator says; they may leave values to it.
    fn check(values: &[&str], must_be_taken: bool) {
        let cells: Vec<Vec<u8>> = values
            .iter()
            .map(|value| format!(",{value},").into_bytes())
            .collect();
        for isa in Isa::available() {
            let ends = run(Level::new(isa), Ends(&cells, &mut Shape::default()));
            for (cell, end) in cells.iter().zip(ends) {
                let expected = Validator::new(9).feed(&cell[1..]).ok().map(|len| len + 1);
                if must_be_taken || end.is_some() {
                    assert_eq!(end, expected, "{isa:?}: {}", String::from_utf8_lossy(cell));
                }
            }
        }
    }

    #[test]
    fn values_of_one_shape_are_told_from_wrong_ones() {
        // The same marks each, with something between them that may not be there.
        for (right, wrong) in [
            ("{}", &["{1}", "{\"a\"}", "{ }"][..]),
            ("[]", &["[ ]", "[\"a\"1]", "[1\"a\"]"]),
            (
                "[1,2]",
                &[
                    "[,2]", "[1,]", "[01,2]", "[1,-]", "[1,2x]", "[1 ,2]", "[tru,2]", "[1.,2]",
                ],
            ),
            (
                "{\"a\":1}",
                &[
                    "{\"a\":}",
                    "{a:1}",
                    "{:1}",
                    "{1:1}",
                    "{\"a\"\"b\":1}",
                    "{\"a\":1\"\"}",
                ],
            ),
            (
                "{\"a\":[1],\"b\":{}}",
                &[
                    "{\"a\":[1]2,\"b\":{}}",
                    "{\"a\":1[1],\"b\":{}}",
                    "{\"a\":[1],\"b\":{}1}",
                ],
            ),
            ("[[1],[2]]", &["[1[1],[2]]", "[[1],\"\"[2]]", "[[1]1,[2]]"]),
        ] {
            for wrong in wrong {
                for front in [0, 10, 50, 57, 58, 59, 60, 61, 62, 63, 64, 120] {
                    let front = format!("[\"{}\",", "x".repeat(front));
                    let (right, wrong) = (format!("{front}{right}]"), format!("{front}{wrong}]"));
                    check(&[&right, &right, &right], true);
                    check(&[&right, &wrong, &right, &wrong, &wrong], false);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn numbers_at_every_place(front in 0usize..140, number in "-?[0-9]{1,70}(\\.[0-9]{0,3})?([eE][+-]?[0-9]{0,3})?|tr?ue|fals?e|nulls?") {
            let text = format!("[\"{}\",{number},1]", "x".repeat(front));
            check(&[&text, &text], true);
        }

        #[test]
        fn what_is_taken_is_right(
            right in "[\\[{](\"[a-z]{0,9}\":|\"[a-z]{0,70}\",?|[0-9]{0,4},?|[\\[\\]{}]){0,12}",
            changes in proptest::collection::vec((any::<prop::sample::Index>(), prop::sample::select(&b"[]{}:,\"\\0a \x1f"[..])), 1..4),
        ) {
            // Closed as far as it goes, so that some are right.
            let mut text = right.trim_end_matches([',', ':']).to_owned();
            let mut open = Vec::new();
            for byte in text.bytes() {
                match byte {
                    b'[' => open.push(']'),
                    b'{' => open.push('}'),
                    b']' | b'}' => drop(open.pop()),
                    _ => {}
                }
            }
            text.extend(open.into_iter().rev());
            let mut changed = text.clone().into_bytes();
            for (at, byte) in changes {
                let at = at.index(changed.len());
                changed[at] = byte;
            }
            if matches!(changed[0], b'[' | b'{') {
                let changed = String::from_utf8(changed).unwrap();
                check(&[&text, &text, &changed, &text], false);
            }
        }
    }
}
