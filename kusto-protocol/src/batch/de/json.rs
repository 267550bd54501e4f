//! JSON of dynamic values into Rust types.
//!
//! It takes what serde_json takes, and gives visitors what serde_json gives them, from text that is known to be UTF-8
//! and mostly short. Half of a surrogate pair becomes U+FFFD, as everywhere in this crate.

mod access;
mod error;

use serde::de::{Deserializer, Error, Unexpected, Visitor};

use self::access::{Elements, Fields, Members, Variant, member_name};
pub(super) use self::error::JsonError;
use crate::decode::{short_datetime, unescape_all};
use crate::scalar::serde_name;
use crate::simd::plain_end;

/// Reads the text of one value, and nothing may come after it.
pub(super) fn from_json<'de, T>(
    text: &'de str,
    by_position: bool,
    read: impl FnOnce(&mut Json<'de>) -> Result<T, JsonError>,
) -> Result<T, JsonError> {
    let mut json = Json {
        text,
        at: 0,
        depth: 0,
        by_position,
    };
    let value = read(&mut json).map_err(|error| error.at(json.at))?;
    if json.at == text.len() {
        return Ok(value);
    }
    match json.peek() {
        END if json.at == text.len() => Ok(value),
        _ => Err(JsonError::custom("there is more after the value").at(json.at)),
    }
}

/// A text, and how far it has been read.
pub(super) struct Json<'de> {
    text: &'de str,
    at: usize,
    depth: u8,
    /// Whether structs get their fields by position, and fail if the members are not the fields in their order.
    by_position: bool,
}

/// A number, in the type that serde_json would choose.
enum Number {
    Unsigned(u64),
    Negative(i64),
    Float(f64),
}

