//! Horizontal bars, and pies, which are bars of shares.

use std::iter::repeat_n;

use unicode_width::UnicodeWidthStr;

use super::super::pie::{percent, slices};
use super::super::scale::{Scale, exact, range};
use super::super::{ChartData, ChartKind, Stacking};
use super::{TextStyle, cut, left, mark, painted, right};

/// A line for each place (and series, if they are not stacked): label, bar, value.
pub(super) fn draw(data: &ChartData, style: TextStyle, out: &mut String) {
    let spans = data.spans();
    if data.stacking != Stacking::None {
        return stacked(data, &spans, style, out);
    }
    let values: Vec<Vec<String>> = data
        .series
        .iter()
        .map(|series| {
            series
                .values
                .iter()
                .map(|value| value.map_or_else(String::new, exact))
                .collect()
        })
        .collect();
    let value_width = widest(values.iter().flatten());
    let (labels, label_width) = row_labels(data.x.labels(), value_width + 2, style);
    let room = style.width.saturating_sub(label_width + value_width + 2);
    let scale = bar_scale(data, &spans);
    for (place, label) in labels.iter().enumerate() {
        for (series, spans) in spans.iter().enumerate() {
            // Series of one place stand below its one label.
            let label = if series == 0 { label.as_str() } else { "" };
            out.push_str(&left(label, label_width));
            out.push(' ');
            if let Some(span) = spans[place].filter(|span| span.1.is_finite()) {
                let (before, bar) = bar(span.1, &scale, room, mark(series, data.kind, style));
                out.extend(repeat_n(' ', before));
                out.push_str(&painted(&bar, series, style));
                out.push(' ');
            }
            out.push_str(&values[series][place]);
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
        }
    }
}

/// Slices as bars with their shares.
pub(super) fn pie(data: &ChartData, style: TextStyle, out: &mut String) {
    let slices = slices(data, 20);
    let values: Vec<String> = slices.iter().map(|slice| exact(slice.value)).collect();
    let value_width = widest(values.iter());
    let names = slices.iter().map(|slice| slice.name.clone()).collect();
    let (labels, label_width) = row_labels(names, value_width + 9, style);
    let room = style.width.saturating_sub(label_width + value_width + 9);
    let most = slices.iter().map(|slice| slice.share).fold(0.0, f64::max);
    let scale = Scale::exact(0.0, most, 1);
    for (index, ((slice, label), value)) in slices.iter().zip(&labels).zip(&values).enumerate() {
        let (_, bar) = bar(slice.share, &scale, room, '█');
        let share = right(&percent(slice.share), 6);
        let line = format!(
            "{} {share} {} {value}\n",
            left(label, label_width),
            painted(&left(&bar, 0), index, style)
        );
        out.push_str(&line);
    }
}

/// One line for each place, with a segment for each series.
fn stacked(data: &ChartData, spans: &[Vec<Option<(f64, f64)>>], style: TextStyle, out: &mut String) {
    let scale = bar_scale(data, spans);
    let total = |place: usize| -> f64 { data.series.iter().filter_map(|series| series.values[place]).sum() };
    let totals: Vec<String> = (0..data.x.len()).map(|place| exact(total(place))).collect();
    let total_width = widest(totals.iter());
    let (labels, label_width) = row_labels(data.x.labels(), total_width + 2, style);
    let room = style.width.saturating_sub(label_width + total_width + 2);
    let cell = |value: f64| (scale.position(value) * room as f64).round() as usize;
    for (place, label) in labels.iter().enumerate() {
        out.push_str(&left(label, label_width));
        out.push(' ');
        let mut cells: Vec<Option<usize>> = vec![None; room];
        for (series, spans) in spans.iter().enumerate() {
            if let Some((begin, end)) = spans[place].filter(|span| span.1.is_finite()) {
                let (begin, end) = (cell(begin.min(end)), cell(begin.max(end)));
                cells[begin..end].fill(Some(series));
            }
        }
        let used = cells.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        for run in cells[..used].chunk_by(|a, b| a == b) {
            match run[0] {
                Some(series) => {
                    let fill: String = repeat_n(mark(series, ChartKind::Bar, style), run.len()).collect();
                    out.push_str(&painted(&fill, series, style));
                }
                None => out.extend(repeat_n(' ', run.len())),
            }
        }
        out.push(' ');
        out.push_str(&totals[place]);
        out.push('\n');
    }
}

/// Labels cut to a third of the line, or to what the rest of the line leaves, and the width of the widest.
fn row_labels(labels: Vec<String>, rest: usize, style: TextStyle) -> (Vec<String>, usize) {
    let room = (style.width / 3).min(style.width.saturating_sub(rest + 1)).max(2);
    let labels: Vec<String> = labels.iter().map(|label| cut(label, room)).collect();
    let width = widest(labels.iter());
    (labels, width)
}

