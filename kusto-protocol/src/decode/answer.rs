//! What the objects of an answer mean: which frames they become, which tables are open, what may come next.

use std::collections::VecDeque;
use std::mem;

use serde_json::Value;

use super::head::{
    DataSetCompletionHead, DataSetHeaderHead, Head, TableCompletionHead, TableFragmentHead, TableHead,
    TableProgressHead, Tag, columns, parse_value,
};
use super::rows::{ErrorObject, RowFault, Rows, RowsEvent};
use super::{DecodeError, DecodeErrorKind, DecoderConfig, Source};
use crate::{
    DataSetCompletion, DataSetHeader, ErrorReportingPlacement, Frame, OneApiError, RowBatch, TableCompletion,
    TableFragment, TableFragmentType, TableHeader, TableKind, TableProgress,
};

/// The two layouts, told apart by their first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// An object with `Tables`.
    V1,
    /// An array of frames.
    V2,
}

/// An answer, as far as it has come.
#[derive(Debug)]
pub(super) struct Answer {
    layout: Layout,
    progress: Progress,
    /// Tables of which the header has come and the completion has not. The one being read is not among them.
    open: Vec<Table>,
    current: Option<Current>,
    /// V1 tables have no id on the wire; they get their ordinal.
    next_ordinal: i64,
    /// V1: errors in place of rows, for the completion that V1 has not on the wire.
    row_errors: Vec<OneApiError>,
    /// Bytes on the wire of all errors in place of rows.
    error_bytes: usize,
    pending: VecDeque<Frame>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Progress {
    Nothing,
    Header,
    Completion,
}

#[derive(Debug)]
struct Table {
    header: TableHeader,
    row_count: u64,
    errors: Vec<OneApiError>,
}

/// The table of which rows are being read.
#[derive(Debug)]
struct Current {
    table: Table,
    rows: Rows,
    /// The kind of the next batch.
    kind: TableFragmentType,
    /// Whether this is a `TableFragment` on the wire, for which at least one batch must come out.
    is_fragment: bool,
    batches: u64,
}

/// What to do with the `Rows` of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowsFate {
    /// They can be read.
    Read,
    /// What is needed to read them has not come yet.
    Buffer,
    /// They belong to a frame of a type that is not known, or that has no rows.
    Skip,
}

/// How far the reading of rows came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowsRead {
    /// To the end of the source.
    More,
    /// To the end of a batch.
    Batch,
    /// To the end of the rows.
    End,
}

impl Answer {
    pub(super) fn new(layout: Layout) -> Self {
        Self {
            layout,
            progress: Progress::Nothing,
            open: Vec::new(),
            current: None,
            next_ordinal: 0,
            row_errors: Vec::new(),
            error_bytes: 0,
            pending: VecDeque::new(),
        }
    }

    /// A frame that is ready.
    pub(super) fn next_frame(&mut self) -> Option<Frame> {
        self.pending.pop_front()
    }

    pub(super) const fn is_complete(&self) -> bool {
        matches!(self.progress, Progress::Completion)
    }

    /// V1 has no header on the wire.
    pub(super) fn begin_v1(&mut self, offset: u64) -> Result<(), DecodeError> {
        if self.progress != Progress::Nothing {
            return Err(unexpected(offset, "Tables came twice"));
        }
        self.progress = Progress::Header;
        let header = DataSetHeader {
            version: "v1.0".to_owned(),
            ..DataSetHeader::default()
        };
        self.pending.push_back(Frame::DataSetHeader(header));
        Ok(())
    }

    /// V1 has no completion on the wire; it is made from what was seen.
    pub(super) fn end_v1(&mut self, head: &Head) -> Result<(), DecodeError> {
        let envelope: Value = read(head)?;
        if self.progress == Progress::Nothing {
            return Err(unexpected(head.offset, "an object with neither Tables nor error"));
        }
        let row_errors = mem::take(&mut self.row_errors);
        let errors = Some(OneApiError::list(&envelope)).filter(|errors| !errors.is_empty());
        let errors = errors.unwrap_or(row_errors);
        self.progress = Progress::Completion;
        self.pending
            .push_back(Frame::DataSetCompletion(DataSetCompletion {
                has_errors: !errors.is_empty(),
                cancelled: false,
                errors,
            }));
        Ok(())
    }

