//! Points, edges and loops on the Earth as a sphere, the way the S2 library sees it.

/// The radius of the Earth in metres that the service computes with.
pub(super) const RADIUS: f64 = 6_371_010.0;

/// A point of the unit sphere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point(pub(super) [f64; 3]);

impl Point {
    /// From degrees; `None` outside of the ranges of longitude and latitude.
    pub(super) fn of_degrees(longitude: f64, latitude: f64) -> Option<Self> {
        if !(-180.0..=180.0).contains(&longitude) || !(-90.0..=90.0).contains(&latitude) {
            return None;
        }
        let (longitude, latitude) = (longitude.to_radians(), latitude.to_radians());
        Some(Self([
            latitude.cos() * longitude.cos(),
            latitude.cos() * longitude.sin(),
            latitude.sin(),
        ]))
    }

    /// Longitude and latitude in degrees.
    pub(super) fn degrees(self) -> (f64, f64) {
        let [x, y, z] = self.0;
        (y.atan2(x).to_degrees(), z.atan2(x.hypot(y)).to_degrees())
    }

    pub(super) fn dot(self, other: Self) -> f64 {
        self.0.iter().zip(other.0).map(|(a, b)| a * b).sum()
    }

    pub(super) fn cross(self, other: Self) -> Self {
        let ([a, b, c], [x, y, z]) = (self.0, other.0);
        Self([b * z - c * y, c * x - a * z, a * y - b * x])
    }

    pub(super) fn length(self) -> f64 {
        self.dot(self).sqrt()
    }

    pub(super) fn scaled(self, factor: f64) -> Self {
        Self(self.0.map(|value| value * factor))
    }

    pub(super) fn plus(self, other: Self) -> Self {
        let ([a, b, c], [x, y, z]) = (self.0, other.0);
        Self([a + x, b + y, c + z])
    }

    /// The same direction on the sphere; `None` of the middle of it.
    pub(super) fn normalized(self) -> Option<Self> {
        let length = self.length();
        (length > 1e-15).then(|| self.scaled(1.0 / length))
    }

    /// The angle to another point, in radians.
    pub(super) fn angle(self, other: Self) -> f64 {
        self.cross(other).length().atan2(self.dot(other))
    }

    /// Metres to another point.
    pub(super) fn distance(self, other: Self) -> f64 {
        self.angle(other) * RADIUS
    }

    /// The direction to another point, clockwise from north; `None` where all directions lead there.
    pub(super) fn azimuth(self, other: Self) -> Option<f64> {
        if self.cross(other).length() < 1e-15 {
            return None;
        }
        let [x, y, z] = self.0;
        let level = x.hypot(y);
        let (east, north) = match level > 1e-15 {
            true => (
                Self([-y / level, x / level, 0.0]),
                Self([-z * x / level, -z * y / level, level]),
            ),
            // At a pole the meridian of Greenwich leads south or north.
            false => (Self([0.0, 1.0, 0.0]), Self([-z.signum(), 0.0, 0.0])),
        };
        let azimuth = other.dot(east).atan2(other.dot(north));
        Some(azimuth.rem_euclid(std::f64::consts::TAU))
    }

    /// The point of an edge that is nearest.
    pub(super) fn nearest(self, [start, end]: [Self; 2]) -> Self {
        let normal = start.cross(end);
        let across = normal.dot(self) / normal.dot(normal);
        if let Some(foot) = self.plus(normal.scaled(-across)).normalized()
            && normal.length() > 0.0
            && start.cross(foot).dot(normal) >= 0.0
            && foot.cross(end).dot(normal) >= 0.0
        {
            return foot;
        }
        match self.angle(start) <= self.angle(end) {
            true => start,
            false => end,
        }
    }
}

/// The point at a part of an edge's way.
pub(super) fn along([start, end]: [Point; 2], part: f64) -> Point {
    let angle = start.angle(end);
    if angle < 1e-15 {
        return start;
    }
    let (a, b) = (
        ((1.0 - part) * angle).sin() / angle.sin(),
        (part * angle).sin() / angle.sin(),
    );
    start.scaled(a).plus(end.scaled(b))
}

