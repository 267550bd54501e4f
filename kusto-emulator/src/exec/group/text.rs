//! Keys of text.

use std::sync::Arc;

use ahash::RandomState;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, StringArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use hashbrown::HashTable;

use super::NONE;
use crate::error::EvalError;

/// Texts of groups, one after the other. A null, which only `dynamic` has, is kept apart.
#[derive(Default)]
pub(super) struct TextKeys {
    /// Short texts, as most keys are, are compared as numbers: no second look into memory is needed.
    short: HashTable<(u128, u32)>,
    long: HashTable<u32>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    null: Option<u32>,
}

/// A column of texts that gives those of up to 15 bytes as numbers.
struct Texts<'a> {
    array: &'a StringArray,
    bytes: &'a [u8],
}

impl<'a> Texts<'a> {
    fn new(keys: &'a ArrayRef) -> Self {
        let array = keys.as_string::<i32>();
        Self {
            array,
            bytes: array.value_data(),
        }
    }

    /// The bytes of a text and its length in one number, if it is short.
    #[inline]
    fn short(&self, row: usize) -> Option<u128> {
        let offsets = self.array.value_offsets();
        let (start, end) = (offsets[row] as usize, offsets[row + 1] as usize);
        let len = end - start;
        if len > 15 {
            return None;
        }
        let number = match self
            .bytes
            .get(start..start + 16)
            .and_then(|bytes| bytes.try_into().ok())
        {
            // What lies behind the text is cut off.
            Some(bytes) => u128::from_le_bytes(bytes) & !(u128::MAX << (8 * len)),
            None => {
                let mut padded = [0; 16];
                padded[..len].copy_from_slice(&self.bytes[start..end]);
                u128::from_le_bytes(padded)
            }
        };
        Some(number | (len as u128) << 120)
    }
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
        let texts = Texts::new(keys);
        let has_nulls = texts.array.null_count() > 0;
        for row in 0..texts.array.len() {
            if has_nulls && texts.array.is_null(row) {
                let next = self.ends.len() as u32;
                let group = *self.null.get_or_insert(next);
                if group == next {
                    self.ends.push(self.bytes.len());
                }
                groups.push(group);
                continue;
            }
            let next = self.ends.len() as u32;
            let group = match texts.short(row) {
                Some(number) => {
                    let entry = self.short.entry(
                        hasher.hash_one(number),
                        |(known, _)| *known == number,
                        |(known, _)| hasher.hash_one(known),
                    );
                    entry.or_insert((number, next)).get().1
                }
                None => {
                    let text = texts.array.value(row).as_bytes();
                    let (bytes, ends) = (&self.bytes, &self.ends);
                    let entry = self.long.entry(
                        hasher.hash_one(text),
                        |&group| text_at(bytes, ends, group) == text,
                        |&group| hasher.hash_one(text_at(bytes, ends, group)),
                    );
                    *entry.or_insert(next).get()
                }
            };
            if group == next {
                self.bytes.extend_from_slice(texts.array.value(row).as_bytes());
                self.ends.push(self.bytes.len());
            }
            groups.push(group);
        }
    }

    /// The group of each row whose key has been seen.
    pub(super) fn find(&self, keys: &ArrayRef, hasher: &RandomState) -> Vec<u32> {
        let texts = Texts::new(keys);
        let find = |row: usize| {
            if texts.array.is_null(row) {
                return self.null;
            }
            if let Some(number) = texts.short(row) {
                let found = self
                    .short
                    .find(hasher.hash_one(number), |(known, _)| *known == number);
                return found.map(|(_, group)| *group);
            }
            let text = texts.array.value(row).as_bytes();
            let found = self.long.find(hasher.hash_one(text), |&group| {
                text_at(&self.bytes, &self.ends, group) == text
            });
            found.copied()
        };
        (0..texts.array.len())
            .map(|row| find(row).unwrap_or(NONE))
            .collect()
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
