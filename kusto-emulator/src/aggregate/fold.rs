//! Aggregates that fold values one by one into a state per group.

use std::marker::PhantomData;

use kusto_protocol::ColumnType;

use super::{Accumulator, Aggregate};
use crate::error::{BindError, EvalError};
use crate::function::arguments::{Arguments, converted};
use crate::function::kind::{Input, Output};
use crate::vector::Vector;

/// Folds the first argument, read as `A`: `step` adds a value to a state, `done` makes the result of it.
pub(super) fn fold<A, R, S>(
    arguments: &Arguments<'_>,
    initial: S,
    step: impl Fn(&mut S, A::Value<'_>) + Copy + Send + Sync + 'static,
    done: impl Fn(S) -> Option<R::Value> + Copy + Send + Sync + 'static,
) -> Result<Aggregate, BindError>
where
    A: Input + 'static,
    R: Output,
    S: Clone + Send + Sync + 'static,
{
    let target = arguments.target::<A>(0)?;
    Ok(Aggregate::new(vec![R::TYPE], move || Fold::<A, R, S, _, _> {
        target: target.clone(),
        initial: initial.clone(),
        states: Vec::new(),
        step,
        done,
        kinds: PhantomData,
    }))
}

struct Fold<A, R, S, Step, Done> {
    target: ColumnType,
    initial: S,
    states: Vec<S>,
    step: Step,
    done: Done,
    /// The kinds stand for types of columns; no value of theirs is held.
    kinds: PhantomData<fn(A) -> R>,
}

impl<A, R, S, Step, Done> Accumulator for Fold<A, R, S, Step, Done>
where
    A: Input,
    R: Output,
    S: Clone + Send,
    Step: Fn(&mut S, A::Value<'_>) + Send,
    Done: Fn(S) -> Option<R::Value> + Send,
{
    fn update(
        &mut self,
        groups: &[u32],
        num_groups: usize,
        arguments: &[Vector],
        _rows: usize,
    ) -> Result<(), EvalError> {
        self.states.resize(num_groups, self.initial.clone());
        let values = converted(arguments, 0, &self.target)?;
        let read = A::read(&values);
        for (row, group) in groups.iter().enumerate() {
            if let Some(value) = read(row) {
                (self.step)(&mut self.states[*group as usize], value);
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, num_groups: usize) -> Result<Vec<Vector>, EvalError> {
        self.states.resize(num_groups, self.initial.clone());
        let values = R::collect(self.states.into_iter().map(self.done))?;
        Ok(vec![Vector::new(R::TYPE, values)])
    }
}
