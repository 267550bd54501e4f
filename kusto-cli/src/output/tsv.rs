//! Tab-separated values: no quotes, backslash escapes.

use kusto_protocol::{Column, RowBatch};

use super::delimited;

pub(super) fn push_header(columns: &[Column], out: &mut String) {
    delimited::push_header(columns, '\t', push_text, out);
}

pub(super) fn push_rows(batch: &RowBatch, out: &mut String) {
    delimited::push_rows(batch, '\t', push_text, out);
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
