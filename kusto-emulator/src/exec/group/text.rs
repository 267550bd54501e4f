//! Keys of text.

use std::sync::Arc;

use ahash::RandomState;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, StringArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::NONE;
use crate::error::EvalError;

/// Texts of groups, one after the other. A null, which only `dynamic` has, is kept apart.
#[derive(Default)]
pub(super) struct TextKeys {
    table: HashTable<u32>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    null: Option<u32>,
}

fn text_at<'a>(bytes: &'a [u8], ends: &[usize], group: u32) -> &'a [u8] {
    let group = group as usize;
    let start = if group == 0 { 0 } else { ends[group - 1] };
    &bytes[start..ends[group]]
}

impl TextKeys {
    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    /// The group of each row, into `groups`.
    pub(super) fn assign(&mut self, keys: &ArrayRef, hasher: &RandomState, groups: &mut Vec<u32>) {
        let texts = keys.as_string::<i32>();
        for row in 0..texts.len() {
            if texts.is_null(row) {
                let next = self.ends.len() as u32;
                let group = *self.null.get_or_insert(next);
                if group == next {
                    self.ends.push(self.bytes.len());
                }
                groups.push(group);
                continue;
            }
            let text = texts.value(row).as_bytes();
            let (bytes, ends, null) = (&self.bytes, &self.ends, self.null);
            let entry = self.table.entry(
                hasher.hash_one(text),
                |&group| Some(group) != null && text_at(bytes, ends, group) == text,
                |&group| hasher.hash_one(text_at(bytes, ends, group)),
            );
            groups.push(match entry {
                Entry::Occupied(entry) => *entry.get(),
                Entry::Vacant(entry) => {
                    let group = ends.len() as u32;
                    entry.insert(group);
                    self.bytes.extend_from_slice(text);
                    self.ends.push(self.bytes.len());
                    group
                }
            });
        }
    }

    /// The group of each row whose key has been seen.
    pub(super) fn find(&self, keys: &ArrayRef, hasher: &RandomState) -> Vec<u32> {
        let find = |text: Option<&str>| {
            let Some(text) = text.map(str::as_bytes) else {
                return self.null.unwrap_or(NONE);
            };
            let found = self.table.find(hasher.hash_one(text), |&group| {
                Some(group) != self.null && text_at(&self.bytes, &self.ends, group) == text
            });
            found.copied().unwrap_or(NONE)
        };
        keys.as_string::<i32>().iter().map(find).collect()
    }

    /// The keys in the order of their groups.
    pub(super) fn into_column(self) -> Result<ArrayRef, EvalError> {
        let too_large = || EvalError::limit("The keys of the groups take more than 2 GiB.");
        let mut offsets = Vec::with_capacity(self.ends.len() + 1);
        offsets.push(0);
        for end in &self.ends {
            offsets.push(i32::try_from(*end).map_err(|_| too_large())?);
        }
        let nulls = self.null.map(|null| {
            (0..self.ends.len())
                .map(|group| group != null as usize)
                .collect::<NullBuffer>()
        });
        // The bytes were texts one by one; `try_new` checks them again.
        let array = StringArray::try_new(OffsetBuffer::new(offsets.into()), self.bytes.into(), nulls)?;
        Ok(Arc::new(array))
    }
}
