//! Whole JSON values, read by serde_json: errors, and lists of columns in an unusual form.

use std::borrow::Cow;

use serde_json::Value;

/// Parses one JSON value; `None` when it is nested deeper than serde_json reads, or holds a number beyond its range.
pub(super) fn parse_value(json: &[u8]) -> Option<Value> {
    serde_json::from_slice(&replace_half_pairs(json)).ok()
}

/// JSON text in which escapes of half a surrogate pair are `\uFFFD`: what the decoder does in cells, for serde_json,
/// which refuses them. The text must be valid JSON, or the beginning of it.
pub(super) fn replace_half_pairs(json: &[u8]) -> Cow<'_, [u8]> {
    let mut text = Cow::Borrowed(json);
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &json[at..]) {
        at += found;
        let (first, second) = (code_unit(json, at), code_unit(json, at + 6));
        at += match (first, second) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                text.to_mut()[at + 2..at + 6].copy_from_slice(b"fffd");
                6
            }
            _ => 2,
        };
        at = at.min(json.len());
    }
    text
}

/// The code unit of the `\uXXXX` at a place.
fn code_unit(json: &[u8], at: usize) -> Option<u32> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_surrogate_pair_is_replaced_and_nothing_else() {
        for (from, to) in [
            (r#""a\\ud800b""#, r#""a\\ud800b""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (
                r#""\ude00\ud83d\ud83d\ude00\n""#,
                r#""\ufffd\ufffd\ud83d\ude00\n""#,
            ),
        ] {
            assert_eq!(replace_half_pairs(from.as_bytes()), to.as_bytes());
        }
    }
}
