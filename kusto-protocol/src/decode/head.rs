//! Everything of a frame but its rows: the members of frames and V1 tables, collected as JSON text and read at once.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::{Column, ColumnType, OneApiError};

/// The members of one object that came so far, as JSON text without the closing brace.
#[derive(Debug, Default)]
pub(super) struct Head {
    text: Vec<u8>,
    /// Offset in the stream of the object's opening brace.
    pub(super) offset: u64,
}

impl Head {
    pub(super) fn begin(&mut self, offset: u64) {
        self.text.clear();
        self.text.push(b'{');
        self.offset = offset;
    }

    /// Begins a member; its value is appended to [`Head::value`].
    pub(super) fn begin_member(&mut self, name: &str) {
        if self.text.len() > 1 {
            self.text.push(b',');
        }
        self.text.push(b'"');
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
    }

    /// Where the bytes of the member's value go.
    pub(super) const fn value(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    pub(super) const fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) const fn capacity(&self) -> usize {
        self.text.capacity()
    }

    /// Reads the members that came so far.
    pub(super) fn read<T: for<'de> Deserialize<'de>>(&self) -> Result<T, String> {
        let mut text = replace_half_pairs(&self.text).into_owned();
        text.push(b'}');
        serde_json::from_slice(&text).map_err(|error| {
            // Its position in our copy would mislead, and what was found is data.
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            match message.rsplit_once(", expected ") {
                Some((_, expected)) => format!("a member is of another type than {expected}"),
                None => message.to_owned(),
            }
        })
    }
}

/// Parses one JSON value; `None` when it is nested deeper than serde_json reads, or holds a number beyond its range.
pub(super) fn parse_value(json: &[u8]) -> Option<Value> {
    serde_json::from_slice(&replace_half_pairs(json)).ok()
}

/// What a V2 frame says about itself, whatever its type.
#[derive(Debug, Deserialize)]
pub(super) struct Tag {
    #[serde(rename = "FrameType")]
    pub(super) frame_type: Option<String>,
    pub(super) error: Option<Value>,
}

/// The members of every type of frame that is known, and of V1 tables.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Members {
    pub(super) version: Option<String>,
    pub(super) is_progressive: Option<bool>,
    pub(super) is_fragmented: Option<bool>,
    pub(super) error_reporting_placement: Option<String>,
    pub(super) table_id: Option<i64>,
    pub(super) table_kind: Option<String>,
    pub(super) table_name: Option<String>,
    pub(super) columns: Option<Vec<ColumnMembers>>,
    pub(super) table_fragment_type: Option<String>,
    pub(super) field_count: Option<usize>,
    pub(super) table_progress: Option<f64>,
    pub(super) row_count: Option<u64>,
    pub(super) one_api_errors: Option<Value>,
    pub(super) has_errors: Option<bool>,
    pub(super) cancelled: Option<bool>,
    /// A null in place of the rows. Like every member it may come once.
    #[serde(rename = "Rows")]
    _rows: Option<IgnoredAny>,
}

impl Members {
    /// What the service lists as failed.
    pub(super) fn errors(&self) -> Vec<OneApiError> {
        self.one_api_errors
            .as_ref()
            .map(OneApiError::list)
            .unwrap_or_default()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ColumnMembers {
    column_name: Option<String>,
    column_type: Option<String>,
    data_type: Option<String>,
}

/// The names in the structs above. Every other member is checked and dropped without being kept.
pub(super) fn is_frame_member(name: &str) -> bool {
    matches!(
        name,
        "FrameType"
            | "Version"
            | "IsProgressive"
            | "IsFragmented"
            | "ErrorReportingPlacement"
            | "TableId"
            | "TableKind"
            | "TableName"
            | "Columns"
            | "TableFragmentType"
            | "FieldCount"
            | "TableProgress"
            | "RowCount"
            | "HasErrors"
            | "Cancelled"
            | "OneApiErrors"
            | "Rows"
            | "error"
    )
}

/// The columns of a table. A type that is missing (V1 answers of old give only `DataType`) is looked for there.
pub(super) fn columns(members: Vec<ColumnMembers>) -> Arc<[Column]> {
    members
        .into_iter()
        .map(|column| {
            let named = column.column_type.filter(|name| !name.is_empty());
            let name = named.or(column.data_type).unwrap_or_default();
            Column::new(
                column.column_name.unwrap_or_default(),
                ColumnType::from_name(&name),
            )
        })
        .collect()
}

/// JSON text in which escapes of half a surrogate pair are `\uFFFD`: what the decoder does in cells, for serde_json,
/// which refuses them. The text must be valid JSON, or the beginning of it.
fn replace_half_pairs(json: &[u8]) -> Cow<'_, [u8]> {
    let mut text = Cow::Borrowed(json);
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &json[at..]) {
        at += found;
        let (first, second) = (code_unit(json, at), code_unit(json, at + 6));
        at += match (first, second) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                text.to_mut()[at + 2..at + 6].copy_from_slice(b"fffd");
                6
            }
            _ => 2,
        };
        at = at.min(json.len());
    }
    text
}

/// The code unit of the `\uXXXX` at a place.
fn code_unit(json: &[u8], at: usize) -> Option<u32> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_surrogate_pair_is_replaced_and_nothing_else() {
        for (from, to) in [
            (r#""a\\ud800b""#, r#""a\\ud800b""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (
                r#""\ude00\ud83d\ud83d\ude00\n""#,
                r#""\ufffd\ufffd\ud83d\ude00\n""#,
            ),
        ] {
            assert_eq!(replace_half_pairs(from.as_bytes()), to.as_bytes());
        }
    }

    #[test]
    fn a_type_is_looked_for_in_both_places() {
        let mut head = Head::default();
        head.begin(0);
        head.begin_member("Columns");
        head.value().extend_from_slice(
            br#"[{"ColumnName":"a","DataType":"Int32","ColumnType":"long"},{"ColumnName":"b","DataType":"SByte"}]"#,
        );
        let read: Members = head.read().unwrap();
        assert_eq!(
            *columns(read.columns.unwrap()),
            [
                Column::new("a", ColumnType::Long),
                Column::new("b", ColumnType::Bool)
            ]
        );
    }

    #[test]
    fn a_member_of_another_type_is_named_by_what_was_expected() {
        let mut head = Head::default();
        head.begin(0);
        head.begin_member("TableId");
        head.value().extend_from_slice(b"\"x\"");
        assert_eq!(
            head.read::<Members>().unwrap_err(),
            "a member is of another type than i64"
        );
    }
}
