//! What a JSON string says.

use super::json::{BAD_ESCAPE, CONTROL_CHARACTER, Fault, Stop};

/// Appends what the string that begins at `at` (a quote) says, and gives the index after its closing quote.
///
/// Half of a surrogate pair, which .NET writes when a text was cut in the middle of one, becomes U+FFFD. After a
/// stop, anything may have been appended.
#[inline]
pub(super) fn unescape(bytes: &[u8], at: usize, text: &mut String) -> Result<usize, Stop> {
    let mut from = at + 1;
    loop {
        let rest = bytes.get(from..).unwrap_or_default();
        let Some(len) = memchr::memchr2(b'"', b'\\', rest) else {
            return Err(Stop::More);
        };
        push_plain(&rest[..len], from, text)?;
        from += len;
        if bytes[from] == b'"' {
            return Ok(from + 1);
        }
        from = push_escape(bytes, from, text)?;
    }
}

/// Appends a piece of a string without quotes and escapes.
#[inline]
fn push_plain(piece: &[u8], at: usize, text: &mut String) -> Result<(), Stop> {
    if piece.iter().fold(false, |found, byte| found | (*byte < 0x20)) {
        let control = piece.iter().position(|byte| *byte < 0x20).unwrap_or_default();
        return Err(Fault::syntax(at + control, CONTROL_CHARACTER).into());
    }
    match simdutf8::basic::from_utf8(piece) {
        Ok(piece) => text.push_str(piece),
        Err(_) => {
            let valid = simdutf8::compat::from_utf8(piece)
                .err()
                .map_or(0, |error| error.valid_up_to());
            return Err(Fault::utf8(at + valid).into());
        }
    }
    Ok(())
}

/// Appends what an escape says, and gives the index after it.
fn push_escape(bytes: &[u8], at: usize, text: &mut String) -> Result<usize, Stop> {
    let Some(byte) = bytes.get(at + 1) else {
        return Err(Stop::More);
    };
    let character = match byte {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return push_unicode_escape(bytes, at, text),
        _ => return Err(Fault::syntax(at + 1, BAD_ESCAPE).into()),
    };
    text.push(character);
    Ok(at + 2)
}

/// `\uXXXX`, or a pair of them that stands for one character.
fn push_unicode_escape(bytes: &[u8], at: usize, text: &mut String) -> Result<usize, Stop> {
    let unit = hex4(bytes, at + 2)?;
    if !(0xd800..0xdc00).contains(&unit) {
        text.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
        return Ok(at + 6);
    }
    let second_half = match (bytes.get(at + 6), bytes.get(at + 7)) {
        (None, _) | (Some(b'\\'), None) => return Err(Stop::More),
        (Some(b'\\'), Some(b'u')) => hex4(bytes, at + 8)?,
        _ => 0,
    };
    if (0xdc00..0xe000).contains(&second_half) {
        let character = 0x10000 + ((unit - 0xd800) << 10) + (second_half - 0xdc00);
        text.push(char::from_u32(character).unwrap_or(char::REPLACEMENT_CHARACTER));
        Ok(at + 12)
    } else {
        text.push(char::REPLACEMENT_CHARACTER);
        Ok(at + 6)
    }
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
        assert_eq!(unescape(wire, 0, &mut text), Ok(wire.len()));
        assert_eq!(text, "a😀b\u{fffd}c\u{fffd}\u{fffd}😀");
    }

    proptest! {
        #[test]
        fn utf8_is_checked_as_the_standard_library_does(bytes in proptest::collection::vec(128u8.., 0..6)) {
            let wire = [b"\"", &bytes[..], b"\""].concat();
            let valid = std::str::from_utf8(&bytes).is_ok();
            prop_assert_eq!(unescape(&wire, 0, &mut String::new()).is_ok(), valid);
        }

        #[test]
        fn strings_say_what_serde_json_says(text in any::<String>()) {
            let wire = serde_json::to_string(&text).unwrap();
            let mut ours = String::new();
            prop_assert_eq!(unescape(wire.as_bytes(), 0, &mut ours), Ok(wire.len()));
            prop_assert_eq!(ours, text);
        }
    }
}
