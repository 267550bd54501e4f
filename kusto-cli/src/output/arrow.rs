//! Apache Arrow IPC streams, and what Parquet shares with them.

use std::io::{self, Write};

use arrow_ipc::writer::StreamWriter;
use kusto_arrow::Options;
use kusto_protocol::{Column, RowBatch};

/// A stream that is drained after each batch.
pub(super) struct Stream(StreamWriter<Vec<u8>>);

impl Stream {
    pub(super) fn begin(columns: &[Column], out: &mut impl Write) -> io::Result<Self> {
        let schema = kusto_arrow::schema(columns, &options());
        let mut stream = Self(StreamWriter::try_new(Vec::new(), &schema).map_err(io::Error::other)?);
        stream.drain(out)?;
        Ok(stream)
    }

    pub(super) fn write(&mut self, batch: RowBatch, out: &mut impl Write) -> io::Result<()> {
        let batch = kusto_arrow::record_batch(batch, &options()).map_err(io::Error::other)?;
        self.0.write(&batch).map_err(io::Error::other)?;
        self.drain(out)
    }

    pub(super) fn finish(mut self, out: &mut impl Write) -> io::Result<()> {
        self.0.finish().map_err(io::Error::other)?;
        self.drain(out)
    }

    fn drain(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.0.flush().map_err(io::Error::other)?;
        let bytes = self.0.get_mut();
        out.write_all(bytes)?;
        bytes.clear();
        Ok(())
    }
}

/// Guids as text: few readers show 16 bytes as one. The rest as the crate's defaults.
pub(super) fn options() -> Options {
    let mut options = Options::default();
    options.guid_as_text = true;
    options
}

#[cfg(test)]
mod tests {
    use arrow_ipc::reader::StreamReader;
    use kusto_arrow::row_batch;

    use super::super::Format;
    use super::super::tests::{print, storms};

    #[test]
    fn streams_read_back_as_what_was_written() {
        let bytes = print(Format::Arrow);
        let batches: Vec<_> = StreamReader::try_new(bytes.as_slice(), None)
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(batches.len(), 1);
        let rows = row_batch(&batches[0]).unwrap();
        assert_eq!(rows.num_rows(), 2);
        assert_eq!(rows.row(0).get(3), storms().row(0).get(3));
    }
}
