//! A canvas of dots, two across and four down in each character.

/// Dots of the Unicode block of Braille patterns, and which series set them last.
pub(super) struct Canvas {
    columns: usize,
    rows: usize,
    dots: Vec<u8>,
    owner: Vec<usize>,
}

impl Canvas {
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        let cells = columns * rows;
        Self {
            columns,
            rows,
            dots: vec![0; cells],
            owner: vec![0; cells],
        }
    }

    /// Dots across and down.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.columns * 2, self.rows * 4)
    }

    /// Sets a dot, counted from the left and from the top; outside there are none.
    pub(super) fn set(&mut self, x: usize, y: usize, series: usize) {
        if x >= self.columns * 2 || y >= self.rows * 4 {
            return;
        }
        let cell = y / 4 * self.columns + x / 2;
        self.dots[cell] |= DOTS[y % 4][x % 2];
        self.owner[cell] = series;
    }

    /// Sets the dots between two points, both included.
    pub(super) fn line(&mut self, from: (usize, usize), to: (usize, usize), series: usize) {
        let steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1));
        let along = |begin: usize, end: usize, step: usize| {
            let share = if steps == 0 {
                0.0
            } else {
                step as f64 / steps as f64
            };
            (begin as f64 + (end as f64 - begin as f64) * share).round() as usize
        };
        for step in 0..=steps {
            self.set(along(from.0, to.0, step), along(from.1, to.1, step), series);
        }
    }

    /// The characters of a row with their series; cells without a dot are spaces.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = (char, usize)> {
        let cells = row * self.columns..(row + 1) * self.columns;
        self.dots[cells.clone()]
            .iter()
            .zip(&self.owner[cells])
            .map(|(dots, owner)| {
                // Every one of the 256 patterns is a character.
                let pattern = char::from_u32(0x2800 + u32::from(*dots)).unwrap_or(' ');
                (if *dots == 0 { ' ' } else { pattern }, *owner)
            })
    }
}

const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

#[cfg(test)]
mod tests {
    use super::*;

    fn text(canvas: &Canvas) -> Vec<String> {
        (0..canvas.rows)
            .map(|row| canvas.row(row).map(|(character, _)| character).collect())
            .collect()
    }

    #[test]
    fn dots_are_where_they_were_set() {
        let mut canvas = Canvas::new(2, 1);
        canvas.set(0, 0, 0);
        canvas.set(3, 3, 0);
        canvas.set(4, 0, 0);
        assert_eq!(text(&canvas), ["⠁⢀"]);
    }

    #[test]
    fn lines_connect_their_ends_in_any_direction() {
        let mut canvas = Canvas::new(4, 2);
        canvas.line((7, 0), (0, 7), 0);
        assert_eq!(text(&canvas), ["  ⡠⠊", "⡠⠊  "]);
    }
}
