//! Aligned tables for reading.
//!
//! Widths are chosen from the first rows, so that a long result is printed while it arrives. Later cells that are
//! wider are cut on a terminal; elsewhere nothing is ever left out, and such a line is longer than the others.

use std::fmt::Write as _;
use std::sync::Arc;

use kusto_protocol::{Column, ColumnType, RowBatch};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How tables look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TableStyle {
    /// Cells of a line; `None` if nothing is to be cut.
    pub(crate) width: Option<usize>,
    pub(crate) color: bool,
}

/// One result on its way to the reader.
pub(super) struct Table {
    columns: Arc<[Column]>,
    style: TableStyle,
    /// Rows that wait for the widths.
    first: Vec<RowBatch>,
    first_rows: usize,
    layout: Option<Vec<Shown>>,
    /// Text of one cell, kept for its capacity.
    cell: String,
}

/// A column that is shown; without `index`, the place of those that are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shown {
    index: Option<usize>,
    width: usize,
    is_right: bool,
}

impl Table {
    pub(super) const fn new(columns: Arc<[Column]>, style: TableStyle) -> Self {
        Self {
            columns,
            style,
            first: Vec::new(),
            first_rows: 0,
            layout: None,
            cell: String::new(),
        }
    }

    pub(super) fn push(&mut self, batch: RowBatch, out: &mut String) {
        if self.layout.is_some() {
            self.push_rows(&batch, out);
            return;
        }
        self.first_rows += batch.num_rows();
        self.first.push(batch);
        if self.first_rows >= FIRST_ROWS {
            self.push_first(out);
        }
    }

    /// Columns that found no room.
    pub(super) fn left_out(&self) -> usize {
        let shown = |layout: &Vec<Shown>| layout.iter().filter(|shown| shown.index.is_some()).count();
        self.layout
            .as_ref()
            .map_or(0, |layout| self.columns.len() - shown(layout))
    }

    pub(super) fn finish(&mut self, out: &mut String) {
        if self.layout.is_none() {
            self.push_first(out);
        }
    }

    /// Chooses the widths, and prints the header and the rows that waited.
    fn push_first(&mut self, out: &mut String) {
        let natural: Vec<usize> = (0..self.columns.len())
            .map(|index| self.natural_width(index))
            .collect();
        let layout = match self.style.width {
            Some(room) => fit(&self.columns, &natural, room),
            None => natural
                .iter()
                .enumerate()
                .map(|(index, width)| shown(&self.columns, index, *width))
                .collect(),
        };
        self.push_header(&layout, out);
        self.layout = Some(layout);
        for batch in std::mem::take(&mut self.first) {
            self.push_rows(&batch, out);
        }
    }

    /// The width of the widest cell among the first rows, and of the name.
    fn natural_width(&mut self, index: usize) -> usize {
        let mut widest = printable(&self.columns[index].name).width();
        for array in self.first.iter().filter_map(|batch| batch.array(index)) {
            for row in 0..array.len() {
                self.cell.clear();
                // Writing to a String cannot fail, here and below.
                let _ = write!(self.cell, "{}", array.get(row));
                widest = widest.max(printable_width(&self.cell));
            }
        }
        widest
    }

    fn push_header(&self, layout: &[Shown], out: &mut String) {
        let mut line = String::new();
        for (position, shown) in layout.iter().enumerate() {
            line.push_str(if position == 0 { " " } else { " │ " });
            let name = shown
                .index
                .map_or_else(|| "…".to_owned(), |index| printable(&self.columns[index].name));
            push_cell(&name, *shown, self.style, &mut line);
        }
        let line = line.trim_end();
        if self.style.color {
            let _ = writeln!(out, "\u{1b}[1m{line}\u{1b}[0m");
        } else {
            let _ = writeln!(out, "{line}");
        }
        for (position, shown) in layout.iter().enumerate() {
            out.push_str(if position == 0 { "─" } else { "─┼─" });
            out.extend(std::iter::repeat_n('─', shown.width));
        }
        if !layout.is_empty() {
            out.push('─');
        }
        out.push('\n');
    }

