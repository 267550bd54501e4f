//! One cell into a Rust type.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{Deserializer, Error, Unexpected, Visitor};

use super::json::{Json, JsonError, from_json};
use crate::scalar::serde_name;
use crate::{ColumnArray, ConversionError, Dynamic, RowBatch, Validity, Value};

/// Where cells come from: a column.
pub(super) struct CellSource<'de> {
    array: &'de ColumnArray,
    /// Nothing for a dynamic column, where text that is there may say `null`.
    validity: Option<&'de Validity>,
    index: usize,
}

/// What the cells of a row have in common.
pub(super) struct RowPlace {
    pub(super) row: usize,
    /// Whether structs of nested values get their fields by position, and fail if that cannot be.
    pub(super) by_position: bool,
}

/// A cell. Two references, so that they stay in registers.
#[derive(Clone, Copy)]
pub(super) struct CellDeserializer<'de, 'row> {
    source: &'row CellSource<'de>,
    place: &'row RowPlace,
}

impl<'de> CellSource<'de> {
    pub(super) fn new(batch: &'de RowBatch, index: usize) -> Self {
        let array = &batch.arrays()[index];
        let is_dynamic = matches!(array, ColumnArray::Dynamic(_));
        Self {
            array,
            validity: (!is_dynamic).then(|| array.validity()),
            index,
        }
    }

    /// The place among the columns.
    pub(super) const fn index(&self) -> usize {
        self.index
    }

    /// Whether there is no value, or the dynamic value `null`.
    #[inline]
    pub(super) fn is_null(&self, row: usize) -> bool {
        match self.validity {
            Some(validity) => !validity.is_valid(row),
            None => self.is_dynamic_null(row),
        }
    }

    fn is_dynamic_null(&self, row: usize) -> bool {
        match self.array.get(row) {
            Value::Dynamic(text) => text.trim_ascii() == "null",
            value => value.is_null(),
        }
    }
}

impl<'de, 'row> CellDeserializer<'de, 'row> {
    pub(super) const fn new(source: &'row CellSource<'de>, place: &'row RowPlace) -> Self {
        Self { source, place }
    }

    /// What is in the cell, for people. Texts are not repeated: they may be long, and not for everyone's eyes.
    pub(super) fn description(self) -> String {
        let value = self.value();
        match value {
            Value::Null => "null; an Option takes it".to_owned(),
            Value::String(_) | Value::Dynamic(_) | Value::Unknown(_) => value.type_name().to_owned(),
            _ => format!("{} {value}", value.type_name()),
        }
    }

    fn value(self) -> Value<'de> {
        self.source.array.get(self.place.row)
    }

    /// What is in a column of strings.
    // Not inlined, so that what is made of the text is: else that goes through memory, and to load it as it was not
    // stored, in one piece, stalls the processor.
    #[inline(never)]
    fn string(self) -> Option<&'de str> {
        match self.source.array {
            ColumnArray::String(array) => array.get(self.place.row),
            _ => None,
        }
    }

    /// Reads JSON.
    fn json<T>(
        self,
        text: &'de str,
        read: impl FnOnce(&mut Json<'de>) -> Result<T, JsonError>,
    ) -> Result<T, ConversionError> {
        Ok(from_json(text, self.place.by_position, read)?)
    }

    /// Reads text, as the service writes it where the column has none.
    #[inline(never)]
    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        match self.value() {
            Value::String(text) | Value::Decimal(text) | Value::Dynamic(text) | Value::Unknown(text) => {
                visitor.visit_borrowed_str(text)
            }
            Value::DateTime(at) => visitor.visit_string(at.to_string()),
            Value::Timespan(span) => visitor.visit_string(span.to_string()),
            Value::Guid(guid) => visitor.visit_string(guid.to_string()),
            Value::Null if matches!(self.source.array, ColumnArray::String(_)) => {
                visitor.visit_borrowed_str("")
            }
            _ => Err(mismatch(&visitor)),
        }
    }

    /// Reads what only a dynamic value can give, or else what the column's own type has.
    #[inline(never)]
    fn own_type_or_json<V: Visitor<'de>>(
        self,
        visitor: V,
        read: impl FnOnce(&mut Json<'de>, V) -> Result<V::Value, JsonError>,
    ) -> Result<V::Value, ConversionError> {
        match self.value() {
            Value::Dynamic(text) | Value::Unknown(text) => self.json(text, |json| read(json, visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    /// Reads a whole number, from whatever column.
    #[inline(never)]
    fn whole_number<V: Visitor<'de>>(
        self,
        visitor: V,
        read: impl FnOnce(&mut Json<'de>, V) -> Result<V::Value, JsonError>,
    ) -> Result<V::Value, ConversionError> {
        let number = match self.source.array {
            ColumnArray::Long(array) => array.get(self.place.row),
            ColumnArray::Int(array) => array.get(self.place.row).map(i64::from),
            _ => None,
        };
        match number {
            Some(number) => visitor.visit_i64(number),
            None => self.own_type_or_json(visitor, read),
        }
    }

    /// Reads a real: numbers that `f64` holds, and decimals.
    #[inline(never)]
    fn real<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        match self.value() {
            Value::Real(number) => visitor.visit_f64(number),
            Value::Int(number) => visitor.visit_f64(f64::from(number)),
            Value::Long(number) if number as f64 as i128 == i128::from(number) => {
                visitor.visit_f64(number as f64)
            }
            Value::Long(_) => Err(ConversionError::mismatch(
                "a number that f64 holds exactly",
                String::new(),
            )),
            Value::Decimal(text) => match text.parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => Err(mismatch(&visitor)),
            },
            Value::Dynamic(text) | Value::Unknown(text) => {
                self.json(text, |json| json.deserialize_f64(visitor))
            }
            _ => self.deserialize_any(visitor),
        }
    }
}

/// Whole numbers: the column's type that is nearest at once, the others by a call.
macro_rules! whole_number {
    ($($method:ident $near:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
            if let ColumnArray::$near(array) = self.source.array
                && let Some(number) = array.get(self.place.row)
            {
                return visitor.visit_i64(number.into());
            }
            self.whole_number(visitor, |json, visitor| json.$method(visitor))
        }
    )*};
}

