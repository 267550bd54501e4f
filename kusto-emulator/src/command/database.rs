//! `.create database`, `.drop database`, `.alter database D prettyname`.

use kusto_protocol::{ColumnType, RowBatch, Value};

use super::{CommandError, Scanner, semantic, table};
use crate::error::EngineError;
use crate::service::Service;
use crate::storage::Database;

/// Runs the command if it is about databases as a whole.
pub(super) fn run(service: &Service, scanner: &mut Scanner<'_>) -> Result<Option<RowBatch>, CommandError> {
    if scanner.eat_all(&[".create", "database"]) {
        return create(service, scanner).map(Some);
    }
    if scanner.eat_all(&[".drop", "database"]) {
        let name = scanner.name()?;
        let if_exists = scanner.eat("ifexists");
        if !service.storage.drop_database(&name)? && !if_exists {
            return Err(crate::storage::no_such_database(&name).into());
        }
        return databases(service).map(Some);
    }
    let mut ahead = *scanner;
    if ahead.eat_all(&[".alter", "database"]) {
        let name = ahead.name()?;
        if ahead.eat("prettyname") {
            let pretty_name = ahead.string()?;
            *scanner = ahead;
            service.storage.update(&name, |database: &mut Database| {
                database.pretty_name = pretty_name;
                Ok::<_, EngineError>(())
            })?;
            return databases(service).map(Some);
        }
    }
    Ok(None)
}

/// `.create database D [persist (@"…", @"…") | volatile] [ifnotexists]`: the paths are not used, since the service
/// keeps all databases in one place.
fn create(service: &Service, scanner: &mut Scanner<'_>) -> Result<RowBatch, CommandError> {
    let name = scanner.name()?;
    let mut paths = Vec::new();
    if scanner.eat("persist") {
        paths = scanner.list(Scanner::string)?;
    } else {
        scanner.eat("volatile");
    }
    let if_not_exists = scanner.eat("ifnotexists");
    let created = service.storage.create_database(&name)?;
    if !created && !if_not_exists {
        return Err(semantic(format!("there is a database '{name}' already")));
    }
    let columns = [
        ("DatabaseName", ColumnType::String),
        ("PersistentPath", ColumnType::String),
        ("Created", ColumnType::Bool),
        ("StoresMetadata", ColumnType::Bool),
        ("StoresData", ColumnType::Bool),
    ];
    table(&columns, |rows| {
        rows.push_row(&[
            Value::String(&name),
            Value::String(paths.first().map_or("", String::as_str)),
            Value::Bool(created),
            Value::Bool(true),
            Value::Bool(true),
        ])
    })
}

fn databases(service: &Service) -> Result<RowBatch, CommandError> {
    let columns = [
        ("DatabaseName", ColumnType::String),
        ("PrettyName", ColumnType::String),
    ];
    table(&columns, |rows| {
        service.storage.databases().iter().try_for_each(|database| {
            rows.push_row(&[
                Value::String(&database.name),
                Value::String(&database.pretty_name),
            ])
        })
    })
}
