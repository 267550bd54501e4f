use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::parse_error::ParseErrorKind;

fn parse(text: &str) -> Literal {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refusal(text: &str) -> ParseErrorKind {
    match text.parse::<Literal>() {
        Ok(literal) => panic!("{text} was read as {literal}"),
        Err(error) => error.kind(),
    }
}

fn span(text: &str) -> Literal {
    Literal::Timespan(text.parse().unwrap())
}

/// Reads one regular string literal by the documented rules and returns what follows it. Written apart from the
/// parser, to judge the writer.
fn after_string(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut rest = text[1..].chars();
    loop {
        match rest.next()? {
            '\\' => match rest.next()? {
                '"' | '\'' | '\\' | 'n' | 'r' | 't' => {}
                'u' => (0..4).try_for_each(|_| rest.next().filter(char::is_ascii_hexdigit).map(|_| ()))?,
                _ => return None,
            },
            c if c == quote => return Some(rest.as_str()),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => return None,
            _ => {}
        }
    }
}

#[test]
fn every_type_has_its_form() {
    for (literal, text) in [
        (Literal::from(true), "bool(true)"),
        (Literal::from(-2), "int(-2)"),
        (Literal::from(i64::MIN), "long(-9223372036854775808)"),
        (Literal::from(0.1), "real(0.1)"),
        (Literal::from(1.0), "real(1.0)"),
        (Literal::from(1e300), "real(1e300)"),
        (Literal::from(f64::INFINITY), "real(+inf)"),
        (Literal::from(f64::NEG_INFINITY), "real(-inf)"),
        (Literal::Decimal("1.50".parse().unwrap()), "decimal(1.50)"),
        (
            Literal::DateTime("2019-01-02T03:04:05.0000006Z".parse().unwrap()),
            "datetime(2019-01-02T03:04:05.0000006Z)",
        ),
        (span("1.02:03:04.0000040"), "timespan(1.02:03:04.0000040)"),
        (
            Literal::from(Duration::from_millis(1500)),
            "timespan(00:00:01.5000000)",
        ),
        (
            Literal::Guid("74be27de-1e4e-49d9-b579-fe0b331d3642".parse().unwrap()),
            "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)",
        ),
        (Literal::from("a\"b'c\\"), r#""a\"b'c\\""#),
        (
            Literal::from("\u{0}\u{7f}\u{85}\u{2028}ß😀"),
            "\"\\u0000\\u007f\\u0085\\u2028ß😀\"",
        ),
        (
            Literal::from(json!({"a": [1, "b\n", null, true, 0.5]})),
            r#"dynamic({"a":[1,"b\n",null,true,0.5]})"#,
        ),
        (Literal::from(None::<bool>), "bool(null)"),
        (Literal::Null(ColumnType::String), "\"\""),
        (Literal::Null(ColumnType::Dynamic), "dynamic(null)"),
    ] {
        assert_eq!(literal.to_string(), text);
    }
}

#[test]
fn numbers_without_a_type_are_longs_and_reals() {
    assert_eq!(parse(" 32 "), Literal::Long(32));
    assert_eq!(parse("-1"), Literal::Long(-1));
    assert_eq!(parse("0xff"), Literal::Long(255));
    assert_eq!(parse("1.0"), Literal::Real(1.0));
    assert_eq!(parse("1e5"), Literal::Real(1e5));
    assert_eq!(parse("1.5e-3"), Literal::Real(0.0015));
    assert_eq!(parse("TRUE"), Literal::Bool(true));
    assert_eq!(refusal("9223372036854775808"), ParseErrorKind::OutOfRange);
    for text in ["", "abc", "1x", "--1", "1-1", "0x", "nan", "inf", "1 2", "1e"] {
        assert_eq!(refusal(text), ParseErrorKind::Malformed, "{text}");
    }
}

#[test]
fn typed_forms_know_their_aliases_and_nulls() {
    assert_eq!(parse("boolean( false )"), Literal::Bool(false));
    assert_eq!(parse("int (-7)"), Literal::Int(-7));
    assert_eq!(parse("int64(0x10)"), Literal::Long(16));
    assert_eq!(parse("double(-inf)"), Literal::Real(f64::NEG_INFINITY));
    assert_eq!(parse("real(1)"), Literal::Real(1.0));
    assert_eq!(
        parse("decimal(1E-5)"),
        Literal::Decimal("0.00001".parse().unwrap())
    );
    assert_eq!(
        parse("date(2020-01-01)"),
        parse("datetime(\"2020-01-01T00:00:00Z\")")
    );
    assert_eq!(
        parse("uuid(74BE27DE1E4E49D9B579FE0B331D3642)"),
        parse("guid('74be27de-1e4e-49d9-b579-fe0b331d3642')")
    );
    for column_type in ColumnType::ALL {
        if column_type != ColumnType::String {
            assert_eq!(parse(&format!("{column_type}(null)")), Literal::Null(column_type));
        }
    }
    assert!(matches!(parse("real(nan)"), Literal::Real(number) if number.is_nan()));
    assert_eq!(refusal("int(2147483648)"), ParseErrorKind::OutOfRange);
    assert_eq!(refusal("int(99999999999999999999)"), ParseErrorKind::OutOfRange);
    assert_eq!(refusal("datetime(0000-12-31)"), ParseErrorKind::OutOfRange);
    assert_eq!(refusal("datetime()"), ParseErrorKind::Unsupported);
    for text in [
        "long(1.5)",
        "bool(2)",
        "guid(x)",
        "long(1",
        "string(x)",
        "foo(1)",
        "real(infinity)",
        "long(1))",
    ] {
        assert_eq!(refusal(text), ParseErrorKind::Malformed, "{text}");
    }
}

#[test]
fn timespans_take_clock_form_days_and_units() {
    for (text, expected) in [
        ("timespan(1.02:03:04.0000040)", "1.02:03:04.0000040"),
        ("timespan(-00:00:01)", "-00:00:01"),
        ("timespan(2)", "2.00:00:00"),
        ("time(15 seconds)", "00:00:15"),
        ("time(1.5h)", "01:30:00"),
        ("2d", "2.00:00:00"),
        ("30m", "00:30:00"),
        ("100ms", "00:00:00.1000000"),
        ("10microsecond", "00:00:00.0000100"),
        ("1tick", "00:00:00.0000001"),
        ("-1.5d", "-1.12:00:00"),
        ("timespan(9223372036854775807tick)", "10675199.02:48:05.4775807"),
    ] {
        assert_eq!(parse(text), span(expected), "{text}");
    }
    assert_eq!(refusal("10675200d"), ParseErrorKind::OutOfRange);
    assert_eq!(refusal("1e30d"), ParseErrorKind::Malformed);
    assert_eq!(refusal("timespan(1e30)"), ParseErrorKind::OutOfRange);
    assert_eq!(refusal("1w"), ParseErrorKind::Malformed);
}

#[test]
fn strings_of_every_kind_are_read() {
    for (text, expected) in [
        (
            r#""a\"b\\\n\r\t\u00e4\x41""#,
            "a\"b\\\n\r\tä A".replace(' ', "").as_str(),
        ),
        (r"'a\'b\0\a\b\f\v'", "a'b\u{0}\u{7}\u{8}\u{c}\u{b}"),
        (r#""\ud83d\ude00 \U0001F600""#, "😀 😀"),
        (r#"@"C:\dir ""x""""#, "C:\\dir \"x\""),
        ("@'it''s'", "it's"),
        ("```a\n\"b\\```", "a\n\"b\\"),
        ("~~~a```~~~", "a```"),
        (r#"h"key""#, "key"),
        (r"H@'\key'", "\\key"),
        ("\"https://x?\"\n  h'sig=1' @\"2\"", "https://x?sig=12"),
        ("'a' // b\n 'c'", "ac"),
        ("''", ""),
    ] {
        assert_eq!(parse(text), Literal::from(expected), "{text}");
    }
    for text in [
        "\"a",
        "'a\"",
        "@'a''",
        "```a``",
        "@```a```",
        r#""\q""#,
        r#""\u12""#,
        r#""\ud83d""#,
        "\"a\nb\"",
        "h",
        "\"a\" b",
    ] {
        assert_eq!(refusal(text), ParseErrorKind::Malformed, "{text}");
    }
}

#[test]
fn dynamic_takes_json_with_kusto_values_inside() {
    let dynamic = |text: &str| match parse(text) {
        Literal::Dynamic(value) => value,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        dynamic(r#"dynamic({"a":1,"b":[1.5,"x",null,true]})"#),
        json!({"a": 1, "b": [1.5, "x", null, true]})
    );
    assert_eq!(dynamic("dynamic( 'it' )"), json!("it"));
    assert_eq!(dynamic("dynamic(4)"), json!(4));
    let large = dynamic("dynamic([18446744073709551615, -9223372036854775809, 1e2, -7])");
    assert_eq!(large, json!([u64::MAX, -9223372036854775809_f64, 100.0, -7]));
    let value = dynamic(
        "dynamic({'t':datetime(2020-01-01), 'g':time(1d), 'n':long(2), 'r':real(nan), 'z':int(null)})",
    );
    assert_eq!(
        value,
        json!({"t": "2020-01-01T00:00:00Z", "g": "1.00:00:00", "n": 2, "r": "NaN", "z": null})
    );
    assert_eq!(dynamic("dynamic([])"), json!([]));
    assert_eq!(dynamic("dynamic([1 // one\n // none\n])"), json!([1]));
    for text in [
        "dynamic(",
        "dynamic()",
        "dynamic([1,])",
        "dynamic([1 2])",
        "dynamic({a:1})",
        "dynamic(nullx)",
    ] {
        assert_eq!(refusal(text), ParseErrorKind::Malformed, "{text}");
    }
    let nested = |levels: usize| format!("dynamic({}{})", "[".repeat(levels), "]".repeat(levels));
    assert!(nested(64).parse::<Literal>().is_ok());
    assert_eq!(refusal(&nested(65)), ParseErrorKind::TooLarge);
    assert_eq!(refusal(&"dynamic(".repeat(100_000)), ParseErrorKind::TooLarge);
}

#[test]
fn parameters_are_read_as_their_declared_type() {
    let read = |column_type, value: Value| Literal::from_parameter(column_type, &value);
    for (column_type, value, expected) in [
        (ColumnType::Long, json!(7), Literal::Long(7)),
        (ColumnType::Long, json!("7"), Literal::Long(7)),
        (ColumnType::Long, json!("int(7)"), Literal::Long(7)),
        (ColumnType::Int, json!("long(7)"), Literal::Int(7)),
        (ColumnType::Int, json!(7), Literal::Int(7)),
        (ColumnType::Real, json!(7), Literal::Real(7.0)),
        (ColumnType::Real, json!("real(0.5)"), Literal::Real(0.5)),
        (ColumnType::Real, json!("nan"), Literal::Real(f64::NAN)),
        (
            ColumnType::Decimal,
            json!("1.10"),
            Literal::Decimal("1.1".parse().unwrap()),
        ),
        (ColumnType::Bool, json!(true), Literal::Bool(true)),
        (ColumnType::Bool, json!("true"), Literal::Bool(true)),
        (
            ColumnType::DateTime,
            json!("datetime(1970-05-11)"),
            Literal::DateTime("1970-05-11".parse().unwrap()),
        ),
        (
            ColumnType::DateTime,
            json!("1970-05-11"),
            Literal::DateTime("1970-05-11".parse().unwrap()),
        ),
        (ColumnType::Timespan, json!("1h"), span("01:00:00")),
        (ColumnType::Timespan, json!("01:00:00"), span("01:00:00")),
        (
            ColumnType::Guid,
            json!("74be27de-1e4e-49d9-b579-fe0b331d3642"),
            parse("guid(74be27de-1e4e-49d9-b579-fe0b331d3642)"),
        ),
        (ColumnType::String, json!("bar"), Literal::from("bar")),
        (ColumnType::String, json!("\"bar\""), Literal::from("bar")),
        (ColumnType::String, json!("long(1)"), Literal::from("long(1)")),
        (ColumnType::String, json!("it's"), Literal::from("it's")),
        (
            ColumnType::Dynamic,
            json!("dynamic([\"a\"])"),
            Literal::Dynamic(json!(["a"])),
        ),
        (ColumnType::Dynamic, json!("[1]"), Literal::Dynamic(json!([1]))),
        (
            ColumnType::Dynamic,
            json!({"a": 1}),
            Literal::Dynamic(json!({"a": 1})),
        ),
        (
            ColumnType::Dynamic,
            json!("hello there"),
            Literal::Dynamic(json!("hello there")),
        ),
        (
            ColumnType::Long,
            json!("long(null)"),
            Literal::Null(ColumnType::Long),
        ),
        (ColumnType::Long, json!(null), Literal::Null(ColumnType::Long)),
    ] {
        let found =
            read(column_type.clone(), value.clone()).unwrap_or_else(|error| panic!("{value}: {error}"));
        assert_eq!(found.to_string(), expected.to_string(), "{column_type} {value}");
    }
    for (column_type, value) in [
        (ColumnType::Long, json!("x")),
        (ColumnType::Long, json!(1.5)),
        (ColumnType::Long, json!([1])),
        (ColumnType::Int, json!(4_000_000_000_i64)),
        (ColumnType::DateTime, json!(1)),
        (ColumnType::String, json!(1)),
        (ColumnType::Bool, json!("long(5)")),
    ] {
        assert!(
            read(column_type.clone(), value.clone()).is_err(),
            "{column_type} {value}"
        );
    }
}

#[test]
fn only_plain_names_can_be_declared() {
    assert_eq!(QueryParameters::new().declare("T").as_deref(), Ok("T"));
    for name in ["", "a b", "1a", "a)", "ä", "a:long"] {
        let parameters = QueryParameters::new().parameter(name, 1);
        assert_eq!(
            parameters.declaration().unwrap_err().kind(),
            ParseErrorKind::Malformed,
            "{name}"
        );
    }
    let parameters: QueryParameters = [("_a1", true), ("B", false)].into_iter().collect();
    assert_eq!(
        parameters.declaration().as_deref(),
        Ok("declare query_parameters(B:bool, _a1:bool);")
    );
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has finite numbers", |number| number.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<bool>().prop_map(Literal::from),
        any::<i32>().prop_map(Literal::from),
        any::<i64>().prop_map(Literal::from),
        any::<f64>().prop_map(Literal::from),
        any::<String>().prop_map(Literal::from),
        any::<i64>().prop_map(|ticks| Literal::Timespan(Timespan::from_ticks(ticks))),
        (0..=DateTime::MAX.ticks()).prop_map(|ticks| Literal::DateTime(DateTime::from_ticks(ticks))),
        any::<[u8; 16]>().prop_map(|bytes| Literal::Guid(Guid::from_bytes(bytes))),
        (-(10_i128.pow(34))..10_i128.pow(34), -40..40_i16)
            .prop_map(|(digits, exponent)| Literal::Decimal(Decimal::new(digits, exponent))),
        json_value()
            .prop_filter("has its own null", |value| !value.is_null())
            .prop_map(Literal::from),
        (0..ColumnType::ALL.len())
            .prop_map(|index| Literal::Null(ColumnType::ALL[index].clone()))
            .prop_filter("strings have no null", |literal| literal.column_type()
                != ColumnType::String),
    ]
}

proptest! {
    #[test]
    fn what_is_written_reads_back(literal in any_literal()) {
        let text = literal.to_string();
        let back = text.parse::<Literal>().unwrap();
        prop_assert!(back == literal || back.to_string() == "real(nan)" && text == "real(nan)", "{} {:?}", text, back);
        let value = Value::from(text);
        let parameter = Literal::from_parameter(literal.column_type(), &value).unwrap();
        prop_assert_eq!(parameter.to_string(), literal.to_string());
    }

    #[test]
    fn no_text_escapes_its_quotes(text in any::<String>(), tail in "[\"')\\\\ ]{0,4}") {
        let text = format!("{text}{tail}");
        let string = kql_string(&text);
        prop_assert_eq!(after_string(&string), Some(""));
        let name = kql_identifier(&text);
        prop_assert_eq!(after_string(&name[1..]), Some("]"));
        prop_assert_eq!(kql_obfuscated_string(&text), format!("h{string}"));
    }

    #[test]
    fn no_json_escapes_its_parentheses(value in json_value()) {
        let text = Literal::Dynamic(value).to_string();
        let mut rest = text.strip_prefix("dynamic(").unwrap();
        let mut open = 1;
        while let Some(c) = rest.chars().next() {
            prop_assert!(open > 0, "text follows the literal: {}", text);
            rest = if c == '"' { after_string(rest).unwrap() } else { &rest[c.len_utf8()..] };
            open += i32::from(matches!(c, '(' | '[' | '{')) - i32::from(matches!(c, ')' | ']' | '}'));
        }
        prop_assert_eq!(open, 0);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[ -~\n]{0,40}") {
        let _ = text.parse::<Literal>();
        for column_type in ColumnType::ALL {
            let _ = Literal::from_parameter(column_type, &Value::from(text.as_str()));
        }
    }
}
