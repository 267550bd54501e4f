use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use super::serde_name;
use crate::{ParseError, ParseErrorKind};

/// A point in time: ticks of 100 ns since 0001-01-01T00:00:00Z, the resolution and range of Kusto's `datetime`.
///
/// The service's range is [`DateTime::MIN`] to [`DateTime::MAX`] (years 1 to 9999). Values outside of it can be
/// held, because answers with the year 0 have been recorded, but the service refuses them.
///
/// # Example
///
/// ```
/// use kusto_protocol::DateTime;
///
/// let at: DateTime = "2007-09-20T21:57:00.5Z".parse()?;
/// assert_eq!(at.to_string(), "2007-09-20T21:57:00.5000000Z");
/// assert_eq!(at.unix_micros(), 1_190_325_420_500_000);
/// # Ok::<(), kusto_protocol::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(i64);

impl DateTime {
    /// 9999-12-31T23:59:59.9999999Z, the last point in time the service knows.
    pub const MAX: Self = Self(3_155_378_975_999_999_999);
    /// 0001-01-01T00:00:00Z, the first point in time the service knows.
    pub const MIN: Self = Self(0);
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(UNIX_EPOCH_TICKS);

    /// The point `ticks` (of 100 ns) after 0001-01-01T00:00:00Z.
    pub const fn from_ticks(ticks: i64) -> Self {
        Self(ticks)
    }

    /// The point so many microseconds after the Unix epoch; `None` outside the years 1 to 9999.
    pub fn from_unix_micros(micros: i64) -> Option<Self> {
        let ticks = micros.checked_mul(10)?.checked_add(UNIX_EPOCH_TICKS)?;
        Some(Self(ticks)).filter(|at| (Self::MIN..=Self::MAX).contains(at))
    }

    /// The point given by the fields of a calendar date and a time of day in UTC; `None` if there is no such date.
    ///
    /// `ticks` are those within the second: 0 to 9 999 999.
    pub fn from_civil(
        year: i32,
        month: u32,
        day: u32,
        hour: u32,
        minute: u32,
        second: u32,
        ticks: u32,
    ) -> Option<Self> {
        let valid = (0..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60
            && ticks < 10_000_000;
        valid.then(|| {
            let seconds = i64::from(hour * 3600 + minute * 60 + second);
            Self(
                days_from_civil(year, month, day) * TICKS_PER_DAY
                    + seconds * TICKS_PER_SECOND
                    + i64::from(ticks),
            )
        })
    }

    /// Ticks of 100 ns since 0001-01-01T00:00:00Z.
    pub const fn ticks(self) -> i64 {
        self.0
    }

    /// Microseconds since the Unix epoch, rounded down: a tick is a tenth of a microsecond.
    pub const fn unix_micros(self) -> i64 {
        // As `div_euclid` of the difference, in one multiplication and no step that asks for the sign. A tenth is taken
        // a little too small, by less than a twentieth over all of 64 bits, and a twentieth makes up for it: what is
        // lost or gained on the way, less than a tenth, does not reach the next whole number.
        const TENTH: i128 = (1 << 66) / 10;
        const OFFSET: i128 = (1 << 66) / 20 - ((UNIX_EPOCH_TICKS as i128 / 10) << 66);
        ((self.0 as i128 * TENTH + OFFSET) >> 66) as i64
    }

    /// Nanoseconds since the Unix epoch; `None` outside the years 1677 to 2262, which 64 bits cannot count.
    pub const fn unix_nanos(self) -> Option<i64> {
        (self.0 - UNIX_EPOCH_TICKS).checked_mul(100)
    }

    /// Year, month (1 to 12) and day of month (1 to 31) in UTC.
    pub fn civil_date(self) -> (i32, u32, u32) {
        civil_from_days(self.0.div_euclid(TICKS_PER_DAY))
    }
}

impl fmt::Display for DateTime {
    /// ISO 8601 in UTC as the service writes it: seven fraction digits, or none for a whole second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil_date();
        let of_day = self.0.rem_euclid(TICKS_PER_DAY);
        let (seconds, ticks) = (of_day / TICKS_PER_SECOND, of_day % TICKS_PER_SECOND);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        if ticks != 0 {
            write!(f, ".{ticks:07}")?;
        }
        f.write_str("Z")
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DateTime {
    type Err = ParseError;

    /// Reads ISO 8601: a date, and after `T` or a space a time of day with up to seven fraction digits, then `Z`,
    /// an offset such as `+02:00`, or nothing (UTC). Seconds may be left out. Digits after the seventh are dropped.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse_datetime(text.as_bytes()).map(Self).ok_or_else(|| {
            ParseError::new(
                "datetime",
                ParseErrorKind::Malformed,
                None,
                "expected an ISO 8601 date such as 2007-09-20T21:57:00Z",
            )
        })
    }
}