/// Whether two edges have a point in common.
pub(super) fn is_crossing([a, b]: [Point; 2], [c, d]: [Point; 2]) -> bool {
    let side = |x: Point, y: Point, z: Point| x.cross(y).dot(z);
    let (acb, bda) = (-side(a, b, c), side(a, b, d));
    let (cbd, dac) = (-side(c, d, b), side(c, d, a));
    if acb * bda > 0.0 && bda * cbd > 0.0 && cbd * dac > 0.0 {
        return true;
    }
    let touches = |point: Point, edge: [Point; 2]| point.angle(point.nearest(edge)) < 1e-15;
    touches(a, [c, d]) || touches(b, [c, d]) || touches(c, [a, b]) || touches(d, [a, b])
}

/// The edges of a loop, the last back to the first vertex.
pub(super) fn edges(vertices: &[Point]) -> impl Iterator<Item = [Point; 2]> + '_ {
    let next = vertices.iter().cycle().skip(1);
    vertices.iter().zip(next).map(|(a, b)| [*a, *b])
}

/// The area inside a loop, of which the smaller side is the inside.
pub(super) fn area(vertices: &[Point]) -> f64 {
    let Some(&first) = vertices.first() else {
        return 0.0;
    };
    let triangles = vertices.windows(2).skip(1).map(|pair| {
        let (a, b, c) = (first, pair[0], pair[1]);
        let volume = a.dot(b.cross(c));
        2.0 * volume.atan2(1.0 + a.dot(b) + b.dot(c) + c.dot(a))
    });
    let area = triangles.sum::<f64>().abs();
    area.min(2.0 * std::f64::consts::TAU - area) * RADIUS * RADIUS
}

/// The integral of the positions inside a loop: its direction is that of the centroid, its length grows with the
/// area.
pub(super) fn moment(vertices: &[Point]) -> Point {
    let triangles = vertices.windows(2).skip(1);
    let sum = triangles.fold(Point([0.0; 3]), |sum, pair| {
        sum.plus(triangle_moment([vertices[0], pair[0], pair[1]]))
    });
    // A loop that runs clockwise has its inside on the other side.
    let middle = vertices
        .iter()
        .fold(Point([0.0; 3]), |sum, vertex| sum.plus(*vertex));
    match sum.dot(middle) < 0.0 {
        true => sum.scaled(-1.0),
        false => sum,
    }
}

/// The same of a triangle, in a form that keeps its digits however small the triangle is.
fn triangle_moment([a, b, c]: [Point; 3]) -> Point {
    let ratio = |from: Point, to: Point| match from.angle(to) {
        0.0 => 1.0,
        angle => angle / angle.sin(),
    };
    let (at_a, at_b, at_c) = (ratio(b, c), ratio(c, a), ratio(a, b));
    let axis = |place: usize| {
        let (from, b, c) = (a.0[place], b.0[place], c.0[place]);
        Point([from, b - from, c - from])
    };
    let (x, y, z) = (axis(0), axis(1), axis(2));
    let weights = Point([at_a, at_b - at_a, at_c - at_a]);
    Point([
        0.5 * y.cross(z).dot(weights),
        0.5 * z.cross(x).dot(weights),
        0.5 * x.cross(y).dot(weights),
    ])
}

/// Whether a point is inside a loop that is no larger than half of the sphere.
pub(super) fn is_inside(point: Point, vertices: &[Point]) -> bool {
    let middle = vertices
        .iter()
        .fold(Point([0.0; 3]), |sum, vertex| sum.plus(*vertex));
    // Seen from the other side of the Earth the loop runs around too.
    if middle.dot(point) <= 0.0 {
        return false;
    }
    let mut turn = 0.0;
    for [a, b] in edges(vertices) {
        let (Some(from), Some(to)) = (point.azimuth(a), point.azimuth(b)) else {
            // A vertex belongs to its loop.
            return true;
        };
        let step = (to - from).rem_euclid(std::f64::consts::TAU);
        turn += if step > std::f64::consts::PI {
            step - std::f64::consts::TAU
        } else {
            step
        };
    }
    turn.abs() > std::f64::consts::PI
}
