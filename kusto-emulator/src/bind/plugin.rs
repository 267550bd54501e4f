//! `evaluate`: plugins whose columns depend on the rows, which are therefore computed when the query is bound.

mod written;

use std::collections::{BTreeMap, HashSet};

use kusto_kql::ast::{Call, ExpressionKind, NameClause, NamedExpression, Operator, RowSchema, Span};
use kusto_protocol::{Column, ColumnType, Value};
use serde_json::Value as Json;

use super::name::constant_text;
use super::scalar::text;
use super::source::materialized;
use super::{Aggregates, Binder, Result};
use crate::plan::{
    AggregateCall, Expand, ExpandColumn, ExpandedValue, Node, Plan, Scalar, WindowCall, WindowFunction,
};
use crate::types;
use crate::vector::{Vector, value_at};

impl Binder<'_> {
    /// `evaluate plugin(…) : (schema)`
    pub(super) fn evaluate(
        &mut self,
        input: Plan,
        call: &Call,
        schema: Option<&RowSchema>,
        operator: &Operator,
    ) -> Result<Plan> {
        self.operator = "evaluate";
        match call.name.text.as_str() {
            "bag_unpack" => self.bag_unpack(input, call, schema, operator.span),
            "narrow" if schema.is_none() => self.narrow(input, call, operator.span),
            "pivot" if schema.is_none() => self.pivot(input, call, operator.span),
            name => match self.written_plugin(&input, call, operator.span) {
                Some(plan) if schema.is_none() => plan,
                _ => Err(self.unsupported(operator.span, format_args!("the plugin '{name}'"))),
            },
        }
    }

    /// `bag_unpack(column, prefix, columnsConflict, ignored)`: an own column for each entry of a bag.
    fn bag_unpack(
        &mut self,
        input: Plan,
        call: &Call,
        schema: Option<&RowSchema>,
        span: Span,
    ) -> Result<Plan> {
        let argument = |place: usize, name: &str| {
            let named = call.arguments.iter().find(|argument| match &argument.name {
                Some(NameClause::Name(given)) => given.text == name,
                _ => false,
            });
            named.or_else(|| {
                call.arguments
                    .get(place)
                    .filter(|argument| argument.name.is_none())
            })
        };
        let Some(ExpressionKind::Name(name)) =
            argument(0, "Column").map(|argument| &argument.expression.kind)
        else {
            return Err(self.semantic(span, "SEM0020", "bag_unpack(): a column is expected."));
        };
        let Some(bag) = super::position(&input.schema, name) else {
            return Err(self.semantic(
                span,
                "SEM0100",
                format!("Failed to resolve column named '{name}'."),
            ));
        };
        if input.schema[bag].column_type != ColumnType::Dynamic {
            return Err(self.semantic(
                span,
                "SEM0064",
                "bag_unpack(): the column must be of type dynamic.",
            ));
        }
        let option =
            |place, name| argument(place, name).and_then(|argument| constant_text(&argument.expression));
        let prefix = option(1, "OutputColumnPrefix").unwrap_or_default().to_owned();
        let conflict = option(2, "columnsConflict").unwrap_or("error").to_owned();
        let ignored: Vec<String> = match argument(3, "ignoredProperties") {
            None => Vec::new(),
            Some(ignored) => match self
                .constant(&ignored.expression, "'ignoredProperties'")?
                .value(0)
            {
                Value::Dynamic(names) => serde_json::from_str(names).unwrap_or_default(),
                _ => Vec::new(),
            },
        };
        let (input, entries) = match schema {
            Some(schema) => {
                let declared = schema
                    .columns
                    .iter()
                    .map(|column| (column.name.text.clone(), types::column_type(column.scalar_type)));
                (
                    input.clone(),
                    declared
                        .filter(|(name, _)| super::position(&input.schema, name).is_none())
                        .collect(),
                )
            }
            None => {
                let input = materialized(input);
                let mut entries = self.entries(&input, bag)?;
                entries.retain(|(key, _)| !ignored.contains(key));
                (input, entries)
            }
        };
        let mut columns = input.columns();
        let (_, bag) = columns.remove(bag);
        for (key, ty) in entries {
            let name = format!("{prefix}{key}");
            let value = self.call("[]", vec![bag.clone(), text(&key)], span)?;
            let value = self.convert(value, &ty, span)?;
            let column = Column::new(name, ty);
            let taken = columns.iter().position(|(other, _)| other.name == column.name);
            match (taken, conflict.as_str()) {
                (None, _) => columns.push((column, value)),
                (Some(_), "keep_source") => {}
                (Some(place), "replace_source") => columns[place] = (column, value),
                (Some(_), _) => {
                    let message = format!("bag_unpack(): a column named '{}' already exists.", column.name);
                    return Err(self.semantic(span, "SEM0024", message));
                }
            }
        }
        Ok(input.project(columns))
    }

    /// The keys of all bags in a column, in order, each with the type that holds its values.
    fn entries(&self, input: &Plan, place: usize) -> Result<Vec<(String, ColumnType)>> {
        let mut entries: BTreeMap<String, Option<ColumnType>> = BTreeMap::new();
        for batch in crate::exec::collect(input, self.session)? {
            for row in 0..batch.num_rows() {
                let Value::Dynamic(bag) = value_at(&ColumnType::Dynamic, &batch.columns()[place], row) else {
                    continue;
                };
                let Ok(Json::Object(bag)) = serde_json::from_str(bag) else {
                    continue;
                };
                for (key, value) in bag {
                    let known = entries.entry(key).or_default();
                    *known = common_type(known.take(), &value);
                }
            }
        }
        let entries = entries.into_iter();
        Ok(entries
            .map(|(key, ty)| (key, ty.unwrap_or(ColumnType::Dynamic)))
            .collect())
    }

    /// `narrow()`: a row for each cell, with the number of its row and the name of its column.
    fn narrow(&mut self, input: Plan, call: &Call, span: Span) -> Result<Plan> {
        if !call.arguments.is_empty() {
            return Err(self.semantic(span, "SEM0219", "narrow(): expected 0 argument(s)."));
        }
        let width = input.schema.len();
        let first = Scalar::Constant(Vector::constant(ColumnType::Long, Value::Long(0)));
        let never = Scalar::Constant(Vector::constant(ColumnType::Bool, Value::Bool(false)));
        let cells: Result<Vec<Scalar>> = input
            .columns()
            .into_iter()
            .map(|(_, cell)| self.convert(cell, &ColumnType::String, span))
            .collect();
        let cells = self.call("pack_array", cells?, span)?;
        let names: Vec<Scalar> = input.schema.iter().map(|column| text(&column.name)).collect();
        let names = self.call("pack_array", names, span)?;
        let element = Scalar::Column(0, ColumnType::Dynamic);
        let element = self.convert(element, &ColumnType::String, span)?;
        let numbered = super::windowed(
            input,
            vec![WindowCall {
                function: WindowFunction::RowNumber,
                arguments: vec![first, never],
                ty: ColumnType::Long,
            }],
        );
        let values = [names, cells].map(|value| ExpandedValue {
            value,
            ty: ColumnType::String,
            conversion: Some(element.clone()),
        });
        let expand = Expand {
            input: numbered,
            values: values.into(),
            with_index: false,
            limit: u64::MAX,
            bags_as_arrays: false,
            columns: vec![
                ExpandColumn::Input(width),
                ExpandColumn::Element(0),
                ExpandColumn::Element(1),
            ],
        };
        let schema = vec![
            Column::new("Row", ColumnType::Long),
            Column::new("Column", ColumnType::String),
            Column::new("Value", ColumnType::String),
        ];
        Ok(Plan::new(schema, false, Node::Expand(expand)))
    }

    /// `pivot(column, aggregate, keys…)`: an own column for each value of a column.
    fn pivot(&mut self, input: Plan, call: &Call, span: Span) -> Result<Plan> {
        let column_of = |argument: &NamedExpression| match &argument.expression.kind {
            ExpressionKind::Name(name) => super::position(&input.schema, name),
            _ => None,
        };
        let Some(pivot) = call.arguments.first().and_then(column_of) else {
            return Err(self.semantic(span, "SEM0020", "pivot(): a column is expected."));
        };
        let aggregate = match call.arguments.get(1) {
            None => None,
            Some(argument) => match &argument.expression.kind {
                ExpressionKind::Call(call) if self.is_aggregate_call(call) => Some(call.clone()),
                _ => {
                    return Err(self.semantic(
                        argument.span,
                        "SEM0020",
                        "pivot(): an aggregate is expected.",
                    ));
                }
            },
        };
        let (value, calls, types) = self.pivot_value(&input, aggregate.as_deref(), span)?;
        let mut keys: Vec<usize> = Vec::new();
        for argument in call.arguments.iter().skip(2) {
            match column_of(argument) {
                Some(place) => keys.push(place),
                None => {
                    return Err(self.semantic(argument.span, "SEM0020", "pivot(): a column is expected."));
                }
            }
        }
        if call.arguments.len() < 3 {
            let mut used = vec![pivot];
            for argument in calls.iter().flat_map(|call| &call.arguments) {
                argument.visit_columns(&mut |place| used.push(place));
            }
            keys = (0..input.schema.len())
                .filter(|place| !used.contains(place))
                .collect();
        }

        // The keys, the value of the pivot column, the aggregate.
        let columns = input.columns();
        let mut grouped: Vec<(Column, Scalar)> = keys.iter().map(|&place| columns[place].clone()).collect();
        let label = self.convert(columns[pivot].1.clone(), &ColumnType::String, span)?;
        grouped.push((Column::new("", ColumnType::String), label));
        let (mut schema, key_scalars): (Vec<Column>, Vec<Scalar>) = grouped.into_iter().unzip();
        schema.extend(types.iter().map(|ty| Column::new("", ty.clone())));
        let empty = calls
            .first()
            .map(|call| empty_value(&call.aggregate))
            .transpose()?;
        let node = Node::Aggregate {
            input: input.clone(),
            keys: key_scalars,
            aggregates: calls,
        };
        let aggregated = materialized(Plan::new(schema, false, node));
        let labels = self.labels(&aggregated, keys.len())?;

        // One aggregate per label picks its value out of the few that are left.
        let mut aggregates = Vec::with_capacity(labels.len());
        for label in &labels {
            let column = Scalar::Column(keys.len(), ColumnType::String);
            let condition = self.call("==", vec![column, text(label)], span)?;
            let arguments = vec![Scalar::Column(keys.len() + 1, value.clone()), condition];
            aggregates.push(self.bound_aggregate("take_anyif", arguments, span)?);
        }
        let mut schema: Vec<Column> = aggregated.schema[..keys.len()].to_vec();
        schema.extend(labels.iter().map(|label| Column::new(label, value.clone())));
        let node = Node::Aggregate {
            keys: (0..keys.len())
                .map(|place| Scalar::Column(place, aggregated.schema[place].column_type.clone()))
                .collect(),
            input: aggregated,
            aggregates,
        };
        let pivoted = Plan::new(super::column::with_unique_names(&schema), false, node);
        let mut columns = pivoted.columns();
        if let Some(empty) = empty.filter(|empty| !empty.value(0).is_null()) {
            for (_, scalar) in &mut columns[keys.len()..] {
                let arguments = vec![scalar.clone(), Scalar::Constant(empty.clone())];
                *scalar = self.call("coalesce", arguments, span)?;
            }
        }
        Ok(pivoted.project(columns))
    }

    /// The aggregate of a pivot, its type, and the types it gives.
    fn pivot_value(
        &mut self,
        input: &Plan,
        aggregate: Option<&Call>,
        span: Span,
    ) -> Result<(ColumnType, Vec<AggregateCall>, Vec<ColumnType>)> {
        let Some(call) = aggregate else {
            let count = self.bound_aggregate("count", Vec::new(), span)?;
            return Ok((ColumnType::Long, vec![count], vec![ColumnType::Long]));
        };
        let (value, rows) = self.over(input, "evaluate", |binder| {
            if let Some(rows) = &mut binder.rows {
                rows.aggregates = Some(Aggregates {
                    num_keys: 0,
                    calls: Vec::new(),
                    types: Vec::new(),
                });
            }
            binder.aggregate_scalar(call, span)
        })?;
        let aggregates = rows
            .aggregates
            .map(|aggregates| (aggregates.calls, aggregates.types));
        let (calls, types) = aggregates.unwrap_or_default();
        Ok((value.ty().clone(), calls, types))
    }

    /// The distinct texts in a column, in the order of their first.
    fn labels(&self, plan: &Plan, place: usize) -> Result<Vec<String>> {
        let mut labels = Vec::new();
        let mut seen = HashSet::new();
        for batch in crate::exec::collect(plan, self.session)? {
            for row in 0..batch.num_rows() {
                let label = value_at(&ColumnType::String, &batch.columns()[place], row).to_string();
                if seen.insert(label.clone()) {
                    labels.push(label);
                }
            }
        }
        Ok(labels)
    }
}

/// What an aggregate gives for no rows.
fn empty_value(
    aggregate: &crate::aggregate::Aggregate,
) -> std::result::Result<Vector, crate::error::EvalError> {
    let mut values = aggregate.accumulator().finish(1)?;
    let value = values.swap_remove(0);
    Ok(Vector::new_constant(value.ty().clone(), value.expand(1)?))
}

/// The type that holds both what was seen before and one more value.
fn common_type(known: Option<ColumnType>, value: &Json) -> Option<ColumnType> {
    let ty = match value {
        Json::Null => return known,
        Json::Bool(_) => ColumnType::Bool,
        Json::Number(number) if number.is_i64() => ColumnType::Long,
        Json::Number(_) => ColumnType::Real,
        Json::String(_) => ColumnType::String,
        Json::Array(_) | Json::Object(_) => ColumnType::Dynamic,
    };
    Some(match known {
        None => ty,
        Some(known) if known == ty => ty,
        Some(ColumnType::Long | ColumnType::Real) if matches!(ty, ColumnType::Long | ColumnType::Real) => {
            ColumnType::Real
        }
        Some(_) => ColumnType::Dynamic,
    })
}
