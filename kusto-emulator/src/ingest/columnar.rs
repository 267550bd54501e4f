//! Rows of files that hold columns or records with a schema: Parquet and Avro, both read through Arrow.

use std::io::BufRead;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchReader, new_null_array};
use arrow_avro::reader::ReaderBuilder;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{ArrowError, DataType, Field, SchemaRef, TimeUnit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kusto_protocol::{Column, ColumnType};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection};
use parquet::file::reader::ChunkReader;
use serde_json::value::RawValue;

use super::cell::CellBuilder;
use super::mapping::{self, MappedColumn, Transform};
use super::path::{Path, Step, value_at};
use super::record::MappedColumns;
use super::{BATCH_ROWS, ReadError};
use crate::types::{Batch, missing};

/// Reads a file into columns, by name or by a mapping.
pub(crate) struct ColumnarRows {
    batches: Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>,
    schema: SchemaRef,
    columns: Vec<Column>,
    mapped: Option<MappedColumns>,
    /// The rows given so far.
    rows: u64,
}

impl ColumnarRows {
    pub(crate) fn of_parquet(
        input: impl ChunkReader + 'static,
        columns: &[Column],
        mapped: Option<MappedColumns>,
    ) -> Result<Self, ReadError> {
        Self::parquet(input, columns, mapped, None)
    }

    /// Only the rows with these numbers, which ascend.
    pub(crate) fn rows_of_parquet(
        input: impl ChunkReader + 'static,
        columns: &[Column],
        rows: &[u64],
    ) -> Result<Self, ReadError> {
        Self::parquet(input, columns, None, Some(rows))
    }

    fn parquet(
        input: impl ChunkReader + 'static,
        columns: &[Column],
        mapped: Option<MappedColumns>,
        rows: Option<&[u64]>,
    ) -> Result<Self, ReadError> {
        let mut builder = ParquetRecordBatchReaderBuilder::try_new(input)
            .map_err(|error| ReadError::new(0, format!("no Parquet file: {error}")))?;
        if mapped.is_none() {
            // What is not asked for is not even read.
            let wanted = columns
                .iter()
                .filter_map(|column| builder.schema().index_of(&column.name).ok());
            let wanted = ProjectionMask::roots(builder.parquet_schema(), wanted);
            builder = builder.with_projection(wanted);
        }
        if let Some(rows) = rows {
            let total = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
            let ranges = rows.iter().filter_map(|&row| usize::try_from(row).ok());
            let ranges = ranges.filter(|row| *row < total).map(|row| row..row + 1);
            builder = builder.with_row_selection(RowSelection::from_consecutive_ranges(ranges, total));
        }
        let reader = builder
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|error| ReadError::new(0, error.to_string()))?;
        Ok(Self {
            schema: reader.schema(),
            batches: Box::new(reader),
            columns: columns.to_vec(),
            mapped,
            rows: 0,
        })
    }

    pub(crate) fn of_avro(
        input: impl BufRead + Send + 'static,
        columns: &[Column],
        mapped: Option<MappedColumns>,
    ) -> Result<Self, ReadError> {
        let reader = ReaderBuilder::new().with_batch_size(BATCH_ROWS).build(input);
        let reader = reader.map_err(|error| ReadError::new(0, format!("no Avro file: {error}")))?;
        Ok(Self {
            schema: reader.schema(),
            batches: Box::new(reader),
            columns: columns.to_vec(),
            mapped,
            rows: 0,
        })
    }

    /// The next rows; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>, ReadError> {
        let Some(batch) = self.batches.next() else {
            return Ok(None);
        };
        let batch = batch.map_err(|error| ReadError::new(0, error.to_string()))?;
        let arrays = (0..self.columns.len())
            .map(|place| self.array(&batch, place))
            .collect::<Result<_, _>>()?;
        self.rows += batch.num_rows() as u64;
        Ok(Some(Batch::new(arrays, batch.num_rows())))
    }

    /// The column of the table at this place.
    fn array(&self, batch: &RecordBatch, place: usize) -> Result<ArrayRef, ReadError> {
        let column = &self.columns[place];
        let none = || Ok(missing(&column.column_type, batch.num_rows()));
        let Some(mapped) = &self.mapped else {
            return match self.schema.index_of(&column.name) {
                Ok(found) => column_array(batch.column(found), column),
                Err(_) => none(),
            };
        };
        match mapped.column(place) {
            None => none(),
            Some(MappedColumn {
                field: mapping::Field::Path(path),
                transform,
                ..
            }) if transform.is_none() && path.0.len() == 1 => match self.top_level(batch, path) {
                Some(array) => column_array(array, column),
                None => none(),
            },
            Some(how) => self
                .mapped_array(batch, mapped, how, column)
                .map_err(|error| ReadError::new(0, format!("column {}: {error}", column.name))),
        }
    }

    fn top_level<'a>(&self, batch: &'a RecordBatch, path: &Path) -> Option<&'a ArrayRef> {
        match path.0.first() {
            Some(Step::Member(name)) => self.schema.index_of(name).ok().map(|found| batch.column(found)),
            _ => None,
        }
    }

    /// A column made value by value.
    fn mapped_array(
        &self,
        batch: &RecordBatch,
        mapped: &MappedColumns,
        how: &MappedColumn,
        column: &Column,
    ) -> Result<ArrayRef, ArrowError> {
        let mut builder = CellBuilder::new(&column.column_type);
        let mapping::Field::Path(path) = &how.field else {
            let lines = self.rows + 1..;
            for (_, line) in (0..batch.num_rows()).zip(lines) {
                mapped.push_given(&mut builder, how, line);
            }
            return Ok(builder.finish());
        };
        let array = self.top_level(batch, path);
        for row in 0..batch.num_rows() {
            let value = match (array, path.0.is_empty()) {
                (Some(array), _) if how.transform == Some(Transform::BytesAsBase64) => {
                    base64_text(array, row)
                }
                (Some(array), _) => json_value(array, row)?,
                (None, true) => record(batch, row)?,
                (None, false) => serde_json::Value::Null,
            };
            let value = RawValue::from_string(value.to_string());
            let value = value.map_err(|error| ArrowError::JsonError(error.to_string()))?;
            match value_at(&value, path.0.get(1..).unwrap_or_default()) {
                Some(value) => mapped.push_value(&mut builder, value, how, path),
                None => builder.push_missing(),
            }
        }
        Ok(builder.finish())
    }
}

