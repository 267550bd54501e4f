//! Everything of a frame but its rows: the members of frames, of V1 tables and of the V1 object around these.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;

use serde_json::Value;

use super::columns::ColumnLists;
use super::json::short_scalar;
use super::string::{short_text, unescape};
use super::value::parse_value;
use crate::{Column, ErrorReportingPlacement, OneApiError, TableKind};

/// The members of one object that came so far, each read when its value was complete.
///
/// A member that comes twice counts as it came last, like in most readers of JSON.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// Offset in the stream of the object's opening brace.
    pub(super) offset: u64,
    pub(super) members: Members,
    /// Those of another type than they should be, as bits.
    wrong: u32,
    /// Bytes of each member on the wire, white space aside; 0 if it has not come.
    lens: [u32; Member::COUNT],
    len: usize,
    pub(super) lists: ColumnLists,
}

/// The name of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    FrameType,
    Version,
    IsProgressive,
    IsFragmented,
    ErrorReportingPlacement,
    TableId,
    TableKind,
    TableName,
    Columns,
    TableFragmentType,
    FieldCount,
    TableProgress,
    RowCount,
    HasErrors,
    Cancelled,
    OneApiErrors,
    Exceptions,
    Error,
    Tables,
    Rows,
    /// None of these: it is checked, and dropped without being kept.
    Other,
}

/// What the members say. Nulls count as missing.
#[derive(Debug, Default)]
pub(super) struct Members {
    pub(super) frame_type: Option<FrameType>,
    pub(super) version: Option<String>,
    pub(super) is_progressive: Option<bool>,
    pub(super) is_fragmented: Option<bool>,
    /// A place that is not known is as none.
    pub(super) error_reporting_placement: Option<Option<ErrorReportingPlacement>>,
    pub(super) table_id: Option<i64>,
    pub(super) table_kind: Option<TableKind>,
    pub(super) table_name: Option<String>,
    pub(super) columns: Option<Arc<[Column]>>,
    pub(super) table_fragment_type: Option<String>,
    pub(super) field_count: Option<usize>,
    pub(super) table_progress: Option<f64>,
    pub(super) row_count: Option<u64>,
    pub(super) has_errors: Option<bool>,
    pub(super) cancelled: Option<bool>,
    one_api_errors: Option<Value>,
    exceptions: Option<Value>,
    pub(super) error: Option<Value>,
}

/// What a V2 frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameType {
    DataSetHeader,
    DataTable,
    TableHeader,
    TableFragment,
    TableProgress,
    TableCompletion,
    DataSetCompletion,
    /// Of a type this version does not know.
    Other,
}

impl Head {
    pub(super) fn begin(&mut self, offset: u64) {
        self.offset = offset;
        self.members = Members::default();
        self.wrong = 0;
        self.lens = [0; Member::COUNT];
        self.len = 0;
    }

    /// Whether the member came before.
    pub(super) const fn has(&self, member: Member) -> bool {
        self.lens[member as usize] > 0
    }

    /// Begins a member, in the place of one of that name. Its value is to be [set](Head::set).
    pub(super) fn begin_member(&mut self, member: Member) {
        self.note_len(member, 0);
        self.wrong &= !member.bit();
    }

    /// Reads the value of a member: a whole JSON value.
    pub(super) fn set(&mut self, member: Member, json: &[u8]) {
        self.say(member, Said::Json(json), json.len());
    }

