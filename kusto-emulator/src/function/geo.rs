//! Places on the Earth: distances and directions, shapes in GeoJSON, geohashes and S2 cells.
//!
//! The Earth is a sphere whose edges are the shortest ways between points, as in the S2 library. What is no place or
//! no shape gives null.

mod geohash;
pub(super) mod h3;
mod s2;
mod shape;
mod sphere;

use super::arguments::{Arguments, converted};
use super::json::Json;
use super::kind::{self, Bool, Input, Long, Nullable, Output, Real, Text};
use super::lift::{binary, collect, ternary, unary, variadic};
use super::{Call, Family, Function};
use crate::error::{BindError, EvalError};
use shape::{Lines, Polygons};
use sphere::{Point, along};

pub(super) const FAMILY: Family = Family {
    name: "Places on the Earth",
    functions: &[
        Function::new(
            "geo_angle",
            (6, 6),
            "(lon, lat, lon, lat, lon, lat) -> real, in radians",
            |a| {
                places(a, |places| {
                    let [first, middle, last] = places else {
                        return None;
                    };
                    let turn = middle.azimuth(*last)? - middle.azimuth(*first)?;
                    Some(turn.rem_euclid(std::f64::consts::TAU))
                })
            },
        ),
        Function::new(
            "geo_azimuth",
            (4, 4),
            "(lon, lat, lon, lat) -> real, in radians",
            |a| places(a, |places| places[0].azimuth(places[1])),
        ),
        Function::new(
            "geo_closest_point_on_line",
            (3, 3),
            "(lon, lat, line) -> point",
            |a| {
                place_and::<kind::Json>(a, |place, line| {
                    let lines = shape::lines(line)?;
                    let (longitude, latitude) = nearest(place, shape::line_edges(&lines))?.degrees();
                    Some(shape::point_json(longitude, latitude))
                })
            },
        ),
        Function::new(
            "geo_closest_point_on_polygon",
            (3, 3),
            "(lon, lat, polygon) -> point",
            |a| {
                place_and::<kind::Json>(a, |place, polygon| {
                    let polygons = shape::polygons(polygon)?;
                    let closest = match shape::is_within(place, &polygons) {
                        true => place,
                        false => nearest(place, shape::polygon_edges(&polygons))?,
                    };
                    let (longitude, latitude) = closest.degrees();
                    Some(shape::point_json(longitude, latitude))
                })
            },
        ),
        Function::new(
            "geo_distance_2points",
            (4, 4),
            "(lon, lat, lon, lat) -> real, in metres",
            |a| places(a, |places| Some(places[0].distance(places[1]))),
        ),
        Function::new(
            "geo_distance_point_to_line",
            (3, 3),
            "(lon, lat, line) -> real, in metres",
            |a| {
                place_and::<Real>(a, |place, line| {
                    let lines = shape::lines(line)?;
                    Some(place.distance(nearest(place, shape::line_edges(&lines))?))
                })
            },
        ),
        Function::new(
            "geo_distance_point_to_polygon",
            (3, 3),
            "(lon, lat, polygon) -> real, in metres",
            |a| {
                place_and::<Real>(a, |place, polygon| {
                    let polygons = shape::polygons(polygon)?;
                    if shape::is_within(place, &polygons) {
                        return Some(0.0);
                    }
                    Some(place.distance(nearest(place, shape::polygon_edges(&polygons))?))
                })
            },
        ),
        Function::new("geo_from_wkt", (1, 1), "(text) -> shape", |a| {
            unary::<Text, kind::Json>(a, shape::of_text)
        }),
        Function::new("geo_geohash_neighbors", (1, 1), "(geohash) -> dynamic", |a| {
            unary::<Text, kind::Json>(a, |text| {
                let cell = geohash::Cell::parse(text)?;
                Some(cell.neighbors().iter().map(geohash::Cell::text).collect())
            })
        }),
        Function::new(
            "geo_geohash_to_central_point",
            (1, 1),
            "(geohash) -> point",
            |a| {
                unary::<Text, kind::Json>(a, |text| {
                    let [west, south, east, north] = geohash::Cell::parse(text)?.bounds();
                    Some(shape::point_json(
                        f64::midpoint(west, east),
                        f64::midpoint(south, north),
                    ))
                })
            },
        ),
        Function::new("geo_geohash_to_polygon", (1, 1), "(geohash) -> polygon", |a| {
            unary::<Text, kind::Json>(a, |text| {
                let [west, south, east, north] = geohash::Cell::parse(text)?.bounds();
                let corners = [(west, south), (east, south), (east, north), (west, north)];
                Some(shape::polygon_json(&corners))
            })
        }),
        Function::new("geo_intersects_2lines", (2, 2), "(line, line) -> bool", |a| {
            binary::<kind::Json, kind::Json, Bool>(a, |left, right| {
                let (left, right) = (shape::lines(&left)?, shape::lines(&right)?);
                Some(is_crossing(shape::line_edges(&left), shape::line_edges(&right)))
            })
        }),
        Function::new(
            "geo_intersects_2polygons",
            (2, 2),
            "(polygon, polygon) -> bool",
            |a| {
                binary::<kind::Json, kind::Json, Bool>(a, |left, right| {
                    let (left, right) = (shape::polygons(&left)?, shape::polygons(&right)?);
                    Some(intersects(&left, &right))
                })
            },
        ),
        Function::new(
            "geo_intersects_line_with_polygon",
            (2, 2),
            "(line, polygon) -> bool",
            |a| {
                binary::<kind::Json, kind::Json, Bool>(a, |line, polygon| {
                    let (lines, polygons) = (shape::lines(&line)?, shape::polygons(&polygon)?);
                    let mut starts = lines.iter().filter_map(|line| line.first());
                    let edges = shape::polygon_edges(&polygons);
                    let is_within = starts.any(|start| shape::is_within(*start, &polygons));
                    Some(is_within || is_crossing(shape::line_edges(&lines), edges))
                })
            },
        ),
        Function::new("geo_line_centroid", (1, 1), "(line) -> point", |a| {
            unary::<kind::Json, kind::Json>(a, |line| {
                let lines = shape::lines(&line)?;
                let sum = shape::line_edges(&lines).fold(Point([0.0; 3]), |sum, [a, b]| {
                    let middle = a.plus(b);
                    let weight = a.plus(b.scaled(-1.0)).length() / middle.length();
                    sum.plus(middle.scaled(weight))
                });
                let (longitude, latitude) = sum.normalized()?.degrees();
                Some(shape::point_json(longitude, latitude))
            })
        }),
        Function::new(
            "geo_line_interpolate_point",
            (2, 2),
            "(line, part: real) -> point",
            |a| {
                binary::<kind::Json, Real, kind::Json>(a, |line, part| {
                    let lines = shape::lines(&line).filter(|lines| lines.len() == 1)?;
                    let (longitude, latitude) = at_part(&lines, part)?.degrees();
                    Some(shape::point_json(longitude, latitude))
                })
            },
        ),
        Function::new("geo_line_length", (1, 1), "(line) -> real, in metres", |a| {
            unary::<kind::Json, Real>(a, |line| Some(length(shape::line_edges(&shape::lines(&line)?))))
        }),
        Function::new(
            "geo_line_locate_point",
            (3, 3),
            "(line, lon, lat) -> real, a part",
            |a| {
                ternary::<kind::Json, Real, Real, Real>(a, |line, longitude, latitude| {
                    let lines = shape::lines(&line).filter(|lines| lines.len() == 1)?;
                    let place = Point::of_degrees(longitude, latitude)?;
                    let (mut before, mut best) = (0.0, (f64::INFINITY, 0.0));
                    for edge in shape::line_edges(&lines) {
                        let foot = place.nearest(edge);
                        if place.angle(foot) < best.0 {
                            best = (place.angle(foot), before + edge[0].distance(foot));
                        }
                        before += edge[0].distance(edge[1]);
                    }
                    Some(best.1 / before)
                })
            },
        ),
        Function::new(
            "geo_point_in_circle",
            (5, 5),
            "(lon, lat, lon, lat, radius: real) -> bool",
            in_circle,
        ),
        Function::new(
            "geo_point_in_polygon",
            (3, 3),
            "(lon, lat, polygon) -> bool",
            |a| {
                place_and::<Bool>(a, |place, polygon| {
                    Some(shape::is_within(place, &shape::polygons(polygon)?))
                })
            },
        ),
        Function::new(
            "geo_point_to_geohash",
            (2, 3),
            "(lon, lat, [letters: long]) -> string",
            |a| {
                cell(a, 5, |longitude, latitude, letters| {
                    Some(geohash::Cell::around(longitude, latitude, letters)?.text())
                })
            },
        ),
        Function::new(
            "geo_point_to_s2cell",
            (2, 3),
            "(lon, lat, [level: long]) -> string",
            |a| {
                cell(a, 11, |longitude, latitude, level| {
                    Some(s2::Cell::around(Point::of_degrees(longitude, latitude)?, level)?.text())
                })
            },
        ),
        Function::new(
            "geo_polygon_area",
            (1, 1),
            "(polygon) -> real, in square metres",
            |a| {
                disjoint::<Real>(a, |polygons| {
                    let areas = polygons.iter().flat_map(|loops| signed(loops, sphere::area));
                    Some(areas.map(|(sign, area)| sign * area).sum())
                })
            },
        ),
        Function::new("geo_polygon_centroid", (1, 1), "(polygon) -> point", |a| {
            disjoint::<kind::Json>(a, |polygons| {
                let moments = polygons.iter().flat_map(|loops| signed(loops, sphere::moment));
                let sum = moments.fold(Point([0.0; 3]), |sum, (sign, moment)| {
                    sum.plus(moment.scaled(sign))
                });
                let (longitude, latitude) = sum.normalized()?.degrees();
                Some(shape::point_json(longitude, latitude))
            })
        }),
        Function::new(
            "geo_polygon_perimeter",
            (1, 1),
            "(polygon) -> real, in metres",
            |a| disjoint::<Real>(a, |polygons| Some(length(shape::polygon_edges(polygons)))),
        ),
        Function::new("geo_s2cell_neighbors", (1, 1), "(cell) -> dynamic", |a| {
            unary::<Text, kind::Json>(a, |text| {
                let cells = s2::Cell::parse(text)?.neighbors().into_iter();
                Some(cells.map(s2::Cell::text).collect())
            })
        }),
        Function::new("geo_s2cell_to_central_point", (1, 1), "(cell) -> point", |a| {
            unary::<Text, kind::Json>(a, |text| {
                let (longitude, latitude) = s2::Cell::parse(text)?.center()?.degrees();
                Some(shape::point_json(longitude, latitude))
            })
        }),
        Function::new("geo_s2cell_to_polygon", (1, 1), "(cell) -> polygon", |a| {
            unary::<Text, kind::Json>(a, |text| {
                let corners = s2::Cell::parse(text)?.corners().into_iter();
                Some(shape::polygon_json(
                    &corners.map(Point::degrees).collect::<Vec<_>>(),
                ))
            })
        }),
    ],
};

