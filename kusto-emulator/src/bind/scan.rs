//! `scan`: steps that rows are matched with in turn, each of which remembers the row it matched last.

use kusto_kql::ast::{ExpressionKind, Operator, ParameterType, Scan, ScanStep};
use kusto_protocol::{Column, ColumnType};

use super::{Binder, Result};
use crate::plan::{Node, Plan, Scalar, Step, Steps};
use crate::types;
use crate::vector::Vector;

impl Binder<'_> {
    /// `scan with_match_id=id declare (…) with (step …; …)`
    pub(super) fn scan(&mut self, input: Plan, scan: &Scan, operator: &Operator) -> Result<Plan> {
        self.operator = "scan";
        if let Some(partition) = scan.partition_by.first() {
            return Err(self.unsupported(partition.span, "'partition by' of 'scan'"));
        }
        let input = match scan.order_by.as_slice() {
            [] => input,
            keys => self.sort(input, keys, None, "scan")?,
        };
        if !input.serialized {
            let message = "The rows must be serialized: sort them, or use 'serialize'.";
            return Err(self.semantic(operator.span, "SEM0228", message));
        }
        let mut schema = input.schema.to_vec();
        let mut defaults: Vec<Vector> = Vec::with_capacity(scan.declarations.len());
        for declared in &scan.declarations {
            let ParameterType::Scalar(ty) = &declared.parameter_type else {
                return Err(self.semantic(declared.span, "SEM0020", "'scan' declares scalars only."));
            };
            let ty = types::column_type(*ty);
            let name = &declared.name.text;
            if super::position(&schema, name).is_some() {
                let message = format!("A column named '{name}' already exists.");
                return Err(self.semantic(declared.span, "SEM0024", message));
            }
            defaults.push(match &declared.default {
                None => Vector::null(ty.clone()),
                Some(default) => {
                    let value = self.constant(default, "A default of 'scan'")?;
                    match self.convert(Scalar::Constant(value), &ty, default.span)? {
                        Scalar::Constant(value) => value,
                        _ => Vector::null(ty.clone()),
                    }
                }
            });
            schema.push(Column::new(name, ty));
        }
        let width = schema.len();
        let mut seen = schema.clone();
        for step in &scan.steps {
            let remembered = schema.iter().map(|column| {
                Column::new(
                    remembered(&step.name.text, &column.name),
                    column.column_type.clone(),
                )
            });
            seen.extend(remembered);
        }
        let seen = Plan::new(seen, false, Node::Rows(Vec::new()));
        let num_inputs = input.schema.len();
        let (steps, _) = self.over(&seen, "scan", |binder| {
            let steps = scan.steps.iter();
            steps
                .map(|step| binder.scan_step(step, &schema, num_inputs))
                .collect::<Result<Vec<_>>>()
        })?;
        let mut match_id = None;
        for parameter in &operator.parameters {
            match (parameter.name.text.as_str(), &parameter.value.kind) {
                ("with_match_id", ExpressionKind::Name(name)) => match_id = Some(name),
                (name, _) => {
                    let what = format!("the parameter '{name}' of 'scan'");
                    return Err(self.unsupported(parameter.span, what));
                }
            }
        }
        schema.extend(match_id.map(|name| Column::new(name, ColumnType::Long)));
        let steps = Steps {
            input,
            defaults,
            steps,
            with_match_id: schema.len() > width,
        };
        Ok(Plan::new(schema, true, Node::Steps(steps)))
    }

    fn scan_step(&mut self, step: &ScanStep, schema: &[Column], num_inputs: usize) -> Result<Step> {
        if step.is_optional {
            return Err(self.unsupported(step.span, "an optional step of 'scan'"));
        }
        let is_output = match step.output.as_ref().map(|output| output.text.as_str()) {
            None | Some("all") => true,
            Some("none") => false,
            Some(output) => return Err(self.unsupported(step.span, format!("'output={output}' of 'scan'"))),
        };
        let condition = self.condition(&step.condition)?;
        let mut assignments = Vec::with_capacity(step.assignments.len());
        for assignment in &step.assignments {
            let name = &assignment.name.text;
            let declared = super::position(schema, name).filter(|place| *place >= num_inputs);
            let Some(place) = declared else {
                let message = format!("'{name}' is not declared by 'scan'.");
                return Err(self.semantic(assignment.name.span, "SEM0100", message));
            };
            let value = self.scalar(&assignment.value)?;
            let value = self.convert(value, &schema[place].column_type, assignment.value.span)?;
            assignments.push((place - num_inputs, value));
        }
        Ok(Step {
            condition,
            assignments,
            is_output,
        })
    }

    /// The column that `step.name` means inside of `scan`, if it means one.
    pub(super) fn remembered_column(&self, step: &str, name: &str) -> Option<Scalar> {
        let rows = self.rows.as_ref()?;
        let place = rows.position(&remembered(step, name))?;
        Some(Scalar::Column(place, rows.schema[place].column_type.clone()))
    }
}

/// What the column of a step is called among those that its expressions read: no query can say that.
fn remembered(step: &str, name: &str) -> String {
    format!("{step}\0{name}")
}
