//! Whole answers in memory.

use kusto_protocol::{
    Column, ColumnType, DataSet, DataSetCompletion, DataSetErrorKind, DataSetHeader, Frame, FrameDecoder,
    RowBatchBuilder, TableCompletion, TableFragment, TableFragmentType, TableHeader, TableKind, Value,
};

fn read(body: &str) -> DataSet {
    let mut decoder = FrameDecoder::new();
    let mut input = body.as_bytes();
    let mut data_set = DataSet::new();
    while let Some(frame) = decoder.decode(&mut input).unwrap() {
        data_set.push(frame).unwrap();
    }
    decoder.finish().unwrap();
    data_set
}

fn v1(tables: &[&str]) -> DataSet {
    read(&format!("{{\"Tables\":[{}]}}", tables.join(",")))
}

fn v1_table(columns: &str, rows: &str) -> String {
    let columns: Vec<_> = columns
        .split(' ')
        .map(|column| {
            let (name, column_type) = column.split_once(':').unwrap();
            format!(r#"{{"ColumnName":"{name}","ColumnType":"{column_type}"}}"#)
        })
        .collect();
    format!(
        r#"{{"TableName":"Table_0","Columns":[{}],"Rows":[{rows}]}}"#,
        columns.join(",")
    )
}

fn numbers(data_set: &DataSet) -> Vec<i64> {
    data_set
        .primary_results()
        .flat_map(|table| table.deserialize::<i64>())
        .collect::<Result<_, _>>()
        .unwrap()
}

const CONTENTS: &str = "Ordinal:long Kind:string Name:string Id:string PrettyName:string";

#[test]
fn a_v1_table_of_contents_names_the_tables_before_it() {
    let data_set = v1(&[
        &v1_table("n:long", "[7]"),
        &v1_table(
            "Value:string",
            r#"["{\"Visualization\":\"piechart\"}"],["{\"Cursor\":\"638\"}"]"#,
        ),
        &v1_table(
            "Severity:int StatusCode:int StatusDescription:string",
            r#"[4,0,"Query completed successfully"],[6,0,{"ExecutionTime":0.25}]"#,
        ),
        &v1_table(
            CONTENTS,
            r#"[0,"QueryResult","PrimaryResult","a",""],[1,"QueryProperties","@ExtendedProperties","b",""],
               [2,"QueryStatus","QueryStatus","c",""]"#,
        ),
    ]);
    let kinds: Vec<_> = data_set
        .tables()
        .iter()
        .map(|table| table.kind().clone())
        .collect();
    assert_eq!(
        kinds,
        [
            TableKind::PrimaryResult,
            TableKind::QueryProperties,
            TableKind::QueryCompletionInformation,
            TableKind::TableOfContents
        ]
    );
    assert_eq!(data_set.tables()[1].name(), "@ExtendedProperties");
    assert_eq!(numbers(&data_set), [7]);
    assert_eq!(
        data_set.visualization(0).unwrap().visualization.as_deref(),
        Some("piechart")
    );
    assert_eq!(data_set.cursor().as_deref(), Some("638"));
    assert_eq!(data_set.statistics().unwrap().execution_seconds, Some(0.25));
    assert!(!data_set.has_errors());
}

#[test]
fn v1_tables_without_contents_are_results_but_for_properties() {
    let kinds = |tables: &[&str]| -> Vec<_> {
        v1(tables)
            .tables()
            .iter()
            .map(|table| table.kind().clone())
            .collect()
    };
    let result = v1_table("n:long", "[7]");
    let properties = v1_table("Value:string", "");
    assert_eq!(kinds(&[&result]), [TableKind::PrimaryResult]);
    assert_eq!(
        kinds(&[&result, &properties]),
        [TableKind::PrimaryResult, TableKind::QueryProperties]
    );
    assert_eq!(kinds(&[&result, &result]), vec![TableKind::PrimaryResult; 2]);
    assert_eq!(kinds(&[&properties]), [TableKind::PrimaryResult]);
}

#[test]
fn a_table_of_contents_that_lies_is_no_harm() {
    let data_set = v1(&[
        &v1_table("n:long", "[7]"),
        &v1_table(
            CONTENTS,
            r#"[-1,"QueryResult","a","a",""],[9,"QueryResult","a","a",""],[null,null,null,null,null]"#,
        ),
    ]);
    assert_eq!(data_set.tables()[0].kind(), &TableKind::Unknown);
}

#[test]
fn errors_are_found_wherever_they_are() {
    let head = r#"{"FrameType":"DataSetHeader","Version":"v2.0","IsProgressive":false}"#;
    let table = r#""TableId":1,"TableKind":"PrimaryResult","TableName":"T","Columns":[{"ColumnName":"n","ColumnType":"long"}]"#;
    let errors = r#""OneApiErrors":[{"error":{"code":"LimitsExceeded","message":"Too much."}}]"#;
    let good = r#"{"FrameType":"DataSetCompletion","HasErrors":false,"Cancelled":false}"#;
    let in_data = format!(
        r#"[{head},{{"FrameType":"DataTable",{table},"Rows":[[1],{{{errors}}},[2]]}},
           {{"FrameType":"DataSetCompletion","HasErrors":true,"Cancelled":false,{errors}}}]"#
    );
    let end_of_table = format!(
        r#"[{head},{{"FrameType":"TableHeader",{table}}},
           {{"FrameType":"TableFragment","TableFragmentType":"DataAppend","TableId":1,"Rows":[[1],[2]]}},
           {{"FrameType":"TableCompletion","TableId":1,"RowCount":2,{errors}}},{good}]"#
    );
    let end_of_data_set = format!(
        r#"[{head},{{"FrameType":"DataTable",{table},"Rows":[[1],[2]]}},
           {{"FrameType":"DataSetCompletion","HasErrors":true,"Cancelled":false,{errors}}}]"#
    );
    for body in [in_data, end_of_table, end_of_data_set] {
        let data_set = read(&body);
        assert!(data_set.has_errors());
        let errors = data_set.errors();
        assert_eq!(errors.len(), 1, "{body}");
        assert_eq!(errors[0].code, "LimitsExceeded");
        assert_eq!(numbers(&data_set), [1, 2]);
    }

    let deferred = format!(
        r#"[{head},{{"FrameType":"DataTable","TableId":2,"TableKind":"QueryCompletionInformation","TableName":"Q",
           "Columns":[{{"ColumnName":"Level","ColumnType":"int"}},{{"ColumnName":"Payload","ColumnType":"string"}}],
           "Rows":[[4,"fine"],[2,"{{\"Text\":\"too much\"}}"]]}},{good}]"#
    );
    let data_set = read(&deferred);
    assert!(data_set.has_errors());
    assert!(data_set.errors()[0].text_for_people().starts_with("too much"));

    let v1 = r#"{"Tables":[{"TableName":"Table_0","Columns":[{"ColumnName":"n","ColumnType":"long"}],
        "Rows":[[1],{"Exceptions":["Too much."]}]}],"Exceptions":["Too much."]}"#;
    let data_set = read(v1);
    assert_eq!(data_set.errors().len(), 1);
    assert_eq!(numbers(&data_set), [1]);
}

