//! Answers, table by table, while the query runs.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use arrow_array::StringArray;
use arrow_array::cast::AsArray;
use kusto_arrow::row_batch_of;
use kusto_protocol::{
    Column, ColumnType, DataSetCompletion, DataSetHeader, DateTime, Dynamic, Frame, Layout, OneApiError,
    RowBatch, TableCompletion, TableFragment, TableFragmentType, TableHeader, TableKind, TableProgress,
};

use super::tables::{
    Outcome, completion_information, extended_properties, extended_properties_v1, query_status,
};
use super::{Incoming, error};
use crate::answer::{Answer, Broken};
use crate::engine::ResultTable;
use crate::error::{EngineError, EngineErrorKind};
use crate::fault::InDataError;
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
    /// Each result begins with a preview of at most so many rows, which the rows then replace.
    pub(super) preview_rows: Option<usize>,
}

/// What an answer came to.
pub(super) struct Written {
    /// The answer, to be finished.
    pub(super) answer: Answer,
    /// Rows and bytes of each result.
    pub(super) results: Vec<(u64, u64)>,
    /// What ended the query before its time.
    pub(super) failure: Option<EngineError>,
}

/// The answer to a query but for its end: its results, and the tables that the service adds to them.
pub(super) fn write_query(
    incoming: &Incoming,
    answer: Answer,
    form: Form,
    results: Vec<ResultTable>,
    first: Option<Batch>,
    started: Instant,
) -> Result<Written, Broken> {
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
    ) -> Result<Written, Broken> {
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
        Ok(Written {
            answer: self.answer,
            results: self.results,
            failure: self.failure,
        })
    }

    /// One result of the query, batch by batch.
    fn result(&mut self, table_id: i64, result: ResultTable, first: Option<Batch>) -> Result<(), Broken> {
        let columns = Arc::clone(&result.schema);
        self.answer.frame(&Frame::TableHeader(TableHeader {
            table_id,
            kind: TableKind::PrimaryResult,
            name: result.name.clone().unwrap_or_else(|| "PrimaryResult".to_owned()),
            columns: Arc::clone(&columns),
        }))?;
        let fault = self.incoming.fault.as_ref();
        let mut result = Source {
            result,
            first,
            scripted: fault.and_then(|fault| fault.error()).filter(|_| table_id == 1),
            given: 0,
        };
        let mut preview = self.form.preview_rows;
        let mut bytes = 0;
        loop {
            let batch = match result.next() {
                Ok(Some(batch)) => batch,
                Ok(None) => break,
                Err(failure) => {
                    self.fail(failure);
                    break;
                }
            };
            let preview = preview
                .take()
                .map(|most| batch.slice(0, most.min(batch.num_rows())));
            match self.batch(table_id, &columns, &batch, preview)? {
                Ok(written) => bytes += written,
                Err(failure) => {
                    self.fail(failure.into());
                    break;
                }
            }
        }
        if self.form.preview_rows.is_some() {
            self.progress(table_id, 100.0)?;
        }
        let row_count = result.given;
        self.results.push((row_count, bytes));
        self.answer.frame(&Frame::TableCompletion(TableCompletion {
            table_id,
            row_count,
            errors: self.errors.clone(),
        }))
    }

    /// Rows of a result; a preview of them goes before, and is replaced by them. Returns their size in bytes.
    fn batch(
        &mut self,
        table_id: i64,
        columns: &Arc<[Column]>,
        batch: &Batch,
        preview: Option<Batch>,
    ) -> Result<Result<u64, EngineError>, Broken> {
        let mut kind = TableFragmentType::DataAppend;
        if let Some(preview) = preview {
            match rows(columns, &preview) {
                Ok(rows) => {
                    self.progress(table_id, 0.0)?;
                    self.answer
                        .frame(&Frame::TableFragment(TableFragment { table_id, kind, rows }))?;
                }
                Err(failure) => return Ok(Err(failure)),
            }
            kind = TableFragmentType::DataReplace;
        }
        let rows = match rows(columns, batch) {
            Ok(rows) => rows,
            Err(failure) => return Ok(Err(failure)),
        };
        let bytes = rows.byte_len() as u64;
        self.answer
            .frame(&Frame::TableFragment(TableFragment { table_id, kind, rows }))?;
        Ok(Ok(bytes))
    }

    fn progress(&mut self, table_id: i64, progress: f64) -> Result<(), Broken> {
        self.answer
            .frame(&Frame::TableProgress(TableProgress { table_id, progress }))
    }

    fn fail(&mut self, failure: Failure) {
        if !self.form.defers_errors {
            self.errors
                .push(error::with_context(*failure.reported, self.incoming));
        }
        self.failure = Some(failure.error);
    }

    /// How the query went.
    fn completion(&mut self, table_id: i64, started: Instant) -> Result<(), Broken> {
        let outcome = Outcome {
            elapsed: started.elapsed(),
            results: &self.results,
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

/// The rows of a result, up to where a fault wants them to end.
struct Source<'a> {
    result: ResultTable,
    /// A first batch that has been asked for already.
    first: Option<Batch>,
    scripted: Option<&'a InDataError>,
    /// Rows so far.
    given: u64,
}

impl Source<'_> {
    fn next(&mut self) -> Result<Option<Batch>, Failure> {
        let left = self.scripted.map(|scripted| scripted.after_rows - self.given);
        let batch = match (left, self.first.take()) {
            (Some(0), _) => None,
            (_, Some(batch)) => Some(batch),
            (_, None) => self.result.next()?,
        };
        let batch = match (batch, self.scripted, left) {
            (None, Some(scripted), _) => return Err(Failure::scripted(scripted)),
            (Some(batch), _, Some(left)) if (batch.num_rows() as u64) > left => {
                Some(batch.slice(0, left as usize))
            }
            (batch, ..) => batch,
        };
        self.given += batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
        Ok(batch)
    }
}

/// What ended a query before its time.
struct Failure {
    error: EngineError,
    /// The same, as the answer reports it.
    reported: Box<OneApiError>,
}

impl Failure {
    fn scripted(scripted: &InDataError) -> Self {
        let text = scripted.error.text_for_people();
        Self {
            error: EngineError::new(EngineErrorKind::Runtime, text),
            reported: Box::new(scripted.error.clone()),
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let reported = Box::new(error::of_engine(&error));
        Self { error, reported }
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
