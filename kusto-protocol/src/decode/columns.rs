//! The list of a table's columns.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::string::short_text;
use super::value::replace_half_pairs;
use crate::{Column, ColumnType};

/// What goes from one list of columns to the next.
#[derive(Debug, Default)]
pub(super) struct ColumnLists {
    /// Where columns are put together.
    columns: Vec<Column>,
    /// Lists that came before.
    known: Vec<KnownList>,
    /// Which of them is forgotten next.
    oldest: usize,
    /// Whether lists become known. In a single answer hardly one comes twice.
    pub(super) remembers: bool,
}

#[derive(Debug)]
struct KnownList {
    /// Its bytes on the wire, in the compact form.
    wire: Box<[u8]>,
    columns: Arc<[Column]>,
}

impl ColumnLists {
    /// Reads a list of columns in the compact form that the service writes, and gives its length. Of any other form,
    /// right or wrong or cut, it reads nothing.
    pub(super) fn short(&mut self, json: &[u8]) -> Option<(Arc<[Column]>, usize)> {
        let known = self.known.iter().find(|list| json.starts_with(&list.wire));
        if let Some(list) = known {
            return Some((Arc::clone(&list.columns), list.wire.len()));
        }
        let (columns, len) = short_columns(json, &mut self.columns)?;
        if self.remembers && len <= MAX_KNOWN_LEN {
            self.remember(&json[..len], &columns);
        }
        Some((columns, len))
    }

    /// Reads a list of columns, which is JSON.
    pub(super) fn any(&mut self, json: &[u8]) -> Option<Arc<[Column]>> {
        if let Some((columns, len)) = short_columns(json, &mut self.columns)
            && len == json.len()
        {
            return Some(columns);
        }
        let members: Vec<ColumnMembers> = serde_json::from_slice(&replace_half_pairs(json)).ok()?;
        Some(members.into_iter().map(ColumnMembers::column).collect())
    }

    fn remember(&mut self, wire: &[u8], columns: &Arc<[Column]>) {
        let list = KnownList {
            wire: wire.into(),
            columns: Arc::clone(columns),
        };
        if self.known.len() < MAX_KNOWN {
            self.known.push(list);
        } else {
            self.known[self.oldest] = list;
            self.oldest = (self.oldest + 1) % MAX_KNOWN;
        }
    }
}

fn short_columns(json: &[u8], columns: &mut Vec<Column>) -> Option<(Arc<[Column]>, usize)> {
    columns.clear();
    columns.reserve(16);
    let mut rest = json.strip_prefix(b"[")?;
    loop {
        let (name, after) = short_text(rest.strip_prefix(b"{\"ColumnName\":\"")?)?;
        rest = after.strip_prefix(b",\"")?;
        // V1 has both.
        if let Some(data_type) = rest.strip_prefix(b"DataType\":\"") {
            let (_, after) = short_text(data_type)?;
            rest = after.strip_prefix(b",\"")?;
        }
        let (column_type, after) = short_type(rest.strip_prefix(b"ColumnType\":\"")?)?;
        columns.push(Column::new(name, column_type));
        match after {
            [b'}', b',', after @ ..] => rest = after,
            [b'}', b']', after @ ..] => {
                return Some((columns.drain(..).collect(), json.len() - after.len()));
            }
            _ => return None,
        }
    }
}

/// The type whose name begins after its opening quote, and what follows the closing one.
#[inline]
fn short_type(json: &[u8]) -> Option<(ColumnType, &[u8])> {
    // Kusto's own names, told apart by their first four bytes.
    let (first, end) = json.split_first_chunk()?;
    let (column_type, rest) = match first {
        b"bool" => (ColumnType::Bool, end.strip_prefix(b"\"")),
        b"date" => (ColumnType::DateTime, end.strip_prefix(b"time\"")),
        b"deci" => (ColumnType::Decimal, end.strip_prefix(b"mal\"")),
        b"dyna" => (ColumnType::Dynamic, end.strip_prefix(b"mic\"")),
        b"guid" => (ColumnType::Guid, end.strip_prefix(b"\"")),
        b"int\"" => (ColumnType::Int, Some(end)),
        b"long" => (ColumnType::Long, end.strip_prefix(b"\"")),
        b"real" => (ColumnType::Real, end.strip_prefix(b"\"")),
        b"stri" => (ColumnType::String, end.strip_prefix(b"ng\"")),
        b"time" => (ColumnType::Timespan, end.strip_prefix(b"span\"")),
        _ => return any_type(json),
    };
    match rest {
        Some(rest) => Some((column_type, rest)),
        None => any_type(json),
    }
}

fn any_type(json: &[u8]) -> Option<(ColumnType, &[u8])> {
    let (name, rest) = short_text(json)?;
    (!name.is_empty()).then(|| (ColumnType::from_name(name), rest))
}

#[derive(Debug, Default)]
struct ColumnMembers {
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

impl ColumnMembers {
    /// A type that is missing (V1 answers of old give only `DataType`) is looked for in both places.
    fn column(self) -> Column {
        let named = self.column_type.filter(|name| !name.is_empty());
        let name = named.or(self.data_type).unwrap_or_default();
        Column::new(self.column_name.unwrap_or_default(), ColumnType::from_name(&name))
    }
}

/// Three tables of an answer, and some queries in turn.
const MAX_KNOWN: usize = 8;
/// Bytes of a list on the wire; a hundred columns have half as many.
const MAX_KNOWN_LEN: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Arc<[Column]>> {
        ColumnLists::default().any(json.as_bytes())
    }

