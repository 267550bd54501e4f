//! Queries and commands: bound on a thread that may block, answered while they run.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime};

use axum::body::Body;
use bytes::Bytes;
use http::{Response, StatusCode};
use kusto_arrow::row_batch_of;
use kusto_protocol::{
    ClientRequestProperties, DataSetCompletion, DataSetHeader, DateTime, ErrorReportingPlacement, Frame,
    Layout, OneApiError, QueryVersion, RowBatch, TableCompletion, TableFragment, TableFragmentType,
    TableHeader, TableKind,
};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::tables::{
    Outcome, completion_information, extended_properties, extended_properties_v1, query_status,
};
use super::{Incoming, error, streamed};
use crate::answer::{Answer, Gone};
use crate::command;
use crate::engine::{self, ResultTable};
use crate::error::{EngineError, EngineErrorKind};
use crate::service::{Running, RunningQuery};
use crate::session::Session;
use crate::storage::Table;
use crate::types::Batch;

/// How long the service works on a query that does not say.
const QUERY_TIMEOUT: Duration = Duration::from_secs(4 * 60);

/// How long the service works on a command that does not say.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Why a request was refused before its answer began.
type Refused = Box<(StatusCode, OneApiError)>;

pub(super) async fn query(
    incoming: Incoming,
    database: String,
    text: String,
    version: QueryVersion,
    properties: ClientRequestProperties,
) -> Response<Body> {
    let layout = layout(version, &properties);
    let session = session(&incoming, database, &properties, QUERY_TIMEOUT);
    let is_v1 = version == QueryVersion::V1;
    answer(
        incoming,
        session,
        text,
        layout,
        move |incoming, session, text, begin| {
            let started = Instant::now();
            let mut results = engine::run(&incoming.service.storage, &session, &text)?;
            // Rows are asked for before the answer begins, so that what fails at once fails as a whole.
            let first = results.first_mut().map(ResultTable::next).transpose()?.flatten();
            let answer = begin();
            let written = Writing {
                incoming,
                answer,
                is_v1,
                results: Vec::new(),
                errors: Vec::new(),
            };
            // A client that has gone away needs nothing more.
            let _ = written.run(results, first, started);
            Ok(())
        },
    )
    .await
}

pub(super) async fn mgmt(
    incoming: Incoming,
    database: String,
    text: String,
    properties: ClientRequestProperties,
) -> Response<Body> {
    let session = session(&incoming, database, &properties, COMMAND_TIMEOUT);
    answer(
        incoming,
        session,
        text,
        Layout::V1,
        move |incoming, session, text, begin| {
            let (result, end) = command::run(&incoming.service, &session, &text)?;
            let result = piped(incoming, &session, result, text[end..].trim())?;
            // A client that has gone away needs nothing more.
            let _ = write_command(begin(), result);
            Ok(())
        },
    )
    .await
}

/// Runs a request on a thread that may block. It is refused as a whole if it fails before it calls `begin`.
async fn answer(
    incoming: Incoming,
    session: Session,
    text: String,
    layout: Layout,
    run: impl FnOnce(&Incoming, Session, String, &mut dyn FnMut() -> Answer) -> Result<(), EngineError>
    + Send
    + 'static,
) -> Response<Body> {
    let (began, begun) = oneshot::channel::<Result<mpsc::Receiver<Bytes>, Refused>>();
    let coding = incoming.coding;
    let incoming = Arc::new(incoming);
    let asked = Arc::clone(&incoming);
    tokio::task::spawn_blocking(move || {
        let _running = enter(&asked, &session, &text);
        let mut began = Some(began);
        let outcome = run(&asked, session, text, &mut || {
            let (answer, pieces) = Answer::new(layout, coding);
            if let Some(began) = began.take() {
                // Without a receiver the pieces go nowhere, which ends the answer at its first one.
                let _ = began.send(Ok(pieces));
            }
            answer
        });
        if let (Err(failed), Some(began)) = (outcome, began) {
            // The client may have gone away meanwhile.
            let _ = began.send(Err(Box::new(error::of_engine(&failed))));
        }
    });
    match begun.await {
        Ok(Ok(pieces)) => streamed(pieces, coding),
        Ok(Err(refused)) => error::response(refused.0, refused.1, &incoming),
        Err(_) => {
            let failed = OneApiError::new("InternalServiceError", "the request ended without an answer");
            error::response(StatusCode::INTERNAL_SERVER_ERROR, failed, &incoming)
        }
    }
}

