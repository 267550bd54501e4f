//! The `…if` forms: another aggregate over the rows where a condition holds.

use arrow_array::cast::AsArray;
use arrow_array::{BooleanArray, UInt32Array};
use arrow_select::filter::filter;
use kusto_protocol::ColumnType;

use super::{Accumulator, Aggregate};
use crate::error::{BindError, EvalError};
use crate::function::arguments::{Arguments, converted};
use crate::function::kind::Bool;
use crate::vector::Vector;

/// The aggregate that `bind` makes of the arguments without the condition at `index`.
pub(super) fn filtered(
    arguments: &Arguments<'_>,
    index: usize,
    bind: fn(&Arguments<'_>) -> Result<Aggregate, BindError>,
) -> Result<Aggregate, BindError> {
    arguments.target::<Bool>(index)?;
    let others: Vec<_> = (0..arguments.len())
        .filter(|other| *other != index)
        .map(|other| arguments.argument(other))
        .collect();
    let inner = bind(&Arguments::new(arguments.name(), &others))?;
    Ok(Aggregate::new(inner.types.clone(), move || Filtered {
        inner: inner.accumulator(),
        condition: index,
    }))
}

struct Filtered {
    inner: Box<dyn Accumulator>,
    condition: usize,
}

impl Accumulator for Filtered {
    fn update(
        &mut self,
        groups: &[u32],
        num_groups: usize,
        arguments: &[Vector],
        rows: usize,
    ) -> Result<(), EvalError> {
        let condition = converted(arguments, self.condition, &ColumnType::Bool)?.expand(rows)?;
        let condition: &BooleanArray = condition.as_boolean();
        let kept = filter(&UInt32Array::from(groups.to_vec()), condition)?;
        let kept: &UInt32Array = kept.as_primitive();
        let others = arguments
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != self.condition)
            .map(|(_, vector)| {
                if vector.is_constant() {
                    return Ok(vector.clone());
                }
                Ok(Vector::new(
                    vector.ty().clone(),
                    filter(vector.values(), condition)?,
                ))
            })
            .collect::<Result<Vec<_>, EvalError>>()?;
        self.inner.update(kept.values(), num_groups, &others, kept.len())
    }

    fn finish(self: Box<Self>, num_groups: usize) -> Result<Vec<Vector>, EvalError> {
        self.inner.finish(num_groups)
    }
}
