//! Frames to bytes: the inverse of the decoder.

mod error;
mod json;
mod layout;
mod nested;
mod rows;
mod table_of_contents;

use std::sync::Arc;

pub use error::{EncodeError, EncodeErrorKind};
pub use layout::Layout;

use crate::{
    Column, DataSetCompletion, ErrorReportingPlacement, Frame, OneApiError, RowBatch, TableCompletion,
    TableFragment, TableFragmentType, TableHeader, TableKind, TableProgress,
};
use json::{push_int, push_real, push_string};
use layout::Form;
use rows::{check_rows, push_rows};

/// Writes frames as the service does, in a [`Layout`] of choice.
///
/// Frames come in the order in which a [`FrameDecoder`](crate::FrameDecoder) gives them: a `DataSetHeader`, tables
/// from `TableHeader` to `TableCompletion`, a `DataSetCompletion`. Each call appends what can be written by then, so
/// an answer of any length needs no more memory than its largest batch.
///
/// The layout wins over what a frame says about it: the `DataSetHeader` is written as the layout has it, progress is
/// left out where the layout knows none, and V1 names its tables by their place.
///
/// # Example
///
/// ```
/// use kusto_protocol::{
///     Column, ColumnType, DataSetCompletion, DataSetHeader, Frame, FrameEncoder, Layout, RowBatchBuilder,
///     TableCompletion, TableFragment, TableFragmentType, TableHeader, TableKind, Value,
/// };
///
/// let mut rows = RowBatchBuilder::new([Column::new("n", ColumnType::Long)].into());
/// rows.push_row(&[Value::Long(7)])?;
/// let rows = rows.finish();
/// let frames = [
///     Frame::DataSetHeader(DataSetHeader::default()),
///     Frame::TableHeader(TableHeader {
///         table_id: 1,
///         kind: TableKind::PrimaryResult,
///         name: "PrimaryResult".to_owned(),
///         columns: rows.columns().clone(),
///     }),
///     Frame::TableFragment(TableFragment { table_id: 1, kind: TableFragmentType::DataAppend, rows }),
///     Frame::TableCompletion(TableCompletion { table_id: 1, row_count: 1, errors: Vec::new() }),
///     Frame::DataSetCompletion(DataSetCompletion::default()),
/// ];
///
/// let mut wire = Vec::new();
/// let mut encoder = FrameEncoder::new(Layout::V1);
/// for frame in &frames {
///     encoder.encode(frame, &mut wire)?;
/// }
/// encoder.finish(&mut wire)?;
/// assert_eq!(
///     String::from_utf8(wire)?,
///     concat!(
///         r#"{"Tables":[{"TableName":"Table_0","#,
///         r#""Columns":[{"ColumnName":"n","DataType":"Int64","ColumnType":"long"}],"Rows":[[7]]}]}"#,
///     ),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FrameEncoder {
    layout: Layout,
    stage: Stage,
    /// Tables begun and not ended. Only fragmented ones can be open side by side.
    open: Vec<OpenTable>,
    /// Errors of tables so far, and of the answer once it is complete; each once.
    errors: Vec<OneApiError>,
    /// Kind and name of every V1 table so far.
    contents: Vec<(TableKind, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Start,
    Tables,
    Complete,
    Finished,
}

#[derive(Clone, Debug)]
struct OpenTable {
    table_id: i64,
    columns: Arc<[Column]>,
    /// Written as TableHeader, TableFragment*, TableCompletion, not as one DataTable.
    fragmented: bool,
    /// Rows in the table now.
    row_count: u64,
    /// Nothing has been written between the brackets of the DataTable's `Rows`.
    empty: bool,
}

impl FrameEncoder {
    /// An encoder at the beginning of an answer.
    pub const fn new(layout: Layout) -> Self {
        Self {
            layout,
            stage: Stage::Start,
            open: Vec::new(),
            errors: Vec::new(),
            contents: Vec::new(),
        }
    }

