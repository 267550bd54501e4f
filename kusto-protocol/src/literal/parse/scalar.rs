//! Numbers, times and identifiers.

use super::{Literal, OutOfRange};
use crate::frame::ColumnType;
use crate::scalar::{DateTime, TICKS_PER_DAY, TICKS_PER_SECOND, Timespan};

type Found = Option<Result<Literal, OutOfRange>>;

/// What stands between the parentheses of `type(…)`; `None` if it is not a value of the type.
pub(super) fn value(column_type: &ColumnType, content: &str) -> Found {
    if content == "null" {
        return Some(Ok(Literal::Null(column_type.clone())));
    }
    let literal = match column_type {
        ColumnType::Bool => Literal::Bool(boolean(content)?),
        ColumnType::DateTime => {
            let at: DateTime = content.parse().ok()?;
            // ISO 8601 has the year 0, Kusto has not.
            if !(DateTime::MIN..=DateTime::MAX).contains(&at) {
                return Some(Err(OutOfRange));
            }
            Literal::DateTime(at)
        }
        ColumnType::Decimal => Literal::Decimal(content.parse().ok()?),
        ColumnType::Guid => Literal::Guid(content.parse().ok()?),
        ColumnType::Int => {
            return integer(content).map(|number| match number {
                Ok(number) => i32::try_from(number).map(Literal::Int).map_err(|_| OutOfRange),
                Err(error) => Err(error),
            });
        }
        ColumnType::Long => return integer(content).map(|number| number.map(Literal::Long)),
        ColumnType::Real => Literal::Real(real(content)?),
        ColumnType::Timespan => return timespan(content).map(|span| span.map(Literal::Timespan)),
        ColumnType::Dynamic | ColumnType::String | ColumnType::Unknown(_) => return None,
    };
    Some(Ok(literal))
}

/// A literal without a type: `10`, `0xff`, `1.5`, `1.5h`.
pub(super) fn bare(token: &str) -> Found {
    if let Some(number) = integer(token) {
        return Some(number.map(Literal::Long));
    }
    if token.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))
        && let Some(number) = real(token).filter(|number| number.is_finite())
    {
        return Some(Ok(Literal::Real(number)));
    }
    with_unit(token).map(|span| span.map(Literal::Timespan))
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn integer(text: &str) -> Option<Result<i64, OutOfRange>> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (radix, digits) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => (16, digits),
        None => (10, digits),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    Some(i64::from_str_radix(&format!("{sign}{digits}"), radix).map_err(|_| OutOfRange))
}

fn real(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "nan" => Some(f64::NAN),
        "inf" | "+inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        lower
            if lower
                .bytes()
                .all(|byte| byte.is_ascii_digit() || b".e+-".contains(&byte)) =>
        {
            lower.parse().ok()
        }
        _ => None,
    }
}

/// The content of `timespan(…)`: `[-][d.]hh:mm:ss[.f]`, a number of days, or a number with a unit.
fn timespan(text: &str) -> Option<Result<Timespan, OutOfRange>> {
    if text.contains(':') {
        return text.parse().ok().map(Ok);
    }
    match real(text) {
        Some(days) => Some(ticks(text, days, TICKS_PER_DAY)),
        None => with_unit(text),
    }
}

fn with_unit(text: &str) -> Option<Result<Timespan, OutOfRange>> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
    let number = &text[..text.len() - unit.len()];
    let unit = unit.trim_start().to_ascii_lowercase();
    let (_, size) = UNITS.iter().find(|(names, _)| names.contains(&unit.as_str()))?;
    Some(ticks(number, real(number)?, *size))
}

/// Whole numbers are multiplied exactly, others as floating point.
fn ticks(text: &str, number: f64, size: i64) -> Result<Timespan, OutOfRange> {
    if let Some(whole) = integer(text) {
        return whole?
            .checked_mul(size)
            .map(Timespan::from_ticks)
            .ok_or(OutOfRange);
    }
    let ticks = (number * size as f64).round();
    // 2^63 is the first number beyond the range, and has an exact f64.
    let limit = 2_f64.powi(63);
    (-limit..limit)
        .contains(&ticks)
        .then(|| Timespan::from_ticks(ticks as i64))
        .ok_or(OutOfRange)
}

const UNITS: &[(&[&str], i64)] = &[
    (&["d", "day", "days"], TICKS_PER_DAY),
    (&["h", "hr", "hrs", "hour", "hours"], 3600 * TICKS_PER_SECOND),
    (&["m", "min", "minute", "minutes"], 60 * TICKS_PER_SECOND),
    (&["s", "sec", "second", "seconds"], TICKS_PER_SECOND),
    (
        &["ms", "milli", "millis", "millisec", "millisecond", "milliseconds"],
        TICKS_PER_SECOND / 1_000,
    ),
    (
        &["micro", "micros", "microsec", "microsecond", "microseconds"],
        TICKS_PER_SECOND / 1_000_000,
    ),
    (&["tick", "ticks"], 1),
];
