//! The queries that run, and those that ran.

use std::time::SystemTime;

use kusto_protocol::{ColumnType, DateTime, RowBatch, Timespan, Value};
use serde_json::json;

use super::super::{CommandError, Scanner, table};
use crate::queries::{Ending, Query};
use crate::service::Service;

/// `.show queries`: those that ended, the last first.
pub(super) fn ended(service: &Service) -> Result<RowBatch, CommandError> {
    query_rows(
        service
            .queries
            .ended()
            .into_iter()
            .map(|(query, ending)| (query, Some(ending))),
    )
}

/// `.show running queries [by user "name" | by *]`
pub(super) fn running(service: &Service, scanner: &mut Scanner<'_>) -> Result<RowBatch, CommandError> {
    let mut user = None;
    if scanner.eat("by") && !scanner.eat("*") {
        scanner.expect("user")?;
        user = Some(scanner.string()?);
    }
    let running = service.queries.running().into_iter();
    let wanted = running.filter(|query| user.as_ref().is_none_or(|user| *user == query.principal));
    query_rows(wanted.map(|query| (query, None)))
}

fn query_rows(queries: impl Iterator<Item = (Query, Option<Ending>)>) -> Result<RowBatch, CommandError> {
    let text = ColumnType::String;
    let columns = [
        ("ClientActivityId", text.clone()),
        ("Text", text.clone()),
        ("Database", text.clone()),
        ("StartedOn", ColumnType::DateTime),
        ("LastUpdatedOn", ColumnType::DateTime),
        ("Duration", ColumnType::Timespan),
        ("State", text.clone()),
        ("RootActivityId", ColumnType::Guid),
        ("User", text.clone()),
        ("FailureReason", text.clone()),
        ("TotalCpu", ColumnType::Timespan),
        ("CacheStatistics", ColumnType::Dynamic),
        ("Application", text.clone()),
        ("MemoryPeak", ColumnType::Long),
        ("ScannedExtentsStatistics", ColumnType::Dynamic),
        ("Principal", text.clone()),
        ("ClientRequestProperties", ColumnType::Dynamic),
        ("ResultSetStatistics", ColumnType::Dynamic),
        ("WorkloadGroup", text),
    ];
    let now = DateTime::from(SystemTime::now());
    table(&columns, |rows| {
        for (query, ending) in queries {
            let updated = ending.as_ref().map_or(now, |ending| ending.at);
            let statistics = ending.as_ref().map(|ending| result_statistics(&ending.results));
            rows.push_row(&[
                Value::String(&query.client_request_id),
                Value::String(&query.text),
                Value::String(&query.database),
                Value::DateTime(query.started),
                Value::DateTime(updated),
                Value::Timespan(Timespan::from_ticks(
                    (updated.ticks() - query.started.ticks()).max(0),
                )),
                Value::String(ending.as_ref().map_or("InProgress", |ending| ending.state)),
                Value::Guid(query.activity_id),
                Value::String(&query.principal),
                Value::String(ending.as_ref().map_or("", |ending| &ending.reason)),
                // What it took of processor and memory is not measured.
                Value::Null,
                Value::Null,
                Value::String(&query.application),
                Value::Null,
                Value::Null,
                Value::String(&query.principal),
                Value::Dynamic(&query.properties),
                statistics.as_deref().map_or(Value::Null, Value::Dynamic),
                Value::String("default"),
            ])?;
        }
        Ok(())
    })
}

/// The sizes of a query's results, in the service's form.
fn result_statistics(results: &[(u64, u64)]) -> String {
    let tables: Vec<_> = results
        .iter()
        .map(|(rows, bytes)| json!({"RowCount": rows, "TableSize": bytes}))
        .collect();
    json!({"TableCount": tables.len(), "TablesStatistics": tables}).to_string()
}
