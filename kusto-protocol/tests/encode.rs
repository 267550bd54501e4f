//! The bytes of each layout, and what no layout can say.

use std::sync::Arc;

use kusto_protocol::{
    Column, ColumnType, DataSetCompletion, DataSetHeader, DateTime, EncodeErrorKind, ErrorReportingPlacement,
    Frame, FrameEncoder, Layout, OneApiError, RowBatch, RowBatchBuilder, TableCompletion, TableFragment,
    TableFragmentType, TableHeader, TableKind, TableProgress, Value,
};

fn columns() -> Arc<[Column]> {
    [Column::new("n", ColumnType::Long)].into()
}

fn rows(numbers: &[i64]) -> RowBatch {
    let mut rows = RowBatchBuilder::new(columns());
    for number in numbers {
        rows.push_row(&[Value::Long(*number)]).unwrap();
    }
    rows.finish()
}

fn header() -> Frame {
    Frame::DataSetHeader(DataSetHeader::default())
}

fn table(table_id: i64, kind: TableKind) -> Frame {
    Frame::TableHeader(TableHeader {
        table_id,
        name: kind.as_str().to_owned(),
        kind,
        columns: columns(),
    })
}

fn fragment(table_id: i64, kind: TableFragmentType, numbers: &[i64]) -> Frame {
    Frame::TableFragment(TableFragment {
        table_id,
        kind,
        rows: rows(numbers),
    })
}

fn append(table_id: i64, numbers: &[i64]) -> Frame {
    fragment(table_id, TableFragmentType::DataAppend, numbers)
}

fn end_table(table_id: i64, row_count: u64, errors: &[OneApiError]) -> Frame {
    Frame::TableCompletion(TableCompletion {
        table_id,
        row_count,
        errors: errors.to_vec(),
    })
}

fn end(errors: &[OneApiError]) -> Frame {
    Frame::DataSetCompletion(DataSetCompletion {
        has_errors: !errors.is_empty(),
        cancelled: false,
        errors: errors.to_vec(),
    })
}

fn too_much() -> OneApiError {
    OneApiError::new("LimitsExceeded", "Too much.")
}

/// Writes all frames, and makes sure that the result is JSON.
fn encode(layout: Layout, frames: &[Frame]) -> String {
    let mut encoder = FrameEncoder::new(layout);
    let mut wire = Vec::new();
    for frame in frames {
        encoder.encode(frame, &mut wire).unwrap();
    }
    encoder.finish(&mut wire).unwrap();
    serde_json::from_slice::<serde_json::Value>(&wire).unwrap();
    String::from_utf8(wire).unwrap()
}

fn answer() -> [Frame; 9] {
    [
        header(),
        table(0, TableKind::QueryProperties),
        append(0, &[1]),
        end_table(0, 1, &[]),
        table(1, TableKind::PrimaryResult),
        append(1, &[2, 3]),
        append(1, &[4]),
        end_table(1, 3, &[]),
        end(&[]),
    ]
}

#[test]
fn plain_v2_has_each_table_in_one_piece() {
    assert_eq!(
        encode(Layout::V2, &answer()),
        concat!(
            r#"[{"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0"}"#,
            r#",{"FrameType":"DataTable","TableId":0,"TableKind":"QueryProperties","TableName":"QueryProperties","#,
            r#""Columns":[{"ColumnName":"n","ColumnType":"long"}],"Rows":[[1]]}"#,
            r#",{"FrameType":"DataTable","TableId":1,"TableKind":"PrimaryResult","TableName":"PrimaryResult","#,
            r#""Columns":[{"ColumnName":"n","ColumnType":"long"}],"Rows":[[2],[3],[4]]}"#,
            r#",{"FrameType":"DataSetCompletion","HasErrors":false,"Cancelled":false}]"#,
        )
    );
}

#[test]
fn fragmented_v2_has_primary_tables_in_pieces_and_a_line_for_each_frame() {
    let layout = Layout::V2_FRAGMENTED
        .newlines_between_frames(true)
        .error_reporting_placement(ErrorReportingPlacement::EndOfTable);
    let wire = encode(layout, &answer());
    let lines: Vec<_> = wire.lines().collect();
    assert_eq!(
        lines,
        [
            r#"[{"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0","IsFragmented":true,"ErrorReportingPlacement":"EndOfTable"}"#,
            r#",{"FrameType":"DataTable","TableId":0,"TableKind":"QueryProperties","TableName":"QueryProperties","Columns":[{"ColumnName":"n","ColumnType":"long"}],"Rows":[[1]]}"#,
            r#",{"FrameType":"TableHeader","TableId":1,"TableKind":"PrimaryResult","TableName":"PrimaryResult","Columns":[{"ColumnName":"n","ColumnType":"long"}]}"#,
            r#",{"FrameType":"TableFragment","TableFragmentType":"DataAppend","TableId":1,"Rows":[[2],[3]]}"#,
            r#",{"FrameType":"TableFragment","TableFragmentType":"DataAppend","TableId":1,"Rows":[[4]]}"#,
            r#",{"FrameType":"TableCompletion","TableId":1,"RowCount":3}"#,
            r#",{"FrameType":"DataSetCompletion","HasErrors":false,"Cancelled":false}"#,
            "]",
        ]
    );
}

