//! Random numbers that are the same on every machine and in every release.

/// SplitMix64: small, quick, and the same on every machine.
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `limit` - 1; 0 for a limit of 0.
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        // The high half of a 32 × 32 bit product: no division, and the bias is far below what anyone could see.
        (((self.next() >> 32) * u64::from(limit)) >> 32) as u32
    }

    pub(super) fn between(&mut self, (low, high): (i32, i32)) -> i32 {
        low + self.below(high.abs_diff(low) + 1) as i32
    }

    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// An index into `cumulative`, which must not be empty.
    pub(super) fn weighted(&mut self, cumulative: &[u32]) -> usize {
        let total = cumulative.last().copied().unwrap_or(0);
        let drawn = self.below(total);
        cumulative.partition_point(|sum| *sum <= drawn)
    }
}

/// Sums up to and including each weight, for [`Random::weighted`].
pub(super) fn cumulative(weights: impl IntoIterator<Item = u32>) -> Vec<u32> {
    weights
        .into_iter()
        .scan(0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect()
}
