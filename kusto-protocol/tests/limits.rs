//! Each limit of the decoder, one below and one above, and the memory it holds.

mod support;

use kusto_protocol::{DecodeErrorKind, DecoderConfig, Frame, FrameDecoder};
use support::{Decoded, decode_every_way_with};

#[test]
fn a_batch_ends_after_max_batch_rows() {
    for (rows, fragments) in [
        (2, vec![2]),
        (3, vec![3]),
        (4, vec![3, 1]),
        (6, vec![3, 3]),
        (7, vec![3, 3, 1]),
    ] {
        let answer = table(&vec!["[1]"; rows].join(","));
        assert_eq!(
            fragment_lens(&decode(&answer, |config| config.max_batch_rows = 3)),
            fragments
        );
    }
}

#[test]
fn a_batch_ends_with_the_row_that_passes_max_batch_bytes() {
    // Four bytes and three bytes a row; commas do not count.
    let answer = table("[12],[3],[4],[5]");
    for (limit, fragments) in [
        (6, vec![2, 2]),
        (7, vec![2, 2]),
        (8, vec![3, 1]),
        (13, vec![4]),
        (1, vec![1, 1, 1, 1]),
    ] {
        assert_eq!(
            fragment_lens(&decode(&answer, |config| config.max_batch_bytes = limit)),
            fragments,
            "{limit}"
        );
    }
}

#[test]
fn a_row_may_have_max_row_bytes() {
    let row = "[1234567]";
    let answer = table(&format!("[1],{row},[2]"));
    let set = |limit| move |config: &mut DecoderConfig| config.max_row_bytes = limit;
    assert_eq!(decode(&answer, set(row.len())).1, Ok(()));
    let (_, end) = decode(&answer, set(row.len() - 1));
    let error = end.unwrap_err();
    assert_eq!((error.kind(), error.row()), (DecodeErrorKind::TooLarge, Some(1)));
    assert_eq!(error.offset() as usize, answer.find(row).unwrap());
}

#[test]
fn what_is_wrong_in_a_row_too_long_counts_first() {
    let answer = table("[tru,1234567890]");
    let (_, end) = decode(&answer, |config| config.max_row_bytes = 8);
    assert_eq!(end.unwrap_err().kind(), DecodeErrorKind::Syntax);
}

#[test]
fn rows_before_their_columns_may_have_max_buffered_frame_bytes() {
    let rows = "[[1],[2],[3]]";
    let answer = format!(
        r#"[{HEADER},{{"FrameType":"DataTable","Rows":{rows},"TableId":1,"TableKind":"PrimaryResult","TableName":"T","Columns":[{COLUMN}]}},{END}]"#
    );
    let set = |limit| move |config: &mut DecoderConfig| config.max_buffered_frame = limit;
    assert_eq!(fragment_lens(&decode(&answer, set(rows.len()))), [3]);
    too_large(&decode(&answer, set(rows.len() - 1)));
}

