use super::{Expression, Name, OrderedExpression, ParameterDeclaration, Span};

/// `scan order by … partition by … declare (…) with (steps)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// `order by …`.
    pub order_by: Vec<OrderedExpression>,
    /// `partition by …`.
    pub partition_by: Vec<Expression>,
    /// `declare (…)`.
    pub declarations: Vec<ParameterDeclaration>,
    /// The steps in order.
    pub steps: Vec<ScanStep>,
}

/// `step name optional output=all: condition => name = value, …;`.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanStep {
    /// The step's name.
    pub name: Name,
    /// True if `optional`.
    pub is_optional: bool,
    /// `all`, `last` or `none`.
    pub output: Option<Name>,
    /// When the step takes a row.
    pub condition: Expression,
    /// What it remembers then.
    pub assignments: Vec<ScanAssignment>,
    /// From `step` to `;`.
    pub span: Span,
}

/// `name = value` of a [`ScanStep`].
#[derive(Clone, Debug, PartialEq)]
pub struct ScanAssignment {
    /// A declared name.
    pub name: Name,
    /// Its value.
    pub value: Expression,
}
