//! The names of the series and their colours, on the right of a picture.

use super::color::{self, FAINT, TEXT};
use super::font;
use super::layout::{LABEL_SIZE, Plot};
use super::scene::{Anchor, Scene, Shape};

/// Draws the legend at the right edge; returns the pixels it takes.
pub(super) fn draw(names: &[&str], plot: Plot, scene: &mut Scene) -> f64 {
    let left = plot.right - width(names);
    let lines = ((plot.bottom - plot.top) / LINE).max(1.0) as usize;
    // When there are too many, the last line says how many are left out.
    let shown = if names.len() > lines {
        lines - 1
    } else {
        names.len()
    };
    for (index, name) in names.iter().take(shown).enumerate() {
        let top = plot.top + index as f64 * LINE;
        scene.shapes.push(Shape::Rect {
            at: (left, top),
            size: (SWATCH, SWATCH),
            fill: color::of(index),
        });
        scene.text(
            (left + SWATCH + 8.0, top + 10.5),
            &font::fit(name, LABEL_SIZE, MAX_NAME),
            LABEL_SIZE,
            Anchor::Start,
            TEXT,
        );
    }
    if shown < names.len() {
        let text = format!("and {} more", names.len() - shown);
        let top = plot.top + shown as f64 * LINE;
        scene.text((left, top + 10.5), &text, LABEL_SIZE, Anchor::Start, FAINT);
    }
    plot.right - left + 20.0
}

/// Pixels of the swatches and the names.
pub(super) fn width(names: &[&str]) -> f64 {
    let widest = names
        .iter()
        .map(|name| font::width(name, LABEL_SIZE))
        .fold(60.0, f64::max);
    widest.min(MAX_NAME) + SWATCH + 8.0
}

const MAX_NAME: f64 = 190.0;
const SWATCH: f64 = 12.0;
const LINE: f64 = 21.0;
