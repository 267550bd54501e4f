//! `.show …`

use kusto_protocol::{Column, ColumnType, DateTime, RowBatch, Value, kql_identifier};
use serde_json::json;

use super::{CommandError, Scanner, Session, semantic, table, unsupported};
use crate::service::Service;
use crate::storage::{Database, Table};

pub(super) fn run(
    service: &Service,
    session: &Session,
    scanner: &mut Scanner<'_>,
) -> Result<RowBatch, CommandError> {
    let start = *scanner;
    if scanner.eat("version") {
        return version(service);
    }
    if scanner.eat_all(&["cluster", "databases"]) || scanner.eat("databases") {
        return databases(service, session);
    }
    if scanner.eat("cluster") {
        return cluster(service);
    }
    if scanner.eat("diagnostics") {
        return diagnostics(service);
    }
    if scanner.eat_all(&["schema", "as", "json"]) {
        return schema_as_json(service.storage.databases().iter().map(AsRef::as_ref));
    }
    if scanner.eat("database") {
        let database = if scanner.eat("schema") {
            service.database(&session.database)?
        } else {
            let database = service.database(&scanner.name()?)?;
            scanner.expect("schema")?;
            database
        };
        if scanner.eat_all(&["as", "json"]) {
            return schema_as_json([database.as_ref()].into_iter());
        }
        return database_schema(&database);
    }
    if scanner.eat("tables") {
        return tables(
            service
                .database(&session.database)?
                .tables
                .values()
                .map(AsRef::as_ref),
            &session.database,
        );
    }
    if scanner.eat("table") {
        let database = service.database(&session.database)?;
        let name = scanner.name()?;
        let found = database
            .tables
            .get(&name)
            .ok_or_else(|| no_such_table(&name, &database.name))?;
        if scanner.eat("cslschema") {
            return table_schema(found, &database.name, csl_schema(&found.schema));
        }
        if scanner.eat_all(&["schema", "as", "json"]) {
            return table_schema_as_json(found, &database.name);
        }
        if scanner.eat("details") {
            return table_details(found, &database.name);
        }
        if scanner.rest().is_empty() || scanner.rest().starts_with('|') {
            return table(
                &[
                    ("AttributeName", ColumnType::String),
                    ("AttributeType", ColumnType::String),
                ],
                |rows| {
                    found.schema.iter().try_for_each(|column| {
                        rows.push_row(&[
                            Value::String(&column.name),
                            Value::String(column.column_type.dotnet_name()),
                        ])
                    })
                },
            );
        }
    }
    if scanner.eat_all(&["running", "queries"]) || scanner.eat("queries") {
        return queries(service, session);
    }
    Err(unsupported(&start))
}