    /// What the value of a member says, and its length on the wire.
    #[inline]
    fn say(&mut self, member: Member, said: Said<'_>, len: usize) {
        self.note_len(member, len);
        let members = &mut self.members;
        let fits = match member {
            Member::FrameType => set(&mut members.frame_type, said, |said| {
                said.text().map(|name| FrameType::from_name(&name))
            }),
            Member::Version => set(&mut members.version, said, Said::owned_text),
            Member::IsProgressive => set(&mut members.is_progressive, said, Said::flag),
            Member::IsFragmented => set(&mut members.is_fragmented, said, Said::flag),
            Member::ErrorReportingPlacement => set(&mut members.error_reporting_placement, said, |said| {
                said.text().map(|name| ErrorReportingPlacement::from_name(&name))
            }),
            Member::TableId => set(&mut members.table_id, said, Said::number),
            Member::TableKind => set(&mut members.table_kind, said, |said| {
                said.text().map(|name| TableKind::from_name(&name))
            }),
            Member::TableName => set(&mut members.table_name, said, Said::owned_text),
            Member::Columns => {
                let lists = &mut self.lists;
                set(&mut members.columns, said, |said| said.columns(lists))
            }
            Member::TableFragmentType => set(&mut members.table_fragment_type, said, Said::owned_text),
            Member::FieldCount => set(&mut members.field_count, said, Said::number),
            Member::TableProgress => set(&mut members.table_progress, said, |said| {
                said.number().filter(|progress: &f64| progress.is_finite())
            }),
            Member::RowCount => set(&mut members.row_count, said, Said::number),
            Member::HasErrors => set(&mut members.has_errors, said, Said::flag),
            Member::Cancelled => set(&mut members.cancelled, said, Said::flag),
            Member::OneApiErrors => set(&mut members.one_api_errors, said, Said::value),
            Member::Exceptions => set(&mut members.exceptions, said, Said::value),
            Member::Error => set(&mut members.error, said, Said::value),
            // Of rows, only that they came.
            Member::Tables | Member::Rows | Member::Other => true,
        };
        if !fits {
            self.wrong |= member.bit();
        }
    }

    /// Reads the value of a member from the front of `json` if that is in the compact form that the service writes and
    /// shorter than `room`, and gives its length. Of anything else, right or wrong or cut, it reads nothing.
    pub(super) fn set_short(&mut self, member: Member, json: &[u8], room: usize) -> Option<usize> {
        if member == Member::Columns {
            let (columns, len) = self.lists.short(json)?;
            if len < room {
                self.note_len(member, len);
                self.members.columns = Some(columns);
                return Some(len);
            }
            return None;
        }
        let (said, len) = Said::short(json)?;
        (len < room).then(|| {
            self.say(member, said, len);
            len
        })
    }

    /// Bytes of the members so far.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn note_len(&mut self, member: Member, value: usize) {
        // Quotes, a colon, and the brace or comma before it.
        let new = member.name().len() + 4 + value;
        let len = &mut self.lens[member as usize];
        self.len = self.len - *len as usize + new;
        *len = new as u32;
    }

    /// What is wrong with what a frame says about itself, whatever its type.
    pub(super) fn check_type(&self) -> Result<(), String> {
        self.check(Member::FrameType.bit() | Member::Error.bit())
    }

    /// What is wrong with the members of a frame whose type is known, or of a V1 table.
    pub(super) fn check_members(&self) -> Result<(), String> {
        self.check(!(Member::FrameType.bit() | Member::Error.bit()))
    }

    #[inline]
    fn check(&self, members: u32) -> Result<(), String> {
        match self.wrong & members {
            0 => Ok(()),
            wrong => Err(what_is_wrong(wrong)),
        }
    }
}

impl Members {
    /// What the service lists as failed.
    pub(super) fn errors(&self) -> Vec<OneApiError> {
        self.one_api_errors
            .as_ref()
            .map(OneApiError::list)
            .unwrap_or_default()
    }

    /// What it lists beside the tables of a V1 answer.
    pub(super) fn outer_errors(&self) -> Vec<OneApiError> {
        let mut errors = self.errors();
        if let Some(exceptions) = &self.exceptions {
            errors.extend(OneApiError::list(
                &serde_json::json!({ "Exceptions": exceptions }),
            ));
        }
        errors
    }
}

impl Member {
    const ALL: [Self; Self::COUNT] = [
        Self::FrameType,
        Self::Version,
        Self::IsProgressive,
        Self::IsFragmented,
        Self::ErrorReportingPlacement,
        Self::TableId,
        Self::TableKind,
        Self::TableName,
        Self::Columns,
        Self::TableFragmentType,
        Self::FieldCount,
        Self::TableProgress,
        Self::RowCount,
        Self::HasErrors,
        Self::Cancelled,
        Self::OneApiErrors,
        Self::Exceptions,
        Self::Error,
        Self::Tables,
        Self::Rows,
        Self::Other,
    ];
    const COUNT: usize = Self::Other as usize + 1;

