use std::fmt;

use serde::de::{Expected, Unexpected};

/// A value that does not fit where it was to go: which column, which row, what was wanted and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversionError {
    column: Option<String>,
    row: Option<usize>,
    trouble: Trouble,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Trouble {
    Mismatch { wanted: String, found: String },
    Other(String),
}

impl ConversionError {
    /// The value at this place is of another type than wanted.
    pub(crate) fn cell(column: &str, row: usize, wanted: &str, found: &str) -> Self {
        Self::mismatch(wanted, found).at(Some(column), row)
    }

    /// A row has the wrong number of values.
    pub(crate) fn row_width(row: usize, wanted: usize, found: usize) -> Self {
        let wanted = match wanted {
            1 => "1 value".to_owned(),
            _ => format!("{wanted} values"),
        };
        Self::mismatch(wanted, found.to_string()).at(None, row)
    }

    /// Something else than wanted was found; the place is added where it is known.
    pub(crate) fn mismatch(wanted: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            column: None,
            row: None,
            trouble: Trouble::Mismatch {
                wanted: wanted.into(),
                found: found.into(),
            },
        }
    }

    /// Anything else; the place is added where it is known.
    pub(crate) fn message(message: impl Into<String>) -> Self {
        Self {
            column: None,
            row: None,
            trouble: Trouble::Other(message.into()),
        }
    }

    /// Adds the place where it happened, unless one is known already.
    #[must_use]
    pub(crate) fn at(mut self, column: Option<&str>, row: usize) -> Self {
        self.column = self.column.or_else(|| column.map(str::to_owned));
        self.row = self.row.or(Some(row));
        self
    }

    /// Says what was found in Kusto's terms, where serde said it in Rust's.
    #[must_use]
    pub(crate) fn found(mut self, value: impl FnOnce() -> String) -> Self {
        if let Trouble::Mismatch { found, .. } = &mut self.trouble {
            *found = value();
        }
        self
    }

    /// The name of the column, where one is to blame.
    pub fn column(&self) -> Option<&str> {
        self.column.as_deref()
    }

    /// The number of the row in its batch, from 0.
    pub const fn row(&self) -> Option<usize> {
        self.row
    }
}

impl fmt::Display for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.column, self.row) {
            (Some(column), Some(row)) => write!(f, "column {column}, row {row}: ")?,
            (Some(column), None) => write!(f, "column {column}: ")?,
            (None, Some(row)) => write!(f, "row {row}: ")?,
            (None, None) => {}
        }
        match &self.trouble {
            Trouble::Mismatch { wanted, found } => write!(f, "wanted {wanted}, found {found}"),
            Trouble::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for ConversionError {}

impl serde::de::Error for ConversionError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::message(message.to_string())
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::mismatch(expected.to_string(), unexpected.to_string())
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            column: Some(field.to_owned()),
            ..Self::message("the rows have no such column; rename the field, or make it an Option")
        }
    }
}
