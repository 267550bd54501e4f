//! Syntax trees to text. This file has the frame and the statements; expressions, operators and
//! literals are in the files below it.

mod expression;
mod literal;
mod operator;

use crate::ast::{
    Expression, Function, FunctionBody, ParameterDeclaration, ParameterType, PatternDefinition, RowSchema,
    ScalarType, Script, Statement, StatementKind,
};
use crate::token::{WordClass, is_boolean, word_class};

/// Writes a query in its normal form: one spelling for everything, one operator a line, no comments,
/// no parentheses but those that are needed. The text parses to the same tree, spans aside, so two
/// queries say the same if they print the same.
///
/// ```
/// let script = kusto_kql::parse("StormEvents|filter (a<>1)|limit 5 // five").unwrap();
/// assert_eq!(kusto_kql::print(&script), "StormEvents\n| where a != 1\n| take 5");
/// ```
#[must_use]
pub fn print(script: &Script) -> String {
    let mut printer = Printer::default();
    printer.statements(&script.statements, ";\n");
    printer.text
}

#[derive(Default)]
struct Printer {
    text: String,
    /// How many parentheses and braces are open: pipes inside of them stay on their line.
    nesting: usize,
}

impl Printer {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Writes items with a separator between them.
    fn join<T>(&mut self, items: &[T], separator: &str, mut write: impl FnMut(&mut Self, &T)) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.push(separator);
            }
            write(self, item);
        }
    }

    /// Writes something between brackets of some kind.
    fn nested(&mut self, open: &str, close: &str, write: impl FnOnce(&mut Self)) {
        self.push(open);
        self.nesting += 1;
        write(self);
        self.nesting -= 1;
        self.push(close);
    }

    /// Writes a name, in brackets unless it can be nothing but a name wherever it stands.
    fn name(&mut self, name: &str) {
        if is_plain(name) {
            self.push(name);
            return;
        }
        self.push("[");
        self.string(name);
        self.push("]");
    }

    fn statements(&mut self, statements: &[Statement], separator: &str) {
        self.join(statements, separator, Self::statement);
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Query(query) => self.pipe(query),
            StatementKind::Let { name, value } => {
                self.push("let ");
                self.name(&name.text);
                self.push(" = ");
                self.pipe(value);
            }
            StatementKind::LetFunction { name, function } => {
                self.push("let ");
                self.name(&name.text);
                self.push(" = ");
                self.function(function);
            }
            StatementKind::Set { name, value } => {
                self.push("set ");
                self.push(&name.text);
                if let Some(value) = value {
                    self.push(" = ");
                    self.parameter_value(value);
                }
            }
            StatementKind::QueryParameters(parameters) => {
                self.push("declare query_parameters ");
                self.parameter_declarations(parameters);
            }
            StatementKind::AliasDatabase { name, database } => {
                self.push("alias database ");
                self.name(&name.text);
                self.push(" = ");
                self.operand(database);
            }
            StatementKind::RestrictAccess(entities) => {
                self.push("restrict access to ");
                self.nested("(", ")", |p| p.join(entities, ", ", Self::entity));
            }
            StatementKind::Pattern(pattern) => {
                self.push("declare pattern ");
                self.name(&pattern.name.text);
                if let Some(definition) = &pattern.definition {
                    self.pattern_definition(definition);
                }
            }
        }
    }

    fn function(&mut self, function: &Function) {
        if function.is_view {
            self.push("view ");
        }
        self.parameter_declarations(&function.parameters);
        self.push(" ");
        self.function_body(&function.body);
    }

    fn function_body(&mut self, body: &FunctionBody) {
        self.nested("{ ", "}", |p| {
            for statement in &body.statements {
                p.statement(statement);
                p.push("; ");
            }
            if let Some(result) = &body.result {
                p.pipe(result);
                p.push(" ");
            }
        });
    }

    fn parameter_declarations(&mut self, parameters: &[ParameterDeclaration]) {
        self.nested("(", ")", |p| {
            p.join(parameters, ", ", Self::parameter_declaration)
        });
    }

    fn parameter_declaration(&mut self, parameter: &ParameterDeclaration) {
        self.name(&parameter.name.text);
        self.push(": ");
        match &parameter.parameter_type {
            ParameterType::Scalar(scalar_type) => self.push(type_name(*scalar_type)),
            ParameterType::Tabular(schema) => self.row_schema(schema),
        }
        if let Some(default) = &parameter.default {
            self.push(" = ");
            self.operand(default);
        }
    }

    fn row_schema(&mut self, schema: &RowSchema) {
        self.nested("(", ")", |p| {
            let stars = usize::from(schema.star.is_some());
            let star = schema.star.unwrap_or(usize::MAX);
            for position in 0..schema.columns.len() + stars {
                if position > 0 {
                    p.push(", ");
                }
                if position == star {
                    p.push("*");
                    continue;
                }
                let column = &schema.columns[position - usize::from(position > star)];
                p.name(&column.name.text);
                p.push(": ");
                p.push(type_name(column.scalar_type));
            }
        });
    }

    fn pattern_definition(&mut self, definition: &PatternDefinition) {
        self.push(" = ");
        self.parameter_declarations(&definition.parameters);
        if let Some(path) = &definition.path {
            self.nested("[", "]", |p| p.parameter_declaration(path));
        }
        self.nested(" { ", "}", |p| {
            for rule in &definition.rules {
                p.nested("(", ")", |p| p.join(&rule.arguments, ", ", Self::operand));
                if let Some(path) = &rule.path {
                    p.nested(".[", "]", |p| p.operand(path));
                }
                p.push(" = ");
                p.function_body(&rule.body);
                p.push("; ");
            }
        });
    }

    /// Writes an expression where anything may stand, pipes too.
    fn pipe(&mut self, expression: &Expression) {
        self.expression(expression, expression::PIPE);
    }

    /// Writes an expression where no pipe may stand.
    fn operand(&mut self, expression: &Expression) {
        self.expression(expression, expression::OPERAND);
    }
}

/// True for an identifier that no rule takes for a keyword.
fn is_plain(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$'))
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && word_class(name) == WordClass::Free
        && !is_boolean(name)
        && !matches!(
            name,
            "alias"
                | "declare"
                | "entity_group"
                | "evaluate"
                | "inline_external_table"
                | "let"
                | "range"
                | "restrict"
                | "typeof"
                | "view"
        )
}

fn type_name(scalar_type: ScalarType) -> &'static str {
    match scalar_type {
        ScalarType::Bool => "bool",
        ScalarType::DateTime => "datetime",
        ScalarType::Decimal => "decimal",
        ScalarType::Dynamic => "dynamic",
        ScalarType::Guid => "guid",
        ScalarType::Int => "int",
        ScalarType::Long => "long",
        ScalarType::Real => "real",
        ScalarType::String => "string",
        ScalarType::Timespan => "timespan",
    }
}
