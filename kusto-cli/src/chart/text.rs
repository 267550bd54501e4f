//! Charts of characters, for terminals.

mod bars;
mod braille;
mod columns;
mod lines;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{ChartData, ChartKind, color, scale};

/// How much room there is, and whether colours may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextStyle {
    /// Cells of a line.
    pub(crate) width: usize,
    /// Lines of a line or column chart, with its axes. Bar charts take a line for each bar.
    pub(crate) height: usize,
    pub(crate) color: bool,
}

impl Default for TextStyle {
    /// What fits into most pages, where there is no terminal to ask.
    fn default() -> Self {
        Self {
            width: 80,
            height: 20,
            color: false,
        }
    }
}

/// Draws a chart as lines that are at most `style.width` cells wide, each ended by a line feed.
pub(crate) fn draw_text(data: &ChartData, style: TextStyle) -> String {
    // Narrower than this there is no room for labels and marks together.
    let style = TextStyle {
        width: style.width.max(30),
        height: style.height.max(6),
        ..style
    };
    let mut out = String::new();
    if !data.title.is_empty() {
        out.push_str(&strong(&cut(&data.title, style.width), style));
        out.push('\n');
    }
    if data.has_legend() && !matches!(data.kind, ChartKind::Pie | ChartKind::Card) {
        legend(data, style, &mut out);
    }
    match data.kind {
        ChartKind::Bar => bars::draw(data, style, &mut out),
        ChartKind::Card => card(data, style, &mut out),
        ChartKind::Column if columns::fits(data, style) => columns::draw(data, style, &mut out),
        ChartKind::Column => bars::draw(data, style, &mut out),
        ChartKind::Pie => bars::pie(data, style, &mut out),
        ChartKind::Area | ChartKind::Line | ChartKind::Scatter => lines::draw(data, style, &mut out),
    }
    out
}

