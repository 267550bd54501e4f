//! `graph-match`: a depth-first search for all ways to lay a pattern over a graph.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, UInt32Array};
use arrow_select::take::take;

use super::Graph;
use crate::error::EvalError;
use crate::exec::group::NONE;
use crate::exec::{Operator, Result, Scope};
use crate::function::kind::nullable_texts;
use crate::function::{json_from_value, json_text};
use crate::plan::{Cycles, Node, PathOutput, PathStep, Paths, Scalar};
use crate::types::Batch;
use crate::vector::value_at;

/// The paths of a pattern, all found when the first is asked for.
pub(in crate::exec) struct PathFinder {
    node: Arc<Node>,
    scope: Scope,
    is_done: bool,
}

impl PathFinder {
    pub(in crate::exec) fn new(node: Arc<Node>, scope: &Scope) -> Self {
        Self {
            node,
            scope: scope.clone(),
            is_done: false,
        }
    }
}

impl Operator for PathFinder {
    fn next(&mut self) -> Result<Option<Batch>> {
        match &*Arc::clone(&self.node) {
            Node::Paths(paths) if !self.is_done => {
                self.is_done = true;
                find(paths, &self.scope).map(Some)
            }
            _ => Ok(None),
        }
    }
}

fn find(paths: &Paths, scope: &Scope) -> Result<Batch> {
    let nodes = (&paths.nodes, paths.key);
    let graph = Graph::load(nodes, (&paths.edges, paths.source, paths.target), scope)?;
    let mut outgoing = vec![Vec::new(); graph.nodes.num_rows()];
    let mut incoming = outgoing.clone();
    for (edge, &(source, target)) in graph.ends.iter().enumerate() {
        if source != NONE && target != NONE {
            outgoing[source as usize].push(edge as u32);
            incoming[target as usize].push(edge as u32);
        }
    }
    let allowed = |conditions: &[(usize, Scalar)], len: usize, batch: &Batch| -> Result<Vec<Vec<bool>>> {
        let mut allowed = vec![Vec::new(); len];
        for (place, condition) in conditions {
            let holds = condition.evaluate(batch, &scope.session)?;
            let holds = holds.bools();
            let holds = (0..batch.num_rows()).map(|row| holds.get(row) == Some(true));
            allowed[*place] = match allowed[*place].is_empty() {
                true => holds.collect(),
                false => allowed[*place].iter().zip(holds).map(|(a, b)| *a && b).collect(),
            };
        }
        Ok(allowed)
    };
    let mut search = Search {
        paths,
        scope,
        allowed_nodes: allowed(&paths.node_conditions, paths.num_nodes, &graph.nodes)?,
        allowed_edges: allowed(&paths.edge_conditions, paths.num_edges, &graph.edges)?,
        outgoing,
        incoming,
        nodes: vec![NONE; paths.num_nodes],
        trails: vec![Trail::default(); paths.num_edges],
        times_met: vec![0; graph.nodes.num_rows()],
        times_gone: vec![0; graph.edges.num_rows()],
        tries: 0,
        found_nodes: vec![Vec::new(); paths.num_nodes],
        found_trails: vec![Vec::new(); paths.num_edges],
        graph,
    };
    search.step(0)?;
    search.columns()
}

/// The edges of one step, and the nodes between them.
#[derive(Clone, Default)]
struct Trail {
    edges: Vec<u32>,
    inner: Vec<u32>,
}

struct Search<'a> {
    paths: &'a Paths,
    scope: &'a Scope,
    graph: Graph,
    /// For each node of the pattern which ones it may be; empty if any.
    allowed_nodes: Vec<Vec<bool>>,
    allowed_edges: Vec<Vec<bool>>,
    /// The edges from and to each node.
    outgoing: Vec<Vec<u32>>,
    incoming: Vec<Vec<u32>>,
    /// What the nodes and edges of the pattern are so far.
    nodes: Vec<u32>,
    trails: Vec<Trail>,
    /// How often the path so far comes by each node and each edge.
    times_met: Vec<u32>,
    times_gone: Vec<u32>,
    tries: u64,
    found_nodes: Vec<Vec<u32>>,
    found_trails: Vec<Vec<Trail>>,
}

