//! Scalar expressions.

use kusto_kql::ast::{
    BinaryOperator, Expression, ExpressionKind, ListOperator, LogicalOperator, Span, Typeof, UnaryOperator,
};
use kusto_protocol::{ColumnType, Value};

use super::environment::Binding;
use super::{Binder, Result};
use crate::error::BindError;
use crate::function::{self, Argument};
use crate::plan::Scalar;
use crate::types;
use crate::vector::Vector;

impl Binder<'_> {
    /// A scalar expression over the current rows.
    pub(super) fn scalar(&mut self, expression: &Expression) -> Result<Scalar> {
        self.count_expressions(1, expression.span)?;
        self.deeper(expression.span, |binder| binder.scalar_kind(expression))
    }

    fn scalar_kind(&mut self, expression: &Expression) -> Result<Scalar> {
        let span = expression.span;
        match &expression.kind {
            ExpressionKind::Name(name) => self.scalar_name(name, span),
            ExpressionKind::Literal(literal) => Ok(Scalar::Constant(self.literal(literal, span)?)),
            ExpressionKind::Dynamic(value) => Ok(Scalar::Constant(self.dynamic(value)?)),
            ExpressionKind::Typeof(ty) => self.typeof_name(ty, span),
            ExpressionKind::Member { object, name } => self.member(object, &name.text, span),
            ExpressionKind::Index { object, index } => self.index(object, index, span),
            ExpressionKind::Call(call) => self.scalar_call(call, span),
            ExpressionKind::Unary { operator, operand } => self.unary(*operator, operand, span),
            ExpressionKind::Binary {
                operator,
                left,
                right,
            } => self.binary(*operator, left, right, span),
            ExpressionKind::Logical { operator, operands } => {
                let name = match operator {
                    LogicalOperator::And => "and",
                    LogicalOperator::Or => "or",
                };
                let mut bound = Vec::with_capacity(operands.len());
                for operand in operands {
                    bound.push(self.scalar(operand)?);
                }
                self.call(name, bound, span)
            }
            ExpressionKind::List {
                operator,
                left,
                values,
            } => self.list(*operator, left, values, span),
            ExpressionKind::Between {
                negated,
                operand,
                low,
                high,
            } => {
                let operands = vec![self.scalar(operand)?, self.scalar(low)?, self.scalar(high)?];
                self.call(if *negated { "!between" } else { "between" }, operands, span)
            }
            ExpressionKind::Star => Err(self.semantic(span, "SEM0100", "'*' cannot stand here.")),
            _ => Err(self.semantic(span, "SEM0020", "A scalar expression is expected here.")),
        }
    }

    /// A scalar expression whose value is known now.
    pub(super) fn constant(&mut self, expression: &Expression, what: &str) -> Result<Vector> {
        let scalar = self.without_rows(|binder| binder.scalar(expression))?;
        match scalar {
            Scalar::Constant(vector) => Ok(vector),
            _ => Err(self.semantic(expression.span, "SEM0040", format!("{what} must be a constant."))),
        }
    }

    /// A constant number of rows.
    pub(super) fn count(&mut self, expression: &Expression) -> Result<u64> {
        let vector = self.constant(expression, "The number of rows")?;
        let count = match vector.value(0) {
            Value::Int(count) => i64::from(count),
            Value::Long(count) => count,
            Value::Real(count) => count as i64,
            _ => {
                let message = "The number of rows must be a whole number.";
                return Err(self.semantic(expression.span, "SEM0041", message));
            }
        };
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// A condition: a scalar of type `bool`.
    pub(super) fn condition(&mut self, expression: &Expression) -> Result<Scalar> {
        let condition = self.scalar(expression)?;
        match condition.ty() {
            ColumnType::Bool => Ok(condition),
            ColumnType::Dynamic | ColumnType::Int | ColumnType::Long => {
                self.convert(condition, &ColumnType::Bool, expression.span)
            }
            ty => {
                let message = format!("A condition must be of type bool, not {ty}.");
                Err(self.semantic(expression.span, "SEM0063", message))
            }
        }
    }

    /// The scalar turned into a type, as `tolong()` and its like do.
    pub(super) fn convert(&mut self, scalar: Scalar, ty: &ColumnType, span: Span) -> Result<Scalar> {
        if scalar.ty() == ty {
            return Ok(scalar);
        }
        self.call(&format!("to{ty}"), vec![scalar], span)
    }

    /// A function or operator of bound arguments. If all are constant, so is the result.
    pub(super) fn call(&mut self, name: &str, arguments: Vec<Scalar>, span: Span) -> Result<Scalar> {
        let described: Vec<_> = arguments
            .iter()
            .map(|argument| Argument {
                ty: argument.ty(),
                constant: argument.constant(),
            })
            .collect();
        let call = function::resolve(name, &described).map_err(|error| self.error(span, error))?;
        if !call.deterministic {
            return Ok(Scalar::Call { call, arguments });
        }
        let constants: Option<Vec<Vector>> = arguments
            .iter()
            .map(|argument| argument.constant().cloned())
            .collect();
        let Some(constants) = constants else {
            return Ok(Scalar::Call { call, arguments });
        };
        let value = call.evaluate(&constants, 1, self.session)?;
        Ok(Scalar::Constant(Vector::new_constant(
            value.ty().clone(),
            value.values().clone(),
        )))
    }

    /// A column, or a name of the environment.
    fn scalar_name(&mut self, name: &str, span: Span) -> Result<Scalar> {
        if let Some(rows) = &mut self.rows
            && let Some(index) = rows.position(name)
        {
            if rows.aggregates.is_some() {
                let message = format!("'{name}' must be inside an aggregate function or be a key.");
                return Err(self.semantic(span, "SEM0139", message));
            }
            if !rows.named.contains(&index) {
                rows.named.push(index);
            }
            return Ok(Scalar::Column(index, rows.schema[index].column_type.clone()));
        }
        match self.environment.get(name).cloned() {
            Some(Binding::Scalar { value, rows }) => {
                if !super::is_constant(&value) && self.rows.as_ref().map(|rows| rows.id) != Some(rows) {
                    let message =
                        format!("'{name}' depends on the row and cannot be used inside this query.");
                    return Err(self.semantic(span, "SEM0102", message));
                }
                self.count_expressions(value.size(), span)?;
                Ok(value)
            }
            Some(Binding::Function(function)) if function.function.parameters.is_empty() => {
                self.scalar_user_call(&function, &[], span)
            }
            Some(Binding::Table(_)) => {
                let message = format!("'{name}' is a table where a scalar is expected.");
                Err(self.semantic(span, "SEM0020", message))
            }
            _ => {
                let message = match self.rows {
                    Some(_) => format!("Failed to resolve column or scalar expression named '{name}'."),
                    None => format!("Failed to resolve scalar expression named '{name}'."),
                };
                Err(self.semantic(span, "SEM0100", message))
            }
        }
    }

    /// `typeof(long)` is the text `long` to whoever takes it.
    fn typeof_name(&self, ty: &Typeof, span: Span) -> Result<Scalar> {
        match ty {
            Typeof::Scalar(ty) => Ok(text(types::column_type(*ty).as_str())),
            Typeof::Row(_) => Err(self.semantic(span, "SEM0064", "typeof() of a row cannot stand here.")),
        }
    }

    /// `object.name`: an entry of a bag, or a column of a side of a join.
    fn member(&mut self, object: &Expression, name: &str, span: Span) -> Result<Scalar> {
        if let ExpressionKind::Name(side) = &object.kind
            && matches!(side.as_str(), "$left" | "$right")
        {
            return self.side_column(side == "$right", name, span);
        }
        if let ExpressionKind::Name(step) = &object.kind
            && let Some(column) = self.remembered_column(step, name)
        {
            return Ok(column);
        }
        let object = self.scalar(object)?;
        self.path(".", object, text(name), span)
    }

    fn index(&mut self, object: &Expression, index: &Expression, span: Span) -> Result<Scalar> {
        if let ExpressionKind::Name(side) = &object.kind
            && matches!(side.as_str(), "$left" | "$right")
            && let ExpressionKind::Literal(literal) = &index.kind
        {
            return self.side_column(side == "$right", &literal.text, span);
        }
        let object = self.scalar(object)?;
        let index = self.scalar(index)?;
        self.path("[]", object, index, span)
    }

    fn path(&mut self, operator: &str, object: Scalar, key: Scalar, span: Span) -> Result<Scalar> {
        if *object.ty() != ColumnType::Dynamic {
            let message = format!(
                "A value of type {} has no members: it must be dynamic.",
                object.ty()
            );
            return Err(self.semantic(span, "SEM0064", message));
        }
        self.call(operator, vec![object, key], span)
    }

    fn unary(&mut self, operator: UnaryOperator, operand: &Expression, span: Span) -> Result<Scalar> {
        let operand = self.scalar(operand)?;
        match operator {
            UnaryOperator::Plus => Ok(operand),
            UnaryOperator::Minus => self.call("unary -", vec![operand], span),
        }
    }

    fn binary(
        &mut self,
        operator: BinaryOperator,
        left: &Expression,
        right: &Expression,
        span: Span,
    ) -> Result<Scalar> {
        if left.kind == ExpressionKind::Star {
            return self.any_column(operator, right, span);
        }
        let operands = vec![self.scalar(left)?, self.scalar(right)?];
        let name = match operator {
            BinaryOperator::HasTerm => "has",
            other => other.as_str(),
        };
        self.call(name, operands, span)
    }

    /// `* has "x"`: true if it is so for any column.
    fn any_column(&mut self, operator: BinaryOperator, right: &Expression, span: Span) -> Result<Scalar> {
        let right = self.scalar(right)?;
        let columns = self
            .rows
            .as_ref()
            .map(|rows| rows.schema.to_vec())
            .unwrap_or_default();
        let compares_text = !matches!(
            operator,
            BinaryOperator::Equal
                | BinaryOperator::NotEqual
                | BinaryOperator::Less
                | BinaryOperator::LessOrEqual
                | BinaryOperator::Greater
                | BinaryOperator::GreaterOrEqual
        );
        let mut conditions = Vec::new();
        for (index, column) in columns.iter().enumerate() {
            let mut value = Scalar::Column(index, column.column_type.clone());
            if compares_text {
                value = self.convert(value, &ColumnType::String, span)?;
            } else if column.column_type != *right.ty() {
                continue;
            }
            conditions.push(self.call(operator.as_str(), vec![value, right.clone()], span)?);
        }
        self.any_of(conditions, span)
    }

    /// True if one of the conditions is; false if there are none.
    pub(super) fn any_of(&mut self, mut conditions: Vec<Scalar>, span: Span) -> Result<Scalar> {
        match conditions.len() {
            0 => Ok(Scalar::Constant(Vector::constant(
                ColumnType::Bool,
                Value::Bool(false),
            ))),
            1 => Ok(conditions.remove(0)),
            _ => self.call("or", conditions, span),
        }
    }

    /// `left in (…)` and its like. The list may be a table: its first column counts.
    fn list(
        &mut self,
        operator: ListOperator,
        left: &Expression,
        values: &[Expression],
        span: Span,
    ) -> Result<Scalar> {
        let name = match operator {
            ListOperator::In => "in",
            ListOperator::NotIn => "!in",
            ListOperator::InIgnoreCase => "in~",
            ListOperator::NotInIgnoreCase => "!in~",
            ListOperator::HasAny => "has_any",
            ListOperator::HasAll => "has_all",
        };
        let mut list = Vec::with_capacity(values.len());
        for value in values {
            if self.is_tabular(value) {
                list.extend(self.first_column(value)?);
            } else {
                list.push(self.scalar(value)?);
            }
        }
        if left.kind == ExpressionKind::Star {
            let columns = self
                .rows
                .as_ref()
                .map(|rows| rows.schema.to_vec())
                .unwrap_or_default();
            let mut conditions = Vec::new();
            for (index, column) in columns.iter().enumerate() {
                let value = Scalar::Column(index, column.column_type.clone());
                let value = self.convert(value, &ColumnType::String, span)?;
                let operands = std::iter::once(value).chain(list.iter().cloned()).collect();
                conditions.push(self.call(name, operands, span)?);
            }
            return self.any_of(conditions, span);
        }
        let left = self.scalar(left)?;
        if list.is_empty() {
            let empty = matches!(
                operator,
                ListOperator::NotIn | ListOperator::NotInIgnoreCase | ListOperator::HasAll
            );
            return Ok(Scalar::Constant(Vector::constant(
                ColumnType::Bool,
                Value::Bool(empty),
            )));
        }
        list.insert(0, left);
        self.call(name, list, span)
    }

    /// The column of one side of a join.
    pub(super) fn side_column(&mut self, right: bool, name: &str, span: Span) -> Result<Scalar> {
        let side = if right { "$right" } else { "$left" };
        let rows = self.rows.as_ref();
        let schema = rows.and_then(|rows| {
            if right {
                rows.right.as_ref()
            } else {
                Some(&rows.schema)
            }
        });
        let found = schema.and_then(|schema| {
            let index = super::position(schema, name)?;
            Some((index, schema[index].column_type.clone()))
        });
        match found {
            // The columns of the right side count from where those of the left one end.
            Some((index, ty)) => {
                let base = match rows {
                    Some(rows) if right => rows.schema.len(),
                    _ => 0,
                };
                Ok(Scalar::Column(base + index, ty))
            }
            None => Err(self.error(
                span,
                BindError::semantic(
                    "SEM0100",
                    format!("Failed to resolve column named '{name}' of '{side}'."),
                ),
            )),
        }
    }
}

/// A constant text.
pub(super) fn long(value: i64) -> Scalar {
    Scalar::Constant(Vector::constant(ColumnType::Long, Value::Long(value)))
}

/// A constant text.
pub(super) fn text(text: &str) -> Scalar {
    Scalar::Constant(Vector::constant(ColumnType::String, Value::String(text)))
}
