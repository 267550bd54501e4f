//! Rows into Rust types, with serde.

mod cell;
mod json;

use std::borrow::Borrow;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Expected, MapAccess, SeqAccess, Visitor};

use self::cell::{CellDeserializer, CellSource, RowPlace};
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
        self.rows().map(move |row| plan.read(row))
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
    fn deserialize_with<T: Deserialize<'de>>(self, plan: &mut Plan<'de>) -> Result<T, ConversionError> {
        match T::deserialize(RowDeserializer { row: self, plan }) {
            Ok(value) => Ok(value),
            Err(error) => plan.read_again(self, error),
        }
    }
}

/// Which columns the fields of a struct come from: worked out with the first row, true for all of a batch.
#[derive(Default)]
struct Plan<'de> {
    fields: &'static [&'static str],
    /// The column of each field, in the order of the fields, up to the first field that has none.
    by_field: Vec<CellSource<'de>>,
    /// The columns that fields are named like, in the order of the columns; worked out when they are asked for.
    by_name: Option<Vec<CellSource<'de>>>,
    order: Order,
    /// Fields that the last row left where it gave them by position.
    left: usize,
}

/// How structs get their fields. By position spares comparing names for each cell.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Order {
    /// By name; not known yet whether it can be by position.
    #[default]
    Open,
    Named,
    /// Those of the row by position, those of nested values by name.
    ByField,
    /// Those of nested values by position too, if their members are the fields in their order. A row of which that is
    /// not true fails.
    AllByField,
}

impl<'de> Plan<'de> {
    fn prepare(&mut self, row: Row<'de>, fields: &'static [&'static str]) {
        if std::ptr::eq(self.fields, fields) {
            return;
        }
        if !self.fields.is_empty() {
            // Not the struct that the first row was read into.
            self.order = Order::Open;
        }
        self.fields = fields;
        self.by_field = fields
            .iter()
            .map_while(|field| place(row, field))
            .map(|index| CellSource::new(row.batch, index))
            .collect();
        self.by_name = None;
    }

    #[inline]
    fn read<T: Deserialize<'de>>(&mut self, row: Row<'de>) -> Result<T, ConversionError> {
        if self.order == Order::Open {
            return self.read_first(row);
        }
        row.deserialize_with(self)
    }

    /// Reads a row by position if that can be, and else by name, and leaves it at that for the rows to come.
    ///
    /// What serde derives can, and takes fields in the order that it gives. A field that goes by two names takes one
    /// of them only, so a struct of that kind leaves a name. What is written by hand may know names only.
    #[cold]
    fn read_first<T: Deserialize<'de>>(&mut self, row: Row<'de>) -> Result<T, ConversionError> {
        for order in [Order::AllByField, Order::ByField] {
            (self.order, self.left) = (order, 0);
            let value = T::deserialize(RowDeserializer { row, plan: self });
            if value.is_ok() && self.left == 0 {
                return value;
            }
        }
        self.order = Order::Open;
        let value = row.deserialize_with(self)?;
        self.order = Order::Named;
        Ok(value)
    }

    /// Reads a row that could not be read in this order in another one, if there is one.
    // Called where the error is, as large structs would be moved before they are looked at.
    #[cold]
    fn read_again<T: Deserialize<'de>>(
        &mut self,
        row: Row<'de>,
        error: ConversionError,
    ) -> Result<T, ConversionError> {
        if self.order == Order::AllByField {
            self.order = Order::ByField;
            return row.deserialize_with(self);
        }
        Err(error.at(None, row.index))
    }
}

/// The first column of this name.
fn place(row: Row<'_>, name: &str) -> Option<usize> {
    row.columns().iter().position(|column| column.name == name)
}

/// The columns that fields are named like.
fn by_name<'de>(row: Row<'de>, fields: &[&str]) -> Vec<CellSource<'de>> {
    let columns = row.columns().iter().enumerate();
    columns
        .filter(|(index, column)| {
            fields.contains(&column.name.as_str()) && place(row, &column.name) == Some(*index)
        })
        .map(|(index, _)| CellSource::new(row.batch, index))
        .collect()
}

struct RowDeserializer<'de, 'plan> {
    row: Row<'de>,
    plan: &'plan mut Plan<'de>,
}

