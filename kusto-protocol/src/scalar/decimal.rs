use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::{ParseError, ParseErrorKind};

/// A decimal number: `coefficient × 10^exponent`, exact, with up to 38 digits.
///
/// Kusto's `decimal` has 34 significant digits; the type of the service's .NET side allows 38. Batches keep the
/// text of the service, so nothing is lost there whatever its length; this type is for computing with it or
/// handing it to a library for decimal arithmetic.
///
/// Equality and order are by value: `1.0` equals `1`.
///
/// # Example
///
/// ```
/// use kusto_protocol::Decimal;
///
/// let price: Decimal = "12.50".parse()?;
/// assert_eq!((price.coefficient(), price.exponent()), (1250, -2));
/// assert_eq!(price.to_string(), "12.50");
/// assert!(price > "1.25e1".parse::<Decimal>()? || price == "1.25e1".parse()?);
/// # Ok::<(), kusto_protocol::ParseError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Decimal {
    coefficient: i128,
    exponent: i16,
}

impl Decimal {
    /// The number `coefficient × 10^exponent`.
    pub const fn new(coefficient: i128, exponent: i16) -> Self {
        Self {
            coefficient,
            exponent,
        }
    }

    /// The digits, as a whole number.
    pub const fn coefficient(self) -> i128 {
        self.coefficient
    }

    /// The power of ten that the coefficient is multiplied with.
    pub const fn exponent(self) -> i16 {
        self.exponent
    }

    /// The nearest `f64`.
    pub fn to_f64(self) -> f64 {
        // The text goes through the standard library's correctly rounding parser.
        format!("{}e{}", self.coefficient, self.exponent)
            .parse()
            .unwrap_or(f64::NAN)
    }

    /// Coefficient without trailing zeros, and the exponent that goes with it: the same pair for equal values.
    fn normal(self) -> (i128, i32) {
        if self.coefficient == 0 {
            return (0, 0);
        }
        let (mut coefficient, mut exponent) = (self.coefficient, i32::from(self.exponent));
        while coefficient % 10 == 0 {
            coefficient /= 10;
            exponent += 1;
        }
        (coefficient, exponent)
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.normal() == other.normal()
    }
}

impl Eq for Decimal {}

impl std::hash::Hash for Decimal {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.normal().hash(state);
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = self.coefficient.signum().cmp(&other.coefficient.signum());
        if sign.is_ne() || self.coefficient == 0 {
            return sign;
        }
        let ((a, a_exponent), (b, b_exponent)) = (self.normal(), other.normal());
        // The position of the first digit decides, then the digits themselves, brought to the same length.
        let (a_digits, b_digits) = (a.unsigned_abs().ilog10(), b.unsigned_abs().ilog10());
        let magnitude = (i64::from(a_digits) + i64::from(a_exponent))
            .cmp(&(i64::from(b_digits) + i64::from(b_exponent)))
            .then_with(|| {
                let longest = a_digits.max(b_digits);
                let widen = |number: i128, digits: u32| number.unsigned_abs() * 10u128.pow(longest - digits);
                widen(a, a_digits).cmp(&widen(b, b_digits))
            });
        if self.coefficient < 0 {
            magnitude.reverse()
        } else {
            magnitude
        }
    }
}

impl fmt::Display for Decimal {
    /// Plain digits where that needs no more than 40 characters, else with an exponent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.coefficient.unsigned_abs().to_string();
        let sign = if self.coefficient < 0 { "-" } else { "" };
        let exponent = i32::from(self.exponent);
        if exponent == 0 {
            return write!(f, "{sign}{digits}");
        }
        let point = digits.len() as i32 + exponent;
        if exponent < 0 && point > 0 {
            let (whole, fraction) = digits.split_at(point as usize);
            write!(f, "{sign}{whole}.{fraction}")
        } else if exponent < 0 && point > -40 + digits.len() as i32 {
            write!(
                f,
                "{sign}0.{:0>width$}",
                digits,
                width = exponent.unsigned_abs() as usize
            )
        } else {
            write!(f, "{sign}{digits}E{exponent:+}")
        }
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Decimal {
    type Err = ParseError;

    /// Reads an optional sign, digits with an optional point, and an optional exponent: `1`, `.1`, `1.`, `1E-5`.
    ///
    /// # Errors
    ///
    /// When the text is something else (also for `NaN` and `Infinity`), or has more than 38 significant digits.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse_decimal(text.as_bytes()).ok_or_else(|| {
            ParseError::new(
                "decimal",
                ParseErrorKind::Malformed,
                None,
                "expected a decimal number of at most 38 digits such as 3.07 or 1E-5",
            )
        })
    }
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Self {
        Self::new(i128::from(number), 0)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

fn parse_decimal(text: &[u8]) -> Option<Decimal> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (digits, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (
            &text[..at],
            std::str::from_utf8(&text[at + 1..]).ok()?.parse::<i32>().ok()?,
        ),
        None => (text, 0),
    };
    let (mut coefficient, mut fraction, mut seen, mut point) = (0i128, 0i32, false, false);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                coefficient = coefficient
                    .checked_mul(10)?
                    .checked_add(i128::from(byte - b'0'))?;
                fraction += i32::from(point);
                seen = true;
            }
            b'.' if !point => point = true,
            _ => return None,
        }
    }
    let exponent = i16::try_from(exponent.checked_sub(fraction)?).ok()?;
    (seen && coefficient < 10i128.pow(38))
        .then(|| Decimal::new(if negative { -coefficient } else { coefficient }, exponent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_keeps_its_digits() {
        for text in [
            "0",
            "1",
            "-1.50",
            "2.00000000000001",
            "1.234567890123456789012345678901234",
            "0.00001",
            "7E+3",
            "-12E-6176",
        ] {
            assert_eq!(text.parse::<Decimal>().unwrap().to_string(), text);
        }
        for (text, printed) in [(".1", "0.1"), ("1.", "1"), ("1E-5", "0.00001"), ("+1e2", "1E+2")] {
            assert_eq!(text.parse::<Decimal>().unwrap().to_string(), printed);
        }
    }

    #[test]
    fn order_is_by_value() {
        let sorted = [
            "-1E+300", "-2", "-1.5", "-0.1", "0", "1E-300", "0.1", "0.11", "1.5", "2", "10", "1E+300",
        ];
        for (index, a) in sorted.iter().enumerate() {
            for (other, b) in sorted.iter().enumerate() {
                let (a, b): (Decimal, Decimal) = (a.parse().unwrap(), b.parse().unwrap());
                assert_eq!(a.cmp(&b), index.cmp(&other), "{a} {b}");
            }
        }
        assert_eq!("1.0".parse::<Decimal>(), "1".parse());
        assert_eq!("0.0".parse::<Decimal>(), "0E9".parse());
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in [
            "",
            ".",
            "-",
            "1e",
            "e1",
            "NaN",
            "Infinity",
            "1.2.3",
            "0x1",
            "1E99999",
            "123456789012345678901234567890123456789",
        ] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(coefficient in -(10i128.pow(38) - 1)..10i128.pow(38), exponent in -6200i16..6200) {
            let number = Decimal::new(coefficient, exponent);
            prop_assert_eq!(number.to_string().parse(), Ok(number));
        }
    }
}
