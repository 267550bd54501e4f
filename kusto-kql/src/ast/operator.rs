use super::{
    Call, Expression, GraphMatch, GraphOutput, MakeGraph, Name, NamedExpression, ParameterDeclaration,
    RowSchema, ScalarType, Span, Statement, Typeof,
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

/// A column of `project-reorder`.
#[derive(Clone, Debug, PartialEq)]
pub struct ReorderedColumn {
    /// A name or a wildcard.
    pub column: Expression,
    /// How columns of a wildcard are ordered.
    pub order: Option<Order>,
}

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
    /// `pack(*)`, `pack_all()`.
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

/// `reduce by expression with properties`.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduce {
    /// The text to group.
    pub by: NamedExpression,
    /// `threshold=0.1`, `characters="…"`.
    pub properties: Vec<NamedExpression>,
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

/// `sample-distinct n of column`.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleDistinct {
    /// How many values.
    pub count: Expression,
    /// Of what.
    pub of: NamedExpression,
}

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
