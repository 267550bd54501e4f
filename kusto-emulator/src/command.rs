//! Management commands: text in, one table out.

mod change;
mod database;
mod function;
mod ingest;
mod mapping;
mod policy;
mod resources;
mod scan;
mod script;
mod show;

use std::sync::Arc;

use kusto_protocol::{Column, ColumnType, ConversionError, RowBatch, RowBatchBuilder, Value};
use scan::{ScanError, Scanner};
pub(crate) use show::csl_schema;

use crate::error::{EngineError, EngineErrorKind};
use crate::service::Service;
use crate::session::Session;

/// Runs the first part of a command, up to a `|` that pipes its result into a query.
///
/// Returns the result and the position of what follows the command: empty, or beginning with `|`.
pub(crate) fn run(
    service: &Arc<Service>,
    session: &Session,
    text: &str,
) -> Result<(RowBatch, usize), EngineError> {
    let mut scanner = Scanner::new(text);
    let outcome = dispatch(service, session, &mut scanner).and_then(|outcome| {
        if !scanner.rest().starts_with('|') {
            scanner.end()?;
        }
        Ok(outcome)
    });
    Ok((outcome.map_err(|error| error.located(text))?, scanner.position()))
}

/// Whether a command may change something.
pub(crate) fn changes(text: &str) -> bool {
    !Scanner::new(text).is_next(&[".show", ".get"])
}

fn dispatch(
    service: &Arc<Service>,
    session: &Session,
    scanner: &mut Scanner<'_>,
) -> Result<RowBatch, CommandError> {
    let start = *scanner;
    if scanner.eat(".show") {
        return show::run(service, session, scanner);
    }
    if scanner.eat(".get") {
        return resources::get(service, scanner);
    }
    if scanner.eat(".ingest") {
        return ingest::ingest(service, session, scanner);
    }
    for (verb, mode) in ingest::FROM_QUERY {
        if scanner.eat(verb) {
            return ingest::from_query(service, session, scanner, *mode);
        }
    }
    if scanner.eat(".cancel") {
        return cancel(service, scanner);
    }
    if scanner.eat(".execute") {
        return script::execute(service, session, scanner);
    }
    for run in [mapping::run, policy::run, function::run, change::run] {
        if let Some(result) = run(service, session, scanner)? {
            return Ok(result);
        }
    }
    match database::run(service, scanner)? {
        Some(result) => Ok(result),
        None => Err(unsupported(&start)),
    }
}

/// `.cancel query "id" [with (reason = "…")]`, and `.cancel operation`
fn cancel(service: &Service, scanner: &mut Scanner<'_>) -> Result<RowBatch, CommandError> {
    if scanner.eat("operation") {
        return show::operations::cancel(service, scanner);
    }
    if !scanner.eat("query") {
        return Err(scanner.expected("'query' or 'operation'").into());
    }
    let id = scanner.string()?;
    let properties = scanner.properties()?;
    let reason = properties.iter().find(|(name, _)| name == "reason");
    let reason = reason.map_or("", |(_, reason)| reason);
    let cancelled = service.queries.cancel(&id, reason);
    table(
        &[
            ("ClientRequestId", ColumnType::String),
            ("RunningQueryCanceled", ColumnType::Bool),
        ],
        |rows| rows.push_row(&[Value::String(&id), Value::Bool(cancelled)]),
    )
}

/// What can go wrong with a command.
enum CommandError {
    /// The text does not read as a command.
    Scan(ScanError),
    /// It reads, but cannot be done.
    Engine(EngineError),
}

impl CommandError {
    /// The error without its place.
    fn into_engine(self) -> EngineError {
        match self {
            Self::Engine(error) => error,
            Self::Scan(error) => EngineError::new(EngineErrorKind::Syntax, error.message),
        }
    }

    /// Adds line and column, as the service does.
    fn located(self, text: &str) -> EngineError {
        match self {
            Self::Engine(error) => error,
            Self::Scan(error) => {
                let before = &text[..error.position.min(text.len())];
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                let message = format!(
                    "Syntax error: Query could not be parsed: SYN0002: A recognition error occurred: {} \
                     [line:position={line}:{column}]",
                    error.message
                );
                EngineError::new(EngineErrorKind::Syntax, message)
            }
        }
    }
}

impl From<ScanError> for CommandError {
    fn from(error: ScanError) -> Self {
        Self::Scan(error)
    }
}

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<ConversionError> for CommandError {
    fn from(error: ConversionError) -> Self {
        Self::Engine(EngineError::new(EngineErrorKind::Runtime, error.to_string()))
    }
}

/// A command that this service does not know, by its first words.
fn unsupported(scanner: &Scanner<'_>) -> CommandError {
    let words: Vec<&str> = scanner.rest().split_whitespace().take(3).collect();
    let message = format!(
        "the command '{}' is not supported by this service",
        words.join(" ")
    );
    CommandError::Engine(EngineError::new(EngineErrorKind::Unsupported, message))
}

fn semantic(message: String) -> CommandError {
    CommandError::Engine(EngineError::new(EngineErrorKind::Semantic, message))
}

/// A result with these columns.
fn table(
    columns: &[(&str, ColumnType)],
    fill: impl FnOnce(&mut RowBatchBuilder) -> Result<(), ConversionError>,
) -> Result<RowBatch, CommandError> {
    let columns: Arc<[Column]> = columns
        .iter()
        .map(|(name, column_type)| Column::new(*name, column_type.clone()))
        .collect();
    let mut rows = RowBatchBuilder::new(columns);
    fill(&mut rows)?;
    Ok(rows.finish())
}
