use super::{
    Call, Evaluate, Expression, Facet, Find, ForkBranch, GraphMatch, GraphOutput, Join, Lookup, MacroExpand,
    MakeGraph, MakeSeries, MvApply, MvExpand, Name, NamedExpression, ParseKv, ParsePattern, Partition,
    Reduce, ReorderedColumn, RowSchema, SampleDistinct, Scan, Search, Span, Summarize, Top, TopHitters,
    TopNested,
};

/// One operator of a pipe.
#[derive(Clone, Debug, PartialEq)]
pub struct Operator {
    /// What the operator is.
    pub kind: OperatorKind,
    /// `kind=inner`, `hint.strategy=shuffle`, `isfuzzy=true`: what stands between the operator's name
    /// and its operands, in order.
    pub parameters: Vec<Parameter>,
    /// From the operator's name to the end of its operands.
    pub span: Span,
}

impl Operator {
    /// The value of the first parameter of that name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Expression> {
        let parameter = self
            .parameters
            .iter()
            .find(|parameter| parameter.name.text == name)?;
        Some(&parameter.value)
    }
}

/// `name=value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The name, with its dots: `hint.strategy`.
    pub name: Name,
    /// A literal or a bare word ([`super::ExpressionKind::Name`]).
    pub value: Expression,
    /// From the name to the end of the value.
    pub span: Span,
}

/// The operators of the language.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OperatorKind {
    /// `as name`
    As(Name),
    /// `assert-schema (…)`
    AssertSchema(RowSchema),
    /// `consume`
    Consume,
    /// `count`, `count as name`
    Count(Option<Name>),
    /// `distinct …`; a lone [`super::ExpressionKind::Star`] for `distinct *`.
    Distinct(Vec<NamedExpression>),
    /// `evaluate plugin(…) : (schema)`
    Evaluate(Box<Evaluate>),
    /// `__executeAndCache`
    ExecuteAndCache,
    /// `extend …`
    Extend(Vec<NamedExpression>),
    /// `facet by …`
    Facet(Facet),
    /// `find …`
    Find(Box<Find>),
    /// `fork (…) (…)`
    Fork(Vec<ForkBranch>),
    /// `getschema`
    GetSchema,
    /// `graph-mark-components`
    GraphMarkComponents,
    /// `graph-match …`
    GraphMatch(Box<GraphMatch>),
    /// `graph-shortest-paths …`
    GraphShortestPaths(Box<GraphMatch>),
    /// `graph-to-table …`
    GraphToTable(Vec<GraphOutput>),
    /// `graph-where-edges predicate`
    GraphWhereEdges(Expression),
    /// `graph-where-nodes predicate`
    GraphWhereNodes(Expression),
    /// `invoke f(…)`; the call may have an object.
    Invoke(Box<Call>),
    /// `join …`
    Join(Box<Join>),
    /// `lookup …`
    Lookup(Box<Lookup>),
    /// `macro-expand …`
    MacroExpand(Box<MacroExpand>),
    /// `make-graph …`
    MakeGraph(Box<MakeGraph>),
    /// `make-series …`
    MakeSeries(Box<MakeSeries>),
    /// `mv-apply …`
    MvApply(Box<MvApply>),
    /// `mv-expand …`
    MvExpand(Box<MvExpand>),
    /// `parse expression with …`; `kind` and `flags` are parameters.
    Parse(Box<ParsePattern>),
    /// `parse-kv …`
    ParseKv(Box<ParseKv>),
    /// `parse-where expression with …`
    ParseWhere(Box<ParsePattern>),
    /// `partition …`
    Partition(Box<Partition>),
    /// `print …`
    Print(Vec<NamedExpression>),
    /// `project …`
    Project(Vec<NamedExpression>),
    /// `project-away …`: names and wildcards.
    ProjectAway(Vec<Expression>),
    /// `project-by-names …`: texts, or arrays of them.
    ProjectByNames(Vec<Expression>),
    /// `project-keep …`: names and wildcards.
    ProjectKeep(Vec<Expression>),
    /// `project-rename …`
    ProjectRename(Vec<NamedExpression>),
    /// `project-reorder …`
    ProjectReorder(Vec<ReorderedColumn>),
    /// `range x from a to b step c`
    Range(Box<Range>),
    /// `reduce by …`
    Reduce(Box<Reduce>),
    /// `render chart with (…)`
    Render(Render),
    /// `sample n`
    Sample(Expression),
    /// `sample-distinct n of column`
    SampleDistinct(Box<SampleDistinct>),
    /// `scan …`
    Scan(Box<Scan>),
    /// `search …`
    Search(Box<Search>),
    /// `serialize …`
    Serialize(Vec<NamedExpression>),
    /// `sort by …`, `order by …`
    Sort(Vec<OrderedExpression>),
    /// `summarize … by …`
    Summarize(Box<Summarize>),
    /// `take n`, `limit n`
    Take(Expression),
    /// `top n by …`
    Top(Box<Top>),
    /// `top-hitters n of column by …`
    TopHitters(Box<TopHitters>),
    /// `top-nested …, top-nested …`
    TopNested(Vec<TopNested>),
    /// `union …`: names, wildcards and pipes.
    Union(Vec<Expression>),
    /// `where …`, `filter …`
    Where(Expression),
}

/// `expression asc nulls first`.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderedExpression {
    /// What to order by.
    pub expression: NamedExpression,
    /// The direction, if written; the language's default is descending.
    pub order: Option<Order>,
    /// Where nulls go, if written; the default is first when ascending, last when descending.
    pub nulls: Option<Nulls>,
    /// From the expression to the last of its keywords.
    pub span: Span,
}

/// A direction. The `granny` orders, of `project-reorder` alone, compare runs of digits as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// `asc`
    Asc,
    /// `desc`
    Desc,
    /// `granny-asc`
    GrannyAsc,
    /// `granny-desc`
    GrannyDesc,
}

/// Where nulls go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nulls {
    /// `nulls first`
    First,
    /// `nulls last`
    Last,
}

/// `range name from a to b step c`.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// The column's name.
    pub name: Name,
    /// The first value.
    pub from: Expression,
    /// The last value, at most.
    pub to: Expression,
    /// The distance of values.
    pub step: Expression,
}

/// `render chart with (properties)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Render {
    /// The chart's name, as written.
    pub chart: Name,
    /// The properties in order; the older form without `with` gives the same.
    pub properties: Vec<RenderProperty>,
}

/// `name = value`, `ycolumns = a, b`.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderProperty {
    /// The property's name.
    pub name: Name,
    /// Its value; several for a list of columns.
    pub values: Vec<Expression>,
    /// From the name to the end of the value.
    pub span: Span,
}
