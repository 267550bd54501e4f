//! The data to ingest.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use kusto_protocol::DataFormat;

use crate::error::{IngestError, IngestErrorKind};

/// The data to ingest: bytes in memory, or a file.
///
/// Text is compressed with gzip on its way; what is compressed already, and binary formats, go as they are.
///
/// ```
/// use kusto_ingest::Source;
///
/// let rows = Source::bytes("TEXAS,3\nOHIO,1\n");
/// let file = Source::file("storms.csv.gz");
/// ```
#[derive(Clone)]
#[must_use]
pub struct Source {
    data: Data,
    is_gzip: bool,
}

#[derive(Clone)]
enum Data {
    Bytes(Bytes),
    File(PathBuf),
}

/// Data as it is sent.
pub(crate) struct Payload {
    pub(crate) body: Bytes,
    pub(crate) is_gzip: bool,
}

impl Source {
    /// Bytes in memory.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self {
            data: Data::Bytes(bytes.into()),
            is_gzip: false,
        }
    }

    /// A file. One whose name ends in `.gz` is taken for compressed with gzip.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let is_gzip = has_extension(&path, "gz");
        Self {
            data: Data::File(path),
            is_gzip,
        }
    }

    /// Says whether the data is compressed with gzip already.
    pub fn gzip(mut self, value: bool) -> Self {
        self.is_gzip = value;
        self
    }

    /// The format that the name of the file suggests.
    pub(crate) fn format(&self) -> Option<DataFormat> {
        match &self.data {
            Data::Bytes(_) => None,
            Data::File(path) => DataFormat::from_file_name(path.file_name()?.to_str()?),
        }
    }

    /// Reads and compresses the data. Blocks.
    pub(crate) fn into_payload(self, format: DataFormat, max_bytes: usize) -> Result<Payload, IngestError> {
        let body = match &self.data {
            Data::Bytes(bytes) => bytes.clone(),
            Data::File(path) => read(path, max_bytes)?,
        };
        if body.is_empty() {
            return Err(IngestError::new(
                IngestErrorKind::Source,
                format!("{self:?} is empty"),
            ));
        }
        if body.len() > max_bytes {
            return Err(self.too_large(body.len() as u64, max_bytes));
        }
        if self.is_gzip || !format.is_compressible() {
            return Ok(Payload {
                body,
                is_gzip: self.is_gzip,
            });
        }
        let body = gzip(&body).map_err(|error| {
            IngestError::new(IngestErrorKind::Source, format!("{self:?} cannot be compressed"))
                .with_source(error)
        })?;
        Ok(Payload { body, is_gzip: true })
    }

    fn too_large(&self, size: u64, max_bytes: usize) -> IngestError {
        IngestError::new(
            IngestErrorKind::TooLarge,
            format!(
                "{self:?} has {size} bytes, more than the {max_bytes} that streaming ingestion takes at once; split \
                 it, or raise max_bytes if the cluster takes more"
            ),
        )
    }
}

/// Bytes by their number, a file by its path.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.data {
            Data::Bytes(bytes) => write!(f, "data of {} bytes", bytes.len()),
            Data::File(path) => write!(f, "file {}", path.display()),
        }
    }
}

/// Reads a file, but not much more than is wanted of it.
fn read(path: &Path, max_bytes: usize) -> Result<Bytes, IngestError> {
    if has_extension(path, "zip") {
        let message = format!(
            "file {} is a zip archive, which streaming ingestion does not take",
            path.display()
        );
        return Err(IngestError::new(IngestErrorKind::Source, message));
    }
    let unreadable = |error| {
        let message = format!("file {} cannot be read", path.display());
        IngestError::new(IngestErrorKind::Source, message).with_source(error)
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    if size > max_bytes as u64 {
        return Err(Source::file(path).too_large(size, max_bytes));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    // A file may grow while it is read.
    file.take(max_bytes as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes.into())
}

fn gzip(bytes: &[u8]) -> io::Result<Bytes> {
    // The fastest level: what matters is how soon the rows are there.
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.into())
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension()
        .and_then(OsStr::to_str)
        .is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 1000;

    fn payload(source: Source, format: DataFormat) -> Result<Payload, IngestError> {
        source.into_payload(format, MAX)
    }

    fn unpack(bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(bytes)
            .read_to_end(&mut plain)
            .unwrap();
        plain
    }

    #[test]
    fn text_is_compressed_and_everything_else_goes_as_it_is() {
        let text = payload(Source::bytes("a,1\n"), DataFormat::Csv).unwrap();
        assert!(text.is_gzip && unpack(&text.body) == b"a,1\n");
        let binary = payload(Source::bytes("PAR1"), DataFormat::Parquet).unwrap();
        assert!(!binary.is_gzip && binary.body == "PAR1");
        let packed = payload(Source::bytes(text.body.clone()).gzip(true), DataFormat::Csv).unwrap();
        assert!(packed.is_gzip && packed.body == text.body);
    }

    #[test]
    fn files_tell_their_format_and_compression_by_their_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("storms.CSV.GZ");
        std::fs::write(&path, gzip(b"a,1\n").unwrap()).unwrap();
        let source = Source::file(&path);
        assert_eq!(source.format(), Some(DataFormat::Csv));
        let payload = payload(source, DataFormat::Csv).unwrap();
        assert!(payload.is_gzip && unpack(&payload.body) == b"a,1\n");
    }

    #[test]
    fn sizes_are_checked_at_the_limit() {
        let directory = tempfile::tempdir().unwrap();
        for (size, fits) in [(MAX, true), (MAX + 1, false)] {
            let path = directory.path().join("rows.csv");
            std::fs::write(&path, vec![b'1'; size]).unwrap();
            for source in [Source::bytes(vec![b'1'; size]), Source::file(&path)] {
                let result = payload(source, DataFormat::Csv);
                assert_eq!(result.is_ok(), fits, "{size}");
                if let Err(error) = result {
                    assert_eq!(error.kind(), IngestErrorKind::TooLarge);
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_sent_says_why() {
        let directory = tempfile::tempdir().unwrap();
        for (source, words) in [
            (Source::bytes(""), "is empty"),
            (
                Source::file(directory.path().join("absent.csv")),
                "cannot be read",
            ),
            (Source::file("rows.csv.zip"), "zip archive"),
        ] {
            let error = payload(source, DataFormat::Csv).err().unwrap();
            assert_eq!(error.kind(), IngestErrorKind::Source);
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
