//! The text that nested values of a column have in common.
//!
//! Values that the same query writes mostly have the same members in the same order. So what is between the scalars of one
//! value is kept, and of the next one only the scalars are looked at: the rest is compared, sixteen bytes at a time. That
//! pays where a mask of 64 bytes takes many instructions.

use super::json::is_scalar;
use super::word::{index_of_first, non_digit_bytes, word_at};
use crate::simd::Lanes;

/// A value, without what its scalars say.
#[derive(Debug, Default)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

/// At most sixteen bytes that are always the same, and what comes after them.
#[derive(Clone, Copy, Debug)]
struct Piece {
    text: u128,
    /// Ones in the bytes of the text.
    own: u128,
    len: usize,
    next: Next,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Next {
    Piece,
    /// What a string says, up to the quote with which the next piece begins.
    String,
    /// A number or a word.
    Scalar,
}

impl Template {
    pub(super) const fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.pieces.clear();
    }

    /// Learns a value that is right, and in the compact form. Of one that has many pieces nothing is kept.
    pub(super) fn learn(&mut self, value: &[u8]) {
        self.pieces.clear();
        let (mut from, mut at) = (0, 0);
        while at < value.len() {
            let next = match value[at] {
                b'"' => {
                    let end = string_end(value, at + 1);
                    if value.get(end + 1) == Some(&b':') {
                        // The name of a member.
                        at = end + 1;
                        continue;
                    }
                    self.push(&value[from..=at], Next::String);
                    end
                }
                b'{' | b'}' | b'[' | b']' | b',' | b':' => {
                    at += 1;
                    continue;
                }
                _ => {
                    self.push(&value[from..at], Next::Scalar);
                    let scalar = value[at..].iter();
                    at + scalar
                        .take_while(|byte| !matches!(byte, b',' | b']' | b'}'))
                        .count()
                }
            };
            from = next;
            // After the closing quote; a number is at its end already.
            at = next + usize::from(value.get(next) == Some(&b'"'));
            if self.pieces.len() > MAX_PIECES {
                self.pieces.clear();
                return;
            }
        }
        self.push(&value[from..], Next::Piece);
    }

    fn push(&mut self, text: &[u8], next: Next) {
        let mut pieces = text.chunks(16).peekable();
        while let Some(piece) = pieces.next() {
            let mut padded = [0; 16];
            padded[..piece.len()].copy_from_slice(piece);
            self.pieces.push(Piece {
                text: u128::from_le_bytes(padded),
                own: u128::MAX >> (128 - 8 * piece.len()),
                len: piece.len(),
                next: if pieces.peek().is_none() {
                    next
                } else {
                    Next::Piece
                },
            });
        }
    }

    /// The index after the value that begins at `at`; nothing if it is not as the one that was learnt, or near the end of
    /// the bytes.
    #[inline(always)]
    pub(super) fn end<L: Lanes>(&self, lanes: L, bytes: &[u8], mut at: usize) -> Option<usize> {
        for piece in &self.pieces {
            let found = u128::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
            if (found ^ piece.text) & piece.own != 0 {
                return None;
            }
            at += piece.len;
            match piece.next {
                Next::Piece => {}
                // Whatever ends the run, it is compared with a quote.
                Next::String => at = lanes.plain_end(bytes, at),
                Next::Scalar => at = scalar_end(bytes, at)?,
            }
        }
        Some(at)
    }
}

/// More would take more memory than values are worth.
const MAX_PIECES: usize = 256;

/// The index of the quote that ends the string.
fn string_end(value: &[u8], mut at: usize) -> usize {
    loop {
        match value.get(at) {
            Some(b'\\') => at += 2,
            Some(b'"') | None => return at,
            Some(_) => at += 1,
        }
    }
}

/// The index after the number or word that begins at `at`, if it is right and goes on with a comma or a bracket.
#[inline(always)]
fn scalar_end(bytes: &[u8], at: usize) -> Option<usize> {
    let len = index_of_first(non_digit_bytes(word_at(bytes, at)?));
    let is_short = len.wrapping_sub(1) < 7 && (len == 1 || bytes[at] != b'0');
    if is_short && is_stop(bytes[at + len]) {
        return Some(at + len);
    }
    long_scalar_end(bytes, at)
}

