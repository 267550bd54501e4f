//! The way of the service's SDK for Rust: an enum of frames told apart by a member, rows that are either values or an
//! error, cells as JSON values. What makes columns of a table goes through the values once more.

use kusto_protocol::{Column, ColumnType};
use serde::Deserialize;
use serde_json::Value;

use super::Tables;
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
    columns: Vec<Head>,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Head {
    column_name: String,
    column_type: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Row {
    Values(Vec<Value>),
    Error(Errors),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Errors {
    one_api_errors: Vec<Value>,
}

pub(super) fn decode(body: &[u8], tables: &mut Tables) -> Result<(), String> {
    let frames: Vec<Frame> = serde_json::from_slice(body).map_err(super::text)?;
    for frame in frames {
        let Frame::DataTable(table) = frame else { continue };
        let into = tables.next();
        into.kind = table.table_kind;
        let column = |head: &Head| Column::new(&head.column_name, ColumnType::from_name(&head.column_type));
        into.begin(table.columns.iter().map(column));
        for row in &table.rows {
            match row {
                Row::Values(values) => push(values, &mut into.columns)?,
                Row::Error(errors) => return Err(format!("{} errors", errors.one_api_errors.len())),
            }
        }
    }
    Ok(())
}

fn push(row: &[Value], columns: &mut [TypedColumn]) -> Result<(), String> {
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
    Ok(())
}
