//! What the service says about itself: version, health, capacity, what runs and what ran.

use kusto_protocol::{ColumnType, DateTime, Guid, RowBatch, Timespan, Value};

use super::super::{CommandError, Scanner, Session, semantic, table};
use crate::operations::Operation;
use crate::service::Service;

pub(super) fn version(service: &Service) -> Result<RowBatch, CommandError> {
    let columns = [
        ("BuildVersion", ColumnType::String),
        ("BuildTime", ColumnType::DateTime),
        ("ServiceType", ColumnType::String),
        ("ProductVersion", ColumnType::String),
    ];
    let product = format!("KustoEmulator_{}", env!("CARGO_PKG_VERSION"));
    table(&columns, |rows| {
        rows.push_row(&[
            Value::String(env!("CARGO_PKG_VERSION")),
            Value::DateTime(service.started),
            Value::String("Engine"),
            Value::String(&product),
        ])
    })
}

pub(super) fn cluster(service: &Service) -> Result<RowBatch, CommandError> {
    let columns = [
        ("NodeId", ColumnType::String),
        ("Address", ColumnType::String),
        ("Name", ColumnType::String),
        ("StartTime", ColumnType::DateTime),
        ("IsCurrentAdmin", ColumnType::Bool),
        ("MachineTotalMemory", ColumnType::Long),
        ("MachineAvailableMemory", ColumnType::Long),
        ("ProcessorCount", ColumnType::Int),
        ("EnvironmentDescription", ColumnType::String),
    ];
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    table(&columns, |rows| {
        rows.push_row(&[
            Value::String("Node_0"),
            Value::String(&service.uri),
            Value::String("KustoEmulator"),
            Value::DateTime(service.started),
            Value::Bool(true),
            Value::Null,
            Value::Null,
            Value::Int(i32::try_from(processors).unwrap_or(i32::MAX)),
            Value::String(std::env::consts::OS),
        ])
    })
}

/// `.show diagnostics`: one row, in the documented order.
pub(super) fn diagnostics(service: &Service) -> Result<RowBatch, CommandError> {
    let (flag, long, real, text) = (
        ColumnType::Bool,
        ColumnType::Long,
        ColumnType::Real,
        ColumnType::String,
    );
    let databases = service.storage.databases();
    let tables = || databases.iter().flat_map(|database| database.tables.values());
    let number = |number: usize| Value::Long(number as i64);
    let extents = tables().map(|table| table.extents().len()).sum();
    let bytes = Value::Real(tables().map(|table| table.byte_len() as f64).sum());
    let largest = tables().max_by_key(|table| table.extents().len());
    let operations = service.operations.all();
    let failed = operations
        .iter()
        .filter(|operation| operation.error.is_some())
        .count();
    let success = match operations.len() {
        0 => 100.0,
        all => 100.0 * (all - failed) as f64 / all as f64,
    };
    let started = Value::DateTime(service.started);
    let version = Value::String(env!("CARGO_PKG_VERSION"));
    let cells = [
        ("IsHealthy", &flag, Value::Bool(true)),
        ("IsRebalanceRequired", &flag, Value::Bool(false)),
        ("IsScaleOutRequired", &flag, Value::Bool(false)),
        ("MachinesTotal", &long, Value::Long(1)),
        ("MachinesOffline", &long, Value::Long(0)),
        ("NodeLastRestartedOn", &ColumnType::DateTime, started),
        ("AdminLastElectedOn", &ColumnType::DateTime, started),
        ("ClusterWarmDataCapacityFactor", &real, Value::Real(0.0)),
        ("ExtentsTotal", &long, number(extents)),
        ("DiskColdAllocationPercentage", &long, Value::Long(0)),
        ("InstancesTargetBasedOnDataCapacity", &long, Value::Long(1)),
        ("TotalOriginalDataSize", &real, bytes),
        ("TotalExtentSize", &real, bytes),
        ("IngestionsLoadFactor", &real, Value::Real(0.0)),
        ("IngestionsInProgress", &long, Value::Long(0)),
        ("IngestionsSuccessRate", &real, Value::Real(success)),
        ("MergesInProgress", &long, Value::Long(0)),
        ("BuildVersion", &text, version),
        ("BuildTime", &ColumnType::DateTime, started),
        ("ClusterDataCapacityFactor", &real, Value::Real(0.0)),
        ("IsDataWarmingRequired", &flag, Value::Bool(false)),
        ("RebalanceLastRunOn", &ColumnType::DateTime, Value::Null),
        ("DataWarmingLastRunOn", &ColumnType::DateTime, Value::Null),
        ("MergesSuccessRate", &real, Value::Real(100.0)),
        ("NotHealthyReason", &text, Value::String("")),
        ("IsAttentionRequired", &flag, Value::Bool(false)),
        ("AttentionRequiredReason", &text, Value::String("")),
        ("ProductVersion", &text, version),
        ("FailedIngestOperations", &long, number(failed)),
        ("FailedMergeOperations", &long, Value::Long(0)),
        (
            "MaxExtentsInSingleTable",
            &long,
            number(largest.map_or(0, |table| table.extents().len())),
        ),
        (
            "TableWithMaxExtents",
            &text,
            Value::String(largest.map_or("", |table| &table.name)),
        ),
        ("WarmExtentSize", &real, Value::Real(0.0)),
    ];
    let columns = cells
        .each_ref()
        .map(|(name, column_type, _)| (*name, (*column_type).clone()));
    table(&columns, |rows| {
        rows.push_row(&cells.each_ref().map(|(_, _, value)| *value))
    })
}

