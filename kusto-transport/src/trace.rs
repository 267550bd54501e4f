//! Spans and metrics by OpenTelemetry's conventions for databases. Never texts, parameters, rows or tokens.
//!
//! Metrics are events whose fields `tracing-opentelemetry` understands as such (`histogram.…`,
//! `monotonic_counter.…`), so this crate needs no OpenTelemetry of its own.

use std::future::Future;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use http::StatusCode;
use kusto_protocol::{Endpoint, QueryStatistics};
use tracing::field::Empty;
use tracing::{Instrument, Level, Span, debug, debug_span, event, info_span, warn};

use crate::answer::Answer;
use crate::error::TransportError;
use crate::outgoing::Outgoing;

/// What is told about one request, from its call to the end of its answer. Clones tell about the same.
#[derive(Clone, Debug)]
pub(crate) struct Operation(Arc<Record>);

/// Told when the last clone is dropped.
#[derive(Debug)]
struct Record {
    span: Span,
    operation: &'static str,
    database: String,
    host: String,
    port: u16,
    start: Instant,
    bytes: AtomicU64,
    rows: AtomicU64,
    retries: AtomicU32,
    first_row: OnceLock<Duration>,
    failure: OnceLock<String>,
    /// Of a failure.
    status: OnceLock<StatusCode>,
    /// How long it took, once its end is known.
    elapsed: OnceLock<Duration>,
}

impl Operation {
    pub(crate) fn start(outgoing: &Outgoing, endpoint: &Endpoint) -> Self {
        let (operation, database) = (outgoing.operation, outgoing.database.clone());
        let usual_port = if endpoint.is_https() { 443 } else { 80 };
        let port = endpoint.port().unwrap_or(usual_port);
        let span = info_span!(
            "kusto.request",
            "otel.kind" = "client",
            "otel.name" = format!("{operation} {database}"),
            "otel.status_code" = Empty,
            "db.system.name" = SYSTEM,
            "db.namespace" = database,
            "db.operation.name" = operation,
            "db.response.status_code" = Empty,
            "db.response.returned_rows" = Empty,
            "error.type" = Empty,
            "server.address" = endpoint.host(),
            "server.port" = i64::from(port),
            "azure.service.request.id" = Empty,
            "kusto.client_request_id" = outgoing.client_request_id(0),
            "kusto.time_limit_s" = number(outgoing.limit.as_secs()),
            "kusto.retries" = Empty,
            "kusto.response.bytes" = Empty,
            "kusto.first_row_s" = Empty,
            "kusto.execution_s" = Empty,
            "kusto.cpu" = Empty,
            "kusto.memory_peak_bytes" = Empty,
            "kusto.rows_scanned" = Empty,
        );
        Self(Arc::new(Record {
            span,
            operation,
            database,
            host: endpoint.host().to_owned(),
            port,
            start: Instant::now(),
            bytes: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            retries: AtomicU32::new(0),
            first_row: OnceLock::new(),
            failure: OnceLock::new(),
            status: OnceLock::new(),
            elapsed: OnceLock::new(),
        }))
    }

    /// Runs one try inside a span of its own.
    pub(crate) fn attempt<T>(
        &self,
        attempt: impl Future<Output = Result<T, TransportError>>,
        retries: u32,
        id: &str,
    ) -> impl Future<Output = Result<T, TransportError>> {
        let span = debug_span!(
            parent: &self.0.span,
            "kusto.attempt",
            "http.request.resend_count" = i64::from(retries),
            "kusto.client_request_id" = id,
        );
        async move {
            let outcome = attempt.await;
            match &outcome {
                Ok(_) => debug!("accepted"),
                Err(error) => {
                    let status = error.status().map(|status| status.as_u16());
                    debug!(kind = ?error.kind(), "http.response.status_code" = status, "failed");
                }
            }
            outcome
        }
        .instrument(span)
    }

    /// The request is about to be repeated.
    pub(crate) fn retry(&self, error: &TransportError, wait: Duration) {
        self.0.retries.fetch_add(1, Ordering::Relaxed);
        warn!(
            parent: &self.0.span,
            kind = ?error.kind(),
            "http.response.status_code" = error.status().map(|status| status.as_u16()),
            "kusto.client_request_id" = error.client_request_id(),
            wait_ms = wait.as_millis() as u64,
            "repeating a request",
        );
    }

