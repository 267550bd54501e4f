//! Nested JSON, checked 64 bytes at a time.
//!
//! A block becomes a bit mask for each kind of byte. Everything but brackets is said about all bytes of the block at
//! once: which kind may follow which, and that a colon comes after the names of members and nowhere else. A block begins
//! with the last byte of the one before there, so that what follows is always in the same block.
//!
//! What a comma means depends on the innermost bracket, so that brackets are walked one by one. But the values of a
//! column mostly have the same skeleton, as they are written by the same query: the same marks (brackets, braces, colons
//! and commas), and something between the same ones of them. So the skeleton of one value is kept, and a value with the
//! same one need not be walked over. Where bits are not moved at once, the text between its scalars is kept instead; see
//! `template.rs`.
//!
//! Only the compact form is taken, without escapes but the short ones, and nested at most 64 deep.

use super::pause::Pause;
use super::scalars::Scalars;
use super::template::Template;
use crate::simd::{Draft, Kernel, Lanes, append_marked, block_at, escaped, push_json};

/// What a value of a column looked like.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// The marks, and for each string, number and word a zero; then zeros for a block.
    skeleton: Vec<u8>,
    len: usize,
    /// What is kept instead where bits are not moved at once.
    template: Template,
    /// Values in it are not compared with the shape, and not kept.
    pause: Pause,
}

/// Appends the object or array that begins at `at`, which is not 0, and gives the index after it. Gives nothing, and
/// appends nothing, if it is in any way unusual, wrong or cut.
#[inline(always)]
pub(super) fn push_nested<L: Lanes>(
    lanes: L,
    bytes: &[u8],
    at: usize,
    max_depth: usize,
    shape: &mut Shape,
    text: &mut String,
) -> Option<usize> {
    let keep = shape.pause.is_over();
    let mut end = None;
    if keep && (shape.len > 0 || !shape.template.is_empty()) {
        if L::MOVES_BITS {
            let end = push_of_shape(lanes, bytes, at, shape, text);
            if end.is_some() {
                shape.pause.succeed();
                return end;
            }
        } else {
            end = shape.template.end(lanes, bytes, at);
        }
        if end.is_some() {
            shape.pause.succeed();
        } else {
            shape.pause.fail();
        }
    }
    let end = match end {
        Some(end) => end,
        None => lanes.apart(Walk {
            bytes,
            at,
            max_depth,
            shape,
            keep,
        })?,
    };
    push_json(lanes, bytes, at, end, text).then_some(end)
}

/// As [`push_nested`], of a value that has the skeleton of one before.
///
/// Of each mark, string and run (what is between these) one byte is compared: the mark, the closing quote, the first
/// byte of the run. So there are as many of them, and in the same order as in the value before, but that strings may have
/// become runs, and runs strings. Two of these side by side are in no skeleton, since that value was right; nor is a run
/// that is no scalar taken, as one that has white space in it. Then only names are left to look at, which must have stayed
/// strings: they are what a colon comes after. And what strings say.
#[inline(always)]
fn push_of_shape<L: Lanes>(
    lanes: L,
    bytes: &[u8],
    at: usize,
    shape: &Shape,
    text: &mut String,
) -> Option<usize> {
    let mut draft = Draft::new(text);
    let (mut strings, mut scalars) = (Strings::default(), Scalars::default());
    let (mut base, mut seen) = (at, 0);
    while base < bytes.len() {
        let block = block_at(lanes, bytes, base);
        let Bytes {
            quotes_close,
            marks,
            outside,
            ..
        } = strings.look::<L, 64>(lanes, block)?;
        let runs = outside & !marks;
        let after_runs = runs << 1 | scalars.goes_on;
        scalars.goes_on = runs >> 63;
        let starts = runs & !after_runs;
        let keep = marks | quotes_close | starts;
        let (count, left) = (keep.count_ones() as usize, shape.len - seen);
        let mut valid = u64::MAX;
        let mut compared = ones(count);
        if count >= left {
            let last = 1 << lanes.nth(keep, left - 1);
            valid = last | (last - 1);
            compared = ones(left);
        }
        let expected = block_at(lanes, &shape.skeleton, seen);
        let wrong = after_runs & lanes.equal(block, b':');
        if lanes.differs(block, marks, keep, expected) & compared | wrong & valid != 0
            || !scalars.check(lanes, block, bytes, base, runs & valid, starts & valid)
        {
            return None;
        }
        let len = 64 - valid.leading_zeros() as usize;
        if draft.push(lanes, block, len) != 0 && lanes.control(block) & valid != 0 {
            return None;
        }
        if count >= left {
            return draft.accept(lanes).then_some(base + len);
        }
        seen += count;
        base += 64;
    }
    None
}

