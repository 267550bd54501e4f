//! Answers that nobody should send: each looks for work that grows faster than its bytes.

use super::text::push;

/// The names of the answers that are hostile, and whether a decoder must refuse them.
pub const BAD_ANSWERS: [(&str, bool); 12] = [
    ("brackets", true),
    ("brackets-closed", true),
    ("nested-dynamic", false),
    ("string-endless", true),
    ("string-of-escapes", false),
    ("string-of-unicode-escapes", false),
    ("backslashes-endless", true),
    ("number-of-digits", true),
    ("real-of-digits", false),
    ("white-space", false),
    ("row-endless", true),
    ("head-endless", true),
];

/// The hostile answer of this name, of about so many bytes; `None` if there is no such name.
#[must_use]
pub fn bad_answer(name: &str, bytes: usize) -> Option<Vec<u8>> {
    let (column_type, before, piece, after) = match name {
        "brackets" => ("dynamic", "[", "[", ""),
        "brackets-closed" => {
            let half = bytes / 2;
            return Some(table(
                "dynamic",
                &format!("[{}{}]", "[".repeat(half), "]".repeat(half)),
                END,
            ));
        }
        "nested-dynamic" => ("dynamic", "[[0", ",[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]", "]]"),
        "string-endless" => ("string", "[\"", "endless ", ""),
        "string-of-escapes" => ("string", "[\"", "\\n\\\"\\\\\\/", "\"]"),
        "string-of-unicode-escapes" => ("string", "[\"", "\\u00e9\\ud83d\\ude00", "\"]"),
        "backslashes-endless" => ("string", "[\"", "\\\\\\\\", ""),
        "number-of-digits" => ("long", "[", "1234567890", "]"),
        "real-of-digits" => ("real", "[0.", "1234567890", "]"),
        "white-space" => ("long", "[", " \r\n\t", "1]"),
        "row-endless" => ("long", "[1", ",1234", ""),
        "head-endless" => {
            let mut out = b"[{\"FrameType\":\"DataSetHeader\",\"Version\":\"".to_vec();
            out.extend_from_slice("v2.0".repeat(bytes / 4).as_bytes());
            return Some(out);
        }
        _ => return None,
    };
    let row = format!("{before}{}{after}", piece.repeat(bytes / piece.len()));
    Some(table(column_type, &row, if after.is_empty() { "" } else { END }))
}

fn table(column_type: &str, row: &str, end: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(row.len() + 500);
    push(
        &mut out,
        format_args!(
            "[{{\"FrameType\":\"DataSetHeader\",\"IsProgressive\":false,\"Version\":\"v2.0\"}},\
             {{\"FrameType\":\"DataTable\",\"TableId\":0,\"TableKind\":\"PrimaryResult\",\"TableName\":\"T\",\
             \"Columns\":[{{\"ColumnName\":\"c\",\"ColumnType\":\"{column_type}\"}}],\"Rows\":[{row}{end}"
        ),
    );
    out
}

const END: &str = "]},{\"FrameType\":\"DataSetCompletion\",\"HasErrors\":false,\"Cancelled\":false}]";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mode, decode};

    #[test]
    fn what_is_no_answer_is_refused_and_what_is_one_is_read() {
        for (name, refused) in BAD_ANSWERS {
            let body = bad_answer(name, 20_000).unwrap();
            for mode in [Mode::Whole, Mode::Recycled(100)] {
                let decoded = decode(&body, mode, &Default::default(), &mut None, Some);
                assert_eq!(decoded.is_err(), refused, "{name}: {decoded:?}");
            }
        }
    }
}
