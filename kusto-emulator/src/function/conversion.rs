//! Conversions between the ten types, by name (`tolong`) and where a function wants another type.

use std::borrow::Cow;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_cast::{CastOptions, cast_with_options};
use kusto_protocol::{ColumnType, DateTime, Decimal, Guid, Timespan, Value};

use super::arguments::Arguments;
use super::json::Json;
use super::kind::{self, Output, nullable_texts};
use super::{Call, Family, Function, json, time_text};
use crate::error::{BindError, EvalError};
use crate::types;
use crate::vector::{Vector, value_at};

pub(super) const FAMILY: Family = Family {
    name: "Conversions",
    functions: &[
        Function::new("tobool", (1, 1), "(value) -> bool", |_| to(ColumnType::Bool)),
        Function::new("toboolean", (1, 1), "(value) -> bool", |_| to(ColumnType::Bool)),
        Function::new("todatetime", (1, 1), "(value) -> datetime", |_| {
            to(ColumnType::DateTime)
        }),
        Function::new("todecimal", (1, 1), "(value) -> decimal", |_| {
            to(ColumnType::Decimal)
        }),
        Function::new("todouble", (1, 1), "(value) -> real", |_| to(ColumnType::Real)),
        Function::new("todynamic", (1, 1), "(value) -> dynamic", to_dynamic),
        Function::new("toguid", (1, 1), "(value) -> guid", |_| to(ColumnType::Guid)),
        Function::new("toint", (1, 1), "(value) -> int", |_| to(ColumnType::Int)),
        Function::new("tolong", (1, 1), "(value) -> long", |_| to(ColumnType::Long)),
        Function::new("toobject", (1, 1), "(value) -> dynamic", to_dynamic),
        Function::new("toreal", (1, 1), "(value) -> real", |_| to(ColumnType::Real)),
        Function::new("tostring", (1, 1), "(value) -> string", |_| {
            to(ColumnType::String)
        }),
        Function::new("totime", (1, 1), "(value) -> timespan", |_| {
            to(ColumnType::Timespan)
        }),
        Function::new("totimespan", (1, 1), "(value) -> timespan", |_| {
            to(ColumnType::Timespan)
        }),
        Function::new("parse_json", (1, 1), "(text) -> dynamic", to_dynamic),
        Function::new("parsejson", (1, 1), "(text) -> dynamic", to_dynamic),
    ],
};

/// Converts a vector; what has no counterpart in the other type becomes null.
///
/// Text becomes a `dynamic` string here; only [`parse_json`](to_dynamic) looks for JSON in it.
///
/// # Errors
///
/// The result exceeds what one column holds.
pub(crate) fn cast(vector: &Vector, to: &ColumnType) -> Result<Vector, EvalError> {
    use ColumnType::{Int, Long, Real};
    let values = match (vector.ty(), to) {
        (from, to) if from == to => return Ok(vector.clone()),
        (Int | Long | Real, Int | Long | Real) => {
            let options = CastOptions {
                safe: true,
                ..CastOptions::default()
            };
            cast_with_options(vector.values(), &types::data_type(to), &options)?
        }
        (_, to) => cast_rows(vector, to)?,
    };
    Ok(with_values(vector, to, values))
}

fn to(ty: ColumnType) -> Result<Call, BindError> {
    Ok(Call::new(ty.clone(), move |vectors, _, _| cast(&vectors[0], &ty)))
}

/// `parse_json`: the value that a text is in JSON, or the text itself as a string.
fn to_dynamic(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    if *arguments.ty(0) != ColumnType::String {
        return to(ColumnType::Dynamic);
    }
    Ok(Call::new(ColumnType::Dynamic, |vectors, _, _| {
        let texts = vectors[0].values().as_string::<i32>();
        let parsed = texts.iter().map(|text| {
            let text = text.unwrap_or_default().trim();
            (!text.is_empty()).then(|| json::parse(text))
        });
        Ok(with_values(
            &vectors[0],
            &ColumnType::Dynamic,
            kind::Json::collect(parsed)?,
        ))
    }))
}

