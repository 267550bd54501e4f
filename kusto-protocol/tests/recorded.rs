//! Answers of the real service, where they are at hand: a folder beside the repository. They are not part of it.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the crate does neither, but its tests do"
)]

mod support;

use std::fs;
use std::path::Path;

use kusto_protocol::{
    ColumnType, DataSet, DateTime, DecodeErrorKind, DecoderConfig, ErrorPlace, Frame, FrameEncoder, Layout,
    RowBatch, Table, TableCompletion, TableHeader, TableKind, Timespan, Value,
};
use support::{Decoded, decode_every_way, decode_every_way_with};

#[test]
fn one_table_in_three_layouts_has_the_same_rows() {
    let Some(deft) = read("deft.json") else { return };
    let (header, rows) = primary(&decode_every_way(&deft));
    assert_eq!(
        (header.name.as_str(), header.columns.len(), rows.num_rows()),
        ("Deft", 19, 11)
    );
    for (column, value) in header.columns.iter().zip(rows.row(0).values()) {
        let is_text = column.column_type.as_str() == "string";
        assert_eq!(
            value,
            if is_text { Value::String("") } else { Value::Null },
            "{}",
            column.name
        );
    }
    for row in 1..11 {
        assert_eq!(rows.row(row).value("rownumber"), Some(Value::Int(row as i32 - 1)));
    }
    let ninth = rows.row(9);
    assert_eq!(
        ninth.value("xtime"),
        Some(Value::Timespan(
            "-8.00:00:08.0080008".parse::<Timespan>().unwrap()
        ))
    );
    assert_eq!(
        ninth.value("xdate"),
        Some(Value::DateTime(
            "2022-01-01T01:01:01.0000008Z".parse::<DateTime>().unwrap()
        ))
    );
    for name in ["alternative_order.json", "deft_with_progressive_result.json"] {
        let Some(other) = read(name) else { return };
        let decoded = decode_every_way(&other);
        let (other_header, other_rows) = primary(&decoded);
        assert_eq!(other_header.columns, header.columns, "{name}");
        for row in 0..11 {
            // White space inside of nested JSON differs.
            for column in 0..18 {
                assert_eq!(
                    other_rows.row(row).get(column),
                    rows.row(row).get(column),
                    "{name}"
                );
            }
        }
        let progress = decoded
            .0
            .iter()
            .filter(|frame| matches!(frame, Frame::TableProgress(_)))
            .count();
        assert_eq!(progress, usize::from(name.contains("progressive")), "{name}");
    }
}

#[test]
fn a_short_row_is_an_error_unless_tolerated() {
    let Some(bytes) = read("dataframe.json") else {
        return;
    };
    let error = decode_every_way(&bytes).1.unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::RowWidth, "{error}");
    let mut config = DecoderConfig::default();
    config.allow_varying_row_widths = true;
    let (header, rows) = primary(&decode_every_way_with(&bytes, &config));
    assert_eq!((header.columns.len(), rows.num_rows()), (13, 8));
    let texts = |name| -> Vec<String> {
        let values = rows.rows().filter_map(|row| row.value(name));
        values.map(|value| value.to_string()).collect()
    };
    for (name, number) in [
        ("RecordReal", "3.14159"),
        ("RecordDouble", "7.89"),
        ("RecordDecimal", "1.2"),
    ] {
        let expected = [number, "NaN", "Infinity", "-Infinity", number, number, number, ""];
        assert_eq!(texts(name), expected, "{name}");
    }
    assert_eq!(
        texts("RecordTime")[1..3],
        ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
    );
    assert_eq!(
        texts("RecordOffset")[4..],
        ["00:00:00", "00:01:00", "1.01:01:01", "00:00:00"]
    );
    assert_eq!(texts("RecordGUID")[0], "6f3c1072-2739-461c-8aa7-3cfc8ff528a8");
    assert_eq!(header.columns[9].column_type, ColumnType::Real);
    assert_eq!(
        header.columns[12].column_type,
        ColumnType::Unknown("missing".to_owned())
    );
    assert_eq!(rows.row(0).value("MissingType"), Some(Value::Unknown("\"miss\"")));
    let short = rows
        .rows()
        .filter(|row| row.values().skip(6).all(|value| value.is_null()))
        .count();
    assert_eq!(short, 1);
}

