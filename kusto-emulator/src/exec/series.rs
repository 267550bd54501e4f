//! `make-series`: points to arrays, with defaults where there are no points.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};
use kusto_protocol::{DateTime, Timespan, Value};
use serde_json::Value as Json;

use super::group::Groups;
use super::join::concat_all;
use super::{Operator, Result, Scope};
use crate::error::EvalError;
use crate::function::{json_from_value, json_text};
use crate::plan::{Node, Series};
use crate::types::{Batch, data_type};
use crate::vector::value_at;

/// One row per combination of keys: the keys, an array per value, and the axis.
pub(super) struct SeriesMaker {
    node: Arc<Node>,
    input: Option<Box<dyn Operator>>,
    scope: Scope,
}

impl SeriesMaker {
    pub(super) fn new(node: Arc<Node>, input: Box<dyn Operator>, scope: &Scope) -> Self {
        Self {
            node,
            input: Some(input),
            scope: scope.clone(),
        }
    }

    fn run(&self, series: &Series, input: Box<dyn Operator>) -> Result<Batch> {
        let batches = super::drain(input, &self.scope)?;
        let points = concat_all(&batches, &series.input.schema)?;
        let rows = points.num_rows();
        let keys = &points.columns()[..series.num_keys];
        let types: Vec<_> = series.input.schema[..series.num_keys]
            .iter()
            .map(|key| data_type(&key.column_type))
            .collect();
        let mut groups = Groups::new(&types)?;
        let mut numbers = Vec::new();
        groups.assign(keys, rows, &mut numbers)?;
        let num_groups = if rows == 0 { 0 } else { groups.len() };

        let bins = &points.columns()[series.num_keys];
        let bin = |row| value_at(&series.axis_type, bins, row);
        let step = distance(series.step.value(0), zero(series.step.value(0)));
        // The first and the last bin of each group.
        let mut extents: Vec<Option<(Value<'_>, Value<'_>)>> = vec![None; num_groups];
        for (row, &group) in numbers.iter().enumerate() {
            let bin = bin(row);
            let (least, most) = extents[group as usize].get_or_insert((bin, bin));
            if distance(bin, *least) < 0.0 {
                *least = bin;
            }
            if distance(bin, *most) > 0.0 {
                *most = bin;
            }
        }
        // Where each group's series starts and how long it is.
        let mut spans = Vec::with_capacity(num_groups);
        for (least, most) in extents.into_iter().flatten() {
            let first = series.first.as_ref().map_or(least, |first| first.value(0));
            let len = match &series.last {
                Some((last, is_inclusive)) => {
                    let steps = distance(last.value(0), first) / step;
                    if *is_inclusive {
                        steps.floor() + 1.0
                    } else {
                        steps.ceil()
                    }
                }
                None => (distance(most, first) / step).round() + 1.0,
            };
            if len > MAX_LEN {
                return Err(EvalError::limit(format!("A series of {len} points is too long.")));
            }
            spans.push((first, len.max(0.0) as usize));
        }
        let mut columns: Vec<ArrayRef> = match series.num_keys {
            0 => Vec::new(),
            _ => groups.into_columns()?,
        };
        for (index, default) in series.defaults.iter().enumerate() {
            let place = series.num_keys + 1 + index;
            let ty = &series.input.schema[place].column_type;
            let default = json_from_value(default.value(0));
            let mut arrays: Vec<Vec<Json>> =
                spans.iter().map(|(_, len)| vec![default.clone(); *len]).collect();
            for (row, &group) in numbers.iter().enumerate() {
                let (first, _) = spans[group as usize];
                let position = (distance(bin(row), first) / step).round();
                if position >= 0.0
                    && let Some(point) = arrays[group as usize].get_mut(position as usize)
                {
                    *point = json_from_value(value_at(ty, &points.columns()[place], row));
                }
            }
            columns.push(texts(arrays));
        }
        let axis: Vec<Vec<Json>> = spans
            .iter()
            .map(|(first, len)| {
                (0..*len)
                    .map(|index| json_from_value(after(*first, series.step.value(0), index)))
                    .collect()
            })
            .collect();
        columns.push(texts(axis));
        Ok(Batch::new(columns, num_groups))
    }
}

impl Operator for SeriesMaker {
    fn next(&mut self) -> Result<Option<Batch>> {
        let node = Arc::clone(&self.node);
        let (Node::Series(series), Some(input)) = (&*node, self.input.take()) else {
            return Ok(None);
        };
        self.run(series, input).map(Some)
    }
}

fn texts(arrays: Vec<Vec<Json>>) -> ArrayRef {
    let texts = arrays.into_iter().map(|array| json_text(&Json::Array(array)));
    Arc::new(StringArray::from_iter_values(texts))
}

/// How far `value` is from `origin`, both of the axis's type.
fn distance(value: Value<'_>, origin: Value<'_>) -> f64 {
    match (value, origin) {
        (Value::Long(value), Value::Long(origin)) => (i128::from(value) - i128::from(origin)) as f64,
        (Value::Real(value), Value::Real(origin)) => value - origin,
        (Value::DateTime(value), Value::DateTime(origin)) => {
            (i128::from(value.ticks()) - i128::from(origin.ticks())) as f64
        }
        (Value::Timespan(value), Value::Timespan(origin)) => {
            (i128::from(value.ticks()) - i128::from(origin.ticks())) as f64
        }
        _ => f64::NAN,
    }
}

/// The zero of a step's type.
const fn zero(step: Value<'_>) -> Value<'static> {
    match step {
        Value::Timespan(_) => Value::Timespan(Timespan::ZERO),
        Value::Real(_) => Value::Real(0.0),
        _ => Value::Long(0),
    }
}

/// The point of the axis so many steps after the first.
fn after(first: Value<'_>, step: Value<'_>, steps: usize) -> Value<'static> {
    let plus = |first: i64, step: i64| first.saturating_add(step.saturating_mul(steps as i64));
    match (first, step) {
        (Value::Long(first), Value::Long(step)) => Value::Long(plus(first, step)),
        (Value::Real(first), Value::Real(step)) => Value::Real(first + step * steps as f64),
        (Value::DateTime(first), Value::Timespan(step)) => {
            Value::DateTime(DateTime::from_ticks(plus(first.ticks(), step.ticks())))
        }
        (Value::Timespan(first), Value::Timespan(step)) => {
            Value::Timespan(Timespan::from_ticks(plus(first.ticks(), step.ticks())))
        }
        _ => Value::Null,
    }
}

/// More points than any series of the service may have.
const MAX_LEN: f64 = 1_048_576.0;
