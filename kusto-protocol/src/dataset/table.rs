use std::sync::Arc;

use serde::Deserialize;

use crate::{Column, ConversionError, OneApiError, Row, RowBatch, TableHeader, TableKind};

/// A table of a [`DataSet`](crate::DataSet).
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    header: TableHeader,
    batches: Vec<RowBatch>,
    num_rows: usize,
    errors: Vec<OneApiError>,
    /// The rows that the service counted, once the table is complete.
    row_count: Option<u64>,
}

impl Table {
    pub(super) const fn new(header: TableHeader) -> Self {
        Self {
            header,
            batches: Vec::new(),
            num_rows: 0,
            errors: Vec::new(),
            row_count: None,
        }
    }

    pub(super) fn push(&mut self, rows: RowBatch) {
        if rows.num_rows() > 0 {
            self.num_rows += rows.num_rows();
            self.batches.push(rows);
        }
    }

    pub(super) fn clear(&mut self) {
        self.batches.clear();
        self.num_rows = 0;
    }

    pub(super) fn complete(&mut self, row_count: u64, errors: Vec<OneApiError>) {
        self.row_count = Some(row_count);
        self.errors = errors;
    }

    pub(super) fn identify(&mut self, kind: TableKind, name: Option<&str>) {
        self.header.kind = kind;
        if let Some(name) = name {
            name.clone_into(&mut self.header.name);
        }
    }

    /// The number by which the answer refers to the table.
    pub const fn table_id(&self) -> i64 {
        self.header.table_id
    }

    /// What the table is for.
    pub const fn kind(&self) -> &TableKind {
        &self.header.kind
    }

    /// The name of the table.
    pub fn name(&self) -> &str {
        &self.header.name
    }

    /// The columns: names and types.
    pub const fn columns(&self) -> &Arc<[Column]> {
        &self.header.columns
    }

    /// The rows, in batches that are not empty.
    pub fn batches(&self) -> &[RowBatch] {
        &self.batches
    }

    /// Gives the batches away.
    pub fn into_batches(self) -> Vec<RowBatch> {
        self.batches
    }

    /// The number of rows.
    pub const fn num_rows(&self) -> usize {
        self.num_rows
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.batches.iter().flat_map(RowBatch::rows)
    }

    /// Turns each row into a `T`, by the rules of [`RowBatch::deserialize`]. The row numbers of errors count within
    /// a batch.
    pub fn deserialize<'de, T: Deserialize<'de>>(
        &'de self,
    ) -> impl Iterator<Item = Result<T, ConversionError>> {
        self.batches.iter().flat_map(RowBatch::deserialize)
    }

    /// What the service says failed in this table.
    pub fn errors(&self) -> &[OneApiError] {
        &self.errors
    }

    /// Whether the service has ended the table.
    pub const fn is_complete(&self) -> bool {
        self.row_count.is_some()
    }

    /// The number of rows that the service counted, if it is another than that of the rows here.
    pub(super) fn row_count_mismatch(&self) -> Option<u64> {
        self.row_count.filter(|count| *count != self.num_rows as u64)
    }
}