fn cast_rows(vector: &Vector, to: &ColumnType) -> Result<ArrayRef, EvalError> {
    let values = vector.values();
    // A dynamic is parsed first, and the scalar within is what is converted.
    if *vector.ty() == ColumnType::Dynamic && *to != ColumnType::String {
        let parsed: Vec<Json> = values
            .as_string::<i32>()
            .iter()
            .map(|text| text.map_or(Json::Null, json::parse))
            .collect();
        return collect_as(to, parsed.len(), |row| scalar(&parsed[row]));
    }
    collect_as(to, values.len(), |row| value_at(vector.ty(), values, row))
}

fn collect_as<'a>(
    to: &ColumnType,
    rows: usize,
    value: impl Fn(usize) -> Value<'a>,
) -> Result<ArrayRef, EvalError> {
    let rows = 0..rows;
    match to {
        ColumnType::Bool => kind::Bool::collect(rows.map(|row| bool(value(row)))),
        ColumnType::Int => {
            kind::Int::collect(rows.map(|row| long(value(row)).and_then(|value| value.try_into().ok())))
        }
        ColumnType::Long => kind::Long::collect(rows.map(|row| long(value(row)))),
        ColumnType::Real => kind::Real::collect(rows.map(|row| real(value(row)))),
        ColumnType::DateTime => {
            kind::DateTime::collect(rows.map(|row| datetime(value(row)).map(DateTime::ticks)))
        }
        ColumnType::Timespan => {
            kind::Timespan::collect(rows.map(|row| timespan(value(row)).map(Timespan::ticks)))
        }
        ColumnType::Guid => {
            kind::Guid::collect(rows.map(|row| guid(value(row)).map(|guid| *guid.as_bytes())))
        }
        ColumnType::Decimal => kind::Decimal::collect(rows.map(|row| decimal(value(row)))),
        ColumnType::String => nullable_texts(rows.map(|row| Some(text(value(row))))),
        _ => kind::Json::collect(rows.map(|row| Some(json::from_value(value(row))))),
    }
}

/// A constant stays one.
fn with_values(like: &Vector, ty: &ColumnType, values: ArrayRef) -> Vector {
    if like.is_constant() {
        Vector::new_constant(ty.clone(), values)
    } else {
        Vector::new(ty.clone(), values)
    }
}

/// The scalar within a `dynamic`; arrays and bags are null to conversions.
pub(crate) fn scalar(value: &Json) -> Value<'_> {
    match value {
        Json::Null | Json::Array(_) | Json::Object(_) => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(value) => Value::Long(value),
            None => number.as_f64().map_or(Value::Null, Value::Real),
        },
        Json::String(text) => Value::String(text),
    }
}

/// The text of a value; nothing for null.
pub(crate) fn text(value: Value<'_>) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Int(value) => Cow::Owned(value.to_string()),
        Value::Long(value) => Cow::Owned(value.to_string()),
        Value::Real(value) => Cow::Owned(real_text(value)),
        Value::DateTime(value) => Cow::Owned(time_text::datetime(value)),
        Value::Timespan(value) => Cow::Owned(value.to_string()),
        Value::Guid(value) => Cow::Owned(value.to_string()),
        Value::String(text) | Value::Decimal(text) => Cow::Borrowed(text),
        Value::Dynamic(text) => {
            if text.starts_with('"') {
                Cow::Owned(json::plain_text(&json::parse(text)).into_owned())
            } else if text == "null" {
                Cow::Borrowed("")
            } else {
                Cow::Borrowed(text)
            }
        }
        // No column of this service has a type beside the ten.
        _ => Cow::Borrowed(""),
    }
}

/// A `real` as text: at least one fraction digit, an exponent for the very large and small.
pub(crate) fn real_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let text = format!("{value:?}");
    match text.split_once('e') {
        None => text,
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |e| ('-', e));
            format!("{digits}E{sign}{exponent:0>2}")
        }
    }
}