    /// Gets ready for the rows of the object whose head this is, if that is possible. `is_whole` says that no more
    /// of the head will come.
    pub(super) fn begin_rows(
        &mut self,
        head: &Head,
        is_whole: bool,
        config: &DecoderConfig,
    ) -> Result<RowsFate, DecodeError> {
        if self.layout == Layout::V1 {
            let table: TableHead = read(head)?;
            if !is_whole && (table.columns.is_none() || table.table_name.is_none()) {
                return Ok(RowsFate::Buffer);
            }
            self.begin_table(table, head.offset, config)?;
            return Ok(RowsFate::Read);
        }
        let tag: Tag = read(head)?;
        match tag.frame_type.as_deref() {
            None if is_whole => Ok(RowsFate::Skip),
            None => Ok(RowsFate::Buffer),
            Some("DataTable") => {
                let table: TableHead = read(head)?;
                let is_ready = table.table_id.is_some()
                    && table.table_kind.is_some()
                    && table.table_name.is_some()
                    && table.columns.is_some();
                if !is_ready && !is_whole {
                    return Ok(RowsFate::Buffer);
                }
                self.begin_table(table, head.offset, config)?;
                Ok(RowsFate::Read)
            }
            Some("TableFragment") => {
                let fragment: TableFragmentHead = read(head)?;
                if !is_whole && (fragment.table_id.is_none() || fragment.table_fragment_type.is_none()) {
                    return Ok(RowsFate::Buffer);
                }
                self.begin_fragment(&fragment, head.offset, config)?;
                Ok(RowsFate::Read)
            }
            Some(_) => Ok(RowsFate::Skip),
        }
    }

    /// Reads rows up to the next batch, which is then among the frames that are ready.
    pub(super) fn read_rows(
        &mut self,
        source: &mut Source<'_>,
        config: &DecoderConfig,
    ) -> Result<RowsRead, DecodeError> {
        let Some(current) = &mut self.current else {
            return Ok(RowsRead::End);
        };
        loop {
            let event = current
                .rows
                .read(source, config)
                .map_err(|fault| row_error(fault, &current.table))?;
            match event {
                RowsEvent::More => return Ok(RowsRead::More),
                RowsEvent::Batch(batch) => {
                    self.pending.push_back(current.fragment(batch));
                    return Ok(RowsRead::Batch);
                }
                RowsEvent::Error(object) => {
                    self.error_bytes += object.text.len();
                    let errors = row_errors(&object, self.error_bytes, &current.table, config)?;
                    if self.layout == Layout::V1 {
                        self.row_errors.extend(errors.iter().cloned());
                    }
                    current.table.errors.extend(errors);
                }
                RowsEvent::End(batch) => {
                    if batch.num_rows() > 0 || (current.is_fragment && current.batches == 0) {
                        self.pending.push_back(current.fragment(batch));
                    }
                    return Ok(RowsRead::End);
                }
            }
        }
    }

