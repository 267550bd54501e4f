//! What the tree of a text is, and where its nodes stand.

mod shape;

use kusto_kql::ast::{
    BinaryOperator, DynamicKind, EdgeDirection, Expression, ExpressionKind, GraphElement, Literal,
    LiteralKind, LogicalOperator, NameClause, Nulls, OperatorKind, Order, ParameterType, ParseSegment,
    PartitionBody, ScalarType, Span, StatementKind, Typeof,
};
use shape::{operators, parse, query, shape};

/// The expression of `print …`.
fn printed(text: &str) -> Expression {
    match query(&format!("print {text}")).kind {
        ExpressionKind::Operator(operator) => match operator.kind {
            OperatorKind::Print(mut columns) => columns.swap_remove(0).expression,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn literal(text: &str) -> Literal {
    match printed(text).kind {
        ExpressionKind::Literal(literal) => literal,
        other => panic!("{text} is {other:?}"),
    }
}

fn text_at(text: &str, span: Span) -> &str {
    &text[span.start..span.end]
}

/// The expression with a pair of parentheses around everything that has operands.
fn bracketed(expression: &Expression) -> String {
    match &expression.kind {
        ExpressionKind::Name(name) => name.clone(),
        ExpressionKind::Literal(literal) => literal.text.clone(),
        ExpressionKind::Unary { operand, .. } => format!("(-{})", bracketed(operand)),
        ExpressionKind::Binary {
            operator,
            left,
            right,
        } => {
            format!("({} {} {})", bracketed(left), operator.as_str(), bracketed(right))
        }
        ExpressionKind::Logical { operator, operands } => {
            let word = if *operator == LogicalOperator::And {
                " and "
            } else {
                " or "
            };
            format!(
                "({})",
                operands.iter().map(bracketed).collect::<Vec<_>>().join(word)
            )
        }
        ExpressionKind::Member { object, name } => format!("({}.{})", bracketed(object), name.text),
        ExpressionKind::Index { object, index } => {
            format!("({}[{}])", bracketed(object), bracketed(index))
        }
        ExpressionKind::Between { operand, .. } => format!("({} between)", bracketed(operand)),
        ExpressionKind::List { left, values, .. } => {
            format!("({} in {})", bracketed(left), values.len())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn operators_bind_as_the_service_has_them_bind() {
    for (text, tree) in [
        ("a or b and c or d", "(a or (b and c) or d)"),
        ("a and b == c and d", "(a and (b == c) and d)"),
        ("(a and b) and c", "((a and b) and c)"),
        ("a == b < c + d * e", "(a == (b < (c + (d * e))))"),
        ("a - b - c + d", "(((a - b) - c) + d)"),
        ("a / b * c % d", "(((a / b) * c) % d)"),
        ("a * b + c * d", "((a * b) + (c * d))"),
        ("a has b + c", "((a has b) + c)"),
        ("a + b has c", "(a + (b has c))"),
        ("a =~ b and c !~ d", "((a =~ b) and (c !~ d))"),
        ("-a.b + -c[0]", "((-(a.b)) + (-(c[0])))"),
        ("a.b['c'].d", "(((a.b)[c]).d)"),
        ("a between (b .. c) and d", "((a between) and d)"),
        ("a + 1 in (b, c) or d", "(((a + 1) in 2) or d)"),
        ("a : b or c <> d", "((a : b) or (c != d))"),
        ("(a - (b - c))", "(a - (b - c))"),
    ] {
        assert_eq!(bracketed(&printed(text)), tree, "{text}");
    }
}

#[test]
fn literals_have_a_kind_and_the_text_of_their_value() {
    for (text, kind, value) in [
        ("true", LiteralKind::Bool, "true"),
        ("bool(null)", LiteralKind::Bool, "null"),
        ("12", LiteralKind::Long, "12"),
        ("0xFf", LiteralKind::Long, "0xFf"),
        ("long(-5)", LiteralKind::Long, "-5"),
        ("int64(5)", LiteralKind::Long, "5"),
        ("int( 7 )", LiteralKind::Int, "7"),
        ("1.5e-3", LiteralKind::Real, "1.5e-3"),
        ("1e10", LiteralKind::Real, "1e10"),
        ("double(nan)", LiteralKind::Real, "nan"),
        ("decimal(1.50)", LiteralKind::Decimal, "1.50"),
        ("1.5h", LiteralKind::Timespan, "1.5h"),
        ("10microseconds", LiteralKind::Timespan, "10microseconds"),
        ("time(5)", LiteralKind::Timespan, "5"),
        ("timespan(1.02:03:04)", LiteralKind::Timespan, "1.02:03:04"),
        (
            "datetime(2020-01-01 10:00)",
            LiteralKind::DateTime,
            "2020-01-01 10:00",
        ),
        ("datetime(\"2020-01-01\")", LiteralKind::DateTime, "2020-01-01"),
        ("guid(null)", LiteralKind::Guid, "null"),
        ("'a' \"b\" @'c'", LiteralKind::String, "abc"),
        ("\"\\u00e9\"", LiteralKind::String, "é"),
    ] {
        let literal = literal(text);
        assert_eq!((literal.kind, literal.text.as_str()), (kind, value), "{text}");
        assert!(!literal.obfuscated);
    }
    assert!(literal("h'secret'").obfuscated);
    assert!(literal("'no' H\"yes\"").obfuscated);
}

#[test]
fn dynamic_values_are_trees_of_literals() {
    let ExpressionKind::Dynamic(value) = printed("dynamic({'a': [1, -2.5, null, 1d], 'a': {}})").kind else {
        panic!("not dynamic");
    };
    let DynamicKind::Bag(entries) = &value.kind else {
        panic!("{value:?}")
    };
    assert_eq!(
        entries.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(),
        ["a", "a"]
    );
    let DynamicKind::Array(items) = &entries[0].value.kind else {
        panic!("{value:?}")
    };
    let negative = Literal {
        kind: LiteralKind::Real,
        text: "-2.5".into(),
        obfuscated: false,
    };
    assert_eq!(items[1].kind, DynamicKind::Literal(negative));
    assert_eq!(items[2].kind, DynamicKind::Null);
    assert_eq!(entries[1].value.kind, DynamicKind::Bag(Vec::new()));
}

#[test]
fn names_are_what_they_mean_not_how_they_are_written() {
    let bare = operators("T | project a, b = a");
    let quoted = operators("T | project ['a'], [\"b\"] = [@'a']");
    assert_eq!(shape(&bare), shape(&quoted));
    let OperatorKind::Project(columns) = &quoted[0].kind else {
        panic!("{quoted:?}")
    };
    let Some(NameClause::Name(name)) = &columns[1].name else {
        panic!("{columns:?}")
    };
    assert_eq!(name.text, "b");
}

#[test]
fn keywords_are_names_where_the_service_lets_them_be() {
    for text in [
        "T | project count, type, kind, from, step, on, with, database, id",
        "T | extend where = 1, project2 = 2, contains = 3, by = 4, title = 5",
        "let range = 1; let evaluate = 2; print range, evaluate, let1 = evaluate + range",
        "T | where step == 1 and default has 'x' and list in (map, log)",
        "let | take 1",
        "range | join declare on alias",
    ] {
        parse(text);
    }
    for text in [
        "T | project where",
        "T | project asc",
        "T | project long",
        "T | extend and = 1",
        "set | take 1",
    ] {
        assert!(kusto_kql::parse(text).is_err(), "{text}");
    }
}

#[test]
fn statements_are_told_apart() {
    let script =
        parse("let a = (1); let f = (x: long) { x }; set b; declare query_parameters (c: real = 1.5); f(a)");
    let kinds: Vec<&str> = script
        .statements
        .iter()
        .map(|statement| match &statement.kind {
            StatementKind::Let { .. } => "let",
            StatementKind::LetFunction { .. } => "function",
            StatementKind::Set { .. } => "set",
            StatementKind::QueryParameters(parameters) => {
                assert_eq!(
                    parameters[0].parameter_type,
                    ParameterType::Scalar(ScalarType::Real)
                );
                "parameters"
            }
            StatementKind::Query(_) => "query",
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, ["let", "function", "set", "parameters", "query"]);
}

#[test]
fn tabular_parameters_keep_the_place_of_their_star() {
    let script = parse("let f = (T: (a: long, *, b: real), U: (*)) { T }; f(X, Y)");
    let StatementKind::LetFunction { function, .. } = &script.statements[0].kind else {
        panic!("{script:?}");
    };
    let stars = function
        .parameters
        .iter()
        .map(|parameter| match &parameter.parameter_type {
            ParameterType::Tabular(schema) => (schema.columns.len(), schema.star),
            other => panic!("{other:?}"),
        });
    assert_eq!(stars.collect::<Vec<_>>(), [(2, Some(1)), (0, Some(0))]);
}

#[test]
fn options_stand_apart_from_operands() {
    let joins = operators("T | join kind = inner hint.strategy=broadcast (U) on a");
    let word = |name| match joins[0].parameter(name).map(|value| &value.kind) {
        Some(ExpressionKind::Name(word)) => word.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (word("kind"), word("hint.strategy")),
        ("inner".into(), "broadcast".into())
    );
    assert_eq!(joins[0].parameter("hint.remote"), None);
    // In operators that take none, the same text names a column.
    let extend = operators("T | extend kind = inner");
    assert!(extend[0].parameters.is_empty());
}

#[test]
fn sort_keys_keep_what_is_written() {
    let sorts = operators("T | order by a, b asc, c desc nulls first");
    let OperatorKind::Sort(keys) = &sorts[0].kind else {
        panic!("{sorts:?}")
    };
    let written: Vec<_> = keys.iter().map(|key| (key.order, key.nulls)).collect();
    let expected = [
        (None, None),
        (Some(Order::Asc), None),
        (Some(Order::Desc), Some(Nulls::First)),
    ];
    assert_eq!(written, expected);
}

#[test]
fn parse_patterns_are_lists_of_segments() {
    let parses = operators("T | parse kind=regex x with * 'a' b: long 'c' *");
    let OperatorKind::Parse(pattern) = &parses[0].kind else {
        panic!("{parses:?}")
    };
    let segments: Vec<_> = pattern
        .segments
        .iter()
        .map(|segment| match segment {
            ParseSegment::Star(_) => "*".to_owned(),
            ParseSegment::Text(text) => bracketed(text),
            ParseSegment::Column(column) => format!("{}:{:?}", column.name.text, column.scalar_type),
        })
        .collect();
    assert_eq!(segments, ["*", "a", "b:Some(Long)", "c", "*"]);
    assert!(parses[0].parameter("kind").is_some());
}

#[test]
fn graph_patterns_alternate_nodes_and_edges() {
    let matches = operators("G | graph-match (a)-[e*1..3]->(b)<--()--(c) project a");
    let OperatorKind::GraphMatch(graph) = &matches[0].kind else {
        panic!("{matches:?}")
    };
    let directions: Vec<_> = graph.patterns[0]
        .elements
        .iter()
        .filter_map(|element| match element {
            GraphElement::Node(_) => None,
            GraphElement::Edge { direction, hops, .. } => Some((*direction, hops.is_some())),
        })
        .collect();
    let expected = [
        (EdgeDirection::Forward, true),
        (EdgeDirection::Backward, false),
        (EdgeDirection::Any, false),
    ];
    assert_eq!(directions, expected);
}

#[test]
fn wildcards_are_for_operators_that_take_tables_or_names() {
    let unions = operators("T | union U*, database('d').V*, W");
    let OperatorKind::Union(tables) = &unions[0].kind else {
        panic!("{unions:?}")
    };
    let ExpressionKind::Wildcard {
        object: None,
        pattern,
    } = &tables[0].kind
    else {
        panic!("{tables:?}");
    };
    assert_eq!(pattern, "U*");
    assert!(matches!(
        &tables[1].kind,
        ExpressionKind::Wildcard { object: Some(_), .. }
    ));
    assert!(matches!(&tables[2].kind, ExpressionKind::Name(_)));
    assert!(matches!(
        printed("a.b*c").kind,
        ExpressionKind::Binary {
            operator: BinaryOperator::Multiply,
            ..
        }
    ));
}

#[test]
fn partitions_tell_pipes_from_queries() {
    let partitions = operators("T | partition by a (take 1) | partition by a { U | take 1 }");
    let bodies: Vec<bool> = partitions
        .iter()
        .map(|operator| match &operator.kind {
            OperatorKind::Partition(partition) => matches!(partition.body, PartitionBody::Query(_)),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(bodies, [false, true]);
}

#[test]
fn expanded_columns_keep_their_type() {
    let expands = operators("T | mv-expand a to typeof(long), b");
    let OperatorKind::MvExpand(expand) = &expands[0].kind else {
        panic!("{expands:?}")
    };
    let types: Vec<_> = expand.columns.iter().map(|column| column.to.clone()).collect();
    assert_eq!(types, [Some(Typeof::Scalar(ScalarType::Long)), None]);
}

#[test]
fn spans_cover_exactly_what_their_node_says() {
    let text = "let n = 5;\n// comment\nStormEvents\n| where (State == 'TEXAS') and x in (1, f(2)[0])  | top n by ['a b'] desc ;";
    let script = parse(text);
    let statements: Vec<&str> = script
        .statements
        .iter()
        .map(|statement| text_at(text, statement.span))
        .collect();
    assert_eq!(statements[0], "let n = 5");
    assert!(statements[1].starts_with("StormEvents") && statements[1].ends_with("desc"));

    let StatementKind::Query(query) = &script.statements[1].kind else {
        panic!("{script:?}")
    };
    let ExpressionKind::Pipe { source, operators } = &query.kind else {
        panic!("{query:?}")
    };
    assert_eq!(text_at(text, source.span), "StormEvents");
    assert_eq!(
        text_at(text, operators[0].span),
        "where (State == 'TEXAS') and x in (1, f(2)[0])"
    );
    assert_eq!(text_at(text, operators[1].span), "top n by ['a b'] desc");

    let OperatorKind::Where(predicate) = &operators[0].kind else {
        panic!("{operators:?}")
    };
    let ExpressionKind::Logical { operands, .. } = &predicate.kind else {
        panic!("{predicate:?}")
    };
    assert_eq!(
        text_at(text, predicate.span),
        "(State == 'TEXAS') and x in (1, f(2)[0])"
    );
    assert_eq!(text_at(text, operands[0].span), "State == 'TEXAS'");
    let ExpressionKind::List { values, .. } = &operands[1].kind else {
        panic!("{operands:?}")
    };
    assert_eq!(text_at(text, values[1].span), "f(2)[0]");
    let ExpressionKind::Index { object, index } = &values[1].kind else {
        panic!("{values:?}")
    };
    assert_eq!(
        (text_at(text, object.span), text_at(text, index.span)),
        ("f(2)", "0")
    );

    let OperatorKind::Top(top) = &operators[1].kind else {
        panic!("{operators:?}")
    };
    assert_eq!(text_at(text, top.by.span), "['a b'] desc");
    assert_eq!(text_at(text, top.by.expression.expression.span), "['a b']");
}

#[test]
fn spans_count_bytes_and_columns_count_characters() {
    let text = "print 'é日😀', x";
    let ExpressionKind::Operator(operator) = query(text).kind else {
        panic!("no operator")
    };
    let OperatorKind::Print(columns) = &operator.kind else {
        panic!("{operator:?}")
    };
    assert_eq!(text_at(text, columns[1].span), "x");
    let error = kusto_kql::parse("print 'é日😀' x").unwrap_err();
    assert_eq!((error.offset(), error.line(), error.column()), (18, 1, 13));
}

#[test]
fn commands_are_split_from_the_operators_on_their_answer() {
    let text = " .create function f(x:string='|') { T | where a == '|' } // |\n| where Name == 'f' | count";
    let command = kusto_kql::parse_command(text).unwrap();
    assert_eq!(
        command.text,
        ".create function f(x:string='|') { T | where a == '|' }"
    );
    assert_eq!(text_at(text, command.span), command.text);
    assert_eq!(text_at(text, command.operators[0].span), "where Name == 'f'");
    assert_eq!((command.operators.len(), command.input), (2, None));

    let command = kusto_kql::parse_command(".ingest inline into table T <| 1,\"a | b\n2,'").unwrap();
    assert_eq!(command.text, ".ingest inline into table T");
    assert_eq!(command.input, Some(" 1,\"a | b\n2,'"));
    assert!(command.operators.is_empty());

    assert_eq!(
        kusto_kql::parse_command(".show tables").unwrap().text,
        ".show tables"
    );
    assert_eq!(kusto_kql::parse_command(".show x |").unwrap_err().offset(), 9);
    assert_eq!(kusto_kql::parse_command("T | count").unwrap_err().offset(), 0);
}