#[test]
fn progress_and_replaced_rows_need_the_progressive_layout() {
    let frames = [
        header(),
        table(1, TableKind::PrimaryResult),
        append(1, &[1]),
        Frame::TableProgress(TableProgress {
            table_id: 1,
            progress: 50.0,
        }),
        fragment(1, TableFragmentType::DataReplace, &[2]),
        end_table(1, 1, &[]),
        end(&[]),
    ];
    let wire = encode(Layout::V2_PROGRESSIVE, &frames);
    assert!(wire.contains(r#""IsProgressive":true"#));
    assert!(wire.contains(r#",{"FrameType":"TableProgress","TableId":1,"TableProgress":50.0}"#));
    assert!(wire.contains(r#""TableFragmentType":"DataReplace","TableId":1,"Rows":[[2]]}"#));

    for layout in [Layout::V1, Layout::V2, Layout::V2_FRAGMENTED] {
        let mut encoder = FrameEncoder::new(layout);
        let mut wire = Vec::new();
        for frame in &frames[..4] {
            encoder.encode(frame, &mut wire).unwrap();
        }
        let before = wire.clone();
        let error = encoder.encode(&frames[4], &mut wire).unwrap_err();
        assert_eq!(error.kind(), EncodeErrorKind::Inexpressible);
        assert_eq!(wire, before);
    }
}

#[test]
fn progress_of_a_table_that_is_not_open_is_left_out() {
    let stray = Frame::TableProgress(TableProgress {
        table_id: 1,
        progress: 0.0,
    });
    for layout in [Layout::V1, Layout::V2, Layout::V2_PROGRESSIVE] {
        assert_eq!(
            encode(layout, &[header(), stray.clone(), end(&[])]),
            encode(layout, &[header(), end(&[])])
        );
    }
}

#[test]
fn v1_ends_with_a_table_of_contents_when_asked() {
    let wire = encode(Layout::V1.table_of_contents(true), &answer());
    let expected = concat!(
        r#"{"Tables":[{"TableName":"Table_0","Columns":[{"ColumnName":"n","DataType":"Int64","ColumnType":"long"}],"#,
        r#""Rows":[[1]]},{"TableName":"Table_1","Columns":[{"ColumnName":"n","DataType":"Int64","#,
        r#""ColumnType":"long"}],"Rows":[[2],[3],[4]]},{"TableName":"Table_2","Columns":["#,
        r#"{"ColumnName":"Ordinal","DataType":"Int64","ColumnType":"long"},"#,
        r#"{"ColumnName":"Kind","DataType":"String","ColumnType":"string"},"#,
        r#"{"ColumnName":"Name","DataType":"String","ColumnType":"string"},"#,
        r#"{"ColumnName":"Id","DataType":"String","ColumnType":"string"},"#,
        r#"{"ColumnName":"PrettyName","DataType":"String","ColumnType":"string"}],"Rows":["#,
        r#"[0,"QueryProperties","QueryProperties","00000000-0000-0000-0000-000000000001",""],"#,
        r#"[1,"QueryResult","PrimaryResult","00000000-0000-0000-0000-000000000002",""]]}]}"#,
    );
    assert_eq!(wire, expected);
}

#[test]
fn an_error_stands_where_the_layout_has_it() {
    let frames = [
        header(),
        table(1, TableKind::PrimaryResult),
        append(1, &[1]),
        end_table(1, 1, &[too_much()]),
        end(&[]),
    ];
    let error = r#"{"error":{"code":"LimitsExceeded","message":"Too much."}}"#;
    let at_the_end = format!(
        r#"{{"FrameType":"DataSetCompletion","HasErrors":true,"Cancelled":false,"OneApiErrors":[{error}]}}]"#
    );

    let wire = encode(Layout::V2, &frames);
    assert!(wire.contains(&format!(r#""Rows":[[1],{{"OneApiErrors":[{error}]}}]}}"#)));
    assert!(wire.ends_with(&at_the_end));

    let wire = encode(Layout::V2_FRAGMENTED, &frames);
    assert!(wire.contains(&format!(r#""TableId":1,"Rows":[{{"OneApiErrors":[{error}]}}]}}"#)));
    assert!(wire.contains(r#"{"FrameType":"TableCompletion","TableId":1,"RowCount":1}"#));

    let end_of_table = ErrorReportingPlacement::EndOfTable;
    let wire = encode(
        Layout::V2_FRAGMENTED.error_reporting_placement(end_of_table),
        &frames,
    );
    assert!(wire.contains(&format!(r#""TableId":1,"RowCount":1,"OneApiErrors":[{error}]}}"#)));
    assert!(wire.ends_with(&at_the_end));

    let end_of_data_set = ErrorReportingPlacement::EndOfDataSet;
    for layout in [Layout::V2, Layout::V2_FRAGMENTED] {
        let wire = encode(layout.error_reporting_placement(end_of_data_set), &frames);
        assert_eq!(wire.matches("OneApiErrors").count(), 1);
        assert!(wire.ends_with(&at_the_end));
    }

    let wire = encode(Layout::V1.table_of_contents(true), &frames);
    assert!(wire.ends_with(r#""Rows":[[1],{"Exceptions":["Too much."]}]}],"Exceptions":["Too much."]}"#));
}

#[test]
fn an_answer_that_fails_half_way_is_well_formed() {
    let placements = [
        ErrorReportingPlacement::InData,
        ErrorReportingPlacement::EndOfTable,
        ErrorReportingPlacement::EndOfDataSet,
    ];
    for layout in [
        Layout::V1,
        Layout::V2,
        Layout::V2_FRAGMENTED,
        Layout::V2_PROGRESSIVE,
    ] {
        for placement in placements {
            let layout = layout.error_reporting_placement(placement);
            let begun = [
                header(),
                table(1, TableKind::PrimaryResult),
                append(1, &[1]),
                end(&[too_much()]),
            ];
            encode(layout, &begun);
            encode(layout, &[header(), end(&[too_much()])]);
        }
    }
}

#[test]
fn frames_out_of_turn_are_refused() {
    let refused = |layout, before: &[Frame], frame: &Frame| {
        let mut encoder = FrameEncoder::new(layout);
        let mut wire = Vec::new();
        for frame in before {
            encoder.encode(frame, &mut wire).unwrap();
        }
        let error = encoder.encode(frame, &mut wire).unwrap_err();
        assert_eq!(error.kind(), EncodeErrorKind::UnexpectedFrame);
        error.to_string()
    };
    let begun = [header(), table(1, TableKind::PrimaryResult)];

    refused(Layout::V2, &[], &end(&[]));
    refused(Layout::V2, &begun, &header());
    refused(Layout::V2, &begun, &table(1, TableKind::PrimaryResult));
    refused(Layout::V2, &begun, &append(2, &[]));
    refused(Layout::V2, &[header(), end(&[])], &end(&[]));
    assert_eq!(
        refused(Layout::V2, &begun, &end(&[])),
        "table 1 has not ended; only an answer with errors may leave it open"
    );
    assert_eq!(
        refused(Layout::V2, &begun, &table(2, TableKind::PrimaryResult)),
        "table 1 has to end first, since this layout writes it in one piece"
    );
    let other_columns = Frame::TableFragment(TableFragment {
        table_id: 1,
        kind: TableFragmentType::DataAppend,
        rows: RowBatchBuilder::new([].into()).finish(),
    });
    refused(Layout::V2, &begun, &other_columns);

    let mut encoder = FrameEncoder::new(Layout::V1);
    assert!(encoder.finish(&mut Vec::new()).is_err());
}

#[test]
fn fragmented_tables_may_be_open_side_by_side() {
    let frames = [
        header(),
        table(1, TableKind::PrimaryResult),
        table(2, TableKind::PrimaryResult),
        append(1, &[1]),
        append(2, &[2]),
        end_table(1, 1, &[]),
        end_table(2, 1, &[]),
        end(&[]),
    ];
    encode(Layout::V2_FRAGMENTED, &frames);
}

#[test]
fn a_datetime_without_a_form_on_the_wire_is_refused() {
    let columns: Arc<[Column]> = [Column::new("at", ColumnType::DateTime)].into();
    let mut rows = RowBatchBuilder::new(columns.clone());
    let beyond = DateTime::from_ticks(DateTime::MAX.ticks() + 1);
    rows.push_row(&[Value::DateTime(beyond)]).unwrap();
    let mut encoder = FrameEncoder::new(Layout::V2);
    let mut wire = Vec::new();
    encoder.encode(&header(), &mut wire).unwrap();
    let header = TableHeader {
        table_id: 1,
        kind: TableKind::PrimaryResult,
        name: String::new(),
        columns,
    };
    encoder.encode(&Frame::TableHeader(header), &mut wire).unwrap();
    let fragment = TableFragment {
        table_id: 1,
        kind: TableFragmentType::DataAppend,
        rows: rows.finish(),
    };
    let error = encoder
        .encode(&Frame::TableFragment(fragment), &mut wire)
        .unwrap_err();
    assert_eq!(error.kind(), EncodeErrorKind::Cell);
    assert_eq!(
        error.to_string(),
        "column at, row 0: the datetime is not in the years 0 to 9999"
    );
}
