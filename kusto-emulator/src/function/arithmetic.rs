//! `+`, `-`, `*`, `/`, `%` and signs: on numbers, datetimes and timespans.
//!
//! Two whole numbers give a `long`. A remainder is never negative. What overflows 64 bits wraps around; what divides by zero is null for
//! whole numbers and infinite or NaN for reals. A `dynamic` counts as the number in it.

use std::borrow::Cow;

use arrow_arith::numeric;
use arrow_array::{ArrayRef, Datum};
use arrow_schema::ArrowError;
use kusto_protocol::{ColumnType, Decimal as DecimalValue};

use super::arguments::{Arguments, converted};
use super::kind::{self, DateTime, Decimal, Input, Long, Real, Timespan};
use super::lift::{binary, is_constant, unary};
use super::{Call, Family, Function, number};
use crate::error::BindError;
use crate::vector::Vector;

pub(super) const FAMILY: Family = Family {
    name: "Arithmetic",
    functions: &[
        Function::new("+", (2, 2), "(left, right) -> number, datetime or timespan", add),
        Function::new(
            "-",
            (2, 2),
            "(left, right) -> number, datetime or timespan",
            subtract,
        ),
        Function::new("*", (2, 2), "(left, right) -> number or timespan", multiply),
        Function::new("/", (2, 2), "(left, right) -> number or timespan", divide),
        Function::new("%", (2, 2), "(left, right) -> number or timespan", modulo),
        Function::new("unary -", (1, 1), "(value) -> number or timespan", negate),
        Function::new("unary +", (1, 1), "(value) -> number or timespan", |a| {
            signed(a).map(identity)
        }),
    ],
};

fn add(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    use ColumnType as T;
    match operands(arguments) {
        (T::Long, T::Long) => kernel(T::Long, numeric::add_wrapping),
        (T::Real, T::Real) => kernel(T::Real, numeric::add_wrapping),
        (T::Decimal, T::Decimal) => decimals(arguments, number::add),
        (T::Timespan, T::Timespan) => kernel(T::Timespan, numeric::add_wrapping),
        (T::DateTime | T::Timespan, T::DateTime | T::Timespan) => moments(arguments, i64::checked_add),
        _ => Err(unfit(arguments)),
    }
}

fn subtract(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    use ColumnType as T;
    match operands(arguments) {
        (T::Long, T::Long) => kernel(T::Long, numeric::sub_wrapping),
        (T::Real, T::Real) => kernel(T::Real, numeric::sub_wrapping),
        (T::Decimal, T::Decimal) => decimals(arguments, number::subtract),
        (T::Timespan, T::Timespan) => kernel(T::Timespan, numeric::sub_wrapping),
        (T::DateTime, T::DateTime) => {
            binary::<DateTime, DateTime, Timespan>(arguments, |left, right| Some(left.wrapping_sub(right)))
        }
        (T::DateTime | T::Timespan, T::DateTime | T::Timespan) => moments(arguments, i64::checked_sub),
        _ => Err(unfit(arguments)),
    }
}

fn multiply(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    use ColumnType as T;
    match operands(arguments) {
        (T::Long, T::Long) => kernel(T::Long, numeric::mul_wrapping),
        (T::Real, T::Real) => kernel(T::Real, numeric::mul_wrapping),
        (T::Decimal, T::Decimal) => decimals(arguments, number::multiply),
        (T::Timespan, T::Long) => {
            binary::<Timespan, Long, Timespan>(arguments, |left, right| Some(left.wrapping_mul(right)))
        }
        (T::Long, T::Timespan) => {
            binary::<Long, Timespan, Timespan>(arguments, |left, right| Some(left.wrapping_mul(right)))
        }
        (T::Timespan, T::Real | T::Decimal) => {
            binary::<Timespan, Real, Timespan>(arguments, |left, right| ticks(left as f64 * right))
        }
        (T::Real | T::Decimal, T::Timespan) => {
            binary::<Real, Timespan, Timespan>(arguments, |left, right| ticks(left * right as f64))
        }
        _ => Err(unfit(arguments)),
    }
}

fn divide(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    use ColumnType as T;
    match operands(arguments) {
        (T::Long, T::Long) => binary::<Long, Long, Long>(arguments, |left, right| {
            (right != 0).then(|| left.wrapping_div(right))
        }),
        (T::Real, T::Real) => kernel(T::Real, numeric::div),
        (T::Decimal, T::Decimal) => decimals(arguments, number::divide),
        (T::Timespan, T::Timespan) => {
            binary::<Timespan, Timespan, Real>(arguments, |left, right| Some(left as f64 / right as f64))
        }
        (T::DateTime, T::DateTime) => {
            binary::<DateTime, DateTime, Real>(arguments, |left, right| Some(left as f64 / right as f64))
        }
        (T::DateTime, T::Timespan) => {
            binary::<DateTime, Timespan, Real>(arguments, |left, right| Some(left as f64 / right as f64))
        }
        (T::Timespan, T::Long | T::Real | T::Decimal) => {
            binary::<Timespan, Real, Timespan>(arguments, |left, right| ticks(left as f64 / right))
        }
        _ => Err(unfit(arguments)),
    }
}