/// The index after any object or array, but without its text; its skeleton may then be kept.
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
        let keep_skeleton = keep && L::MOVES_BITS;
        let (mut strings, mut scalars) = (Strings::default(), Scalars::default());
        // The carry of the addition that looks for names' ends.
        let mut in_name = 0;
        // For each open bracket, the innermost one lowest, whether it is a brace.
        let (mut open, mut depth) = (0u64, 0);
        let max_depth = max_depth.min(64);
        let mut base = at.checked_sub(1)?;
        // The last byte comes again; and the separator before the value is no part of it.
        let mut own = u64::MAX >> 1 & !1;
        while base < bytes.len() {
            let block = block_at(lanes, bytes, base);
            let Bytes {
                quotes_open,
                quotes_close,
                marks,
                outside,
            } = strings.look::<L, 63>(lanes, block)?;
            let (brackets, curly) = (lanes.bit(block, 6), lanes.bit(block, 5));
            let opening = lanes.bit(block, 1);
            let (opens, ends) = (marks & brackets & opening, marks & brackets & !opening);
            let (braces, arrays) = (opens & curly, opens & !curly);
            let (colons, commas) = (marks & !brackets & opening, marks & !brackets & !opening);

            // Which commas are in objects, and where the value ends.
            let mut in_object = (open & 1).wrapping_neg();
            let mut valid = u64::MAX;
            let mut left = (opens | ends) & own;
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
            let starts = numbers & !(numbers << 1 | scalars.goes_on) & own & valid;
            scalars.goes_on = numbers >> 62 & 1;
            if wrong & valid != 0 || !scalars.check(lanes, block, bytes, base, numbers & valid, starts) {
                return None;
            }
            if keep_skeleton {
                let kept = (marks | quotes_close) & own & valid | starts;
                append_marked(lanes, block, kept, &mut shape.skeleton);
            }
            own = u64::MAX >> 1;
            if valid != u64::MAX {
                let end = base + 64 - valid.leading_zeros() as usize;
                if keep_skeleton {
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
        self.skeleton.clear();
        self.len = 0;
        self.template.clear();
    }

    /// Everything has come.
    fn end(&mut self) {
        self.len = self.skeleton.len();
        for byte in &mut self.skeleton {
            // Else it is of a string, a number or a word.
            if !matches!(*byte, b'[' | b']' | b'{' | b'}' | b':' | b',') {
                *byte = 0;
            }
        }
        self.skeleton.resize(self.len + 64, 0);
    }
}

/// Where strings are, from block to block.
#[derive(Default)]
struct Strings {
    /// From each opening quote to before the closing one.
    within: u64,
    /// Whether the first byte of the next block is escaped.
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
    /// Looks at the next block; nothing if there is an unusual escape in it. Blocks begin `STEP` bytes after each other:
    /// 64, or 63 where the last byte comes again.
    #[inline(always)]
    fn look<L: Lanes, const STEP: u32>(&mut self, lanes: L, block: L::Block) -> Option<Bytes> {
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
            self.escape = if STEP == 64 {
                (backslashes & !escaped) >> 63
            } else {
                escaped >> 63
            };
            quotes &= !escaped;
        }
        // What the byte before this block was in.
        let before = ((self.within << (64 - STEP)) as i64 >> 63) as u64;
        self.within = lanes.prefix_xor(quotes) ^ before;
        let outside = !(self.within | quotes);
        Some(Bytes {
            quotes_open: quotes & self.within,
            quotes_close: quotes & !self.within,
            marks: lanes.marks(block) & outside,
            outside,
        })
    }
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
                let mut text = "before".to_owned();
                let end = push_nested(lanes, value, 1, 9, self.1, &mut text);
                assert_eq!(&text.as_bytes()[6..], &value[1..end.unwrap_or(1)]);
                ends.push(end);
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
            (
                "{\"a\":\"b\",\"c\":[true]}",
                &[
                    "{1:\"b\",\"c\":[true]}",
                    "{\"a\":\"b\",1:[true]}",
                    "{\"a\":\"b\",null:[true]}",
                    "{\"a\":\"b\",-12345678901234567890:[\"x\"]}",
                    "{\"a\":\"b\",\"c\":[true}]",
                    "{\"a\",\"b\":\"c\":[true]}",
                    "{\"a\":\"b\x01\",\"c\":[true]}",
                    "{\"a\":\"b\\x\",\"c\":[true]}",
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

    /// Takes the second of two values only if it has the skeleton of the first one.
    struct Second<'a>(&'a str, &'a str);

    impl Kernel for Second<'_> {
        type Output = bool;

        #[inline(always)]
        fn run<L: Lanes>(self, lanes: L) -> bool {
            let (first, second) = (format!(",{},", self.0), format!(",{},", self.1));
            let (mut shape, mut text) = (Shape::default(), String::new());
            push_nested(lanes, first.as_bytes(), 1, 9, &mut shape, &mut text).unwrap();
            assert_eq!(text, self.0);
            let end = push_of_shape(lanes, second.as_bytes(), 1, &shape, &mut text);
            let is_taken = end == Some(second.len() - 1);
            assert_eq!(text, [self.0, if is_taken { self.1 } else { "" }].concat());
            is_taken
        }
    }

    #[test]
    fn only_marks_and_what_is_between_them_make_a_skeleton() {
        let value = r#"{"a":["b",1],"c":{"d":true}}"#;
        for (other, is_taken) in [
            (value, true),
            (
                r#"{"aé\"\\":["",-12345.5e3],"":{"1":12345678901234567890}}"#,
                true,
            ),
            (r#"{"a":[null,"b,:[]{}"],"c":{"d":"true"}}"#, true),
            (r#"{"a":["b",1],"c":{}}"#, false),
            (r#"{"a":["b"],"c":{"d":true}}"#, false),
            (r#"{"a":["b",1],"c":["d",true]}"#, false),
            (r#"{"a":["b",[]],"c":{"d":true}}"#, false),
            (r#"{"a":["b",01],"c":{"d":true}}"#, false),
            (r#"{"a":["b",1],"c":{"d": true}}"#, false),
            (r#"{"a":["b",1],"c":{3:true}}"#, false),
        ] {
            for front in 0..130 {
                let front = format!("[\"{}\",", "x".repeat(front));
                let (value, other) = (format!("{front}{value}]"), format!("{front}{other}]"));
                for isa in Isa::available().filter(|isa| matches!(isa, Isa::Avx2 | Isa::Avx512)) {
                    let found = run(Level::new(isa), Second(&value, &other));
                    assert_eq!(found, is_taken, "{isa:?}: {other}");
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
