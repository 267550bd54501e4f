//! Rows of Parquet files.

use std::fs::File;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchReader, new_null_array};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{ArrowError, DataType, Field, TimeUnit};
use bytes::Bytes;
use kusto_protocol::{Column, ColumnType};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection};
use parquet::file::reader::ChunkReader;

use crate::types::Batch;

use super::{BATCH_ROWS, ReadError};

/// Reads a Parquet file into columns, by name.
pub(crate) struct ParquetRows {
    reader: ParquetRecordBatchReader,
    columns: Vec<Column>,
    /// For each column of the table, its place in the file, if it is there.
    places: Vec<Option<usize>>,
}

impl ParquetRows {
    pub(crate) fn of_file(file: File, columns: &[Column]) -> Result<Self, ReadError> {
        Self::new(file, columns, None)
    }

    /// Only the rows with these numbers, which ascend.
    pub(crate) fn rows_of_file(file: File, columns: &[Column], rows: &[u64]) -> Result<Self, ReadError> {
        Self::new(file, columns, Some(rows))
    }

    pub(crate) fn of_bytes(bytes: Bytes, columns: &[Column]) -> Result<Self, ReadError> {
        Self::new(bytes, columns, None)
    }

    fn new<T: ChunkReader + 'static>(
        input: T,
        columns: &[Column],
        rows: Option<&[u64]>,
    ) -> Result<Self, ReadError> {
        let failed = |error: &dyn std::fmt::Display| ReadError::new(0, error.to_string());
        let builder = ParquetRecordBatchReaderBuilder::try_new(input).map_err(|error| failed(&error))?;
        // What is not asked for is not even read.
        let wanted = columns
            .iter()
            .filter_map(|column| builder.schema().index_of(&column.name).ok());
        let wanted = ProjectionMask::roots(builder.parquet_schema(), wanted);
        let mut builder = builder.with_projection(wanted).with_batch_size(BATCH_ROWS);
        if let Some(rows) = rows {
            let total = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
            let ranges = rows.iter().filter_map(|&row| usize::try_from(row).ok());
            let ranges = ranges.filter(|row| *row < total).map(|row| row..row + 1);
            builder = builder.with_row_selection(RowSelection::from_consecutive_ranges(ranges, total));
        }
        let reader = builder.build().map_err(|error| failed(&error))?;
        let schema = reader.schema();
        let places = columns
            .iter()
            .map(|column| schema.index_of(&column.name).ok())
            .collect();
        Ok(Self {
            reader,
            columns: columns.to_vec(),
            places,
        })
    }

    /// The next rows; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>, ReadError> {
        let Some(batch) = self.reader.next() else {
            return Ok(None);
        };
        let batch = batch.map_err(|error| ReadError::new(0, error.to_string()))?;
        let rows = batch.num_rows();
        let arrays = self
            .columns
            .iter()
            .zip(&self.places)
            .map(|(column, place)| column_array(&batch, *place, column))
            .collect::<Result<_, _>>()?;
        Ok(Some(Batch::new(arrays, rows)))
    }
}

/// The columns of a Parquet file, in Kusto's types.
pub(crate) fn parquet_columns(file: File) -> Result<Vec<Column>, ReadError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .map_err(|error| ReadError::new(0, error.to_string()))?;
    Ok(reader
        .schema()
        .fields()
        .iter()
        .map(|field| Column::new(field.name(), column_type(field)))
        .collect())
}

fn column_type(field: &Field) -> ColumnType {
    match field.data_type() {
        DataType::Boolean => ColumnType::Bool,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => {
            ColumnType::Int
        }
        DataType::Int64 | DataType::UInt32 => ColumnType::Long,
        DataType::Float16 | DataType::Float32 | DataType::Float64 => ColumnType::Real,
        DataType::UInt64 | DataType::Decimal128(..) | DataType::Decimal256(..) => ColumnType::Decimal,
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => ColumnType::DateTime,
        DataType::Time32(_) | DataType::Time64(_) | DataType::Duration(_) => ColumnType::Timespan,
        DataType::FixedSizeBinary(16) => ColumnType::Guid,
        DataType::List(_) | DataType::LargeList(_) | DataType::Struct(_) | DataType::Map(..) => {
            ColumnType::Dynamic
        }
        _ => ColumnType::String,
    }
}

fn column_array(batch: &RecordBatch, place: Option<usize>, column: &Column) -> Result<ArrayRef, ReadError> {
    let rows = batch.num_rows();
    let Some(place) = place else {
        return Ok(missing(&column.column_type, rows));
    };
    let array = batch.column(place);
    let failed =
        |error: &dyn std::fmt::Display| ReadError::new(0, format!("column {}: {error}", column.name));
    let cast = |array: &ArrayRef, to: &DataType| {
        cast_with_options(
            array,
            to,
            &CastOptions {
                safe: true,
                ..CastOptions::default()
            },
        )
        .map_err(|e| failed(&e))
    };
    match &column.column_type {
        ColumnType::Bool => cast(array, &DataType::Boolean),
        ColumnType::Int => cast(array, &DataType::Int32),
        ColumnType::Long => cast(array, &DataType::Int64),
        ColumnType::Real => cast(array, &DataType::Float64),
        ColumnType::DateTime => datetime_ticks(array).map_err(|error| failed(&error)),
        ColumnType::Timespan => timespan_ticks(array).map_err(|error| failed(&error)),
        ColumnType::Guid if array.data_type() == &DataType::FixedSizeBinary(16) => Ok(Arc::clone(array)),
        ColumnType::Dynamic => json_texts(array).map_err(|error| failed(&error)),
        ColumnType::String => {
            let texts = cast(array, &DataType::Utf8)?;
            if texts.null_count() == 0 {
                return Ok(texts);
            }
            // Strings are never null in Kusto.
            let mut builder = StringBuilder::new();
            texts
                .as_string::<i32>()
                .iter()
                .for_each(|text| builder.append_value(text.unwrap_or_default()));
            Ok(Arc::new(builder.finish()))
        }
        _ => cast(array, &DataType::Utf8),
    }
}

