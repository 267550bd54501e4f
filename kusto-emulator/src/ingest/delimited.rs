//! Rows of the delimited text formats: CSV and its relatives, and plain lines.

use std::io::Read;

use csv::ByteRecord;
use kusto_protocol::{Column, DataFormat};

use crate::types::Batch;

use super::cell::CellBuilder;
use super::{BATCH_ROWS, ReadError};

/// The byte between the cells of a row; `None` for formats that are not delimited text.
pub(crate) fn delimiter(format: DataFormat) -> Option<u8> {
    match format {
        DataFormat::Csv => Some(b','),
        DataFormat::Tsv => Some(b'\t'),
        DataFormat::Psv => Some(b'|'),
        DataFormat::Scsv => Some(b';'),
        DataFormat::Sohsv => Some(1),
        _ => None,
    }
}

/// Reads records: cells separated by the delimiter, quoted with `"` where they hold one, a quote or a line break.
pub(crate) struct Records<R> {
    reader: csv::Reader<R>,
    record: ByteRecord,
}

impl<R: Read> Records<R> {
    pub(crate) fn new(input: R, delimiter: u8) -> Self {
        let reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(64 * 1024)
            .from_reader(input);
        Self {
            reader,
            record: ByteRecord::new(),
        }
    }

    /// The next record and the line (from 1) on which it begins.
    pub(crate) fn next(&mut self) -> Result<Option<(&ByteRecord, u64)>, ReadError> {
        let line = self.reader.position().line();
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => Ok(Some((&self.record, line))),
            Ok(false) => Ok(None),
            Err(error) => Err(ReadError::new(line, error.to_string())),
        }
    }
}

/// Reads records into columns, by position.
pub(crate) struct DelimitedRows<R> {
    records: Records<R>,
    builders: Vec<CellBuilder>,
    skip_first: bool,
}

impl<R: Read> DelimitedRows<R> {
    pub(crate) fn new(input: R, delimiter: u8, columns: &[Column], skip_first: bool) -> Self {
        Self {
            records: Records::new(input, delimiter),
            builders: CellBuilder::for_columns(columns),
            skip_first,
        }
    }

    /// The next rows; `None` at the end.
    ///
    /// A record with fewer cells than the table has columns is filled up with missing values, as Kusto does; one
    /// with more is an error, since cells would be lost.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>, ReadError> {
        let mut rows = 0;
        while rows < BATCH_ROWS {
            let Some((record, line)) = self.records.next()? else {
                break;
            };
            if std::mem::take(&mut self.skip_first) {
                continue;
            }
            if record.len() > self.builders.len() {
                let message = format!("{} cells for {} columns", record.len(), self.builders.len());
                return Err(ReadError::new(line, message));
            }
            for (builder, index) in self.builders.iter_mut().zip(0..) {
                match record.get(index) {
                    // Kusto replaces bytes that are no UTF-8 as well.
                    Some(cell) => builder.push_text(&String::from_utf8_lossy(cell)),
                    None => builder.push_missing(),
                }
            }
            rows += 1;
        }
        Ok((rows > 0).then(|| Batch::new(self.builders.iter_mut().map(CellBuilder::finish).collect(), rows)))
    }
}
