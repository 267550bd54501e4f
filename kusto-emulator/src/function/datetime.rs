//! Parts of datetimes, starts and ends of periods, arithmetic by calendar.

use kusto_protocol::{ColumnType, DateTime as Moment};

use super::arguments::Arguments;
use super::kind::{self, DateTime, Long, Nullable, Real, Timespan};
use super::lift::{binary, ternary, unary, variadic};
use super::{Call, Family, Function, conversion};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Datetimes",
    functions: &[
        Function::new(
            "datetime_add",
            (3, 3),
            "(part, amount: long, datetime) -> datetime",
            add,
        ),
        Function::new(
            "datetime_diff",
            (3, 3),
            "(part, datetime, datetime) -> long, real for weeks",
            diff,
        ),
        Function::new("datetime_part", (2, 2), "(part, datetime) -> long", part),
        Function::new("datepart", (2, 2), "(part, datetime) -> long", part),
        Function::new("dayofmonth", (1, 1), "(datetime) -> long", |a| {
            field(a, Part::Day)
        }),
        Function::new("dayofweek", (1, 1), "(datetime) -> timespan since Sunday", |a| {
            unary::<DateTime, Timespan>(a, |at| {
                Some(at.div_euclid(DAY).wrapping_add(1).rem_euclid(7) * DAY)
            })
        }),
        Function::new("dayofyear", (1, 1), "(datetime) -> long", |a| {
            field(a, Part::DayOfYear)
        }),
        Function::new("endofday", (1, 2), "(datetime, [days: long]) -> datetime", |a| {
            end(a, Period::Day)
        }),
        Function::new(
            "endofmonth",
            (1, 2),
            "(datetime, [months: long]) -> datetime",
            |a| end(a, Period::Month),
        ),
        Function::new(
            "endofweek",
            (1, 2),
            "(datetime, [weeks: long]) -> datetime",
            |a| end(a, Period::Week),
        ),
        Function::new(
            "endofyear",
            (1, 2),
            "(datetime, [years: long]) -> datetime",
            |a| end(a, Period::Year),
        ),
        Function::new("getmonth", (1, 1), "(datetime) -> long", |a| {
            field(a, Part::Month)
        }),
        Function::new("getyear", (1, 1), "(datetime) -> long", |a| field(a, Part::Year)),
        Function::new("hourofday", (1, 1), "(datetime) -> long", |a| {
            field(a, Part::Hour)
        }),
        Function::new(
            "make_datetime",
            (1, 6),
            "(year, month, day, [hour, minute, second]) -> datetime",
            make_datetime,
        ),
        Function::new(
            "make_timespan",
            (1, 4),
            "([days], hours, minutes, [seconds]) -> timespan",
            make_timespan,
        ),
        Function::new("monthofyear", (1, 1), "(datetime) -> long", |a| {
            field(a, Part::Month)
        }),
        Function::new(
            "startofday",
            (1, 2),
            "(datetime, [days: long]) -> datetime",
            |a| start(a, Period::Day),
        ),
        Function::new(
            "startofmonth",
            (1, 2),
            "(datetime, [months: long]) -> datetime",
            |a| start(a, Period::Month),
        ),
        Function::new(
            "startofweek",
            (1, 2),
            "(datetime, [weeks: long]) -> datetime",
            |a| start(a, Period::Week),
        ),
        Function::new(
            "startofyear",
            (1, 2),
            "(datetime, [years: long]) -> datetime",
            |a| start(a, Period::Year),
        ),
        Function::new(
            "unixtime_microseconds_todatetime",
            (1, 1),
            "(number) -> datetime",
            |a| unix_time(a, 10),
        ),
        Function::new(
            "unixtime_milliseconds_todatetime",
            (1, 1),
            "(number) -> datetime",
            |a| unix_time(a, 10_000),
        ),
        Function::new(
            "unixtime_nanoseconds_todatetime",
            (1, 1),
            "(number) -> datetime",
            |a| unix_time(a, 0),
        ),
        Function::new(
            "unixtime_seconds_todatetime",
            (1, 1),
            "(number) -> datetime",
            |a| unix_time(a, 10_000_000),
        ),
        Function::new("week_of_year", (1, 1), "(datetime) -> long, ISO 8601", |a| {
            field(a, Part::WeekOfYear)
        }),
        Function::new("weekofyear", (1, 1), "(datetime) -> long, ISO 8601", |a| {
            field(a, Part::WeekOfYear)
        }),
    ],
};

