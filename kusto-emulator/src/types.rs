//! Kusto's types in Arrow's clothes.
//!
//! | Kusto | Arrow | |
//! |---|---|---|
//! | `bool` | `Boolean` | |
//! | `int`, `long`, `real` | `Int32`, `Int64`, `Float64` | |
//! | `datetime` | `Int64` | ticks of 100 ns since 0001-01-01 |
//! | `timespan` | `Int64` | ticks of 100 ns |
//! | `guid` | `FixedSizeBinary(16)` | bytes in the order of the text |
//! | `string` | `Utf8` | never null: the empty string stands for a missing one |
//! | `dynamic` | `Utf8` | JSON text |
//! | `decimal` | `Utf8` | text that [`kusto_protocol::Decimal`] reads |

use std::sync::Arc;

use arrow_array::{ArrayRef, new_null_array};
use arrow_schema::DataType;
use kusto_kql::ast::ScalarType;
use kusto_protocol::{Column, ColumnType};

/// The columns of a table or of a step of a query.
pub(crate) type Schema = Arc<[Column]>;

/// The Arrow type that values of a Kusto type are kept in.
pub(crate) fn data_type(column_type: &ColumnType) -> DataType {
    match column_type {
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Int => DataType::Int32,
        ColumnType::DateTime | ColumnType::Long | ColumnType::Timespan => DataType::Int64,
        ColumnType::Real => DataType::Float64,
        ColumnType::Guid => DataType::FixedSizeBinary(16),
        _ => DataType::Utf8,
    }
}

/// The type that a name in the query stands for.
pub(crate) fn column_type(scalar_type: ScalarType) -> ColumnType {
    match scalar_type {
        ScalarType::Bool => ColumnType::Bool,
        ScalarType::DateTime => ColumnType::DateTime,
        ScalarType::Decimal => ColumnType::Decimal,
        ScalarType::Dynamic => ColumnType::Dynamic,
        ScalarType::Guid => ColumnType::Guid,
        ScalarType::Int => ColumnType::Int,
        ScalarType::Long => ColumnType::Long,
        ScalarType::Real => ColumnType::Real,
        ScalarType::String => ColumnType::String,
        ScalarType::Timespan => ColumnType::Timespan,
    }
}

/// `len` missing values: nulls, or empty strings where the type knows no null.
pub(crate) fn missing(column_type: &ColumnType, len: usize) -> ArrayRef {
    match column_type {
        ColumnType::String => Arc::new(arrow_array::StringArray::from(vec![""; len])),
        _ => new_null_array(&data_type(column_type), len),
    }
}

/// Rows in columns: what operators hand to each other.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    columns: Vec<ArrayRef>,
    num_rows: usize,
}

impl Batch {
    /// Rows from their columns, each of `num_rows` values.
    pub(crate) fn new(columns: Vec<ArrayRef>, num_rows: usize) -> Self {
        debug_assert!(columns.iter().all(|column| column.len() == num_rows));
        Self { columns, num_rows }
    }

    /// The columns in the order of the schema.
    pub(crate) fn columns(&self) -> &[ArrayRef] {
        &self.columns
    }

    /// The number of rows.
    pub(crate) const fn num_rows(&self) -> usize {
        self.num_rows
    }

    /// Bytes of the values, however the buffers behind them are shared.
    pub(crate) fn byte_len(&self) -> u64 {
        let columns = self.columns.iter();
        columns
            .map(|column| column.to_data().get_slice_memory_size().unwrap_or(0) as u64)
            .sum()
    }

    /// The same rows with the columns at these places.
    pub(crate) fn pick(&self, places: &[usize]) -> Self {
        let columns = places.iter().map(|&place| Arc::clone(&self.columns[place]));
        Self {
            columns: columns.collect(),
            num_rows: self.num_rows,
        }
    }

    /// The same rows, each column cut to `len` rows from `offset`. Nothing is copied.
    pub(crate) fn slice(&self, offset: usize, len: usize) -> Self {
        Self {
            columns: self
                .columns
                .iter()
                .map(|column| column.slice(offset, len))
                .collect(),
            num_rows: len,
        }
    }
}
