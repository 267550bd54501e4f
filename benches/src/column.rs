//! Typed columns as every decoder here fills them.

mod scalar;

use kusto_protocol::{Column, ColumnType};

/// A column under construction, in Arrow's layout.
#[derive(Clone, Debug)]
pub struct TypedColumn {
    column_type: ColumnType,
    values: Values,
    validity: Vec<u8>,
    len: usize,
    null_count: usize,
}

/// The values of a column; where there is a null, something of no meaning.
#[derive(Clone, Debug)]
pub enum Values {
    /// Bits, least significant first.
    Bool(Vec<u8>),
    /// `int`.
    Int(Vec<i32>),
    /// `long`, and the ticks of `datetime` and `timespan`.
    Long(Vec<i64>),
    /// `real`.
    Real(Vec<f64>),
    /// `guid`, in the order of its text.
    Guid(Vec<[u8; 16]>),
    /// `string`, `decimal` and `dynamic`.
    Text {
        /// Where each text begins, and where the last one ends.
        offsets: Vec<u32>,
        /// All texts together.
        bytes: Vec<u8>,
    },
}

impl TypedColumn {
    /// An empty column.
    #[must_use]
    pub fn new(column: &Column) -> Self {
        Self {
            column_type: column.column_type.clone(),
            values: match column.column_type {
                ColumnType::Bool => Values::Bool(Vec::new()),
                ColumnType::Int => Values::Int(Vec::new()),
                ColumnType::Long | ColumnType::DateTime | ColumnType::Timespan => Values::Long(Vec::new()),
                ColumnType::Real => Values::Real(Vec::new()),
                ColumnType::Guid => Values::Guid(Vec::new()),
                _ => Values::Text {
                    offsets: vec![0],
                    bytes: Vec::new(),
                },
            },
            validity: Vec::new(),
            len: 0,
            null_count: 0,
        }
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        match &mut self.values {
            Values::Bool(bits) => bits.clear(),
            Values::Int(numbers) => numbers.clear(),
            Values::Long(numbers) => numbers.clear(),
            Values::Real(numbers) => numbers.clear(),
            Values::Guid(guids) => guids.clear(),
            Values::Text { offsets, bytes } => {
                offsets.truncate(1);
                bytes.clear();
            }
        }
        self.validity.clear();
        self.len = 0;
        self.null_count = 0;
    }

    /// The type on the wire.
    #[must_use]
    pub const fn column_type(&self) -> &ColumnType {
        &self.column_type
    }

    /// The values.
    #[must_use]
    pub const fn values(&self) -> &Values {
        &self.values
    }

    /// The number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of nulls.
    #[must_use]
    pub const fn null_count(&self) -> usize {
        self.null_count
    }

    /// Whether there is a value in the row.
    #[must_use]
    pub fn is_valid(&self, row: usize) -> bool {
        self.validity[row / 8] >> (row % 8) & 1 == 1
    }

    /// Appends a null.
    #[inline]
    pub fn push_null(&mut self) {
        match &mut self.values {
            Values::Bool(bits) => push_bit(bits, self.len, false),
            Values::Int(numbers) => numbers.push(0),
            Values::Long(numbers) => numbers.push(0),
            Values::Real(numbers) => numbers.push(0.0),
            Values::Guid(guids) => guids.push([0; 16]),
            Values::Text { offsets, bytes } => offsets.push(bytes.len() as u32),
        }
        self.end(false);
    }

    /// Appends a whole number; `None` if the column takes none, or none of this size.
    #[inline]
    pub fn push_i64(&mut self, number: i64) -> Option<()> {
        match &mut self.values {
            Values::Int(numbers) => numbers.push(i32::try_from(number).ok()?),
            Values::Long(numbers) => numbers.push(number),
            Values::Real(numbers) => numbers.push(number as f64),
            Values::Bool(bits) => push_bit(bits, self.len, number != 0),
            _ => return None,
        }
        self.end(true);
        Some(())
    }

    /// Appends a real; `None` if the column takes none.
    #[inline]
    pub fn push_f64(&mut self, number: f64) -> Option<()> {
        let Values::Real(numbers) = &mut self.values else {
            return None;
        };
        numbers.push(number);
        self.end(true);
        Some(())
    }

    /// Appends a flag; `None` if the column takes none.
    #[inline]
    pub fn push_bool(&mut self, flag: bool) -> Option<()> {
        let Values::Bool(bits) = &mut self.values else {
            return None;
        };
        push_bit(bits, self.len, flag);
        self.end(true);
        Some(())
    }

    /// Appends an identifier; `None` if the column takes none.
    pub fn push_guid(&mut self, guid: [u8; 16]) -> Option<()> {
        let Values::Guid(guids) = &mut self.values else {
            return None;
        };
        guids.push(guid);
        self.end(true);
        Some(())
    }

    /// Appends what the content of a JSON string means in this column; `None` if it means nothing.
    #[inline]
    pub fn push_str(&mut self, text: &[u8]) -> Option<()> {
        match &mut self.values {
            Values::Text { offsets, bytes } => {
                bytes.extend_from_slice(text);
                offsets.push(bytes.len() as u32);
            }
            Values::Long(numbers) if self.column_type == ColumnType::DateTime => {
                numbers.push(scalar::datetime(text)?);
            }
            Values::Long(numbers) if self.column_type == ColumnType::Timespan => {
                numbers.push(scalar::timespan(text)?);
            }
            Values::Guid(guids) => guids.push(scalar::guid(text)?),
            _ => return None,
        }
        self.end(true);
        Some(())
    }

    /// Appends a text that `write` writes; `None` if the column takes none.
    pub fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Option<()> {
        let Values::Text { offsets, bytes } = &mut self.values else {
            return None;
        };
        write(bytes);
        offsets.push(bytes.len() as u32);
        self.end(true);
        Some(())
    }

    #[inline]
    fn end(&mut self, valid: bool) {
        push_bit(&mut self.validity, self.len, valid);
        self.len += 1;
        self.null_count += usize::from(!valid);
    }
}

#[inline]
fn push_bit(bits: &mut Vec<u8>, at: usize, bit: bool) {
    if at.is_multiple_of(8) {
        bits.push(u8::from(bit));
    } else if let Some(last) = bits.last_mut() {
        *last |= u8::from(bit) << (at % 8);
    }
}
