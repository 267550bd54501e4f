/// Bits in Arrow's layout: least significant first, eight to a byte.
#[derive(Clone, Debug, Default)]
pub struct Bitmap {
    pub(super) bytes: Vec<u8>,
    len: usize,
}

impl Bitmap {
    /// Appends a bit.
    pub fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if bit && let Some(last) = self.bytes.last_mut() {
            *last |= 1 << (self.len % 8);
        }
        self.len += 1;
    }

    /// The bit at a place; false beyond the end.
    #[inline]
    pub fn get(&self, index: usize) -> bool {
        // Bits beyond the length are zero.
        let byte = self.bytes.get(index / 8);
        byte.is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }

    /// The number of bits.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes. Bits beyond the length are zero.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives the bytes away.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Empties it, keeping the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.len = 0;
    }

    /// Shortens it to so many bits; does nothing when it has fewer.
    pub(crate) fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.bytes.truncate(len.div_ceil(8));
            if !len.is_multiple_of(8)
                && let Some(last) = self.bytes.last_mut()
            {
                *last &= (1 << (len % 8)) - 1;
            }
            self.len = len;
        }
    }

    /// Appends the lowest `count` bits, at most 64.
    #[inline]
    pub(crate) fn extend(&mut self, bits: u64, count: usize) {
        let used = self.len % 8;
        let bits = if count < 64 {
            bits & ((1 << count) - 1)
        } else {
            bits
        };
        let first = if used == 0 {
            0
        } else {
            self.bytes.pop().unwrap_or_default()
        };
        let bits = u128::from(bits) << used | u128::from(first);
        let len = (used + count).div_ceil(8);
        self.bytes.extend_from_slice(&bits.to_le_bytes()[..len]);
        self.len += count;
    }

    fn push_ones(&mut self, mut count: usize) {
        while count > 0 {
            let some = count.min(64);
            self.extend(u64::MAX, some);
            count -= some;
        }
    }
}

impl PartialEq for Bitmap {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.bytes == other.bytes
    }
}

/// Which values of a column are there. Holds no memory until the first null comes.
#[derive(Clone, Debug, Default)]
pub struct Validity {
    /// A one for each value that is there; empty while there are no nulls.
    pub(super) bits: Bitmap,
    pub(super) len: usize,
    null_count: usize,
}

impl Validity {
    /// Appends one value that is there, or is not.
    #[inline]
    pub fn push(&mut self, valid: bool) {
        if !valid && self.null_count == 0 {
            self.bits.clear();
            self.bits.push_ones(self.len);
        }
        if !valid || self.null_count > 0 {
            self.bits.push(valid);
        }
        self.len += 1;
        self.null_count += usize::from(!valid);
    }

    /// Appends values that are there, until there are so many.
    #[inline]
    pub(super) fn fill(&mut self, len: usize) {
        if self.null_count > 0 {
            self.bits.push_ones(len.saturating_sub(self.len));
        }
        self.len = self.len.max(len);
    }

    /// Appends so many values, at most 64: those that are there have their bit set.
    #[inline]
    pub(crate) fn extend(&mut self, valid: u64, count: usize) {
        let all = if count < 64 { (1 << count) - 1 } else { u64::MAX };
        let nulls = (!valid & all).count_ones() as usize;
        if nulls > 0 && self.null_count == 0 {
            self.bits.clear();
            self.bits.push_ones(self.len);
        }
        if nulls > 0 || self.null_count > 0 {
            self.bits.extend(valid, count);
        }
        self.len += count;
        self.null_count += nulls;
    }

    /// Whether the value at a place is there; false beyond the end.
    #[inline]
    pub fn is_valid(&self, index: usize) -> bool {
        if self.null_count == 0 {
            index < self.len
        } else {
            self.bits.get(index)
        }
    }

    /// Whether the value at a place, which is not beyond the end, is a null.
    #[inline]
    pub(crate) fn is_null(&self, index: usize) -> bool {
        self.null_count > 0 && !self.bits.get(index)
    }

    /// The number of nulls.
    pub const fn null_count(&self) -> usize {
        self.null_count
    }

    /// The bits in Arrow's layout, a one for each value that is there; `None` when there are no nulls.
    pub fn bits(&self) -> Option<&Bitmap> {
        (self.null_count > 0).then_some(&self.bits)
    }

    /// Gives the bits away; `None` when there are no nulls.
    pub fn into_bits(self) -> Option<Bitmap> {
        (self.null_count > 0).then_some(self.bits)
    }

    pub(super) fn clear(&mut self) {
        *self = Self {
            bits: std::mem::take(&mut self.bits),
            len: 0,
            null_count: 0,
        };
        self.bits.clear();
    }

    pub(super) fn truncate(&mut self, len: usize) {
        if len < self.len {
            if self.null_count > 0 {
                self.null_count -= (len..self.len).filter(|index| !self.bits.get(*index)).count();
                self.bits.truncate(len);
            }
            self.len = len;
        }
    }
}

impl PartialEq for Validity {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.bits() == other.bits()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn many_at_once_are_as_one_by_one(pieces in proptest::collection::vec((any::<u64>(), 0usize..=64, any::<bool>()), 0..6)) {
            let (mut bits, mut expected_bits) = (Bitmap::default(), Bitmap::default());
            let (mut validity, mut expected) = (Validity::default(), Validity::default());
            for (piece, count, all) in pieces {
                let piece = if all { u64::MAX } else { piece };
                bits.extend(piece, count);
                validity.extend(piece, count);
                for index in 0..count {
                    expected_bits.push(piece >> index & 1 == 1);
                    expected.push(piece >> index & 1 == 1);
                }
            }
            prop_assert_eq!(&bits, &expected_bits);
            prop_assert_eq!(&validity, &expected);
            prop_assert_eq!(validity.null_count(), expected.null_count());
        }
    }
}
