//! `mv-expand` and `mv-apply`: rows from the elements of dynamic values.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int64Array, StringArray, UInt64Array};
use arrow_select::take::take;
use serde_json::Value as Json;

use super::{Operator, Result, Scope};
use crate::plan::{Apply, Expand, ExpandColumn, Node};
use crate::storage::MAX_BATCH_ROWS;
use crate::types::{Batch, missing};
use kusto_protocol::ColumnType;

/// `mv-expand`: one row per element.
pub(super) struct Expansion {
    node: Arc<Node>,
    input: Box<dyn Operator>,
    scope: Scope,
    /// A batch of the input whose rows are not all expanded, and the first that is not.
    pending: Option<(Batch, usize)>,
}

impl Expansion {
    pub(super) fn new(node: Arc<Node>, input: Box<dyn Operator>, scope: &Scope) -> Self {
        Self {
            node,
            input,
            scope: scope.clone(),
            pending: None,
        }
    }
}

impl Operator for Expansion {
    fn next(&mut self) -> Result<Option<Batch>> {
        let node = Arc::clone(&self.node);
        let Node::Expand(expand) = &*node else {
            return Ok(None);
        };
        self.scope.session.check()?;
        let Some((batch, start)) = self.pending.take().map_or_else(
            || self.input.next().map(|batch| batch.map(|batch| (batch, 0))),
            |pending| Ok(Some(pending)),
        )?
        else {
            return Ok(None);
        };
        let (expanded, end) = expand_rows(expand, &batch, start, &self.scope)?;
        if end < batch.num_rows() {
            self.pending = Some((batch, end));
        }
        Ok(Some(expanded))
    }
}

/// Expands rows from `start` on, until there are enough for a batch. Gives where it stopped, too.
fn expand_rows(expand: &Expand, batch: &Batch, start: usize, scope: &Scope) -> Result<(Batch, usize)> {
    let rows = batch.num_rows();
    let mut values = Vec::with_capacity(expand.values.len());
    for value in &expand.values {
        values.push(value.value.evaluate(batch, &scope.session)?);
    }
    let limit = usize::try_from(expand.limit).unwrap_or(usize::MAX);
    let mut sources: Vec<u64> = Vec::new();
    let mut positions: Vec<i64> = Vec::new();
    let mut elements: Vec<Vec<Option<String>>> = vec![Vec::new(); values.len()];
    let mut row = start;
    while row < rows && sources.len() < MAX_BATCH_ROWS {
        let parts: Vec<Vec<Option<String>>> = values
            .iter()
            .map(|value| elements_of(value.texts().get(row), expand.bags_as_arrays))
            .collect();
        // What has no elements gives one row with a null.
        let len = parts.iter().map(Vec::len).max().unwrap_or(0).max(1).min(limit);
        sources.extend(std::iter::repeat_n(row as u64, len));
        positions.extend(0..len as i64);
        for (elements, part) in elements.iter_mut().zip(parts) {
            let mut part = part.into_iter();
            elements.extend((0..len).map(|_| part.next().flatten()));
        }
        row += 1;
    }
    let len = sources.len();
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(elements.len());
    for (elements, value) in elements.into_iter().zip(&expand.values) {
        let dynamic: ArrayRef = Arc::new(StringArray::from_iter(elements));
        arrays.push(match &value.conversion {
            None => dynamic,
            Some(conversion) => {
                let elements = Batch::new(vec![dynamic], len);
                conversion.evaluate(&elements, &scope.session)?.expand(len)?
            }
        });
    }
    let sources = UInt64Array::from(sources);
    let mut columns = Vec::with_capacity(expand.columns.len() + 1);
    for column in &expand.columns {
        columns.push(match column {
            ExpandColumn::Input(index) => take(&batch.columns()[*index], &sources, None)?,
            ExpandColumn::Element(place) => Arc::clone(&arrays[*place]),
        });
    }
    if expand.with_index {
        columns.push(Arc::new(Int64Array::from(positions)));
    }
    Ok((Batch::new(columns, len), row))
}

