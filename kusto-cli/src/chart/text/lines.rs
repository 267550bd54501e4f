//! Line, area and scatter charts, drawn with Braille dots.

use unicode_width::UnicodeWidthStr;

use super::super::scale::Scale;
use super::super::{ChartData, ChartKind, X};
use super::braille::Canvas;
use super::{TextStyle, mark, painted, place, push_row, right};

pub(super) fn draw(data: &ChartData, style: TextStyle, out: &mut String) {
    let rows = style.height - 4;
    let y = data.y_scale(rows / 3);
    let axis = y.marks.iter().map(|mark| mark.label.width()).max().unwrap_or(0);
    let columns = style.width.saturating_sub(axis + 2).max(10);
    let label_room = match &data.x {
        X::Labels(labels) => {
            labels
                .iter()
                .map(|label| label.width())
                .max()
                .unwrap_or(0)
                .min(20)
                + 2
        }
        _ => 14,
    };
    let x = data.x_scale(columns / label_room);
    let mut canvas = Canvas::new(columns, rows);
    let points = points(data, &x, &y, &canvas);
    for (series, points) in points.iter().enumerate() {
        match data.kind {
            ChartKind::Scatter => points.iter().for_each(|(x, y)| canvas.set(*x, *y, series)),
            kind => connect(points, kind == ChartKind::Area, series, &y, &mut canvas),
        }
    }
    for row in 0..rows {
        let label = y
            .marks
            .iter()
            .find(|mark| ((1.0 - y.position(mark.at)) * (rows - 1) as f64).round() as usize == row);
        out.push_str(&right(label.map_or("", |mark| mark.label.as_str()), axis));
        out.push_str(if label.is_some() { " ┤" } else { " │" });
        let mut cells: Vec<(char, usize)> = canvas.row(row).collect();
        if !style.color && data.series.len() > 1 {
            signs(data, &points, row, &mut cells, style);
        }
        let used = cells
            .iter()
            .rposition(|cell| cell.0 != ' ')
            .map_or(0, |last| last + 1);
        for run in cells[..used].chunk_by(|a, b| a.1 == b.1) {
            let text: String = run.iter().map(|cell| cell.0).collect();
            out.push_str(&painted(&text, run[0].1, style));
        }
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
    x_axis(&x, axis, columns, out);
}

/// The dots of the values of each series, in order of x.
fn points(data: &ChartData, x: &Scale, y: &Scale, canvas: &Canvas) -> Vec<Vec<(usize, usize)>> {
    let (width, height) = canvas.size();
    let order = data.order();
    let spans = data.spans();
    spans
        .iter()
        .map(|spans| {
            order
                .iter()
                .filter_map(|place| {
                    let value = spans[*place]?.1;
                    let across = data.x.position(*place);
                    let is_finite = value.is_finite() && across.is_finite();
                    is_finite.then(|| {
                        let across = (x.position(across) * (width - 1) as f64).round() as usize;
                        let down = ((1.0 - y.position(value)) * (height - 1) as f64).round() as usize;
                        (across, down)
                    })
                })
                .collect()
        })
        .collect()
}

/// Draws the line through the points, and what lies below it if it is an area.
fn connect(points: &[(usize, usize)], is_area: bool, series: usize, y: &Scale, canvas: &mut Canvas) {
    if let [point] = points {
        canvas.set(point.0, point.1, series);
    }
    let height = canvas.size().1;
    let base = ((1.0 - y.position(0.0)) * (height - 1) as f64).round() as usize;
    for pair in points.windows(2) {
        canvas.line(pair[0], pair[1], series);
        if is_area {
            let across = pair[1].0 - pair[0].0;
            for step in 0..=across {
                let share = if across == 0 {
                    0.0
                } else {
                    step as f64 / across as f64
                };
                let top = (pair[0].1 as f64 + (pair[1].1 as f64 - pair[0].1 as f64) * share).round() as usize;
                canvas.line((pair[0].0 + step, top), (pair[0].0 + step, base), series);
            }
        }
    }
}

/// Without colours, puts the sign of each series on some of its values, so that lines can be told apart.
fn signs(
    data: &ChartData,
    points: &[Vec<(usize, usize)>],
    row: usize,
    cells: &mut [(char, usize)],
    style: TextStyle,
) {
    for (series, points) in points.iter().enumerate() {
        let every = points.len().div_ceil(SIGNS).max(1);
        // Each series begins elsewhere, so that signs of lines that meet do not cover each other.
        for (x, y) in points.iter().skip(series % every).step_by(every) {
            if y / 4 == row {
                cells[x / 2] = (mark(series, data.kind, style), series);
            }
        }
    }
}

/// The axis with its marks, labels, and a line of what the labels leave out.
fn x_axis(x: &Scale, axis: usize, columns: usize, out: &mut String) {
    let indent = axis + 2;
    let column = |at: f64| (x.position(at) * (columns - 1) as f64).round() as usize;
    let mut line = vec![' '; indent + columns];
    line[axis + 1] = '└';
    line[indent..].fill('─');
    let mut labels = vec![' '; indent + columns];
    let mut contexts = labels.clone();
    for mark in &x.marks {
        let at = indent + column(mark.at);
        // Centred below the mark, or from the left edge on.
        let from = |text: &str| at.saturating_sub(text.width() / 2).max(indent);
        let label = super::cut(&mark.label, 20);
        if place(&mut labels, from(&label), &label) {
            line[at] = '┬';
        }
        if !mark.context.is_empty() {
            place(&mut contexts, from(&mark.context), &mark.context);
        }
    }
    push_row(&line, out);
    push_row(&labels, out);
    if contexts.iter().any(|character| *character != ' ') {
        push_row(&contexts, out);
    }
}

/// Signs on each line.
const SIGNS: usize = 6;

#[cfg(test)]
mod tests {
    use super::super::super::Series;
    use super::super::draw_text;
    use super::super::tests::{PLAIN, data};
    use super::*;

    const TALL: TextStyle = TextStyle { height: 12, ..PLAIN };

    fn daily(kind: ChartKind, values: &[f64]) -> ChartData {
        let day = 864_000_000_000;
        // 2007-09-01
        let first = 732_919 * day;
        let x = X::Times(
            (0..values.len() as i64)
                .map(|index| first + index * day)
                .collect(),
        );
        let values = values.iter().map(|value| Some(*value)).collect();
        ChartData::new(
            kind,
            x,
            vec![Series {
                name: "n".into(),
                values,
            }],
        )
    }

    #[test]
    fn lines_have_round_values_and_dates_on_their_axes() {
        let data = daily(ChartKind::Line, &[0.0, 10.0, 20.0, 30.0, 40.0, 30.0, 20.0]);
        assert_eq!(
            draw_text(&data, TALL),
            "\
40 ┤                     ⢀⠔⠊⠒⢄⡀
   │                  ⢀⡠⠊⠁    ⠈⠒⢄⡀
   │               ⢀⡠⠒⠁          ⠈⠒⢄⡀
   │            ⢀⡠⠒⠁                ⠈⠒⢄⡀
20 ┤         ⢀⠤⠒⠁                      ⠈
   │      ⡠⠔⠊⠁
   │   ⡠⠔⠉
 0 ┤⡠⠔⠉
   └──────┬──────────────────────┬──────
        Sep 2                  Sep 6
        2007
"
        );
    }

    #[test]
    fn areas_are_filled_down_to_zero() {
        let data = daily(ChartKind::Area, &[1.0, 3.0, 2.0]);
        assert_eq!(
            draw_text(&data, TALL),
            "\
4 ┤
  │
  │              ⢀⣠⣤⣶⣿⣿⣶⣶⣤⣤⣄⣀⡀
  │         ⢀⣠⣤⣶⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣶⣶⣤⣤⣄⣀⡀
2 ┤    ⢀⣀⣤⣶⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
  │⣀⣤⣶⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
  │⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
0 ┤⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
  └┬─────────────────┬─────────────────┬
   Sep 1           Sep 2           Sep 3
   2007
"
        );
    }

    #[test]
    fn lines_without_colours_carry_the_signs_of_the_legend() {
        let data = data(
            ChartKind::Line,
            &["a", "b", "c"],
            &[("up", &[1.0, 2.0, 3.0]), ("down", &[3.0, 2.0, 1.0])],
        );
        assert_eq!(
            draw_text(&data, TALL),
            "\
● up  ▲ down
3 ┤▲⠒⠤⣀⡀                            ⣀⠤⠒●
  │    ⠈⠑⠢⠤⣀                   ⢀⡠⠔⠊⠉
  │         ⠉⠒⠤⢄⡀          ⣀⠤⠒⠉⠁
  │             ⠈⠑⠒⠤⣀ ⢀⡠⠔⠊⠉
2 ┤              ⢀⡠⠤⠒▲⠑⠢⢄⣀
  │         ⢀⡠⠤⠒⠉⠁        ⠉⠒⠢⢄⡀
  │    ⢀⣀⠤⠒⠊⠁                 ⠈⠉⠒⠤⢄⡀
1 ┤●⠤⠒⠊⠁                           ⠈⠑⠒⠤▲
  └┬─────────────────┬─────────────────┬
   a                 b                 c
"
        );
    }
}