/// A function of places alone, given as longitudes and latitudes.
fn places(
    arguments: &Arguments<'_>,
    function: impl Fn(&[Point]) -> Option<f64> + Send + Sync + 'static,
) -> Result<Call, BindError> {
    variadic::<Real, Real>(arguments, move |degrees| {
        let places: Option<Vec<Point>> = degrees
            .chunks_exact(2)
            .map(|pair| Point::of_degrees(pair[0]?, pair[1]?))
            .collect();
        function(&places?)
    })
}

/// A function of a place and a shape.
fn place_and<R: Output>(
    arguments: &Arguments<'_>,
    function: impl Fn(Point, &Json) -> Option<R::Value> + Send + Sync + 'static,
) -> Result<Call, BindError> {
    ternary::<Real, Real, kind::Json, R>(arguments, move |longitude, latitude, shape| {
        function(Point::of_degrees(longitude, latitude)?, &shape)
    })
}

/// The text of the cell around a place; the empty one where there is none.
fn cell(
    arguments: &Arguments<'_>,
    default: i64,
    function: fn(f64, f64, i64) -> Option<String>,
) -> Result<Call, BindError> {
    let is_given = arguments.len() > 2;
    ternary::<Real, Real, Nullable<Long>, Text>(arguments, move |longitude, latitude, level| {
        let level = match is_given {
            true => level?,
            false => default,
        };
        function(longitude, latitude, level)
    })
}

