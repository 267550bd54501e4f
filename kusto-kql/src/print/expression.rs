//! Expressions, with no more parentheses than they need.

use super::{Printer, type_name};
use crate::ast::{
    BinaryOperator, Call, Expression, ExpressionKind, ListOperator, LogicalOperator, NameClause,
    NamedExpression, Typeof, UnaryOperator,
};
use crate::precedence::{self, Precedence};

/// Where a pipe may stand.
pub(super) const PIPE: Precedence = 0;
/// Where an expression may stand, but no pipe.
pub(super) const OPERAND: Precedence = precedence::OR;
const SIGNED: Precedence = precedence::STRING + 1;
const PATH: Precedence = SIGNED + 1;
const ATOM: Precedence = PATH + 1;

impl Printer {
    /// Writes an expression, in parentheses if it binds less tightly than it must.
    pub(super) fn expression(&mut self, expression: &Expression, least: Precedence) {
        if precedence_of(&expression.kind) < least {
            self.nested("(", ")", |p| p.bare_expression(&expression.kind));
        } else {
            self.bare_expression(&expression.kind);
        }
    }

    fn bare_expression(&mut self, kind: &ExpressionKind) {
        match kind {
            ExpressionKind::Name(name) => self.name(name),
            ExpressionKind::Star => self.push("*"),
            ExpressionKind::Wildcard { object, pattern } => {
                if let Some(object) = object {
                    self.expression(object, PATH);
                    self.push(".");
                }
                self.push(pattern);
            }
            ExpressionKind::Literal(literal) => self.literal(literal),
            ExpressionKind::Dynamic(value) => self.nested("dynamic(", ")", |p| p.dynamic(value)),
            ExpressionKind::ClientParameter(name) => self.client_parameter(name),
            ExpressionKind::Typeof(of) => self.type_of(of),
            ExpressionKind::Member { object, name } => {
                self.object(object);
                self.push(".");
                self.name(&name.text);
            }
            ExpressionKind::Index { object, index } => {
                self.object(object);
                self.nested("[", "]", |p| p.operand(index));
            }
            ExpressionKind::Call(call) => self.call(call),
            ExpressionKind::Unary { operator, operand } => {
                self.push(match operator {
                    UnaryOperator::Minus => "-",
                    UnaryOperator::Plus => "+",
                });
                self.expression(operand, PATH);
            }
            ExpressionKind::Binary {
                operator,
                left,
                right,
            } => self.binary(*operator, left, right),
            ExpressionKind::Logical { operator, operands } => {
                let word = match operator {
                    LogicalOperator::And => " and ",
                    LogicalOperator::Or => " or ",
                };
                let least = precedence_of(kind) + 1;
                self.join(operands, word, |p, operand| p.expression(operand, least));
            }
            ExpressionKind::List {
                operator,
                left,
                values,
            } => {
                self.expression(left, precedence::EQUALITY + 1);
                self.push(list_operator(*operator));
                self.nested("(", ")", |p| p.join(values, ", ", Self::pipe));
            }
            ExpressionKind::Between {
                negated,
                operand,
                low,
                high,
            } => {
                self.expression(operand, precedence::EQUALITY + 1);
                self.push(if *negated { " !between " } else { " between " });
                self.nested("(", ")", |p| {
                    p.operand(low);
                    p.push(" .. ");
                    p.operand(high);
                });
            }
            ExpressionKind::DataScope { table, scope } => {
                self.expression(table, ATOM);
                self.push(" datascope=");
                self.push(scope);
            }
            ExpressionKind::Pipe { source, operators } => {
                let is_operator = matches!(source.kind, ExpressionKind::Operator(_));
                self.expression(source, if is_operator { PIPE } else { OPERAND });
                for operator in operators {
                    self.push(if self.nesting == 0 { "\n| " } else { " | " });
                    self.operator(operator);
                }
            }
            ExpressionKind::Operator(operator) => self.operator(operator),
            ExpressionKind::Datatable(datatable) => {
                self.push("datatable");
                self.parameters(&datatable.parameters);
                self.push(" ");
                self.row_schema(&datatable.schema);
                self.nested(" [", "]", |p| p.join(&datatable.values, ", ", Self::operand));
            }
            ExpressionKind::ExternalData(external) => {
                self.push("externaldata");
                self.parameters(&external.parameters);
                self.push(" ");
                self.row_schema(&external.schema);
                self.nested(" [", "]", |p| p.join(&external.sources, ", ", Self::operand));
                self.with_properties(&external.properties);
            }
            ExpressionKind::InlineExternalTable(table) => {
                self.push("inline_external_table");
                self.row_schema(&table.schema);
                self.parameters(&table.parameters);
                if !table.partitions.is_empty() {
                    self.nested(" partition by (", ")", |p| {
                        p.join(&table.partitions, ", ", |p, partition| {
                            p.name(&partition.column.name.text);
                            p.push(": ");
                            p.push(type_name(partition.column.scalar_type));
                            if let Some(value) = &partition.value {
                                p.push(" = ");
                                p.operand(value);
                            }
                        });
                    });
                }
                if !table.path_format.is_empty() {
                    self.nested(" pathformat=(", ")", |p| {
                        p.join(&table.path_format, " ", Self::operand)
                    });
                }
                self.nested(" (", ")", |p| p.join(&table.sources, ", ", Self::operand));
                self.with_properties(&table.properties);
            }
            ExpressionKind::MaterializedViewCombine(combine) => {
                self.nested("materialized-view-combine(", ")", |p| p.operand(&combine.view));
                self.nested(" base (", ")", |p| p.pipe(&combine.base));
                self.nested(" delta (", ")", |p| p.pipe(&combine.delta));
                self.nested(" aggregations (", ")", |p| p.operator(&combine.aggregations));
            }
            ExpressionKind::EntityGroup(entities) => {
                self.nested("entity_group [", "]", |p| p.join(entities, ", ", Self::operand));
            }
        }
    }