    fn push_rows(&mut self, batch: &RowBatch, out: &mut String) {
        let Some(layout) = &self.layout else { return };
        for row in 0..batch.num_rows() {
            for (position, shown) in layout.iter().enumerate() {
                out.push_str(if position == 0 { " " } else { " │ " });
                self.cell.clear();
                match shown.index {
                    Some(index) => drop(write!(self.cell, "{}", batch.row(row).get(index))),
                    None => self.cell.push('…'),
                }
                push_cell(&printable(&self.cell), *shown, self.style, out);
            }
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
        }
    }
}

/// Columns whose values are compared by their digits.
pub(super) const fn is_number(column_type: &ColumnType) -> bool {
    matches!(
        column_type,
        ColumnType::Decimal | ColumnType::Int | ColumnType::Long | ColumnType::Real | ColumnType::Timespan
    )
}

/// Chooses widths so that a line has room: texts are cut first, then columns in the middle are left out.
fn fit(columns: &[Column], natural: &[usize], room: usize) -> Vec<Shown> {
    let least = |index: usize| match columns[index].column_type {
        ColumnType::String | ColumnType::Dynamic | ColumnType::Unknown(_) => natural[index].min(LEAST_TEXT),
        // Part of a number or of a date would be a wrong one.
        _ => natural[index],
    };
    let mut kept: Vec<Option<usize>> = (0..columns.len()).map(Some).collect();
    let needed = |kept: &[Option<usize>]| -> usize {
        kept.iter()
            .map(|index| index.map_or(1, least) + SEPARATOR)
            .sum::<usize>()
    };
    while needed(&kept) > room + 1 && kept.iter().flatten().count() > 2 {
        let gap = kept.iter().position(Option::is_none);
        // The first column left out gives its place to the ellipsis; then the neighbours go, the right one first, as
        // long as the left part is no longer than the right one.
        match gap {
            None => {
                let middle = kept.len() / 2;
                kept[middle] = None;
            }
            Some(gap) if gap > kept.len() - 1 - gap => drop(kept.remove(gap - 1)),
            Some(gap) => drop(kept.remove(gap + 1)),
        }
    }
    let separators = kept.len() * SEPARATOR;
    let total = |cap: usize| -> usize {
        let width =
            |index: &Option<usize>| index.map_or(1, |index| natural[index].min(cap).max(least(index)));
        kept.iter().map(width).sum::<usize>() + separators
    };
    let widest = natural.iter().copied().max().unwrap_or(0);
    // The largest cap that fits; the least widths are taken if none does.
    let cap = (LEAST_TEXT..=widest.min(room))
        .rev()
        .find(|cap| total(*cap) <= room + 1)
        .unwrap_or(LEAST_TEXT);
    let cap = if total(widest) <= room + 1 { widest } else { cap };
    kept.into_iter()
        .map(|index| match index {
            Some(index) => shown(
                columns,
                index,
                natural[index].min(cap).max(least(index)).min(room),
            ),
            None => Shown {
                index: None,
                width: 1,
                is_right: false,
            },
        })
        .collect()
}

const fn shown(columns: &[Column], index: usize, width: usize) -> Shown {
    Shown {
        index: Some(index),
        width,
        is_right: is_number(&columns[index].column_type),
    }
}

fn push_cell(text: &str, shown: Shown, style: TableStyle, out: &mut String) {
    let width = text.width();
    let space = shown.width.saturating_sub(width);
    if shown.is_right {
        out.extend(std::iter::repeat_n(' ', space));
    }
    if width <= shown.width || style.width.is_none() {
        out.push_str(text);
    } else {
        push_cut(text, shown.width, out);
    }
    if !shown.is_right {
        out.extend(std::iter::repeat_n(' ', space));
    }
}

/// As much of the text as fits with an ellipsis.
fn push_cut(text: &str, width: usize, out: &mut String) {
    let mut room = width.saturating_sub(1);
    for character in text.chars() {
        let cells = character.width().unwrap_or(0);
        if cells > room {
            break;
        }
        room -= cells;
        out.push(character);
    }
    out.push('…');
    out.extend(std::iter::repeat_n(' ', room));
}

