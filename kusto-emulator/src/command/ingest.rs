//! Commands that bring rows in: `.ingest inline`, `.ingest into`, and `.set`, `.append` and their kin from a query.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kusto_protocol::{Column, ColumnType, Guid, RowBatch, Timespan, Value};

use super::change::table_mut;
use super::show::no_such_table;
use super::{CommandError, Scanner, Session, semantic, table};
use crate::engine;
use crate::error::{EngineError, EngineErrorKind};
use crate::ingest::{IngestProperties, Source, append, is_known};
use crate::operations::{Done, Operation};
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
    service: &Arc<Service>,
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
    if is_async {
        let operation = Operation::new(
            "DataIngestPull",
            (&session.database, &name),
            &shown(&paths.join(", ")),
        );
        return in_background(service, session, operation, move |service, session, id| {
            let (rows, mut errors) = pull(service, session, &name, &paths, &properties, Some(id))?;
            match errors.len() {
                failed if failed == paths.len() => Err(errors.swap_remove(0).into()),
                _ => Ok((rows, errors.into_iter().next())),
            }
        });
    }
    let (rows, mut errors) = pull(service, session, &name, &paths, &properties, None)?;
    // One source of several that fails is a row that says so; a lone one fails the command.
    match (paths.len(), errors.pop()) {
        (1, Some(error)) => Err(error.into()),
        _ => Ok(rows),
    }
}

/// Ingests files, each by itself: a row for each, and what went wrong. Each is an operation of its own unless all are
/// part of one.
fn pull(
    service: &Service,
    session: &Session,
    table_name: &str,
    paths: &[String],
    properties: &IngestProperties,
    whole: Option<Guid>,
) -> Result<(RowBatch, Vec<EngineError>), CommandError> {
    let mut loaded = Vec::new();
    for path in paths {
        session.check().map_err(EngineError::from)?;
        let started = Instant::now();
        let location = shown(path);
        let load = || {
            let source = Source {
                data: service.sources.read(path)?,
                location: location.clone(),
                makes_columns: false,
            };
            service.ingest(&session.database, table_name, source, properties)
        };
        let (id, outcome) = match whole {
            Some(id) => (id, load()),
            None => {
                let operation = Operation::new("DataIngestPull", (&session.database, table_name), &location);
                service.operations.run(operation, load)
            }
        };
        let ticks = i64::try_from(started.elapsed().as_nanos() / 100).unwrap_or(i64::MAX);
        loaded.push((location, id, Timespan::from_ticks(ticks), outcome));
    }
    let columns = [
        ("ExtentId", ColumnType::Guid),
        ("ItemLoaded", ColumnType::String),
        ("Duration", ColumnType::Timespan),
        ("HasErrors", ColumnType::Bool),
        ("OperationId", ColumnType::Guid),
    ];
    let rows = table(&columns, |rows| {
        for (location, id, duration, outcome) in &loaded {
            let extent = outcome.as_ref().ok().and_then(|ingested| ingested.extent);
            rows.push_row(&[
                Value::Guid(extent.unwrap_or(Guid::NIL)),
                Value::String(location),
                Value::Timespan(*duration),
                Value::Bool(outcome.is_err()),
                Value::Guid(*id),
            ])?;
        }
        Ok(())
    })?;
    Ok((
        rows,
        loaded
            .into_iter()
            .filter_map(|(.., outcome)| outcome.err())
            .collect(),
    ))
}

/// A path or an address without its secrets.
fn shown(path: &str) -> String {
    path.split(['?', ';']).next().unwrap_or_default().to_owned()
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
    let operation = Operation::new("DataIngestInline", place, "");
    let (_, outcome) = service.operations.run(operation, ingest);
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
    service: &Arc<Service>,
    session: &Session,
    scanner: &mut Scanner<'_>,
    mode: IngestMode,
) -> Result<RowBatch, CommandError> {
    let is_async = scanner.eat("async");
    let name = scanner.name()?;
    let properties = IngestProperties::from_pairs(&scanner.properties()?)?;
    scanner.expect("<|")?;
    let query = scanner.rest().to_owned();
    scanner.skip_all();
    let operation = Operation::new(mode.operation(), (&session.database, &name), "");
    if is_async {
        return in_background(service, session, operation, move |service, session, _| {
            let ran = run_query(service, session, mode, &name, &properties, &query)?;
            Ok((extent_row(ran)?, None))
        });
    }
    let operation = operation.cancelled_by(&session.cancelled);
    let (_, outcome) = service.operations.run(operation, || {
        run_query(service, session, mode, &name, &properties, &query).map_err(CommandError::into_engine)
    });
    extent_row(outcome?)
}

/// What an ingestion from a query made: the extent, its rows and bytes.
fn extent_row((extent, rows, bytes): (Option<Guid>, u64, u64)) -> Result<RowBatch, CommandError> {
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
    Err(EngineError::new(EngineErrorKind::Semantic, message))
}

/// Does an operation on a thread of its own; the command gives its id.
fn in_background(
    service: &Arc<Service>,
    session: &Session,
    operation: Operation,
    work: impl FnOnce(&Service, &Session, Guid) -> Result<Done, CommandError> + Send + 'static,
) -> Result<RowBatch, CommandError> {
    // It goes on when the client that asked for it has gone.
    let session = Session {
        cancelled: Arc::default(),
        deadline: Instant::now().checked_add(BACKGROUND_TIMEOUT),
        ..session.clone()
    };
    let id = service
        .operations
        .begin(operation.cancelled_by(&session.cancelled));
    let service = Arc::clone(service);
    let spawned = thread::Builder::new()
        .name("kusto-operation".to_owned())
        .stack_size(engine::STACK_SIZE)
        .spawn(move || {
            let work = || work(&service, &session, id).map_err(CommandError::into_engine);
            let done = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
                let message = "the command failed inside the service";
                Err(EngineError::new(EngineErrorKind::Runtime, message))
            });
            service.operations.end_with(id, done);
        });
    spawned.map_err(|error| semantic(format!("no thread could be had for the command: {error}")))?;
    table(&[("OperationId", ColumnType::Guid)], |rows| {
        rows.push_row(&[Value::Guid(id)])
    })
}

/// How long a command in the background may take.
const BACKGROUND_TIMEOUT: Duration = Duration::from_secs(60 * 60);
