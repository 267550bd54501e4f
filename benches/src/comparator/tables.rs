//! The way of the service's SDK for Rust: an enum of frames told apart by a member, rows as JSON values.

use serde::Deserialize;
use serde_json::Value;

use crate::TypedColumn;

#[derive(Deserialize)]
#[serde(tag = "FrameType")]
enum Frame {
    DataTable(DataTable),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DataTable {
    table_kind: String,
    rows: Vec<Vec<Value>>,
}

pub(super) fn decode(body: &[u8]) -> Result<Vec<Vec<Value>>, String> {
    let frames: Vec<Frame> = serde_json::from_slice(body).map_err(super::text)?;
    frames
        .into_iter()
        .find_map(|frame| match frame {
            Frame::DataTable(table) if table.table_kind == "PrimaryResult" => Some(table.rows),
            _ => None,
        })
        .ok_or_else(|| "no primary result".to_owned())
}

pub(super) fn typed_columns(
    rows: &[Vec<Value>],
    mut columns: Vec<TypedColumn>,
) -> Result<Vec<TypedColumn>, String> {
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            let pushed = match value {
                Value::Null => {
                    column.push_null();
                    Some(())
                }
                Value::Bool(flag) => column.push_bool(*flag),
                Value::Number(number) => match number.as_i64() {
                    Some(number) => column.push_i64(number),
                    None => number.as_f64().and_then(|number| column.push_f64(number)),
                },
                Value::String(text) => column.push_str(text.as_bytes()),
                nested => column.push_str(nested.to_string().as_bytes()),
            };
            pushed.ok_or_else(|| format!("{value} is no {}", column.column_type()))?;
        }
    }
    Ok(columns)
}
