//! `and`, `or`, `not`: with null as a third value, which is neither true nor false.

use arrow_arith::boolean;
use arrow_array::BooleanArray;
use arrow_array::cast::AsArray;
use arrow_schema::ArrowError;
use kusto_protocol::ColumnType;

use super::arguments::{Arguments, converted};
use super::kind::Bool;
use super::lift::{is_constant, unary};
use super::{Call, Family, Function, MANY};
use crate::error::BindError;
use crate::vector::Vector;

pub(super) const FAMILY: Family = Family {
    name: "Logic",
    functions: &[
        Function::new("and", (1, MANY), "(bool, …) -> bool", |a| {
            chain(a, boolean::and_kleene)
        }),
        Function::new("or", (1, MANY), "(bool, …) -> bool", |a| {
            chain(a, boolean::or_kleene)
        }),
        Function::new("not", (1, 1), "(bool) -> bool", |a| {
            unary::<Bool, Bool>(a, |value| Some(!value))
        }),
    ],
};

type Kernel = fn(&BooleanArray, &BooleanArray) -> Result<BooleanArray, ArrowError>;

fn chain(arguments: &Arguments<'_>, kernel: Kernel) -> Result<Call, BindError> {
    for index in 0..arguments.len() {
        arguments.target::<Bool>(index)?;
    }
    Ok(Call::new(ColumnType::Bool, move |vectors, rows, _| {
        let constant = is_constant(vectors);
        let len = if constant { 1 } else { rows };
        let mut result = converted(vectors, 0, &ColumnType::Bool)?.expand(len)?;
        for index in 1..vectors.len() {
            let operand = converted(vectors, index, &ColumnType::Bool)?.expand(len)?;
            result = std::sync::Arc::new(kernel(result.as_boolean(), operand.as_boolean())?);
        }
        Ok(if constant {
            Vector::new_constant(ColumnType::Bool, result)
        } else {
            Vector::new(ColumnType::Bool, result)
        })
    }))
}