/// A row of a file as a JSON object.
fn record(batch: &RecordBatch, row: usize) -> Result<serde_json::Value, ArrowError> {
    let schema = batch.schema();
    let pairs = schema.fields().iter().zip(batch.columns());
    let members = pairs.map(|(field, array)| Ok((field.name().clone(), json_value(array, row)?)));
    Ok(serde_json::Value::Object(
        members.collect::<Result<_, ArrowError>>()?,
    ))
}

fn base64_text(array: &ArrayRef, row: usize) -> serde_json::Value {
    if array.is_null(row) {
        return serde_json::Value::Null;
    }
    let bytes = match array.data_type() {
        DataType::Binary => array.as_binary::<i32>().value(row),
        DataType::LargeBinary => array.as_binary::<i64>().value(row),
        DataType::FixedSizeBinary(_) => array.as_fixed_size_binary().value(row),
        DataType::Utf8 => array.as_string::<i32>().value(row).as_bytes(),
        _ => return serde_json::Value::Null,
    };
    serde_json::Value::from(STANDARD.encode(bytes))
}

/// The columns of a Parquet file, in Kusto's types.
pub(crate) fn parquet_columns(input: impl ChunkReader + 'static) -> Result<Vec<Column>, ReadError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(input)
        .map_err(|error| ReadError::new(0, error.to_string()))?;
    let fields = builder.schema().fields().iter();
    Ok(fields
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

/// An array of a file as an array of the engine.
fn column_array(array: &ArrayRef, column: &Column) -> Result<ArrayRef, ReadError> {
    let failed = |error: ArrowError| ReadError::new(0, format!("column {}: {error}", column.name));
    let options = CastOptions {
        safe: true,
        ..CastOptions::default()
    };
    let cast = |to: &DataType| cast_with_options(array, to, &options);
    let is_nested = array.data_type().is_nested();
    let outcome = match &column.column_type {
        ColumnType::Bool if !is_nested => cast(&DataType::Boolean),
        ColumnType::Int if !is_nested => cast(&DataType::Int32),
        ColumnType::Long if !is_nested => cast(&DataType::Int64),
        ColumnType::Real if !is_nested => cast(&DataType::Float64),
        ColumnType::DateTime if !is_nested => datetime_ticks(array),
        ColumnType::Timespan => timespan_ticks(array),
        ColumnType::Guid if array.data_type() == &DataType::FixedSizeBinary(16) => Ok(Arc::clone(array)),
        ColumnType::Dynamic => json_texts(array),
        ColumnType::String if !is_nested => cast(&DataType::Utf8).map(|texts| {
            // Strings are never null in Kusto.
            let mut builder = StringBuilder::new();
            let texts = texts.as_string::<i32>().iter();
            texts.for_each(|text| builder.append_value(text.unwrap_or_default()));
            Arc::new(builder.finish()) as ArrayRef
        }),
        ColumnType::Decimal if !is_nested => cast(&DataType::Utf8),
        _ => cell_by_cell(array, column),
    };
    outcome.map_err(failed)
}

/// Values that Arrow has no cast for go through JSON.
fn cell_by_cell(array: &ArrayRef, column: &Column) -> Result<ArrayRef, ArrowError> {
    let mut builder = CellBuilder::new(&column.column_type);
    for row in 0..array.len() {
        let value = RawValue::from_string(json_value(array, row)?.to_string());
        builder.push_json(&value.map_err(|error| ArrowError::JsonError(error.to_string()))?);
    }
    Ok(builder.finish())
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
        DataType::Union(..) => json_value(&array.as_union().value(row), 0)?,
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
