//! The one error of everything in this crate that reads text.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// A text that could not be understood: what it was meant to be, where it went wrong, and what to do.
///
/// The message never repeats secrets or whole inputs.
///
/// ```
/// use kusto_protocol::{ConnectionString, ParseErrorKind};
///
/// let error = "https://help.kusto.windows.net;Colour=red".parse::<ConnectionString>().unwrap_err();
/// assert_eq!(error.kind(), ParseErrorKind::Unknown);
/// assert_eq!(error.position(), Some(31));
/// assert!(error.to_string().starts_with("connection string, byte 31: unknown keyword"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    what: &'static str,
    kind: ParseErrorKind,
    position: Option<usize>,
    message: Cow<'static, str>,
}

/// In which way a text could not be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Two parts of the text exclude each other.
    Contradictory,
    /// The text does not follow the grammar.
    Malformed,
    /// A part is missing that cannot be guessed.
    Missing,
    /// The text is well formed, but its value is outside what the type can hold.
    OutOfRange,
    /// The text, or what it unpacks to, exceeds a limit.
    TooLarge,
    /// A name that nobody documents.
    Unknown,
    /// A documented name or form that this crate does not support.
    Unsupported,
}

impl ParseError {
    /// `what` is the noun that was expected (`"timespan"`), `position` a byte offset into the text, and `message`
    /// one lower-case line without secrets.
    pub(crate) fn new(
        what: &'static str,
        kind: ParseErrorKind,
        position: impl Into<Option<usize>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            what,
            kind,
            position: position.into(),
            message: message.into(),
        }
    }

    /// In which way the text could not be understood.
    pub fn kind(&self) -> ParseErrorKind {
        self.kind
    }

    /// What the text was meant to be: `connection string`, `timespan`, `deep link`, …
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// The byte offset at which the trouble starts, where one place is to blame.
    pub fn position(&self) -> Option<usize> {
        self.position
    }

    /// The explanation alone, without [`what`](Self::what) and [`position`](Self::position).
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "{}, byte {position}: {}", self.what, self.message),
            None => write!(f, "{}: {}", self.what, self.message),
        }
    }
}

impl Error for ParseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_one_line_and_names_the_place_if_there_is_one() {
        let error = ParseError::new("timespan", ParseErrorKind::Malformed, 3, "two digits expected");
        assert_eq!(error.to_string(), "timespan, byte 3: two digits expected");
        let error = ParseError::new(
            "timespan",
            ParseErrorKind::OutOfRange,
            None,
            "more than 10675199 days",
        );
        assert_eq!(error.to_string(), "timespan: more than 10675199 days");
    }
}