/// A figure of polygons. Those that overlap would have to be united first, which is not done here.
fn disjoint<R: Output>(
    arguments: &Arguments<'_>,
    function: fn(&Polygons) -> Option<R::Value>,
) -> Result<Call, BindError> {
    let (name, target) = (arguments.name(), arguments.target::<kind::Json>(0)?);
    Ok(Call::new(R::TYPE, move |vectors, rows, _| {
        let shapes = converted(vectors, 0, &target)?;
        let read = kind::Json::read(&shapes);
        let mut is_overlapping = false;
        let result = collect::<R>(vectors, rows, |row| {
            let polygons = shape::polygons(&*read(row)?)?;
            is_overlapping |= (1..polygons.len()).any(|place| {
                let (before, here) = (&polygons[..place], &polygons[place..=place]);
                intersects(before, here)
            });
            function(&polygons)
        });
        if is_overlapping {
            let message = format!("{name}(): overlapping polygons are not supported by this service.");
            return Err(EvalError::runtime(message));
        }
        result
    }))
}

/// Whether some of two sets of polygons have a point in common.
fn intersects(left: &[Vec<Vec<Point>>], right: &[Vec<Vec<Point>>]) -> bool {
    let within = |inner: &[Vec<Vec<Point>>], outer: &[Vec<Vec<Point>>]| {
        let mut corners = inner.iter().filter_map(|loops| loops.first()?.first());
        corners.any(|corner| shape::is_within(*corner, outer))
    };
    is_crossing(shape::polygon_edges(left), shape::polygon_edges(right))
        || within(left, right)
        || within(right, left)
}

