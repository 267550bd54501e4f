//! Functions of real numbers.

use kusto_protocol::{ColumnType, Decimal as DecimalValue};

use super::arguments::Arguments;
use super::kind::{self, Decimal, Long, Nullable, Real, Text, Timespan};
use super::lift::{binary, ternary, unary};
use super::{Call, Family, Function};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Mathematics",
    functions: &[
        Function::new(
            "abs",
            (1, 1),
            "(number or timespan) -> the same without sign",
            abs,
        ),
        Function::new("acos", (1, 1), REAL, |a| real(a, f64::acos)),
        Function::new("asin", (1, 1), REAL, |a| real(a, f64::asin)),
        Function::new("atan", (1, 1), REAL, |a| real(a, f64::atan)),
        Function::new("atan2", (2, 2), "(y, x) -> real", |a| {
            binary::<Real, Real, Real>(a, |y, x| Some(y.atan2(x)))
        }),
        Function::new("cos", (1, 1), REAL, |a| real(a, f64::cos)),
        Function::new("cot", (1, 1), REAL, |a| real(a, |x| 1.0 / x.tan())),
        Function::new("degrees", (1, 1), "(radians) -> real", |a| {
            real(a, f64::to_degrees)
        }),
        Function::new("exp", (1, 1), REAL, |a| real(a, f64::exp)),
        Function::new("exp10", (1, 1), REAL, |a| real(a, |x| 10f64.powf(x))),
        Function::new("exp2", (1, 1), REAL, |a| real(a, f64::exp2)),
        Function::new(
            "format_bytes",
            (1, 3),
            "(size, [digits], [unit]) -> string",
            format_bytes,
        ),
        Function::new("isfinite", (1, 1), "(number) -> bool", |a| {
            test(a, f64::is_finite)
        }),
        Function::new("isinf", (1, 1), "(number) -> bool", |a| test(a, f64::is_infinite)),
        Function::new("isnan", (1, 1), "(number) -> bool", |a| test(a, f64::is_nan)),
        Function::new("log", (1, 1), REAL, |a| logarithm(a, f64::ln)),
        Function::new("log10", (1, 1), REAL, |a| logarithm(a, f64::log10)),
        Function::new("log2", (1, 1), REAL, |a| logarithm(a, f64::log2)),
        Function::new("pi", (0, 0), "() -> real", |a| {
            super::lift::variadic::<Real, Real>(a, |_| Some(std::f64::consts::PI))
        }),
        Function::new("pow", (2, 2), "(base, exponent) -> real", |a| {
            binary::<Real, Real, Real>(a, |base, exponent| Some(base.powf(exponent)))
        }),
        Function::new("radians", (1, 1), "(degrees) -> real", |a| {
            real(a, f64::to_radians)
        }),
        Function::new("sign", (1, 1), REAL, |a| {
            real(a, |x| if x == 0.0 { 0.0 } else { x.signum() })
        }),
        Function::new("sin", (1, 1), REAL, |a| real(a, f64::sin)),
        Function::new("sqrt", (1, 1), REAL, |a| {
            unary::<Real, Real>(a, |x| (x >= 0.0).then(|| x.sqrt()))
        }),
        Function::new("tan", (1, 1), REAL, |a| real(a, f64::tan)),
    ],
};

const REAL: &str = "(number) -> real";

fn real(arguments: &Arguments<'_>, function: fn(f64) -> f64) -> Result<Call, BindError> {
    unary::<Real, Real>(arguments, move |value| Some(function(value)))
}

/// The logarithm of what is not positive is null.
fn logarithm(arguments: &Arguments<'_>, function: fn(f64) -> f64) -> Result<Call, BindError> {
    unary::<Real, Real>(arguments, move |value| (value > 0.0).then(|| function(value)))
}

fn test(arguments: &Arguments<'_>, function: fn(f64) -> bool) -> Result<Call, BindError> {
    unary::<Real, kind::Bool>(arguments, move |value| Some(function(value)))
}

fn abs(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    match arguments.ty(0) {
        ColumnType::Int | ColumnType::Long => {
            unary::<Long, Long>(arguments, |value| Some(value.wrapping_abs()))
        }
        ColumnType::Timespan => unary::<Timespan, Timespan>(arguments, |value| Some(value.wrapping_abs())),
        ColumnType::Decimal => unary::<Decimal, Decimal>(arguments, |value| {
            Some(DecimalValue::new(
                value.coefficient().wrapping_abs(),
                value.exponent(),
            ))
        }),
        _ => real(arguments, f64::abs),
    }
}

/// A size in the unit asked for, or in the largest one that it fills.
fn format_bytes(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    ternary::<Real, Nullable<Long>, Nullable<Text>, Text>(arguments, |size, digits, unit| {
        let index = match unit.filter(|unit| !unit.is_empty()) {
            Some(unit) => UNITS.iter().position(|known| known.eq_ignore_ascii_case(unit))?,
            None => (1..UNITS.len())
                .rev()
                .find(|power| size.abs() >= 1024f64.powi(*power as i32))
                .unwrap_or(0),
        };
        let scaled = size / 1024f64.powi(index as i32);
        let power = 10f64.powi(digits.unwrap_or(0).clamp(0, 15) as i32);
        Some(format!("{} {}", (scaled * power).round() / power, UNITS[index]))
    })
}

const UNITS: [&str; 7] = ["Bytes", "KB", "MB", "GB", "TB", "PB", "EB"];

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn functions_of_reals_take_any_number() {
        check("abs", &["int:-5"], "long:5");
        check("abs", &["decimal:-1.5"], "decimal:1.5");
        check("abs", &["timespan:-01:00:00"], "timespan:01:00:00");
        check("pow", &["long:2", "long:3"], "real:8");
        check("sqrt", &["long:-1"], "real:null");
        check("log", &["long:0"], "real:null");
        check("log2", &["long:8"], "real:3");
        check("exp2", &["long:3"], "real:8");
        check("sign", &["real:-0.0"], "real:0");
        check("sign", &["long:-42"], "real:-1");
        check("isnan", &["real:NaN"], "bool:true");
        check("isfinite", &["real:inf"], "bool:false");
        check("isinf", &["real:null"], "bool:null");
        check("pi", &[], "real:3.141592653589793");
    }

    #[test]
    fn sizes_are_written_with_units() {
        check("format_bytes", &["long:564"], "564 Bytes");
        check("format_bytes", &["long:10332", "long:1"], "10.1 KB");
        check("format_bytes", &["long:20010332", "long:2"], "19.08 MB");
        check("format_bytes", &["long:20010332", "long:0", "KB"], "19541 KB");
    }
}
