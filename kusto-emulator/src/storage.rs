//! Databases and their tables, in memory.
//!
//! A query sees a database as it was when the query began: every change makes a new version and leaves the
//! old one to those who read it. Versions share what did not change.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use arrow_schema::ArrowError;
use arrow_select::concat::concat;

use crate::attach::{self, AttachedFile};
use crate::error::{EngineError, EngineErrorKind};
use crate::ingest::ReadError;
use crate::types::{Batch, Schema, missing};

/// Rows a batch has at most, wherever the engine cuts them itself.
pub(crate) const MAX_BATCH_ROWS: usize = 8192;

/// All databases of a service. Clones share the same databases.
///
/// Names of databases are found whatever their case; names of tables and functions are not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Storage {
    databases: Arc<RwLock<BTreeMap<String, Arc<Database>>>>,
}

impl Storage {
    /// A storage without databases.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds an empty database; false if there is one of that name.
    pub(crate) fn create_database(&self, name: &str) -> bool {
        let mut databases = self.databases.write().unwrap_or_else(PoisonError::into_inner);
        let key = name.to_lowercase();
        if databases.contains_key(&key) {
            return false;
        }
        let database = Database {
            name: name.to_owned(),
            ..Database::default()
        };
        databases.insert(key, Arc::new(database));
        true
    }

    /// The database as it is now.
    pub(crate) fn database(&self, name: &str) -> Option<Arc<Database>> {
        let databases = self.databases.read().unwrap_or_else(PoisonError::into_inner);
        databases.get(&name.to_lowercase()).cloned()
    }

    /// All databases as they are now, by name.
    pub(crate) fn databases(&self) -> Vec<Arc<Database>> {
        let databases = self.databases.read().unwrap_or_else(PoisonError::into_inner);
        databases.values().cloned().collect()
    }

    /// A copy of all databases as they are now, with one more table in one of them.
    pub(crate) fn with_table(&self, database: &str, table: Table) -> Self {
        let databases = self
            .databases
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let copy = Self {
            databases: Arc::new(RwLock::new(databases)),
        };
        copy.update(database, |database| {
            database.tables.insert(table.name.clone(), Arc::new(table))
        });
        copy
    }

    /// Changes a database; readers see all of the change or nothing. `None` if there is no such database.
    pub(crate) fn update<T>(&self, name: &str, change: impl FnOnce(&mut Database) -> T) -> Option<T> {
        let mut databases = self.databases.write().unwrap_or_else(PoisonError::into_inner);
        let database = databases.get_mut(&name.to_lowercase())?;
        Some(change(Arc::make_mut(database)))
    }
}

/// A database: tables and stored functions by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Database {
    /// The name as it was given at creation.
    pub(crate) name: String,
    /// The name shown to people, if it is another.
    pub(crate) pretty_name: String,
    /// The tables.
    pub(crate) tables: BTreeMap<String, Arc<Table>>,
    /// The stored functions.
    pub(crate) functions: BTreeMap<String, Arc<StoredFunction>>,
}

/// A function kept in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoredFunction {
    /// The name.
    pub(crate) name: String,
    /// The parameters with their parentheses: `(a: long, b: string = "x")`.
    pub(crate) parameters: String,
    /// The body with its braces.
    pub(crate) body: String,
    /// What the function is for.
    pub(crate) docstring: String,
    /// Where clients show it.
    pub(crate) folder: String,
}

/// A table: its columns and its rows.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// The name.
    pub(crate) name: String,
    /// The columns.
    pub(crate) schema: Schema,
    /// What the table is for.
    pub(crate) docstring: String,
    /// Where clients show it.
    pub(crate) folder: String,
    data: Data,
}

/// Where the rows of a table are.
#[derive(Clone, Debug)]
enum Data {
    /// In memory, in the order they came.
    Memory(Vec<Batch>),
    /// In a file, which every query reads anew.
    File(AttachedFile),
}

impl Data {
    const fn memory(&self) -> Option<&Vec<Batch>> {
        match self {
            Self::Memory(batches) => Some(batches),
            Self::File(_) => None,
        }
    }
}

/// The rows of a table, batch by batch: some of its columns.
pub(crate) enum Scan {
    Memory {
        batches: std::vec::IntoIter<Batch>,
        columns: Vec<usize>,
    },
    File(Box<attach::Scan>),
}

