//! Tab-separated values: no quotes, backslash escapes.

use std::fmt::Write as _;

use kusto_protocol::{Column, RowBatch, Value};

pub(super) fn push_header(columns: &[Column], out: &mut String) {
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            out.push('\t');
        }
        push_text(&column.name, out);
    }
    out.push('\n');
}

pub(super) fn push_rows(batch: &RowBatch, out: &mut String) {
    for row in batch.rows() {
        for (index, value) in row.values().enumerate() {
            if index > 0 {
                out.push('\t');
            }
            match value {
                Value::String(text) | Value::Dynamic(text) | Value::Unknown(text) => push_text(text, out),
                // None of the other types holds a character to escape. Writing to a String cannot fail.
                other => drop(write!(out, "{other}")),
            }
        }
        out.push('\n');
    }
}

fn push_text(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\\' => out.push_str("\\\\"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::tests::printed;

    #[test]
    fn line_feeds_are_escaped_and_quotes_are_not() {
        let expected = "\
State\tn\tratio\tat\tok\tnote
TEXAS\t4701\t0.5\t2007-09-20T21:57:00Z\ttrue\t{\"a\":[1,2]}
line\\nfeed, comma\t\tNaN\t\t\t
";
        assert_eq!(printed(Format::Tsv), expected);
    }
}
