//! What can go wrong with a query.

use std::fmt;

use arrow_schema::ArrowError;

/// A query that was refused, or that failed while it ran.
///
/// Display is one line in the service's own words, with a code such as `SEM0100` and, where the fault has
/// a place in the text, its line and column: `[line:position=1:8]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EngineError {
    kind: EngineErrorKind,
    /// The service's own code, where it has one that says more than the kind.
    code: Option<&'static str>,
    message: String,
}

/// What sort of fault an [`EngineError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub(crate) enum EngineErrorKind {
    /// The text is not KQL.
    Syntax,
    /// A name is not known, a type does not fit, a parameter is missing.
    Semantic,
    /// KQL that this service does not run.
    Unsupported,
    /// The answer, or what was needed to compute it, grew over a limit of the request.
    LimitExceeded,
    /// The request was cancelled.
    Cancelled,
    /// The request took longer than its deadline.
    TimedOut,
    /// The query failed on its data.
    Runtime,
}

impl EngineError {
    pub(crate) fn new(kind: EngineErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: None,
            message: message.into(),
        }
    }

    /// The error under a code of the service's, such as `BadRequest_EmptyBlob`.
    pub(crate) fn with_code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// The service's own code, where it has one that says more than the kind.
    pub(crate) const fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// What sort of fault it is.
    pub(crate) const fn kind(&self) -> EngineErrorKind {
        self.kind
    }

    /// Whether sending the same request again gives the same error.
    pub(crate) fn is_permanent(&self) -> bool {
        let is_transient = matches!(self.kind, EngineErrorKind::Cancelled | EngineErrorKind::TimedOut)
            || self.code.is_some_and(|code| TRANSIENT.contains(&code));
        !is_transient
    }
}

/// Codes of faults that may be gone next time.
const TRANSIENT: &[&str] = &[
    "Download_UnknownError",
    "General_InternalServerError",
    "General_TransientSchemaMismatch",
];

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EngineError {}

/// A function or operator that cannot be bound to its arguments. The binder adds the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BindError {
    pub(crate) kind: EngineErrorKind,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl BindError {
    /// A fault in the service's words: `SEM0064` and what it says.
    pub(crate) fn semantic(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind: EngineErrorKind::Semantic,
            code,
            message: message.into(),
        }
    }

    /// No function of that name exists in KQL, or none here.
    pub(crate) fn unknown_function(name: &str) -> Self {
        Self::semantic("SEM0260", format!("Unknown function: '{name}'."))
    }

    /// The number of arguments is wrong.
    pub(crate) fn argument_count(name: &str, expected: impl fmt::Display) -> Self {
        Self::semantic("SEM0219", format!("{name}(): expected {expected} argument(s)."))
    }

    /// KQL that this service does not run: `what` names it, `function 'f'`.
    pub(crate) fn unsupported(what: impl fmt::Display) -> Self {
        Self {
            kind: EngineErrorKind::Unsupported,
            code: "SEM0001",
            message: format!("{what} is not supported by this service."),
        }
    }
}

/// A failure while a query runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EvalError {
    pub(crate) kind: EngineErrorKind,
    pub(crate) message: String,
}

impl EvalError {
    /// The data does not allow what the query asks for.
    pub(crate) fn runtime(message: impl Into<String>) -> Self {
        Self {
            kind: EngineErrorKind::Runtime,
            message: message.into(),
        }
    }

    /// The request took longer than its deadline.
    pub(crate) fn timed_out() -> Self {
        Self {
            kind: EngineErrorKind::TimedOut,
            message: "Query execution timed out (E_QUERY_TIMEOUT).".to_owned(),
        }
    }

    /// Something grew over a limit.
    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self {
            kind: EngineErrorKind::LimitExceeded,
            message: message.into(),
        }
    }
}

impl From<ArrowError> for EvalError {
    fn from(error: ArrowError) -> Self {
        Self::runtime(error.to_string())
    }
}

impl From<EvalError> for EngineError {
    fn from(error: EvalError) -> Self {
        Self::new(error.kind, error.message)
    }
}
