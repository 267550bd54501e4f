//! Text to tokens. Never fails: what cannot be read becomes a token that no rule accepts, so that the
//! parser reports whichever trouble comes first.

use crate::token::{Token, TokenKind};

/// Splits the text from a byte offset on into tokens, the last of which is [`TokenKind::End`]. The
/// text must be shorter than 4 GiB.
pub(crate) fn tokenize(text: &str, start: usize) -> Vec<Token> {
    let mut lexer = Lexer::new(text, start);
    let mut tokens = Vec::with_capacity((text.len() - start) / 5 + 1);
    loop {
        let token = lexer.next();
        tokens.push(token);
        if token.kind == TokenKind::End {
            return tokens;
        }
    }
}

pub(crate) struct Lexer<'a> {
    bytes: &'a [u8],
    text: &'a str,
    position: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str, start: usize) -> Self {
        Self {
            bytes: text.as_bytes(),
            text,
            position: start,
        }
    }

    /// The next token; at the end of the text, [`TokenKind::End`] again and again.
    pub(crate) fn next(&mut self) -> Token {
        self.skip_blank();
        let start = self.position;
        let kind = self.token();
        Token {
            kind,
            start: start as u32,
            end: self.position as u32,
        }
    }

    /// The byte at a distance from the position; zero past the end.
    fn peek(&self, distance: usize) -> u8 {
        self.bytes.get(self.position + distance).copied().unwrap_or(0)
    }

    /// Skips whitespace and comments.
    fn skip_blank(&mut self) {
        loop {
            match self.peek(0) {
                b' ' | b'\t' | b'\r' | b'\n' | 0x0c => self.position += 1,
                b'/' if self.peek(1) == b'/' => self.skip_line(),
                byte if byte >= 0x80 => match self.text[self.position..].chars().next() {
                    Some(blank) if is_blank(blank) => self.position += blank.len_utf8(),
                    _ => return,
                },
                _ => return,
            }
        }
    }

    fn skip_line(&mut self) {
        let rest = &self.text[self.position..];
        let ends_line = |c| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}');
        self.position += rest.find(ends_line).unwrap_or(rest.len());
    }

    /// Consumes `length` bytes as a token of that kind.
    fn take(&mut self, length: usize, kind: TokenKind) -> TokenKind {
        self.position += length;
        kind
    }

    fn token(&mut self) -> TokenKind {
        use TokenKind::*;
        let next = self.peek(1);
        match self.peek(0) {
            0 if self.position == self.bytes.len() => End,
            b'h' | b'H' if self.string_starts_at(1) => {
                self.position += 1;
                self.string()
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' => self.word(),
            b'0'..=b'9' => self.number(),
            b'"' | b'\'' | b'`' | b'~' | b'@' if self.string_starts_at(0) => self.string(),
            b'@' => self.take(1, At),
            b'*' => self.take(1, Star),
            b'|' => self.take(1, Bar),
            b'{' => self.take(1, OpenBrace),
            b'}' => self.take(1, CloseBrace),
            b'[' => self.take(1, OpenBracket),
            b']' => self.take(1, CloseBracket),
            b'(' => self.take(1, OpenParen),
            b')' => self.take(1, CloseParen),
            b',' => self.take(1, Comma),
            b':' => self.take(1, Colon),
            b';' => self.take(1, Semicolon),
            b'.' if next == b'.' => self.take(2, DotDot),
            b'.' => self.take(1, Dot),
            b'-' => self.take(1, Minus),
            b'+' => self.take(1, Plus),
            b'/' => self.take(1, Slash),
            b'%' => self.take(1, Percent),
            b'=' => match next {
                b'=' => self.take(2, Equal),
                b'~' => self.take(2, EqualTilde),
                b'>' => self.take(2, Arrow),
                _ => self.take(1, Assign),
            },
            b'!' => match next {
                b'=' => self.take(2, NotEqual),
                b'~' => self.take(2, NotTilde),
                b'a'..=b'z' => {
                    self.position += 1;
                    self.skip_word();
                    self.skip_tilde_of_in();
                    OperatorWord
                }
                _ => self.take(1, Unknown),
            },
            b'<' => match next {
                b'=' => self.take(2, LessOrEqual),
                b'>' => self.take(2, LessGreater),
                b'|' => self.take(2, LessBar),
                _ => self.take(1, Less),
            },
            b'>' if next == b'=' => self.take(2, GreaterOrEqual),
            b'>' => self.take(1, Greater),
            _ => {
                let unknown = self.text[self.position..].chars().next();
                self.take(unknown.map_or(1, char::len_utf8), Unknown)
            }
        }
    }

    fn skip_word(&mut self) {
        while is_word_byte(self.peek(0)) {
            self.position += 1;
        }
    }

    /// `in~` is one token, unless the tilde starts a string.
    fn skip_tilde_of_in(&mut self) -> bool {
        let is_tilde = self.bytes[..self.position].ends_with(b"in")
            && self.peek(0) == b'~'
            && !self.bytes[self.position..].starts_with(b"~~~");
        self.position += usize::from(is_tilde);
        is_tilde
    }

    fn word(&mut self) -> TokenKind {
        let start = self.position;
        self.position += 1;
        self.skip_word();
        let word = &self.text[start..self.position];
        if word == "in" && self.skip_tilde_of_in() {
            return TokenKind::OperatorWord;
        }
        if self.peek(0) == b'(' && takes_typed_literal(word) {
            return match self.bytes[self.position..].iter().position(|&byte| byte == b')') {
                Some(length) => self.take(length + 1, TokenKind::TypedLiteral),
                None => self.take(self.bytes.len() - self.position, TokenKind::Unterminated),
            };
        }
        TokenKind::Word
    }

    fn skip_digits(&mut self) {
        while self.peek(0).is_ascii_digit() {
            self.position += 1;
        }
    }

    fn number(&mut self) -> TokenKind {
        let start = self.position;
        if self.guid_starts_here() {
            return self.take(GUID_LENGTH, TokenKind::Guid);
        }
        if self.peek(0) == b'0' && matches!(self.peek(1), b'x' | b'X') {
            let digits = self.bytes[start + 2..]
                .iter()
                .take_while(|byte| byte.is_ascii_hexdigit());
            let length = 2 + digits.count();
            let is_number = length > 2 && !is_word_byte(self.peek(length));
            if is_number {
                return self.take(length, TokenKind::Long);
            }
        }
        self.skip_digits();
        let has_point = self.peek(0) == b'.' && self.peek(1) != b'.';
        if has_point {
            self.position += 1;
            self.skip_digits();
        }
        let suffix = self.position;
        self.skip_word();
        match &self.text[suffix..self.position] {
            "" if has_point => return TokenKind::Real,
            "" => return TokenKind::Long,
            unit if is_timespan_unit(unit) => return TokenKind::Timespan,
            _ => {}
        }
        let after_word = self.position;
        self.position = suffix;
        if self.skip_exponent() {
            return TokenKind::Real;
        }
        if has_point {
            return TokenKind::Real;
        }
        self.position = after_word;
        TokenKind::Word
    }

    /// Skips `e10`, `E-3`; false if there is none.
    fn skip_exponent(&mut self) -> bool {
        let sign = usize::from(matches!(self.peek(1), b'+' | b'-'));
        if !matches!(self.peek(0), b'e' | b'E') || !self.peek(1 + sign).is_ascii_digit() {
            return false;
        }
        let start = self.position;
        self.position += 1 + sign;
        self.skip_digits();
        if is_word_byte(self.peek(0)) {
            self.position = start;
            return false;
        }
        true
    }

    fn guid_starts_here(&self) -> bool {
        self.bytes[self.position..]
            .get(..GUID_LENGTH)
            .is_some_and(|guid| {
                guid.iter().enumerate().all(|(index, byte)| match index {
                    8 | 13 | 18 | 23 => *byte == b'-',
                    _ => byte.is_ascii_hexdigit(),
                })
            })
    }

    fn string_starts_at(&self, distance: usize) -> bool {
        let rest = self.bytes.get(self.position + distance..).unwrap_or_default();
        matches!(rest, [b'"' | b'\'', ..] | [b'@', b'"' | b'\'', ..])
            || rest.starts_with(b"```")
            || rest.starts_with(b"~~~")
    }

    fn string(&mut self) -> TokenKind {
        match self.peek(0) {
            b'@' => {
                self.position += 1;
                self.verbatim_string()
            }
            fence @ (b'`' | b'~') => {
                self.position += 3;
                let rest = &self.bytes[self.position..];
                match rest.windows(3).position(|window| window == [fence; 3]) {
                    Some(length) => self.take(length + 3, TokenKind::String),
                    None => self.take(rest.len(), TokenKind::Unterminated),
                }
            }
            _ => self.quoted_string(),
        }
    }

    fn verbatim_string(&mut self) -> TokenKind {
        let quote = self.peek(0);
        self.position += 1;
        loop {
            match self.peek(0) {
                0 | b'\r' | b'\n' if self.ends_line() => return TokenKind::Unterminated,
                byte if byte == quote && self.peek(1) == quote => self.position += 2,
                byte if byte == quote => return self.take(1, TokenKind::String),
                _ => self.position += 1,
            }
        }
    }

    fn quoted_string(&mut self) -> TokenKind {
        let quote = self.peek(0);
        let mut kind = TokenKind::String;
        self.position += 1;
        loop {
            match self.peek(0) {
                0 | b'\r' | b'\n' if self.ends_line() => return TokenKind::Unterminated,
                b'\\' => {
                    if !self.escape_is_whole() {
                        kind = TokenKind::BadEscape;
                    }
                    // Whatever follows the backslash does not end the string, but the line may end.
                    let is_ascii = matches!(self.peek(1), 0x20..0x80);
                    self.position += 1 + usize::from(is_ascii);
                }
                byte if byte == quote => return self.take(1, kind),
                _ => self.position += 1,
            }
        }
    }

    /// True if the backslash at the position starts an escape with all its digits.
    fn escape_is_whole(&self) -> bool {
        let digits = match self.peek(1) {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            b'0'..=b'7' => 0,
            letter => return ESCAPED.contains(&letter),
        };
        (2..2 + digits).all(|distance| self.peek(distance).is_ascii_hexdigit())
    }

    /// True at the end of the line or of the text (a NUL inside the text is an ordinary character).
    fn ends_line(&self) -> bool {
        self.peek(0) != 0 || self.position == self.bytes.len()
    }
}

