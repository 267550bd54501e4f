//! `sort`, `top`, `sample`.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_row::{OwnedRow, RowConverter, SortField};
use arrow_schema::SortOptions;
use arrow_select::interleave::interleave;

use super::aggregate::columns;
use super::{Operator, Result, Scope};
use crate::plan::{Node, SortKey};
use crate::storage::MAX_BATCH_ROWS;
use crate::types::{Batch, data_type};

/// All rows in order, or the first of them. Rows whose keys are equal stay in the order they came.
pub(super) struct Sort {
    node: Arc<Node>,
    input: Option<Box<dyn Operator>>,
    limit: Option<u64>,
    scope: Scope,
    sorted: Sorted,
}

/// Rows to be given out: where each of them is.
#[derive(Default)]
pub(super) struct Sorted {
    batches: Vec<Batch>,
    /// Batch and row, in the order they come out.
    places: Vec<(usize, usize)>,
    out: usize,
}

impl Sorted {
    pub(super) const fn new(batches: Vec<Batch>, places: Vec<(usize, usize)>) -> Self {
        Self {
            batches,
            places,
            out: 0,
        }
    }

    /// The next rows.
    pub(super) fn next(&mut self) -> Result<Option<Batch>> {
        let end = self.places.len().min(self.out + MAX_BATCH_ROWS);
        let places = &self.places[self.out..end];
        if places.is_empty() {
            return Ok(None);
        }
        self.out = end;
        let width = self.batches.first().map_or(0, |batch| batch.columns().len());
        let mut gathered: Vec<ArrayRef> = Vec::with_capacity(width);
        for index in 0..width {
            let column: Vec<_> = self
                .batches
                .iter()
                .map(|batch| batch.columns()[index].as_ref())
                .collect();
            gathered.push(interleave(&column, places)?);
        }
        Ok(Some(Batch::new(gathered, places.len())))
    }
}

impl Sort {
    pub(super) fn new(node: Arc<Node>, input: Box<dyn Operator>, limit: Option<u64>, scope: &Scope) -> Self {
        Self {
            node,
            input: Some(input),
            limit,
            scope: scope.clone(),
            sorted: Sorted::default(),
        }
    }

    fn run(&self, mut input: Box<dyn Operator>) -> Result<Sorted> {
        let Node::Sort { keys, .. } = &*self.node else {
            return Ok(Sorted::default());
        };
        let limit = self
            .limit
            .map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        if limit == 0 {
            return Ok(Sorted::default());
        }
        let scalars: Vec<_> = keys.iter().map(|key| key.value.clone()).collect();
        let converter = RowConverter::new(keys.iter().map(sort_field).collect())?;
        let mut batches: Vec<Batch> = Vec::new();
        let mut rows: Vec<(OwnedRow, usize, usize)> = Vec::new();
        while let Some(batch) = input.next()? {
            self.scope.session.check()?;
            let encoded = converter.convert_columns(&columns(&scalars, &batch, &self.scope)?)?;
            let number = batches.len();
            let worst = (rows.len() >= limit)
                .then(|| rows.iter().map(|(row, ..)| row).max())
                .flatten();
            let worst = worst.map(OwnedRow::row);
            let better: Vec<_> = encoded
                .iter()
                .enumerate()
                .filter(|(_, row)| worst.is_none_or(|worst| *row < worst))
                .map(|(index, row)| (row.owned(), number, index))
                .collect();
            if better.is_empty() {
                continue;
            }
            rows.extend(better);
            batches.push(batch);
            if rows.len() >= limit.saturating_mul(4).max(4 * MAX_BATCH_ROWS) && limit < usize::MAX {
                keep_first(&mut rows, limit);
                compact(&mut rows, &mut batches)?;
            }
        }
        rows.sort();
        rows.truncate(limit);
        let places = rows.into_iter().map(|(_, batch, row)| (batch, row)).collect();
        Ok(Sorted::new(batches, places))
    }
}

/// The `limit` rows that come first.
fn keep_first(rows: &mut Vec<(OwnedRow, usize, usize)>, limit: usize) {
    if rows.len() > limit {
        rows.select_nth_unstable(limit - 1);
        rows.truncate(limit);
    }
}

/// Moves the rows that are kept into batches of their own, so that the others can go.
fn compact(rows: &mut [(OwnedRow, usize, usize)], batches: &mut Vec<Batch>) -> Result<()> {
    // In the order they came, so that ties are still broken by it.
    rows.sort_by_key(|(_, batch, row)| (*batch, *row));
    let places = rows.iter().map(|(_, batch, row)| (*batch, *row)).collect();
    let mut kept = Sorted::new(std::mem::take(batches), places);
    while let Some(batch) = kept.next()? {
        batches.push(batch);
    }
    for (index, (_, batch, row)) in rows.iter_mut().enumerate() {
        (*batch, *row) = (index / MAX_BATCH_ROWS, index % MAX_BATCH_ROWS);
    }
    Ok(())
}

fn sort_field(key: &SortKey) -> SortField {
    SortField::new_with_options(
        data_type(key.value.ty()),
        SortOptions {
            descending: key.descending,
            nulls_first: key.nulls_first,
        },
    )
}

impl Operator for Sort {
    fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(input) = self.input.take() {
            self.sorted = self.run(input)?;
        }
        self.sorted.next()
    }
}

/// `sample`: so many rows, each as likely as any other.
pub(super) struct Sample {
    input: Option<Box<dyn Operator>>,
    count: u64,
    scope: Scope,
    picked: Sorted,
}

impl Sample {
    pub(super) fn new(input: Box<dyn Operator>, count: u64, scope: &Scope) -> Self {
        Self {
            input: Some(input),
            count,
            scope: scope.clone(),
            picked: Sorted::default(),
        }
    }
}

impl Operator for Sample {
    fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(input) = self.input.take() {
            let batches = super::drain(input, &self.scope)?;
            let total: usize = batches.iter().map(Batch::num_rows).sum();
            let mut left = usize::try_from(self.count).unwrap_or(usize::MAX).min(total);
            let mut unseen = total;
            let mut places = Vec::with_capacity(left);
            for (number, batch) in batches.iter().enumerate() {
                for row in 0..batch.num_rows() {
                    // Each row is taken with the probability that fills the sample exactly.
                    if fastrand::usize(..unseen) < left {
                        places.push((number, row));
                        left -= 1;
                    }
                    unseen -= 1;
                }
            }
            self.picked = Sorted::new(batches, places);
        }
        self.picked.next()
    }
}