/// `.show capacity [op]`: one of each, and none taken while the command runs.
pub(super) fn capacity(scanner: &mut Scanner<'_>) -> Result<RowBatch, CommandError> {
    let wanted = CAPACITIES.iter().find(|(word, _)| scanner.eat(word));
    scanner.properties()?;
    let columns = [
        ("Resource", ColumnType::String),
        ("Total", ColumnType::Long),
        ("Consumed", ColumnType::Long),
        ("Remaining", ColumnType::Long),
        ("Origin", ColumnType::String),
    ];
    let processors = std::thread::available_parallelism().map_or(1, usize::from) as i64;
    table(&columns, |rows| {
        for (word, resource) in CAPACITIES {
            if wanted.is_some_and(|(wanted, _)| wanted != word) {
                continue;
            }
            let origin = format!("CapacityPolicy/{resource}");
            rows.push_row(&[
                Value::String(resource),
                Value::Long(processors),
                Value::Long(0),
                Value::Long(processors),
                Value::String(&origin),
            ])?;
        }
        Ok(())
    })
}

/// `.show operations [id | (id, …)]`: newest first.
pub(super) fn operations(service: &Service, scanner: &mut Scanner<'_>) -> Result<RowBatch, CommandError> {
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
                Value::DateTime(operation.ended),
                Value::Timespan(duration(operation)),
                Value::String(if operation.error.is_some() {
                    "Failed"
                } else {
                    "Completed"
                }),
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
pub(super) fn ingestion_failures(
    service: &Service,
    scanner: &mut Scanner<'_>,
) -> Result<RowBatch, CommandError> {
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
                Value::DateTime(operation.ended),
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

/// `.show queries` and `.show running queries`: those that run.
pub(super) fn queries(service: &Service, session: &Session) -> Result<RowBatch, CommandError> {
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
    table(&columns, |rows| {
        service.queries.running().iter().try_for_each(|query| {
            let started = DateTime::from(query.started);
            let duration = session.now.ticks().saturating_sub(started.ticks()).max(0);
            rows.push_row(&[
                Value::String(&query.client_request_id),
                Value::String(&query.text),
                Value::String(&query.database),
                Value::DateTime(started),
                Value::DateTime(session.now),
                Value::Timespan(Timespan::from_ticks(duration)),
                Value::String("InProgress"),
                Value::Null,
                Value::String(&session.principal),
                Value::String(""),
                Value::Null,
                Value::Null,
                Value::String(""),
                Value::Null,
                Value::Null,
                Value::String(&session.principal),
                Value::Null,
                Value::Null,
                Value::String("default"),
            ])
        })
    })
}

fn duration(operation: &Operation) -> Timespan {
    Timespan::from_ticks(operation.ended.ticks() - operation.started.ticks())
}

/// No id, one, or several in parentheses.
fn ids(scanner: &mut Scanner<'_>) -> Result<Vec<Guid>, CommandError> {
    let texts = match scanner.rest().starts_with('(') {
        true => scanner.names()?,
        false if scanner.is_at_end() => Vec::new(),
        false => vec![scanner.word_or_string()?],
    };
    let ids = texts.iter().map(|text| {
        text.parse().map_err(|_| {
            semantic(format!(
                "'{text}' is no operation id; '.show operations' lists those there are"
            ))
        })
    });
    ids.collect()
}

/// What a service can do at once: the word of the command, and the resource.
const CAPACITIES: &[(&str, &str)] = &[
    ("ingestions", "Ingestions"),
    ("extents-merge", "DataMerges"),
    ("extents-partition", "DataPartition"),
    ("data-export", "DataExport"),
    ("materialized-view", "MaterializedView"),
    ("stored-query-results", "StoredQueryResults"),
];
