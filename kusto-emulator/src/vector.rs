//! Values in evaluation: a column of a batch, or one value for all its rows.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{
    Array, ArrayAccessor, ArrayRef, BooleanArray, Datum, FixedSizeBinaryArray, Float64Array, Int32Array,
    Int64Array, StringArray, UInt64Array,
};
use kusto_protocol::{ColumnType, DateTime, Guid, Timespan, Value};

use crate::types;

/// Values of one Kusto type, laid out as [`types`] says.
///
/// A constant holds one value that stands for as many rows as the batch has. Arrow's kernels take a vector
/// as it is: it is a [`Datum`], a scalar if constant.
#[derive(Clone, Debug)]
pub(crate) struct Vector {
    ty: ColumnType,
    values: ArrayRef,
    constant: bool,
}

impl Vector {
    /// A column. Strings must have no nulls.
    pub(crate) fn new(ty: ColumnType, values: ArrayRef) -> Self {
        debug_assert_eq!(&types::data_type(&ty), values.data_type());
        debug_assert!(ty != ColumnType::String || values.null_count() == 0);
        Self {
            ty,
            values,
            constant: false,
        }
    }

    /// One value for every row: the only one of `values`.
    pub(crate) fn new_constant(ty: ColumnType, values: ArrayRef) -> Self {
        debug_assert_eq!(values.len(), 1);
        Self {
            constant: true,
            ..Self::new(ty, values)
        }
    }

    /// One value for every row. A value that is not of type `ty` counts as null.
    pub(crate) fn constant(ty: ColumnType, value: Value<'_>) -> Self {
        let values: ArrayRef = match (&ty, value) {
            (ColumnType::Bool, Value::Bool(value)) => Arc::new(BooleanArray::from(vec![value])),
            (ColumnType::Int, Value::Int(value)) => Arc::new(Int32Array::from(vec![value])),
            (ColumnType::Long, Value::Long(value)) => Arc::new(Int64Array::from(vec![value])),
            (ColumnType::DateTime, Value::DateTime(value)) => Arc::new(Int64Array::from(vec![value.ticks()])),
            (ColumnType::Timespan, Value::Timespan(value)) => Arc::new(Int64Array::from(vec![value.ticks()])),
            (ColumnType::Real, Value::Real(value)) => Arc::new(Float64Array::from(vec![value])),
            (ColumnType::Guid, Value::Guid(value)) => guids([Some(*value.as_bytes())]),
            (ColumnType::String, Value::String(text))
            | (ColumnType::Dynamic, Value::Dynamic(text))
            | (ColumnType::Decimal, Value::Decimal(text)) => Arc::new(StringArray::from(vec![text])),
            _ => types::missing(&ty, 1),
        };
        Self::new_constant(ty, values)
    }

    /// A null for every row; the empty string for strings.
    pub(crate) fn null(ty: ColumnType) -> Self {
        Self::constant(ty, Value::Null)
    }

    /// The Kusto type.
    pub(crate) const fn ty(&self) -> &ColumnType {
        &self.ty
    }

    /// The values as they are kept: a single one for a constant.
    pub(crate) const fn values(&self) -> &ArrayRef {
        &self.values
    }

    /// Whether one value stands for all rows.
    pub(crate) const fn is_constant(&self) -> bool {
        self.constant
    }

    /// One value per row.
    ///
    /// # Errors
    ///
    /// Strings that do not fit into one column of 2 GiB.
    pub(crate) fn expand(&self, rows: usize) -> Result<ArrayRef, arrow_schema::ArrowError> {
        if !self.constant || rows == 1 {
            return Ok(Arc::clone(&self.values));
        }
        if self.values.null_count() == 1 {
            return Ok(arrow_array::new_null_array(self.values.data_type(), rows));
        }
        let indices = UInt64Array::from(vec![0; rows]);
        arrow_select::take::take(&self.values, &indices, None)
    }

