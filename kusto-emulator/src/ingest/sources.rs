//! Where commands and messages may read from: files of one folder, and blobs of one storage account.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::ingestion_error;
use crate::error::EngineError;

/// The sources that this service may read. Without any, data comes only with requests themselves.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// The folder whose files `.ingest into` may name.
    pub(crate) folder: Option<PathBuf>,
}

impl Sources {
    /// The bytes of a source.
    ///
    /// # Errors
    ///
    /// A source that this service may not read, or that is not there.
    pub(crate) fn read(&self, path: &str) -> Result<Bytes, EngineError> {
        // Credentials may follow the path.
        let path = path.split(';').next().unwrap_or_default();
        if path.contains("://") && !path.starts_with("file://") {
            let message = "blobs can be ingested only by a service that was given their storage account";
            return Err(ingestion_error("Download_Forbidden", message));
        }
        let path = path.strip_prefix("file://").unwrap_or(path);
        let Some(folder) = &self.folder else {
            let message = "files can be ingested only by a service that was given a folder for them";
            return Err(ingestion_error("Download_Forbidden", message));
        };
        read_inside(folder, Path::new(path))
    }
}

/// Reads a file that is inside of the folder, once all links are followed.
fn read_inside(folder: &Path, path: &Path) -> Result<Bytes, EngineError> {
    let shown = path.display();
    let missing = || {
        let message = format!("there is no file {shown} in the folder that may be ingested from");
        ingestion_error("Download_SourceNotFound", message)
    };
    let folder = folder.canonicalize().map_err(|_| missing())?;
    // A path outside is told from one that does not exist only by what it says itself.
    let found = folder.join(path).canonicalize().map_err(|_| missing())?;
    if !found.starts_with(&folder) || !found.is_file() {
        return Err(missing());
    }
    let bytes = std::fs::read(&found).map_err(|error| {
        ingestion_error(
            "Download_UnknownError",
            format!("the file {shown} cannot be read: {error}"),
        )
    })?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_folder_are_read() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.csv"), "s").unwrap();
        let folder = outside.path().join("inside");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a.csv"), "a").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.path().join("secret.csv"), folder.join("link.csv")).unwrap();
        let sources = Sources {
            folder: Some(folder.clone()),
        };
        assert_eq!(sources.read("a.csv").unwrap(), "a");
        assert_eq!(
            sources.read(&folder.join("a.csv").display().to_string()).unwrap(),
            "a"
        );
        for path in [
            "../secret.csv",
            "link.csv",
            "/etc/passwd",
            ".",
            "",
            "none.csv",
            "a.csv/..",
        ] {
            let error = sources.read(path).unwrap_err();
            assert_eq!(error.code(), Some("Download_SourceNotFound"), "{path}");
        }
        let error = Sources::default().read("a.csv").unwrap_err();
        assert_eq!(error.code(), Some("Download_Forbidden"));
        assert_eq!(
            sources.read("http://127.0.0.1/a.csv").unwrap_err().code(),
            Some("Download_Forbidden")
        );
    }
}
