//! A whole answer in memory.

mod error;
mod table;
mod table_of_contents;

pub use error::{DataSetError, DataSetErrorKind};
pub use table::Table;

use crate::{
    CompletionEvent, DataSetCompletion, DataSetHeader, ErrorPlace, Frame, OneApiError, QueryProperty,
    QueryStatistics, ServerCache, TableFragmentType, TableKind, Visualization,
};

/// Frames folded into tables.
///
/// Rows that replace others have done so, V1 tables have the kinds and names that their table of contents or their
/// number and shape give them, and errors are found wherever the service put them. Everything is kept: for an answer
/// that may be large, look at the frames one by one instead.
///
/// # Example
///
/// ```
/// use kusto_protocol::{DataSet, FrameDecoder};
///
/// let body = br#"{"Tables":[{"TableName":"Table_0","Columns":[{"ColumnName":"n","ColumnType":"long"}],
///     "Rows":[[1],[2]]}]}"#;
///
/// let mut data_set = DataSet::new();
/// let mut decoder = FrameDecoder::new();
/// let mut input = &body[..];
/// while let Some(frame) = decoder.decode(&mut input)? {
///     data_set.push(frame)?;
/// }
/// decoder.finish()?;
///
/// assert!(!data_set.has_errors());
/// let result = data_set.primary_results().next().unwrap();
/// let numbers: Vec<i64> = result.deserialize().collect::<Result<_, _>>()?;
/// assert_eq!(numbers, [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DataSet {
    header: DataSetHeader,
    tables: Vec<Table>,
    completion: Option<DataSetCompletion>,
}

impl DataSet {
    /// A data set without anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// A data set of all these frames.
    ///
    /// # Errors
    ///
    /// As for [`DataSet::push`].
    pub fn from_frames(frames: impl IntoIterator<Item = Frame>) -> Result<Self, DataSetError> {
        let mut data_set = Self::new();
        frames.into_iter().try_for_each(|frame| data_set.push(frame))?;
        Ok(data_set)
    }

    /// Adds a frame.
    ///
    /// # Errors
    ///
    /// When the frame belongs to a table that is not open, and, with the last frame, when a table has another number
    /// of rows than the service counted although nothing failed. Errors of the service are no errors here; see
    /// [`DataSet::errors`].
    pub fn push(&mut self, frame: Frame) -> Result<(), DataSetError> {
        match frame {
            Frame::DataSetHeader(header) => self.header = header,
            Frame::TableHeader(header) => self.tables.push(Table::new(header)),
            Frame::TableFragment(fragment) => {
                let table = self.open_table(fragment.table_id)?;
                if fragment.kind == TableFragmentType::DataReplace {
                    table.clear();
                }
                table.push(fragment.rows);
            }
            // Progress may come for tables that are not open; it is advisory.
            Frame::TableProgress(_) => {}
            Frame::TableCompletion(completion) => {
                let table = self.open_table(completion.table_id)?;
                table.complete(completion.row_count, completion.errors);
            }
            Frame::DataSetCompletion(completion) => {
                self.completion = Some(completion);
                if self.header.version.starts_with("v1") {
                    table_of_contents::assign_kinds(&mut self.tables);
                }
                self.check_row_counts()?;
            }
        }
        Ok(())
    }

    /// The first frame.
    pub const fn header(&self) -> &DataSetHeader {
        &self.header
    }

    /// All tables, in the order of the answer.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Gives the tables away.
    pub fn into_tables(self) -> Vec<Table> {
        self.tables
    }

    /// The results of the query or command, in the order of its statements.
    pub fn primary_results(&self) -> impl Iterator<Item = &Table> {
        self.tables_of(TableKind::PrimaryResult)
    }

    /// The last frame, once it has come.
    pub const fn completion(&self) -> Option<&DataSetCompletion> {
        self.completion.as_ref()
    }

    /// Whether the last frame has come.
    pub const fn is_complete(&self) -> bool {
        self.completion.is_some()
    }

    /// Whether anything failed. Then all rows are suspect: the service may have stopped early.
    pub fn has_errors(&self) -> bool {
        self.completion
            .as_ref()
            .is_some_and(|completion| completion.has_errors)
            || !self.errors().is_empty()
    }

