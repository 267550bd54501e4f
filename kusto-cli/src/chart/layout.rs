//! Lays a chart out: title, legend and axes around the place where the marks go.

use super::color::{AXIS, FAINT, GRID, TEXT};
use super::scale::{Mark, Scale};
use super::scene::{Anchor, Scene};
use super::{ChartData, ChartKind, font, legend, marks, pie};

/// The rectangle inside the axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plot {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Plot {
    /// Pixels of a position from 0 (left) to 1 (right).
    pub(super) fn x(&self, position: f64) -> f64 {
        self.left + (self.right - self.left) * position
    }

    /// Pixels of a position from 0 (bottom) to 1 (top).
    pub(super) fn y(&self, position: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * position
    }
}

/// Lays out a chart as a picture of 960 by 540 pixels; bar charts with many bars are taller.
pub(crate) fn scene(data: &ChartData) -> Scene {
    let places = data.x.len() as f64;
    let height = match data.kind {
        ChartKind::Bar => (places * BAR_ROOM + 120.0).clamp(HEIGHT, MAX_HEIGHT),
        _ => HEIGHT,
    };
    let mut scene = Scene {
        width: WIDTH,
        height,
        shapes: Vec::new(),
    };
    let mut plot = Plot {
        left: PAD,
        top: PAD,
        right: WIDTH - PAD,
        bottom: height - PAD,
    };
    if !data.title.is_empty() {
        let title = font::fit(&data.title, TITLE_SIZE, WIDTH - 2.0 * PAD);
        scene.text((PAD, PAD + 14.0), &title, TITLE_SIZE, Anchor::Start, TEXT);
        plot.top += 36.0;
    }
    match data.kind {
        ChartKind::Pie => pie::draw(data, plot, &mut scene),
        ChartKind::Card => card(data, plot, &mut scene),
        _ => {
            if data.has_legend() {
                let names: Vec<&str> = data.series.iter().map(|series| series.name.as_str()).collect();
                plot.right -= legend::draw(&names, plot, &mut scene);
            }
            match data.kind {
                ChartKind::Bar => bars(data, plot, &mut scene),
                ChartKind::Column => columns(data, plot, &mut scene),
                _ => lines(data, plot, &mut scene),
            }
        }
    }
    scene
}

/// Line, area and scatter charts: both axes are continuous.
fn lines(data: &ChartData, plot: Plot, scene: &mut Scene) {
    let y = data.y_scale(6);
    let x = data.x_scale(((plot.right - plot.left) / 110.0) as usize);
    let has_context = x.marks.iter().any(|mark| !mark.context.is_empty());
    let bottom = if has_context { 40.0 } else { 24.0 };
    let plot = y_axis(
        data,
        &y,
        Plot {
            bottom: plot.bottom - bottom,
            ..plot
        },
        scene,
    );
    let plot = x_title(&data.x_title, plot, bottom, scene);
    grid(&y, plot, scene);
    let mut free = f64::MIN;
    let mut context_free = f64::MIN;
    for mark in &x.marks {
        let at = plot.x(x.position(mark.at));
        scene.line((at, plot.bottom), (at, plot.bottom + 5.0), AXIS, 1.0);
        let label = font::fit(&mark.label, LABEL_SIZE, 120.0);
        let half = font::width(&label, LABEL_SIZE) / 2.0;
        if at - half > free {
            scene.text((at, plot.bottom + 19.0), &label, LABEL_SIZE, Anchor::Middle, TEXT);
            free = at + half + 8.0;
        }
        let half = font::width(&mark.context, LABEL_SIZE) / 2.0;
        if !mark.context.is_empty() && at - half > context_free {
            scene.text(
                (at, plot.bottom + 35.0),
                &mark.context,
                LABEL_SIZE,
                Anchor::Middle,
                FAINT,
            );
            context_free = at + half + 8.0;
        }
    }
    scene.line((plot.left, plot.bottom), (plot.right, plot.bottom), AXIS, 1.0);
    match data.kind {
        ChartKind::Area => marks::areas(data, &x, &y, plot, scene),
        ChartKind::Scatter => marks::points(data, &x, &y, plot, scene),
        _ => marks::lines(data, &x, &y, plot, scene),
    }
}

