//! Writes results in the formats of `--format`.

mod arrow;
mod csv;
mod delimited;
mod jsonl;
mod markdown;
mod parquet;
mod table;
mod tsv;

use std::io::{self, Write};
use std::sync::Arc;

use clap::ValueEnum;
use kusto_protocol::{Column, RowBatch};

pub(crate) use table::TableStyle;

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns, for reading
    Table,
    /// Comma-separated values with a header line (RFC 4180)
    Csv,
    /// Tab-separated values with a header line; tab, line feed, carriage return and backslash are written \t \n \r \\
    Tsv,
    /// One JSON object a line
    Jsonl,
    /// A Markdown table
    Markdown,
    /// Apache Arrow IPC stream (binary)
    Arrow,
    /// Apache Parquet file (binary)
    Parquet,
}

impl Format {
    /// Whether the bytes would only upset a terminal.
    pub(crate) const fn is_binary(self) -> bool {
        matches!(self, Self::Arrow | Self::Parquet)
    }
}

/// Writes results one after the other: `begin`, then batches of rows, for each; `finish` after the last.
///
/// Texts of several results are separated by an empty line, Arrow streams follow each other, and a Parquet file holds
/// one result only.
pub(crate) struct Printer<W: Write + Send> {
    format: Format,
    style: TableStyle,
    out: W,
    /// Text of one batch, kept for its capacity.
    text: String,
    current: Option<Current>,
    results: usize,
    left_out: usize,
}

enum Current {
    Table(table::Table),
    Text(Arc<[Column]>),
    Arrow(arrow::Stream),
    Parquet(parquet::File),
}

impl<W: Write + Send> Printer<W> {
    pub(crate) const fn new(format: Format, style: TableStyle, out: W) -> Self {
        Self {
            format,
            style,
            out,
            text: String::new(),
            current: None,
            results: 0,
            left_out: 0,
        }
    }

    /// Begins a result with these columns, and ends the one before.
    ///
    /// # Errors
    ///
    /// What the writer returns; a second result in a format that holds only one.
    pub(crate) fn begin(&mut self, columns: &Arc<[Column]>) -> io::Result<()> {
        self.end()?;
        if self.results > 0 {
            match self.format {
                Format::Parquet => {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidInput,
                        "the query has more than one result and a parquet file holds one: use another --format",
                    ));
                }
                Format::Arrow => {}
                _ => self.out.write_all(b"\n")?,
            }
        }
        self.results += 1;
        self.current = Some(match self.format {
            Format::Table => Current::Table(table::Table::new(Arc::clone(columns), self.style)),
            Format::Arrow => Current::Arrow(arrow::Stream::begin(columns, &mut self.out)?),
            Format::Parquet => Current::Parquet(parquet::File::begin(columns)?),
            _ => Current::Text(Arc::clone(columns)),
        });
        match self.format {
            Format::Csv => csv::push_header(columns, &mut self.text),
            Format::Tsv => tsv::push_header(columns, &mut self.text),
            Format::Markdown => markdown::push_header(columns, &mut self.text),
            Format::Arrow | Format::Jsonl | Format::Parquet | Format::Table => {}
        }
        self.flush_text()
    }

    /// Writes rows of the result begun last.
    ///
    /// # Errors
    ///
    /// What the writer returns.
    pub(crate) fn rows(&mut self, batch: RowBatch) -> io::Result<()> {
        match &mut self.current {
            None => return Ok(()),
            Some(Current::Table(table)) => table.push(batch, &mut self.text),
            Some(Current::Arrow(stream)) => stream.write(batch, &mut self.out)?,
            Some(Current::Parquet(file)) => file.write(batch, &mut self.out)?,
            Some(Current::Text(columns)) => match self.format {
                Format::Tsv => tsv::push_rows(&batch, &mut self.text),
                Format::Jsonl => jsonl::push_rows(columns, &batch, &mut self.text),
                Format::Markdown => markdown::push_rows(&batch, &mut self.text),
                _ => csv::push_rows(&batch, &mut self.text),
            },
        }
        self.flush_text()
    }

    /// Writes a text below the results so far, and ends the last one.
    ///
    /// # Errors
    ///
    /// What the writer returns.
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        self.end()?;
        if self.results > 0 {
            self.out.write_all(b"\n")?;
        }
        self.results += 1;
        self.out.write_all(text.as_bytes())
    }

    /// Ends the last result. Tells how many columns of a table found no room on the terminal.
    ///
    /// # Errors
    ///
    /// What the writer returns.
    pub(crate) fn finish(mut self) -> io::Result<usize> {
        self.end()?;
        self.out.flush()?;
        Ok(self.left_out)
    }

    fn end(&mut self) -> io::Result<()> {
        match self.current.take() {
            None | Some(Current::Text(_)) => {}
            Some(Current::Table(mut table)) => {
                table.finish(&mut self.text);
                self.left_out = self.left_out.max(table.left_out());
            }
            Some(Current::Arrow(stream)) => stream.finish(&mut self.out)?,
            Some(Current::Parquet(file)) => file.finish(&mut self.out)?,
        }
        self.flush_text()
    }

    fn flush_text(&mut self) -> io::Result<()> {
        self.out.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use kusto_protocol::{ColumnType, RowBatchBuilder, Value};

    use super::*;

    /// Two rows with text, numbers, nulls, a line feed and JSON.
    pub(super) fn storms() -> RowBatch {
        let columns = [
            Column::new("State", ColumnType::String),
            Column::new("n", ColumnType::Long),
            Column::new("ratio", ColumnType::Real),
            Column::new("at", ColumnType::DateTime),
            Column::new("ok", ColumnType::Bool),
            Column::new("note", ColumnType::Dynamic),
        ];
        let at = "2007-09-20T21:57:00Z".parse().unwrap();
        let mut builder = RowBatchBuilder::new(columns.into());
        builder
            .push_row(&[
                Value::String("TEXAS"),
                Value::Long(4701),
                Value::Real(0.5),
                Value::DateTime(at),
                Value::Bool(true),
                Value::Dynamic(r#"{"a":[1,2]}"#),
            ])
            .unwrap();
        let second = [
            Value::String("line\nfeed, comma"),
            Value::Null,
            Value::Real(f64::NAN),
        ];
        builder
            .push_row(&[&second[..], &[Value::Null; 3]].concat())
            .unwrap();
        builder.finish()
    }

    pub(super) fn print(format: Format) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut printer = Printer::new(format, TableStyle::default(), &mut bytes);
        let batch = storms();
        printer.begin(batch.columns()).unwrap();
        printer.rows(batch).unwrap();
        printer.finish().unwrap();
        bytes
    }

    pub(super) fn printed(format: Format) -> String {
        String::from_utf8(print(format)).unwrap()
    }

    #[test]
    fn a_parquet_file_holds_one_result() {
        let mut printer = Printer::new(Format::Parquet, TableStyle::default(), Vec::new());
        printer.begin(storms().columns()).unwrap();
        let error = printer.begin(storms().columns()).unwrap_err();
        assert!(error.to_string().contains("use another --format"));
    }
}
