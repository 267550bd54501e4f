//! JSON as bytes: where a value ends, and whether it is one.
//!
//! Everything here works on a prefix of the text and says `More` when the prefix does not decide. A verdict never
//! changes when more bytes come, which is what makes the decoder's result independent of chunks.

use super::DecodeErrorKind;
use super::word::{index_of_first, non_ascii_bytes, quotes, special_bytes, word_at};

/// Why a piece of text could not be read to its end.
#[derive(Debug, PartialEq)]
pub(super) enum Stop {
    /// It is fine so far, but goes on after these bytes.
    More,
    /// It is wrong.
    Fault(Fault),
}

/// What is wrong with a text, and where.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) kind: DecodeErrorKind,
    /// Index of the first wrong byte.
    pub(super) at: usize,
    pub(super) message: &'static str,
}

impl Fault {
    pub(super) const fn syntax(at: usize, message: &'static str) -> Self {
        Self {
            kind: DecodeErrorKind::Syntax,
            at,
            message,
        }
    }

    pub(super) const fn utf8(at: usize) -> Self {
        Self {
            kind: DecodeErrorKind::Utf8,
            at,
            message: "a string is not UTF-8",
        }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// JSON's white space.
pub(super) const fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// The index of the first byte from `at` on that is not white space.
#[inline]
pub(super) fn skip_white_space(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && is_white_space(bytes[at]) {
        at += 1;
    }
    at
}

/// The index of the first byte from `at` on that does not stand for itself in a string, or is not ASCII.
#[inline]
pub(super) fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = word_at(bytes, at) {
        match index_of_first(special_bytes(word) | non_ascii_bytes(word)) {
            8 => at += 8,
            index => return at + index,
        }
    }
    while at < bytes.len() && !matches!(bytes[at], b'"' | b'\\' | 0..0x20 | 0x80..) {
        at += 1;
    }
    at
}

/// The index of the first quote from `at` on, or of the end.
#[inline]
pub(super) fn quote_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = word_at(bytes, at) {
        match index_of_first(quotes(word)) {
            8 => at += 8,
            index => return at + index,
        }
    }
    while at < bytes.len() && bytes[at] != b'"' {
        at += 1;
    }
    at
}

/// Whether a text is one JSON value with at most so many brackets open, white space around it aside.
#[cfg(test)]
pub(crate) fn is_json(text: &str, max_depth: usize) -> bool {
    let bytes = text.as_bytes();
    let from = skip_white_space(bytes, 0);
    let mut validator = Validator::new(max_depth);
    match validator.feed(&bytes[from..]) {
        Ok(len) => skip_white_space(bytes, from + len) == bytes.len(),
        // A number goes on until something else comes.
        Err(Stop::More) => validator.feed(b" ") == Ok(0),
        Err(Stop::Fault(_)) => false,
    }
}

/// The length of the whole number, `true`, `false` or `null` with which a text begins, if a comma or brace follows right
/// after it.
#[inline]
pub(super) fn short_scalar(text: &[u8]) -> Option<usize> {
    let len = match text {
        [b't', b'r', b'u', b'e', ..] | [b'n', b'u', b'l', b'l', ..] => 4,
        [b'f', b'a', b'l', b's', b'e', ..] => 5,
        [b'0', ..] => 1,
        [b'1'..=b'9', ..] => text.iter().take_while(|byte| byte.is_ascii_digit()).count(),
        _ => return None,
    };
    matches!(text.get(len), Some(b',' | b'}')).then_some(len)
}

/// Whether a text begins with a number, `true`, `false` or `null`, and goes on with a comma or a closing bracket.
#[inline]
pub(super) fn is_scalar(text: &[u8]) -> bool {
    let ends = |at: usize| matches!(text.get(at), Some(b',' | b']' | b'}'));
    match text {
        [b't', b'r', b'u', b'e', ..] | [b'n', b'u', b'l', b'l', ..] => return ends(4),
        [b'f', b'a', b'l', b's', b'e', ..] => return ends(5),
        _ => {}
    }
    let digits = |from: usize| {
        let count = text[from.min(text.len())..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit());
        from + count.count()
    };
    let from = usize::from(text.first() == Some(&b'-'));
    let mut at = digits(from);
    if at == from || (at > from + 1 && text[from] == b'0') {
        return false;
    }
    if text.get(at) == Some(&b'.') {
        let end = digits(at + 1);
        if end == at + 1 {
            return false;
        }
        at = end;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let from = at + 1 + usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        at = digits(from);
        if at == from {
            return false;
        }
    }
    ends(at)
}

