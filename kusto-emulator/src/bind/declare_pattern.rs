//! `declare pattern`: queries that are chosen by the texts given.

use std::sync::Arc;

use kusto_kql::ast::{Call, Expression, ExpressionKind, Function, Pattern, PatternDefinition, Span};
use kusto_protocol::Value;

use super::environment::{Binding, Environment, UserFunction};
use super::name::constant_text;
use super::scalar::text;
use super::{Binder, Result};
use crate::plan::Plan;
use crate::storage::Database;

/// A pattern and where it was declared.
pub(super) struct DeclaredPattern {
    name: String,
    definition: PatternDefinition,
    text: Arc<str>,
    environment: Environment,
    database: Arc<Database>,
}

impl Binder<'_> {
    /// `declare pattern name = (parameters)[path] { rules }`
    pub(super) fn declare_pattern(&mut self, pattern: &Pattern, span: Span) -> Result<()> {
        let Some(definition) = &pattern.definition else {
            return Err(self.unsupported(span, "a pattern without rules"));
        };
        let declared = DeclaredPattern {
            name: pattern.name.text.clone(),
            definition: definition.clone(),
            text: Arc::clone(&self.text),
            environment: self.environment.clone(),
            database: Arc::clone(&self.database),
        };
        let binding = Binding::Pattern(Arc::new(declared));
        self.environment = self.environment.with(&pattern.name.text, binding);
        Ok(())
    }

    /// The call of a pattern that an expression is, and the path behind it.
    pub(super) fn pattern_call<'e>(
        &self,
        expression: &'e Expression,
    ) -> Option<(Arc<DeclaredPattern>, &'e Call, Option<&'e str>)> {
        let (call, path) = match &expression.kind {
            ExpressionKind::Call(call) => (call, None),
            ExpressionKind::Member { object, name } => match &object.kind {
                ExpressionKind::Call(call) => (call, Some(name.text.as_str())),
                _ => return None,
            },
            _ => return None,
        };
        match self.environment.get(&call.name.text) {
            Some(Binding::Pattern(pattern)) if call.object.is_none() => {
                Some((Arc::clone(pattern), call, path))
            }
            _ => None,
        }
    }

    /// The table of the rule that fits the arguments and the path.
    pub(super) fn pattern_table(
        &mut self,
        pattern: &DeclaredPattern,
        call: &Call,
        path: Option<&str>,
        span: Span,
    ) -> Result<Plan> {
        let mut given = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            let value = self.constant(&argument.expression, "An argument of a pattern")?;
            match value.value(0) {
                Value::String(text) => given.push(text.to_owned()),
                _ => return Err(self.semantic(argument.span, "SEM0231", "A pattern takes strings.")),
            }
        }
        let rule = pattern.definition.rules.iter().find(|rule| {
            let wanted: Vec<Option<&str>> = rule.arguments.iter().map(constant_text).collect();
            wanted.len() == given.len()
                && wanted
                    .iter()
                    .zip(&given)
                    .all(|(wanted, given)| *wanted == Some(given.as_str()))
                && rule.path.as_ref().and_then(constant_text) == path
        });
        let Some(rule) = rule else {
            let message = format!("The pattern '{}' has no rule for these arguments.", pattern.name);
            return Err(self.semantic(span, "SEM0036", message));
        };
        // A rule sees what chose it, under the names of the parameters.
        let mut environment = pattern.environment.clone();
        let parameters = pattern
            .definition
            .parameters
            .iter()
            .chain(&pattern.definition.path);
        let values = given.iter().map(String::as_str).chain(path);
        for (parameter, value) in parameters.zip(values) {
            let value = Binding::Scalar {
                value: text(value),
                rows: 0,
            };
            environment = environment.with(&parameter.name.text, value);
        }
        let function = UserFunction {
            name: pattern.name.clone(),
            function: Box::new(Function {
                is_view: false,
                parameters: Vec::new(),
                body: rule.body.clone(),
                span: rule.span,
            }),
            text: Arc::clone(&pattern.text),
            environment,
            database: Arc::clone(&pattern.database),
        };
        self.tabular_user_call(&Arc::new(function), &[], None, span)
    }
}
