//! Everything of a frame but its rows: the members of frames and V1 tables, collected as JSON text and read at once.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::{Column, ColumnType, OneApiError};

/// The members of one object that came so far, as JSON text without the closing brace.
///
/// A member that comes twice counts as it came last, like in most readers of JSON; the first one is dropped.
#[derive(Debug, Default)]
pub(super) struct Head {
    text: Vec<u8>,
    /// Where in the text each member begins.
    starts: Vec<usize>,
    /// Offset in the stream of the object's opening brace.
    pub(super) offset: u64,
}

impl Head {
    pub(super) fn begin(&mut self, offset: u64) {
        self.text.clear();
        self.text.push(b'{');
        self.starts.clear();
        self.offset = offset;
    }

    /// Begins a member; its value is appended to [`Head::value`]. Says whether it came before.
    pub(super) fn begin_member(&mut self, name: &str) -> bool {
        let before = self.starts.iter().position(|start| {
            let rest = self.text[start + 1..].strip_prefix(name.as_bytes());
            rest.is_some_and(|rest| rest.first() == Some(&b'"'))
        });
        if let Some(index) = before {
            self.remove_member(index);
        }
        if !matches!(self.text.last(), None | Some(b'{' | b',')) {
            self.text.push(b',');
        }
        self.starts.push(self.text.len());
        self.text.push(b'"');
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
        before.is_some()
    }

    fn remove_member(&mut self, index: usize) {
        let start = self.starts.remove(index);
        let end = self.starts.get(index).copied().unwrap_or(self.text.len());
        self.text.drain(start..end);
        for later in &mut self.starts[index..] {
            *later -= end - start;
        }
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
#[derive(Debug, serde::Deserialize)]
pub(super) struct Tag {
    #[serde(rename = "FrameType")]
    pub(super) frame_type: Option<String>,
    pub(super) error: Option<Value>,
}

/// The members of every type of frame that is known, and of V1 tables.
#[derive(Debug, serde::Deserialize)]
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

#[derive(Debug, Default)]
pub(super) struct ColumnMembers {
    column_name: Option<String>,
    column_type: Option<String>,
    data_type: Option<String>,
}

#[derive(serde::Deserialize)]
#[serde(field_identifier)]
enum ColumnMember {
    ColumnName,
    ColumnType,
    DataType,
    #[serde(other)]
    Other,
}

// What serde derives refuses a member that comes twice; here too the last one counts.
impl<'de> Deserialize<'de> for ColumnMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = ColumnMembers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ColumnMembers, A::Error> {
                let mut column = ColumnMembers::default();
                while let Some(member) = map.next_key()? {
                    match member {
                        ColumnMember::ColumnName => column.column_name = map.next_value()?,
                        ColumnMember::ColumnType => column.column_type = map.next_value()?,
                        ColumnMember::DataType => column.data_type = map.next_value()?,
                        ColumnMember::Other => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(column)
            }
        }

        deserializer.deserialize_map(Members)
    }
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
    fn of_a_member_that_comes_twice_the_last_counts() {
        let mut head = Head::default();
        head.begin(0);
        for (name, value, came_before) in [
            ("TableId", "1", false),
            ("TableName", "\"a\"", false),
            ("TableId", "2", true),
            ("TableId", "3", true),
            ("TableName", "\"b\"", true),
            ("Columns", r#"[{"ColumnName":"x","ColumnName":"y"}]"#, false),
        ] {
            assert_eq!(head.begin_member(name), came_before, "{name}");
            head.value().extend_from_slice(value.as_bytes());
        }
        let read: Members = head.read().unwrap();
        assert_eq!((read.table_id, read.table_name.as_deref()), (Some(3), Some("b")));
        assert_eq!(columns(read.columns.unwrap())[0].name, "y");
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
