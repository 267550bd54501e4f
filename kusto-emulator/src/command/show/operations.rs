//! Operations: what commands did or are doing.

use std::time::SystemTime;

use kusto_protocol::{ColumnType, DateTime, Guid, RowBatch, Timespan, Value};

use super::super::{CommandError, Scanner, semantic, table};
use crate::operations::Operation;
use crate::service::Service;

/// `.show operations [id | (id, …)]`: newest first.
pub(super) fn all(service: &Service, scanner: &mut Scanner<'_>) -> Result<RowBatch, CommandError> {
    let ids = ids(scanner)?;
    let mut found = service.operations.all();
    found.retain(|operation| ids.is_empty() || ids.contains(&operation.id));
    let (text, time) = (ColumnType::String, ColumnType::DateTime);
    let columns = [
        ("OperationId", text.clone()),
        ("Operation", text.clone()),
        ("NodeId", text.clone()),
        ("StartedOn", time.clone()),
        ("LastUpdatedOn", time),
        ("Duration", ColumnType::Timespan),
        ("State", text.clone()),
        ("Status", text.clone()),
        ("RootActivityId", ColumnType::Guid),
        ("ShouldRetry", ColumnType::Bool),
        ("Database", text),
    ];
    table(&columns, |rows| {
        for operation in found.iter().rev() {
            let status = operation
                .error
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            let id = operation.id.to_string();
            rows.push_row(&[
                Value::String(&id),
                Value::String(operation.kind),
                Value::String(""),
                Value::DateTime(operation.started),
                Value::DateTime(operation.updated),
                Value::Timespan(duration(operation)),
                Value::String(operation.state()),
                Value::String(&status),
                Value::Guid(operation.id),
                Value::Bool(
                    operation
                        .error
                        .as_ref()
                        .is_some_and(|error| !error.is_permanent()),
                ),
                Value::String(&operation.database),
            ])?;
        }
        Ok(())
    })
}

/// `.show ingestion failures [with (OperationId = …)]`
pub(super) fn failures(service: &Service, scanner: &mut Scanner<'_>) -> Result<RowBatch, CommandError> {
    let properties = scanner.properties()?;
    let wanted = properties
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("OperationId"));
    let text = ColumnType::String;
    let columns = [
        ("OperationId", text.clone()),
        ("Database", text.clone()),
        ("Table", text.clone()),
        ("FailedOn", ColumnType::DateTime),
        ("IngestionSourcePath", text.clone()),
        ("Details", text.clone()),
        ("FailureKind", text.clone()),
        ("RootActivityId", ColumnType::Guid),
        ("OperationKind", text.clone()),
        ("OriginatesFromUpdatePolicy", ColumnType::Bool),
        ("ErrorCode", text.clone()),
        ("Principal", text.clone()),
        ("User", text.clone()),
        ("IngestionProperties", text),
        ("NumberOfSources", ColumnType::Int),
        ("ShouldRetry", ColumnType::Bool),
    ];
    table(&columns, |rows| {
        for operation in service.operations.all() {
            let Some(error) = &operation.error else { continue };
            let id = operation.id.to_string();
            if wanted.is_some_and(|(_, wanted)| *wanted != id) {
                continue;
            }
            let details = error.to_string();
            let (table, source) = (&operation.table, &operation.source);
            rows.push_row(&[
                Value::String(&id),
                Value::String(&operation.database),
                Value::String(table),
                Value::DateTime(operation.updated),
                Value::String(source),
                Value::String(&details),
                Value::String(if error.is_permanent() {
                    "Permanent"
                } else {
                    "Transient"
                }),
                Value::Guid(operation.id),
                Value::String(operation.kind),
                Value::Bool(false),
                Value::String(error.code().unwrap_or("General_BadRequest")),
                Value::String(""),
                Value::String(""),
                Value::String(""),
                Value::Int(1),
                Value::Bool(!error.is_permanent()),
            ])?;
        }
        Ok(())
    })
}

/// `.show operation id details`: what a command in the background came to.
pub(super) fn details(service: &Service, scanner: &mut Scanner<'_>) -> Result<RowBatch, CommandError> {
    let id = id(&scanner.word_or_string()?)?;
    scanner.expect("details")?;
    let found = service.operations.all().into_iter().find(|found| found.id == id);
    let found = found.ok_or_else(|| no_such_operation(id))?;
    let state = found.state();
    found.details.ok_or_else(|| {
        semantic(format!(
            "the operation '{id}' has no details: only commands that ran in the background leave some, and this one \
             is {state}"
        ))
    })
}

/// `.cancel operation id [with (reason = "…")]`
pub(in super::super) fn cancel(
    service: &Service,
    scanner: &mut Scanner<'_>,
) -> Result<RowBatch, CommandError> {
    let id = id(&scanner.word_or_string()?)?;
    let properties = scanner.properties()?;
    let reason = properties
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("reason"));
    let reason = reason.map_or("", |(_, reason)| reason);
    let cancelled = service.operations.cancel(id, reason);
    let (operation, can_stop) = cancelled.ok_or_else(|| no_such_operation(id))?;
    let (state, reason) = match can_stop {
        true => ("Cancelled successfully", reason),
        false => ("Cancel failed", "it has ended, or cannot be cancelled"),
    };
    let columns = [
        ("OperationId", ColumnType::Guid),
        ("Operation", ColumnType::String),
        ("StartedOn", ColumnType::DateTime),
        ("CancellationState", ColumnType::String),
        ("ReasonPhrase", ColumnType::String),
    ];
    table(&columns, |rows| {
        rows.push_row(&[
            Value::Guid(id),
            Value::String(operation.kind),
            Value::DateTime(operation.started),
            Value::String(state),
            Value::String(reason),
        ])
    })
}

fn duration(operation: &Operation) -> Timespan {
    let ended = match operation.state() {
        "InProgress" => DateTime::from(SystemTime::now()),
        _ => operation.updated,
    };
    Timespan::from_ticks((ended.ticks() - operation.started.ticks()).max(0))
}

/// No id, one, or several in parentheses.
fn ids(scanner: &mut Scanner<'_>) -> Result<Vec<Guid>, CommandError> {
    let texts = match scanner.rest().starts_with('(') {
        true => scanner.names()?,
        false if scanner.is_at_end() => Vec::new(),
        false => vec![scanner.word_or_string()?],
    };
    texts.iter().map(|text| id(text)).collect()
}

fn id(text: &str) -> Result<Guid, CommandError> {
    text.parse().map_err(|_| {
        semantic(format!(
            "'{text}' is no operation id; '.show operations' lists those there are"
        ))
    })
}

fn no_such_operation(id: Guid) -> CommandError {
    semantic(format!(
        "there is no operation '{id}'; '.show operations' lists those there are"
    ))
}
