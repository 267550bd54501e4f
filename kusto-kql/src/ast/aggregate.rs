use super::{Expression, NamedExpression, OrderedExpression, Span};

/// `make-series aggregates on axis from a to b step c by keys`.
#[derive(Clone, Debug, PartialEq)]
pub struct MakeSeries {
    /// The aggregates in order.
    pub aggregates: Vec<SeriesAggregate>,
    /// The axis.
    pub axis: NamedExpression,
    /// Its bounds and step.
    pub range: SeriesRange,
    /// The keys in order.
    pub by: Vec<NamedExpression>,
}

/// `aggregate default = value`.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesAggregate {
    /// The aggregate.
    pub expression: NamedExpression,
    /// What empty bins get.
    pub default: Option<Expression>,
}

/// The bounds of a [`MakeSeries`].
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesRange {
    /// `from …`.
    pub from: Option<Expression>,
    /// `to …`.
    pub to: Option<Expression>,
    /// `step …`.
    pub step: Expression,
    /// True for the older `in range(from, to, step)`, whose end is inclusive.
    pub in_range: bool,
}

/// `reduce by expression with properties`.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduce {
    /// The text to group.
    pub by: NamedExpression,
    /// `threshold=0.1`, `characters="…"`.
    pub properties: Vec<NamedExpression>,
}

/// `sample-distinct n of column`.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleDistinct {
    /// How many values.
    pub count: Expression,
    /// Of what.
    pub of: NamedExpression,
}

/// `summarize aggregates by keys`.
#[derive(Clone, Debug, PartialEq)]
pub struct Summarize {
    /// The aggregates in order.
    pub aggregates: Vec<NamedExpression>,
    /// The keys in order.
    pub by: Vec<NamedExpression>,
    /// The older `bin=size` after the keys.
    pub bin: Option<Expression>,
}

/// `top count by key`.
#[derive(Clone, Debug, PartialEq)]
pub struct Top {
    /// How many rows.
    pub count: Expression,
    /// By what.
    pub by: OrderedExpression,
}

/// `top-hitters count of expression by weight`.
#[derive(Clone, Debug, PartialEq)]
pub struct TopHitters {
    /// How many values.
    pub count: Expression,
    /// Of what.
    pub of: NamedExpression,
    /// What each row weighs; one if not written.
    pub by: Option<OrderedExpression>,
}

/// One level of `top-nested`.
#[derive(Clone, Debug, PartialEq)]
pub struct TopNested {
    /// How many values; all if not written.
    pub count: Option<Expression>,
    /// Of what.
    pub of: NamedExpression,
    /// `with others = …`.
    pub others: Option<Expression>,
    /// By which aggregate.
    pub by: OrderedExpression,
    /// Where the level stands.
    pub span: Span,
}
