//! arrow-json: the array of rows is one value, a list of structs whose members come as lists.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type, TimestampNanosecondType};
use arrow_array::{Array, StructArray};
use arrow_json::StructMode;
use arrow_json::reader::ReaderBuilder;
use arrow_schema::{DataType, Field, TimeUnit};
use kusto_protocol::{Column, ColumnType};

use super::{primary_columns, primary_rows, text};
use crate::TypedColumn;

pub(super) fn decode(body: &[u8]) -> Result<StructArray, String> {
    let rows = primary_rows(body)?;
    let mut decoder = ReaderBuilder::new_with_field(field(&primary_columns(body)?))
        .with_struct_mode(StructMode::ListOnly)
        .with_coerce_primitive(true)
        .with_batch_size(1)
        .build_decoder()
        .map_err(text)?;
    // It stops after one value, which is the whole list.
    let mut read = 0;
    while read < rows.len() {
        match decoder.decode(&rows[read..]).map_err(text)? {
            0 => break,
            more => read += more,
        }
    }
    let batch = decoder.flush().map_err(text)?.ok_or("no rows")?;
    Ok(batch.column(0).as_list::<i32>().values().as_struct().clone())
}

fn field(columns: &[Column]) -> Arc<Field> {
    let fields = columns.iter().map(|column| {
        let data_type = match column.column_type {
            ColumnType::Bool => DataType::Boolean,
            ColumnType::DateTime => DataType::Timestamp(TimeUnit::Nanosecond, None),
            ColumnType::Int => DataType::Int32,
            ColumnType::Long => DataType::Int64,
            ColumnType::Real => DataType::Float64,
            _ => DataType::Utf8,
        };
        Field::new(&column.name, data_type, true)
    });
    let row = Field::new("row", DataType::Struct(fields.collect()), true);
    Arc::new(Field::new("rows", DataType::List(Arc::new(row)), true))
}

pub(super) fn typed_columns(
    rows: &StructArray,
    mut columns: Vec<TypedColumn>,
) -> Result<Vec<TypedColumn>, String> {
    for (column, array) in columns.iter_mut().zip(rows.columns()) {
        for row in 0..array.len() {
            let pushed = if array.is_null(row) {
                column.push_null();
                Some(())
            } else {
                push(column, array, row)
            };
            pushed.ok_or_else(|| format!("{} is no {}", array.data_type(), column.column_type()))?;
        }
    }
    Ok(columns)
}

fn push(column: &mut TypedColumn, array: &dyn Array, row: usize) -> Option<()> {
    match array.data_type() {
        DataType::Boolean => column.push_bool(array.as_boolean().value(row)),
        DataType::Float64 => column.push_f64(array.as_primitive::<Float64Type>().value(row)),
        DataType::Int32 => column.push_i64(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => column.push_i64(array.as_primitive::<Int64Type>().value(row)),
        DataType::Timestamp(TimeUnit::Nanosecond, None) => {
            let nanos = array.as_primitive::<TimestampNanosecondType>().value(row);
            column.push_i64(nanos / 100 + TICKS_TO_1970)
        }
        DataType::Utf8 => column.push_str(array.as_string::<i32>().value(row).as_bytes()),
        _ => None,
    }
}

/// From the year 1.
const TICKS_TO_1970: i64 = 621_355_968_000_000_000;