impl Search<'_> {
    /// Lays the steps of the pattern from `index` on.
    fn step(&mut self, index: usize) -> Result<()> {
        match self.paths.steps.get(index) {
            None => self.keep(),
            Some(&PathStep::Start(node)) if self.nodes[node] != NONE => self.step(index + 1),
            Some(&PathStep::Start(node)) => {
                for place in 0..self.graph.nodes.num_rows() as u32 {
                    if self.may_be(node, place) {
                        self.nodes[node] = place;
                        self.times_met[place as usize] += 1;
                        self.step(index + 1)?;
                        self.times_met[place as usize] -= 1;
                        self.nodes[node] = NONE;
                    }
                }
                Ok(())
            }
            Some(&PathStep::Hop { from, edge, .. }) => {
                let from = self.nodes[from];
                let before = std::mem::take(&mut self.trails[edge]);
                self.hop(index, from, 0)?;
                self.trails[edge] = before;
                Ok(())
            }
        }
    }

    /// Goes on from `at`, the step having gone so many edges.
    fn hop(&mut self, index: usize, at: u32, gone: u64) -> Result<()> {
        let PathStep::Hop {
            edge,
            to,
            forward,
            backward,
            hops: (least, most),
            ..
        } = self.paths.steps[index]
        else {
            return Ok(());
        };
        if gone >= least {
            let is_new = self.nodes[to] == NONE;
            if is_new && self.may_be(to, at) {
                self.nodes[to] = at;
                self.step(index + 1)?;
                self.nodes[to] = NONE;
            } else if !is_new && self.nodes[to] == at {
                self.step(index + 1)?;
            }
        }
        if gone == most {
            return Ok(());
        }
        let ways = [(forward, true), (backward, false)];
        for is_forward in ways.into_iter().filter(|(goes, _)| *goes).map(|(_, way)| way) {
            let edges = match is_forward {
                true => &self.outgoing[at as usize],
                false => &self.incoming[at as usize],
            };
            for position in 0..edges.len() {
                let edges = match is_forward {
                    true => &self.outgoing[at as usize],
                    false => &self.incoming[at as usize],
                };
                let next = edges[position];
                let (source, target) = self.graph.ends[next as usize];
                // A loop is one edge, whichever way it is gone.
                if !is_forward && forward && source == target {
                    continue;
                }
                self.go(
                    index,
                    edge,
                    at,
                    gone,
                    next,
                    if is_forward { target } else { source },
                )?;
            }
        }
        Ok(())
    }

    /// Goes along one edge, if the pattern allows it.
    fn go(&mut self, index: usize, edge: usize, at: u32, gone: u64, next: u32, reached: u32) -> Result<()> {
        self.tries += 1;
        if self.tries.is_multiple_of(1024) {
            self.scope.session.check()?;
        }
        let allowed = &self.allowed_edges[edge];
        if !allowed.is_empty() && !allowed[next as usize] {
            return Ok(());
        }
        let is_cycle = match self.paths.cycles {
            Cycles::All => false,
            Cycles::UniqueEdges => self.times_gone[next as usize] > 0,
            Cycles::None => self.times_met[reached as usize] > 0,
        };
        if is_cycle {
            return Ok(());
        }
        self.times_gone[next as usize] += 1;
        self.times_met[reached as usize] += 1;
        self.trails[edge].edges.push(next);
        if gone > 0 {
            self.trails[edge].inner.push(at);
        }
        self.hop(index, reached, gone + 1)?;
        if gone > 0 {
            self.trails[edge].inner.pop();
        }
        self.trails[edge].edges.pop();
        self.times_met[reached as usize] -= 1;
        self.times_gone[next as usize] -= 1;
        Ok(())
    }

    fn may_be(&self, node: usize, place: u32) -> bool {
        let allowed = &self.allowed_nodes[node];
        allowed.is_empty() || allowed[place as usize]
    }

    fn keep(&mut self) -> Result<()> {
        if self
            .found_nodes
            .first()
            .is_some_and(|found| found.len() >= MAX_PATHS)
        {
            return Err(EvalError::limit(format!(
                "The graph has more than {MAX_PATHS} paths for the pattern."
            )));
        }
        for (found, node) in self.found_nodes.iter_mut().zip(&self.nodes) {
            found.push(*node);
        }
        for (found, trail) in self.found_trails.iter_mut().zip(&self.trails) {
            found.push(trail.clone());
        }
        Ok(())
    }

    /// The columns of all paths.
    fn columns(self) -> Result<Batch> {
        let len = self.found_nodes.first().map_or(0, Vec::len);
        let (nodes, edges) = (&self.graph.nodes, &self.graph.edges);
        let array = |rows: &Batch, column: usize, ty, places: &[u32]| {
            let values = places
                .iter()
                .map(|place| json_from_value(value_at(ty, &rows.columns()[column], *place as usize)));
            Some(json_text(&values.collect()))
        };
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.paths.outputs.len());
        for output in &self.paths.outputs {
            columns.push(match *output {
                PathOutput::Node { node, column } => {
                    let places = UInt32Array::from(self.found_nodes[node].clone());
                    take(&nodes.columns()[column], &places, None)?
                }
                PathOutput::Edge { edge, column } => {
                    let places = self.found_trails[edge]
                        .iter()
                        .map(|trail| trail.edges.first().copied());
                    take(&edges.columns()[column], &places.collect::<UInt32Array>(), None)?
                }
                PathOutput::Edges { edge, column } => {
                    let ty = &self.paths.edges.schema[column].column_type;
                    let trails = self.found_trails[edge].iter();
                    nullable_texts(trails.map(|trail| array(edges, column, ty, &trail.edges)))?
                }
                PathOutput::Inner { edge, column } => {
                    let ty = &self.paths.nodes.schema[column].column_type;
                    let trails = self.found_trails[edge].iter();
                    nullable_texts(trails.map(|trail| array(nodes, column, ty, &trail.inner)))?
                }
                PathOutput::Length => {
                    let length = |path: usize| {
                        let trails = self.found_trails.iter();
                        trails.map(|found| found[path].edges.len() as i64).sum::<i64>()
                    };
                    Arc::new((0..len).map(length).collect::<Int64Array>())
                }
                PathOutput::Place(node) => {
                    let places = self.found_nodes[node].iter();
                    Arc::new(places.map(|place| i64::from(*place)).collect::<Int64Array>())
                }
            });
        }
        Ok(Batch::new(columns, len))
    }
}

/// How many paths are kept.
const MAX_PATHS: usize = 1_000_000;
