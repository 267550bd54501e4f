//! `make-graph`, and what makes other graphs or tables of one.

use kusto_kql::ast::{
    Expression, ExpressionKind, GraphOutput, GraphOutputKind, MakeGraph, NodesOf, Operator, Parameter, Span,
};
use kusto_protocol::{Column, ColumnType};

use super::super::scalar::long;
use super::super::{Binder, Result, column, union};
use crate::plan::{Components, Join, JoinKind, Node, Plan, Scalar};

/// A graph: its nodes and its edges as tables.
#[derive(Clone)]
pub(in super::super) struct Graph {
    /// What is known of the nodes, and behind it what the graph itself knows: see [`OWN_COLUMNS`].
    pub(super) nodes: Plan,
    pub(super) edges: Plan,
    /// The columns of the edges that name the nodes at their ends.
    pub(super) source: usize,
    pub(super) target: usize,
    /// Whether edges can be gone along in both directions.
    pub(super) is_undirected: bool,
}

/// The last columns of a graph's nodes: their names, how many edges come in and how many go out. No query can write
/// these names.
pub(super) const OWN_COLUMNS: [&str; 3] = ["\0id", "\0in", "\0out"];

impl Graph {
    /// How many columns of the nodes are of the tables that they come from.
    pub(super) fn width(&self) -> usize {
        self.nodes.schema.len() - OWN_COLUMNS.len()
    }
}

