//! Commands that make, change and drop tables and columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use kusto_protocol::{Column, ColumnType, RowBatch, Value};

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
    for (words, define) in DEFINITIONS {
        if scanner.eat_all(words) {
            // Kusto takes the word and does what it does without.
            scanner.eat("ifnotexists");
            let known = service.database(&session.database)?;
            let new = definition(scanner, words[1] == "tables", &known)?;
            return change(service, session, |database| {
                let defined = new.iter().map(|new| defined(database, new, *define));
                let names = defined.collect::<Result<Vec<_>, _>>()?;
                of_names(database, &names)
            });
        }
    }
    if scanner.eat_all(&[".drop", "tables"]) {
        let names = scanner.names()?;
        let if_exists = scanner.eat("ifexists");
        return change(service, session, |database| {
            drop_tables(database, &names, if_exists)
        });
    }
    if scanner.eat_all(&[".drop", "table"]) {
        let name = scanner.name()?;
        if scanner.eat("columns") {
            let columns = scanner.names()?;
            return change(service, session, |database| {
                drop_columns(database, &name, &columns)
            });
        }
        let if_exists = scanner.eat("ifexists");
        return change(service, session, |database| {
            drop_tables(database, &[name], if_exists)
        });
    }
    if scanner.eat_all(&[".drop", "column"]) {
        let (table, column) = column_name(scanner)?;
        return change(service, session, |database| {
            drop_columns(database, &table, &[column])
        });
    }
    if scanner.eat_all(&[".clear", "table"]) {
        let name = scanner.name()?;
        if scanner.eat_all(&["cache", "streamingingestion", "schema"]) {
            service.database(&session.database)?;
            return cache_cleared().map(Some);
        }
        scanner.expect("data")?;
        return change(service, session, |database| {
            let table = table_mut(database, &name)?;
            table.check_writable()?;
            table.clear();
            tables(std::iter::empty(), "")
        });
    }
    if scanner.eat_all(&[".clear", "database", "cache", "streamingingestion", "schema"]) {
        return cache_cleared().map(Some);
    }
    if scanner.eat_all(&[".rename", "tables"]) {
        let mut pairs = Vec::new();
        while pairs.is_empty() || scanner.eat(",") {
            let to = scanner.name()?;
            scanner.expect("=")?;
            pairs.push((scanner.name()?, to));
        }
        let if_exists = scanner.eat("ifexists");
        return change(service, session, |database| rename(database, &pairs, if_exists));
    }
    if scanner.eat_all(&[".rename", "table"]) {
        let from = scanner.name()?;
        scanner.expect("to")?;
        let pairs = [(from, scanner.name()?)];
        return change(service, session, |database| rename(database, &pairs, false));
    }
    if scanner.eat_all(&[".rename", "column"]) {
        let (table, column) = column_name(scanner)?;
        scanner.expect("to")?;
        let to = scanner.name()?;
        return change(service, session, |database| {
            alter_column(
                database,
                &table,
                &column,
                |old| Column::new(to, old.column_type.clone()),
                true,
            )
        });
    }
    if scanner.eat_all(&[".alter", "column"]) {
        let (table, column) = column_name(scanner)?;
        scanner.expect("type")?;
        scanner.expect("=")?;
        let place = *scanner;
        let column_type = ColumnType::from_name(&scanner.name()?);
        if matches!(column_type, ColumnType::Unknown(_)) {
            return Err(place.expected("a type that exists").into());
        }
        return change(service, session, |database| {
            alter_column(
                database,
                &table,
                &column,
                |old| Column::new(&old.name, column_type),
                false,
            )
        });
    }
    Ok(None)
}

/// How a definition and a table that is there go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Define {
    /// A table that is there already stays as it is, whatever its columns, as in Kusto.
    Make,
    /// A table that is there gets the columns it does not have; else it is made.
    MakeOrMerge,
    /// The table, which must be there, gets the columns it does not have.
    Merge,
    /// The table, which must be there, gets these columns and no others.
    Replace,
}

const DEFINITIONS: &[(&[&str], Define)] = &[
    (&[".create", "tables"], Define::Make),
    (&[".create", "table"], Define::Make),
    (&[".create-merge", "tables"], Define::MakeOrMerge),
    (&[".create-merge", "table"], Define::MakeOrMerge),
    (&[".alter-merge", "table"], Define::Merge),
    (&[".alter", "table"], Define::Replace),
];

/// A table as a command describes it.
struct Definition {
    name: String,
    about: About,
}

enum About {
    Columns {
        columns: Vec<Column>,
        docstring: Option<String>,
        folder: Option<String>,
    },
    Docstring(String),
    Folder(String),
}