impl Iterator for Scan {
    type Item = Result<Batch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Memory { batches, columns } => batches.next().map(|batch| Ok(batch.pick(columns))),
            Self::File(rows) => rows.next().transpose(),
        }
    }
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(name: impl Into<String>, schema: Schema) -> Self {
        Self {
            name: name.into(),
            schema,
            docstring: String::new(),
            folder: String::new(),
            data: Data::Memory(Vec::new()),
        }
    }

    /// A table whose rows are in a file.
    pub(crate) fn attached(name: impl Into<String>, file: AttachedFile) -> Self {
        Self {
            data: Data::File(file.clone()),
            ..Self::new(name, Arc::clone(file.columns()))
        }
    }

    /// The number of rows; `None` for a table in a file, which would have to be read.
    pub(crate) fn num_rows(&self) -> Option<u64> {
        let batches = self.data.memory()?;
        Some(batches.iter().map(|batch| batch.num_rows() as u64).sum())
    }

    /// Bytes the rows take in memory: none for a table in a file.
    pub(crate) fn byte_len(&self) -> u64 {
        self.data
            .memory()
            .into_iter()
            .flatten()
            .map(Batch::byte_len)
            .sum()
    }

    /// The rows, in order: the columns at these places.
    pub(crate) fn scan(&self, columns: &[usize]) -> Result<Scan, ReadError> {
        Ok(match &self.data {
            Data::Memory(batches) => Scan::Memory {
                batches: batches.clone().into_iter(),
                columns: columns.to_vec(),
            },
            Data::File(file) => Scan::File(Box::new(file.scan(columns)?)),
        })
    }

    /// Whether single rows can be read without those before them. In memory that is no gain.
    pub(crate) fn can_fetch(&self) -> bool {
        match &self.data {
            Data::Memory(_) => false,
            Data::File(file) => file.can_fetch(),
        }
    }

    /// The rows with these numbers, which ascend: the columns at these places.
    pub(crate) fn fetch(&self, columns: &[usize], rows: &[u64]) -> Result<Scan, ReadError> {
        match &self.data {
            Data::File(file) => Ok(Scan::File(Box::new(file.fetch(columns, rows)?))),
            Data::Memory(_) => Err(ReadError::new(0, "rows in memory are not read one by one")),
        }
    }

    /// Whether rows can be added.
    ///
    /// # Errors
    ///
    /// A table in a file, which nothing changes but whoever owns the file.
    pub(crate) fn check_writable(&self) -> Result<(), EngineError> {
        let Data::File(file) = &self.data else {
            return Ok(());
        };
        let message = format!(
            "the table '{}' is the file {}, which is only read; ingest into a table of your own",
            self.name,
            file.path().display()
        );
        Err(EngineError::new(EngineErrorKind::Semantic, message))
    }

    /// Adds rows at the end. Small batches are joined, so that many small appends do not make a slow table.
    ///
    /// # Errors
    ///
    /// Columns that are not of the table's types, text that does not fit into one batch, or a table in a file.
    pub(crate) fn append(&mut self, batch: Batch) -> Result<(), ArrowError> {
        self.check(&batch)?;
        let Data::Memory(batches) = &mut self.data else {
            let message = format!("table '{}' is a file: rows cannot be added to it", self.name);
            return Err(ArrowError::NotYetImplemented(message));
        };
        if batch.num_rows() == 0 {
            return Ok(());
        }
        match batches.last() {
            Some(last) if last.num_rows() + batch.num_rows() <= MAX_BATCH_ROWS => {
                let joined = join(last, &batch)?;
                batches.pop();
                batches.push(joined);
            }
            _ => batches.extend(pieces(&batch)),
        }
        Ok(())
    }

    /// Removes all rows. A table in a file becomes an empty one in memory; the file stays.
    pub(crate) fn clear(&mut self) {
        self.data = Data::Memory(Vec::new());
    }

    /// Gives the table other columns. Columns found by name and type keep their values, new ones are empty.
    /// Those of a table in a file do not change.
    pub(crate) fn alter(&mut self, schema: Schema) {
        let Data::Memory(batches) = &mut self.data else {
            return;
        };
        for batch in batches {
            let columns =
                schema
                    .iter()
                    .map(|column| match self.schema.iter().position(|old| old == column) {
                        Some(index) => Arc::clone(&batch.columns()[index]),
                        None => missing(&column.column_type, batch.num_rows()),
                    });
            *batch = Batch::new(columns.collect(), batch.num_rows());
        }
        self.schema = schema;
    }

    fn check(&self, batch: &Batch) -> Result<(), ArrowError> {
        let fits = batch.columns().len() == self.schema.len()
            && batch
                .columns()
                .iter()
                .zip(self.schema.iter())
                .all(|(array, column)| {
                    array.len() == batch.num_rows()
                        && *array.data_type() == crate::types::data_type(&column.column_type)
                });
        if fits {
            return Ok(());
        }
        Err(ArrowError::SchemaError(format!(
            "the columns of the rows are not those of table '{}'",
            self.name
        )))
    }
}

/// A batch in pieces of at most [`MAX_BATCH_ROWS`].
fn pieces(batch: &Batch) -> impl Iterator<Item = Batch> {
    let starts = (0..batch.num_rows()).step_by(MAX_BATCH_ROWS);
    starts.map(|start| batch.slice(start, MAX_BATCH_ROWS.min(batch.num_rows() - start)))
}

fn join(first: &Batch, second: &Batch) -> Result<Batch, ArrowError> {
    let pairs = first.columns().iter().zip(second.columns());
    let columns: Result<_, _> = pairs.map(|(a, b)| concat(&[a, b])).collect();
    Ok(Batch::new(columns?, first.num_rows() + second.num_rows()))
}