fn widest<'a>(texts: impl Iterator<Item = &'a String>) -> usize {
    texts.map(|text| text.width()).max().unwrap_or(0)
}

/// From the least to the greatest value, zero included.
fn bar_scale(data: &ChartData, spans: &[Vec<Option<(f64, f64)>>]) -> Scale {
    if data.y_log {
        return data.y_scale(4);
    }
    let ends = spans.iter().flatten().flatten().flat_map(|span| [span.0, span.1]);
    let (low, high) = range(ends.chain([0.0])).unwrap_or((0.0, 1.0));
    Scale::exact(data.y_range.0.unwrap_or(low), data.y_range.1.unwrap_or(high), 4)
}

/// Cells before a bar from zero to `value`, and the bar, exact to an eighth of a cell.
fn bar(value: f64, scale: &Scale, room: usize, fill: char) -> (usize, String) {
    let cells = |value: f64| scale.position(value) * room as f64;
    let (zero, end) = (cells(0.0), cells(value));
    if end < zero {
        // There are no characters for eighths from the right, except the half.
        let (first, last) = (end.round() as usize, zero.round() as usize);
        return (first, repeat_n(fill, last.saturating_sub(first)).collect());
    }
    let before = zero.round() as usize;
    let eighths = ((end - zero) * 8.0).round() as usize;
    // A value that is not zero is not invisible.
    let eighths = if value > 0.0 { eighths.max(1) } else { eighths };
    let mut bar: String = repeat_n(fill, eighths / 8).collect();
    if eighths % 8 > 0 && fill == '█' {
        bar.push(EIGHTHS[eighths % 8 - 1]);
    } else if eighths % 8 >= 4 || bar.is_empty() && eighths > 0 {
        bar.push(fill);
    }
    // Rounding both ends may add a cell; values beyond a fixed end are cut there.
    if bar.chars().count() > room.saturating_sub(before) {
        bar = bar.chars().take(room.saturating_sub(before)).collect();
    }
    (before, bar)
}

const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

#[cfg(test)]
mod tests {
    use super::super::super::ChartKind;
    use super::super::draw_text;
    use super::super::tests::{PLAIN, data};
    use super::*;

    #[test]
    fn bars_have_labels_and_values_and_parts_of_cells() {
        let mut data = data(
            ChartKind::Bar,
            &["TEXAS", "IOWA", "MAINE"],
            &[("n", &[4701.0, 2337.0, 12.0])],
        );
        data.title = "Storms".into();
        let expected = "\
Storms
TEXAS ████████████████████████████ 4,701
IOWA  █████████████▉ 2,337
MAINE ▏ 12
";
        assert_eq!(draw_text(&data, PLAIN), expected);
    }

    #[test]
    fn several_series_stand_below_one_label_with_a_legend() {
        let data = data(
            ChartKind::Bar,
            &["a", "b"],
            &[("hail", &[4.0, 2.0]), ("wind", &[1.0, 3.0])],
        );
        let expected = "\
█ hail  ▓ wind
a ████████████████████████████████████ 4
  ▓▓▓▓▓▓▓▓▓ 1
b ██████████████████ 2
  ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓ 3
";
        assert_eq!(draw_text(&data, PLAIN), expected);
    }

    #[test]
    fn negative_bars_end_at_zero() {
        let data = data(ChartKind::Bar, &["a", "b"], &[("n", &[-10.0, 10.0])]);
        let expected = "\
a █████████████████ -10
b                  █████████████████ 10
";
        assert_eq!(draw_text(&data, PLAIN), expected);
    }

    #[test]
    fn stacked_bars_show_the_total() {
        let mut data = data(
            ChartKind::Bar,
            &["a", "b"],
            &[("hail", &[4.0, 2.0]), ("wind", &[1.0, 3.0])],
        );
        data.stacking = Stacking::Stacked;
        let expected = "\
█ hail  ▓ wind
a █████████████████████████████▓▓▓▓▓▓▓ 5
b ██████████████▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓ 5
";
        assert_eq!(draw_text(&data, PLAIN), expected);
    }

    #[test]
    fn pies_are_bars_of_shares() {
        let data = data(ChartKind::Pie, &["hail", "wind"], &[("n", &[3.0, 1.0])]);
        let expected = "\
hail  75.0% ██████████████████████████ 3
wind  25.0% ████████▋ 1
";
        assert_eq!(draw_text(&data, PLAIN), expected);
    }
}
