//! Stored functions: `.create function`, `.alter function`, `.drop function`, and how they are shown.

use std::sync::Arc;

use kusto_kql::ast::{ParameterType, RowSchema, StatementKind};
use kusto_protocol::{ColumnType, RowBatch, Value};
use serde_json::{Map, json};

use super::{CommandError, Scanner, Session, semantic, table};
use crate::bind::syntax_error;
use crate::service::Service;
use crate::storage::{Database, StoredFunction};
use crate::types;

/// What happens to a function of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IfThere {
    Alter,
    Keep,
    Refuse,
}

/// Runs the command if it is about functions.
pub(super) fn run(
    service: &Service,
    session: &Session,
    scanner: &mut Scanner<'_>,
) -> Result<Option<RowBatch>, CommandError> {
    if scanner.eat_all(&[".create-or-alter", "function"]) {
        return create(service, session, scanner, IfThere::Alter).map(Some);
    }
    if scanner.eat_all(&[".create", "function"]) {
        let if_there = match scanner.eat("ifnotexists") {
            true => IfThere::Keep,
            false => IfThere::Refuse,
        };
        return create(service, session, scanner, if_there).map(Some);
    }
    if scanner.eat_all(&[".alter", "function"]) {
        return alter(service, session, scanner).map(Some);
    }
    if scanner.eat_all(&[".drop", "functions"]) {
        let names = scanner.names()?;
        let if_exists = scanner.eat("ifexists");
        return service
            .storage
            .update(&session.database, |database| {
                names
                    .iter()
                    .try_for_each(|name| remove(database, name, if_exists))?;
                functions(database.functions.values().map(AsRef::as_ref))
            })
            .map(Some);
    }
    if scanner.eat_all(&[".drop", "function"]) {
        let name = scanner.name()?;
        let if_exists = scanner.eat("ifexists");
        return service
            .storage
            .update(&session.database, |database| {
                remove(database, &name, if_exists)?;
                table(&[("Name", ColumnType::String)], |rows| {
                    rows.push_row(&[Value::String(&name)])
                })
            })
            .map(Some);
    }
    Ok(None)
}

/// `.show functions`
pub(super) fn show_all(service: &Service, session: &Session) -> Result<RowBatch, CommandError> {
    let database = service.database(&session.database)?;
    functions(database.functions.values().map(AsRef::as_ref))
}

/// `.show function F`
pub(super) fn show(
    service: &Service,
    session: &Session,
    scanner: &mut Scanner<'_>,
) -> Result<RowBatch, CommandError> {
    let name = scanner.name()?;
    scanner.properties()?;
    let database = service.database(&session.database)?;
    let found = database.functions.get(&name);
    functions(std::iter::once(
        found
            .ok_or_else(|| no_such_function(&name, &database.name))?
            .as_ref(),
    ))
}

/// What editors want to know of a function.
pub(super) fn json(function: &StoredFunction) -> serde_json::Value {
    json!({
        "Name": function.name, "Body": function.body, "Folder": function.folder, "DocString": function.docstring,
        "FunctionKind": "Unknown", "OutputColumns": [], "InputParameters": input_parameters(function),
    })
}

/// `[with (…)] F(…) {…}`
fn create(
    service: &Service,
    session: &Session,
    scanner: &mut Scanner<'_>,
    if_there: IfThere,
) -> Result<RowBatch, CommandError> {
    let properties = scanner.properties()?;
    let name = scanner.name()?;
    let mut function = definition(&name, scanner)?;
    for (property, value) in properties {
        match property.to_ascii_lowercase().as_str() {
            "docstring" => function.docstring = value,
            "folder" => function.folder = value,
            // Every definition is parsed; names are looked up when the function is called.
            "skipvalidation" | "view" => {}
            _ => {
                return Err(semantic(format!(
                    "the property '{property}' is not supported by this service"
                )));
            }
        }
    }
    service.storage.update(&session.database, |database| {
        let function = match (database.functions.get(&name), if_there) {
            (Some(found), IfThere::Keep) => Arc::clone(found),
            (Some(_), IfThere::Refuse) => {
                return Err(semantic(format!(
                    "the function '{name}' is there already; use .create-or-alter"
                )));
            }
            _ => Arc::new(function),
        };
        database.functions.insert(name.clone(), Arc::clone(&function));
        database.minor_version += 1;
        functions(std::iter::once(function.as_ref()))
    })
}

