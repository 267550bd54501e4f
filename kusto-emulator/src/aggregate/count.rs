//! Counts of rows and of distinct values.

use std::collections::HashSet;

use kusto_protocol::ColumnType;

use super::filter::filtered;
use super::{Accumulator, Aggregate};
use crate::error::{BindError, EvalError};
use crate::function::Function;
use crate::function::arguments::Arguments;
use crate::function::key::Key;
use crate::function::kind::{Long, Output};
use crate::vector::Vector;

pub(super) const FUNCTIONS: &[Function<Aggregate>] = &[
    Function::new("count", (0, 0), "() -> long", rows),
    Function::new("countif", (1, 1), "(if: bool) -> long", |a| filtered(a, 0, rows)),
    Function::new("count_distinct", (1, 1), "(value) -> long", distinct),
    Function::new("count_distinctif", (2, 2), "(value, if: bool) -> long", |a| {
        filtered(a, 1, distinct)
    }),
    Function::new("dcount", (1, 2), "(value, [accuracy]) -> long", distinct),
    Function::new("dcountif", (2, 3), "(value, if: bool, [accuracy]) -> long", |a| {
        filtered(a, 1, distinct)
    }),
];

fn rows(_arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    Ok(Aggregate::new(vec![ColumnType::Long], || Rows(Vec::new())))
}

struct Rows(Vec<i64>);

impl Accumulator for Rows {
    fn update(
        &mut self,
        groups: &[u32],
        num_groups: usize,
        _arguments: &[Vector],
        _rows: usize,
    ) -> Result<(), EvalError> {
        self.0.resize(num_groups, 0);
        for group in groups {
            self.0[*group as usize] += 1;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, num_groups: usize) -> Result<Vec<Vector>, EvalError> {
        self.0.resize(num_groups, 0);
        let counts = Long::collect(self.0.into_iter().map(Some))?;
        Ok(vec![Vector::new(ColumnType::Long, counts)])
    }
}

/// Counts every value once; the accuracy is as good as it gets.
fn distinct(_arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    Ok(Aggregate::new(vec![ColumnType::Long], || Distinct(Vec::new())))
}

struct Distinct(Vec<HashSet<Key<'static>>>);

impl Accumulator for Distinct {
    fn update(
        &mut self,
        groups: &[u32],
        num_groups: usize,
        arguments: &[Vector],
        _rows: usize,
    ) -> Result<(), EvalError> {
        self.0.resize_with(num_groups, HashSet::new);
        let values = &arguments[0];
        for (row, group) in groups.iter().enumerate() {
            if let Some(key) = Key::new(values.value(row), values.ty()) {
                key.add_to(&mut self.0[*group as usize]);
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, num_groups: usize) -> Result<Vec<Vector>, EvalError> {
        self.0.resize_with(num_groups, HashSet::new);
        let counts = Long::collect(self.0.iter().map(|set| Some(set.len() as i64)))?;
        Ok(vec![Vector::new(ColumnType::Long, counts)])
    }
}
