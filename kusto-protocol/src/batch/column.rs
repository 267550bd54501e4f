use super::{Bitmap, Validity};
use crate::{ColumnType, DateTime, Guid, Timespan};

/// Values of one size, side by side. Nulls have a place too, with the type's default in it.
#[derive(Clone, Debug, Default)]
pub struct PrimitiveArray<T> {
    values: Vec<T>,
    validity: Validity,
}

impl<T: Copy + Default> PrimitiveArray<T> {
    /// Appends a value, or a null.
    #[inline]
    pub fn push(&mut self, value: Option<T>) {
        self.values.push(value.unwrap_or_default());
        self.validity.push(value.is_some());
    }

    /// Appends the first `count` values of at most 64, of which those are there that have their bit set. The others must be
    /// the default.
    #[inline]
    pub(crate) fn extend<const N: usize>(&mut self, values: &[T; N], count: usize, valid: u64) {
        // All of them, since to copy so many takes less than to copy as many as there are.
        let len = self.values.len() + count.min(N);
        self.values.extend_from_slice(values);
        self.values.truncate(len);
        self.validity.extend(valid, count.min(N));
    }

    /// The value at a place; `None` if it is null or beyond the end.
    #[inline]
    pub fn get(&self, index: usize) -> Option<T> {
        let value = *self.values.get(index)?;
        (!self.validity.is_null(index)).then_some(value)
    }

    /// All values, nulls included as the type's default.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// Which values are there.
    pub const fn validity(&self) -> &Validity {
        &self.validity
    }

    /// Gives the buffers away.
    pub fn into_parts(self) -> (Vec<T>, Validity) {
        (self.values, self.validity)
    }
}

impl<T: PartialEq> PartialEq for PrimitiveArray<T> {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values && self.validity == other.validity
    }
}

/// Truth values, one bit each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BoolArray {
    values: Bitmap,
    validity: Validity,
}

impl BoolArray {
    /// Appends a value, or a null.
    #[inline]
    pub fn push(&mut self, value: Option<bool>) {
        self.values.push(value.unwrap_or_default());
        self.validity.push(value.is_some());
    }

    /// Appends so many values, at most 64, of which those are there that have their bit set. The others must be zero.
    #[inline]
    pub(crate) fn extend(&mut self, values: u64, valid: u64, count: usize) {
        self.values.extend(values, count);
        self.validity.extend(valid, count);
    }

    /// The value at a place; `None` if it is null or beyond the end.
    #[inline]
    pub fn get(&self, index: usize) -> Option<bool> {
        self.validity.is_valid(index).then(|| self.values.get(index))
    }

    /// All values, nulls included as false.
    pub const fn values(&self) -> &Bitmap {
        &self.values
    }

    /// Which values are there.
    pub const fn validity(&self) -> &Validity {
        &self.validity
    }

    /// Gives the buffers away.
    pub fn into_parts(self) -> (Bitmap, Validity) {
        (self.values, self.validity)
    }
}

/// Texts, one after the other in a single buffer.
///
/// The offsets begin with 0 and never go down, none lies beyond the text or within a character, and there is one more
/// of them than [`TextArray::validity`] has places. Unsafe code may rely on that, and that of `kusto-arrow` does.
#[derive(Clone, Debug)]
pub struct TextArray {
    /// Where each text begins, and where the last one ends: one more than there are texts.
    offsets: Vec<i32>,
    text: String,
    validity: Validity,
}

impl TextArray {
    /// Appends a text, or a null.
    ///
    /// # Panics
    ///
    /// When the texts together pass 2 GiB. The decoder ends a batch long before.
    #[inline]
    pub fn push(&mut self, value: Option<&str>) {
        self.text.push_str(value.unwrap_or_default());
        self.end(value.is_some());
    }

