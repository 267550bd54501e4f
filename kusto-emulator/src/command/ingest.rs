//! Commands that bring rows in: `.ingest inline`, `.ingest into`, and `.set`, `.append` and their kin from a query.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use kusto_protocol::{Column, ColumnType, Guid, RowBatch, Timespan, Value};

use super::change::table_mut;
use super::show::no_such_table;
use super::{CommandError, Scanner, Session, semantic, table};
use crate::engine;
use crate::error::EngineError;
use crate::ingest::{IngestProperties, Source, append, is_known};
use crate::service::Service;
use crate::storage::{Database, Table};
use crate::types::{Batch, Schema};

/// What an ingestion from a query does with the table that is there, or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IngestMode {
    /// Makes the table; it must not be there.
    Set,
    /// Adds rows; the table must be there.
    Append,
    /// Makes the table or adds rows.
    SetOrAppend,
    /// Makes the table or replaces its rows.
    SetOrReplace,
}

pub(super) const FROM_QUERY: &[(&str, IngestMode)] = &[
    (".set-or-append", IngestMode::SetOrAppend),
    (".set-or-replace", IngestMode::SetOrReplace),
    (".append", IngestMode::Append),
    (".set", IngestMode::Set),
];

impl IngestMode {
    /// What the list of operations calls it.
    const fn operation(self) -> &'static str {
        match self {
            Self::Set => "TableSet",
            Self::Append => "TableAppend",
            Self::SetOrAppend => "TableSetOrAppend",
            Self::SetOrReplace => "TableSetOrReplace",
        }
    }
}

/// `.ingest inline into table T …` and `.ingest [async] into table T ('…', …) …`
pub(super) fn ingest(
    service: &Service,
    session: &Session,
    scanner: &mut Scanner<'_>,
) -> Result<RowBatch, CommandError> {
    if scanner.eat("inline") {
        return inline(service, session, scanner);
    }
    let is_async = scanner.eat("async");
    if !scanner.eat("into") {
        return Err(scanner.expected("'inline' or 'into'").into());
    }
    scanner.eat("table");
    let name = scanner.name()?;
    let paths = match scanner.rest().starts_with('(') {
        true => scanner.list(Scanner::string)?,
        false => vec![scanner.string()?],
    };
    let properties = IngestProperties::from_pairs(&scanner.properties()?)?;
    let mut loaded = Vec::new();
    for path in paths {
        let started = Instant::now();
        let shown = path.split(['?', ';']).next().unwrap_or_default().to_owned();
        let place = (session.database.as_str(), name.as_str());
        let (operation, outcome) = service.operations.run("DataIngestPull", place, &shown, || {
            let data = service.sources.read(&path)?;
            let source = Source {
                data,
                location: shown.clone(),
                makes_columns: false,
            };
            service.ingest(&session.database, &name, source, &properties)
        });
        if is_async {
            return operation_id(operation);
        }
        // One source of several that fails is a row that says so; a lone one fails the command.
        let ticks = i64::try_from(started.elapsed().as_nanos() / 100).unwrap_or(i64::MAX);
        loaded.push((shown, operation, Timespan::from_ticks(ticks), outcome));
    }
    if let [(.., Err(error))] = loaded.as_slice() {
        return Err(error.clone().into());
    }
    let columns = [
        ("ExtentId", ColumnType::Guid),
        ("ItemLoaded", ColumnType::String),
        ("Duration", ColumnType::Timespan),
        ("HasErrors", ColumnType::Bool),
        ("OperationId", ColumnType::Guid),
    ];
    table(&columns, |rows| {
        for (path, operation, duration, outcome) in &loaded {
            let extent = outcome.as_ref().ok().and_then(|ingested| ingested.extent);
            rows.push_row(&[
                Value::Guid(extent.unwrap_or(Guid::NIL)),
                Value::String(path),
                Value::Timespan(*duration),
                Value::Bool(outcome.is_err()),
                Value::Guid(*operation),
            ])?;
        }
        Ok(())
    })
}

/// `inline into table T [with (format = "csv", …)] <| rows`, or `[row] [row]`
fn inline(service: &Service, session: &Session, scanner: &mut Scanner<'_>) -> Result<RowBatch, CommandError> {
    scanner.expect("into")?;
    scanner.expect("table")?;
    let name = scanner.name()?;
    let properties = IngestProperties::from_pairs(&scanner.properties()?)?;
    // Blanks and slashes belong to the data, so the scanner must not skip any.
    let data = match scanner.rest().strip_prefix("<|") {
        Some(data) => data
            .strip_prefix("\r\n")
            .or_else(|| data.strip_prefix('\n'))
            .unwrap_or(data)
            .trim_start_matches(' ')
            .to_owned(),
        None => in_brackets(scanner)?,
    };
    let source = Source {
        data: Bytes::from(data),
        location: String::new(),
        makes_columns: false,
    };
    let place = (session.database.as_str(), name.as_str());
    let ingest = || service.ingest(&session.database, &name, source, &properties);
    let (_, outcome) = service.operations.run("DataIngestInline", place, "", ingest);
    let extent = outcome?.extent;
    scanner.skip_all();
    table(&[("ExtentId", ColumnType::Guid)], |rows| {
        rows.push_row(&[Value::Guid(extent.unwrap_or(Guid::NIL))])
    })
}

