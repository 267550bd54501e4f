//! Rows without texts: nothing but cells that can hold no comma and no bracket.
//!
//! In such rows every comma and every closing bracket ends a cell or a row, so that a whole block of them is noted at
//! once, however many rows that are, and nothing waits for the end of a row. Whether these are the ends of rows of so
//! many cells is looked at afterwards.

use super::DecoderConfig;
use super::cells::GROUP;
use super::window::{Room, Taken, between, ends_window};
use crate::simd::{Lanes, block_at};

/// Notes the bounds of all cells, and the index after each row, of as many rows as there is room for: for each row the
/// index of its opening bracket, then of what comes after each of so many cells. Nothing if a bracket is not where a row
/// ends.
#[inline(always)]
pub(super) fn walk_grid<L: Lanes>(
    lanes: L,
    bytes: &[u8],
    cells: usize,
    bounds: &mut [u32],
    row_ends: &mut Vec<usize>,
    room: Room,
    config: &DecoderConfig,
) -> Option<Taken> {
    let mut taken = Taken::default();
    if bytes.first() != Some(&b'[') {
        return Some(taken);
    }
    let stride = cells + 1;
    *bounds.first_mut()? = 0;
    let (mut base, mut found, mut brackets) = (1, 0, 0);
    let (mut row, mut is_last) = (0, false);
    while !is_last {
        let rows = (taken.rows + GROUP).min(room.rows);
        while base < bytes.len() && found < rows * stride {
            let block = block_at(lanes, bytes, base);
            let closing = lanes.equal(block, b']');
            let marks = lanes.equal(block, b',') | closing;
            let places = bounds.get_mut(found + 1..)?.first_chunk_mut()?;
            lanes.positions(marks, base as u32, places);
            found += marks.count_ones() as usize;
            brackets += closing.count_ones() as usize;
            base += 64;
        }
        is_last = true;
        while taken.rows < rows && taken.rows * stride + cells <= found {
            let bounds = bounds.get_mut(taken.rows * stride + cells..)?;
            let last = *bounds.first()? as usize;
            let end = last + 1;
            if bytes.get(last) != Some(&b']') || end - row > config.max_row_bytes {
                break;
            }
            row_ends.push(end);
            taken.rows += 1;
            taken.len = end;
            taken.row_bytes += end - row;
            let is_full = taken.rows == room.rows
                || taken.row_bytes >= room.bytes
                || ends_window(bytes, end, taken.rows);
            let Some(len) = between(bytes, end).filter(|_| !is_full) else {
                break;
            };
            row = end + len;
            *bounds.get_mut(1)? = row as u32;
            is_last = taken.rows < rows;
        }
    }
    // One for each row and no more: then all other marks are commas.
    let after = count_brackets(
        lanes,
        bytes.get(taken.len..base.min(bytes.len())).unwrap_or_default(),
    );
    (brackets - after == taken.rows).then_some(taken)
}

/// How many closing brackets there are.
#[inline(always)]
fn count_brackets<L: Lanes>(lanes: L, bytes: &[u8]) -> usize {
    let mut count = 0;
    let mut base = 0;
    while base < bytes.len() {
        count += lanes.equal(block_at(lanes, bytes, base), b']').count_ones() as usize;
        base += 64;
    }
    count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Isa;
    use crate::simd::{Kernel, Level, run};

    const ROOM: Room = Room {
        rows: 100,
        bytes: usize::MAX,
    };

    /// What is found, with the bounds of its rows and their ends.
    struct Found<'a>(&'a [u8], usize, Room);

    impl Kernel for Found<'_> {
        type Output = Option<(Taken, Vec<u32>, Vec<usize>)>;

        #[inline(always)]
        fn run<L: Lanes>(self, lanes: L) -> Self::Output {
            let Self(bytes, cells, room) = self;
            let mut bounds = vec![u32::MAX; room.rows * (cells + 1) + 64];
            let mut row_ends = Vec::new();
            let config = DecoderConfig::default();
            let taken = walk_grid(lanes, bytes, cells, &mut bounds, &mut row_ends, room, &config)?;
            bounds.truncate(taken.rows * (cells + 1));
            Some((taken, bounds, row_ends))
        }
    }

    /// As `walk_grid`, one byte after the other.
    fn found_one_by_one(bytes: &[u8], cells: usize, room: Room) -> (Taken, Vec<u32>, Vec<usize>) {
        let (mut taken, mut bounds, mut row_ends) = (Taken::default(), Vec::new(), Vec::new());
        let mut row = 0;
        while bytes.get(row) == Some(&b'[') && taken.rows < room.rows && taken.row_bytes < room.bytes {
            let mut marks = vec![row as u32];
            let ends = (row..bytes.len()).filter(|at| matches!(bytes[*at], b',' | b']'));
            marks.extend(ends.take(cells).map(|at| at as u32));
            let commas = marks.iter().filter(|at| bytes[**at as usize] == b',').count();
            let end = marks[marks.len() - 1] as usize + 1;
            if marks.len() <= cells || commas + 1 != cells || bytes[end - 1] != b']' {
                break;
            }
            bounds.extend(marks);
            row_ends.push(end);
            taken = Taken {
                rows: taken.rows + 1,
                len: end,
                row_bytes: taken.row_bytes + end - row,
                has_stopped: false,
            };
            match between(bytes, end) {
                Some(len) => row = end + len,
                None => break,
            }
        }
        (taken, bounds, row_ends)
    }

    proptest! {
        #[test]
        fn bounds_are_as_a_walk_finds_them(
            cells in 1usize..20,
            lens in proptest::collection::vec(0usize..40, 0..400),
            between in prop::sample::select(vec![",", ",\n", ",\r\n"]),
            change in proptest::option::of((any::<prop::sample::Index>(), prop::sample::select(&b",][0 {"[..]))),
            room_rows in 1usize..100,
            room_bytes in prop::sample::select(vec![1, 1000, usize::MAX]),
        ) {
            let digits = "1234567890".repeat(4);
            let rows: Vec<String> = lens
                .chunks_exact(cells)
                .map(|row| row.iter().map(|len| &digits[..*len]).collect::<Vec<_>>().join(","))
                .map(|cells| format!("[{cells}]"))
                .collect();
            let mut bytes = format!("{}]}}", rows.join(between)).into_bytes();
            if let Some((at, byte)) = change {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let room = Room { rows: room_rows, bytes: room_bytes };
            let expected = found_one_by_one(&bytes, cells, room);
            for isa in Isa::available() {
                match run(Level::new(isa), Found(&bytes, cells, room)) {
                    Some(found) => prop_assert_eq!(&found, &expected, "{:?}", isa),
                    // A bracket in the place of a comma: these rows are left to the walk from row to row.
                    None => prop_assert!(change.is_some()),
                }
            }
        }
    }

    #[test]
    fn a_bracket_in_the_place_of_a_comma_is_not_passed_over() {
        for text in ["[1]2],[3,4]]", "[1,2],[3]4]]", "[1]2],[3]4],[5,6]]"] {
            for isa in Isa::available() {
                let found = run(Level::new(isa), Found(text.as_bytes(), 2, ROOM));
                assert!(found.is_none(), "{isa:?} {text}");
            }
        }
    }
}