fn enter(incoming: &Incoming, session: &Session, text: &str) -> Running {
    incoming.service.queries.enter(RunningQuery {
        client_request_id: incoming.client_request_id.clone(),
        text: text.to_owned(),
        database: session.database.clone(),
        started: SystemTime::now(),
        cancelled: Arc::clone(&session.cancelled),
    })
}

fn session(
    incoming: &Incoming,
    database: String,
    properties: &ClientRequestProperties,
    timeout: Duration,
) -> Session {
    // Literals come as text, and so do plain numbers here.
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs = |values: &serde_json::Map<String, Value>| {
        values
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect::<Vec<_>>()
    };
    let mut session = Session::new(database);
    session.cluster = incoming.service.uri.clone();
    session.principal = properties.user.clone().unwrap_or_default();
    session.parameters = pairs(&properties.parameters).into_iter().collect();
    session.deadline = Instant::now().checked_add(properties.effective_server_timeout(timeout));
    session.cancelled = Arc::new(AtomicBool::new(false));
    session.set(
        pairs(&properties.options)
            .into_iter()
            .map(|(name, value)| (name, Some(value)))
            .collect(),
    );
    session
}

/// The layout that the options ask for.
fn layout(version: QueryVersion, properties: &ClientRequestProperties) -> Layout {
    if version == QueryVersion::V1 {
        return Layout::V1.table_of_contents(true);
    }
    let flag = |name: &str| properties.options.get(name) == Some(&Value::Bool(true));
    let placement = properties
        .options
        .get(kusto_protocol::options::RESULTS_ERROR_REPORTING_PLACEMENT)
        .and_then(Value::as_str)
        .and_then(ErrorReportingPlacement::from_name)
        .unwrap_or_default();
    let layout = if flag(kusto_protocol::options::RESULTS_PROGRESSIVE_ENABLED) {
        Layout::V2_PROGRESSIVE
    } else if flag(kusto_protocol::options::RESULTS_V2_FRAGMENT_PRIMARY_TABLES) {
        Layout::V2_FRAGMENTED
    } else {
        Layout::V2
    };
    layout
        .newlines_between_frames(flag(kusto_protocol::options::RESULTS_V2_NEWLINES_BETWEEN_FRAMES))
        .error_reporting_placement(placement)
}

/// An answer to a query being written.
struct Writing<'a> {
    incoming: &'a Incoming,
    answer: Answer,
    is_v1: bool,
    /// Rows and bytes of each result so far.
    results: Vec<(u64, u64)>,
    errors: Vec<OneApiError>,
}

impl Writing<'_> {
    fn run(mut self, results: Vec<ResultTable>, first: Option<Batch>, started: Instant) -> Result<(), Gone> {
        self.answer
            .frame(&Frame::DataSetHeader(DataSetHeader::default()))?;
        let visualizations: Vec<(i64, String)> = (1..)
            .zip(&results)
            .map(|(table_id, result)| (table_id, result.visualization.to_json()))
            .collect();
        if !self.is_v1 {
            self.table(
                0,
                TableKind::QueryProperties,
                "@ExtendedProperties",
                extended_properties(&visualizations),
            )?;
        }
        let mut first = first;
        let mut table_id = 1;
        for result in results {
            self.result(table_id, result, first.take())?;
            table_id += 1;
            if !self.errors.is_empty() {
                break;
            }
        }
        let outcome = Outcome {
            elapsed: started.elapsed(),
            results: std::mem::take(&mut self.results),
        };
        let now = DateTime::from(SystemTime::now());
        if self.is_v1 {
            let properties = extended_properties_v1(&visualizations);
            self.table(
                table_id,
                TableKind::QueryProperties,
                "@ExtendedProperties",
                properties,
            )?;
            table_id += 1;
        }
        // After a failure the service leaves out that the query completed.
        if self.errors.is_empty() {
            let information = if self.is_v1 {
                query_status
            } else {
                completion_information
            };
            let name = if self.is_v1 {
                "QueryStatus"
            } else {
                "QueryCompletionInformation"
            };
            let rows = information(self.incoming, &outcome, now);
            self.table(table_id, TableKind::QueryCompletionInformation, name, rows)?;
        }
        let mut completion = DataSetCompletion::default();
        completion.has_errors = !self.errors.is_empty();
        completion.errors = self.errors;
        self.answer.frame(&Frame::DataSetCompletion(completion))?;
        self.answer.finish()
    }

    /// One result of the query, batch by batch.
    fn result(&mut self, table_id: i64, mut result: ResultTable, first: Option<Batch>) -> Result<(), Gone> {
        let columns = Arc::clone(&result.schema);
        self.answer.frame(&Frame::TableHeader(TableHeader {
            table_id,
            kind: TableKind::PrimaryResult,
            name: result.name.clone().unwrap_or_else(|| "PrimaryResult".to_owned()),
            columns: Arc::clone(&columns),
        }))?;
        let (mut row_count, mut bytes, mut errors) = (0, 0, Vec::new());
        let mut next = Ok(first);
        // A first batch that was not asked for yet is asked for here.
        if matches!(next, Ok(None)) {
            next = result.next();
        }
        loop {
            match next.and_then(|batch| batch.map(|batch| rows(&columns, &batch)).transpose()) {
                Ok(Some(rows)) => {
                    row_count += rows.num_rows() as u64;
                    bytes += rows.byte_len() as u64;
                    let kind = TableFragmentType::DataAppend;
                    self.answer
                        .frame(&Frame::TableFragment(TableFragment { table_id, kind, rows }))?;
                }
                Ok(None) => break,
                Err(failed) => {
                    errors.push(error::with_context(error::of_engine(&failed).1, self.incoming));
                    break;
                }
            }
            next = result.next();
        }
        self.results.push((row_count, bytes));
        self.errors.extend(errors.iter().cloned());
        self.answer.frame(&Frame::TableCompletion(TableCompletion {
            table_id,
            row_count,
            errors,
        }))
    }

    /// A table that is there as a whole.
    fn table(&mut self, table_id: i64, kind: TableKind, name: &str, rows: RowBatch) -> Result<(), Gone> {
        write_table(&mut self.answer, table_id, kind, name, rows)
    }
}

