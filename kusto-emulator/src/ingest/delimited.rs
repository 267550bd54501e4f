//! Rows of the delimited text formats: CSV and its relatives.

use std::io::{BufRead, BufReader, Chain, Cursor, Read};

use csv::ByteRecord;
use kusto_protocol::{Column, DataFormat};

use super::cell::CellBuilder;
use super::record::MappedColumns;
use super::{BATCH_ROWS, ReadError, RowRules, ValidationPolicy};
use crate::types::Batch;

/// The byte between the cells of a row; `None` for formats that are not delimited text.
pub(crate) fn delimiter(format: DataFormat) -> Option<u8> {
    match format {
        DataFormat::Csv => Some(b','),
        DataFormat::Tsv | DataFormat::Tsve => Some(b'\t'),
        DataFormat::Psv => Some(b'|'),
        DataFormat::Scsv => Some(b';'),
        DataFormat::Sohsv => Some(1),
        _ => None,
    }
}

/// Reads records: cells separated by the delimiter, quoted with `"` where they hold one, a quote or a line break.
pub(crate) struct Records<R> {
    reader: csv::Reader<Chain<BufReader<R>, Cursor<&'static [u8]>>>,
    record: ByteRecord,
    /// Whether lines end in CR LF. The parser stops after the CR.
    ends_in_crlf: bool,
}

impl<R: Read> Records<R> {
    pub(crate) fn new(input: R, delimiter: u8) -> Self {
        Self::with(input, csv::ReaderBuilder::new().delimiter(delimiter))
    }

    /// Records of a format whose cells are not quoted, but have backslashes before what would end them.
    fn escaped(input: R, delimiter: u8) -> Self {
        let mut builder = csv::ReaderBuilder::new();
        Self::with(input, builder.delimiter(delimiter).quoting(false))
    }

    fn with(input: R, builder: &mut csv::ReaderBuilder) -> Self {
        let mut input = BufReader::with_capacity(64 * 1024, input);
        // An error of the input comes again when it is read.
        let begin = input.fill_buf().unwrap_or_default();
        let first = memchr::memchr(b'\n', begin);
        let ends_in_crlf = first.is_some_and(|at| begin[..at].ends_with(b"\r"));
        let reader = builder
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(64 * 1024)
            .from_reader(input.chain(Cursor::new(match ends_in_crlf {
                true => LAST_RECORD,
                false => &LAST_RECORD[1..],
            })));
        Self {
            reader,
            record: ByteRecord::new(),
            ends_in_crlf,
        }
    }

    /// The line on which the record began that was just read: the parser counts what it skips before, and within.
    fn line(&self, has_end: bool) -> u64 {
        let inner = memchr::memchr_iter(b'\n', self.record.as_slice()).count() as u64;
        let ends = u64::from(has_end && !self.ends_in_crlf);
        self.reader.position().line().saturating_sub(inner + ends).max(1)
    }

    /// The next record and the line (from 1) on which it begins.
    pub(crate) fn next(&mut self) -> Result<Option<(&ByteRecord, u64)>, ReadError> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => return Err(ReadError::new(self.reader.position().line(), error.to_string())),
        }
        match self.record.iter().next_back() {
            Some(LAST_CELL) if self.record.len() == 1 => Ok(None),
            Some(cell) if cell.ends_with(LAST_CELL) => {
                let message = "a quote is opened and never closed";
                Err(ReadError::new(self.line(false), message).code("Stream_ClosingQuoteMissing"))
            }
            _ => {
                let line = self.line(true);
                Ok(Some((&self.record, line)))
            }
        }
    }
}

/// Reads records into columns, by position or by a mapping.
pub(crate) struct DelimitedRows<R> {
    records: Records<R>,
    builders: Vec<CellBuilder>,
    mapped: Option<MappedColumns>,
    skip_first: bool,
    validation: ValidationPolicy,
    /// How many fields the first row has, once it was read.
    first_len: Option<usize>,
    is_escaped: bool,
}

impl<R: Read> DelimitedRows<R> {
    pub(crate) fn new(
        input: R,
        format: DataFormat,
        delimiter: u8,
        columns: &[Column],
        mapped: Option<MappedColumns>,
        rules: RowRules,
    ) -> Self {
        let is_escaped = format == DataFormat::Tsve;
        Self {
            records: match is_escaped {
                true => Records::escaped(input, delimiter),
                false => Records::new(input, delimiter),
            },
            builders: CellBuilder::for_columns(columns),
            mapped,
            skip_first: rules.skip_first,
            validation: rules.validation,
            first_len: None,
            is_escaped,
        }
    }

