//! `make-series`: aggregates along an axis, as arrays.

use kusto_kql::ast::{Expression, ExpressionKind, MakeSeries, NameClause, NamedExpression, Operator, Span};
use kusto_protocol::{Column, ColumnType, Value};

use super::column::Columns;
use super::name::aggregate_name;
use super::{Aggregates, Binder, Result, windowed};
use crate::plan::{Node, Plan, Scalar, Series};
use crate::vector::Vector;

impl Binder<'_> {
    /// `make-series … on axis from a to b step c by keys`
    pub(super) fn make_series(
        &mut self,
        input: Plan,
        series: &MakeSeries,
        operator: &Operator,
    ) -> Result<Plan> {
        let axis_span = series.axis.span;
        let (bound, rows) = self.over(&input, "make-series", |binder| {
            let mut columns = Columns::default();
            let mut keys = Vec::new();
            for named in &series.by {
                keys.push(binder.key(&mut columns, named)?);
            }
            let axis = binder.scalar(&series.axis.expression)?;
            let bounds = binder.series_bounds(series, &axis)?;
            let (predicates, bin) = binder.series_bins(axis, &bounds, axis_span)?;
            keys.push(bin);
            if let Some(rows) = &mut binder.rows {
                rows.aggregates = Some(Aggregates {
                    num_keys: keys.len(),
                    calls: Vec::new(),
                    types: Vec::new(),
                });
            }
            let mut values = Vec::new();
            let mut defaults = Vec::new();
            for aggregate in &series.aggregates {
                let (name, value) = binder.series_value(&mut columns, &aggregate.expression)?;
                let place = Scalar::Column(series.by.len() + values.len(), ColumnType::Dynamic);
                match name {
                    (name, true) => {
                        binder.declare(&mut columns, &name, place, aggregate.expression.span)?;
                    }
                    (name, false) => columns.add(&name, place),
                }
                defaults.push(binder.series_default(aggregate.default.as_ref(), value.ty())?);
                values.push(value);
            }
            Ok((columns, keys, predicates, values, defaults, bounds))
        })?;
        let (mut columns, keys, predicates, values, defaults, bounds) = bound;
        let num_keys = series.by.len();
        let axis_type = keys[num_keys].ty().clone();
        let name = match self.single_name(&series.axis)? {
            Some(name) => name.text.clone(),
            None => super::name::result_name(&series.axis.expression).unwrap_or_else(|| columns.unnamed()),
        };
        columns.add(
            &name,
            Scalar::Column(num_keys + values.len(), ColumnType::Dynamic),
        );
        let Some(aggregates) = rows.aggregates else {
            return Err(self.semantic(operator.span, "SEM0003", "'make-series' has no aggregates."));
        };
        let input = windowed(input, rows.windows);
        let filtered = input.filter(predicates);
        let mut schema: Vec<Column> = keys.iter().map(|key| Column::new("", key.ty().clone())).collect();
        schema.extend(aggregates.types.iter().map(|ty| Column::new("", ty.clone())));
        let aggregated = Plan::new(
            schema,
            false,
            Node::Aggregate {
                input: filtered,
                keys,
                aggregates: aggregates.calls,
            },
        );
        // Keys, bin and values, the latter computed from the aggregates.
        let mut points = aggregated.columns();
        points.truncate(num_keys + 1);
        points.extend(
            values
                .into_iter()
                .map(|value| (Column::new("", value.ty().clone()), value)),
        );
        let points = aggregated.project(points);
        let mut schema: Vec<Column> = points.schema[..num_keys].to_vec();
        schema.extend((num_keys..points.schema.len()).map(|_| Column::new("", ColumnType::Dynamic)));
        let node = Node::Series(Series {
            input: points,
            num_keys,
            axis_type,
            first: bounds.first,
            last: bounds.last,
            step: bounds.step,
            defaults,
        });
        Ok(Plan::new(schema, false, node).project(columns.into_inner()))
    }

    /// The value of one series and the name of its column; true if the query names it.
    fn series_value(
        &mut self,
        columns: &mut Columns,
        named: &NamedExpression,
    ) -> Result<((String, bool), Scalar)> {
        let value = self.scalar(&named.expression)?;
        let name = match (&named.name, &named.expression.kind) {
            (Some(NameClause::Name(name)), _) => (name.text.clone(), true),
            (Some(NameClause::List(_)), _) => {
                return Err(self.semantic(
                    named.span,
                    "SEM0109",
                    "The expression has one value, not several.",
                ));
            }
            (None, ExpressionKind::Call(call)) if self.is_aggregate_call(call) => {
                (aggregate_name(call), false)
            }
            (None, _) => (columns.unnamed(), false),
        };
        Ok((name, value))
    }

    /// What bins without rows get: what the query says, or zero.
    fn series_default(&mut self, default: Option<&Expression>, ty: &ColumnType) -> Result<Vector> {
        let default = match default {
            Some(default) => {
                let value = self.constant(default, "The default")?;
                let span = default.span;
                // A default of another type stays as it is: `default = real(null)` of a count.
                match value.ty() {
                    ColumnType::Int | ColumnType::Long if *ty == ColumnType::Real => {
                        self.convert(Scalar::Constant(value), ty, span)?
                    }
                    _ => Scalar::Constant(value),
                }
            }
            None => Scalar::Constant(match ty {
                ColumnType::Real => Vector::constant(ColumnType::Real, Value::Real(0.0)),
                ColumnType::Timespan => {
                    Vector::constant(ty.clone(), Value::Timespan(kusto_protocol::Timespan::ZERO))
                }
                ColumnType::Int | ColumnType::Long => Vector::constant(ColumnType::Long, Value::Long(0)),
                other => Vector::null(other.clone()),
            }),
        };
        Ok(default
            .constant()
            .cloned()
            .unwrap_or_else(|| Vector::null(ty.clone())))
    }

    fn series_bounds(&mut self, series: &MakeSeries, axis: &Scalar) -> Result<Bounds> {
        let range = &series.range;
        let step_type = match axis.ty() {
            ColumnType::DateTime | ColumnType::Timespan => ColumnType::Timespan,
            ColumnType::Int | ColumnType::Long => ColumnType::Long,
            ColumnType::Real => ColumnType::Real,
            ty => {
                let message =
                    format!("The axis must be a number, a datetime or a timespan, not of type {ty}.");
                return Err(self.semantic(series.axis.span, "SEM0064", message));
            }
        };
        let axis_type = match axis.ty() {
            ColumnType::Int => &ColumnType::Long,
            ty => ty,
        };
        let step = self.series_bound(&range.step, &step_type)?;
        let from = range
            .from
            .as_ref()
            .map(|from| self.series_bound(from, axis_type))
            .transpose()?;
        let to = range
            .to
            .as_ref()
            .map(|to| self.series_bound(to, axis_type))
            .transpose()?;
        if !is_positive(step.value(0)) {
            return Err(self.semantic(range.step.span, "SEM0064", "The step must be greater than zero."));
        }
        // The older form counts bins from zero and includes the end.
        let first = match (&from, range.in_range) {
            (Some(from), true) => {
                let arguments = vec![Scalar::Constant(from.clone()), Scalar::Constant(step.clone())];
                self.call("bin", arguments, range.step.span)?.constant().cloned()
            }
            _ => from.clone(),
        };
        Ok(Bounds {
            first,
            last: to.clone().map(|to| (to, range.in_range)),
            from,
            to,
            step,
            in_range: range.in_range,
        })
    }

    fn series_bound(&mut self, expression: &Expression, ty: &ColumnType) -> Result<Vector> {
        let value = self.constant(expression, "A bound of 'make-series'")?;
        let converted = self.convert(Scalar::Constant(value), ty, expression.span)?;
        match converted.constant() {
            Some(vector) if !vector.value(0).is_null() => Ok(vector.clone()),
            _ => Err(self.semantic(
                expression.span,
                "SEM0064",
                "A bound of 'make-series' must not be null.",
            )),
        }
    }

    /// Which rows count, and the bin of each.
    fn series_bins(&mut self, axis: Scalar, bounds: &Bounds, span: Span) -> Result<(Vec<Scalar>, Scalar)> {
        let axis = match axis.ty() {
            ColumnType::Int => self.convert(axis, &ColumnType::Long, span)?,
            _ => axis,
        };
        let mut predicates = Vec::new();
        if let Some(from) = &bounds.from {
            let arguments = vec![axis.clone(), Scalar::Constant(from.clone())];
            predicates.push(self.call(">=", arguments, span)?);
        }
        if let Some(to) = &bounds.to {
            let operator = if bounds.in_range { "<=" } else { "<" };
            let arguments = vec![axis.clone(), Scalar::Constant(to.clone())];
            predicates.push(self.call(operator, arguments, span)?);
        }
        let known = self.call("isnotnull", vec![axis.clone()], span)?;
        predicates.push(known);
        let step = Scalar::Constant(bounds.step.clone());
        let bin = match (&bounds.from, bounds.in_range) {
            (Some(from), false) => {
                self.call("bin_at", vec![axis, step, Scalar::Constant(from.clone())], span)?
            }
            _ => self.call("bin", vec![axis, step], span)?,
        };
        Ok((predicates, bin))
    }
}

/// The bounds of a series, as far as the query gives them.
struct Bounds {
    from: Option<Vector>,
    to: Option<Vector>,
    step: Vector,
    in_range: bool,
    /// The first bin.
    first: Option<Vector>,
    /// The end, and whether the bin that it is in counts.
    last: Option<(Vector, bool)>,
}

fn is_positive(value: Value<'_>) -> bool {
    match value {
        Value::Long(step) => step > 0,
        Value::Real(step) => step > 0.0,
        Value::Timespan(step) => step.ticks() > 0,
        _ => false,
    }
}
