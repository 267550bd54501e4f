//! Queries and commands: bound and run on a thread of their own, answered while they run.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::Response;
use kusto_protocol::{
    ClientRequestProperties, DateTime, ErrorReportingPlacement, Layout, QueryVersion, RowBatch, options,
};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::Incoming;
use super::error::Refusal;
use super::reply::{Body, CancelOnDrop, streamed};
use super::write::{Form, rows, write_command, write_query};
use crate::admission::Turned;
use crate::answer::{Answer, Broken};
use crate::command;
use crate::engine::{self, ResultTable};
use crate::error::{EngineError, EngineErrorKind, EvalError};
use crate::queries::Query;
use crate::session::Session;
use crate::storage::Table;
use crate::types::Batch;

/// How long the service works on a query that does not say.
const QUERY_TIMEOUT: Duration = Duration::from_secs(4 * 60);

/// How long the service works on a command that does not say.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// `/v1/rest/query` and `/v2/rest/query`
pub(super) async fn query(
    incoming: &Arc<Incoming>,
    database: String,
    text: String,
    version: QueryVersion,
    properties: &ClientRequestProperties,
) -> Result<Response<Body>, Refusal> {
    if incoming.service.storage.database(&database).is_none() {
        return Err(Refusal::no_such_database(&database));
    }
    let language = properties
        .options
        .get(options::QUERY_LANGUAGE)
        .and_then(Value::as_str);
    if let Some(language) = language.filter(|language| !["csl", "kql"].contains(language)) {
        return Err(Refusal::unsupported_language(language));
    }
    let session = session(incoming, database, properties, QUERY_TIMEOUT);
    let form = form(version, properties);
    let layout = form.layout;
    let admitted = incoming.service.admission.enter(session.deadline).await;
    let admitted = admitted.map_err(|turned| match turned {
        Turned::Throttled(capacity) => Refusal::throttled(capacity),
        Turned::TimedOut => EngineError::from(EvalError::timed_out()).into(),
    })?;
    let asked = Arc::clone(incoming);
    let listed = listed(incoming, &session, &text, properties);
    answer(incoming, session, layout, move |session, begin| {
        let _admitted = admitted;
        let running = asked
            .service
            .queries
            .enter(listed, Arc::clone(&session.cancelled));
        let started = Instant::now();
        // Rows are asked for before the answer begins, so that what fails at once fails as a whole.
        let begun = engine::run(&asked.service.storage, &session, &text).and_then(|mut results| {
            let first = results.first_mut().map(ResultTable::next).transpose()?.flatten();
            Ok((results, first))
        });
        let (results, first) = match begun {
            Ok(begun) => begun,
            Err(failed) => {
                running.end(Some(&failed), Vec::new());
                return Err(failed);
            }
        };
        // A client that has gone away needs nothing more.
        if let Ok(written) = write_query(&asked, begin(), form, results, first, started) {
            // Whoever has read the answer finds the query in the list.
            running.end(written.failure.as_ref(), written.results);
            let _ = written.answer.finish();
        }
        Ok(())
    })
    .await
}

/// A query, as lists of queries show it.
fn listed(incoming: &Incoming, session: &Session, text: &str, properties: &ClientRequestProperties) -> Query {
    Query {
        client_request_id: incoming.client_request_id.clone(),
        activity_id: incoming.activity_id,
        text: text.to_owned(),
        database: session.database.clone(),
        principal: session.principal.clone(),
        application: properties.application.clone().unwrap_or_default(),
        properties: json!({"Options": properties.options}).to_string(),
        started: DateTime::from(SystemTime::now()),
    }
}

/// `/v1/rest/mgmt`
pub(super) async fn mgmt(
    incoming: &Arc<Incoming>,
    database: String,
    text: String,
    properties: &ClientRequestProperties,
    is_read_only: bool,
) -> Result<Response<Body>, Refusal> {
    if is_read_only && command::changes(&text) {
        return Err(Refusal::read_only());
    }
    let session = session(incoming, database, properties, COMMAND_TIMEOUT);
    let asked = Arc::clone(incoming);
    answer(incoming, session, Layout::V1, move |session, begin| {
        let (result, end) = command::run(&asked.service, &session, &text)?;
        let result = piped(&asked, &session, result, text[end..].trim())?;
        // A client that has gone away needs nothing more.
        let _ = write_command(begin(), result);
        Ok(())
    })
    .await
}

