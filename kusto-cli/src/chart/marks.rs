//! The marks of a chart inside its axes: lines, areas, points, columns, bars.

use super::color::{self, TEXT};
use super::layout::{LABEL_SIZE, Plot};
use super::scale::{Scale, exact};
use super::scene::{Anchor, Point, Scene, Shape};
use super::{ChartData, Stacking, font};

/// A line through the values of each series in order of x. Places without a value are passed over.
pub(super) fn lines(data: &ChartData, x: &Scale, y: &Scale, plot: Plot, scene: &mut Scene) {
    for (index, points) in polylines(data, x, y, plot).into_iter().enumerate() {
        let has_dots = points.len() <= MOST_DOTS;
        if has_dots {
            dots(&points, 3.0, index, scene);
        }
        scene.shapes.push(Shape::Polyline {
            points,
            stroke: color::of(index),
            width: 2.0,
        });
    }
}

pub(super) fn points(data: &ChartData, x: &Scale, y: &Scale, plot: Plot, scene: &mut Scene) {
    for (index, points) in polylines(data, x, y, plot).into_iter().enumerate() {
        let radius = if points.len() > 1000 { 2.0 } else { 3.5 };
        dots(&points, radius, index, scene);
    }
}

pub(super) fn areas(data: &ChartData, x: &Scale, y: &Scale, plot: Plot, scene: &mut Scene) {
    let order = data.order();
    let is_stacked = data.stacking != Stacking::None;
    for (index, spans) in data.spans().iter().enumerate() {
        let at = |place: usize, value: f64| {
            (
                plot.x(x.position(data.x.position(place))),
                plot.y(y.position(value)),
            )
        };
        let present = || order.iter().filter_map(|place| Some((*place, spans[*place]?)));
        let top: Vec<Point> = present().map(|(place, span)| at(place, span.1)).collect();
        let base = present()
            .map(|(place, span)| at(place, span.0))
            .collect::<Vec<_>>()
            .into_iter()
            .rev();
        let points = top.iter().copied().chain(base).collect();
        let opacity = if is_stacked { 0.85 } else { 0.3 };
        scene.shapes.push(Shape::Polygon {
            points,
            fill: color::of(index),
            opacity,
        });
        if !is_stacked {
            scene.shapes.push(Shape::Polyline {
                points: top,
                stroke: color::of(index),
                width: 2.0,
            });
        }
    }
}

pub(super) fn columns(data: &ChartData, y: &Scale, plot: Plot, scene: &mut Scene) {
    let length = plot.right - plot.left;
    let has_values = data.series.len() == 1 && data.stacking == Stacking::None;
    for mark in slots(data, length) {
        let (low, high) = (plot.y(y.position(mark.span.0)), plot.y(y.position(mark.span.1)));
        let (top, bottom) = (low.min(high), low.max(high));
        let at = (plot.left + mark.at, top);
        scene.shapes.push(Shape::Rect {
            at,
            size: (mark.thickness, bottom - top),
            fill: color::of(mark.series),
        });
        let text = exact(mark.span.1);
        if has_values && font::width(&text, LABEL_SIZE) < mark.thickness + 6.0 {
            let above = if mark.span.1 < 0.0 {
                bottom + 13.0
            } else {
                top - 4.0
            };
            scene.text(
                (at.0 + mark.thickness / 2.0, above),
                &text,
                LABEL_SIZE,
                Anchor::Middle,
                TEXT,
            );
        }
    }
}

pub(super) fn bars(data: &ChartData, values: &Scale, plot: Plot, scene: &mut Scene) {
    let length = plot.bottom - plot.top;
    for mark in slots(data, length) {
        let (low, high) = (
            plot.x(values.position(mark.span.0)),
            plot.x(values.position(mark.span.1)),
        );
        let (left, right) = (low.min(high), low.max(high));
        let at = (left, plot.top + mark.at);
        scene.shapes.push(Shape::Rect {
            at,
            size: (right - left, mark.thickness),
            fill: color::of(mark.series),
        });
        if data.stacking == Stacking::None && mark.thickness >= LABEL_SIZE * 0.75 {
            let text = exact(mark.span.1);
            let width = font::width(&text, LABEL_SIZE);
            let base = at.1 + mark.thickness / 2.0 + LABEL_SIZE * 0.36;
            // Beside the bar, or inside its end where there is no room beside it.
            if mark.span.1 >= 0.0 && right + 6.0 + width > plot.right {
                scene.text(
                    (right - 6.0, base),
                    &text,
                    LABEL_SIZE,
                    Anchor::End,
                    color::BACKGROUND,
                );
            } else if mark.span.1 >= 0.0 {
                scene.text((right + 6.0, base), &text, LABEL_SIZE, Anchor::Start, TEXT);
            } else if left - 6.0 - width > plot.left {
                scene.text((left - 6.0, base), &text, LABEL_SIZE, Anchor::End, TEXT);
            }
        }
    }
}

/// A bar or column: its place along the axis of labels, and its span along the axis of values.
struct Slot {
    at: f64,
    thickness: f64,
    span: (f64, f64),
    series: usize,
}

/// Divides an axis into a slot for each place, and a slot among the series that stand beside each other.
fn slots(data: &ChartData, length: f64) -> Vec<Slot> {
    let slot = length / data.x.len().max(1) as f64;
    let gap = if slot > 6.0 { slot * 0.2 } else { 0.0 };
    let beside = if data.stacking == Stacking::None {
        data.series.len().max(1)
    } else {
        1
    };
    let thickness = ((slot - gap) / beside as f64).min(MAX_THICKNESS);
    let before = (slot - thickness * beside as f64) / 2.0;
    let mut slots = Vec::new();
    for (series, spans) in data.spans().iter().enumerate() {
        for (place, span) in spans.iter().enumerate() {
            let Some(span) = span.filter(|span| span.1.is_finite()) else {
                continue;
            };
            let at = place as f64 * slot + before + (series % beside) as f64 * thickness;
            slots.push(Slot {
                at,
                thickness,
                span,
                series,
            });
        }
    }
    slots
}

fn polylines(data: &ChartData, x: &Scale, y: &Scale, plot: Plot) -> Vec<Vec<Point>> {
    let order = data.order();
    data.series
        .iter()
        .map(|series| {
            order
                .iter()
                .filter_map(|place| {
                    let value = series.values[*place].filter(|value| value.is_finite())?;
                    let across = data.x.position(*place);
                    across
                        .is_finite()
                        .then(|| (plot.x(x.position(across)), plot.y(y.position(value))))
                })
                .collect()
        })
        .collect()
}

fn dots(points: &[Point], radius: f64, series: usize, scene: &mut Scene) {
    let fill = color::of(series);
    scene.shapes.extend(points.iter().map(|center| Shape::Circle {
        center: *center,
        radius,
        fill,
    }));
}

/// Lines of more values show no dots.
const MOST_DOTS: usize = 40;
const MAX_THICKNESS: f64 = 90.0;
