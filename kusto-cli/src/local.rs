//! The embedded service, with files attached.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use kusto_emulator::Emulator;
use tempfile::TempDir;

use crate::failure::Failure;

/// A service in this process.
pub(crate) struct Service {
    pub(crate) emulator: Emulator,
    /// Holds the file of the sample, which is read until the end.
    _folder: Option<TempDir>,
}

/// Starts a service on a port of this machine (0 for a free one), with files as tables.
///
/// # Errors
///
/// When a file cannot be read, or the port is taken.
pub(crate) async fn start(files: &[PathBuf], sample: bool, port: u16) -> Result<Service, Failure> {
    let mut builder = Emulator::builder().port(port);
    for file in files {
        builder = match named(file) {
            (Some(name), path) => builder.attach_as(name, path),
            (None, path) => builder.attach(path),
        };
    }
    let mut folder = None;
    if sample {
        let (kept, path) = write_sample().map_err(|error| Failure::io("cannot write the sample", &error))?;
        builder = builder.attach(path);
        folder = Some(kept);
    }
    let emulator = builder
        .start()
        .await
        .map_err(|error| Failure::new(error.to_string()))?;
    Ok(Service {
        emulator,
        _folder: folder,
    })
}

/// `storms.csv` in a folder that is removed when it is dropped.
fn write_sample() -> std::io::Result<(TempDir, PathBuf)> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("storms.csv");
    let mut file = BufWriter::new(File::create(&path)?);
    kusto_emulator::write_storm_events(&mut file, SAMPLE_ROWS)?;
    file.flush()?;
    Ok((folder, path))
}

/// `name=FILE` gives the table a name of its own, unless there is a file of that whole name.
fn named(argument: &Path) -> (Option<&str>, &Path) {
    let name_and_path = argument.to_str().and_then(|text| text.split_once('='));
    match name_and_path {
        Some((name, path)) if !name.is_empty() && !path.is_empty() && !argument.exists() => {
            (Some(name), Path::new(path))
        }
        _ => (None, argument),
    }
}

const SAMPLE_ROWS: u64 = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_stand_before_a_file() {
        assert_eq!(named(Path::new("a/b.csv")), (None, Path::new("a/b.csv")));
        assert_eq!(named(Path::new("t=a/b.csv")), (Some("t"), Path::new("a/b.csv")));
        assert_eq!(named(Path::new("=b.csv")), (None, Path::new("=b.csv")));
    }
}