/// Column charts: a slot for each place, labels below, slanted if they need more room.
fn columns(data: &ChartData, plot: Plot, scene: &mut Scene) {
    let y = data.y_scale(6);
    let labels: Vec<String> = data
        .x
        .labels()
        .iter()
        .map(|label| font::fit(label, LABEL_SIZE, MAX_LABEL))
        .collect();
    let widest = widest(labels.iter().map(String::as_str));
    let slots = labels.len().max(1) as f64;
    // The y axis takes some of the width; near enough for choosing.
    let is_slanted = widest + 8.0 > (plot.right - plot.left - 60.0) / slots;
    let bottom = if is_slanted {
        widest * SLANT.to_radians().sin() + 18.0
    } else {
        24.0
    };
    let plot = y_axis(
        data,
        &y,
        Plot {
            bottom: plot.bottom - bottom,
            ..plot
        },
        scene,
    );
    let plot = x_title(&data.x_title, plot, bottom, scene);
    grid(&y, plot, scene);
    let slot = (plot.right - plot.left) / slots;
    let every = (LABEL_ROOM / slot).ceil().max(1.0) as usize;
    for (place, label) in labels
        .iter()
        .enumerate()
        .step_by(if is_slanted { every } else { 1 })
    {
        let at = plot.left + (place as f64 + 0.5) * slot;
        if is_slanted {
            scene.turned(
                (at + 4.0, plot.bottom + 14.0),
                label,
                LABEL_SIZE,
                Anchor::End,
                TEXT,
                -SLANT,
            );
        } else {
            scene.text((at, plot.bottom + 18.0), label, LABEL_SIZE, Anchor::Middle, TEXT);
        }
    }
    marks::columns(data, &y, plot, scene);
    let zero = plot.y(y.position(0.0));
    scene.line((plot.left, zero), (plot.right, zero), AXIS, 1.0);
}

/// Bar charts: a row for each place, labels on the left, values along the bottom.
fn bars(data: &ChartData, plot: Plot, scene: &mut Scene) {
    let values = data.y_scale(7);
    let labels: Vec<String> = data
        .x
        .labels()
        .iter()
        .map(|label| font::fit(label, LABEL_SIZE, MAX_LABEL * 1.4))
        .collect();
    let title_room = if data.x_title.is_empty() { 0.0 } else { TITLE_ROOM };
    let left = plot.left + widest(labels.iter().map(String::as_str)) + 10.0 + title_room;
    let plot = Plot {
        left,
        bottom: plot.bottom - 22.0,
        ..plot
    };
    if !data.x_title.is_empty() {
        let middle = f64::midpoint(plot.top, plot.bottom);
        scene.turned(
            (PAD + 8.0, middle),
            &data.x_title,
            LABEL_SIZE,
            Anchor::Middle,
            FAINT,
            -90.0,
        );
    }
    let plot = x_title(&data.y_title, plot, 22.0, scene);
    for mark in &values.marks {
        let at = plot.x(values.position(mark.at));
        scene.line((at, plot.top), (at, plot.bottom), GRID, 1.0);
        scene.text(
            (at, plot.bottom + 18.0),
            &mark.label,
            LABEL_SIZE,
            Anchor::Middle,
            TEXT,
        );
    }
    let slot = (plot.bottom - plot.top) / labels.len().max(1) as f64;
    let every = ((LABEL_SIZE + 1.0) / slot).ceil().max(1.0) as usize;
    for (place, label) in labels.iter().enumerate().step_by(every) {
        let at = plot.top + (place as f64 + 0.5) * slot + LABEL_SIZE * 0.36;
        scene.text((plot.left - 8.0, at), label, LABEL_SIZE, Anchor::End, TEXT);
    }
    marks::bars(data, &values, plot, scene);
    let zero = plot.x(values.position(0.0));
    scene.line((zero, plot.top), (zero, plot.bottom), AXIS, 1.0);
}

