//! Rows into Rust types, with serde.

mod cell;
mod json;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Expected, MapAccess, SeqAccess, Visitor};

use self::cell::CellDeserializer;
use super::{Row, RowBatch};
use crate::ConversionError;
use crate::scalar::serde_name;

impl RowBatch {
    /// Turns each row into a `T`, which may borrow from the batch.
    ///
    /// | `T` | from |
    /// |---|---|
    /// | struct | the columns named like its fields; other columns are ignored, of two of the same name the first counts |
    /// | tuple, tuple struct, array | all columns in order; their number must be the same |
    /// | `Vec` | all columns in order |
    /// | map, `serde_json::Value` | all columns by name |
    /// | a single value, or a newtype of one | the only column |
    ///
    /// | a field of type | takes |
    /// |---|---|
    /// | integers | `int` and `long` if the number is in range |
    /// | `f64`, `f32` | `real`, `decimal` (nearest), `int` and `long` if `f64` holds the number exactly |
    /// | `bool` | `bool` |
    /// | `&str` | `string`; `decimal` and `dynamic` as their text |
    /// | `String` | the same; `datetime`, `timespan` and `guid` as the service writes them |
    /// | [`DateTime`](crate::DateTime), [`Timespan`](crate::Timespan), [`Guid`](crate::Guid), [`Decimal`](crate::Decimal) | their type, or a `string` holding one |
    /// | types of date, time, uuid and decimal crates that read text | the same |
    /// | enum | the variant that a `string` or `dynamic` names |
    /// | struct, map, `Vec`, number, `bool`, … | a `dynamic` of that shape |
    /// | `Option` of these | the same, and null |
    /// | `serde_json::Value` | anything |
    ///
    /// A null is an error unless the field is an `Option`. Only `string` has none: should the wire hold a null
    /// all the same, it is `""` for a `String`, and `None` for an `Option`. A missing column is an error unless the
    /// field is an `Option` or has a default.
    ///
    /// # Errors
    ///
    /// For each row by itself: which column does not fit, what was wanted and what was found.
    ///
    /// # Example
    ///
    /// ```
    /// use kusto_protocol::{Column, ColumnType, RowBatchBuilder, Value};
    ///
    /// let columns = [
    ///     Column::new("State", ColumnType::String),
    ///     Column::new("Deaths", ColumnType::Long),
    ///     Column::new("Tags", ColumnType::Dynamic),
    /// ];
    /// let mut builder = RowBatchBuilder::new(columns.into());
    /// builder.push_row(&[Value::String("TEXAS"), Value::Long(3), Value::Dynamic(r#"["hail","wind"]"#)])?;
    /// builder.push_row(&[Value::String("IOWA"), Value::Long(300), Value::Null])?;
    /// let batch = builder.finish();
    ///
    /// #[derive(serde::Deserialize)]
    /// #[serde(rename_all = "PascalCase")]
    /// struct Storm<'a> {
    ///     state: &'a str,
    ///     deaths: u8,
    ///     tags: Option<Vec<String>>,
    /// }
    ///
    /// let mut storms = batch.deserialize::<Storm>();
    /// let first = storms.next().unwrap()?;
    /// assert_eq!((first.state, first.deaths), ("TEXAS", 3));
    /// assert_eq!(first.tags.unwrap(), ["hail", "wind"]);
    ///
    /// let error = storms.next().unwrap().err().unwrap();
    /// assert_eq!(error.to_string(), "column Deaths, row 1: wanted u8, found long 300");
    /// # Ok::<(), kusto_protocol::ConversionError>(())
    /// ```
    pub fn deserialize<'de, T: Deserialize<'de>>(
        &'de self,
    ) -> impl ExactSizeIterator<Item = Result<T, ConversionError>> {
        let mut plan = Plan::default();
        self.rows().map(move |row| {
            let value = row.deserialize_with(&mut plan);
            if plan.order == Order::Open && value.is_ok() {
                plan.settle::<T>(row);
            }
            value
        })
    }
}

impl<'de> Row<'de> {
    /// Turns the row into a `T`, by the rules of [`RowBatch::deserialize`], which is faster for many rows.
    ///
    /// # Errors
    ///
    /// Which column does not fit, what was wanted and what was found.
    pub fn deserialize<T: Deserialize<'de>>(&self) -> Result<T, ConversionError> {
        self.deserialize_with(&mut Plan::default())
    }

    #[inline]
    fn deserialize_with<T: Deserialize<'de>>(self, plan: &mut Plan) -> Result<T, ConversionError> {
        T::deserialize(RowDeserializer { row: self, plan }).map_err(|error| error.at(None, self.index))
    }
}

/// Which columns the fields of a struct come from: worked out with the first row, true for all of a batch.
#[derive(Default)]
struct Plan {
    fields: &'static [&'static str],
    /// The columns that fields are named like, in the order of the columns.
    columns: Vec<usize>,
    /// The column of each field, in the order of the fields; empty if one has none.
    by_field: Vec<usize>,
    order: Order,
}

/// How a struct gets its fields. By position spares comparing names for each cell.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Order {
    /// By name; not known yet whether it can be by position.
    #[default]
    Open,
    Named,
    ByField,
}

