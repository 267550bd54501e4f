//! Statements: `let`, `set`, `declare query_parameters`, and the queries themselves.

use std::sync::Arc;

use kusto_kql::ast::{
    Expression, ExpressionKind, OperatorKind, ParameterDeclaration, ParameterType, Script, Statement,
    StatementKind,
};
use kusto_protocol::{ColumnType, Value};

use super::environment::{Binding, UserFunction};
use super::literal::literal_value;
use super::render::Visualization;
use super::{Binder, Result};
use crate::plan::{Plan, Scalar};
use crate::types;
use crate::vector::Vector;

/// One query of a text.
pub(crate) struct BoundQuery {
    pub(crate) plan: Plan,
    /// What `as`, or the table itself, calls the result.
    pub(crate) name: Option<String>,
    pub(crate) visualization: Visualization,
}

impl Binder<'_> {
    /// Binds all statements of a text.
    pub(crate) fn script(mut self, script: &Script) -> Result<Vec<BoundQuery>> {
        let mut queries = Vec::new();
        for statement in &script.statements {
            match &statement.kind {
                StatementKind::Query(expression) => self.query(expression, &mut queries)?,
                StatementKind::Set { .. } => {}
                _ => self.declaration(statement)?,
            }
        }
        if queries.is_empty() {
            let span = script
                .statements
                .last()
                .map(|statement| statement.span)
                .unwrap_or_default();
            return Err(self.semantic(span, "SEM0005", "The text has no query, only declarations."));
        }
        Ok(queries)
    }

    /// A statement that gives a name to something.
    pub(super) fn declaration(&mut self, statement: &Statement) -> Result<()> {
        match &statement.kind {
            StatementKind::Let { name, value } => {
                let binding = if let Some(graph) = self.graph_value(value)? {
                    Binding::Graph(graph)
                } else if self.is_tabular(value) {
                    Binding::Table(self.without_rows(|binder| binder.tabular(value))?)
                } else {
                    let rows = self.rows.as_ref().map_or(0, |rows| rows.id);
                    let hidden = self.hide_columns(true);
                    let value = self.scalar(value);
                    self.hide_columns(hidden);
                    Binding::Scalar { value: value?, rows }
                };
                self.environment = self.environment.with(&name.text, binding);
            }
            StatementKind::LetFunction { name, function } => {
                let function = UserFunction {
                    name: name.text.clone(),
                    function: function.clone(),
                    text: Arc::clone(&self.text),
                    environment: self.environment.clone(),
                    database: Arc::clone(&self.database),
                };
                self.environment = self
                    .environment
                    .with(&name.text, Binding::Function(Arc::new(function)));
            }
            StatementKind::QueryParameters(parameters) => {
                for parameter in parameters {
                    let value = self.query_parameter(parameter)?;
                    let value = Scalar::Constant(value);
                    self.environment = self
                        .environment
                        .with(&parameter.name.text, Binding::Scalar { value, rows: 0 });
                }
            }
            StatementKind::AliasDatabase { name, database } => {
                let database = self.database_of(database)?;
                self.environment = self.environment.with(&name.text, Binding::Database(database));
            }
            StatementKind::RestrictAccess(_) => {
                return Err(self.unsupported(statement.span, "the statement 'restrict access'"));
            }
            StatementKind::Pattern(pattern) => self.declare_pattern(pattern, statement.span)?,
            StatementKind::Set { .. } => {}
            _ => return Err(self.unsupported(statement.span, "this statement")),
        }
        Ok(())
    }

    /// A query and its results: one, or those of the branches of `fork`.
    fn query(&mut self, expression: &Expression, queries: &mut Vec<BoundQuery>) -> Result<()> {
        self.visualization = None;
        if let ExpressionKind::Pipe { source, operators } = &expression.kind
            && let Some((last, before)) = operators.split_last()
            && let OperatorKind::Fork(branches) = &last.kind
        {
            let input = self.tabular(source)?;
            let input = self.operators(input, before)?;
            let input = super::source::materialized(input);
            for branch in branches {
                let plan = self.operators(input.clone(), &branch.operators)?;
                queries.push(BoundQuery {
                    plan,
                    name: branch.name.as_ref().map(|name| name.text.clone()),
                    visualization: self.visualization.take().unwrap_or_default(),
                });
            }
            return Ok(());
        }
        if !self.is_tabular(expression) {
            // The service refuses a scalar too, unless it is a call that could have been a table.
            self.scalar(expression)?;
            let message = "A query must give a table; write 'print' before a scalar.";
            return Err(self.semantic(expression.span, "SEM0020", message));
        }
        let plan = self.tabular(expression)?;
        queries.push(BoundQuery {
            name: result_name(expression),
            visualization: self.visualization.take().unwrap_or_default(),
            plan,
        });
        Ok(())
    }

    /// The value of a parameter: the request's, or the default.
    fn query_parameter(&mut self, parameter: &ParameterDeclaration) -> Result<Vector> {
        let ParameterType::Scalar(ty) = &parameter.parameter_type else {
            return Err(self.unsupported(parameter.span, "a tabular query parameter"));
        };
        let ty = types::column_type(*ty);
        let name = &parameter.name.text;
        if let Some(text) = self.session.parameters.get(name) {
            return parameter_value(text, &ty).ok_or_else(|| {
                let message = format!("The value of the query parameter '{name}' is not of type {ty}.");
                self.semantic(parameter.span, "SEM0064", message)
            });
        }
        let Some(default) = &parameter.default else {
            let message = format!("The query parameter '{name}' has no value.");
            return Err(self.semantic(parameter.span, "SEM0101", message));
        };
        let value = self.scalar(default)?;
        let converted = self.convert(value, &ty, default.span)?;
        match converted {
            Scalar::Constant(vector) => Ok(vector),
            _ => Err(self.semantic(default.span, "SEM0040", "A default must be a constant.")),
        }
    }
}

