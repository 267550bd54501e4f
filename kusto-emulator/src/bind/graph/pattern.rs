//! `graph-match` and `graph-shortest-paths`: a pattern, what its parts must be like, and what is told of them.

use kusto_kql::ast::{
    Call, EdgeDirection, ExpressionKind, GraphElement, GraphMatch, LogicalOperator, Name, Operator, Span,
};
use kusto_protocol::{Column, ColumnType, Value};

use super::super::column::{Columns, pick};
use super::super::{Binder, Result};
use super::make::{Graph, OWN_COLUMNS};
use crate::plan::{
    Cycles, Node, PathOutput, PathStep, Paths, Plan, Scalar, SortKey, WindowCall, WindowFunction,
};
use crate::vector::Vector;

/// A pattern while what reads it is bound.
pub(in super::super) struct Pattern {
    graph: Graph,
    nodes: Vec<String>,
    edges: Vec<Edge>,
    steps: Vec<PathStep>,
    /// The columns that names can mean, and where each comes from.
    columns: Vec<Column>,
    outputs: Vec<PathOutput>,
    /// What was computed of each node and each edge so far, for arrays of it.
    of_nodes: Vec<Scalar>,
    of_edges: Vec<Scalar>,
}

/// An edge of a pattern: its name, and whether it may be several.
struct Edge {
    name: String,
    is_single: bool,
}

