//! Operators of a pipe: the table of their names, their options, and the plain ones.

mod aggregate;
mod column;
mod render;
mod scan;
mod subquery;

use super::{Parser, Result};
use crate::ast::{
    Evaluate, ExpressionKind, Name, Nulls, Operator, OperatorKind, Order, OrderedExpression, Parameter, Range,
};
use crate::token::TokenKind as T;
use crate::token::{WordClass, word_class};

/// Parses what follows an operator's name. Options go to the list.
type Rule<'a> = fn(&mut Parser<'a>, &mut Vec<Parameter>) -> Result<OperatorKind>;

/// Looking a rule up instead of matching keeps the parser's stack frames small: nested pipes pass
/// through here at every level.
fn rule<'a>(name: &str) -> Option<Rule<'a>> {
    Some(match name {
        "as" => Parser::as_operator,
        "assert-schema" => |parser, _| Ok(OperatorKind::AssertSchema(parser.row_schema()?)),
        "consume" => Parser::consume,
        "count" => Parser::count,
        "distinct" => Parser::distinct,
        "evaluate" => Parser::evaluate,
        "__executeAndCache" => |_, _| Ok(OperatorKind::ExecuteAndCache),
        "extend" => Parser::extend,
        "facet" => Parser::facet,
        "filter" | "where" => Parser::where_operator,
        "find" => Parser::find,
        "fork" => Parser::fork,
        "getschema" => Parser::getschema,
        "graph-mark-components" => Parser::graph_mark_components,
        "graph-match" => Parser::graph_match,
        "graph-shortest-paths" => Parser::graph_shortest_paths,
        "graph-to-table" => Parser::graph_to_table,
        "graph-where-edges" => |parser, _| Ok(OperatorKind::GraphWhereEdges(parser.expression()?)),
        "graph-where-nodes" => |parser, _| Ok(OperatorKind::GraphWhereNodes(parser.expression()?)),
        "invoke" => Parser::invoke,
        "join" => Parser::join,
        "limit" | "take" => Parser::take_operator,
        "lookup" => Parser::lookup,
        "macro-expand" => Parser::macro_expand,
        "make-graph" => Parser::make_graph,
        "make-series" => Parser::make_series,
        "mv-apply" | "mvapply" => Parser::mv_apply,
        "mv-expand" | "mvexpand" => Parser::mv_expand,
        "order" | "sort" => Parser::sort,
        "parse" => Parser::parse_operator,
        "parse-kv" => Parser::parse_kv,
        "parse-where" => Parser::parse_where,
        "partition" => Parser::partition,
        "__partitionby" => Parser::partition_by,
        "print" => Parser::print,
        "project" => Parser::project,
        "project-by-names" => Parser::project_by_names,
        "project-away" => Parser::project_away,
        "project-keep" => Parser::project_keep,
        "project-rename" => Parser::project_rename,
        "project-reorder" => Parser::project_reorder,
        "range" => Parser::range,
        "reduce" => Parser::reduce,
        "render" => Parser::render,
        "sample" => Parser::sample,
        "sample-distinct" => Parser::sample_distinct,
        "scan" => Parser::scan,
        "search" => Parser::search,
        "serialize" => Parser::serialize,
        "summarize" => Parser::summarize,
        "top" => Parser::top,
        "top-hitters" => Parser::top_hitters,
        "top-nested" => Parser::top_nested,
        "union" => Parser::union,
        _ => return None,
    })
}

/// True for the options every operator takes, apart from those that begin with `hint.`.
fn is_internal(name: &str) -> bool {
    matches!(
        name,
        "__crossCluster"
            | "__crossDB"
            | "__id"
            | "__isFuzzy"
            | "__noWithSource"
            | "__packedColumn"
            | "__sourceColumnIndex"
    )
}

