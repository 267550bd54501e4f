//! Sums, averages, deviations.

use kusto_protocol::{ColumnType, Decimal as DecimalValue};

use super::filter::filtered;
use super::fold::fold;
use super::{Accumulator, Aggregate};
use crate::error::{BindError, EvalError};
use crate::function::arguments::{Arguments, converted};
use crate::function::kind::{DateTime, Decimal, Input, Long, Output, Real, Timespan};
use crate::function::{Function, number};
use crate::vector::Vector;

pub(super) const FUNCTIONS: &[Function<Aggregate>] = &[
    Function::new("avg", (1, 1), "(value) -> real, decimal or time", average),
    Function::new(
        "avgif",
        (2, 2),
        "(value, if: bool) -> real, decimal or time",
        |a| filtered(a, 1, average),
    ),
    Function::new("covariance", (2, 2), "(x, y) -> real", |a| covariance(a, 1)),
    Function::new("covarianceif", (3, 3), "(x, y, if: bool) -> real", |a| {
        filtered(a, 2, |a| covariance(a, 1))
    }),
    Function::new("covariancep", (2, 2), "(x, y) -> real", |a| covariance(a, 0)),
    Function::new("covariancepif", (3, 3), "(x, y, if: bool) -> real", |a| {
        filtered(a, 2, |a| covariance(a, 0))
    }),
    Function::new("stdev", (1, 1), "(value) -> real, of a sample", stdev),
    Function::new("stdevif", (2, 2), "(value, if: bool) -> real, of a sample", |a| {
        filtered(a, 1, stdev)
    }),
    Function::new("stdevp", (1, 1), "(value) -> real, of a population", stdevp),
    Function::new("sum", (1, 1), "(value) -> number or timespan", sum),
    Function::new("sumif", (2, 2), "(value, if: bool) -> number or timespan", |a| {
        filtered(a, 1, sum)
    }),
    Function::new("variance", (1, 1), "(value) -> real, of a sample", variance),
    Function::new(
        "varianceif",
        (2, 2),
        "(value, if: bool) -> real, of a sample",
        |a| filtered(a, 1, variance),
    ),
    Function::new("variancep", (1, 1), "(value) -> real, of a population", variancep),
    Function::new(
        "variancepif",
        (2, 2),
        "(value, if: bool) -> real, of a population",
        |a| filtered(a, 1, variancep),
    ),
];

fn sum(arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    let add = |sum: &mut i64, value: i64| *sum = sum.wrapping_add(value);
    match arguments.ty(0) {
        ColumnType::Int | ColumnType::Long => fold::<Long, Long, _>(arguments, 0, add, Some),
        ColumnType::Timespan => fold::<Timespan, Timespan, _>(arguments, 0, add, Some),
        ColumnType::Decimal => fold::<Decimal, Decimal, _>(
            arguments,
            Some(DecimalValue::new(0, 0)),
            |sum, value| *sum = sum.and_then(|sum| number::add(sum, value)),
            |sum| sum,
        ),
        _ => fold::<Real, Real, _>(arguments, 0.0, |sum, value| *sum += value, Some),
    }
}

fn average(arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    let add = |(sum, count): &mut (i128, i128), value: i64| {
        *sum += i128::from(value);
        *count += 1;
    };
    let mean = |(sum, count): (i128, i128)| i64::try_from(sum.checked_div(count)?).ok();
    match arguments.ty(0) {
        ColumnType::DateTime => fold::<DateTime, DateTime, _>(arguments, (0, 0), add, mean),
        ColumnType::Timespan => fold::<Timespan, Timespan, _>(arguments, (0, 0), add, mean),
        ColumnType::Decimal => fold::<Decimal, Decimal, _>(
            arguments,
            (Some(DecimalValue::new(0, 0)), 0),
            |(sum, count): &mut (Option<DecimalValue>, i64), value| {
                *sum = sum.and_then(|sum| number::add(sum, value));
                *count += 1;
            },
            |(sum, count)| number::divide(sum?, DecimalValue::from(count)),
        ),
        _ => fold::<Real, Real, _>(
            arguments,
            (0.0, 0.0),
            |(sum, count): &mut (f64, f64), value| {
                *sum += value;
                *count += 1.0;
            },
            |(sum, count)| Some(sum / count),
        ),
    }
}

fn stdev(arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    moments(arguments, |moments| moments.variance(1).sqrt())
}

fn stdevp(arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    moments(arguments, |moments| moments.variance(0).sqrt())
}

fn variance(arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    moments(arguments, |moments| moments.variance(1))
}

fn variancep(arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    moments(arguments, |moments| moments.variance(0))
}

fn moments(arguments: &Arguments<'_>, done: fn(Moments) -> f64) -> Result<Aggregate, BindError> {
    let done = move |moments| Some(done(moments));
    let add = |moments: &mut Moments, value: i64| moments.add(value as f64, value as f64);
    match arguments.ty(0) {
        ColumnType::Timespan => fold::<Timespan, Real, _>(arguments, Moments::default(), add, done),
        ColumnType::DateTime => fold::<DateTime, Real, _>(arguments, Moments::default(), add, done),
        _ => fold::<Real, Real, _>(
            arguments,
            Moments::default(),
            |moments, value| moments.add(value, value),
            done,
        ),
    }
}

/// Means and the sum of products of distances from them, kept up value by value (Welford's way).
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean_x: f64,
    mean_y: f64,
    products: f64,
}

impl Moments {
    fn add(&mut self, x: f64, y: f64) {
        self.count += 1.0;
        let distance = x - self.mean_x;
        self.mean_x += distance / self.count;
        self.mean_y += (y - self.mean_y) / self.count;
        self.products += distance * (y - self.mean_y);
    }

    /// The variance (or covariance) of a population for 0, of a sample for 1; 0 for too few values.
    fn variance(self, freedom: u8) -> f64 {
        let count = self.count - f64::from(freedom);
        if count <= 0.0 { 0.0 } else { self.products / count }
    }
}

fn covariance(arguments: &Arguments<'_>, freedom: u8) -> Result<Aggregate, BindError> {
    arguments.target::<Real>(0)?;
    arguments.target::<Real>(1)?;
    Ok(Aggregate::new(vec![ColumnType::Real], move || Covariance {
        freedom,
        states: Vec::new(),
    }))
}

struct Covariance {
    freedom: u8,
    states: Vec<Moments>,
}

impl Accumulator for Covariance {
    fn update(
        &mut self,
        groups: &[u32],
        num_groups: usize,
        arguments: &[Vector],
        _rows: usize,
    ) -> Result<(), EvalError> {
        self.states.resize(num_groups, Moments::default());
        let (x, y) = (
            converted(arguments, 0, &ColumnType::Real)?,
            converted(arguments, 1, &ColumnType::Real)?,
        );
        let (x, y) = (Real::read(&x), Real::read(&y));
        for (row, group) in groups.iter().enumerate() {
            if let (Some(x), Some(y)) = (x(row), y(row)) {
                self.states[*group as usize].add(x, y);
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, num_groups: usize) -> Result<Vec<Vector>, EvalError> {
        self.states.resize(num_groups, Moments::default());
        let freedom = self.freedom;
        let values = Real::collect(self.states.into_iter().map(|state| Some(state.variance(freedom))))?;
        Ok(vec![Vector::new(ColumnType::Real, values)])
    }
}
