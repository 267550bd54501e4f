//! 

mod parse_error;
mod secret;

pub use parse_error::{ParseError, ParseErrorKind};
pub use secret::Secret;
