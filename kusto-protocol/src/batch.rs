//! Rows in columns.

mod builder;
mod column;
mod de;
mod validity;

use std::sync::Arc;

pub use builder::RowBatchBuilder;
pub use column::{BoolArray, ColumnArray, PrimitiveArray, TextArray, Value};
pub use validity::{Bitmap, Validity};

use crate::Column;

/// A number of rows of one table, stored column by column.
///
/// # Example
///
/// ```
/// use kusto_protocol::{Column, ColumnType, RowBatchBuilder, Value};
///
/// let columns = [Column::new("State", ColumnType::String), Column::new("n", ColumnType::Long)];
/// let mut builder = RowBatchBuilder::new(columns.into());
/// builder.push_row(&[Value::String("TEXAS"), Value::Long(4701)])?;
/// let batch = builder.finish();
///
/// assert_eq!(batch.num_rows(), 1);
/// assert_eq!(batch.row(0).value("n"), Some(Value::Long(4701)));
/// # Ok::<(), kusto_protocol::ConversionError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RowBatch {
    columns: Arc<[Column]>,
    arrays: Vec<ColumnArray>,
    num_rows: usize,
}

impl RowBatch {
    /// A batch of these columns; `None` if the arrays do not fit the columns in number, type and length.
    ///
    /// `num_rows` matters for tables without columns, whose rows cannot be counted otherwise.
    pub fn new(columns: Arc<[Column]>, arrays: Vec<ColumnArray>, num_rows: usize) -> Option<Self> {
        let fits = columns.len() == arrays.len()
            && columns.iter().zip(&arrays).all(|(column, array)| {
                array.len() == num_rows
                    && std::mem::discriminant(array)
                        == std::mem::discriminant(&ColumnArray::new(&column.column_type))
            });
        fits.then_some(Self {
            columns,
            arrays,
            num_rows,
        })
    }

    /// The columns: names and types.
    pub const fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    /// The values of each column.
    pub fn arrays(&self) -> &[ColumnArray] {
        &self.arrays
    }

    /// The values of the column at this place.
    pub fn array(&self, index: usize) -> Option<&ColumnArray> {
        self.arrays.get(index)
    }

    /// The values of the first column of this name.
    pub fn array_by_name(&self, name: &str) -> Option<&ColumnArray> {
        self.arrays
            .get(self.columns.iter().position(|column| column.name == name)?)
    }

    /// The number of rows.
    pub const fn num_rows(&self) -> usize {
        self.num_rows
    }

    /// Bytes in use, without spare capacity.
    pub fn byte_len(&self) -> usize {
        self.arrays.iter().map(ColumnArray::byte_len).sum()
    }

    /// One row. Beyond the last one, all its values are null.
    pub const fn row(&self, index: usize) -> Row<'_> {
        Row { batch: self, index }
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.num_rows).map(|index| self.row(index))
    }

    /// Gives the columns and their arrays away.
    pub fn into_parts(self) -> (Arc<[Column]>, Vec<ColumnArray>) {
        (self.columns, self.arrays)
    }
}

/// One row of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    batch: &'a RowBatch,
    index: usize,
}

impl<'a> Row<'a> {
    /// The number of the row in its batch, from 0.
    pub const fn index(&self) -> usize {
        self.index
    }

    /// The columns: names and types.
    pub const fn columns(&self) -> &'a Arc<[Column]> {
        &self.batch.columns
    }

    /// The value in the column at this place; null if there is no such column.
    pub fn get(&self, column: usize) -> Value<'a> {
        self.batch
            .arrays
            .get(column)
            .map_or(Value::Null, |array| array.get(self.index))
    }

    /// The value in the first column of this name; `None` if there is no such column.
    pub fn value(&self, name: &str) -> Option<Value<'a>> {
        Some(self.batch.array_by_name(name)?.get(self.index))
    }

    /// All values, in the order of the columns.
    pub fn values(&self) -> impl ExactSizeIterator<Item = Value<'a>> {
        let index = self.index;
        self.batch.arrays.iter().map(move |array| array.get(index))
    }
}
