//! Percentiles, by the nearest rank: always a value that is there. The service estimates them for large sets.

use kusto_protocol::{ColumnType, Value};

use super::{Accumulator, Aggregate};
use crate::error::{BindError, EvalError};
use crate::function::arguments::{Arguments, converted};
use crate::function::json::{self, Json};
use crate::function::kind::{Input, Long, Output, Real, nullable_texts};
use crate::function::tdigest::{ordered, unordered};
use crate::function::{Function, MANY};
use crate::vector::{Vector, value_at};

pub(super) const FUNCTIONS: &[Function<Aggregate>] = &[
    Function::new(
        "percentile",
        (2, 2),
        "(value, percentile) -> number or time",
        |a| percentiles(a, false, false),
    ),
    Function::new(
        "percentiles",
        (2, MANY),
        "(value, percentile, …) -> numbers or times",
        |a| percentiles(a, false, false),
    ),
    Function::new(
        "percentiles_array",
        (2, MANY),
        "(value, percentile, … or array) -> dynamic",
        |a| percentiles(a, false, true),
    ),
    Function::new(
        "percentilew",
        (3, 3),
        "(value, weight: long, percentile) -> number or time",
        |a| percentiles(a, true, false),
    ),
    Function::new(
        "percentilesw",
        (3, MANY),
        "(value, weight: long, percentile, …) -> numbers or times",
        |a| percentiles(a, true, false),
    ),
    Function::new(
        "percentilesw_array",
        (3, MANY),
        "(value, weight: long, percentile, … or array) -> dynamic",
        |a| percentiles(a, true, true),
    ),
];

fn percentiles(arguments: &Arguments<'_>, weighted: bool, array: bool) -> Result<Aggregate, BindError> {
    use ColumnType as T;
    let ty = match arguments.ty(0) {
        T::Int | T::Long => T::Long,
        T::DateTime => T::DateTime,
        T::Timespan => T::Timespan,
        T::Real | T::Decimal | T::Dynamic => T::Real,
        _ => return Err(arguments.mismatch(0, "a number or a time")),
    };
    if weighted {
        arguments.target::<Long>(1)?;
    }
    let mut ranks = Vec::new();
    for index in 1 + usize::from(weighted)..arguments.len() {
        let text = arguments.literal_text(index)?;
        match (array, json::parse(&text)) {
            (true, Json::Array(list)) => ranks.extend(list.iter().map(Json::as_f64)),
            (_, rank) => ranks.push(rank.as_f64()),
        }
        let valid = ranks
            .iter()
            .all(|rank| rank.is_some_and(|rank| (0.0..=100.0).contains(&rank)));
        if !valid {
            return Err(arguments.invalid(index, "a percentile from 0 to 100"));
        }
    }
    let ranks: Vec<f64> = ranks.into_iter().flatten().collect();
    let types = if array {
        vec![T::Dynamic]
    } else {
        vec![ty.clone(); ranks.len()]
    };
    Ok(Aggregate::new(types, move || Percentiles {
        ty: ty.clone(),
        ranks: ranks.clone(),
        weighted,
        array,
        groups: Vec::new(),
    }))
}

struct Percentiles {
    /// What the values are converted to.
    ty: ColumnType,
    ranks: Vec<f64>,
    weighted: bool,
    array: bool,
    /// Per group the values, as sortable bits, with their weights.
    groups: Vec<Vec<(i64, i64)>>,
}

impl Accumulator for Percentiles {
    fn update(
        &mut self,
        groups: &[u32],
        num_groups: usize,
        arguments: &[Vector],
        _rows: usize,
    ) -> Result<(), EvalError> {
        self.groups.resize_with(num_groups, Vec::new);
        let values = converted(arguments, 0, &self.ty)?;
        let weights = match self.weighted {
            true => Some(converted(arguments, 1, &ColumnType::Long)?),
            false => None,
        };
        let weight = |row| match &weights {
            Some(weights) => weights.longs().get(row).unwrap_or(0),
            None => 1,
        };
        for (row, group) in groups.iter().enumerate() {
            let value = match self.ty {
                ColumnType::Real => Real::read(&values)(row)
                    .filter(|value| !value.is_nan())
                    .map(ordered),
                _ => values.longs().get(row),
            };
            let weight = weight(row);
            if let Some(value) = value
                && weight > 0
            {
                self.groups[*group as usize].push((value, weight));
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, num_groups: usize) -> Result<Vec<Vector>, EvalError> {
        self.groups.resize_with(num_groups, Vec::new);
        for group in &mut self.groups {
            group.sort_unstable();
        }
        let columns = self.ranks.iter().map(|rank| {
            let values = self.groups.iter().map(|group| nearest_rank(group, *rank));
            match self.ty {
                ColumnType::Real => Real::collect(values.map(|value| value.map(unordered))),
                _ => Long::collect(values),
            }
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        if !self.array {
            let vectors = columns
                .into_iter()
                .map(|values| Vector::new(self.ty.clone(), values));
            return Ok(vectors.collect());
        }
        let texts = (0..num_groups).map(|group| {
            let values = columns.iter().map(|column| value_at(&self.ty, column, group));
            let values: Vec<Value<'_>> = values.collect();
            (!self.groups[group].is_empty())
                .then(|| json::to_text(&values.into_iter().map(json::from_value).collect()))
        });
        Ok(vec![Vector::new(ColumnType::Dynamic, nullable_texts(texts)?)])
    }
}

/// The first value at which the given share of all weights is reached.
fn nearest_rank(sorted: &[(i64, i64)], rank: f64) -> Option<i64> {
    let total: i128 = sorted.iter().map(|(_, weight)| i128::from(*weight)).sum();
    let wanted = ((rank / 100.0 * total as f64).ceil() as i128).clamp(1, total.max(1));
    let mut reached = 0;
    let found = sorted.iter().find(|(_, weight)| {
        reached += i128::from(*weight);
        reached >= wanted
    });
    found.map(|(value, _)| *value)
}
