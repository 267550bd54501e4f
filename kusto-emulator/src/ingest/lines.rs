//! Text without cells: one value a line, or one value altogether.

use std::io::{BufRead, BufReader, Read};

use csv::ByteRecord;
use kusto_protocol::Column;

use super::cell::CellBuilder;
use super::record::MappedColumns;
use super::{BATCH_ROWS, ReadError};
use crate::types::Batch;

/// Reads lines into the first column, or where a mapping says.
pub(crate) struct Lines<R> {
    input: BufReader<R>,
    builders: Vec<CellBuilder>,
    mapped: Option<MappedColumns>,
    skip_first: bool,
    is_whole: bool,
    line: u64,
}

impl<R: Read> Lines<R> {
    /// Empty lines are left out; with `is_whole`, all of the input is one value.
    pub(crate) fn new(
        input: R,
        columns: &[Column],
        mapped: Option<MappedColumns>,
        skip_first: bool,
        is_whole: bool,
    ) -> Self {
        Self {
            input: BufReader::with_capacity(64 * 1024, input),
            builders: CellBuilder::for_columns(columns),
            mapped,
            skip_first,
            is_whole,
            line: 0,
        }
    }

    /// The next rows; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>, ReadError> {
        let (mut rows, mut bytes) = (0, Vec::new());
        while rows < BATCH_ROWS {
            bytes.clear();
            let read = match self.is_whole {
                true => self.input.read_to_end(&mut bytes),
                false => self.input.read_until(b'\n', &mut bytes),
            };
            if read.map_err(|error| ReadError::new(self.line, error.to_string()))? == 0 {
                break;
            }
            self.line += 1;
            if !self.is_whole {
                let end = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
                let end = end.strip_suffix(b"\r").unwrap_or(end).len();
                bytes.truncate(end);
            }
            if std::mem::take(&mut self.skip_first) || bytes.is_empty() {
                continue;
            }
            rows += 1;
            let record = ByteRecord::from(vec![bytes.as_slice()]);
            match &self.mapped {
                Some(mapped) => mapped.push_cells(&mut self.builders, &record, self.line),
                None => self.push(&bytes),
            }
        }
        Ok((rows > 0).then(|| Batch::new(self.builders.iter_mut().map(CellBuilder::finish).collect(), rows)))
    }

    fn push(&mut self, bytes: &[u8]) {
        let mut builders = self.builders.iter_mut();
        if let Some(first) = builders.next() {
            first.push_text(&String::from_utf8_lossy(bytes));
        }
        builders.for_each(CellBuilder::push_missing);
    }
}