/// Checks one JSON value, in pieces of any size, without recursion.
#[derive(Debug)]
pub(super) struct Validator {
    state: State,
    /// For each bracket that is open, whether it is a brace.
    open: Vec<bool>,
    /// Whether the string being read is a member's name.
    is_name: bool,
    max_depth: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Value,
    FirstElement,
    FirstName,
    Name,
    Colon,
    AfterValue,
    String,
    Escape,
    /// So many hexadecimal digits are to come.
    Hex(u8),
    /// So many bytes of a UTF-8 sequence are to come, the next one within these bounds.
    Utf8(u8, u8, u8),
    /// The rest of a word.
    Literal(Word),
    Minus,
    Zero,
    Whole,
    Dot,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
}

/// What is left of `true`, `false` or `null` after a letter, filled up with zeros: small, as states are copied often.
type Word = [u8; 4];

impl Validator {
    pub(super) const fn new(max_depth: usize) -> Self {
        Self {
            state: State::Value,
            open: Vec::new(),
            is_name: false,
            max_depth,
        }
    }

    /// Gets ready for another value.
    pub(super) fn reset(&mut self) {
        self.state = State::Value;
        self.open.clear();
    }

    /// Checks the next bytes and gives the number of those that belong to the value, once it is complete. A number
    /// is complete when a byte comes that does not belong to it.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<usize, Stop> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match self.state {
                State::String => {
                    at = plain_end(bytes, at);
                    let Some(&byte) = bytes.get(at) else { break };
                    self.state = match byte {
                        b'"' if self.begins_next_string(bytes.get(at + 1..at + 3)) => {
                            at += 3;
                            continue;
                        }
                        b'"' if self.is_name => State::Colon,
                        b'"' => State::AfterValue,
                        b'\\' => State::Escape,
                        0xc2..=0xdf => State::Utf8(1, 0x80, 0xbf),
                        0xe0 => State::Utf8(2, 0xa0, 0xbf),
                        0xed => State::Utf8(2, 0x80, 0x9f),
                        0xe1..=0xef => State::Utf8(2, 0x80, 0xbf),
                        0xf0 => State::Utf8(3, 0x90, 0xbf),
                        0xf1..=0xf3 => State::Utf8(3, 0x80, 0xbf),
                        0xf4 => State::Utf8(3, 0x80, 0x8f),
                        0x80.. => return Err(Fault::utf8(at).into()),
                        _ => return Err(Fault::syntax(at, CONTROL_CHARACTER).into()),
                    };
                }
                State::Utf8(left, low, high) => {
                    if !(low..=high).contains(&byte) {
                        return Err(Fault::utf8(at).into());
                    }
                    self.state = if left == 1 {
                        State::String
                    } else {
                        State::Utf8(left - 1, 0x80, 0xbf)
                    };
                }
                State::Escape => {
                    self.state = match byte {
                        b'u' => State::Hex(4),
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => State::String,
                        _ => return Err(Fault::syntax(at, BAD_ESCAPE).into()),
                    };
                }
                State::Hex(left) => {
                    if !byte.is_ascii_hexdigit() {
                        return Err(Fault::syntax(at, BAD_ESCAPE).into());
                    }
                    self.state = if left == 1 {
                        State::String
                    } else {
                        State::Hex(left - 1)
                    };
                }
                State::Literal(rest) => {
                    if byte != rest[0] {
                        return Err(Fault::syntax(at, "a JSON value was expected").into());
                    }
                    let [_, rest @ ..] = rest;
                    self.state = match rest {
                        [0, ..] => State::AfterValue,
                        [a, b, c] => State::Literal([a, b, c, 0]),
                    };
                }
                State::Zero | State::Whole | State::Fraction | State::ExponentDigits => {
                    match self.number_goes_on(byte) {
                        Some(state) => self.state = state,
                        None => {
                            self.state = State::AfterValue;
                            // The byte is looked at again, after the value.
                            if self.open.is_empty() {
                                return Ok(at);
                            }
                            continue;
                        }
                    }
                }
                State::Minus | State::Dot | State::Exponent | State::ExponentSign => {
                    self.state = match (self.state, byte) {
                        (State::Minus, b'0') => State::Zero,
                        (State::Minus, b'1'..=b'9') => State::Whole,
                        (State::Dot, b'0'..=b'9') => State::Fraction,
                        (State::Exponent, b'+' | b'-') => State::ExponentSign,
                        (State::Exponent | State::ExponentSign, b'0'..=b'9') => State::ExponentDigits,
                        _ => return Err(Fault::syntax(at, "a digit was expected").into()),
                    };
                }
                _ if is_white_space(byte) => {}
                _ => self.structure(byte, at)?,
            }
            at += 1;
            if self.state == State::AfterValue && self.open.is_empty() {
                return Ok(at);
            }
        }
        Err(Stop::More)
    }

    /// Whether two bytes after a string lead to another one: `:"` after a name, `,"` after a value. In the compact
    /// form these are most, and each saves three steps.
    #[inline]
    fn begins_next_string(&mut self, next: Option<&[u8]>) -> bool {
        match (next, self.open.last()) {
            (Some(b":\""), _) if self.is_name => self.is_name = false,
            (Some(b",\""), Some(is_object)) if !self.is_name => self.is_name = *is_object,
            _ => return false,
        }
        true
    }

    /// One byte outside of strings, numbers and literals.
    #[inline]
    fn structure(&mut self, byte: u8, at: usize) -> Result<(), Stop> {
        self.state = match (self.state, byte) {
            (State::FirstElement, b']') | (State::FirstName, b'}') => {
                self.open.pop();
                State::AfterValue
            }
            (State::Value | State::FirstElement, _) => self.value(byte, at)?,
            (State::FirstName | State::Name, b'"') => {
                self.is_name = true;
                State::String
            }
            (State::FirstName | State::Name, _) => {
                return Err(Fault::syntax(at, "the name of a member was expected").into());
            }
            (State::Colon, b':') => State::Value,
            (State::Colon, _) => return Err(Fault::syntax(at, "a colon was expected").into()),
            (_, b',') => match self.open.last() {
                Some(true) => State::Name,
                _ => State::Value,
            },
            (_, b'}' | b']') if self.open.last() == Some(&(byte == b'}')) => {
                self.open.pop();
                State::AfterValue
            }
            _ => return Err(Fault::syntax(at, "a comma or the closing bracket was expected").into()),
        };
        Ok(())
    }

    /// The first byte of a value.
    #[inline]
    fn value(&mut self, byte: u8, at: usize) -> Result<State, Stop> {
        Ok(match byte {
            b'"' => {
                self.is_name = false;
                State::String
            }
            b'{' | b'[' => {
                if self.open.len() == self.max_depth {
                    let message = "brackets are nested deeper than max_depth";
                    return Err(Fault {
                        kind: DecodeErrorKind::TooLarge,
                        at,
                        message,
                    }
                    .into());
                }
                self.open.push(byte == b'{');
                if byte == b'{' {
                    State::FirstName
                } else {
                    State::FirstElement
                }
            }
            b't' => State::Literal(*b"rue\0"),
            b'f' => State::Literal(*b"alse"),
            b'n' => State::Literal(*b"ull\0"),
            b'-' => State::Minus,
            b'0' => State::Zero,
            b'1'..=b'9' => State::Whole,
            _ => return Err(Fault::syntax(at, "a JSON value was expected").into()),
        })
    }

    /// The state after another byte of a number that could end here; `None` if it does end.
    const fn number_goes_on(&self, byte: u8) -> Option<State> {
        match (self.state, byte) {
            (State::Whole, b'0'..=b'9') => Some(State::Whole),
            (State::Zero | State::Whole, b'.') => Some(State::Dot),
            (State::Fraction, b'0'..=b'9') => Some(State::Fraction),
            (State::Zero | State::Whole | State::Fraction, b'e' | b'E') => Some(State::Exponent),
            (State::ExponentDigits, b'0'..=b'9') => Some(State::ExponentDigits),
            _ => None,
        }
    }
}