    /// Appends a frame to `out`.
    ///
    /// A `DataSetCompletion` with errors may come at any time after the header: it ends the tables that are still
    /// open, which then have these errors, so that an answer that fails half-way is well formed.
    ///
    /// # Errors
    ///
    /// When the frame is out of turn, or the layout or the wire has no form for it. Then nothing is appended, and
    /// another frame can be encoded instead.
    pub fn encode(&mut self, frame: &Frame, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match (self.stage, frame) {
            (Stage::Start, Frame::DataSetHeader(_)) => self.begin(out),
            (Stage::Tables, Frame::TableHeader(header)) => self.begin_table(header, out)?,
            (Stage::Tables, Frame::TableFragment(fragment)) => self.push_fragment(fragment, out)?,
            (Stage::Tables, Frame::TableProgress(progress)) => self.push_progress(progress, out),
            (Stage::Tables, Frame::TableCompletion(completion)) => self.complete_table(completion, out)?,
            (Stage::Tables, Frame::DataSetCompletion(completion)) => self.complete(completion, out)?,
            (Stage::Start, _) => return Err(unexpected("an answer begins with a DataSetHeader")),
            (Stage::Tables, _) => return Err(unexpected("an answer has one DataSetHeader")),
            _ => return Err(unexpected("the answer has ended with its DataSetCompletion")),
        }
        Ok(())
    }