#[inline(never)]
fn long_scalar_end(bytes: &[u8], at: usize) -> Option<usize> {
    let text = bytes.get(at..)?;
    let len = || text.iter().position(|byte| is_stop(*byte));
    if is_scalar(text) { Some(at + len()?) } else { None }
}

const fn is_stop(byte: u8) -> bool {
    matches!(byte, b',' | b']' | b'}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::json::Validator;
    use super::*;
    use crate::Isa;
    use crate::simd::{Kernel, Level, run};

    /// The end of a value, from after a comma on.
    struct End<'a>(&'a Template, &'a [u8]);

    impl Kernel for End<'_> {
        type Output = Option<usize>;

        #[inline(always)]
        fn run<L: Lanes>(self, lanes: L) -> Self::Output {
            self.0.end(lanes, self.1, 1)
        }
    }

    /// Where the template of one value ends another one, which must be as the validator says.
    fn end(learnt: &str, value: &str) -> Option<usize> {
        let mut template = Template::default();
        template.learn(learnt.as_bytes());
        let wire = format!(",{value},{}", " ".repeat(16));
        let mut ends = Isa::available().map(|isa| run(Level::new(isa), End(&template, wire.as_bytes())));
        let end = ends.next().flatten();
        assert!(ends.all(|other| other == end), "{learnt} {value}");
        if end.is_some() {
            let expected = Validator::new(64).feed(&wire.as_bytes()[1..]).ok();
            assert_eq!(end, expected.map(|len| len + 1), "{learnt} {value}");
        }
        end
    }

    #[test]
    fn scalars_may_change_and_nothing_else() {
        let learnt = r#"{"a":1,"b\"":"x","ccccccccccccccccc":[true,"",{}]}"#;
        for (value, is_taken) in [
            (learnt, true),
            (
                r#"{"a":-12.5e3,"b\"":"","ccccccccccccccccc":[123456789,"yy",{}]}"#,
                true,
            ),
            (r#"{"a":null,"b\"":"\"","ccccccccccccccccc":[true,"",{}]}"#, false),
            (r#"{"a":01,"b\"":"x","ccccccccccccccccc":[true,"",{}]}"#, false),
            (r#"{"a":"1","b\"":"x","ccccccccccccccccc":[true,"",{}]}"#, false),
            (r#"{"a":1,"b\"":"x","cccccccccccccccc":[true,"",{}]}"#, false),
            (r#"{"a":1,"b\"":"x","ccccccccccccccccc":[true,"",[]]}"#, false),
            (r#"{"a":1,"b\"":"x","ccccccccccccccccc":[true,"" ,{}]}"#, false),
            (r#"{"a":1,"b\"":"x","ccccccccccccccccc":[truE,"",{}]}"#, false),
            (r#"{"a":1,"b\"":"x","ccccccccccccccccc":[true,"",{}"#, false),
        ] {
            assert_eq!(end(learnt, value), is_taken.then_some(value.len() + 1), "{value}");
        }
    }

    #[test]
    fn of_a_value_of_many_pieces_nothing_is_kept() {
        let mut template = Template::default();
        template.learn(format!("[{}1]", "1,".repeat(200)).as_bytes());
        assert!(!template.is_empty());
        template.learn(format!("[{}1]", "1,".repeat(300)).as_bytes());
        assert!(template.is_empty());
    }

    proptest! {
        #[test]
        fn what_is_taken_is_right(
            members in proptest::collection::vec(("[a-z]{1,20}", "\"[a-zé ]{0,40}\"|-?(0|[1-9][0-9]{0,8})|true|\\[\\]|\\[1,\"a\"\\]|\\{\"x\":0\\}"), 1..8),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), prop::sample::select(&b"[]{}:,\"\\0a \x1f"[..])), 0..3),
        ) {
            let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            let learnt = format!("{{{}}}", members.join(","));
            prop_assert_eq!(end(&learnt, &learnt), Some(learnt.len() + 1));
            let mut changed = learnt.clone().into_bytes();
            for (at, byte) in changes {
                let at = at.index(changed.len());
                if changed[at].is_ascii() {
                    changed[at] = byte;
                }
            }
            end(&learnt, &String::from_utf8(changed).unwrap());
        }
    }
}
