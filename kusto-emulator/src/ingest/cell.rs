//! Builds Arrow arrays of Kusto's types from cells of text or JSON.
//!
//! A cell that cannot be read as its column's type becomes a null, as Kusto's ingestion does.

use std::str::FromStr;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    BooleanBuilder, FixedSizeBinaryBuilder, Float64Builder, Int32Builder, Int64Builder, StringBuilder,
};
use kusto_protocol::{Column, ColumnType, DateTime, Decimal, Guid, Timespan};
use serde_json::value::RawValue;

/// A column under construction.
#[derive(Debug)]
pub(crate) enum CellBuilder {
    Bool(BooleanBuilder),
    DateTime(Int64Builder),
    Decimal(StringBuilder),
    Dynamic(StringBuilder),
    Guid(FixedSizeBinaryBuilder),
    Int(Int32Builder),
    Long(Int64Builder),
    Real(Float64Builder),
    String(StringBuilder),
    Timespan(Int64Builder),
}

impl CellBuilder {
    pub(crate) fn new(column_type: &ColumnType) -> Self {
        match column_type {
            ColumnType::Bool => Self::Bool(BooleanBuilder::new()),
            ColumnType::DateTime => Self::DateTime(Int64Builder::new()),
            ColumnType::Decimal => Self::Decimal(StringBuilder::new()),
            ColumnType::Dynamic => Self::Dynamic(StringBuilder::new()),
            ColumnType::Guid => Self::Guid(FixedSizeBinaryBuilder::new(16)),
            ColumnType::Int => Self::Int(Int32Builder::new()),
            ColumnType::Long => Self::Long(Int64Builder::new()),
            ColumnType::Real => Self::Real(Float64Builder::new()),
            ColumnType::Timespan => Self::Timespan(Int64Builder::new()),
            // Tables are created with the ten types only; anything else would be text.
            _ => Self::String(StringBuilder::new()),
        }
    }

    /// One builder for each column.
    pub(crate) fn for_columns(columns: &[Column]) -> Vec<Self> {
        columns
            .iter()
            .map(|column| Self::new(&column.column_type))
            .collect()
    }

    /// Appends a cell of a text format: empty text is a missing value.
    pub(crate) fn push_text(&mut self, text: &str) {
        match self {
            // Strings keep their white space and are never null.
            Self::String(builder) => builder.append_value(text),
            Self::Dynamic(builder) => match text.trim() {
                "" => builder.append_null(),
                json if is_json(json) => builder.append_value(json),
                plain => builder.append_value(json_string(plain)),
            },
            _ => self.push_trimmed(text.trim()),
        }
    }

    /// Appends a JSON value.
    pub(crate) fn push_json(&mut self, value: &RawValue) {
        let json = value.get();
        match (json.as_bytes().first(), &mut *self) {
            (Some(b'n'), _) => self.push_missing(),
            (_, Self::Dynamic(builder)) => builder.append_value(json),
            (Some(b'"'), _) => match serde_json::from_str::<String>(json) {
                Ok(text) => self.push_text(&text),
                Err(_) => self.push_missing(),
            },
            (_, Self::String(builder)) => builder.append_value(json),
            _ => self.push_trimmed(json),
        }
    }

    /// Appends a missing value: a null, or the empty string.
    pub(crate) fn push_missing(&mut self) {
        match self {
            Self::Bool(builder) => builder.append_null(),
            Self::DateTime(builder) | Self::Long(builder) | Self::Timespan(builder) => builder.append_null(),
            Self::Decimal(builder) | Self::Dynamic(builder) => builder.append_null(),
            Self::Guid(builder) => builder.append_null(),
            Self::Int(builder) => builder.append_null(),
            Self::Real(builder) => builder.append_null(),
            Self::String(builder) => builder.append_value(""),
        }
    }

    /// The array of all cells so far; the builder is empty afterwards.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::DateTime(builder) | Self::Long(builder) | Self::Timespan(builder) => {
                Arc::new(builder.finish())
            }
            Self::Decimal(builder) | Self::Dynamic(builder) | Self::String(builder) => {
                Arc::new(builder.finish())
            }
            Self::Guid(builder) => Arc::new(builder.finish()),
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::Real(builder) => Arc::new(builder.finish()),
        }
    }

    fn push_trimmed(&mut self, text: &str) {
        match self {
            Self::Bool(builder) => builder.append_option(parse_bool(text)),
            Self::DateTime(builder) => builder.append_option(parse::<DateTime>(text).map(DateTime::ticks)),
            Self::Timespan(builder) => builder.append_option(parse::<Timespan>(text).map(Timespan::ticks)),
            Self::Decimal(builder) => {
                builder.append_option(parse::<Decimal>(text).map(|number| number.to_string()))
            }
            Self::Int(builder) => builder.append_option(parse::<i32>(text)),
            Self::Long(builder) => builder.append_option(parse::<i64>(text)),
            Self::Real(builder) => builder.append_option(parse::<f64>(text)),
            Self::Guid(builder) => match parse::<Guid>(text) {
                // The builder was made for 16 bytes, so it takes them.
                Some(guid) if builder.append_value(guid.as_bytes()).is_ok() => {}
                _ => builder.append_null(),
            },
            Self::String(builder) | Self::Dynamic(builder) => builder.append_value(text),
        }
    }
}

/// Whether text is exactly one JSON value.
pub(crate) fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn parse<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;

    fn texts(column_type: ColumnType, cells: &[&str]) -> ArrayRef {
        let mut builder = CellBuilder::new(&column_type);
        cells.iter().for_each(|cell| builder.push_text(cell));
        builder.finish()
    }

    #[test]
    fn text_that_does_not_fit_becomes_null_but_strings_are_never_null() {
        for column_type in ColumnType::ALL {
            let array = texts(column_type.clone(), &["", "no such value"]);
            let nulls = match column_type {
                ColumnType::String => 0,
                ColumnType::Dynamic => 1,
                _ => 2,
            };
            assert_eq!(array.null_count(), nulls, "{column_type}");
        }
    }

    #[test]
    fn dynamic_cells_hold_json() {
        let array = texts(ColumnType::Dynamic, &[r#"{"a": 1}"#, "plain", "12"]);
        assert_eq!(
            array.as_string::<i32>().iter().flatten().collect::<Vec<_>>(),
            [r#"{"a": 1}"#, r#""plain""#, "12"]
        );
    }

    #[test]
    fn datetimes_are_ticks() {
        let array = texts(ColumnType::DateTime, &["0001-01-01 00:00:01"]);
        assert_eq!(array.as_primitive::<Int64Type>().value(0), 10_000_000);
    }

    #[test]
    fn json_values_go_into_columns_of_any_type() {
        let push = |column_type: ColumnType, json: &str| {
            let mut builder = CellBuilder::new(&column_type);
            builder.push_json(&RawValue::from_string(json.to_owned()).unwrap());
            builder.finish()
        };
        assert_eq!(push(ColumnType::String, "[1]").as_string::<i32>().value(0), "[1]");
        assert_eq!(
            push(ColumnType::Long, "\"7\"")
                .as_primitive::<Int64Type>()
                .value(0),
            7
        );
        assert_eq!(
            push(ColumnType::Dynamic, "\"x\"").as_string::<i32>().value(0),
            "\"x\""
        );
        assert!(push(ColumnType::Dynamic, "null").is_null(0));
    }
}
