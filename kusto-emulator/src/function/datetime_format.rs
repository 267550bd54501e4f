//! `format_datetime` and `format_timespan`.

use kusto_protocol::DateTime as Moment;

use super::arguments::Arguments;
use super::kind::{DateTime, Scalar, Text, Timespan};
use super::lift::binary;
use super::{Call, Family, Function};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Time formats",
    functions: &[
        Function::new(
            "format_datetime",
            (2, 2),
            "(datetime, format) -> string",
            format_datetime,
        ),
        Function::new(
            "format_timespan",
            (2, 2),
            "(timespan, format) -> string",
            format_timespan,
        ),
    ],
};

/// A piece of a format: a letter and how often it stands there.
type Run = (char, usize);

fn runs(format: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for letter in format.chars() {
        match runs.last_mut() {
            Some((last, count)) if *last == letter => *count += 1,
            _ => runs.push((letter, 1)),
        }
    }
    runs
}

fn format_datetime(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    let runs = runs(&arguments.literal_text(1)?);
    binary::<DateTime, Scalar, Text>(arguments, move |ticks, _| {
        let (year, month, day) = Moment::from_ticks(ticks).civil_date();
        let time = Time::new(ticks);
        let mut text = String::new();
        for &(letter, count) in &runs {
            match letter {
                'y' if count <= 2 => push_number(&mut text, i64::from(year % 100), count),
                'y' => push_number(&mut text, year.into(), count),
                'M' => push_number(&mut text, month.into(), count.min(2)),
                'd' => push_number(&mut text, day.into(), count.min(2)),
                'h' => push_number(&mut text, (time.hour + 11) % 12 + 1, count.min(2)),
                'H' => push_number(&mut text, time.hour, count.min(2)),
                't' => text.push_str(if time.hour < 12 { "AM" } else { "PM" }),
                _ => time.push(&mut text, letter, count),
            }
        }
        Some(text)
    })
}

fn format_timespan(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    let runs = runs(&arguments.literal_text(1)?);
    binary::<Timespan, Scalar, Text>(arguments, move |ticks, _| {
        let span = i64::try_from(ticks.unsigned_abs()).unwrap_or(i64::MAX);
        let time = Time::new(span);
        let mut text = String::new();
        if ticks < 0 {
            text.push('-');
        }
        for &(letter, count) in &runs {
            match letter {
                'd' => push_number(&mut text, span / DAY, count),
                'h' | 'H' => push_number(&mut text, time.hour, count.min(2)),
                _ => time.push(&mut text, letter, count),
            }
        }
        Some(text)
    })
}

/// A time of day in its parts.
struct Time {
    hour: i64,
    minute: i64,
    second: i64,
    ticks: i64,
}

impl Time {
    const fn new(ticks: i64) -> Self {
        let of_day = ticks.rem_euclid(DAY);
        Self {
            hour: of_day / (3600 * SECOND),
            minute: of_day / (60 * SECOND) % 60,
            second: of_day / SECOND % 60,
            ticks: of_day % SECOND,
        }
    }

    /// What datetimes and timespans write alike; any other letter stands for itself.
    fn push(&self, text: &mut String, letter: char, count: usize) {
        match letter {
            'm' => push_number(text, self.minute, count.min(2)),
            's' => push_number(text, self.second, count.min(2)),
            'f' | 'F' => {
                let digits = format!("{:07}", self.ticks);
                let digits = &digits[..count.min(7)];
                // A large F leaves zeros at the end away.
                text.push_str(if letter == 'F' {
                    digits.trim_end_matches('0')
                } else {
                    digits
                });
            }
            other => text.extend(std::iter::repeat_n(other, count)),
        }
    }
}

fn push_number(text: &mut String, value: i64, width: usize) {
    text.push_str(&format!("{value:0width$}"));
}

const SECOND: i64 = 10_000_000;
const DAY: i64 = 86_400 * SECOND;

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn datetimes_are_written_by_format() {
        let at = "datetime:2017-01-29T09:00:05.1200000Z";
        check(
            "format_datetime",
            &[at, "yy-MM-dd [HH:mm:ss]"],
            "17-01-29 [09:00:05]",
        );
        check(
            "format_datetime",
            &[at, "yyyy-M-dd [H:mm:ss]"],
            "2017-1-29 [9:00:05]",
        );
        check(
            "format_datetime",
            &[at, "yy-MM-dd [hh:mm:ss tt]"],
            "17-01-29 [09:00:05 AM]",
        );
        check("format_datetime", &[at, "s.fffffff s.FFF"], "5.1200000 5.12");
        check(
            "format_datetime",
            &["datetime:2017-01-29T00:00:00", "hh tt"],
            "12 AM",
        );
        check("format_datetime", &["datetime:null", "yyyy"], "");
    }

    #[test]
    fn timespans_are_written_by_format() {
        let span = "timespan:29.09:00:05.1234500";
        check("format_timespan", &[span, "dd.hh:mm:ss:FF"], "29.09:00:05:12");
        check(
            "format_timespan",
            &[span, "ddd.h:mm:ss [fffffff]"],
            "029.9:00:05 [1234500]",
        );
        check("format_timespan", &["timespan:-01:02:03", "h:mm"], "-1:02");
    }
}
