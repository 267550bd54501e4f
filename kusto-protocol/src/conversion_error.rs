use std::fmt;

use serde::de::{Expected, Unexpected};

/// A value that does not fit where it was to go: which column, which row, what was wanted and what was found.
// Boxed, so that the results of the many small steps of a row stay in registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversionError(Box<Failure>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Failure {
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
        Self::new(Trouble::Mismatch {
            wanted: wanted.into(),
            found: found.into(),
        })
    }

    /// Anything else; the place is added where it is known.
    pub(crate) fn message(message: impl Into<String>) -> Self {
        Self::new(Trouble::Other(message.into()))
    }

    fn new(trouble: Trouble) -> Self {
        Self(Box::new(Failure {
            column: None,
            row: None,
            trouble,
        }))
    }

    /// Adds the place where it happened, unless one is known already.
    #[must_use]
    pub(crate) fn at(mut self, column: Option<&str>, row: usize) -> Self {
        let failure = &mut *self.0;
        if failure.column.is_none() {
            failure.column = column.map(str::to_owned);
        }
        failure.row = failure.row.or(Some(row));
        self
    }

    /// Says what was found in Kusto's terms, where serde said it in Rust's.
    #[must_use]
    pub(crate) fn found(mut self, value: impl FnOnce() -> String) -> Self {
        if let Trouble::Mismatch { found, .. } = &mut self.0.trouble {
            *found = value();
        }
        self
    }

    /// The name of the column, where one is to blame.
    pub fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// The number of the row in its batch, from 0.
    pub const fn row(&self) -> Option<usize> {
        self.0.row
    }
}

impl fmt::Display for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.column, self.0.row) {
            (Some(column), Some(row)) => write!(f, "column {column}, row {row}: ")?,
            (Some(column), None) => write!(f, "column {column}: ")?,
            (None, Some(row)) => write!(f, "row {row}: ")?,
            (None, None) => {}
        }
        match &self.0.trouble {
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
        let mut error = Self::message("the rows have no such column; rename the field, or make it an Option");
        error.0.column = Some(field.to_owned());
        error
    }
}
