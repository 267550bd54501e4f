//! Rows to groups: a number for each distinct combination of keys.

use std::sync::Arc;

use ahash::RandomState;
use arrow_array::builder::Int64Builder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, StringArray};
use arrow_buffer::OffsetBuffer;
use arrow_row::{RowConverter, Rows, SortField};
use arrow_schema::DataType;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::Result;
use crate::error::EvalError;

/// The distinct combinations of keys seen so far, numbered in the order they came.
pub(super) struct Groups {
    keys: Keys,
    hasher: RandomState,
}

/// Ways of keeping keys: the common single columns need no encoding.
enum Keys {
    /// No keys: all rows are one group.
    None,
    /// One column of text.
    Text(TextKeys),
    /// One column of 64 bits.
    Number {
        table: HashTable<u32>,
        values: Vec<Option<i64>>,
    },
    /// Anything else, as rows of bytes.
    Rows {
        table: HashTable<u32>,
        converter: RowConverter,
        rows: Rows,
    },
}

/// Texts of groups, one after the other. A null, which only `dynamic` has, is kept apart.
struct TextKeys {
    table: HashTable<u32>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    null: Option<u32>,
}

impl TextKeys {
    fn get(&self, group: u32) -> &[u8] {
        text_at(&self.bytes, &self.ends, group)
    }
}

fn text_at<'a>(bytes: &'a [u8], ends: &[usize], group: u32) -> &'a [u8] {
    let group = group as usize;
    let start = if group == 0 { 0 } else { ends[group - 1] };
    &bytes[start..ends[group]]
}

impl Groups {
    /// No groups yet, for keys of these types.
    pub(super) fn new(types: &[DataType]) -> Result<Self> {
        let keys = match types {
            [] => Keys::None,
            [DataType::Utf8] => Keys::Text(TextKeys {
                table: HashTable::new(),
                bytes: Vec::new(),
                ends: Vec::new(),
                null: None,
            }),
            [DataType::Int64] => Keys::Number {
                table: HashTable::new(),
                values: Vec::new(),
            },
            _ => {
                let fields = types.iter().cloned().map(SortField::new).collect();
                let converter = RowConverter::new(fields)?;
                Keys::Rows {
                    rows: converter.empty_rows(0, 0),
                    table: HashTable::new(),
                    converter,
                }
            }
        };
        Ok(Self {
            keys,
            hasher: RandomState::with_seeds(1, 2, 3, 4),
        })
    }

    /// The number of groups.
    pub(super) fn len(&self) -> usize {
        match &self.keys {
            Keys::None => 1,
            Keys::Text(keys) => keys.ends.len(),
            Keys::Number { values, .. } => values.len(),
            Keys::Rows { rows, .. } => rows.num_rows(),
        }
    }

