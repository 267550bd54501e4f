//! Reads rows out of files and request bodies, in the formats that Kusto ingests.

mod cell;
mod delimited;
mod json;
mod parquet;

use std::fmt;
use std::io::{BufReader, Cursor, Read};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use kusto_protocol::{Column, DataFormat};

use crate::types::Batch;

pub(crate) use cell::is_json;
pub(crate) use delimited::{Records, delimiter};
pub(crate) use json::{ObjectLayout, Objects};
pub(crate) use parquet::{ParquetRows, parquet_columns};

/// The most rows that are read at once.
pub(crate) const BATCH_ROWS: usize = 8192;

/// Input that could not be read: on which line, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReadError {
    line: u64,
    message: String,
}

impl ReadError {
    /// Lines count from 1; 0 where there are none.
    pub(crate) fn new(line: u64, message: impl Into<String>) -> Self {
        Self {
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.message),
            line => write!(f, "line {line}: {}", self.message),
        }
    }
}

impl std::error::Error for ReadError {}

/// Reads rows of a known schema.
pub(crate) enum Rows {
    Delimited(DelimitedRows),
    Json(json::JsonRows<Input>),
    Parquet(Box<ParquetRows>),
}

type Input = Box<dyn Read + Send>;
type DelimitedRows = delimited::DelimitedRows<Input>;

impl Rows {
    /// Reads text of a format into these columns.
    ///
    /// # Errors
    ///
    /// When the format is not one that can be read from a stream of bytes here; the message names it.
    pub(crate) fn of_text(
        input: Input,
        format: DataFormat,
        columns: &[Column],
        skip_first: bool,
    ) -> Result<Self, ReadError> {
        if let Some(delimiter) = delimiter(format) {
            return Ok(Self::Delimited(delimited::DelimitedRows::new(
                input, delimiter, columns, skip_first,
            )));
        }
        match object_layout(format) {
            Some(layout) => Ok(Self::Json(json::JsonRows::new(input, layout, columns))),
            None => Err(ReadError::new(
                0,
                format!("the format {} is not supported", format.name()),
            )),
        }
    }

    /// Reads a body that was sent, whatever its format.
    ///
    /// # Errors
    ///
    /// When the format is not supported, or the body is no file of it.
    pub(crate) fn of_body(body: Bytes, format: DataFormat, columns: &[Column]) -> Result<Self, ReadError> {
        if format == DataFormat::Parquet {
            return Ok(Self::Parquet(Box::new(ParquetRows::of_bytes(body, columns)?)));
        }
        Self::of_text(Box::new(Cursor::new(body)), format, columns, false)
    }

    /// The next rows; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>, ReadError> {
        match self {
            Self::Delimited(rows) => rows.next(),
            Self::Json(rows) => rows.next(),
            Self::Parquet(rows) => rows.next(),
        }
    }
}

/// How the objects of a JSON format follow one another; `None` for formats that are not JSON.
pub(crate) fn object_layout(format: DataFormat) -> Option<ObjectLayout> {
    match format {
        DataFormat::Json => Some(ObjectLayout::Lines),
        DataFormat::MultiJson | DataFormat::SingleJson => Some(ObjectLayout::Any),
        _ => None,
    }
}

/// Undoes gzip, if the input begins as gzip does.
pub(crate) fn gunzip(input: impl Read + Send + 'static) -> std::io::Result<Input> {
    let mut input = BufReader::with_capacity(64 * 1024, input);
    let is_gzip = std::io::BufRead::fill_buf(&mut input)?.starts_with(&[0x1f, 0x8b]);
    Ok(if is_gzip {
        Box::new(MultiGzDecoder::new(input))
    } else {
        Box::new(input)
    })
}