/// The elements of an array, the entries of a bag, or the value itself.
fn elements_of(json: Option<&str>, bags_as_arrays: bool) -> Vec<Option<String>> {
    let Some(json) = json else {
        return Vec::new();
    };
    match json.trim_start().as_bytes().first() {
        Some(b'[' | b'{') => {}
        _ => return vec![Some(json.to_owned())],
    }
    match serde_json::from_str::<Json>(json) {
        Ok(Json::Array(elements)) => elements.into_iter().map(element).collect(),
        Ok(Json::Object(entries)) => entries
            .into_iter()
            .map(|(key, value)| {
                let entry = match bags_as_arrays {
                    true => Json::Array(vec![Json::String(key), value]),
                    false => Json::Object(std::iter::once((key, value)).collect()),
                };
                Some(entry.to_string())
            })
            .collect(),
        _ => vec![Some(json.to_owned())],
    }
}

fn element(json: Json) -> Option<String> {
    match json {
        Json::Null => None,
        other => Some(other.to_string()),
    }
}

/// `mv-apply`: the elements of each row go through a plan of their own.
pub(super) struct Application {
    node: Arc<Node>,
    input: Box<dyn Operator>,
    scope: Scope,
    /// A batch of the input and the next of its rows.
    pending: Option<(Batch, usize)>,
}

impl Application {
    pub(super) fn new(node: Arc<Node>, input: Box<dyn Operator>, scope: &Scope) -> Self {
        Self {
            node,
            input,
            scope: scope.clone(),
            pending: None,
        }
    }

    /// What one row gives.
    fn apply(&self, apply: &Apply, row: &Batch) -> Result<Vec<Batch>> {
        let mut elements = Vec::new();
        let mut start = 0;
        while start < row.num_rows() {
            let (batch, end) = expand_rows(&apply.expand, row, start, &self.scope)?;
            elements.push(batch);
            start = end;
        }
        // One row gives one batch, however many elements it has.
        let Some(elements) = elements.pop() else {
            return Ok(Vec::new());
        };
        let scope = self.scope.with_elements(elements);
        let results = super::drain(super::open(&apply.body, &scope)?, &scope)?;
        results
            .into_iter()
            .map(|result| {
                let source = UInt64Array::from(vec![0; result.num_rows()]);
                let mut columns = Vec::with_capacity(apply.outer_columns.len() + apply.body_columns.len());
                for &index in &apply.outer_columns {
                    columns.push(take(&row.columns()[index], &source, None)?);
                }
                for &index in &apply.body_columns {
                    columns.push(Arc::clone(&result.columns()[index]));
                }
                Ok(Batch::new(columns, result.num_rows()))
            })
            .collect()
    }
}

impl Operator for Application {
    fn next(&mut self) -> Result<Option<Batch>> {
        let node = Arc::clone(&self.node);
        let Node::Apply(apply) = &*node else {
            return Ok(None);
        };
        let Some((batch, start)) = self.pending.take().map_or_else(
            || self.input.next().map(|batch| batch.map(|batch| (batch, 0))),
            |pending| Ok(Some(pending)),
        )?
        else {
            return Ok(None);
        };
        let mut results = Vec::new();
        let mut num_rows = 0;
        let mut row = start;
        while row < batch.num_rows() && num_rows < MAX_BATCH_ROWS {
            self.scope.session.check()?;
            for result in self.apply(apply, &batch.slice(row, 1))? {
                num_rows += result.num_rows();
                results.push(result);
            }
            row += 1;
        }
        if row < batch.num_rows() {
            self.pending = Some((batch, row));
        }
        if results.is_empty() {
            let types = apply
                .outer_columns
                .iter()
                .map(|&index| apply.expand.input.schema[index].column_type.clone());
            let body = apply
                .body_columns
                .iter()
                .map(|&index| apply.body.schema[index].column_type.clone());
            let columns: Vec<ArrayRef> = types.chain(body).map(|ty: ColumnType| missing(&ty, 0)).collect();
            return Ok(Some(Batch::new(columns, 0)));
        }
        let width = results[0].columns().len();
        let mut columns = Vec::with_capacity(width);
        for index in 0..width {
            let pieces: Vec<&dyn Array> = results
                .iter()
                .map(|batch| batch.columns()[index].as_ref())
                .collect();
            columns.push(arrow_select::concat::concat(&pieces)?);
        }
        Ok(Some(Batch::new(columns, num_rows)))
    }
}