    /// Appends what closes the answer.
    ///
    /// # Errors
    ///
    /// When there was no `DataSetCompletion`, or the answer is closed already.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self.stage {
            Stage::Complete => {}
            Stage::Finished => return Err(unexpected("the answer is closed already")),
            _ => return Err(unexpected("an answer ends with a DataSetCompletion")),
        }
        self.stage = Stage::Finished;
        if self.layout.form != Form::V1 {
            out.push(b']');
            return Ok(());
        }
        // The service leaves the list of tables out once something has failed.
        if self.layout.table_of_contents && self.errors.is_empty() {
            if !self.contents.is_empty() {
                out.push(b',');
            }
            table_of_contents::push_table_of_contents(&self.contents, out);
        }
        out.push(b']');
        if !self.errors.is_empty() {
            out.push(b',');
            push_exceptions(&self.errors, out);
        }
        out.push(b'}');
        Ok(())
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        self.stage = Stage::Tables;
        if self.layout.form == Form::V1 {
            out.extend_from_slice(b"{\"Tables\":[");
            return;
        }
        out.extend_from_slice(b"[{\"FrameType\":\"DataSetHeader\",\"IsProgressive\":");
        push_bool(self.layout.form == Form::Progressive, out);
        out.extend_from_slice(b",\"Version\":\"v2.0\"");
        if self.layout.form == Form::Fragmented {
            out.extend_from_slice(b",\"IsFragmented\":true");
        }
        if self.layout.errors != ErrorReportingPlacement::InData {
            out.extend_from_slice(b",\"ErrorReportingPlacement\":");
            push_string(self.layout.errors.as_str(), out);
        }
        self.end_frame(out);
    }

    fn begin_table(&mut self, header: &TableHeader, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.open.iter().any(|table| table.table_id == header.table_id) {
            return Err(unexpected(format!("table {} has begun already", header.table_id)));
        }
        self.check_frame_boundary()?;
        let fragmented = matches!(self.layout.form, Form::Fragmented | Form::Progressive)
            && header.kind == TableKind::PrimaryResult;
        if self.layout.form == Form::V1 {
            out.extend_from_slice(if self.contents.is_empty() { b"{" } else { b",{" });
            out.extend_from_slice(b"\"TableName\":\"Table_");
            push_int(self.contents.len(), out);
            out.extend_from_slice(b"\",");
            self.contents.push((header.kind.clone(), header.name.clone()));
        } else {
            let frame_type = if fragmented { "TableHeader" } else { "DataTable" };
            begin_frame(frame_type, out);
            push_table_id(header.table_id, out);
            out.extend_from_slice(b",\"TableKind\":");
            push_string(header.kind.as_str(), out);
            out.extend_from_slice(b",\"TableName\":");
            push_string(&header.name, out);
            out.push(b',');
        }
        push_columns(&header.columns, self.layout.form == Form::V1, out);
        if fragmented {
            self.end_frame(out);
        } else {
            out.extend_from_slice(b",\"Rows\":[");
        }
        self.open.push(OpenTable {
            table_id: header.table_id,
            columns: header.columns.clone(),
            fragmented,
            row_count: 0,
            empty: true,
        });
        Ok(())
    }

    fn push_fragment(&mut self, fragment: &TableFragment, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let replaces = fragment.kind == TableFragmentType::DataReplace;
        let at = self.find(fragment.table_id)?;
        if replaces && !(self.layout.form == Form::Progressive && self.open[at].fragmented) {
            return Err(EncodeError::new(
                EncodeErrorKind::Inexpressible,
                format!(
                    "table {}: rows can be replaced in primary tables of the progressive layout only",
                    fragment.table_id
                ),
            ));
        }
        check_columns(&self.open[at], &fragment.rows)?;
        check_rows(&fragment.rows)?;

        let table = &mut self.open[at];
        let num_rows = fragment.rows.num_rows() as u64;
        table.row_count = num_rows + if replaces { 0 } else { table.row_count };
        if table.fragmented {
            begin_fragment(fragment.table_id, fragment.kind, out);
            push_rows(&fragment.rows, self.layout.is_line_by_line(), out);
            out.push(b']');
            self.end_frame(out);
        } else if num_rows > 0 {
            if !std::mem::take(&mut table.empty) {
                out.push(b',');
            }
            push_rows(&fragment.rows, self.layout.is_line_by_line(), out);
        }
        Ok(())
    }

    /// Progress is advisory: where there is no place for it, as for tables that are not open, it is left out.
    fn push_progress(&self, progress: &TableProgress, out: &mut Vec<u8>) {
        let is_open = self
            .find(progress.table_id)
            .is_ok_and(|at| self.open[at].fragmented);
        if self.layout.form == Form::Progressive && is_open {
            begin_frame("TableProgress", out);
            push_table_id(progress.table_id, out);
            out.extend_from_slice(b",\"TableProgress\":");
            push_real(progress.progress, out);
            self.end_frame(out);
        }
    }

    fn complete_table(&mut self, completion: &TableCompletion, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let at = self.find(completion.table_id)?;
        let table = self.open.remove(at);
        self.end_table(&table, completion.row_count, &completion.errors, out);
        Ok(())
    }

    fn complete(&mut self, completion: &DataSetCompletion, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if let Some(table) = self.open.last()
            && completion.errors.is_empty()
        {
            return Err(unexpected(format!(
                "table {} has not ended; only an answer with errors may leave it open",
                table.table_id
            )));
        }
        while let Some(table) = self.open.pop() {
            self.end_table(&table, table.row_count, &completion.errors, out);
        }
        // In the order of the completion, which a relay hands on as it was; then those that it lacks.
        let of_tables = std::mem::take(&mut self.errors);
        self.remember(&completion.errors);
        self.remember(&of_tables);
        self.stage = Stage::Complete;
        if self.layout.form != Form::V1 {
            begin_frame("DataSetCompletion", out);
            out.extend_from_slice(b",\"HasErrors\":");
            push_bool(completion.has_errors || !self.errors.is_empty(), out);
            out.extend_from_slice(b",\"Cancelled\":");
            push_bool(completion.cancelled, out);
            if !self.errors.is_empty() {
                out.push(b',');
                push_one_api_errors(&self.errors, out);
            }
            self.end_frame(out);
        }
        Ok(())
    }

    /// Ends a table with its errors in the place where the layout has them.
    fn end_table(&mut self, table: &OpenTable, row_count: u64, errors: &[OneApiError], out: &mut Vec<u8>) {
        self.remember(errors);
        let v1 = self.layout.form == Form::V1;
        if !errors.is_empty() && (v1 || self.layout.errors == ErrorReportingPlacement::InData) {
            if table.fragmented {
                begin_fragment(table.table_id, TableFragmentType::DataAppend, out);
            } else if !table.empty {
                out.push(b',');
            }
            out.push(b'{');
            if v1 {
                push_exceptions(errors, out);
            } else {
                push_one_api_errors(errors, out);
            }
            out.push(b'}');
            if table.fragmented {
                out.push(b']');
                self.end_frame(out);
            }
        }
        if !table.fragmented {
            out.push(b']');
        } else {
            begin_frame("TableCompletion", out);
            push_table_id(table.table_id, out);
            out.extend_from_slice(b",\"RowCount\":");
            push_int(row_count, out);
            if !errors.is_empty() && self.layout.errors == ErrorReportingPlacement::EndOfTable {
                out.push(b',');
                push_one_api_errors(errors, out);
            }
        }
        if v1 {
            out.push(b'}');
        } else {
            self.end_frame(out);
        }
    }

    /// Keeps errors for the end of the answer, which repeats those of its tables. V1 has only their texts there: of errors
    /// with the same text one is written.
    fn remember(&mut self, errors: &[OneApiError]) {
        let v1 = self.layout.form == Form::V1;
        for error in errors {
            let is_same = |known: &OneApiError| {
                known == error || v1 && known.text_for_people() == error.text_for_people()
            };
            if !self.errors.iter().any(is_same) {
                self.errors.push(error.clone());
            }
        }
    }

    fn end_frame(&self, out: &mut Vec<u8>) {
        out.push(b'}');
        if self.layout.is_line_by_line() {
            out.push(b'\n');
        }
    }

    /// The place among the open tables of the one with this id. Inside a DataTable no other table can be written.
    fn find(&self, table_id: i64) -> Result<usize, EncodeError> {
        let at = self
            .open
            .iter()
            .position(|table| table.table_id == table_id)
            .ok_or_else(|| unexpected(format!("table {table_id} is not open")))?;
        if self.open[at].fragmented {
            self.check_frame_boundary()?;
        }
        Ok(at)
    }

    /// Whether a frame can begin here: not between the rows of a DataTable.
    fn check_frame_boundary(&self) -> Result<(), EncodeError> {
        match self.open.last() {
            Some(table) if !table.fragmented => Err(unexpected(format!(
                "table {} has to end first, since this layout writes it in one piece",
                table.table_id
            ))),
            _ => Ok(()),
        }
    }
}

