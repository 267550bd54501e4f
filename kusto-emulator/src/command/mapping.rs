//! Ingestion mappings: `.create|.alter|.alter-merge|.create-or-alter|.drop table T|database D ingestion KIND mapping "M"`.

use std::sync::Arc;

use kusto_protocol::{ColumnType, MappingKind, RowBatch, Value};

use super::show::no_such_table;
use super::{CommandError, Scanner, Session, semantic, table};
use crate::ingest::{Mapping, ingestion_error};
use crate::service::Service;
use crate::storage::{Database, Mappings};

/// Runs the command if it is about mappings.
pub(super) fn run(
    service: &Service,
    session: &Session,
    scanner: &mut Scanner<'_>,
) -> Result<Option<RowBatch>, CommandError> {
    let mut ahead = *scanner;
    let Some(verb) = VERBS.iter().find(|verb| ahead.eat(verb)) else {
        return Ok(None);
    };
    let is_database = ahead.eat("database");
    if !is_database && !ahead.eat("table") {
        return Ok(None);
    }
    let Ok(name) = ahead.name() else { return Ok(None) };
    if !ahead.eat("ingestion") {
        return Ok(None);
    }
    *scanner = ahead;
    let kind = kind(scanner)?;
    scanner.expect("mapping")?;
    let mapping_name = scanner.one_string()?;
    let key = (kind.name().to_ascii_lowercase(), mapping_name.clone());
    let database = match is_database {
        true => name.as_str(),
        false => session.database.as_str(),
    };
    let table_name = (!is_database).then_some(name.as_str());
    if *verb == ".drop" {
        let if_exists = scanner.eat("ifexists");
        return service
            .storage
            .update(database, |database| {
                let mappings = mappings_mut(database, table_name)?;
                if mappings.remove(&key).is_none() && !if_exists {
                    return Err(no_such_mapping(&mapping_name));
                }
                rows(std::iter::empty())
            })
            .map(Some);
    }
    let json = scanner.string()?;
    Mapping::parse(kind, &json).map_err(|message| ingestion_error("BadRequest_InvalidMapping", message))?;
    service
        .storage
        .update(database, |database| {
            let name = database.name.clone();
            let mappings = mappings_mut(database, table_name)?;
            match (*verb, mappings.contains_key(&key)) {
                (".create", true) => {
                    let message = format!(
                        "the ingestion mapping '{mapping_name}' is there already; use .create-or-alter"
                    );
                    return Err(semantic(message));
                }
                (".alter" | ".alter-merge", false) => return Err(no_such_mapping(&mapping_name)),
                _ => {}
            }
            let json = match mappings.get(&key).filter(|_| *verb == ".alter-merge") {
                Some(before) => merged(before, &json),
                None => json.clone(),
            };
            mappings.insert(key.clone(), json.clone());
            rows(std::iter::once((
                (&key.0, &key.1, &json),
                name.as_str(),
                table_name,
            )))
        })
        .map(Some)
}

/// The columns of both mappings, which both have been read; those that come later count.
fn merged(before: &str, after: &str) -> String {
    use serde_json::Value;
    let columns = |text: &str| serde_json::from_str::<Vec<Value>>(text);
    let name = |column: &Value| {
        let name = column.get("Column").or_else(|| column.get("column"));
        name.and_then(Value::as_str).map(str::to_owned)
    };
    let (Ok(mut all), Ok(new)) = (columns(before), columns(after)) else {
        return after.to_owned();
    };
    for column in new {
        match all.iter_mut().find(|old| name(old) == name(&column)) {
            Some(old) => *old = column,
            None => all.push(column),
        }
    }
    Value::from(all).to_string()
}

/// `.show ingestion mappings`: all of the database and of its tables.
pub(super) fn show_all(service: &Service, session: &Session) -> Result<RowBatch, CommandError> {
    let database = service.database(&session.database)?;
    let of_tables = database
        .tables
        .values()
        .flat_map(|table| listed(&table.mappings, &database.name, Some(&table.name)));
    rows(listed(&database.mappings, &database.name, None).chain(of_tables))
}

/// What follows `.show table T ingestion` or `.show database D ingestion`: `[KIND] mappings`, `KIND mapping "M"`.
pub(super) fn show(
    database: &Database,
    table_name: Option<&str>,
    scanner: &mut Scanner<'_>,
) -> Result<RowBatch, CommandError> {
    let mappings = match table_name {
        Some(name) => {
            let found = database.tables.get(name);
            &found.ok_or_else(|| no_such_table(name, &database.name))?.mappings
        }
        None => &database.mappings,
    };
    let listed = listed(mappings, &database.name, table_name);
    if scanner.eat("mappings") {
        return rows(listed);
    }
    let kind = kind(scanner)?.name().to_ascii_lowercase();
    let of_kind = listed.filter(|((found, ..), ..)| **found == kind);
    if scanner.eat("mappings") {
        return rows(of_kind);
    }
    scanner.expect("mapping")?;
    let name = scanner.string()?;
    let found: Vec<_> = of_kind.filter(|((_, found, _), ..)| **found == name).collect();
    if found.is_empty() {
        return Err(no_such_mapping(&name));
    }
    rows(found.into_iter())
}

/// A mapping: its kind, name and text, and the database and table that have it.
type Listed<'a> = ((&'a String, &'a String, &'a String), &'a str, Option<&'a str>);

fn listed<'a>(
    mappings: &'a Mappings,
    database: &'a str,
    table: Option<&'a str>,
) -> impl Iterator<Item = Listed<'a>> {
    mappings
        .iter()
        .map(move |((kind, name), json)| ((kind, name, json), database, table))
}

fn rows<'a>(found: impl Iterator<Item = Listed<'a>>) -> Result<RowBatch, CommandError> {
    let columns = [
        ("Name", ColumnType::String),
        ("Kind", ColumnType::String),
        ("Mapping", ColumnType::String),
        ("LastUpdatedOn", ColumnType::DateTime),
        ("Database", ColumnType::String),
        ("Table", ColumnType::String),
    ];
    table(&columns, |rows| {
        for ((kind, name, json), database, table) in found {
            let known = kind.parse::<MappingKind>().ok();
            let kind = known.map_or(kind.as_str(), |known| known.name());
            rows.push_row(&[
                Value::String(name),
                Value::String(kind),
                Value::String(json),
                Value::Null,
                Value::String(database),
                Value::String(table.unwrap_or_default()),
            ])?;
        }
        Ok(())
    })
}

fn mappings_mut<'a>(
    database: &'a mut Database,
    table: Option<&str>,
) -> Result<&'a mut Mappings, CommandError> {
    let Some(name) = table else {
        return Ok(&mut database.mappings);
    };
    let missing = no_such_table(name, &database.name);
    let table = database.tables.get_mut(name).ok_or(missing)?;
    Ok(&mut Arc::make_mut(table).mappings)
}

fn kind(scanner: &mut Scanner<'_>) -> Result<MappingKind, CommandError> {
    let place = *scanner;
    let name = scanner.name()?;
    let kind = name.parse();
    kind.map_err(|_| place.expected("a kind of mapping, such as csv or json").into())
}

fn no_such_mapping(name: &str) -> CommandError {
    let message = format!(
        "Entity not found: there is no ingestion mapping '{name}'; '.show ingestion mappings' lists those there are"
    );
    CommandError::Engine(ingestion_error("BadRequest_MappingReferenceWasNotFound", message))
}

const VERBS: &[&str] = &[".create-or-alter", ".create", ".alter-merge", ".alter", ".drop"];
