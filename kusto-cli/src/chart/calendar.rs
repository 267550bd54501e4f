//! Dates on axes: marks at round times.

use kusto_protocol::DateTime;

use super::scale::Mark;

pub(super) const SECOND: i64 = 10_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Distance between marks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Ticks(i64),
    Months(i64),
}

/// Marks at round times within `low..=high`, about so many.
pub(super) fn marks(low: i64, high: i64, about: usize) -> Vec<Mark> {
    let step = step(high.saturating_sub(low), about);
    let mut previous = String::new();
    times(low, high, step)
        .into_iter()
        .map(|ticks| {
            let (label, context) = texts(ticks, step);
            let is_new = context != previous;
            previous.clone_from(&context);
            Mark {
                at: ticks as f64,
                label,
                context: if is_new { context } else { String::new() },
            }
        })
        .collect()
}

/// Times in full, with only as many parts as any of them needs.
pub(super) fn labels(ticks: &[i64]) -> Vec<String> {
    let all_divide = |unit| ticks.iter().all(|ticks| ticks % unit == 0);
    let (has_time, has_seconds, has_fraction) = (!all_divide(DAY), !all_divide(MINUTE), !all_divide(SECOND));
    ticks
        .iter()
        .map(|ticks| {
            let (year, month, day) = civil(*ticks);
            let mut text = format!("{year:04}-{month:02}-{day:02}");
            if has_time {
                text.push(' ');
                text.push_str(&clock(*ticks, has_seconds, has_fraction));
            }
            text
        })
        .collect()
}

fn step(range: i64, about: usize) -> Step {
    let least = range / i64::try_from(about.max(1)).unwrap_or(i64::MAX);
    let steps = [
        1, 10, 100, 1_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000,
    ];
    let seconds = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200,
    ];
    let days = [1, 2, 4, 7, 14];
    let ticks = steps
        .into_iter()
        .chain(seconds.into_iter().map(|count| count * SECOND))
        .chain(days.into_iter().map(|count| count * DAY))
        .find(|ticks| *ticks >= least);
    if let Some(ticks) = ticks {
        return Step::Ticks(ticks);
    }
    let months = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12_000];
    let least = least / (30 * DAY);
    Step::Months(months.into_iter().find(|count| *count >= least).unwrap_or(24_000))
}

fn times(low: i64, high: i64, step: Step) -> Vec<i64> {
    let mut times = Vec::new();
    match step {
        Step::Ticks(step) => {
            let mut at = low.div_euclid(step) * step;
            while at <= high {
                if at >= low {
                    times.push(at);
                }
                let Some(next) = at.checked_add(step) else { break };
                at = next;
            }
        }
        Step::Months(step) => {
            let (year, month, _) = civil(low);
            let mut months = (year * 12 + month - 1).div_euclid(step) * step;
            // The step that contains `low` may begin before the calendar does.
            while month_start(months).is_none_or(|at| at <= high) && months < 12 * 10_000 {
                times.extend(month_start(months).filter(|at| *at >= low));
                months += step;
            }
        }
    }
    times
}

/// The label of a mark, and what the label leaves out.
fn texts(ticks: i64, step: Step) -> (String, String) {
    let (year, month, day) = civil(ticks);
    let name = MONTHS[usize::try_from(month - 1).unwrap_or(0)];
    match step {
        Step::Months(12..) => (year.to_string(), String::new()),
        Step::Months(_) => (name.to_owned(), year.to_string()),
        Step::Ticks(DAY..) => (format!("{name} {day}"), year.to_string()),
        Step::Ticks(step) => (
            clock(ticks, step < MINUTE, step < SECOND),
            format!("{name} {day}, {year}"),
        ),
    }
}

fn clock(ticks: i64, has_seconds: bool, has_fraction: bool) -> String {
    let of_day = ticks.rem_euclid(DAY);
    let mut text = format!("{:02}:{:02}", of_day / HOUR, of_day / MINUTE % 60);
    if has_seconds {
        text.push_str(&format!(":{:02}", of_day / SECOND % 60));
    }
    if has_fraction {
        let fraction = format!(".{:07}", of_day % SECOND);
        text.push_str(fraction.trim_end_matches('0').trim_end_matches('.'));
    }
    text
}

/// Year, month and day.
fn civil(ticks: i64) -> (i64, i64, i64) {
    let (year, month, day) = DateTime::from_ticks(ticks).civil_date();
    (year.into(), month.into(), day.into())
}

/// The beginning of a month, counted from January of year 0; `None` outside the years 1 to 9999.
fn month_start(months: i64) -> Option<i64> {
    let year = i32::try_from(months.div_euclid(12))
        .ok()
        .filter(|year| *year > 0)?;
    let month = u32::try_from(months.rem_euclid(12)).ok()? + 1;
    DateTime::from_civil(year, month, 1, 0, 0, 0, 0).map(DateTime::ticks)
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn at(year: i32, month: u32, day: u32) -> i64 {
        DateTime::from_civil(year, month, day, 0, 0, 0, 0)
            .unwrap()
            .ticks()
    }

    fn texts(low: i64, high: i64, about: usize) -> Vec<String> {
        let join = |mark: Mark| format!("{} {}", mark.label, mark.context).trim_end().to_owned();
        marks(low, high, about).into_iter().map(join).collect()
    }

    #[test]
    fn a_year_has_months_and_names_the_year_once() {
        let texts = texts(at(2007, 1, 1), at(2007, 12, 31), 6);
        assert_eq!(texts, ["Jan 2007", "Mar", "May", "Jul", "Sep", "Nov"]);
    }

    #[test]
    fn hours_name_each_day_once() {
        let texts = texts(at(2007, 1, 1), at(2007, 1, 3), 4);
        assert_eq!(
            texts,
            [
                "00:00 Jan 1, 2007",
                "12:00",
                "00:00 Jan 2, 2007",
                "12:00",
                "00:00 Jan 3, 2007"
            ]
        );
    }

    #[test]
    fn the_whole_range_of_datetime_has_few_marks() {
        let texts = texts(0, DateTime::MAX.ticks(), 6);
        assert!((3..=8).contains(&texts.len()), "{texts:?}");
    }

    #[test]
    fn labels_have_only_the_parts_that_differ_from_zero() {
        let day = at(2007, 9, 20);
        assert_eq!(labels(&[day]), ["2007-09-20"]);
        assert_eq!(
            labels(&[day, day + HOUR]),
            ["2007-09-20 00:00", "2007-09-20 01:00"]
        );
        assert_eq!(labels(&[day + SECOND / 4]), ["2007-09-20 00:00:00.25"]);
    }
}