    /// What failed, each once: as the service says at the end of the answer, at the end of a table or in place of a
    /// row. If it says nothing there, the events of a failed query, which is how deferred failures
    /// (`deferpartialqueryfailures`) are reported. [`OneApiError::place`] says where each was found first.
    pub fn errors(&self) -> Vec<OneApiError> {
        let mut errors: Vec<OneApiError> = Vec::new();
        let of_tables = self.tables.iter().flat_map(Table::errors);
        let of_the_answer = self.completion.iter().flat_map(|completion| &completion.errors);
        for error in of_tables.chain(of_the_answer) {
            if !errors.contains(error) {
                errors.push(error.clone());
            }
        }
        if errors.is_empty() {
            errors.extend(self.failed_events());
        }
        errors
    }

    fn failed_events(&self) -> impl Iterator<Item = OneApiError> {
        self.tables_of(TableKind::QueryCompletionInformation)
            .flat_map(|table| {
                let table_id = table.table_id();
                let events = table.batches().iter().flat_map(CompletionEvent::read);
                (0..).zip(events).filter_map(move |(row, event)| {
                    Some(
                        event
                            .to_error()?
                            .at(ErrorPlace::CompletionEvent { table_id, row }),
                    )
                })
            })
    }

    /// What happened while the query ran.
    pub fn events(&self) -> impl Iterator<Item = CompletionEvent> {
        self.tables_of(TableKind::QueryCompletionInformation)
            .flat_map(|table| table.batches().iter().flat_map(CompletionEvent::read))
    }

    /// What the query consumed, if the service says so.
    pub fn statistics(&self) -> Option<QueryStatistics> {
        self.events().find_map(|event| event.statistics())
    }

    /// Properties of the results.
    pub fn properties(&self) -> impl Iterator<Item = QueryProperty> {
        self.tables_of(TableKind::QueryProperties)
            .flat_map(|table| table.batches().iter().flat_map(QueryProperty::read))
    }

    fn properties_named(&self, name: &'static str) -> impl Iterator<Item = QueryProperty> {
        self.tables_of(TableKind::QueryProperties)
            .flat_map(Table::batches)
            .flat_map(move |rows| QueryProperty::read_where(rows, move |key| key == name))
    }

    /// How the primary result of this id asks to be drawn.
    pub fn visualization(&self, table_id: i64) -> Option<Visualization> {
        // V1 gives no ids: there the properties come in the order of the results.
        let place = self
            .primary_results()
            .position(|table| table.table_id() == table_id);
        let properties = self.properties_named(QueryProperty::VISUALIZATION);
        let visualizations = properties.filter_map(|property| match property {
            QueryProperty::Visualization {
                table_id,
                visualization,
            } => Some((table_id, visualization)),
            _ => None,
        });
        visualizations
            .enumerate()
            .find(|(index, (id, _))| id.map_or(Some(*index) == place, |id| id == table_id))
            .map(|(_, (_, visualization))| *visualization)
    }

    /// The database cursor at which the query saw the data, if it asked for one.
    pub fn cursor(&self) -> Option<String> {
        let mut properties = self.properties_named(QueryProperty::CURSOR);
        properties.find_map(|property| match property {
            QueryProperty::Cursor(cursor) => Some(cursor),
            _ => None,
        })
    }

    /// The query that computed these results, if they come from the results cache.
    pub fn server_cache(&self) -> Option<ServerCache> {
        let mut properties = self.properties_named(QueryProperty::SERVER_CACHE);
        properties.find_map(|property| match property {
            QueryProperty::ServerCache(cache) => Some(cache),
            _ => None,
        })
    }

    fn tables_of(&self, kind: TableKind) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(move |table| *table.kind() == kind)
    }

    fn open_table(&mut self, table_id: i64) -> Result<&mut Table, DataSetError> {
        self.tables
            .iter_mut()
            .rev()
            .find(|table| table.table_id() == table_id && !table.is_complete())
            .ok_or_else(|| {
                DataSetError::new(
                    DataSetErrorKind::UnexpectedFrame,
                    format!("table {table_id} is not open"),
                )
            })
    }

    fn check_row_counts(&self) -> Result<(), DataSetError> {
        let mismatch = self
            .tables
            .iter()
            .find_map(|table| Some((table, table.row_count_mismatch()?)));
        let cancelled = self
            .completion
            .as_ref()
            .is_some_and(|completion| completion.cancelled);
        match mismatch {
            Some((table, counted)) if !cancelled && !self.has_errors() => Err(DataSetError::new(
                DataSetErrorKind::RowCount,
                format!(
                    "table {}: the service counts {counted} rows, but {} came",
                    table.table_id(),
                    table.num_rows()
                ),
            )),
            _ => Ok(()),
        }
    }
}