/// A stretch of time by calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Period {
    Day,
    Week,
    Month,
    Year,
}

impl Period {
    /// The first tick of the period that lies `offset` periods after the one with `at` in it.
    fn start(self, at: i64, offset: i64) -> Option<i64> {
        let days = at.div_euclid(DAY);
        // Day 0, 0001-01-01, was a Monday; weeks begin on Sunday.
        let day = match self {
            Self::Day => days.checked_add(offset)?,
            Self::Week => (days - (days + 1).rem_euclid(7)).checked_add(offset.checked_mul(7)?)?,
            Self::Month => return in_range(add_months(at - at.rem_euclid(DAY), offset, true)?),
            Self::Year => {
                let (year, _, _) = Moment::from_ticks(at).civil_date();
                let year = i64::from(year).checked_add(offset)?;
                return in_range(civil(year, 1, 1)?);
            }
        };
        in_range(day.checked_mul(DAY)?)
    }

    /// The last tick of that period.
    fn end(self, at: i64, offset: i64) -> Option<i64> {
        match self.start(at, offset.checked_add(1)?) {
            Some(next) => Some(next - 1),
            // The last period there is has no next one.
            None => self.start(at, offset).map(|_| Moment::MAX.ticks()),
        }
    }
}

fn start(arguments: &Arguments<'_>, period: Period) -> Result<Call, BindError> {
    binary::<DateTime, Nullable<Long>, DateTime>(arguments, move |at, offset| {
        period.start(at, offset.unwrap_or(0))
    })
}

fn end(arguments: &Arguments<'_>, period: Period) -> Result<Call, BindError> {
    binary::<DateTime, Nullable<Long>, DateTime>(arguments, move |at, offset| {
        period.end(at, offset.unwrap_or(0))
    })
}

/// A part of a datetime by its name in KQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Year,
    Quarter,
    Month,
    Week,
    WeekOfYear,
    Day,
    DayOfYear,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

impl Part {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "year" => Self::Year,
            "quarter" => Self::Quarter,
            "month" => Self::Month,
            "week" => Self::Week,
            "week_of_year" | "weekofyear" => Self::WeekOfYear,
            "day" => Self::Day,
            "dayofyear" => Self::DayOfYear,
            "hour" => Self::Hour,
            "minute" => Self::Minute,
            "second" => Self::Second,
            "millisecond" => Self::Millisecond,
            "microsecond" => Self::Microsecond,
            "nanosecond" => Self::Nanosecond,
            _ => return None,
        })
    }

    /// The ticks in one of these, where that is a fixed number.
    const fn ticks(self) -> Option<i64> {
        Some(match self {
            Self::Week => 7 * DAY,
            Self::Day | Self::DayOfYear => DAY,
            Self::Hour => HOUR,
            Self::Minute => MINUTE,
            Self::Second => SECOND,
            Self::Millisecond => 10_000,
            Self::Microsecond => 10,
            _ => return None,
        })
    }

    /// The value of the part in a datetime.
    fn of(self, at: i64) -> i64 {
        let (year, month, _) = Moment::from_ticks(at).civil_date();
        let of_second = at.rem_euclid(SECOND);
        match self {
            Self::Year => year.into(),
            Self::Quarter => i64::from(month - 1) / 3 + 1,
            Self::Month => month.into(),
            Self::Week | Self::WeekOfYear => week_of_year(at),
            Self::Day => Moment::from_ticks(at).civil_date().2.into(),
            Self::DayOfYear => day_of_year(at),
            Self::Hour => at.rem_euclid(DAY) / HOUR,
            Self::Minute => at.rem_euclid(HOUR) / MINUTE,
            Self::Second => at.rem_euclid(MINUTE) / SECOND,
            Self::Millisecond => of_second / 10_000,
            Self::Microsecond => of_second / 10,
            Self::Nanosecond => of_second * 100,
        }
    }
}