#[test]
fn dynamic_cells_keep_their_form() {
    let Some(bytes) = read("dynamic.json") else { return };
    let (_, rows) = primary(&decode_every_way(&bytes));
    let row = rows.row(0);
    let cells: Vec<Value<'_>> = row.values().collect();
    assert_eq!(
        cells[..5],
        [
            Value::Dynamic("123"),
            Value::Dynamic("123"),
            Value::Dynamic("test bad json"),
            Value::Null,
            Value::Dynamic("{\"rowId\":2,\"arr\":[0,2]}")
        ]
    );
    assert!(
        matches!(cells[5], Value::Dynamic(text) if text.starts_with('{') && text.contains("\"rowId\": 2"))
    );
}

#[test]
fn nulls_and_empty_tables_are_read() {
    let Some(nulls) = read("null_values.json") else {
        return;
    };
    let (header, rows) = primary(&decode_every_way(&nulls));
    assert_eq!((header.columns.len(), rows.num_rows()), (10, 1));
    assert!(rows.row(0).values().all(|value| value.is_null()));
    let Some(bools) = read("pandas_bool.json") else {
        return;
    };
    let (_, rows) = primary(&decode_every_way(&bools));
    assert_eq!(
        rows.rows()
            .filter(|row| row.values().any(|value| value.is_null()))
            .count(),
        1
    );
    assert_eq!(rows.num_rows(), 3);
    let Some(empty) = read("zero_results.json") else {
        return;
    };
    let decoded = decode_every_way(&empty);
    assert_eq!(decoded.1, Ok(()));
    let header = headers(&decoded)
        .find(|header| header.kind == TableKind::PrimaryResult)
        .unwrap();
    assert_eq!(completion(&decoded, header.table_id).row_count, 0);
}

#[test]
fn a_partial_failure_is_found_where_the_request_wanted_it() {
    let Some(in_data) = read("query_partial_results_defer_is_false.json") else {
        return;
    };
    let decoded = decode_every_way(&in_data);
    let (header, rows) = primary(&decoded);
    assert_eq!(rows.num_rows(), 5);
    let errors = &completion(&decoded, header.table_id).errors;
    assert_eq!(
        (errors.len(), errors[0].code.as_str(), errors[0].hresult()),
        (1, "LimitsExceeded", Some(0x80DA_0003))
    );
    let table_id = header.table_id;
    assert_eq!(errors[0].place, Some(ErrorPlace::Row { table_id, row: 5 }));
    assert!(headers(&decoded).all(|header| header.kind != TableKind::QueryCompletionInformation));
    let Some(Frame::DataSetCompletion(end)) = decoded.0.last() else {
        panic!("no completion")
    };
    assert!(end.has_errors && end.errors.len() == 1);

    let Some(deferred) = read("query_partial_results_defer_is_true.json") else {
        return;
    };
    let decoded = decode_every_way(&deferred);
    let (header, rows) = primary(&decoded);
    assert_eq!(
        (
            rows.num_rows(),
            completion(&decoded, header.table_id).errors.len()
        ),
        (5, 0)
    );
    let Some(Frame::DataSetCompletion(end)) = decoded.0.last() else {
        panic!("no completion")
    };
    assert!(!end.has_errors);
    let data_set = DataSet::from_frames(decoded.0).unwrap();
    let [error] = &data_set.errors()[..] else {
        panic!("one error")
    };
    assert_eq!(error.hresult(), Some(0x80DA_0003));
    assert!(matches!(error.place, Some(ErrorPlace::CompletionEvent { .. })));
}

