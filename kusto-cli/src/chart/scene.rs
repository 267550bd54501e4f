//! A picture as a list of shapes, before it becomes SVG or PNG.

use super::color::Rgb;

/// Pixels from the left and from the top.
pub(super) type Point = (f64, f64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Rect {
        at: Point,
        size: (f64, f64),
        fill: Rgb,
    },
    Line {
        from: Point,
        to: Point,
        stroke: Rgb,
        width: f64,
    },
    Polyline {
        points: Vec<Point>,
        stroke: Rgb,
        width: f64,
    },
    Polygon {
        points: Vec<Point>,
        fill: Rgb,
        opacity: f64,
    },
    Circle {
        center: Point,
        radius: f64,
        fill: Rgb,
    },
    Text(Text),
}

/// One line of text; `at` is the baseline at the anchor.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    pub(super) at: Point,
    pub(super) text: String,
    /// Pixels of the em square.
    pub(super) size: f64,
    pub(super) anchor: Anchor,
    /// Degrees, clockwise around `at`.
    pub(super) angle: f64,
    pub(super) fill: Rgb,
}

/// Shapes in the order they are painted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scene {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) shapes: Vec<Shape>,
}

impl Scene {
    pub(super) fn text(&mut self, at: Point, text: &str, size: f64, anchor: Anchor, fill: Rgb) {
        self.turned(at, text, size, anchor, fill, 0.0);
    }

    pub(super) fn turned(&mut self, at: Point, text: &str, size: f64, anchor: Anchor, fill: Rgb, angle: f64) {
        self.shapes.push(Shape::Text(Text {
            at,
            text: text.to_owned(),
            size,
            anchor,
            angle,
            fill,
        }));
    }

    pub(super) fn line(&mut self, from: Point, to: Point, stroke: Rgb, width: f64) {
        self.shapes.push(Shape::Line {
            from,
            to,
            stroke,
            width,
        });
    }
}