    #[test]
    fn the_compact_form_is_as_any_other() {
        let expected = [
            Column::new("a", ColumnType::Long),
            Column::new("two words", ColumnType::Unknown("vector".to_owned())),
        ];
        for json in [
            r#"[{"ColumnName":"a","ColumnType":"long"},{"ColumnName":"two words","ColumnType":"vector"}]"#,
            r#"[{"ColumnName":"a","DataType":"Int32","ColumnType":"long"},{"ColumnName":"two words","ColumnType":"vector"}]"#,
            r#"[ {"ColumnName":"a","ColumnType":"long"},{"ColumnType":"vector","ColumnName":"two words"}]"#,
            r#"[{"ColumnName":"\u0061","ColumnType":"long","New":[]},{"ColumnName":"two words","ColumnType":"vector"}]"#,
        ] {
            assert_eq!(read(json).unwrap()[..], expected, "{json}");
        }
        assert_eq!(read("[]").unwrap()[..], []);
    }

    #[test]
    fn the_compact_form_is_read_whole_or_not_at_all() {
        let json = br#"[{"ColumnName":"a","ColumnType":"long"},{"ColumnName":"b","ColumnType":"int"}]"#;
        let longer = [&json[..], b",1"].concat();
        let (columns, len) = short_columns(&longer, &mut Vec::new()).unwrap();
        assert_eq!((columns.len(), len), (2, json.len()));
        for cut in 0..json.len() {
            assert_eq!(short_columns(&json[..cut], &mut Vec::new()), None);
        }
        for odd in [
            r#"[]"#,
            r#"[{"ColumnName":"a","ColumnType":"long"},]"#,
            r#"[{"ColumnName":"a","ColumnType":""}]"#,
            r#"[{"ColumnName":"a\n","ColumnType":"long"}]"#,
            r#"[{"ColumnName":"é","ColumnType":"long"}]"#,
            r#"[{"ColumnName":"a","ColumnType":"long","x":1}]"#,
            r#"[{"ColumnName":"a"}]"#,
        ] {
            assert_eq!(short_columns(odd.as_bytes(), &mut Vec::new()), None, "{odd}");
        }
    }

    #[test]
    fn short_types_are_as_others() {
        let names = ColumnType::ALL.map(|column_type| column_type.to_string());
        let others = [
            "date", "time", "integer", "int64", "strings", "Long", "bool8", "dynamo",
        ];
        for name in names.iter().map(String::as_str).chain(others) {
            let json = format!("{name}\"}}");
            let expected = (ColumnType::from_name(name), &b"}"[..]);
            assert_eq!(short_type(json.as_bytes()), Some(expected), "{name}");
            assert_eq!(short_type(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn lists_that_came_before_are_known_and_the_oldest_forgotten() {
        let list = |name: usize| format!(r#"[{{"ColumnName":"{name}","ColumnType":"long"}}],"#);
        let mut lists = ColumnLists::default();
        let short = |lists: &mut ColumnLists, name| lists.short(list(name).as_bytes()).unwrap().0;
        let first = short(&mut lists, 0);
        assert!(!Arc::ptr_eq(&first, &short(&mut lists, 0)), "an answer by itself");
        lists.remembers = true;
        let first = short(&mut lists, 0);
        for name in 1..MAX_KNOWN {
            assert_eq!(short(&mut lists, name)[0].name, name.to_string());
        }
        assert!(Arc::ptr_eq(&first, &short(&mut lists, 0)));
        let second = short(&mut lists, 1);
        short(&mut lists, MAX_KNOWN);
        assert!(Arc::ptr_eq(&second, &short(&mut lists, 1)));
        assert!(!Arc::ptr_eq(&first, &short(&mut lists, 0)));
        let long = format!(
            r#"[{{"ColumnName":"{}","ColumnType":"long"}}]"#,
            "a".repeat(MAX_KNOWN_LEN)
        );
        let known = lists.short(long.as_bytes()).unwrap().0;
        assert!(
            !Arc::ptr_eq(&known, &lists.short(long.as_bytes()).unwrap().0),
            "too long to keep"
        );
    }

    #[test]
    fn of_a_member_that_comes_twice_the_last_counts() {
        let columns = read(r#"[{"ColumnName":"x","ColumnName":"y"}]"#).unwrap();
        assert_eq!(columns[0].name, "y");
    }

    #[test]
    fn a_type_is_looked_for_in_both_places() {
        let columns = read(
            r#"[{"ColumnName":"a","DataType":"Int32","ColumnType":"long"},{"ColumnName":"b","DataType":"SByte"}]"#,
        );
        assert_eq!(
            columns.unwrap()[..],
            [
                Column::new("a", ColumnType::Long),
                Column::new("b", ColumnType::Bool)
            ]
        );
    }

    #[test]
    fn what_is_no_list_of_columns_is_none() {
        for json in ["1", "{}", "[1]", r#"[{"ColumnName":1}]"#] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