    /// The text at a place; `None` if it is null or beyond the end.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&str> {
        if self.validity.is_valid(index) {
            self.slice(index)
        } else {
            None
        }
    }

    /// Where each text begins in [`TextArray::text`], and where the last one ends.
    pub fn offsets(&self) -> &[i32] {
        &self.offsets
    }

    /// All texts, one after the other.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Which texts are there.
    pub const fn validity(&self) -> &Validity {
        &self.validity
    }

    /// Gives the buffers away: offsets, text, validity.
    pub fn into_parts(self) -> (Vec<i32>, String, Validity) {
        (self.offsets, self.text, self.validity)
    }

    #[inline]
    fn slice(&self, index: usize) -> Option<&str> {
        let (from, to) = (*self.offsets.get(index)?, *self.offsets.get(index + 1)?);
        self.text.get(from as usize..to as usize)
    }

    /// The buffer to which the text of the next cell is appended, in pieces; [`TextArray::end`] then closes the cell.
    ///
    /// What is in it already belongs to the cells before and must stay as it is.
    #[inline]
    pub(crate) fn open(&mut self) -> &mut String {
        &mut self.text
    }

    /// Closes the cell begun with [`TextArray::open`].
    #[inline]
    pub(crate) fn end(&mut self, valid: bool) {
        self.fill_validity();
        self.end_valid();
        self.validity.push(valid);
    }

    /// As [`TextArray::end`], of a cell that is there. That is noted by the next call of [`ColumnArray::fill_validity`],
    /// for all such cells before it.
    #[inline]
    pub(crate) fn end_valid(&mut self) {
        #[expect(
            clippy::expect_used,
            reason = "documented panic; the decoder's limits keep batches far smaller"
        )]
        let end = i32::try_from(self.text.len()).expect("a text column of more than 2 GiB");
        self.offsets.push(end);
    }

    fn fill_validity(&mut self) {
        self.validity.fill(self.offsets.len() - 1);
    }
}

/// Room for so many and some more.
const fn with_slack(len: usize) -> usize {
    len + len / 8
}

/// The offset with which a text column begins, with room for so many.
fn first_offset(capacity: usize) -> Vec<i32> {
    let mut offsets = Vec::with_capacity(capacity);
    offsets.push(0);
    offsets
}

impl Default for TextArray {
    fn default() -> Self {
        Self {
            offsets: first_offset(4),
            text: String::new(),
            validity: Validity::default(),
        }
    }
}

impl PartialEq for TextArray {
    fn eq(&self, other: &Self) -> bool {
        self.offsets == other.offsets && self.text == other.text && self.validity == other.validity
    }
}

/// The values of one column, in Arrow's physical layout, so that they can be handed to Arrow without a copy.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ColumnArray {
    /// `bool`
    Bool(BoolArray),
    /// `datetime`: ticks of 100 ns since 0001-01-01.
    DateTime(PrimitiveArray<i64>),
    /// `decimal`: the text of the service, which [`Decimal`](crate::Decimal) reads.
    Decimal(TextArray),
    /// `dynamic`: text as [`Dynamic`](crate::Dynamic) explains it.
    Dynamic(TextArray),
    /// `guid`: bytes in the order of the text.
    Guid(PrimitiveArray<[u8; 16]>),
    /// `int`
    Int(PrimitiveArray<i32>),
    /// `long`
    Long(PrimitiveArray<i64>),
    /// `real`
    Real(PrimitiveArray<f64>),
    /// `string`
    String(TextArray),
    /// `timespan`: ticks of 100 ns.
    Timespan(PrimitiveArray<i64>),
    /// A type this version does not know: raw JSON text.
    Unknown(TextArray),
}

/// Runs the same code for the array inside, whatever its type.
macro_rules! each_array {
    ($column:expr, $array:ident => $code:expr) => {
        match $column {
            ColumnArray::Bool($array) => $code,
            ColumnArray::DateTime($array) | ColumnArray::Long($array) | ColumnArray::Timespan($array) => {
                $code
            }
            ColumnArray::Guid($array) => $code,
            ColumnArray::Int($array) => $code,
            ColumnArray::Real($array) => $code,
            ColumnArray::Decimal($array)
            | ColumnArray::Dynamic($array)
            | ColumnArray::String($array)
            | ColumnArray::Unknown($array) => $code,
        }
    };
}

