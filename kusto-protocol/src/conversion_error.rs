use std::fmt;

/// A value that does not fit where it was to go: which column, which row, what was wanted and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversionError {
    column: Option<String>,
    row: Option<usize>,
    message: String,
}

impl ConversionError {
    /// The value at this place is of another type than wanted.
    pub(crate) fn cell(column: &str, row: usize, wanted: &str, found: &str) -> Self {
        Self {
            column: Some(column.to_owned()),
            row: Some(row),
            message: format!("wanted {wanted}, found {found}"),
        }
    }

    /// A row has the wrong number of values.
    pub(crate) fn row_width(row: usize, wanted: usize, found: usize) -> Self {
        Self {
            column: None,
            row: Some(row),
            message: format!("wanted {wanted} values, found {found}"),
        }
    }

    /// Anything else; the place is added where it is known.
    pub(crate) fn message(message: impl Into<String>) -> Self {
        Self {
            column: None,
            row: None,
            message: message.into(),
        }
    }

    /// Adds the place where it happened, unless one is known already.
    #[must_use]
    pub(crate) fn at(mut self, column: Option<&str>, row: usize) -> Self {
        self.column = self.column.or_else(|| column.map(str::to_owned));
        self.row = self.row.or(Some(row));
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
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConversionError {}

impl serde::de::Error for ConversionError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::message(message.to_string())
    }
}
