use super::{Expression, Name, NamedExpression, Operator, Parameter, Span};

/// `make-graph source --> target with Nodes on id`.
#[derive(Clone, Debug, PartialEq)]
pub struct MakeGraph {
    /// The column of the edge's source.
    pub source: Name,
    /// False for `--`.
    pub directed: bool,
    /// The column of the edge's target.
    pub target: Name,
    /// Where the nodes' properties come from.
    pub nodes: Option<NodesOf>,
    /// `partitioned-by column (operators)`.
    pub partitioned_by: Option<(Expression, Vec<Operator>)>,
}

/// Where the nodes of a [`MakeGraph`] come from.
#[derive(Clone, Debug, PartialEq)]
pub enum NodesOf {
    /// `with_node_id = name`: the ids of the edges are all there is.
    Id(Name),
    /// `with T on id, U on key`.
    Tables(Vec<NodeTable>),
}

/// One `T on id`.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeTable {
    /// The table of nodes.
    pub table: Expression,
    /// Its key.
    pub key: Name,
}

/// The operands of `graph-match` and `graph-shortest-paths`.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphMatch {
    /// The patterns in order.
    pub patterns: Vec<GraphPattern>,
    /// `where …`.
    pub predicate: Option<Expression>,
    /// `project …`.
    pub projection: Vec<NamedExpression>,
}

/// `(a)-[e]->(b)<--(c)`: nodes and edges by turns.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphPattern {
    /// The elements in order.
    pub elements: Vec<GraphElement>,
    /// Where the pattern stands.
    pub span: Span,
}

/// One element of a [`GraphPattern`].
#[derive(Clone, Debug, PartialEq)]
pub enum GraphElement {
    /// `(name)`, `()`.
    Node(Option<Name>),
    /// `-->`, `-[name]->`, `<-[name*1..3]-`.
    Edge {
        /// Which way it points.
        direction: EdgeDirection,
        /// Its name.
        name: Option<Name>,
        /// `*from..to`: how many hops.
        hops: Option<(Box<Expression>, Box<Expression>)>,
    },
}

/// Which way an edge points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EdgeDirection {
    /// `-->`
    Forward,
    /// `<--`
    Backward,
    /// `--`
    Any,
}

/// One output of `graph-to-table`.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphOutput {
    /// Which table.
    pub kind: GraphOutputKind,
    /// `as name`.
    pub name: Option<Name>,
    /// `with_node_id=…` and the like.
    pub parameters: Vec<Parameter>,
}

/// The tables a graph has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GraphOutputKind {
    /// `nodes`
    Nodes,
    /// `edges`
    Edges,
}
