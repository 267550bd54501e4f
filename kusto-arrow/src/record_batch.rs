use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, DurationMicrosecondArray, DurationNanosecondArray,
    FixedSizeBinaryArray, Float64Array, Int32Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray, TimestampNanosecondArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow_schema::ArrowError;
use kusto_protocol::{
    Bitmap, ColumnArray, DateTime, Decimal, Guid, PrimitiveArray, RowBatch, TextArray, Validity,
};

use crate::schema::utc;
use crate::text::texts;
use crate::{DecimalType, Error, Options, TimeResolution, schema};

/// Turns rows into a record batch of [`schema`]`(rows.columns(), options)`, moving the buffers where the layout is
/// the same.
///
/// # Errors
///
/// When a value does not fit the Arrow type that the options choose. With [`Options::LOSSLESS`] all fit; with the
/// default all `datetime` and `timespan` do.
pub fn record_batch(rows: RowBatch, options: &Options) -> Result<RecordBatch, Error> {
    let num_rows = rows.num_rows();
    let schema = schema(rows.columns(), options);
    let (columns, arrays) = rows.into_parts();
    let mut converted = Vec::with_capacity(arrays.len());
    for (column, array) in columns.iter().zip(arrays) {
        converted.push(arrow_array(&column.name, array, options)?);
    }
    let row_count = RecordBatchOptions::new().with_row_count(Some(num_rows));
    RecordBatch::try_new_with_options(schema, converted, &row_count).map_err(|error| Error::arrow("*", error))
}

fn arrow_array(column: &str, array: ColumnArray, options: &Options) -> Result<ArrayRef, Error> {
    let arrow = |error: ArrowError| Error::arrow(column, error);
    Ok(match array {
        ColumnArray::Bool(array) => {
            let (values, validity) = array.into_parts();
            Arc::new(BooleanArray::new(bits(values), nulls(validity)))
        }
        ColumnArray::Int(array) => {
            let (values, nulls) = scalars(array);
            Arc::new(Int32Array::try_new(values, nulls).map_err(arrow)?)
        }
        ColumnArray::Long(array) => {
            let (values, nulls) = scalars(array);
            Arc::new(Int64Array::try_new(values, nulls).map_err(arrow)?)
        }
        ColumnArray::Real(array) => {
            let (values, nulls) = scalars(array);
            Arc::new(Float64Array::try_new(values, nulls).map_err(arrow)?)
        }
        ColumnArray::DateTime(array) => match options.datetime {
            TimeResolution::Microseconds => {
                let (values, nulls) = mapped(array, |ticks| DateTime::from_ticks(ticks).unix_micros());
                Arc::new(
                    TimestampMicrosecondArray::try_new(values, nulls)
                        .map_err(arrow)?
                        .with_timezone(utc()),
                )
            }
            TimeResolution::Nanoseconds => {
                let nanos = |ticks| DateTime::from_ticks(ticks).unix_nanos();
                let (values, nulls) = converted(column, array, nanos, |ticks| {
                    let at = DateTime::from_ticks(ticks);
                    format!("{at} is outside the range of 64-bit nanoseconds")
                })?;
                Arc::new(
                    TimestampNanosecondArray::try_new(values, nulls)
                        .map_err(arrow)?
                        .with_timezone(utc()),
                )
            }
            TimeResolution::Ticks => {
                let (values, nulls) = scalars(array);
                Arc::new(Int64Array::try_new(values, nulls).map_err(arrow)?)
            }
        },
        ColumnArray::Timespan(array) => match options.timespan {
            TimeResolution::Microseconds => {
                let (values, nulls) = mapped(array, |ticks| ticks / 10);
                Arc::new(DurationMicrosecondArray::try_new(values, nulls).map_err(arrow)?)
            }
            TimeResolution::Nanoseconds => {
                let nanos = |ticks: i64| ticks.checked_mul(100);
                let (values, nulls) = converted(column, array, nanos, |ticks| {
                    format!("{ticks} ticks are outside the range of 64-bit nanoseconds")
                })?;
                Arc::new(DurationNanosecondArray::try_new(values, nulls).map_err(arrow)?)
            }
            TimeResolution::Ticks => {
                let (values, nulls) = scalars(array);
                Arc::new(Int64Array::try_new(values, nulls).map_err(arrow)?)
            }
        },
        ColumnArray::Guid(array) if options.guid_as_text => {
            let texts = (0..array.values().len())
                .map(|row| array.get(row).map(|bytes| Guid::from_bytes(bytes).to_string()));
            Arc::new(texts.collect::<StringArray>())
        }
        ColumnArray::Guid(array) => {
            let (values, validity) = array.into_parts();
            let num_rows = values.len();
            let values = Buffer::from_vec(values.into_flattened());
            Arc::new(
                FixedSizeBinaryArray::try_new_with_len(16, values, nulls(validity), num_rows)
                    .map_err(arrow)?,
            )
        }
        ColumnArray::Decimal(array) => match options.decimal {
            DecimalType::Text => Arc::new(texts(array)),
            DecimalType::Decimal128 { scale } => decimals(column, &array, scale)?,
        },
        ColumnArray::Dynamic(array) | ColumnArray::String(array) | ColumnArray::Unknown(array) => {
            Arc::new(texts(array))
        }
        _ => return Err(Error::unsupported(column, "a type that has no Arrow form yet")),
    })
}

