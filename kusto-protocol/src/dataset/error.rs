use std::fmt;

/// Frames that do not make a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSetError {
    kind: DataSetErrorKind,
    message: String,
}

/// In which way frames do not make a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataSetErrorKind {
    /// Rows are missing, or there are too many.
    RowCount,
    /// A frame belongs to a table that is not open.
    UnexpectedFrame,
}

impl DataSetError {
    pub(super) const fn new(kind: DataSetErrorKind, message: String) -> Self {
        Self { kind, message }
    }

    /// In which way frames do not make a data set.
    pub const fn kind(&self) -> DataSetErrorKind {
        self.kind
    }
}

impl fmt::Display for DataSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DataSetError {}
