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
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next() {
            Some('a') => value.push('\x07'),
            Some('b') => value.push('\x08'),
            Some('f') => value.push('\x0c'),
            Some('n') => value.push('\n'),
            Some('r') => value.push('\r'),
            Some('t') => value.push('\t'),
            Some('v') => value.push('\x0b'),
            Some('x') => value.push(from_code(digits(&mut chars, 16, 2))),
            Some('u') => value.push(utf16(&mut chars)),
            Some('U') => value.push(from_code(digits(&mut chars, 16, 8))),
            Some(octal @ '0'..='7') => {
                let more = if octal <= '3' { 2 } else { 1 };
                let high = octal.to_digit(8).unwrap_or(0);
                let mut code = high;
                for _ in 0..more {
                    let Some(digit) = chars.peek().and_then(|c| c.to_digit(8)) else {
                        break;
                    };
                    code = code * 8 + digit;
                    chars.next();
                }
                value.push(from_code(code));
            }
            Some(itself) => value.push(itself),
            None => {}
        }
    }
    value
}

/// Up to `most` digits as one number.
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

/// `\uXXXX`, or two of them that are one character.
fn utf16(chars: &mut Peekable<Chars<'_>>) -> char {
    let first = digits(chars, 16, 4);
    let mut ahead = chars.clone();
    if (0xd800..0xdc00).contains(&first) && ahead.next() == Some('\\') && ahead.next() == Some('u') {
        let second = digits(&mut ahead, 16, 4);
        if (0xdc00..0xe000).contains(&second) {
            *chars = ahead;
            return from_code(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
        }
    }
    from_code(first)
}

fn from_code(code: u32) -> char {
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}
