//! Schemas: as rows, as JSON, as text.

use std::sync::Arc;

use kusto_protocol::{Column, ColumnType, RowBatch, Value, kql_identifier};
use serde_json::json;

use super::super::{CommandError, table};
use crate::command::function;
use crate::storage::{Database, Table};

/// `.show table T schema as json`, and what `.create table` gives.
pub(in crate::command) fn table_schema_as_json(
    found: &Table,
    database: &str,
) -> Result<RowBatch, CommandError> {
    schemas_as_json(std::iter::once(found), database)
}

/// The schemas of several tables as JSON.
pub(in crate::command) fn schemas_as_json<'a>(
    found: impl Iterator<Item = &'a Table>,
    database: &str,
) -> Result<RowBatch, CommandError> {
    tables_schema(found.map(|table| (table, json_schema(table))), database)
}

/// The schema of a table as JSON.
fn json_schema(found: &Table) -> String {
    json!({"Name": found.name, "OrderedColumns": ordered_columns(&found.schema)}).to_string()
}

/// Tables with their schemas in some form.
pub(super) fn tables_schema<'a>(
    tables: impl Iterator<Item = (&'a Table, String)>,
    database: &str,
) -> Result<RowBatch, CommandError> {
    let columns = [
        ("TableName", ColumnType::String),
        ("Schema", ColumnType::String),
        ("DatabaseName", ColumnType::String),
        ("Folder", ColumnType::String),
        ("DocString", ColumnType::String),
    ];
    table(&columns, |rows| {
        for (found, schema) in tables {
            rows.push_row(&[
                Value::String(&found.name),
                Value::String(&schema),
                Value::String(database),
                Value::String(&found.folder),
                Value::String(&found.docstring),
            ])?;
        }
        Ok(())
    })
}

/// A row for each database, one for each table, one for each column.
pub(super) fn rows<'a>(databases: impl Iterator<Item = &'a Database>) -> Result<RowBatch, CommandError> {
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
        for database in databases {
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
            push("", "", "", &version(database))?;
            for table in database.tables.values() {
                push(&table.name, "", "", "")?;
                for column in table.schema.iter() {
                    push(&table.name, &column.name, column.column_type.dotnet_name(), "")?;
                }
            }
        }
        Ok(())
    })
}

/// Everything that editors want to know.
pub(super) fn schema_as_json<'a>(
    databases: impl Iterator<Item = &'a Database>,
) -> Result<RowBatch, CommandError> {
    let databases: serde_json::Map<_, _> = databases
        .map(|database| {
            let tables: serde_json::Map<_, _> = database
                .tables
                .values()
                .map(|table| {
                    let schema = json!({
                        "Name": table.name, "EntityType": "Table", "DocString": table.docstring,
                        "Folder": table.folder, "DefaultColumn": null, "OrderedColumns": ordered_columns(&table.schema),
                    });
                    (table.name.clone(), schema)
                })
                .collect();
            let functions: serde_json::Map<_, _> = database
                .functions
                .values()
                .map(|function| (function.name.clone(), function::json(function)))
                .collect();
            let schema = json!({
                "Name": database.name, "PrettyName": database.pretty_name, "MajorVersion": MAJOR_VERSION,
                "MinorVersion": database.minor_version, "DatabaseAccessMode": "ReadWrite", "Tables": tables,
                "ExternalTables": {}, "MaterializedViews": {}, "EntityGroups": {}, "Functions": functions, "Graphs": {},
            });
            (database.name.clone(), schema)
        })
        .collect();
    let schema = json!({"Plugins": [], "Databases": databases}).to_string();
    table(&[("DatabaseSchema", ColumnType::String)], |rows| {
        rows.push_row(&[Value::String(&schema)])
    })
}

/// The commands that make the tables, functions, mappings and policies of a database.
pub(super) fn csl_script(database: &Database) -> Result<RowBatch, CommandError> {
    let mut script = Vec::new();
    let tables: Vec<&Arc<Table>> = database.tables.values().collect();
    for found in &tables {
        let name = kql_identifier(&found.name);
        let described = described(&found.docstring, &found.folder);
        script.push(format!(
            ".create-merge table {name} ({}){described}",
            csl_schema(&found.schema)
        ));
        for ((kind, mapping), json) in &found.mappings {
            let (mapping, json) = (
                kusto_protocol::kql_string(mapping),
                kusto_protocol::kql_string(json),
            );
            script.push(format!(
                ".create-or-alter table {name} ingestion {kind} mapping {mapping} {json}"
            ));
        }
        for (kind, policy) in &found.policies {
            let policy = kusto_protocol::kql_string(policy);
            script.push(format!(".alter table {name} policy {kind} {policy}"));
        }
    }
    for function in database.functions.values() {
        let described = described(&function.docstring, &function.folder);
        let name = kql_identifier(&function.name);
        script.push(format!(
            ".create-or-alter function{described} {name}{} {}",
            function.parameters, function.body
        ));
    }
    table(&[("DatabaseSchemaScript", ColumnType::String)], |rows| {
        script
            .iter()
            .try_for_each(|command| rows.push_row(&[Value::String(command)]))
    })
}

fn described(docstring: &str, folder: &str) -> String {
    if docstring.is_empty() && folder.is_empty() {
        return String::new();
    }
    let (docstring, folder) = (
        kusto_protocol::kql_string(docstring),
        kusto_protocol::kql_string(folder),
    );
    format!(" with (docstring={docstring}, folder={folder})")
}

/// What changes with every change of the schema: `v1.7`.
pub(super) fn version(database: &Database) -> String {
    format!("v{MAJOR_VERSION}.{}", database.minor_version)
}

fn ordered_columns(columns: &[Column]) -> serde_json::Value {
    columns
        .iter()
        .map(|column| {
            json!({"Name": column.name, "Type": column.column_type.dotnet_name(), "CslType": column.column_type.as_str()})
        })
        .collect()
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

const MAJOR_VERSION: u32 = 1;
