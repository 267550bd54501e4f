//! Literals: their text to values.

use kusto_kql::ast::{DynamicKind, DynamicValue, Literal, LiteralKind, Span};
use kusto_protocol::{ColumnType, DateTime, Decimal, Guid, Timespan, Value};

use super::{Binder, Result};
use crate::vector::Vector;

impl Binder<'_> {
    /// The value of a literal.
    pub(super) fn literal(&self, literal: &Literal, span: Span) -> Result<Vector> {
        literal_value(literal).ok_or_else(|| {
            let (text, ty) = (&literal.text, literal_type(literal.kind));
            self.semantic(
                span,
                "SEM0022",
                format!("'{text}' is not a literal of type {ty}."),
            )
        })
    }

    /// The value of `dynamic(…)`.
    pub(super) fn dynamic(&self, value: &DynamicValue) -> Result<Vector> {
        if value.kind == DynamicKind::Null {
            return Ok(Vector::null(ColumnType::Dynamic));
        }
        let mut json = String::new();
        self.write_json(value, &mut json)?;
        Ok(Vector::constant(ColumnType::Dynamic, Value::Dynamic(&json)))
    }

    fn write_json(&self, value: &DynamicValue, json: &mut String) -> Result<()> {
        match &value.kind {
            DynamicKind::Null => json.push_str("null"),
            DynamicKind::ClientParameter(name) => {
                let what = format!("the client parameter '{{{name}}}'");
                return Err(self.unsupported(value.span, what));
            }
            DynamicKind::Literal(literal) => {
                let vector = self.literal(literal, value.span)?;
                write_json_leaf(vector.value(0), json);
            }
            DynamicKind::Array(values) => {
                json.push('[');
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        json.push(',');
                    }
                    self.write_json(value, json)?;
                }
                json.push(']');
            }
            DynamicKind::Bag(entries) => {
                json.push('{');
                for (index, entry) in entries.iter().enumerate() {
                    if index > 0 {
                        json.push(',');
                    }
                    write_json_text(&entry.key, json);
                    json.push(':');
                    self.write_json(&entry.value, json)?;
                }
                json.push('}');
            }
        }
        Ok(())
    }
}

/// A scalar as JSON. What JSON has no form for is text.
fn write_json_leaf(value: Value<'_>, json: &mut String) {
    match value {
        Value::Null => json.push_str("null"),
        Value::Bool(_) | Value::Int(_) | Value::Long(_) | Value::Decimal(_) => {
            json.push_str(&value.to_string())
        }
        Value::Real(real) if real.is_finite() => json.push_str(&real_text(real)),
        Value::String(text) => write_json_text(text, json),
        other => write_json_text(&other.to_string(), json),
    }
}

/// The shortest text of a number that is a real when read back.
fn real_text(real: f64) -> String {
    format!("{real:?}")
}

fn write_json_text(text: &str, json: &mut String) {
    // Text always has a JSON form.
    json.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// The type of a literal.
const fn literal_type(kind: LiteralKind) -> ColumnType {
    match kind {
        LiteralKind::Bool => ColumnType::Bool,
        LiteralKind::DateTime => ColumnType::DateTime,
        LiteralKind::Decimal => ColumnType::Decimal,
        LiteralKind::Guid => ColumnType::Guid,
        LiteralKind::Int => ColumnType::Int,
        LiteralKind::Long => ColumnType::Long,
        LiteralKind::Real => ColumnType::Real,
        LiteralKind::String => ColumnType::String,
        LiteralKind::Timespan => ColumnType::Timespan,
    }
}

/// The value of a literal; `None` if its text does not fit its type.
pub(crate) fn literal_value(literal: &Literal) -> Option<Vector> {
    let text = literal.text.trim();
    let ty = literal_type(literal.kind);
    if literal.kind == LiteralKind::String {
        return Some(Vector::constant(ty, Value::String(&literal.text)));
    }
    if text.eq_ignore_ascii_case("null") {
        return Some(Vector::null(ty));
    }
    let decimal;
    let value = match literal.kind {
        LiteralKind::Bool => Value::Bool(bool_value(text)?),
        LiteralKind::DateTime => Value::DateTime(datetime_value(text)?),
        LiteralKind::Decimal => {
            decimal = text.parse::<Decimal>().ok()?.to_string();
            Value::Decimal(&decimal)
        }
        LiteralKind::Guid => Value::Guid(text.parse::<Guid>().ok()?),
        LiteralKind::Int => Value::Int(i32::try_from(integer(text)?).ok()?),
        LiteralKind::Long => Value::Long(integer(text)?),
        LiteralKind::Real => Value::Real(real(text)?),
        LiteralKind::Timespan => Value::Timespan(timespan_value(text)?),
        LiteralKind::String => return None,
    };
    Some(Vector::constant(ty, value))
}

fn bool_value(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// A whole number, decimal or with `0x`, whose two's complement may use all bits.
fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let hexadecimal = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    if let Some(digits) = hexadecimal {
        let bits = u64::from_str_radix(digits, 16).ok()?.cast_signed();
        return Some(if negative { bits.wrapping_neg() } else { bits });
    }
    if negative {
        return format!("-{digits}").parse().ok();
    }
    digits.parse().ok()
}

fn real(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "nan" => Some(f64::NAN),
        "inf" | "+inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        // Rust would also read "infinity", which KQL does not.
        number if number.contains("nf") || number.contains("nan") => None,
        number => number.parse().ok(),
    }
}

fn datetime_value(text: &str) -> Option<DateTime> {
    if let Ok(value) = text.parse() {
        return Some(value);
    }
    let source = Vector::constant(ColumnType::String, Value::String(text));
    let cast = crate::function::cast(&source, &ColumnType::DateTime).ok()?;
    match cast.value(0) {
        Value::DateTime(value) => Some(value),
        _ => None,
    }
}

/// `1.02:03:04.5`, `1.5h`, `15 seconds`, or a bare number of days.
fn timespan_value(text: &str) -> Option<Timespan> {
    if text.contains(':') {
        return text.parse().ok();
    }
    let end = text
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "d" | "day" | "days" => 864_000_000_000,
        "h" | "hr" | "hrs" | "hour" | "hours" => 36_000_000_000,
        "m" | "min" | "minute" | "minutes" => 600_000_000,
        "s" | "sec" | "second" | "seconds" => 10_000_000,
        "ms" | "milli" | "millis" | "millisec" | "millisecond" | "milliseconds" => 10_000,
        "micro" | "micros" | "microsec" | "microsecond" | "microseconds" => 10,
        "tick" | "ticks" => 1,
        "nano" | "nanos" | "nanosec" | "nanosecond" | "nanoseconds" => {
            return Some(Timespan::from_ticks(number.parse::<i64>().ok()? / 100));
        }
        _ => return None,
    };
    if let Ok(whole) = number.parse::<i64>() {
        return whole.checked_mul(unit).map(Timespan::from_ticks);
    }
    let ticks = number.parse::<f64>().ok()? * unit as f64;
    (ticks.abs() < i64::MAX as f64).then(|| Timespan::from_ticks(ticks.round() as i64))
}