    pub(super) fn from_name(name: &[u8]) -> Self {
        match name {
            b"FrameType" => Self::FrameType,
            b"Version" => Self::Version,
            b"IsProgressive" => Self::IsProgressive,
            b"IsFragmented" => Self::IsFragmented,
            b"ErrorReportingPlacement" => Self::ErrorReportingPlacement,
            b"TableId" => Self::TableId,
            b"TableKind" => Self::TableKind,
            b"TableName" => Self::TableName,
            b"Columns" => Self::Columns,
            b"TableFragmentType" => Self::TableFragmentType,
            b"FieldCount" => Self::FieldCount,
            b"TableProgress" => Self::TableProgress,
            b"RowCount" => Self::RowCount,
            b"HasErrors" => Self::HasErrors,
            b"Cancelled" => Self::Cancelled,
            b"OneApiErrors" => Self::OneApiErrors,
            b"Exceptions" => Self::Exceptions,
            b"error" => Self::Error,
            b"Tables" => Self::Tables,
            b"Rows" => Self::Rows,
            _ => Self::Other,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::FrameType => "FrameType",
            Self::Version => "Version",
            Self::IsProgressive => "IsProgressive",
            Self::IsFragmented => "IsFragmented",
            Self::ErrorReportingPlacement => "ErrorReportingPlacement",
            Self::TableId => "TableId",
            Self::TableKind => "TableKind",
            Self::TableName => "TableName",
            Self::Columns => "Columns",
            Self::TableFragmentType => "TableFragmentType",
            Self::FieldCount => "FieldCount",
            Self::TableProgress => "TableProgress",
            Self::RowCount => "RowCount",
            Self::HasErrors => "HasErrors",
            Self::Cancelled => "Cancelled",
            Self::OneApiErrors => "OneApiErrors",
            Self::Exceptions => "Exceptions",
            Self::Error => "error",
            Self::Tables => "Tables",
            Self::Rows => "Rows",
            Self::Other => "",
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// What its value has to be.
    const fn expected(self) -> &'static str {
        match self {
            Self::TableId | Self::FieldCount | Self::RowCount => "a whole number",
            Self::TableProgress => "a number",
            Self::IsProgressive | Self::IsFragmented | Self::HasErrors | Self::Cancelled => "true or false",
            Self::Columns => "an array of columns",
            Self::OneApiErrors | Self::Exceptions | Self::Error => {
                "JSON that can be read: too deep, or too large a number"
            }
            _ => "a string",
        }
    }
}

impl FrameType {
    fn from_name(name: &str) -> Self {
        match name {
            "DataSetHeader" => Self::DataSetHeader,
            "DataTable" => Self::DataTable,
            "TableHeader" => Self::TableHeader,
            "TableFragment" => Self::TableFragment,
            "TableProgress" => Self::TableProgress,
            "TableCompletion" => Self::TableCompletion,
            "DataSetCompletion" => Self::DataSetCompletion,
            _ => Self::Other,
        }
    }
}

/// Names the first of these members.
#[cold]
fn what_is_wrong(members: u32) -> String {
    let first = Member::ALL.into_iter().find(|member| member.bit() & members != 0);
    first.map_or_else(String::new, |member| {
        format!("{} is not {}", member.name(), member.expected())
    })
}

/// What the value of a member says.
enum Said<'a> {
    /// A string that says this.
    Text(&'a str),
    /// Any value.
    Json(&'a [u8]),
}

impl<'a> Said<'a> {
    /// The value at the front, and its length, if it is in the compact form and short, and a comma or brace follows
    /// right after it.
    #[inline]
    fn short(json: &'a [u8]) -> Option<(Self, usize)> {
        let [b'"', from @ ..] = json else {
            let len = short_scalar(json)?;
            return Some((Self::Json(&json[..len]), len));
        };
        let (text, rest) = short_text(from)?;
        matches!(rest, [b',' | b'}', ..]).then_some((Self::Text(text), json.len() - rest.len()))
    }

    fn text(self) -> Option<Cow<'a, str>> {
        let json = match self {
            Self::Text(text) => return Some(Cow::Borrowed(text)),
            Self::Json(json) => json,
        };
        if json.first() != Some(&b'"') {
            return None;
        }
        let mut text = String::new();
        unescape(json, 0, &mut text, &mut Vec::new()).ok()?;
        Some(Cow::Owned(text))
    }

    fn owned_text(self) -> Option<String> {
        self.text().map(Cow::into_owned)
    }

    fn flag(self) -> Option<bool> {
        match self {
            Self::Json(b"true") => Some(true),
            Self::Json(b"false") => Some(false),
            _ => None,
        }
    }

    /// What a JSON number says. Strings of digits are none.
    fn number<T: FromStr>(self) -> Option<T> {
        match self {
            // A string has its quotes.
            Self::Json(json) => str::from_utf8(json).ok()?.parse().ok(),
            Self::Text(_) => None,
        }
    }

    fn value(self) -> Option<Value> {
        match self {
            Self::Json(json) => parse_value(json),
            Self::Text(text) => Some(text.into()),
        }
    }

    fn columns(self, lists: &mut ColumnLists) -> Option<Arc<[Column]>> {
        match self {
            Self::Json(json) => lists.any(json),
            Self::Text(_) => None,
        }
    }
}

/// Sets a member, and says whether the value is of its type. A null is, and unsets it.
#[inline]
fn set<'a, T>(member: &mut Option<T>, said: Said<'a>, read: impl FnOnce(Said<'a>) -> Option<T>) -> bool {
    *member = None;
    if matches!(said, Said::Json(b"null")) {
        return true;
    }
    *member = read(said);
    member.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_values_are_read_where_something_follows() {
        for (json, text) in [("\"\"", ""), ("\"a text\"", "a text")] {
            for end in [",", "}", ",\""] {
                let json_and_more = format!("{json}{end}");
                let Some((Said::Text(said), len)) = Said::short(json_and_more.as_bytes()) else {
                    panic!("{json_and_more} is short");
                };
                assert_eq!((said, len), (text, json.len()));
            }
            for cut in 0..=json.len() {
                assert!(
                    Said::short(&json.as_bytes()[..cut]).is_none(),
                    "{json} cut at {cut}"
                );
            }
        }
        assert!(matches!(Said::short(b"12,"), Some((Said::Json(b"12"), 2))));
        for odd in ["\"\\n\",", "\"é\",", "\"a\nb\",", "\"a,", "\"a\" ,"] {
            assert!(Said::short(odd.as_bytes()).is_none(), "{odd}");
        }
    }

    #[test]
    fn every_member_has_its_name() {
        for member in Member::ALL {
            assert_eq!(Member::from_name(member.name().as_bytes()), member);
        }
    }

    #[test]
    fn of_a_member_that_comes_twice_the_last_counts() {
        let mut head = Head::default();
        head.begin(0);
        for (member, value, came_before) in [
            (Member::TableId, "1", false),
            (Member::TableName, "\"a\"", false),
            (Member::TableId, "\"x\"", true),
            (Member::TableId, "3", true),
            (Member::TableName, "\"b\"", true),
        ] {
            assert_eq!(head.has(member), came_before, "{member:?}");
            head.begin_member(member);
            head.set(member, value.as_bytes());
        }
        assert_eq!(head.check_members(), Ok(()));
        assert_eq!(
            (head.members.table_id, head.members.table_name.as_deref()),
            (Some(3), Some("b"))
        );
        assert_eq!(head.len(), r#"{"TableId":3,"TableName":"b""#.len());
    }

    #[test]
    fn a_member_of_another_type_is_named() {
        for (member, value, expected) in [
            (Member::TableId, "\"1\"", "TableId is not a whole number"),
            (Member::TableId, "1.5", "TableId is not a whole number"),
            (Member::TableName, "1", "TableName is not a string"),
            (Member::HasErrors, "0", "HasErrors is not true or false"),
            (Member::TableProgress, "1e999", "TableProgress is not a number"),
            (Member::Columns, "[1]", "Columns is not an array of columns"),
        ] {
            let mut head = Head::default();
            head.begin(0);
            head.set(member, value.as_bytes());
            assert_eq!(head.check_type(), Ok(()));
            assert_eq!(head.check_members().unwrap_err(), expected);
            head.begin_member(member);
            head.set(member, b"null");
            assert_eq!(head.check_members(), Ok(()));
        }
    }
}