/// The text on one line, without characters that would move the cursor or send commands to the terminal.
fn printable(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            control if control.is_control() => drop(write!(safe, "\\x{:02x}", u32::from(control))),
            other => safe.push(other),
        }
    }
    safe
}

fn printable_width(text: &str) -> usize {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) {
        return text.len();
    }
    printable(text).width()
}

/// Rows that decide on the widths.
const FIRST_ROWS: usize = 1000;
/// Columns of text are not cut to less.
const LEAST_TEXT: usize = 10;
/// Cells between two columns.
const SEPARATOR: usize = 3;

#[cfg(test)]
mod tests {
    use kusto_protocol::{RowBatchBuilder, Value};

    use super::super::Format;
    use super::super::tests::{printed, storms};
    use super::*;

    fn table(batches: Vec<RowBatch>, width: Option<usize>) -> String {
        let mut table = Table::new(
            Arc::clone(batches[0].columns()),
            TableStyle { width, color: false },
        );
        let mut out = String::new();
        for batch in batches {
            table.push(batch, &mut out);
        }
        table.finish(&mut out);
        out
    }

    fn texts(names: &[&str], rows: &[&[&str]]) -> RowBatch {
        let columns: Vec<Column> = names
            .iter()
            .map(|name| Column::new(*name, ColumnType::String))
            .collect();
        let mut builder = RowBatchBuilder::new(columns.into());
        for row in rows {
            let row: Vec<Value<'_>> = row.iter().map(|text| Value::String(text)).collect();
            builder.push_row(&row).unwrap();
        }
        builder.finish()
    }

    #[test]
    fn numbers_stand_to_the_right_and_control_characters_are_shown() {
        let expected = "\
\x20State             │    n │ ratio │ at                   │ ok   │ note
───────────────────┼──────┼───────┼──────────────────────┼──────┼─────────────
 TEXAS             │ 4701 │   0.5 │ 2007-09-20T21:57:00Z │ true │ {\"a\":[1,2]}
 line\\nfeed, comma │      │   NaN │                      │      │
";
        assert_eq!(printed(Format::Table), expected);
    }

    #[test]
    fn long_texts_are_cut_to_the_width_of_the_terminal() {
        let batch = texts(
            &["a", "b"],
            &[
                &["x", "a text that is too long for the line"],
                &["日本語日本語日本語", "y"],
            ],
        );
        assert_eq!(
            table(vec![batch], Some(30)),
            "\
\x20a            │ b
──────────────┼──────────────
 x            │ a text that…
 日本語日本…  │ y
"
        );
    }

    #[test]
    fn columns_in_the_middle_are_left_out_when_nothing_else_helps() {
        let names: Vec<String> = (1..=9).map(|index| format!("column {index}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let batch = texts(&names, &[&["x"; 9]]);
        assert_eq!(
            table(vec![batch], Some(40)),
            "\
\x20column 1 │ column 2 │ … │ column 9
──────────┼──────────┼───┼──────────
 x        │ x        │ … │ x
"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_unless_two_columns_are() {
        for width in [24, 40, 80, 200] {
            let storms = storms();
            let text = table(vec![storms.clone(), storms], Some(width));
            assert!(
                text.lines().all(|line| line.width() <= width.max(30)),
                "{width}: {text}"
            );
        }
    }

    #[test]
    fn rows_after_the_first_thousand_keep_the_widths() {
        let first = texts(&["a"], &vec![&["xyz"] as &[&str]; FIRST_ROWS]);
        let later = texts(&["a"], &[&["longer than before"]]);
        assert!(table(vec![first.clone(), later.clone()], Some(80)).ends_with(" xyz\n lo…\n"));
        assert!(table(vec![first, later], None).ends_with(" xyz\n longer than before\n"));
    }

    #[test]
    fn a_result_without_rows_has_a_header() {
        assert_eq!(
            table(vec![texts(&["State", "n"], &[])], None),
            " State │ n\n───────┼───\n"
        );
    }
}