    /// The object is complete, its rows included.
    pub(super) fn end_object(&mut self, head: &Head, config: &DecoderConfig) -> Result<(), DecodeError> {
        if self.layout == Layout::V1 {
            if self.current.is_none() {
                self.begin_table(read(head)?, head.offset, config)?;
            }
            self.end_table();
            return Ok(());
        }
        let tag: Tag = read(head)?;
        let Some(frame_type) = tag.frame_type.as_deref() else {
            return Err(match tag.error {
                Some(error) => service_error(head.offset, &error),
                None => unexpected(head.offset, "a frame without FrameType"),
            });
        };
        match (self.progress, frame_type) {
            (Progress::Nothing, "DataSetHeader") => self.end_data_set_header(head),
            (Progress::Nothing, _) => Err(unexpected(head.offset, "the first frame must be DataSetHeader")),
            (Progress::Completion, _) => Err(unexpected(head.offset, "a frame after DataSetCompletion")),
            (_, "DataSetHeader") => Err(unexpected(head.offset, "a second DataSetHeader")),
            (_, "DataTable") => {
                if self.current.is_none() {
                    self.begin_table(read(head)?, head.offset, config)?;
                }
                self.end_table();
                Ok(())
            }
            (_, "TableHeader") => self.end_table_header(head, config),
            (_, "TableFragment") => self.end_fragment(head, config),
            (_, "TableProgress") => self.end_table_progress(head),
            (_, "TableCompletion") => self.end_table_completion(head),
            (_, "DataSetCompletion") => self.end_data_set(head),
            // A type this version does not know.
            _ => Ok(()),
        }
    }

    /// What is wrong with the row in which the body ended, if more than that it ended.
    pub(super) fn finish(&mut self, config: &DecoderConfig) -> Result<(), DecodeError> {
        match &mut self.current {
            Some(current) => current
                .rows
                .finish(config)
                .map_err(|fault| row_error(fault, &current.table)),
            None => Ok(()),
        }
    }

    /// Bytes held for rows.
    pub(super) fn buffered_bytes(&self) -> usize {
        self.current
            .as_ref()
            .map_or(0, |current| current.rows.buffered_bytes())
    }

    /// Opens a table and makes it the one of which rows are read.
    fn begin_table(
        &mut self,
        head: TableHead,
        offset: u64,
        config: &DecoderConfig,
    ) -> Result<(), DecodeError> {
        let table = self.new_table(head, offset, config)?;
        self.pending.push_back(Frame::TableHeader(table.header.clone()));
        self.current = Some(Current::new(table, TableFragmentType::DataAppend, false, config));
        Ok(())
    }

    fn new_table(
        &mut self,
        head: TableHead,
        offset: u64,
        config: &DecoderConfig,
    ) -> Result<Table, DecodeError> {
        if self.progress != Progress::Header {
            return Err(unexpected(
                offset,
                "a table outside of DataSetHeader and DataSetCompletion",
            ));
        }
        let table_id = if self.layout == Layout::V1 {
            self.next_ordinal += 1;
            self.next_ordinal - 1
        } else {
            head.table_id
                .ok_or_else(|| unexpected(offset, "a table without TableId"))?
        };
        let heads = head
            .columns
            .ok_or_else(|| unexpected(offset, "a table without Columns").in_table(table_id))?;
        if heads.len() > config.max_columns {
            let message = format!(
                "{} columns, more than max_columns ({})",
                heads.len(),
                config.max_columns
            );
            return Err(DecodeError::new(DecodeErrorKind::TooLarge, offset, message).in_table(table_id));
        }
        if self.open.iter().any(|open| open.header.table_id == table_id) {
            return Err(
                unexpected(offset, "a table with the id of another that is not complete").in_table(table_id),
            );
        }
        let kind = match head.table_kind {
            Some(name) if self.layout == Layout::V2 => TableKind::from_name(&name),
            _ => TableKind::Unknown,
        };
        let header = TableHeader {
            table_id,
            kind,
            name: head.table_name.unwrap_or_default(),
            columns: columns(heads),
        };
        Ok(Table {
            header,
            row_count: 0,
            errors: Vec::new(),
        })
    }

    fn begin_fragment(
        &mut self,
        head: &TableFragmentHead,
        offset: u64,
        config: &DecoderConfig,
    ) -> Result<(), DecodeError> {
        let table = self.close(head.table_id, offset)?;
        let kind = match head.table_fragment_type.as_deref() {
            Some("DataAppend") => TableFragmentType::DataAppend,
            Some("DataReplace") => TableFragmentType::DataReplace,
            _ => {
                let error = unexpected(offset, "TableFragmentType is neither DataAppend nor DataReplace");
                return Err(error.in_table(table.header.table_id));
            }
        };
        let mut current = Current::new(table, kind, true, config);
        if kind == TableFragmentType::DataReplace {
            current.table.row_count = 0;
        }
        self.current = Some(current);
        Ok(())
    }