fn named_part(arguments: &Arguments<'_>, known: fn(Part) -> bool) -> Result<Part, BindError> {
    let name = arguments.literal_text(0)?;
    Part::from_name(&name)
        .filter(|part| known(*part))
        .ok_or_else(|| arguments.invalid(0, "a part of a datetime such as 'year' or 'hour'"))
}

fn field(arguments: &Arguments<'_>, part: Part) -> Result<Call, BindError> {
    unary::<DateTime, Long>(arguments, move |at| Some(part.of(at)))
}

fn part(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    let part = named_part(arguments, |part| part != Part::Week)?;
    binary::<kind::Scalar, DateTime, Long>(arguments, move |_, at| Some(part.of(at)))
}

fn add(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    let part = named_part(arguments, |part| {
        !matches!(part, Part::WeekOfYear | Part::DayOfYear)
    })?;
    ternary::<kind::Scalar, Long, DateTime, DateTime>(arguments, move |_, amount, at| {
        let moved = match (part, part.ticks()) {
            (_, Some(ticks)) => at.checked_add(amount.checked_mul(ticks)?)?,
            (Part::Year, _) => add_months(at, amount.checked_mul(12)?, false)?,
            (Part::Quarter, _) => add_months(at, amount.checked_mul(3)?, false)?,
            (Part::Month, _) => add_months(at, amount, false)?,
            _ => at.checked_add(amount / 100)?,
        };
        in_range(moved)
    })
}

/// How many borders of such parts lie between the second datetime and the first.
fn diff(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    let part = named_part(arguments, |part| {
        !matches!(part, Part::WeekOfYear | Part::DayOfYear)
    })?;
    let months = |at: i64| {
        let (year, month, _) = Moment::from_ticks(at).civil_date();
        i64::from(year) * 12 + i64::from(month) - 1
    };
    let count = move |at: i64| match (part, part.ticks()) {
        // Weeks begin on Sunday, the day before day 0.
        (Part::Week, _) => (at.div_euclid(DAY) + 1).div_euclid(7),
        (_, Some(ticks)) => at.div_euclid(ticks),
        (Part::Year, _) => months(at).div_euclid(12),
        (Part::Quarter, _) => months(at).div_euclid(3),
        (Part::Month, _) => months(at),
        _ => at,
    };
    // Alone of all parts, weeks come out of the service as a real.
    if part == Part::Week {
        return ternary::<kind::Scalar, DateTime, DateTime, Real>(arguments, move |_, left, right| {
            Some(count(left).checked_sub(count(right))? as f64)
        });
    }
    let unit = if part == Part::Nanosecond { 100 } else { 1 };
    ternary::<kind::Scalar, DateTime, DateTime, Long>(arguments, move |_, left, right| {
        count(left).checked_sub(count(right))?.checked_mul(unit)
    })
}

fn make_datetime(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    match arguments.len() {
        1 => return super::resolve("todatetime", &[arguments.argument(0)]),
        2 => return Err(BindError::argument_count(arguments.name(), "1 or 3 to 6")),
        _ => {}
    }
    variadic::<Real, DateTime>(arguments, |fields| {
        let field = |index: usize| fields.get(index).map_or(Some(0.0), |field| *field);
        let whole = |index| field(index).and_then(conversion::real_to_long);
        let (year, month, day) = (whole(0)?, whole(1)?, whole(2)?);
        let (hour, minute, second) = (whole(3)?, whole(4)?, field(5)?);
        let valid = (0..24).contains(&hour) && (0..60).contains(&minute) && (0.0..60.0).contains(&second);
        let midnight = civil(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)?;
        let ticks = (second * SECOND as f64).round() as i64;
        valid.then_some(midnight + hour * HOUR + minute * MINUTE + ticks)
    })
}

