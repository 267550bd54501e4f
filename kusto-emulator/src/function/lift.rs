//! From a function of one row to a function of vectors.
//!
//! A null among the arguments makes the result null, unless the argument is [`Nullable`](super::kind::Nullable);
//! so does a `None` of the row's function. If all arguments are constant, so is the result.

use super::Call;
use super::arguments::{Arguments, converted};
use super::kind::{Input, Output};
use crate::error::{BindError, EvalError};
use crate::vector::Vector;

/// A function of one argument.
pub(super) fn unary<A: Input, R: Output>(
    arguments: &Arguments<'_>,
    function: impl Fn(A::Value<'_>) -> Option<R::Value> + Send + Sync + 'static,
) -> Result<Call, BindError> {
    let a = arguments.target::<A>(0)?;
    Ok(Call::new(R::TYPE, move |vectors, rows, _| {
        let a = converted(vectors, 0, &a)?;
        let a = A::read(&a);
        collect::<R>(vectors, rows, |row| function(a(row)?))
    }))
}

/// A function of two arguments.
pub(super) fn binary<A: Input, B: Input, R: Output>(
    arguments: &Arguments<'_>,
    function: impl Fn(A::Value<'_>, B::Value<'_>) -> Option<R::Value> + Send + Sync + 'static,
) -> Result<Call, BindError> {
    let (a, b) = (arguments.target::<A>(0)?, arguments.target::<B>(1)?);
    Ok(Call::new(R::TYPE, move |vectors, rows, _| {
        let (a, b) = (converted(vectors, 0, &a)?, converted(vectors, 1, &b)?);
        let (a, b) = (A::read(&a), B::read(&b));
        collect::<R>(vectors, rows, |row| function(a(row)?, b(row)?))
    }))
}

/// A function of three arguments.
pub(super) fn ternary<A: Input, B: Input, C: Input, R: Output>(
    arguments: &Arguments<'_>,
    function: impl Fn(A::Value<'_>, B::Value<'_>, C::Value<'_>) -> Option<R::Value> + Send + Sync + 'static,
) -> Result<Call, BindError> {
    let (a, b) = (arguments.target::<A>(0)?, arguments.target::<B>(1)?);
    let c = arguments.target::<C>(2)?;
    Ok(Call::new(R::TYPE, move |vectors, rows, _| {
        let (a, b) = (converted(vectors, 0, &a)?, converted(vectors, 1, &b)?);
        let c = converted(vectors, 2, &c)?;
        let (a, b, c) = (A::read(&a), B::read(&b), C::read(&c));
        collect::<R>(vectors, rows, |row| function(a(row)?, b(row)?, c(row)?))
    }))
}

/// A function of two arguments of one type and up to three of another that may be left out.
pub(super) fn binary_and_options<A: Input, B: Input, O: Input, R: Output>(
    arguments: &Arguments<'_>,
    function: impl Fn(A::Value<'_>, B::Value<'_>, [Option<O::Value<'_>>; 3]) -> Option<R::Value>
    + Send
    + Sync
    + 'static,
) -> Result<Call, BindError> {
    let (a, b) = (arguments.target::<A>(0)?, arguments.target::<B>(1)?);
    let options = [
        arguments.target::<O>(2)?,
        arguments.target::<O>(3)?,
        arguments.target::<O>(4)?,
    ];
    Ok(Call::new(R::TYPE, move |vectors, rows, _| {
        let (a, b) = (converted(vectors, 0, &a)?, converted(vectors, 1, &b)?);
        let (c, d) = (
            converted(vectors, 2, &options[0])?,
            converted(vectors, 3, &options[1])?,
        );
        let e = converted(vectors, 4, &options[2])?;
        let (a, b) = (A::read(&a), B::read(&b));
        let (c, d, e) = (O::read(&c), O::read(&d), O::read(&e));
        collect::<R>(vectors, rows, |row| {
            function(a(row)?, b(row)?, [c(row), d(row), e(row)])
        })
    }))
}

/// A function of any number of arguments that are read alike; it gets the values of a row.
pub(super) fn variadic<A: Input, R: Output>(
    arguments: &Arguments<'_>,
    function: impl Fn(&[Option<A::Value<'_>>]) -> Option<R::Value> + Send + Sync + 'static,
) -> Result<Call, BindError> {
    let targets = (0..arguments.len())
        .map(|index| arguments.target::<A>(index))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Call::new(R::TYPE, move |vectors, rows, _| {
        let vectors_of_type = targets
            .iter()
            .enumerate()
            .map(|(index, target)| converted(vectors, index, target))
            .collect::<Result<Vec<_>, _>>()?;
        let readers: Vec<_> = vectors_of_type.iter().map(|vector| A::read(vector)).collect();
        let mut values = Vec::with_capacity(readers.len());
        collect::<R>(vectors, rows, |row| {
            values.clear();
            values.extend(readers.iter().map(|read| read(row)));
            function(&values)
        })
    }))
}

/// The vector of what a function gives for each row; constant if the arguments are.
pub(super) fn collect<R: Output>(
    arguments: &[Vector],
    rows: usize,
    function: impl FnMut(usize) -> Option<R::Value>,
) -> Result<Vector, EvalError> {
    if is_constant(arguments) {
        return Ok(Vector::new_constant(R::TYPE, R::collect((0..1).map(function))?));
    }
    Ok(Vector::new(R::TYPE, R::collect((0..rows).map(function))?))
}

/// Whether one row stands for all.
pub(super) fn is_constant(arguments: &[Vector]) -> bool {
    arguments.iter().all(Vector::is_constant)
}
