//! `iff`, `case`, `coalesce`, and the tests for null and empty.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_select::zip::zip;
use kusto_protocol::{ColumnType, Value};

use super::arguments::{Arguments, converted};
use super::kind::{Any, Bool};
use super::lift::{is_constant, unary};
use super::{Call, Family, Function, MANY, comparison};
use crate::error::{BindError, EvalError};
use crate::vector::Vector;

pub(super) const FAMILY: Family = Family {
    name: "Conditions",
    functions: &[
        Function::new(
            "assert",
            (2, 2),
            "(condition: bool, message: string) -> bool",
            assert,
        ),
        Function::new("case", (3, MANY), "(if: bool, then, …, else) -> scalar", choice),
        Function::new(
            "coalesce",
            (1, 64),
            "(value, …) -> the first that is not null or empty",
            coalesce,
        ),
        Function::new("iff", (3, 3), "(if: bool, then, else) -> scalar", choice),
        Function::new("iif", (3, 3), "(if: bool, then, else) -> scalar", choice),
        Function::new("isempty", (1, 1), "(value) -> bool", |a| {
            unary::<Any, Bool>(a, |value| Some(is_empty(value)))
        }),
        Function::new("isnotempty", (1, 1), "(value) -> bool", |a| {
            unary::<Any, Bool>(a, |value| Some(!is_empty(value)))
        }),
        Function::new("isnotnull", (1, 1), "(value) -> bool", |_| null_test(false)),
        Function::new("notempty", (1, 1), "(value) -> bool", |a| {
            unary::<Any, Bool>(a, |value| Some(!is_empty(value)))
        }),
        Function::new("notnull", (1, 1), "(value) -> bool", |_| null_test(false)),
        Function::new("isnull", (1, 1), "(value) -> bool", |_| null_test(true)),
        Function::new(
            "max_of",
            (1, 64),
            "(value, …) -> the largest that is not null",
            |a| extreme(a, comparison::Operator::Greater),
        ),
        Function::new(
            "min_of",
            (1, 64),
            "(value, …) -> the smallest that is not null",
            |a| extreme(a, comparison::Operator::Less),
        ),
    ],
};

/// A condition that the query cannot go on without.
fn assert(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    arguments.target::<Bool>(0)?;
    let message = arguments.literal_text(1)?;
    Ok(Call::new(ColumnType::Bool, move |vectors, rows, _| {
        let conditions = converted(vectors, 0, &ColumnType::Bool)?;
        let failed = (0..if conditions.is_constant() { 1 } else { rows })
            .any(|row| conditions.bools().get(row) != Some(true));
        if failed {
            return Err(EvalError::runtime(format!(
                "assert() has failed with message: '{message}'"
            )));
        }
        Ok(conditions.into_owned())
    }))
}

fn is_empty(value: Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Dynamic(text) => matches!(text, "" | "\"\"" | "null"),
        _ => false,
    }
}

fn null_test(wanted: bool) -> Result<Call, BindError> {
    Ok(Call::new(ColumnType::Bool, move |vectors, _, _| {
        let values = vectors[0].values();
        let nulls: BooleanArray = (0..values.len())
            .map(|row| Some(values.is_null(row) == wanted))
            .collect();
        Ok(rebuilt(vectors, &ColumnType::Bool, Arc::new(nulls)))
    }))
}

/// The type that all values have or can be converted to.
pub(super) fn common_type<'a>(
    arguments: &Arguments<'_>,
    mut types: impl Iterator<Item = (usize, &'a ColumnType)>,
) -> Result<ColumnType, BindError> {
    let Some((_, first)) = types.next() else {
        return Ok(ColumnType::String);
    };
    types.try_fold(first.clone(), |common, (index, ty)| {
        match (&common, ty) {
            (ColumnType::Dynamic, ty) => Some(ty.clone()),
            (_, ColumnType::Dynamic) => Some(common.clone()),
            (ColumnType::Bool, ty) if *ty != ColumnType::Bool => None,
            (common, ColumnType::Bool) if *common != ColumnType::Bool => None,
            (common, ty) => comparison::common_type(common, ty),
        }
        .ok_or_else(|| arguments.mismatch(index, &format!("of type {common}")))
    })
}

