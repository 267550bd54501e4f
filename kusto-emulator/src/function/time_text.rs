//! Texts of datetimes and timespans, in the many forms that conversions read.

use kusto_protocol::{DateTime, Timespan};

/// A datetime with all its seven fraction digits: how conversions to text and JSON write it.
pub(super) fn datetime(at: DateTime) -> String {
    let mut text = at.to_string();
    if !text.contains('.') {
        text.insert_str(text.len() - 1, ".0000000");
    }
    text
}

/// Reads a datetime: ISO 8601 first, then the forms of RFC 822 and 850, and dates with slashes (month first).
pub(super) fn parse_datetime(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let at = text.parse().ok().or_else(|| parse_loose(text))?;
    (DateTime::MIN..=DateTime::MAX).contains(&at).then_some(at)
}

/// Reads a timespan: `[-][d.]hh:mm:ss[.fffffff]`, or a number with a unit as KQL writes literals.
pub(super) fn parse_timespan(text: &str) -> Option<Timespan> {
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let ticks: f64 = match &text[digits.len()..] {
            "d" | "day" | "days" => 864_000_000_000.0,
            "h" | "hr" | "hrs" | "hour" | "hours" => 36_000_000_000.0,
            "m" | "min" | "minute" | "minutes" => 600_000_000.0,
            "s" | "sec" | "second" | "seconds" => 10_000_000.0,
            "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => 10_000.0,
            "micro" | "micros" | "microsecond" | "microseconds" => 10.0,
            "tick" | "ticks" => 1.0,
            _ => return None,
        };
        let count: f64 = digits.trim_end().parse().ok()?;
        Some(Timespan::from_ticks((count * ticks).round() as i64))
    })
}

fn parse_loose(text: &str) -> Option<DateTime> {
    // `Sat, 8 Nov 2014 …`: the day of the week says nothing new.
    let text = match text.split_once(',') {
        Some((day, rest)) if day.chars().all(char::is_alphabetic) => rest,
        _ => text,
    };
    // `GMT` has a T too; only one between digits ends a date.
    let bytes = text.as_bytes();
    let ends_date = |at: usize, c: char| c == 'T' && at > 0 && bytes[at - 1].is_ascii_digit();
    let text: String = text
        .char_indices()
        .map(|(at, c)| if ends_date(at, c) { ' ' } else { c })
        .collect();
    let mut words = text.split(' ').filter(|word| !word.is_empty());
    let first = words.next()?;
    let date = if first.contains(['-', '/']) {
        date_of_numbers(first)?
    } else if first.len() == 4 {
        return match words.next() {
            None => DateTime::from_civil(first.parse().ok()?, 1, 1, 0, 0, 0, 0),
            Some(_) => None,
        };
    } else {
        let (second, year) = (words.next()?.trim_end_matches(','), words.next()?);
        let (day, month) = match month(first) {
            Some(month) => (second, month),
            None => (first, month(second)?),
        };
        (full_year(year)?, month, day.parse().ok()?)
    };
    let (hour, minute, second, ticks) = time_of_day(words)?;
    let (year, month, day) = date;
    DateTime::from_civil(year, month, day, hour, minute, second, ticks)
}

/// `2014-11-8`, `2014/11/8`, `11/8/2014`, `8-Nov-14`, `2014-11`.
fn date_of_numbers(text: &str) -> Option<(i32, u32, u32)> {
    let mut parts = text.split(['-', '/']);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    if first.len() == 4 {
        let day = third.map_or(Some(1), |day| day.parse().ok())?;
        return Some((first.parse().ok()?, second.parse().ok()?, day));
    }
    let year = full_year(third?)?;
    match month(second) {
        Some(month) => Some((year, month, first.parse().ok()?)),
        None => Some((year, first.parse().ok()?, second.parse().ok()?)),
    }
}

/// `[hh:mm[:ss[.fffffff]] [AM|PM] [GMT|UTC|Z]]`
fn time_of_day<'a>(words: impl Iterator<Item = &'a str>) -> Option<(u32, u32, u32, u32)> {
    let (mut hour, mut minute, mut second, mut ticks) = (0, 0, 0, 0);
    for word in words {
        match word {
            "Z" | "GMT" | "UTC" => {}
            "AM" | "am" if hour <= 12 => hour %= 12,
            "PM" | "pm" if hour <= 12 => hour = hour % 12 + 12,
            _ => {
                let mut parts = word.trim_end_matches('Z').split(':');
                hour = parts.next()?.parse().ok()?;
                minute = parts.next()?.parse().ok()?;
                let seconds = parts.next().unwrap_or("0");
                let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
                second = whole.parse().ok()?;
                let digits: String = fraction.chars().chain("0000000".chars()).take(7).collect();
                ticks = digits.parse().ok()?;
                if parts.next().is_some() {
                    return None;
                }
            }
        }
    }
    Some((hour, minute, second, ticks))
}

fn month(name: &str) -> Option<u32> {
    let name = name.get(..3)?.to_ascii_lowercase();
    MONTHS
        .iter()
        .position(|month| *month == name)
        .map(|index| index as u32 + 1)
}

/// Years of two digits are those from 1950 to 2049.
fn full_year(text: &str) -> Option<i32> {
    let year: i32 = text.parse().ok()?;
    match text.len() {
        2 if year < 50 => Some(year + 2000),
        2 => Some(year + 1900),
        4 => Some(year),
        _ => None,
    }
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_forms_of_datetimes_are_read() {
        let expected: DateTime = "2014-11-08T15:55:00Z".parse().unwrap();
        for text in [
            "2014-11-08T15:55:00Z",
            "2014-11-08 15:55:00",
            "2014-11-08 15:55",
            "Sat, 8 Nov 14 15:55:00 GMT",
            "Sat, 8 Nov 2014 15:55:00",
            "8 Nov 2014 15:55 UTC",
            "Saturday, 08-Nov-14 15:55:00 GMT",
            "11/8/2014 3:55:00 PM",
            "11/08/2014 15:55:00.0",
            "Nov 8, 2014 15:55",
            "2014/11/08 15:55:00",
            "2014-11-8 15:55:00",
        ] {
            assert_eq!(parse_datetime(text), Some(expected), "{text}");
        }
        assert_eq!(
            parse_datetime("2014").unwrap().to_string(),
            "2014-01-01T00:00:00Z"
        );
        assert_eq!(
            parse_datetime("2014-11").unwrap().to_string(),
            "2014-11-01T00:00:00Z"
        );
    }

    #[test]
    fn what_is_no_datetime_is_refused() {
        for text in [
            "",
            "x",
            "20",
            "2014-13-01",
            "31/31/2014",
            "8 Foo 2014",
            "2014-11-08 25:00",
            "1 2 3",
            "é",
        ] {
            assert_eq!(parse_datetime(text), None, "{text}");
        }
    }

    #[test]
    fn timespans_are_read_with_colons_and_with_units() {
        for (text, ticks) in [
            ("0.00:01:00", 600_000_000),
            ("-1.00:00:00", -864_000_000_000),
            ("1.5h", 54_000_000_000),
            ("10 minutes", 6_000_000_000),
            ("3tick", 3),
        ] {
            assert_eq!(parse_timespan(text), Some(Timespan::from_ticks(ticks)), "{text}");
        }
        assert_eq!(parse_timespan("5w"), None);
    }
}