/// A column of nulls, or of empty strings.
fn missing(column_type: &ColumnType, rows: usize) -> ArrayRef {
    let mut builder = super::cell::CellBuilder::new(column_type);
    (0..rows).for_each(|_| builder.push_missing());
    builder.finish()
}

/// Ticks since 0001-01-01, from timestamps and dates of any unit.
fn datetime_ticks(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if let DataType::Timestamp(TimeUnit::Nanosecond, _) = array.data_type() {
        // Nanoseconds are finer than ticks; going through microseconds would lose the last digit.
        let nanos = arrow_cast::cast(array, &DataType::Int64)?;
        return Ok(Arc::new(
            nanos
                .as_primitive::<Int64Type>()
                .unary::<_, Int64Type>(|ns| ns.div_euclid(100) + UNIX_EPOCH_TICKS),
        ));
    }
    let micros = arrow_cast::cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
    let ticks = micros
        .as_primitive::<TimestampMicrosecondType>()
        .unary_opt::<_, Int64Type>(|micros| micros.checked_mul(10)?.checked_add(UNIX_EPOCH_TICKS));
    Ok(Arc::new(ticks))
}

/// Ticks of 100 ns, from times of day and durations of any unit.
fn timespan_ticks(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let unit = match array.data_type() {
        DataType::Time32(unit) | DataType::Time64(unit) | DataType::Duration(unit) => *unit,
        _ => return Ok(new_null_array(&DataType::Int64, array.len())),
    };
    let numbers = arrow_cast::cast(array, &DataType::Int64)?;
    let ticks = numbers
        .as_primitive::<Int64Type>()
        .unary_opt::<_, Int64Type>(|number| match unit {
            TimeUnit::Second => number.checked_mul(10_000_000),
            TimeUnit::Millisecond => number.checked_mul(10_000),
            TimeUnit::Microsecond => number.checked_mul(10),
            TimeUnit::Nanosecond => Some(number.div_euclid(100)),
        });
    Ok(Arc::new(ticks))
}

/// JSON text of each value: nested values are written as JSON, texts as they are if they are JSON.
fn json_texts(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let mut builder = StringBuilder::new();
    for row in 0..array.len() {
        match json_value(array, row)? {
            serde_json::Value::Null => builder.append_null(),
            serde_json::Value::String(text) if super::is_json(&text) => builder.append_value(text),
            value => builder.append_value(value.to_string()),
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// One value as JSON. The depth is that of the file's schema, which its writer chose.
fn json_value(array: &dyn Array, row: usize) -> Result<serde_json::Value, ArrowError> {
    use serde_json::Value;
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    let elements = |values: ArrayRef| {
        (0..values.len())
            .map(|index| json_value(&values, index))
            .collect::<Result<Vec<_>, ArrowError>>()
    };
    Ok(match array.data_type() {
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Utf8 => Value::from(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Value::from(array.as_string::<i64>().value(row)),
        DataType::Utf8View => Value::from(array.as_string_view().value(row)),
        DataType::List(_) => Value::Array(elements(array.as_list::<i32>().value(row))?),
        DataType::LargeList(_) => Value::Array(elements(array.as_list::<i64>().value(row))?),
        DataType::Struct(fields) => {
            let members = array.as_struct();
            let pairs = fields
                .iter()
                .enumerate()
                .map(|(index, field)| Ok((field.name().clone(), json_value(members.column(index), row)?)));
            Value::Object(pairs.collect::<Result<_, ArrowError>>()?)
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let names = ArrayFormatter::try_new(entries.column(0), &FormatOptions::default())?;
            let pairs = (0..entries.len()).map(|index| {
                Ok((
                    names.value(index).to_string(),
                    json_value(entries.column(1), index)?,
                ))
            });
            Value::Object(pairs.collect::<Result<_, ArrowError>>()?)
        }
        data_type if data_type.is_integer() => {
            let number = ArrayFormatter::try_new(array, &FormatOptions::default())?
                .value(row)
                .to_string();
            serde_json::from_str(&number).unwrap_or(Value::String(number))
        }
        data_type if data_type.is_floating() => {
            let number = arrow_cast::cast(&array.slice(row, 1), &DataType::Float64)?;
            Value::from(number.as_primitive::<arrow_array::types::Float64Type>().value(0))
        }
        _ => Value::String(
            ArrayFormatter::try_new(array, &FormatOptions::default())?
                .value(row)
                .to_string(),
        ),
    })
}

const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;