    /// The next rows; `None` at the end.
    ///
    /// Without a mapping, a record with fewer cells than the table has columns is filled up with missing values, as
    /// Kusto does; one with more is an error, since cells would be lost.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>, ReadError> {
        let mut rows = 0;
        while rows < BATCH_ROWS {
            let Some((record, line)) = self.records.next()? else {
                break;
            };
            if std::mem::take(&mut self.skip_first) {
                continue;
            }
            let unescaped = self
                .is_escaped
                .then(|| record.iter().map(unescape).collect::<ByteRecord>());
            let record = unescaped.as_ref().unwrap_or(record);
            let first = *self.first_len.get_or_insert(record.len());
            let columns = self.mapped.is_none().then_some(self.builders.len());
            if !self.validation.admits(record, line, first, columns)? {
                continue;
            }
            rows += 1;
            if let Some(mapped) = &self.mapped {
                mapped.push_cells(&mut self.builders, record, line);
                continue;
            }
            for (builder, index) in self.builders.iter_mut().zip(0..) {
                match record.get(index) {
                    // Kusto replaces bytes that are no UTF-8 as well.
                    Some(cell) => builder.push_text(&String::from_utf8_lossy(cell)),
                    None => builder.push_missing(),
                }
            }
        }
        Ok((rows > 0).then(|| Batch::new(self.builders.iter_mut().map(CellBuilder::finish).collect(), rows)))
    }
}

/// A cell of TSVE without its backslashes.
fn unescape(cell: &[u8]) -> Vec<u8> {
    let (mut plain, mut bytes) = (Vec::with_capacity(cell.len()), cell.iter());
    while let Some(byte) = bytes.next() {
        match (byte, bytes.as_slice().first()) {
            (b'\\', Some(escaped)) => {
                plain.push(match escaped {
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'r' => b'\r',
                    other => *other,
                });
                bytes.next();
            }
            _ => plain.push(*byte),
        }
    }
    plain
}

/// Comes behind the input: if a quote is open at the end, it lands in the last cell instead of in a record of its own.
/// The parser would take an open quote for a closed one. The CR is for input whose lines have one.
const LAST_RECORD: &[u8] = b"\r\n\x00end of records\x00";
const LAST_CELL: &[u8] = b"\x00end of records\x00";

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(format: DataFormat, text: &'static str) -> Result<Vec<usize>, ReadError> {
        let delimiter = delimiter(format).unwrap();
        let (mut records, mut lengths) = (Records::new(text.as_bytes(), delimiter), Vec::new());
        while let Some((record, _)) = records.next()? {
            lengths.push(record.len());
        }
        Ok(lengths)
    }

    #[test]
    fn records_end_with_the_input() {
        assert_eq!(cells(DataFormat::Csv, "a,b\nc"), Ok(vec![2, 1]));
        assert_eq!(cells(DataFormat::Csv, "a,\"b\nc\"\n\n"), Ok(vec![2]));
        assert_eq!(cells(DataFormat::Csv, ""), Ok(vec![]));
    }

    #[test]
    fn a_quote_that_is_not_closed_is_an_error() {
        let error = cells(DataFormat::Csv, "a,b\nc,\"d\ne").unwrap_err();
        assert_eq!(error.error_code(), "Stream_ClosingQuoteMissing");
        assert!(error.to_string().starts_with("line 2: "), "{error}");
    }

    #[test]
    fn lines_are_counted_whatever_stands_between_records() {
        for end in ["\n", "\r\n"] {
            let text = ["", "", "a,b", "", "\"c", "d\",\"e", "", "f\"", "g,h", "", "i"].join(end);
            let mut records = Records::new(text.as_bytes(), b',');
            let mut lines = Vec::new();
            while let Some((_, line)) = records.next().unwrap() {
                lines.push(line);
            }
            assert_eq!(lines, [3, 5, 9, 11], "{end:?}");
        }
    }

    #[test]
    fn backslashes_of_tsve_are_undone() {
        assert_eq!(unescape(br"a\tb\\n\n"), b"a\tb\\n\n");
    }
}
