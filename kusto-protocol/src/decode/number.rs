//! Numbers as text: whole numbers without a detour through floating point, and reals rounded correctly.

use super::word::{index_of_first, non_digit_bytes, word_at};

/// A whole number of at most 18 digits, followed by a comma or a bracket; `None` for anything else.
#[inline]
pub(super) fn short_integer(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    // Counts are often below ten.
    if let [digit @ b'0'..=b'9', b',' | b']', ..] = bytes[at..] {
        return Some((i64::from(digit - b'0'), at + 1));
    }
    let is_negative = bytes[at] == b'-';
    let from = at + usize::from(is_negative);
    let (value, end) = digits(bytes, from, 0);
    let len = end - from;
    let has_leading_zero = len > 1 && bytes[from] == b'0';
    if len == 0 || len > 18 || has_leading_zero || !matches!(bytes.get(end)?, b',' | b']') {
        return None;
    }
    // 18 digits fit.
    let value = value as i64;
    Some((if is_negative { -value } else { value }, end))
}

/// A number followed by a comma or a bracket, as the nearest `f64`; `None` for anything else, and for a number
/// beyond the range.
#[inline]
pub(super) fn short_real(bytes: &[u8], at: usize) -> Option<(f64, usize)> {
    let is_negative = bytes[at] == b'-';
    let from = at + usize::from(is_negative);
    let (mut mantissa, mut end) = digits(bytes, from, 0);
    let mut len = end - from;
    if len == 0 || (len > 1 && bytes[from] == b'0') {
        return None;
    }
    let mut exponent = 0i64;
    if *bytes.get(end)? == b'.' {
        let fraction = end + 1;
        (mantissa, end) = digits(bytes, fraction, mantissa);
        exponent = fraction as i64 - end as i64;
        len += end - fraction;
        if end == fraction {
            return None;
        }
    }
    if matches!(bytes.get(end)?, b'e' | b'E') {
        let sign = bytes.get(end + 1)?;
        let first = end + 1 + usize::from(matches!(sign, b'+' | b'-'));
        let (power, after) = digits(bytes, first, 0);
        if !(1..=4).contains(&(after - first)) {
            return None;
        }
        exponent += if *sign == b'-' {
            -(power as i64)
        } else {
            power as i64
        };
        end = after;
    }
    if !matches!(bytes.get(end)?, b',' | b']') {
        return None;
    }
    // Both operands exact, so that the result is rounded once. 19 digits fit into the mantissa.
    let is_exact = len <= 19 && mantissa <= 1 << 53;
    let value = match (usize::try_from(exponent.unsigned_abs()), exponent < 0) {
        (Ok(power @ 0..=22), false) if is_exact => mantissa as f64 * POWERS_OF_TEN[power],
        (Ok(power @ 0..=22), true) if is_exact => mantissa as f64 / POWERS_OF_TEN[power],
        _ => {
            let value = str::from_utf8(&bytes[from..end]).ok()?.parse().ok()?;
            Some(value).filter(|value: &f64| value.is_finite())?
        }
    };
    Some((if is_negative { -value } else { value }, end))
}

/// Appends the digits from `at` on to a number, and gives the index after them. The number wraps around after the
/// nineteenth digit.
#[inline]
fn digits(bytes: &[u8], mut at: usize, mut number: u64) -> (u64, usize) {
    while let Some(word) = word_at(bytes, at) {
        let len = index_of_first(non_digit_bytes(word));
        if len == 0 {
            return (number, at);
        }
        // Zeros in front instead of other bytes behind, then pairs, fours and eights are put together.
        let word = (word ^ 0x3030_3030_3030_3030) << (64 - 8 * len);
        let word = (word * 10 + (word >> 8)) & 0x00ff_00ff_00ff_00ff;
        let word = (word * 100 + (word >> 16)) & 0x0000_ffff_0000_ffff;
        let word = (word * 10_000 + (word >> 32)) & 0xffff_ffff;
        number = number.wrapping_mul(INTEGER_POWERS_OF_TEN[len]).wrapping_add(word);
        at += len;
        if len < 8 {
            return (number, at);
        }
    }
    while let Some(digit @ 0..=9) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')) {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    (number, at)
}

