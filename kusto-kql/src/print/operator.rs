//! Operators and their operands.

use super::{Printer, type_name};
use crate::ast::Expression;
use crate::ast::{
    EdgeDirection, ExpressionKind, Find, FindColumn, FindProjection, GraphElement, GraphMatch,
    GraphOutputKind, MakeGraph, MakeSeries, MvExpandColumn, NamedExpression, NodesOf, Nulls, Operator,
    OperatorKind, Order, OrderedExpression, Parameter, ParsePattern, ParseSegment, Partition, PartitionBody,
    Render, Scan, ScanStep, SeriesRange, Summarize, TopNested,
};

impl Printer {
    pub(super) fn operator(&mut self, operator: &Operator) {
        self.push(keyword(&operator.kind));
        self.parameters(&operator.parameters);
        self.operands(&operator.kind);
    }

    /// ` name=value` for each.
    pub(super) fn parameters(&mut self, parameters: &[Parameter]) {
        for parameter in parameters {
            self.push(" ");
            self.parameter(parameter);
        }
    }

    fn parameter(&mut self, parameter: &Parameter) {
        self.push(&parameter.name.text);
        self.push("=");
        self.parameter_value(&parameter.value);
    }

    /// A bare word stays one even if it is a keyword.
    pub(super) fn parameter_value(&mut self, value: &Expression) {
        match &value.kind {
            ExpressionKind::Name(word) if is_word(word) => self.push(word),
            _ => self.operand(value),
        }
    }

    pub(super) fn with_properties(&mut self, properties: &[Parameter]) {
        if !properties.is_empty() {
            self.nested(" with (", ")", |p| p.join(properties, ", ", Self::parameter));
        }
    }

    fn operators(&mut self, operators: &[Operator]) {
        self.nested(" (", ")", |p| p.join(operators, " | ", Self::operator));
    }

