//! Tables in Parquet files, of which no more is read than a query needs.

use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;

use super::{answer_in, samples};
use crate::attach::AttachedFile;
use crate::error::EngineError;
use crate::session::Session;
use crate::storage::{Storage, Table};

/// A database with the table `T` of 20 000 rows: `id`, `n` in an order of its own, and `name`.
fn files(folder: &tempfile::TempDir) -> Storage {
    let ids = 0..20_000_i64;
    let ns = ids.clone().map(|id| (id % 9 != 0).then_some(id * 7919 % 1000));
    let names = ids.clone().map(|id| format!("name {id}"));
    let batch = RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from_iter_values(ids.clone())) as _),
        ("n", Arc::new(ns.collect::<Int64Array>()) as _),
        ("name", Arc::new(StringArray::from_iter_values(names)) as _),
    ])
    .unwrap();
    let path = folder.path().join("t.parquet");
    let mut writer =
        ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let storage = Storage::new();
    storage.create_database("D").unwrap();
    let file = AttachedFile::open(&path).unwrap();
    let added = storage.update("D", |database| {
        let tables = &mut database.tables;
        tables.insert("T".to_owned(), Table::attached("T", file).into());
        Ok::<_, EngineError>(())
    });
    added.unwrap();
    storage
}

#[test]
fn the_first_rows_of_a_file_are_those_of_a_table_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let storage = files(&folder);
    let session = Session::new("D");
    let queries = [
        "sort by n desc, id asc | take 5",
        "sort by n asc nulls last, id desc | take 5 | project name, n",
        "where n between (10 .. 20) and id > 100 | top 7 by name desc | project id, name",
        "where id < 0 | top 3 by n",
        "where n == 3 | project name, n, other = id | sort by other desc | take 4",
        "top 3 by n + id",
        "top 12000 by id desc | summarize count(), max(n), min(id)",
    ];
    for query in queries {
        // What went through an aggregate is in memory.
        let file = answer_in(&storage, &session, &format!("T | {query}"));
        let memory = answer_in(&storage, &session, &format!("T | distinct id, n, name | {query}"));
        assert_eq!(file.unwrap(), memory.unwrap(), "{query}");
    }
}

#[test]
fn rows_are_counted_without_reading_columns() {
    let folder = tempfile::tempdir().unwrap();
    let storage = files(&folder);
    let answer = answer_in(&storage, &Session::new("D"), "T | count");
    assert_eq!(answer.unwrap(), "Count:long\n20000");
}

#[test]
fn queries_read_files_of_the_folder_that_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "n,s\n1,one\n2,two\n").unwrap();
    std::fs::write(folder.path().join("b.json"), "{\"n\": 3, \"t\": \"three\"}\n").unwrap();
    let mut session = Session::new("Samples");
    session.sources = Arc::new(crate::ingest::Sources {
        folder: Some(folder.path().to_owned()),
    });
    let answer = |query: &str| answer_in(&samples(), &session, query);
    assert_eq!(
        answer("externaldata (n: long, s: string) ['a.csv'] with (ignoreFirstRecord=true) | where n > 1")
            .unwrap(),
        "n:long | s:string\n2 | two"
    );
    let mapping =
        r#"[{"Column": "n", "Properties": {"Path": "$.n"}}, {"Column": "s", "Properties": {"Path": "$.t"}}]"#;
    assert_eq!(
        answer(&format!(
            "externaldata (n: long, s: string) [@'b.json'] with (format='json', ingestionMapping='{mapping}')"
        ))
        .unwrap(),
        "n:long | s:string\n3 | three"
    );
    assert_eq!(
        answer("inline_external_table (n: long, s: string) kind=storage dataformat=csv ('a.csv') with (ignoreFirstRecord=true) | summarize sum(n)")
            .unwrap(),
        "sum_n:long\n3"
    );
    for (query, expected) in [
        ("externaldata (n: long) ['../a.csv']", "there is no file ../a.csv"),
        (
            "externaldata (n: long) ['a.csv'] with (format='docx')",
            "there is no format 'docx'",
        ),
        (
            "externaldata (n: long) ['https://example.com/a.csv']",
            "not supported by this service",
        ),
    ] {
        let error = answer(query).unwrap_err().to_string();
        assert!(error.contains(expected), "{query}: {error}");
    }
    let error = answer_in(
        &samples(),
        &Session::new("Samples"),
        "externaldata (n: long) ['a.csv']",
    )
    .unwrap_err();
    assert!(error.to_string().contains("given a folder"), "{error}");
}
