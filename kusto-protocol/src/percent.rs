//! Percent-encoding of path segments and query values (RFC 3986), and form decoding.

/// Appends `text` with every byte outside the unreserved set written as `%XX`.
pub(crate) fn encode_into(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    encode_into(text, &mut out);
    out
}

/// Decodes `%XX`; a `%` that is not followed by two hex digits stands for itself, and bytes that are not UTF-8
/// become U+FFFD, as browsers have it.
pub(crate) fn decode(text: &str) -> String {
    decode_bytes(text, false)
}

/// As [`decode`], with `+` for a space (`application/x-www-form-urlencoded`).
pub(crate) fn decode_form(text: &str) -> String {
    decode_bytes(text, true)
}

/// The `name=value` pairs of a URL's query part, decoded; a pair without `=` has an empty value.
pub(crate) fn form_pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode_form(name), decode_form(value))
    })
}

fn decode_bytes(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = match (byte, bytes.get(at + 1), bytes.get(at + 2)) {
            (b'%', Some(&high), Some(&low)) => hex(high).zip(hex(low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                out.push(high << 4 | low);
                at += 3;
            }
            None => {
                out.push(if plus_is_space && byte == b'+' { b' ' } else { byte });
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn everything_but_unreserved_bytes_is_escaped() {
        assert_eq!(encode("a b/ü?&=+%~"), "a%20b%2F%C3%BC%3F%26%3D%2B%25~");
    }

    #[test]
    fn stray_percent_signs_stand_for_themselves() {
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%4"), "%zz%4");
        assert_eq!(decode("%ff"), "\u{fffd}");
    }

    #[test]
    fn plus_is_a_space_in_forms_only() {
        assert_eq!(decode("a+b"), "a+b");
        assert_eq!(decode_form("a+b%2B"), "a b+");
    }

    #[test]
    fn pairs_without_a_value_are_kept() {
        let pairs: Vec<_> = form_pairs("a=1&&b&c=x=y").collect();
        let expected = [("a", "1"), ("b", ""), ("c", "x=y")];
        assert_eq!(
            pairs,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(text in any::<String>()) {
            prop_assert_eq!(decode(&encode(&text)), text.clone());
            prop_assert_eq!(decode_form(&encode(&text)), text);
        }
    }
}
