//! Tables of Markdown, numbers to the right.

use std::fmt::Write as _;

use kusto_protocol::{Column, RowBatch};

use super::table::is_number;

pub(super) fn push_header(columns: &[Column], out: &mut String) {
    for column in columns {
        out.push_str("| ");
        push_text(&column.name, out);
        out.push(' ');
    }
    out.push_str("|\n");
    for column in columns {
        out.push_str(if is_number(&column.column_type) {
            "| ---: "
        } else {
            "| --- "
        });
    }
    out.push_str("|\n");
}

pub(super) fn push_rows(batch: &RowBatch, out: &mut String) {
    let mut text = String::new();
    for row in batch.rows() {
        for value in row.values() {
            text.clear();
            // Writing to a String cannot fail.
            let _ = write!(text, "{value}");
            out.push_str("| ");
            push_text(&text, out);
            out.push(' ');
        }
        out.push_str("|\n");
    }
}

fn push_text(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '|' | '\\' | '`' | '*' | '_' | '<' | '[' => {
                out.push('\\');
                out.push(character);
            }
            '\n' => out.push_str("<br>"),
            '\r' => {}
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::tests::printed;
    use super::push_text;

    #[test]
    fn numbers_are_aligned_to_the_right() {
        let expected = "\
| State | n | ratio | at | ok | note |
| --- | ---: | ---: | --- | --- | --- |
| TEXAS | 4701 | 0.5 | 2007-09-20T21:57:00Z | true | {\"a\":\\[1,2]} |
| line<br>feed, comma |  | NaN |  |  |  |
";
        assert_eq!(printed(Format::Markdown), expected);
    }

    #[test]
    fn marks_of_markdown_are_escaped() {
        let mut out = String::new();
        push_text("a|b_c", &mut out);
        assert_eq!(out, "a\\|b\\_c");
    }
}
