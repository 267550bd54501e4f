//! Batches on disk, so that what was accepted outlives the process.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kusto_protocol::Guid;

use crate::error::{IngestError, IngestErrorKind};
use crate::source_id;

/// The batches of one table, each a file of records: `<id>.part` while it grows, `<id>.batch` once it is sealed, and
/// gone once it was ingested. `<id>.refused` is one that the service will never take.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    sync: bool,
    /// Held until the spool is dropped: two processes would send the same batches.
    _lock: File,
}

/// A batch that grows.
#[derive(Debug)]
pub(crate) struct Part {
    file: File,
    path: PathBuf,
    len: u64,
    sync: bool,
    /// Whether something of a refused record may stand behind `len`.
    is_torn: bool,
}

/// A batch that waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpooledBatch {
    pub(crate) id: Guid,
    pub(crate) path: PathBuf,
    pub(crate) len: u64,
}

impl Spool {
    /// Opens the spool of a table below `folder`. `sync` says whether each record is forced to the disk itself, so that
    /// it outlives the machine as well as the process.
    pub(crate) fn open(folder: &Path, database: &str, table: &str, sync: bool) -> Result<Self, IngestError> {
        let safe = |text: &str| -> String {
            text.chars()
                .map(|c| if c.is_alphanumeric() { c } else { '_' })
                .collect()
        };
        // The id tells apart names that look alike once they are safe.
        let id = source_id::from_key(database, table, "spool").to_string();
        let folder = folder.join(format!("{}__{}__{}", safe(database), safe(table), &id[..8]));
        std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, "cannot be made", error))?;
        let lock =
            File::create(folder.join("lock")).map_err(|error| failed(&folder, "cannot be written", error))?;
        lock.try_lock()
            .map_err(|error| failed(&folder, "is in use by another sink", error.into()))?;
        Ok(Self {
            folder,
            sync,
            _lock: lock,
        })
    }

    /// The batches that an earlier process left, oldest first as far as the times of files tell. Of a batch that grew when it was killed, all records are
    /// kept whose acceptance was told.
    pub(crate) fn left_behind(&self) -> Result<Vec<SpooledBatch>, IngestError> {
        let unreadable = |error| failed(&self.folder, "cannot be read", error);
        let mut batches = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let id = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .and_then(|stem| stem.parse::<Guid>().ok());
            let extension = path.extension().and_then(|extension| extension.to_str());
            let (Some(id), Some(PART | BATCH)) = (id, extension) else {
                continue;
            };
            let modified = path
                .metadata()
                .and_then(|metadata| metadata.modified())
                .map_err(unreadable)?;
            let path = if extension == Some(PART) {
                cut_torn_record(&path).map_err(|error| failed(&path, "cannot be repaired", error))?;
                seal(&path)?
            } else {
                path
            };
            let len = path.metadata().map_err(unreadable)?.len();
            if len == 0 {
                remove(&path)?;
            } else {
                batches.push((modified, SpooledBatch { id, path, len }));
            }
        }
        batches.sort_by_key(|(modified, batch)| (*modified, *batch.id.as_bytes()));
        Ok(batches.into_iter().map(|(_, batch)| batch).collect())
    }

    /// Begins a batch.
    pub(crate) fn begin(&self, id: Guid) -> Result<Part, IngestError> {
        let path = self.folder.join(format!("{id}.{PART}"));
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let file = file.map_err(|error| failed(&path, "cannot be written", error))?;
        Ok(Part {
            file,
            path,
            len: 0,
            sync: self.sync,
            is_torn: false,
        })
    }
}

impl Part {
    /// Appends records, all or none: what a full disk cuts off is taken back before anything else is written.
    pub(crate) fn append(&mut self, records: &[u8]) -> Result<(), IngestError> {
        let written = self
            .cut()
            .and_then(|()| self.file.write_all(records))
            .and_then(|()| if self.sync { self.file.sync_data() } else { Ok(()) });
        match written {
            Ok(()) => {
                self.len += records.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.is_torn = true;
                // If this fails as well, it is made up for by whoever writes or seals next, or opens the spool again.
                let _ = self.cut();
                Err(failed(&self.path, "cannot be written", error))
            }
        }
    }

    /// Ends the batch.
    pub(crate) fn seal(mut self, id: Guid) -> Result<SpooledBatch, IngestError> {
        self.cut()
            .map_err(|error| failed(&self.path, "cannot be written", error))?;
        Ok(SpooledBatch {
            id,
            len: self.len,
            path: seal(&self.path)?,
        })
    }