    /// Takes an open table out of the list.
    fn close(&mut self, table_id: Option<i64>, offset: u64) -> Result<Table, DecodeError> {
        let table_id = table_id.ok_or_else(|| unexpected(offset, "a frame of a table without TableId"))?;
        match self
            .open
            .iter()
            .position(|table| table.header.table_id == table_id)
        {
            Some(index) => Ok(self.open.swap_remove(index)),
            None => Err(unexpected(offset, "a frame of a table that is not open").in_table(table_id)),
        }
    }

    fn end_data_set_header(&mut self, head: &Head) -> Result<(), DecodeError> {
        let header: DataSetHeaderHead = read(head)?;
        self.progress = Progress::Header;
        self.pending.push_back(Frame::DataSetHeader(DataSetHeader {
            version: header.version.unwrap_or_default(),
            is_progressive: header.is_progressive.unwrap_or_default(),
            is_fragmented: header.is_fragmented.unwrap_or_default(),
            error_reporting_placement: header
                .error_reporting_placement
                .and_then(|name| ErrorReportingPlacement::from_name(&name)),
        }));
        Ok(())
    }

    fn end_table(&mut self) {
        if let Some(current) = self.current.take() {
            self.complete(current.table);
        }
    }

    /// The table ends with the number of rows that were counted.
    fn complete(&mut self, table: Table) {
        self.pending.push_back(Frame::TableCompletion(TableCompletion {
            table_id: table.header.table_id,
            row_count: table.row_count,
            errors: table.errors,
        }));
    }

    fn end_table_header(&mut self, head: &Head, config: &DecoderConfig) -> Result<(), DecodeError> {
        if self.open.len() == config.max_open_tables {
            let message = format!(
                "more than max_open_tables ({}) tables are open",
                config.max_open_tables
            );
            return Err(DecodeError::new(DecodeErrorKind::TooLarge, head.offset, message));
        }
        let table = self.new_table(read(head)?, head.offset, config)?;
        self.pending.push_back(Frame::TableHeader(table.header.clone()));
        self.open.push(table);
        Ok(())
    }

    fn end_fragment(&mut self, head: &Head, config: &DecoderConfig) -> Result<(), DecodeError> {
        let fragment: TableFragmentHead = read(head)?;
        if self.current.is_none() {
            // No `Rows` at all.
            self.begin_fragment(&fragment, head.offset, config)?;
            self.read_rows(
                &mut Source {
                    bytes: b"[]",
                    offset: head.offset,
                },
                config,
            )?;
        }
        let Some(Current { table, .. }) = self.current.take() else {
            return Ok(());
        };
        if fragment
            .field_count
            .is_some_and(|count| count != table.header.columns.len())
        {
            let error = unexpected(head.offset, "FieldCount is not the number of columns");
            return Err(error.in_table(table.header.table_id));
        }
        self.open.push(table);
        Ok(())
    }

    fn end_table_progress(&mut self, head: &Head) -> Result<(), DecodeError> {
        // Seen for tables that are not open; it is advisory, so it goes through.
        let progress: TableProgressHead = read(head)?;
        let table_id = progress
            .table_id
            .ok_or_else(|| unexpected(head.offset, "TableProgress without TableId"))?;
        let progress = progress.table_progress.unwrap_or_default();
        self.pending
            .push_back(Frame::TableProgress(TableProgress { table_id, progress }));
        Ok(())
    }

    fn end_table_completion(&mut self, head: &Head) -> Result<(), DecodeError> {
        let completion: TableCompletionHead = read(head)?;
        let mut table = self.close(completion.table_id, head.offset)?;
        table.errors.extend(errors(completion.one_api_errors.as_ref()));
        table.row_count = completion.row_count.unwrap_or(table.row_count);
        self.complete(table);
        Ok(())
    }

