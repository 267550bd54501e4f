//! The folder that databases outlive the service in.
//!
//! ```text
//! FOLDER/lock                                 held while a service uses the folder
//! FOLDER/netdefaultdb/database.json           what the database is now: its one truth
//! FOLDER/netdefaultdb/extents/<id>.parquet    rows; files that database.json does not name are left-overs
//! ```
//!
//! A change first writes new extents, then `database.json` under another name, each to the disk itself, and then
//! renames it. So a service that dies at any moment leaves the database as it was before the change, or after it.

mod extent_file;
mod manifest;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kusto_protocol::Guid;

use super::{Database, Extent, Table};
use manifest::{ExtentEntry, Manifest, TableEntry};

/// A folder of databases, which no other service uses meanwhile.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// The extents whose files are there, by database.
    kept: Mutex<BTreeMap<PathBuf, BTreeSet<Guid>>>,
    /// Held until the folder is closed; nothing is written after that.
    lock: Mutex<Option<File>>,
}

impl Folder {
    /// Makes the folder if need be, and reads the databases in it. Left-overs of changes that did not happen are
    /// removed.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Database>), String> {
        let located = |error: io::Error| format!("{}: {error}", path.display());
        fs::create_dir_all(path).map_err(located)?;
        let lock = File::create(path.join("lock")).map_err(located)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let path = path.display();
                return Err(format!(
                    "{path}: another service uses this folder; stop it, or take another folder"
                ));
            }
            Err(TryLockError::Error(error)) => return Err(located(error)),
        }
        let folder = Self {
            path: path.to_owned(),
            kept: Mutex::default(),
            lock: Mutex::new(Some(lock)),
        };
        let mut databases = Vec::new();
        for entry in fs::read_dir(path).map_err(located)? {
            let home = entry.map_err(located)?.path();
            if home.join(MANIFEST).is_file() {
                databases.push(folder.read(&home)?);
            }
        }
        Ok((folder, databases))
    }

    /// Keeps a database as it is: when this returns, it is on the disk.
    pub(super) fn write(&self, database: &Database) -> Result<(), String> {
        let _open = self.open_lock()?;
        let home = self.home(&database.name);
        let failed = |error: io::Error| format!("{}: {error}", home.display());
        let extents = home.join(EXTENTS);
        if !extents.is_dir() {
            fs::create_dir_all(&extents).map_err(failed)?;
            sync_folder(&home)
                .and_then(|()| sync_folder(&self.path))
                .map_err(failed)?;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.entry(home.clone()).or_default();
        let mut named = BTreeSet::new();
        let mut has_new = false;
        for table in database.tables.values() {
            for extent in table.extents() {
                named.insert(extent.id);
                if kept.insert(extent.id) {
                    has_new = true;
                    let written = extent_file::write(&extent_path(&home, extent.id), &table.schema, extent);
                    if let Err(error) = written {
                        kept.remove(&extent.id);
                        return Err(error);
                    }
                }
            }
        }
        if has_new {
            sync_folder(&extents).map_err(failed)?;
        }
        write_manifest(&home, &Manifest::of(database)).map_err(failed)?;
        // From here on the change has happened; a file that cannot be removed is only a left-over.
        kept.retain(|id| named.contains(id) || fs::remove_file(extent_path(&home, *id)).is_err());
        Ok(())
    }

    /// Removes a database.
    pub(super) fn remove(&self, name: &str) -> Result<(), String> {
        let _open = self.open_lock()?;
        let home = self.home(name);
        let failed = |error: io::Error| format!("{}: {error}", home.display());
        // Without its manifest it is no database any more, whatever else is left.
        fs::remove_file(home.join(MANIFEST)).map_err(failed)?;
        sync_folder(&home).map_err(failed)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&home);
        fs::remove_dir_all(&home).map_err(failed)
    }

    /// Lets others have the folder, once what is being written has been.
    pub(super) fn close(&self) {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Keeps the folder from being closed meanwhile.
    fn open_lock(&self) -> Result<MutexGuard<'_, Option<File>>, String> {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        match lock.is_some() {
            true => Ok(lock),
            false => Err(format!("{}: the service has stopped", self.path.display())),
        }
    }

    fn read(&self, home: &Path) -> Result<Database, String> {
        let path = home.join(MANIFEST);
        let located = |message: String| format!("{}: {message}", path.display());
        let text = fs::read(&path).map_err(|error| located(error.to_string()))?;
        let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| located(error.to_string()))?;
        if manifest.format != manifest::FORMAT {
            let found = manifest.format;
            return Err(located(format!(
                "written in format {found}, and this service reads {}",
                manifest::FORMAT
            )));
        }
        let mut named = BTreeSet::new();
        let mut read_table = |entry: &TableEntry| -> Result<Table, String> {
            let mut table = entry.table().map_err(located)?;
            for extent in &entry.extents {
                let id = extent
                    .id
                    .parse()
                    .map_err(|error| located(format!("an extent: {error}")))?;
                named.insert(id);
                let extent = read_extent(home, id, extent, &table)?;
                let added = table.append_kept(extent);
                added.map_err(|error| located(error.to_string()))?;
            }
            Ok(table)
        };
        let tables = manifest
            .tables
            .iter()
            .map(&mut read_table)
            .collect::<Result<Vec<_>, _>>()?;
        let database = manifest.database(tables);
        remove_left_overs(home, &named).map_err(|error| located(error.to_string()))?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(home.to_owned(), named);
        Ok(database)
    }

    /// The folder of a database, whose name may hold anything.
    fn home(&self, name: &str) -> PathBuf {
        let mut escaped = String::new();
        for byte in name.to_lowercase().bytes() {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => escaped.push(char::from(byte)),
                _ => escaped.push_str(&format!("%{byte:02x}")),
            }
        }
        // A name of nothing must not lead to the folder itself.
        self.path.join(if escaped.is_empty() { "%" } else { &escaped })
    }
}

