//! `==`, `!=`, `<`, `<=`, `>`, `>=`, `between` and their kin.
//!
//! Two nulls are neither equal nor unequal: the answer is null. A null and a value are unequal. The order of
//! a null is null.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_arith::boolean;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_ord::cmp;
use kusto_protocol::ColumnType;

use super::arguments::{Arguments, converted};
use super::json::Json;
use super::kind::{self, Any, Decimal, Input, Nullable, Real};
use super::lift::{binary, is_constant};
use super::{Call, Family, Function, json, resolve};
use crate::error::{BindError, EvalError};
use crate::vector::Vector;

pub(super) const FAMILY: Family = Family {
    name: "Comparisons",
    functions: &[
        Function::new("==", (2, 2), "(left, right) -> bool", |a| {
            bind(a, Operator::Equal)
        }),
        Function::new("!=", (2, 2), "(left, right) -> bool", |a| {
            bind(a, Operator::NotEqual)
        }),
        Function::new("<", (2, 2), "(left, right) -> bool", |a| bind(a, Operator::Less)),
        Function::new("<=", (2, 2), "(left, right) -> bool", |a| {
            bind(a, Operator::LessOrEqual)
        }),
        Function::new(">", (2, 2), "(left, right) -> bool", |a| {
            bind(a, Operator::Greater)
        }),
        Function::new(">=", (2, 2), "(left, right) -> bool", |a| {
            bind(a, Operator::GreaterOrEqual)
        }),
        Function::new("between", (3, 3), "(value, low, high) -> bool", |a| {
            between(a, false)
        }),
        Function::new("!between", (3, 3), "(value, low, high) -> bool", |a| {
            between(a, true)
        }),
    ],
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    const fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }

    const fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

fn bind(arguments: &Arguments<'_>, operator: Operator) -> Result<Call, BindError> {
    if !operator.is_equality() && !has_order(arguments.ty(0), arguments.ty(1)) {
        return Err(incomparable(arguments.ty(0), arguments.ty(1)));
    }
    compare(arguments, operator)
}

/// Whether the service orders values of these types: numbers and times, but not strings (there is `strcmp`).
fn has_order(left: &ColumnType, right: &ColumnType) -> bool {
    use ColumnType::{Bool, DateTime, Decimal, Dynamic, Int, Long, Real, Timespan};
    match (left, right) {
        (DateTime, DateTime) | (Timespan, Timespan) => true,
        (left, right) => [left, right]
            .iter()
            .all(|ty| matches!(ty, Bool | Int | Long | Real | Decimal | Dynamic)),
    }
}

/// Compares with values of any types that have something in common.
pub(super) fn compare(arguments: &Arguments<'_>, operator: Operator) -> Result<Call, BindError> {
    let (left, right) = (arguments.ty(0), arguments.ty(1));
    let Some(common) = common_type(left, right) else {
        return Err(incomparable(left, right));
    };
    match common {
        // IEEE 754: NaN is equal to nothing, not even itself.
        ColumnType::Real => nullable_comparison::<Real>(operator, |left, right| left.partial_cmp(&right)),
        ColumnType::Decimal => nullable_comparison::<Decimal>(operator, |left, right| Some(left.cmp(&right))),
        ColumnType::Dynamic => dynamics(arguments, operator),
        // Text is compared byte by byte, numbers and times by value: Arrow's kernels do that.
        common => Ok(Call::new(ColumnType::Bool, move |vectors, _, _| {
            let (left, right) = (converted(vectors, 0, &common)?, converted(vectors, 1, &common)?);
            let holds = kernel(operator, &left, &right)?;
            Ok(bools(vectors, holds))
        })),
    }
}

fn incomparable(left: &ColumnType, right: &ColumnType) -> BindError {
    let advice = match left == right {
        true if *left == ColumnType::String => "strcmp() tells their order.",
        true => "They have no order.",
        false => "Try adding explicit casts.",
    };
    let message = format!("Cannot compare values of types {left} and {right}. {advice}");
    BindError::semantic("SEM0064", message)
}

/// The type in which two values are compared.
pub(super) fn common_type(left: &ColumnType, right: &ColumnType) -> Option<ColumnType> {
    use ColumnType::{Bool, Decimal, Dynamic, Int, Long, Real};
    Some(match (left, right) {
        (left, right) if left == right => left.clone(),
        (Int, Long) | (Long, Int) => Long,
        (Bool, Int | Long) | (Int | Long, Bool) => Long,
        (Bool | Int | Long, Real) | (Real, Bool | Int | Long) => Real,
        (Int | Long | Real, Decimal) | (Decimal, Int | Long | Real) => Decimal,
        (Dynamic, _) | (_, Dynamic) => Dynamic,
        _ => return None,
    })
}

fn kernel(operator: Operator, left: &Vector, right: &Vector) -> Result<BooleanArray, EvalError> {
    let (left, right) = (left as &dyn arrow_array::Datum, right as &dyn arrow_array::Datum);
    Ok(match operator {
        Operator::Less => cmp::lt(left, right)?,
        Operator::LessOrEqual => cmp::lt_eq(left, right)?,
        Operator::Greater => cmp::gt(left, right)?,
        Operator::GreaterOrEqual => cmp::gt_eq(left, right)?,
        Operator::Equal => null_where_both_are(cmp::not_distinct(left, right)?, left, right)?,
        Operator::NotEqual => null_where_both_are(cmp::distinct(left, right)?, left, right)?,
    })
}

