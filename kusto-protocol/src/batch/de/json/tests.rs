//! Against serde_json.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::*;

fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, String> {
    from_json(text, false, |json| T::deserialize(json)).map_err(|error| error.to_string())
}

/// Reads as serde_json does, or refuses what it refuses; by position it may refuse more.
fn as_serde_json<'de, T: Deserialize<'de> + PartialEq + Debug>(text: &'de str) {
    let expected = serde_json::from_str(text).ok();
    assert_eq!(read::<T>(text).ok(), expected, "{text}");
    if let Ok(value) = by_position::<T>(text) {
        assert_eq!(Some(value), expected, "{text}");
    }
}

fn by_position<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, String> {
    from_json(text, true, |json| T::deserialize(json)).map_err(|error| error.to_string())
}

#[derive(Debug, Deserialize, PartialEq)]
struct Outer {
    first: Inner,
    #[serde(default)]
    second: Option<i64>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Inner {
    #[serde(rename = "é \\n")]
    odd: u8,
    #[serde(alias = "alias")]
    plain: u8,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Empty {}

#[derive(Debug, Deserialize, PartialEq)]
struct Pair {
    a: u8,
    b: String,
}

#[test]
fn members_that_are_the_fields_in_their_order_are_read_by_position() {
    assert_eq!(
        by_position::<Pair>("{\"a\":1,\"b\":\"x\"}"),
        read("{\"a\":1,\"b\":\"x\"}")
    );
    assert_eq!(
        by_position::<Vec<Option<Pair>>>("[{\"a\":1,\"b\":\"\"} , null,[2,\"y\"]]"),
        read("[{\"a\":1,\"b\":\"\"},null,{\"a\":2,\"b\":\"y\"}]")
    );
    for other in [
        "{\"b\":\"x\",\"a\":1}",
        "{\"a\":1}",
        "{\"a\":1,\"b\":\"x\",\"c\":0}",
        "{\"a\": 1,\"b\" :\"x\"}",
        "{\"\\u0061\":1,\"b\":\"x\"}",
        "{\"a\":1,\"b\":\"x\"",
        "{\"a\":1,\"b",
        "{\"a\":1,\"b\"",
        "{\"a\":1,\"b\":",
        "{\"a\":1,",
        "{\"a\":1 \"b\":\"x\"}",
        "{,\"a\":1,\"b\":\"x\"}",
        "{}",
        "{",
    ] {
        assert!(by_position::<Pair>(other).is_err(), "{other}");
        as_serde_json::<Pair>(other);
    }
}

#[test]
fn by_position_nothing_else_is_read_than_by_name() {
    for text in [
        "{\"first\":{\"é \\n\":1,\"plain\":2},\"second\":3}",
        "{\"first\":{\"é \\\\n\":1,\"plain\":2},\"second\":3}",
        "{\"first\":{\"é \\\\n\":1,\"alias\":2},\"second\":3}",
        "{\"first\":{\"é \\\\n\":1,\"plain\":2,\"alias\":2},\"second\":3}",
        "{\"first\":[1,2],\"second\":3}",
        "{\"first\":{\"alias\":2,\"plain\":1},\"second\":3}",
        "{\"plain\":1,\"alias\":2}",
        "{\"alias\":1,\"plain\":2}",
        "{\"é \\\\n\":1,\"alias\":2}",
        "{\"é \\\\n\":1,\"plain\":2}",
        "{}",
        "[]",
        "{\"x\":{}}",
    ] {
        as_serde_json::<Outer>(text);
        as_serde_json::<Inner>(text);
        as_serde_json::<Empty>(text);
    }
}

#[derive(Debug, Deserialize, PartialEq)]
enum Shape {
    Unit,
    One(i64),
    Two(i64, String),
    Named { a: Option<bool>, b: f32 },
}

#[test]
fn types_are_read_as_serde_json_reads_them() {
    for text in [
        "\"Unit\"",
        "{\"Unit\":null}",
        "{\"Unit\":1}",
        "{\"One\": -5}",
        "{\"Two\":[1,\"x\"]}",
        "{\"Two\":[1]}",
        "{\"Named\":{\"b\":1,\"a\":true}}",
        "{\"Named\":[null,2.5]}",
        "{\"Named\":{\"b\":1},\"x\":1}",
        "\"Other\"",
        "{}",
        "1",
    ] {
        as_serde_json::<Shape>(text);
        as_serde_json::<Option<Shape>>(text);
        as_serde_json::<BTreeMap<String, Value>>(text);
    }
    for text in [
        "{\"1\":2}",
        "{\"-1\":2}",
        "{\"true\":2}",
        "{\"x\":2}",
        "{\"Unit\":2}",
        "{\"1.5\":0}",
        "{\"2020-01-01\":1}",
    ] {
        as_serde_json::<BTreeMap<i8, u8>>(text);
        as_serde_json::<BTreeMap<u128, u8>>(text);
        as_serde_json::<BTreeMap<bool, u8>>(text);
        as_serde_json::<BTreeMap<Option<String>, u8>>(text);
        as_serde_json::<BTreeMap<crate::DateTime, u8>>(text);
    }
    for text in [
        "0",
        "-0",
        "-1",
        "1",
        "255",
        "256",
        "-128",
        "1e3",
        "1.0",
        "-1.5e-3",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "1e+",
        "--1",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "1e400",
        "-1e400",
        "340282366920938463463374607431768211455",
        "0.1",
        "123456789012345678901234567890.5",
        "2.2250738585072014e-308",
        "true",
        "null",
        "\"1\"",
        "[]",
        "1 2",
        "",
    ] {
        as_serde_json::<u8>(text);
        as_serde_json::<i8>(text);
        as_serde_json::<i64>(text);
        as_serde_json::<u64>(text);
        as_serde_json::<i128>(text);
        as_serde_json::<u128>(text);
        as_serde_json::<f64>(text);
        as_serde_json::<f32>(text);
        as_serde_json::<bool>(text);
        as_serde_json::<()>(text);
        as_serde_json::<Option<u8>>(text);
        as_serde_json::<Value>(text);
        // Where the text goes on.
        for text in [
            format!("[{text}]"),
            format!("[{text} , {text}]"),
            format!("[{text}"),
        ] {
            as_serde_json::<Vec<u64>>(&text);
            as_serde_json::<Vec<i64>>(&text);
            as_serde_json::<Vec<f64>>(&text);
            as_serde_json::<Value>(&text);
        }
    }
    for text in [
        "\"x\"",
        "\"\"",
        "\"xy\"",
        "\"a\\n\\u00e9\"",
        "\"\u{1}\"",
        "\"x",
        "\"\\x\"",
        "[1,2]",
        "[1,2,]",
        "[1 2]",
        "[,]",
        "[1,[2]]",
    ] {
        as_serde_json::<char>(text);
        as_serde_json::<String>(text);
        as_serde_json::<&str>(text);
        as_serde_json::<Cow<'_, str>>(text);
        as_serde_json::<Vec<u8>>(text);
        as_serde_json::<(u8, u8)>(text);
        as_serde_json::<Vec<Value>>(text);
    }
}

#[test]
fn scalars_are_read_from_their_text() {
    for text in [
        "\"2020-02-29T12:00:00Z\"",
        "\"2020-02-29T12:00:00.1234567Z\"",
        "\"2020-02-29\"",
        "\"2020-02-29T14:00:00+02:00\"",
        "\"2020-02-30T12:00:00Z\"",
        "\"01:02:03\"",
        "12",
        "null",
    ] {
        as_serde_json::<crate::DateTime>(text);
        as_serde_json::<Option<crate::DateTime>>(text);
        as_serde_json::<crate::Timespan>(text);
    }
    let guid = "\"74be27de-1e4e-49d9-b579-fe0b331d3642\"";
    as_serde_json::<crate::Guid>(guid);
}

#[test]
fn raw_values_are_kept_as_they_are() {
    #[derive(Deserialize)]
    struct Bag<'a> {
        #[serde(borrow)]
        inner: &'a RawValue,
        n: i64,
    }
    let bag: Bag<'_> = read("{\"inner\": {\"a\" : [1]} , \"n\":3}").unwrap();
    assert_eq!((bag.inner.get(), bag.n), ("{\"a\" : [1]}", 3));
}

#[test]
fn an_error_says_what_and_where() {
    assert_eq!(
        read::<Vec<u8>>("[1, \"x\"]"),
        Err("wanted u8, found a string, at byte 4".into())
    );
    assert_eq!(
        read::<u8>("300"),
        Err("wanted u8, found integer `300`, at byte 3".into())
    );
    assert_eq!(read::<Vec<u8>>("[1, x]"), Err("no JSON, at byte 4".into()));
    assert_eq!(
        read::<Vec<u8>>("[1"),
        Err("the text ends too soon, at byte 2".into())
    );
    assert_eq!(
        read::<u8>("1 x"),
        Err("there is more after the value, at byte 2".into())
    );
}

#[test]
fn brackets_within_each_other_are_limited() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(read::<Value>(&nested(127)).is_ok());
    assert!(
        read::<Value>(&nested(128))
            .unwrap_err()
            .starts_with("too many brackets")
    );
    assert!(read::<serde::de::IgnoredAny>(&nested(1 << 20)).is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_as_serde_json_reads_it(
        text in "([\\[\\]{},: 0-9eE.+\\-\"\\\\untrfalse\u{e9}\n\u{1}]|\":\"|\",\"|true|null|\"a\":|1.5){0,12}",
    ) {
        // serde_json refuses half of a surrogate pair, which random text does not come upon.
        as_serde_json::<Value>(&text);
        as_serde_json::<BTreeMap<String, f64>>(&text);
        as_serde_json::<Vec<Option<i64>>>(&text);
    }

    #[test]
    fn numbers_are_rounded_as_serde_json_rounds_them(number in any::<f64>(), digits in "-?[0-9]{1,25}(\\.[0-9]{1,25})?(e-?[0-9]{1,3})?") {
        as_serde_json::<f64>(&number.to_string());
        as_serde_json::<f64>(&digits);
        as_serde_json::<Value>(&format!("[{digits}]"));
        as_serde_json::<Vec<u64>>(&format!("[{digits}]"));
    }
}