impl From<SystemTime> for DateTime {
    /// Rounds down to a tick and stops at the ends of the service's range.
    fn from(time: SystemTime) -> Self {
        let ticks = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos() / 100).unwrap_or(i64::MAX),
            Err(before) => {
                i64::try_from(before.duration().as_nanos().div_ceil(100)).map_or(i64::MIN, |ticks| -ticks)
            }
        };
        Self(
            ticks
                .saturating_add(UNIX_EPOCH_TICKS)
                .clamp(Self::MIN.0, Self::MAX.0),
        )
    }
}

impl From<DateTime> for SystemTime {
    fn from(at: DateTime) -> Self {
        let ticks = at.0.saturating_sub(UNIX_EPOCH_TICKS);
        let distance = Duration::new(
            ticks.unsigned_abs() / TICKS_PER_SECOND as u64,
            (ticks.unsigned_abs() % TICKS_PER_SECOND as u64) as u32 * 100,
        );
        if ticks < 0 {
            UNIX_EPOCH - distance
        } else {
            UNIX_EPOCH + distance
        }
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ticks;

        impl<'de> Visitor<'de> for Ticks {
            type Value = DateTime;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a datetime")
            }

            fn visit_i64<E: de::Error>(self, ticks: i64) -> Result<DateTime, E> {
                Ok(DateTime(ticks))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<DateTime, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<DateTime, D::Error> {
                inner.deserialize_str(self)
            }
        }

        deserializer.deserialize_newtype_struct(serde_name::DATETIME, Ticks)
    }
}

/// Reads a date as ticks since 0001-01-01; the year 0000 gives negative ticks.
pub(crate) fn parse_datetime(text: &[u8]) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let digit = |at: usize| Some(u32::from(date[at].wrapping_sub(b'0'))).filter(|digit| *digit < 10);
    if date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    let year = digit(0)? * 1000 + digit(1)? * 100 + digit(2)? * 10 + digit(3)?;
    let (month, day) = (digit(5)? * 10 + digit(6)?, digit(8)? * 10 + digit(9)?);
    let midnight = DateTime::from_civil(year as i32, month, day, 0, 0, 0, 0)?.0;
    match rest.split_first() {
        None => Some(midnight),
        Some((b'Z' | b'z', [])) => Some(midnight),
        Some((b'T' | b't' | b' ', time)) => Some(midnight + parse_time_of_day(time)?),
        Some(_) => None,
    }
}

