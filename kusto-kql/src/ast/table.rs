use super::{Expression, Operator, Parameter, RowSchema};

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
