//! Strings as they are written to strings as they are meant.

use std::iter::Peekable;
use std::str::Chars;

/// The value of one quoted string of any form. The lexer has checked that it is closed.
pub(super) fn unquote(token: &str) -> String {
    let token = token.trim_start_matches(['h', 'H']);
    if let Some(verbatim) = token.strip_prefix('@') {
        let inside = &verbatim[1..verbatim.len() - 1];
        let quote = &verbatim[..1];
        return inside.replace(&quote.repeat(2), quote);
    }
    if token.starts_with(['`', '~']) {
        return token[3..token.len() - 3].to_owned();
    }
    let inside = &token[1..token.len() - 1];
    if inside.contains('\\') {
        unescape(inside)
    } else {
        inside.to_owned()
    }
}

fn unescape(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        value.push(if c == '\\' { escaped(&mut chars) } else { c });
    }
    value
}

/// The character an escape stands for; its backslash is behind.
fn escaped(chars: &mut Peekable<Chars<'_>>) -> char {
    match chars.peek() {
        Some('0'..='3') => return from_code(digits(chars, 8, 3)),
        Some('4'..='7') => return from_code(digits(chars, 8, 2)),
        _ => {}
    }
    match chars.next() {
        Some('a') => '\x07',
        Some('b') => '\x08',
        Some('f') => '\x0c',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('v') => '\x0b',
        Some('x') => from_code(digits(chars, 16, 2)),
        Some('u') => from_code(utf16(chars)),
        Some('U') => from_code(digits(chars, 16, 8)),
        Some(itself) => itself,
        None => '\\',
    }
}

/// Up to that many digits as one number.
fn digits(chars: &mut Peekable<Chars<'_>>, radix: u32, most: usize) -> u32 {
    let mut code: u32 = 0;
    for _ in 0..most {
        let Some(digit) = chars.peek().and_then(|c| c.to_digit(radix)) else {
            break;
        };
        code = code.wrapping_mul(radix).wrapping_add(digit);
        chars.next();
    }
    code
}

/// The code of `\uXXXX`, or of two of them that are one character.
fn utf16(chars: &mut Peekable<Chars<'_>>) -> u32 {
    let first = digits(chars, 16, 4);
    let mut ahead = chars.clone();
    if (0xd800..0xdc00).contains(&first) && ahead.next() == Some('\\') && ahead.next() == Some('u') {
        let second = digits(&mut ahead, 16, 4);
        if (0xdc00..0xe000).contains(&second) {
            *chars = ahead;
            return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        }
    }
    first
}

fn from_code(code: u32) -> char {
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::unquote;

    #[test]
    fn every_form_of_string_gives_its_value() {
        for (token, value) in [
            (r#""a'b""#, "a'b"),
            (r#"'a"b'"#, "a\"b"),
            (r#"h"secret""#, "secret"),
            (r"H@'a\b'", r"a\b"),
            (r#"@"say ""hi"" ""#, r#"say "hi" "#),
            ("@'it''s'", "it's"),
            ("```a\n\"b\"```", "a\n\"b\""),
            ("h~~~``` inside~~~", "``` inside"),
            ("''", ""),
        ] {
            assert_eq!(unquote(token), value, "{token}");
        }
    }

    #[test]
    fn escapes_give_one_character_each() {
        for (token, value) in [
            (r"'\\ \' \q'", "\\ ' q"),
            (r"'\a\b\f\n\r\t\v'", "\x07\x08\x0c\n\r\t\x0b"),
            (r"'\x41\u00e9\U0001F600'", "Aé😀"),
            (r"'\ud83d\ude00'", "😀"),
            (r"'\ud83d!'", "\u{fffd}!"),
            (r"'\ud83d\u0041'", "\u{fffd}A"),
            (r"'\0 \101 \778'", "\0 A ?8"),
            (r"'\UFFFFFFFF'", "\u{fffd}"),
        ] {
            assert_eq!(unquote(token), value, "{token}");
        }
    }
}