fn bits(bitmap: Bitmap) -> BooleanBuffer {
    let len = bitmap.len();
    BooleanBuffer::new(Buffer::from_vec(bitmap.into_bytes()), 0, len)
}

pub(crate) fn nulls(validity: Validity) -> Option<NullBuffer> {
    validity.into_bits().map(|valid| NullBuffer::new(bits(valid)))
}

fn scalars<T>(array: PrimitiveArray<T>) -> (ScalarBuffer<T>, Option<NullBuffer>)
where
    T: arrow_buffer::ArrowNativeType,
{
    let (values, validity) = array.into_parts();
    (ScalarBuffer::from(values), nulls(validity))
}

/// Converts each value in its place, that of a null too.
fn mapped(
    array: PrimitiveArray<i64>,
    convert: impl Fn(i64) -> i64,
) -> (ScalarBuffer<i64>, Option<NullBuffer>) {
    let (mut values, validity) = array.into_parts();
    // By eight, which compilers do not come to by themselves.
    let (eights, rest) = values.as_chunks_mut::<8>();
    eights
        .iter_mut()
        .flatten()
        .chain(rest)
        .for_each(|value| *value = convert(*value));
    (ScalarBuffer::from(values), nulls(validity))
}

/// Converts each value that is there, in its place, if its type has room for it; what stands for a null has no meaning.
fn converted(
    column: &str,
    array: PrimitiveArray<i64>,
    convert: impl Fn(i64) -> Option<i64>,
    limit: impl Fn(i64) -> String,
) -> Result<(ScalarBuffer<i64>, Option<NullBuffer>), Error> {
    let (mut values, validity) = array.into_parts();
    for (row, value) in values.iter_mut().enumerate() {
        *value = match convert(*value) {
            Some(converted) => converted,
            None if validity.is_valid(row) => return Err(Error::out_of_range(column, row, limit(*value))),
            None => 0,
        };
    }
    Ok((ScalarBuffer::from(values), nulls(validity)))
}

fn decimals(column: &str, array: &TextArray, scale: i8) -> Result<ArrayRef, Error> {
    let rows = array.offsets().len() - 1;
    let mut numbers = Vec::with_capacity(rows);
    for row in 0..rows {
        let number = array.get(row).map(|text| {
            let number: Decimal = text
                .parse()
                .map_err(|_| "no decimal number of at most 38 digits".to_owned())?;
            scaled(number, scale).ok_or_else(|| format!("{number} does not fit decimal128(38, {scale})"))
        });
        numbers.push(
            number
                .transpose()
                .map_err(|message: String| Error::out_of_range(column, row, message))?,
        );
    }
    let array = Decimal128Array::from(numbers)
        .with_precision_and_scale(38, scale)
        .map_err(|error| Error::arrow(column, error))?;
    Ok(Arc::new(array))
}

/// The whole number that stands for this one with so many digits after the point; `None` if digits would be lost.
fn scaled(number: Decimal, scale: i8) -> Option<i128> {
    let mut coefficient = number.coefficient();
    let mut shift = i32::from(number.exponent()) + i32::from(scale);
    while shift < 0 && coefficient != 0 {
        if coefficient % 10 != 0 {
            return None;
        }
        (coefficient, shift) = (coefficient / 10, shift + 1);
    }
    if coefficient == 0 {
        return Some(0);
    }
    let number = coefficient.checked_mul(10i128.checked_pow(shift.try_into().ok()?)?)?;
    (number.unsigned_abs() < 10u128.pow(38)).then_some(number)
}
