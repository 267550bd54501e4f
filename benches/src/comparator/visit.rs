//! serde visitors that put cells straight into columns, whatever library reads the JSON.

use std::fmt;
use std::marker::PhantomData;

use kusto_protocol::{Column, ColumnType};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Table, Tables};
use crate::TypedColumn;

/// Reads the frames of an answer.
pub(super) fn read<'de, N: Nested, D: Deserializer<'de>>(
    json: D,
    tables: &mut Tables,
) -> Result<(), D::Error> {
    json.deserialize_seq(Frames::<N>(tables, PhantomData))
}

/// How a library hands over a nested value. A trait, as each library has a type of its own for it.
pub(super) trait Nested {
    fn read<'de, D: Deserializer<'de>>(json: D, column: &mut TypedColumn) -> Result<(), D::Error>;
}

/// serde_json's raw text.
pub(super) struct RawText;
/// sonic-rs' raw text.
pub(super) struct LazyText;
/// For simd-json, which keeps no text: written anew.
pub(super) struct Transcoded;

impl Nested for RawText {
    #[inline]
    fn read<'de, D: Deserializer<'de>>(json: D, column: &mut TypedColumn) -> Result<(), D::Error> {
        let value = <&serde_json::value::RawValue>::deserialize(json)?;
        push_raw(value.get(), column).ok_or_else(|| D::Error::custom("a dynamic value"))
    }
}

impl Nested for LazyText {
    #[inline]
    fn read<'de, D: Deserializer<'de>>(json: D, column: &mut TypedColumn) -> Result<(), D::Error> {
        let value = sonic_rs::LazyValue::deserialize(json)?;
        push_raw(value.as_raw_str(), column).ok_or_else(|| D::Error::custom("a dynamic value"))
    }
}

impl Nested for Transcoded {
    #[inline]
    fn read<'de, D: Deserializer<'de>>(json: D, column: &mut TypedColumn) -> Result<(), D::Error> {
        json.deserialize_any(NestedValue(column))
    }
}

/// Text of JSON as it is, but the content of a string.
fn push_raw(raw: &str, column: &mut TypedColumn) -> Option<()> {
    match raw.as_bytes().first()? {
        b'n' => {
            column.push_null();
            Some(())
        }
        b'"' => {
            let content: std::borrow::Cow<'_, str> = serde_json::from_str(raw).ok()?;
            column.push_str(content.as_bytes())
        }
        _ => column.push_str(raw.as_bytes()),
    }
}

struct Frames<'a, N>(&'a mut Tables, PhantomData<N>);

impl<'de, N: Nested> Visitor<'de> for Frames<'_, N> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("frames")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut frames: A) -> Result<(), A::Error> {
        while frames
            .next_element_seed(Frame::<N>(self.0, PhantomData))?
            .is_some()
        {}
        Ok(())
    }
}

struct Frame<'a, N>(&'a mut Tables, PhantomData<N>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ColumnHead {
    column_name: String,
    column_type: String,
}

impl<'de, N: Nested> DeserializeSeed<'de> for Frame<'_, N> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de, N: Nested> Visitor<'de> for Frame<'_, N> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a frame")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut tables = Some(self.0);
        let mut table: Option<&mut Table> = None;
        while let Some(name) = members.next_key::<String>()? {
            match (name.as_str(), &mut table) {
                ("FrameType", _) => {
                    if members.next_value::<String>()? == "DataTable" {
                        table = tables.take().map(Tables::next);
                    }
                }
                ("TableKind", Some(table)) => table.kind = members.next_value()?,
                ("Columns", Some(table)) => {
                    let heads: Vec<ColumnHead> = members.next_value()?;
                    table.begin(heads.iter().map(|head| {
                        Column::new(&head.column_name, ColumnType::from_name(&head.column_type))
                    }));
                }
                ("Rows", Some(table)) => {
                    members.next_value_seed(Rows::<N>(&mut table.columns, PhantomData))?;
                }
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct Rows<'a, N>(&'a mut [TypedColumn], PhantomData<N>);

impl<'de, N: Nested> DeserializeSeed<'de> for Rows<'_, N> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de, N: Nested> Visitor<'de> for Rows<'_, N> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while rows.next_element_seed(Row::<N>(self.0, PhantomData))?.is_some() {}
        Ok(())
    }
}