fn modulo(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    use ColumnType as T;
    match operands(arguments) {
        (T::Long, T::Long) => binary::<Long, Long, Long>(arguments, number::modulo),
        (T::Real, T::Real) => {
            binary::<Real, Real, Real>(arguments, |left, right| Some(left.rem_euclid(right)))
        }
        (T::Decimal, T::Decimal) => decimals(arguments, number::remainder),
        (T::Timespan, T::Timespan) => binary::<Timespan, Timespan, Timespan>(arguments, number::modulo),
        (T::Timespan, T::Long) => binary::<Timespan, Long, Timespan>(arguments, number::modulo),
        (T::DateTime, T::Timespan) => binary::<DateTime, Timespan, Timespan>(arguments, number::modulo),
        (T::DateTime, T::DateTime) => binary::<DateTime, DateTime, Timespan>(arguments, number::modulo),
        _ => Err(unfit(arguments)),
    }
}

fn negate(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    match signed(arguments)? {
        ColumnType::Real => unary::<Real, Real>(arguments, |value| Some(-value)),
        ColumnType::Timespan => unary::<Timespan, Timespan>(arguments, |value| Some(value.wrapping_neg())),
        ColumnType::Decimal => unary::<Decimal, Decimal>(arguments, |value| {
            Some(DecimalValue::new(
                value.coefficient().wrapping_neg(),
                value.exponent(),
            ))
        }),
        // A constant keeps its type, as `int(-1)` must.
        ColumnType::Int => {
            let to_int = |value: i64| i32::try_from(value.wrapping_neg()).ok();
            unary::<Long, kind::Int>(arguments, to_int)
        }
        _ => unary::<Long, Long>(arguments, |value| Some(value.wrapping_neg())),
    }
}

/// The type that a sign leaves behind: that of the operand, but a `long` for an `int` that varies.
fn signed(arguments: &Arguments<'_>) -> Result<ColumnType, BindError> {
    let operand = arguments.argument(0);
    Ok(match operand.ty {
        ColumnType::Int if operand.constant.is_none() => ColumnType::Long,
        ColumnType::Dynamic => ColumnType::Real,
        ColumnType::Int
        | ColumnType::Long
        | ColumnType::Real
        | ColumnType::Decimal
        | ColumnType::Timespan => operand.ty.clone(),
        _ => return Err(arguments.mismatch(0, "a number or a timespan")),
    })
}

fn identity(ty: ColumnType) -> Call {
    Call::new(ty.clone(), move |vectors, _, _| {
        converted(vectors, 0, &ty).map(Cow::into_owned)
    })
}

/// The types of the operands as arithmetic sees them: numbers widened to the wider of the two.
fn operands(arguments: &Arguments<'_>) -> (ColumnType, ColumnType) {
    use ColumnType as T;
    let whole = |ty: &ColumnType| match ty {
        T::Int => T::Long,
        ty => ty.clone(),
    };
    match (whole(arguments.ty(0)), whole(arguments.ty(1))) {
        (T::Dynamic, T::Dynamic) => (T::Real, T::Real),
        (T::Dynamic, T::DateTime) => (T::DateTime, T::DateTime),
        (T::DateTime, T::Dynamic) => (T::DateTime, T::DateTime),
        (T::Dynamic, right) => (right.clone(), right),
        (left, T::Dynamic) => (left.clone(), left),
        (T::Decimal, T::Long | T::Real) | (T::Long | T::Real, T::Decimal) => (T::Decimal, T::Decimal),
        (T::Real, T::Long) | (T::Long, T::Real) => (T::Real, T::Real),
        types => types,
    }
}

fn unfit(arguments: &Arguments<'_>) -> BindError {
    BindError::semantic(
        "SEM0062",
        format!(
            "Operator '{}' does not apply to values of types {} and {}.",
            arguments.name(),
            arguments.ty(0),
            arguments.ty(1)
        ),
    )
}

type Kernel = fn(&dyn Datum, &dyn Datum) -> Result<ArrayRef, ArrowError>;

/// A kernel of Arrow's on two vectors of the type of the result.
fn kernel(ty: ColumnType, kernel: Kernel) -> Result<Call, BindError> {
    Ok(Call::new(ty.clone(), move |vectors, _, _| {
        let (left, right) = (converted(vectors, 0, &ty)?, converted(vectors, 1, &ty)?);
        let values = kernel(left.as_ref(), right.as_ref())?;
        Ok(if is_constant(vectors) {
            Vector::new_constant(ty.clone(), values)
        } else {
            Vector::new(ty.clone(), values)
        })
    }))
}

fn decimals(
    arguments: &Arguments<'_>,
    function: fn(DecimalValue, DecimalValue) -> Option<DecimalValue>,
) -> Result<Call, BindError> {
    binary::<Decimal, Decimal, Decimal>(arguments, function)
}

/// A datetime from two numbers of ticks; null outside of the years 1 to 9999.
fn moments(arguments: &Arguments<'_>, function: fn(i64, i64) -> Option<i64>) -> Result<Call, BindError> {
    binary::<Moment, Moment, DateTime>(arguments, move |left, right| {
        let ticks = function(left, right)?;
        let range = kusto_protocol::DateTime::MIN.ticks()..=kusto_protocol::DateTime::MAX.ticks();
        range.contains(&ticks).then_some(ticks)
    })
}

/// The ticks of a datetime or a timespan.
struct Moment;

impl Input for Moment {
    type Value<'a> = i64;
    const TYPE: ColumnType = ColumnType::DateTime;
    const NAME: &'static str = "a datetime or timespan";

    fn accepts(from: &ColumnType) -> bool {
        matches!(from, ColumnType::DateTime | ColumnType::Timespan)
    }

    fn target(from: &ColumnType) -> ColumnType {
        from.clone()
    }

    fn read(vector: &Vector) -> impl Fn(usize) -> Option<i64> {
        Long::read(vector)
    }
}

/// Ticks from a computation in reals: null if 64 bits do not hold them.
fn ticks(value: f64) -> Option<i64> {
    super::conversion::real_to_long(value.round())
}