fn bool(value: Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(value),
        Value::Int(value) => Some(value != 0),
        Value::Long(value) => Some(value != 0),
        Value::Real(value) => Some(value != 0.0),
        Value::Decimal(text) => Some(text.parse::<Decimal>().ok()?.coefficient() != 0),
        Value::String(text) => {
            let text = text.trim();
            if text.eq_ignore_ascii_case("true") {
                Some(true)
            } else if text.eq_ignore_ascii_case("false") {
                Some(false)
            } else {
                text.parse::<f64>().ok().map(|value| value != 0.0)
            }
        }
        _ => None,
    }
}

fn long(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Bool(value) => Some(value.into()),
        Value::Int(value) => Some(value.into()),
        Value::Long(value) => Some(value),
        Value::Real(value) => real_to_long(value),
        Value::DateTime(value) => Some(value.ticks()),
        Value::Timespan(value) => Some(value.ticks()),
        Value::Decimal(text) => decimal_to_long(text.parse().ok()?),
        Value::String(text) => {
            let text = text.trim();
            match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                Some(digits) => u64::from_str_radix(digits, 16).ok().map(|value| value as i64),
                None => text.parse().ok(),
            }
        }
        _ => None,
    }
}

fn real(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Bool(value) => Some(f64::from(u8::from(value))),
        Value::Int(value) => Some(value.into()),
        Value::Long(value) => Some(value as f64),
        Value::Real(value) => Some(value),
        Value::DateTime(value) => Some(value.ticks() as f64),
        Value::Timespan(value) => Some(value.ticks() as f64),
        Value::Decimal(text) => Some(text.parse::<Decimal>().ok()?.to_f64()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Cuts the fraction off; `None` outside of what 64 bits hold.
pub(crate) fn real_to_long(value: f64) -> Option<i64> {
    let value = value.trunc();
    // Both bounds are exact: the upper one is the first value that is too large.
    (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0)
        .contains(&value)
        .then_some(value as i64)
}

fn decimal_to_long(value: Decimal) -> Option<i64> {
    let power = 10i128.checked_pow(u32::from(value.exponent().unsigned_abs()));
    let whole = if value.exponent() < 0 {
        power.map_or(Some(0), |power| value.coefficient().checked_div(power))
    } else {
        power.and_then(|power| value.coefficient().checked_mul(power))
    };
    whole?.try_into().ok()
}

pub(super) fn decimal(value: Value<'_>) -> Option<Decimal> {
    match value {
        Value::Bool(value) => Some(Decimal::from(i64::from(value))),
        Value::Int(value) => Some(Decimal::from(i64::from(value))),
        Value::Long(value) => Some(Decimal::from(value)),
        Value::Real(value) => format!("{value:?}").parse().ok(),
        Value::Decimal(text) | Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

pub(super) fn datetime(value: Value<'_>) -> Option<DateTime> {
    let at = match value {
        Value::DateTime(value) => value,
        Value::Int(value) => DateTime::from_ticks(value.into()),
        Value::Long(value) => DateTime::from_ticks(value),
        Value::Timespan(value) => DateTime::from_ticks(value.ticks()),
        Value::String(text) => time_text::parse_datetime(text)?,
        _ => return None,
    };
    (DateTime::MIN..=DateTime::MAX).contains(&at).then_some(at)
}

pub(super) fn timespan(value: Value<'_>) -> Option<Timespan> {
    match value {
        Value::Timespan(value) => Some(value),
        Value::Int(value) => Some(Timespan::from_ticks(value.into())),
        Value::Long(value) => Some(Timespan::from_ticks(value)),
        Value::DateTime(value) => Some(Timespan::from_ticks(value.ticks())),
        Value::String(text) => time_text::parse_timespan(text),
        _ => None,
    }
}

pub(super) fn guid(value: Value<'_>) -> Option<Guid> {
    match value {
        Value::Guid(value) => Some(value),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