    /// The value of a row.
    pub(crate) fn value(&self, row: usize) -> Value<'_> {
        value_at(&self.ty, &self.values, if self.constant { 0 } else { row })
    }

    /// The values of a `bool`.
    pub(crate) fn bools(&self) -> Cells<&BooleanArray> {
        self.cells(self.values.as_boolean())
    }

    /// The values of a `long`, or the ticks of a `datetime` or `timespan`.
    pub(crate) fn longs(&self) -> Cells<&Int64Array> {
        self.cells(self.values.as_primitive::<Int64Type>())
    }

    /// The values of a `real`.
    pub(crate) fn reals(&self) -> Cells<&Float64Array> {
        self.cells(self.values.as_primitive::<Float64Type>())
    }

    /// The text of a `string`, `dynamic` or `decimal`.
    pub(crate) fn texts(&self) -> Cells<&StringArray> {
        self.cells(self.values.as_string::<i32>())
    }

    /// The bytes of a `guid`.
    pub(crate) fn guids(&self) -> Cells<&FixedSizeBinaryArray> {
        self.cells(self.values.as_fixed_size_binary())
    }

    const fn cells<A>(&self, array: A) -> Cells<A> {
        Cells {
            array,
            constant: self.constant,
        }
    }
}

impl Datum for Vector {
    fn get(&self) -> (&dyn Array, bool) {
        (&*self.values, self.constant)
    }
}

/// The values of a [`Vector`] by row, constant or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cells<A> {
    array: A,
    constant: bool,
}

impl<A: ArrayAccessor> Cells<A> {
    /// The value of a row, if it is not null.
    #[inline]
    pub(crate) fn get(&self, row: usize) -> Option<A::Item> {
        let index = if self.constant { 0 } else { row };
        self.array.is_valid(index).then(|| self.array.value(index))
    }
}

/// A column of guids.
pub(crate) fn guids(values: impl IntoIterator<Item = Option<[u8; 16]>>) -> ArrayRef {
    let values = values.into_iter();
    let mut bytes = Vec::with_capacity(values.size_hint().0 * 16);
    let mut validity = arrow_buffer::NullBufferBuilder::new(values.size_hint().0);
    for value in values {
        validity.append(value.is_some());
        bytes.extend_from_slice(&value.unwrap_or_default());
    }
    Arc::new(FixedSizeBinaryArray::new(16, bytes.into(), validity.finish()))
}

/// The same texts with empty ones in place of nulls.
pub(crate) fn without_nulls(texts: &ArrayRef) -> ArrayRef {
    let texts = texts.as_string::<i32>();
    Arc::new(StringArray::from_iter_values(
        texts.iter().map(Option::unwrap_or_default),
    ))
}

/// The value at a place of a column that is laid out as [`types`] says.
pub(crate) fn value_at<'a>(ty: &ColumnType, values: &'a ArrayRef, index: usize) -> Value<'a> {
    if values.is_null(index) {
        return Value::Null;
    }
    let ticks = || values.as_primitive::<Int64Type>().value(index);
    let text = || values.as_string::<i32>().value(index);
    match ty {
        ColumnType::Bool => Value::Bool(values.as_boolean().value(index)),
        ColumnType::Int => Value::Int(values.as_primitive::<Int32Type>().value(index)),
        ColumnType::Long => Value::Long(ticks()),
        ColumnType::DateTime => Value::DateTime(DateTime::from_ticks(ticks())),
        ColumnType::Timespan => Value::Timespan(Timespan::from_ticks(ticks())),
        ColumnType::Real => Value::Real(values.as_primitive::<Float64Type>().value(index)),
        ColumnType::Guid => {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(values.as_fixed_size_binary().value(index));
            Value::Guid(Guid::from_bytes(bytes))
        }
        ColumnType::String => Value::String(text()),
        ColumnType::Decimal => Value::Decimal(text()),
        _ => Value::Dynamic(text()),
    }
}
