//! What formats of separated values have in common: a header line, a line a row, nulls as nothing.

use std::fmt::Write as _;

use kusto_protocol::{Column, RowBatch, Value};

pub(super) fn push_header(
    columns: &[Column],
    separator: char,
    push_text: fn(&str, &mut String),
    out: &mut String,
) {
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            out.push(separator);
        }
        push_text(&column.name, out);
    }
    out.push('\n');
}

pub(super) fn push_rows(
    batch: &RowBatch,
    separator: char,
    push_text: fn(&str, &mut String),
    out: &mut String,
) {
    for row in batch.rows() {
        for (index, value) in row.values().enumerate() {
            if index > 0 {
                out.push(separator);
            }
            match value {
                Value::String(text) | Value::Dynamic(text) | Value::Unknown(text) => push_text(text, out),
                // None of the other types holds a character to quote or escape. Writing to a String cannot fail.
                other => drop(write!(out, "{other}")),
            }
        }
        out.push('\n');
    }
}
