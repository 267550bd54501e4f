//! Queries and what they give, as text.

mod basics;
mod expand;
mod file;
mod function;
mod graph;
mod join;
mod limit;
mod order;
mod partition;
mod plugin;
mod refuse;
mod scan;
mod search;
mod semantics;
mod series;
mod sketch;
mod statement;
mod summarize;
mod union;

use std::sync::Arc;

use kusto_protocol::{Column, ColumnType};

use super::{collect, run};
use crate::error::EngineError;
use crate::session::Session;
use crate::storage::{Storage, Table};
use crate::vector::value_at;

/// Asserts that a query gives these tables. A table is a line of columns, `a:long | b:string`, and a line per row;
/// a null is `null`, texts are as they are; lines may be indented. Several tables are parted by a line `---`.
#[track_caller]
fn check(query: &str, expected: &str) {
    let found = match answer(query) {
        Ok(found) => found,
        Err(error) => panic!("{query}\n{error}"),
    };
    let expected: Vec<&str> = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(found, expected.join("\n"), "\n{query}");
}

/// Asserts that a query is refused with a message that contains this.
#[track_caller]
fn check_error(query: &str, expected: &str) {
    match answer(query) {
        Ok(found) => panic!("{query}\n{found}"),
        Err(error) => assert!(error.to_string().contains(expected), "{query}\n{error}"),
    }
}

fn answer(query: &str) -> Result<String, EngineError> {
    answer_in(&samples(), &Session::new("Samples"), query)
}

fn answer_in(storage: &Storage, session: &Session, query: &str) -> Result<String, EngineError> {
    let mut tables = Vec::new();
    for mut table in run(storage, session, query)? {
        let columns: Vec<String> = table
            .schema
            .iter()
            .map(|column| format!("{}:{}", column.name, column.column_type))
            .collect();
        let mut lines = vec![columns.join(" | ")];
        let schema = Arc::clone(&table.schema);
        while let Some(batch) = table.next()? {
            for row in 0..batch.num_rows() {
                let cells = batch.columns().iter().zip(schema.iter()).map(|(values, column)| {
                    let value = value_at(&column.column_type, values, row);
                    if value.is_null() {
                        "null".to_owned()
                    } else {
                        value.to_string()
                    }
                });
                lines.push(cells.collect::<Vec<_>>().join(" | ").trim().to_owned());
            }
        }
        tables.push(lines.join("\n"));
    }
    Ok(tables.join("\n---\n"))
}

/// A database with the table `Storms`.
fn samples() -> Storage {
    let storage = Storage::new();
    storage.create_database("Samples").unwrap();
    let (schema, batches) = collect(&storage, &Session::new("samples"), STORMS).unwrap();
    let added = storage.update("Samples", |database| {
        let mut table = Table::new("Storms", schema);
        batches.into_iter().for_each(|batch| table.append(batch).unwrap());
        database.tables.insert(table.name.clone(), Arc::new(table));
        let empty = Table::new("Empty", vec![Column::new("x", ColumnType::Long)].into());
        database.tables.insert(empty.name.clone(), Arc::new(empty));
        Ok::<_, EngineError>(())
    });
    added.unwrap();
    storage
}

const STORMS: &str = r#"datatable(Id:long, State:string, Type:string, Start:datetime, Damage:long, Details:dynamic)[
    1, "TEXAS", "Hail", datetime(2007-01-01 10:00), 100, dynamic({"source": "Public", "tags": ["a", "b"]}),
    2, "TEXAS", "Flood", datetime(2007-01-01 12:30), 5000, dynamic({"source": "Police", "tags": []}),
    3, "OHIO", "Hail", datetime(2007-01-02 08:00), 0, dynamic(null),
    4, "IOWA", "Tornado", datetime(2007-01-03 23:59), 250, dynamic({"source": "Public", "tags": ["c"]}),
    5, "IOWA", "Hail", datetime(2007-01-05), long(null), dynamic({"tags": [1, 2, 3]}),
]"#;
