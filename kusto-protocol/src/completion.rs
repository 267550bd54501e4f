//! What the service reports beside the results: rows of the secondary tables as structs.

mod query_property;
mod statistics;
mod visualization;

pub use query_property::{QueryProperty, ServerCache};
pub use statistics::{CacheStatistics, QueryStatistics, ResultsCacheOrigin, TableStatistics};
pub use visualization::Visualization;

use crate::{DateTime, Dynamic, Guid, OneApiError, Row, RowBatch, Value};

/// A row of `QueryCompletionInformation` (V2) or `QueryStatus` (V1): something that happened while the query ran.
///
/// # Example
///
/// ```
/// use kusto_protocol::{Column, ColumnType, CompletionEvent, RowBatchBuilder, Value};
///
/// let columns = [
///     Column::new("Level", ColumnType::Int),
///     Column::new("StatusCodeName", ColumnType::String),
///     Column::new("Payload", ColumnType::String),
/// ];
/// let mut rows = RowBatchBuilder::new(columns.into());
/// rows.push_row(&[
///     Value::Int(2),
///     Value::String("Query result set too large (E_QUERY_RESULT_SET_TOO_LARGE)."),
///     Value::String(r#"{"Count":1,"Text":"the result has more than 500000 records"}"#),
/// ])?;
///
/// let event = CompletionEvent::read(&rows.finish()).next().unwrap();
/// assert!(event.is_error());
/// assert_eq!(event.text(), "the result has more than 500000 records");
/// # Ok::<(), kusto_protocol::ConversionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CompletionEvent {
    /// `Timestamp`
    pub timestamp: Option<DateTime>,
    /// `ClientRequestId`; in V1 `ClientActivityId`.
    pub client_request_id: String,
    /// `ActivityId`
    pub activity_id: Option<Guid>,
    /// `SubActivityId`
    pub sub_activity_id: Option<Guid>,
    /// `ParentActivityId`; V1 has none.
    pub parent_activity_id: Option<Guid>,
    /// `Level`; in V1 `Severity`: 2 and below are errors, 3 warnings, 4 information, 6 statistics.
    pub level: i32,
    /// `LevelName`; in V1 `SeverityName`.
    pub level_name: String,
    /// `StatusCode`: an HRESULT with its sign, 0 for success.
    pub status_code: i32,
    /// `StatusCodeName`; V1 has none.
    pub status_code_name: String,
    /// `EventTypeName`: `QueryInfo`, `QueryResourceConsumption`, …; V1 has none.
    pub event_type_name: String,
    /// `Payload`; in V1 `StatusDescription`: a text, or JSON.
    pub payload: String,
}

impl CompletionEvent {
    /// The events of a batch of a `QueryCompletionInformation` or `QueryStatus` table. Columns that are missing
    /// leave their field empty.
    pub fn read(rows: &RowBatch) -> impl Iterator<Item = Self> {
        rows.rows().map(|row| Self {
            timestamp: match row.value("Timestamp") {
                Some(Value::DateTime(at)) => Some(at),
                _ => None,
            },
            client_request_id: text(&row, &["ClientRequestId", "ClientActivityId"]),
            activity_id: guid(&row, "ActivityId"),
            sub_activity_id: guid(&row, "SubActivityId"),
            parent_activity_id: guid(&row, "ParentActivityId"),
            // An event that does not say its level is no error.
            level: int(&row, &["Level", "Severity"]).unwrap_or(4),
            level_name: text(&row, &["LevelName", "SeverityName"]),
            status_code: int(&row, &["StatusCode"]).unwrap_or_default(),
            status_code_name: text(&row, &["StatusCodeName"]),
            event_type_name: text(&row, &["EventTypeName"]),
            payload: text(&row, &["Payload", "StatusDescription"]),
        })
    }

    /// Whether the query failed, wholly or in part.
    pub const fn is_error(&self) -> bool {
        self.level <= 2
    }

