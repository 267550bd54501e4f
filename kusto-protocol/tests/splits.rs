//! Chunks make no difference, whatever the bytes: answers put together at random, and vectors with something changed.

#![allow(
    clippy::disallowed_methods,
    reason = "the crate reads no files, but its tests do"
)]

mod support;

use std::path::Path;
use std::sync::LazyLock;

use kusto_protocol::{DecoderConfig, Frame, FrameDecoder};
use proptest::prelude::*;
use proptest::sample::{Index, select};

proptest! {
    #[test]
    fn answers_put_together_at_random(answer in answer(), seed in any::<u64>()) {
        support::decode_some_ways(answer.as_bytes(), seed);
    }

    #[test]
    fn vectors_with_something_changed(
        vector in any::<Index>(),
        changes in proptest::collection::vec(change(), 1..4),
        seed in any::<u64>(),
    ) {
        let mut bytes = vector.get(&VECTORS).clone();
        for change in changes {
            change.apply(&mut bytes);
        }
        support::decode_some_ways(&bytes, seed);
    }
}

#[test]
fn batches_that_are_given_back_change_nothing() {
    let mut last = None;
    for bytes in VECTORS.iter() {
        for max_batch_rows in [1, 8192] {
            let mut config = DecoderConfig::default();
            config.max_batch_rows = max_batch_rows;
            let mut decoder = FrameDecoder::with_config(config.clone());
            let mut frames = Vec::new();
            let mut input = &bytes[..];
            if let Some(batch) = last.take() {
                // Of the answer before; it fits or it does not.
                decoder.recycle(batch);
            }
            while let Ok(Some(frame)) = decoder.decode(&mut input) {
                if let Frame::TableFragment(fragment) = &frame {
                    decoder.recycle(fragment.rows.clone());
                    last = Some(fragment.rows.clone());
                }
                frames.push(frame);
            }
            frames.extend(std::iter::from_fn(|| decoder.remainder()));
            let (expected, end) = support::decode_chunks([&bytes[..]], &config);
            assert_eq!(
                support::text::frames(&frames, &end),
                support::text::frames(&expected, &end)
            );
        }
    }
}

#[test]
fn a_decoder_that_was_reset_is_as_a_new_one() {
    let config = DecoderConfig::default();
    let mut decoder = FrameDecoder::with_config(config.clone());
    for bytes in VECTORS.iter() {
        let (expected, end) = support::decode_chunks([&bytes[..]], &config);
        let expected = support::text::frames(&expected, &end);
        // Once more with column lists that are known; and after an answer that was left at any place.
        for cut in [0, 0, 0, bytes.len() / 3, bytes.len() / 2, bytes.len()] {
            decoder.reset();
            let mut input = &bytes[..cut];
            while let Ok(Some(_)) = decoder.decode(&mut input) {}
            decoder.reset();
            let (frames, end) = support::decode_next(&mut decoder, [&bytes[..]]);
            assert_eq!(
                support::text::frames(&frames, &end),
                expected,
                "after {cut} bytes"
            );
        }
    }
}

#[test]
fn what_came_before_a_cut_is_not_lost() {
    let config = DecoderConfig::default();
    let mut row_by_row = config.clone();
    row_by_row.max_batch_rows = 1;
    for bytes in VECTORS.iter() {
        let mut before = Vec::new();
        for len in 0..=bytes.len() {
            let came = rows_and_errors(&support::decode_chunks([&bytes[..len]], &config).0);
            assert_eq!(
                came,
                rows_and_errors(&support::decode_chunks([&bytes[..len]], &row_by_row).0)
            );
            for one in &before {
                assert!(came.contains(one), "{one} was there before byte {len}");
            }
            before = came;
        }
    }
}

#[test]
fn rows_and_errors_in_their_place_count_from_their_last_byte_on() {
    let head = concat!(
        r#"[{"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0"},{"FrameType":"DataTable","#,
        r#""TableId":1,"TableKind":"PrimaryResult","TableName":"T","Columns":[{"ColumnName":"n","ColumnType":"long"}],"#,
        r#""Rows":["#,
    );
    let rows = [
        "[1]",
        r#"{"OneApiErrors":[{"error":{"code":"A"}}]}"#,
        "[2]",
        r#"{"Exceptions":["b","c"]}"#,
        "[3]",
    ];
    let mut body = head.to_owned();
    let mut ends = Vec::new();
    for (row, count) in rows.iter().zip([1, 1, 1, 2, 1]) {
        body += row;
        ends.extend(std::iter::repeat_n(body.len(), count));
        body.push(',');
    }
    for len in 0..body.len() {
        let (frames, _) = support::decode_chunks([&body.as_bytes()[..len]], &DecoderConfig::default());
        let expected = ends.iter().filter(|end| **end <= len).count();
        assert_eq!(rows_and_errors(&frames).len(), expected, "{}", &body[..len]);
    }
}

/// Each row, and each error with its place.
fn rows_and_errors(frames: &[Frame]) -> Vec<String> {
    let mut found = Vec::new();
    for frame in frames {
        match frame {
            Frame::TableFragment(fragment) => found.extend(
                fragment
                    .rows
                    .rows()
                    .map(|row| format!("{} {}", fragment.table_id, support::text::row(&row))),
            ),
            Frame::TableCompletion(end) => found.extend(end.errors.iter().map(|error| format!("{error:?}"))),
            Frame::DataSetCompletion(end) => {
                found.extend(end.errors.iter().map(|error| format!("{error:?}")))
            }
            _ => {}
        }
    }
    found.sort();
    found
}

