//! Keys of 64 bits: numbers, datetimes, timespans.

use std::sync::Arc;

use ahash::RandomState;
use arrow_array::builder::Int64Builder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int64Array};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::NONE;

/// The numbers seen so far, and the group of each.
#[derive(Default)]
pub(super) struct NumberKeys {
    /// Small numbers are looked up by place, which is far quicker than by hash.
    small: Vec<u32>,
    others: HashTable<u32>,
    values: Vec<Option<i64>>,
    null: Option<u32>,
}

impl NumberKeys {
    pub(super) const fn len(&self) -> usize {
        self.values.len()
    }

    /// The group of each row, into `groups`.
    pub(super) fn assign(&mut self, keys: &ArrayRef, hasher: &RandomState, groups: &mut Vec<u32>) {
        let keys = keys.as_primitive::<Int64Type>();
        if keys.null_count() == 0 {
            groups.extend(keys.values().iter().map(|&value| self.group(value, hasher)));
            return;
        }
        for value in keys {
            groups.push(match value {
                Some(value) => self.group(value, hasher),
                None => {
                    let next = self.values.len() as u32;
                    let group = *self.null.get_or_insert(next);
                    if group == next {
                        self.values.push(None);
                    }
                    group
                }
            });
        }
    }

    fn group(&mut self, value: i64, hasher: &RandomState) -> u32 {
        if let Some(place) = small_place(value) {
            if place >= self.small.len() {
                let len = (place + 1).next_power_of_two().max(1024);
                self.small.resize(len, NONE);
            }
            if self.small[place] == NONE {
                self.small[place] = self.values.len() as u32;
                self.values.push(Some(value));
            }
            return self.small[place];
        }
        let values = &self.values;
        let entry = self.others.entry(
            hasher.hash_one(value),
            |&group| values[group as usize] == Some(value),
            // Only numbers are in the table.
            |&group| hasher.hash_one(values[group as usize].unwrap_or_default()),
        );
        match entry {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                let group = values.len() as u32;
                entry.insert(group);
                self.values.push(Some(value));
                group
            }
        }
    }

    /// The group of each row whose key has been seen.
    pub(super) fn find(&self, keys: &ArrayRef, hasher: &RandomState) -> Vec<u32> {
        let keys: &Int64Array = keys.as_primitive();
        let find = |value: i64| match small_place(value) {
            Some(place) => self.small.get(place).copied().unwrap_or(NONE),
            None => {
                let found = self.others.find(hasher.hash_one(value), |&group| {
                    self.values[group as usize] == Some(value)
                });
                found.copied().unwrap_or(NONE)
            }
        };
        if keys.null_count() == 0 {
            return keys.values().iter().map(|&value| find(value)).collect();
        }
        let null = self.null.unwrap_or(NONE);
        keys.iter().map(|value| value.map_or(null, find)).collect()
    }

    /// The keys in the order of their groups.
    pub(super) fn into_column(self) -> ArrayRef {
        let mut builder = Int64Builder::with_capacity(self.values.len());
        self.values
            .into_iter()
            .for_each(|value| builder.append_option(value));
        Arc::new(builder.finish())
    }
}

fn small_place(value: i64) -> Option<usize> {
    usize::try_from(value).ok().filter(|place| *place < SMALL)
}

/// As many places as fit into a few megabytes.
const SMALL: usize = 1 << 20;
