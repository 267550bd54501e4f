//! The syntax tree: plain structs and enums with public fields, one node per construct.
//!
//! Every node knows its [`Span`] in the text it was parsed from. Parentheses leave no node: the
//! shape of the tree says what they said. Spellings that mean the same are one node
//! (`limit` is [`OperatorKind::Take`], `filter` is [`OperatorKind::Where`], `order by` is
//! [`OperatorKind::Sort`]).

mod aggregate;
mod column;
mod expression;
mod graph;
mod literal;
mod operator;
mod scan;
mod schema;
mod statement;
mod subquery;
mod table;

pub use aggregate::{
    MakeSeries, Reduce, SampleDistinct, SeriesAggregate, SeriesRange, Summarize, Top, TopHitters, TopNested,
};
pub use column::{
    MvApply, MvExpand, MvExpandColumn, ParseColumn, ParseKv, ParsePattern, ParseSegment, ReorderedColumn,
};
pub use expression::{
    BinaryOperator, Call, Expression, ExpressionKind, ListOperator, LogicalOperator, NameClause,
    NamedExpression, UnaryOperator,
};
pub use graph::{
    EdgeDirection, GraphElement, GraphMatch, GraphOutput, GraphOutputKind, GraphPattern, MakeGraph,
    NodeTable, NodesOf,
};
pub use literal::{DynamicEntry, DynamicKind, DynamicValue, Literal, LiteralKind};
pub use operator::{
    Nulls, Operator, OperatorKind, Order, OrderedExpression, Parameter, Range, Render, RenderProperty,
};
pub use scan::{Scan, ScanAssignment, ScanStep};
pub use schema::{ColumnDeclaration, RowSchema, ScalarType, Typeof};
pub use statement::{
    Function, FunctionBody, ParameterDeclaration, ParameterType, Pattern, PatternDefinition, PatternRule,
    Script, Statement, StatementKind,
};
pub use subquery::{
    Evaluate, Facet, Find, FindColumn, FindProjection, ForkBranch, Join, Lookup, MacroExpand, Partition,
    PartitionBody, Search,
};
pub use table::{Datatable, ExternalData, ExternalPartition, InlineExternalTable, MaterializedViewCombine};

/// A range of bytes in the parsed text: `start` is the first byte, `end` is one past the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset one past the last byte.
    pub end: usize,
}

impl Span {
    /// The span from the start of `self` to the end of `last`.
    #[must_use]
    pub fn to(self, last: Self) -> Self {
        Self {
            start: self.start,
            end: last.end,
        }
    }
}

/// A name as the query means it: `['two words']` is the name `two words`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// The name without brackets, quotes or escapes.
    pub text: String,
    /// Where it stands, brackets included.
    pub span: Span,
}
