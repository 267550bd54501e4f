//! `join` and `lookup`.

use kusto_kql::ast::{self, BinaryOperator, Expression, ExpressionKind, LogicalOperator, Operator};
use kusto_protocol::{Column, ColumnType};

use super::column::with_unique_names;
use super::{Binder, Result};
use crate::plan::{Join, JoinKind, Node, Plan, Scalar};

impl Binder<'_> {
    /// `join kind=… (right) on …`
    pub(super) fn join(&mut self, left: Plan, join: &ast::Join, operator: &Operator) -> Result<Plan> {
        self.operator = "join";
        if let Some(predicate) = &join.predicate {
            return Err(self.unsupported(predicate.span, "'join … where'"));
        }
        let kind = self.join_kind(operator, JoinKind::InnerUnique)?;
        let right = self.without_rows(|binder| binder.tabular(&join.right))?;
        let (left_keys, right_keys) = self.join_keys(&left, &right, &join.on, operator)?;
        let (from_left, from_right) = match kind {
            JoinKind::LeftSemi | JoinKind::LeftAnti => (true, false),
            JoinKind::RightSemi | JoinKind::RightAnti => (false, true),
            _ => (true, true),
        };
        let left_columns: Vec<usize> = (0..left.schema.len()).filter(|_| from_left).collect();
        let right_columns: Vec<usize> = (0..right.schema.len()).filter(|_| from_right).collect();
        Ok(join_plan(Join {
            left,
            right,
            kind,
            left_keys,
            right_keys,
            left_columns,
            right_columns,
        }))
    }

    /// `lookup kind=… (right) on …`: a join that leaves the right side's keys out.
    pub(super) fn lookup(&mut self, left: Plan, lookup: &ast::Lookup, operator: &Operator) -> Result<Plan> {
        self.operator = "lookup";
        let kind = self.join_kind(operator, JoinKind::LeftOuter)?;
        if !matches!(kind, JoinKind::LeftOuter | JoinKind::Inner) {
            let message = "The kind of 'lookup' must be leftouter or inner.";
            return Err(self.semantic(operator.span, "SEM0104", message));
        }
        let right = self.without_rows(|binder| binder.tabular(&lookup.right))?;
        let (left_keys, right_keys) = self.join_keys(&left, &right, &lookup.on, operator)?;
        let mut is_key = vec![false; right.schema.len()];
        for key in &right_keys {
            key.visit_columns(&mut |index| is_key[index] = true);
        }
        Ok(join_plan(Join {
            left_columns: (0..left.schema.len()).collect(),
            right_columns: (0..right.schema.len()).filter(|index| !is_key[*index]).collect(),
            left,
            right,
            kind,
            left_keys,
            right_keys,
        }))
    }

    fn join_kind(&self, operator: &Operator, default: JoinKind) -> Result<JoinKind> {
        let mut kind = default;
        for parameter in &operator.parameters {
            let value = match &parameter.value.kind {
                ExpressionKind::Name(name) => name.as_str(),
                ExpressionKind::Literal(literal) => literal.text.as_str(),
                _ => "",
            };
            kind = match (parameter.name.text.as_str(), value) {
                ("kind", "innerunique") => JoinKind::InnerUnique,
                ("kind", "inner") => JoinKind::Inner,
                ("kind", "leftouter") => JoinKind::LeftOuter,
                ("kind", "rightouter") => JoinKind::RightOuter,
                ("kind", "fullouter") => JoinKind::FullOuter,
                ("kind", "leftsemi") => JoinKind::LeftSemi,
                ("kind", "leftanti" | "anti" | "leftantisemi") => JoinKind::LeftAnti,
                ("kind", "rightsemi") => JoinKind::RightSemi,
                ("kind", "rightanti" | "rightantisemi") => JoinKind::RightAnti,
                (name, _) if name.starts_with("hint.") => kind,
                (name, value) => {
                    return Err(self.unsupported(parameter.span, format_args!("'join {name}={value}'")));
                }
            };
        }
        Ok(kind)
    }

    /// What must be equal, on the left and on the right.
    fn join_keys(
        &mut self,
        left: &Plan,
        right: &Plan,
        on: &[Expression],
        operator: &Operator,
    ) -> Result<(Vec<Scalar>, Vec<Scalar>)> {
        let mut conditions = Vec::new();
        for expression in on {
            match &expression.kind {
                ExpressionKind::Logical {
                    operator: LogicalOperator::And,
                    operands,
                } => conditions.extend(operands),
                _ => conditions.push(expression),
            }
        }
        if conditions.is_empty() {
            let message = "'on' with at least one column is expected.";
            return Err(self.semantic(operator.span, "SEM0104", message));
        }
        let width = left.schema.len();
        let (mut left_keys, mut right_keys) = (Vec::new(), Vec::new());
        let name = self.operator;
        let (pairs, _) = self.over(left, name, |binder| {
            if let Some(rows) = &mut binder.rows {
                rows.right = Some(right.schema.clone());
            }
            let mut pairs = Vec::new();
            for condition in conditions {
                pairs.push((binder.join_pair(condition, width)?, condition.span));
            }
            Ok(pairs)
        })?;
        for ((left_key, right_key), span) in pairs {
            let right_key = right_key.map_columns(&|index| index - width);
            let (left_key, right_key) = self.same_type(left_key, right_key, span)?;
            left_keys.push(left_key);
            right_keys.push(right_key);
        }
        Ok((left_keys, right_keys))
    }

    /// `name`, or `$left.a == $right.b` either way round. The right side's columns count on from the left's.
    fn join_pair(&mut self, condition: &Expression, width: usize) -> Result<(Scalar, Scalar)> {
        let span = condition.span;
        match &condition.kind {
            ExpressionKind::Name(name) => Ok((
                self.side_column(false, name, span)?,
                self.side_column(true, name, span)?,
            )),
            ExpressionKind::Binary {
                operator: BinaryOperator::Equal,
                left,
                right,
            } => {
                let (a, b) = (self.scalar(left)?, self.scalar(right)?);
                match (side(&a, width), side(&b, width)) {
                    (Some(false), Some(true)) => Ok((a, b)),
                    (Some(true), Some(false)) => Ok((b, a)),
                    _ => Err(self.join_condition(condition)),
                }
            }
            _ => Err(self.join_condition(condition)),
        }
    }

    fn join_condition(&self, condition: &Expression) -> crate::error::EngineError {
        let message = "A column name or '$left.a == $right.b' is expected after 'on'.";
        self.semantic(condition.span, "SEM0104", message)
    }

    /// Both keys in one type: whole numbers fit each other, all else must be the same.
    fn same_type(&mut self, left: Scalar, right: Scalar, span: ast::Span) -> Result<(Scalar, Scalar)> {
        use ColumnType::{Dynamic, Int, Long};
        match (left.ty(), right.ty()) {
            (Dynamic, _) | (_, Dynamic) => {
                let message = "A key cannot be of type dynamic: convert it first, by tostring() say.";
                Err(self.semantic(span, "SEM0025", message))
            }
            (a, b) if a == b => Ok((left, right)),
            (Int, Long) => Ok((self.convert(left, &Long, span)?, right)),
            (Long, Int) => Ok((left, self.convert(right, &Long, span)?)),
            (a, b) => {
                let message = format!("The keys must be of one type, not of {a} and {b}.");
                Err(self.semantic(span, "SEM0025", message))
            }
        }
    }
}

/// Which side an expression reads: true for the right one. `None` if both or neither.
fn side(scalar: &Scalar, width: usize) -> Option<bool> {
    let (mut left, mut right) = (false, false);
    scalar.visit_columns(&mut |index| if index < width { left = true } else { right = true });
    (left != right).then_some(right)
}

fn join_plan(join: Join) -> Plan {
    let left = join.left_columns.iter().map(|&index| &join.left.schema[index]);
    let right = join.right_columns.iter().map(|&index| &join.right.schema[index]);
    let columns: Vec<Column> = left.chain(right).cloned().collect();
    Plan::new(with_unique_names(&columns), false, Node::Join(join))
}
