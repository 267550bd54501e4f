use std::fmt::{self, Write};
use std::str::FromStr;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use super::datetime::fraction_ticks;
use super::serde_name;
use crate::{ParseError, ParseErrorKind};

/// A span of time: a signed number of ticks of 100 ns, the resolution and range of Kusto's `timespan`.
///
/// # Example
///
/// ```
/// use kusto_protocol::Timespan;
///
/// let span: Timespan = "-1.02:03:04.5".parse()?;
/// assert_eq!(span.ticks(), -(((26 * 60 + 3) * 60 + 4) * 10_000_000 + 5_000_000));
/// assert_eq!(span.to_string(), "-1.02:03:04.5000000");
/// # Ok::<(), kusto_protocol::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timespan(i64);

impl Timespan {
    /// The longest span: 10675199.02:48:05.4775807.
    pub const MAX: Self = Self(i64::MAX);
    /// The longest span backwards: -10675199.02:48:05.4775808.
    pub const MIN: Self = Self(i64::MIN);
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of so many ticks of 100 ns.
    pub const fn from_ticks(ticks: i64) -> Self {
        Self(ticks)
    }

    /// Ticks of 100 ns.
    pub const fn ticks(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timespan {
    /// .NET's constant format: `[-][d.]hh:mm:ss[.fffffff]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ticks = self.0.unsigned_abs();
        let (seconds, fraction) = (ticks / TICKS_PER_SECOND as u64, ticks % TICKS_PER_SECOND as u64);
        if self.0 < 0 {
            f.write_str("-")?;
        }
        if seconds >= 86_400 {
            write!(f, "{}.", seconds / 86_400)?;
        }
        // `{:02}` for each of the three takes several times as long.
        let digits = |value: u64| char::from(b'0' + (value % 10) as u8);
        for (before, value) in [
            ("", seconds / 3600 % 24),
            (":", seconds / 60 % 60),
            (":", seconds % 60),
        ] {
            f.write_str(before)?;
            f.write_char(digits(value / 10))?;
            f.write_char(digits(value))?;
        }
        if fraction != 0 {
            write!(f, ".{fraction:07}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Timespan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timespan {
    type Err = ParseError;

    /// Reads `[-][d.]hh:mm:ss[.f]`, with one to seven fraction digits. Digits after the seventh are dropped.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse_timespan(text.as_bytes()).map(Self).ok_or_else(|| {
            ParseError::new(
                "timespan",
                ParseErrorKind::Malformed,
                None,
                "expected [-][d.]hh:mm:ss[.fffffff]",
            )
        })
    }
}

impl TryFrom<Duration> for Timespan {
    type Error = ParseError;

    /// Rounds down to a tick.
    ///
    /// # Errors
    ///
    /// When the duration is longer than [`Timespan::MAX`], about 29 000 years.
    fn try_from(duration: Duration) -> Result<Self, ParseError> {
        i64::try_from(duration.as_nanos() / 100).map(Self).map_err(|_| {
            ParseError::new(
                "timespan",
                ParseErrorKind::Malformed,
                None,
                "the duration is longer than 10675199 days",
            )
        })
    }
}

impl TryFrom<Timespan> for Duration {
    type Error = ParseError;

    /// # Errors
    ///
    /// When the span is negative.
    fn try_from(span: Timespan) -> Result<Self, ParseError> {
        let ticks = u64::try_from(span.0).map_err(|_| {
            ParseError::new(
                "timespan",
                ParseErrorKind::Malformed,
                None,
                "a negative span is no std::time::Duration",
            )
        })?;
        let per_second = TICKS_PER_SECOND as u64;
        Ok(Self::new(ticks / per_second, (ticks % per_second) as u32 * 100))
    }
}

impl Serialize for Timespan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timespan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ticks;

        impl<'de> Visitor<'de> for Ticks {
            type Value = Timespan;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a timespan")
            }

            fn visit_i64<E: de::Error>(self, ticks: i64) -> Result<Timespan, E> {
                Ok(Timespan(ticks))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timespan, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Timespan, D::Error> {
                inner.deserialize_str(self)
            }
        }

        deserializer.deserialize_newtype_struct(serde_name::TIMESPAN, Ticks)
    }
}

/// Reads a span as ticks.
pub(crate) fn parse_timespan(text: &[u8]) -> Option<i64> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let colon = text.iter().position(|byte| *byte == b':')?;
    // A dot before the first colon ends the days, a later one begins the fraction.
    let (days, time) = match text[..colon].iter().position(|byte| *byte == b'.') {
        Some(dot) => (number(&text[..dot], 8)?, &text[dot + 1..]),
        None => (0, text),
    };
    let (clock, fraction) = match time.iter().position(|byte| *byte == b'.') {
        Some(dot) => (&time[..dot], Some(&time[dot + 1..])),
        None => (time, None),
    };
    let mut parts = clock.split(|byte| *byte == b':');
    let (hours, minutes, seconds) = (
        number(parts.next()?, 2)?,
        number(parts.next()?, 2)?,
        number(parts.next()?, 2)?,
    );
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let fraction = match fraction {
        Some(digits) if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => fraction_ticks(digits),
        Some(_) => return None,
        None => 0,
    };
    let seconds = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
    // Counted downwards, since the most negative span has no positive twin.
    let ticks = (-seconds).checked_mul(TICKS_PER_SECOND)?.checked_sub(fraction)?;
    if negative {
        Some(ticks)
    } else {
        ticks.checked_neg()
    }
}

/// A number of one to `most` digits.
fn number(text: &[u8], most: usize) -> Option<i64> {
    ((1..=most).contains(&text.len()) && text.iter().all(u8::is_ascii_digit)).then(|| {
        text.iter()
            .fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
    })
}

pub(crate) const TICKS_PER_SECOND: i64 = 10_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_of_the_range_print_and_parse() {
        for (span, text) in [
            (Timespan::MIN, "-10675199.02:48:05.4775808"),
            (Timespan::MAX, "10675199.02:48:05.4775807"),
            (Timespan::ZERO, "00:00:00"),
            (Timespan(-1), "-00:00:00.0000001"),
            (Timespan(864_000_000_000), "1.00:00:00"),
        ] {
            assert_eq!(span.to_string(), text);
            assert_eq!(text.parse(), Ok(span));
        }
    }

    #[test]
    fn forms_seen_in_the_wild_are_read() {
        assert_eq!("01.00:00:00".parse(), Ok(Timespan(864_000_000_000)));
        assert_eq!("-8.00:00:08.0080008".parse(), Ok(Timespan(-6_912_080_080_008)));
        assert_eq!("0:0:0.5".parse(), Ok(Timespan(5_000_000)));
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in [
            "",
            "-",
            "1",
            "1.00",
            "24:00:00",
            "00:60:00",
            "00:00:60",
            "1:2",
            "1:2:3:4",
            "a:b:c",
            "00:00:00.",
            "00:00:00.x",
            "10675199.02:48:05.4775808",
            "99999999.00:00:00",
            "--00:00:00",
        ] {
            assert!(text.parse::<Timespan>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips_over_the_whole_range(ticks in any::<i64>()) {
            prop_assert_eq!(Timespan(ticks).to_string().parse(), Ok(Timespan(ticks)));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            parse_timespan(&bytes);
        }
    }
}
