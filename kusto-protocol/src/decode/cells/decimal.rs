//! Decimals, which are kept as the service wrote them.

use super::{Group, cell_of, is_null, word_at};
use crate::TextArray;
use crate::simd::{Lanes, push_decimal};

/// Numbers in quotes, as text: with a sign and a point or without. Gives how many were appended.
#[inline(always)]
pub(super) fn decimals<L: Lanes>(lanes: L, array: &mut TextArray, group: &Group<'_>) -> usize {
    let mut rest = group.bounds;
    for index in 0..group.count {
        let (from, end) = cell_of(rest);
        rest = rest.get(group.stride..).unwrap_or_default();
        if is_null(word_at(group.bytes, from), end.wrapping_sub(from)) {
            array.push(None);
        } else if push_decimal(lanes, group.bytes, from, end, array.open()) {
            array.end(true);
        } else {
            return index;
        }
    }
    group.count
}
