//! The first rows of a file in some order: what decides the order is read for all rows, the rest only for those
//! that are among the first.

use std::sync::Arc;

use kusto_protocol::{Column, ColumnType};

use super::prune::{moved, places, with};
use super::{Node, Plan, Scalar, SortKey};
use crate::storage::Table;

/// A sort of `input`, in two steps if that reads less.
pub(super) fn late(input: Plan, keys: Vec<SortKey>, limit: Option<u64>) -> Node {
    match limit {
        Some(limit) if limit <= MAX_ROWS => in_two_steps(&input, &keys, limit),
        _ => None,
    }
    .unwrap_or(Node::Sort { input, keys, limit })
}

fn in_two_steps(input: &Plan, keys: &[SortKey], limit: u64) -> Option<Node> {
    let (table, columns, predicates, passed) = source(input)?;
    if !table.can_fetch() {
        return None;
    }
    // Places here are those of the table's scan; a filter may pass them on in another order.
    let keys: Vec<SortKey> = keys
        .iter()
        .map(|key| SortKey {
            value: key.value.map_columns(&|place| passed[place]),
            ..key.clone()
        })
        .collect();
    let read = places(
        &keys
            .iter()
            .map(|key| &key.value)
            .chain(predicates)
            .collect::<Vec<_>>(),
    );
    let wanted = with(&read, &passed);
    if wanted.len() == read.len() {
        return None;
    }
    let mut schema: Vec<Column> = read
        .iter()
        .map(|&place| Column::new("", table.schema[columns[place]].column_type.clone()))
        .collect();
    schema.push(Column::new("", ColumnType::Long));
    let number = Scalar::Column(read.len(), ColumnType::Long);
    let mut numbered = Plan::new(
        schema,
        false,
        Node::Numbered {
            table: Arc::clone(table),
            columns: read.iter().map(|&place| columns[place]).collect(),
        },
    );
    if !predicates.is_empty() {
        numbered = numbered.filter(
            predicates
                .iter()
                .map(|predicate| moved(predicate, &read))
                .collect(),
        );
    }
    let keys = keys.into_iter().map(|key| SortKey {
        value: moved(&key.value, &read),
        ..key
    });
    let sorted = numbered.over(Node::Sort {
        input: numbered.clone(),
        keys: keys.collect(),
        limit: Some(limit),
    });
    Some(Node::Fetch {
        input: sorted.project(vec![(Column::new("", ColumnType::Long), number)]),
        table: Arc::clone(table),
        columns: passed.iter().map(|&place| columns[place]).collect(),
    })
}

/// A table, the columns that are read of it, the predicates on them, and the places of those that are passed on.
type Source<'a> = (&'a Arc<Table>, &'a [usize], &'a [Scalar], Vec<usize>);

fn source(input: &Plan) -> Option<Source<'_>> {
    match &*input.node {
        Node::Table { table, columns } => Some((table, columns, &[], (0..columns.len()).collect())),
        Node::Filter {
            input,
            predicates,
            columns: passed,
        } => match &*input.node {
            Node::Table { table, columns } => Some((table, columns, predicates, passed.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// More rows than these are read at once, not one by one.
const MAX_ROWS: u64 = 10_000;