/// Writes `"Columns":[…]`; V1 gives .NET names beside Kusto's own.
fn push_columns(columns: &[Column], data_types: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"Columns\":[");
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"ColumnName\":");
        push_string(&column.name, out);
        if data_types {
            out.extend_from_slice(b",\"DataType\":");
            push_string(column.column_type.data_type(), out);
        }
        out.extend_from_slice(b",\"ColumnType\":");
        push_string(column.column_type.as_str(), out);
        out.push(b'}');
    }
    out.push(b']');
}

/// Begins any frame but the first.
fn begin_frame(frame_type: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",{\"FrameType\":");
    push_string(frame_type, out);
}

/// Begins a fragment, up to and including the bracket that opens its rows.
fn begin_fragment(table_id: i64, kind: TableFragmentType, out: &mut Vec<u8>) {
    begin_frame("TableFragment", out);
    out.extend_from_slice(b",\"TableFragmentType\":");
    push_string(kind.as_str(), out);
    push_table_id(table_id, out);
    out.extend_from_slice(b",\"Rows\":[");
}

fn push_table_id(table_id: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"TableId\":");
    push_int(table_id, out);
}

fn push_bool(value: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

fn check_columns(table: &OpenTable, rows: &RowBatch) -> Result<(), EncodeError> {
    if Arc::ptr_eq(&table.columns, rows.columns()) || table.columns == *rows.columns() {
        return Ok(());
    }
    Err(unexpected(format!(
        "table {}: the rows have other columns than the table's header",
        table.table_id
    )))
}

fn unexpected(message: impl Into<std::borrow::Cow<'static, str>>) -> EncodeError {
    EncodeError::new(EncodeErrorKind::UnexpectedFrame, message)
}

/// Writes errors as V2 has them: `"OneApiErrors":[{"error":{…}},…]`.
fn push_one_api_errors(errors: &[OneApiError], out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"OneApiErrors\":[");
    for (index, error) in errors.iter().enumerate() {
        out.extend_from_slice(if index == 0 {
            b"{\"error\":"
        } else {
            b",{\"error\":"
        });
        // Strings, numbers and maps with string keys go into memory: nothing in this can fail.
        out.extend_from_slice(&serde_json::to_vec(error).unwrap_or_else(|_| b"{}".to_vec()));
        out.push(b'}');
    }
    out.push(b']');
}

/// Writes errors as V1 has them: `"Exceptions":["…",…]`.
fn push_exceptions(errors: &[OneApiError], out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"Exceptions\":[");
    for (index, error) in errors.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_string(error.text_for_people(), out);
    }
    out.push(b']');
}
