//! Databases and what is in them.
//!
//! A query sees a database as it was when the query began: every change makes a new version and leaves the
//! old one to those who read it. Versions share what did not change.

mod extent;
mod folder;
mod table;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

pub(crate) use extent::Extent;
use folder::Folder;
pub(crate) use table::{Scan, Table};

use crate::error::{EngineError, EngineErrorKind};

/// Rows a batch has at most, wherever the engine cuts them itself.
pub(crate) const MAX_BATCH_ROWS: usize = 8192;

/// All databases of a service. Clones share the same databases.
///
/// Names of databases are found whatever their case; names of tables and functions are not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Storage {
    databases: Arc<RwLock<BTreeMap<String, Arc<Database>>>>,
    /// One change at a time; readers do not wait for it.
    changes: Arc<Mutex<()>>,
    /// Where changes are written before they are seen, if they are to outlive the service.
    folder: Option<Arc<Folder>>,
}

impl Storage {
    /// A storage without databases.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The databases that a folder holds, and changes written to it from now on.
    ///
    /// # Errors
    ///
    /// One line that begins with the path: a folder that cannot be written, one that another service uses, or a file
    /// in it that is not what this service wrote.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let (folder, databases) = Folder::open(path)?;
        let databases = databases
            .into_iter()
            .map(|database| (database.name.to_lowercase(), Arc::new(database)))
            .collect();
        Ok(Self {
            databases: Arc::new(RwLock::new(databases)),
            folder: Some(Arc::new(folder)),
            ..Self::default()
        })
    }

    /// Adds an empty database; false if there is one of that name.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written.
    pub(crate) fn create_database(&self, name: &str) -> Result<bool, EngineError> {
        let _alone = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        if self.database(name).is_some() {
            return Ok(false);
        }
        self.commit(Database {
            name: name.to_owned(),
            minor_version: 1,
            ..Database::default()
        })?;
        Ok(true)
    }

    /// Removes a database with all that is in it; false if there is none of that name.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written.
    pub(crate) fn drop_database(&self, name: &str) -> Result<bool, EngineError> {
        let _alone = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        if self.database(name).is_none() {
            return Ok(false);
        }
        if let Some(folder) = &self.folder {
            folder.remove(name).map_err(not_kept)?;
        }
        let mut databases = self.databases.write().unwrap_or_else(PoisonError::into_inner);
        databases.remove(&name.to_lowercase());
        Ok(true)
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

    /// A copy of all databases as they are now, with one more table in one of them. Nothing of it is kept.
    pub(crate) fn with_table(&self, database: &str, table: Table) -> Self {
        let mut databases = self
            .databases
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(database) = databases.get_mut(&database.to_lowercase()) {
            Arc::make_mut(database)
                .tables
                .insert(table.name.clone(), Arc::new(table));
        }
        Self {
            databases: Arc::new(RwLock::new(databases)),
            ..Self::default()
        }
    }

    /// Changes a database. Readers see all of the change or nothing of it, and nothing before it is kept in the
    /// folder, if there is one; a change that fails leaves everything as it was.
    ///
    /// # Errors
    ///
    /// What `change` fails with; no such database; a folder that cannot be written.
    pub(crate) fn update<T, E: From<EngineError>>(
        &self,
        name: &str,
        change: impl FnOnce(&mut Database) -> Result<T, E>,
    ) -> Result<T, E> {
        let _alone = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut database = self
            .database(name)
            .map(Arc::unwrap_or_clone)
            .ok_or_else(|| no_such_database(name))?;
        let result = change(&mut database)?;
        self.commit(database)?;
        Ok(result)
    }

    /// Lets others have the folder, if there is one. Changes fail from now on.
    pub(crate) fn close(&self) {
        if let Some(folder) = &self.folder {
            folder.close();
        }
    }

    /// Keeps a database, then shows it to readers. Called with `changes` locked.
    fn commit(&self, database: Database) -> Result<(), EngineError> {
        if let Some(folder) = &self.folder {
            folder.write(&database).map_err(not_kept)?;
        }
        let mut databases = self.databases.write().unwrap_or_else(PoisonError::into_inner);
        databases.insert(database.name.to_lowercase(), Arc::new(database));
        Ok(())
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
    /// Mappings for all tables.
    pub(crate) mappings: Mappings,
    /// Policies as JSON, by kind.
    pub(crate) policies: Policies,
    /// Grows with every change of tables, columns and functions.
    pub(crate) minor_version: u64,
}

/// Policies as JSON, by kind.
pub(crate) type Policies = BTreeMap<String, String>;

/// Ingestion mappings as JSON, by kind and name.
pub(crate) type Mappings = BTreeMap<(String, String), String>;

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

pub(crate) fn no_such_database(name: &str) -> EngineError {
    let message =
        format!("Entity not found: there is no database '{name}'; '.show databases' lists those there are");
    EngineError::new(EngineErrorKind::Semantic, message)
}

fn not_kept(reason: String) -> EngineError {
    EngineError::new(
        EngineErrorKind::Runtime,
        format!("nothing was changed, since the change could not be kept: {reason}"),
    )
}
