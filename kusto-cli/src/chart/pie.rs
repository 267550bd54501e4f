//! Pie charts: slices of the first series.

use std::f64::consts::TAU;

use super::color::{self, BACKGROUND};
use super::layout::{LABEL_SIZE, Plot};
use super::scene::{Anchor, Point, Scene, Shape};
use super::{ChartData, legend};

/// A share of the whole.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slice {
    pub(super) name: String,
    pub(super) value: f64,
    /// From 0 to 1.
    pub(super) share: f64,
}

/// The positive values in order of the result; those beyond `most` become one slice, `other`.
pub(super) fn slices(data: &ChartData, most: usize) -> Vec<Slice> {
    let Some(series) = data.series.first() else {
        return Vec::new();
    };
    let mut slices: Vec<Slice> = data
        .x
        .labels()
        .into_iter()
        .zip(&series.values)
        .filter_map(|(name, value)| {
            let value = value.filter(|value| *value > 0.0 && value.is_finite())?;
            Some(Slice {
                name,
                value,
                share: 0.0,
            })
        })
        .collect();
    let whole: f64 = slices.iter().map(|slice| slice.value).sum();
    if slices.len() > most {
        let rest = slices.split_off(most - 1);
        let name = format!("other ({})", rest.len());
        slices.push(Slice {
            name,
            value: rest.iter().map(|slice| slice.value).sum(),
            share: 0.0,
        });
    }
    for slice in &mut slices {
        slice.share = slice.value / whole;
    }
    slices
}

pub(super) fn draw(data: &ChartData, plot: Plot, scene: &mut Scene) {
    let slices = slices(data, 10);
    let names: Vec<String> = slices
        .iter()
        .map(|slice| format!("{} – {}", percent(slice.share), slice.name))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let middle_of_picture = f64::midpoint(plot.left, plot.right);
    let radius = (plot.bottom - plot.top) / 2.0;
    // Pie and legend beside each other, together in the middle.
    let center = (
        middle_of_picture - radius * 0.5,
        f64::midpoint(plot.top, plot.bottom),
    );
    let mut begin = 0.0;
    for (index, slice) in slices.iter().enumerate() {
        let end = begin + slice.share;
        let points = wedge(center, radius, begin, end);
        scene.shapes.push(Shape::Polygon {
            points,
            fill: color::of(index),
            opacity: 1.0,
        });
        begin = end;
    }
    let mut begin = 0.0;
    for slice in &slices {
        if slices.len() > 1 {
            scene.line(center, on_circle(center, radius, begin), BACKGROUND, 2.0);
        }
        if slice.share >= 0.05 {
            let (x, y) = on_circle(center, radius * 0.72, begin + slice.share / 2.0);
            let at = (x, y + LABEL_SIZE * 0.36);
            scene.text(
                at,
                &percent(slice.share),
                LABEL_SIZE + 1.0,
                Anchor::Middle,
                BACKGROUND,
            );
        }
        begin += slice.share;
    }
    if data.legend {
        let left = center.0 + radius + 40.0;
        let room = Plot {
            left,
            right: left + legend::width(&names),
            ..plot
        };
        legend::draw(&names, room, scene);
    }
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// A slice as a polygon with a point for about every degree.
fn wedge(center: Point, radius: f64, begin: f64, end: f64) -> Vec<Point> {
    let steps = ((end - begin) * 360.0).ceil().max(1.0) as usize;
    let arc = (0..=steps).map(|step| begin + (end - begin) * step as f64 / steps as f64);
    std::iter::once(center)
        .chain(arc.map(|turn| on_circle(center, radius, turn)))
        .collect()
}

/// A point on a circle; turns go clockwise from the top.
fn on_circle(center: Point, radius: f64, turn: f64) -> Point {
    let angle = turn * TAU;
    (center.0 + radius * angle.sin(), center.1 - radius * angle.cos())
}

#[cfg(test)]
mod tests {
    use super::super::{ChartKind, Series, X};
    use super::*;

    #[test]
    fn slices_share_the_whole_and_small_change_is_put_together() {
        let x = X::Labels(["a", "b", "c", "d"].map(String::from).to_vec());
        let values = vec![Some(5.0), Some(-1.0), Some(3.0), Some(2.0)];
        let data = ChartData::new(
            ChartKind::Pie,
            x,
            vec![Series {
                name: "n".into(),
                values,
            }],
        );
        let texts = |most| -> Vec<(String, f64)> {
            slices(&data, most)
                .into_iter()
                .map(|slice| (slice.name, slice.share))
                .collect()
        };
        assert_eq!(
            texts(9),
            [("a".into(), 0.5), ("c".into(), 0.3), ("d".into(), 0.2)]
        );
        assert_eq!(texts(2), [("a".into(), 0.5), ("other (2)".into(), 0.5)]);
    }
}
