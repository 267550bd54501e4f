//! Whether a text is JSON, without parsing it into anything.

/// Whether the text is one JSON value (RFC 8259) that every reader of JSON takes: escapes of surrogates come in
/// pairs, and brackets nest at most [`MAX_DEPTH`] deep.
pub(super) fn is_json(text: &str) -> bool {
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        at: 0,
    };
    scanner.document().is_some()
}

/// Goes over the text. Each method returns `None` when what it wants is not there.
struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn document(&mut self) -> Option<()> {
        // The open brackets, innermost in the lowest bit: a one for an object.
        let (mut objects, mut depth) = (0u64, 0u32);
        loop {
            self.space();
            let opened = match self.next()? {
                b'{' => Some((1, b'}')),
                b'[' => Some((0, b']')),
                b'"' => self.string().map(|()| None)?,
                b't' => self.word(b"rue").map(|()| None)?,
                b'f' => self.word(b"alse").map(|()| None)?,
                b'n' => self.word(b"ull").map(|()| None)?,
                first => self.number(first).map(|()| None)?,
            };
            if let Some((object, close)) = opened {
                self.space();
                if self.peek() == Some(close) {
                    self.at += 1;
                } else {
                    if depth == MAX_DEPTH {
                        return None;
                    }
                    (objects, depth) = (objects << 1 | object, depth + 1);
                    if object == 1 {
                        self.key()?;
                    }
                    continue;
                }
            }
            // A value has ended.
            loop {
                self.space();
                if depth == 0 {
                    return (self.at == self.bytes.len()).then_some(());
                }
                match (self.next()?, objects & 1) {
                    (b',', 0) => break,
                    (b',', _) => {
                        self.space();
                        self.key()?;
                        break;
                    }
                    (b']', 0) | (b'}', 1) => (objects, depth) = (objects >> 1, depth - 1),
                    _ => return None,
                }
            }
        }
    }

    /// A string and the colon after it.
    fn key(&mut self) -> Option<()> {
        self.word(b"\"")?;
        self.string()?;
        self.space();
        self.word(b":")
    }

    /// The rest of a string, after its first quote.
    fn string(&mut self) -> Option<()> {
        loop {
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        let unit = self.hex4()?;
                        if (0xdc00..0xe000).contains(&unit) {
                            return None;
                        }
                        if (0xd800..0xdc00).contains(&unit) {
                            self.word(b"\\u")?;
                            (0xdc00..0xe000).contains(&self.hex4()?).then_some(())?;
                        }
                    }
                    _ => return None,
                },
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    fn hex4(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |unit, _| {
            Some(unit * 16 + char::from(self.next()?).to_digit(16)?)
        })
    }

    /// The rest of a number, after its first character.
    fn number(&mut self, first: u8) -> Option<()> {
        let first = if first == b'-' { self.next()? } else { first };
        match first {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return None,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Some(())
    }

    fn some_digits(&mut self) -> Option<()> {
        let from = self.at;
        self.digits();
        (self.at > from).then_some(())
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        let found = self.bytes[self.at..].starts_with(word);
        self.at += word.len();
        found.then_some(())
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

/// What the strictest of the usual readers take.
const MAX_DEPTH: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn json_is_told_from_other_text() {
        for json in [
            "{}",
            " [ ] ",
            "0",
            "-0.5e+10",
            "\"\\u00e9\\ud83d\\ude00\"",
            "{\"a\": [1, true, {\"b\": null}], \"c\" : \"\"}\n",
        ] {
            assert!(is_json(json), "{json}");
        }
        for other in [
            "",
            " ",
            "hello",
            "nul",
            "01",
            "1.",
            "-",
            "+1",
            "1 2",
            "[1,]",
            "[1",
            "{\"a\"}",
            "{\"a\":1,}",
            "{1:2}",
            "[}",
            "]",
            "\"",
            "\"\n\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\ude00\"",
            "\"\\ud800\\u0041\"",
        ] {
            assert!(!is_json(other), "{other}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth| "[".repeat(depth) + "1" + &"]".repeat(depth);
        assert!(is_json(&nested(64)));
        assert!(!is_json(&nested(65)));
    }

    proptest! {
        #[test]
        fn another_json_reader_agrees(text in r#"([\[\]{},: \\"\-+.eE0-9a]|"[a-z]*"|true|null|\\u00e9){0,12}"#) {
            let other = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(is_json(&text), other);
        }
    }
}