/// The value of a JSON number that is whole: `5`, `5.0`, `5e3`, `50e-1`. `None` if it is not, or takes more than
/// 64 bits, or the text is another JSON value.
pub(super) fn integer(json: &[u8]) -> Option<i64> {
    let (negative, text) = match json {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, json),
    };
    if !text.first()?.is_ascii_digit() {
        return None;
    }
    let mantissa_end = text
        .iter()
        .position(|byte| matches!(byte, b'e' | b'E'))
        .unwrap_or(text.len());
    let mantissa = &text[..mantissa_end];
    let whole_len = mantissa
        .iter()
        .position(|byte| *byte == b'.')
        .unwrap_or(mantissa.len());
    let digits = || {
        mantissa
            .iter()
            .filter(|byte| **byte != b'.')
            .map(|byte| i64::from(byte - b'0'))
    };
    if digits().all(|digit| digit == 0) {
        return Some(0);
    }
    let exponent: i64 = match text.get(mantissa_end + 1..) {
        Some(exponent) => str::from_utf8(exponent).ok()?.parse().ok()?,
        None => 0,
    };
    // The number of digits that the value has before its point.
    let whole_len = usize::try_from(exponent.checked_add(whole_len as i64)?).ok()?;
    if digits().skip(whole_len).any(|digit| digit != 0) {
        return None;
    }
    // Counted downwards, since the most negative number has no positive twin. Leading zeros keep this short:
    // once a digit other than zero has come, the twentieth overflows.
    let mut value = 0i64;
    let zeros = std::iter::repeat(0);
    for digit in digits().chain(zeros).take(whole_len) {
        value = value.checked_mul(10)?.checked_sub(digit)?;
    }
    if negative {
        Some(value)
    } else {
        value.checked_neg()
    }
}

/// Whether a text is a number as `decimal` writes it (`1`, `.1`, `1.`, `1E-5`, any number of digits) or one of the
/// words for what is no number.
pub(crate) fn is_decimal(text: &[u8]) -> bool {
    if matches!(text, b"NaN" | b"Infinity" | b"-Infinity") {
        return true;
    }
    let text = match text {
        [b'-' | b'+', rest @ ..] => rest,
        _ => text,
    };
    let mantissa_end = text
        .iter()
        .position(|byte| matches!(byte, b'e' | b'E'))
        .unwrap_or(text.len());
    let (mantissa, exponent) = text.split_at(mantissa_end);
    let points = mantissa.iter().filter(|byte| **byte == b'.').count();
    let digits = mantissa.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_exponent = match exponent {
        [] => true,
        [_, b'-' | b'+', digits @ ..] | [_, digits @ ..] => {
            !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
        }
    };
    points <= 1 && digits > 0 && digits + points == mantissa.len() && is_exponent
}

/// Exact in a `f64`.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

const INTEGER_POWERS_OF_TEN: [u64; 9] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_numbers_come_in_many_forms() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("0e99999", 0),
            ("0.000", 0),
            ("5.0", 5),
            ("5e3", 5000),
            ("50e-1", 5),
            ("1.5e1", 15),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("0.0012E+5", 120),
            ("9223372036854775807.000", i64::MAX),
        ] {
            assert_eq!(integer(text.as_bytes()), Some(value), "{text}");
        }
        for text in [
            "9223372036854775808",
            "-9223372036854775809",
            "0.5",
            "5e-1",
            "1e19",
            "1e99999999999999999999",
            "1e9223372036854775807",
            "true",
            "\"5\"",
            "[1]",
            "1e-400",
        ] {
            assert_eq!(integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn decimals_are_told_from_other_text() {
        for text in [
            "1",
            ".1",
            "1.",
            "3.07",
            "1E-5",
            "-12345678901234567890123456789012345678901.5",
            "NaN",
            "-Infinity",
        ] {
            assert!(is_decimal(text.as_bytes()), "{text}");
        }
        for text in ["", ".", "-", "1e", "1e+", "1.2.3", "abc", "1 ", "nan"] {
            assert!(!is_decimal(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn the_short_forms_leave_odd_ones_to_others() {
        for text in [
            "01,",
            "-,",
            "1",
            "1 ,",
            "1.0,",
            "1234567890123456789,",
            "\"1\",",
            "+1,",
        ] {
            assert_eq!(short_integer(text.as_bytes(), 0), None, "{text}");
        }
        for text in [
            "01,", "-,", "1", "1 ,", "1.,", ".5,", "1e,", "1e+,", "1e400,", "\"NaN\",", "1.2.3,",
        ] {
            assert_eq!(short_real(text.as_bytes(), 0), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn short_integers_agree_with_the_standard_library(value in any::<i64>(), drop in 0u32..19) {
            let value = value / 10i64.pow(drop);
            let text = format!("{value},");
            if let Some((ours, end)) = short_integer(text.as_bytes(), 0) {
                prop_assert_eq!((ours, end), (value, text.len() - 1));
            }
            prop_assert_eq!(integer(value.to_string().as_bytes()), Some(value));
        }

        #[test]
        fn short_reals_agree_with_the_standard_library(text in "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?") {
            let ended = format!("{text}]");
            let theirs: f64 = text.parse().unwrap();
            let expected = theirs.is_finite().then_some((theirs.to_bits(), text.len()));
            let ours = short_real(ended.as_bytes(), 0);
            prop_assert_eq!(ours.map(|(value, end)| (value.to_bits(), end)), expected);
        }
    }
}