impl<'de> Json<'de> {
    /// The first byte from here on that is no white space; [`END`] after the last one.
    #[inline]
    fn peek(&mut self) -> u8 {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return *byte,
                None => return END,
            }
        }
    }

    /// Goes behind this byte, which must come next.
    #[inline]
    fn take(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() != byte {
            return Err(self.syntax());
        }
        self.at += 1;
        Ok(())
    }

    #[cold]
    fn syntax(&self) -> JsonError {
        JsonError::custom(match self.text.as_bytes().get(self.at) {
            Some(_) => "no JSON",
            None => "the text ends too soon",
        })
    }

    /// What is here is not what the visitor wants.
    #[cold]
    fn unexpected<V: Visitor<'de>>(&mut self, visitor: &V) -> JsonError {
        let found = match self.peek() {
            b'"' => "a string",
            b'[' => "an array",
            b'{' => "an object",
            b't' | b'f' => "a bool",
            b'n' => "null",
            b'-' | b'0'..=b'9' => "a number",
            _ => return self.syntax(),
        };
        JsonError::invalid_type(Unexpected::Other(found), visitor)
    }

    fn word(&mut self, word: &str) -> Result<(), JsonError> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.syntax());
        }
        self.at += word.len();
        Ok(())
    }

    /// What the string says that begins here, with its quote, if it has no escapes.
    #[inline]
    fn plain_string(&mut self) -> Option<&'de str> {
        let (bytes, from) = (self.text.as_bytes(), self.at + 1);
        let end = plain_end(bytes, from);
        if bytes.get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        // Both ends are next to a quote, which is one byte.
        Some(&self.text[from..end])
    }

    /// What the string says that begins here, with its quote.
    #[cold]
    fn escaped_string(&mut self) -> Result<String, JsonError> {
        let (end, text) = unescape_all(self.text.as_bytes(), self.at).ok_or_else(|| self.syntax())?;
        self.at = end;
        Ok(text)
    }

    #[inline]
    fn visit_string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, JsonError> {
        if self.peek() != b'"' {
            return Err(self.unexpected(&visitor));
        }
        match self.plain_string() {
            Some(text) => visitor.visit_borrowed_str(text),
            None => visitor.visit_string(self.escaped_string()?),
        }
    }

    /// The number that begins here, and its text.
    #[inline]
    fn number(&mut self) -> Result<(Number, &'de str), JsonError> {
        let (bytes, from) = (self.text.as_bytes(), self.at);
        let negative = bytes[from] == b'-';
        let first = from + usize::from(negative);
        let mut number = 0_u64;
        self.at = first;
        while let Some(digit @ b'0'..=b'9') = bytes.get(self.at) {
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        if self.at == first || (bytes[first] == b'0' && self.at > first + 1) {
            return Err(self.syntax());
        }
        let whole_end = self.at;
        // 64 bits hold any number of nineteen digits.
        let number = match whole_end - first {
            0..20 => Some(number),
            _ => self.text[first..whole_end].parse().ok(),
        };
        if bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = &self.text[from..self.at];
        let whole = number.filter(|_| self.at == whole_end);
        let number = match whole {
            Some(number) if !negative => Number::Unsigned(number),
            // Not zero: that has a sign as a float only.
            Some(number) if (1..=1 << 63).contains(&number) => {
                Number::Negative((number as i64).wrapping_neg())
            }
            _ => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Number::Float(number),
                _ => return Err(JsonError::custom(OUT_OF_RANGE)),
            },
        };
        Ok((number, text))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let bytes = self.text.as_bytes();
        let from = self.at;
        while bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == from {
            return Err(self.syntax());
        }
        Ok(())
    }

    #[inline]
    fn visit_number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, JsonError> {
        if !matches!(self.peek(), b'-' | b'0'..=b'9') {
            return Err(self.unexpected(&visitor));
        }
        if let Some(number) = self.short_whole() {
            return visitor.visit_u64(number);
        }
        match self.number()?.0 {
            Number::Unsigned(number) => visitor.visit_u64(number),
            Number::Negative(number) => visitor.visit_i64(number),
            Number::Float(number) => visitor.visit_f64(number),
        }
    }

    /// Goes behind a whole number without a sign of one to nineteen digits, if one begins here and the text goes on.
    #[inline]
    fn short_whole(&mut self) -> Option<u64> {
        let rest = &self.text.as_bytes()[self.at..];
        let mut number = 0_u64;
        for (len, byte) in rest.iter().take(20).enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit < 10 {
                // It counts if there are no more than nineteen, which 64 bits hold.
                number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
                continue;
            }
            let is_whole = !matches!(byte, b'.' | b'e' | b'E');
            if is_whole && (len == 1 || (len > 1 && rest[0] != b'0')) {
                self.at += len;
                return Some(number);
            }
            break;
        }
        None
    }

    /// Reads a number with the precision of `f32`, not rounded twice.
    fn visit_single<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, JsonError> {
        if !matches!(self.peek(), b'-' | b'0'..=b'9') {
            return Err(self.unexpected(&visitor));
        }
        match self.number()? {
            (Number::Unsigned(number), _) => visitor.visit_u64(number),
            (Number::Negative(number), _) => visitor.visit_i64(number),
            (Number::Float(_), text) => match text.parse::<f32>() {
                Ok(number) if number.is_finite() => visitor.visit_f32(number),
                _ => Err(JsonError::custom(OUT_OF_RANGE)),
            },
        }
    }

    #[inline]
    fn visit_seq<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, JsonError> {
        self.within(b']', |json| visitor.visit_seq(Elements::new(json)))
    }

    #[inline]
    fn visit_map<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, JsonError> {
        self.within(b'}', |json| visitor.visit_map(Members::new(json)))
    }

    /// Reads what is between the bracket that comes next and its counterpart.
    #[inline]
    fn within<T>(
        &mut self,
        closing: u8,
        read: impl FnOnce(&mut Self) -> Result<T, JsonError>,
    ) -> Result<T, JsonError> {
        if self.depth == MAX_DEPTH {
            return Err(JsonError::custom("too many brackets within each other"));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        self.take(closing)?;
        Ok(value)
    }

    fn visit_any<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, JsonError> {
        match self.peek() {
            b'"' => self.visit_string(visitor),
            b'{' => self.visit_map(visitor),
            b'[' => self.visit_seq(visitor),
            b't' | b'f' => self.visit_bool(visitor),
            b'n' => self.word("null").and_then(|()| visitor.visit_unit()),
            b'-' | b'0'..=b'9' => self.visit_number(visitor),
            _ => Err(self.syntax()),
        }
    }

    fn visit_bool<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, JsonError> {
        match self.peek() {
            b't' => self.word("true").and_then(|()| visitor.visit_bool(true)),
            b'f' => self.word("false").and_then(|()| visitor.visit_bool(false)),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    /// Lets serde_json read the value that begins here, for its own types that ask for themselves by name.
    fn visit_with_serde_json<V: Visitor<'de>>(
        &mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.peek();
        let from = self.at;
        serde::Deserialize::deserialize(&mut *self).map(|serde::de::IgnoredAny| ())?;
        serde_json::Deserializer::from_str(&self.text[from..self.at])
            .deserialize_newtype_struct(name, visitor)
            .map_err(JsonError::custom)
    }
}

macro_rules! visits {
    ($($visit:ident: $($method:ident)*;)*) => {$($(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
            self.$visit(visitor)
        }
    )*)*};
}

