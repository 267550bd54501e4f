//! Values of `dynamic` as JSON.

use std::borrow::Cow;
use std::cmp::Ordering;

use kusto_protocol::Value;

use super::time_text;

/// A parsed `dynamic`. Bags keep the order of their slots.
pub(crate) type Json = serde_json::Value;

/// Reads the text of a `dynamic`. What is not JSON is a string, as the service has it.
pub(crate) fn parse(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()))
}

/// The text that a `dynamic` is kept as.
pub(crate) fn to_text(value: &Json) -> String {
    value.to_string()
}

/// A value of any type as part of a `dynamic`: what JSON has no type for is text.
pub(crate) fn from_value(value: Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(value),
        Value::Int(value) => Json::from(value),
        Value::Long(value) => Json::from(value),
        Value::Real(value) => from_real(value),
        Value::DateTime(value) => Json::String(time_text::datetime(value)),
        Value::Timespan(value) => Json::String(value.to_string()),
        Value::Guid(value) => Json::String(value.to_string()),
        Value::Decimal(text) | Value::String(text) => Json::String(text.to_owned()),
        Value::Dynamic(text) => parse(text),
        // No column of this service has a type beside the ten.
        _ => Json::Null,
    }
}

/// A `real`; the three values that JSON cannot write are strings.
pub(crate) fn from_real(value: f64) -> Json {
    serde_json::Number::from_f64(value)
        .map_or_else(|| Json::String(super::conversion::real_text(value)), Json::Number)
}

/// The text of a value: strings without quotes, null as nothing, all else as JSON.
pub(crate) fn plain_text(value: &Json) -> Cow<'_, str> {
    match value {
        Json::Null => Cow::Borrowed(""),
        Json::String(text) => Cow::Borrowed(text),
        value => Cow::Owned(value.to_string()),
    }
}

/// The elements of an array; what is no array is a list of itself.
pub(crate) fn list(value: &Json) -> &[Json] {
    match value {
        Json::Array(array) => array,
        value => std::slice::from_ref(value),
    }
}

/// Whether two values are equal: numbers by value, whatever they are written as.
pub(crate) fn equal(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(a), Json::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        _ => left == right,
    }
}

/// The order that arrays are sorted in: numbers, then strings, then other values.
pub(crate) fn compare(left: &Json, right: &Json) -> Ordering {
    match (left, right) {
        (Json::Number(a), Json::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        },
        (Json::String(a), Json::String(b)) => a.cmp(b),
        (Json::Bool(a), Json::Bool(b)) => a.cmp(b),
        (left, right) => rank(left)
            .cmp(&rank(right))
            .then_with(|| left.to_string().cmp(&right.to_string())),
    }
}

/// The order of a text and a number: as numbers if the text is one, else none.
pub(crate) fn compare_text_with_number(text: &str, number: &Json) -> Option<Ordering> {
    let text: f64 = text.trim().parse().ok()?;
    text.partial_cmp(&number.as_f64()?)
}

const fn rank(value: &Json) -> u8 {
    match value {
        Json::Bool(_) => 0,
        Json::Number(_) => 1,
        Json::String(_) => 2,
        Json::Array(_) => 3,
        Json::Object(_) => 4,
        Json::Null => 5,
    }
}