impl ColumnArray {
    /// An empty column of this type.
    pub fn new(column_type: &ColumnType) -> Self {
        match column_type {
            ColumnType::Bool => Self::Bool(BoolArray::default()),
            ColumnType::DateTime => Self::DateTime(PrimitiveArray::default()),
            ColumnType::Decimal => Self::Decimal(TextArray::default()),
            ColumnType::Dynamic => Self::Dynamic(TextArray::default()),
            ColumnType::Guid => Self::Guid(PrimitiveArray::default()),
            ColumnType::Int => Self::Int(PrimitiveArray::default()),
            ColumnType::Long => Self::Long(PrimitiveArray::default()),
            ColumnType::Real => Self::Real(PrimitiveArray::default()),
            ColumnType::String => Self::String(TextArray::default()),
            ColumnType::Timespan => Self::Timespan(PrimitiveArray::default()),
            ColumnType::Unknown(_) => Self::Unknown(TextArray::default()),
        }
    }

    /// The number of values, nulls included.
    pub fn len(&self) -> usize {
        self.validity().len
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Which values are there.
    #[inline]
    pub fn validity(&self) -> &Validity {
        each_array!(self, array => &array.validity)
    }

    /// Bytes in use, without spare capacity.
    pub fn byte_len(&self) -> usize {
        let values = match self {
            Self::Bool(array) => array.values.bytes.len(),
            Self::DateTime(array) | Self::Long(array) | Self::Timespan(array) => array.values.len() * 8,
            Self::Guid(array) => array.values.len() * 16,
            Self::Int(array) => array.values.len() * 4,
            Self::Real(array) => array.values.len() * 8,
            Self::Decimal(array) | Self::Dynamic(array) | Self::String(array) | Self::Unknown(array) => {
                array.offsets.len() * 4 + array.text.len()
            }
        };
        values + self.validity().bits.bytes.len()
    }

    /// The value at a place; `Value::Null` if it is null or beyond the end.
    pub fn get(&self, index: usize) -> Value<'_> {
        let value = match self {
            Self::Bool(array) => array.get(index).map(Value::Bool),
            Self::DateTime(array) => array
                .get(index)
                .map(|ticks| Value::DateTime(DateTime::from_ticks(ticks))),
            Self::Decimal(array) => array.get(index).map(Value::Decimal),
            Self::Dynamic(array) => array.get(index).map(Value::Dynamic),
            Self::Guid(array) => array.get(index).map(|bytes| Value::Guid(Guid::from_bytes(bytes))),
            Self::Int(array) => array.get(index).map(Value::Int),
            Self::Long(array) => array.get(index).map(Value::Long),
            Self::Real(array) => array.get(index).map(Value::Real),
            Self::String(array) => array.get(index).map(Value::String),
            Self::Timespan(array) => array
                .get(index)
                .map(|ticks| Value::Timespan(Timespan::from_ticks(ticks))),
            Self::Unknown(array) => array.get(index).map(Value::Unknown),
        };
        value.unwrap_or(Value::Null)
    }

    /// Appends a null.
    pub fn push_null(&mut self) {
        each_array!(self, array => array.push(None));
    }

