//! `summarize`: keys, aggregates, and what is computed from aggregates.

use kusto_kql::ast::{Call, Expression, ExpressionKind, NameClause, NamedExpression, Span, Summarize};
use kusto_protocol::Column;

use super::column::Columns;
use super::name::{aggregate_name, percentile_name, result_name};
use super::{Aggregates, Binder, Result, windowed};
use crate::aggregate;
use crate::function::Argument;
use crate::plan::{AggregateCall, Node, Plan, Scalar};

impl Binder<'_> {
    /// `summarize … by …`
    pub(super) fn summarize(&mut self, input: Plan, summarize: &Summarize, span: Span) -> Result<Plan> {
        if summarize.bin.is_some() {
            return Err(self.unsupported(span, "'bin=' after the keys of 'summarize'"));
        }
        let (bound, rows) = self.over(&input, "summarize", |binder| {
            let mut columns = Columns::default();
            let mut keys = Vec::new();
            let mut key_columns = Vec::new();
            for named in &summarize.by {
                if named.name.is_none()
                    && let ExpressionKind::Name(name) = &named.expression.kind
                {
                    key_columns.push(name.as_str());
                }
                keys.push(binder.key(&mut columns, named)?);
            }
            if let Some(rows) = &mut binder.rows {
                rows.aggregates = Some(Aggregates {
                    num_keys: keys.len(),
                    calls: Vec::new(),
                    types: Vec::new(),
                });
            }
            for named in &summarize.aggregates {
                binder.aggregate_columns(&mut columns, named, &key_columns)?;
            }
            Ok((columns, keys))
        })?;
        let (columns, keys) = bound;
        // The closure above put it there.
        let Some(aggregates) = rows.aggregates else {
            return Err(self.semantic(span, "SEM0003", "'summarize' has no aggregates."));
        };
        let mut schema: Vec<Column> = keys.iter().map(|key| Column::new("", key.ty().clone())).collect();
        schema.extend(aggregates.types.iter().map(|ty| Column::new("", ty.clone())));
        let node = Node::Aggregate {
            input: windowed(input, rows.windows),
            keys,
            aggregates: aggregates.calls,
        };
        Ok(Plan::new(schema, false, node).project(columns.into_inner()))
    }

    /// A key of `summarize` or its like: adds its column, which reads the key at its place.
    pub(super) fn key(&mut self, columns: &mut Columns, named: &NamedExpression) -> Result<Scalar> {
        let scalar = self.scalar(&named.expression)?;
        let place = columns.len();
        let key = Scalar::Column(place, scalar.ty().clone());
        match self.single_name(named)? {
            Some(name) => self.declare(columns, &name.text, key, name.span)?,
            None => match self.implied_name(&named.expression) {
                Some(name) => columns.add(&name, key),
                None => {
                    let name = columns.unnamed();
                    columns.add(&name, key);
                }
            },
        }
        Ok(scalar)
    }

    /// The columns that one expression of `summarize` gives.
    fn aggregate_columns(
        &mut self,
        columns: &mut Columns,
        named: &NamedExpression,
        key_columns: &[&str],
    ) -> Result<()> {
        let call = match &named.expression.kind {
            ExpressionKind::Call(call) if self.is_aggregate_call(call) => call,
            _ => return self.computed_column(columns, named),
        };
        let (outputs, names) = self.aggregate_call(call, named.expression.span, key_columns)?;
        let given: Vec<_> = match &named.name {
            None => Vec::new(),
            Some(NameClause::Name(name)) => vec![name],
            Some(NameClause::List(names)) => names.iter().collect(),
        };
        if given.len() > outputs.len() {
            let message = "There are more names than values.";
            return Err(self.semantic(named.span, "SEM0109", message));
        }
        for (index, output) in outputs.into_iter().enumerate() {
            match given.get(index) {
                Some(name) => self.declare(columns, &name.text, output, name.span)?,
                None => columns.add(&names[index], output),
            }
        }
        Ok(())
    }

    /// A scalar of aggregates: `sum(x) / count()`.
    fn computed_column(&mut self, columns: &mut Columns, named: &NamedExpression) -> Result<()> {
        if self.tuple_columns(columns, named)? {
            return Ok(());
        }
        let scalar = self.scalar(&named.expression)?;
        match self.single_name(named)? {
            Some(name) => self.declare(columns, &name.text, scalar, name.span),
            None => {
                let name = computed_name(&named.expression).unwrap_or_else(|| columns.unnamed());
                columns.add(&name, scalar);
                Ok(())
            }
        }
    }

    pub(super) fn is_aggregate_call(&mut self, call: &Call) -> bool {
        call.object.is_none()
            && aggregate::is_aggregate(&call.name.text)
            && self.function(&call.name.text).is_none()
    }

    /// An aggregate inside a scalar: its first value.
    pub(super) fn aggregate_scalar(&mut self, call: &Call, span: Span) -> Result<Scalar> {
        let (mut outputs, _) = self.aggregate_call(call, span, &[])?;
        Ok(outputs.swap_remove(0))
    }

    /// Adds an aggregate; gives its values and what they would be called.
    pub(super) fn aggregate_call(
        &mut self,
        call: &Call,
        span: Span,
        key_columns: &[&str],
    ) -> Result<(Vec<Scalar>, Vec<String>)> {
        // Aggregates do not nest: their arguments are over the rows again.
        let outer = self.rows.as_mut().and_then(|rows| rows.aggregates.take());
        let arguments = self.aggregate_arguments(call, span, key_columns);
        if let Some(rows) = &mut self.rows {
            rows.aggregates = outer;
        }
        let (arguments, names) = arguments?;
        let bound = self.bound_aggregate(&call.name.text, arguments, span)?;
        let Some(aggregates) = self.rows.as_mut().and_then(|rows| rows.aggregates.as_mut()) else {
            return Err(self.semantic(span, "SEM0260", "An aggregate cannot stand here."));
        };
        let start = aggregates.num_keys + aggregates.types.len();
        let outputs: Vec<Scalar> = bound
            .aggregate
            .types
            .iter()
            .enumerate()
            .map(|(index, ty)| Scalar::Column(start + index, ty.clone()))
            .collect();
        aggregates.types.extend(bound.aggregate.types.iter().cloned());
        aggregates.calls.push(bound);
        let mut names = names;
        // Names are as many as outputs: a function that gives more than it was asked for is a fault here.
        names.resize(outputs.len(), aggregate_name(call));
        Ok((outputs, names))
    }

    /// An aggregate of bound arguments.
    pub(super) fn bound_aggregate(
        &self,
        name: &str,
        arguments: Vec<Scalar>,
        span: Span,
    ) -> Result<AggregateCall> {
        let described: Vec<_> = arguments
            .iter()
            .map(|argument| Argument {
                ty: argument.ty(),
                constant: argument.constant(),
            })
            .collect();
        let aggregate = aggregate::resolve(name, &described);
        let aggregate = aggregate.map_err(|error| self.error(span, error))?;
        Ok(AggregateCall { aggregate, arguments })
    }

    /// The arguments of an aggregate with `*` spelled out, and the names of what comes out.
    fn aggregate_arguments(
        &mut self,
        call: &Call,
        span: Span,
        key_columns: &[&str],
    ) -> Result<(Vec<Scalar>, Vec<String>)> {
        let name = call.name.text.as_str();
        let mut arguments = Vec::new();
        // The name of each argument, if it has one; a star's columns with theirs.
        let mut argument_names: Vec<Option<String>> = Vec::new();
        let first_name = call
            .arguments
            .first()
            .and_then(|first| result_name(&first.expression));
        for argument in &call.arguments {
            if argument.expression.kind != ExpressionKind::Star {
                arguments.push(self.scalar(&argument.expression)?);
                argument_names.push(result_name(&argument.expression));
                continue;
            }
            if !matches!(
                name,
                "arg_max" | "arg_min" | "argmax" | "argmin" | "take_any" | "any"
            ) {
                return Err(self.semantic(span, "SEM0102", format!("'*' cannot stand in {name}().")));
            }
            let schema = self
                .rows
                .as_ref()
                .map(|rows| rows.schema.to_vec())
                .unwrap_or_default();
            for (index, column) in schema.iter().enumerate() {
                let is_first = !arguments.is_empty() && first_name.as_deref() == Some(&column.name);
                if !is_first && !key_columns.contains(&column.name.as_str()) {
                    arguments.push(Scalar::Column(index, column.column_type.clone()));
                    argument_names.push(Some(column.name.clone()));
                }
            }
        }
        let names = match name {
            "arg_max" | "arg_min" | "argmax" | "argmin" => {
                let prefix = if name.ends_with("max") { "max" } else { "min" };
                let first = argument_names.first().cloned().flatten();
                let with_argument =
                    |index: usize| format!("{prefix}_{}_arg{index}", first.as_deref().unwrap_or_default());
                argument_names
                    .iter()
                    .enumerate()
                    .map(|(index, name)| match (index, name) {
                        (_, Some(name)) => name.clone(),
                        (0, None) => format!("{prefix}_"),
                        (index, None) => with_argument(index),
                    })
                    .collect()
            }
            "take_any" => argument_names
                .into_iter()
                .map(Option::unwrap_or_default)
                .collect(),
            "any" => {
                let names = argument_names.into_iter();
                names
                    .map(|name| format!("any_{}", name.unwrap_or_default()))
                    .collect()
            }
            "percentile" | "percentiles" => percentile_names(call, 1),
            "percentilew" | "percentilesw" => percentile_names(call, 2),
            _ => vec![aggregate_name(call)],
        };
        Ok((arguments, names))
    }
}

fn percentile_names(call: &Call, first: usize) -> Vec<String> {
    let percentiles = call.arguments.iter().skip(first);
    percentiles
        .map(|argument| percentile_name(call, &argument.expression))
        .collect()
}

/// The name of a scalar of aggregates: functions that pass names on do so for aggregates too.
fn computed_name(expression: &Expression) -> Option<String> {
    let ExpressionKind::Call(call) = &expression.kind else {
        return None;
    };
    if aggregate::is_aggregate(&call.name.text) {
        return Some(aggregate_name(call));
    }
    let passed = result_name(expression);
    match passed {
        Some(name) => Some(name),
        None if super::name::passes_name(&call.name.text) => {
            computed_name(&call.arguments.first()?.expression)
        }
        None => None,
    }
}
