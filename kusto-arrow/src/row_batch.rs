use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use kusto_protocol::{
    BoolArray, Column, ColumnArray, ColumnType, DateTime, Decimal, PrimitiveArray, RowBatch, TextArray,
};

use crate::Error;
use crate::schema::column_type;

/// Turns a record batch into rows. The type of each column is the one its field names under
/// [`KUSTO_TYPE`](crate::KUSTO_TYPE), else the one closest to the field's Arrow type.
///
/// # Errors
///
/// When a column has an Arrow type that no rule covers (a nested one, for example), or a value does not fit the
/// Kusto type: an unsigned number above the range of `long`, a time beyond that of `datetime`.
pub fn row_batch(batch: &RecordBatch) -> Result<RowBatch, Error> {
    let columns = batch
        .schema_ref()
        .fields()
        .iter()
        .map(|field| {
            let column_type = column_type(field).ok_or_else(|| {
                Error::unsupported(
                    field.name(),
                    format!("no Kusto type stands for {}", field.data_type()),
                )
            })?;
            Ok(Column::new(field.name(), column_type))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    row_batch_of(columns.into(), batch.columns(), batch.num_rows())
}

/// Turns arrays into rows of these columns: [`row_batch`] for those who keep the types elsewhere.
///
/// # Errors
///
/// As for [`row_batch`], and when the arrays are not one for each column, all of `num_rows` values.
pub fn row_batch_of(columns: Arc<[Column]>, arrays: &[ArrayRef], num_rows: usize) -> Result<RowBatch, Error> {
    let converted = columns
        .iter()
        .zip(arrays)
        .map(|(column, array)| column_array(column, array))
        .collect::<Result<Vec<_>, Error>>()?;
    RowBatch::new(columns, converted, num_rows).ok_or_else(|| {
        Error::unsupported(
            "*",
            "the arrays do not fit the columns in number, or differ in length",
        )
    })
}

fn column_array(column: &Column, array: &ArrayRef) -> Result<ColumnArray, Error> {
    let name = &column.name;
    let data_type = array.data_type();
    Ok(match (&column.column_type, data_type) {
        (ColumnType::Bool, DataType::Boolean) => {
            let mut bools = BoolArray::default();
            array.as_boolean().iter().for_each(|value| bools.push(value));
            ColumnArray::Bool(bools)
        }
        (ColumnType::Int, _) => ColumnArray::Int(integers(column, array)?),
        (ColumnType::Long, _) => ColumnArray::Long(integers(column, array)?),
        (ColumnType::Real, DataType::Float64) => {
            ColumnArray::Real(numbers::<Float64Type, _>(name, array, Some)?)
        }
        (ColumnType::Real, DataType::Float32) => {
            ColumnArray::Real(numbers::<Float32Type, _>(name, array, |number| {
                Some(f64::from(number))
            })?)
        }
        (ColumnType::DateTime, _) => ColumnArray::DateTime(datetimes(column, array)?),
        (ColumnType::Timespan, _) => ColumnArray::Timespan(timespans(column, array)?),
        (ColumnType::Guid, DataType::FixedSizeBinary(16)) => {
            let mut guids = PrimitiveArray::default();
            for bytes in array.as_fixed_size_binary().iter() {
                guids.push(bytes.and_then(|bytes| bytes.try_into().ok()));
            }
            ColumnArray::Guid(guids)
        }
        (ColumnType::Guid, _) => ColumnArray::Guid(guids(name, &texts(column, array)?)?),
        (ColumnType::Decimal, DataType::Decimal128(_, scale)) => {
            let mut texts = TextArray::default();
            for number in array.as_primitive::<Decimal128Type>().iter() {
                let text = number.map(|number| Decimal::new(number, -i16::from(*scale)).to_string());
                texts.push(text.as_deref());
            }
            ColumnArray::Decimal(texts)
        }
        (ColumnType::Decimal, _) => ColumnArray::Decimal(texts(column, array)?),
        (ColumnType::Dynamic, _) => ColumnArray::Dynamic(texts(column, array)?),
        (ColumnType::String, _) => ColumnArray::String(texts(column, array)?),
        (ColumnType::Unknown(_), _) => ColumnArray::Unknown(texts(column, array)?),
        _ => return Err(no_rule(column, array)),
    })
}

/// Converts each number that is there; `None` from the conversion means that it does not fit.
fn numbers<A, T>(
    column: &str,
    array: &ArrayRef,
    convert: impl Fn(A::Native) -> Option<T>,
) -> Result<PrimitiveArray<T>, Error>
where
    A: ArrowPrimitiveType,
    T: Copy + Default,
{
    let mut result = PrimitiveArray::default();
    for (row, number) in array.as_primitive::<A>().iter().enumerate() {
        result.push(match number {
            Some(number) => Some(
                convert(number)
                    .ok_or_else(|| Error::out_of_range(column, row, "beyond the range of the Kusto type"))?,
            ),
            None => None,
        });
    }
    Ok(result)
}

fn integers<T>(column: &Column, array: &ArrayRef) -> Result<PrimitiveArray<T>, Error>
where
    T: Copy
        + Default
        + TryFrom<i8>
        + TryFrom<i16>
        + TryFrom<i32>
        + TryFrom<i64>
        + TryFrom<u8>
        + TryFrom<u16>
        + TryFrom<u32>
        + TryFrom<u64>,
{
    let name = &column.name;
    match array.data_type() {
        DataType::Int8 => numbers::<Int8Type, _>(name, array, |number| number.try_into().ok()),
        DataType::Int16 => numbers::<Int16Type, _>(name, array, |number| number.try_into().ok()),
        DataType::Int32 => numbers::<Int32Type, _>(name, array, |number| number.try_into().ok()),
        DataType::Int64 => numbers::<Int64Type, _>(name, array, |number| number.try_into().ok()),
        DataType::UInt8 => numbers::<UInt8Type, _>(name, array, |number| number.try_into().ok()),
        DataType::UInt16 => numbers::<UInt16Type, _>(name, array, |number| number.try_into().ok()),
        DataType::UInt32 => numbers::<UInt32Type, _>(name, array, |number| number.try_into().ok()),
        DataType::UInt64 => numbers::<UInt64Type, _>(name, array, |number| number.try_into().ok()),
        _ => Err(no_rule(column, array)),
    }
}

/// Ticks from any unit, rounded down; times without a zone are taken for UTC, those with one are UTC already.
fn datetimes(column: &Column, array: &ArrayRef) -> Result<PrimitiveArray<i64>, Error> {
    let name = &column.name;
    let since_epoch = |ticks: Option<i64>| ticks?.checked_add(DateTime::UNIX_EPOCH.ticks());
    match array.data_type() {
        DataType::Int64 => numbers::<Int64Type, _>(name, array, Some),
        DataType::Date32 => numbers::<Date32Type, _>(name, array, |days| {
            since_epoch(Some(i64::from(days) * TICKS_PER_DAY))
        }),
        DataType::Timestamp(TimeUnit::Second, _) => {
            numbers::<TimestampSecondType, _>(name, array, |n| since_epoch(n.checked_mul(10_000_000)))
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            numbers::<TimestampMillisecondType, _>(name, array, |n| since_epoch(n.checked_mul(10_000)))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            numbers::<TimestampMicrosecondType, _>(name, array, |n| since_epoch(n.checked_mul(10)))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            numbers::<TimestampNanosecondType, _>(name, array, |n| since_epoch(Some(n.div_euclid(100))))
        }
        _ => Err(no_rule(column, array)),
    }
}

/// Ticks from any unit; nanoseconds are rounded towards zero.
fn timespans(column: &Column, array: &ArrayRef) -> Result<PrimitiveArray<i64>, Error> {
    let name = &column.name;
    match array.data_type() {
        DataType::Int64 => numbers::<Int64Type, _>(name, array, Some),
        DataType::Duration(TimeUnit::Second) => {
            numbers::<DurationSecondType, _>(name, array, |n| n.checked_mul(10_000_000))
        }
        DataType::Duration(TimeUnit::Millisecond) => {
            numbers::<DurationMillisecondType, _>(name, array, |n| n.checked_mul(10_000))
        }
        DataType::Duration(TimeUnit::Microsecond) => {
            numbers::<DurationMicrosecondType, _>(name, array, |n| n.checked_mul(10))
        }
        DataType::Duration(TimeUnit::Nanosecond) => {
            numbers::<DurationNanosecondType, _>(name, array, |n| Some(n / 100))
        }
        _ => Err(no_rule(column, array)),
    }
}

fn guids(column: &str, texts: &TextArray) -> Result<PrimitiveArray<[u8; 16]>, Error> {
    let mut guids = PrimitiveArray::default();
    for row in 0..texts.offsets().len() - 1 {
        let guid = texts.get(row).map(str::parse::<kusto_protocol::Guid>).transpose();
        let guid = guid.map_err(|error| Error::out_of_range(column, row, error.to_string()))?;
        guids.push(guid.map(|guid| *guid.as_bytes()));
    }
    Ok(guids)
}

fn texts(column: &Column, array: &ArrayRef) -> Result<TextArray, Error> {
    match array.data_type() {
        DataType::Utf8 => joined(column, array.as_string::<i32>().iter()),
        DataType::LargeUtf8 => joined(column, array.as_string::<i64>().iter()),
        DataType::Utf8View => joined(column, array.as_string_view().iter()),
        _ => Err(no_rule(column, array)),
    }
}

fn joined<'a>(column: &Column, texts: impl Iterator<Item = Option<&'a str>>) -> Result<TextArray, Error> {
    let mut joined = TextArray::default();
    for (row, text) in texts.enumerate() {
        if joined.text().len() + text.map_or(0, str::len) > i32::MAX as usize {
            return Err(Error::out_of_range(
                &column.name,
                row,
                "more than 2 GiB of text in one batch",
            ));
        }
        joined.push(text);
    }
    Ok(joined)
}

fn no_rule(column: &Column, array: &ArrayRef) -> Error {
    Error::unsupported(
        &column.name,
        format!("no rule turns {} into {}", array.data_type(), column.column_type),
    )
}

const TICKS_PER_DAY: i64 = 864_000_000_000;