/// Cards: each series is one number, in the first place.
fn card(data: &ChartData, plot: Plot, scene: &mut Scene) {
    let room = (plot.right - plot.left) / data.series.len().max(1) as f64;
    let middle = f64::midpoint(plot.top, plot.bottom);
    for (index, series) in data.series.iter().enumerate() {
        let at = plot.left + (index as f64 + 0.5) * room;
        let value = series.values.first().copied().flatten();
        let number = value.map_or_else(|| "no value".to_owned(), super::scale::exact);
        // As large as fits.
        let size = (CARD_SIZE * room * 0.9 / font::width(&number, CARD_SIZE)).min(CARD_SIZE);
        scene.text(
            (at, middle),
            &number,
            size,
            Anchor::Middle,
            super::color::of(index),
        );
        let name = font::fit(&series.name, TITLE_SIZE, room * 0.95);
        scene.text((at, middle + 40.0), &name, TITLE_SIZE, Anchor::Middle, FAINT);
    }
}

/// Draws labels and title of the y axis on the left; returns what remains.
fn y_axis(data: &ChartData, y: &Scale, plot: Plot, scene: &mut Scene) -> Plot {
    let title_room = if data.y_title.is_empty() { 0.0 } else { TITLE_ROOM };
    let labels = widest(y.marks.iter().map(|mark| mark.label.as_str()));
    let below = if data.x_title.is_empty() { 0.0 } else { TITLE_ROOM };
    let plot = Plot {
        left: plot.left + labels + 10.0 + title_room,
        ..plot
    };
    if !data.y_title.is_empty() {
        let middle = f64::midpoint(plot.top, plot.bottom - below);
        let title = font::fit(&data.y_title, LABEL_SIZE, plot.bottom - below - plot.top);
        scene.turned(
            (PAD + 8.0, middle),
            &title,
            LABEL_SIZE,
            Anchor::Middle,
            FAINT,
            -90.0,
        );
    }
    plot
}

/// Draws the title below an axis whose labels are `labels` pixels high; returns what remains.
fn x_title(title: &str, plot: Plot, labels: f64, scene: &mut Scene) -> Plot {
    if title.is_empty() {
        return plot;
    }
    let plot = Plot {
        bottom: plot.bottom - TITLE_ROOM,
        ..plot
    };
    let at = (
        f64::midpoint(plot.left, plot.right),
        plot.bottom + labels + TITLE_ROOM - 2.0,
    );
    let title = font::fit(title, LABEL_SIZE, plot.right - plot.left);
    scene.text(at, &title, LABEL_SIZE, Anchor::Middle, FAINT);
    plot
}

fn grid(y: &Scale, plot: Plot, scene: &mut Scene) {
    for Mark { at, label, .. } in &y.marks {
        let at = plot.y(y.position(*at));
        scene.line((plot.left, at), (plot.right, at), GRID, 1.0);
        scene.text(
            (plot.left - 8.0, at + LABEL_SIZE * 0.36),
            label,
            LABEL_SIZE,
            Anchor::End,
            TEXT,
        );
    }
}

fn widest<'a>(labels: impl Iterator<Item = &'a str>) -> f64 {
    labels
        .map(|label| font::width(label, LABEL_SIZE))
        .fold(0.0, f64::max)
}

pub(super) const LABEL_SIZE: f64 = 12.0;
const TITLE_SIZE: f64 = 20.0;
const CARD_SIZE: f64 = 96.0;
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 540.0;
const MAX_HEIGHT: f64 = 4000.0;
const PAD: f64 = 24.0;
const TITLE_ROOM: f64 = 22.0;
/// Pixels of the longest label of a place.
const MAX_LABEL: f64 = 150.0;
/// Pixels from one slanted label to the next.
const LABEL_ROOM: f64 = 17.0;
const BAR_ROOM: f64 = 20.0;
/// Degrees.
const SLANT: f64 = 35.0;