fn make_timespan(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    if arguments.len() == 1 {
        return super::resolve("totimespan", &[arguments.argument(0)]);
    }
    let has_days = arguments.len() == 4;
    variadic::<Real, Timespan>(arguments, move |fields| {
        let days = if has_days { fields[0]? } else { 0.0 };
        let fields = &fields[usize::from(has_days)..];
        let field = |index: usize| fields.get(index).map_or(Some(0.0), |field| *field);
        let (hours, minutes, seconds) = (field(0)?, field(1)?, field(2)?);
        let valid =
            (0.0..24.0).contains(&hours) && (0.0..60.0).contains(&minutes) && (0.0..60.0).contains(&seconds);
        let total = ((days * 24.0 + hours) * 60.0 + minutes) * 60.0 + seconds;
        conversion::real_to_long((total * SECOND as f64).round()).filter(|_| valid)
    })
}

fn unix_time(arguments: &Arguments<'_>, ticks: i64) -> Result<Call, BindError> {
    let epoch = Moment::UNIX_EPOCH.ticks();
    if matches!(arguments.ty(0), ColumnType::Int | ColumnType::Long) {
        return unary::<Long, DateTime>(arguments, move |value| {
            let value = if ticks == 0 {
                value.div_euclid(100)
            } else {
                value.checked_mul(ticks)?
            };
            in_range(value.checked_add(epoch)?)
        });
    }
    unary::<Real, DateTime>(arguments, move |value| {
        let value = if ticks == 0 {
            value / 100.0
        } else {
            value * ticks as f64
        };
        in_range(conversion::real_to_long(value.round())?.checked_add(epoch)?)
    })
}

/// The same time of day so many months later, on the last of the month if it is too short; or on its first.
fn add_months(at: i64, months: i64, to_first: bool) -> Option<i64> {
    let (year, month, day) = Moment::from_ticks(at).civil_date();
    let total = (i64::from(year) * 12 + i64::from(month) - 1).checked_add(months)?;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) as u32 + 1);
    let first = civil(year, month, 1)?;
    let day = if to_first { 1 } else { day };
    let midnight = (28..=day).rev().find_map(|day| civil(year, month, day));
    Some(
        match midnight {
            Some(midnight) => midnight,
            None => first + i64::from(day - 1) * DAY,
        } + at.rem_euclid(DAY),
    )
}

/// Midnight of a date; `None` if there is no such date.
fn civil(year: i64, month: u32, day: u32) -> Option<i64> {
    let year = i32::try_from(year).ok()?;
    Moment::from_civil(year, month, day, 0, 0, 0, 0).map(Moment::ticks)
}

fn in_range(ticks: i64) -> Option<i64> {
    (Moment::MIN.ticks()..=Moment::MAX.ticks())
        .contains(&ticks)
        .then_some(ticks)
}

fn day_of_year(at: i64) -> i64 {
    let first = Period::Year.start(at, 0).unwrap_or(0);
    (at - first).div_euclid(DAY) + 1
}

/// The week by ISO 8601: it begins on Monday and belongs to the year that its Thursday is in.
fn week_of_year(at: i64) -> i64 {
    let days = at.div_euclid(DAY);
    let thursday = (days - days.rem_euclid(7) + 3) * DAY;
    (day_of_year(thursday) - 1) / 7 + 1
}

