use serde_json::Value as Json;

use super::Visualization;
use crate::{DateTime, Dynamic, RowBatch, Value};

/// A row of the `QueryProperties` table (`@ExtendedProperties`).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum QueryProperty {
    /// How a result asks to be drawn.
    Visualization {
        /// The table id of the result; V1 does not say.
        table_id: Option<i64>,
        /// The property.
        visualization: Box<Visualization>,
    },
    /// The database cursor at which the query saw the data.
    Cursor(String),
    /// The results come from the results cache.
    ServerCache(ServerCache),
    /// Anything else.
    Other {
        /// The name of the property; V1 has none.
        key: String,
        /// Its value: a text, or JSON.
        value: String,
    },
}

/// Where cached results come from.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ServerCache {
    /// The client request id of the query that computed them.
    pub original_client_request_id: String,
    /// When that query started.
    pub original_started_on: Option<DateTime>,
}

impl QueryProperty {
    pub(crate) const VISUALIZATION: &str = "Visualization";
    pub(crate) const CURSOR: &str = "Cursor";
    pub(crate) const SERVER_CACHE: &str = "ServerCache";

    /// The properties in a batch of the table: `TableId`, `Key` and `Value` in V2, a single `Value` in V1. Rows
    /// without a value, which have been seen, are left out.
    pub fn read(rows: &RowBatch) -> impl Iterator<Item = Self> {
        Self::read_where(rows, |_| true)
    }

    /// The same without those of other keys, which need not be parsed then. In V1, where there are no keys, all.
    pub(crate) fn read_where(
        rows: &RowBatch,
        is_wanted: impl Fn(&str) -> bool,
    ) -> impl Iterator<Item = Self> {
        rows.rows().filter_map(move |row| {
            let key = match row.value("Key") {
                Some(Value::String(key)) if !is_wanted(key) => return None,
                Some(Value::String(key)) => Some(key),
                _ => None,
            };
            let (Value::Dynamic(value) | Value::String(value)) = row.value("Value")? else {
                return None;
            };
            let table_id = match row.value("TableId") {
                Some(Value::Int(id)) => Some(i64::from(id)),
                Some(Value::Long(id)) => Some(id),
                _ => None,
            };
            Some(match key {
                Some(key) => Self::from_key(table_id, key, value),
                None => Self::from_members(value),
            })
        })
    }

    fn from_key(table_id: Option<i64>, key: &str, value: &str) -> Self {
        let json = || -> Json { Dynamic::new(value).deserialize().unwrap_or_default() };
        let known = match key {
            Self::VISUALIZATION => Some(json())
                .filter(Json::is_object)
                .map(|json| Self::Visualization {
                    table_id,
                    visualization: Box::new(Visualization::from_value(&json)),
                }),
            // Both a bare text and an object may stand for a cursor.
            Self::CURSOR => cursor(&json()).or_else(|| Some(Self::Cursor(value.to_owned()))),
            Self::SERVER_CACHE => server_cache(&json()),
            _ => None,
        };
        known.unwrap_or_else(|| Self::Other {
            key: key.to_owned(),
            value: value.to_owned(),
        })
    }

    /// V1 has no keys; the members tell what a value is.
    fn from_members(value: &str) -> Self {
        let json: Json = Dynamic::new(value).deserialize().unwrap_or_default();
        if json.get("Visualization").is_some() {
            return Self::Visualization {
                table_id: None,
                visualization: Box::new(Visualization::from_value(&json)),
            };
        }
        let cache = json.get("ServerCache").unwrap_or(&json);
        cursor(&json)
            .or_else(|| server_cache(cache))
            .unwrap_or_else(|| Self::Other {
                key: String::new(),
                value: value.to_owned(),
            })
    }
}

fn cursor(json: &Json) -> Option<QueryProperty> {
    let cursor = json.get("Cursor")?.as_str()?;
    Some(QueryProperty::Cursor(cursor.to_owned()))
}

fn server_cache(json: &Json) -> Option<QueryProperty> {
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    Some(QueryProperty::ServerCache(ServerCache {
        original_client_request_id: text("OriginalClientRequestId")?.to_owned(),
        original_started_on: text("OriginalStartedOn").and_then(|text| text.parse().ok()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, ColumnType, RowBatchBuilder};

    fn v2(key: &str, value: &str) -> QueryProperty {
        let columns = [
            Column::new("TableId", ColumnType::Int),
            Column::new("Key", ColumnType::String),
            Column::new("Value", ColumnType::Dynamic),
        ];
        let mut rows = RowBatchBuilder::new(columns.into());
        rows.push_row(&[Value::Null, Value::Null, Value::Null]).unwrap();
        rows.push_row(&[Value::Int(1), Value::String(key), Value::Dynamic(value)])
            .unwrap();
        let properties: Vec<_> = QueryProperty::read(&rows.finish()).collect();
        let [property] = properties.as_slice() else {
            panic!("{properties:?}")
        };
        property.clone()
    }

    fn v1(value: &str) -> QueryProperty {
        let mut rows = RowBatchBuilder::new([Column::new("Value", ColumnType::String)].into());
        rows.push_row(&[Value::String(value)]).unwrap();
        QueryProperty::read(&rows.finish()).next().unwrap()
    }

    #[test]
    fn properties_are_told_apart_in_both_layouts() {
        let chart = r#"{"Visualization":"card","Title":null}"#;
        for property in [v2("Visualization", chart), v1(chart)] {
            let QueryProperty::Visualization { visualization, .. } = property else {
                panic!("{property:?}")
            };
            assert_eq!(visualization.visualization.as_deref(), Some("card"));
        }
        let cursor = QueryProperty::Cursor("637".to_owned());
        assert_eq!(v2("Cursor", r#"{"Cursor":"637"}"#), cursor);
        assert_eq!(v2("Cursor", "637"), cursor);
        assert_eq!(v1(r#"{"Cursor":"637"}"#), cursor);

        let cache = r#"{"OriginalClientRequestId":"a;1","OriginalStartedOn":"0001-01-01T00:00:00Z"}"#;
        let expected = QueryProperty::ServerCache(ServerCache {
            original_client_request_id: "a;1".to_owned(),
            original_started_on: Some(DateTime::MIN),
        });
        assert_eq!(v2("ServerCache", cache), expected);
        assert_eq!(v1(cache), expected);
        assert_eq!(v1(&format!("{{\"ServerCache\":{cache}}}")), expected);
    }

    #[test]
    fn unknown_properties_are_kept() {
        assert_eq!(
            v2("Novel", "x"),
            QueryProperty::Other {
                key: "Novel".to_owned(),
                value: "x".to_owned()
            }
        );
        assert_eq!(
            v1("x"),
            QueryProperty::Other {
                key: String::new(),
                value: "x".to_owned()
            }
        );
    }
}
