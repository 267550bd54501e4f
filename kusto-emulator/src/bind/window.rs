//! Functions over neighbouring rows: `row_number()`, `prev()` and their like.

use kusto_kql::ast::{Call, Span};
use kusto_protocol::{ColumnType, Value};

use super::{Binder, Result};
use crate::plan::{Scalar, WindowCall, WindowFunction};
use crate::vector::Vector;

/// The function of that name, if it is one.
pub(super) fn function(name: &str) -> Option<WindowFunction> {
    Some(match name {
        "row_number" => WindowFunction::RowNumber,
        "row_cumsum" => WindowFunction::RowCumsum,
        "row_rank_dense" => WindowFunction::RowRankDense,
        "row_rank_min" => WindowFunction::RowRankMin,
        "row_window_session" => WindowFunction::RowWindowSession,
        "prev" => WindowFunction::Prev,
        "next" => WindowFunction::Next,
        _ => return None,
    })
}

impl Binder<'_> {
    /// A call of such a function: a column that the rows get before the expression is evaluated.
    pub(super) fn window_call(
        &mut self,
        function: WindowFunction,
        call: &Call,
        span: Span,
    ) -> Result<Scalar> {
        let name = &call.name.text;
        if !self.rows.as_ref().is_some_and(|rows| rows.serialized) {
            let message = format!(
                "Function '{name}' cannot be invoked in current context. Details: The input rows must be \
                 serialized: sort them, or use 'serialize'."
            );
            return Err(self.semantic(span, "SEM0228", message));
        }
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            arguments.push(self.scalar(&argument.expression)?);
        }
        let (least, most) = match function {
            WindowFunction::RowNumber => (0, 2),
            WindowFunction::RowCumsum | WindowFunction::RowRankDense | WindowFunction::RowRankMin => (1, 2),
            WindowFunction::Prev | WindowFunction::Next => (1, 3),
            WindowFunction::RowWindowSession => (3, 4),
        };
        if !(least..=most).contains(&arguments.len()) {
            let message = format!("{name}(): expected {least} to {most} argument(s).");
            return Err(self.semantic(span, "SEM0219", message));
        }
        let ty = match function {
            WindowFunction::RowNumber | WindowFunction::RowRankDense | WindowFunction::RowRankMin => {
                ColumnType::Long
            }
            WindowFunction::RowCumsum => match arguments[0].ty() {
                ColumnType::Int | ColumnType::Long => ColumnType::Long,
                ty @ (ColumnType::Real | ColumnType::Timespan) => ty.clone(),
                ty => {
                    let message = format!("row_cumsum(): the term must be a number, not of type {ty}.");
                    return Err(self.semantic(span, "SEM0231", message));
                }
            },
            WindowFunction::RowWindowSession => ColumnType::DateTime,
            WindowFunction::Prev | WindowFunction::Next => arguments[0].ty().clone(),
        };
        self.fit_arguments(function, &ty, &mut arguments, span)?;
        let Some(rows) = &mut self.rows else {
            return Err(self.semantic(span, "SEM0228", format!("Function '{name}' needs rows.")));
        };
        let place = rows.schema.len() + rows.windows.len();
        rows.windows.push(WindowCall {
            function,
            arguments,
            ty: ty.clone(),
        });
        Ok(Scalar::Column(place, ty))
    }

    /// Fills in what was left out and brings each argument to the type that evaluation reads.
    fn fit_arguments(
        &mut self,
        function: WindowFunction,
        ty: &ColumnType,
        arguments: &mut Vec<Scalar>,
        span: Span,
    ) -> Result<()> {
        let constant = |ty, value| Scalar::Constant(Vector::constant(ty, value));
        let never = || constant(ColumnType::Bool, Value::Bool(false));
        match function {
            WindowFunction::RowNumber => {
                if arguments.is_empty() {
                    arguments.push(constant(ColumnType::Long, Value::Long(1)));
                }
                arguments[0] = self.convert(arguments[0].clone(), &ColumnType::Long, span)?;
                if arguments.len() < 2 {
                    arguments.push(never());
                }
            }
            WindowFunction::RowCumsum => {
                arguments[0] = self.convert(arguments[0].clone(), ty, span)?;
                if arguments.len() < 2 {
                    arguments.push(never());
                }
            }
            WindowFunction::RowRankDense | WindowFunction::RowRankMin => {
                if arguments.len() < 2 {
                    arguments.push(never());
                }
            }
            WindowFunction::Prev | WindowFunction::Next => {
                if arguments.len() < 2 {
                    arguments.push(constant(ColumnType::Long, Value::Long(1)));
                }
                arguments[1] = self.convert(arguments[1].clone(), &ColumnType::Long, span)?;
                if arguments.len() < 3 {
                    arguments.push(Scalar::Constant(Vector::null(ty.clone())));
                }
                arguments[2] = self.convert(arguments[2].clone(), ty, span)?;
                for argument in &arguments[1..] {
                    if !super::is_constant(argument) {
                        let message = "prev() and next(): the offset and the default must be constants.";
                        return Err(self.semantic(span, "SEM0235", message));
                    }
                }
            }
            WindowFunction::RowWindowSession => {
                let types = [
                    &ColumnType::DateTime,
                    &ColumnType::Timespan,
                    &ColumnType::Timespan,
                ];
                for (argument, wanted) in arguments.iter().zip(types) {
                    if argument.ty() != wanted {
                        let message = format!("row_window_session(): a {wanted} is expected.");
                        return Err(self.semantic(span, "SEM0231", message));
                    }
                }
                if arguments.len() < 4 {
                    arguments.push(never());
                }
            }
        }
        Ok(())
    }
}
