//! Operators that look at one batch at a time: `where`, `project`, `take`.

use std::sync::Arc;

use arrow_arith::boolean::and;
use arrow_array::cast::AsArray;
use arrow_array::{Array, BooleanArray};
use arrow_select::filter::{FilterBuilder, prep_null_mask_filter};

use super::{Operator, Result, Scope};
use crate::plan::{Node, Scalar};
use crate::session::Session;
use crate::types::Batch;

/// `where`: rows for which all predicates are true.
pub(super) struct Filter {
    node: Arc<Node>,
    input: Box<dyn Operator>,
    scope: Scope,
}

impl Filter {
    pub(super) fn new(node: Arc<Node>, input: Box<dyn Operator>, scope: &Scope) -> Self {
        Self {
            node,
            input,
            scope: scope.clone(),
        }
    }
}

impl Operator for Filter {
    fn next(&mut self) -> Result<Option<Batch>> {
        let Node::Filter {
            predicates, columns, ..
        } = &*self.node
        else {
            return Ok(None);
        };
        while let Some(batch) = self.input.next()? {
            self.scope.session.check()?;
            let batch = filter(batch, predicates, columns, &self.scope.session)?;
            if batch.num_rows() > 0 {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }
}

/// The rows of a batch for which all predicates are true: not false and not null.
fn filter(mut batch: Batch, predicates: &[Scalar], columns: &[usize], session: &Session) -> Result<Batch> {
    let mut mask: Option<BooleanArray> = None;
    for (index, predicate) in predicates.iter().enumerate() {
        let condition = predicate.evaluate(&batch, session)?;
        if condition.is_constant() {
            if condition.bools().get(0) != Some(true) {
                return Ok(batch.slice(0, 0).pick(columns));
            }
            continue;
        }
        let condition = condition.values().as_boolean();
        let condition = match condition.nulls() {
            Some(_) => prep_null_mask_filter(condition),
            None => condition.clone(),
        };
        let combined = match mask.take() {
            Some(mask) => and(&mask, &condition)?,
            None => condition,
        };
        // Where few rows are left, the other predicates are better off without the rest.
        let is_last = index + 1 == predicates.len();
        if !is_last && combined.true_count() * FEW < batch.num_rows() {
            batch = select(batch, &combined)?;
        } else {
            mask = Some(combined);
        }
    }
    let batch = batch.pick(columns);
    match mask {
        Some(mask) => select(batch, &mask),
        None => Ok(batch),
    }
}

/// One row in so many is few.
const FEW: usize = 8;

/// The rows of a batch where a mask is true.
pub(super) fn select(batch: Batch, mask: &BooleanArray) -> Result<Batch> {
    let mask = match mask.nulls() {
        Some(_) => &prep_null_mask_filter(mask),
        None => mask,
    };
    let count = mask.true_count();
    if count == batch.num_rows() {
        return Ok(batch);
    }
    if count == 0 {
        return Ok(batch.slice(0, 0));
    }
    let mut builder = FilterBuilder::new(mask);
    if batch.columns().len() > 1 {
        builder = builder.optimize();
    }
    let filter = builder.build();
    let columns: std::result::Result<Vec<_>, _> = batch
        .columns()
        .iter()
        .map(|column| filter.filter(column))
        .collect();
    Ok(Batch::new(columns?, count))
}

/// `project` and its like: columns computed from those of the input.
pub(super) struct Project {
    node: Arc<Node>,
    input: Box<dyn Operator>,
    scope: Scope,
}

impl Project {
    pub(super) fn new(node: Arc<Node>, input: Box<dyn Operator>, scope: &Scope) -> Self {
        Self {
            node,
            input,
            scope: scope.clone(),
        }
    }
}

impl Operator for Project {
    fn next(&mut self) -> Result<Option<Batch>> {
        let Node::Project { columns, .. } = &*self.node else {
            return Ok(None);
        };
        let Some(batch) = self.input.next()? else {
            return Ok(None);
        };
        self.scope.session.check()?;
        evaluate_all(columns, &batch, &self.scope.session).map(Some)
    }
}

/// One column per expression.
pub(super) fn evaluate_all(columns: &[Scalar], batch: &Batch, session: &Session) -> Result<Batch> {
    let rows = batch.num_rows();
    let mut evaluated = Vec::with_capacity(columns.len());
    for column in columns {
        evaluated.push(column.evaluate(batch, session)?.expand(rows)?);
    }
    Ok(Batch::new(evaluated, rows))
}

/// `take`: the first rows.
pub(super) struct Take {
    input: Box<dyn Operator>,
    left: u64,
}

impl Take {
    pub(super) fn new(input: Box<dyn Operator>, count: u64) -> Self {
        Self { input, left: count }
    }
}

impl Operator for Take {
    fn next(&mut self) -> Result<Option<Batch>> {
        if self.left == 0 {
            return Ok(None);
        }
        let Some(batch) = self.input.next()? else {
            return Ok(None);
        };
        let rows = batch.num_rows() as u64;
        if rows <= self.left {
            self.left -= rows;
            return Ok(Some(batch));
        }
        let len = self.left as usize;
        self.left = 0;
        Ok(Some(batch.slice(0, len)))
    }
}