/// Something that may happen to bytes.
#[derive(Clone, Debug)]
enum Change {
    Cut(Index),
    Remove(Index, usize),
    Replace(Index, u8),
    Insert(Index, &'static str),
    Repeat(Index, usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let len = bytes.len();
        if len == 0 {
            return;
        }
        match self {
            Self::Cut(at) => bytes.truncate(at.index(len)),
            Self::Remove(at, count) => {
                let at = at.index(len);
                bytes.drain(at..(at + count).min(len));
            }
            Self::Replace(at, byte) => bytes[at.index(len)] = *byte,
            Self::Insert(at, text) => {
                let at = at.index(len);
                bytes.splice(at..at, text.bytes());
            }
            Self::Repeat(at, count) => {
                let at = at.index(len);
                let piece = bytes[at..(at + count).min(len)].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => any::<Index>().prop_map(Change::Cut),
        2 => (any::<Index>(), 1usize..8).prop_map(|(at, count)| Change::Remove(at, count)),
        2 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        4 => (any::<Index>(), select(CELLS)).prop_map(|(at, text)| Change::Insert(at, text)),
        2 => (any::<Index>(), 1usize..60).prop_map(|(at, count)| Change::Repeat(at, count)),
    ]
}

/// An answer that is right but perhaps for its cells.
fn answer() -> impl Strategy<Value = String> {
    let column_type = select(TYPES);
    let columns = proptest::collection::vec(column_type, 0..4);
    let table = columns.prop_flat_map(|columns| {
        let width = columns.len();
        let cells = proptest::collection::vec(cell(), width..=width);
        (Just(columns), proptest::collection::vec(cells, 0..6))
    });
    (proptest::collection::vec(table, 0..3), select(&["V1", "V2", "fragments"][..]), select(WHITE_SPACE)).prop_map(
        |(tables, layout, space)| {
            let tables = tables.into_iter().enumerate().map(|(id, (types, rows))| {
                let columns: Vec<String> = types
                    .iter()
                    .map(|name| format!(r#"{{"ColumnName":"c",{space}"ColumnType":"{name}"}}"#))
                    .collect();
                let rows: Vec<String> = rows.iter().map(|cells| format!("[{}]", cells.join(","))).collect();
                let (columns, rows) = (columns.join(","), rows.join(&format!(",{space}")));
                match layout {
                    "V1" => format!(r#"{{"TableName":"T","Columns":[{columns}],{space}"Rows":[{rows}]}}"#),
                    "V2" => format!(
                        r#"{{"FrameType":"DataTable","TableId":{id},"TableKind":"PrimaryResult","TableName":"T","Columns":[{columns}],"Rows":{space}[{rows}{space}]}}"#
                    ),
                    _ => format!(
                        r#"{{"FrameType":"TableHeader","TableId":{id},"TableKind":"PrimaryResult","TableName":"T","Columns":[{columns}]}},{{"FrameType":"TableFragment","TableFragmentType":"DataAppend","TableId":{id},"Rows":[{rows}]}},{{"FrameType":"TableCompletion","TableId":{id},"RowCount":9}}"#
                    ),
                }
            });
            let tables: Vec<String> = tables.collect();
            if layout == "V1" {
                return format!(r#"{{"Tables":[{}]}}"#, tables.join(","));
            }
            let mut frames = vec![r#"{"FrameType":"DataSetHeader","Version":"v2.0"}"#.to_owned()];
            frames.extend(tables);
            frames.push(r#"{"FrameType":"DataSetCompletion","HasErrors":false,"Cancelled":false}"#.to_owned());
            format!("[{}]{space}", frames.join(","))
        },
    )
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("null".to_owned()),
        6 => select(CELLS).prop_map(str::to_owned),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(|number| number.to_string()),
        1 => any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        1 => "\"[0-9TZ:. -]{1,12}\"",
        1 => "-?[0-9]{1,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{1,2})?",
    ]
}

static VECTORS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors");
    let mut vectors = Vec::new();
    for folder in ["cells", "error", "v1", "v2"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "json") {
                vectors.push(std::fs::read(path).unwrap());
            }
        }
    }
    vectors.sort();
    vectors
});

const TYPES: &[&str] = &[
    "bool", "int", "long", "real", "decimal", "datetime", "timespan", "guid", "string", "dynamic", "vector",
];

const WHITE_SPACE: &[&str] = &["", "", " ", "\n", "\r\n\t  "];

const CELLS: &[&str] = &[
    "1",
    "0",
    "-7",
    "5.0",
    "01",
    "1e5",
    "9223372036854775807",
    "9223372036854775808",
    "0.1",
    "true",
    "false",
    "tru",
    "\"\"",
    "\"a\"",
    "\"NaN\"",
    "\"1.5\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"\\\"]\\\\\"",
    "\"2020-03-04T14:05:01.3109965Z\"",
    "\"2020-03-04T14:05:01Z\"",
    "\"-1.02:03:04.5\"",
    "\"123e27de-1e4e-49d9-b579-fe0b331d3642\"",
    "{\"a\":[1,{\"b\":null}]}",
    "[]",
    "[[1, 2],\"]\"]",
    "\"a text that is somewhat longer than the others, é and all\"",
    "{\"OneApiErrors\":[]}",
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "\\",
    "\"Rows\":[[1]],",
    "\"TableId\":1,",
    " ",
];
