//! Text that must not be printed: keys, passwords, tokens, signed addresses.

use std::fmt;

/// A text whose `Debug` and `Display` never show it.
///
/// The text comes out only where [`expose`](Self::expose) is written, so a search for that word finds every
/// place that can leak. Equality is the plain comparison of the texts; it is not constant-time.
///
/// ```
/// use kusto_protocol::Secret;
///
/// let key = Secret::new("p4ssw0rd");
/// assert_eq!(key.to_string(), "****");
/// assert_eq!(format!("{key:?}"), "Secret(****)");
/// assert_eq!(key.expose(), "p4ssw0rd");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Secret(String);

/// What is printed in the place of every secret.
pub(crate) const MASK: &str = "****";

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: for the request that carries it, never for a message.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({MASK})")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_inside_other_types_does_not_show_the_text() {
        let nested = Some(vec![("key", Secret::from("hunter2"))]);
        let shown = format!("{nested:?} {nested:#?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains(MASK));
    }

    #[test]
    fn width_and_precision_do_not_reveal_the_length() {
        assert_eq!(format!("{:>20.1}", Secret::from("hunter2")), MASK);
    }
}
