//! Whether a text may be nested in an answer as it is: the decoder's rules for JSON, for a text that is there at once.

/// Whether a text is one JSON value with at most [`MAX_NESTING`] brackets open, white space around it aside.
pub(super) fn is_json(text: &str) -> bool {
    Text(text.as_bytes()).is_value().unwrap_or(false)
}

/// What the strictest of the usual JSON readers take. Deeper values are written as strings, which mean the same.
const MAX_NESTING: u32 = 64;

/// A text under examination. Steps give the place behind what they have read, or nothing where it is no JSON.
struct Text<'a>(&'a [u8]);

impl Text<'_> {
    /// A loop, not recursion: a bit for each open bracket says whether it is a brace.
    fn is_value(&self) -> Option<bool> {
        let (mut at, mut open, mut braces) = (self.space(0), 0, 0_u64);
        loop {
            at = match self.0.get(at)? {
                b'"' => self.string(at + 1)?,
                bracket @ (b'{' | b'[') => {
                    if open == MAX_NESTING {
                        return None;
                    }
                    at = self.space(at + 1);
                    let closing = self.0.get(at)?;
                    if *closing == bracket + 2 {
                        at + 1
                    } else {
                        open += 1;
                        braces = braces << 1 | u64::from(*bracket == b'{');
                        if *bracket == b'{' {
                            at = self.name(at)?;
                        }
                        continue;
                    }
                }
                b't' => self.word(at, b"true")?,
                b'f' => self.word(at, b"false")?,
                b'n' => self.word(at, b"null")?,
                _ => self.number(at)?,
            };
            // Behind a value: brackets that close, and a comma.
            loop {
                at = self.space(at);
                if open == 0 {
                    return Some(at == self.0.len());
                }
                match (self.0.get(at)?, braces & 1 == 1) {
                    (b',', is_object) => {
                        at = self.space(at + 1);
                        if is_object {
                            at = self.name(at)?;
                        }
                        break;
                    }
                    (b'}', true) | (b']', false) => {
                        at += 1;
                        open -= 1;
                        braces >>= 1;
                    }
                    _ => return None,
                }
            }
        }
    }

    /// The name of a member and its colon.
    #[inline]
    fn name(&self, at: usize) -> Option<usize> {
        if *self.0.get(at)? != b'"' {
            return None;
        }
        let at = self.space(self.string(at + 1)?);
        (*self.0.get(at)? == b':').then(|| self.space(at + 1))
    }

    /// A string from behind its first quote.
    #[inline]
    fn string(&self, mut at: usize) -> Option<usize> {
        loop {
            while let Some(block) = self.0.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
                let special = specials(u64::from_le_bytes(*block));
                at += special.trailing_zeros() as usize / 8;
                if special != 0 {
                    break;
                }
            }
            match *self.0.get(at)? {
                b'"' => return Some(at + 1),
                b'\\' => at = self.escape(at + 1)?,
                0..0x20 => return None,
                _ => at += 1,
            }
        }
    }

    /// An escape from behind its backslash.
    fn escape(&self, at: usize) -> Option<usize> {
        match self.0.get(at)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 1),
            b'u' => {
                let digits = self.0.get(at + 1..at + 5)?;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(at + 5)
            }
            _ => None,
        }
    }

    fn number(&self, at: usize) -> Option<usize> {
        let from = at + usize::from(*self.0.get(at)? == b'-');
        let mut at = self.digits(from)?;
        if self.0[from] == b'0' && at > from + 1 {
            return None;
        }
        if self.0.get(at) == Some(&b'.') {
            at = self.digits(at + 1)?;
        }
        if matches!(self.0.get(at), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.0.get(at + 1), Some(b'+' | b'-')));
            at = self.digits(at + 1 + sign)?;
        }
        Some(at)
    }

    /// One digit and more.
    #[inline]
    fn digits(&self, from: usize) -> Option<usize> {
        let count = self
            .0
            .get(from..)?
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        (count > 0).then_some(from + count)
    }

    fn word(&self, at: usize, word: &[u8]) -> Option<usize> {
        self.0[at..].starts_with(word).then_some(at + word.len())
    }

    #[inline]
    fn space(&self, mut at: usize) -> usize {
        while matches!(self.0.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            at += 1;
        }
        at
    }
}

/// The highest bit of each of eight bytes that is a quote, a backslash or a control character; of those before the
/// first one none. Bytes behind the first one may be taken for one.
fn specials(bytes: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let quotes = bytes ^ (ONES * b'"' as u64);
    let backslashes = bytes ^ (ONES * b'\\' as u64);
    let below = |bytes: u64, limit: u64| bytes.wrapping_sub(ONES * limit) & !bytes;
    (below(quotes, 1) | below(backslashes, 1) | below(bytes, 0x20)) & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The decoder's rules, which this is a faster form of.
    fn decoder_takes(text: &str) -> bool {
        crate::decode::is_json(text, MAX_NESTING as usize)
    }

    #[test]
    fn what_is_json_is_told_as_the_decoder_tells_it() {
        let texts = [
            "",
            " ",
            "1",
            "-",
            "-0",
            "01",
            "1.",
            "1.5e",
            "1e+5",
            "1E-5 ",
            "true",
            "truth",
            "nul",
            "[",
            "[]",
            "[ ]",
            "[1,]",
            "[1 , 2]",
            "{}",
            "{ }",
            "{\"a\"}",
            "{\"a\":1}",
            "{\"a\" : 1 , \"b\":[{}]}",
            "{\"a\":1,}",
            "{]",
            "[}",
            "\"",
            "\"\\u12g4\"",
            "\"\\u1234\"",
            "\"\\x\"",
            "\"a\nb\"",
            "\"aaaaaaaaaaaaaaaaaaaa\\\"\"",
            "1 2",
            "\"é\u{7f}\"",
            "{1:2}",
            "[\"abcdefgh\",\"ijklmnop\"]",
            "\u{b}1",
        ];
        for text in texts {
            assert_eq!(is_json(text), decoder_takes(text), "{text}");
        }
        for depth in [63, 64, 65] {
            let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            assert_eq!(is_json(&text), depth <= 64);
            assert_eq!(is_json(&text), decoder_takes(&text));
        }
    }

    proptest! {
        #[test]
        fn texts_like_json_are_told_as_the_decoder_tells_them(
            text in "([\\[\\]{},: ]|\"[a-c\\\\\"\u{1}é]{0,9}\"|\"|-?[0-9]{1,3}(\\.[0-9])?(e[0-9])?|true|null){0,12}",
        ) {
            prop_assert_eq!(is_json(&text), decoder_takes(&text));
        }

        #[test]
        fn texts_that_are_json_are_taken(values in prop::collection::vec(any::<(String, f64, bool)>(), 0..5)) {
            let text = serde_json::to_string(&values).unwrap();
            prop_assert!(is_json(&text));
        }
    }
}
