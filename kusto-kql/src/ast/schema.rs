use super::{Name, Span};

/// A type's name; aliases are folded (`int64` is [`ScalarType::Long`], `double` is
/// [`ScalarType::Real`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScalarType {
    /// `bool`, `boolean`.
    Bool,
    /// `datetime`, `date`.
    DateTime,
    /// `decimal`.
    Decimal,
    /// `dynamic`.
    Dynamic,
    /// `guid`, `uuid`, `uniqueid`.
    Guid,
    /// `int`, and the smaller integers `find` knows.
    Int,
    /// `long`, `int64`, and the unsigned integers `find` knows.
    Long,
    /// `real`, `double`, `float`.
    Real,
    /// `string`.
    String,
    /// `timespan`, `time`.
    Timespan,
}

/// One `name: type`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnDeclaration {
    /// The column's name.
    pub name: Name,
    /// The column's type.
    pub scalar_type: ScalarType,
    /// From the name to the type.
    pub span: Span,
}

/// `(name: type, …)`, with `*` where any further columns may stand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RowSchema {
    /// The named columns, in order.
    pub columns: Vec<ColumnDeclaration>,
    /// If there is a `*`: how many of `columns` stand before it.
    pub star: Option<usize>,
    /// From parenthesis to parenthesis.
    pub span: Span,
}

/// What `typeof(…)` names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Typeof {
    /// `typeof(long)`.
    Scalar(ScalarType),
    /// `typeof(a: long, b: string)`, `typeof(*, c: real)`.
    Row(RowSchema),
}
