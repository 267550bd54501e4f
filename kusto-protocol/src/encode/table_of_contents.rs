//! The list of tables at the end of a V1 answer.

use super::json::{push_int, push_string};
use super::push_columns;
use crate::{Column, ColumnType, TableKind};

/// Writes the table that names the tables before it, in their order.
pub(super) fn push_table_of_contents(tables: &[(TableKind, String)], out: &mut Vec<u8>) {
    let columns = [
        Column::new("Ordinal", ColumnType::Long),
        Column::new("Kind", ColumnType::String),
        Column::new("Name", ColumnType::String),
        Column::new("Id", ColumnType::String),
        Column::new("PrettyName", ColumnType::String),
    ];
    out.extend_from_slice(b"{\"TableName\":\"Table_");
    push_int(tables.len(), out);
    out.extend_from_slice(b"\",");
    push_columns(&columns, true, out);
    out.extend_from_slice(b",\"Rows\":[");
    for (ordinal, (kind, name)) in tables.iter().enumerate() {
        out.extend_from_slice(if ordinal == 0 { b"[" } else { b",[" });
        push_int(ordinal, out);
        out.push(b',');
        push_string(v1_name(kind), out);
        out.push(b',');
        push_string(name, out);
        // The id of the status table is zero in recorded answers. Others are random there; these only have to differ.
        let id = match kind {
            TableKind::QueryCompletionInformation => 0,
            _ => ordinal + 1,
        };
        out.extend_from_slice(format!(",\"00000000-0000-0000-0000-{id:012x}\",\"\"]").as_bytes());
    }
    out.extend_from_slice(b"]}");
}

/// What V1 calls a kind of table.
fn v1_name(kind: &TableKind) -> &str {
    match kind {
        TableKind::PrimaryResult => "QueryResult",
        TableKind::QueryCompletionInformation => "QueryStatus",
        other => other.as_str(),
    }
}
