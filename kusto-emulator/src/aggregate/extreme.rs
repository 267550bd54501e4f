//! The smallest and the largest value, and bits common to all.

use std::cmp::Ordering;

use kusto_protocol::ColumnType;

use super::Aggregate;
use super::filter::filtered;
use super::fold::fold;
use crate::error::BindError;
use crate::function::Function;
use crate::function::arguments::Arguments;
use crate::function::kind::{Bool, DateTime, Decimal, Guid, Int, Long, Real, Text, Timespan};

pub(super) const FUNCTIONS: &[Function<Aggregate>] = &[
    Function::new("binary_all_and", (1, 1), "(value: long) -> long", |a| {
        bits(a, |all, value| all & value)
    }),
    Function::new("binary_all_or", (1, 1), "(value: long) -> long", |a| {
        bits(a, |all, value| all | value)
    }),
    Function::new("binary_all_xor", (1, 1), "(value: long) -> long", |a| {
        bits(a, |all, value| all ^ value)
    }),
    Function::new("max", (1, 1), "(value) -> the largest", max),
    Function::new("maxif", (2, 2), "(value, if: bool) -> the largest", |a| {
        filtered(a, 1, max)
    }),
    Function::new("min", (1, 1), "(value) -> the smallest", min),
    Function::new("minif", (2, 2), "(value, if: bool) -> the smallest", |a| {
        filtered(a, 1, min)
    }),
];

fn max(arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    extreme(arguments, Ordering::Greater)
}

fn min(arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    extreme(arguments, Ordering::Less)
}

/// Keeps a value if it compares so to the one kept before.
fn extreme(arguments: &Arguments<'_>, wanted: Ordering) -> Result<Aggregate, BindError> {
    fn keep<T: Copy>(kept: &mut Option<T>, value: T, wanted: Ordering, compare: impl Fn(&T, &T) -> Ordering) {
        if kept.as_ref().is_none_or(|kept| compare(&value, kept) == wanted) {
            *kept = Some(value);
        }
    }
    macro_rules! of {
        ($input:ty, $output:ty) => {
            fold::<$input, $output, _>(
                arguments,
                None,
                move |kept, value| keep(kept, value, wanted, Ord::cmp),
                |kept| kept,
            )
        };
    }
    match arguments.ty(0) {
        ColumnType::Bool => of!(Bool, Bool),
        ColumnType::DateTime => of!(DateTime, DateTime),
        ColumnType::Decimal => of!(Decimal, Decimal),
        ColumnType::Guid => of!(Guid, Guid),
        ColumnType::Int => fold::<Long, Int, _>(
            arguments,
            None,
            move |kept, value| keep(kept, value, wanted, Ord::cmp),
            // The value came from an `int`, so it fits into one.
            |kept| kept.and_then(|kept: i64| kept.try_into().ok()),
        ),
        ColumnType::Long => of!(Long, Long),
        ColumnType::Timespan => of!(Timespan, Timespan),
        ColumnType::String => fold::<Text, Text, _>(
            arguments,
            None,
            move |kept: &mut Option<String>, value| {
                if kept.as_deref().is_none_or(|kept| value.cmp(kept) == wanted) {
                    *kept = Some(value.to_owned());
                }
            },
            |kept| kept,
        ),
        // NaN is passed over, as a null is.
        _ => fold::<Real, Real, _>(
            arguments,
            None,
            move |kept, value: f64| {
                if !value.is_nan() {
                    keep(kept, value, wanted, f64::total_cmp);
                }
            },
            |kept| kept,
        ),
    }
}

fn bits(arguments: &Arguments<'_>, function: fn(i64, i64) -> i64) -> Result<Aggregate, BindError> {
    fold::<Long, Long, _>(
        arguments,
        None,
        move |all: &mut Option<i64>, value| *all = Some(all.map_or(value, |all| function(all, value))),
        |all| all,
    )
}