    fn operands(&mut self, kind: &OperatorKind) {
        match kind {
            OperatorKind::As(name) => self.words(&[" "], &name.text),
            OperatorKind::AssertSchema(schema) => {
                self.push(" ");
                self.row_schema(schema);
            }
            OperatorKind::Consume
            | OperatorKind::Count(None)
            | OperatorKind::ExecuteAndCache
            | OperatorKind::GetSchema
            | OperatorKind::GraphMarkComponents => {}
            OperatorKind::Count(Some(name)) => self.words(&[" as "], &name.text),
            OperatorKind::Distinct(columns)
            | OperatorKind::Extend(columns)
            | OperatorKind::Print(columns)
            | OperatorKind::Project(columns)
            | OperatorKind::ProjectRename(columns)
            | OperatorKind::Serialize(columns) => self.named_list(" ", columns),
            OperatorKind::Evaluate(evaluate) => {
                self.push(" ");
                self.call(&evaluate.call);
                if let Some(schema) = &evaluate.schema {
                    self.push(" : ");
                    self.row_schema(schema);
                }
            }
            OperatorKind::Facet(facet) => {
                self.list(" by ", &facet.columns);
                if !facet.operators.is_empty() {
                    self.push(" with");
                    self.operators(&facet.operators);
                }
            }
            OperatorKind::Find(find) => self.find(find),
            OperatorKind::Fork(branches) => {
                for branch in branches {
                    if let Some(name) = &branch.name {
                        self.words(&[" "], &name.text);
                        self.push(" =");
                    }
                    self.operators(&branch.operators);
                }
            }
            OperatorKind::GraphMatch(graph) | OperatorKind::GraphShortestPaths(graph) => {
                self.graph_match(graph);
            }
            OperatorKind::GraphToTable(outputs) => {
                self.push(" ");
                self.join(outputs, ", ", |p, output| {
                    p.push(match output.kind {
                        GraphOutputKind::Nodes => "nodes",
                        GraphOutputKind::Edges => "edges",
                    });
                    if let Some(name) = &output.name {
                        p.words(&[" as "], &name.text);
                    }
                    p.parameters(&output.parameters);
                });
            }
            OperatorKind::Invoke(call) => {
                self.push(" ");
                self.call(call);
            }
            OperatorKind::Join(join) => {
                self.list(" ", std::slice::from_ref(&join.right));
                self.list(" on ", &join.on);
                self.clause(" where ", join.predicate.as_ref());
            }
            OperatorKind::Lookup(lookup) => {
                self.list(" ", std::slice::from_ref(&lookup.right));
                self.list(" on ", &lookup.on);
            }
            OperatorKind::MacroExpand(expand) => {
                self.clause(" ", Some(&expand.group));
                self.words(&[" as "], &expand.scope.text);
                self.nested(" (", ")", |p| p.statements(&expand.statements, "; "));
            }
            OperatorKind::MakeGraph(graph) => self.make_graph(graph),
            OperatorKind::MakeSeries(series) => self.make_series(series),
            OperatorKind::MvApply(apply) => {
                self.expand_columns(&apply.columns);
                self.clause(" limit ", apply.limit.as_ref());
                self.clause(" id ", apply.id.as_ref());
                self.push(" on");
                self.operators(&apply.operators);
            }
            OperatorKind::MvExpand(expand) => {
                self.expand_columns(&expand.columns);
                self.clause(" limit ", expand.limit.as_ref());
            }
            OperatorKind::Parse(pattern) | OperatorKind::ParseWhere(pattern) => {
                self.parse_pattern(pattern);
            }
            OperatorKind::ParseKv(parse) => {
                self.clause(" ", Some(&parse.expression));
                self.push(" as ");
                self.row_schema(&parse.keys);
                self.with_properties(&parse.properties);
            }
            OperatorKind::Partition(partition) => self.partition(partition),
            OperatorKind::ProjectAway(columns) | OperatorKind::ProjectKeep(columns) => {
                self.list(" ", columns);
            }
            OperatorKind::ProjectByNames(names) => self.list(" ", names),
            OperatorKind::ProjectReorder(columns) => {
                self.push(if columns.is_empty() { "" } else { " " });
                self.join(columns, ", ", |p, column| {
                    p.operand(&column.column);
                    p.order(column.order);
                });
            }
            OperatorKind::Range(range) => {
                self.words(&[" "], &range.name.text);
                self.clause(" from ", Some(&range.from));
                self.clause(" to ", Some(&range.to));
                self.clause(" step ", Some(&range.step));
            }
            OperatorKind::Reduce(reduce) => {
                self.push(" by ");
                self.named(&reduce.by);
                self.named_list(" with ", &reduce.properties);
            }
            OperatorKind::Render(render) => self.render(render),
            OperatorKind::GraphWhereEdges(expression)
            | OperatorKind::GraphWhereNodes(expression)
            | OperatorKind::Sample(expression)
            | OperatorKind::Take(expression)
            | OperatorKind::Where(expression) => self.clause(" ", Some(expression)),
            OperatorKind::SampleDistinct(sample) => {
                self.clause(" ", Some(&sample.count));
                self.push(" of ");
                self.named(&sample.of);
            }
            OperatorKind::Scan(scan) => self.scan(scan),
            OperatorKind::Search(search) => {
                self.scope_and_tables(search.scope.as_deref(), &search.tables);
                self.clause(" ", Some(&search.predicate));
            }
            OperatorKind::Sort(keys) => {
                self.push(" by ");
                self.join(keys, ", ", Self::ordered);
            }
            OperatorKind::Summarize(summarize) => self.summarize(summarize),
            OperatorKind::Top(top) => {
                self.clause(" ", Some(&top.count));
                self.push(" by ");
                self.ordered(&top.by);
            }
            OperatorKind::TopHitters(top) => {
                self.clause(" ", Some(&top.count));
                self.push(" of ");
                self.named(&top.of);
                if let Some(by) = &top.by {
                    self.push(" by ");
                    self.ordered(by);
                }
            }
            OperatorKind::TopNested(levels) => {
                self.join(levels, ", top-nested", Self::top_nested_level);
            }
            OperatorKind::Union(tables) => {
                self.push(" ");
                self.join(tables, ", ", Self::entity);
            }
        }
    }

    /// Words and then a name.
    fn words(&mut self, words: &[&str], name: &str) {
        for word in words {
            self.push(word);
        }
        self.name(name);
    }

    /// A word and an expression, if there is one.
    fn clause(&mut self, word: &str, expression: Option<&Expression>) {
        if let Some(expression) = expression {
            self.push(word);
            self.operand(expression);
        }
    }

    /// A word and expressions, if there are any.
    fn list(&mut self, word: &str, expressions: &[Expression]) {
        if !expressions.is_empty() {
            self.push(word);
            self.join(expressions, ", ", Self::operand);
        }
    }

    fn named_list(&mut self, word: &str, expressions: &[NamedExpression]) {
        if !expressions.is_empty() {
            self.push(word);
            self.join(expressions, ", ", Self::named);
        }
    }

    fn order(&mut self, order: Option<Order>) {
        self.push(match order {
            None => "",
            Some(Order::Asc) => " asc",
            Some(Order::Desc) => " desc",
            Some(Order::GrannyAsc) => " granny-asc",
            Some(Order::GrannyDesc) => " granny-desc",
        });
    }

    fn ordered(&mut self, key: &OrderedExpression) {
        self.named(&key.expression);
        self.order(key.order);
        self.push(match key.nulls {
            None => "",
            Some(Nulls::First) => " nulls first",
            Some(Nulls::Last) => " nulls last",
        });
    }

