//! Rows: from columns back to arrays of cells.

use super::error::{EncodeError, EncodeErrorKind};
use super::json::{
    is_plain, push_datetime, push_guid, push_int, push_plain_string, push_raw, push_real, push_string,
    push_timespan,
};
use crate::decode::is_json;
use crate::{ColumnArray, DateTime, Guid, RowBatch, TextArray, Timespan};

/// Whether every value has a form on the wire.
pub(super) fn check_rows(rows: &RowBatch) -> Result<(), EncodeError> {
    for (column, array) in rows.columns().iter().zip(rows.arrays()) {
        if let ColumnArray::DateTime(array) = array
            && let Some(row) = array
                .values()
                .iter()
                .position(|ticks| !(YEAR_0..=DateTime::MAX.ticks()).contains(ticks))
        {
            return Err(EncodeError::new(
                EncodeErrorKind::Cell,
                format!(
                    "column {}, row {row}: the datetime is not in the years 0 to 9999",
                    column.name
                ),
            ));
        }
    }
    Ok(())
}

/// Writes all rows of a batch, separated by commas.
pub(super) fn push_rows(rows: &RowBatch, out: &mut Vec<u8>) {
    let columns: Vec<_> = rows.arrays().iter().map(Cells::new).collect();
    for row in 0..rows.num_rows() {
        out.extend_from_slice(if row == 0 { b"[" } else { b",[" });
        for (index, cells) in columns.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            if cells.push(row, out).is_none() {
                out.extend_from_slice(b"null");
            }
        }
        out.push(b']');
    }
}

/// The cells of one column, and what can be said about all of them at once.
struct Cells<'a> {
    array: &'a ColumnArray,
    /// No text of the column needs an escape.
    plain: bool,
}

impl<'a> Cells<'a> {
    fn new(array: &'a ColumnArray) -> Self {
        let plain = match array {
            ColumnArray::String(texts) | ColumnArray::Decimal(texts) => is_plain(texts.text()),
            _ => false,
        };
        Self { array, plain }
    }

    /// Writes the cell of a row; `None` if it is null.
    fn push(&self, row: usize, out: &mut Vec<u8>) -> Option<()> {
        match self.array {
            ColumnArray::Bool(array) => {
                let text: &[u8] = if array.get(row)? { b"true" } else { b"false" };
                out.extend_from_slice(text);
            }
            ColumnArray::DateTime(array) => push_datetime(DateTime::from_ticks(array.get(row)?), out),
            ColumnArray::Guid(array) => push_guid(Guid::from_bytes(array.get(row)?), out),
            ColumnArray::Int(array) => push_int(array.get(row)?, out),
            ColumnArray::Long(array) => push_int(array.get(row)?, out),
            ColumnArray::Real(array) => push_real(array.get(row)?, out),
            ColumnArray::Timespan(array) => push_timespan(Timespan::from_ticks(array.get(row)?), out),
            ColumnArray::String(array) | ColumnArray::Decimal(array) => self.push_text(array, row, out)?,
            ColumnArray::Dynamic(array) => push_dynamic(array.get(row)?, out),
            ColumnArray::Unknown(array) => push_unknown(array.get(row)?, out),
        }
        Some(())
    }

    fn push_text(&self, array: &TextArray, row: usize, out: &mut Vec<u8>) -> Option<()> {
        if !self.plain {
            push_string(array.get(row)?, out);
            return Some(());
        }
        array.validity().is_valid(row).then_some(())?;
        let (from, to) = (array.offsets()[row] as usize, array.offsets()[row + 1] as usize);
        push_plain_string(array.text().as_bytes(), from, to, out);
        Some(())
    }
}

/// Writes a dynamic value as the service does: JSON nested as it is, other text as a string.
///
/// A JSON string is nested only if its content would not be taken for JSON again: `"\"hello\""` comes back as
/// `hello`, which means the same, but `"\"123\""` would come back as the number.
fn push_dynamic(text: &str, out: &mut Vec<u8>) {
    let json = text.trim_matches(JSON_SPACE);
    let nested = match json.as_bytes().first() {
        Some(b'"') => is_json(json, MAX_NESTING) && !stands_for_json(json),
        Some(b'{' | b'[' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => is_json(json, MAX_NESTING),
        _ => false,
    };
    if nested {
        push_raw(json, out);
    } else {
        push_string(text, out);
    }
}

/// Writes a value of an unknown type, which is kept as JSON.
fn push_unknown(text: &str, out: &mut Vec<u8>) {
    if is_json(text, MAX_NESTING) {
        push_raw(text.trim_matches(JSON_SPACE), out);
    } else {
        push_string(text, out);
    }
}

/// Whether the content of this JSON string is JSON, or empty and so taken for a null.
fn stands_for_json(string: &str) -> bool {
    serde_json::from_str::<String>(string)
        .is_ok_and(|content| content.is_empty() || is_json(&content, MAX_NESTING))
}

/// 0000-01-01, which answers have been seen to hold.
const YEAR_0: i64 = -366 * crate::scalar::TICKS_PER_DAY;
/// What the strictest of the usual JSON readers take. Deeper values are written as strings, which mean the same.
const MAX_NESTING: usize = 64;
const JSON_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dynamic_values_are_nested_only_if_that_keeps_their_meaning() {
        for (text, written) in [
            ("{\"a\":\n1}", "{\"a\": 1}"),
            (" [1] ", "[1]"),
            ("-1.50", "-1.50"),
            ("null", "null"),
            ("hello", "\"hello\""),
            ("", "\"\""),
            ("{oops", "\"{oops\""),
            ("\"hello\"", "\"hello\""),
            ("\"12\\u0033\"", r#""\"12\\u0033\"""#),
            ("\"\"", r#""\"\"""#),
        ] {
            let mut out = Vec::new();
            push_dynamic(text, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), written, "{text}");
        }
    }
}
