//! One JSON object a line.
//!
//! Numbers are numbers, `decimal` too; `datetime`, `timespan` and `guid` are strings as the service writes them;
//! `dynamic` is the JSON it holds. JSON has no name for NaN and the infinities: they are strings, as in the service's
//! own answers.

use std::fmt::Write as _;

use kusto_protocol::{Column, Decimal, Dynamic, RowBatch, Value};

pub(super) fn push_rows(columns: &[Column], batch: &RowBatch, out: &mut String) {
    let names: Vec<String> = columns
        .iter()
        .map(|column| {
            let mut name = String::new();
            push_string(&column.name, &mut name);
            name.push(':');
            name
        })
        .collect();
    for row in batch.rows() {
        out.push('{');
        for (index, (name, value)) in names.iter().zip(row.values()).enumerate() {
            if index > 0 {
                out.push(',');
            }
            out.push_str(name);
            push_value(value, out);
        }
        out.push_str("}\n");
    }
}

fn push_value(value: Value<'_>, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(_) | Value::Int(_) | Value::Long(_) => push_display(value, out),
        Value::Real(number) if number.is_finite() => push_display(value, out),
        // What is not a number of decimal digits is written as the text it is.
        Value::Decimal(text) if text.parse::<Decimal>().is_ok() && Dynamic::new(text).is_json() => {
            out.push_str(text);
        }
        Value::Dynamic(text) | Value::Unknown(text) if Dynamic::new(text).is_json() => {
            // Valid JSON has line breaks only between its tokens, where a space does as well.
            out.extend(text.chars().map(|character| {
                if matches!(character, '\n' | '\r') {
                    ' '
                } else {
                    character
                }
            }));
        }
        Value::String(text) | Value::Decimal(text) | Value::Dynamic(text) | Value::Unknown(text) => {
            push_string(text, out);
        }
        other => {
            out.push('"');
            push_display(other, out);
            out.push('"');
        }
    }
}

fn push_display(value: Value<'_>, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}

fn push_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Line and paragraph separators are legal, but break lines for some readers.
            '\0'..='\u{1f}' | '\u{7f}' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::tests::printed;
    use super::*;

    #[test]
    fn values_keep_their_json_types() {
        let expected = "\
{\"State\":\"TEXAS\",\"n\":4701,\"ratio\":0.5,\"at\":\"2007-09-20T21:57:00Z\",\"ok\":true,\"note\":{\"a\":[1,2]}}
{\"State\":\"line\\nfeed, comma\",\"n\":null,\"ratio\":\"NaN\",\"at\":null,\"ok\":null,\"note\":null}
";
        assert_eq!(printed(Format::Jsonl), expected);
    }

    #[test]
    fn every_value_stays_on_its_line() {
        for (value, expected) in [
            (Value::Dynamic("{\n  \"a\": 1\r\n}"), "{   \"a\": 1  }"),
            (Value::Dynamic("not json"), "\"not json\""),
            (Value::Decimal("1.50"), "1.50"),
            (Value::Decimal("NaN"), "\"NaN\""),
            (Value::String("\u{1b}\u{2028}\\"), "\"\\u001b\\u2028\\\\\""),
        ] {
            let mut out = String::new();
            push_value(value, &mut out);
            assert_eq!(out, expected);
        }
    }
}
