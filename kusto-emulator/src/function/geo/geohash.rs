//! Geohashes: places as texts, each letter of which narrows the place down to a 32nd.

/// A cell of the grid: its letters, and its place in columns and rows from the south-west.
pub(super) struct Cell {
    letters: usize,
    column: u64,
    row: u64,
}

impl Cell {
    /// The cell of so many letters around a place.
    pub(super) fn around(longitude: f64, latitude: f64, letters: i64) -> Option<Self> {
        let letters = usize::try_from(letters)
            .ok()
            .filter(|letters| (1..=18).contains(letters))?;
        if !(-180.0..=180.0).contains(&longitude) || !(-90.0..=90.0).contains(&latitude) {
            return None;
        }
        let cell = Self {
            letters,
            column: 0,
            row: 0,
        };
        let (columns, rows) = cell.size();
        let place = |part: f64, count: u64| ((part * count as f64) as u64).min(count - 1);
        Some(Self {
            column: place((longitude + 180.0) / 360.0, columns),
            row: place((latitude + 90.0) / 180.0, rows),
            ..cell
        })
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > 18 {
            return None;
        }
        let (mut column, mut row) = (0, 0);
        let mut is_column = true;
        for letter in text.bytes() {
            let bits = LETTERS
                .iter()
                .position(|known| *known == letter.to_ascii_lowercase())? as u64;
            for bit in (0..5).rev() {
                let target = if is_column { &mut column } else { &mut row };
                *target = *target << 1 | (bits >> bit & 1);
                is_column = !is_column;
            }
        }
        Some(Self {
            letters: text.len(),
            column,
            row,
        })
    }

    pub(super) fn text(&self) -> String {
        let (column_bits, row_bits) = self.bits();
        let (mut columns, mut rows) = (column_bits, row_bits);
        let mut text = String::with_capacity(self.letters);
        let mut is_column = true;
        for _ in 0..self.letters {
            let mut bits = 0;
            for _ in 0..5 {
                let bit = if is_column {
                    columns -= 1;
                    self.column >> columns & 1
                } else {
                    rows -= 1;
                    self.row >> rows & 1
                };
                bits = bits << 1 | bit;
                is_column = !is_column;
            }
            text.push(char::from(LETTERS[bits as usize]));
        }
        text
    }

    /// West, south, east and north, in degrees.
    pub(super) fn bounds(&self) -> [f64; 4] {
        let (columns, rows) = self.size();
        let (width, height) = (360.0 / columns as f64, 180.0 / rows as f64);
        let (west, south) = (
            self.column as f64 * width - 180.0,
            self.row as f64 * height - 90.0,
        );
        [west, south, west + width, south + height]
    }

    /// The cells around: clockwise from the west over the south, then from the north-east to the north-west.
    pub(super) fn neighbors(&self) -> Vec<Self> {
        let (columns, rows) = self.size();
        let steps = [
            (-1, 0),
            (-1, -1),
            (0, -1),
            (1, -1),
            (1, 1),
            (1, 0),
            (0, 1),
            (-1, 1),
        ];
        let steps = steps.into_iter().filter_map(|(east, north): (i64, i64)| {
            let row = self.row.checked_add_signed(north).filter(|row| *row < rows)?;
            // The Earth is round from west to east.
            let column = (self.column + columns).wrapping_add_signed(east) % columns;
            Some(Self {
                letters: self.letters,
                column,
                row,
            })
        });
        steps.collect()
    }

    const fn bits(&self) -> (usize, usize) {
        let bits = self.letters * 5;
        (bits.div_ceil(2), bits / 2)
    }

    const fn size(&self) -> (u64, u64) {
        let (columns, rows) = self.bits();
        (1 << columns, 1 << rows)
    }
}

const LETTERS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
