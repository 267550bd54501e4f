//! Paths through a graph of nodes and edges.

use super::{Plan, Scalar};

/// The operands of `graph-match` and `graph-shortest-paths`.
pub(crate) struct Paths {
    /// The nodes; what `key` gives is their name among the edges.
    pub(crate) nodes: Plan,
    pub(crate) edges: Plan,
    /// The column of the nodes' names.
    pub(crate) key: usize,
    /// The columns of the edges that name the nodes at their ends, of the same type as `key`.
    pub(crate) source: usize,
    pub(crate) target: usize,
    pub(crate) cycles: Cycles,
    /// What a node or an edge must be like, by its place among those of the pattern.
    pub(crate) node_conditions: Vec<(usize, Scalar)>,
    pub(crate) edge_conditions: Vec<(usize, Scalar)>,
    pub(crate) num_nodes: usize,
    pub(crate) num_edges: usize,
    pub(crate) steps: Vec<PathStep>,
    /// What comes out of each path.
    pub(crate) outputs: Vec<PathOutput>,
}

/// How often a path may come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cycles {
    /// As often as it can be.
    All,
    /// Nodes as often as it can be, edges once.
    UniqueEdges,
    /// Nodes once.
    None,
}

/// A part of a pattern.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PathStep {
    /// A node to begin at, or one that was met before.
    Start(usize),
    /// From one node to another.
    Hop {
        from: usize,
        edge: usize,
        to: usize,
        /// Whether edges are gone along, and whether against their direction.
        forward: bool,
        backward: bool,
        /// The fewest and the most edges.
        hops: (u64, u64),
    },
}

/// A column of [`Paths`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathOutput {
    /// The column of a node.
    Node { node: usize, column: usize },
    /// The column of an edge, where it is one.
    Edge { edge: usize, column: usize },
    /// An array of the column of all edges between two nodes.
    Edges { edge: usize, column: usize },
    /// An array of the column of all nodes between two nodes.
    Inner { edge: usize, column: usize },
    /// How many edges there are between the nodes of all steps.
    Length,
    /// The place of a node in the graph.
    Place(usize),
}

/// The operands of `graph-mark-components`: the nodes with the number of their component behind their columns.
pub(crate) struct Components {
    pub(crate) nodes: Plan,
    pub(crate) edges: Plan,
    pub(crate) key: usize,
    pub(crate) source: usize,
    pub(crate) target: usize,
}