    /// The group of each row, into `groups`. Keys not seen before make new groups.
    pub(super) fn assign(&mut self, keys: &[ArrayRef], num_rows: usize, groups: &mut Vec<u32>) -> Result<()> {
        groups.clear();
        groups.reserve(num_rows);
        if self.len() + num_rows > u32::MAX as usize {
            return Err(EvalError::limit(
                "There are more groups than the engine can number.",
            ));
        }
        let hasher = &self.hasher;
        match &mut self.keys {
            Keys::None => groups.resize(num_rows, 0),
            Keys::Text(known) => {
                let texts = keys[0].as_string::<i32>();
                for row in 0..num_rows {
                    if texts.is_null(row) {
                        let next = known.ends.len() as u32;
                        let group = *known.null.get_or_insert(next);
                        if group == next {
                            known.ends.push(known.bytes.len());
                        }
                        groups.push(group);
                        continue;
                    }
                    let text = texts.value(row).as_bytes();
                    let (bytes, ends, null) = (&known.bytes, &known.ends, known.null);
                    let entry = known.table.entry(
                        hasher.hash_one(text),
                        |&group| Some(group) != null && text_at(bytes, ends, group) == text,
                        |&group| hasher.hash_one(text_at(bytes, ends, group)),
                    );
                    let group = match entry {
                        Entry::Occupied(entry) => *entry.get(),
                        Entry::Vacant(entry) => {
                            let group = ends.len() as u32;
                            entry.insert(group);
                            known.bytes.extend_from_slice(text);
                            known.ends.push(known.bytes.len());
                            group
                        }
                    };
                    groups.push(group);
                }
            }
            Keys::Number { table, values } => {
                for value in keys[0].as_primitive::<Int64Type>() {
                    let entry = table.entry(
                        hasher.hash_one(value),
                        |&group| values[group as usize] == value,
                        |&group| hasher.hash_one(values[group as usize]),
                    );
                    let group = match entry {
                        Entry::Occupied(entry) => *entry.get(),
                        Entry::Vacant(entry) => {
                            let group = values.len() as u32;
                            entry.insert(group);
                            values.push(value);
                            group
                        }
                    };
                    groups.push(group);
                }
            }
            Keys::Rows {
                table,
                converter,
                rows,
            } => {
                let batch = converter.convert_columns(keys)?;
                for row in batch.iter() {
                    let entry = table.entry(
                        hasher.hash_one(row.data()),
                        |&group| rows.row(group as usize) == row,
                        |&group| hasher.hash_one(rows.row(group as usize).data()),
                    );
                    let group = match entry {
                        Entry::Occupied(entry) => *entry.get(),
                        Entry::Vacant(entry) => {
                            let group = rows.num_rows() as u32;
                            entry.insert(group);
                            rows.push(row);
                            group
                        }
                    };
                    groups.push(group);
                }
            }
        }
        Ok(())
    }

    /// The group of each row, if its keys have been seen; no new groups are made.
    pub(super) fn find(&self, keys: &[ArrayRef], num_rows: usize) -> Result<Vec<Option<u32>>> {
        let hasher = &self.hasher;
        Ok(match &self.keys {
            Keys::None => vec![Some(0); num_rows],
            Keys::Text(known) => {
                let texts = keys[0].as_string::<i32>();
                let find = |text: Option<&str>| match text {
                    None => known.null,
                    Some(text) => known
                        .table
                        .find(hasher.hash_one(text.as_bytes()), |&group| {
                            known.get(group) == text.as_bytes()
                        })
                        .copied(),
                };
                texts.iter().map(find).collect()
            }
            Keys::Number { table, values } => keys[0]
                .as_primitive::<Int64Type>()
                .iter()
                .map(|value| {
                    let found = table.find(hasher.hash_one(value), |&group| values[group as usize] == value);
                    found.copied()
                })
                .collect(),
            Keys::Rows {
                table,
                converter,
                rows,
            } => {
                let batch = converter.convert_columns(keys)?;
                let find = |row: arrow_row::Row<'_>| {
                    let found = table.find(hasher.hash_one(row.data()), |&group| {
                        rows.row(group as usize) == row
                    });
                    found.copied()
                };
                batch.iter().map(find).collect()
            }
        })
    }

    /// The keys of all groups, in the order of their numbers.
    pub(super) fn into_columns(self) -> Result<Vec<ArrayRef>> {
        Ok(match self.keys {
            Keys::None => Vec::new(),
            Keys::Text(keys) => {
                let too_large = || EvalError::limit("The keys of the groups take more than 2 GiB.");
                let mut offsets = Vec::with_capacity(keys.ends.len() + 1);
                offsets.push(0);
                for end in &keys.ends {
                    offsets.push(i32::try_from(*end).map_err(|_| too_large())?);
                }
                let nulls = keys.null.map(|null| {
                    (0..keys.ends.len())
                        .map(|group| group != null as usize)
                        .collect::<arrow_buffer::NullBuffer>()
                });
                // The bytes were texts one by one; `try_new` checks them again.
                let array =
                    StringArray::try_new(OffsetBuffer::new(offsets.into()), keys.bytes.into(), nulls)?;
                vec![Arc::new(array)]
            }
            Keys::Number { values, .. } => {
                let mut builder = Int64Builder::with_capacity(values.len());
                values.into_iter().for_each(|value| builder.append_option(value));
                vec![Arc::new(builder.finish())]
            }
            Keys::Rows { converter, rows, .. } => converter.convert_rows(rows.iter())?,
        })
    }
}