/// `.alter function [with (…)] F(…) {…}`, `.alter function F docstring|folder "…"`
fn alter(service: &Service, session: &Session, scanner: &mut Scanner<'_>) -> Result<RowBatch, CommandError> {
    let database = service.database(&session.database)?;
    let mut ahead = *scanner;
    ahead.properties()?;
    let name = ahead.name()?;
    if !database.functions.contains_key(&name) {
        return Err(no_such_function(&name, &database.name));
    }
    if ahead.rest().starts_with('(') {
        return create(service, session, scanner, IfThere::Alter);
    }
    let is_folder = ahead.eat("folder");
    if !is_folder {
        ahead.expect("docstring")?;
    }
    let text = ahead.string()?;
    *scanner = ahead;
    service.storage.update(&session.database, |database| {
        let function = database
            .functions
            .get_mut(&name)
            .ok_or_else(|| no_such_function(&name, &session.database))?;
        let changed = Arc::make_mut(function);
        match is_folder {
            true => changed.folder = text,
            false => changed.docstring = text,
        }
        let changed = functions(std::iter::once(&*changed));
        database.minor_version += 1;
        changed
    })
}

/// Parameters and body: all that is left of the command.
fn definition(name: &str, scanner: &mut Scanner<'_>) -> Result<StoredFunction, CommandError> {
    let text = scanner.rest().trim_end();
    // A function without parameters may be written without parentheses.
    let text = match text.starts_with('{') {
        true => format!("(){text}"),
        false => text.to_owned(),
    };
    let script = kusto_kql::parse(&format!("{BEFORE}{text}")).map_err(|error| syntax_error(&error))?;
    let [statement] = script.statements.as_slice() else {
        return Err(scanner.expected("one function and nothing after it").into());
    };
    let StatementKind::LetFunction { function, .. } = &statement.kind else {
        return Err(scanner
            .expected("parameters in parentheses and a body in braces")
            .into());
    };
    let last = function.parameters.last();
    let end_of_last = last.map_or(0, |parameter| parameter.span.end - BEFORE.len());
    let close = text[end_of_last..]
        .find(')')
        .map_or(text.len(), |at| end_of_last + at + 1);
    scanner.skip_all();
    Ok(StoredFunction {
        name: name.to_owned(),
        parameters: text[..close].to_owned(),
        body: text[close..function.span.end - BEFORE.len()].trim().to_owned(),
        ..StoredFunction::default()
    })
}

fn remove(database: &mut Database, name: &str, if_exists: bool) -> Result<(), CommandError> {
    if database.functions.remove(name).is_none() && !if_exists {
        return Err(no_such_function(name, &database.name));
    }
    database.minor_version += 1;
    Ok(())
}

fn functions<'a>(found: impl Iterator<Item = &'a StoredFunction>) -> Result<RowBatch, CommandError> {
    let columns = [
        ("Name", ColumnType::String),
        ("Parameters", ColumnType::String),
        ("Body", ColumnType::String),
        ("Folder", ColumnType::String),
        ("DocString", ColumnType::String),
    ];
    table(&columns, |rows| {
        for function in found {
            rows.push_row(&[
                Value::String(&function.name),
                Value::String(&function.parameters),
                Value::String(&function.body),
                Value::String(&function.folder),
                Value::String(&function.docstring),
            ])?;
        }
        Ok(())
    })
}

fn input_parameters(function: &StoredFunction) -> Vec<serde_json::Value> {
    let text = format!("{BEFORE}{}{{0}}", function.parameters);
    let Ok(script) = kusto_kql::parse(&text) else {
        return Vec::new();
    };
    let Some(StatementKind::LetFunction { function, .. }) =
        script.statements.first().map(|statement| &statement.kind)
    else {
        return Vec::new();
    };
    let parameters = function.parameters.iter().map(|parameter| {
        let mut members = Map::new();
        members.insert("Name".to_owned(), json!(parameter.name.text));
        match &parameter.parameter_type {
            ParameterType::Scalar(scalar_type) => {
                let column_type = types::column_type(*scalar_type);
                members.insert("Type".to_owned(), json!(column_type.dotnet_name()));
                members.insert("CslType".to_owned(), json!(column_type.as_str()));
                if let Some(default) = &parameter.default {
                    let default = &text[default.span.start..default.span.end];
                    members.insert("CslDefaultValue".to_owned(), json!(default));
                }
                members.insert("Columns".to_owned(), json!([]));
            }
            ParameterType::Tabular(schema) => {
                members.insert("Columns".to_owned(), json!(columns(schema)));
            }
        }
        serde_json::Value::Object(members)
    });
    parameters.collect()
}

fn columns(schema: &RowSchema) -> Vec<serde_json::Value> {
    let columns = schema.columns.iter().map(|column| {
        let column_type = types::column_type(column.scalar_type);
        json!({"Name": column.name.text, "Type": column_type.dotnet_name(), "CslType": column_type.as_str()})
    });
    columns.collect()
}

fn no_such_function(name: &str, database: &str) -> CommandError {
    semantic(format!(
        "Entity not found: the database '{database}' has no function '{name}'; '.show functions' lists those there are"
    ))
}

/// What makes a statement of a stored function.
const BEFORE: &str = "let f = ";
