//! `mv-expand` and `mv-apply`.

use std::sync::Arc;

use kusto_kql::ast::{Expression, ExpressionKind, MvApply, MvExpand, MvExpandColumn, Operator, Typeof};
use kusto_protocol::{Column, ColumnType};

use super::name::result_name;
use super::{Binder, Result, windowed};
use crate::plan::{Apply, Expand, ExpandColumn, ExpandedValue, Node, Plan, Scalar};
use crate::types;

impl Binder<'_> {
    /// `mv-expand …`
    pub(super) fn mv_expand(&mut self, input: Plan, expand: &MvExpand, operator: &Operator) -> Result<Plan> {
        self.operator = "mv-expand";
        let (expand, schema) = self.expand(input, &expand.columns, expand.limit.as_ref(), operator)?;
        let serialized = expand.input.serialized;
        Ok(Plan::new(schema, serialized, Node::Expand(expand)))
    }

    /// `mv-apply … on (…)`
    pub(super) fn mv_apply(&mut self, input: Plan, apply: &MvApply, operator: &Operator) -> Result<Plan> {
        self.operator = "mv-apply";
        let width = input.schema.len();
        let (expand, schema) = self.expand(input, &apply.columns, apply.limit.as_ref(), operator)?;
        let elements = Plan::new(schema.clone(), true, Node::Elements);
        let body = self.without_rows(|binder| binder.operators(elements, &apply.operators))?;
        // The outer columns that stay as they are; of the body, what is not one of them.
        let mut outer = Vec::new();
        let mut columns = Vec::new();
        for (place, column) in expand.columns.iter().enumerate().take(width) {
            if let ExpandColumn::Input(index) = column {
                outer.push(*index);
                columns.push(schema[place].clone());
            }
        }
        let body_columns: Vec<usize> = (0..body.schema.len())
            .filter(|&index| {
                columns
                    .iter()
                    .all(|column| column.name != body.schema[index].name)
            })
            .collect();
        columns.extend(body_columns.iter().map(|&index| body.schema[index].clone()));
        Ok(Plan::new(
            columns,
            false,
            Node::Apply(Apply {
                expand,
                body,
                outer_columns: outer,
                body_columns,
            }),
        ))
    }

    fn expand(
        &mut self,
        input: Plan,
        columns: &[MvExpandColumn],
        limit: Option<&Expression>,
        operator: &Operator,
    ) -> Result<(Expand, Vec<Column>)> {
        let limit = match limit {
            Some(limit) => self.count(limit)?,
            None => u64::MAX,
        };
        let mut bags_as_arrays = false;
        let mut index_name = None;
        for parameter in &operator.parameters {
            let value = match &parameter.value.kind {
                ExpressionKind::Name(name) => name.as_str(),
                ExpressionKind::Literal(literal) => literal.text.as_str(),
                _ => "",
            };
            match (parameter.name.text.as_str(), value) {
                ("kind" | "bagexpansion", "array") => bags_as_arrays = true,
                ("kind" | "bagexpansion", "bag") => bags_as_arrays = false,
                ("with_itemindex", name) => index_name = Some(name.to_owned()),
                (name, _) if name.starts_with("hint.") => {}
                (name, value) => {
                    let what = format!("'{} {name}={value}'", self.operator);
                    return Err(self.unsupported(parameter.span, what));
                }
            }
        }
        let name = self.operator;
        let (values, rows) = self.over(&input, name, |binder| {
            let mut values = Vec::new();
            for column in columns {
                values.push(binder.expanded_value(column)?);
            }
            Ok(values)
        })?;
        let input = windowed(input, rows.windows);
        let mut schema = rows.schema.to_vec();
        let mut outputs: Vec<ExpandColumn> = (0..schema.len()).map(ExpandColumn::Input).collect();
        let mut expanded = Vec::with_capacity(values.len());
        for (place, (name, value)) in values.into_iter().enumerate() {
            let column = Column::new(name, value.ty.clone());
            match super::position(&schema, &column.name) {
                Some(index) => {
                    outputs[index] = ExpandColumn::Element(place);
                    schema[index] = column;
                }
                None => {
                    outputs.push(ExpandColumn::Element(place));
                    schema.push(column);
                }
            }
            expanded.push(value);
        }
        if let Some(name) = &index_name {
            schema.push(Column::new(name, ColumnType::Long));
        }
        let expand = Expand {
            input,
            values: expanded,
            with_index: index_name.is_some(),
            limit,
            bags_as_arrays,
            columns: outputs,
        };
        Ok((expand, schema))
    }

    /// One value to expand and the name of its column.
    fn expanded_value(&mut self, column: &MvExpandColumn) -> Result<(String, ExpandedValue)> {
        let expression = &column.expression.expression;
        let value = self.scalar(expression)?;
        let span = expression.span;
        let value = self.convert(value, &ColumnType::Dynamic, span)?;
        let name = match self.single_name(&column.expression)? {
            Some(name) => name.text.clone(),
            None => match result_name(expression) {
                Some(name) => name,
                None => {
                    let schema = self.rows.as_ref().map(|rows| Arc::clone(&rows.schema));
                    let schema = schema.unwrap_or_else(|| Arc::from([]));
                    super::column::unique_name("Column1", |name| super::position(&schema, name).is_some())
                }
            },
        };
        let ty = match &column.to {
            None => ColumnType::Dynamic,
            Some(Typeof::Scalar(ty)) => types::column_type(*ty),
            Some(Typeof::Row(_)) => {
                return Err(self.semantic(span, "SEM0064", "'to typeof(…)' takes a scalar type."));
            }
        };
        let conversion = match ty {
            ColumnType::Dynamic => None,
            _ => Some(self.convert(Scalar::Column(0, ColumnType::Dynamic), &ty, span)?),
        };
        Ok((
            name,
            ExpandedValue {
                value,
                ty,
                conversion,
            },
        ))
    }
}
