use std::fmt;

use serde::de::{Expected, Unexpected};

use crate::ConversionError;

/// A value that is no JSON, or does not fit its type.
// Boxed, so that the results of the many small steps of a value stay in registers.
#[derive(Debug)]
pub(in super::super) struct JsonError(Box<Failure>);

#[derive(Debug)]
struct Failure {
    message: String,
    at: Option<usize>,
}

impl JsonError {
    /// Adds how far the text had been read.
    pub(super) fn at(mut self, at: usize) -> Self {
        self.0.at = Some(at);
        self
    }
}

impl From<JsonError> for ConversionError {
    fn from(error: JsonError) -> Self {
        Self::message(format!("dynamic value: {error}"))
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match self.0.at {
            Some(at) => write!(f, ", at byte {at}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for JsonError {}

impl serde::de::Error for JsonError {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(Box::new(Failure {
            message: message.to_string(),
            at: None,
        }))
    }

    #[cold]
    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("wanted {expected}, found {unexpected}"))
    }

    #[cold]
    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }
}
