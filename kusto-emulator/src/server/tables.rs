//! The tables that the service adds to the results of a query.

use std::time::Duration;

use kusto_protocol::{Column, ColumnType, DateTime, RowBatch, RowBatchBuilder, Timespan, Value};
use serde_json::json;

use super::Incoming;
use crate::error::{EngineError, EngineErrorKind};

/// V2's `@ExtendedProperties`: for each result, how it is to be drawn.
pub(super) fn extended_properties(visualizations: &[(i64, String)]) -> RowBatch {
    let columns = [
        ("TableId", ColumnType::Int),
        ("Key", ColumnType::String),
        ("Value", ColumnType::Dynamic),
    ];
    let rows = visualizations.iter().map(|(table_id, visualization)| {
        let table_id = i32::try_from(*table_id).unwrap_or(i32::MAX);
        vec![
            Value::Int(table_id),
            Value::String("Visualization"),
            Value::Dynamic(visualization),
        ]
    });
    table(&columns, rows)
}

/// V1's `@ExtendedProperties`: the same, as text in one column.
pub(super) fn extended_properties_v1(visualizations: &[(i64, String)]) -> RowBatch {
    let rows = visualizations
        .iter()
        .map(|(_, visualization)| vec![Value::String(visualization)]);
    table(&[("Value", ColumnType::String)], rows)
}

/// What a query came to.
pub(super) struct Outcome<'a> {
    pub(super) elapsed: Duration,
    /// Rows and bytes of each result.
    pub(super) results: &'a [(u64, u64)],
    /// What ended it before its time.
    pub(super) failure: Option<&'a EngineError>,
}

impl Outcome<'_> {
    /// The first event: that the query completed, or why it did not.
    fn event(&self) -> Event {
        let Some(failure) = self.failure else {
            return Event {
                level: (4, "Info"),
                status: (0, "S_OK (0)"),
                kind: (4, "QueryInfo"),
                text: "Query completed successfully".to_owned(),
            };
        };
        let (status, kind) = match failure.kind() {
            EngineErrorKind::LimitExceeded => (
                (RESULT_SET_TOO_LARGE, "E_QUERY_RESULT_SET_TOO_LARGE (80DA0003)"),
                (1, "QueryLimitsExceeded"),
            ),
            _ => ((FAILED, "E_FAIL (80004005)"), (4, "QueryInfo")),
        };
        Event {
            level: (2, "Error"),
            status,
            kind,
            text: failure.to_string(),
        }
    }

    /// The statistics of the query, in the form that the service gives them, with what is known here.
    fn statistics(&self) -> String {
        let cpu = Timespan::try_from(self.elapsed).unwrap_or_default().to_string();
        let results: Vec<_> = self
            .results
            .iter()
            .map(|(rows, bytes)| json!({"table_row_count": rows, "table_size": bytes}))
            .collect();
        json!({
            "ExecutionTime": self.elapsed.as_secs_f64(),
            "resource_usage": {"cpu": {"total cpu": cpu}},
            "dataset_statistics": results,
        })
        .to_string()
    }
}

/// Something that happened to a query, with numbers and their names.
struct Event {
    level: (i32, &'static str),
    status: (i32, &'static str),
    kind: (i32, &'static str),
    text: String,
}

/// V2's `QueryCompletionInformation`.
pub(super) fn completion_information(incoming: &Incoming, outcome: &Outcome<'_>, now: DateTime) -> RowBatch {
    let columns = [
        ("Timestamp", ColumnType::DateTime),
        ("ClientRequestId", ColumnType::String),
        ("ActivityId", ColumnType::Guid),
        ("SubActivityId", ColumnType::Guid),
        ("ParentActivityId", ColumnType::Guid),
        ("Level", ColumnType::Int),
        ("LevelName", ColumnType::String),
        ("StatusCode", ColumnType::Int),
        ("StatusCodeName", ColumnType::String),
        ("EventType", ColumnType::Int),
        ("EventTypeName", ColumnType::String),
        ("Payload", ColumnType::String),
    ];
    let event = outcome.event();
    let payload = json!({"Count": 1, "Text": event.text}).to_string();
    let statistics = outcome.statistics();
    let events = [
        (event.level, event.status, event.kind, &payload),
        (
            (6, "Stats"),
            (0, "S_OK (0)"),
            (0, "QueryResourceConsumption"),
            &statistics,
        ),
    ];
    let rows = events.into_iter().map(|(level, status, kind, payload)| {
        vec![
            Value::DateTime(now),
            Value::String(&incoming.client_request_id),
            Value::Guid(incoming.activity_id),
            Value::Guid(incoming.activity_id),
            Value::Guid(incoming.activity_id),
            Value::Int(level.0),
            Value::String(level.1),
            Value::Int(status.0),
            Value::String(status.1),
            Value::Int(kind.0),
            Value::String(kind.1),
            Value::String(payload),
        ]
    });
    table(&columns, rows)
}

/// V1's `QueryStatus`.
pub(super) fn query_status(incoming: &Incoming, outcome: &Outcome<'_>, now: DateTime) -> RowBatch {
    let columns = [
        ("Timestamp", ColumnType::DateTime),
        ("Severity", ColumnType::Int),
        ("SeverityName", ColumnType::String),
        ("StatusCode", ColumnType::Int),
        ("StatusDescription", ColumnType::String),
        ("Count", ColumnType::Int),
        ("RequestId", ColumnType::Guid),
        ("ActivityId", ColumnType::Guid),
        ("SubActivityId", ColumnType::Guid),
        ("ClientActivityId", ColumnType::String),
    ];
    let event = outcome.event();
    let statistics = outcome.statistics();
    let events = [
        (event.level, event.status.0, &event.text),
        ((6, "Stats"), 0, &statistics),
    ];
    let rows = events.into_iter().map(|(severity, status, description)| {
        vec![
            Value::DateTime(now),
            Value::Int(severity.0),
            Value::String(severity.1),
            Value::Int(status),
            Value::String(description),
            Value::Int(1),
            Value::Guid(incoming.activity_id),
            Value::Guid(incoming.activity_id),
            Value::Guid(incoming.activity_id),
            Value::String(&incoming.client_request_id),
        ]
    });
    table(&columns, rows)
}

fn table<'a>(columns: &[(&str, ColumnType)], rows: impl Iterator<Item = Vec<Value<'a>>>) -> RowBatch {
    let mut table = RowBatchBuilder::new(
        columns
            .iter()
            .map(|(name, ty)| Column::new(*name, ty.clone()))
            .collect(),
    );
    for row in rows {
        // Each caller writes its rows beside its columns.
        let fits = table.push_row(&row);
        debug_assert!(fits.is_ok(), "{fits:?}");
    }
    table.finish()
}

/// `0x80DA0003`, as the signed number that the service writes.
const RESULT_SET_TOO_LARGE: i32 = 0x80DA_0003_u32.cast_signed();

/// `0x80004005`
const FAILED: i32 = 0x8000_4005_u32.cast_signed();
