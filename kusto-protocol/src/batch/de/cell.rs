//! One cell into a Rust type.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{Deserializer, Error, Unexpected, Visitor};

use super::json::{Json, JsonError, from_json};
use crate::scalar::serde_name;
use crate::{ColumnArray, ConversionError, Dynamic, Value};

#[derive(Clone, Copy)]
pub(super) struct CellDeserializer<'de> {
    array: &'de ColumnArray,
    row: usize,
}

impl<'de> CellDeserializer<'de> {
    pub(super) const fn new(array: &'de ColumnArray, row: usize) -> Self {
        Self { array, row }
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
        self.array.get(self.row)
    }

    /// Whether there is no value, or the dynamic value `null`.
    #[inline]
    pub(super) fn is_null(self) -> bool {
        match self.array {
            ColumnArray::Dynamic(array) => array.get(self.row).is_none_or(|text| text.trim_ascii() == "null"),
            array => !array.validity().is_valid(self.row),
        }
    }

    /// Reads text, as the service writes it where the column has none.
    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        match self.value() {
            Value::String(text) | Value::Decimal(text) | Value::Dynamic(text) | Value::Unknown(text) => {
                visitor.visit_borrowed_str(text)
            }
            Value::DateTime(at) => visitor.visit_string(at.to_string()),
            Value::Timespan(span) => visitor.visit_string(span.to_string()),
            Value::Guid(guid) => visitor.visit_string(guid.to_string()),
            Value::Null if matches!(self.array, ColumnArray::String(_)) => visitor.visit_borrowed_str(""),
            _ => Err(mismatch(&visitor)),
        }
    }

    /// Reads what only a dynamic value can give, or else what the column's own type has.
    fn own_type_or_json<V: Visitor<'de>>(
        self,
        visitor: V,
        read: impl FnOnce(&mut Json<'de>, V) -> Result<V::Value, JsonError>,
    ) -> Result<V::Value, ConversionError> {
        match self.value() {
            Value::Dynamic(text) | Value::Unknown(text) => Ok(from_json(text, |json| read(json, visitor))?),
            _ => self.deserialize_any(visitor),
        }
    }

    /// Reads a real: numbers that `f64` holds, and decimals.
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
                Ok(from_json(text, |json| json.deserialize_f64(visitor))?)
            }
            _ => self.deserialize_any(visitor),
        }
    }
}

/// Whole numbers: the types that hold them first, as nearly all come from there.
macro_rules! whole_number {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
            if let ColumnArray::Long(array) = self.array && let Some(number) = array.get(self.row) {
                return visitor.visit_i64(number);
            }
            if let ColumnArray::Int(array) = self.array && let Some(number) = array.get(self.row) {
                return visitor.visit_i32(number);
            }
            self.own_type_or_json(visitor, |json, visitor| json.$method(visitor))
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

impl<'de> Deserializer<'de> for CellDeserializer<'de> {
    type Error = ConversionError;

    whole_number! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
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
        if let ColumnArray::Bool(array) = self.array
            && let Some(value) = array.get(self.row)
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
                Ok(from_json(text, |json| json.deserialize_any(visitor))?)
            }
            _ => self.text(visitor),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        self.real(visitor)
    }

    #[inline]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        if let ColumnArray::Real(array) = self.array
            && let Some(number) = array.get(self.row)
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
        if let ColumnArray::String(array) = self.array
            && let Some(text) = array.get(self.row)
        {
            return visitor.visit_borrowed_str(text);
        }
        self.text(visitor)
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        if let ColumnArray::String(array) = self.array
            && let Some(text) = array.get(self.row)
        {
            return visitor.visit_borrowed_str(text);
        }
        self.text(visitor)
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
        if self.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        if self.is_null() {
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
        match self.array {
            ColumnArray::DateTime(array) if name == serde_name::DATETIME => {
                if let Some(ticks) = array.get(self.row) {
                    return visitor.visit_i64(ticks);
                }
            }
            ColumnArray::Timespan(array) if name == serde_name::TIMESPAN => {
                if let Some(ticks) = array.get(self.row) {
                    return visitor.visit_i64(ticks);
                }
            }
            ColumnArray::Guid(array) if name == serde_name::GUID => {
                if let Some(bytes) = array.get(self.row) {
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
            Value::Dynamic(text) if Dynamic::new(text).is_json() => Ok(from_json(text, |json| {
                json.deserialize_enum(name, variants, visitor)
            })?),
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
