//! What a tree says, without where it stands. Each test file uses the part it needs.

#![allow(dead_code, reason = "shared by test files that use different parts")]

use kusto_kql::ast::{Expression, ExpressionKind, Operator, Script, StatementKind};

/// The tree as text without its spans: equal for trees that differ in layout alone.
pub(crate) fn shape(tree: &impl std::fmt::Debug) -> String {
    let debug = format!("{tree:?}");
    let mut shape = String::with_capacity(debug.len());
    let mut rest = debug.as_str();
    while let Some(start) = rest.find("Span {") {
        let length = rest[start..].find('}').expect("a span is closed");
        shape.push_str(&rest[..start]);
        rest = &rest[start + length + 1..];
    }
    shape + rest
}

/// Parses a query that must be one.
pub(crate) fn parse(text: &str) -> Script {
    kusto_kql::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// The expression of a query of one statement.
pub(crate) fn query(text: &str) -> Expression {
    match parse(text).statements.swap_remove(0).kind {
        StatementKind::Query(expression) => expression,
        other => panic!("{text} is {other:?}"),
    }
}

/// The operators of `T | …`.
pub(crate) fn operators(text: &str) -> Vec<Operator> {
    match query(text).kind {
        ExpressionKind::Pipe { operators, .. } => operators,
        other => panic!("{text} is {other:?}"),
    }
}
