//! Scalar functions and operators: one registry, by family.
//!
//! A function is a row of a table: its name, its signature in words, how many arguments it takes, and how it
//! binds to arguments of given types. Binding gives a [`Call`] that maps vectors to a vector. Most are a
//! function of one row, [lifted](lift) over the rows of a batch; Arrow's kernels are used where their
//! semantics are Kusto's.

pub(crate) mod arguments;
mod arithmetic;
mod array;
mod array_order;
mod bag;
mod bin;
mod bitwise;
mod comparison;
mod conditional;
pub(crate) mod conversion;
mod datetime;
mod datetime_format;
mod dynamic;
mod encoding;
mod geo;
mod hash;
pub(crate) mod hll;
mod ip;
pub(crate) mod json;
pub(crate) mod key;
pub(crate) mod kind;
mod lift;
mod logic;
mod math;
mod membership;
pub(crate) mod number;
mod parse;
mod pattern;
mod predicate;
mod punycode;
mod regular;
mod replace;
mod series;
mod series_fit;
mod session;
mod set;
mod special;
mod string;
pub(crate) mod tdigest;
mod time_text;
mod time_zone;
mod unit;
mod xml;
mod xxhash;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use kusto_protocol::ColumnType;

use crate::error::{BindError, EvalError};
use crate::session::Session;
use crate::vector::Vector;

pub(crate) use arguments::Argument;
pub(crate) use conversion::cast;
pub(crate) use json::{from_value as json_from_value, to_text as json_text};

use arguments::Arguments;

/// Binds the function or operator `name` to arguments of given types.
///
/// Operators go by their spelling: `==`, `has`, `!in`, `between`, `and`; a sign before an expression is
/// `unary -`. `a.b` and `a[b]` are the functions `.` and `[]`, the name being a constant string.
///
/// # Errors
///
/// The name is unknown (with the nearest known one), the number of arguments is wrong, or an argument's
/// type does not fit.
pub(crate) fn resolve(name: &str, arguments: &[Argument<'_>]) -> Result<Call, BindError> {
    match REGISTRY.get(name) {
        Some(function) => function.bind(arguments),
        None => Err(unknown(name, REGISTRY.keys().copied())),
    }
}

/// Every function and operator with its family, in the order of the documentation's families.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static Function)> {
    FAMILIES
        .iter()
        .flat_map(|family| family.functions.iter().map(|function| (family.name, function)))
}

/// The error for a name that is in no table, with the nearest one that is.
pub(crate) fn unknown(name: &str, known: impl Iterator<Item = &'static str>) -> BindError {
    let mut error = BindError::unknown_function(name);
    let nearest = known
        .filter(|known| known.len() > 2)
        .map(|known| (distance(name, known), known))
        .min();
    if let Some((distance, known)) = nearest
        && distance <= name.len().div_ceil(4)
    {
        error.message.push_str(&format!(" Did you mean '{known}'?"));
    }
    error
}

/// A function, operator or aggregate as its registry knows it; binding gives a `T`.
pub(crate) struct Function<T: 'static = Call> {
    /// The name or the spelling of the operator.
    pub(crate) name: &'static str,
    /// Arguments and result in words.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test writes it into SUPPORT.md"))]
    pub(crate) signature: &'static str,
    /// The fewest arguments it takes.
    pub(crate) min_arguments: usize,
    /// The most arguments it takes; [`MANY`] if there is no limit.
    pub(crate) max_arguments: usize,
    bind: fn(&Arguments<'_>) -> Result<T, BindError>,
}

impl<T> Function<T> {
    pub(crate) const fn new(
        name: &'static str,
        (min_arguments, max_arguments): (usize, usize),
        signature: &'static str,
        bind: fn(&Arguments<'_>) -> Result<T, BindError>,
    ) -> Self {
        Self {
            name,
            signature,
            min_arguments,
            max_arguments,
            bind,
        }
    }

    /// Binds to arguments, whose number is checked here.
    pub(crate) fn bind(&self, arguments: &[Argument<'_>]) -> Result<T, BindError> {
        let (min, max) = (self.min_arguments, self.max_arguments);
        if (min..=max).contains(&arguments.len()) {
            return (self.bind)(&Arguments::new(self.name, arguments));
        }
        let expected = match max {
            _ if min == max => min.to_string(),
            MANY => format!("at least {min}"),
            _ => format!("{min} to {max}"),
        };
        Err(BindError::argument_count(self.name, expected))
    }
}

/// Functions that belong together.
struct Family {
    name: &'static str,
    functions: &'static [Function],
}

/// Maps the vectors of the arguments to the vector of results, for so many rows.
type Evaluate = dyn Fn(&[Vector], usize, &Session) -> Result<Vector, EvalError> + Send + Sync;

/// A function bound to the types of its arguments.
#[derive(Clone)]
pub(crate) struct Call {
    /// The type of the result.
    pub(crate) ty: ColumnType,
    /// Whether equal arguments always give equal results: not so for `rand()`.
    pub(crate) deterministic: bool,
    function: Arc<Evaluate>,
}

impl Call {
    fn new(
        ty: ColumnType,
        function: impl Fn(&[Vector], usize, &Session) -> Result<Vector, EvalError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            ty,
            deterministic: true,
            function: Arc::new(function),
        }
    }

    /// The results for `rows` rows; constant if all arguments are.
    pub(crate) fn evaluate(
        &self,
        arguments: &[Vector],
        rows: usize,
        session: &Session,
    ) -> Result<Vector, EvalError> {
        (self.function)(arguments, rows, session)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("ty", &self.ty)
            .finish_non_exhaustive()
    }
}

/// Edits between two names, letters moved counted as two.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(!a.eq_ignore_ascii_case(b));
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[right.len()]
}

/// No upper limit to the number of arguments.
pub(crate) const MANY: usize = usize::MAX;

const FAMILIES: &[Family] = &[
    comparison::FAMILY,
    logic::FAMILY,
    arithmetic::FAMILY,
    predicate::FAMILY,
    membership::FAMILY,
    string::FAMILY,
    replace::FAMILY,
    regular::FAMILY,
    conversion::FAMILY,
    conditional::FAMILY,
    bin::FAMILY,
    math::FAMILY,
    special::FAMILY,
    unit::FAMILY,
    bitwise::FAMILY,
    datetime::FAMILY,
    datetime_format::FAMILY,
    time_zone::FAMILY,
    dynamic::FAMILY,
    array::FAMILY,
    array_order::FAMILY,
    set::FAMILY,
    series::FAMILY,
    series_fit::FAMILY,
    bag::FAMILY,
    parse::FAMILY,
    xml::FAMILY,
    encoding::FAMILY,
    punycode::FAMILY,
    hash::FAMILY,
    hll::FAMILY,
    tdigest::FAMILY,
    ip::FAMILY,
    geo::FAMILY,
    geo::h3::FAMILY,
    session::FAMILY,
];

static REGISTRY: LazyLock<HashMap<&'static str, &'static Function>> =
    LazyLock::new(|| all().map(|(_, function)| (function.name, function)).collect());

#[cfg(test)]
pub(crate) mod tests;
