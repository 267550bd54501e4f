//! Shapes as the service takes and gives them: GeoJSON, and well-known text.

use serde_json::json;

use super::super::json::{self, Json};
use super::sphere::{self, Point};

/// Lines; for each its vertices.
pub(super) type Lines = Vec<Vec<Point>>;

/// Polygons; for each its loops without the repeated vertex, the outer one first.
pub(super) type Polygons = Vec<Vec<Vec<Point>>>;

/// A `LineString` or `MultiLineString` of at least two vertices each.
pub(super) fn lines(shape: &Json) -> Option<Lines> {
    let coordinates = shape.get("coordinates")?;
    let lines: Lines = match shape.get("type")?.as_str()? {
        "LineString" => vec![points(coordinates)?],
        "MultiLineString" => coordinates
            .as_array()?
            .iter()
            .map(points)
            .collect::<Option<_>>()?,
        _ => return None,
    };
    let is_valid = |line: &Vec<Point>| line.len() >= 2 && line.windows(2).all(|pair| pair[0] != pair[1]);
    (!lines.is_empty() && lines.iter().all(is_valid)).then_some(lines)
}

/// A `Polygon` or `MultiPolygon` whose loops are closed and have three vertices at least.
pub(super) fn polygons(shape: &Json) -> Option<Polygons> {
    let coordinates = shape.get("coordinates")?;
    let loops = |polygon: &Json| -> Option<Vec<Vec<Point>>> {
        let loops: Vec<_> = polygon.as_array()?.iter().map(closed).collect::<Option<_>>()?;
        (!loops.is_empty()).then_some(loops)
    };
    let polygons: Polygons = match shape.get("type")?.as_str()? {
        "Polygon" => vec![loops(coordinates)?],
        "MultiPolygon" => coordinates.as_array()?.iter().map(loops).collect::<Option<_>>()?,
        _ => return None,
    };
    (!polygons.is_empty()).then_some(polygons)
}

/// The vertices of a loop that ends where it began.
fn closed(vertices: &Json) -> Option<Vec<Point>> {
    let mut vertices = points(vertices)?;
    if vertices.first() != vertices.last() {
        return None;
    }
    vertices.pop();
    let is_simple = (1..vertices.len()).all(|place| !vertices[..place].contains(&vertices[place]));
    (vertices.len() >= 3 && is_simple).then_some(vertices)
}

fn points(list: &Json) -> Option<Vec<Point>> {
    let point = |position: &Json| {
        let position = position.as_array()?;
        Point::of_degrees(position.first()?.as_f64()?, position.get(1)?.as_f64()?)
    };
    list.as_array()?.iter().map(point).collect()
}

/// Whether a point lies in one of the polygons and in none of its holes.
pub(super) fn is_within(point: Point, polygons: &[Vec<Vec<Point>>]) -> bool {
    polygons.iter().any(|loops| {
        let mut loops = loops.iter();
        loops.next().is_some_and(|outer| sphere::is_inside(point, outer))
            && !loops.any(|hole| sphere::is_inside(point, hole))
    })
}

/// All edges of polygons.
pub(super) fn polygon_edges(polygons: &[Vec<Vec<Point>>]) -> impl Iterator<Item = [Point; 2]> + Clone + '_ {
    let loops = polygons.iter().flatten();
    loops.flat_map(|vertices| {
        let next = vertices.iter().cycle().skip(1);
        vertices.iter().zip(next).map(|(a, b)| [*a, *b])
    })
}

/// All edges of lines.
pub(super) fn line_edges(lines: &Lines) -> impl Iterator<Item = [Point; 2]> + Clone + '_ {
    lines
        .iter()
        .flat_map(|line| line.windows(2))
        .map(|pair| [pair[0], pair[1]])
}

/// A point as GeoJSON.
pub(super) fn point_json(longitude: f64, latitude: f64) -> Json {
    json!({"type": "Point", "coordinates": [json::from_real(longitude), json::from_real(latitude)]})
}

/// A polygon of one loop as GeoJSON, its first position repeated at the end.
pub(super) fn polygon_json(positions: &[(f64, f64)]) -> Json {
    let closed = positions.iter().chain(positions.first());
    let positions: Vec<Json> = closed
        .map(|&(longitude, latitude)| json!([json::from_real(longitude), json::from_real(latitude)]))
        .collect();
    json!({"type": "Polygon", "coordinates": [positions]})
}

/// Well-known text as GeoJSON.
pub(super) fn of_text(text: &str) -> Option<Json> {
    let (name, rest) = text.trim().split_once('(')?;
    let rest = rest.trim_end().strip_suffix(')')?;
    let (kind, depth) = match name.trim().to_ascii_uppercase().as_str() {
        "POINT" => ("Point", 0),
        "LINESTRING" => ("LineString", 1),
        "MULTIPOINT" => ("MultiPoint", 1),
        "POLYGON" => ("Polygon", 2),
        "MULTILINESTRING" => ("MultiLineString", 2),
        "MULTIPOLYGON" => ("MultiPolygon", 3),
        _ => return None,
    };
    Some(json!({"type": kind, "coordinates": positions(rest, depth)?}))
}

/// Numbers below so many levels of lists; the outermost parentheses are gone already.
fn positions(text: &str, depth: usize) -> Option<Json> {
    if depth == 0 {
        let numbers: Option<Vec<f64>> = text.split_whitespace().map(|word| word.parse().ok()).collect();
        let numbers = numbers.filter(|numbers| numbers.len() >= 2)?;
        return Some(numbers.into_iter().map(json::from_real).collect());
    }
    let mut parts = Vec::new();
    let (mut level, mut start) = (0_usize, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => level += 1,
            b')' => level = level.checked_sub(1)?,
            b',' if level == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    let inner = parts.into_iter().map(|part| {
        let part = part.trim();
        let bare = part.strip_prefix('(').and_then(|part| part.strip_suffix(')'));
        // The points of a line have no parentheses; those of a set of points may.
        match (bare, depth) {
            (Some(bare), _) => positions(bare, depth - 1),
            (None, 1) => positions(part, 0),
            (None, _) => None,
        }
    });
    inner.collect()
}
