//! The typeface of pictures: DejaVu Sans, part of the program, so that a picture looks the same everywhere.
//!
//! It has Latin, Greek, Cyrillic, Arabic and Hebrew letters; others appear as boxes in PNG files.

use std::sync::LazyLock;

use ttf_parser::{Face, OutlineBuilder};

static FACE: LazyLock<Face<'static>> = LazyLock::new(|| {
    // The bytes are those of the crate, and a test parses them.
    Face::parse(dejavu::sans::regular(), 0).expect("the built-in typeface is well-formed")
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
pub(super) fn outline<P: OutlineBuilder>(
    text: &str,
    size: f64,
    pen: &mut P,
    mut place: impl FnMut(&mut P, f64),
) {
    let mut x = 0.0;
    for character in text.chars() {
        place(pen, x);
        FACE.outline_glyph(FACE.glyph_index(character).unwrap_or_default(), pen);
        x += f64::from(advance(character)) * scale(size);
    }
}

/// Pixels of one unit of the typeface.
pub(super) fn scale(size: f64) -> f64 {
    size / f64::from(FACE.units_per_em())
}

fn advance(character: char) -> u16 {
    let glyph = FACE.glyph_index(character).unwrap_or_default();
    FACE.glyph_hor_advance(glyph).unwrap_or(0)
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
