//! Rows of every type, as an answer brings them.

use kusto_protocol::{DecodeError, Frame, FrameDecoder, RowBatch};

/// Three rows: usual values, the ends of the ranges, nulls.
pub(crate) fn rows() -> Result<RowBatch, DecodeError> {
    let mut decoder = FrameDecoder::new();
    let mut rows = None;
    let mut input = ANSWER.as_bytes();
    while let Some(frame) = decoder.decode(&mut input)? {
        if let Frame::TableFragment(fragment) = frame {
            rows = Some(fragment.rows);
        }
    }
    decoder.finish()?;
    Ok(rows.expect("the answer below has rows"))
}

const ANSWER: &str = r#"{"Tables":[{"TableName":"Table_0","Columns":[
    {"ColumnName":"flag","ColumnType":"bool"},
    {"ColumnName":"at","ColumnType":"datetime"},
    {"ColumnName":"price","ColumnType":"decimal"},
    {"ColumnName":"bag","ColumnType":"dynamic"},
    {"ColumnName":"id","ColumnType":"guid"},
    {"ColumnName":"small","ColumnType":"int"},
    {"ColumnName":"big","ColumnType":"long"},
    {"ColumnName":"measure","ColumnType":"real"},
    {"ColumnName":"text","ColumnType":"string"},
    {"ColumnName":"span","ColumnType":"timespan"}],"Rows":[
    [true,"2020-03-04T14:05:01.3109965Z","1.50",{"a":[1,2]},"74be27de-1e4e-49d9-b579-fe0b331d3642",7,42,0.1,
        "é\"\\🚀","1.02:03:04.5"],
    [false,"9999-12-31T23:59:59.9999999Z","-12345678901234567890.123456789","plain",
        "00000000-0000-0000-0000-000000000000",-2147483648,-9223372036854775808,-1.7976931348623157e308,"",
        "-00:00:00.0000001"],
    [null,null,null,null,null,null,null,null,"",null]]}]}"#;
