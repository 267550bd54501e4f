//! Commands that change the schema: `.create table`, `.create-merge table`, `.drop table`, `.clear table`.

use std::sync::Arc;

use kusto_protocol::{Column, RowBatch};

use super::show::{no_such_table, table_schema_as_json, tables};
use super::{CommandError, Scanner, Session, semantic};
use crate::service::Service;
use crate::storage::{Database, Table};

/// Runs the command if it is one of these.
pub(super) fn run(
    service: &Service,
    session: &Session,
    scanner: &mut Scanner<'_>,
) -> Result<Option<RowBatch>, CommandError> {
    let database = session.database.as_str();
    if scanner.eat_all(&[".create", "table"]) {
        let new = table_definition(scanner)?;
        return create(service, database, new).map(Some);
    }
    if scanner.eat_all(&[".create-merge", "table"]) {
        let new = table_definition(scanner)?;
        return create_merge(service, database, new).map(Some);
    }
    if scanner.eat_all(&[".drop", "table"]) {
        let name = scanner.name()?;
        let if_exists = scanner.eat("ifexists");
        return drop(service, database, &name, if_exists).map(Some);
    }
    if scanner.eat_all(&[".clear", "table"]) {
        let name = scanner.name()?;
        scanner.expect("data")?;
        return clear(service, database, &name).map(Some);
    }
    Ok(None)
}

fn table_definition(scanner: &mut Scanner<'_>) -> Result<Table, CommandError> {
    let name = scanner.name()?;
    let mut new = Table::new(name, scanner.columns()?.into());
    for (property, value) in scanner.properties()? {
        match property.to_ascii_lowercase().as_str() {
            "docstring" => new.docstring = value,
            "folder" => new.folder = value,
            _ => {
                return Err(semantic(format!(
                    "the property '{property}' is not supported by this service"
                )));
            }
        }
    }
    Ok(new)
}

/// A table that is there already stays as it is, whatever its columns, as in Kusto.
fn create(service: &Service, database: &str, new: Table) -> Result<RowBatch, CommandError> {
    service.update(database, |database| {
        let table = Arc::clone(
            database
                .tables
                .entry(new.name.clone())
                .or_insert_with(|| Arc::new(new)),
        );
        table_schema_as_json(&table, &database.name)
    })
}

fn create_merge(service: &Service, database: &str, new: Table) -> Result<RowBatch, CommandError> {
    service.update(database, |database| {
        let Some(table) = database.tables.get_mut(&new.name) else {
            let result = table_schema_as_json(&new, &database.name);
            database.tables.insert(new.name.clone(), Arc::new(new));
            return result;
        };
        table.check_writable()?;
        let merged = merge(&table.schema, &new.schema)?;
        let table = Arc::make_mut(table);
        table.alter(merged.into());
        table_schema_as_json(table, &database.name)
    })
}

/// The columns of a table and, after them, those that are new.
fn merge(old: &[Column], new: &[Column]) -> Result<Vec<Column>, CommandError> {
    let mut merged = old.to_vec();
    for column in new {
        match old.iter().find(|old| old.name == column.name) {
            Some(old) if old.column_type == column.column_type => {}
            Some(old) => {
                let message = format!(
                    "the column '{}' is of type {}, so it cannot become {}",
                    old.name, old.column_type, column.column_type
                );
                return Err(semantic(message));
            }
            None => merged.push(column.clone()),
        }
    }
    Ok(merged)
}

fn drop(service: &Service, database: &str, name: &str, if_exists: bool) -> Result<RowBatch, CommandError> {
    service.update(database, |database| {
        if database.tables.remove(name).is_none() && !if_exists {
            return Err(no_such_table(name, &database.name));
        }
        tables(database.tables.values().map(AsRef::as_ref), &database.name)
    })
}

fn clear(service: &Service, database: &str, name: &str) -> Result<RowBatch, CommandError> {
    service.update(database, |database| {
        let table = table_mut(database, name)?;
        table.check_writable()?;
        table.clear();
        tables(std::iter::empty(), "")
    })
}

/// A table to change; queries that run keep the one they began with.
pub(super) fn table_mut<'a>(database: &'a mut Database, name: &str) -> Result<&'a mut Table, CommandError> {
    let missing = no_such_table(name, &database.name);
    database.tables.get_mut(name).map(Arc::make_mut).ok_or(missing)
}