/// `T (a: long, …) [with (…)]`, or several of them; `T based-on Other [with (…)]`; or `T docstring|folder "…"`.
fn definition(
    scanner: &mut Scanner<'_>,
    is_plural: bool,
    known: &Database,
) -> Result<Vec<Definition>, CommandError> {
    let mut new: Vec<Definition> = Vec::new();
    while new.is_empty() || (is_plural && scanner.eat(",")) {
        let name = scanner.name()?;
        let about = if scanner.eat("docstring") {
            About::Docstring(scanner.string()?)
        } else if scanner.eat("folder") {
            About::Folder(scanner.string()?)
        } else if scanner.eat("based-on") {
            let other = scanner.name()?;
            scanner.eat("ifnotexists");
            let found = known.tables.get(&other);
            let found = found.ok_or_else(|| no_such_table(&other, &known.name))?;
            About::Columns {
                columns: found.schema.to_vec(),
                docstring: Some(found.docstring.clone()),
                folder: Some(found.folder.clone()),
            }
        } else {
            About::Columns {
                columns: scanner.columns()?,
                docstring: None,
                folder: None,
            }
        };
        new.push(Definition { name, about });
    }
    for (property, value) in scanner.properties()? {
        for definition in &mut new {
            let About::Columns {
                docstring, folder, ..
            } = &mut definition.about
            else {
                continue;
            };
            match property.to_ascii_lowercase().as_str() {
                "docstring" => *docstring = Some(value.clone()),
                "folder" => *folder = Some(value.clone()),
                _ => {
                    return Err(semantic(format!(
                        "the property '{property}' is not supported by this service"
                    )));
                }
            }
        }
    }
    Ok(new)
}

/// Does what a definition says; the name of the table.
fn defined(database: &mut Database, new: &Definition, define: Define) -> Result<String, CommandError> {
    let Definition { name, about } = new;
    database.minor_version += 1;
    if !database.tables.contains_key(name) {
        let About::Columns { columns, .. } = about else {
            return Err(no_such_table(name, &database.name));
        };
        if matches!(define, Define::Merge | Define::Replace) {
            return Err(no_such_table(name, &database.name));
        }
        let table = Table::new(name, columns.clone().into());
        database.tables.insert(name.clone(), Arc::new(table));
    } else if define == Define::Make {
        return Ok(name.clone());
    }
    let table = table_mut(database, name)?;
    match about {
        About::Docstring(text) => table.docstring.clone_from(text),
        About::Folder(text) => table.folder.clone_from(text),
        About::Columns {
            columns,
            docstring,
            folder,
        } => {
            table.check_writable()?;
            match define {
                Define::Replace => {
                    check_types(&table.schema, columns)?;
                    table.alter(columns.clone().into());
                }
                _ => {
                    let merged = merge(&table.schema, columns)?;
                    table.alter(merged.into());
                }
            }
            if let Some(docstring) = docstring {
                table.docstring.clone_from(docstring);
            }
            if let Some(folder) = folder {
                table.folder.clone_from(folder);
            }
        }
    }
    Ok(name.clone())
}

fn of_names(database: &Database, names: &[String]) -> Result<RowBatch, CommandError> {
    let found: Vec<&Arc<Table>> = names
        .iter()
        .filter_map(|name| database.tables.get(name))
        .collect();
    match found.as_slice() {
        [one] => table_schema_as_json(one, &database.name),
        several => super::show::schemas_as_json(several.iter().map(|table| table.as_ref()), &database.name),
    }
}