    /// Appends a value of the column's own type, or a null; returns false, and appends nothing, for another type.
    #[must_use]
    pub fn push(&mut self, value: Value<'_>) -> bool {
        match (&mut *self, value) {
            (_, Value::Null) => self.push_null(),
            (Self::Bool(array), Value::Bool(value)) => array.push(Some(value)),
            (Self::DateTime(array), Value::DateTime(value)) => array.push(Some(value.ticks())),
            (Self::Guid(array), Value::Guid(value)) => array.push(Some(*value.as_bytes())),
            (Self::Int(array), Value::Int(value)) => array.push(Some(value)),
            (Self::Long(array), Value::Long(value)) => array.push(Some(value)),
            (Self::Real(array), Value::Real(value)) => array.push(Some(value)),
            (Self::Timespan(array), Value::Timespan(value)) => array.push(Some(value.ticks())),
            (Self::Decimal(array), Value::Decimal(text))
            | (Self::Dynamic(array), Value::Dynamic(text))
            | (Self::String(array), Value::String(text))
            | (Self::Unknown(array), Value::Unknown(text)) => array.push(Some(text)),
            _ => return false,
        }
        true
    }

    /// An empty column of the same type, with room for as many values and texts as long, and for some more: batches of
    /// the same bytes differ by their rows.
    pub(crate) fn empty_like(&self) -> Self {
        fn primitive<T>(array: &PrimitiveArray<T>) -> PrimitiveArray<T> {
            PrimitiveArray {
                values: Vec::with_capacity(with_slack(array.values.len())),
                validity: Validity::default(),
            }
        }
        fn text(array: &TextArray) -> TextArray {
            TextArray {
                offsets: first_offset(with_slack(array.offsets.len())),
                text: String::with_capacity(with_slack(array.text.len())),
                validity: Validity::default(),
            }
        }
        match self {
            Self::Bool(_) => Self::Bool(BoolArray::default()),
            Self::DateTime(array) => Self::DateTime(primitive(array)),
            Self::Decimal(array) => Self::Decimal(text(array)),
            Self::Dynamic(array) => Self::Dynamic(text(array)),
            Self::Guid(array) => Self::Guid(primitive(array)),
            Self::Int(array) => Self::Int(primitive(array)),
            Self::Long(array) => Self::Long(primitive(array)),
            Self::Real(array) => Self::Real(primitive(array)),
            Self::String(array) => Self::String(text(array)),
            Self::Timespan(array) => Self::Timespan(primitive(array)),
            Self::Unknown(array) => Self::Unknown(text(array)),
        }
    }

    /// Notes that texts closed with [`TextArray::end_valid`] are there.
    pub(crate) fn fill_validity(&mut self) {
        if let Self::Decimal(array) | Self::Dynamic(array) | Self::String(array) | Self::Unknown(array) = self
        {
            array.fill_validity();
        }
    }

    /// Empties the column, keeping its memory.
    pub(crate) fn clear(&mut self) {
        self.truncate(0);
    }

