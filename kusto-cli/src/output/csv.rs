//! Comma-separated values as RFC 4180 describes them, with line feeds.

use kusto_protocol::{Column, RowBatch};

use super::delimited;

pub(super) fn push_header(columns: &[Column], out: &mut String) {
    delimited::push_header(columns, ',', push_text, out);
}

pub(super) fn push_rows(batch: &RowBatch, out: &mut String) {
    delimited::push_rows(batch, ',', push_text, out);
}

fn push_text(text: &str, out: &mut String) {
    if !text.contains([',', '"', '\n', '\r']) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for part in text.split_inclusive('"') {
        out.push_str(part);
        if part.ends_with('"') {
            out.push('"');
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::tests::{printed, storms};
    use super::super::{Format, Printer, TableStyle};

    #[test]
    fn fields_are_quoted_only_where_needed_and_nulls_are_empty() {
        let expected = "\
State,n,ratio,at,ok,note
TEXAS,4701,0.5,2007-09-20T21:57:00Z,true,\"{\"\"a\"\":[1,2]}\"
\"line
feed, comma\",,NaN,,,
";
        assert_eq!(printed(Format::Csv), expected);
    }

    #[test]
    fn results_are_separated_by_an_empty_line() {
        let mut bytes = Vec::new();
        let mut printer = Printer::new(Format::Csv, TableStyle::default(), &mut bytes);
        for _ in 0..2 {
            printer.begin(storms().columns()).unwrap();
        }
        printer.finish().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, "State,n,ratio,at,ok,note\n\nState,n,ratio,at,ok,note\n");
    }
}
