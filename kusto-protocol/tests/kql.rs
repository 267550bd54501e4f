//! What this crate writes in KQL, as a parser of the language sees it.

use kusto_kql::ast::{
    DynamicKind, DynamicValue, Expression, ExpressionKind, LiteralKind, Statement, StatementKind,
};
use kusto_protocol::{
    ClientRequestProperties, Literal, QueryParameters, kql_identifier, kql_obfuscated_string, kql_string,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn statements(text: &str) -> Vec<Statement> {
    kusto_kql::parse(text)
        .unwrap_or_else(|error| panic!("{text}\n{error}"))
        .statements
}

/// The name and the value of `let name = value`, if the text is nothing but that and a query.
fn binding(name: &str, value: &str) -> (String, Expression) {
    let text = format!("let {name} = {value};\nprint 1");
    match <[Statement; 2]>::try_from(statements(&text)).map(|[first, _]| first.kind) {
        Ok(StatementKind::Let { name, value }) => (name.text, value),
        other => panic!("{text}\n{other:?}"),
    }
}

fn value(text: &str) -> Expression {
    binding("x", text).1
}

/// The JSON value that the parser sees inside `dynamic(…)`; numbers as text.
fn dynamic(value: &DynamicValue) -> Value {
    match &value.kind {
        DynamicKind::Null => Value::Null,
        DynamicKind::Literal(literal) if literal.kind == LiteralKind::Bool => json!(literal.text == "true"),
        DynamicKind::Literal(literal) => json!(literal.text),
        DynamicKind::Array(items) => items.iter().map(dynamic).collect(),
        DynamicKind::Bag(entries) => Value::Object(
            entries
                .iter()
                .map(|entry| (entry.key.clone(), dynamic(&entry.value)))
                .collect(),
        ),
        DynamicKind::ClientParameter(name) => panic!("{name} is no JSON"),
    }
}

#[test]
fn literals_keep_their_type_and_value() {
    let decimal = Literal::Decimal("-1.50".parse().unwrap());
    let date = Literal::DateTime("2019-01-02T03:04:05.0000006Z".parse().unwrap());
    let guid = Literal::Guid("74be27de-1e4e-49d9-b579-fe0b331d3642".parse().unwrap());
    let span = Literal::Timespan("-1.02:03:04.0000040".parse().unwrap());
    for (literal, kind, text) in [
        (Literal::from(true), LiteralKind::Bool, "true"),
        (date, LiteralKind::DateTime, "2019-01-02T03:04:05.0000006Z"),
        (decimal, LiteralKind::Decimal, "-1.50"),
        (guid, LiteralKind::Guid, "74be27de-1e4e-49d9-b579-fe0b331d3642"),
        (Literal::from(-7), LiteralKind::Int, "-7"),
        (Literal::from(i64::MIN), LiteralKind::Long, "-9223372036854775808"),
        (Literal::from(1e300), LiteralKind::Real, "1e300"),
        (Literal::from(f64::NEG_INFINITY), LiteralKind::Real, "-inf"),
        (span, LiteralKind::Timespan, "-1.02:03:04.0000040"),
        (Literal::from(None::<i32>), LiteralKind::Int, "null"),
    ] {
        match value(&literal.to_string()).kind {
            ExpressionKind::Literal(found) => assert_eq!((found.kind, found.text.as_str()), (kind, text)),
            other => panic!("{literal}: {other:?}"),
        }
    }
}

#[test]
fn obfuscated_strings_are_seen_as_such() {
    match value(&kql_obfuscated_string("https://a/?sig=\"x\"")).kind {
        ExpressionKind::Literal(found) => {
            assert!(found.obfuscated);
            assert_eq!(found.text, "https://a/?sig=\"x\"");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn declarations_and_set_statements_are_statements_of_the_language() {
    let properties = ClientRequestProperties::new()
        .no_truncation(true)
        .query_results_cache_max_age(std::time::Duration::from_secs(300))
        .query_cursor_scoped_tables(json!(["A"]))
        .request_description("a; \"b\"");
    let (sets, rest) = properties.to_set_statements();
    assert!(rest.options.is_empty());
    let parameters = QueryParameters::new()
        .parameter("a", true)
        .parameter("b", Literal::DateTime("2020-01-01".parse().unwrap()))
        .parameter("c", Literal::Decimal("1".parse().unwrap()))
        .parameter("d", json!({}))
        .parameter("e", Literal::Guid(Default::default()))
        .parameter("f", 1)
        .parameter("g", 1_i64)
        .parameter("h", 1.0)
        .parameter("i", "x")
        .parameter("j", std::time::Duration::from_secs(1));
    let kinds: Vec<_> = statements(&format!("{sets}{}", parameters.declare("T | take f").unwrap()))
        .into_iter()
        .map(|statement| statement.kind)
        .collect();
    let [
        StatementKind::Set { .. },
        StatementKind::Set { .. },
        StatementKind::Set { .. },
        StatementKind::Set { .. },
        StatementKind::QueryParameters(declared),
        StatementKind::Query(_),
    ] = kinds.as_slice()
    else {
        panic!("{kinds:?}");
    };
    assert_eq!(declared.len(), 10);
}

proptest! {
    #[test]
    fn strings_hold_exactly_their_text(text in any::<String>(), tail in "[\"'\\\\)\\]\n; ]{0,4}") {
        let text = format!("{text}{tail}");
        match value(&kql_string(&text)).kind {
            ExpressionKind::Literal(found) => prop_assert_eq!((found.kind, found.text), (LiteralKind::String, text)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn names_hold_exactly_their_text(text in any::<String>(), tail in "[\"'\\\\)\\]; ]{1,4}") {
        let text = format!("{text}{tail}");
        prop_assert_eq!(binding(&kql_identifier(&text), "1").0, text);
    }

    #[test]
    fn json_holds_exactly_its_values(members in proptest::collection::btree_map(any::<String>(), any::<String>(), 0..4)) {
        let bag = json!(members);
        let nested = json!([bag, null, true, [bag]]);
        match value(&Literal::from(nested.clone()).to_string()).kind {
            ExpressionKind::Dynamic(found) => prop_assert_eq!(dynamic(&found), nested),
            other => panic!("{other:?}"),
        }
    }
}
