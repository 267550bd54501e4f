//! What the service says about itself: version, health, capacity.

use kusto_protocol::{ColumnType, RowBatch, Value};

use super::super::{CommandError, Scanner, table};
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

/// What a service can do at once: the word of the command, and the resource.
const CAPACITIES: &[(&str, &str)] = &[
    ("ingestions", "Ingestions"),
    ("extents-merge", "DataMerges"),
    ("extents-partition", "DataPartition"),
    ("data-export", "DataExport"),
    ("materialized-view", "MaterializedView"),
    ("stored-query-results", "StoredQueryResults"),
];
