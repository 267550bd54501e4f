use crate::ErrorReportingPlacement;

/// How an answer is laid out on the wire: the older object of tables (V1), or an array of frames (V2) with primary
/// tables whole, in fragments, or replaceable.
///
/// ```
/// use kusto_protocol::{ErrorReportingPlacement, Layout};
///
/// // What most clients ask for: bounded lines, errors after the rows.
/// let layout = Layout::V2_FRAGMENTED
///     .newlines_between_frames(true)
///     .error_reporting_placement(ErrorReportingPlacement::EndOfTable);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub(super) form: Form,
    pub(super) newlines: bool,
    pub(super) errors: ErrorReportingPlacement,
    pub(super) table_of_contents: bool,
}

/// The outer shape of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    V1,
    Plain,
    Fragmented,
    Progressive,
}

impl Layout {
    /// One object with all tables, as management commands answer. Tables have no ids, kinds or names. Errors are texts:
    /// whether one is permanent, and codes that the text has no form for, get lost, and so does that an answer was
    /// cancelled.
    pub const V1: Self = Self {
        form: Form::V1,
        newlines: false,
        errors: ErrorReportingPlacement::InData,
        table_of_contents: false,
    };
    /// An array of frames, each table in one `DataTable`. What a V2 query gives when nothing else was asked for.
    pub const V2: Self = Self {
        form: Form::Plain,
        ..Self::V1
    };
    /// As [`Layout::V2`], with primary tables in fragments (`results_v2_fragment_primary_tables`).
    pub const V2_FRAGMENTED: Self = Self {
        form: Form::Fragmented,
        ..Self::V1
    };
    /// As [`Layout::V2_FRAGMENTED`], with progress and with fragments that replace those before
    /// (`results_progressive_enabled`).
    pub const V2_PROGRESSIVE: Self = Self {
        form: Form::Progressive,
        ..Self::V1
    };

    /// Whether each frame has a line of its own (`results_v2_newlines_between_frames`). Without meaning in V1.
    #[must_use]
    pub const fn newlines_between_frames(self, newlines: bool) -> Self {
        Self { newlines, ..self }
    }

    /// Where errors of a table are written (`results_error_reporting_placement`). Without meaning in V1, which puts
    /// them among the rows.
    ///
    /// Wherever that is, the end of the answer repeats them. A `DataTable` has no end of its own: there,
    /// [`ErrorReportingPlacement::EndOfTable`] leaves errors to the end of the answer.
    #[must_use]
    pub const fn error_reporting_placement(self, errors: ErrorReportingPlacement) -> Self {
        Self { errors, ..self }
    }

    /// Whether a V1 answer ends with a list of its tables, which gives their kinds and names. Queries have one,
    /// most management commands do not. Without meaning in V2.
    #[must_use]
    pub const fn table_of_contents(self, table_of_contents: bool) -> Self {
        Self {
            table_of_contents,
            ..self
        }
    }

    /// Whether a line feed ends each frame.
    pub(super) const fn is_line_by_line(self) -> bool {
        self.newlines && !matches!(self.form, Form::V1)
    }
}
