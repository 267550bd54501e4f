//! Answers, table by table, while the query runs.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use arrow_array::StringArray;
use arrow_array::cast::AsArray;
use kusto_arrow::row_batch_of;
use kusto_protocol::{
    Column, ColumnType, DataSetCompletion, DataSetHeader, DateTime, Dynamic, Frame, Layout, OneApiError,
    RowBatch, TableCompletion, TableFragment, TableFragmentType, TableHeader, TableKind,
};

use super::tables::{
    Outcome, completion_information, extended_properties, extended_properties_v1, query_status,
};
use super::{Incoming, error};
use crate::answer::{Answer, Broken};
use crate::engine::ResultTable;
use crate::error::{EngineError, EngineErrorKind};
use crate::types::Batch;

/// How the answer to a query is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) layout: Layout,
    pub(super) is_v1: bool,
    /// A query that fails half-way says so among its completion events only.
    pub(super) defers_errors: bool,
    /// Errors are told behind all tables only.
    pub(super) errors_at_end: bool,
}

/// The answer to a query: its results, and the tables that the service adds to them.
pub(super) fn write_query(
    incoming: &Incoming,
    answer: Answer,
    form: Form,
    results: Vec<ResultTable>,
    first: Option<Batch>,
    started: Instant,
) -> Result<(), Broken> {
    let writing = Writing {
        incoming,
        answer,
        form,
        results: Vec::new(),
        failure: None,
        errors: Vec::new(),
    };
    writing.run(results, first, started)
}

/// The answer to a command: one table.
pub(super) fn write_command(mut answer: Answer, result: RowBatch) -> Result<(), Broken> {
    answer.frame(&Frame::DataSetHeader(DataSetHeader::default()))?;
    write_table(&mut answer, 0, TableKind::PrimaryResult, "Table_0", result)?;
    answer.frame(&Frame::DataSetCompletion(DataSetCompletion::default()))?;
    answer.finish()
}

/// Rows of the engine as rows of an answer.
pub(super) fn rows(columns: &Arc<[Column]>, batch: &Batch) -> Result<RowBatch, EngineError> {
    let mut arrays = batch.columns().to_vec();
    for (column, array) in columns.iter().zip(&mut arrays) {
        if column.column_type == ColumnType::Dynamic
            && let Some(told) = told_dynamics(array.as_string())
        {
            *array = Arc::new(told);
        }
    }
    row_batch_of(Arc::clone(columns), &arrays, batch.num_rows())
        .map_err(|error| EngineError::new(EngineErrorKind::Runtime, error.to_string()))
}

/// Dynamic values as the service tells them, if they are not that already: strings without quotes of their own, unless
/// they would be taken for another value then, and no null inside of the value.
fn told_dynamics(values: &StringArray) -> Option<StringArray> {
    if !values
        .iter()
        .flatten()
        .any(|text| text.starts_with('"') || text == "null")
    {
        return None;
    }
    let told = |text| {
        let content = serde_json::from_str::<String>(text).ok();
        let content = content.filter(|content| !content.is_empty() && !Dynamic::new(content).is_json());
        content.map_or(Cow::Borrowed(text), Cow::Owned)
    };
    Some(
        values
            .iter()
            .map(|text| text.filter(|text| *text != "null").map(told))
            .collect(),
    )
}

struct Writing<'a> {
    incoming: &'a Incoming,
    answer: Answer,
    form: Form,
    /// Rows and bytes of each result so far.
    results: Vec<(u64, u64)>,
    /// What ended the query before its time.
    failure: Option<EngineError>,
    /// The same, as the answer tells it: in each place with the same time, so that readers see one error.
    errors: Vec<OneApiError>,
}

impl Writing<'_> {
    fn run(
        mut self,
        results: Vec<ResultTable>,
        mut first: Option<Batch>,
        started: Instant,
    ) -> Result<(), Broken> {
        self.answer
            .frame(&Frame::DataSetHeader(DataSetHeader::default()))?;
        let visualizations: Vec<(i64, String)> = (1..)
            .zip(&results)
            .map(|(table_id, result)| (table_id, result.visualization.to_json()))
            .collect();
        if !self.form.is_v1 {
            let properties = extended_properties(&visualizations);
            self.table(0, TableKind::QueryProperties, EXTENDED_PROPERTIES, properties)?;
        }
        let mut table_id = 1;
        for result in results {
            self.result(table_id, result, first.take())?;
            table_id += 1;
            if self.failure.is_some() {
                break;
            }
        }
        if self.form.is_v1 {
            let properties = extended_properties_v1(&visualizations);
            self.table(
                table_id,
                TableKind::QueryProperties,
                EXTENDED_PROPERTIES,
                properties,
            )?;
            table_id += 1;
        }
        // Once an error has been told, the service says no more about how the query went.
        if self.failure.is_none() || self.form.defers_errors || self.form.errors_at_end {
            self.completion(table_id, started)?;
        }
        let failure = self.failure.as_ref();
        let completion = DataSetCompletion {
            has_errors: !self.errors.is_empty(),
            cancelled: failure.is_some_and(|failure| failure.kind() == EngineErrorKind::Cancelled),
            errors: self.errors,
        };
        self.answer.frame(&Frame::DataSetCompletion(completion))?;
        self.answer.finish()
    }

    /// One result of the query, batch by batch.
    fn result(&mut self, table_id: i64, mut result: ResultTable, first: Option<Batch>) -> Result<(), Broken> {
        let columns = Arc::clone(&result.schema);
        self.answer.frame(&Frame::TableHeader(TableHeader {
            table_id,
            kind: TableKind::PrimaryResult,
            name: result.name.clone().unwrap_or_else(|| "PrimaryResult".to_owned()),
            columns: Arc::clone(&columns),
        }))?;
        let (mut row_count, mut bytes) = (0, 0);
        // A first batch that was not asked for yet is asked for here.
        let mut next = match first {
            Some(batch) => Ok(Some(batch)),
            None => result.next(),
        };
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
                Err(failure) => {
                    self.fail(failure);
                    break;
                }
            }
            next = result.next();
        }
        self.results.push((row_count, bytes));
        self.answer.frame(&Frame::TableCompletion(TableCompletion {
            table_id,
            row_count,
            errors: self.errors.clone(),
        }))
    }

    fn fail(&mut self, failure: EngineError) {
        if !self.form.defers_errors {
            self.errors
                .push(error::with_context(error::of_engine(&failure), self.incoming));
        }
        self.failure = Some(failure);
    }

    /// How the query went.
    fn completion(&mut self, table_id: i64, started: Instant) -> Result<(), Broken> {
        let outcome = Outcome {
            elapsed: started.elapsed(),
            results: std::mem::take(&mut self.results),
            failure: self.failure.as_ref(),
        };
        let now = DateTime::from(SystemTime::now());
        let (name, rows) = if self.form.is_v1 {
            ("QueryStatus", query_status(self.incoming, &outcome, now))
        } else {
            let rows = completion_information(self.incoming, &outcome, now);
            ("QueryCompletionInformation", rows)
        };
        self.table(table_id, TableKind::QueryCompletionInformation, name, rows)
    }

    /// A table that is there as a whole.
    fn table(&mut self, table_id: i64, kind: TableKind, name: &str, rows: RowBatch) -> Result<(), Broken> {
        write_table(&mut self.answer, table_id, kind, name, rows)
    }
}

fn write_table(
    answer: &mut Answer,
    table_id: i64,
    kind: TableKind,
    name: &str,
    rows: RowBatch,
) -> Result<(), Broken> {
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

const EXTENDED_PROPERTIES: &str = "@ExtendedProperties";
