//! The rows of an answer, and what the service says about them.

use std::collections::VecDeque;
use std::sync::Arc;

use kusto_protocol::{
    Column, CompletionEvent, DataSet, Frame, OneApiError, QueryStatistics, RowBatch, ServerCache, Table,
    TableCompletion, TableFragmentType, TableHeader, TableKind, Visualization,
};

use crate::error::{Error, ErrorKind};
use crate::frames::Frames;

/// The results of a query or command, as they arrive, in batches of rows: from
/// [`Query::stream`](crate::Query::stream).
///
/// One batch is held at a time, whatever the size of the answer. (Answers to management commands are small and come
/// in a layout that says only at its end which tables are results; they are read whole.)
///
/// A failure of the service after it began to answer is an error after the last row, unless
/// [`Query::allow_partial`](crate::Query::allow_partial) was called.
#[derive(Debug)]
pub struct ResultStream {
    frames: Frames,
    allow_partial: bool,
    /// Whether the answer is in the older layout.
    is_v1: bool,
    /// The result that the last batch belongs to.
    table: Option<TableHeader>,
    rows_of_table: u64,
    first_table: Option<i64>,
    /// A result whose rows are not as many as the service says.
    lost_rows: Option<String>,
    /// What is not a row of a result; in the older layout everything.
    rest: DataSet,
    errors: Vec<OneApiError>,
    summary: Summary,
    /// Whether nobody will look at the summary: what it says has to be parsed.
    rows_only: bool,
    /// Results that were read whole.
    queued: VecDeque<Queued>,
    /// Whether the last frame was read.
    is_over: bool,
    /// What comes after the last row.
    failure: Option<Error>,
}

#[derive(Debug)]
enum Queued {
    Table(TableHeader),
    Rows(RowBatch),
}

/// What the service says about an answer, besides its rows. Complete once the last row was read.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// The rows of all results.
    pub row_count: u64,
    /// The bytes that came over the network, compressed as they were.
    pub bytes_received: u64,
    /// The id under which the request was sent.
    pub client_request_id: String,
    /// The service's id of the request.
    pub activity_id: Option<String>,
    /// How the first result asks to be drawn.
    pub visualization: Option<Visualization>,
    /// What the query consumed.
    pub statistics: Option<QueryStatistics>,
    /// The query whose results these are, if they come from the results cache.
    pub server_cache: Option<ServerCache>,
    /// The database cursor at which the query saw the data, if it asked for one.
    pub cursor: Option<String>,
    /// What happened while the query ran: completion, warnings, resource use.
    pub events: Vec<CompletionEvent>,
}

/// What a step through the frames came to.
enum Step {
    /// A result begins.
    Table,
    Rows(RowBatch),
    Other,
    End,
}

impl ResultStream {
    pub(crate) fn new(frames: Frames, allow_partial: bool) -> Self {
        let summary = Summary {
            client_request_id: frames.client_request_id().to_owned(),
            activity_id: frames.activity_id().map(str::to_owned),
            ..Summary::default()
        };
        Self {
            frames,
            allow_partial,
            is_v1: false,
            table: None,
            rows_of_table: 0,
            first_table: None,
            lost_rows: None,
            rest: DataSet::new(),
            errors: Vec::new(),
            summary,
            rows_only: false,
            queued: VecDeque::new(),
            is_over: false,
            failure: None,
        }
    }

    /// The same without a summary.
    pub(crate) fn rows_only(mut self) -> Self {
        self.rows_only = true;
        self
    }