    /// Whether this is a warning.
    pub const fn is_warning(&self) -> bool {
        self.level == 3
    }

    /// The text for people: the payload's `Text` if it is JSON that has one, else the payload.
    pub fn text(&self) -> String {
        let json: Option<serde_json::Value> = Dynamic::new(&self.payload).deserialize().ok();
        match json.as_ref().and_then(|json| json.get("Text")?.as_str()) {
            Some(text) => text.to_owned(),
            None => self.payload.clone(),
        }
    }

    /// The event as an error, if it is one.
    pub fn to_error(&self) -> Option<OneApiError> {
        if !self.is_error() {
            return None;
        }
        let code = match self.event_type_name.as_str() {
            "QueryLimitsExceeded" => "LimitsExceeded",
            "" => "QueryError",
            other => other,
        };
        let mut error = OneApiError::new(code, self.status_code_name.as_str());
        // The result code goes where errors in the data have it.
        error.description = Some(format!("{} ({:08X})", self.text(), self.status_code));
        Some(error)
    }

    /// What the query consumed, if the event says so.
    pub fn statistics(&self) -> Option<QueryStatistics> {
        let is_statistics = match self.event_type_name.as_str() {
            "" => self.level == 6,
            name => name == "QueryResourceConsumption",
        };
        is_statistics
            .then(|| QueryStatistics::from_json(&self.payload))
            .flatten()
    }
}

/// The text in the first of these columns that there is.
fn text(row: &Row<'_>, columns: &[&str]) -> String {
    let value = columns.iter().find_map(|column| row.value(column));
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn int(row: &Row<'_>, columns: &[&str]) -> Option<i32> {
    match columns.iter().find_map(|column| row.value(column))? {
        Value::Int(number) => Some(number),
        Value::Long(number) => i32::try_from(number).ok(),
        _ => None,
    }
}

fn guid(row: &Row<'_>, column: &str) -> Option<Guid> {
    match row.value(column)? {
        Value::Guid(guid) => Some(guid),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, ColumnType, RowBatchBuilder};

    fn event(cells: &[(&str, ColumnType, Value<'_>)]) -> CompletionEvent {
        let columns: Vec<_> = cells
            .iter()
            .map(|(name, column_type, _)| Column::new(*name, column_type.clone()))
            .collect();
        let mut rows = RowBatchBuilder::new(columns.into());
        let values: Vec<_> = cells.iter().map(|(.., value)| *value).collect();
        rows.push_row(&values).unwrap();
        CompletionEvent::read(&rows.finish()).next().unwrap()
    }

    #[test]
    fn a_deferred_failure_becomes_an_error_with_its_result_code() {
        let event = event(&[
            ("Level", ColumnType::Int, Value::Int(2)),
            ("StatusCode", ColumnType::Int, Value::Int(-2_133_196_797)),
            (
                "EventTypeName",
                ColumnType::String,
                Value::String("QueryLimitsExceeded"),
            ),
            (
                "Payload",
                ColumnType::String,
                Value::String(r#"{"Count":1,"Text":"too many"}"#),
            ),
        ]);
        let error = event.to_error().unwrap();
        assert_eq!(error.code, "LimitsExceeded");
        assert_eq!(error.text_for_people(), "too many (80DA0003)");
        assert_eq!(error.hresult(), Some(0x80DA_0003));
    }

    #[test]
    fn v1_names_its_columns_otherwise() {
        let event = event(&[
            ("Severity", ColumnType::Int, Value::Int(6)),
            ("SeverityName", ColumnType::String, Value::String("Stats")),
            (
                "StatusDescription",
                ColumnType::String,
                Value::String(r#"{"ExecutionTime":0.5}"#),
            ),
            ("ClientActivityId", ColumnType::String, Value::String("KPC;1")),
        ]);
        assert!(!event.is_error());
        assert_eq!((event.level, event.client_request_id.as_str()), (6, "KPC;1"));
        assert_eq!(event.statistics().unwrap().execution_seconds, Some(0.5));
    }
}
