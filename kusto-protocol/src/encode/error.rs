use std::borrow::Cow;
use std::fmt;

/// A frame that cannot be written: out of turn, or beyond what the layout can say. Nothing was written of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeError {
    kind: EncodeErrorKind,
    message: Cow<'static, str>,
}

/// Why a frame cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncodeErrorKind {
    /// A value has no form on the wire: a datetime outside the years 0 to 9999.
    Cell,
    /// The layout has no form for this frame: rows that replace others need the progressive one.
    Inexpressible,
    /// The frame does not follow from those before it.
    UnexpectedFrame,
}

impl EncodeError {
    pub(super) fn new(kind: EncodeErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// Why the frame cannot be written.
    pub const fn kind(&self) -> EncodeErrorKind {
        self.kind
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EncodeError {}