struct Row<'a, N>(&'a mut [TypedColumn], PhantomData<N>);

impl<'de, N: Nested> DeserializeSeed<'de> for Row<'_, N> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de, N: Nested> Visitor<'de> for Row<'_, N> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<(), A::Error> {
        for column in self.0 {
            if cells.next_element_seed(Cell::<N>(column, PhantomData))?.is_none() {
                return Err(A::Error::custom("a row is too short"));
            }
        }
        match cells.next_element::<IgnoredAny>()? {
            Some(_) => Err(A::Error::custom("a row is too long")),
            None => Ok(()),
        }
    }
}

struct Cell<'a, N>(&'a mut TypedColumn, PhantomData<N>);

impl<'de, N: Nested> DeserializeSeed<'de> for Cell<'_, N> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        if *self.0.column_type() == ColumnType::Dynamic {
            N::read(json, self.0)
        } else {
            json.deserialize_any(Scalar(self.0))
        }
    }
}

struct Scalar<'a>(&'a mut TypedColumn);

impl Scalar<'_> {
    #[inline]
    fn push<E: Error>(self, push: impl FnOnce(&mut TypedColumn) -> Option<()>) -> Result<(), E> {
        push(self.0).ok_or_else(|| E::custom("a cell of another type"))
    }
}

impl<'de> Visitor<'de> for Scalar<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cell")
    }

    #[inline]
    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.push_null();
        Ok(())
    }

    #[inline]
    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.push(|column| column.push_bool(flag))
    }

    #[inline]
    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.push(|column| column.push_i64(number))
    }

    #[inline]
    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.push(|column| column.push_i64(i64::try_from(number).ok()?))
    }

    #[inline]
    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.push(|column| column.push_f64(number))
    }

    #[inline]
    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.push(|column| column.push_str(text.as_bytes()))
    }
}

/// A dynamic value whose text is lost.
struct NestedValue<'a>(&'a mut TypedColumn);

impl NestedValue<'_> {
    fn push<E: Error>(self, text: &impl fmt::Display) -> Result<(), E> {
        let pushed = self.0.push_str(text.to_string().as_bytes());
        pushed.ok_or_else(|| E::custom("a dynamic value"))
    }

    fn write<E: Error>(self, write: impl FnOnce(Json<'_>) -> Result<(), E>) -> Result<(), E> {
        let mut written = Ok(());
        self.0.push_with(|text| written = write(Json(text)));
        written
    }
}

impl<'de> Visitor<'de> for NestedValue<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a dynamic value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.push_null();
        Ok(())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.push(&flag)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.push(&number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.push(&number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.push(&number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.push(&text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        self.write(|json| json.visit_seq(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        self.write(|json| json.visit_map(members))
    }
}

/// Writes what it visits as JSON.
struct Json<'a>(&'a mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Json<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl Json<'_> {
    /// Writes with serde_json, which does not fail in memory.
    fn put<E>(self, value: &(impl serde::Serialize + ?Sized)) -> Result<(), E> {
        serde_json::to_writer(self.0, value).unwrap_or_default();
        Ok(())
    }
}

impl<'de> Visitor<'de> for Json<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.put(&())
    }

    fn visit_bool<E>(self, flag: bool) -> Result<(), E> {
        self.put(&flag)
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.put(&number)
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.put(&number)
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.put(&number)
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.put(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.0.push(b'[');
        while elements.next_element_seed(Json(self.0))?.is_some() {
            self.0.push(b',');
        }
        close(self.0, b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.0.push(b'{');
        while members.next_key_seed(Json(self.0))?.is_some() {
            self.0.push(b':');
            members.next_value_seed(Json(self.0))?;
            self.0.push(b',');
        }
        close(self.0, b'}');
        Ok(())
    }
}

/// Puts the bracket in the place of the last comma, if there is one.
fn close(text: &mut Vec<u8>, bracket: u8) {
    if text.last() == Some(&b',') {
        text.pop();
    }
    text.push(bracket);
}
