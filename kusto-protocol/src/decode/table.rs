//! One table of an answer, while it is being read.

use std::mem;
use std::sync::Arc;

use super::answer::unexpected;
use super::rows::{ErrorObject, Memory, RowFault, Rows};
use super::value::parse_value;
use super::{DecodeError, DecodeErrorKind, DecoderConfig};
use crate::{
    Column, ErrorPlace, Frame, OneApiError, RowBatch, TableCompletion, TableFragment, TableFragmentType,
};

/// A table of which the header has come and the completion has not.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) table_id: i64,
    pub(super) columns: Arc<[Column]>,
    /// Rows that were given away.
    pub(super) row_count: u64,
    pub(super) errors: Vec<OneApiError>,
}

/// The table of which rows are being read.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) table: Table,
    pub(super) rows: Rows,
    /// The kind of the next batch.
    kind: TableFragmentType,
    /// Whether this is a `TableFragment` on the wire, for which at least one batch must come out, unless it is there
    /// for an error only.
    is_fragment: bool,
    has_batch: bool,
    /// Whether there was an error in place of a row.
    pub(super) has_error: bool,
}

impl Table {
    /// The frame that ends the table.
    pub(super) fn completion(self) -> Frame {
        Frame::TableCompletion(TableCompletion {
            table_id: self.table_id,
            row_count: self.row_count,
            errors: self.errors,
        })
    }

    /// The errors that an object in place of a row reports. `error_bytes` counts it and all before it.
    pub(super) fn row_errors(
        &self,
        object: &ErrorObject,
        error_bytes: usize,
        config: &DecoderConfig,
    ) -> Result<Vec<OneApiError>, DecodeError> {
        let row = self.row_count + object.row as u64;
        let here = |error: DecodeError| error.in_table(self.table_id).in_row(row, None);
        if error_bytes > config.max_head_bytes {
            let max = config.max_head_bytes;
            let message = format!("errors in place of rows are longer than max_head_bytes ({max})");
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
        let table_id = self.table_id;
        let errors = OneApiError::list(&value).into_iter();
        Ok(errors
            .map(|error| error.at(ErrorPlace::Row { table_id, row }))
            .collect())
    }

    /// Adds to a fault where in the table it is.
    pub(super) fn row_error(&self, fault: RowFault) -> DecodeError {
        let column = fault.column.and_then(|index| self.columns.get(index));
        DecodeError::new(fault.kind, fault.offset, fault.message)
            .in_table(self.table_id)
            .in_row(
                self.row_count + fault.row as u64,
                column.map(|column| column.name.as_str()),
            )
    }
}

impl Current {
    pub(super) fn new(
        table: Table,
        kind: TableFragmentType,
        is_fragment: bool,
        memory: Box<Memory>,
        config: &DecoderConfig,
    ) -> Self {
        let rows = Rows::new(&table.columns, memory, config);
        Self {
            table,
            rows,
            kind,
            is_fragment,
            has_batch: false,
            has_error: false,
        }
    }

    /// A batch as a frame. Of a `DataReplace` in several pieces only the first one replaces.
    pub(super) fn fragment(&mut self, rows: RowBatch) -> Frame {
        self.has_batch = true;
        self.table.row_count += rows.num_rows() as u64;
        let kind = mem::take(&mut self.kind);
        Frame::TableFragment(TableFragment {
            table_id: self.table.table_id,
            kind,
            rows,
        })
    }

    /// The last batch as a frame, if there must be one.
    pub(super) fn last_fragment(&mut self, rows: RowBatch) -> Option<Frame> {
        let is_for_error = self.has_error && self.kind == TableFragmentType::DataAppend;
        let is_needed = rows.num_rows() > 0 || (self.is_fragment && !self.has_batch && !is_for_error);
        is_needed.then(|| self.fragment(rows))
    }
}