/// What the `set` statements of a text ask for.
pub(crate) fn set_options(script: &Script) -> Vec<(String, Option<String>)> {
    let statements = script.statements.iter();
    statements
        .filter_map(|statement| match &statement.kind {
            StatementKind::Set { name, value } => {
                let value = value.as_ref().and_then(|value| match &value.kind {
                    ExpressionKind::Literal(literal) => Some(literal.text.clone()),
                    ExpressionKind::Name(name) => Some(name.clone()),
                    _ => None,
                });
                Some((name.text.clone(), value))
            }
            _ => None,
        })
        .collect()
}

/// What the query itself calls its result: the last `as`, or the name of a bare table.
fn result_name(expression: &Expression) -> Option<String> {
    match &expression.kind {
        ExpressionKind::Name(name) => Some(name.clone()),
        ExpressionKind::Pipe { operators, .. } => {
            operators.iter().rev().find_map(|operator| match &operator.kind {
                OperatorKind::As(name) => Some(name.text.clone()),
                _ => None,
            })
        }
        _ => None,
    }
}

/// The value that a request gives for a parameter: a literal, or the bare text of one.
fn parameter_value(text: &str, ty: &ColumnType) -> Option<Vector> {
    let parsed = kusto_kql::parse(&format!("print {text}")).ok();
    let literal = parsed
        .as_ref()
        .and_then(|script| match &script.statements.first()?.kind {
            StatementKind::Query(Expression {
                kind: ExpressionKind::Operator(operator),
                ..
            }) if script.statements.len() == 1 => match &operator.kind {
                OperatorKind::Print(printed) if printed.len() == 1 => match &printed[0].expression.kind {
                    ExpressionKind::Literal(literal) if printed[0].name.is_none() => literal_value(literal),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        });
    match literal {
        Some(value) if value.ty() == ty => return Some(value),
        // A text that happens to look like another literal is still a text.
        Some(value) if *ty != ColumnType::String => {
            return crate::function::cast(&value, ty).ok();
        }
        _ => {}
    }
    let source = Vector::constant(ColumnType::String, Value::String(text));
    if *ty == ColumnType::String {
        return Some(source);
    }
    let text = text.trim();
    let inner = text
        .strip_prefix(&format!("{ty}("))
        .and_then(|rest| rest.strip_suffix(')'));
    let source = Vector::constant(ColumnType::String, Value::String(inner.unwrap_or(text)));
    let value = crate::function::cast(&source, ty).ok()?;
    let is_null = value.value(0).is_null();
    (!is_null || inner.unwrap_or(text).eq_ignore_ascii_case("null")).then_some(value)
}