impl Binder<'_> {
    pub(super) fn graph_match(
        &mut self,
        graph: Graph,
        clause: &GraphMatch,
        operator: &Operator,
        is_shortest: bool,
    ) -> Result<Plan> {
        self.operator = if is_shortest {
            "graph-shortest-paths"
        } else {
            "graph-match"
        };
        if clause.projection.is_empty() {
            return Err(self.unsupported(operator.span, "a pattern without 'project'"));
        }
        let pattern = self.pattern_of(graph, clause)?;
        let (mut cycles, mut all) = (Cycles::UniqueEdges, false);
        for parameter in &operator.parameters {
            let value = match &parameter.value.kind {
                ExpressionKind::Name(value) => value.as_str(),
                _ => "",
            };
            match (parameter.name.text.as_str(), value) {
                ("cycles", "all") if !is_shortest => cycles = Cycles::All,
                ("cycles", "unique_edges") if !is_shortest => {}
                ("cycles", "none") if !is_shortest && pattern.is_simple() => cycles = Cycles::None,
                ("output", "all") if is_shortest => all = true,
                ("output", "any") if is_shortest => {}
                (name, _) => {
                    return Err(self.unsupported(parameter.span, format_args!("'{name}={value}' here")));
                }
            }
        }
        let seen = Plan::new(pattern.columns.clone(), false, Node::Rows(Vec::new()));
        let outer = self.pattern.replace(pattern);
        let bound = self.over(&seen, self.operator, |binder| {
            let mut conditions = Vec::new();
            let conjuncts = match clause.predicate.as_ref().map(|predicate| &predicate.kind) {
                Some(ExpressionKind::Logical {
                    operator: LogicalOperator::And,
                    operands,
                }) => operands.as_slice(),
                _ => clause.predicate.as_slice(),
            };
            for conjunct in conjuncts {
                conditions.push(binder.condition(conjunct)?);
            }
            let mut columns = Columns::default();
            for named in &clause.projection {
                binder.project_column(&mut columns, named)?;
            }
            Ok((conditions, columns.into_inner()))
        });
        let pattern = std::mem::replace(&mut self.pattern, outer);
        let ((conditions, columns), _) = bound?;
        // It was put there above, and whoever replaces it puts it back.
        let pattern = pattern.expect("a pattern is being bound");
        let (paths, rest) = pattern.paths(cycles, conditions, is_shortest);
        let mut found = paths;
        if !rest.is_empty() {
            found = found.filter(rest);
        }
        if is_shortest {
            found = self.shortest(found, all, operator.span)?;
        }
        Ok(found.project(columns))
    }

    /// Of the paths between each two nodes the shortest: one, or all that are as short.
    ///
    /// The last columns are the places of the two nodes and the length.
    fn shortest(&mut self, found: Plan, all: bool, span: Span) -> Result<Plan> {
        let length = found.schema.len() - 1;
        let elements = found.over(Node::Elements);
        let mut body = elements.over(Node::Sort {
            keys: vec![SortKey {
                value: Scalar::Column(length, ColumnType::Long),
                descending: false,
                nulls_first: true,
            }],
            limit: (!all).then_some(1),
            input: elements.clone(),
        });
        if all {
            let never = Vector::constant(ColumnType::Bool, Value::Bool(false));
            let rank = WindowCall {
                function: WindowFunction::RowRankDense,
                arguments: vec![Scalar::Column(length, ColumnType::Long), Scalar::Constant(never)],
                ty: ColumnType::Long,
            };
            let ranked = super::super::windowed(body, vec![rank]);
            let rank = Scalar::Column(length + 1, ColumnType::Long);
            let is_first = self.call("==", vec![rank, super::super::scalar::long(1)], span)?;
            body = pick(ranked.filter(vec![is_first]), &(0..=length).collect::<Vec<_>>());
        }
        Ok(found.over(Node::Partition {
            keys: vec![length - 2, length - 1],
            input: found.clone(),
            body,
        }))
    }

    /// The nodes, edges and steps of a pattern.
    fn pattern_of(&mut self, graph: Graph, clause: &GraphMatch) -> Result<Pattern> {
        let mut pattern = Pattern {
            graph,
            nodes: Vec::new(),
            edges: Vec::new(),
            steps: Vec::new(),
            columns: Vec::new(),
            outputs: Vec::new(),
            of_nodes: Vec::new(),
            of_edges: Vec::new(),
        };
        for part in &clause.patterns {
            let mut at: Option<usize> = None;
            let mut edge: Option<(usize, EdgeDirection, (u64, u64))> = None;
            for element in &part.elements {
                match element {
                    GraphElement::Edge {
                        direction,
                        name,
                        hops,
                    } => {
                        let hops = match hops {
                            None => None,
                            Some((least, most)) => Some((self.count(least)?, self.count(most)?)),
                        };
                        if let Some((_, most)) = hops
                            && most > MAX_HOPS
                        {
                            let what = format!("a pattern of more than {MAX_HOPS} edges in a row");
                            return Err(self.unsupported(part.span, what));
                        }
                        let name = self.part_name(&pattern, name.as_ref())?;
                        pattern.edges.push(Edge {
                            name,
                            is_single: hops.is_none(),
                        });
                        edge = Some((pattern.edges.len() - 1, *direction, hops.unwrap_or((1, 1))));
                    }
                    GraphElement::Node(name) => {
                        let known = name
                            .as_ref()
                            .and_then(|name| pattern.nodes.iter().position(|known| *known == name.text));
                        let node = match known {
                            Some(node) => node,
                            None => {
                                let name = self.part_name(&pattern, name.as_ref())?;
                                pattern.nodes.push(name);
                                pattern.nodes.len() - 1
                            }
                        };
                        let any = pattern.graph.is_undirected;
                        pattern.steps.push(match (at, edge.take()) {
                            (Some(from), Some((edge, direction, hops))) => PathStep::Hop {
                                from,
                                edge,
                                to: node,
                                forward: any || direction != EdgeDirection::Backward,
                                backward: any || direction != EdgeDirection::Forward,
                                hops,
                            },
                            _ => PathStep::Start(node),
                        });
                        at = Some(node);
                    }
                }
            }
        }
        pattern.declare_columns();
        Ok(pattern)
    }

    /// The name of a part, which no other part may have; one without gets a name that no query can write.
    fn part_name(&self, pattern: &Pattern, name: Option<&Name>) -> Result<String> {
        let Some(name) = name else {
            return Ok(format!("\0{}", pattern.nodes.len() + pattern.edges.len()));
        };
        let is_taken =
            pattern.nodes.contains(&name.text) || pattern.edges.iter().any(|edge| edge.name == name.text);
        match is_taken {
            true => {
                let message = format!("The pattern names '{}' twice.", name.text);
                Err(self.semantic(name.span, "SEM0024", message))
            }
            false => Ok(name.text.clone()),
        }
    }

    /// A function that is one of graphs only: `all()`, `any()`, `map()`, `inner_nodes()`, `node_id()` and its like.
    pub(in super::super) fn graph_call(&mut self, call: &Call, span: Span) -> Result<Option<Scalar>> {
        let own = match call.name.text.as_str() {
            "node_id" => OWN_COLUMNS[0],
            "node_degree_in" => OWN_COLUMNS[1],
            "node_degree_out" => OWN_COLUMNS[2],
            "all" | "any" | "map" if self.pattern.is_some() => return self.trail_call(call, span).map(Some),
            "labels" | "inner_nodes" if self.pattern.is_some() => {
                let what = format!("'{}()' here", call.name.text);
                return Err(self.unsupported(span, what));
            }
            _ => return Ok(None),
        };
        let rows = self.rows.as_ref();
        let place = match call.arguments.as_slice() {
            [] => rows.and_then(|rows| rows.position(own)),
            [node] => match &node.expression.kind {
                ExpressionKind::Name(node) => rows.and_then(|rows| rows.position(&column_name(node, own))),
                _ => None,
            },
            _ => None,
        };
        match (place, rows) {
            (Some(place), Some(rows)) => Ok(Some(Scalar::Column(
                place,
                rows.schema[place].column_type.clone(),
            ))),
            _ => {
                let message = format!("{}() takes a node of a pattern.", call.name.text);
                Err(self.semantic(span, "SEM0219", message))
            }
        }
    }

    /// `map(edge, expression)`, `all(inner_nodes(edge), condition)`: over each edge, or each node, of a step.
    fn trail_call(&mut self, call: &Call, span: Span) -> Result<Scalar> {
        let name = call.name.text.as_str();
        let [subject, expression] = call.arguments.as_slice() else {
            return Err(self.semantic(span, "SEM0219", format!("{name}(): expected 2 argument(s).")));
        };
        let (edge, is_inner) = match &subject.expression.kind {
            ExpressionKind::Name(edge) => (edge, false),
            ExpressionKind::Call(inner) if inner.name.text == "inner_nodes" => match inner
                .arguments
                .as_slice()
            {
                [edge] => match &edge.expression.kind {
                    ExpressionKind::Name(edge) => (edge, true),
                    _ => return Err(self.semantic(subject.span, "SEM0219", "inner_nodes() takes an edge.")),
                },
                _ => return Err(self.semantic(subject.span, "SEM0219", "inner_nodes() takes an edge.")),
            },
            _ => return Err(self.semantic(subject.span, "SEM0219", format!("{name}() takes an edge."))),
        };
        let Some(pattern) = self.pattern.take() else {
            return Err(self.semantic(span, "SEM0260", format!("Unknown function: '{name}'.")));
        };
        let found = pattern.edges.iter().position(|known| known.name == *edge);
        // What is computed of an edge or a node sees its columns only.
        let over = match is_inner {
            true => pattern.graph.nodes.clone(),
            false => pattern.graph.edges.clone(),
        };
        let bound = self.over(&over, self.operator, |binder| match name {
            "map" => binder.scalar(&expression.expression),
            _ => binder.condition(&expression.expression),
        });
        let pattern = self.pattern.insert(pattern);
        let Some(edge) = found else {
            let message = format!("The pattern has no edge named '{edge}'.");
            return Err(self.semantic(subject.span, "SEM0100", message));
        };
        let (value, _) = bound?;
        let place = pattern.columns.len();
        pattern.columns.push(Column::new("", ColumnType::Dynamic));
        let computed = match is_inner {
            true => &mut pattern.of_nodes,
            false => &mut pattern.of_edges,
        };
        computed.push(value);
        let column = computed.len() - 1;
        pattern.outputs.push(match is_inner {
            true => PathOutput::Inner {
                edge,
                column: pattern.graph.nodes.schema.len() + column,
            },
            false => PathOutput::Edges {
                edge,
                column: pattern.graph.edges.schema.len() + column,
            },
        });
        let array = Scalar::Column(place, ColumnType::Dynamic);
        let (sought, holds_if_found) = match name {
            "map" => return Ok(array),
            "any" => (true, "!="),
            _ => (false, "=="),
        };
        let sought = Scalar::Constant(Vector::constant(ColumnType::Bool, Value::Bool(sought)));
        let found = self.call("array_index_of", vec![array, sought], span)?;
        self.call(holds_if_found, vec![found, super::super::scalar::long(-1)], span)
    }
}

