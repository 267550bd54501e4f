//! Cells of the S2 library: the sphere on the six sides of a cube, each divided along a Hilbert curve.

use super::sphere::Point;

/// A cell of some level, as the library numbers it: three bits for the side, two for each level, then a 1.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell(u64);

/// A place on a side: the side, and its column and row among 2^30.
struct Place {
    side: u8,
    column: i64,
    row: i64,
}

impl Cell {
    /// The cell of a level around a point.
    pub(super) fn around(point: Point, level: i64) -> Option<Self> {
        let level = u32::try_from(level).ok().filter(|level| *level <= MAX_LEVEL)?;
        let (side, u, v) = side_of(point);
        let place = Place {
            side,
            column: index(s_of(u)),
            row: index(s_of(v)),
        };
        Some(Self::of_place(&place, level))
    }

    /// From the service's text: the number in hexadecimal without its last zeros.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > 16 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let id = u64::from_str_radix(&format!("{text:0<16}"), 16).ok()?;
        let is_valid = id >> 61 < 6 && id.trailing_zeros().is_multiple_of(2) && id != 0;
        is_valid.then_some(Self(id))
    }

    pub(super) fn text(self) -> String {
        format!("{:016x}", self.0).trim_end_matches('0').to_owned()
    }

    fn level(self) -> u32 {
        MAX_LEVEL - self.0.trailing_zeros() / 2
    }

    fn of_place(place: &Place, level: u32) -> Self {
        let mut id = 0_u64;
        let mut orientation = usize::from(place.side & 1);
        for bit in (0..MAX_LEVEL).rev() {
            let quarter = (place.column >> bit & 1) << 1 | (place.row >> bit & 1);
            let position = QUARTERS[orientation]
                .iter()
                .position(|known| *known == quarter)
                .unwrap_or(0);
            id = id << 2 | position as u64;
            orientation ^= TURNS[position];
        }
        let id = u64::from(place.side) << 61 | id << 1 | 1;
        let last = 1_u64 << (2 * (MAX_LEVEL - level));
        Self(id & last.wrapping_neg() | last)
    }

    /// The place of the cell's south-western corner, as its side has it.
    fn place(self) -> Place {
        let side = (self.0 >> 61) as u8;
        let (mut column, mut row) = (0, 0);
        let mut orientation = usize::from(side & 1);
        for level in 1..=MAX_LEVEL {
            if level > self.level() {
                column <<= 1;
                row <<= 1;
                continue;
            }
            let position = (self.0 >> (61 - 2 * level) & 3) as usize;
            let quarter = QUARTERS[orientation][position];
            column = column << 1 | quarter >> 1;
            row = row << 1 | quarter & 1;
            orientation ^= TURNS[position];
        }
        Place { side, column, row }
    }

    fn size(self) -> i64 {
        1 << (MAX_LEVEL - self.level())
    }

    pub(super) fn center(self) -> Option<Point> {
        let place = self.place();
        let half = self.size() as f64 / 2.0;
        let of = |index: i64| u_of((index as f64 + half) / SIZE as f64);
        point_of(place.side, of(place.column), of(place.row)).normalized()
    }

    /// The corners, counter-clockwise from the one with the smallest coordinates of its side.
    pub(super) fn corners(self) -> Vec<Point> {
        let place = self.place();
        let of = |index: i64| u_of(index as f64 / SIZE as f64);
        let (west, east) = (of(place.column), of(place.column + self.size()));
        let (south, north) = (of(place.row), of(place.row + self.size()));
        let corners = [(west, south), (east, south), (east, north), (west, north)];
        corners
            .into_iter()
            .filter_map(|(u, v)| point_of(place.side, u, v).normalized())
            .collect()
    }

    /// The cells around, corner to corner, in the library's order.
    pub(super) fn neighbors(self) -> Vec<Self> {
        let (place, size, level) = (self.place(), self.size(), self.level());
        let mut cells: Vec<Self> = Vec::with_capacity(8);
        let mut add = |column: i64, row: i64| {
            let is_inside = (0..SIZE).contains(&column) && (0..SIZE).contains(&row);
            let moved = Place {
                side: place.side,
                column,
                row,
            };
            let moved = if is_inside { moved } else { wrapped(&moved) };
            let cell = Self::of_place(&moved, level);
            if !cells.contains(&cell) {
                cells.push(cell);
            }
        };
        for step in [-size, 0, size] {
            if step == 0 {
                add(place.column - size, place.row);
                add(place.column + size, place.row);
            }
            add(place.column + step, place.row - size);
            add(place.column + step, place.row + size);
        }
        cells
    }
}

/// A place beyond the edge of a side, on the side that it lies on.
fn wrapped(place: &Place) -> Place {
    let of = |index: i64| {
        let middle = 2 * index.clamp(-1, SIZE) + 1 - SIZE;
        (middle as f64 / SIZE as f64).clamp(-1.0 - f64::EPSILON, 1.0 + f64::EPSILON)
    };
    let point = point_of(place.side, of(place.column), of(place.row));
    let (side, u, v) = side_of(point);
    Place {
        side,
        column: index(0.5 * (u + 1.0)),
        row: index(0.5 * (v + 1.0)),
    }
}

fn side_of(point: Point) -> (u8, f64, f64) {
    let [x, y, z] = point.0;
    let largest = (0..3).fold(0, |largest, axis| {
        if point.0[axis].abs() > point.0[largest].abs() {
            axis
        } else {
            largest
        }
    });
    match (largest, point.0[largest] >= 0.0) {
        (0, true) => (0, y / x, z / x),
        (1, true) => (1, -x / y, z / y),
        (2, true) => (2, -x / z, -y / z),
        (0, false) => (3, z / x, y / x),
        (1, false) => (4, z / y, -x / y),
        _ => (5, -y / z, -x / z),
    }
}

const fn point_of(side: u8, u: f64, v: f64) -> Point {
    Point(match side {
        0 => [1.0, u, v],
        1 => [-u, 1.0, v],
        2 => [-u, -v, 1.0],
        3 => [-1.0, -v, -u],
        4 => [v, -1.0, -u],
        _ => [v, u, -1.0],
    })
}

/// From the plane of a side to a grid whose cells have about the same area.
fn s_of(u: f64) -> f64 {
    if u >= 0.0 {
        0.5 * (1.0 + 3.0 * u).sqrt()
    } else {
        1.0 - 0.5 * (1.0 - 3.0 * u).sqrt()
    }
}

fn u_of(s: f64) -> f64 {
    if s >= 0.5 {
        (4.0 * s * s - 1.0) / 3.0
    } else {
        (1.0 - 4.0 * (1.0 - s) * (1.0 - s)) / 3.0
    }
}

fn index(s: f64) -> i64 {
    ((s * SIZE as f64).floor() as i64).clamp(0, SIZE - 1)
}

const MAX_LEVEL: u32 = 30;
const SIZE: i64 = 1 << MAX_LEVEL;

/// For each orientation of the curve the quarters in the order that it runs through them: column, then row.
const QUARTERS: [[i64; 4]; 4] = [[0, 1, 3, 2], [0, 2, 3, 1], [3, 2, 0, 1], [3, 1, 0, 2]];

/// How the orientation changes in the quarter at each place of the curve.
const TURNS: [usize; 4] = [1, 0, 0, 3];