    fn end_data_set(&mut self, head: &Head) -> Result<(), DecodeError> {
        let completion: DataSetCompletionHead = read(head)?;
        let has_errors = completion.has_errors.unwrap_or_default();
        let cancelled = completion.cancelled.unwrap_or_default();
        for table in mem::take(&mut self.open) {
            // A query that failed may end without completing its tables; their errors must not be lost.
            if !has_errors && !cancelled {
                let error = unexpected(
                    head.offset,
                    "DataSetCompletion came before the table was complete",
                );
                return Err(error.in_table(table.header.table_id));
            }
            self.complete(table);
        }
        self.progress = Progress::Completion;
        self.pending
            .push_back(Frame::DataSetCompletion(DataSetCompletion {
                has_errors,
                cancelled,
                errors: errors(completion.one_api_errors.as_ref()),
            }));
        Ok(())
    }
}

impl Current {
    fn new(table: Table, kind: TableFragmentType, is_fragment: bool, config: &DecoderConfig) -> Self {
        let rows = Rows::new(table.header.columns.clone(), config);
        Self {
            table,
            rows,
            kind,
            is_fragment,
            batches: 0,
        }
    }

    /// Of a `DataReplace` in several pieces only the first one replaces.
    fn fragment(&mut self, rows: RowBatch) -> Frame {
        self.batches += 1;
        self.table.row_count += rows.num_rows() as u64;
        let kind = mem::take(&mut self.kind);
        Frame::TableFragment(TableFragment {
            table_id: self.table.header.table_id,
            kind,
            rows,
        })
    }
}

/// The errors that an object in place of a row reports. `error_bytes` counts it and all before it.
fn row_errors(
    object: &ErrorObject,
    error_bytes: usize,
    table: &Table,
    config: &DecoderConfig,
) -> Result<Vec<OneApiError>, DecodeError> {
    let row = table.row_count + object.row as u64;
    let here = |error: DecodeError| error.in_table(table.header.table_id).in_row(row, None);
    if error_bytes > config.max_head_bytes {
        let message = format!(
            "errors in place of rows are longer than max_head_bytes ({})",
            config.max_head_bytes
        );
        return Err(here(DecodeError::new(
            DecodeErrorKind::TooLarge,
            object.offset,
            message,
        )));
    }
    let value = parse_value(&object.text).unwrap_or_default();
    if value.get("OneApiErrors").is_none() && value.get("Exceptions").is_none() {
        let message = "an object in place of a row has neither OneApiErrors nor Exceptions";
        return Err(here(unexpected(object.offset, message)));
    }
    Ok(OneApiError::list(&value))
}

/// The error that the service gave in place of an answer.
pub(super) fn service_error(offset: u64, error: &Value) -> DecodeError {
    let wrapper = serde_json::json!({ "error": error });
    match OneApiError::list(&wrapper).pop() {
        Some(error) => DecodeError::service(offset, error),
        None => unexpected(offset, "error is not an object"),
    }
}

fn errors(list: Option<&Value>) -> Vec<OneApiError> {
    list.map(OneApiError::list).unwrap_or_default()
}

fn read<T: for<'de> serde::Deserialize<'de>>(head: &Head) -> Result<T, DecodeError> {
    head.read().map_err(|message| unexpected(head.offset, message))
}

fn unexpected(offset: u64, message: impl Into<std::borrow::Cow<'static, str>>) -> DecodeError {
    DecodeError::new(DecodeErrorKind::UnexpectedFrame, offset, message)
}

fn row_error(fault: RowFault, table: &Table) -> DecodeError {
    let columns = &table.header.columns;
    let column = fault
        .column
        .and_then(|index| columns.get(index))
        .map(|column| column.name.as_str());
    DecodeError::new(fault.kind, fault.offset, fault.message)
        .in_table(table.header.table_id)
        .in_row(table.row_count + fault.row as u64, column)
}
