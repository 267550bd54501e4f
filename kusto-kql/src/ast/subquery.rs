use super::{Call, Expression, Name, Operator, RowSchema, ScalarType, Span, Statement};

/// `evaluate plugin(…) : (schema)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluate {
    /// The plugin and its arguments.
    pub call: Call,
    /// The schema promised.
    pub schema: Option<RowSchema>,
}

/// `facet by columns with (operators)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Facet {
    /// The columns.
    pub columns: Vec<Expression>,
    /// What each facet's rows go through.
    pub operators: Vec<Operator>,
}

/// `find in (tables) where predicate project columns`.
#[derive(Clone, Debug, PartialEq)]
pub struct Find {
    /// `datascope=…`.
    pub scope: Option<String>,
    /// The tables; none means all.
    pub tables: Vec<Expression>,
    /// What rows must satisfy.
    pub predicate: Expression,
    /// Which columns come out, if written.
    pub projection: Option<FindProjection>,
    /// `project-away …`; a lone star means all.
    pub project_away: Vec<FindColumn>,
}

/// The columns of a [`Find`].
#[derive(Clone, Debug, PartialEq)]
pub enum FindProjection {
    /// `project a, b: long, pack(*)`.
    Columns(Vec<FindColumn>),
    /// `project-smart`.
    Smart,
}

/// A column of a [`Find`].
#[derive(Clone, Debug, PartialEq)]
pub enum FindColumn {
    /// `name`, `name: type`.
    Column(Name, Option<ScalarType>),
    /// `pack(*)`: everything else, in one property bag.
    Pack,
    /// `*`.
    Star,
}

/// `name = (operators)`.
#[derive(Clone, Debug, PartialEq)]
pub struct ForkBranch {
    /// The name of the answer.
    pub name: Option<Name>,
    /// The operators in order.
    pub operators: Vec<Operator>,
    /// Where the branch stands.
    pub span: Span,
}

/// `join right on …`; `kind` is a parameter of the operator.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// The other table.
    pub right: Expression,
    /// `on` columns or equalities, in order.
    pub on: Vec<Expression>,
    /// `where …`, instead of `on`.
    pub predicate: Option<Expression>,
}

/// `lookup right on …`; `kind` is a parameter of the operator.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    /// The other table.
    pub right: Expression,
    /// `on` columns or equalities, in order.
    pub on: Vec<Expression>,
}

/// `macro-expand group as scope ( statements )`.
#[derive(Clone, Debug, PartialEq)]
pub struct MacroExpand {
    /// An entity group or the name of one.
    pub group: Expression,
    /// The name that stands for each entity.
    pub scope: Name,
    /// What is done with each.
    pub statements: Vec<Statement>,
}

/// `partition by column (operators)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    /// The column.
    pub by: Expression,
    /// `in (…)`.
    pub values: Option<Expression>,
    /// `id guid(…)`, of `__partitionby` alone.
    pub id: Option<Expression>,
    /// What each partition goes through.
    pub body: PartitionBody,
}

/// The body of a [`Partition`].
#[derive(Clone, Debug, PartialEq)]
pub enum PartitionBody {
    /// `(operators)`, fed with the partition.
    Operators(Vec<Operator>),
    /// `{ pipe }`, which names its source itself.
    Query(Expression),
}

/// `search kind=… in (tables) predicate`.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// `datascope=…`.
    pub scope: Option<String>,
    /// The tables; none means all.
    pub tables: Vec<Expression>,
    /// What to search for; `*` alone is [`super::ExpressionKind::Star`].
    pub predicate: Expression,
}
