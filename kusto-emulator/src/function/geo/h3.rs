//! Cells of H3: the sphere in hexagons.

use std::str::FromStr;

use h3o::{CellIndex, LatLng, Resolution};

use super::super::arguments::Arguments;
use super::super::json::Json;
use super::super::kind::{self, Int, Long, Nullable, Real, Text};
use super::super::lift::{binary, ternary, unary};
use super::super::{Call, Family, Function};
use super::shape;
use crate::error::BindError;

pub(in super::super) const FAMILY: Family = Family {
    name: "H3 cells",
    functions: &[
        Function::new(
            "geo_h3cell_children",
            (1, 2),
            "(cell, [level: long]) -> dynamic",
            children,
        ),
        Function::new("geo_h3cell_level", (1, 1), "(cell) -> int", |a| {
            unary::<Text, Int>(a, |text| Some(i32::from(u8::from(cell(text)?.resolution()))))
        }),
        Function::new("geo_h3cell_neighbors", (1, 1), "(cell) -> dynamic", |a| {
            unary::<Text, kind::Json>(a, |text| rings(cell(text)?, 1).pop().map(names))
        }),
        Function::new(
            "geo_h3cell_parent",
            (1, 2),
            "(cell, [level: long]) -> string",
            parent,
        ),
        Function::new(
            "geo_h3cell_rings",
            (2, 2),
            "(cell, distance: long) -> dynamic",
            |a| {
                binary::<Text, Long, kind::Json>(a, |text, distance| {
                    let cell = cell(text)?;
                    let distance = u32::try_from(distance)
                        .ok()
                        .filter(|distance| *distance <= MAX_DISTANCE)?;
                    Some(rings(cell, distance).into_iter().map(names).collect())
                })
            },
        ),
        Function::new("geo_h3cell_to_central_point", (1, 1), "(cell) -> point", |a| {
            unary::<Text, kind::Json>(a, |text| {
                let center = LatLng::from(cell(text)?);
                Some(shape::point_json(center.lng(), center.lat()))
            })
        }),
        Function::new("geo_h3cell_to_polygon", (1, 1), "(cell) -> polygon", |a| {
            unary::<Text, kind::Json>(a, |text| {
                let boundary = cell(text)?.boundary();
                let corners: Vec<_> = boundary
                    .iter()
                    .map(|corner| (corner.lng(), corner.lat()))
                    .collect();
                Some(shape::polygon_json(&corners))
            })
        }),
        Function::new(
            "geo_point_to_h3cell",
            (2, 3),
            "(lon, lat, [level: long]) -> string",
            around,
        ),
    ],
};

fn cell(text: &str) -> Option<CellIndex> {
    CellIndex::from_str(text).ok()
}

fn resolution(level: i64) -> Option<Resolution> {
    Resolution::try_from(u8::try_from(level).ok()?).ok()
}

/// The cells at each distance up to the farthest, around and around as the library goes.
fn rings(cell: CellIndex, farthest: u32) -> Vec<Vec<CellIndex>> {
    let mut rings = vec![Vec::new(); farthest as usize + 1];
    let around: Option<Vec<(CellIndex, u32)>> = cell.grid_disk_distances_fast(farthest).collect();
    // Near a pentagon the short way around is not there.
    for (cell, distance) in around.unwrap_or_else(|| cell.grid_disk_distances(farthest)) {
        rings[distance as usize].push(cell);
    }
    rings
}

fn names(cells: impl IntoIterator<Item = CellIndex>) -> Json {
    cells
        .into_iter()
        .map(|cell| Json::from(cell.to_string()))
        .collect()
}

fn around(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    ternary::<Real, Real, Nullable<Long>, Text>(arguments, |longitude, latitude, level| {
        let is_place = (-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude);
        let level = resolution(level.unwrap_or(DEFAULT_LEVEL)).filter(|_| is_place)?;
        let point = LatLng::new(latitude, longitude).ok()?;
        Some(point.to_cell(level).to_string())
    })
}

fn parent(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    binary::<Text, Nullable<Long>, Text>(arguments, |text, level| {
        let cell = cell(text)?;
        let level = level.unwrap_or_else(|| i64::from(u8::from(cell.resolution())) - 1);
        Some(cell.parent(resolution(level)?)?.to_string())
    })
}

fn children(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    binary::<Text, Nullable<Long>, kind::Json>(arguments, |text, level| {
        let cell = cell(text)?;
        let own = i64::from(u8::from(cell.resolution()));
        let level = level.unwrap_or(own + 1);
        if !(own..=own + MAX_DESCENT).contains(&level) {
            return None;
        }
        Some(names(cell.children(resolution(level)?)))
    })
}

/// The level of a cell around a point if the query names none.
const DEFAULT_LEVEL: i64 = 6;

/// How many levels below a cell the service looks for children.
const MAX_DESCENT: i64 = 5;

/// The farthest ring: an answer should stay of a size that can be sent.
const MAX_DISTANCE: u32 = 142;

#[cfg(test)]
mod tests {
    use super::super::super::tests::check;

    #[test]
    fn points_have_cells_and_cells_points() {
        check(
            "geo_point_to_h3cell",
            &["real:-74.04450446039874", "real:40.689250859314974", "long:6"],
            "862a1072fffffff",
        );
        check("geo_point_to_h3cell", &["real:1", "real:1", "long:16"], "");
        check("geo_point_to_h3cell", &["real:1", "real:91"], "");
        check("geo_h3cell_level", &["862a1072fffffff"], "int:6");
        check("geo_h3cell_level", &["abc"], "int:null");
        check(
            "geo_h3cell_to_central_point",
            &["862a1072fffffff"],
            r#"dynamic:{"type":"Point","coordinates":[-74.01600847979245,40.7041679083504]}"#,
        );
    }

    #[test]
    fn cells_have_parents_children_and_neighbors() {
        check("geo_h3cell_parent", &["862a1072fffffff"], "852a1073fffffff");
        check("geo_h3cell_parent", &["862a1072fffffff", "long:15"], "");
        check(
            "geo_h3cell_children",
            &["862a1072fffffff", "long:12"],
            "dynamic:null",
        );
        check(
            "geo_h3cell_neighbors",
            &["862a1072fffffff"],
            r#"dynamic:["862a10727ffffff","862a10707ffffff","862a1070fffffff","862a10777ffffff","862a100dfffffff","862a100d7ffffff"]"#,
        );
        check(
            "geo_h3cell_rings",
            &["861f8894fffffff", "long:0"],
            r#"dynamic:[["861f8894fffffff"]]"#,
        );
        check(
            "geo_h3cell_rings",
            &["861f8894fffffff", "long:-1"],
            "dynamic:null",
        );
    }
}
