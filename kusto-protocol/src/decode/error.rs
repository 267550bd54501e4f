use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use crate::OneApiError;

/// Bytes that are no answer of the service, or a service error where the answer should be.
///
/// The message names the place (byte, and table, row and column where they are known) and what was expected there.
/// It never repeats data of the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodeError(Box<Inner>);

#[derive(Clone, Debug, PartialEq)]
struct Inner {
    kind: DecodeErrorKind,
    offset: u64,
    message: Cow<'static, str>,
    table: Option<i64>,
    row: Option<u64>,
    column: Option<String>,
    service: Option<OneApiError>,
}

/// What was wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The body is neither of the two layouts: its first byte is neither `[` nor `{`. Most likely text of the service
    /// or of a gateway. The chunk with that byte has not been consumed.
    NotFrames,
    /// The body is a service error, `{"error": …}`, in place of the answer; see [`DecodeError::service_error`].
    Service,
    /// Not JSON.
    Syntax,
    /// The body ended before the answer did.
    Truncated,
    /// JSON, but not the frame or the frame property that may come here.
    UnexpectedFrame,
    /// A row with more or fewer cells than the table has columns.
    RowWidth,
    /// A cell that does not have the form of its column's type.
    Cell,
    /// One of the limits in [`DecoderConfig`](crate::DecoderConfig) was passed.
    TooLarge,
    /// Text that is not UTF-8.
    Utf8,
}

impl DecodeError {
    pub(super) fn new(kind: DecodeErrorKind, offset: u64, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self(Box::new(Inner {
            kind,
            offset,
            message,
            table: None,
            row: None,
            column: None,
            service: None,
        }))
    }

    /// The body is this error of the service.
    pub(super) fn service(offset: u64, error: OneApiError) -> Self {
        let mut new = Self::new(
            DecodeErrorKind::Service,
            offset,
            "the service answered with an error",
        );
        new.0.service = Some(error);
        new
    }

    #[must_use]
    pub(super) fn in_table(mut self, table: i64) -> Self {
        self.0.table = Some(table);
        self
    }

    #[must_use]
    pub(super) fn in_row(mut self, row: u64, column: Option<&str>) -> Self {
        self.0.row = Some(row);
        self.0.column = column.map(str::to_owned);
        self
    }

    /// What was wrong.
    pub fn kind(&self) -> DecodeErrorKind {
        self.0.kind
    }

    /// Where: the number of bytes of the body before the place.
    pub fn offset(&self) -> u64 {
        self.0.offset
    }

    /// The id of the table in which it happened; for V1 its ordinal.
    pub fn table_id(&self) -> Option<i64> {
        self.0.table
    }

    /// The row of the table in which it happened, from 0.
    pub fn row(&self) -> Option<u64> {
        self.0.row
    }

    /// The name of the column in which it happened.
    pub fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// What the service said, when the kind is [`DecodeErrorKind::Service`].
    pub fn service_error(&self) -> Option<&OneApiError> {
        self.0.service.as_ref()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        write!(f, "answer, byte {}", inner.offset)?;
        if let Some(table) = inner.table {
            write!(f, ", table {table}")?;
        }
        if let Some(row) = inner.row {
            write!(f, ", row {row}")?;
        }
        if let Some(column) = &inner.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", inner.message)
    }
}

impl Error for DecodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_one_line_with_every_place_that_is_known() {
        let error = DecodeError::new(DecodeErrorKind::Cell, 812, "a long was expected");
        assert_eq!(error.to_string(), "answer, byte 812: a long was expected");
        let error = error.in_table(1).in_row(7, Some("n"));
        assert_eq!(
            error.to_string(),
            "answer, byte 812, table 1, row 7, column n: a long was expected"
        );
    }
}
