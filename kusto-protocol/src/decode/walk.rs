//! The walk over a row of a window, from cell to cell: texts go to their columns, of other cells the bounds are noted.

use super::DecoderConfig;
use super::cell::{Scratch, try_cell};
use super::nested::{self, Shape};
use super::window::{Step, Text};
use crate::simd::{self, Lanes, View, block_at};
use crate::{ColumnArray, TextArray};

/// Walks over a row from its first cell on, and gives the index after it.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "inlined into one loop over all of them")]
pub(super) fn walk_row<L: Lanes>(
    lanes: L,
    view: &mut View<'_, L>,
    bytes: &[u8],
    mut at: usize,
    steps: &mut [Step],
    bounds: &mut [u32],
    arrays: &mut [ColumnArray],
    scratch: &mut Scratch,
    config: &DecoderConfig,
) -> Option<usize> {
    let mut steps = steps.iter_mut();
    while let Some(step) = steps.next() {
        let is_last = steps.len() == 0;
        let end = match step {
            &mut Step::Run { count, bound, .. } => {
                let end = walk_run(lanes, view, bytes, at, count, is_last, &mut bounds[bound..])?;
                at = end + 1;
                continue;
            }
            Step::String(text) => {
                if bytes.get(at) == Some(&b'"') {
                    let end = push_string(lanes, view, bytes, at, text)?;
                    text.array.end_valid();
                    end
                } else {
                    other_text(text, arrays, bytes, at, scratch)?
                }
            }
            Step::Dynamic(text, shape) => match bytes.get(at)? {
                b'"' => {
                    let end = push_string(lanes, view, bytes, at, text)?;
                    // The empty string stands for a null.
                    if end > at + 2 {
                        text.array.end_valid();
                    } else {
                        text.array.end(false);
                    }
                    end
                }
                b'{' | b'[' => push_nested(lanes, &mut text.array, bytes, at, config, shape)?,
                _ => other_text(text, arrays, bytes, at, scratch)?,
            },
            Step::Other(column) => other_cell(&mut arrays[*column], bytes, at, scratch)?,
        };
        let separator = if is_last { b']' } else { b',' };
        if bytes.get(end) != Some(&separator) {
            return None;
        }
        at = end + 1;
    }
    Some(at)
}

/// Appends a cell as the reader of single rows does.
#[inline(always)]
fn other_cell(array: &mut ColumnArray, bytes: &[u8], at: usize, scratch: &mut Scratch) -> Option<usize> {
    if bytes.get(at..)?.starts_with(b"null") {
        array.push_null();
        return Some(at + 4);
    }
    try_cell(array, bytes, at, scratch)
}

/// As [`other_cell`], of a column whose array was taken.
#[inline(never)]
fn other_text(
    text: &mut Text,
    arrays: &mut [ColumnArray],
    bytes: &[u8],
    at: usize,
    scratch: &mut Scratch,
) -> Option<usize> {
    text.swap(arrays);
    let end = other_cell(arrays.get_mut(text.column)?, bytes, at, scratch);
    text.swap(arrays);
    end
}

/// Appends what a string says.
#[inline(always)]
fn push_string<L: Lanes>(
    lanes: L,
    view: &mut View<'_, L>,
    bytes: &[u8],
    at: usize,
    text: &mut Text,
) -> Option<usize> {
    let Text { array, pause, .. } = text;
    if L::HAS_VECTORS && pause.is_over() {
        if let Some(end) = view.push_short(at, array.open()) {
            pause.succeed();
            return Some(end);
        }
        // Of a text by the end of the bytes nothing is seen.
        if bytes.len().saturating_sub(at) > 64 {
            pause.fail();
        }
    }
    simd::push_string(lanes, bytes, at, array.open())
}

/// Appends a nested value.
#[inline(always)]
fn push_nested<L: Lanes>(
    lanes: L,
    array: &mut TextArray,
    bytes: &[u8],
    at: usize,
    config: &DecoderConfig,
    shape: &mut Shape,
) -> Option<usize> {
    let end = nested::push_nested(lanes, bytes, at, config.max_depth, shape, array.open())?;
    array.end_valid();
    Some(end)
}

/// Notes the bounds of so many cells from `at` on, and gives the index of what ends the last one: a bracket if that is
/// the last one of the row, else a comma. What the cells are is not looked at.
#[inline(always)]
fn walk_run<L: Lanes>(
    lanes: L,
    view: &mut View<'_, L>,
    bytes: &[u8],
    at: usize,
    count: usize,
    is_last: bool,
    bounds: &mut [u32],
) -> Option<usize> {
    *bounds.first_mut()? = at as u32 - 1;
    if L::HAS_VECTORS
        && count <= FEW_CELLS
        && let Some(end) = view.cell_ends(at, count, is_last, bounds.get_mut(1..)?.first_chunk_mut()?)
    {
        return Some(end);
    }
    let mut found = 0;
    let mut base = at;
    while base < bytes.len() {
        let block = block_at(lanes, bytes, base);
        let closing = lanes.equal(block, b']');
        let marks = lanes.equal(block, b',') | closing;
        // Up to the first bracket.
        let marks = marks & (closing ^ closing.wrapping_sub(1));
        let places = bounds.get_mut(found + 1..)?.first_chunk_mut()?;
        lanes.positions(marks, base as u32, places);
        let seen = found + marks.count_ones() as usize;
        if seen >= count {
            // With a bracket, that is the last one seen.
            let ends_row = closing != 0 && seen == count;
            let end = if L::MOVES_BITS {
                base + lanes.nth(marks, count - found - 1)
            } else {
                *bounds.get(count)? as usize
            };
            return (ends_row == is_last).then_some(end);
        }
        if closing != 0 {
            return None;
        }
        found = seen;
        base += 64;
    }
    None
}

/// Cells of a run that are mostly within one block.
const FEW_CELLS: usize = 8;