impl Plan {
    fn prepare(&mut self, row: &Row<'_>, fields: &'static [&'static str]) {
        if std::ptr::eq(self.fields, fields) {
            return;
        }
        let columns = row.columns();
        let place = |name: &str| columns.iter().position(|column| column.name == name);
        self.fields = fields;
        self.columns = (0..columns.len())
            .filter(|index| {
                let name = columns[*index].name.as_str();
                fields.contains(&name) && place(name) == Some(*index)
            })
            .collect();
        self.by_field = fields.iter().map_while(|field| place(field)).collect();
        if self.by_field.len() < fields.len() {
            self.by_field.clear();
        }
        self.order = Order::Open;
    }

    /// Finds out with a row that could be read by name whether it can be read by position.
    ///
    /// What serde derives can, and takes fields in the order that it gives. A field that goes by two names takes one
    /// of them only, so a struct of that kind was refused by name if both are there. What is written by hand may know
    /// names only.
    fn settle<'de, T: Deserialize<'de>>(&mut self, row: Row<'de>) {
        self.order = Order::Named;
        if !self.by_field.is_empty() {
            self.order = Order::ByField;
            if row.deserialize_with::<T>(self).is_err() {
                self.order = Order::Named;
            }
        }
    }
}

struct RowDeserializer<'de, 'plan> {
    row: Row<'de>,
    plan: &'plan mut Plan,
}

impl<'de> RowDeserializer<'de, '_> {
    /// Reads a single value from the only cell of the row.
    fn only_cell<V: Visitor<'de>>(
        &self,
        visitor: V,
        read: impl FnOnce(CellDeserializer<'de>, V) -> Result<V::Value, ConversionError>,
    ) -> Result<V::Value, ConversionError> {
        match self.row.columns().len() {
            1 => read_cell(self.row, 0, |cell| read(cell, visitor)),
            columns => Err(ConversionError::mismatch(
                (&visitor as &dyn Expected).to_string(),
                format!("a row of {columns} columns"),
            )),
        }
    }

    fn tuple<V: Visitor<'de>>(&self, len: usize, visitor: V) -> Result<V::Value, ConversionError> {
        let columns = self.row.columns().len();
        if len == columns {
            visitor.visit_seq(Cells::new(self.row, 0..columns))
        } else {
            Err(ConversionError::row_width(self.row.index, len, columns))
        }
    }
}

macro_rules! from_the_only_cell {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
            self.only_cell(visitor, |cell, visitor| cell.$method(visitor))
        }
    )*};
}

impl<'de> Deserializer<'de> for RowDeserializer<'de, '_> {
    type Error = ConversionError;

    from_the_only_cell! {
        deserialize_bool
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
        deserialize_identifier
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        match self.row.batch.arrays.as_slice() {
            [only] if CellDeserializer::new(only, self.row.index).is_null() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        if serde_name::is_scalar(name) {
            self.only_cell(visitor, |cell, visitor| {
                cell.deserialize_newtype_struct(name, visitor)
            })
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        self.tuple(self.row.columns().len(), visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ConversionError> {
        self.tuple(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        self.tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        visitor.visit_map(Cells::new(self.row, 0..self.row.columns().len()))
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        self.plan.prepare(&self.row, fields);
        if self.plan.order == Order::ByField {
            visitor.visit_seq(Cells::new(self.row, self.plan.by_field.iter().copied()))
        } else {
            visitor.visit_map(Cells::new(self.row, self.plan.columns.iter().copied()))
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        self.only_cell(visitor, |cell, visitor| {
            cell.deserialize_enum(name, variants, visitor)
        })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConversionError> {
        visitor.visit_unit()
    }
}

/// Some cells of a row, one after the other.
struct Cells<'de, I> {
    row: Row<'de>,
    columns: I,
    /// The column whose name was given, and whose value comes next.
    current: usize,
}

impl<'de, I: ExactSizeIterator<Item = usize>> Cells<'de, I> {
    const fn new(row: Row<'de>, columns: I) -> Self {
        Self {
            row,
            columns,
            current: 0,
        }
    }
}

impl<'de, I: ExactSizeIterator<Item = usize>> MapAccess<'de> for Cells<'de, I> {
    type Error = ConversionError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ConversionError> {
        let Some(index) = self.columns.next() else {
            return Ok(None);
        };
        self.current = index;
        let name = self.row.batch.columns[index].name.as_str();
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ConversionError> {
        read_cell(self.row, self.current, |cell| seed.deserialize(cell))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.columns.len())
    }
}

impl<'de, I: ExactSizeIterator<Item = usize>> SeqAccess<'de> for Cells<'de, I> {
    type Error = ConversionError;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ConversionError> {
        self.columns
            .next()
            .map(|index| read_cell(self.row, index, |cell| seed.deserialize(cell)))
            .transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.columns.len())
    }
}

/// Reads a cell of an existing column. Its place becomes part of the error, and what is in it.
#[inline]
fn read_cell<'de, T>(
    row: Row<'de>,
    index: usize,
    read: impl FnOnce(CellDeserializer<'de>) -> Result<T, ConversionError>,
) -> Result<T, ConversionError> {
    let cell = CellDeserializer::new(&row.batch.arrays[index], row.index);
    read(cell).map_err(|error| in_cell(error, cell, row, index))
}

#[cold]
fn in_cell(
    error: ConversionError,
    cell: CellDeserializer<'_>,
    row: Row<'_>,
    index: usize,
) -> ConversionError {
    error
        .found(|| cell.description())
        .at(Some(&row.batch.columns[index].name), row.index)
}