fn version(service: &Service) -> Result<RowBatch, CommandError> {
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

fn databases(service: &Service, session: &Session) -> Result<RowBatch, CommandError> {
    let columns = [
        ("DatabaseName", ColumnType::String),
        ("PersistentStorage", ColumnType::String),
        ("Version", ColumnType::String),
        ("IsCurrent", ColumnType::Bool),
        ("DatabaseAccessMode", ColumnType::String),
        ("PrettyName", ColumnType::String),
        ("DatabaseId", ColumnType::Guid),
        ("InTransitionTo", ColumnType::String),
        ("SuspensionState", ColumnType::String),
    ];
    table(&columns, |rows| {
        service.storage.databases().iter().try_for_each(|database| {
            rows.push_row(&[
                Value::String(&database.name),
                Value::String(""),
                Value::String("v1.0"),
                Value::Bool(database.name.eq_ignore_ascii_case(&session.database)),
                Value::String("ReadWrite"),
                Value::String(&database.pretty_name),
                Value::Guid(service.id_of(&database.name)),
                Value::String(""),
                Value::String(""),
            ])
        })
    })
}

fn cluster(service: &Service) -> Result<RowBatch, CommandError> {
    let columns = [
        ("NodeId", ColumnType::String),
        ("Address", ColumnType::String),
        ("Name", ColumnType::String),
        ("StartTime", ColumnType::DateTime),
        ("IsCurrentAdmin", ColumnType::Bool),
    ];
    table(&columns, |rows| {
        rows.push_row(&[
            Value::String("Node_0"),
            Value::String(&service.uri),
            Value::String("KustoEmulator"),
            Value::DateTime(service.started),
            Value::Bool(true),
        ])
    })
}

fn diagnostics(service: &Service) -> Result<RowBatch, CommandError> {
    let columns = [
        ("IsHealthy", ColumnType::Bool),
        ("MachinesTotal", ColumnType::Long),
        ("MachinesOffline", ColumnType::Long),
        ("NodeLastRestartedOn", ColumnType::DateTime),
        ("ProductVersion", ColumnType::String),
    ];
    table(&columns, |rows| {
        rows.push_row(&[
            Value::Bool(true),
            Value::Long(1),
            Value::Long(0),
            Value::DateTime(service.started),
            Value::String(env!("CARGO_PKG_VERSION")),
        ])
    })
}

/// `.show tables`, and what `.drop table` leaves.
pub(super) fn tables<'a>(
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

/// `.show table T schema as json`, and what `.create table` gives.
pub(super) fn table_schema_as_json(found: &Table, database: &str) -> Result<RowBatch, CommandError> {
    let schema = json!({"Name": found.name, "OrderedColumns": ordered_columns(&found.schema)});
    table_schema(found, database, schema.to_string())
}

fn table_schema(found: &Table, database: &str, schema: String) -> Result<RowBatch, CommandError> {
    let columns = [
        ("TableName", ColumnType::String),
        ("Schema", ColumnType::String),
        ("DatabaseName", ColumnType::String),
        ("Folder", ColumnType::String),
        ("DocString", ColumnType::String),
    ];
    table(&columns, |rows| {
        rows.push_row(&[
            Value::String(&found.name),
            Value::String(&schema),
            Value::String(database),
            Value::String(&found.folder),
            Value::String(&found.docstring),
        ])
    })
}

/// `.show table T details`: the columns of the reference whose values exist here.
fn table_details(found: &Table, database: &str) -> Result<RowBatch, CommandError> {
    let columns = [
        ("TableName", ColumnType::String),
        ("DatabaseName", ColumnType::String),
        ("Folder", ColumnType::String),
        ("DocString", ColumnType::String),
        ("TotalOriginalSize", ColumnType::Real),
        ("TotalRowCount", ColumnType::Long),
    ];
    let rows_in_memory = found.num_rows().map_or(Value::Null, |rows| {
        Value::Long(i64::try_from(rows).unwrap_or(i64::MAX))
    });
    table(&columns, |rows| {
        rows.push_row(&[
            Value::String(&found.name),
            Value::String(database),
            Value::String(&found.folder),
            Value::String(&found.docstring),
            Value::Real(found.byte_len() as f64),
            rows_in_memory,
        ])
    })
}

/// `.show database D schema`: a row for the database, one for each table, one for each column.
fn database_schema(database: &Database) -> Result<RowBatch, CommandError> {
    let columns = [
        ("DatabaseName", ColumnType::String),
        ("TableName", ColumnType::String),
        ("ColumnName", ColumnType::String),
        ("ColumnType", ColumnType::String),
        ("IsDefaultTable", ColumnType::Bool),
        ("IsDefaultColumn", ColumnType::Bool),
        ("PrettyName", ColumnType::String),
        ("Version", ColumnType::String),
    ];
    table(&columns, |rows| {
        let mut push = |table: &str, column: &str, column_type: &str, version: &str| {
            rows.push_row(&[
                Value::String(&database.name),
                Value::String(table),
                Value::String(column),
                Value::String(column_type),
                Value::Bool(false),
                Value::Bool(false),
                Value::String(&database.pretty_name),
                Value::String(version),
            ])
        };
        push("", "", "", "v1.0")?;
        for table in database.tables.values() {
            push(&table.name, "", "", "")?;
            for column in table.schema.iter() {
                push(&table.name, &column.name, column.column_type.dotnet_name(), "")?;
            }
        }
        Ok(())
    })
}

fn schema_as_json<'a>(databases: impl Iterator<Item = &'a Database>) -> Result<RowBatch, CommandError> {
    let databases: serde_json::Map<_, _> = databases
        .map(|database| {
            let tables: serde_json::Map<_, _> = database
                .tables
                .values()
                .map(|table| {
                    let schema = json!({
                        "Name": table.name, "EntityType": "Table", "DocString": table.docstring,
                        "Folder": table.folder, "OrderedColumns": ordered_columns(&table.schema),
                    });
                    (table.name.clone(), schema)
                })
                .collect();
            let schema = json!({
                "Name": database.name, "PrettyName": database.pretty_name, "MajorVersion": 1, "MinorVersion": 0,
                "DatabaseAccessMode": "ReadWrite", "Tables": tables, "ExternalTables": {}, "MaterializedViews": {},
                "EntityGroups": {}, "Functions": {}, "Graphs": {},
            });
            (database.name.clone(), schema)
        })
        .collect();
    let schema = json!({"Plugins": [], "Databases": databases}).to_string();
    table(&[("DatabaseSchema", ColumnType::String)], |rows| {
        rows.push_row(&[Value::String(&schema)])
    })
}

fn ordered_columns(columns: &[Column]) -> serde_json::Value {
    columns
        .iter()
        .map(|column| {
            json!({"Name": column.name, "Type": column.column_type.dotnet_name(), "CslType": column.column_type.as_str()})
        })
        .collect()
}

fn queries(service: &Service, session: &Session) -> Result<RowBatch, CommandError> {
    let columns = [
        ("ClientActivityId", ColumnType::String),
        ("Text", ColumnType::String),
        ("Database", ColumnType::String),
        ("StartedOn", ColumnType::DateTime),
        ("State", ColumnType::String),
        ("User", ColumnType::String),
    ];
    table(&columns, |rows| {
        service.queries.running().iter().try_for_each(|query| {
            rows.push_row(&[
                Value::String(&query.client_request_id),
                Value::String(&query.text),
                Value::String(&query.database),
                Value::DateTime(DateTime::from(query.started)),
                Value::String("InProgress"),
                Value::String(&session.principal),
            ])
        })
    })
}

/// `a:long, ['b c']:string`
pub(crate) fn csl_schema(columns: &[Column]) -> String {
    let is_bare = |name: &str| {
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && name.starts_with(|c: char| !c.is_ascii_digit())
    };
    let columns = columns.iter().map(|column| {
        let name = &column.name;
        if is_bare(name) {
            format!("{name}:{}", column.column_type)
        } else {
            format!("{}:{}", kql_identifier(name), column.column_type)
        }
    });
    columns.collect::<Vec<_>>().join(", ")
}

pub(super) fn no_such_table(name: &str, database: &str) -> CommandError {
    semantic(format!(
        "Entity not found: the database '{database}' has no table '{name}'; '.show tables' lists those there are"
    ))
}
