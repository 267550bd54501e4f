//! Aggregates that pick a row of each group: `arg_max`, `arg_min`, `take_any`.

use std::cmp::Ordering;

use arrow_array::{Array, ArrayRef, UInt32Array};
use arrow_ord::ord::make_comparator;
use arrow_select::interleave::interleave;
use arrow_select::take::take;
use kusto_protocol::{ColumnType, Value};

use super::filter::filtered;
use super::{Accumulator, Aggregate};
use crate::error::{BindError, EvalError};
use crate::function::arguments::Arguments;
use crate::function::{Function, MANY};
use crate::types;
use crate::vector::Vector;

pub(super) const FUNCTIONS: &[Function<Aggregate>] = &[
    Function::new("any", (1, MANY), "(value, …) -> values of one row", any),
    Function::new("anyif", (2, 2), "(value, if: bool) -> a value", |a| {
        filtered(a, 1, any)
    }),
    Function::new(
        "arg_max",
        (1, MANY),
        "(value, returned, …) -> the row of the largest value",
        |a| pick(a, Wanted::Extreme(Ordering::Greater)),
    ),
    Function::new(
        "arg_min",
        (1, MANY),
        "(value, returned, …) -> the row of the smallest value",
        |a| pick(a, Wanted::Extreme(Ordering::Less)),
    ),
    Function::new("take_any", (1, MANY), "(value, …) -> values of one row", any),
    Function::new("take_anyif", (2, 2), "(value, if: bool) -> a value", |a| {
        filtered(a, 1, any)
    }),
];

fn any(arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    pick(arguments, Wanted::Any)
}

fn pick(arguments: &Arguments<'_>, wanted: Wanted) -> Result<Aggregate, BindError> {
    let types: Vec<ColumnType> = arguments.types().cloned().collect();
    Ok(Aggregate::new(types.clone(), move || Pick {
        wanted,
        // The row of a group that has none.
        chunks: vec![types.iter().map(|ty| types::missing(ty, 1)).collect()],
        types: types.clone(),
        places: Vec::new(),
    }))
}

/// Which row of a group is wanted.
#[derive(Clone, Copy)]
enum Wanted {
    /// The first one, or a later one if its first value is null.
    Any,
    /// The first of those whose first value compares so to all others.
    Extreme(Ordering),
}

/// Rows that were best when their batch came, and for each group where its best one is.
struct Pick {
    wanted: Wanted,
    types: Vec<ColumnType>,
    chunks: Vec<Vec<ArrayRef>>,
    places: Vec<Option<Place>>,
}

/// A row of a chunk.
#[derive(Clone, Copy)]
struct Place {
    chunk: usize,
    row: usize,
}

impl Accumulator for Pick {
    fn update(
        &mut self,
        groups: &[u32],
        num_groups: usize,
        arguments: &[Vector],
        rows: usize,
    ) -> Result<(), EvalError> {
        self.places.resize(num_groups, None);
        let columns = arguments
            .iter()
            .map(|vector| vector.expand(rows))
            .collect::<Result<Vec<_>, _>>()?;
        // The best row of the batch for each group, then those that beat what the group has.
        let better = self.better(&columns[0], &columns[0])?;
        let mut best: Vec<Option<usize>> = vec![None; num_groups];
        for (row, group) in groups.iter().enumerate() {
            let best = &mut best[*group as usize];
            if best.is_none_or(|best| better(row, best)) {
                *best = Some(row);
            }
        }
        let mut winners = Vec::new();
        let chunk = self.chunks.len();
        let comparators = self
            .chunks
            .iter()
            .map(|chunk| self.better(&columns[0], &chunk[0]))
            .collect::<Result<Vec<_>, _>>()?;
        for (group, best) in best.iter().enumerate() {
            let Some(row) = *best else { continue };
            if self.places[group].is_none_or(|place| comparators[place.chunk](row, place.row)) {
                self.places[group] = Some(Place {
                    chunk,
                    row: winners.len(),
                });
                winners.push(row as u32);
            }
        }
        drop(comparators);
        if winners.is_empty() {
            return Ok(());
        }
        let winners = UInt32Array::from(winners);
        let chunk = columns
            .iter()
            .map(|column| take(column, &winners, None))
            .collect::<Result<Vec<_>, _>>()?;
        self.chunks.push(chunk);
        self.compact()
    }

    fn finish(mut self: Box<Self>, num_groups: usize) -> Result<Vec<Vector>, EvalError> {
        self.places.resize(num_groups, None);
        let columns = self.columns()?;
        Ok(self
            .types
            .iter()
            .zip(columns)
            .map(|(ty, values)| Vector::new(ty.clone(), values))
            .collect())
    }
}

impl Pick {
    /// Tells whether a row of `new` is to be preferred to one of `old`, by their first values.
    fn better<'a>(
        &self,
        new: &'a ArrayRef,
        old: &'a ArrayRef,
    ) -> Result<Box<dyn Fn(usize, usize) -> bool + 'a>, EvalError> {
        let is_missing = |row: usize| new.is_null(row);
        match self.wanted {
            Wanted::Any => Ok(Box::new(move |row, best| !is_missing(row) && old.is_null(best))),
            // Decimals are text, whose order is not theirs.
            Wanted::Extreme(wanted) if self.types[0] == ColumnType::Decimal => {
                let decimal =
                    |values: &ArrayRef, row| match crate::vector::value_at(&ColumnType::Decimal, values, row)
                    {
                        Value::Decimal(text) => text.parse::<kusto_protocol::Decimal>().ok(),
                        _ => None,
                    };
                Ok(Box::new(move |row, best| {
                    match (decimal(new, row), decimal(old, best)) {
                        (Some(value), Some(best)) => value.cmp(&best) == wanted,
                        (value, best) => value.is_some() && best.is_none(),
                    }
                }))
            }
            Wanted::Extreme(wanted) => {
                let compare = make_comparator(new, old, arrow_schema::SortOptions::default())?;
                Ok(Box::new(move |row, best| {
                    match (is_missing(row), old.is_null(best)) {
                        (true, _) => false,
                        (false, true) => true,
                        (false, false) => compare(row, best) == wanted,
                    }
                }))
            }
        }
    }

    /// The best rows of all groups, as columns.
    fn columns(&self) -> Result<Vec<ArrayRef>, EvalError> {
        let places: Vec<(usize, usize)> = self
            .places
            .iter()
            .map(|place| place.map_or((0, 0), |place| (place.chunk, place.row)))
            .collect();
        (0..self.types.len())
            .map(|column| {
                let arrays: Vec<&dyn Array> = self.chunks.iter().map(|chunk| &*chunk[column]).collect();
                Ok(interleave(&arrays, &places)?)
            })
            .collect()
    }

    /// Drops rows that were beaten since, once chunks are many.
    fn compact(&mut self) -> Result<(), EvalError> {
        if self.chunks.len() <= MAX_CHUNKS {
            return Ok(());
        }
        let columns = self.columns()?;
        for (row, place) in self.places.iter_mut().enumerate() {
            if place.is_some() {
                *place = Some(Place { chunk: 1, row });
            }
        }
        self.chunks.truncate(1);
        self.chunks.push(columns);
        Ok(())
    }
}

const MAX_CHUNKS: usize = 32;