const GUID_LENGTH: usize = 36;
/// What a backslash may stand before, apart from digits and codes.
const ESCAPED: &[u8] = b"'\"\\abfnrtv";

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{1680}' | '\u{180e}' | '\u{2000}'
            ..='\u{200b}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{feff}'
    )
}

fn takes_typed_literal(word: &str) -> bool {
    matches!(
        word,
        "bool"
            | "date"
            | "datetime"
            | "decimal"
            | "double"
            | "guid"
            | "int"
            | "int32"
            | "int64"
            | "long"
            | "real"
            | "time"
            | "timespan"
            | "uuid"
            | "uniqueid"
    )
}

fn is_timespan_unit(word: &str) -> bool {
    matches!(
        word,
        "d" | "day"
            | "days"
            | "h"
            | "hr"
            | "hrs"
            | "hour"
            | "hours"
            | "m"
            | "min"
            | "minute"
            | "minutes"
            | "s"
            | "sec"
            | "second"
            | "seconds"
            | "ms"
            | "milli"
            | "millis"
            | "millisec"
            | "millisecond"
            | "milliseconds"
            | "micro"
            | "micros"
            | "microsec"
            | "microsecond"
            | "microseconds"
            | "nano"
            | "nanos"
            | "nanosec"
            | "nanosecond"
            | "nanoseconds"
            | "tick"
            | "ticks"
    )
}
