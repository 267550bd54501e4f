use std::sync::Arc;

use super::{ColumnArray, RowBatch, Value};
use crate::{Column, ConversionError};

/// Builds a [`RowBatch`] row by row.
#[derive(Clone, Debug)]
pub struct RowBatchBuilder {
    columns: Arc<[Column]>,
    /// Not made before they are needed: most tables end with their first batch.
    arrays: Vec<ColumnArray>,
    num_rows: usize,
}

impl RowBatchBuilder {
    /// A builder without rows.
    pub const fn new(columns: Arc<[Column]>) -> Self {
        Self {
            columns,
            arrays: Vec::new(),
            num_rows: 0,
        }
    }

    /// A builder that uses the memory of a batch no longer needed.
    pub fn reusing(batch: RowBatch) -> Self {
        let (columns, mut arrays) = batch.into_parts();
        arrays.iter_mut().for_each(ColumnArray::clear);
        Self {
            columns,
            arrays,
            num_rows: 0,
        }
    }

    /// Appends a row.
    ///
    /// # Errors
    ///
    /// When the row has another number of values than the table has columns, or one is neither null nor of its
    /// column's type. Then nothing is appended.
    pub fn push_row(&mut self, values: &[Value<'_>]) -> Result<(), ConversionError> {
        if values.len() != self.columns.len() {
            return Err(ConversionError::row_width(
                self.num_rows,
                self.columns.len(),
                values.len(),
            ));
        }
        self.make_arrays();
        for (index, value) in values.iter().enumerate() {
            if !self.arrays[index].push(*value) {
                let column = &self.columns[index];
                let error = ConversionError::cell(
                    &column.name,
                    self.num_rows,
                    column.column_type.as_str(),
                    value.type_name(),
                );
                self.truncate(self.num_rows);
                return Err(error);
            }
        }
        self.num_rows += 1;
        Ok(())
    }

    /// The number of rows so far.
    pub const fn num_rows(&self) -> usize {
        self.num_rows
    }

    /// The columns: names and types.
    pub const fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    /// Bytes in use, without spare capacity.
    pub fn byte_len(&self) -> usize {
        self.arrays.iter().map(ColumnArray::byte_len).sum()
    }

    /// The batch of all rows so far.
    pub fn finish(mut self) -> RowBatch {
        self.take()
    }

    /// The batch of all rows so far; the next row is the first of another one.
    pub(crate) fn take(&mut self) -> RowBatch {
        self.make_arrays();
        RowBatch {
            columns: Arc::clone(&self.columns),
            arrays: std::mem::take(&mut self.arrays),
            num_rows: std::mem::take(&mut self.num_rows),
        }
    }

    /// Whether no memory is held yet.
    pub(crate) const fn is_unused(&self) -> bool {
        self.arrays.is_empty()
    }

    /// The columns under construction. After appending one value to each, [`RowBatchBuilder::end_row`] counts the row.
    pub(crate) fn arrays_mut(&mut self) -> &mut [ColumnArray] {
        self.make_arrays();
        &mut self.arrays
    }

    fn make_arrays(&mut self) {
        if self.arrays.len() != self.columns.len() {
            let columns = self.columns.iter();
            self.arrays = columns
                .map(|column| ColumnArray::new(&column.column_type))
                .collect();
        }
    }

    /// A builder without rows, for the same columns, with room for as much as is in this one.
    pub(crate) fn empty_like(&self) -> Self {
        Self {
            columns: Arc::clone(&self.columns),
            arrays: self.arrays.iter().map(ColumnArray::empty_like).collect(),
            num_rows: 0,
        }
    }

    /// Counts a row whose cells were appended through [`RowBatchBuilder::arrays_mut`].
    pub(crate) fn end_row(&mut self) {
        self.end_rows(1);
    }

    /// Counts rows whose cells were appended through [`RowBatchBuilder::arrays_mut`].
    pub(crate) fn end_rows(&mut self, count: usize) {
        self.num_rows += count;
        debug_assert!(
            self.arrays.iter().all(|array| array.len() == self.num_rows),
            "columns of different length"
        );
    }

    /// Forgets all rows after the first `num_rows`, and the cells of a row that was not ended.
    pub(crate) fn truncate(&mut self, num_rows: usize) {
        self.arrays.iter_mut().for_each(|array| array.truncate(num_rows));
        self.num_rows = num_rows;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ColumnType;

    fn columns() -> Arc<[Column]> {
        [
            Column::new("a", ColumnType::Long),
            Column::new("b", ColumnType::String),
        ]
        .into()
    }

    #[test]
    fn a_row_that_does_not_fit_leaves_nothing_behind() {
        let mut builder = RowBatchBuilder::new(columns());
        builder.push_row(&[Value::Long(1), Value::Null]).unwrap();
        assert!(builder.push_row(&[Value::Long(1)]).is_err());
        let error = builder
            .push_row(&[Value::Long(2), Value::Bool(true)])
            .unwrap_err();
        assert_eq!(error.to_string(), "column b, row 1: wanted string, found bool");
        builder.push_row(&[Value::Long(3), Value::String("x")]).unwrap();
        let batch = builder.finish();
        assert_eq!(batch.num_rows(), 2);
        assert_eq!(
            batch.row(1).values().collect::<Vec<_>>(),
            [Value::Long(3), Value::String("x")]
        );
    }

    #[test]
    fn a_used_batch_gives_its_memory_to_the_next() {
        let mut builder = RowBatchBuilder::new(columns());
        builder.push_row(&[Value::Long(1), Value::String("one")]).unwrap();
        let mut builder = RowBatchBuilder::reusing(builder.finish());
        builder.push_row(&[Value::Null, Value::String("two")]).unwrap();
        let batch = builder.finish();
        assert_eq!(
            batch.row(0).values().collect::<Vec<_>>(),
            [Value::Null, Value::String("two")]
        );
    }
}
