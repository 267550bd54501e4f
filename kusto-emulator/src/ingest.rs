//! Reads rows out of files and request bodies, in the formats that Kusto ingests.

mod cell;
mod columnar;
mod delimited;
mod json;
mod lines;
mod mapping;
mod path;
mod properties;
mod record;
mod run;
mod sources;
mod validation;

use std::fmt;
use std::io::{BufReader, Cursor, Read};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use kusto_protocol::{Column, DataFormat};

use crate::types::Batch;

pub(crate) use cell::is_json;
pub(crate) use columnar::{ColumnarRows, parquet_columns};
pub(crate) use delimited::{Records, delimiter};
pub(crate) use json::{ObjectLayout, Objects};
pub(crate) use mapping::Mapping;
pub(crate) use properties::{IngestProperties, MappingChoice, ingestion_error};
pub(crate) use record::MappedColumns;
pub(crate) use run::{Ingested, Source, append, is_known, read_source};
pub(crate) use sources::Sources;
pub(crate) use validation::ValidationPolicy;

/// The most rows that are read at once.
pub(crate) const BATCH_ROWS: usize = 8192;

/// Input that could not be read: on which line, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReadError {
    line: u64,
    code: &'static str,
    message: String,
}

impl ReadError {
    /// Lines count from 1; 0 where there are none.
    pub(crate) fn new(line: u64, message: impl Into<String>) -> Self {
        Self {
            line,
            code: "BadRequest_InvalidBlob",
            message: message.into(),
        }
    }

    /// The error with a code of the service's, which says more than that the data is bad.
    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// What the service calls the error.
    pub(crate) const fn error_code(&self) -> &'static str {
        self.code
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

/// How text becomes rows, beyond its format.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RowRules {
    /// Whether the first record is a header.
    pub(crate) skip_first: bool,
    /// What is checked of delimited rows.
    pub(crate) validation: ValidationPolicy,
}

impl RowRules {
    /// No checks but the usual ones.
    pub(crate) fn header(skip_first: bool) -> Self {
        Self {
            skip_first,
            ..Self::default()
        }
    }
}

/// Reads rows of a known schema.
pub(crate) enum Rows {
    Columnar(Box<ColumnarRows>),
    Delimited(Box<delimited::DelimitedRows<Input>>),
    Json(json::JsonRows<Input>),
    Lines(lines::Lines<Input>),
}

type Input = Box<dyn Read + Send>;

impl Rows {
    /// Reads text of a format into these columns.
    ///
    /// # Errors
    ///
    /// When the format is not text that can be read here; the message names it.
    pub(crate) fn of_text(
        input: Input,
        format: DataFormat,
        columns: &[Column],
        mapped: Option<MappedColumns>,
        rules: RowRules,
    ) -> Result<Self, ReadError> {
        if let Some(delimiter) = delimiter(format) {
            let rows = delimited::DelimitedRows::new(input, format, delimiter, columns, mapped, rules);
            return Ok(Self::Delimited(Box::new(rows)));
        }
        if let Some(layout) = object_layout(format) {
            let rows = json::JsonRows::new(input, layout, columns, mapped, rules.skip_first);
            return Ok(Self::Json(rows));
        }
        let is_whole = match format {
            DataFormat::Txt => false,
            DataFormat::Raw => true,
            _ => {
                let message = format!("the format {} is not supported", format.name());
                return Err(ReadError::new(0, message).code("BadRequest_FormatNotSupported"));
            }
        };
        let lines = lines::Lines::new(input, columns, mapped, rules.skip_first, is_whole);
        Ok(Self::Lines(lines))
    }

    /// Reads a body that was sent, whatever its format.
    ///
    /// # Errors
    ///
    /// When the format is not supported, or the body is no file of it.
    pub(crate) fn of_body(
        body: Bytes,
        format: DataFormat,
        columns: &[Column],
        mapped: Option<MappedColumns>,
        rules: RowRules,
    ) -> Result<Self, ReadError> {
        match format {
            DataFormat::Parquet => {
                let rows = ColumnarRows::of_parquet(body, columns, mapped)?;
                Ok(Self::Columnar(Box::new(rows)))
            }
            DataFormat::Avro | DataFormat::ApacheAvro => {
                let rows = ColumnarRows::of_avro(Cursor::new(body), columns, mapped)?;
                Ok(Self::Columnar(Box::new(rows)))
            }
            _ => Self::of_text(Box::new(Cursor::new(body)), format, columns, mapped, rules),
        }
    }

    /// The next rows; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>, ReadError> {
        match self {
            Self::Columnar(rows) => rows.next(),
            Self::Delimited(rows) => rows.next(),
            Self::Json(rows) => rows.next(),
            Self::Lines(rows) => rows.next(),
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
