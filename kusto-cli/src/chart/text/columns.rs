//! Vertical columns.

use unicode_width::UnicodeWidthStr;

use super::super::{ChartData, Stacking, X};
use super::{TextStyle, cut, mark, painted, place, push_row, right};

/// Whether every column has a cell, and every name of a place has room for ten; bars are better otherwise.
///
/// Of times and numbers it is enough that every fourth can be shown.
pub(super) fn fits(data: &ChartData, style: TextStyle) -> bool {
    let places = data.x.len();
    if places == 0 {
        return false;
    }
    let room = style.width.saturating_sub(axis_width(data, style) + 2) / places;
    let widest = data
        .x
        .labels()
        .iter()
        .map(|label| label.width())
        .max()
        .unwrap_or(0);
    let labels_fit = match data.x {
        X::Labels(_) => room > widest.min(10),
        _ => room * 4 > widest,
    };
    labels_fit && room >= beside(data) + usize::from(beside(data) > 1)
}

pub(super) fn draw(data: &ChartData, style: TextStyle, out: &mut String) {
    let rows = style.height - 3;
    let scale = data.y_scale(rows / 3);
    let axis = axis_width(data, style);
    let places = data.x.len();
    let beside = beside(data);
    let slot = (style.width.saturating_sub(axis + 2) / places).min(MAX_SLOT * beside);
    // A gap between the columns of one place and those of the next, if there is room for one.
    let thickness = ((slot - usize::from(slot > beside)) / beside).max(1);
    let spans = data.spans();
    for row in (0..rows).rev() {
        let (low, high) = (row as f64 / rows as f64, (row + 1) as f64 / rows as f64);
        let label = scale.marks.iter().find(|mark| {
            let at = scale.position(mark.at);
            at >= low && (at < high || row + 1 == rows)
        });
        out.push_str(&right(label.map_or("", |mark| mark.label.as_str()), axis));
        out.push_str(if label.is_some() { " ┤" } else { " │" });
        let mut line = String::new();
        let mut column = 0;
        for place in 0..places {
            for group in 0..beside {
                while column < place * slot + group * thickness {
                    line.push(' ');
                    column += 1;
                }
                let (series, fill) = cell(data, &spans, place, group, (low, high), &scale, style);
                let text: String = std::iter::repeat_n(fill, thickness).collect();
                line.push_str(&if fill == ' ' {
                    text
                } else {
                    painted(&text, series, style)
                });
                column += thickness;
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    let width = places * slot;
    out.push_str(&right("", axis));
    out.push_str(" └");
    out.push_str(&"─".repeat(width));
    out.push('\n');
    labels(data, slot, thickness * beside, axis + 2, style, out);
}

/// The series and the character of one cell of a column.
fn cell(
    data: &ChartData,
    spans: &[Vec<Option<(f64, f64)>>],
    place: usize,
    group: usize,
    (low, high): (f64, f64),
    scale: &super::super::scale::Scale,
    style: TextStyle,
) -> (usize, char) {
    let candidates = if data.stacking == Stacking::None {
        group..group + 1
    } else {
        0..spans.len()
    };
    for series in candidates {
        let Some((begin, end)) = spans.get(series).and_then(|spans| spans[place]) else {
            continue;
        };
        let (begin, end) = (scale.position(begin.min(end)), scale.position(begin.max(end)));
        let middle = f64::midpoint(low, high);
        let fill = mark(series, data.kind, style);
        let is_top = end > low && end < high;
        if is_top && fill == '█' && begin <= low && data.stacking == Stacking::None {
            let eighths = ((end - low) / (high - low) * 8.0).round() as usize;
            // The lowest row shows that there is something, however little.
            let eighths = if low == 0.0 { eighths.max(1) } else { eighths };
            return (series, EIGHTHS[eighths.min(8)]);
        }
        if begin <= middle && end > middle {
            return (series, fill);
        }
    }
    (group, ' ')
}

/// The line of labels below the columns, as many as find room.
fn labels(
    data: &ChartData,
    slot: usize,
    thickness: usize,
    indent: usize,
    style: TextStyle,
    out: &mut String,
) {
    let mut row = vec![' '; style.width];
    let labels = data.x.labels();
    let widest = labels.iter().map(|label| label.width()).max().unwrap_or(0);
    // Names all have room, if cut; of times and numbers some are left out.
    let every = if matches!(data.x, X::Labels(_)) {
        1
    } else {
        (widest + 1).div_ceil(slot).max(1)
    };
    for (index, label) in labels.iter().enumerate().step_by(every) {
        let label = cut(label, slot * every - 1);
        let middle = indent + index * slot + thickness / 2;
        place(
            &mut row,
            middle.saturating_sub(label.width() / 2).max(indent),
            &label,
        );
    }
    push_row(&row, out);
}

/// Columns that stand beside each other at one place.
fn beside(data: &ChartData) -> usize {
    if data.stacking == Stacking::None {
        data.series.len().max(1)
    } else {
        1
    }
}

fn axis_width(data: &ChartData, style: TextStyle) -> usize {
    let scale = data.y_scale((style.height - 3) / 3);
    scale
        .marks
        .iter()
        .map(|mark| mark.label.width())
        .max()
        .unwrap_or(0)
}

const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const MAX_SLOT: usize = 14;

#[cfg(test)]
mod tests {
    use super::super::super::ChartKind;
    use super::super::draw_text;
    use super::super::tests::{PLAIN, data};
    use super::*;

    #[test]
    fn columns_stand_on_an_axis_with_labels() {
        let data = data(
            ChartKind::Column,
            &["Jan", "Feb", "Mar", "Apr"],
            &[("n", &[40.0, 10.0, 25.0, 1.0])],
        );
        let expected = "\
50 ┤
   │████████
   │████████          ▄▄▄▄▄▄▄▄
   │████████          ████████
 0 ┤████████ ████████ ████████ ▁▁▁▁▁▁▁▁
   └────────────────────────────────────
       Jan      Feb      Mar      Apr
";
        assert_eq!(draw_text(&data, PLAIN), expected);
    }

    #[test]
    fn many_long_labels_become_bars() {
        let labels = [
            "Thunderstorm Wind",
            "Flash Flood and more",
            "Winter Weather",
            "Heavy Snow",
        ];
        let data = data(ChartKind::Column, &labels, &[("n", &[1.0; 4])]);
        let narrow = TextStyle { width: 20, ..PLAIN };
        assert!(draw_text(&data, narrow).starts_with("Thunderst… █"));
    }
}