fn progressive(row_count: u64, completion: DataSetCompletion) -> [Frame; 6] {
    let fragment = |kind, number| {
        let mut rows = RowBatchBuilder::new([Column::new("n", ColumnType::Long)].into());
        rows.push_row(&[Value::Long(number)]).unwrap();
        Frame::TableFragment(TableFragment {
            table_id: 1,
            kind,
            rows: rows.finish(),
        })
    };
    [
        Frame::DataSetHeader(DataSetHeader {
            version: "v2.0".to_owned(),
            is_progressive: true,
            ..DataSetHeader::default()
        }),
        Frame::TableHeader(TableHeader {
            table_id: 1,
            kind: TableKind::PrimaryResult,
            name: "T".to_owned(),
            columns: [Column::new("n", ColumnType::Long)].into(),
        }),
        fragment(TableFragmentType::DataAppend, 1),
        fragment(TableFragmentType::DataReplace, 2),
        Frame::TableCompletion(TableCompletion {
            table_id: 1,
            row_count,
            errors: Vec::new(),
        }),
        Frame::DataSetCompletion(completion),
    ]
}

#[test]
fn replaced_rows_are_gone() {
    let data_set = DataSet::from_frames(progressive(1, DataSetCompletion::default())).unwrap();
    assert_eq!(numbers(&data_set), [2]);
}

#[test]
fn a_wrong_row_count_is_an_error_unless_something_failed() {
    let error = DataSet::from_frames(progressive(2, DataSetCompletion::default())).unwrap_err();
    assert_eq!(error.kind(), DataSetErrorKind::RowCount);
    assert_eq!(
        error.to_string(),
        "table 1: the service counts 2 rows, but 1 came"
    );
    let failed = DataSetCompletion {
        has_errors: true,
        ..DataSetCompletion::default()
    };
    assert!(DataSet::from_frames(progressive(2, failed)).is_ok());
}

#[test]
fn a_frame_of_a_table_that_is_not_open_is_refused() {
    let [header, _, fragment, ..] = progressive(1, DataSetCompletion::default());
    let error = DataSet::from_frames([header, fragment]).unwrap_err();
    assert_eq!(error.kind(), DataSetErrorKind::UnexpectedFrame);
}
