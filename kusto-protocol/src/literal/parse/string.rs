//! String literals: regular, verbatim, multi-line, obfuscated, and adjacent ones joined.

use super::Cursor;
use crate::parse_error::ParseError;

/// Whether a string literal begins here.
pub(super) fn begins(rest: &str) -> bool {
    let rest = rest.strip_prefix(['h', 'H']).unwrap_or(rest);
    let unprefixed = rest.strip_prefix('@').unwrap_or(rest);
    unprefixed.starts_with(['"', '\'']) || FENCES.iter().any(|fence| rest.starts_with(fence))
}

impl Cursor<'_> {
    /// Reads one or more string literals; literals with nothing but blanks between them are one text.
    pub(super) fn strings(&mut self) -> Result<String, ParseError> {
        let mut text = String::new();
        loop {
            self.string(&mut text)?;
            let end = self.at;
            self.skip_blanks();
            if !begins(self.rest()) {
                self.at = end;
                return Ok(text);
            }
        }
    }

    fn string(&mut self, out: &mut String) -> Result<(), ParseError> {
        let start = *self;
        let unterminated = || start.malformed("the closing quote is missing");
        self.at += usize::from(self.rest().starts_with(['h', 'H']));
        if let Some(fence) = FENCES.into_iter().find(|fence| self.rest().starts_with(fence)) {
            let body = &self.rest()[fence.len()..];
            let length = body.find(fence).ok_or_else(unterminated)?;
            out.push_str(&body[..length]);
            self.at += length + 2 * fence.len();
            return Ok(());
        }
        let is_verbatim = self.rest().starts_with('@');
        self.at += usize::from(is_verbatim);
        let quote = self.next().ok_or_else(unterminated)?;
        loop {
            match self.next().ok_or_else(unterminated)? {
                c if c == quote && is_verbatim && self.rest().starts_with(quote) => {
                    out.push(quote);
                    self.at += 1;
                }
                c if c == quote => return Ok(()),
                '\\' if !is_verbatim => {
                    let c = self.escape()?;
                    out.push(c);
                }
                '\n' | '\r' => return Err(start.malformed("a line ends before the closing quote; write \\n")),
                c => out.push(c),
            }
        }
    }

    /// Reads what follows a backslash.
    fn escape(&mut self) -> Result<char, ParseError> {
        let start = *self;
        let unknown = || start.malformed("unknown escape; double the backslash to mean one");
        Ok(match self.next().ok_or_else(unknown)? {
            c @ ('"' | '\'' | '\\' | '/') => c,
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'x' => self.hex(2).and_then(char::from_u32).ok_or_else(unknown)?,
            'U' => self.hex(8).and_then(char::from_u32).ok_or_else(unknown)?,
            'u' => {
                let unit = self.hex(4).ok_or_else(unknown)?;
                match char::from_u32(unit) {
                    Some(c) => c,
                    None => self.low_surrogate(unit).ok_or_else(unknown)?,
                }
            }
            _ => return Err(unknown()),
        })
    }

    /// The second half of a character above U+FFFF, which follows as `\uXXXX`.
    fn low_surrogate(&mut self, high: u32) -> Option<char> {
        self.rest().starts_with("\\u").then(|| self.at += 2)?;
        let low = self.hex(4)?;
        let is_pair = (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(&low);
        is_pair.then(|| char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)))?
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let text = self.rest().get(..digits)?;
        let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.at += digits;
        is_hex.then(|| u32::from_str_radix(text, 16).ok())?
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }
}

/// What encloses multi-line strings.
const FENCES: [&str; 2] = ["```", "~~~"];
