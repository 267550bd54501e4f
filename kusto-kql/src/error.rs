//! The one error of the crate, and positions in text.

use std::fmt;

/// Why a text is not KQL: the first place where it cannot go on, and what could stand there.
///
/// ```
/// let error = kusto_kql::parse("StormEvents\n| where State ==").unwrap_err();
/// assert_eq!(error.code(), "SYN0002");
/// assert_eq!((error.line(), error.column()), (2, 17));
/// assert_eq!(
///     error.to_string(),
///     "syntax error SYN0002 at line 2, column 17: expected an expression, found the end of the text"
/// );
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SyntaxError {
    // Boxed: a result is moved through every level of the parser.
    inner: Box<Inner>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    kind: SyntaxErrorKind,
    offset: usize,
    position: LineColumn,
    expected: &'static str,
    token: String,
}

/// What kind of [`SyntaxError`] it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SyntaxErrorKind {
    /// Something else was expected; [`SyntaxError::expected`] says what.
    Unexpected,
    /// A string or a literal like `datetime(…)` is not closed.
    Unterminated,
    /// A backslash in a string is followed by something that cannot follow it.
    BadEscape,
    /// A character KQL does not use.
    UnknownCharacter,
    /// The query is nested more deeply than [`crate::MAX_DEPTH`].
    TooDeep,
    /// The text has 4 GiB or more.
    TooLong,
}

impl SyntaxError {
    pub(crate) fn new(
        kind: SyntaxErrorKind,
        text: &str,
        offset: usize,
        expected: &'static str,
        token: &str,
    ) -> Self {
        let position = LineColumn::of(text, offset);
        let token = token.chars().take(MAX_TOKEN_LENGTH).collect();
        Self {
            inner: Box::new(Inner {
                kind,
                offset,
                position,
                expected,
                token,
            }),
        }
    }

    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> SyntaxErrorKind {
        self.inner.kind
    }

    /// The service's code for the error: `SYN0002`, a token that does not fit, in nearly all cases;
    /// `SYN0001` if the text was not read at all.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.inner.kind {
            SyntaxErrorKind::TooDeep | SyntaxErrorKind::TooLong => "SYN0001",
            _ => "SYN0002",
        }
    }

    /// Where the text cannot go on, in bytes from its start.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.inner.offset
    }

    /// The line of [`SyntaxError::offset`], from one.
    #[must_use]
    pub fn line(&self) -> usize {
        self.inner.position.line
    }

    /// The column of [`SyntaxError::offset`], in characters from one.
    #[must_use]
    pub fn column(&self) -> usize {
        self.inner.position.column
    }

    /// What could stand there: `an expression`, `')'`.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        self.inner.expected
    }

    /// What stands there instead; empty at the end of the text, cut short if long.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.inner.token
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            kind,
            position,
            expected,
            token,
            ..
        } = &*self.inner;
        let LineColumn { line, column } = position;
        write!(
            f,
            "syntax error {} at line {line}, column {column}: ",
            self.code()
        )?;
        let token: &dyn fmt::Display = if token.is_empty() {
            &"the end of the text"
        } else {
            &format_args!("'{}'", token.escape_debug())
        };
        match kind {
            SyntaxErrorKind::Unexpected => write!(f, "expected {expected}, found {token}"),
            SyntaxErrorKind::Unterminated => write!(f, "{token} is not closed"),
            SyntaxErrorKind::BadEscape => write!(
                f,
                "{token} has a backslash that starts no escape; double it or write @\"…\""
            ),
            SyntaxErrorKind::UnknownCharacter => write!(f, "{token} means nothing here"),
            SyntaxErrorKind::TooDeep => {
                write!(
                    f,
                    "nested more than {} levels deep; use let statements",
                    crate::MAX_DEPTH
                )
            }
            SyntaxErrorKind::TooLong => write!(f, "the text has 4 GiB or more"),
        }
    }
}

impl fmt::Debug for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl std::error::Error for SyntaxError {}

/// A position in a text as people count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineColumn {
    /// The line, from one.
    pub line: usize,
    /// The column, in characters from one.
    pub column: usize,
}

impl LineColumn {
    /// The position of a byte offset. An offset past the end, or inside a character, counts as the
    /// nearest character boundary before it.
    ///
    /// ```
    /// use kusto_kql::LineColumn;
    ///
    /// assert_eq!(LineColumn::of("T\n| take 1", 4), LineColumn { line: 2, column: 3 });
    /// ```
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let is_boundary = |end: &usize| text.is_char_boundary(*end);
        let end = (0..=offset.min(text.len())).rev().find(is_boundary).unwrap_or(0);
        let before = &text[..end];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

const MAX_TOKEN_LENGTH: usize = 60;
