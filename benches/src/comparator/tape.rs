//! simd-json's tape: a flat list of nodes, each of which says how many follow within it.

use kusto_protocol::{Column, ColumnType};
use simd_json::{Node, StaticNode};

use super::{Table, Tables};
use crate::TypedColumn;

pub(super) fn decode(body: &mut [u8], tables: &mut Tables) -> Result<(), String> {
    let tape = simd_json::to_tape(body).map_err(super::text)?;
    let nodes = tape.0.as_slice();
    let &[Node::Array { len, .. }, ..] = nodes else {
        return Err("no list of frames".to_owned());
    };
    let mut at = 1;
    for _ in 0..len {
        frame(nodes, at, tables)?;
        at = after(nodes, at);
    }
    Ok(())
}

fn frame(nodes: &[Node<'_>], at: usize, tables: &mut Tables) -> Result<(), String> {
    let Node::Object { len, .. } = nodes[at] else {
        return Err("a frame that is no object".to_owned());
    };
    let mut at = at + 1;
    let mut tables = Some(tables);
    let mut table: Option<&mut Table> = None;
    for _ in 0..len {
        let value = at + 1;
        match (nodes[at], &mut table) {
            (Node::String("FrameType"), _) if string(nodes, value)? == "DataTable" => {
                table = tables.take().map(Tables::next);
            }
            (Node::String("TableKind"), Some(table)) => string(nodes, value)?.clone_into(&mut table.kind),
            (Node::String("Columns"), Some(table)) => begin(nodes, value, table)?,
            (Node::String("Rows"), Some(table)) => rows(nodes, value, &mut table.columns)?,
            _ => {}
        }
        at = after(nodes, value);
    }
    Ok(())
}

/// The heads of columns: objects of a name and a type, in this order.
fn begin(nodes: &[Node<'_>], at: usize, table: &mut Table) -> Result<(), String> {
    let Node::Array { len, .. } = nodes[at] else {
        return Err("no list of columns".to_owned());
    };
    let (mut at, mut columns) = (at + 1, Vec::new());
    for _ in 0..len {
        let (name, column_type) = (string(nodes, at + 2)?, string(nodes, at + 4)?);
        columns.push(Column::new(name, ColumnType::from_name(column_type)));
        at = after(nodes, at);
    }
    table.begin(columns.into_iter());
    Ok(())
}

fn rows(nodes: &[Node<'_>], at: usize, columns: &mut [TypedColumn]) -> Result<(), String> {
    let Node::Array { len, .. } = nodes[at] else {
        return Err("no list of rows".to_owned());
    };
    let mut at = at + 1;
    for _ in 0..len {
        match nodes[at] {
            Node::Array { len, .. } if len == columns.len() => at += 1,
            _ => return Err("a row of another width".to_owned()),
        }
        for column in columns.iter_mut() {
            let pushed = match nodes[at] {
                Node::String(text) => column.push_str(text.as_bytes()),
                Node::Static(StaticNode::Null) => {
                    column.push_null();
                    Some(())
                }
                _ if *column.column_type() == ColumnType::Dynamic => column.push_with(|text| {
                    write(nodes, at, text);
                }),
                Node::Static(StaticNode::Bool(flag)) => column.push_bool(flag),
                Node::Static(StaticNode::I64(number)) => column.push_i64(number),
                Node::Static(StaticNode::U64(number)) => i64::try_from(number)
                    .ok()
                    .and_then(|number| column.push_i64(number)),
                Node::Static(StaticNode::F64(number)) => column.push_f64(number),
                Node::Array { .. } | Node::Object { .. } => None,
            };
            pushed.ok_or("a cell of another type")?;
            at = after(nodes, at);
        }
    }
    Ok(())
}

/// Writes the value as JSON and gives the place of the next.
fn write(nodes: &[Node<'_>], at: usize, text: &mut Vec<u8>) -> usize {
    let next = at + 1;
    // Writing into memory does not fail.
    match nodes[at] {
        Node::String(string) => serde_json::to_writer(text, string).unwrap_or_default(),
        Node::Static(StaticNode::Null) => text.extend_from_slice(b"null"),
        Node::Static(StaticNode::Bool(flag)) => serde_json::to_writer(text, &flag).unwrap_or_default(),
        Node::Static(StaticNode::I64(number)) => serde_json::to_writer(text, &number).unwrap_or_default(),
        Node::Static(StaticNode::U64(number)) => serde_json::to_writer(text, &number).unwrap_or_default(),
        Node::Static(StaticNode::F64(number)) => serde_json::to_writer(text, &number).unwrap_or_default(),
        Node::Array { len, .. } => {
            let mut at = next;
            text.push(b'[');
            for element in 0..len {
                if element > 0 {
                    text.push(b',');
                }
                at = write(nodes, at, text);
            }
            text.push(b']');
            return at;
        }
        Node::Object { len, .. } => {
            let mut at = next;
            text.push(b'{');
            for member in 0..len {
                if member > 0 {
                    text.push(b',');
                }
                at = write(nodes, at, text);
                text.push(b':');
                at = write(nodes, at, text);
            }
            text.push(b'}');
            return at;
        }
    }
    next
}

/// The place behind a value.
fn after(nodes: &[Node<'_>], at: usize) -> usize {
    match nodes[at] {
        Node::Array { count, .. } | Node::Object { count, .. } => at + 1 + count,
        Node::Static(_) | Node::String(_) => at + 1,
    }
}

fn string<'a>(nodes: &[Node<'a>], at: usize) -> Result<&'a str, String> {
    match nodes[at] {
        Node::String(string) => Ok(string),
        _ => Err("no string where one is due".to_owned()),
    }
}