/// The names of the series with the character that stands for each, over as many lines as needed.
fn legend(data: &ChartData, style: TextStyle, out: &mut String) {
    let mut used = 0;
    for (index, series) in data.series.iter().enumerate() {
        let name = cut(&series.name, style.width.min(40) - 4);
        let width = name.width() + 4;
        if used > 0 && used + width > style.width {
            out.push('\n');
            used = 0;
        }
        out.push_str(&painted(&mark(index, data.kind, style).to_string(), index, style));
        out.push(' ');
        out.push_str(&name);
        out.push_str("  ");
        used += width;
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
}

/// The character of a series: fills for bars, signs for lines. With colours they are all alike.
fn mark(series: usize, kind: ChartKind, style: TextStyle) -> char {
    let marks = match kind {
        ChartKind::Bar | ChartKind::Column | ChartKind::Pie => ['█', '▓', '▒', '░', '◆', '●', '■', '○'],
        _ => ['●', '▲', '■', '◆', '○', '△', '□', '◇'],
    };
    if style.color {
        marks[0]
    } else {
        marks[series % marks.len()]
    }
}

fn card(data: &ChartData, style: TextStyle, out: &mut String) {
    for (index, series) in data.series.iter().enumerate() {
        let value = series.values.first().copied().flatten();
        let number = value.map_or_else(|| "no value".to_owned(), scale::exact);
        out.push_str(&painted(&strong(&number, style), index, style));
        out.push(' ');
        out.push_str(&cut(&series.name, style.width.saturating_sub(number.width() + 1)));
        out.push('\n');
    }
}

/// Text in the colour of a series.
fn painted(text: &str, series: usize, style: TextStyle) -> String {
    if style.color {
        format!("\u{1b}[38;5;{}m{text}\u{1b}[0m", color::ansi_of(series))
    } else {
        text.to_owned()
    }
}

fn strong(text: &str, style: TextStyle) -> String {
    if style.color {
        format!("\u{1b}[1m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

/// The text on one line in at most `width` cells, with an ellipsis if something is left out.
fn cut(text: &str, width: usize) -> String {
    let text: String = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    if text.width() <= width {
        return text;
    }
    let mut room = width.saturating_sub(1);
    let mut short = String::new();
    for character in text.chars() {
        let cells = character.width().unwrap_or(0);
        if cells > room {
            break;
        }
        room -= cells;
        short.push(character);
    }
    if width > 0 {
        short.push('…');
    }
    short
}

/// The text with spaces on the left.
fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(text.width())))
}

/// The text with spaces on the right.
fn left(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// Writes a text into a row of cells if no other is there; texts keep a space between them.
fn place(row: &mut [char], at: usize, text: &str) -> bool {
    let length = text.width();
    let from = at.min(row.len().saturating_sub(length));
    let around = from.saturating_sub(1)..(from + length + 1).min(row.len());
    if length > row.len() || row[around].iter().any(|character| *character != ' ') {
        return false;
    }
    let mut cell = from;
    for character in text.chars() {
        match character.width() {
            Some(1) => row[cell] = character,
            Some(2) => {
                row[cell] = character;
                row[cell + 1] = COVERED;
            }
            // Marks that combine with the letter before have no cell of their own.
            _ => continue,
        }
        cell += character.width().unwrap_or(0);
    }
    true
}

/// A row of cells as a line without trailing spaces.
fn push_row(row: &[char], out: &mut String) {
    let line: String = row.iter().filter(|character| **character != COVERED).collect();
    out.push_str(line.trim_end());
    out.push('\n');
}

/// Stands for the second cell of a wide letter.
const COVERED: char = '\0';

#[cfg(test)]
mod tests {
    use super::super::{Series, X};
    use super::*;

    pub(super) const PLAIN: TextStyle = TextStyle {
        width: 40,
        height: 8,
        color: false,
    };

    pub(super) fn data(kind: ChartKind, labels: &[&str], series: &[(&str, &[f64])]) -> ChartData {
        let x = X::Labels(labels.iter().map(|label| (*label).to_owned()).collect());
        let series = series
            .iter()
            .map(|(name, values)| Series {
                name: (*name).to_owned(),
                values: values.iter().map(|value| Some(*value)).collect(),
            })
            .collect();
        ChartData::new(kind, x, series)
    }

    #[test]
    fn cards_are_numbers_with_names() {
        let data = data(
            ChartKind::Card,
            &["x"],
            &[("storms", &[59_066.0]), ("deaths", &[412.0])],
        );
        assert_eq!(draw_text(&data, PLAIN), "59,066 storms\n412 deaths\n");
    }

    #[test]
    fn colours_are_escape_sequences_only_when_asked_for() {
        let data = data(ChartKind::Bar, &["x"], &[("n", &[1.0])]);
        assert!(!draw_text(&data, PLAIN).contains('\u{1b}'));
        assert!(draw_text(&data, TextStyle { color: true, ..PLAIN }).contains("\u{1b}[38;5;39m"));
    }

    #[test]
    fn names_cannot_send_escape_sequences() {
        let data = data(ChartKind::Bar, &["\u{1b}[2Jx"], &[("n", &[1.0])]);
        assert!(!draw_text(&data, PLAIN).contains('\u{1b}'));
    }

    #[test]
    fn no_line_is_wider_than_asked_for() {
        let labels = [
            "a long label that goes on and on",
            "日本語のとても長い名前があります",
        ];
        for kind in [
            ChartKind::Bar,
            ChartKind::Column,
            ChartKind::Pie,
            ChartKind::Line,
            ChartKind::Area,
        ] {
            let mut data = data(
                kind,
                &labels,
                &[("one", &[12_345_678.25, 3.0]), ("two", &[-5.0, 1e9])],
            );
            data.title = "a title that is much longer than the terminal is wide".into();
            for width in [30, 41, 80, 200] {
                for line in draw_text(&data, TextStyle { width, ..PLAIN }).lines() {
                    assert!(line.width() <= width, "{kind:?} {width}: {line}");
                }
            }
        }
    }

    #[test]
    fn charts_of_nothing_are_drawn_without_panic() {
        for kind in [
            ChartKind::Area,
            ChartKind::Bar,
            ChartKind::Card,
            ChartKind::Column,
            ChartKind::Line,
            ChartKind::Pie,
            ChartKind::Scatter,
        ] {
            draw_text(&data(kind, &[], &[]), PLAIN);
            draw_text(&data(kind, &[], &[("n", &[])]), PLAIN);
            draw_text(&data(kind, &["x"], &[("n", &[f64::NAN])]), PLAIN);
            draw_text(&data(kind, &["x"], &[("n", &[f64::INFINITY])]), PLAIN);
        }
    }
}