impl Pattern {
    /// Whether it is one way from node to node, without a name that comes twice.
    fn is_simple(&self) -> bool {
        self.steps.len() == self.nodes.len()
            && self
                .steps
                .iter()
                .skip(1)
                .all(|step| matches!(step, PathStep::Hop { .. }))
    }

    /// Says what names mean: `node.column`, `edge.column`.
    fn declare_columns(&mut self) {
        for (node, name) in self.nodes.iter().enumerate() {
            for (column, of) in self.graph.nodes.schema.iter().enumerate() {
                self.columns
                    .push(Column::new(column_name(name, &of.name), of.column_type.clone()));
                self.outputs.push(PathOutput::Node { node, column });
            }
        }
        for (edge, Edge { name, is_single }) in self.edges.iter().enumerate() {
            for (column, of) in self.graph.edges.schema.iter().enumerate() {
                let (ty, output) = match is_single {
                    true => (of.column_type.clone(), PathOutput::Edge { edge, column }),
                    false => (ColumnType::Dynamic, PathOutput::Edges { edge, column }),
                };
                self.columns.push(Column::new(column_name(name, &of.name), ty));
                self.outputs.push(output);
            }
        }
    }

    /// The paths of the pattern with all its columns, and the conditions that only whole paths can answer.
    ///
    /// Behind the columns come, for shortest paths, the places of the first and the last node and the length.
    fn paths(mut self, cycles: Cycles, conditions: Vec<Scalar>, is_shortest: bool) -> (Plan, Vec<Scalar>) {
        let (mut node_conditions, mut edge_conditions, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for condition in conditions {
            let mut read = Vec::new();
            condition.visit_columns(&mut |place| read.push(self.outputs[place]));
            let is_of = |node: usize| move |output: &PathOutput| matches!(output, PathOutput::Node { node: of, .. } if *of == node);
            let is_edge = |edge: usize| move |output: &PathOutput| matches!(output, PathOutput::Edge { edge: of, .. } if *of == edge);
            let place_of = |place: usize| match self.outputs[place] {
                PathOutput::Node { column, .. } | PathOutput::Edge { column, .. } => column,
                _ => place,
            };
            match read.first() {
                Some(&PathOutput::Node { node, .. }) if read.iter().all(is_of(node)) => {
                    node_conditions.push((node, condition.map_columns(&place_of)));
                }
                Some(&PathOutput::Edge { edge, .. }) if read.iter().all(is_edge(edge)) => {
                    edge_conditions.push((edge, condition.map_columns(&place_of)));
                }
                _ => rest.push(condition),
            }
        }
        if is_shortest {
            let ends = [
                PathOutput::Place(0),
                PathOutput::Place(self.nodes.len() - 1),
                PathOutput::Length,
            ];
            for end in ends {
                self.columns.push(Column::new("", ColumnType::Long));
                self.outputs.push(end);
            }
        }
        let computed = |plan: Plan, values: Vec<Scalar>| {
            let mut columns = plan.columns();
            columns.extend(
                values
                    .into_iter()
                    .map(|value| (Column::new("", value.ty().clone()), value)),
            );
            plan.project(columns)
        };
        let key = self.graph.width();
        let paths = Paths {
            nodes: computed(self.graph.nodes, self.of_nodes),
            edges: computed(self.graph.edges, self.of_edges),
            key,
            source: self.graph.source,
            target: self.graph.target,
            cycles,
            node_conditions,
            edge_conditions,
            num_nodes: self.nodes.len(),
            num_edges: self.edges.len(),
            steps: self.steps,
            outputs: self.outputs,
        };
        (Plan::new(self.columns, false, Node::Paths(paths)), rest)
    }
}

/// What the column of a part is called among those of a pattern: no query can say that.
fn column_name(part: &str, column: &str) -> String {
    format!("{part}\0{column}")
}

/// The most edges in a row that a pattern may ask for.
const MAX_HOPS: u64 = 1000;