/// `hh:mm[:ss[.fffffff]]` and a zone, as ticks after midnight UTC (negative or beyond a day with an offset).
fn parse_time_of_day(text: &[u8]) -> Option<i64> {
    let two = |at: usize| match text.get(at..at + 2)? {
        [high @ b'0'..=b'9', low @ b'0'..=b'9'] => Some(i64::from((high - b'0') * 10 + (low - b'0'))),
        _ => None,
    };
    let (hour, minute) = (two(0)?, two(3)?);
    if text[2] != b':' || hour > 23 || minute > 59 {
        return None;
    }
    let (mut ticks, mut at) = ((hour * 3600 + minute * 60) * TICKS_PER_SECOND, 5);
    if text.get(at) == Some(&b':') {
        let second = two(at + 1).filter(|second| *second < 60)?;
        ticks += second * TICKS_PER_SECOND;
        at += 3;
        if text.get(at) == Some(&b'.') {
            let digits = text[at + 1..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            if digits == 0 {
                return None;
            }
            ticks += fraction_ticks(&text[at + 1..at + 1 + digits]);
            at += 1 + digits;
        }
    }
    match &text[at..] {
        [] | [b'Z' | b'z'] => Some(ticks),
        [sign @ (b'+' | b'-'), zone @ ..] => {
            let number = |pair: &[u8]| match pair {
                [high @ b'0'..=b'9', low @ b'0'..=b'9'] => Some(i64::from((high - b'0') * 10 + (low - b'0'))),
                _ => None,
            };
            let (hours, minutes) = match zone {
                [h1, h2, b':', m1, m2] | [h1, h2, m1, m2] => (number(&[*h1, *h2])?, number(&[*m1, *m2])?),
                [h1, h2] => (number(&[*h1, *h2])?, 0),
                _ => return None,
            };
            let offset = (hours * 3600 + minutes * 60) * TICKS_PER_SECOND;
            (hours < 24 && minutes < 60).then_some(if *sign == b'+' {
                ticks - offset
            } else {
                ticks + offset
            })
        }
        _ => None,
    }
}

/// The first seven fraction digits as ticks, whatever their number: `.5` is half a second.
pub(super) fn fraction_ticks(digits: &[u8]) -> i64 {
    (0..7).fold(0, |ticks, at| {
        ticks * 10 + digits.get(at).map_or(0, |digit| i64::from(digit - b'0'))
    })
}

fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 0001-01-01 in the proleptic Gregorian calendar. Years begin in March here, so that the leap day is
/// the last one, and come in eras of 400.
fn days_from_civil(year: i32, month: u32, day: u32) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * i64::from((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - DAYS_TO_MARCH_OF_YEAR_0
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i32, u32, u32) {
    let days = days + DAYS_TO_MARCH_OF_YEAR_0;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year as i32, month as u32, day as u32)
}

const DAYS_PER_ERA: i64 = 146_097;
const DAYS_TO_MARCH_OF_YEAR_0: i64 = 306;
const TICKS_PER_SECOND: i64 = super::TICKS_PER_SECOND;
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;
pub(crate) const TICKS_PER_DAY: i64 = 86_400 * super::TICKS_PER_SECOND;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_of_the_range_print_and_parse() {
        for (at, text) in [
            (DateTime::MIN, "0001-01-01T00:00:00Z"),
            (DateTime::UNIX_EPOCH, "1970-01-01T00:00:00Z"),
            (DateTime::MAX, "9999-12-31T23:59:59.9999999Z"),
            (DateTime(-366 * TICKS_PER_DAY), "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(at.to_string(), text);
            assert_eq!(text.parse(), Ok(at));
        }
    }

    #[test]
    fn forms_seen_in_the_wild_are_read() {
        let noon: DateTime = "2020-02-29T12:00:00Z".parse().unwrap();
        for text in [
            "2020-02-29 12:00",
            "2020-02-29T12:00:00",
            "2020-02-29T12:00:00.0",
            "2020-02-29T14:00:00+02:00",
            "2020-02-29T10:30:00.0000000-0130",
            "2020-02-29T12:00:00.00000009Z",
        ] {
            assert_eq!(text.parse(), Ok(noon), "{text}");
        }
        assert_eq!("2020-02-29".parse(), Ok(DateTime(noon.0 - TICKS_PER_DAY / 2)));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2020",
            "2021-02-29",
            "2020-13-01",
            "2020-00-01",
            "2020-01-00",
            "2020-01-01T24:00:00Z",
            "2020-01-01T",
            "2020-01-01T12",
            "2020-01-01T12:60:00Z",
            "2020-01-01T12:00:00.Z",
            "2020-01-01T12:00:00Zx",
            "20200101",
            "2020-01-01T12:00:00+2",
            "é020-01-01",
            "2020-01-01é",
        ] {
            assert!(text.parse::<DateTime>().is_err(), "{text}");
        }
    }

    #[test]
    fn system_time_goes_both_ways() {
        let at: DateTime = "2031-05-06T07:08:09.1234567Z".parse().unwrap();
        assert_eq!(DateTime::from(SystemTime::from(at)), at);
        assert_eq!(DateTime::from(SystemTime::from(DateTime::MIN)), DateTime::MIN);
    }

    proptest! {
        #[test]
        fn text_round_trips_over_the_whole_range(ticks in DateTime::MIN.0..=DateTime::MAX.0) {
            let at = DateTime(ticks);
            prop_assert_eq!(at.to_string().parse(), Ok(at));
        }

        #[test]
        fn microseconds_are_rounded_down(
            ticks in prop_oneof![
                any::<i64>(),
                -100i64..100,
                i64::MIN..i64::MIN + 100,
                i64::MAX - 100..=i64::MAX,
                DateTime::MAX.ticks() - 100..DateTime::MAX.ticks() + 100,
            ]
        ) {
            let micros = (i128::from(ticks) - i128::from(UNIX_EPOCH_TICKS)).div_euclid(10);
            prop_assert_eq!(i128::from(DateTime(ticks).unix_micros()), micros);
        }

        #[test]
        fn days_and_civil_dates_agree(days in -366i64..3_652_059) {
            let (year, month, day) = civil_from_days(days);
            prop_assert_eq!(days_from_civil(year, month, day), days);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            parse_datetime(&bytes);
        }
    }
}