impl Parser<'_> {
    /// One operator or more, separated by bars; the cursor is behind the first bar.
    pub(super) fn operators(&mut self) -> Result<Vec<Operator>> {
        let mut operators = Vec::new();
        loop {
            operators.push(self.operator()?);
            if !self.take(T::Bar) {
                return Ok(operators);
            }
        }
    }

    /// `( operator | operator )`: a pipe whose source is given.
    pub(super) fn operators_in_parentheses(&mut self) -> Result<Vec<Operator>> {
        self.enter()?;
        self.expect(T::OpenParen, "'('")?;
        let operators = self.operators()?;
        self.expect(T::CloseParen, "'|' or ')'")?;
        self.leave();
        Ok(operators)
    }

    /// True if an operator stands at the cursor that cannot be taken for an expression: its name is
    /// reserved, or several words joined by dashes.
    pub(super) fn at_reserved_operator(&self) -> bool {
        let (name, tokens) = self.dashed_word();
        (tokens > 1 || word_class(name) != WordClass::Free) && rule(name).is_some()
    }

    pub(super) fn operator(&mut self) -> Result<Operator> {
        let start = self.start();
        let (name, tokens) = self.dashed_word();
        let Some(rule) = rule(name) else {
            return Err(self.unexpected("an operator"));
        };
        self.advance(tokens);
        let mut parameters = Vec::new();
        let kind = rule(self, &mut parameters)?;
        Ok(Operator {
            kind,
            parameters,
            span: self.span_from(start),
        })
    }

    /// The options at the cursor whose names are accepted; hints always are.
    pub(super) fn parameters(&mut self, accepts: fn(&str) -> bool) -> Result<Vec<Parameter>> {
        let mut parameters = Vec::new();
        loop {
            let word = self.word(0);
            let is_parameter = match self.kind(1) {
                T::Assign => !word.is_empty() && (is_internal(word) || accepts(word)),
                T::Dot => word == "hint" && self.kind(3) == T::Assign,
                _ => false,
            };
            if !is_parameter {
                return Ok(parameters);
            }
            parameters.push(self.parameter()?);
        }
    }

    /// `name=value`.
    pub(super) fn parameter(&mut self) -> Result<Parameter> {
        let start = self.start();
        let mut name = if self.at_bracketed_name() {
            self.name()?
        } else {
            self.any_word()?
        };
        if self.take(T::Dot) {
            let last = self.any_word()?;
            let text = format!("{}.{}", name.text, last.text);
            name = Name {
                text,
                span: name.span.to(last.span),
            };
        }
        self.expect(T::Assign, "'='")?;
        let value = self.parameter_value()?;
        Ok(Parameter {
            name,
            value,
            span: self.span_from(start),
        })
    }

    /// `expression asc nulls first`.
    pub(super) fn ordered(&mut self) -> Result<OrderedExpression> {
        let start = self.start();
        let expression = self.named()?;
        let order = match self.word(0) {
            "asc" => Some(Order::Asc),
            "desc" => Some(Order::Desc),
            _ => None,
        };
        self.advance(usize::from(order.is_some()));
        let mut nulls = None;
        if self.take_word("nulls") {
            nulls = match self.word(0) {
                "first" => Some(Nulls::First),
                "last" => Some(Nulls::Last),
                _ => return Err(self.unexpected("'first' or 'last'")),
            };
            self.advance(1);
        }
        Ok(OrderedExpression {
            expression,
            order,
            nulls,
            span: self.span_from(start),
        })
    }

    fn as_operator(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| true)?;
        Ok(OperatorKind::As(self.name()?))
    }

    fn consume(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| true)?;
        Ok(OperatorKind::Consume)
    }

    /// `count`, `count as name`.
    fn count(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| true)?;
        let name = if self.take_word("as") {
            Some(self.name()?)
        } else {
            None
        };
        Ok(OperatorKind::Count(name))
    }

    fn getschema(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| true)?;
        Ok(OperatorKind::GetSchema)
    }

    fn evaluate(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| true)?;
        let call = *self.call()?;
        let schema = if self.take(T::Colon) {
            Some(self.row_schema()?)
        } else {
            None
        };
        Ok(OperatorKind::Evaluate(Box::new(Evaluate { call, schema })))
    }

    fn invoke(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| false)?;
        let position = self.position;
        match self.path()?.kind {
            ExpressionKind::Call(call) => Ok(OperatorKind::Invoke(call)),
            _ => {
                // The error is about the whole expression, so it points at its start.
                self.position = position;
                Err(self.unexpected("a function call"))
            }
        }
    }

    fn print(&mut self, _: &mut Vec<Parameter>) -> Result<OperatorKind> {
        Ok(OperatorKind::Print(self.list(Self::named)?))
    }

    /// `range x from a to b step c`.
    fn range(&mut self, _: &mut Vec<Parameter>) -> Result<OperatorKind> {
        let name = self.name()?;
        self.expect_word("'from'")?;
        let from = self.expression()?;
        self.expect_word("'to'")?;
        let to = self.expression()?;
        self.expect_word("'step'")?;
        let step = self.expression()?;
        Ok(OperatorKind::Range(Box::new(Range { name, from, to, step })))
    }

    fn sample(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| false)?;
        Ok(OperatorKind::Sample(self.expression()?))
    }

    fn sort(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| true)?;
        self.expect_word("'by'")?;
        Ok(OperatorKind::Sort(self.list(Self::ordered)?))
    }

    fn take_operator(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| false)?;
        Ok(OperatorKind::Take(self.expression()?))
    }

    fn where_operator(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| false)?;
        Ok(OperatorKind::Where(self.expression()?))
    }
}
