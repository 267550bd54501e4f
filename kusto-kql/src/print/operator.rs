//! Operators and their operands.

mod graph;
mod series;
mod subquery;

use super::{Printer, type_name};
use crate::ast::{
    Expression, ExpressionKind, MvExpandColumn, NamedExpression, Nulls, Operator, OperatorKind, Order,
    OrderedExpression, Parameter, ParsePattern, ParseSegment, Render,
};
use crate::print::literal::is_token;
use crate::token::{TokenKind, is_boolean};

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
        match parameter.name.text.as_str() {
            name if name.split('.').all(is_word) => self.push(name),
            name => self.name(name),
        }
        self.push("=");
        self.parameter_value(&parameter.value);
    }

    /// A bare word stays one even if it is a keyword.
    pub(super) fn parameter_value(&mut self, value: &Expression) {
        match &value.kind {
            ExpressionKind::Name(word) if is_word(word) && !is_boolean(word) => self.push(word),
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
            OperatorKind::As(name) => self.word(" ", &name.text),
            OperatorKind::AssertSchema(schema) => {
                self.push(" ");
                self.row_schema(schema);
            }
            OperatorKind::Consume
            | OperatorKind::Count(None)
            | OperatorKind::ExecuteAndCache
            | OperatorKind::GetSchema
            | OperatorKind::GraphMarkComponents => {}
            OperatorKind::Count(Some(name)) => self.word(" as ", &name.text),
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
                        self.word(" ", &name.text);
                        self.push(" =");
                    }
                    self.operators(&branch.operators);
                }
            }
            OperatorKind::GraphMatch(graph) | OperatorKind::GraphShortestPaths(graph) => {
                self.graph_match(graph);
            }
            OperatorKind::GraphToTable(outputs) => self.graph_to_table(outputs),
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
                self.word(" as ", &expand.scope.text);
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
                self.word(" ", &range.name.text);
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

    /// A word and a name.
    fn word(&mut self, word: &str, name: &str) {
        self.push(word);
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
                    self.word(" ", &column.name.text);
                    if let Some(scalar_type) = column.scalar_type {
                        self.push(": ");
                        self.push(type_name(scalar_type));
                    }
                }
            }
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

fn is_word(text: &str) -> bool {
    is_token(text, TokenKind::Word)
}
