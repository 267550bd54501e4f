//! `.show tables` and `.show table`, in all their forms.

use std::sync::Arc;

use kusto_protocol::{ColumnType, DateTime, RowBatch, Value};

use super::super::{CommandError, Scanner, Session, mapping, policy, semantic, table, unsupported};
use super::schema::{csl_schema, schemas_as_json, table_schema_as_json, tables_schema};
use crate::service::Service;
use crate::storage::{Database, Table};

/// What follows `.show tables` or `.show table`.
pub(super) fn run(
    service: &Service,
    session: &Session,
    scanner: &mut Scanner<'_>,
    start: &Scanner<'_>,
) -> Result<RowBatch, CommandError> {
    let database = service.database(&session.database)?;
    let mut command = *start;
    if command.eat("tables") {
        return several(&database, scanner);
    }
    // A table may be called `details`, so the name comes first.
    let name = scanner.name()?;
    let found = database
        .tables
        .get(&name)
        .ok_or_else(|| no_such_table(&name, &database.name))?;
    if scanner.eat("cslschema") {
        return tables_schema(
            [(found.as_ref(), csl_schema(&found.schema))].into_iter(),
            &database.name,
        );
    }
    if scanner.eat_all(&["schema", "as", "json"]) {
        return table_schema_as_json(found, &database.name);
    }
    if scanner.eat("details") {
        return details([found.as_ref()].into_iter(), &database.name);
    }
    if scanner.eat("extents") {
        return extents([(database.name.as_str(), found.as_ref())].into_iter());
    }
    if scanner.eat("ingestion") {
        return mapping::show(&database, Some(&name), scanner);
    }
    if scanner.eat("policy") {
        return policy::show_kind(&database, policy::Scope::Table(name), scanner);
    }
    if scanner.eat("principals") {
        return super::database::nothing(&[
            "Role",
            "PrincipalType",
            "PrincipalDisplayName",
            "PrincipalObjectId",
            "PrincipalFQN",
            "Notes",
        ]);
    }
    if scanner.is_at_end() {
        return columns(found);
    }
    Err(unsupported(start))
}

/// `.show tables [(A, B)] [details | cslschema | schema as json] [with (…)]`
fn several(database: &Database, scanner: &mut Scanner<'_>) -> Result<RowBatch, CommandError> {
    let mut found: Vec<&Arc<Table>> = database.tables.values().collect();
    if scanner.rest().starts_with('(') {
        let names = scanner.names()?;
        found.retain(|table| names.contains(&table.name));
        // Names that do not exist are left out; the service does so too.
    }
    let found: Vec<&Table> = found.into_iter().map(AsRef::as_ref).collect();
    if scanner.eat("details") {
        return details(found.into_iter(), &database.name);
    }
    if scanner.eat("cslschema") {
        let schemas = found.into_iter().map(|table| (table, csl_schema(&table.schema)));
        return tables_schema(schemas, &database.name);
    }
    if scanner.eat_all(&["schema", "as", "json"]) {
        return schemas_as_json(found.into_iter(), &database.name);
    }
    scanner.properties()?;
    tables(found.into_iter(), &database.name)
}

/// `.show tables`, and what `.drop table` leaves.
pub(in crate::command) fn tables<'a>(
    found: impl Iterator<Item = &'a Table>,
    database: &str,
) -> Result<RowBatch, CommandError> {
    let columns = [
        ("TableName", ColumnType::String),
        ("DatabaseName", ColumnType::String),
        ("Folder", ColumnType::String),
        ("DocString", ColumnType::String),
    ];
    table(&columns, |rows| {
        for found in found {
            rows.push_row(&[
                Value::String(&found.name),
                Value::String(database),
                Value::String(&found.folder),
                Value::String(&found.docstring),
            ])?;
        }
        Ok(())
    })
}

/// `.show table T`: its columns.
fn columns(found: &Table) -> Result<RowBatch, CommandError> {
    let columns = [
        ("AttributeName", ColumnType::String),
        ("AttributeType", ColumnType::String),
    ];
    table(&columns, |rows| {
        found.schema.iter().try_for_each(|column| {
            rows.push_row(&[
                Value::String(&column.name),
                Value::String(column.column_type.dotnet_name()),
            ])
        })
    })
}

