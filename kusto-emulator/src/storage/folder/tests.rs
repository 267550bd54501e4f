use std::sync::Arc;

use arrow_array::{Array, Int64Array, StringArray};
use kusto_protocol::{Column, ColumnType};

use super::super::{Database, MAX_BATCH_ROWS, Storage, StoredFunction, Table};
use super::*;
use crate::error::EngineError;
use crate::types::{Batch, Schema, missing};

fn columns() -> Schema {
    [
        Column::new("n", ColumnType::Long),
        Column::new("s", ColumnType::String),
    ]
    .into_iter()
    .collect()
}

fn rows(numbers: std::ops::Range<i64>) -> Batch {
    let texts: StringArray = numbers.clone().map(|number| Some(number.to_string())).collect();
    let len = texts.len();
    Batch::new(
        vec![Arc::new(Int64Array::from_iter_values(numbers)), Arc::new(texts)],
        len,
    )
}

fn append(storage: &Storage, batch: Batch) {
    let appended = storage.update("D", |database| {
        let table = database.tables.entry("T".to_owned());
        let table = table.or_insert_with(|| Arc::new(Table::new("T", columns())));
        Arc::make_mut(table)
            .append(batch)
            .map_err(crate::error::EvalError::from)?;
        Ok::<_, EngineError>(())
    });
    appended.unwrap();
}

fn count(storage: &Storage) -> Option<u64> {
    storage.database("D")?.tables.get("T")?.num_rows()
}

fn files(path: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(path.join("d/extents")).unwrap();
    files.map(|file| file.unwrap().path()).collect()
}

#[test]
fn everything_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path()).unwrap();
    assert!(storage.create_database("D").unwrap());
    append(&storage, rows(0..3));
    append(&storage, rows(3..20_000));
    let types: Schema = ColumnType::ALL
        .into_iter()
        .map(|column_type| Column::new(column_type.to_string(), column_type))
        .collect();
    let changed = storage.update("D", |database: &mut Database| {
        let mut typed = Table::new("all types", types.clone());
        let empty = types
            .iter()
            .map(|column| missing(&column.column_type, 2))
            .collect();
        typed
            .append(Batch::new(empty, 2))
            .map_err(crate::error::EvalError::from)?;
        typed.docstring = "what for".to_owned();
        typed.policies.insert("retention".to_owned(), "{}".to_owned());
        typed
            .mappings
            .insert(("csv".to_owned(), "m".to_owned()), "[]".to_owned());
        database.tables.insert(typed.name.clone(), Arc::new(typed));
        let function = StoredFunction {
            name: "f".to_owned(),
            body: "{ 1 }".to_owned(),
            ..StoredFunction::default()
        };
        database.functions.insert("f".to_owned(), Arc::new(function));
        Ok::<_, EngineError>(())
    });
    changed.unwrap();
    let before = storage.database("d").unwrap();
    drop(storage);
    let storage = Storage::open(folder.path()).unwrap();
    let after = storage.database("d").unwrap();
    assert_eq!((after.name.as_str(), count(&storage)), ("D", Some(20_000)));
    assert_eq!(after.functions, before.functions);
    assert_eq!(after.minor_version, before.minor_version);
    let (typed, old) = (&after.tables["all types"], &before.tables["all types"]);
    assert_eq!((&typed.schema, typed.id), (&types, old.id));
    assert_eq!((&typed.docstring, typed.num_rows()), (&old.docstring, Some(2)));
    assert_eq!((&typed.policies, &typed.mappings), (&old.policies, &old.mappings));
    let batches: Vec<_> = after.tables["T"]
        .scan(&[0])
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(batches.iter().all(|batch| batch.num_rows() <= MAX_BATCH_ROWS));
}

#[test]
fn what_a_change_that_did_not_happen_left_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path()).unwrap();
    storage.create_database("D").unwrap();
    append(&storage, rows(0..10_000));
    drop(storage);
    let home = folder.path().join("d");
    fs::write(home.join(UNFINISHED_MANIFEST), "{\"half").unwrap();
    let left_over = home.join("extents").join("left-over.parquet");
    fs::write(&left_over, "half a file").unwrap();
    let storage = Storage::open(folder.path()).unwrap();
    assert_eq!(count(&storage), Some(10_000));
    assert!(!home.join(UNFINISHED_MANIFEST).exists() && !left_over.exists());
}

#[test]
fn files_of_extents_that_are_gone_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path()).unwrap();
    storage.create_database("D").unwrap();
    append(&storage, rows(0..2));
    append(&storage, rows(2..4));
    assert_eq!(files(folder.path()).len(), 1, "small extents become one");
    let dropped = storage.update("D", |database| {
        database.tables.clear();
        Ok::<_, EngineError>(())
    });
    dropped.unwrap();
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
    assert!(storage.drop_database("d").unwrap());
    drop(storage);
    assert!(Storage::open(folder.path()).unwrap().databases().is_empty());
}

#[test]
fn a_change_that_cannot_be_kept_does_not_happen() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path()).unwrap();
    storage.create_database("D").unwrap();
    append(&storage, rows(0..2));
    // A folder of that name is in the way of the new manifest.
    fs::create_dir(folder.path().join("d").join(UNFINISHED_MANIFEST)).unwrap();
    let refused = storage.update("D", |database| {
        database.tables.clear();
        Ok::<_, EngineError>(())
    });
    let message = refused.unwrap_err().to_string();
    assert!(message.starts_with("nothing was changed"), "{message}");
    assert_eq!(count(&storage), Some(2));
}

#[test]
fn a_folder_belongs_to_one_service() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path()).unwrap();
    let refused = Storage::open(folder.path()).unwrap_err();
    assert!(refused.contains("another service"), "{refused}");
    // Whoever still holds it changes nothing any more.
    storage.close();
    let next = Storage::open(folder.path()).unwrap();
    let refused = storage.create_database("D").unwrap_err().to_string();
    assert!(refused.ends_with("the service has stopped"), "{refused}");
    assert!(next.create_database("D").unwrap());
}

#[test]
fn files_that_are_damaged_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path()).unwrap();
    storage.create_database("D").unwrap();
    append(&storage, rows(0..2));
    drop(storage);
    let extent = files(folder.path()).pop().unwrap();
    fs::write(&extent, "PAR1 and nothing else").unwrap();
    let refused = Storage::open(folder.path()).unwrap_err();
    assert!(refused.starts_with(&extent.display().to_string()), "{refused}");
}

#[test]
fn names_of_databases_are_no_paths() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path()).unwrap();
    for name in ["../up", "a/b", "", "Ä ö"] {
        assert!(storage.create_database(name).unwrap(), "{name}");
    }
    drop(storage);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
    assert_eq!(Storage::open(folder.path()).unwrap().databases().len(), 4);
}
