//! The data to ingest.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::pin::Pin;

use bytes::Bytes;
use futures::io::AsyncRead;
use kusto_protocol::{DataFormat, Secret};
use serde::Serialize;

/// The data to ingest: bytes in memory, a file, a reader, rows, or a blob.
///
/// Text is compressed with gzip on its way; what is compressed already, and binary formats, go as they are. All of it
/// is read in pieces, so that memory does not grow with the data.
///
/// ```
/// use kusto_ingest::Source;
///
/// let rows = Source::bytes("TEXAS,3\nOHIO,1\n");
/// let file = Source::file("storms.csv.gz");
/// let blob = Source::blob("https://account.blob.core.windows.net/container/storms.csv?sv=…").raw_size(104_857);
/// ```
#[must_use]
pub struct Source {
    pub(crate) data: Data,
    pub(crate) is_gzip: Option<bool>,
    pub(crate) raw_size: Option<u64>,
    pub(crate) format: Option<DataFormat>,
}

pub(crate) enum Data {
    Bytes(Bytes),
    File(PathBuf),
    Reader(Pin<Box<dyn AsyncRead + Send>>),
    /// Something that writes the data when it is asked to.
    Writer(Writer),
    Blob(Secret),
}

pub(crate) type Writer = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send>;

impl Source {
    /// Bytes in memory.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::new(Data::Bytes(bytes.into()))
    }

    /// A file. Its name says the format and whether it is compressed (`storms.csv.gz`), unless told otherwise. A file
    /// that changes while it is read is an error, and nothing of it is ingested.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::new(Data::File(path.into()))
    }

    /// Whatever a reader gives until its end, of any length. It is read once: an upload that fails in the middle cannot
    /// begin again elsewhere. (A reader of tokio's becomes one of these by `tokio_util`'s `compat()`.)
    pub fn reader(reader: impl AsyncRead + Send + 'static) -> Self {
        Self::new(Data::Reader(Box::pin(reader)))
    }

    /// Rows of any serializable type, written as lines of JSON (format
    /// [`DataFormat::Json`](kusto_protocol::DataFormat::Json)): members go into the columns of the same name unless a
    /// mapping says otherwise.
    pub fn rows<T: Serialize>(rows: impl IntoIterator<Item = T, IntoIter: Send> + Send + 'static) -> Self {
        let mut source = Self::writer(move |out| {
            for row in rows {
                serde_json::to_writer(&mut *out, &row)?;
                out.write_all(b"\n")?;
            }
            Ok(())
        });
        source.format = Some(DataFormat::Json);
        source
    }

    /// Arrow record batches of one schema, written as Parquet with Snappy (feature `arrow`). Columns go into those of the
    /// same name unless a mapping says otherwise; what Parquet's types become is in the service's documentation of the
    /// format.
    #[cfg(feature = "arrow")]
    pub fn record_batches(
        schema: arrow_schema::SchemaRef,
        batches: impl IntoIterator<Item = arrow_array::RecordBatch, IntoIter: Send> + Send + 'static,
    ) -> Self {
        let mut source = Self::writer(move |out| {
            let properties = parquet::file::properties::WriterProperties::builder()
                .set_compression(parquet::basic::Compression::SNAPPY)
                // Rows of a group are in memory until it is full.
                .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
                .build();
            // The writer wants an owned `Send` output; pieces go on as soon as a group is complete.
            let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), schema, Some(properties))?;
            for batch in batches {
                writer.write(&batch)?;
                out.write_all(&std::mem::take(writer.inner_mut()))?;
            }
            out.write_all(&writer.into_inner()?)
        });
        source.format = Some(DataFormat::Parquet);
        source
    }

    /// Whatever a function writes, which is called on a thread of its own. It is called once.
    pub fn writer(write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static) -> Self {
        Self::new(Data::Writer(Box::new(write)))
    }

    /// A blob that the service can read: an address with its SAS, or with another of the
    /// [suffixes](https://learn.microsoft.com/kusto/api/connection-strings/storage-connection-strings) such as
    /// `;managed_identity=system`. Nothing of it is read here. [`raw_size`](Self::raw_size) saves the service from
    /// asking for its size.
    pub fn blob(address: impl Into<Secret>) -> Self {
        Self::new(Data::Blob(address.into()))
    }

    /// Says whether the data is compressed with gzip already; else name and content tell.
    pub fn gzip(mut self, value: bool) -> Self {
        self.is_gzip = Some(value);
        self
    }

    /// Says how many bytes the data has before compression, where the caller knows and it cannot be seen: for blobs, and
    /// for what is compressed already.
    pub fn raw_size(mut self, bytes: u64) -> Self {
        self.raw_size = Some(bytes);
        self
    }

    fn new(data: Data) -> Self {
        Self {
            data,
            is_gzip: None,
            raw_size: None,
            format: None,
        }
    }

    /// The format that kind or name suggest.
    pub(crate) fn format(&self) -> Option<DataFormat> {
        let by_name = match &self.data {
            Data::File(path) => DataFormat::from_file_name(path.file_name()?.to_str()?),
            Data::Blob(address) => {
                let path = address.expose().split(['?', ';']).next()?;
                DataFormat::from_file_name(path)
            }
            Data::Bytes(_) | Data::Reader(_) | Data::Writer(_) => None,
        };
        self.format.or(by_name)
    }

    /// The same data once more, if it can be had once more.
    pub(crate) fn again(&self) -> Option<Self> {
        let data = match &self.data {
            Data::Bytes(bytes) => Data::Bytes(bytes.clone()),
            Data::File(path) => Data::File(path.clone()),
            Data::Reader(_) | Data::Writer(_) | Data::Blob(_) => return None,
        };
        Some(Self {
            data,
            is_gzip: self.is_gzip,
            raw_size: self.raw_size,
            format: self.format,
        })
    }

    /// How many bytes there are at least before compression, as far as that can be seen from outside.
    pub(crate) fn least_size(&self) -> u64 {
        let seen = match &self.data {
            Data::Bytes(bytes) => bytes.len() as u64,
            Data::File(path) => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
            Data::Reader(_) | Data::Writer(_) | Data::Blob(_) => 0,
        };
        self.raw_size.unwrap_or(seen)
    }

    /// The part of a blob's name that tells people what is in it.
    pub(crate) fn name(&self) -> String {
        let stem = match &self.data {
            Data::File(path) => path.file_name().and_then(OsStr::to_str).map(base_name),
            _ => None,
        };
        let safe = |c: char| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        };
        let name: String = stem.unwrap_or("data").chars().take(60).map(safe).collect();
        if name.is_empty() { "data".to_owned() } else { name }
    }
}

