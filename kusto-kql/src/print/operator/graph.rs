//! Graph operators.

use crate::ast::{EdgeDirection, GraphElement, GraphMatch, GraphOutput, GraphOutputKind, MakeGraph, NodesOf};
use crate::print::Printer;

impl Printer {
    pub(super) fn graph_match(&mut self, graph: &GraphMatch) {
        self.push(" ");
        self.join(&graph.patterns, ", ", |p, pattern| {
            pattern
                .elements
                .iter()
                .for_each(|element| p.graph_element(element));
        });
        self.clause(" where ", graph.predicate.as_ref());
        self.named_list(" project ", &graph.projection);
    }

    fn graph_element(&mut self, element: &GraphElement) {
        let (direction, edge, hops) = match element {
            GraphElement::Node(node) => {
                return self.nested("(", ")", |p| {
                    if let Some(node) = node {
                        p.name(&node.text);
                    }
                });
            }
            GraphElement::Edge {
                direction,
                name,
                hops,
            } => (direction, name, hops),
        };
        self.push(if *direction == EdgeDirection::Backward {
            "<-"
        } else {
            "-"
        });
        if edge.is_some() || hops.is_some() {
            self.nested("[", "]", |p| {
                if let Some(edge) = edge {
                    p.name(&edge.text);
                }
                if let Some((least, most)) = hops {
                    p.clause("*", Some(least));
                    p.clause(" .. ", Some(most));
                }
            });
        }
        self.push(if *direction == EdgeDirection::Forward {
            "->"
        } else {
            "-"
        });
    }

    pub(super) fn make_graph(&mut self, graph: &MakeGraph) {
        self.word(" ", &graph.source.text);
        self.push(if graph.directed { " --> " } else { " -- " });
        self.name(&graph.target.text);
        match &graph.nodes {
            None => {}
            Some(NodesOf::Id(name)) => self.word(" with_node_id=", &name.text),
            Some(NodesOf::Tables(tables)) => {
                self.push(" with ");
                self.join(tables, ", ", |p, nodes| {
                    p.entity(&nodes.table);
                    p.word(" on ", &nodes.key.text);
                });
            }
        }
        if let Some((column, operators)) = &graph.partitioned_by {
            self.clause(" partitioned-by ", Some(column));
            self.operators(operators);
        }
    }

    pub(super) fn graph_to_table(&mut self, outputs: &[GraphOutput]) {
        self.push(" ");
        self.join(outputs, ", ", |p, output| {
            p.push(match output.kind {
                GraphOutputKind::Nodes => "nodes",
                GraphOutputKind::Edges => "edges",
            });
            if let Some(name) = &output.name {
                p.word(" as ", &name.text);
            }
            p.parameters(&output.parameters);
        });
    }
}