#[test]
fn a_frame_without_its_rows_may_have_max_head_bytes() {
    let name = "n".repeat(300);
    let head = format!(
        r#"{{"FrameType":"DataTable","TableId":1,"TableKind":"PrimaryResult","TableName":"{name}","Columns":[{COLUMN}]"#
    );
    let answer = format!(r#"[{HEADER},{head},"Rows":[[1]]}},{END}]"#);
    let set = |limit| move |config: &mut DecoderConfig| config.max_head_bytes = limit;
    assert_eq!(decode(&answer, set(head.len())).1, Ok(()));
    too_large(&decode(&answer, set(head.len() - 1)));
}

#[test]
fn names_of_members_count_as_head() {
    let name = "n".repeat(200);
    let answer = format!(r#"[{{"{name}":1,{},{END}]"#, &HEADER[1..]);
    let set = |limit| move |config: &mut DecoderConfig| config.max_head_bytes = limit;
    assert_eq!(decode(&answer, set(202)).1, Ok(()));
    too_large(&decode(&answer, set(201)));
}

#[test]
fn a_member_that_is_skipped_may_have_any_length() {
    let text = "x".repeat(5000);
    let answer = format!(r#"[{{"New":["{text}"],{},{END}]"#, &HEADER[1..]);
    assert_eq!(decode(&answer, |config| config.max_head_bytes = 100).1, Ok(()));
}

#[test]
fn errors_in_place_of_rows_may_have_max_head_bytes_in_all() {
    let error = format!(
        r#"{{"OneApiErrors":[{{"error":{{"code":"X","message":"{}"}}}}]}}"#,
        "m".repeat(200)
    );
    let answer = table(&format!("{error},[1],{error}"));
    let set = |limit| move |config: &mut DecoderConfig| config.max_head_bytes = limit;
    assert_eq!(decode(&answer, set(2 * error.len())).1, Ok(()));
    too_large(&decode(&answer, set(2 * error.len() - 1)));
}

#[test]
fn a_table_may_have_max_columns() {
    let columns = [COLUMN; 5].join(",");
    let answer = format!(
        r#"[{HEADER},{{"FrameType":"DataTable","TableId":1,"TableKind":"PrimaryResult","TableName":"T","Columns":[{columns}],"Rows":[]}},{END}]"#
    );
    let set = |limit| move |config: &mut DecoderConfig| config.max_columns = limit;
    assert_eq!(decode(&answer, set(5)).1, Ok(()));
    too_large(&decode(&answer, set(4)));
}

#[test]
fn brackets_may_be_nested_max_depth_deep() {
    let nested = format!("{}{}", "[".repeat(20), "]".repeat(20));
    let set = |limit| move |config: &mut DecoderConfig| config.max_depth = limit;
    let in_cell = table(&format!("[{nested}]")).replace("long", "dynamic");
    assert_eq!(decode(&in_cell, set(20)).1, Ok(()));
    too_large(&decode(&in_cell, set(19)));
    let skipped = format!(r#"[{{"New":{nested},{},{END}]"#, &HEADER[1..]);
    assert_eq!(decode(&skipped, set(20)).1, Ok(()));
    too_large(&decode(&skipped, set(19)));
}

#[test]
fn max_open_tables_may_be_open() {
    let heads: Vec<String> = (0..3)
        .map(|id| {
            format!(
                r#"{{"FrameType":"TableHeader","TableId":{id},"TableKind":"PrimaryResult","TableName":"T","Columns":[{COLUMN}]}}"#
            )
        })
        .collect();
    let end = r#"{"FrameType":"DataSetCompletion","HasErrors":true,"Cancelled":false}"#;
    let answer = format!("[{HEADER},{},{end}]", heads.join(","));
    let set = |limit| move |config: &mut DecoderConfig| config.max_open_tables = limit;
    assert_eq!(decode(&answer, set(3)).1, Ok(()));
    too_large(&decode(&answer, set(2)));
}

#[test]
fn rows_of_any_width_are_read_when_that_is_tolerated() {
    let answer = table("[],[1],[2,[3],\"x\"]");
    let decoded = decode(&answer, |config| config.allow_varying_row_widths = true);
    assert!(support::text::frames(&decoded.0, &decoded.1).contains("[null]\n    [long(1)]\n    [long(2)]\n"));
    assert_eq!(
        decode(&answer, |_| ()).1.unwrap_err().kind(),
        DecodeErrorKind::RowWidth
    );
}

#[test]
fn what_is_held_does_not_grow_with_the_answer() {
    let row = r#"[1,"a text of some length, so that the rows weigh something"]"#;
    let peak = |rows: usize, chunk_len: usize| {
        let columns = format!(r#"{COLUMN},{{"ColumnName":"s","ColumnType":"string"}}"#);
        let answer = table(&vec![row; rows].join(",")).replace(COLUMN, &columns);
        let mut config = DecoderConfig::default();
        config.max_batch_rows = 100;
        let mut decoder = FrameDecoder::with_config(config);
        let mut peak = 0;
        for chunk in answer.as_bytes().chunks(chunk_len) {
            let mut input = chunk;
            while decoder.decode(&mut input).unwrap().is_some() {
                peak = peak.max(decoder.buffered_bytes());
            }
            peak = peak.max(decoder.buffered_bytes());
        }
        decoder.finish().unwrap();
        peak
    };
    for chunk_len in [10, 1000] {
        for rows in [300, 3000] {
            assert!(
                peak(rows, chunk_len) < 2 * 100 * row.len(),
                "{rows} rows in chunks of {chunk_len}"
            );
        }
    }
}

#[test]
fn a_long_row_may_come_a_byte_at_a_time() {
    // Work that grows with the square of the row's length would not end.
    let text = "[{\\\"".repeat(50_000);
    let answer = table(&format!(r#"["{text}"]"#)).replace("long", "string");
    let (frames, end) = support::decode_chunks(answer.as_bytes().chunks(1), &DecoderConfig::default());
    assert_eq!((frames.len(), end), (5, Ok(())));
}

fn decode(answer: &str, set: impl Fn(&mut DecoderConfig)) -> Decoded {
    let mut config = DecoderConfig::default();
    set(&mut config);
    decode_every_way_with(answer.as_bytes(), &config)
}

fn too_large(decoded: &Decoded) {
    assert_eq!(decoded.1.as_ref().unwrap_err().kind(), DecodeErrorKind::TooLarge);
}

/// The number of rows in each fragment.
fn fragment_lens(decoded: &Decoded) -> Vec<usize> {
    assert_eq!(decoded.1, Ok(()));
    let lens = decoded.0.iter().filter_map(|frame| match frame {
        Frame::TableFragment(fragment) => Some(fragment.rows.num_rows()),
        _ => None,
    });
    lens.collect()
}

/// An answer with one table of one column.
fn table(rows: &str) -> String {
    format!(
        r#"[{HEADER},{{"FrameType":"DataTable","TableId":1,"TableKind":"PrimaryResult","TableName":"T","Columns":[{COLUMN}],"Rows":[{rows}]}},{END}]"#
    )
}

const HEADER: &str = r#"{"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0"}"#;
const COLUMN: &str = r#"{"ColumnName":"n","ColumnType":"long"}"#;
const END: &str = r#"{"FrameType":"DataSetCompletion","HasErrors":false,"Cancelled":false}"#;
