//! What is within brackets: elements, members, variants.

use std::borrow::Cow;
use std::{mem, slice};

use serde::de::value::{BorrowedStrDeserializer, StringDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use super::{Json, JsonError};
use crate::simd::plain_end;

/// The elements of an array.
pub(super) struct Elements<'a, 'de> {
    json: &'a mut Json<'de>,
    is_first: bool,
}

/// The members of an object.
pub(super) struct Members<'a, 'de>(Elements<'a, 'de>);

/// The members of an object, if they are the fields of a struct in their order, in compact form.
pub(super) struct Fields<'a, 'de> {
    json: &'a mut Json<'de>,
    names: slice::Iter<'static, &'static str>,
    /// What comes before the next member.
    separator: u8,
}

/// A variant of an enum that has content: the only member of an object.
pub(super) struct Variant<'a, 'de>(&'a mut Json<'de>);

impl<'a, 'de> Elements<'a, 'de> {
    pub(super) const fn new(json: &'a mut Json<'de>) -> Self {
        Self { json, is_first: true }
    }

    /// Goes to the next element; false if the bracket closes instead.
    #[inline]
    fn go_on(&mut self, closing: u8) -> Result<bool, JsonError> {
        let next = self.json.peek();
        if self.is_first {
            self.is_first = false;
            return Ok(next != closing);
        }
        if next != b',' {
            return if next == closing {
                Ok(false)
            } else {
                Err(self.json.syntax())
            };
        }
        self.json.at += 1;
        Ok(true)
    }
}

impl<'a, 'de> Members<'a, 'de> {
    pub(super) const fn new(json: &'a mut Json<'de>) -> Self {
        Self(Elements::new(json))
    }
}

impl<'a, 'de> Fields<'a, 'de> {
    /// To be made behind the opening bracket.
    pub(super) fn new(json: &'a mut Json<'de>, names: &'static [&'static str]) -> Self {
        // The bracket stands for the comma before the first member.
        json.at -= 1;
        Self {
            json,
            names: names.iter(),
            separator: b'{',
        }
    }

    /// Goes behind the name of a member and its colon, if it is this one.
    #[inline]
    fn take_name(&mut self, name: &str) -> bool {
        let (bytes, at) = (self.json.text.as_bytes(), self.json.at);
        let separator = mem::replace(&mut self.separator, b',');
        if bytes.get(at..).and_then(|rest| rest.first_chunk()) != Some(&[separator, b'"']) {
            return false;
        }
        // Where that is not the end of the name, it is another one, or has escapes and is not compared.
        let end = plain_end(bytes, at + 2);
        self.json.at = end + 2;
        bytes.get(end..).and_then(|rest| rest.first_chunk()) == Some(b"\":")
            && bytes
                .get(at + 2..end)
                .is_some_and(|found| are_same(found, name.as_bytes()))
    }

    /// To be called when the struct has what it takes: all members. If some fields go by two names, it takes fewer than
    /// there are names, and it is not known of which it took them.
    #[inline]
    pub(super) fn end(self) -> Result<(), JsonError> {
        match self.names.len() {
            0 => Ok(()),
            _ => Err(JsonError::custom(OTHER_MEMBERS)),
        }
    }
}

impl<'a, 'de> Variant<'a, 'de> {
    pub(super) const fn new(json: &'a mut Json<'de>) -> Self {
        Self(json)
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = JsonError;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, JsonError> {
        if !self.go_on(b']')? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.json).map(Some)
    }
}

impl<'de> SeqAccess<'de> for Fields<'_, 'de> {
    type Error = JsonError;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, JsonError> {
        let Some(name) = self.names.next() else {
            return Ok(None);
        };
        if !self.take_name(name) {
            return Err(JsonError::custom(OTHER_MEMBERS));
        }
        seed.deserialize(&mut *self.json).map(Some)
    }
}

impl<'de> MapAccess<'de> for Members<'_, 'de> {
    type Error = JsonError;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, JsonError> {
        if !self.0.go_on(b'}')? {
            return Ok(None);
        }
        let key = seed.deserialize(member_name(self.0.json)?)?;
        self.0.json.take(b':')?;
        Ok(Some(key))
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, JsonError> {
        seed.deserialize(&mut *self.0.json)
    }
}

/// The name of a member or a variant.
#[inline]
pub(super) fn member_name<'de>(json: &mut Json<'de>) -> Result<Key<'de>, JsonError> {
    if json.peek() != b'"' {
        return Err(json.syntax());
    }
    match json.plain_string() {
        Some(name) => Ok(Key(Cow::Borrowed(name))),
        None => json.escaped_string().map(|name| Key(Cow::Owned(name))),
    }
}

/// A member's name; for types that no name is of, what it says in them.
pub(super) struct Key<'de>(Cow<'de, str>);

macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
            match self.0.parse::<$type>() {
                Ok(value) => visitor.$visit(value),
                Err(_) => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = JsonError;

    parsed! {
        deserialize_bool visit_bool bool,
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128,
        deserialize_f32 visit_f32 f32,
        deserialize_f64 visit_f64 f64,
    }

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        match self.0 {
            Cow::Borrowed(text) => {
                BorrowedStrDeserializer::new(text).deserialize_enum(name, variants, visitor)
            }
            Cow::Owned(text) => StringDeserializer::new(text).deserialize_enum(name, variants, visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = JsonError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), JsonError> {
        let variant = seed.deserialize(member_name(self.0)?)?;
        self.0.take(b':')?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = JsonError;

    fn unit_variant(self) -> Result<(), JsonError> {
        Deserialize::deserialize(self.0)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, JsonError> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, JsonError> {
        self.0.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.0.deserialize_struct("", fields, visitor)
    }
}

/// Whether two names are the same. Most are short, and to call the C library for them takes longer than to compare them.
#[inline]
fn are_same(one: &[u8], other: &[u8]) -> bool {
    // The first and the last eight bytes are all of them, and some may be in both.
    let ends = |name: &[u8]| {
        let (first, last) = (name.first_chunk()?, name.last_chunk()?);
        Some((u64::from_ne_bytes(*first), u64::from_ne_bytes(*last)))
    };
    match one.len() {
        len if len != other.len() => false,
        8..=16 => ends(one) == ends(other),
        _ => one == other,
    }
}

const OTHER_MEMBERS: &str = "the members are not the fields in their order";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_if_every_byte_is() {
        for len in 0..20 {
            let name: Vec<u8> = (b'a'..).take(len).collect();
            assert!(are_same(&name, &name.clone()));
            assert!(!are_same(&name, &[&name[..], b"a"].concat()));
            for place in 0..len {
                let mut other = name.clone();
                other[place] ^= 1;
                assert!(!are_same(&name, &other), "{len} {place}");
            }
        }
    }
}