fn in_circle(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    variadic::<Real, Bool>(arguments, |numbers| {
        let [longitude, latitude, x, y, radius] = numbers else {
            return None;
        };
        let place = Point::of_degrees((*longitude)?, (*latitude)?)?;
        let center = Point::of_degrees((*x)?, (*y)?)?;
        let radius = radius.filter(|radius| *radius >= 0.0)?;
        Some(place.distance(center) <= radius)
    })
}

fn nearest(place: Point, edges: impl Iterator<Item = [Point; 2]>) -> Option<Point> {
    let feet = edges.map(|edge| place.nearest(edge));
    feet.min_by(|left, right| place.angle(*left).total_cmp(&place.angle(*right)))
}

fn length(edges: impl Iterator<Item = [Point; 2]>) -> f64 {
    edges.map(|[start, end]| start.distance(end)).sum()
}

fn is_crossing(
    left: impl Iterator<Item = [Point; 2]>,
    right: impl Iterator<Item = [Point; 2]> + Clone,
) -> bool {
    let mut left = left;
    left.any(|edge| right.clone().any(|other| sphere::is_crossing(edge, other)))
}

/// A figure of each loop, with the sign that it counts with: holes take away.
fn signed<'a, T>(
    loops: &'a [Vec<Point>],
    figure: impl Fn(&[Point]) -> T + 'a,
) -> impl Iterator<Item = (f64, T)> + 'a {
    let signs = std::iter::once(1.0).chain(std::iter::repeat(-1.0));
    signs.zip(loops.iter().map(move |vertices| figure(vertices)))
}

