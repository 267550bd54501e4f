//! Numbers as text: whole numbers without a detour through floating point, and reals rounded correctly.

/// A whole number of at most 18 digits, followed by a comma or a bracket; `None` for anything else.
#[inline]
pub(super) fn short_integer(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let negative = bytes[at] == b'-';
    let from = at + usize::from(negative);
    let (mut value, mut end) = (0i64, from);
    loop {
        let digit = bytes.get(end)?.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        if end == from + 18 {
            return None;
        }
        value = value * 10 + i64::from(digit);
        end += 1;
    }
    let leading_zero = bytes[from] == b'0' && end > from + 1;
    if end == from || leading_zero || !matches!(bytes[end], b',' | b']') {
        return None;
    }
    Some((if negative { -value } else { value }, end))
}

/// A number whose nearest `f64` takes one multiplication or division of exact operands: at most 15 digits and a
/// small exponent. `None` for anything else.
#[inline]
pub(super) fn short_real(bytes: &[u8], at: usize) -> Option<(f64, usize)> {
    let negative = bytes[at] == b'-';
    let from = at + usize::from(negative);
    let (mut digits, mut end, mut point) = (0u64, from, None);
    loop {
        let byte = *bytes.get(end)?;
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            digits = digits * 10 + u64::from(digit);
        } else if byte == b'.' && point.is_none() && end > from {
            point = Some(end);
        } else {
            break;
        }
        end += 1;
        if end > from + 16 {
            return None;
        }
    }
    let whole_end = point.unwrap_or(end);
    let leading_zero = bytes[from] == b'0' && whole_end > from + 1;
    let fraction_len = point.map_or(0, |point| end - point - 1);
    if end == from
        || leading_zero
        || (point.is_some() && fraction_len == 0)
        || !matches!(bytes[end], b',' | b']')
    {
        return None;
    }
    // 16 digits (without a point) can exceed what a f64 holds exactly.
    if digits > 1 << 53 {
        return None;
    }
    let value = digits as f64 / POWERS_OF_TEN[fraction_len];
    Some((if negative { -value } else { value }, end))
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
pub(super) fn is_decimal(text: &[u8]) -> bool {
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
const POWERS_OF_TEN: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
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
            "01,",
            "-,",
            "1",
            "1 ,",
            "1.,",
            ".5,",
            "1e5,",
            "\"NaN\",",
            "1.2.3,",
            "12345678901234567,",
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
        fn short_reals_agree_with_the_standard_library(text in "-?(0|[1-9][0-9]{0,9})(\\.[0-9]{1,9})?") {
            let ended = format!("{text}]");
            if let Some((ours, end)) = short_real(ended.as_bytes(), 0) {
                prop_assert_eq!(end, text.len());
                prop_assert_eq!(ours.to_bits(), text.parse::<f64>().unwrap().to_bits());
            }
        }
    }
}
