//! Apache Parquet files.

use std::io::{self, Write};

use kusto_protocol::{Column, RowBatch};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::arrow::options;

/// A file that is drained after each batch; it keeps one row group at most.
pub(super) struct File(ArrowWriter<Vec<u8>>);

impl File {
    pub(super) fn begin(columns: &[Column]) -> io::Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .build();
        let schema = kusto_arrow::schema(columns, &options());
        let writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties)).map_err(io::Error::other)?;
        Ok(Self(writer))
    }

    pub(super) fn write(&mut self, batch: RowBatch, out: &mut impl Write) -> io::Result<()> {
        let batch = kusto_arrow::record_batch(batch, &options()).map_err(io::Error::other)?;
        self.0.write(&batch).map_err(io::Error::other)?;
        let bytes = self.0.inner_mut();
        out.write_all(bytes)?;
        bytes.clear();
        Ok(())
    }

    pub(super) fn finish(self, out: &mut impl Write) -> io::Result<()> {
        let bytes = self.0.into_inner().map_err(io::Error::other)?;
        out.write_all(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::super::tests::storms;
    use super::super::{Format, Printer, TableStyle};

    #[test]
    fn files_of_many_batches_read_back() {
        let mut bytes = Vec::new();
        let mut printer = Printer::new(Format::Parquet, TableStyle::default(), &mut bytes);
        let batch = storms();
        printer.begin(batch.columns()).unwrap();
        for _ in 0..100 {
            printer.rows(batch.clone()).unwrap();
        }
        printer.finish().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("storms.parquet");
        std::fs::write(&path, &bytes).unwrap();
        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows(), 200);
        let names: Vec<_> = reader
            .metadata()
            .file_metadata()
            .schema_descr()
            .columns()
            .iter()
            .map(|c| c.name().to_owned())
            .collect();
        assert_eq!(names, ["State", "n", "ratio", "at", "ok", "note"]);
    }
}
