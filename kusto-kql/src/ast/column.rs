use super::{
    Expression, Name, NamedExpression, Operator, Order, Parameter, RowSchema, ScalarType, Span, Typeof,
};

/// `mv-apply columns limit n on (operators)`.
#[derive(Clone, Debug, PartialEq)]
pub struct MvApply {
    /// The arrays in order.
    pub columns: Vec<MvExpandColumn>,
    /// `limit n`.
    pub limit: Option<Expression>,
    /// `id guid(…)`.
    pub id: Option<Expression>,
    /// What each row's elements go through.
    pub operators: Vec<Operator>,
}

/// `mv-expand columns limit n`.
#[derive(Clone, Debug, PartialEq)]
pub struct MvExpand {
    /// The arrays in order.
    pub columns: Vec<MvExpandColumn>,
    /// `limit n`.
    pub limit: Option<Expression>,
}

/// `name = array to typeof(type)`.
#[derive(Clone, Debug, PartialEq)]
pub struct MvExpandColumn {
    /// The array.
    pub expression: NamedExpression,
    /// The type of its elements.
    pub to: Option<Typeof>,
}

/// What `parse` and `parse-where` take.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsePattern {
    /// The text to take apart.
    pub expression: Expression,
    /// The pattern in order.
    pub segments: Vec<ParseSegment>,
}

/// A part of a [`ParsePattern`].
#[derive(Clone, Debug, PartialEq)]
pub enum ParseSegment {
    /// `*`: skip.
    Star(Span),
    /// A string literal to find.
    Text(Expression),
    /// A column to fill.
    Column(ParseColumn),
}

/// `name`, `name: type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseColumn {
    /// The column's name.
    pub name: Name,
    /// Its type; text if not written.
    pub scalar_type: Option<ScalarType>,
}

/// `parse-kv expression as (keys) with (properties)`.
#[derive(Clone, Debug, PartialEq)]
pub struct ParseKv {
    /// The text to take apart.
    pub expression: Expression,
    /// The keys and their types.
    pub keys: RowSchema,
    /// `pair_delimiter=";"` and the like.
    pub properties: Vec<Parameter>,
}

/// A column of `project-reorder`.
#[derive(Clone, Debug, PartialEq)]
pub struct ReorderedColumn {
    /// A name or a wildcard.
    pub column: Expression,
    /// How columns of a wildcard are ordered.
    pub order: Option<Order>,
}