    /// Shortens the column to so many values. A text begun and not ended is forgotten too.
    pub(crate) fn truncate(&mut self, len: usize) {
        match self {
            Self::Bool(array) => array.values.truncate(len),
            Self::DateTime(array) | Self::Long(array) | Self::Timespan(array) => array.values.truncate(len),
            Self::Guid(array) => array.values.truncate(len),
            Self::Int(array) => array.values.truncate(len),
            Self::Real(array) => array.values.truncate(len),
            Self::Decimal(array) | Self::Dynamic(array) | Self::String(array) | Self::Unknown(array) => {
                array.offsets.truncate(len + 1);
                array
                    .text
                    .truncate(array.offsets.last().map_or(0, |end| *end as usize));
            }
        }
        each_array!(self, array => if len == 0 { array.validity.clear() } else { array.validity.truncate(len) });
    }
}

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// No value.
    Null,
    /// `bool`
    Bool(bool),
    /// `datetime`
    DateTime(DateTime),
    /// `decimal`, as the service wrote it; [`Decimal`](crate::Decimal) reads the text.
    Decimal(&'a str),
    /// `dynamic`: text as [`Dynamic`](crate::Dynamic) explains it.
    Dynamic(&'a str),
    /// `guid`
    Guid(Guid),
    /// `int`
    Int(i32),
    /// `long`
    Long(i64),
    /// `real`
    Real(f64),
    /// `string`
    String(&'a str),
    /// `timespan`
    Timespan(Timespan),
    /// A type this version does not know: raw JSON text.
    Unknown(&'a str),
}

impl Value<'_> {
    /// The name of the value's type, `null` for a null.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::DateTime(_) => "datetime",
            Self::Decimal(_) => "decimal",
            Self::Dynamic(_) => "dynamic",
            Self::Guid(_) => "guid",
            Self::Int(_) => "int",
            Self::Long(_) => "long",
            Self::Real(_) => "real",
            Self::String(_) => "string",
            Self::Timespan(_) => "timespan",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Whether there is no value.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl std::fmt::Display for Value<'_> {
    /// The text that Kusto's `tostring()` gives: nothing for a null, `True`/`False` aside, which are `true`/`false`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Bool(value) => value.fmt(f),
            Self::DateTime(value) => value.fmt(f),
            Self::Guid(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Long(value) => value.fmt(f),
            Self::Real(value) if value.is_nan() => f.write_str("NaN"),
            Self::Real(value) if value.is_infinite() => {
                f.write_str(if *value > 0.0 { "Infinity" } else { "-Infinity" })
            }
            Self::Real(value) => f.write_str(zmij::Buffer::new().format_finite(*value)),
            Self::Timespan(value) => value.fmt(f),
            Self::Decimal(text) | Self::Dynamic(text) | Self::String(text) | Self::Unknown(text) => {
                f.write_str(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_without_nulls_has_no_bits() {
        let mut column = PrimitiveArray::default();
        for value in 0..20 {
            column.push(Some(value));
        }
        assert_eq!(column.validity().bits(), None);
        column.push(None);
        assert_eq!(
            column.validity().bits().unwrap().as_bytes(),
            [0xff, 0xff, 0b0000_1111]
        );
        assert_eq!(
            (column.get(19), column.get(20), column.get(21)),
            (Some(19), None, None)
        );
    }

    #[test]
    fn truncating_forgets_values_nulls_and_open_text() {
        for column_type in ColumnType::ALL
            .into_iter()
            .chain([ColumnType::Unknown("x".to_owned())])
        {
            let mut column = ColumnArray::new(&column_type);
            let mut expected = ColumnArray::new(&column_type);
            let sample = sample(&column_type);
            for index in 0..11 {
                let value = if index % 3 == 2 { Value::Null } else { sample };
                assert!(column.push(value));
                if index < 9 {
                    assert!(expected.push(value));
                }
            }
            if let ColumnArray::String(texts) = &mut column {
                texts.open().push_str("half a cell");
            }
            column.truncate(9);
            assert_eq!(column, expected, "{column_type}");
            column.clear();
            assert_eq!(column, ColumnArray::new(&column_type));
        }
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        let mut column = ColumnArray::new(&ColumnType::Long);
        assert!(!column.push(Value::Int(1)));
        assert_eq!(column.len(), 0);
    }

    #[test]
    fn a_text_that_was_only_begun_is_not_there() {
        let mut column = TextArray::default();
        column.push(Some("a"));
        column.open().push_str("bc");
        assert_eq!((column.get(0), column.get(1)), (Some("a"), None));
        column.end(true);
        assert_eq!(column.get(1), Some("bc"));
    }

    fn sample(column_type: &ColumnType) -> Value<'static> {
        match column_type {
            ColumnType::Bool => Value::Bool(true),
            ColumnType::DateTime => Value::DateTime(DateTime::MAX),
            ColumnType::Decimal => Value::Decimal("1.5"),
            ColumnType::Dynamic => Value::Dynamic("{}"),
            ColumnType::Guid => Value::Guid(Guid::from_bytes([7; 16])),
            ColumnType::Int => Value::Int(-1),
            ColumnType::Long => Value::Long(i64::MAX),
            ColumnType::Real => Value::Real(0.1),
            ColumnType::String => Value::String("é"),
            ColumnType::Timespan => Value::Timespan(Timespan::MIN),
            ColumnType::Unknown(_) => Value::Unknown("[1]"),
        }
    }
}