    /// An answer begins.
    pub(crate) fn accept(&self, answer: &Answer, client_request_id: &str) {
        let span = &self.0.span;
        span.record("kusto.client_request_id", client_request_id);
        span.record("db.response.status_code", answer.status.as_str());
        if let Some(id) = &answer.activity_id {
            span.record("azure.service.request.id", id.as_str());
        }
    }

    /// So many bytes came so far.
    pub(crate) fn bytes(&self, total: u64) {
        self.0.bytes.store(total, Ordering::Relaxed);
    }

    /// So many more rows of results are handed over.
    pub(crate) fn rows(&self, count: usize) {
        if count > 0 {
            self.0.first_row.get_or_init(|| self.0.start.elapsed());
            self.0.rows.fetch_add(count as u64, Ordering::Relaxed);
        }
    }

    /// Whether anybody listens.
    pub(crate) fn is_traced(&self) -> bool {
        !self.0.span.is_disabled()
    }

    /// What the service says it spent.
    pub(crate) fn statistics(&self, statistics: &QueryStatistics) {
        let span = &self.0.span;
        span.record("kusto.execution_s", statistics.execution_seconds);
        let cpu = statistics.cpu_total.map(|total| total.to_string());
        span.record("kusto.cpu", cpu);
        span.record(
            "kusto.memory_peak_bytes",
            statistics.memory_peak_per_node.map(number),
        );
        span.record("kusto.rows_scanned", statistics.rows_scanned.map(number));
    }

    /// The answer came to its end.
    pub(crate) fn complete(&self) {
        self.0.elapsed.get_or_init(|| self.0.start.elapsed());
    }

    /// The request fails, for the caller too. The first failure counts.
    pub(crate) fn fail(&self, error: &TransportError) {
        self.complete();
        let first = self.0.failure.set(format!("{:?}", error.kind()));
        if first.is_ok() {
            let span = &self.0.span;
            span.record("otel.status_code", "ERROR");
            if let Some(status) = error.status() {
                span.record("db.response.status_code", status.as_str());
                let _ = self.0.status.set(status);
            }
            if let Some(id) = error.activity_id() {
                span.record("azure.service.request.id", id);
            }
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let (rows, bytes) = (*self.rows.get_mut(), *self.bytes.get_mut());
        let retries = *self.retries.get_mut();
        let dropped = self.elapsed.get().is_none().then_some("Dropped");
        let failure = self.failure.get().map(String::as_str).or(dropped);
        let elapsed = *self.elapsed.get_or_init(|| self.start.elapsed());
        let first_row = self.first_row.get().map(Duration::as_secs_f64);
        let span = &self.span;
        span.record("db.response.returned_rows", number(rows));
        span.record("kusto.response.bytes", number(bytes));
        span.record("kusto.retries", i64::from(retries));
        span.record("error.type", failure);
        span.record("kusto.first_row_s", first_row);
        event!(
            target: METRICS,
            parent: span,
            Level::DEBUG,
            {
                "histogram.db.client.operation.duration" = elapsed.as_secs_f64(),
                "histogram.db.client.response.returned_rows" = rows,
                "histogram.kusto.client.response.bytes" = bytes,
                "histogram.kusto.client.first_row.duration" = first_row,
                "monotonic_counter.kusto.client.retries" = retries,
                "db.system.name" = SYSTEM,
                "db.namespace" = self.database,
                "db.operation.name" = self.operation,
                "db.response.status_code" = self.status.get().map(StatusCode::as_str),
                "server.address" = self.host,
                "server.port" = i64::from(self.port),
                "error.type" = failure
            }
        );
    }
}

/// OpenTelemetry's numbers have a sign; without one they would arrive as texts.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Kusto's name as a database. The conventions have no entry for it yet; theirs for Azure begin with `azure.`.
const SYSTEM: &str = "azure.kusto";
/// The target of the events that are metrics.
const METRICS: &str = "kusto_transport::metrics";