fn read_extent(home: &Path, id: Guid, entry: &ExtentEntry, table: &Table) -> Result<Extent, String> {
    let path = extent_path(home, id);
    let located = |message: String| format!("{}: {message}", path.display());
    let batches = extent_file::read(&path, &table.schema).map_err(located)?;
    let created = entry.created_on.parse();
    let created = created.map_err(|error| located(format!("its time of creation: {error}")))?;
    let extent = Extent::with_id(id, batches, created, entry.tags.clone());
    if extent.num_rows() != entry.rows {
        let found = extent.num_rows();
        return Err(located(format!(
            "{found} rows, and there should be {}",
            entry.rows
        )));
    }
    Ok(extent)
}

/// Removes what a change that did not happen has left behind.
fn remove_left_overs(home: &Path, named: &BTreeSet<Guid>) -> io::Result<()> {
    let unfinished = home.join(UNFINISHED_MANIFEST);
    if unfinished.exists() {
        fs::remove_file(unfinished)?;
    }
    let names: BTreeSet<PathBuf> = named.iter().map(|id| extent_path(home, *id)).collect();
    for entry in fs::read_dir(home.join(EXTENTS))? {
        let path = entry?.path();
        if !names.contains(&path) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn write_manifest(home: &Path, manifest: &Manifest) -> io::Result<()> {
    let unfinished = home.join(UNFINISHED_MANIFEST);
    let mut file = File::create(&unfinished)?;
    file.write_all(&serde_json::to_vec_pretty(manifest)?)?;
    file.sync_all()?;
    fs::rename(&unfinished, home.join(MANIFEST))?;
    sync_folder(home)
}

fn extent_path(home: &Path, id: Guid) -> PathBuf {
    home.join(EXTENTS).join(format!("{id}.parquet"))
}

/// Makes the names in a folder last. Where folders cannot be opened as files, as on Windows, they do so by themselves.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}

const MANIFEST: &str = "database.json";
const UNFINISHED_MANIFEST: &str = "database.json.new";
const EXTENTS: &str = "extents";

#[cfg(test)]
mod tests;