pub(super) const CONTROL_CHARACTER: &str = "a control character in a string must be escaped";
pub(super) const BAD_ESCAPE: &str = "a backslash must begin one of JSON's escapes";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn validate(text: &[u8]) -> Result<usize, Stop> {
        Validator::new(100).feed(text)
    }

    #[test]
    fn values_end_where_they_end() {
        for text in [
            "null",
            "true",
            "false",
            "\"\"",
            "\"a\\\"b\\u00e9é😀\"",
            "[]",
            "{}",
            "[1,[2,{\"a\":[]}],-0.5e+7]",
            "{\"a\" : 1 , \"b\" : [ ] }",
            "{\"a\":\"b\",\"c\":{\"d\":\"e\"},\"f\":[\"g\",\"h\",\"\"]}",
        ] {
            let longer = format!("{text},\"");
            assert_eq!(validate(longer.as_bytes()), Ok(text.len()), "{text}");
            for cut in 0..text.len() {
                assert_eq!(
                    validate(&text.as_bytes()[..cut]),
                    Err(Stop::More),
                    "{text} cut at {cut}"
                );
            }
        }
        for number in ["0", "-0", "12", "1.5", "1e5", "1E+05", "-1.25e-10"] {
            assert_eq!(validate(number.as_bytes()), Err(Stop::More));
            assert_eq!(validate(format!("{number}]").as_bytes()), Ok(number.len()));
        }
    }

    #[test]
    fn what_is_no_json_is_refused_at_the_first_wrong_byte() {
        for (text, at) in [
            ("nul1", 3),
            ("x", 0),
            ("[1,]", 3),
            ("[,1]", 1),
            ("[1 2]", 3),
            ("[1}", 2),
            ("{1:2}", 1),
            ("{\"a\" 1}", 5),
            ("{\"a\":1,}", 7),
            ("[01]", 2),
            ("[1.]", 3),
            ("[.5]", 1),
            ("[-]", 2),
            ("[1e]", 3),
            ("[+1]", 1),
            ("\"\\x\"", 2),
            ("\"\\u12g4\"", 5),
            ("\"a\nb\"", 2),
            ("[\"a\" \"b\"]", 5),
            ("[\"a\",\"b\":\"c\"]", 8),
            ("{\"a\",\"b\"}", 4),
            ("{\"a\":\"b\":\"c\"}", 8),
            ("[NaN]", 1),
        ] {
            let Err(Stop::Fault(fault)) = validate(text.as_bytes()) else {
                panic!("{text} was accepted")
            };
            assert_eq!(fault.at, at, "{text}");
        }
    }

    #[test]
    fn a_text_is_json_as_a_whole_or_not_at_all() {
        for text in ["12", " -1.5e3\n", "\t[1, 2] ", "null", "\"\"", "{}"] {
            assert!(is_json(text, 1), "{text}");
        }
        for text in [
            "", " ", "-", "1.", "1 2", "{} {}", "nul", "\"", "hello", "[", "[[]]",
        ] {
            assert!(!is_json(text, 1), "{text}");
        }
    }

    #[test]
    fn short_scalars_are_values_that_end_there() {
        for text in ["0", "1234567890", "true", "false", "null"] {
            for end in [",", "}", ",\""] {
                assert_eq!(
                    short_scalar(format!("{text}{end}").as_bytes()),
                    Some(text.len()),
                    "{text}"
                );
            }
            for cut in 0..=text.len() {
                assert_eq!(short_scalar(&text.as_bytes()[..cut]), None, "{text} cut at {cut}");
            }
        }
        for odd in ["01,", "-1,", "1.5,", "1 ,", "tru,", "nul}", "\"\",", "[],", "{}}"] {
            assert_eq!(short_scalar(odd.as_bytes()), None, "{odd}");
        }
    }

    #[test]
    fn depth_is_limited() {
        assert_eq!(validate(&[b'['; 100]), Err(Stop::More));
        let Err(Stop::Fault(fault)) = validate(&[b'['; 101]) else {
            panic!("too deep")
        };
        assert_eq!((fault.kind, fault.at), (DecodeErrorKind::TooLarge, 100));
    }

    proptest! {
        #[test]
        fn verdicts_agree_with_serde_json(text in "([\\[\\]{},:0-9eE.+\\-\"\\\\untrfalse \u{e9}]|\":\"|\",\"){0,12}") {
            let ended = format!("{text},");
            let ours = matches!(validate(ended.as_bytes()), Ok(len) if text.trim_end().len() == len);
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(ours, theirs, "{}", text);
        }

        #[test]
        fn utf8_is_checked_as_the_standard_library_does(bytes in proptest::collection::vec(128u8.., 0..6)) {
            let wire = [b"\"", &bytes[..], b"\""].concat();
            let valid = std::str::from_utf8(&bytes).is_ok();
            prop_assert_eq!(validate(&wire).is_ok(), valid);
        }

        #[test]
        fn pieces_change_nothing(text in "([\\[\\]{},:0-9e.\\-\"\\\\u \u{e9}]|\"a\"|\":\"|\",\"){0,16}", cut in 0usize..16) {
            let bytes = text.as_bytes();
            let cut = cut.min(bytes.len());
            let whole = validate(bytes);
            let mut validator = Validator::new(100);
            let pieces = match validator.feed(&bytes[..cut]) {
                Err(Stop::More) => match validator.feed(&bytes[cut..]) {
                    Ok(len) => Ok(cut + len),
                    Err(Stop::Fault(fault)) => Err(Stop::Fault(Fault { at: fault.at + cut, ..fault })),
                    more => more,
                },
                verdict => verdict,
            };
            prop_assert_eq!(pieces, whole);
        }
    }
}