/// `iff` and `case`: conditions and values in turn, and a value for when no condition holds.
fn choice(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    if arguments.len().is_multiple_of(2) {
        return Err(BindError::argument_count(arguments.name(), "an odd number of"));
    }
    let last = arguments.len() - 1;
    let is_value = |index: &usize| index % 2 == 1 || *index == last;
    for index in (0..last).filter(|index| !is_value(index)) {
        arguments.target::<Bool>(index)?;
    }
    let ty = common_type(
        arguments,
        arguments.types().enumerate().filter(|(index, _)| is_value(index)),
    )?;
    Ok(Call::new(ty.clone(), move |vectors, rows, _| {
        let len = if is_constant(vectors) { 1 } else { rows };
        let mut result = converted(vectors, last, &ty)?.expand(len)?;
        for index in (0..last).step_by(2).rev() {
            let condition = converted(vectors, index, &ColumnType::Bool)?.expand(len)?;
            let value = converted(vectors, index + 1, &ty)?;
            result = zip(&no_nulls(condition.as_boolean()), value.as_ref(), &result)?;
        }
        Ok(rebuilt(vectors, &ty, result))
    }))
}

/// Null counts as false where something is chosen.
fn no_nulls(condition: &BooleanArray) -> BooleanArray {
    match condition.nulls() {
        None => condition.clone(),
        Some(nulls) => BooleanArray::new(condition.values() & nulls.inner(), None),
    }
}

fn coalesce(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    let ty = common_type(arguments, arguments.types().enumerate())?;
    Ok(Call::new(ty.clone(), move |vectors, rows, _| {
        let len = if is_constant(vectors) { 1 } else { rows };
        let last = vectors.len() - 1;
        let mut result = converted(vectors, last, &ty)?.expand(len)?;
        for index in (0..last).rev() {
            let value = converted(vectors, index, &ty)?;
            let present: BooleanArray = (0..len)
                .map(|row| Some(!matches!(value.value(row), Value::Null | Value::String(""))))
                .collect();
            result = zip(&present, value.as_ref(), &result)?;
        }
        Ok(rebuilt(vectors, &ty, result))
    }))
}

/// `max_of` and `min_of`: keeps what compares so to what was kept before, or what is not null.
fn extreme(arguments: &Arguments<'_>, operator: comparison::Operator) -> Result<Call, BindError> {
    let ty = common_type(arguments, arguments.types().enumerate())?;
    let argument = super::Argument {
        ty: &ty,
        constant: None,
    };
    let better = comparison::compare(&Arguments::new(arguments.name(), &[argument, argument]), operator)?;
    Ok(Call::new(ty.clone(), move |vectors, rows, session| {
        let len = if is_constant(vectors) { 1 } else { rows };
        let mut result = converted(vectors, 0, &ty)?.expand(len)?;
        for index in 1..vectors.len() {
            let value = Vector::new(ty.clone(), converted(vectors, index, &ty)?.expand(len)?);
            let kept = Vector::new(ty.clone(), Arc::clone(&result));
            let better = better
                .evaluate(&[value.clone(), kept], len, session)?
                .expand(len)?;
            let better = no_nulls(better.as_boolean());
            let taken: BooleanArray = (0..len)
                .map(|row| Some(better.value(row) || (result.is_null(row) && value.values().is_valid(row))))
                .collect();
            result = zip(&taken, &value, &result)?;
        }
        Ok(rebuilt(vectors, &ty, result))
    }))
}

fn rebuilt(arguments: &[Vector], ty: &ColumnType, values: ArrayRef) -> Vector {
    if is_constant(arguments) {
        Vector::new_constant(ty.clone(), values)
    } else {
        Vector::new(ty.clone(), values)
    }
}