/// Rows in brackets: `[a,1] [b,"]"]`.
fn in_brackets(scanner: &Scanner<'_>) -> Result<String, CommandError> {
    let mut rest = scanner.rest().trim();
    let mut lines = String::new();
    if rest.is_empty() {
        return Err(scanner.expected("'<|'").into());
    }
    while !rest.is_empty() {
        let inside = rest
            .strip_prefix('[')
            .ok_or_else(|| scanner.expected("'<|' or '['"))?;
        let mut is_quoted = false;
        let end = inside.find(|c: char| {
            is_quoted ^= c == '"';
            c == ']' && !is_quoted
        });
        let end = end.ok_or_else(|| scanner.expected("a bracket that is closed"))?;
        lines.push_str(&inside[..end]);
        lines.push('\n');
        rest = inside[end + 1..].trim_start_matches([' ', '\t', '\r', '\n', ',']);
    }
    Ok(lines)
}

/// `.set-or-append [async] T [with (…)] <| query`
pub(super) fn from_query(
    service: &Service,
    session: &Session,
    scanner: &mut Scanner<'_>,
    mode: IngestMode,
) -> Result<RowBatch, CommandError> {
    let is_async = scanner.eat("async");
    let name = scanner.name()?;
    let properties = IngestProperties::from_pairs(&scanner.properties()?)?;
    scanner.expect("<|")?;
    let query = scanner.rest();
    scanner.skip_all();
    let place = (session.database.as_str(), name.as_str());
    let (operation, outcome) = service.operations.run(mode.operation(), place, "", || {
        run_query(service, session, mode, &name, &properties, query).map_err(CommandError::into_engine)
    });
    if is_async {
        return operation_id(operation);
    }
    let (extent, rows, bytes) = outcome?;
    let columns = [
        ("ExtentId", ColumnType::Guid),
        ("OriginalSize", ColumnType::Real),
        ("ExtentSize", ColumnType::Real),
        ("CompressedSize", ColumnType::Real),
        ("IndexSize", ColumnType::Real),
        ("RowCount", ColumnType::Long),
    ];
    let bytes = Value::Real(bytes as f64);
    table(&columns, |table| {
        table.push_row(&[
            Value::Guid(extent.unwrap_or(Guid::NIL)),
            bytes,
            bytes,
            bytes,
            Value::Real(0.0),
            Value::Long(i64::try_from(rows).unwrap_or(i64::MAX)),
        ])
    })
}

/// Runs the query and puts its rows into the table: the extent, its rows and bytes.
fn run_query(
    service: &Service,
    session: &Session,
    mode: IngestMode,
    name: &str,
    properties: &IngestProperties,
    query: &str,
) -> Result<(Option<Guid>, u64, u64), CommandError> {
    let check = |database: &Database| -> Result<(), CommandError> {
        match (mode, database.tables.get(name)) {
            (IngestMode::Set, Some(_)) => Err(semantic(format!("the table '{name}' is there already"))),
            (IngestMode::Append, None) => Err(no_such_table(name, &database.name)),
            (_, Some(found)) => Ok(found.check_writable()?),
            (_, None) => Ok(()),
        }
    };
    let database = service.database(&session.database)?;
    check(&database)?;
    if database
        .tables
        .get(name)
        .is_some_and(|table| is_known(table, properties))
    {
        return Ok((None, 0, 0));
    }
    let (schema, batches) = engine::collect(&service.storage, session, query)?;
    let rows = batches.iter().map(|batch| batch.num_rows() as u64).sum();
    let bytes = batches.iter().map(Batch::byte_len).sum();
    service.storage.update(&session.database, |database| {
        // Somebody may have been quicker.
        check(database)?;
        if database
            .tables
            .get(name)
            .is_some_and(|table| is_known(table, properties))
        {
            return Ok((None, 0, 0));
        }
        if !database.tables.contains_key(name) {
            database.minor_version += 1;
            database
                .tables
                .insert(name.to_owned(), Arc::new(Table::new(name, Arc::clone(&schema))));
        }
        let table = table_mut(database, name)?;
        if mode == IngestMode::SetOrReplace {
            table.clear();
        }
        fit(table, &schema, mode, properties)?;
        if let Some(docstring) = &properties.docstring {
            table.docstring.clone_from(docstring);
        }
        if let Some(folder) = &properties.folder {
            table.folder.clone_from(folder);
        }
        Ok((append(table, batches, properties)?, rows, bytes))
    })
}

/// Makes the table's columns those of the query where that was asked for; else they must fit by place and type.
fn fit(
    table: &mut Table,
    schema: &Schema,
    mode: IngestMode,
    properties: &IngestProperties,
) -> Result<(), EngineError> {
    if mode == IngestMode::SetOrReplace && properties.recreate_schema {
        table.alter(Arc::clone(schema));
        return Ok(());
    }
    let known = table.schema.len();
    if properties.extend_schema && schema.len() > known {
        let new = schema[known..].iter().cloned();
        let columns: Vec<Column> = table.schema.iter().cloned().chain(new).collect();
        table.alter(columns.into());
    }
    let types = |columns: &[Column]| -> Vec<String> {
        columns
            .iter()
            .map(|column| column.column_type.to_string())
            .collect()
    };
    let (wanted, found) = (types(&table.schema), types(schema));
    if wanted == found {
        return Ok(());
    }
    let message = format!(
        "Query schema does not match table schema: the query gives ({}), and the table '{}' has ({})",
        found.join(", "),
        table.name,
        wanted.join(", ")
    );
    Err(EngineError::new(crate::error::EngineErrorKind::Semantic, message))
}

/// What an `async` command gives.
fn operation_id(id: Guid) -> Result<RowBatch, CommandError> {
    table(&[("OperationId", ColumnType::Guid)], |rows| {
        rows.push_row(&[Value::Guid(id)])
    })
}