/// The point at a part of a line's way.
fn at_part(lines: &Lines, part: f64) -> Option<Point> {
    if !(0.0..=1.0).contains(&part) {
        return None;
    }
    let mut left = length(shape::line_edges(lines)) * part;
    let mut last = None;
    for edge in shape::line_edges(lines) {
        let length = edge[0].distance(edge[1]);
        if left <= length {
            return Some(along(edge, left / length));
        }
        left -= length;
        last = Some(edge[1]);
    }
    last
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    const SQUARE: &str = r#"dynamic:{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,2],[0,0]],[[0.5,0.5],[1,0.5],[1,1],[0.5,1],[0.5,0.5]]]}"#;

    #[test]
    fn distances_are_those_on_a_sphere() {
        let quarter = "real:10007559.105973555";
        check(
            "geo_distance_2points",
            &["real:0", "real:0", "real:90", "real:0"],
            quarter,
        );
        check(
            "geo_distance_2points",
            &["real:0", "real:0", "real:0", "real:-90"],
            quarter,
        );
        check(
            "geo_distance_2points",
            &["real:181", "real:0", "real:0", "real:0"],
            "real:null",
        );
        check("geo_azimuth", &["real:0", "real:0", "real:0", "real:5"], "real:0");
        check(
            "geo_azimuth",
            &["real:5", "real:5", "real:5", "real:5"],
            "real:null",
        );
        let circle = ["real:1", "real:0", "real:0", "real:0", "real:111200"];
        check("geo_point_in_circle", &circle, "bool:true");
        let line = r#"dynamic:{"type":"LineString","coordinates":[[-10,0],[10,0]]}"#;
        check(
            "geo_distance_point_to_line",
            &["real:3", "real:90", line],
            quarter,
        );
        check("geo_line_locate_point", &[line, "real:-10", "real:5"], "real:0");
    }

    #[test]
    fn polygons_have_an_inside_and_holes() {
        let is_inside = |longitude, latitude, expected| {
            check("geo_point_in_polygon", &[longitude, latitude, SQUARE], expected);
        };
        is_inside("real:1.5", "real:1.5", "bool:true");
        is_inside("real:0.7", "real:0.7", "bool:false");
        is_inside("real:2.1", "real:1", "bool:false");
        is_inside("real:-178.5", "real:-1.5", "bool:false");
        is_inside("real:500", "real:1", "bool:null");
        check(
            "geo_distance_point_to_polygon",
            &["real:1.5", "real:1.5", SQUARE],
            "real:0",
        );
        let open = r#"dynamic:{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2]]]}"#;
        check("geo_polygon_area", &[open], "real:null");
        let line = r#"dynamic:{"type":"LineString","coordinates":[[-1,1.2],[3,1.2]]}"#;
        check("geo_intersects_line_with_polygon", &[line, SQUARE], "bool:true");
    }

    #[test]
    fn cells_are_named_and_found_again() {
        check(
            "geo_point_to_geohash",
            &["real:-0.1", "real:51.5", "long:6"],
            "gcpuvx",
        );
        check("geo_point_to_geohash", &["real:-0.1", "real:95"], "");
        check(
            "geo_geohash_to_central_point",
            &["s"],
            r#"dynamic:{"type":"Point","coordinates":[22.5,22.5]}"#,
        );
        check(
            "geo_geohash_neighbors",
            &["0"],
            r#"dynamic:["p","3","1","2","r"]"#,
        );
        check("geo_point_to_s2cell", &["real:-0.1", "real:51.5", "long:0"], "5");
        check(
            "geo_s2cell_to_central_point",
            &["1"],
            r#"dynamic:{"type":"Point","coordinates":[0.0,0.0]}"#,
        );
        check("geo_s2cell_to_central_point", &["zz"], "dynamic:null");
        check("geo_s2cell_neighbors", &["1"], r#"dynamic:["9","3","b","5"]"#);
    }

    #[test]
    fn shapes_are_read_from_text() {
        check(
            "geo_from_wkt",
            &["POLYGON ((0 0, 2 0, 2 2, 0 0))"],
            r#"dynamic:{"type":"Polygon","coordinates":[[[0.0,0.0],[2.0,0.0],[2.0,2.0],[0.0,0.0]]]}"#,
        );
        check("geo_from_wkt", &["CIRCLE (1 2)"], "dynamic:null");
        check("geo_from_wkt", &["POINT (1 x)"], "dynamic:null");
    }
}
