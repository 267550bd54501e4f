//! The block in which the walk over rows is.
//!
//! Where a cell ends is where the next one begins: to load a block there and to compare it takes longer than all that
//! is done with a short cell. So a block is compared once, for all that may end a cell, and the cells in it are found in
//! its masks. A cell that the block cuts begins the next one.

use super::lanes::{Lanes, append, block_at};

/// A block of these bytes.
pub(crate) struct View<'a, L: Lanes> {
    lanes: L,
    bytes: &'a [u8],
    base: usize,
    quotes: u64,
    /// Backslashes, control characters, and what is not ASCII.
    odd: u64,
    /// Commas and closing brackets.
    separators: u64,
    closing: u64,
}

impl<'a, L: Lanes> View<'a, L> {
    #[inline(always)]
    pub(crate) fn new(lanes: L, bytes: &'a [u8]) -> Self {
        Self {
            lanes,
            bytes,
            base: 0,
            quotes: 0,
            odd: 0,
            separators: 0,
            closing: 0,
        }
    }

    #[inline(always)]
    fn look(&mut self, at: usize) {
        let Self { lanes, bytes, .. } = *self;
        let block = block_at(lanes, bytes, at);
        let quotes = lanes.equal(block, b'"');
        let closing = lanes.equal(block, b']');
        *self = Self {
            lanes,
            bytes,
            base: at,
            quotes,
            odd: lanes.unplain(block) & !quotes,
            separators: lanes.equal(block, b',') | closing,
            closing,
        };
    }

    /// A mask of the bytes from `at` on, of which those are zeros that are not of this block.
    #[inline(always)]
    fn from(&self, mask: u64, at: usize) -> u64 {
        let place = at.wrapping_sub(self.base);
        if place < 64 { mask >> place } else { 0 }
    }

    /// Appends what the string that begins at `at` (a quote) says, and gives the index after its closing quote. Nothing
    /// if it is longer than a block, or not plain ASCII.
    #[inline(always)]
    pub(crate) fn push_short(&mut self, at: usize, text: &mut String) -> Option<usize> {
        let mut place = at.wrapping_sub(self.base);
        let mut quotes = if place < 64 { self.quotes >> place } else { 0 };
        // Without the opening one.
        let mut closing = quotes & quotes.wrapping_sub(1);
        if closing == 0 {
            self.look(at);
            place = 0;
            quotes = self.quotes;
            closing = quotes & quotes.wrapping_sub(1);
        }
        let odd = self.odd >> (place & 63) & (closing ^ closing.wrapping_sub(1));
        let piece = self.bytes.get(at + 1..)?.first_chunk()?;
        if quotes & 1 == 0 || closing == 0 || odd != 0 {
            return None;
        }
        let end = closing.trailing_zeros() as usize;
        let block = self.lanes.load(piece);
        // SAFETY: in the bytes before the quote nothing is odd, so that they are ASCII.
        append(self.lanes, block, end - 1, unsafe { text.as_mut_vec() });
        Some(at + end + 1)
    }

    /// Notes where so many cells from `at` on end, and gives the index of what ends the last one: a bracket if that is the
    /// last one of the row, else a comma. What the cells are is not looked at. Nothing if they are not within a block.
    #[inline(always)]
    pub(crate) fn cell_ends(
        &mut self,
        at: usize,
        count: usize,
        is_last: bool,
        ends: &mut [u32; 64],
    ) -> Option<usize> {
        let mut separators = self.from(self.separators, at);
        if (separators.count_ones() as usize) < count {
            self.look(at);
            separators = self.separators;
        }
        // Up to the first bracket.
        let closing = self.from(self.closing, at);
        let separators = separators & (closing ^ closing.wrapping_sub(1));
        let seen = separators.count_ones() as usize;
        let ends_row = closing != 0 && seen == count;
        if seen < count || ends_row != is_last {
            return None;
        }
        let end = self.lanes.nth(separators, count - 1);
        self.lanes
            .positions(separators & (u64::MAX >> (63 - end)), at as u32, ends);
        Some(at + end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Isa;
    use crate::simd::{Kernel, Level, run};

    /// Reads the cells of a row with one view: a string, or so many cells without one.
    struct Cells<'a> {
        bytes: &'a [u8],
        cells: &'a [Cell],
    }

    #[derive(Clone, Debug)]
    enum Cell {
        String(String),
        Numbers(Vec<u64>),
    }

    impl Cell {
        fn wire(&self) -> String {
            match self {
                Self::String(text) => format!("\"{text}\""),
                Self::Numbers(numbers) => {
                    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
                    numbers.join(",")
                }
            }
        }
    }

    impl Kernel for Cells<'_> {
        type Output = ();

        #[inline(always)]
        fn run<L: Lanes>(self, lanes: L) {
            let mut view = View::new(lanes, self.bytes);
            let mut at = 1;
            for (index, cell) in self.cells.iter().enumerate() {
                let wire = cell.wire();
                let end = at + wire.len();
                let is_last = index + 1 == self.cells.len();
                match cell {
                    Cell::String(text) => {
                        let mut found = "before".to_owned();
                        let taken = view.push_short(at, &mut found);
                        let is_plain = text
                            .bytes()
                            .all(|byte| matches!(byte, b' '..=b'~') && byte != b'\\');
                        let is_short = is_plain && text.len() < 63 && end + 64 <= self.bytes.len();
                        if is_short || taken.is_some() {
                            assert!(is_plain);
                            assert_eq!((taken, &found[6..]), (Some(end), &**text));
                        } else {
                            assert_eq!(found, "before");
                        }
                    }
                    Cell::Numbers(numbers) => {
                        let mut ends = [0; 64];
                        let taken = view.cell_ends(at, numbers.len(), is_last, &mut ends);
                        let mut expected = Vec::new();
                        for (place, byte) in self.bytes.iter().enumerate().skip(at) {
                            if matches!(byte, b',' | b']') {
                                expected.push(place as u32);
                            }
                        }
                        assert!(taken.is_some() || wire.len() > 63, "{wire}");
                        if let Some(taken) = taken {
                            assert_eq!(taken, end);
                            assert_eq!(ends[..numbers.len()], expected[..numbers.len()]);
                        }
                        assert_eq!(view.cell_ends(at, numbers.len(), !is_last, &mut ends), None);
                        let too_many = numbers.len() + 1;
                        if is_last {
                            assert_eq!(view.cell_ends(at, too_many, true, &mut ends), None);
                        }
                    }
                }
                at = end + 1;
            }
        }
    }

    fn cell() -> impl Strategy<Value = Cell> {
        prop_oneof![
            "[ !#-\\[\\]-~]{0,20}".prop_map(Cell::String),
            "[ !#-\\[\\]-~]{50,70}".prop_map(Cell::String),
            "([a-z,\\]]|é|\\\\n|\u{1}){0,70}".prop_map(Cell::String),
            proptest::collection::vec(any::<u64>().prop_map(|number| number >> (number % 64)), 1..9)
                .prop_map(Cell::Numbers),
        ]
    }

    proptest! {
        #[test]
        fn the_cells_of_a_row_are_found_one_after_the_other(cells in proptest::collection::vec(cell(), 1..12), cut in 0usize..70) {
            let row: Vec<String> = cells.iter().map(Cell::wire).collect();
            let text = format!("[{}],{}", row.join(","), "x".repeat(cut));
            for isa in Isa::available() {
                run(Level::new(isa), Cells { bytes: text.as_bytes(), cells: &cells });
            }
        }
    }
}