/// Bytes by their number, a file by its path, a blob without its secret.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.data {
            Data::Bytes(bytes) => write!(f, "data of {} bytes", bytes.len()),
            Data::File(path) => write!(f, "file {}", path.display()),
            Data::Reader(_) => f.write_str("data of a reader"),
            Data::Writer(_) => f.write_str("data of a writer"),
            Data::Blob(address) => {
                let path = address.expose().split(['?', ';']).next();
                write!(f, "blob {}", path.unwrap_or_default())
            }
        }
    }
}

/// A file's name up to its first dot.
fn base_name(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

#[cfg(feature = "arrow")]
const ROW_GROUP_ROWS: usize = 128 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_format_and_go_into_the_name_of_the_blob() {
        for (source, format, name) in [
            (
                Source::file("/data/Storm events.2026.CSV.gz"),
                Some(DataFormat::Csv),
                "Storm_events",
            ),
            (Source::file("x.snappy.parquet"), Some(DataFormat::Parquet), "x"),
            (
                Source::blob("https://a/c/b.json?sig=x.csv"),
                Some(DataFormat::Json),
                "data",
            ),
            (
                Source::blob("https://a/c/b.csv;managed_identity=system"),
                Some(DataFormat::Csv),
                "data",
            ),
            (Source::rows([1]), Some(DataFormat::Json), "data"),
            (Source::bytes("a"), None, "data"),
            (Source::file(".gz"), None, "data"),
        ] {
            assert_eq!(
                (source.format(), source.name().as_str()),
                (format, name),
                "{source:?}"
            );
        }
    }

    #[test]
    fn a_blob_is_shown_without_its_secret() {
        for address in ["https://a/c/b?sig=s3cret", "https://a/c/b;s3cret"] {
            assert_eq!(format!("{:?}", Source::blob(address)), "blob https://a/c/b");
        }
    }
}