/// A column that stays must keep its type.
fn check_types(old: &[Column], new: &[Column]) -> Result<(), CommandError> {
    for column in new {
        match old.iter().find(|old| old.name == column.name) {
            Some(old) if old.column_type != column.column_type => {
                let message = format!(
                    "the column '{}' is of type {}, so it cannot become {}; '.alter column' changes types",
                    old.name, old.column_type, column.column_type
                );
                return Err(semantic(message));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The columns of a table and, after them, those that are new.
fn merge(old: &[Column], new: &[Column]) -> Result<Vec<Column>, CommandError> {
    check_types(old, new)?;
    let mut merged = old.to_vec();
    let is_new = |column: &&Column| !old.iter().any(|old| old.name == column.name);
    merged.extend(new.iter().filter(is_new).cloned());
    Ok(merged)
}

fn drop_tables(database: &mut Database, names: &[String], if_exists: bool) -> Result<RowBatch, CommandError> {
    for name in names {
        if database.tables.remove(name).is_none() && !if_exists {
            return Err(no_such_table(name, &database.name));
        }
    }
    database.minor_version += 1;
    tables(database.tables.values().map(AsRef::as_ref), &database.name)
}

fn rename(
    database: &mut Database,
    pairs: &[(String, String)],
    if_exists: bool,
) -> Result<RowBatch, CommandError> {
    // All are taken out before one is put back, so that names can be swapped.
    let mut renamed = BTreeMap::new();
    for (from, to) in pairs {
        let Some(mut table) = database.tables.remove(from) else {
            if if_exists {
                continue;
            }
            return Err(no_such_table(from, &database.name));
        };
        Arc::make_mut(&mut table).name.clone_from(to);
        if renamed.insert(to.clone(), table).is_some() {
            return Err(semantic(format!("two tables cannot both be called '{to}'")));
        }
    }
    if let Some(taken) = renamed.keys().find(|name| database.tables.contains_key(*name)) {
        return Err(semantic(format!("there is a table '{taken}' already")));
    }
    database.tables.extend(renamed);
    database.minor_version += 1;
    tables(database.tables.values().map(AsRef::as_ref), &database.name)
}

fn drop_columns(database: &mut Database, table: &str, names: &[String]) -> Result<RowBatch, CommandError> {
    let database_name = database.name.clone();
    let found = table_mut(database, table)?;
    found.check_writable()?;
    for name in names {
        if !found.schema.iter().any(|column| column.name == *name) {
            return Err(no_such_column(name, table));
        }
    }
    let left = found.schema.iter().filter(|column| !names.contains(&column.name));
    let left: Vec<Column> = left.cloned().collect();
    found.alter(left.into());
    let result = table_schema_as_json(found, &database_name);
    database.minor_version += 1;
    result
}

/// Gives a column another name, or another type, which loses its values.
fn alter_column(
    database: &mut Database,
    table: &str,
    name: &str,
    change: impl FnOnce(&Column) -> Column,
    keeps_values: bool,
) -> Result<RowBatch, CommandError> {
    let database_name = database.name.clone();
    let found = table_mut(database, table)?;
    found.check_writable()?;
    let place = found.schema.iter().position(|column| column.name == name);
    let place = place.ok_or_else(|| no_such_column(name, table))?;
    let mut columns = found.schema.to_vec();
    let changed = change(&columns[place]);
    let is_same = changed == columns[place];
    if columns
        .iter()
        .enumerate()
        .any(|(other, column)| other != place && column.name == changed.name)
    {
        return Err(semantic(format!(
            "the table '{table}' has a column '{}' already",
            changed.name
        )));
    }
    columns[place] = changed;
    let sources: Vec<Option<usize>> = (0..columns.len())
        .map(|source| (source != place || keeps_values || is_same).then_some(source))
        .collect();
    found.rearrange(columns.into(), &sources);
    let result = table_schema_as_json(found, &database_name);
    database.minor_version += 1;
    result
}

/// `T.c`, `['T'].['c']`
fn column_name(scanner: &mut Scanner<'_>) -> Result<(String, String), CommandError> {
    let place = *scanner;
    let table = scanner.name()?;
    // A bare name reads on over the dot.
    if let Some((table, column)) = table.split_once('.') {
        if !column.is_empty() {
            return Ok((table.to_owned(), column.to_owned()));
        }
        return Ok((table.to_owned(), scanner.name()?));
    }
    if !scanner.eat(".") {
        return Err(place.expected("a table and a column, as in T.c").into());
    }
    Ok((table, scanner.name()?))
}

/// What clearing a cache gives; there is none, so every schema is current.
fn cache_cleared() -> Result<RowBatch, CommandError> {
    super::table(
        &[("NodeId", ColumnType::String), ("Status", ColumnType::String)],
        |rows| rows.push_row(&[Value::String("Node_0"), Value::String("Succeeded")]),
    )
}

fn change(
    service: &Service,
    session: &Session,
    change: impl FnOnce(&mut Database) -> Result<RowBatch, CommandError>,
) -> Result<Option<RowBatch>, CommandError> {
    service.storage.update(&session.database, change).map(Some)
}

/// A table to change; queries that run keep the one they began with.
pub(super) fn table_mut<'a>(database: &'a mut Database, name: &str) -> Result<&'a mut Table, CommandError> {
    let missing = no_such_table(name, &database.name);
    database.tables.get_mut(name).map(Arc::make_mut).ok_or(missing)
}

fn no_such_column(name: &str, table: &str) -> CommandError {
    semantic(format!(
        "Entity not found: the table '{table}' has no column '{name}'; '.show table {table} cslschema' lists those there are"
    ))
}