#[cfg(test)]
mod tests {
    use super::super::scene::Shape;
    use super::super::{Series, Stacking, X, write_svg};
    use super::*;

    const KINDS: [ChartKind; 7] = [
        ChartKind::Area,
        ChartKind::Bar,
        ChartKind::Card,
        ChartKind::Column,
        ChartKind::Line,
        ChartKind::Pie,
        ChartKind::Scatter,
    ];

    fn data(kind: ChartKind, x: X, values: &[f64]) -> ChartData {
        let series = |name: &str| Series {
            name: name.to_owned(),
            values: values.iter().map(|value| Some(*value)).collect(),
        };
        let mut data = ChartData::new(kind, x, vec![series("a"), series("<b>")]);
        data.title = "T & U".to_owned();
        data.x_title = "x".to_owned();
        data.y_title = "y".to_owned();
        data
    }

    fn points(shape: &Shape) -> Vec<(f64, f64)> {
        match shape {
            Shape::Rect { at, size, .. } => vec![*at, (at.0 + size.0, at.1 + size.1)],
            Shape::Line { from, to, .. } => vec![*from, *to],
            Shape::Polyline { points, .. } | Shape::Polygon { points, .. } => points.clone(),
            Shape::Circle { center, .. } => vec![*center],
            Shape::Text(text) => vec![text.at],
        }
    }

    #[test]
    fn everything_lies_within_the_picture() {
        let labels = |count: usize| X::Labels((0..count).map(|index| format!("place {index}")).collect());
        for kind in KINDS {
            for (x, values) in [
                (labels(0), &[] as &[f64]),
                (labels(1), &[0.0]),
                (labels(3), &[-5.0, f64::NAN, 1e12]),
                (X::Numbers(vec![1.0, -1e300, 3.0]), &[1.0, 2.0, 3.0]),
                (X::Times(vec![0, 864_000_000_000, i64::MAX]), &[1.0, 2.0, 3.0]),
            ] {
                for stacking in [Stacking::None, Stacking::Stacked, Stacking::Percent] {
                    let data = ChartData {
                        stacking,
                        ..data(kind, x.clone(), values)
                    };
                    let scene = scene(&data);
                    for shape in &scene.shapes {
                        let inside = |(x, y): (f64, f64)| {
                            (0.0..=scene.width).contains(&x) && (0.0..=scene.height).contains(&y)
                        };
                        assert!(points(shape).into_iter().all(inside), "{kind:?} {x:?}: {shape:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_svg_line_is_one_closed_element() {
        for kind in KINDS {
            let x = X::Labels(vec!["<i>".to_owned(), "&".to_owned(), "\"".to_owned()]);
            let mut bytes = Vec::new();
            write_svg(&scene(&data(kind, x, &[1.0, 2.0, 3.0])), &mut bytes).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            for line in &lines[1..lines.len() - 1] {
                let is_text = line.starts_with("<text ") && line.ends_with("</text>");
                assert!(is_text || line.ends_with("/>"), "{line}");
                let marks = |mark| line.matches(mark).count();
                assert_eq!(
                    (marks("<"), marks(">")),
                    if is_text { (2, 2) } else { (1, 1) },
                    "{line}"
                );
            }
        }
    }

    #[test]
    fn charts_of_many_bars_grow() {
        let labels = |count: usize| X::Labels((0..count).map(|index| index.to_string()).collect());
        assert_eq!(scene(&data(ChartKind::Bar, labels(5), &[1.0; 5])).height, 540.0);
        assert_eq!(
            scene(&data(ChartKind::Bar, labels(50), &[1.0; 50])).height,
            1120.0
        );
    }
}
