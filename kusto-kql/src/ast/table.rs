use super::{ColumnDeclaration, Expression, Operator, Parameter, RowSchema, Span};

/// `datatable(schema)[values]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Datatable {
    /// Options before the schema.
    pub parameters: Vec<Parameter>,
    /// The columns.
    pub schema: RowSchema,
    /// All cells, row after row: literals, with a sign where written.
    pub values: Vec<Expression>,
}

/// `externaldata(schema)[connection strings] with (properties)`.
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalData {
    /// Options before the schema.
    pub parameters: Vec<Parameter>,
    /// The columns.
    pub schema: RowSchema,
    /// Where the data is: string literals as a rule.
    pub sources: Vec<Expression>,
    /// `with (format="csv", …)`.
    pub properties: Vec<Parameter>,
}

/// `inline_external_table (schema) kind=storage dataformat=csv (sources) with (properties)`.
#[derive(Clone, Debug, PartialEq)]
pub struct InlineExternalTable {
    /// The columns.
    pub schema: RowSchema,
    /// `kind=storage`, `dataformat=csv`.
    pub parameters: Vec<Parameter>,
    /// `partition by (…)`.
    pub partitions: Vec<ExternalPartition>,
    /// `pathformat=(…)`: names, texts and calls, one after the other.
    pub path_format: Vec<Expression>,
    /// Where the data is: string literals as a rule.
    pub sources: Vec<Expression>,
    /// `with (…)`.
    pub properties: Vec<Parameter>,
}

/// `name: type = expression`.
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalPartition {
    /// The virtual column.
    pub column: ColumnDeclaration,
    /// What it is computed from.
    pub value: Option<Expression>,
    /// From the name to the end of the expression.
    pub span: Span,
}

/// `materialized-view-combine("view") base (…) delta (…) aggregations (…)`.
#[derive(Clone, Debug, PartialEq)]
pub struct MaterializedViewCombine {
    /// The view's name, a string literal.
    pub view: Expression,
    /// What was materialized.
    pub base: Expression,
    /// What came since.
    pub delta: Expression,
    /// The `summarize` that joins both.
    pub aggregations: Operator,
}