/// Runs a request on a thread of its own. It is refused as a whole if it fails before it calls `begin`.
async fn answer(
    incoming: &Arc<Incoming>,
    session: Session,
    layout: Layout,
    run: impl FnOnce(Session, &mut dyn FnMut() -> Answer) -> Result<(), EngineError> + Send + 'static,
) -> Result<Response<Body>, Refusal> {
    type Pieces = mpsc::Receiver<Result<Bytes, Broken>>;
    let (began, begun) = oneshot::channel::<Result<Pieces, EngineError>>();
    let coding = incoming.coding;
    let cancel = CancelOnDrop(Arc::clone(&session.cancelled));
    let work = move || {
        let mut began = Some(began);
        let outcome = run(session, &mut || {
            let (answer, pieces) = Answer::new(layout, coding);
            if let Some(began) = began.take() {
                // Without a receiver the pieces go nowhere, which ends the answer at its first one.
                let _ = began.send(Ok(pieces));
            }
            answer
        });
        if let (Err(failed), Some(began)) = (outcome, began) {
            // The client may have gone away meanwhile.
            let _ = began.send(Err(failed));
        }
    };
    // The runtime's own threads have too little stack for deeply nested queries.
    thread::Builder::new()
        .name("kusto-query".to_owned())
        .stack_size(engine::STACK_SIZE)
        .spawn(work)
        .map_err(|error| Refusal::internal(format!("no thread could be had for the request: {error}")))?;
    match begun.await {
        Ok(Ok(pieces)) => Ok(streamed(pieces, coding, cancel)),
        Ok(Err(failed)) => Err(failed.into()),
        // The thread went without a word, so it has panicked.
        Err(_) => Err(Refusal::internal("the request failed inside the service")),
    }
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
    session.sources = Arc::clone(&incoming.service.sources);
    let principal = incoming.principal.as_ref().or(properties.user.as_ref());
    session.principal = principal.cloned().unwrap_or_default();
    session.parameters = pairs(&properties.parameters).into_iter().collect();
    session.deadline = Instant::now().checked_add(properties.effective_server_timeout(timeout));
    session.set(
        pairs(&properties.options)
            .into_iter()
            .map(|(name, value)| (name, Some(value)))
            .collect(),
    );
    session
}

/// The form of the answer that the options ask for.
fn form(version: QueryVersion, properties: &ClientRequestProperties) -> Form {
    let flag = |name: &str| properties.options.get(name) == Some(&Value::Bool(true));
    let placement = properties
        .options
        .get(options::RESULTS_ERROR_REPORTING_PLACEMENT)
        .and_then(Value::as_str)
        .and_then(ErrorReportingPlacement::from_name)
        .unwrap_or_default();
    let is_progressive = version == QueryVersion::V2 && flag(options::RESULTS_PROGRESSIVE_ENABLED);
    let layout = if version == QueryVersion::V1 {
        Layout::V1.table_of_contents(true)
    } else if is_progressive {
        Layout::V2_PROGRESSIVE
    } else if flag(options::RESULTS_V2_FRAGMENT_PRIMARY_TABLES) {
        Layout::V2_FRAGMENTED
    } else {
        Layout::V2
    };
    let preview_rows = properties
        .options
        .get(options::QUERY_RESULTS_PROGRESSIVE_ROW_COUNT);
    let preview_rows = preview_rows.and_then(Value::as_u64).unwrap_or(PREVIEW_ROWS);
    let preview_rows = usize::try_from(preview_rows).unwrap_or(usize::MAX);
    Form {
        layout: layout
            .newlines_between_frames(flag(options::RESULTS_V2_NEWLINES_BETWEEN_FRAMES))
            .error_reporting_placement(placement),
        is_v1: version == QueryVersion::V1,
        defers_errors: flag(options::DEFER_PARTIAL_QUERY_FAILURES),
        errors_at_end: placement == ErrorReportingPlacement::EndOfDataSet,
        preview_rows: is_progressive.then_some(preview_rows),
    }
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

/// How many rows a progressive answer gives before others replace them, if the request does not say.
const PREVIEW_ROWS: u64 = 100;

/// The name under which the query after a command knows the command's result.
const COMMAND_RESULT: &str = "$command_result";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::ContentCoding;
    use crate::service::{Service, new_guid};
    use crate::storage::Storage;

    #[tokio::test]
    async fn a_request_that_panics_is_answered_with_an_error() {
        let incoming = Arc::new(Incoming {
            service: Arc::new(Service::new(Storage::new(), String::new())),
            client_request_id: String::new(),
            activity_id: new_guid(),
            coding: ContentCoding::Identity,
            principal: None,
            fault: None,
        });
        let outcome = answer(&incoming, Session::new("D"), Layout::V2, |_, _| {
            panic!("as it should")
        })
        .await;
        let response = outcome
            .map_err(|refusal| refusal.response(&incoming))
            .unwrap_err();
        assert_eq!(response.status(), http::StatusCode::INTERNAL_SERVER_ERROR);
    }
}
