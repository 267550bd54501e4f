//! Graphs: the paths that a pattern asks for, and which nodes hang together.

mod paths;

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array};

use super::group::{self, Groups};
use super::join::concat_all;
use super::{Operator, Result, Scope};
use crate::plan::{Components, Node, Plan};
use crate::types::{Batch, data_type};

pub(super) use paths::PathFinder;

/// A graph in memory: edges by the places of the nodes at their ends.
struct Graph {
    nodes: Batch,
    edges: Batch,
    /// For each edge its source and its target.
    ends: Vec<(u32, u32)>,
}

impl Graph {
    fn load(
        (nodes, key): (&Plan, usize),
        (edges, source, target): (&Plan, usize, usize),
        scope: &Scope,
    ) -> Result<Self> {
        let rows = |plan: &Plan| {
            let batches = super::drain(super::open(plan, scope)?, scope)?;
            concat_all(&batches, &plan.schema)
        };
        let (nodes, edges, ty) = (rows(nodes)?, rows(edges)?, &nodes.schema[key].column_type);
        let column = |batch: &Batch, place: usize| group::keys(Arc::clone(&batch.columns()[place]), ty);
        let mut names = Groups::new(&[data_type(ty)])?;
        let mut places = Vec::new();
        names.assign(&[column(&nodes, key)], nodes.num_rows(), &mut places)?;
        let sources = names.find(&[column(&edges, source)], edges.num_rows())?;
        let targets = names.find(&[column(&edges, target)], edges.num_rows())?;
        Ok(Self {
            ends: sources.into_iter().zip(targets).collect(),
            nodes,
            edges,
        })
    }
}

/// The nodes with the number of their component.
pub(super) struct ComponentMarker {
    node: Arc<Node>,
    scope: Scope,
    is_done: bool,
}

impl ComponentMarker {
    pub(super) fn new(node: Arc<Node>, scope: &Scope) -> Self {
        Self {
            node,
            scope: scope.clone(),
            is_done: false,
        }
    }

    fn run(&self, components: &Components) -> Result<Batch> {
        let Components {
            nodes,
            edges,
            key,
            source,
            target,
        } = components;
        let graph = Graph::load((nodes, *key), (edges, *source, *target), &self.scope)?;
        let len = graph.nodes.num_rows();
        // Each node points to one of its component; the one that points to itself stands for it.
        let mut parents: Vec<usize> = (0..len).collect();
        for &(source, target) in &graph.ends {
            let (source, target) = (source as usize, target as usize);
            if source < len && target < len {
                let (a, b) = (root(&mut parents, source), root(&mut parents, target));
                parents[a.max(b)] = a.min(b);
            }
        }
        // Components are numbered in the order of their first nodes.
        let mut numbers = vec![None; len];
        let mut next = 0;
        let marks: Vec<i64> = (0..len)
            .map(|node| {
                *numbers[root(&mut parents, node)].get_or_insert_with(|| {
                    next += 1;
                    next - 1
                })
            })
            .collect();
        let mut columns: Vec<ArrayRef> = graph.nodes.columns().to_vec();
        columns.push(Arc::new(Int64Array::from(marks)));
        Ok(Batch::new(columns, len))
    }
}

fn root(parents: &mut [usize], mut node: usize) -> usize {
    while parents[node] != node {
        parents[node] = parents[parents[node]];
        node = parents[node];
    }
    node
}

impl Operator for ComponentMarker {
    fn next(&mut self) -> Result<Option<Batch>> {
        match &*Arc::clone(&self.node) {
            Node::Components(components) if !self.is_done => {
                self.is_done = true;
                self.run(components).map(Some)
            }
            _ => Ok(None),
        }
    }
}