/// Takes the answer away where both sides are null.
fn null_where_both_are(
    answer: BooleanArray,
    left: &dyn arrow_array::Datum,
    right: &dyn arrow_array::Datum,
) -> Result<BooleanArray, EvalError> {
    let ((left, left_scalar), (right, right_scalar)) = (left.get(), right.get());
    if left.null_count() == 0 || right.null_count() == 0 {
        return Ok(answer);
    }
    let is_null = |array: &dyn Array, scalar: bool, row: usize| array.is_null(if scalar { 0 } else { row });
    let both: BooleanArray = (0..answer.len())
        .map(|row| Some(is_null(left, left_scalar, row) && is_null(right, right_scalar, row)))
        .collect();
    Ok(arrow_select::nullif::nullif(&answer, &both)?.as_boolean().clone())
}

/// Compares values of which `compare` knows the order; those without one are unequal to all.
fn nullable_comparison<K: Input>(
    operator: Operator,
    compare: impl Fn(K::Value<'_>, K::Value<'_>) -> Option<Ordering> + Send + Sync + 'static,
) -> Result<Call, BindError> {
    Ok(Call::new(ColumnType::Bool, move |vectors, rows, _| {
        let (left, right) = (converted(vectors, 0, &K::TYPE)?, converted(vectors, 1, &K::TYPE)?);
        let (left, right) = (K::read(&left), K::read(&right));
        super::lift::collect::<kind::Bool>(vectors, rows, |row| match (left(row), right(row)) {
            (Some(left), Some(right)) => {
                let ordering = compare(left, right);
                Some(ordering.map_or(operator == Operator::NotEqual, |ordering| {
                    operator.holds(ordering)
                }))
            }
            (left, right) => with_null(operator, left.is_some() || right.is_some()),
        })
    }))
}

/// What an operator gives if one side at least is null.
fn with_null(operator: Operator, one_has_value: bool) -> Option<bool> {
    (operator.is_equality() && one_has_value).then_some(operator == Operator::NotEqual)
}

/// Compares a `dynamic` with a value of any type: both as numbers if both are, else both as text.
fn dynamics(arguments: &Arguments<'_>, operator: Operator) -> Result<Call, BindError> {
    binary::<Nullable<Any>, Nullable<Any>, kind::Bool>(arguments, move |left, right| {
        let as_json = |value: Option<_>| value.map_or(Json::Null, json::from_value);
        let (left, right) = (as_json(left), as_json(right));
        match (&left, &right) {
            (Json::Null, right) => with_null(operator, !right.is_null()),
            (_, Json::Null) => with_null(operator, true),
            _ => Some(
                compare_dynamic(&left, &right).map_or(operator == Operator::NotEqual, |ordering| {
                    operator.holds(ordering)
                }),
            ),
        }
    })
}

/// The order of two values; `None` if they are of kinds that have no order among each other.
fn compare_dynamic(left: &Json, right: &Json) -> Option<Ordering> {
    match (left, right) {
        (Json::Number(_), Json::Number(_)) | (Json::Bool(_), Json::Bool(_)) => {
            Some(json::compare(left, right))
        }
        (Json::Bool(value), Json::Number(_)) => Some(json::compare(&Json::from(i64::from(*value)), right)),
        (Json::Number(_), Json::Bool(value)) => Some(json::compare(left, &Json::from(i64::from(*value)))),
        (Json::String(left), Json::String(right)) => Some(left.cmp(right)),
        (Json::String(text), Json::Number(_)) => json::compare_text_with_number(text, right),
        (Json::Number(_), Json::String(text)) => {
            json::compare_text_with_number(text, left).map(Ordering::reverse)
        }
        _ => Some(json::plain_text(left).cmp(&json::plain_text(right))),
    }
}

fn between(arguments: &Arguments<'_>, negated: bool) -> Result<Call, BindError> {
    let value = arguments.argument(0);
    let low = resolve(">=", &[value, arguments.argument(1)])?;
    // `between (datetime .. timespan)` counts the upper bound from the lower one.
    let distance = *arguments.ty(1) == ColumnType::DateTime && *arguments.ty(2) == ColumnType::Timespan;
    let high_argument = if distance {
        super::Argument {
            ty: &ColumnType::DateTime,
            constant: None,
        }
    } else {
        arguments.argument(2)
    };
    let high = resolve("<=", &[value, high_argument])?;
    let sum = if distance {
        Some(resolve("+", &[arguments.argument(1), arguments.argument(2)])?)
    } else {
        None
    };
    Ok(Call::new(ColumnType::Bool, move |vectors, rows, session| {
        let upper = match &sum {
            Some(sum) => sum.evaluate(&vectors[1..3], rows, session)?,
            None => vectors[2].clone(),
        };
        let low = low.evaluate(&vectors[..2], rows, session)?;
        let high = high.evaluate(&[vectors[0].clone(), upper], rows, session)?;
        let len = if is_constant(vectors) { 1 } else { rows };
        let (low, high) = (low.expand(len)?, high.expand(len)?);
        let mut inside = boolean::and_kleene(low.as_boolean(), high.as_boolean())?;
        if negated {
            inside = boolean::not(&inside)?;
        }
        Ok(bools(vectors, inside))
    }))
}

fn bools(arguments: &[Vector], values: BooleanArray) -> Vector {
    let values: ArrayRef = Arc::new(values);
    if is_constant(arguments) {
        Vector::new_constant(ColumnType::Bool, values)
    } else {
        Vector::new(ColumnType::Bool, values)
    }
}
