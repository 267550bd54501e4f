//! Rows to groups: a number for each distinct combination of keys.

mod number;
mod text;

use std::sync::Arc;

use ahash::RandomState;
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, StringArray};
use arrow_row::{Row, RowConverter, Rows, SortField};
use arrow_schema::DataType;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use kusto_protocol::ColumnType;

use super::Result;
use crate::error::EvalError;
use crate::function::key::canonical_decimal;
use number::NumberKeys;
use text::TextKeys;

/// The values of a column in a form that only equal values share: `1` and `1.0` are one decimal.
pub(super) fn keys(values: ArrayRef, ty: &ColumnType) -> ArrayRef {
    if *ty != ColumnType::Decimal {
        return values;
    }
    let texts = values.as_string::<i32>().iter();
    Arc::new(
        texts
            .map(|text| Some(canonical_decimal(text?)))
            .collect::<StringArray>(),
    )
}

/// Stands for a group that is not there.
pub(super) const NONE: u32 = u32::MAX;

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
    Number(NumberKeys),
    /// Anything else, as rows of bytes.
    Rows {
        table: HashTable<u32>,
        converter: RowConverter,
        rows: Rows,
    },
}

impl Groups {
    /// No groups yet, for keys of these types.
    pub(super) fn new(types: &[DataType]) -> Result<Self> {
        let keys = match types {
            [] => Keys::None,
            [DataType::Utf8] => Keys::Text(TextKeys::default()),
            [DataType::Int64] => Keys::Number(NumberKeys::default()),
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
            Keys::Text(keys) => keys.len(),
            Keys::Number(keys) => keys.len(),
            Keys::Rows { rows, .. } => rows.num_rows(),
        }
    }

    /// The group of each row, into `groups`. Keys not seen before make new groups.
    pub(super) fn assign(&mut self, keys: &[ArrayRef], num_rows: usize, groups: &mut Vec<u32>) -> Result<()> {
        groups.clear();
        groups.reserve(num_rows);
        if self.len() + num_rows >= NONE as usize {
            return Err(EvalError::limit(
                "There are more groups than the engine can number.",
            ));
        }
        let hasher = &self.hasher;
        match &mut self.keys {
            Keys::None => groups.resize(num_rows, 0),
            Keys::Text(known) => known.assign(&keys[0], hasher, groups),
            Keys::Number(known) => known.assign(&keys[0], hasher, groups),
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

    /// The group of each row, [`NONE`] for keys that have not been seen; no new groups are made.
    pub(super) fn find(&self, keys: &[ArrayRef], num_rows: usize) -> Result<Vec<u32>> {
        let hasher = &self.hasher;
        Ok(match &self.keys {
            Keys::None => vec![0; num_rows],
            Keys::Text(known) => known.find(&keys[0], hasher),
            Keys::Number(known) => known.find(&keys[0], hasher),
            Keys::Rows {
                table,
                converter,
                rows,
            } => {
                let batch = converter.convert_columns(keys)?;
                let find = |row: Row<'_>| {
                    let found = table.find(hasher.hash_one(row.data()), |&group| {
                        rows.row(group as usize) == row
                    });
                    found.copied().unwrap_or(NONE)
                };
                batch.iter().map(find).collect()
            }
        })
    }

    /// The keys of all groups, in the order of their numbers.
    pub(super) fn into_columns(self) -> Result<Vec<ArrayRef>> {
        Ok(match self.keys {
            Keys::None => Vec::new(),
            Keys::Text(keys) => vec![keys.into_column()?],
            Keys::Number(keys) => vec![keys.into_column()],
            Keys::Rows { converter, rows, .. } => converter.convert_rows(rows.iter())?,
        })
    }
}
