//! Functions over neighbouring rows: all rows are gathered, each function makes a column of them.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array};
use arrow_row::{RowConverter, SortField};
use arrow_select::interleave::interleave;
use kusto_protocol::{ColumnType, Value};

use super::join::concat_all;
use super::{Operator, Result, Scope};
use crate::plan::{Node, WindowCall, WindowFunction};
use crate::storage::MAX_BATCH_ROWS;
use crate::types::{Batch, data_type};
use crate::vector::Vector;

/// The rows of the input with a column per call behind theirs.
pub(super) struct Window {
    node: Arc<Node>,
    input: Option<Box<dyn Operator>>,
    scope: Scope,
    result: Option<(Batch, usize)>,
}

impl Window {
    pub(super) fn new(node: Arc<Node>, input: Box<dyn Operator>, scope: &Scope) -> Self {
        Self {
            node,
            input: Some(input),
            scope: scope.clone(),
            result: None,
        }
    }

    fn run(&self, input: Box<dyn Operator>) -> Result<Batch> {
        let Node::Window { input: plan, calls } = &*self.node else {
            return Ok(Batch::new(Vec::new(), 0));
        };
        let batches = super::drain(input, &self.scope)?;
        let mut batch = concat_all(&batches, &plan.schema)?;
        for call in calls {
            let column = self.call(call, &batch)?;
            let mut columns = batch.columns().to_vec();
            columns.push(column);
            batch = Batch::new(columns, batch.num_rows());
        }
        Ok(batch)
    }

    fn call(&self, call: &WindowCall, batch: &Batch) -> Result<ArrayRef> {
        let rows = batch.num_rows();
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            arguments.push(argument.evaluate(batch, &self.scope.session)?);
        }
        Ok(match call.function {
            WindowFunction::RowNumber => row_number(&arguments, rows),
            WindowFunction::RowCumsum => cumulative_sum(&call.ty, &arguments, rows),
            WindowFunction::RowRankDense => rank(&arguments, rows, true)?,
            WindowFunction::RowRankMin => rank(&arguments, rows, false)?,
            WindowFunction::RowWindowSession => session_starts(&arguments, rows),
            WindowFunction::Prev => shifted(&arguments, rows, -1)?,
            WindowFunction::Next => shifted(&arguments, rows, 1)?,
        })
    }
}

impl Operator for Window {
    fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(input) = self.input.take() {
            self.result = Some((self.run(input)?, 0));
        }
        let Some((batch, out)) = &mut self.result else {
            return Ok(None);
        };
        let len = MAX_BATCH_ROWS.min(batch.num_rows() - *out);
        if len == 0 {
            return Ok(None);
        }
        let piece = batch.slice(*out, len);
        *out += len;
        Ok(Some(piece))
    }
}

/// `row_number(start, restart)`
fn row_number(arguments: &[Vector], rows: usize) -> ArrayRef {
    let (starts, restarts) = (arguments[0].longs(), arguments[1].bools());
    let mut number = 0;
    let numbers = (0..rows).map(|row| {
        let restarts = row == 0 || restarts.get(row) == Some(true);
        number = if restarts {
            starts.get(row).unwrap_or(1)
        } else {
            number + 1
        };
        number
    });
    Arc::new(Int64Array::from_iter_values(numbers))
}

/// `row_cumsum(term, restart)`: nulls add nothing.
fn cumulative_sum(ty: &ColumnType, arguments: &[Vector], rows: usize) -> ArrayRef {
    let restarts = arguments[1].bools();
    let restarts = |row| restarts.get(row) == Some(true);
    if *ty == ColumnType::Real {
        let terms = arguments[0].reals();
        let mut sum = 0.0;
        return Arc::new(Float64Array::from_iter_values((0..rows).map(|row| {
            sum = if restarts(row) { 0.0 } else { sum } + terms.get(row).unwrap_or(0.0);
            sum
        })));
    }
    let terms = arguments[0].longs();
    let mut sum = 0_i64;
    Arc::new(Int64Array::from_iter_values((0..rows).map(|row| {
        sum = if restarts(row) { 0 } else { sum }.wrapping_add(terms.get(row).unwrap_or(0));
        sum
    })))
}

/// `row_rank_dense(term, restart)` counts distinct runs, `row_rank_min` gives the place of a run's first row.
fn rank(arguments: &[Vector], rows: usize, is_dense: bool) -> Result<ArrayRef> {
    let restarts = arguments[1].bools();
    let terms = arguments[0].expand(rows)?;
    let converter = RowConverter::new(vec![SortField::new(data_type(arguments[0].ty()))])?;
    let terms = converter.convert_columns(&[terms])?;
    let (mut rank, mut since_restart) = (0, 0);
    let ranks = (0..rows).map(|row| {
        if row == 0 || restarts.get(row) == Some(true) {
            (rank, since_restart) = (1, 1);
            return rank;
        }
        since_restart += 1;
        if terms.row(row) != terms.row(row - 1) {
            rank = if is_dense { rank + 1 } else { since_restart };
        }
        rank
    });
    Ok(Arc::new(Int64Array::from_iter_values(ranks)))
}

/// `row_window_session(time, longest, widest gap, restart)`: the first time of each session.
fn session_starts(arguments: &[Vector], rows: usize) -> ArrayRef {
    let (times, longest, gaps) = (arguments[0].longs(), arguments[1].longs(), arguments[2].longs());
    let restarts = arguments[3].bools();
    let mut start: Option<i64> = None;
    let mut previous: Option<i64> = None;
    let starts = (0..rows).map(|row| {
        let time = times.get(row)?;
        let within = |since: Option<i64>, limit: Option<i64>| match (since, limit) {
            (Some(since), Some(limit)) => time.saturating_sub(since) <= limit,
            _ => false,
        };
        let goes_on = restarts.get(row) != Some(true)
            && within(start, longest.get(row))
            && within(previous, gaps.get(row));
        if !goes_on {
            start = Some(time);
        }
        previous = Some(time);
        start
    });
    Arc::new(Int64Array::from_iter(starts))
}

/// `prev(value, offset, default)` and `next(…)`: the value so many rows before or after.
fn shifted(arguments: &[Vector], rows: usize, direction: i64) -> Result<ArrayRef> {
    let values = arguments[0].expand(rows)?;
    let Value::Long(offset) = arguments[1].value(0) else {
        return Ok(values);
    };
    let default = arguments[2].expand(1)?;
    let offset = offset.saturating_mul(direction);
    let places: Vec<(usize, usize)> = (0..rows as i64)
        .map(|row| match usize::try_from(row.saturating_add(offset)) {
            Ok(place) if place < rows => (0, place),
            _ => (1, 0),
        })
        .collect();
    Ok(interleave(&[values.as_ref(), default.as_ref()], &places)?)
}