#[test]
fn a_progressive_answer_has_header_rows_progress_and_completion() {
    let Some(bytes) = read("progressive_result.json") else {
        return;
    };
    let decoded = decode_every_way(&bytes);
    let (header, rows) = primary(&decoded);
    assert_eq!((header.columns.len(), rows.num_rows()), (22, 5));
    assert_eq!(completion(&decoded, header.table_id).row_count, 5);
    assert!(
        decoded
            .0
            .iter()
            .any(|frame| matches!(frame, Frame::TableProgress(_)))
    );
}

#[test]
fn v1_answers_have_their_tables_in_order() {
    let Some(bytes) = read("adminthenquery.json") else {
        return;
    };
    let decoded = decode_every_way(&bytes);
    let ids: Vec<i64> = headers(&decoded).map(|header| header.table_id).collect();
    assert_eq!((ids, decoded.1), (vec![0, 1, 2, 3], Ok(())));
    let data_set = DataSet::from_frames(decoded.0).unwrap();
    let kinds: Vec<_> = data_set.tables().iter().map(Table::kind).collect();
    let expected = [
        TableKind::PrimaryResult,
        TableKind::QueryProperties,
        TableKind::QueryCompletionInformation,
        TableKind::TableOfContents,
    ];
    assert_eq!(kinds, expected.iter().collect::<Vec<_>>());
    assert_eq!(data_set.tables()[0].num_rows(), 2);
    assert!(!data_set.has_errors());
    let Some(bytes) = read("versionshowcommandresult.json") else {
        return;
    };
    let decoded = decode_every_way(&bytes);
    let header = headers(&decoded).next().unwrap();
    assert_eq!(header.columns[1].column_type.as_str(), "datetime");
    assert_eq!(completion(&decoded, 0).row_count, 1);
}

#[test]
fn what_was_recorded_passes_through_a_relay_unchanged() {
    for (name, layout) in [
        ("deft.json", Layout::V2),
        ("dynamic.json", Layout::V2),
        ("null_values.json", Layout::V2),
        ("query_partial_results_defer_is_false.json", Layout::V2),
        ("query_partial_results_defer_is_true.json", Layout::V2),
        ("progressive_result.json", Layout::V2_PROGRESSIVE),
        ("adminthenquery.json", Layout::V1),
        ("versionshowcommandresult.json", Layout::V1),
    ] {
        let Some(bytes) = read(name) else { return };
        let frames = decode_every_way(&bytes).0;
        let mut wire = Vec::new();
        let mut encoder = FrameEncoder::new(layout);
        for frame in &frames {
            encoder.encode(frame, &mut wire).unwrap();
        }
        encoder.finish(&mut wire).unwrap();
        assert_eq!(decode_every_way(&wire).0, frames, "{name}");
    }
}

/// A recorded answer, if it is there.
fn read(name: &str) -> Option<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/recorded");
    let bytes = fs::read(folder.join(name)).ok();
    if bytes.is_none() {
        println!("{name} is not at hand: skipped");
    }
    bytes
}

fn headers(decoded: &Decoded) -> impl Iterator<Item = &TableHeader> {
    decoded.0.iter().filter_map(|frame| match frame {
        Frame::TableHeader(header) => Some(header),
        _ => None,
    })
}

/// The first primary table and its first batch.
fn primary(decoded: &Decoded) -> (TableHeader, RowBatch) {
    let header = headers(decoded)
        .find(|header| header.kind == TableKind::PrimaryResult)
        .unwrap();
    let batch = decoded.0.iter().find_map(|frame| match frame {
        Frame::TableFragment(fragment) if fragment.table_id == header.table_id => Some(&fragment.rows),
        _ => None,
    });
    (header.clone(), batch.unwrap().clone())
}

fn completion(decoded: &Decoded, table_id: i64) -> &TableCompletion {
    let found = decoded.0.iter().find_map(|frame| match frame {
        Frame::TableCompletion(completion) if completion.table_id == table_id => Some(completion),
        _ => None,
    });
    found.unwrap()
}