const SECOND: i64 = 10_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn periods_start_and_end_by_calendar() {
        check(
            "startofday",
            &["datetime:2017-01-01T10:10:17", "long:-1"],
            "datetime:2016-12-31",
        );
        check(
            "startofweek",
            &["datetime:2024-02-29T10:00:00"],
            "datetime:2024-02-25",
        );
        check(
            "startofmonth",
            &["datetime:2017-01-31T10:10:17", "long:1"],
            "datetime:2017-02-01",
        );
        check(
            "startofyear",
            &["datetime:2017-05-01", "long:-1"],
            "datetime:2016-01-01",
        );
        check(
            "endofday",
            &["datetime:2017-01-01"],
            "datetime:2017-01-01T23:59:59.9999999Z",
        );
        check(
            "endofweek",
            &["datetime:2024-02-29"],
            "datetime:2024-03-02T23:59:59.9999999Z",
        );
        check(
            "endofmonth",
            &["datetime:2024-02-01"],
            "datetime:2024-02-29T23:59:59.9999999Z",
        );
        check(
            "endofyear",
            &["datetime:9999-05-01"],
            "datetime:9999-12-31T23:59:59.9999999Z",
        );
        check("startofday", &["datetime:0001-01-01", "long:-1"], "datetime:null");
        check("startofday", &["datetime:null"], "datetime:null");
    }

    #[test]
    fn parts_are_numbers() {
        check(
            "dayofweek",
            &["datetime:1947-11-30T10:00:05"],
            "timespan:00:00:00",
        );
        check("dayofweek", &["datetime:1970-05-12"], "timespan:2.00:00:00");
        check("hourofday", &["datetime:2015-12-14T18:54:00"], "long:18");
        check("dayofyear", &["datetime:2024-12-31"], "long:366");
        check("monthofyear", &["datetime:2024-12-31"], "long:12");
        check("week_of_year", &["datetime:2020-12-31"], "long:53");
        check("week_of_year", &["datetime:2021-01-03"], "long:53");
        check("datetime_part", &["quarter", "datetime:2024-05-01"], "long:2");
        check(
            "datetime_part",
            &["millisecond", "datetime:2024-05-01T00:00:00.1234567Z"],
            "long:123",
        );
        check(
            "datetime_part",
            &["nanosecond", "datetime:2024-05-01T00:00:00.1234567Z"],
            "long:123456700",
        );
    }

    #[test]
    fn differences_count_borders() {
        let diff = |part, left, right, expected| check("datetime_diff", &[part, left, right], expected);
        diff("year", "datetime:2017-01-01", "datetime:2000-12-31", "long:17");
        diff("quarter", "datetime:2017-07-01", "datetime:2017-03-30", "long:2");
        diff(
            "week",
            "datetime:2017-10-29",
            "datetime:2017-09-30T23:59:00",
            "real:5",
        );
        diff(
            "hour",
            "datetime:2017-10-31T01:00:00",
            "datetime:2017-10-30T23:59:00",
            "long:2",
        );
        diff(
            "nanosecond",
            "datetime:2017-10-30",
            "datetime:2017-10-30T00:00:00.0000007Z",
            "long:-700",
        );
    }

    #[test]
    fn dates_move_by_calendar() {
        let add = |part, amount, at, expected| check("datetime_add", &[part, amount, at], expected);
        add(
            "month",
            "long:1",
            "datetime:2024-01-31T05:00:00",
            "datetime:2024-02-29T05:00:00Z",
        );
        add("year", "long:-1", "datetime:2024-02-29", "datetime:2023-02-28");
        add("day", "long:1", "datetime:2024-02-28", "datetime:2024-02-29");
        add("year", "long:9000", "datetime:2024-02-28", "datetime:null");
        check(
            "make_datetime",
            &["long:2017", "long:10", "long:1", "long:12", "long:10"],
            "datetime:2017-10-01T12:10:00Z",
        );
        check(
            "make_datetime",
            &["long:2017", "long:2", "long:30"],
            "datetime:null",
        );
        check(
            "make_timespan",
            &["long:1", "long:12", "long:30", "real:55.123"],
            "timespan:1.12:30:55.1230000",
        );
        check("make_timespan", &["long:1", "long:12"], "timespan:01:12:00");
        check(
            "unixtime_milliseconds_todatetime",
            &["long:1546300800001"],
            "datetime:2019-01-01T00:00:00.001Z",
        );
        check(
            "unixtime_seconds_todatetime",
            &["real:1.5"],
            "datetime:1970-01-01T00:00:01.5Z",
        );
        check(
            "unixtime_nanoseconds_todatetime",
            &["long:1546300800000000000"],
            "datetime:2019-01-01",
        );
    }
}
