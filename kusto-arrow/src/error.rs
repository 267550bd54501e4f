use std::fmt;

use arrow_schema::ArrowError;

/// A column that cannot be converted: which, and where in it.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    column: String,
    row: Option<usize>,
    message: String,
    source: Option<ArrowError>,
}

/// Why a column cannot be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Arrow refuses the buffers.
    Arrow,
    /// A value does not fit the type it was to have.
    OutOfRange,
    /// No rule leads from one type to the other.
    UnsupportedType,
}

impl Error {
    pub(crate) fn arrow(column: &str, source: ArrowError) -> Self {
        Self {
            kind: ErrorKind::Arrow,
            column: column.to_owned(),
            row: None,
            message: "arrow refuses the column".to_owned(),
            source: Some(source),
        }
    }

    pub(crate) fn out_of_range(column: &str, row: usize, message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::OutOfRange,
            column: column.to_owned(),
            row: Some(row),
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn unsupported(column: &str, message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::UnsupportedType,
            column: column.to_owned(),
            row: None,
            message: message.into(),
            source: None,
        }
    }

    /// Why the column cannot be converted.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The name of the column.
    pub fn column(&self) -> &str {
        &self.column
    }

    /// The number of the row in its batch, from 0, if one value is to blame.
    pub const fn row(&self) -> Option<usize> {
        self.row
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}", self.column)?;
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.source.as_ref()?)
    }
}