    fn scope_and_tables(&mut self, scope: Option<&str>, tables: &[Expression]) {
        if let Some(scope) = scope {
            self.push(" datascope=");
            self.push(scope);
        }
        if !tables.is_empty() {
            self.nested(" in (", ")", |p| p.join(tables, ", ", Self::pipe));
        }
    }

    fn find(&mut self, find: &Find) {
        self.scope_and_tables(find.scope.as_deref(), &find.tables);
        self.clause(" where ", Some(&find.predicate));
        match &find.projection {
            None => {}
            Some(FindProjection::Smart) => self.push(" project-smart"),
            Some(FindProjection::Columns(columns)) => self.find_columns(" project ", columns),
        }
        self.find_columns(" project-away ", &find.project_away);
    }

    fn find_columns(&mut self, word: &str, columns: &[FindColumn]) {
        self.push(if columns.is_empty() { "" } else { word });
        self.join(columns, ", ", |p, column| match column {
            FindColumn::Star => p.push("*"),
            FindColumn::Pack => p.push("pack(*)"),
            FindColumn::Column(name, scalar_type) => {
                p.name(&name.text);
                if let Some(scalar_type) = scalar_type {
                    p.push(": ");
                    p.push(type_name(*scalar_type));
                }
            }
        });
    }

    fn graph_match(&mut self, graph: &GraphMatch) {
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

    fn make_graph(&mut self, graph: &MakeGraph) {
        self.words(&[" "], &graph.source.text);
        self.push(if graph.directed { " --> " } else { " -- " });
        self.name(&graph.target.text);
        match &graph.nodes {
            None => {}
            Some(NodesOf::Id(name)) => self.words(&[" with_node_id="], &name.text),
            Some(NodesOf::Tables(tables)) => {
                self.push(" with ");
                self.join(tables, ", ", |p, nodes| {
                    p.entity(&nodes.table);
                    p.words(&[" on "], &nodes.key.text);
                });
            }
        }
        if let Some((column, operators)) = &graph.partitioned_by {
            self.clause(" partitioned-by ", Some(column));
            self.operators(operators);
        }
    }

    fn make_series(&mut self, series: &MakeSeries) {
        self.push(" ");
        self.join(&series.aggregates, ", ", |p, aggregate| {
            p.named(&aggregate.expression);
            p.clause(" default=", aggregate.default.as_ref());
        });
        self.push(" on ");
        self.named(&series.axis);
        let SeriesRange {
            from,
            to,
            step,
            in_range,
        } = &series.range;
        if *in_range {
            self.nested(" in range(", ")", |p| {
                p.clause("", from.as_ref());
                p.clause(", ", to.as_ref());
                p.clause(", ", Some(step));
            });
        } else {
            self.clause(" from ", from.as_ref());
            self.clause(" to ", to.as_ref());
            self.clause(" step ", Some(step));
        }
        self.named_list(" by ", &series.by);
    }

    fn expand_columns(&mut self, columns: &[MvExpandColumn]) {
        self.push(" ");
        self.join(columns, ", ", |p, column| {
            p.named(&column.expression);
            if let Some(to) = &column.to {
                p.push(" to ");
                p.type_of(to);
            }
        });
    }

    fn parse_pattern(&mut self, pattern: &ParsePattern) {
        self.clause(" ", Some(&pattern.expression));
        self.push(" with");
        for segment in &pattern.segments {
            match segment {
                ParseSegment::Star(_) => self.push(" *"),
                ParseSegment::Text(text) => self.clause(" ", Some(text)),
                ParseSegment::Column(column) => {
                    self.words(&[" "], &column.name.text);
                    if let Some(scalar_type) = column.scalar_type {
                        self.push(": ");
                        self.push(type_name(scalar_type));
                    }
                }
            }
        }
    }

    fn partition(&mut self, partition: &Partition) {
        self.clause(
            if partition.id.is_some() { " " } else { " by " },
            Some(&partition.by),
        );
        self.clause(" in ", partition.values.as_ref());
        self.clause(" id ", partition.id.as_ref());
        match &partition.body {
            PartitionBody::Operators(operators) => self.operators(operators),
            PartitionBody::Query(query) => self.nested(" { ", " }", |p| p.pipe(query)),
        }
    }

    fn render(&mut self, render: &Render) {
        self.push(" ");
        self.push(&render.chart.text);
        if render.properties.is_empty() {
            return;
        }
        self.nested(" with (", ")", |p| {
            p.join(&render.properties, ", ", |p, property| {
                p.push(&property.name.text);
                p.push("=");
                p.join(&property.values, ", ", Self::parameter_value);
            });
        });
    }

    fn scan(&mut self, scan: &Scan) {
        if !scan.order_by.is_empty() {
            self.push(" order by ");
            self.join(&scan.order_by, ", ", Self::ordered);
        }
        self.list(" partition by ", &scan.partition_by);
        if !scan.declarations.is_empty() {
            self.push(" declare ");
            self.parameter_declarations(&scan.declarations);
        }
        self.nested(" with (", ")", |p| p.join(&scan.steps, " ", Self::scan_step));
    }

    fn scan_step(&mut self, step: &ScanStep) {
        self.words(&["step "], &step.name.text);
        self.push(if step.is_optional { " optional" } else { "" });
        if let Some(output) = &step.output {
            self.push(" output=");
            self.push(&output.text);
        }
        self.clause(": ", Some(&step.condition));
        self.push(if step.assignments.is_empty() { "" } else { " => " });
        self.join(&step.assignments, ", ", |p, assignment| {
            p.name(&assignment.name.text);
            p.clause(" = ", Some(&assignment.value));
        });
        self.push(";");
    }

    fn summarize(&mut self, summarize: &Summarize) {
        self.named_list(" ", &summarize.aggregates);
        self.named_list(" by ", &summarize.by);
        self.clause(" bin=", summarize.bin.as_ref());
    }

    fn top_nested_level(&mut self, level: &TopNested) {
        self.clause(" ", level.count.as_ref());
        self.push(" of ");
        self.named(&level.of);
        self.clause(" with others = ", level.others.as_ref());
        self.push(" by ");
        self.ordered(&level.by);
    }
}

/// An operator's name in its normal spelling.
fn keyword(kind: &OperatorKind) -> &'static str {
    match kind {
        OperatorKind::As(_) => "as",
        OperatorKind::AssertSchema(_) => "assert-schema",
        OperatorKind::Consume => "consume",
        OperatorKind::Count(_) => "count",
        OperatorKind::Distinct(_) => "distinct",
        OperatorKind::Evaluate(_) => "evaluate",
        OperatorKind::ExecuteAndCache => "__executeAndCache",
        OperatorKind::Extend(_) => "extend",
        OperatorKind::Facet(_) => "facet",
        OperatorKind::Find(_) => "find",
        OperatorKind::Fork(_) => "fork",
        OperatorKind::GetSchema => "getschema",
        OperatorKind::GraphMarkComponents => "graph-mark-components",
        OperatorKind::GraphMatch(_) => "graph-match",
        OperatorKind::GraphShortestPaths(_) => "graph-shortest-paths",
        OperatorKind::GraphToTable(_) => "graph-to-table",
        OperatorKind::GraphWhereEdges(_) => "graph-where-edges",
        OperatorKind::GraphWhereNodes(_) => "graph-where-nodes",
        OperatorKind::Invoke(_) => "invoke",
        OperatorKind::Join(_) => "join",
        OperatorKind::Lookup(_) => "lookup",
        OperatorKind::MacroExpand(_) => "macro-expand",
        OperatorKind::MakeGraph(_) => "make-graph",
        OperatorKind::MakeSeries(_) => "make-series",
        OperatorKind::MvApply(_) => "mv-apply",
        OperatorKind::MvExpand(_) => "mv-expand",
        OperatorKind::Parse(_) => "parse",
        OperatorKind::ParseKv(_) => "parse-kv",
        OperatorKind::ParseWhere(_) => "parse-where",
        OperatorKind::Partition(partition) if partition.id.is_some() => "__partitionby",
        OperatorKind::Partition(_) => "partition",
        OperatorKind::Print(_) => "print",
        OperatorKind::Project(_) => "project",
        OperatorKind::ProjectAway(_) => "project-away",
        OperatorKind::ProjectByNames(_) => "project-by-names",
        OperatorKind::ProjectKeep(_) => "project-keep",
        OperatorKind::ProjectRename(_) => "project-rename",
        OperatorKind::ProjectReorder(_) => "project-reorder",
        OperatorKind::Range(_) => "range",
        OperatorKind::Reduce(_) => "reduce",
        OperatorKind::Render(_) => "render",
        OperatorKind::Sample(_) => "sample",
        OperatorKind::SampleDistinct(_) => "sample-distinct",
        OperatorKind::Scan(_) => "scan",
        OperatorKind::Search(_) => "search",
        OperatorKind::Serialize(_) => "serialize",
        OperatorKind::Sort(_) => "sort",
        OperatorKind::Summarize(_) => "summarize",
        OperatorKind::Take(_) => "take",
        OperatorKind::Top(_) => "top",
        OperatorKind::TopHitters(_) => "top-hitters",
        OperatorKind::TopNested(_) => "top-nested",
        OperatorKind::Union(_) => "union",
        OperatorKind::Where(_) => "where",
    }
}

fn is_word(word: &str) -> bool {
    let mut bytes = word.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
