//! Queries: text in, result tables out, batch by batch.

use std::sync::Arc;

use crate::bind::{Binder, BoundQuery, Visualization, set_options, syntax_error};
use crate::error::{EngineError, EngineErrorKind};
use crate::exec::{self, Operator, Scope};
use crate::plan::{Node, Plan, prune};
use crate::session::Session;
use crate::storage::Storage;
use crate::types::{Batch, Schema};

/// Runs a query. Its results are tables in the order of their statements; their rows are computed as they are
/// asked for, on the thread that asks.
///
/// Binding may take time too: `toscalar()` runs its query then.
///
/// # Errors
///
/// A text that is not KQL, names that are not known, types that do not fit, KQL that is not supported.
pub(crate) fn run(storage: &Storage, session: &Session, text: &str) -> Result<Vec<ResultTable>, EngineError> {
    let script = kusto_kql::parse(text).map_err(|error| syntax_error(&error))?;
    let mut session = session.clone();
    session.set(set_options(&script));
    let Some(database) = storage.database(&session.database) else {
        let message = format!(
            "Semantic error: SEM0100: Failed to resolve database '{}'.",
            session.database
        );
        return Err(EngineError::new(EngineErrorKind::Semantic, message));
    };
    let session = Arc::new(session);
    let queries = Binder::new(storage, database, &session, text).script(&script)?;
    Ok(queries
        .into_iter()
        .map(|query| ResultTable::new(query, &session))
        .collect())
}

/// Runs a query that gives one table, and keeps its rows.
///
/// # Errors
///
/// As [`run`]; more or fewer results than one; and what can go wrong while the query runs.
pub(crate) fn collect(
    storage: &Storage,
    session: &Session,
    text: &str,
) -> Result<(Schema, Vec<Batch>), EngineError> {
    let mut results = run(storage, session, text)?;
    let (Some(mut table), true) = (results.pop(), results.is_empty()) else {
        let message = "Semantic error: SEM0005: The query must give exactly one table.";
        return Err(EngineError::new(EngineErrorKind::Semantic, message));
    };
    // What stays in the service is not bound by the limits of an answer.
    table.limit = Limit::none();
    let mut batches = Vec::new();
    while let Some(batch) = table.next()? {
        batches.push(batch);
    }
    Ok((table.schema, batches))
}

/// One result of a query.
pub(crate) struct ResultTable {
    /// What the query calls the result, by `as` or by being the bare name of a table.
    pub(crate) name: Option<String>,
    /// The columns.
    pub(crate) schema: Schema,
    /// What `render` asked for.
    pub(crate) visualization: Visualization,
    plan: Plan,
    rows: Option<Box<dyn Operator>>,
    session: Arc<Session>,
    limit: Limit,
}

impl ResultTable {
    fn new(query: BoundQuery, session: &Arc<Session>) -> Self {
        let mut plan = query.plan;
        // The one limit that cuts an answer without calling it cut.
        if let Some(count) = session
            .option("query_take_max_records")
            .and_then(|text| text.parse().ok())
        {
            plan = plan.over(Node::Take {
                input: plan.clone(),
                count,
            });
        }
        Self {
            name: query.name,
            schema: Arc::clone(&plan.schema),
            visualization: query.visualization,
            plan: prune(&plan),
            rows: None,
            session: Arc::clone(session),
            limit: Limit::of(session),
        }
    }

    /// The next rows; `None` after the last. Batches are never empty.
    ///
    /// # Errors
    ///
    /// The query failed, was cancelled, or ran out of time; or the answer grows over the limits of the request.
    /// In the last case all rows up to the limit have been given before.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>, EngineError> {
        if let Some(error) = self.limit.exceeded() {
            return Err(error);
        }
        self.session.check()?;
        let rows = match &mut self.rows {
            Some(rows) => rows,
            None => self
                .rows
                .insert(exec::open(&self.plan, &Scope::new(Arc::clone(&self.session)))?),
        };
        loop {
            let Some(batch) = rows.next()? else {
                return Ok(None);
            };
            if batch.num_rows() > 0 {
                let batch = self.limit.admit(batch);
                return match self.limit.exceeded() {
                    Some(error) if batch.num_rows() == 0 => Err(error),
                    _ => Ok(Some(batch)),
                };
            }
        }
    }
}

/// How large an answer may grow, and how large it is.
struct Limit {
    max_rows: u64,
    max_bytes: u64,
    rows: u64,
    bytes: u64,
    cut: bool,
}

impl Limit {
    const fn none() -> Self {
        Self {
            max_rows: u64::MAX,
            max_bytes: u64::MAX,
            rows: 0,
            bytes: 0,
            cut: false,
        }
    }

    /// The limit that a request asks for; the service's own if it says nothing.
    fn of(session: &Session) -> Self {
        if session.flag("notruncation") {
            return Self::none();
        }
        let number = |name, default| {
            session
                .option(name)
                .and_then(|text| text.parse().ok())
                .unwrap_or(default)
        };
        Self {
            max_rows: number("truncationmaxrecords", DEFAULT_MAX_ROWS),
            max_bytes: number("truncationmaxsize", DEFAULT_MAX_BYTES),
            ..Self::none()
        }
    }

    /// The rows of a batch that fit.
    fn admit(&mut self, batch: Batch) -> Batch {
        let rows = batch.num_rows() as u64;
        let bytes = batch.byte_len();
        let left = self.max_rows - self.rows;
        let mut fit = rows.min(left);
        let left = self.max_bytes - self.bytes;
        if bytes > left {
            // Rows are taken to be of one size within a batch.
            fit = fit.min((u128::from(rows) * u128::from(left) / u128::from(bytes)) as u64);
        }
        self.rows += fit;
        self.bytes = self.max_bytes.min(self.bytes.saturating_add(bytes));
        self.cut = fit < rows;
        if self.cut {
            batch.slice(0, fit as usize)
        } else {
            batch
        }
    }

    fn exceeded(&self) -> Option<EngineError> {
        if !self.cut {
            return None;
        }
        let limit = match self.rows >= self.max_rows {
            true => format!("{} records", self.max_rows),
            false => format!("{} bytes", self.max_bytes),
        };
        Some(EngineError::new(
            EngineErrorKind::LimitExceeded,
            format!(
                "Query execution has exceeded the allowed limits (80DA0003): The results of this query exceed the \
                 set limit of {limit}, so not all records were returned (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003). \
                 See https://aka.ms/kustoquerylimits for more information and possible solutions."
            ),
        ))
    }
}

/// The stack that a thread needs to bind and run queries, however deeply nested: a debug build takes most.
pub(crate) const STACK_SIZE: usize = 32 << 20;

/// The service's default limit of an answer: rows.
const DEFAULT_MAX_ROWS: u64 = 500_000;

/// The service's default limit of an answer: bytes.
const DEFAULT_MAX_BYTES: u64 = 64 << 20;

#[cfg(test)]
mod tests;
