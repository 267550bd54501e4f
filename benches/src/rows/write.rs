//! Rows back to bytes.

use kusto_protocol::{DateTime, Frame, FrameEncoder, Guid, Layout, Timespan, Value};
use serde_json::value::RawValue;

/// A cell as serde_json writes it. Nested values are trusted, which spares it work that our encoder does.
#[derive(Debug, serde::Serialize)]
#[serde(untagged)]
pub enum Cell<'a> {
    /// A null.
    Null(()),
    /// `bool`.
    Bool(bool),
    /// `int` and `long`.
    Long(i64),
    /// `real`.
    Real(f64),
    /// `string`, `decimal`, and a `dynamic` that is a string.
    Text(&'a str),
    /// `datetime`.
    DateTime(DateTime),
    /// `timespan`.
    Timespan(Timespan),
    /// `guid`.
    Guid(Guid),
    /// A `dynamic` that is JSON.
    Nested(&'a RawValue),
}

impl<'a> From<Value<'a>> for Cell<'a> {
    fn from(value: Value<'a>) -> Self {
        match value {
            Value::Bool(flag) => Self::Bool(flag),
            Value::Int(number) => Self::Long(number.into()),
            Value::Long(number) => Self::Long(number),
            Value::Real(number) => Self::Real(number),
            Value::DateTime(at) => Self::DateTime(at),
            Value::Timespan(span) => Self::Timespan(span),
            Value::Guid(guid) => Self::Guid(guid),
            Value::String(text) | Value::Decimal(text) => Self::Text(text),
            Value::Dynamic(text) | Value::Unknown(text) => {
                serde_json::from_str(text).map_or(Self::Text(text), Self::Nested)
            }
            _ => Self::Null(()),
        }
    }
}

/// The rows of the frames, a list of cells each.
pub fn cells(frames: &[Frame]) -> Vec<Vec<Cell<'_>>> {
    let fragments = frames.iter().filter_map(|frame| match frame {
        Frame::TableFragment(fragment) => Some(&fragment.rows),
        _ => None,
    });
    fragments
        .flat_map(|rows| rows.rows().map(|row| row.values().map(Cell::from).collect()))
        .collect()
}

/// Writes an answer.
///
/// # Errors
///
/// When the frames are in no order that an answer has.
pub fn encode_with_ours(frames: &[Frame], out: &mut Vec<u8>) -> Result<(), String> {
    out.clear();
    let mut encoder = FrameEncoder::new(Layout::V2);
    for frame in frames {
        encoder.encode(frame, out).map_err(|error| error.to_string())?;
    }
    encoder.finish(out).map_err(|error| error.to_string())
}

/// Writes rows only.
///
/// # Errors
///
/// None: writing into memory does not fail.
pub fn encode_with_serde_json(rows: &[Vec<Cell<'_>>], out: &mut Vec<u8>) -> Result<(), String> {
    out.clear();
    serde_json::to_writer(out, rows).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::frames;
    use crate::{DATA_SETS, answer};

    #[test]
    fn both_ways_write_the_same_rows() {
        for name in DATA_SETS {
            let frames = frames(&answer(name, 50_000).unwrap()).unwrap();
            let primary = &frames[4..frames.len() - 4];
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            encode_with_ours(&frames, &mut ours).unwrap();
            encode_with_serde_json(&cells(primary), &mut theirs).unwrap();
            let rows = ours.windows(theirs.len()).any(|window| window == theirs);
            assert!(rows, "{name}: the rows are written differently");
        }
    }
}
