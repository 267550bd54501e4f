//! `summarize`, `distinct`, `count`.

use std::sync::Arc;

use arrow_array::ArrayRef;

use super::group::{self, Groups};
use super::{Operator, Result, Scope};
use crate::aggregate::Accumulator;
use crate::plan::{Node, Scalar};
use crate::storage::MAX_BATCH_ROWS;
use crate::types::{Batch, data_type};

/// One row per group: its keys, then what the aggregates give.
pub(super) struct Aggregation {
    node: Arc<Node>,
    /// `None` once it is used up.
    input: Option<Box<dyn Operator>>,
    scope: Scope,
    /// The result, and how many of its rows are out.
    result: Option<(Batch, usize)>,
}

impl Aggregation {
    pub(super) fn new(node: Arc<Node>, input: Box<dyn Operator>, scope: &Scope) -> Self {
        Self {
            node,
            input: Some(input),
            scope: scope.clone(),
            result: None,
        }
    }

    fn run(&self, mut input: Box<dyn Operator>) -> Result<Batch> {
        let Node::Aggregate { keys, aggregates, .. } = &*self.node else {
            return Ok(Batch::new(Vec::new(), 0));
        };
        let session = &self.scope.session;
        let types: Vec<_> = keys.iter().map(|key| data_type(key.ty())).collect();
        let mut groups = Groups::new(&types)?;
        let mut accumulators: Vec<Box<dyn Accumulator>> = aggregates
            .iter()
            .map(|call| call.aggregate.accumulator())
            .collect();
        let mut numbers = Vec::new();
        while let Some(batch) = input.next()? {
            session.check()?;
            let rows = batch.num_rows();
            let columns = key_columns(keys, &batch, &self.scope)?;
            groups.assign(&columns, rows, &mut numbers)?;
            for (call, accumulator) in aggregates.iter().zip(&mut accumulators) {
                let arguments: Result<Vec<_>> = call
                    .arguments
                    .iter()
                    .map(|argument| argument.evaluate(&batch, session))
                    .collect();
                accumulator.update(&numbers, groups.len(), &arguments?, rows)?;
            }
        }
        let num_groups = groups.len();
        let mut columns = groups.into_columns()?;
        for accumulator in accumulators {
            for vector in accumulator.finish(num_groups)? {
                columns.push(vector.expand(num_groups)?);
            }
        }
        Ok(Batch::new(columns, num_groups))
    }
}

impl Operator for Aggregation {
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

/// One array per expression.
pub(super) fn columns(scalars: &[Scalar], batch: &Batch, scope: &Scope) -> Result<Vec<ArrayRef>> {
    let mut columns = Vec::with_capacity(scalars.len());
    for scalar in scalars {
        columns.push(scalar.evaluate(batch, &scope.session)?.expand(batch.num_rows())?);
    }
    Ok(columns)
}

/// One array per key, with equal values where the keys are equal.
pub(super) fn key_columns(keys: &[Scalar], batch: &Batch, scope: &Scope) -> Result<Vec<ArrayRef>> {
    let columns = columns(keys, batch, scope)?.into_iter().zip(keys);
    Ok(columns
        .map(|(values, key)| group::keys(values, key.ty()))
        .collect())
}
