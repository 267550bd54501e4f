//! Rows: from columns back to arrays of cells.

use super::error::{EncodeError, EncodeErrorKind};
use super::json::{
    is_plain, push_datetime, push_guid, push_int, push_plain_string, push_raw, push_raw_line, push_real,
    push_string, push_timespan,
};
use super::nested::is_json;
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

/// Writes all rows of a batch, separated by commas; on one line, if a line feed ends a frame.
pub(super) fn push_rows(rows: &RowBatch, on_one_line: bool, out: &mut Vec<u8>) {
    let raw = if on_one_line { push_raw_line } else { push_raw };
    let columns: Vec<_> = rows.arrays().iter().map(|array| Cells::new(array, raw)).collect();
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
    /// Writes nested JSON.
    raw: fn(&str, &mut Vec<u8>),
}

impl<'a> Cells<'a> {
    fn new(array: &'a ColumnArray, raw: fn(&str, &mut Vec<u8>)) -> Self {
        let plain = match array {
            ColumnArray::String(texts) | ColumnArray::Decimal(texts) => is_plain(texts.text()),
            _ => false,
        };
        Self { array, plain, raw }
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
            ColumnArray::Dynamic(array) => self.push_dynamic(array.get(row)?, out),
            ColumnArray::Unknown(array) => self.push_unknown(array.get(row)?, out),
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

    /// Writes a dynamic value so that its text comes back: JSON nested as it is, other text as a string.
    ///
    /// Some texts are JSON, yet can only have been the content of a string, and go there again: what is quoted
    /// itself, the word `null`, and what begins or ends with white space.
    fn push_dynamic(&self, text: &str, out: &mut Vec<u8>) {
        let begins_json = matches!(
            text.as_bytes().first(),
            Some(b'{' | b'[' | b'-' | b'0'..=b'9' | b't' | b'f')
        );
        if begins_json && !text.ends_with(JSON_SPACE) && is_json(text) {
            (self.raw)(text, out);
        } else {
            push_string(text, out);
        }
    }

    /// Writes a value of an unknown type, which is kept as JSON.
    fn push_unknown(&self, text: &str, out: &mut Vec<u8>) {
        if is_json(text) {
            (self.raw)(text.trim_matches(JSON_SPACE), out);
        } else {
            push_string(text, out);
        }
    }
}

/// 0000-01-01, which answers have been seen to hold.
const YEAR_0: i64 = -366 * crate::scalar::TICKS_PER_DAY;
const JSON_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ColumnType;

    fn written(text: &str, raw: fn(&str, &mut Vec<u8>)) -> String {
        let array = ColumnArray::new(&ColumnType::Dynamic);
        let mut out = Vec::new();
        Cells::new(&array, raw).push_dynamic(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn dynamic_values_are_nested_only_if_their_text_comes_back() {
        for (text, expected) in [
            ("{\"a\":\n1}", "{\"a\":\n1}"),
            ("[1]", "[1]"),
            (" [1]", "\" [1]\""),
            ("[1]\n", r#""[1]\n""#),
            ("-1.50", "-1.50"),
            ("true", "true"),
            ("null", "\"null\""),
            ("hello", "\"hello\""),
            ("", "\"\""),
            ("{oops", "\"{oops\""),
            ("\"hello\"", r#""\"hello\"""#),
        ] {
            assert_eq!(written(text, push_raw), expected, "{text}");
        }
    }

    #[test]
    fn where_a_line_is_a_frame_nested_json_has_no_line_ends() {
        assert_eq!(written("{\"a\":\r\n1}", push_raw_line), "{\"a\":  1}");
    }
}
