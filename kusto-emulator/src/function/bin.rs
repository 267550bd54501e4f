//! Rounding to a grid: `bin`, `bin_at`, `ceiling`, `round`.

use kusto_protocol::ColumnType;

use super::arguments::Arguments;
use super::kind::{DateTime, Decimal, Long, Nullable, Real, Timespan};
use super::lift::{binary, ternary, unary};
use super::{Call, Family, Function, number};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Rounding",
    functions: &[
        Function::new(
            "bin",
            (2, 2),
            "(value, step) -> the multiple of step at or below value",
            bin,
        ),
        Function::new(
            "bin_at",
            (3, 3),
            "(value, step, point) -> the bin of a grid through point",
            bin_at,
        ),
        Function::new("ceiling", (1, 1), "(number) -> number", |a| whole(a, f64::ceil)),
        Function::new(
            "floor",
            (2, 2),
            "(value, step) -> the multiple of step at or below value",
            bin,
        ),
        Function::new("round", (1, 2), "(number, [digits: long]) -> number", round),
    ],
};

fn bin(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    use ColumnType as T;
    match (arguments.ty(0), arguments.ty(1)) {
        (T::DateTime, T::Timespan | T::DateTime | T::Dynamic) => {
            binary::<DateTime, Step, DateTime>(arguments, number::floor_long)
        }
        (T::Timespan, T::Timespan | T::Dynamic) => {
            binary::<Timespan, Timespan, Timespan>(arguments, number::floor_long)
        }
        (T::Int | T::Long, T::Int | T::Long) => binary::<Long, Long, Long>(arguments, number::floor_long),
        (T::Decimal, _) | (_, T::Decimal) => {
            binary::<Decimal, Decimal, Decimal>(arguments, number::floor_decimal)
        }
        (T::Dynamic, T::Timespan) => binary::<Timespan, Timespan, Timespan>(arguments, number::floor_long),
        _ => binary::<Real, Real, Real>(arguments, number::floor_real),
    }
}

fn bin_at(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    use ColumnType as T;
    let at = |value: i64, step: i64, point: i64| {
        number::floor_long(value.checked_sub(point)?, step)?.checked_add(point)
    };
    match arguments.ty(0) {
        T::DateTime => ternary::<DateTime, Step, DateTime, DateTime>(arguments, at),
        T::Timespan => ternary::<Timespan, Step, Timespan, Timespan>(arguments, at),
        T::Int | T::Long if !arguments.types().any(|ty| matches!(ty, T::Real | T::Decimal)) => {
            ternary::<Long, Long, Long, Long>(arguments, at)
        }
        _ => ternary::<Real, Real, Real, Real>(arguments, |value, step, point| {
            Some(number::floor_real(value - point, step)? + point)
        }),
    }
}

/// A function to whole numbers that keeps the type of its argument.
fn whole(arguments: &Arguments<'_>, function: fn(f64) -> f64) -> Result<Call, BindError> {
    match arguments.ty(0) {
        ColumnType::Int | ColumnType::Long => unary::<Long, Long>(arguments, Some),
        _ => unary::<Real, Real>(arguments, move |value| Some(function(value))),
    }
}

fn round(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    if matches!(arguments.ty(0), ColumnType::Int | ColumnType::Long) {
        return binary::<Long, Nullable<Long>, Long>(arguments, |value, digits| {
            let Some(digits @ ..0) = digits else {
                return Some(value);
            };
            let power = 10i64.checked_pow(u32::try_from(digits.unsigned_abs()).ok()?)?;
            let half = if value < 0 { -power / 2 } else { power / 2 };
            value.checked_add(half).map(|value| value / power * power)
        });
    }
    if *arguments.ty(0) == ColumnType::Decimal {
        return binary::<Decimal, Nullable<Long>, Decimal>(arguments, |value, digits| {
            number::round_decimal(value, digits.unwrap_or(0))
        });
    }
    binary::<Real, Nullable<Long>, Real>(arguments, |value, digits| {
        let digits = digits.unwrap_or(0).clamp(-308, 308) as i32;
        let power = 10f64.powi(digits.abs());
        Some(if digits < 0 {
            (value / power).round() * power
        } else if (value * power).is_finite() {
            (value * power).round() / power
        } else {
            value
        })
    })
}

/// The size of a bin of time: a timespan, or a number of days.
struct Step;

impl super::kind::Input for Step {
    type Value<'a> = i64;
    const TYPE: ColumnType = ColumnType::Timespan;
    const NAME: &'static str = "a timespan";

    fn accepts(from: &ColumnType) -> bool {
        matches!(
            from,
            ColumnType::Timespan | ColumnType::DateTime | ColumnType::Dynamic
        )
    }

    fn read(vector: &crate::vector::Vector) -> impl Fn(usize) -> Option<i64> {
        <Long as super::kind::Input>::read(vector)
    }
}