/// The answer to a command: one table.
fn write_command(mut answer: Answer, result: RowBatch) -> Result<(), Gone> {
    answer.frame(&Frame::DataSetHeader(DataSetHeader::default()))?;
    write_table(&mut answer, 0, TableKind::PrimaryResult, "Table_0", result)?;
    answer.frame(&Frame::DataSetCompletion(DataSetCompletion::default()))?;
    answer.finish()
}

fn write_table(
    answer: &mut Answer,
    table_id: i64,
    kind: TableKind,
    name: &str,
    rows: RowBatch,
) -> Result<(), Gone> {
    let (columns, row_count) = (Arc::clone(rows.columns()), rows.num_rows() as u64);
    answer.frame(&Frame::TableHeader(TableHeader {
        table_id,
        kind,
        name: name.to_owned(),
        columns,
    }))?;
    if row_count > 0 {
        let kind = TableFragmentType::DataAppend;
        answer.frame(&Frame::TableFragment(TableFragment { table_id, kind, rows }))?;
    }
    answer.frame(&Frame::TableCompletion(TableCompletion {
        table_id,
        row_count,
        errors: Vec::new(),
    }))
}

fn rows(columns: &Arc<[kusto_protocol::Column]>, batch: &Batch) -> Result<RowBatch, EngineError> {
    row_batch_of(Arc::clone(columns), batch.columns(), batch.num_rows())
        .map_err(|error| EngineError::new(EngineErrorKind::Runtime, error.to_string()))
}

/// The result of a command, or of the query that it is piped into.
fn piped(
    incoming: &Incoming,
    session: &Session,
    result: RowBatch,
    tail: &str,
) -> Result<RowBatch, EngineError> {
    if tail.is_empty() {
        return Ok(result);
    }
    let runtime = |message: String| EngineError::new(EngineErrorKind::Runtime, message);
    let columns = Arc::clone(result.columns());
    let batch = kusto_arrow::record_batch(result, &kusto_arrow::Options::LOSSLESS)
        .map_err(|error| runtime(error.to_string()))?;
    let mut table = Table::new(COMMAND_RESULT, columns);
    table
        .append(Batch::new(batch.columns().to_vec(), batch.num_rows()))
        .map_err(|error| runtime(error.to_string()))?;
    let storage = incoming.service.storage.with_table(&session.database, table);
    let (schema, batches) = engine::collect(&storage, session, &format!("['{COMMAND_RESULT}'] {tail}"))?;
    let mut builder = kusto_protocol::RowBatchBuilder::new(Arc::clone(&schema));
    for batch in batches {
        for row in rows(&schema, &batch)?.rows() {
            builder
                .push_row(&row.values().collect::<Vec<_>>())
                .map_err(|error| runtime(error.to_string()))?;
        }
    }
    Ok(builder.finish())
}

/// The name under which the query after a command knows the command's result.
const COMMAND_RESULT: &str = "$command_result";
