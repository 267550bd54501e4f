//! What a JSON string says.

use super::json::{BAD_ESCAPE, CONTROL_CHARACTER, Fault, Stop};
use super::word::{index_of_first, special_bytes, word_at};
use crate::simd::{ascii, plain_end};

/// Appends what the string that begins at `at` (a quote) says, and gives the index after its closing quote.
///
/// Half of a surrogate pair, which .NET writes when a text was cut in the middle of one, becomes U+FFFD. After a
/// stop, anything may have been appended. `scratch` is there for its memory.
#[inline]
pub(super) fn unescape(
    bytes: &[u8],
    at: usize,
    text: &mut String,
    scratch: &mut Vec<u8>,
) -> Result<usize, Stop> {
    let from = at + 1;
    let end = plain_end(bytes, from);
    match bytes.get(end) {
        None => Err(Stop::More),
        Some(b'"') => {
            text.push_str(check_utf8(&bytes[from..end], from)?);
            Ok(end + 1)
        }
        Some(b'\\') => {
            scratch.clear();
            // Else it would grow in small steps.
            scratch.reserve(end - from + 64);
            scratch.extend_from_slice(&bytes[from..end]);
            let end = push_escaped(bytes, end, scratch)?;
            // If this is not UTF-8, neither is the text on the wire, which knows the place.
            match simdutf8::basic::from_utf8(scratch) {
                Ok(unescaped) => text.push_str(unescaped),
                Err(_) => {
                    check_utf8(&bytes[from..end], from)?;
                }
            }
            Ok(end + 1)
        }
        Some(_) => Err(Fault::syntax(end, CONTROL_CHARACTER).into()),
    }
}

/// What the string that begins at `at` (a quote) says, and the index after its closing quote, if it has one and is
/// right.
pub(crate) fn unescape_all(bytes: &[u8], at: usize) -> Option<(usize, String)> {
    let mut text = String::new();
    let end = unescape(bytes, at, &mut text, &mut Vec::new()).ok()?;
    Some((end, text))
}

/// What a string of ASCII without escapes says, from after its opening quote on, and what follows the closing one.
#[inline]
pub(super) fn short_text(json: &[u8]) -> Option<(&str, &[u8])> {
    let (text, rest) = json.split_at_checked(plain_end(json, 0))?;
    Some((ascii(text)?, rest.strip_prefix(b"\"")?))
}

#[inline]
fn check_utf8(piece: &[u8], at: usize) -> Result<&str, Stop> {
    if let Some(text) = ascii(piece) {
        return Ok(text);
    }
    match simdutf8::basic::from_utf8(piece) {
        Ok(text) => Ok(text),
        Err(_) => {
            let valid = simdutf8::compat::from_utf8(piece)
                .err()
                .map_or(0, |error| error.valid_up_to());
            Err(Fault::utf8(at + valid).into())
        }
    }
}

/// Appends the rest of a string from a backslash on, and gives the index of its closing quote.
fn push_escaped(bytes: &[u8], mut at: usize, text: &mut Vec<u8>) -> Result<usize, Stop> {
    loop {
        match bytes.get(at) {
            None => return Err(Stop::More),
            Some(b'"') => return Ok(at),
            Some(b'\\') => at = push_escape(bytes, at, text)?,
            Some(_) => return Err(Fault::syntax(at, CONTROL_CHARACTER).into()),
        }
        // Where one escape follows the other, there is no run between them.
        if bytes.get(at) == Some(&b'\\') {
            continue;
        }
        // A run without escapes, eight bytes at a time; those after its end are taken back.
        loop {
            let Some(word) = word_at(bytes, at) else {
                let end = plain_end(bytes, at);
                text.extend_from_slice(&bytes[at..end]);
                at = end;
                break;
            };
            text.extend_from_slice(&word.to_le_bytes());
            let len = index_of_first(special_bytes(word));
            at += len;
            if len < 8 {
                text.truncate(text.len() - (8 - len));
                break;
            }
        }
    }
}

/// Appends what an escape says, and gives the index after it.
#[inline]
fn push_escape(bytes: &[u8], at: usize, text: &mut Vec<u8>) -> Result<usize, Stop> {
    let Some(byte) = bytes.get(at + 1) else {
        return Err(Stop::More);
    };
    text.push(match byte {
        b'"' | b'\\' | b'/' => *byte,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => return push_unicode_escape(bytes, at, text),
        _ => return Err(Fault::syntax(at + 1, BAD_ESCAPE).into()),
    });
    Ok(at + 2)
}

/// Appends what an escape says, and gives the index after it, if the escape is whole and right.
pub(crate) fn push_one_escape(bytes: &[u8], at: usize, text: &mut Vec<u8>) -> Option<usize> {
    push_escape(bytes, at, text).ok()
}

/// `\uXXXX`, or a pair of them that stands for one character.
fn push_unicode_escape(bytes: &[u8], at: usize, text: &mut Vec<u8>) -> Result<usize, Stop> {
    let unit = hex4(bytes, at + 2)?;
    let (code, len) = if (0xd800..0xdc00).contains(&unit) {
        let second = match (bytes.get(at + 6), bytes.get(at + 7)) {
            (None, _) | (Some(b'\\'), None) => return Err(Stop::More),
            (Some(b'\\'), Some(b'u')) => hex4(bytes, at + 8)?,
            _ => 0,
        };
        if (0xdc00..0xe000).contains(&second) {
            (0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00), 12)
        } else {
            (unit, 6)
        }
    } else {
        (unit, 6)
    };
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(at + len)
}

fn hex4(bytes: &[u8], at: usize) -> Result<u32, Stop> {
    let mut unit = 0;
    for index in at..at + 4 {
        let Some(byte) = bytes.get(index) else {
            return Err(Stop::More);
        };
        let Some(digit) = char::from(*byte).to_digit(16) else {
            return Err(Fault::syntax(index, BAD_ESCAPE).into());
        };
        unit = unit << 4 | digit;
    }
    Ok(unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn half_of_a_surrogate_pair_is_replaced() {
        let mut text = String::new();
        let wire = br#""a\ud83d\ude00b\ud83dc\ude00\ud83d\ud83d\ude00""#;
        assert_eq!(unescape(wire, 0, &mut text, &mut Vec::new()), Ok(wire.len()));
        assert_eq!(text, "a😀b\u{fffd}c\u{fffd}\u{fffd}😀");
    }

    proptest! {
        #[test]
        fn utf8_is_checked_as_the_standard_library_does(bytes in proptest::collection::vec(128u8.., 0..6)) {
            let wire = [b"\"", &bytes[..], b"\""].concat();
            let valid = std::str::from_utf8(&bytes).is_ok();
            prop_assert_eq!(unescape(&wire, 0, &mut String::new(), &mut Vec::new()).is_ok(), valid);
        }

        #[test]
        fn strings_say_what_serde_json_says(text in any::<String>()) {
            let wire = serde_json::to_string(&text).unwrap();
            let mut ours = String::new();
            prop_assert_eq!(unescape(wire.as_bytes(), 0, &mut ours, &mut Vec::new()), Ok(wire.len()));
            prop_assert_eq!(ours, text);
        }
    }
}