    /// Takes back what was not accepted.
    fn cut(&mut self) -> io::Result<()> {
        if self.is_torn {
            self.file.set_len(self.len)?;
            self.is_torn = false;
        }
        Ok(())
    }
}

impl SpooledBatch {
    /// Forgets the batch: it was ingested.
    pub(crate) fn remove(&self) -> Result<(), IngestError> {
        remove(&self.path)
    }

    /// Puts the batch aside, where nobody sends it again.
    pub(crate) fn refuse(&self) -> Result<PathBuf, IngestError> {
        let refused = self.path.with_extension(REFUSED);
        let renamed = std::fs::rename(&self.path, &refused);
        renamed.map_err(|error| failed(&self.path, "cannot be renamed", error))?;
        Ok(refused)
    }
}

fn seal(part: &Path) -> Result<PathBuf, IngestError> {
    let batch = part.with_extension(BATCH);
    std::fs::rename(part, &batch).map_err(|error| failed(part, "cannot be renamed", error))?;
    Ok(batch)
}

fn remove(path: &Path) -> Result<(), IngestError> {
    std::fs::remove_file(path).map_err(|error| failed(path, "cannot be removed", error))
}

/// Cuts off what follows the last line end: a record whose acceptance nobody was told.
fn cut_torn_record(path: &Path) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut piece = vec![0; 64 << 10];
    while end > 0 {
        let start = end.saturating_sub(piece.len() as u64);
        let piece = &mut piece[..(end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(piece)?;
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            return file.set_len(start + at as u64 + 1);
        }
        end = start;
    }
    file.set_len(0)
}

fn failed(path: &Path, what: &str, error: io::Error) -> IngestError {
    let message = format!("spool {} {what}", path.display());
    IngestError::new(IngestErrorKind::Spool, message).with_source(error)
}

const PART: &str = "part";
const BATCH: &str = "batch";
const REFUSED: &str = "refused";

#[cfg(test)]
mod tests {
    use super::*;

    fn spool(folder: &Path) -> Spool {
        Spool::open(folder, "db", "t", true).unwrap()
    }

    fn contents(spool: &Spool) -> Vec<String> {
        let batches = spool.left_behind().unwrap();
        let read = |batch: &SpooledBatch| std::fs::read_to_string(&batch.path).unwrap();
        let mut contents: Vec<String> = batches.iter().map(read).collect();
        // Files that are made at once have the same time.
        contents.sort();
        contents
    }

    #[test]
    fn what_was_left_is_found_without_what_was_torn() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (source_id::random(), source_id::random());
        let before = spool(folder.path());
        let mut part = before.begin(first).unwrap();
        part.append(b"one\n").unwrap();
        part.append(b"two\n").unwrap();
        part.seal(first).unwrap();
        let mut part = before.begin(second).unwrap();
        part.append(b"three\n").unwrap();
        // As if the process had been killed while it wrote.
        part.file.write_all(b"fo").unwrap();
        drop((part, before));
        let after = spool(folder.path());
        assert_eq!(contents(&after), ["one\ntwo\n", "three\n"]);
        let error = Spool::open(folder.path(), "db", "t", true).unwrap_err();
        assert!(error.to_string().contains("is in use by another sink"), "{error}");
        // And once more the same.
        assert_eq!(contents(&after), ["one\ntwo\n", "three\n"]);
        for batch in after.left_behind().unwrap() {
            batch.remove().unwrap();
        }
        drop(after);
        assert!(contents(&spool(folder.path())).is_empty());
    }

    #[test]
    fn a_batch_of_nothing_but_a_torn_record_is_no_batch() {
        let folder = tempfile::tempdir().unwrap();
        let mut part = spool(folder.path()).begin(source_id::random()).unwrap();
        part.file.write_all(&vec![b'x'; 200_000]).unwrap();
        drop(part);
        assert!(contents(&spool(folder.path())).is_empty());
    }

    #[test]
    fn tables_of_like_names_have_their_own_spools() {
        let folder = tempfile::tempdir().unwrap();
        let one = Spool::open(folder.path(), "db", "a b", false).unwrap();
        let other = Spool::open(folder.path(), "db", "a_b", false).unwrap();
        assert_ne!(one.folder, other.folder);
    }

    #[test]
    fn a_refused_batch_is_kept_and_not_sent_again() {
        let folder = tempfile::tempdir().unwrap();
        let (spool, id) = (spool(folder.path()), source_id::random());
        let mut part = spool.begin(id).unwrap();
        part.append(b"bad\n").unwrap();
        let refused = part.seal(id).unwrap().refuse().unwrap();
        assert_eq!(std::fs::read(refused).unwrap(), b"bad\n");
        assert!(contents(&spool).is_empty());
    }
}
