//! Graphs: made of tables, and turned back into tables.

mod make;
mod pattern;

use kusto_kql::ast::{Expression, ExpressionKind, Operator, OperatorKind};

pub(super) use make::Graph;
pub(super) use pattern::Pattern;

use super::environment::Binding;
use super::{Binder, Result};
use crate::plan::Plan;

impl Binder<'_> {
    /// The graph that a name stands for.
    pub(super) fn graph_named(&self, source: &Expression) -> Option<Graph> {
        let ExpressionKind::Name(name) = &source.kind else {
            return None;
        };
        match self.environment.get(name) {
            Some(Binding::Graph(graph)) => Some(graph.clone()),
            _ => None,
        }
    }

    /// The graph that the value of a `let` gives, if it gives one.
    pub(super) fn graph_value(&mut self, value: &Expression) -> Result<Option<Graph>> {
        if let Some(graph) = self.graph_named(value) {
            return Ok(Some(graph));
        }
        let ExpressionKind::Pipe { source, operators } = &value.kind else {
            return Ok(None);
        };
        let made = operators
            .iter()
            .rposition(|operator| matches!(operator.kind, OperatorKind::MakeGraph(_)));
        let stays_graph = operators
            .iter()
            .skip(made.map_or(0, |at| at + 1))
            .all(is_graph_operator);
        let (graph, rest) = match (made, self.graph_named(source)) {
            _ if !stays_graph => return Ok(None),
            (Some(at), None) => {
                let OperatorKind::MakeGraph(make) = &operators[at].kind else {
                    return Ok(None);
                };
                let input = self.without_rows(|binder| {
                    let input = binder.tabular(source)?;
                    binder.operators(input, &operators[..at])
                })?;
                (
                    self.make_graph(input, make, &operators[at])?,
                    &operators[at + 1..],
                )
            }
            (None, Some(graph)) => (graph, operators.as_slice()),
            _ => return Ok(None),
        };
        rest.iter()
            .try_fold(graph, |graph, operator| self.graph_operator(graph, operator))
            .map(Some)
    }

    /// What operators make of a graph: the last of those for graphs must give a table.
    pub(super) fn graph_operators(&mut self, mut graph: Graph, operators: &[Operator]) -> Result<Plan> {
        for (index, operator) in operators.iter().enumerate() {
            let table = match &operator.kind {
                OperatorKind::GraphMatch(pattern) => self.graph_match(graph, pattern, operator, false)?,
                OperatorKind::GraphShortestPaths(pattern) => {
                    self.graph_match(graph, pattern, operator, true)?
                }
                OperatorKind::GraphToTable(outputs) => self.graph_to_table(&graph, outputs, operator)?,
                _ => {
                    graph = self.graph_operator(graph, operator)?;
                    continue;
                }
            };
            return self.operators(table, &operators[index + 1..]);
        }
        let span = operators.last().map(|operator| operator.span).unwrap_or_default();
        Err(self.unsupported(span, "a graph as the result of a query"))
    }

    /// An operator from graph to graph.
    fn graph_operator(&mut self, graph: Graph, operator: &Operator) -> Result<Graph> {
        match &operator.kind {
            OperatorKind::GraphMarkComponents => self.mark_components(graph, operator),
            OperatorKind::GraphWhereNodes(condition) => self.graph_where_nodes(graph, condition),
            OperatorKind::GraphWhereEdges(condition) => self.graph_where_edges(graph, condition),
            _ => {
                let what = format!("the operator '{}' on a graph", self.operator_name(operator));
                Err(self.unsupported(operator.span, what))
            }
        }
    }
}

fn is_graph_operator(operator: &Operator) -> bool {
    matches!(
        operator.kind,
        OperatorKind::GraphMarkComponents
            | OperatorKind::GraphWhereNodes(_)
            | OperatorKind::GraphWhereEdges(_)
    )
}