/// Numbers beyond 64 bits are given to those who ask for them.
macro_rules! wide_numbers {
    ($($method:ident $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
            if !matches!(self.peek(), b'-' | b'0'..=b'9') {
                return Err(self.unexpected(&visitor));
            }
            match self.number()? {
                (Number::Unsigned(number), _) => visitor.visit_u64(number),
                (Number::Negative(number), _) => visitor.visit_i64(number),
                (Number::Float(number), text) => match text.parse::<$type>() {
                    Ok(number) => visitor.$visit(number),
                    Err(_) => visitor.visit_f64(number),
                },
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Json<'de> {
    type Error = JsonError;

    visits! {
        visit_any: deserialize_any deserialize_ignored_any;
        visit_bool: deserialize_bool;
        visit_number:
            deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
            deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f64;
        visit_single: deserialize_f32;
        visit_string: deserialize_char deserialize_str deserialize_string deserialize_identifier;
    }

    wide_numbers! {
        deserialize_i128 visit_i128 i128,
        deserialize_u128 visit_u128 u128,
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.peek() {
            b'"' => match self.plain_string() {
                Some(text) => visitor.visit_borrowed_bytes(text.as_bytes()),
                None => visitor.visit_byte_buf(self.escaped_string()?.into_bytes()),
            },
            b'[' => self.visit_seq(visitor),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.deserialize_bytes(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        if self.peek() == b'n' {
            self.word("null")?;
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        if self.peek() != b'n' {
            return Err(self.unexpected(&visitor));
        }
        self.word("null")?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.deserialize_unit(visitor)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        // In the usual form; another one, or something else, is found as text.
        if name == serde_name::DATETIME {
            self.peek();
            if let Some((ticks, end)) = short_datetime(self.text.as_bytes(), self.at) {
                self.at = end;
                return visitor.visit_i64(ticks);
            }
        }
        if name.starts_with("$serde_json::") {
            return self.visit_with_serde_json(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.peek() {
            b'[' => self.visit_seq(visitor),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, JsonError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.peek() {
            b'{' => self.visit_map(visitor),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        match self.peek() {
            b'{' if self.by_position => self.within(b'}', |json| {
                let mut fields = Fields::new(json, fields);
                let value = visitor.visit_seq(&mut fields)?;
                fields.end()?;
                Ok(value)
            }),
            b'{' => self.visit_map(visitor),
            b'[' => self.visit_seq(visitor),
            _ => Err(self.unexpected(&visitor)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        match self.peek() {
            b'"' => member_name(self)?.deserialize_enum(name, variants, visitor),
            b'{' => self.within(b'}', |json| visitor.visit_enum(Variant::new(json))),
            _ => Err(self.unexpected(&visitor)),
        }
    }
}

const OUT_OF_RANGE: &str = "a number out of range";
/// What stands for the end of the text: no JSON has it outside of strings.
const END: u8 = 0;
/// As serde_json's.
const MAX_DEPTH: u8 = 127;

#[cfg(test)]
mod tests;
