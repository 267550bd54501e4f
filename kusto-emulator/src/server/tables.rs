//! The tables that the service adds to the results of a query.

use std::time::Duration;

use kusto_protocol::{Column, ColumnType, DateTime, RowBatch, RowBatchBuilder, Timespan, Value};
use serde_json::json;

use super::Incoming;

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
pub(super) struct Outcome {
    pub(super) elapsed: Duration,
    /// Rows and bytes of each result.
    pub(super) results: Vec<(u64, u64)>,
}

impl Outcome {
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

/// V2's `QueryCompletionInformation`.
pub(super) fn completion_information(incoming: &Incoming, outcome: &Outcome, now: DateTime) -> RowBatch {
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
    let statistics = outcome.statistics();
    let events = [
        (
            4,
            "Info",
            4,
            "QueryInfo",
            r#"{"Count":1,"Text":"Query completed successfully"}"#,
        ),
        (6, "Stats", 0, "QueryResourceConsumption", statistics.as_str()),
    ];
    let rows = events
        .into_iter()
        .map(|(level, level_name, event, event_name, payload)| {
            vec![
                Value::DateTime(now),
                Value::String(&incoming.client_request_id),
                Value::Guid(incoming.activity_id),
                Value::Guid(incoming.activity_id),
                Value::Guid(incoming.activity_id),
                Value::Int(level),
                Value::String(level_name),
                Value::Int(0),
                Value::String("S_OK (0)"),
                Value::Int(event),
                Value::String(event_name),
                Value::String(payload),
            ]
        });
    table(&columns, rows)
}

/// V1's `QueryStatus`.
pub(super) fn query_status(incoming: &Incoming, outcome: &Outcome, now: DateTime) -> RowBatch {
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
    let statistics = outcome.statistics();
    let events = [
        (4, "Info", "Query completed successfully"),
        (6, "Stats", statistics.as_str()),
    ];
    let rows = events.into_iter().map(|(severity, name, description)| {
        vec![
            Value::DateTime(now),
            Value::Int(severity),
            Value::String(name),
            Value::Int(0),
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
