//! Where rows start: tables, rows at hand, `range`, `union`.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Float64Array, Int64Array};

use super::sort::Sorted;
use super::{Operator, Result, Scope};
use crate::error::EvalError;
use crate::plan::Plan;
use crate::storage::{self, MAX_BATCH_ROWS};
use crate::types::Batch;

/// The rows of a table.
pub(super) struct Table(storage::Scan);

impl Table {
    pub(super) fn new(table: &Arc<storage::Table>, columns: &[usize]) -> Result<Self> {
        Ok(Self(table.scan(columns)?))
    }
}

impl Operator for Table {
    fn next(&mut self) -> Result<Option<Batch>> {
        Ok(self.0.next().transpose()?)
    }
}

/// The rows of a table, with the number of each.
pub(super) struct Numbered {
    table: Table,
    next: i64,
}

impl Numbered {
    pub(super) fn new(table: &Arc<storage::Table>, columns: &[usize]) -> Result<Self> {
        let table = Table::new(table, columns)?;
        Ok(Self { table, next: 0 })
    }
}

impl Operator for Numbered {
    fn next(&mut self) -> Result<Option<Batch>> {
        let Some(batch) = self.table.next()? else {
            return Ok(None);
        };
        let rows = batch.num_rows();
        let end = self.next + rows as i64;
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(Int64Array::from_iter_values(self.next..end)));
        self.next = end;
        Ok(Some(Batch::new(columns, rows)))
    }
}

/// The rows of a table with the numbers that the input gives.
pub(super) struct Fetch {
    /// `None` once it is used up.
    input: Option<Box<dyn Operator>>,
    table: Arc<storage::Table>,
    columns: Vec<usize>,
    scope: Scope,
    rows: Sorted,
}

impl Fetch {
    pub(super) fn new(
        input: Box<dyn Operator>,
        table: &Arc<storage::Table>,
        columns: &[usize],
        scope: &Scope,
    ) -> Self {
        Self {
            input: Some(input),
            table: Arc::clone(table),
            columns: columns.to_vec(),
            scope: scope.clone(),
            rows: Sorted::default(),
        }
    }

    fn run(&self, input: Box<dyn Operator>) -> Result<Sorted> {
        let mut wanted: Vec<u64> = Vec::new();
        for batch in super::drain(input, &self.scope)? {
            let numbers = batch.columns()[0].as_primitive::<Int64Type>();
            wanted.extend(numbers.values().iter().map(|&number| number as u64));
        }
        // A file is read from its beginning; the rows come out in the order that was asked for.
        let mut numbers = wanted.clone();
        numbers.sort_unstable();
        let mut batches = Vec::new();
        let mut places = Vec::with_capacity(numbers.len());
        for batch in self.table.fetch(&self.columns, &numbers)? {
            let batch = batch?;
            places.extend((0..batch.num_rows()).map(|row| (batches.len(), row)));
            batches.push(batch);
        }
        if places.len() != numbers.len() {
            return Err(EvalError::runtime("A file has changed while it was read."));
        }
        let in_order = wanted
            .iter()
            .map(|number| places[numbers.partition_point(|other| other < number)]);
        Ok(Sorted::new(batches, in_order.collect()))
    }
}

impl Operator for Fetch {
    fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(input) = self.input.take() {
            self.rows = self.run(input)?;
        }
        self.rows.next()
    }
}

/// Rows at hand.
pub(super) struct Rows(std::vec::IntoIter<Batch>);

impl Rows {
    pub(super) fn new(batches: Vec<Batch>) -> Self {
        Self(batches.into_iter())
    }
}

impl Operator for Rows {
    fn next(&mut self) -> Result<Option<Batch>> {
        Ok(self.0.next())
    }
}

/// `range` over whole numbers, datetimes or timespans.
pub(super) struct Range {
    next: i64,
    step: i64,
    /// How many values are left; more than `u64` cannot be.
    left: u64,
}

impl Range {
    pub(super) fn new(from: i64, to: i64, step: i64) -> Self {
        let distance = match step > 0 {
            true => i128::from(to) - i128::from(from),
            false => i128::from(from) - i128::from(to),
        };
        let left = match distance {
            distance if distance < 0 || step == 0 => 0,
            distance => distance / i128::from(step.unsigned_abs()) + 1,
        };
        Self {
            next: from,
            step,
            left: u64::try_from(left).unwrap_or(u64::MAX),
        }
    }
}

impl Operator for Range {
    fn next(&mut self) -> Result<Option<Batch>> {
        if self.left == 0 {
            return Ok(None);
        }
        let len = self.left.min(MAX_BATCH_ROWS as u64);
        let (from, step) = (self.next, self.step);
        let values =
            Int64Array::from_iter_values((0..len as i64).map(|i| from.wrapping_add(step.wrapping_mul(i))));
        self.next = from.wrapping_add(step.wrapping_mul(len as i64));
        self.left -= len;
        Ok(Some(Batch::new(vec![Arc::new(values)], len as usize)))
    }
}

/// `range` over reals. Each value is computed from the first, so that errors do not add up.
pub(super) struct RangeReal {
    from: f64,
    step: f64,
    next: u64,
    len: u64,
}

impl RangeReal {
    pub(super) fn new(from: f64, to: f64, step: f64) -> Self {
        let steps = ((to - from) / step).floor();
        Self {
            from,
            step,
            next: 0,
            len: if steps >= 0.0 {
                (steps as u64).saturating_add(1)
            } else {
                0
            },
        }
    }
}

impl Operator for RangeReal {
    fn next(&mut self) -> Result<Option<Batch>> {
        if self.next >= self.len {
            return Ok(None);
        }
        let end = self.len.min(self.next + MAX_BATCH_ROWS as u64);
        let values = (self.next..end).map(|index| self.from + self.step * index as f64);
        let len = (end - self.next) as usize;
        let values = Float64Array::from_iter_values(values);
        self.next = end;
        Ok(Some(Batch::new(vec![Arc::new(values)], len)))
    }
}

/// The rows of several plans, one after the other.
pub(super) struct Union {
    plans: std::vec::IntoIter<Plan>,
    current: Option<Box<dyn Operator>>,
    scope: Scope,
}

impl Union {
    pub(super) fn new(plans: Vec<Plan>, scope: &Scope) -> Self {
        Self {
            plans: plans.into_iter(),
            current: None,
            scope: scope.clone(),
        }
    }
}

impl Operator for Union {
    fn next(&mut self) -> Result<Option<Batch>> {
        loop {
            if let Some(current) = &mut self.current
                && let Some(batch) = current.next()?
            {
                return Ok(Some(batch));
            }
            match self.plans.next() {
                Some(plan) => self.current = Some(super::open(&plan, &self.scope)?),
                None => return Ok(None),
            }
        }
    }
}

impl From<crate::ingest::ReadError> for EvalError {
    fn from(error: crate::ingest::ReadError) -> Self {
        Self::runtime(error.to_string())
    }
}
