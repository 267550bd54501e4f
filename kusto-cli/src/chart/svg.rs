//! Writes a picture as SVG.

use std::fmt::Write as _;
use std::io;

use super::color::{BACKGROUND, Rgb};
use super::scene::{Anchor, Point, Scene, Shape, Text};

/// Writes one SVG document.
///
/// # Errors
///
/// What `out` returns.
pub(crate) fn write_svg(scene: &Scene, out: &mut impl io::Write) -> io::Result<()> {
    let mut svg = String::new();
    let (width, height) = (scene.width, scene.height);
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="DejaVu Sans, Verdana, sans-serif">"#
    );
    let _ = writeln!(
        svg,
        r#"<rect width="100%" height="100%" fill="{}"/>"#,
        hex(BACKGROUND)
    );
    for shape in &scene.shapes {
        push_shape(shape, &mut svg);
        svg.push('\n');
    }
    svg.push_str("</svg>\n");
    out.write_all(svg.as_bytes())
}

fn push_shape(shape: &Shape, svg: &mut String) {
    let _ = match shape {
        Shape::Rect { at, size, fill } => write!(
            svg,
            r#"<rect x="{:.2}" y="{:.2}" width="{:.2}" height="{:.2}" fill="{}"/>"#,
            at.0,
            at.1,
            size.0,
            size.1,
            hex(*fill)
        ),
        Shape::Line {
            from,
            to,
            stroke,
            width,
        } => write!(
            svg,
            r#"<line x1="{:.2}" y1="{:.2}" x2="{:.2}" y2="{:.2}" stroke="{}" stroke-width="{width}"/>"#,
            from.0,
            from.1,
            to.0,
            to.1,
            hex(*stroke)
        ),
        Shape::Polyline {
            points,
            stroke,
            width,
        } => write!(
            svg,
            r#"<polyline points="{}" fill="none" stroke="{}" stroke-width="{width}" stroke-linejoin="round" stroke-linecap="round"/>"#,
            coordinates(points),
            hex(*stroke)
        ),
        Shape::Polygon {
            points,
            fill,
            opacity,
        } => write!(
            svg,
            r#"<polygon points="{}" fill="{}" fill-opacity="{opacity}"/>"#,
            coordinates(points),
            hex(*fill)
        ),
        Shape::Circle { center, radius, fill } => write!(
            svg,
            r#"<circle cx="{:.2}" cy="{:.2}" r="{radius}" fill="{}"/>"#,
            center.0,
            center.1,
            hex(*fill)
        ),
        Shape::Text(text) => {
            push_text(text, svg);
            Ok(())
        }
    };
}

fn push_text(text: &Text, svg: &mut String) {
    let (x, y) = text.at;
    let anchor = match text.anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let _ = write!(
        svg,
        r#"<text x="{x:.2}" y="{y:.2}" font-size="{}" text-anchor="{anchor}" fill="{}""#,
        text.size,
        hex(text.fill)
    );
    if text.angle != 0.0 {
        let _ = write!(svg, r#" transform="rotate({} {x:.2} {y:.2})""#, text.angle);
    }
    svg.push('>');
    for character in text.text.chars() {
        match character {
            '&' => svg.push_str("&amp;"),
            '<' => svg.push_str("&lt;"),
            '>' => svg.push_str("&gt;"),
            // XML has no way to write most control characters.
            control if control.is_control() => svg.push(' '),
            '\u{fffe}' | '\u{ffff}' => svg.push('\u{fffd}'),
            other => svg.push(other),
        }
    }
    svg.push_str("</text>");
}

fn coordinates(points: &[Point]) -> String {
    let mut text = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        if index > 0 {
            text.push(' ');
        }
        let _ = write!(text, "{x:.2},{y:.2}");
    }
    text
}

fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(shapes: Vec<Shape>) -> String {
        let mut bytes = Vec::new();
        write_svg(
            &Scene {
                width: 100.0,
                height: 50.0,
                shapes,
            },
            &mut bytes,
        )
        .unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn document_has_a_size_and_one_element_for_each_shape() {
        let line = Shape::Line {
            from: (0.0, 1.0),
            to: (2.5, 3.0),
            stroke: [255, 0, 16],
            width: 1.0,
        };
        let text = svg(vec![line]);
        assert!(
            text.starts_with(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 50""#),
            "{text}"
        );
        assert!(text.contains(
            r##"<line x1="0.00" y1="1.00" x2="2.50" y2="3.00" stroke="#ff0010" stroke-width="1"/>"##
        ));
        assert!(text.ends_with("</svg>\n"));
    }

    #[test]
    fn names_from_data_cannot_break_the_document() {
        let mut scene = Scene {
            width: 1.0,
            height: 1.0,
            shapes: Vec::new(),
        };
        scene.text(
            (0.0, 0.0),
            "</text><script>&\u{1b}\u{0}",
            10.0,
            Anchor::Start,
            [0, 0, 0],
        );
        let text = svg(scene.shapes);
        assert!(
            text.contains("&lt;/text&gt;&lt;script&gt;&amp;  </text>"),
            "{text}"
        );
    }
}
