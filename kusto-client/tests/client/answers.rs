//! Answers as a service writes them.

use crate::scripted::{Answer, answer};

pub(crate) const HEADER: &str =
    r#"{"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0","IsFragmented":true}"#;
pub(crate) const END: &str = r#"{"FrameType":"DataSetCompletion","HasErrors":false,"Cancelled":false}"#;

/// Frames in the layout of `/v2/rest/query`.
pub(crate) fn v2(frames: &[&str]) -> Answer {
    answer(200, format!("[{}\n]", frames.join("\n,"))).header("x-ms-activity-id", "a-1")
}

/// A complete answer with one result of these columns (`name:type,…`) and fragments of rows.
pub(crate) fn result(columns: &str, fragments: &[&str]) -> Answer {
    let frames = table(1, columns, fragments);
    let mut all = vec![HEADER];
    all.extend(frames.iter().map(String::as_str));
    all.push(END);
    v2(&all)
}

/// The frames of one result.
pub(crate) fn table(id: u32, columns: &str, fragments: &[&str]) -> Vec<String> {
    let columns: Vec<_> = columns
        .split(',')
        .map(|column| column.split_once(':').unwrap())
        .map(column)
        .collect();
    let columns = columns.join(",");
    let mut frames = vec![format!(
        r#"{{"FrameType":"TableHeader","TableId":{id},"TableKind":"PrimaryResult","TableName":"T","Columns":[{columns}]}}"#
    )];
    let mut rows = 0;
    for fragment in fragments {
        rows += fragment.matches('[').count();
        frames.push(format!(
            r#"{{"FrameType":"TableFragment","TableFragmentType":"DataAppend","TableId":{id},"Rows":[{fragment}]}}"#
        ));
    }
    frames.push(format!(
        r#"{{"FrameType":"TableCompletion","TableId":{id},"RowCount":{rows}}}"#
    ));
    frames
}

fn column((name, column_type): (&str, &str)) -> String {
    format!(r#"{{"ColumnName":"{name}","ColumnType":"{column_type}"}}"#)
}

/// Properties as they come before a result.
pub(crate) const PIE_CHART: &str = concat!(
    r#"{"FrameType":"DataTable","TableId":0,"TableKind":"QueryProperties","TableName":"@ExtendedProperties","#,
    r#""Columns":[{"ColumnName":"TableId","ColumnType":"int"},{"ColumnName":"Key","ColumnType":"string"},"#,
    r#"{"ColumnName":"Value","ColumnType":"dynamic"}],"#,
    r#""Rows":[[1,"Visualization","{\"Visualization\":\"piechart\",\"Title\":\"Storms\"}"]]}"#,
);

/// What happened, with one event of this level and payload.
pub(crate) fn event(level: u8, event_type: &str, payload: &str) -> String {
    let payload = payload.replace('"', "\\\"");
    format!(
        concat!(
            r#"{{"FrameType":"DataTable","TableId":9,"TableKind":"QueryCompletionInformation","TableName":"Q","#,
            r#""Columns":[{{"ColumnName":"Level","ColumnType":"int"}},"#,
            r#"{{"ColumnName":"EventTypeName","ColumnType":"string"}},"#,
            r#"{{"ColumnName":"Payload","ColumnType":"string"}}],"Rows":[[{level},"{event_type}","{payload}"]]}}"#,
        ),
        level = level,
        event_type = event_type,
        payload = payload,
    )
}

/// The answer to a management command: tables of rows with one string column `Name` each.
pub(crate) fn v1(rows: &str) -> Answer {
    answer(
        200,
        format!(
            r#"{{"Tables":[{{"TableName":"Table_0","Columns":[{{"ColumnName":"Name","DataType":"String"}}],"Rows":[{rows}]}}]}}"#
        ),
    )
}