    /// Writes what stands before a dot or a bracket.
    fn object(&mut self, object: &Expression) {
        // `1.a` would be read as a number.
        let is_number = matches!(&object.kind, ExpressionKind::Literal(_));
        self.expression(object, if is_number { ATOM + 1 } else { PATH });
    }

    fn binary(&mut self, operator: BinaryOperator, left: &Expression, right: &Expression) {
        let precedence = precedence::of_binary(operator);
        let is_chain = precedence::chains(precedence);
        self.expression(left, precedence + u8::from(!is_chain));
        self.push(" ");
        self.push(operator.as_str());
        self.push(" ");
        self.expression(right, precedence + 1);
    }

    pub(super) fn call(&mut self, call: &Call) {
        if let Some(object) = &call.object {
            self.object(object);
            self.push(".");
        }
        if let (None, "toscalar" | "totable" | "materialize", [argument]) =
            (&call.object, call.name.text.as_str(), call.arguments.as_slice())
        {
            self.push(&call.name.text);
            self.parameters(&call.parameters);
            self.push(if call.parameters.is_empty() { "" } else { " " });
            self.nested("(", ")", |p| p.pipe(&argument.expression));
            return;
        }
        self.name(&call.name.text);
        self.nested("(", ")", |p| p.join(&call.arguments, ", ", Self::named));
    }

    pub(super) fn named(&mut self, named: &NamedExpression) {
        self.name_clause(named);
        self.operand(&named.expression);
    }

    fn name_clause(&mut self, named: &NamedExpression) {
        match &named.name {
            None => return,
            Some(NameClause::Name(name)) => self.name(&name.text),
            Some(NameClause::List(names)) => {
                self.nested("(", ")", |p| p.join(names, ", ", |p, name| p.name(&name.text)));
            }
        }
        self.push(" = ");
    }

    pub(super) fn type_of(&mut self, of: &Typeof) {
        self.push("typeof");
        match of {
            Typeof::Scalar(scalar_type) => {
                self.nested("(", ")", |p| p.push(type_name(*scalar_type)));
            }
            Typeof::Row(schema) => self.row_schema(schema),
        }
    }

    /// Writes a table where wildcards may stand.
    pub(super) fn entity(&mut self, entity: &Expression) {
        self.expression(entity, PATH);
    }
}

fn precedence_of(kind: &ExpressionKind) -> Precedence {
    match kind {
        ExpressionKind::Pipe { .. } | ExpressionKind::Operator(_) => PIPE,
        ExpressionKind::Logical {
            operator: LogicalOperator::Or,
            ..
        } => precedence::OR,
        ExpressionKind::Logical {
            operator: LogicalOperator::And,
            ..
        } => precedence::AND,
        ExpressionKind::List { .. } | ExpressionKind::Between { .. } => precedence::EQUALITY,
        ExpressionKind::Binary { operator, .. } => precedence::of_binary(*operator),
        ExpressionKind::Unary { .. } => SIGNED,
        ExpressionKind::Datatable(_)
        | ExpressionKind::DataScope { .. }
        | ExpressionKind::EntityGroup(_)
        | ExpressionKind::ExternalData(_)
        | ExpressionKind::InlineExternalTable(_)
        | ExpressionKind::MaterializedViewCombine(_)
        | ExpressionKind::Star => SIGNED,
        ExpressionKind::Member { .. } | ExpressionKind::Index { .. } | ExpressionKind::Call(_) => PATH,
        _ => ATOM,
    }
}

fn list_operator(operator: ListOperator) -> &'static str {
    match operator {
        ListOperator::In => " in ",
        ListOperator::NotIn => " !in ",
        ListOperator::InIgnoreCase => " in~ ",
        ListOperator::NotInIgnoreCase => " !in~ ",
        ListOperator::HasAny => " has_any ",
        ListOperator::HasAll => " has_all ",
    }
}
