//! Sketches of many values in few: for distinct counts and for percentiles.

use kusto_protocol::ColumnType;

use super::filter::filtered;
use super::fold::fold;
use super::{Accumulator, Aggregate};
use crate::error::{BindError, EvalError};
use crate::function::Function;
use crate::function::arguments::{Arguments, converted};
use crate::function::hll::Hll;
use crate::function::kind::{Any, Json, Long, Output};
use crate::function::tdigest::TDigest;
use crate::vector::Vector;

pub(super) const FUNCTIONS: &[Function<Aggregate>] = &[
    Function::new("hll", (1, 2), "(value, [accuracy]) -> dynamic", hll),
    Function::new(
        "hll_if",
        (2, 3),
        "(value, if: bool, [accuracy]) -> dynamic",
        |a| filtered(a, 1, hll),
    ),
    Function::new("hll_merge", (1, 1), "(hll: dynamic) -> dynamic", |a| {
        fold::<Json, Json, _>(
            a,
            None,
            |merged: &mut Option<Hll>, sketch| match (merged, Hll::parse(&sketch)) {
                (Some(merged), Some(sketch)) => merged.merge(&sketch),
                (merged, Some(sketch)) => *merged = Some(sketch),
                (_, None) => {}
            },
            |merged| Some(merged?.json()),
        )
    }),
    Function::new("merge_tdigest", (1, 1), "(digest: dynamic) -> dynamic", merged),
    Function::new("tdigest", (1, 2), "(value, [weight: long]) -> dynamic", tdigest),
    Function::new("tdigest_merge", (1, 1), "(digest: dynamic) -> dynamic", merged),
];

fn hll(arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    let accuracy = match arguments.len() {
        1 => Some(1),
        _ => arguments.literal_text(1)?.parse().ok(),
    };
    let Some(sketch) = accuracy.and_then(Hll::new) else {
        return Err(arguments.invalid(1, "an accuracy from 0 to 4"));
    };
    fold::<Any, Json, _>(arguments, sketch, Hll::add, |sketch| Some(sketch.json()))
}

fn merged(arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    fold::<Json, Json, _>(
        arguments,
        TDigest::default(),
        |merged, digest| merged.merge(TDigest::parse(&digest).unwrap_or_default()),
        |merged| Some(merged.json()),
    )
}

fn tdigest(arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    use ColumnType as T;
    let ty = match arguments.ty(0) {
        T::Int | T::Long => T::Long,
        T::DateTime => T::DateTime,
        T::Timespan => T::Timespan,
        T::Real | T::Decimal | T::Dynamic => T::Real,
        _ => return Err(arguments.mismatch(0, "a number or a time")),
    };
    arguments.target::<Long>(1)?;
    Ok(Aggregate::new(vec![T::Dynamic], move || Digests {
        ty: ty.clone(),
        groups: Vec::new(),
    }))
}

struct Digests {
    /// What the values are converted to.
    ty: ColumnType,
    groups: Vec<TDigest>,
}

impl Accumulator for Digests {
    fn update(
        &mut self,
        groups: &[u32],
        num_groups: usize,
        arguments: &[Vector],
        _rows: usize,
    ) -> Result<(), EvalError> {
        self.groups.resize_with(num_groups, TDigest::default);
        let values = converted(arguments, 0, &self.ty)?;
        let weights = match arguments.len() {
            1 => None,
            _ => Some(converted(arguments, 1, &ColumnType::Long)?),
        };
        for (row, group) in groups.iter().enumerate() {
            let weight = weights
                .as_ref()
                .map_or(1, |weights| weights.longs().get(row).unwrap_or(0));
            self.groups[*group as usize].add(values.value(row), weight);
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, num_groups: usize) -> Result<Vec<Vector>, EvalError> {
        self.groups.resize_with(num_groups, TDigest::default);
        let digests = self.groups.into_iter().map(|mut digest| {
            digest.settle();
            Some(digest.json())
        });
        Ok(vec![Vector::new(ColumnType::Dynamic, Json::collect(digests)?)])
    }
}
