use std::fmt;

/// Where in an answer the service told of an error.
///
/// Tables go by their id, which in the older layout is their ordinal; rows are counted from 0 in their table.
///
/// ```
/// use kusto_protocol::{ErrorPlace, Frame, FrameDecoder};
///
/// let body = br#"{"Tables":[{"TableName":"Table_0","Columns":[{"ColumnName":"n","ColumnType":"long"}],
///     "Rows":[[1],{"Exceptions":["The query ran out of memory."]}]}]}"#;
///
/// let mut decoder = FrameDecoder::new();
/// let mut input = &body[..];
/// while let Some(frame) = decoder.decode(&mut input)? {
///     if let Frame::TableCompletion(completion) = frame {
///         let place = completion.errors[0].place.unwrap();
///         assert_eq!(place, ErrorPlace::Row { table_id: 0, row: 1 });
///         assert_eq!(place.to_string(), "table 0, in place of row 1");
///     }
/// }
/// # Ok::<(), kusto_protocol::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorPlace {
    /// The body of the response, which is this error and no answer.
    Body,
    /// In place of a row.
    Row {
        /// The table.
        table_id: i64,
        /// The rows of the table before it.
        row: u64,
    },
    /// At the end of a table: `TableCompletion`.
    TableCompletion {
        /// The table.
        table_id: i64,
    },
    /// At the end of the answer: `DataSetCompletion`.
    DataSetCompletion,
    /// Beside the tables of the older layout: `Exceptions`.
    Exceptions,
    /// A row of the table of what happened while the query ran: `QueryCompletionInformation`, or `QueryStatus` of the
    /// older layout. So deferred failures are told.
    CompletionEvent {
        /// The table.
        table_id: i64,
        /// The row.
        row: u64,
    },
}

impl fmt::Display for ErrorPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => f.write_str("in place of the answer"),
            Self::Row { table_id, row } => write!(f, "table {table_id}, in place of row {row}"),
            Self::TableCompletion { table_id } => write!(f, "end of table {table_id}"),
            Self::DataSetCompletion => f.write_str("end of the answer"),
            Self::Exceptions => f.write_str("beside the tables"),
            Self::CompletionEvent { table_id, row } => write!(f, "table {table_id}, row {row}"),
        }
    }
}
