//! `scan`: rows matched with steps.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, UInt32Array};
use arrow_select::concat::concat;
use arrow_select::take::take;

use super::{Operator, Result, Scope};
use crate::plan::{Node, Step, Steps};
use crate::types::{Batch, missing};

/// What each step gives for the rows that it matches.
pub(super) struct Matching {
    node: Arc<Node>,
    input: Box<dyn Operator>,
    scope: Scope,
    /// For each step what it remembers, if it has matched.
    states: Vec<Option<State>>,
    next_match: i64,
}

/// What a step remembers: a row, input and declared columns, for each step up to it.
#[derive(Clone)]
struct State {
    rows: Vec<Option<Vec<ArrayRef>>>,
    match_id: i64,
}

/// Rows to be given out.
#[derive(Default)]
struct Output {
    places: Vec<u32>,
    declared: Vec<Vec<ArrayRef>>,
    match_ids: Vec<i64>,
}

impl Matching {
    pub(super) fn new(node: Arc<Node>, input: Box<dyn Operator>, scope: &Scope) -> Self {
        let num_steps = match &*node {
            Node::Steps(steps) => steps.steps.len(),
            _ => 0,
        };
        Self {
            node,
            input,
            scope: scope.clone(),
            states: vec![None; num_steps],
            next_match: 0,
        }
    }

    /// A row goes through the steps from the last to the first: it may take what the step before remembers further,
    /// or renew what the step itself remembers. The first step always begins anew.
    fn consider(&mut self, steps: &Steps, batch: &Batch, row: usize, output: &mut Output) -> Result<()> {
        let values: Vec<ArrayRef> = batch
            .columns()
            .iter()
            .map(|column| column.slice(row, 1))
            .collect();
        for (index, step) in steps.steps.iter().enumerate().rev() {
            if index > 0
                && let Some(before) = &self.states[index - 1]
                && let Some(extended) = self.matched(steps, step, &values, Some(before))?
                && let Some(mut state) = self.states[index - 1].take()
            {
                output.push(step, row, &extended, values.len(), state.match_id);
                state.rows[index] = Some(extended);
                self.states[index] = Some(state);
                continue;
            }
            if index > 0 && self.states[index].is_none() {
                continue;
            }
            let state = self.states[index].as_ref();
            let Some(extended) = self.matched(steps, step, &values, state)? else {
                continue;
            };
            let mut state = match self.states[index].take() {
                Some(state) if index > 0 => state,
                _ => {
                    self.next_match += 1;
                    State {
                        rows: vec![None; steps.steps.len()],
                        match_id: self.next_match - 1,
                    }
                }
            };
            output.push(step, row, &extended, values.len(), state.match_id);
            state.rows[index] = Some(extended);
            self.states[index] = Some(state);
        }
        Ok(())
    }

    /// The row with the columns that the step assigns, if it meets the step's condition.
    fn matched(
        &self,
        steps: &Steps,
        step: &Step,
        values: &[ArrayRef],
        state: Option<&State>,
    ) -> Result<Option<Vec<ArrayRef>>> {
        let defaults: Vec<ArrayRef> = steps
            .defaults
            .iter()
            .map(|value| Arc::clone(value.values()))
            .collect();
        let mut columns = values.to_vec();
        columns.extend(defaults.iter().cloned());
        for index in 0..steps.steps.len() {
            match state.and_then(|state| state.rows[index].as_ref()) {
                Some(row) => columns.extend(row.iter().cloned()),
                None => {
                    let schema = steps.input.schema.iter();
                    columns.extend(schema.map(|column| missing(&column.column_type, 1)));
                    columns.extend(defaults.iter().cloned());
                }
            }
        }
        let row = Batch::new(columns, 1);
        let session = &self.scope.session;
        if step.condition.evaluate(&row, session)?.bools().get(0) != Some(true) {
            return Ok(None);
        }
        let mut extended = row.columns()[..values.len() + defaults.len()].to_vec();
        for (place, value) in &step.assignments {
            extended[values.len() + place] = value.evaluate(&row, session)?.expand(1)?;
        }
        Ok(Some(extended))
    }
}

impl Output {
    fn push(&mut self, step: &Step, row: usize, extended: &[ArrayRef], width: usize, match_id: i64) {
        if step.is_output {
            self.places.push(row as u32);
            self.declared.push(extended[width..].to_vec());
            self.match_ids.push(match_id);
        }
    }
}

impl Operator for Matching {
    fn next(&mut self) -> Result<Option<Batch>> {
        let node = Arc::clone(&self.node);
        let Node::Steps(steps) = &*node else {
            return Ok(None);
        };
        while let Some(batch) = self.input.next()? {
            let mut output = Output::default();
            for row in 0..batch.num_rows() {
                self.scope.session.check()?;
                self.consider(steps, &batch, row, &mut output)?;
            }
            if output.places.is_empty() {
                continue;
            }
            let rows = output.places.len();
            let places = UInt32Array::from(output.places);
            let mut columns: Vec<ArrayRef> =
                Vec::with_capacity(batch.columns().len() + steps.defaults.len() + 1);
            for column in batch.columns() {
                columns.push(take(column, &places, None)?);
            }
            for place in 0..steps.defaults.len() {
                let values: Vec<_> = output.declared.iter().map(|row| row[place].as_ref()).collect();
                columns.push(concat(&values)?);
            }
            if steps.with_match_id {
                columns.push(Arc::new(Int64Array::from(output.match_ids)));
            }
            return Ok(Some(Batch::new(columns, rows)));
        }
        Ok(None)
    }
}