    /// The next rows; `None` after the last. Rows of several results come one result after the other;
    /// [`table`](Self::table) says which one a batch belongs to.
    ///
    /// # Errors
    ///
    /// If the answer breaks off, takes too long or cannot be read; and, after the rows, if it ends with an error.
    /// After an error there is nothing more.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Result<Option<RowBatch>, Error> {
        loop {
            match self.step().await? {
                Step::Rows(rows) => return Ok(Some(rows)),
                Step::Table | Step::Other => {}
                Step::End => return Ok(None),
            }
        }
    }

    /// Takes a batch that is no longer needed, for the memory of those to come.
    ///
    /// ```
    /// # async fn example(query: kusto_client::Query) -> Result<(), kusto_client::Error> {
    /// let mut results = query.stream().await?;
    /// while let Some(batch) = results.next().await? {
    ///     println!("{} rows", batch.num_rows());
    ///     results.recycle(batch);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn recycle(&mut self, batch: RowBatch) {
        self.frames.recycle(batch);
    }

    /// The columns of the first result, before its first row was asked for; `None` if there is no result.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn columns(&mut self) -> Result<Option<Arc<[Column]>>, Error> {
        // The header of a result precedes its rows, so no row is passed over.
        while self.table.is_none() {
            match self.step().await? {
                Step::Table | Step::Rows(_) | Step::Other => {}
                Step::End => break,
            }
        }
        Ok(self.table.as_ref().map(|table| Arc::clone(&table.columns)))
    }

    /// The result that the last batch belongs to: its name and columns. Known from its header on, so it is there
    /// after the end too, even if there were no rows.
    pub fn table(&self) -> Option<&TableHeader> {
        self.table.as_ref()
    }

    /// What failed, each once, and where in the answer the service said so. Known once the last row was read.
    pub fn errors(&self) -> &[OneApiError] {
        &self.errors
    }

    /// What the service says besides the rows. Complete once the last row was read.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The id under which the request was sent; [`Client::cancel`](crate::Client::cancel) takes it.
    pub fn client_request_id(&self) -> &str {
        &self.summary.client_request_id
    }

    /// Adds the ids of the request to an error.
    pub(crate) fn identify(&self, error: Error) -> Error {
        self.frames.identify(error)
    }

    async fn step(&mut self) -> Result<Step, Error> {
        loop {
            match self.queued.pop_front() {
                Some(Queued::Table(table)) => return Ok(self.begin(table)),
                Some(Queued::Rows(rows)) => return Ok(self.count(rows)),
                None if self.is_over => return self.failure.take().map_or(Ok(Step::End), Err),
                None => {}
            }
            let frame = self.frames.next().await;
            self.summary.bytes_received = self.frames.bytes_received();
            let step = match frame {
                Ok(Some(frame)) => self.take(frame),
                Ok(None) => {
                    self.finish();
                    continue;
                }
                Err(error) => {
                    self.break_off(error);
                    continue;
                }
            };
            self.is_over = step.is_err();
            return step;
        }
    }

    fn take(&mut self, frame: Frame) -> Result<Step, Error> {
        match frame {
            Frame::DataSetHeader(header) => {
                self.is_v1 = header.version.starts_with("v1");
                self.keep(Frame::DataSetHeader(header))
            }
            Frame::TableHeader(header) if !self.is_v1 && header.kind == TableKind::PrimaryResult => {
                Ok(self.begin(header))
            }
            Frame::TableFragment(fragment) if self.is_current(fragment.table_id) => {
                if fragment.kind == TableFragmentType::DataReplace && self.rows_of_table > 0 {
                    return Err(self.identify(Error::invalid_input(
                        "a progressive query replaces rows that were handed out; read it with frames() or data_set()",
                    )));
                }
                Ok(self.count(fragment.rows))
            }
            Frame::TableCompletion(completion) if self.is_current(completion.table_id) => {
                self.complete(completion);
                Ok(Step::Other)
            }
            other => self.keep(other),
        }
    }

    fn begin(&mut self, table: TableHeader) -> Step {
        self.first_table.get_or_insert(table.table_id);
        self.table = Some(table);
        self.rows_of_table = 0;
        Step::Table
    }

    fn count(&mut self, rows: RowBatch) -> Step {
        let count = rows.num_rows() as u64;
        self.rows_of_table += count;
        self.summary.row_count += count;
        if count == 0 { Step::Other } else { Step::Rows(rows) }
    }

    fn complete(&mut self, completion: TableCompletion) {
        if completion.row_count != self.rows_of_table {
            let (counted, came) = (completion.row_count, self.rows_of_table);
            self.lost_rows = Some(format!("the service counts {counted} rows, but {came} came"));
        }
        self.errors.extend(completion.errors);
    }

    fn keep(&mut self, frame: Frame) -> Result<Step, Error> {
        match self.rest.push(frame) {
            Ok(()) => Ok(Step::Other),
            Err(error) => Err(self.identify(error.into())),
        }
    }

    /// After the frames that came before an error.
    fn break_off(&mut self, error: Error) {
        self.is_over = true;
        let rest = std::mem::take(&mut self.rest);
        self.add_errors(rest.errors());
        self.failure = Some(error.with_service_errors(self.errors.clone()));
        // Only at its end the older layout says which tables are results; the first one always is.
        if self.is_v1 {
            rest.into_tables()
                .into_iter()
                .take(1)
                .for_each(|table| self.queue(table));
        }
    }

    fn add_errors(&mut self, errors: Vec<OneApiError>) {
        for error in errors {
            if !self.errors.contains(&error) {
                self.errors.push(error);
            }
        }
    }

    /// After the last frame.
    fn finish(&mut self) {
        self.is_over = true;
        let rest = std::mem::take(&mut self.rest);
        self.add_errors(rest.errors());
        if !self.rows_only {
            self.summarize(&rest);
        } else if self.frames.is_traced()
            && let Some(statistics) = rest.statistics()
        {
            self.frames.trace_statistics(&statistics);
        }
        let cancelled = rest.completion().is_some_and(|completion| completion.cancelled);
        let failed = cancelled || rest.has_errors() || !self.errors.is_empty();
        if failed && !self.allow_partial {
            self.failure = Some(self.identify(Error::partial_failure(self.errors.clone(), cancelled)));
        } else if let (false, Some(message)) = (failed, self.lost_rows.take()) {
            self.failure = Some(self.identify(Error::new(ErrorKind::Decode, message)));
        }
        for table in rest.into_tables() {
            if *table.kind() == TableKind::PrimaryResult {
                self.queue(table);
            }
        }
    }

    fn summarize(&mut self, rest: &DataSet) {
        let first = rest.primary_results().next().map(|table| table.table_id());
        let first = first.or(self.first_table);
        let summary = &mut self.summary;
        summary.visualization = first.and_then(|table| rest.visualization(table));
        summary.statistics = rest.statistics();
        if let Some(statistics) = &summary.statistics {
            self.frames.trace_statistics(statistics);
        }
        summary.server_cache = rest.server_cache();
        summary.cursor = rest.cursor();
        summary.events = rest.events().collect();
    }

    fn queue(&mut self, table: Table) {
        self.queued.push_back(Queued::Table(TableHeader {
            table_id: table.table_id(),
            kind: TableKind::PrimaryResult,
            name: table.name().to_owned(),
            columns: Arc::clone(table.columns()),
        }));
        self.queued
            .extend(table.into_batches().into_iter().map(Queued::Rows));
    }

    fn is_current(&self, table_id: i64) -> bool {
        self.table
            .as_ref()
            .is_some_and(|table| table.table_id == table_id)
    }
}