impl Binder<'_> {
    /// `make-graph source --> target with Nodes on id`
    pub(in super::super) fn make_graph(
        &mut self,
        edges: Plan,
        make: &MakeGraph,
        operator: &Operator,
    ) -> Result<Graph> {
        self.operator = "make-graph";
        let span = operator.span;
        if make.partitioned_by.is_some() {
            return Err(self.unsupported(span, "'partitioned-by' of 'make-graph'"));
        }
        if let Some(parameter) = operator.parameters.first() {
            let what = format!("the parameter '{}' of 'make-graph'", parameter.name.text);
            return Err(self.unsupported(parameter.span, what));
        }
        let mut ends = [0, 0];
        for (end, name) in ends.iter_mut().zip([&make.source, &make.target]) {
            *end = self.graph_column(&edges, &name.text, name.span)?;
        }
        let [source, target] = ends;
        let ty = edges.schema[source].column_type.clone();
        if edges.schema[target].column_type != ty {
            let message = "The ends of the edges must be of one type.";
            return Err(self.semantic(make.target.span, "SEM0064", message));
        }
        let edges = super::super::source::materialized(edges);
        let ends = [source, target].map(|end| {
            let name = column::pick(edges.clone(), &[end]);
            name.project(vec![(Column::new("", ty.clone()), Scalar::Column(0, ty.clone()))])
        });
        let ends = Plan::new(vec![Column::new("", ty.clone())], false, Node::Union(ends.into()));
        let ends = distinct(&ends);
        let nodes = match &make.nodes {
            None => ends.project(vec![(
                Column::new(OWN_COLUMNS[0], ty.clone()),
                Scalar::Column(0, ty),
            )]),
            Some(NodesOf::Id(name)) => {
                let id = Scalar::Column(0, ty.clone());
                ends.project(vec![
                    (Column::new(&name.text, ty.clone()), id.clone()),
                    (Column::new(OWN_COLUMNS[0], ty), id),
                ])
            }
            Some(NodesOf::Tables(tables)) => {
                let mut plans = Vec::with_capacity(tables.len() + 1);
                for table in tables {
                    let plan = self.without_rows(|binder| binder.tabular(&table.table))?;
                    let key = self.graph_column(&plan, &table.key.text, table.key.span)?;
                    if plan.schema[key].column_type != ty {
                        let message =
                            format!("The key of the nodes must be of type {ty}, as the ends of the edges.");
                        return Err(self.semantic(table.key.span, "SEM0064", message));
                    }
                    let mut columns = plan.columns();
                    columns.push((Column::new(OWN_COLUMNS[0], ty.clone()), columns[key].1.clone()));
                    plans.push(plan.project(columns));
                }
                // Ends of edges that no table has are nodes of which nothing is known but the key.
                let known = union::outer(plans.clone());
                let known_id = super::super::position(&known.schema, OWN_COLUMNS[0]).unwrap_or(0);
                let missing = anti_join(&ends, 0, &column::pick(known, &[known_id]));
                let id = Scalar::Column(0, ty.clone());
                let mut columns = vec![(Column::new(OWN_COLUMNS[0], ty.clone()), id.clone())];
                if let Some(table) = tables.first() {
                    columns.insert(0, (Column::new(&table.key.text, ty), id));
                }
                plans.push(missing.project(columns));
                let all = union::outer(plans);
                let id = super::super::position(&all.schema, OWN_COLUMNS[0]).unwrap_or(0);
                let mut places: Vec<usize> = (0..all.schema.len()).filter(|place| *place != id).collect();
                places.push(id);
                self.first_of_each(column::pick(all, &places), span)?
            }
        };
        self.with_degrees(nodes, edges, (source, target), !make.directed, span)
    }

    fn graph_column(&self, plan: &Plan, name: &str, span: Span) -> Result<usize> {
        super::super::position(&plan.schema, name).ok_or_else(|| {
            self.semantic(
                span,
                "SEM0100",
                format!("Failed to resolve column named '{name}'."),
            )
        })
    }

    /// One row for each value of the last column: the first.
    fn first_of_each(&mut self, nodes: Plan, span: Span) -> Result<Plan> {
        let id = nodes.schema.len() - 1;
        let columns = nodes.columns();
        let key = columns[id].1.clone();
        let others: Vec<Scalar> = columns[..id].iter().map(|(_, value)| value.clone()).collect();
        if others.is_empty() {
            return Ok(distinct(&nodes));
        }
        let first = self.bound_aggregate("take_any", others, span)?;
        let mut schema = vec![nodes.schema[id].clone()];
        schema.extend_from_slice(&nodes.schema[..id]);
        let node = Node::Aggregate {
            input: nodes,
            keys: vec![key],
            aggregates: vec![first],
        };
        let mut places: Vec<usize> = (1..=id).collect();
        places.push(0);
        Ok(column::pick(Plan::new(schema, false, node), &places))
    }

    /// The graph of nodes whose last column is their name: with the degrees behind.
    fn with_degrees(
        &mut self,
        nodes: Plan,
        edges: Plan,
        (source, target): (usize, usize),
        is_undirected: bool,
        span: Span,
    ) -> Result<Graph> {
        let mut nodes = nodes;
        let id = nodes.schema.len() - 1;
        for (end, name) in [(target, OWN_COLUMNS[1]), (source, OWN_COLUMNS[2])] {
            let ty = edges.schema[end].column_type.clone();
            let schema = vec![Column::new("", ty.clone()), Column::new(name, ColumnType::Long)];
            let counts = Plan::new(
                schema,
                false,
                Node::Aggregate {
                    input: edges.clone(),
                    keys: vec![Scalar::Column(end, ty.clone())],
                    aggregates: vec![self.bound_aggregate("count", Vec::new(), span)?],
                },
            );
            let width = nodes.schema.len();
            let mut schema = nodes.schema.to_vec();
            schema.push(Column::new(name, ColumnType::Long));
            let joined = Plan::new(
                schema,
                false,
                Node::Join(Join {
                    kind: JoinKind::LeftOuter,
                    left_keys: vec![Scalar::Column(id, ty.clone())],
                    right_keys: vec![Scalar::Column(0, ty)],
                    left_columns: (0..width).collect(),
                    right_columns: vec![1],
                    left: nodes,
                    right: counts,
                }),
            );
            let mut columns = joined.columns();
            if let Some((_, degree)) = columns.last_mut() {
                *degree = self.call("coalesce", vec![degree.clone(), long(0)], span)?;
            }
            nodes = joined.project(columns);
        }
        Ok(Graph {
            nodes,
            edges,
            source,
            target,
            is_undirected,
        })
    }

    /// `graph-mark-components with_component_id=name`
    pub(super) fn mark_components(&mut self, graph: Graph, operator: &Operator) -> Result<Graph> {
        self.operator = "graph-mark-components";
        let mut name = "ComponentId";
        for parameter in &operator.parameters {
            match (parameter.name.text.as_str(), &parameter.value.kind) {
                ("with_component_id", ExpressionKind::Name(given)) => name = given,
                ("kind", ExpressionKind::Name(kind)) if kind == "weak" => {}
                (other, _) => {
                    let what = format!("the parameter '{other}' of 'graph-mark-components'");
                    return Err(self.unsupported(parameter.span, what));
                }
            }
        }
        let width = graph.width();
        let mut schema = graph.nodes.schema.to_vec();
        schema.push(Column::new(name, ColumnType::Long));
        let number = schema.len() - 1;
        let marked = Plan::new(
            schema,
            false,
            Node::Components(Components {
                key: width,
                nodes: graph.nodes,
                edges: graph.edges.clone(),
                source: graph.source,
                target: graph.target,
            }),
        );
        let mut places: Vec<usize> = (0..width)
            .filter(|place| marked.schema[*place].name != name)
            .collect();
        places.push(number);
        places.extend(width..number);
        Ok(Graph {
            nodes: column::pick(marked, &places),
            ..graph
        })
    }

    /// `graph-where-nodes condition`: the edges of nodes that go, go too.
    pub(super) fn graph_where_nodes(&mut self, graph: Graph, condition: &Expression) -> Result<Graph> {
        let (condition, _) = self.over(&graph.nodes, "graph-where-nodes", |binder| {
            binder.condition(condition)
        })?;
        let width = graph.width();
        let places: Vec<usize> = (0..=width).collect();
        let nodes = column::pick(graph.nodes.filter(vec![condition]), &places);
        let names = column::pick(nodes.clone(), &[width]);
        let mut edges = graph.edges;
        for end in [graph.source, graph.target] {
            edges = half_join(&edges, end, &names, JoinKind::LeftSemi);
        }
        self.with_degrees(
            nodes,
            edges,
            (graph.source, graph.target),
            graph.is_undirected,
            Span::default(),
        )
    }

    /// `graph-where-edges condition`: the nodes stay.
    pub(super) fn graph_where_edges(&mut self, graph: Graph, condition: &Expression) -> Result<Graph> {
        let (condition, _) = self.over(&graph.edges, "graph-where-edges", |binder| {
            binder.condition(condition)
        })?;
        let places: Vec<usize> = (0..=graph.width()).collect();
        let nodes = column::pick(graph.nodes, &places);
        let edges = graph.edges.filter(vec![condition]);
        self.with_degrees(
            nodes,
            edges,
            (graph.source, graph.target),
            graph.is_undirected,
            Span::default(),
        )
    }

    /// `graph-to-table nodes`, `graph-to-table edges`
    pub(super) fn graph_to_table(
        &mut self,
        graph: &Graph,
        outputs: &[GraphOutput],
        operator: &Operator,
    ) -> Result<Plan> {
        self.operator = "graph-to-table";
        let [output] = outputs else {
            return Err(self.unsupported(operator.span, "'graph-to-table' with two tables"));
        };
        if let Some(name) = &output.name {
            return Err(self.unsupported(name.span, "'as' of 'graph-to-table'"));
        }
        let id = graph.width();
        match output.kind {
            GraphOutputKind::Nodes => {
                let columns = graph.nodes.columns();
                let mut ids =
                    self.node_ids(&output.parameters, &[("with_node_id", columns[id].1.clone())])?;
                ids.extend(columns.into_iter().take(id));
                Ok(graph.nodes.clone().project(ids))
            }
            GraphOutputKind::Edges => {
                let columns = graph.edges.columns();
                let ends = [
                    ("with_source_id", columns[graph.source].1.clone()),
                    ("with_target_id", columns[graph.target].1.clone()),
                ];
                let mut ids = self.node_ids(&output.parameters, &ends)?;
                ids.extend(columns);
                Ok(graph.edges.clone().project(ids))
            }
        }
    }

    /// The columns of node numbers that parameters ask for: the hashes of their names.
    fn node_ids(
        &mut self,
        parameters: &[Parameter],
        ends: &[(&str, Scalar)],
    ) -> Result<Vec<(Column, Scalar)>> {
        let mut ids = Vec::with_capacity(parameters.len());
        for parameter in parameters {
            let end = ends.iter().find(|(name, _)| *name == parameter.name.text);
            let (Some((_, id)), ExpressionKind::Name(name)) = (end, &parameter.value.kind) else {
                let what = format!("the parameter '{}' of 'graph-to-table'", parameter.name.text);
                return Err(self.unsupported(parameter.span, what));
            };
            let id = self.call("hash", vec![id.clone()], parameter.span)?;
            ids.push((Column::new(name, ColumnType::Long), id));
        }
        Ok(ids)
    }
}

/// The distinct rows.
fn distinct(plan: &Plan) -> Plan {
    plan.over(Node::Aggregate {
        keys: plan.columns().into_iter().map(|(_, value)| value).collect(),
        input: plan.clone(),
        aggregates: Vec::new(),
    })
}

fn anti_join(left: &Plan, key: usize, names: &Plan) -> Plan {
    half_join(left, key, names, JoinKind::LeftAnti)
}

/// The rows whose key is, or is not, among names.
fn half_join(left: &Plan, key: usize, names: &Plan, kind: JoinKind) -> Plan {
    let ty = left.schema[key].column_type.clone();
    left.over(Node::Join(Join {
        kind,
        left_keys: vec![Scalar::Column(key, ty.clone())],
        right_keys: vec![Scalar::Column(0, ty)],
        left_columns: (0..left.schema.len()).collect(),
        right_columns: Vec::new(),
        left: left.clone(),
        right: names.clone(),
    }))
}
