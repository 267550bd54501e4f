//! Operators on graphs.

use super::{Parser, Result};
use crate::ast::{
    EdgeDirection, GraphElement, GraphMatch, GraphOutput, GraphOutputKind, GraphPattern, MakeGraph,
    NodeTable, NodesOf, OperatorKind, Parameter,
};
use crate::token::TokenKind as T;

impl Parser<'_> {
    /// `make-graph source --> target with Nodes on id partitioned-by column (operators)`.
    pub(super) fn make_graph(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| true)?;
        let source = self.name()?;
        self.expect(T::Minus, "'-->' or '--'")?;
        self.expect(T::Minus, "'-->' or '--'")?;
        let directed = self.take(T::Greater);
        let target = self.name()?;
        let mut nodes = None;
        if self.take_word("with_node_id") {
            self.expect(T::Assign, "'='")?;
            nodes = Some(NodesOf::Id(self.name()?));
        } else if self.take_word("with") {
            nodes = Some(NodesOf::Tables(self.list(Self::node_table)?));
        }
        let mut partitioned_by = None;
        if self.take_dashed_word("partitioned-by") {
            let column = self.column_path()?;
            partitioned_by = Some((column, self.operators_in_parentheses()?));
        }
        let graph = MakeGraph {
            source,
            directed,
            target,
            nodes,
            partitioned_by,
        };
        Ok(OperatorKind::MakeGraph(Box::new(graph)))
    }

    /// `T on id`.
    fn node_table(&mut self) -> Result<NodeTable> {
        let table = self.path()?;
        self.expect_word("'on'")?;
        Ok(NodeTable {
            table,
            key: self.name()?,
        })
    }

    pub(super) fn graph_mark_components(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| true)?;
        Ok(OperatorKind::GraphMarkComponents)
    }

    pub(super) fn graph_match(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        self.graph_patterns(parameters).map(OperatorKind::GraphMatch)
    }

    pub(super) fn graph_shortest_paths(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        self.graph_patterns(parameters)
            .map(OperatorKind::GraphShortestPaths)
    }

    /// `cycles=none patterns where predicate project columns`.
    fn graph_patterns(&mut self, parameters: &mut Vec<Parameter>) -> Result<Box<GraphMatch>> {
        *parameters = self.parameters(|_| true)?;
        let patterns = self.list(Self::graph_pattern)?;
        let predicate = if self.take_word("where") {
            Some(self.expression()?)
        } else {
            None
        };
        let mut projection = Vec::new();
        if self.take_word("project") {
            projection = self.list(Self::named)?;
        }
        Ok(Box::new(GraphMatch {
            patterns,
            predicate,
            projection,
        }))
    }

    /// `(a)-[e]->(b)<--(c)`.
    fn graph_pattern(&mut self) -> Result<GraphPattern> {
        let start = self.start();
        let mut elements = vec![self.graph_node()?];
        while matches!(self.kind(0), T::Minus | T::Less) {
            elements.push(self.graph_edge()?);
            elements.push(self.graph_node()?);
        }
        Ok(GraphPattern {
            elements,
            span: self.span_from(start),
        })
    }

    /// `(name)`, `()`.
    fn graph_node(&mut self) -> Result<GraphElement> {
        self.expect(T::OpenParen, "'('")?;
        let name = if self.at(T::CloseParen) {
            None
        } else {
            Some(self.name()?)
        };
        self.expect(T::CloseParen, "')'")?;
        Ok(GraphElement::Node(name))
    }

    /// `-->`, `<--`, `--`, `-[name*1..3]->`.
    fn graph_edge(&mut self) -> Result<GraphElement> {
        const AN_EDGE: &str = "an edge";
        let backward = self.take(T::Less);
        self.expect(T::Minus, AN_EDGE)?;
        let (mut name, mut hops) = (None, None);
        if self.take(T::OpenBracket) {
            if matches!(self.kind(0), T::Word | T::OpenBracket) {
                name = Some(self.name()?);
            }
            if self.take(T::Star) {
                let least = self.unary()?;
                self.expect(T::DotDot, "'..'")?;
                hops = Some((Box::new(least), Box::new(self.unary()?)));
            }
            self.expect(T::CloseBracket, "']'")?;
        }
        self.expect(T::Minus, AN_EDGE)?;
        let direction = if backward {
            EdgeDirection::Backward
        } else if self.take(T::Greater) {
            EdgeDirection::Forward
        } else {
            EdgeDirection::Any
        };
        Ok(GraphElement::Edge {
            direction,
            name,
            hops,
        })
    }

    /// `graph-to-table nodes as N, edges as E with_source_id=id`.
    pub(super) fn graph_to_table(&mut self, _: &mut Vec<Parameter>) -> Result<OperatorKind> {
        Ok(OperatorKind::GraphToTable(self.list(Self::graph_output)?))
    }

    fn graph_output(&mut self) -> Result<GraphOutput> {
        let kind = match self.word(0) {
            "nodes" => GraphOutputKind::Nodes,
            "edges" => GraphOutputKind::Edges,
            _ => return Err(self.unexpected("'nodes' or 'edges'")),
        };
        self.advance(1);
        let name = if self.take_word("as") {
            Some(self.name()?)
        } else {
            None
        };
        let parameters = self.parameters(|_| true)?;
        Ok(GraphOutput {
            kind,
            name,
            parameters,
        })
    }
}
