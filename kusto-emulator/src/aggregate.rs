//! Aggregate functions: one registry, as for scalar functions.
//!
//! Nulls do not count in any of them. Over no values, counts and sums are 0, averages NaN, deviations 0,
//! lists empty, and the rest null. Distinct counts are exact here, where the service estimates them.

mod count;
mod extreme;
mod filter;
mod fold;
mod list;
mod percentile;
mod pick;
mod schema;
mod sketch;
mod statistics;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use kusto_protocol::ColumnType;

use crate::error::{BindError, EvalError};
use crate::function::{self, Argument, Function};
use crate::vector::Vector;

/// Binds the aggregate function `name` to arguments of given types. A `*` must be spelled out before.
///
/// # Errors
///
/// The name is unknown, the number of arguments is wrong, or an argument's type does not fit.
pub(crate) fn resolve(name: &str, arguments: &[Argument<'_>]) -> Result<Aggregate, BindError> {
    match REGISTRY.get(name) {
        Some(function) => function.bind(arguments),
        None => Err(function::unknown(name, REGISTRY.keys().copied())),
    }
}

/// Whether there is an aggregate function of that name.
pub(crate) fn is_aggregate(name: &str) -> bool {
    REGISTRY.contains_key(name)
}

/// Every aggregate function.
pub(crate) fn all() -> impl Iterator<Item = &'static Function<Aggregate>> {
    FAMILIES.iter().copied().flatten()
}

/// Gathers the rows of groups.
pub(crate) trait Accumulator: Send {
    /// Adds `rows` rows: row `i` belongs to group `groups[i]`, one of `num_groups` that are known so far.
    fn update(
        &mut self,
        groups: &[u32],
        num_groups: usize,
        arguments: &[Vector],
        rows: usize,
    ) -> Result<(), EvalError>;

    /// What comes out: for each of the aggregate's types a vector with one value per group.
    fn finish(self: Box<Self>, num_groups: usize) -> Result<Vec<Vector>, EvalError>;
}

/// An aggregate function bound to the types of its arguments.
#[derive(Clone)]
pub(crate) struct Aggregate {
    /// The types of what comes out: one for most, several for `arg_max` and `percentiles`.
    pub(crate) types: Vec<ColumnType>,
    create: Arc<dyn Fn() -> Box<dyn Accumulator> + Send + Sync>,
}

impl Aggregate {
    fn new<A: Accumulator + 'static>(
        types: Vec<ColumnType>,
        create: impl Fn() -> A + Send + Sync + 'static,
    ) -> Self {
        Self {
            types,
            create: Arc::new(move || Box::new(create())),
        }
    }

    /// An accumulator without rows.
    pub(crate) fn accumulator(&self) -> Box<dyn Accumulator> {
        (self.create)()
    }
}

impl fmt::Debug for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aggregate")
            .field("types", &self.types)
            .finish_non_exhaustive()
    }
}

const FAMILIES: &[&[Function<Aggregate>]] = &[
    count::FUNCTIONS,
    statistics::FUNCTIONS,
    extreme::FUNCTIONS,
    pick::FUNCTIONS,
    list::FUNCTIONS,
    percentile::FUNCTIONS,
    sketch::FUNCTIONS,
    schema::FUNCTIONS,
];

static REGISTRY: LazyLock<HashMap<&'static str, &'static Function<Aggregate>>> =
    LazyLock::new(|| all().map(|function| (function.name, function)).collect());

#[cfg(test)]
mod tests;