/// `.show table T details`. Everything here is hot, and its own original.
fn details<'a>(found: impl Iterator<Item = &'a Table>, database: &str) -> Result<RowBatch, CommandError> {
    let (text, long, real) = (ColumnType::String, ColumnType::Long, ColumnType::Real);
    let columns = [
        ("TableName", text.clone()),
        ("DatabaseName", text.clone()),
        ("Folder", text.clone()),
        ("DocString", text.clone()),
        ("TotalExtents", long.clone()),
        ("TotalExtentSize", real.clone()),
        ("TotalOriginalSize", real.clone()),
        ("TotalRowCount", long.clone()),
        ("HotExtents", long.clone()),
        ("HotExtentSize", real.clone()),
        ("HotOriginalSize", real),
        ("HotRowCount", long),
        ("AuthorizedPrincipals", text.clone()),
        ("RetentionPolicy", text.clone()),
        ("CachingPolicy", text.clone()),
        ("ShardingPolicy", text.clone()),
        ("MergePolicy", text.clone()),
        ("StreamingIngestionPolicy", text.clone()),
        ("IngestionBatchingPolicy", text.clone()),
        ("MinExtentsCreationTime", ColumnType::DateTime),
        ("MaxExtentsCreationTime", ColumnType::DateTime),
        ("RowOrderPolicy", text.clone()),
        ("TableId", text),
    ];
    table(&columns, |rows| {
        for found in found {
            let number = |number: u64| Value::Long(i64::try_from(number).unwrap_or(i64::MAX));
            // The rows of a file would have to be read to be counted.
            let count = found.num_rows().map_or(Value::Null, number);
            let extents = number(found.extents().len() as u64);
            let bytes = Value::Real(found.byte_len() as f64);
            let policy = |kind: &str| Value::String(found.policies.get(kind).map_or("", String::as_str));
            let times = || found.extents().iter().map(|extent| extent.created);
            let time = |time: Option<DateTime>| time.map_or(Value::Null, Value::DateTime);
            let id = found.id.to_string();
            rows.push_row(&[
                Value::String(&found.name),
                Value::String(database),
                Value::String(&found.folder),
                Value::String(&found.docstring),
                extents,
                bytes,
                bytes,
                count,
                extents,
                bytes,
                bytes,
                count,
                Value::String("[]"),
                policy("retention"),
                policy("caching"),
                policy("sharding"),
                policy("merge"),
                policy("streamingingestion"),
                policy("ingestionbatching"),
                time(times().min()),
                time(times().max()),
                policy("roworder"),
                Value::String(&id),
            ])?;
        }
        Ok(())
    })
}

/// The tables of a database, each with its name.
pub(super) fn all_of(database: &Database) -> impl Iterator<Item = (&str, &Table)> {
    let tables = database.tables.values();
    tables.map(|table| (database.name.as_str(), table.as_ref()))
}

/// `.show table T extents`, `.show database D extents`, `.show cluster extents`
pub(super) fn extents<'a>(
    found: impl Iterator<Item = (&'a str, &'a Table)>,
) -> Result<RowBatch, CommandError> {
    let (text, long, real) = (ColumnType::String, ColumnType::Long, ColumnType::Real);
    let columns = [
        ("ExtentId", ColumnType::Guid),
        ("DatabaseName", text.clone()),
        ("TableName", text.clone()),
        ("MaxCreatedOn", ColumnType::DateTime),
        ("OriginalSize", real.clone()),
        ("ExtentSize", real.clone()),
        ("CompressedSize", real.clone()),
        ("IndexSize", real),
        ("Blocks", long.clone()),
        ("Segments", long.clone()),
        ("ExtentContainerId", text.clone()),
        ("RowCount", long.clone()),
        ("MinCreatedOn", ColumnType::DateTime),
        ("Tags", text.clone()),
        ("Kind", text),
        ("DeletedRowCount", long),
    ];
    table(&columns, |rows| {
        for (database, found) in found {
            for extent in found.extents() {
                let bytes = Value::Real(extent.byte_len() as f64);
                let tags = extent.tags.join("\r\n");
                rows.push_row(&[
                    Value::Guid(extent.id),
                    Value::String(database),
                    Value::String(&found.name),
                    Value::DateTime(extent.created),
                    bytes,
                    bytes,
                    bytes,
                    Value::Real(0.0),
                    Value::Long(extent.batches().len() as i64),
                    Value::Long(1),
                    Value::String(""),
                    Value::Long(i64::try_from(extent.num_rows()).unwrap_or(i64::MAX)),
                    Value::DateTime(extent.created),
                    Value::String(&tags),
                    Value::String("Default"),
                    Value::Long(0),
                ])?;
            }
        }
        Ok(())
    })
}

pub(in crate::command) fn no_such_table(name: &str, database: &str) -> CommandError {
    semantic(format!(
        "Entity not found: the database '{database}' has no table '{name}'; '.show tables' lists those there are"
    ))
}
