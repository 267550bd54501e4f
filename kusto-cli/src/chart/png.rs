//! Paints a picture as PNG.

use std::io;

use skrifa::outline::OutlinePen;
use tiny_skia::{FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};

use super::color::{BACKGROUND, Rgb};
use super::font;
use super::scene::{Anchor, Point, Scene, Shape, Text};

/// Writes one PNG image, two pixels for each unit of the scene, so that it is sharp on dense screens.
///
/// # Errors
///
/// What `out` returns, or that the image is too large to hold.
pub(crate) fn write_png(scene: &Scene, out: &mut impl io::Write) -> io::Result<()> {
    let (width, height) = ((scene.width * DENSITY) as u32, (scene.height * DENSITY) as u32);
    let mut pixmap = Pixmap::new(width, height).ok_or_else(|| {
        io::Error::other(format!(
            "a picture of {width} by {height} pixels does not fit in memory"
        ))
    })?;
    let [red, green, blue] = BACKGROUND;
    pixmap.fill(tiny_skia::Color::from_rgba8(red, green, blue, 255));
    for shape in &scene.shapes {
        paint(shape, &mut pixmap);
    }
    let bytes = pixmap.encode_png().map_err(io::Error::other)?;
    out.write_all(&bytes)
}

fn paint(shape: &Shape, pixmap: &mut Pixmap) {
    match shape {
        Shape::Rect { at, size, fill } => {
            // An empty bar has no rectangle, and is not visible either.
            let rect = Rect::from_xywh(at.0 as f32, at.1 as f32, size.0 as f32, size.1 as f32);
            if let Some(rect) = rect {
                pixmap.fill_rect(rect, &solid(*fill, 1.0), density(), None);
            }
        }
        Shape::Line {
            from,
            to,
            stroke,
            width,
        } => stroke_path(lines(&[*from, *to], false), *stroke, *width, pixmap),
        Shape::Polyline {
            points,
            stroke,
            width,
        } => stroke_path(lines(points, false), *stroke, *width, pixmap),
        Shape::Polygon {
            points,
            fill,
            opacity,
        } => fill_path(lines(points, true), *fill, *opacity, density(), pixmap),
        Shape::Circle { center, radius, fill } => {
            let circle = PathBuilder::from_circle(center.0 as f32, center.1 as f32, *radius as f32);
            fill_path(circle, *fill, 1.0, density(), pixmap);
        }
        Shape::Text(text) => paint_text(text, pixmap),
    }
}

fn paint_text(text: &Text, pixmap: &mut Pixmap) {
    let before = match text.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => font::width(&text.text, text.size) / 2.0,
        Anchor::End => font::width(&text.text, text.size),
    };
    let mut pen = Pen {
        path: PathBuilder::new(),
        x: 0.0,
        scale: font::scale(text.size) as f32,
    };
    font::outline(&text.text, text.size, &mut pen, |pen, x| {
        pen.x = (x - before) as f32
    });
    let place = density()
        .pre_translate(text.at.0 as f32, text.at.1 as f32)
        .pre_concat(Transform::from_rotate(text.angle as f32));
    fill_path(pen.path.finish(), text.fill, 1.0, place, pixmap);
}

fn lines(points: &[Point], close: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (index, (x, y)) in points.iter().enumerate() {
        if index == 0 {
            path.move_to(*x as f32, *y as f32);
        } else {
            path.line_to(*x as f32, *y as f32);
        }
    }
    if close {
        path.close();
    }
    path.finish()
}

// A path is absent when it has no extent: there is nothing to paint then.

fn fill_path(path: Option<Path>, fill: Rgb, opacity: f64, place: Transform, pixmap: &mut Pixmap) {
    if let Some(path) = path {
        pixmap.fill_path(&path, &solid(fill, opacity), FillRule::Winding, place, None);
    }
}

fn stroke_path(path: Option<Path>, color: Rgb, width: f64, pixmap: &mut Pixmap) {
    if let Some(path) = path {
        let stroke = Stroke {
            width: width as f32,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        pixmap.stroke_path(&path, &solid(color, 1.0), &stroke, density(), None);
    }
}

fn solid([red, green, blue]: Rgb, opacity: f64) -> Paint<'static> {
    let mut paint = Paint {
        anti_alias: true,
        ..Paint::default()
    };
    paint.set_color_rgba8(red, green, blue, (opacity * 255.0).round() as u8);
    paint
}

fn density() -> Transform {
    Transform::from_scale(DENSITY as f32, DENSITY as f32)
}

/// Letters of one text, in pixels with y downwards. The typeface has its own units, with y upwards.
struct Pen {
    path: PathBuilder,
    /// Where the present letter begins.
    x: f32,
    scale: f32,
}

impl Pen {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, -y * self.scale)
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

const DENSITY: f64 = 2.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn png(shapes: Vec<Shape>) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_png(
            &Scene {
                width: 40.0,
                height: 20.0,
                shapes,
            },
            &mut bytes,
        )
        .unwrap();
        bytes
    }

    #[test]
    fn image_has_the_signature_and_twice_the_size_of_the_scene() {
        let bytes = png(Vec::new());
        assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(&bytes[16..24], [0, 0, 0, 80, 0, 0, 0, 40]);
    }

    #[test]
    fn shapes_and_letters_leave_their_colour() {
        let rect = Shape::Rect {
            at: (0.0, 0.0),
            size: (10.0, 20.0),
            fill: [255, 0, 0],
        };
        let mut scene = Scene {
            width: 40.0,
            height: 20.0,
            shapes: vec![rect],
        };
        scene.text((20.0, 18.0), "█", 20.0, Anchor::Start, [0, 0, 255]);
        let pixmap = Pixmap::decode_png(&png(scene.shapes)).unwrap();
        let color = |x, y| {
            pixmap
                .pixel(x, y)
                .map(|pixel| (pixel.red(), pixel.green(), pixel.blue()))
        };
        assert_eq!(color(5, 5), Some((255, 0, 0)));
        assert_eq!(color(50, 25), Some((0, 0, 255)));
        assert_eq!(color(79, 5), Some((255, 255, 255)));
    }

    #[test]
    fn shapes_without_extent_are_not_painted() {
        let point = (1.0, 1.0);
        let empty = Shape::Rect {
            at: point,
            size: (0.0, 5.0),
            fill: [0, 0, 0],
        };
        let dot = Shape::Polygon {
            points: vec![point, point],
            fill: [0, 0, 0],
            opacity: 1.0,
        };
        assert_eq!(png(vec![empty, dot]), png(Vec::new()));
    }
}
