//! `partition`: a plan run over each group of rows.

use std::sync::Arc;

use arrow_array::UInt64Array;
use arrow_select::take::take;

use super::group::Groups;
use super::join::concat_all;
use super::{Operator, Result, Scope};
use crate::plan::Node;
use crate::types::{Batch, data_type};

/// The results of a plan over each group, one after the other.
pub(super) struct Partitioning {
    node: Arc<Node>,
    input: Option<Box<dyn Operator>>,
    scope: Scope,
    /// The groups still to be run over.
    groups: std::vec::IntoIter<Batch>,
    current: Option<Box<dyn Operator>>,
}

impl Partitioning {
    pub(super) fn new(node: Arc<Node>, input: Box<dyn Operator>, scope: &Scope) -> Self {
        Self {
            node,
            input: Some(input),
            scope: scope.clone(),
            groups: Vec::new().into_iter(),
            current: None,
        }
    }

    fn split(&self, input: Box<dyn Operator>) -> Result<Vec<Batch>> {
        let Node::Partition {
            input: plan, keys, ..
        } = &*self.node
        else {
            return Ok(Vec::new());
        };
        let batches = super::drain(input, &self.scope)?;
        let rows = concat_all(&batches, &plan.schema)?;
        drop(batches);
        let types: Vec<_> = keys
            .iter()
            .map(|&key| data_type(&plan.schema[key].column_type))
            .collect();
        let columns = keys.iter().map(|&key| {
            let values = Arc::clone(&rows.columns()[key]);
            super::group::keys(values, &plan.schema[key].column_type)
        });
        let columns: Vec<_> = columns.collect();
        let mut groups = Groups::new(&types)?;
        let mut numbers = Vec::new();
        groups.assign(&columns, rows.num_rows(), &mut numbers)?;
        let mut members: Vec<Vec<u64>> = vec![Vec::new(); groups.len()];
        for (row, &group) in numbers.iter().enumerate() {
            members[group as usize].push(row as u64);
        }
        members
            .into_iter()
            .filter(|members| !members.is_empty())
            .map(|members| {
                let members = UInt64Array::from(members);
                let columns: std::result::Result<_, _> = rows
                    .columns()
                    .iter()
                    .map(|column| take(column, &members, None))
                    .collect();
                Ok(Batch::new(columns?, members.len()))
            })
            .collect()
    }
}

impl Operator for Partitioning {
    fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(input) = self.input.take() {
            self.groups = self.split(input)?.into_iter();
        }
        let node = Arc::clone(&self.node);
        let Node::Partition { body, .. } = &*node else {
            return Ok(None);
        };
        loop {
            if let Some(current) = &mut self.current
                && let Some(batch) = current.next()?
            {
                return Ok(Some(batch));
            }
            self.scope.session.check()?;
            match self.groups.next() {
                Some(group) => self.current = Some(super::open(body, &self.scope.with_elements(group))?),
                None => return Ok(None),
            }
        }
    }
}
