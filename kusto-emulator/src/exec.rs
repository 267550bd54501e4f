//! Running a plan: each operator is asked for its next batch and asks its input in turn.
//!
//! Operators that can stream do: rows of a `range` over billions go through filters and projections one batch
//! at a time. Those that must see all rows first (sort, aggregate, the built side of a join) keep what they
//! need and no more.

mod aggregate;
mod expand;
mod graph;
mod group;
mod join;
mod key_values;
mod parse;
mod partition;
mod project;
mod scan;
mod series;
mod sort;
mod steps;
mod window;

use std::sync::Arc;

use crate::error::EvalError;
use crate::plan::{Node, Plan, prune};
use crate::session::Session;
use crate::types::Batch;

type Result<T> = std::result::Result<T, EvalError>;

/// A running operator.
pub(crate) trait Operator: Send {
    /// The next rows; `None` after the last. A batch may be empty.
    fn next(&mut self) -> Result<Option<Batch>>;
}

/// What operators of one query share.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) session: Arc<Session>,
    /// The rows that [`Node::Elements`] stands for.
    elements: Option<Batch>,
}

impl Scope {
    pub(crate) const fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            elements: None,
        }
    }

    /// The same query over the elements of one row.
    fn with_elements(&self, elements: Batch) -> Self {
        Self {
            session: Arc::clone(&self.session),
            elements: Some(elements),
        }
    }
}

/// Starts a plan.
pub(crate) fn open(plan: &Plan, scope: &Scope) -> Result<Box<dyn Operator>> {
    // An operator keeps its node and with it the expressions: nothing is copied out of the plan.
    let node = Arc::clone(&plan.node);
    Ok(match &*plan.node {
        Node::Table { table, columns } => Box::new(scan::Table::new(table, columns)?),
        Node::Numbered { table, columns } => Box::new(scan::Numbered::new(table, columns)?),
        Node::Fetch {
            input,
            table,
            columns,
        } => Box::new(scan::Fetch::new(open(input, scope)?, table, columns, scope)),
        Node::Rows(batches) => Box::new(scan::Rows::new(batches.clone())),
        Node::Range { from, to, step } => Box::new(scan::Range::new(*from, *to, *step)),
        Node::RangeReal { from, to, step } => Box::new(scan::RangeReal::new(*from, *to, *step)),
        Node::Filter { input, .. } => Box::new(project::Filter::new(node, open(input, scope)?, scope)),
        Node::Project { input, .. } => Box::new(project::Project::new(node, open(input, scope)?, scope)),
        Node::Take { input, count } => match *count {
            0 => Box::new(scan::Rows::new(Vec::new())),
            count => Box::new(project::Take::new(open(input, scope)?, count)),
        },
        Node::Sample { input, count } => Box::new(sort::Sample::new(open(input, scope)?, *count, scope)),
        Node::Sort { input, limit, .. } => {
            Box::new(sort::Sort::new(node.clone(), open(input, scope)?, *limit, scope))
        }
        Node::Aggregate { input, .. } => Box::new(aggregate::Aggregation::new(
            node.clone(),
            open(input, scope)?,
            scope,
        )),
        Node::Join(join) => join::open(node.clone(), join, scope)?,
        Node::Union(inputs) => Box::new(scan::Union::new(inputs.clone(), scope)),
        Node::Expand(expand) => Box::new(expand::Expansion::new(
            node.clone(),
            open(&expand.input, scope)?,
            scope,
        )),
        Node::Apply(apply) => {
            let input = open(&apply.expand.input, scope)?;
            Box::new(expand::Application::new(node.clone(), input, scope))
        }
        Node::Elements => Box::new(scan::Rows::new(scope.elements.iter().cloned().collect())),
        Node::Parse(parse) => Box::new(parse::Parsing::new(
            node.clone(),
            open(&parse.input, scope)?,
            scope,
        )),
        Node::KeyValues(parse) => Box::new(key_values::KeyValueParsing::new(
            node.clone(),
            open(&parse.input, scope)?,
            scope,
        )),
        Node::Window { input, .. } => Box::new(window::Window::new(node.clone(), open(input, scope)?, scope)),
        Node::Partition { input, .. } => Box::new(partition::Partitioning::new(
            node.clone(),
            open(input, scope)?,
            scope,
        )),
        Node::Series(series) => Box::new(series::SeriesMaker::new(
            node.clone(),
            open(&series.input, scope)?,
            scope,
        )),
        Node::Steps(steps) => Box::new(steps::Matching::new(
            node.clone(),
            open(&steps.input, scope)?,
            scope,
        )),
        Node::Paths(_) => Box::new(graph::PathFinder::new(node.clone(), scope)),
        Node::Components(_) => Box::new(graph::ComponentMarker::new(node.clone(), scope)),
        Node::Materialized { input, rows } => {
            let rows = rows.get_or_init(|| drain(open(input, scope)?, scope));
            Box::new(scan::Rows::new(rows.clone()?))
        }
    })
}

/// All rows of a plan.
pub(crate) fn collect(plan: &Plan, session: &Session) -> Result<Vec<Batch>> {
    let scope = Scope::new(Arc::new(session.clone()));
    drain(open(&prune(plan), &scope)?, &scope)
}

/// All rows an operator still has. Empty batches are left out.
fn drain(mut input: Box<dyn Operator>, scope: &Scope) -> Result<Vec<Batch>> {
    let mut batches = Vec::new();
    while let Some(batch) = input.next()? {
        scope.session.check()?;
        if batch.num_rows() > 0 {
            batches.push(batch);
        }
    }
    Ok(batches)
}