/// Other than its own type only a dynamic value can give it, as JSON of that shape.
macro_rules! own_type_or_json {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, ConversionError> {
            self.own_type_or_json(visitor, |json, visitor| json.$method($($argument,)* visitor))
        }
    )*};
}

impl<'de> Deserializer<'de> for CellDeserializer<'de, '_> {
    type Error = ConversionError;

    whole_number! {
        deserialize_i8 Int deserialize_i16 Int deserialize_i32 Int deserialize_i64 Long deserialize_i128 Long
        deserialize_u8 Int deserialize_u16 Int deserialize_u32 Long deserialize_u64 Long deserialize_u128 Long
    }

    own_type_or_json! {
        deserialize_seq()
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_map()
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
    }

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        if let ColumnArray::Bool(array) = self.source.array
            && let Some(value) = array.get(self.place.row)
        {
            return visitor.visit_bool(value);
        }
        self.own_type_or_json(visitor, |json, visitor| json.deserialize_bool(visitor))
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        match self.value() {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Int(number) => visitor.visit_i32(number),
            Value::Long(number) => visitor.visit_i64(number),
            Value::Real(number) => visitor.visit_f64(number),
            Value::Dynamic(text) | Value::Unknown(text) if Dynamic::new(text).is_json() => {
                self.json(text, |json| json.deserialize_any(visitor))
            }
            _ => self.text(visitor),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        self.real(visitor)
    }

    #[inline]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        if let ColumnArray::Real(array) = self.source.array
            && let Some(number) = array.get(self.place.row)
        {
            return visitor.visit_f64(number);
        }
        self.real(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        self.text(visitor)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        match self.string() {
            Some(text) => visitor.visit_borrowed_str(text),
            None => self.text(visitor),
        }
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        match self.string() {
            Some(text) => visitor.visit_borrowed_str(text),
            None => self.text(visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        match self.value() {
            Value::String(text) => visitor.visit_borrowed_bytes(text.as_bytes()),
            Value::Guid(guid) => visitor.visit_bytes(guid.as_bytes()),
            _ => Err(mismatch(&visitor)),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        self.deserialize_bytes(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        if self.source.is_null(self.place.row) {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        if self.source.is_null(self.place.row) {
            visitor.visit_unit()
        } else {
            self.deserialize_any(visitor)
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        self.deserialize_unit(visitor)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        match self.source.array {
            ColumnArray::DateTime(array) if name == serde_name::DATETIME => {
                if let Some(ticks) = array.get(self.place.row) {
                    return visitor.visit_i64(ticks);
                }
            }
            ColumnArray::Timespan(array) if name == serde_name::TIMESPAN => {
                if let Some(ticks) = array.get(self.place.row) {
                    return visitor.visit_i64(ticks);
                }
            }
            ColumnArray::Guid(array) if name == serde_name::GUID => {
                if let Some(bytes) = array.get(self.place.row) {
                    return visitor.visit_bytes(&bytes);
                }
            }
            _ => {}
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        match self.value() {
            Value::Dynamic(text) if Dynamic::new(text).is_json() => {
                self.json(text, |json| json.deserialize_enum(name, variants, visitor))
            }
            Value::String(text) | Value::Dynamic(text) => {
                BorrowedStrDeserializer::new(text).deserialize_enum(name, variants, visitor)
            }
            _ => Err(mismatch(&visitor)),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        self.text(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        visitor.visit_unit()
    }
}

/// The cell is not what the visitor wants; the caller adds what it is.
fn mismatch<'de>(visitor: &impl Visitor<'de>) -> ConversionError {
    ConversionError::invalid_type(Unexpected::Other("another type"), visitor)
}
