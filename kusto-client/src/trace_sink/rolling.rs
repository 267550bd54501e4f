//! Files that are renamed when they are finished.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::line::{Line, Told};

#[derive(Debug)]
pub(crate) struct RollingFile {
    folder: PathBuf,
    max_bytes: u64,
    /// Records so far, in all files.
    records: u64,
    /// Files so far.
    files: u64,
    open: Option<Open>,
    /// Why a record was lost since the last call that could say so.
    lost: Option<io::Error>,
}

#[derive(Debug)]
struct Open {
    file: BufWriter<File>,
    path: PathBuf,
    bytes: u64,
}

impl RollingFile {
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            max_bytes: MAX_BYTES,
            records: 0,
            files: 0,
            open: None,
            lost: None,
        })
    }

    pub(crate) fn set_max_bytes(&mut self, bytes: u64) {
        self.max_bytes = bytes;
    }

    /// Adds a record. Tracing must not disturb what is traced, so a failure waits for the next call of `finish`.
    pub(crate) fn write(&mut self, line: &Line) {
        if let Err(error) = self.try_write(line) {
            self.lost = Some(error);
            self.open = None;
        }
    }

    /// Finishes the file and gives it its final name.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let finished = match self.open.take() {
            None => Ok(()),
            Some(Open { mut file, path, .. }) => file
                .flush()
                .and_then(|()| fs::rename(&path, path.with_extension(""))),
        };
        self.lost.take().map_or(finished, Err)
    }

    fn try_write(&mut self, line: &Line) -> io::Result<()> {
        let Told {
            time,
            source,
            level,
            text,
        } = line.told();
        self.records += 1;
        let record = format!(
            "{},{time},{},{level},{}\n",
            self.records,
            quoted(source),
            quoted(&text)
        );
        let max_bytes = self.max_bytes;
        let length = record.len() as u64;
        if self
            .open
            .as_ref()
            .is_some_and(|open| open.bytes + length > max_bytes)
        {
            self.finish()?;
        }
        if self.open.is_none() {
            self.open = Some(self.begin()?);
        }
        if let Some(open) = &mut self.open {
            open.file.write_all(record.as_bytes())?;
            open.bytes += length;
        }
        Ok(())
    }

    /// Begins a file whose name no other process and no other file has.
    fn begin(&mut self) -> io::Result<Open> {
        self.files += 1;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = format!(
            "kusto-{}-{}-{}.csv.in-progress",
            std::process::id(),
            since.as_millis(),
            self.files
        );
        let path = self.folder.join(name);
        let mut file = BufWriter::new(File::create_new(&path)?);
        file.write_all(HEADER.as_bytes())?;
        Ok(Open {
            file,
            path,
            bytes: HEADER.len() as u64,
        })
    }
}

impl Drop for RollingFile {
    fn drop(&mut self) {
        // Nobody is there to be told.
        let _ = self.finish();
    }
}

/// A value as RFC 4180 wants it.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

const HEADER: &str = "RecordId,Timestamp,Source,Level,Text\n";
const MAX_BYTES: u64 = 8 << 20;

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn values_with_separators_are_quoted() {
        for (text, value) in [
            ("a b", "a b"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\nb", "\"a\nb\""),
        ] {
            assert_eq!(quoted(text), value);
        }
    }
}
