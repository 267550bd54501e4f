//! The typeface of pictures: DejaVu Sans, part of the program, so that a picture looks the same everywhere.
//!
//! It has Latin, Greek, Cyrillic, Arabic and Hebrew letters; others appear as boxes in PNG files.

use std::sync::LazyLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::outline::{DrawSettings, OutlineGlyphCollection, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider, charmap::Charmap};

struct Face {
    letters: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
    outlines: OutlineGlyphCollection<'static>,
    units_per_em: u16,
}

static FACE: LazyLock<Face> = LazyLock::new(|| {
    // The bytes are those of the crate, and a test parses them.
    let font = FontRef::new(dejavu::sans::regular()).expect("the built-in typeface is well-formed");
    Face {
        letters: font.charmap(),
        metrics: font.glyph_metrics(Size::unscaled(), LocationRef::default()),
        outlines: font.outline_glyphs(),
        units_per_em: font
            .metrics(Size::unscaled(), LocationRef::default())
            .units_per_em,
    }
});

/// Pixels from the beginning of a text to its end.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let units: f64 = text.chars().map(|character| f64::from(advance(character))).sum();
    units * scale(size)
}

/// The text, or as much of its beginning as fits with an ellipsis.
pub(super) fn fit(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut rest = room - width("…", size);
    let mut cut = String::new();
    for character in text.chars() {
        rest -= f64::from(advance(character)) * scale(size);
        if rest < 0.0 {
            break;
        }
        cut.push(character);
    }
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// Draws the letters of a text with one pen; `place` tells it where the next letter begins (pixels right of the
/// beginning of the text).
pub(super) fn outline<P: OutlinePen>(text: &str, size: f64, pen: &mut P, mut place: impl FnMut(&mut P, f64)) {
    let mut x = 0.0;
    for character in text.chars() {
        place(pen, x);
        if let Some(glyph) = FACE.outlines.get(glyph(character)) {
            let settings = DrawSettings::unhinted(Size::unscaled(), LocationRef::default());
            // A letter that cannot be drawn leaves its room empty.
            let _ = glyph.draw(settings, pen);
        }
        x += f64::from(advance(character)) * scale(size);
    }
}

/// Pixels of one unit of the typeface.
pub(super) fn scale(size: f64) -> f64 {
    size / f64::from(FACE.units_per_em)
}

fn advance(character: char) -> f32 {
    FACE.metrics.advance_width(glyph(character)).unwrap_or_default()
}

/// The one of letters that are not there is a box.
fn glyph(character: char) -> GlyphId {
    FACE.letters.map(character).unwrap_or(GlyphId::NOTDEF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_typeface_is_well_formed_and_proportional() {
        assert!(width("WWW", 10.0) > 2.0 * width("iii", 10.0));
        assert_eq!(width("ab", 20.0), 2.0 * width("ab", 10.0));
    }

    #[test]
    fn long_texts_are_cut_to_the_room_with_an_ellipsis() {
        assert_eq!(fit("short", 10.0, 100.0), "short");
        let cut = fit("a rather long title", 10.0, 60.0);
        assert!(cut.ends_with('…') && width(&cut, 10.0) <= 60.0, "{cut}");
    }
}