impl<'de> RowDeserializer<'de, '_> {
    /// Reads a single value from the only cell of the row.
    fn only_cell<V: Visitor<'de>>(
        &self,
        visitor: V,
        read: impl FnOnce(CellDeserializer<'de, '_>, V) -> Result<V::Value, ConversionError>,
    ) -> Result<V::Value, ConversionError> {
        match self.row.columns().len() {
            1 => {
                let only = CellSource::new(self.row.batch, 0);
                Cells::new(self.row, false, [&only].into_iter()).read(&only, |cell| read(cell, visitor))
            }
            columns => Err(ConversionError::mismatch(
                (&visitor as &dyn Expected).to_string(),
                format!("a row of {columns} columns"),
            )),
        }
    }

    fn all_cells(&self) -> Cells<'de, impl ExactSizeIterator<Item = CellSource<'de>>> {
        let batch = self.row.batch;
        let sources = (0..batch.arrays.len()).map(|index| CellSource::new(batch, index));
        Cells::new(self.row, false, sources)
    }

    fn tuple<V: Visitor<'de>>(&self, len: usize, visitor: V) -> Result<V::Value, ConversionError> {
        let columns = self.row.columns().len();
        if len == columns {
            visitor.visit_seq(self.all_cells())
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
            [_] if CellSource::new(self.row.batch, 0).is_null(self.row.index) => visitor.visit_none(),
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
        visitor.visit_map(self.all_cells())
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConversionError> {
        self.plan.prepare(self.row, fields);
        let Plan {
            by_field,
            by_name: columns,
            order,
            left,
            ..
        } = self.plan;
        match order {
            Order::ByField | Order::AllByField if by_field.len() == fields.len() => {
                let nested = *order == Order::AllByField;
                let mut cells = Cells::new(self.row, nested, by_field.iter());
                let value = visitor.visit_seq(&mut cells);
                *left = cells.sources.len();
                value
            }
            _ => {
                let columns = columns.get_or_insert_with(|| by_name(self.row, fields));
                visitor.visit_map(Cells::new(self.row, false, columns.iter()))
            }
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
    batch: &'de RowBatch,
    place: RowPlace,
    sources: I,
    /// The column of which the name was given and the value comes next.
    named: usize,
}

impl<'de, S, I> Cells<'de, I>
where
    S: Borrow<CellSource<'de>>,
    I: ExactSizeIterator<Item = S>,
{
    const fn new(row: Row<'de>, by_position: bool, sources: I) -> Self {
        Self {
            batch: row.batch,
            place: RowPlace {
                row: row.index,
                by_position,
            },
            sources,
            named: 0,
        }
    }

    /// Reads a cell. Its place becomes part of the error, and what is in it.
    #[inline]
    fn read<T>(
        &self,
        source: &CellSource<'de>,
        read: impl FnOnce(CellDeserializer<'de, '_>) -> Result<T, ConversionError>,
    ) -> Result<T, ConversionError> {
        read(CellDeserializer::new(source, &self.place)).map_err(|error| self.in_cell(error, source))
    }

    #[cold]
    fn in_cell(&self, error: ConversionError, source: &CellSource<'de>) -> ConversionError {
        error
            .found(|| CellDeserializer::new(source, &self.place).description())
            .at(Some(&self.batch.columns[source.index()].name), self.place.row)
    }
}

impl<'de, S, I> MapAccess<'de> for Cells<'de, I>
where
    S: Borrow<CellSource<'de>>,
    I: ExactSizeIterator<Item = S>,
{
    type Error = ConversionError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ConversionError> {
        let Some(source) = self.sources.next() else {
            return Ok(None);
        };
        self.named = source.borrow().index();
        let name = self.batch.columns[self.named].name.as_str();
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ConversionError> {
        let source = CellSource::new(self.batch, self.named);
        self.read(&source, |cell| seed.deserialize(cell))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.sources.len())
    }
}

impl<'de, S, I> SeqAccess<'de> for Cells<'de, I>
where
    S: Borrow<CellSource<'de>>,
    I: ExactSizeIterator<Item = S>,
{
    type Error = ConversionError;

    #[inline]
    fn next_element_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<Option<V::Value>, ConversionError> {
        let Some(source) = self.sources.next() else {
            return Ok(None);
        };
        self.read(source.borrow(), |cell| seed.deserialize(cell))
            .map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.sources.len())
    }
}
