//! `parse` and `parse-where`.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, StringArray};
use arrow_select::zip::zip;

use super::project::select;
use super::{Operator, Result, Scope};
use crate::plan::{Node, Parse};
use crate::types::{Batch, missing};
use crate::vector::Vector;
use kusto_protocol::ColumnType;

/// Takes texts apart, into columns behind those of the input.
pub(super) struct Parsing {
    node: Arc<Node>,
    input: Box<dyn Operator>,
    scope: Scope,
}

impl Parsing {
    pub(super) fn new(node: Arc<Node>, input: Box<dyn Operator>, scope: &Scope) -> Self {
        Self {
            node,
            input,
            scope: scope.clone(),
        }
    }

    fn parse(&self, parse: &Parse, batch: &Batch) -> Result<Batch> {
        let rows = batch.num_rows();
        let session = &self.scope.session;
        let texts = parse.text.evaluate(batch, session)?;
        let cells = texts.texts();
        let mut groups: Vec<Vec<&str>> = vec![Vec::with_capacity(rows); parse.columns.len()];
        let mut matched = vec![false; rows];
        let mut places = parse.regex.capture_locations();
        for (row, matched) in matched.iter_mut().enumerate() {
            let text = cells.get(row).unwrap_or_default();
            *matched = parse.regex.captures_read(&mut places, text).is_some();
            for (column, group) in parse.columns.iter().zip(&mut groups) {
                let place = if *matched { places.get(column.group) } else { None };
                group.push(place.map_or("", |(start, end)| &text[start..end]));
            }
        }
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        let width = columns.len();
        for (group, column) in groups.iter().zip(&parse.columns) {
            let group: ArrayRef = Arc::new(StringArray::from_iter_values(group));
            let group = Batch::new(vec![group], rows);
            let value = column.value.evaluate(&group, session)?;
            columns.push(value.expand(rows)?);
        }
        if !parse.is_relaxed {
            // One column that cannot be converted spoils the match.
            for (column, parsed) in columns[width..].iter().zip(&parse.columns) {
                if *parsed.value.ty() != ColumnType::String {
                    let spoiled = matched.iter_mut().enumerate();
                    spoiled.for_each(|(row, matched)| *matched &= column.is_valid(row));
                }
            }
        }
        let mask = BooleanArray::from(matched);
        if parse.only_matches {
            return select(Batch::new(columns, rows), &mask);
        }
        if !parse.is_relaxed && mask.true_count() < rows {
            for (column, parsed) in columns[width..].iter_mut().zip(&parse.columns) {
                let ty = parsed.value.ty();
                let nothing = Vector::new_constant(ty.clone(), missing(ty, 1));
                *column = zip(&mask, column, &nothing)?;
            }
        }
        Ok(Batch::new(columns, rows))
    }
}

impl Operator for Parsing {
    fn next(&mut self) -> Result<Option<Batch>> {
        let node = Arc::clone(&self.node);
        let Node::Parse(parse) = &*node else {
            return Ok(None);
        };
        let Some(batch) = self.input.next()? else {
            return Ok(None);
        };
        self.scope.session.check()?;
        self.parse(parse, &batch).map(Some)
    }
}
