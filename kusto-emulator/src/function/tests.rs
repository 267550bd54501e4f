//! Behaviour of functions, one call at a time.

use kusto_protocol::{ColumnType, DateTime, Timespan, Value};

use super::{Argument, all, resolve};
use crate::error::{BindError, EvalError};
use crate::session::Session;
use crate::vector::Vector;

pub(super) fn session() -> Session {
    Session {
        now: "2024-02-29T12:00:00Z".parse().unwrap(),
        database: "Samples".to_owned(),
        cluster: "http://127.0.0.1".to_owned(),
        principal: "aaduser=test".to_owned(),
        ..Session::new("")
    }
}

/// Calls a function with one row of values, first as constants, then as columns: both must agree.
pub(super) fn evaluate(
    name: &str,
    values: &[(ColumnType, Value<'_>)],
) -> Result<Result<Vector, EvalError>, BindError> {
    let vectors: Vec<Vector> = values
        .iter()
        .map(|(ty, value)| Vector::constant(ty.clone(), *value))
        .collect();
    // Constant arguments stay known at binding: some functions demand them.
    let constants: Vec<Argument<'_>> = vectors
        .iter()
        .map(|vector| Argument {
            ty: vector.ty(),
            constant: Some(vector),
        })
        .collect();
    let call = resolve(name, &constants)?;
    let columns: Vec<Vector> = vectors
        .iter()
        .map(|vector| Vector::new(vector.ty().clone(), vector.expand(2).unwrap()))
        .collect();
    let result = call.evaluate(&vectors, 3, &session());
    let varying = call.evaluate(&columns, 2, &session());
    if let (Ok(result), Ok(varying)) = (&result, &varying)
        && call.deterministic
    {
        assert!(result.is_constant(), "{name} of constants is constant");
        assert_eq!(result.ty(), &call.ty, "{name}");
        assert_eq!(varying.ty(), &call.ty, "{name}");
        for row in 0..2 {
            assert_eq!(
                show(&varying.value(row)),
                show(&result.value(0)),
                "{name}({values:?})"
            );
        }
    }
    assert_eq!(result.is_ok(), varying.is_ok(), "{name}({values:?})");
    Ok(result)
}

/// Calls a function that succeeds once it is bound.
pub(super) fn try_call(name: &str, values: &[(ColumnType, Value<'_>)]) -> Result<Vector, BindError> {
    evaluate(name, values).map(|result| result.expect(name))
}

fn show(value: &Value<'_>) -> String {
    format!("{value:?}")
}

/// A value as a test writes it: KQL-like.
pub(crate) fn value(text: &'static str) -> (ColumnType, Value<'static>) {
    let (ty, body) = match text.split_once(':') {
        Some((ty, body)) if !matches!(ColumnType::from_name(ty), ColumnType::Unknown(_)) => (ty, body),
        _ => ("string", text),
    };
    let ty = ColumnType::from_name(ty);
    let value = match (&ty, body) {
        (ColumnType::String, body) => Value::String(body),
        (_, "null") => Value::Null,
        (ColumnType::Bool, body) => Value::Bool(body.parse().unwrap()),
        (ColumnType::Int, body) => Value::Int(body.parse().unwrap()),
        (ColumnType::Long, body) => Value::Long(body.parse().unwrap()),
        (ColumnType::Real, body) => Value::Real(body.parse().unwrap()),
        (ColumnType::DateTime, body) => Value::DateTime(body.parse::<DateTime>().unwrap()),
        (ColumnType::Timespan, body) => Value::Timespan(body.parse::<Timespan>().unwrap()),
        (ColumnType::Guid, body) => Value::Guid(body.parse().unwrap()),
        (ColumnType::Decimal, body) => Value::Decimal(body),
        (_, body) => Value::Dynamic(body),
    };
    (ty, value)
}

/// Asserts that a call of values written as `type:text` gives a value of that form; plain text is a string.
#[track_caller]
pub(super) fn check(name: &str, arguments: &[&'static str], expected: &'static str) {
    let values: Vec<_> = arguments.iter().map(|text| value(text)).collect();
    let result = try_call(name, &values).unwrap_or_else(|error| panic!("{name}: {}", error.message));
    let (ty, expected) = value(expected);
    assert_eq!(result.ty(), &ty, "{name}({arguments:?})");
    assert_eq!(show(&result.value(0)), show(&expected), "{name}({arguments:?})");
}

#[test]
fn names_are_unique() {
    let mut names: Vec<_> = all().map(|(_, function)| function.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest_known_one() {
    let error = resolve("strlenn", &[]).unwrap_err();
    assert_eq!(error.code, "SEM0260");
    assert!(
        error.message.ends_with("Did you mean 'strlen'?"),
        "{}",
        error.message
    );
    let error = resolve("quite_another_name", &[]).unwrap_err();
    assert!(!error.message.contains("Did you mean"), "{}", error.message);
}

#[test]
fn a_wrong_number_or_type_of_arguments_is_refused() {
    assert!(
        resolve("strlen", &[])
            .unwrap_err()
            .message
            .contains("expected 1 argument")
    );
    let error = try_call("ago", &[value("text")]).unwrap_err();
    assert!(
        error.message.contains("argument 1 must be a timespan"),
        "{}",
        error.message
    );
    let error = try_call("==", &[value("x"), value("long:1")]).unwrap_err();
    assert_eq!(error.code, "SEM0064");
}

#[test]
fn comparisons_promote_and_follow_the_rules_of_null() {
    check("==", &["int:1", "long:1"], "bool:true");
    check("<", &["long:1", "real:1.5"], "bool:true");
    check("==", &["decimal:1.0", "real:1"], "bool:true");
    check("==", &["a", "A"], "bool:false");
    check("==", &["long:null", "long:null"], "bool:null");
    check("!=", &["long:null", "long:null"], "bool:null");
    check("==", &["long:null", "long:1"], "bool:false");
    check("!=", &["long:null", "long:1"], "bool:true");
    check("<", &["long:null", "long:1"], "bool:null");
    check("==", &["real:NaN", "real:NaN"], "bool:false");
    check("!=", &["real:NaN", "real:NaN"], "bool:true");
    check("==", &["dynamic:\"x\"", "x"], "bool:true");
    check(
        ">",
        &["dynamic:9007199254740993", "long:9007199254740992"],
        "bool:true",
    );
    check("==", &["dynamic:null", "x"], "bool:false");
    for unordered in [
        ["a", "b"],
        ["dynamic:1", "b"],
        ["dynamic:1", "datetime:2024-01-01"],
    ] {
        let error = try_call("<", &unordered.map(value)).unwrap_err();
        assert_eq!(error.code, "SEM0064", "{unordered:?}");
    }
}

#[test]
fn between_includes_both_ends() {
    check("between", &["long:1", "long:1", "long:3"], "bool:true");
    check("between", &["long:3", "long:1", "long:3"], "bool:true");
    check("!between", &["long:4", "long:1", "long:3"], "bool:true");
    check(
        "between",
        &[
            "datetime:2024-01-03",
            "datetime:2024-01-01",
            "timespan:2.00:00:00",
        ],
        "bool:true",
    );
    check(
        "between",
        &[
            "datetime:2024-01-04",
            "datetime:2024-01-01",
            "timespan:2.00:00:00",
        ],
        "bool:false",
    );
}

#[test]
fn logic_has_three_values() {
    check("and", &["bool:false", "bool:null"], "bool:false");
    check("and", &["bool:true", "bool:null"], "bool:null");
    check("or", &["bool:true", "bool:null", "bool:false"], "bool:true");
    check("or", &["bool:false", "bool:null"], "bool:null");
    check("not", &["bool:null"], "bool:null");
}

#[test]
fn arithmetic_widens_wraps_and_divides_as_the_service_does() {
    check("+", &["int:2147483647", "int:1"], "long:2147483648");
    check(
        "+",
        &["long:9223372036854775807", "long:1"],
        "long:-9223372036854775808",
    );
    check("*", &["long:3", "real:1.5"], "real:4.5");
    check("/", &["long:7", "long:2"], "long:3");
    check("/", &["long:7", "long:0"], "long:null");
    check(
        "/",
        &["long:-9223372036854775808", "long:-1"],
        "long:-9223372036854775808",
    );
    check("/", &["real:1", "real:0"], "real:inf");
    check("%", &["long:-14", "long:12"], "long:10");
    check("%", &["long:-14", "long:-12"], "long:10");
    check("%", &["long:1", "long:0"], "long:null");
    check("+", &["decimal:0.1", "decimal:0.2"], "decimal:0.3");
    check("/", &["decimal:1", "decimal:8"], "decimal:0.125");
    check("+", &["long:null", "long:1"], "long:null");
    check("+", &["dynamic:2", "long:3"], "long:5");
    check("unary -", &["long:5"], "long:-5");
    check("unary -", &["timespan:01:00:00"], "timespan:-01:00:00");
    check("unary -", &["int:5"], "int:-5");
}

#[test]
fn time_adds_to_time() {
    check(
        "+",
        &["datetime:2024-02-28", "timespan:1.00:00:00"],
        "datetime:2024-02-29",
    );
    check(
        "-",
        &["datetime:2024-03-01", "datetime:2024-02-28"],
        "timespan:2.00:00:00",
    );
    check(
        "-",
        &["datetime:0001-01-01", "timespan:1.00:00:00"],
        "datetime:null",
    );
    check("*", &["timespan:01:00:00", "real:1.5"], "timespan:01:30:00");
    check("/", &["timespan:01:00:00", "timespan:00:30:00"], "real:2");
    check("/", &["timespan:01:00:00", "long:4"], "timespan:00:15:00");
    check(
        "%",
        &["timespan:01:10:00", "timespan:01:00:00"],
        "timespan:00:10:00",
    );
}

#[test]
fn string_operators_find_what_they_say() {
    check("has", &["Flash Flood", "flood"], "bool:true");
    check("!has", &["Flooding", "flood"], "bool:true");
    check("has_cs", &["Flash Flood", "flood"], "bool:false");
    check("contains", &["Flooding", "LOOD"], "bool:true");
    check("startswith_cs", &["Flooding", "flood"], "bool:false");
    check("=~", &["ÄPFEL", "äpfel"], "bool:true");
    check("matches regex", &["x12", "^x[0-9]+$"], "bool:true");
    check("has", &["dynamic:\"Flash Flood\"", "flood"], "bool:true");
    check("in", &["long:3", "long:1", "long:3"], "bool:true");
    check("in", &["long:3", "dynamic:[1,3]"], "bool:true");
    check("!in", &["x", "X"], "bool:true");
    check("in~", &["x", "X"], "bool:true");
    check("in", &["long:1", "real:1.5"], "bool:false");
    check("in", &["long:null", "long:1"], "bool:false");
    check("!in", &["long:null", "long:1"], "bool:true");
    check(
        "has_any",
        &["Flash Flood", "dynamic:[\"hail\",\"FLOOD\"]"],
        "bool:true",
    );
    check("has_all", &["Flash Flood", "flash", "hail"], "bool:false");
    check(
        "has_any_index",
        &["Flash Flood", "dynamic:[\"hail\",\"flood\"]"],
        "long:1",
    );
}

#[test]
fn positions_in_strings_count_characters() {
    check("strlen", &["Größe"], "long:5");
    check("string_size", &["Größe"], "long:7");
    check("substring", &["Größe", "long:2", "long:2"], "öß");
    check("substring", &["Größe", "long:-2"], "ße");
    check("substring", &["abc", "long:-2", "long:1"], "b");
    check("substring", &["abc", "long:5"], "");
    check("substring", &["long:12345", "long:1", "long:2"], "23");
    check("indexof", &["abcdefg", "cde"], "long:2");
    check("indexof", &["abcdefg", "cde", "long:3"], "long:-1");
    check("indexof", &["abcdefg", "cde", "long:-5"], "long:2");
    check("indexof", &["abcdefg", "cde", "long:1", "long:2"], "long:2");
    check("indexof", &["abcdefg", "cde", "long:0", "long:2"], "long:-1");
    check(
        "indexof",
        &["äbcdäbcd", "bc", "long:1", "long:10", "long:2"],
        "long:5",
    );
    check("reverse", &["Größe"], "eßörG");
    check("split", &["a_b__c", "_"], "dynamic:[\"a\",\"b\",\"\",\"c\"]");
    check("split", &["a_b", "_", "long:1"], "dynamic:[\"b\"]");
    check("split", &["a_b", "_", "long:5"], "dynamic:[]");
    check("countof", &["aaaa", "aa"], "long:3");
    check("countof", &["aaaa", "a.", "regex"], "long:2");
    check("strcat", &["a", "long:1", "long:null", "bool:true"], "a1true");
    check(
        "strcat_delim",
        &["-", "long:1", "A", "timespan:00:00:01"],
        "1-A-00:00:01",
    );
    check("strrep", &["ab", "long:2", "-"], "ab-ab");
    check("strcmp", &["abc", "ABC"], "long:1");
}

#[test]
fn regular_expressions_extract_and_replace() {
    check("extract", &["x=([0-9.]+)", "long:1", "hello x=45.6|wo"], "45.6");
    check(
        "extract",
        &["x=([0-9]+)", "long:1", "hello x=45", "long"],
        "long:45",
    );
    check("extract", &["x=([0-9]+)", "long:1", "none"], "");
    check(
        "extract_all",
        &["(\\d)(\\w)", "1a 2b"],
        "dynamic:[[\"1\",\"a\"],[\"2\",\"b\"]]",
    );
    check(
        "extract_all",
        &["(\\d)(\\w)", "dynamic:[2]", "1a 2b"],
        "dynamic:[\"a\",\"b\"]",
    );
    check("extract_all", &["(\\d)", "none"], "dynamic:null");
    check(
        "replace_regex",
        &["is 1 and 2", "is (\\d)", "was $\\1"],
        "was $1 and 2",
    );
    check("replace_string", &["a.b.c", ".", "-"], "a-b-c");
    check(
        "replace_strings",
        &["ab", "dynamic:[\"a\",\"b\"]", "dynamic:[\"b\",\"c\"]"],
        "bc",
    );
    check(
        "replace_strings",
        &["This is", "dynamic:[\"is\",\"This\"]", "dynamic:[\"was\",\"x\"]"],
        "Thwas was",
    );
    check("translate", &["krasp", "otsku", "spark"], "kusto");
    check("trim", &["[^\\w]+", "-- Te st // $"], "Te st");
    check("trim_start", &["https://", "https://bing.com"], "bing.com");
    check("trim_end", &["\\s+", "  a  "], "  a");
    check(
        "indexof_regex",
        &["abcabcdefg", "a.c", "long:0", "long:9", "long:2"],
        "long:3",
    );
    check("indexof_regex", &["abcabc", "a", "long:-1"], "long:null");
    let error = try_call("matches regex", &[value("x"), value("(")]).unwrap_err();
    assert!(error.message.contains("not valid"), "{}", error.message);
}

#[test]
fn conversions_give_null_for_what_does_not_fit() {
    check("tolong", &["123"], "long:123");
    check("tolong", &["0x1F"], "long:31");
    check("tolong", &["12x"], "long:null");
    check("tolong", &["real:-1.9"], "long:-1");
    check("tolong", &["real:1e300"], "long:null");
    check("toint", &["long:2147483648"], "int:null");
    check("toreal", &["1e3"], "real:1000");
    check("todouble", &["dynamic:\"1.5\""], "real:1.5");
    check("tobool", &["TRUE"], "bool:true");
    check("tobool", &["0"], "bool:false");
    check("tobool", &["x"], "bool:null");
    check("tostring", &["real:1"], "1.0");
    check("tostring", &["real:1e300"], "1E+300");
    check(
        "tostring",
        &["datetime:2024-01-01"],
        "string:2024-01-01T00:00:00.0000000Z",
    );
    check("tostring", &["dynamic:\"a b\""], "a b");
    check("tostring", &["dynamic:{\"a\":1}"], "string:{\"a\":1}");
    check("tostring", &["long:null"], "");
    check(
        "todatetime",
        &["11/8/2014 3:55 PM"],
        "datetime:2014-11-08T15:55:00Z",
    );
    check("totimespan", &["0.00:01:00"], "timespan:00:01:00");
    check(
        "toguid",
        &["74be27de-1e4e-49d9-b579-fe0b331d3642"],
        "guid:74be27de-1e4e-49d9-b579-fe0b331d3642",
    );
    check("todecimal", &["real:0.1"], "decimal:0.1");
    check(
        "parse_json",
        &["{\"b\": 1, \"a\": [1.50, null]}"],
        "dynamic:{\"b\":1,\"a\":[1.5,null]}",
    );
    check("parse_json", &["no json"], "dynamic:\"no json\"");
    check("parse_json", &[""], "dynamic:null");
}

#[test]
fn conditions_choose_per_row() {
    check("iff", &["bool:true", "long:1", "int:2"], "long:1");
    check("iff", &["bool:null", "a", "b"], "b");
    check("case", &["bool:false", "a", "bool:true", "b", "c"], "b");
    check("coalesce", &["long:null", "long:null", "long:3"], "long:3");
    check("coalesce", &["", "x"], "x");
    check("isempty", &[""], "bool:true");
    check("isnotempty", &["dynamic:\"\""], "bool:false");
    check("isnull", &[""], "bool:false");
    check("isnull", &["real:null"], "bool:true");
    check("isnotnull", &["real:null"], "bool:false");
    check("min_of", &["b", "a"], "a");
    check("assert", &["bool:true", "never"], "bool:true");
    check("max_of", &["long:10", "long:null", "real:17.5"], "real:17.5");
    check(
        "min_of",
        &["datetime:2024-01-02", "datetime:2024-01-01"],
        "datetime:2024-01-01",
    );
}

#[test]
fn bins_go_towards_minus_infinity() {
    check("bin", &["long:-7", "long:5"], "long:-10");
    check("bin", &["real:4.5", "long:1"], "real:4");
    check("bin", &["real:-0.5", "real:1"], "real:-1");
    check(
        "bin",
        &["timespan:16.00:00:00", "timespan:7.00:00:00"],
        "timespan:14.00:00:00",
    );
    check(
        "bin",
        &["datetime:1970-05-11T13:45:07", "timespan:1.00:00:00"],
        "datetime:1970-05-11",
    );
    check("bin", &["long:5", "long:0"], "long:null");
    check("bin_at", &["real:6.5", "real:2.5", "long:7"], "real:4.5");
    check(
        "bin_at",
        &[
            "datetime:2017-05-15T10:20:00",
            "timespan:1.00:00:00",
            "datetime:1970-01-01T12:00:00",
        ],
        "datetime:2017-05-14T12:00:00",
    );
    check("round", &["real:2.98765", "long:3"], "real:2.988");
    check("round", &["real:-2.5"], "real:-3");
    check("round", &["long:1234", "long:-2"], "long:1200");
    check("ceiling", &["real:-1.1"], "real:-1");
}

#[test]
fn the_clock_is_that_of_the_request() {
    check("now", &[], "datetime:2024-02-29T12:00:00Z");
    check("now", &["timespan:-01:00:00"], "datetime:2024-02-29T11:00:00Z");
    check("ago", &["timespan:1.00:00:00"], "datetime:2024-02-28T12:00:00Z");
    check("current_database", &[], "Samples");
}

#[test]
fn chance_differs_from_row_to_row() {
    let call = resolve("new_guid", &[]).unwrap();
    let guids = call.evaluate(&[], 2, &session()).unwrap();
    assert!(!guids.is_constant());
    assert_ne!(show(&guids.value(0)), show(&guids.value(1)));
    let call = resolve("rand", &[]).unwrap();
    let values = call.evaluate(&[], 100, &session()).unwrap();
    let cells = values.reals();
    assert!((0..100).all(|row| (0.0..1.0).contains(&cells.get(row).unwrap())));
}

/// Values at the ends of their ranges and around what functions take for special.
pub(crate) const EXTREMES: &[&str] = &[
    "",
    "é",
    "a,b=\"c\" %zz 1.2.3.4/33 ::1/129 <a b='1'/>",
    "2024-02-30T25:00",
    "$.a[0",
    "(",
    "year",
    "dynamic:null",
    "dynamic:[]",
    "dynamic:[1,\"a\",null,[2],{\"b\":1e308}]",
    "dynamic:{\"a\":{\"b\":[1]}}",
    "dynamic:\"text\"",
    "long:null",
    "long:0",
    "long:-1",
    "long:3",
    "long:9223372036854775807",
    "long:-9223372036854775808",
    "int:-2147483648",
    "real:null",
    "real:NaN",
    "real:-inf",
    "real:1e308",
    "decimal:null",
    "decimal:-170141183460469231731687303715884105728",
    "decimal:1e-30000",
    "bool:true",
    "bool:null",
    "datetime:null",
    "datetime:0001-01-01",
    "datetime:9999-12-31T23:59:59.9999999Z",
    "timespan:10675199.02:48:05.4775807",
    "timespan:-10675199.02:48:05.4775808",
    "guid:00000000-0000-0000-0000-000000000000",
];

#[test]
fn no_function_panics_whatever_it_is_given() {
    // A linear congruence picks arguments: the same ones in every run.
    let mut state: u64 = 1;
    let mut pick = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        value(EXTREMES[(state >> 33) as usize % EXTREMES.len()])
    };
    for (_, function) in all() {
        for len in function.min_arguments..=function.max_arguments.min(function.min_arguments + 3) {
            for _ in 0..15 {
                let arguments: Vec<_> = (0..len).map(|_| pick()).collect();
                // Refusing is fine; what is bound must evaluate, or fail with an error.
                let _ = evaluate(function.name, &arguments);
            }
        }
    }
}
