//! Arithmetic on single values that the standard library leaves open: decimals, rounding to a grid.

use kusto_protocol::Decimal;

/// Two decimals with the same exponent, or `None` if the digits do not suffice.
fn aligned(left: Decimal, right: Decimal) -> Option<(i128, i128, i16)> {
    let exponent = left.exponent().min(right.exponent());
    let scale = |value: Decimal| {
        let power = u32::try_from(i32::from(value.exponent()) - i32::from(exponent)).ok()?;
        value.coefficient().checked_mul(10i128.checked_pow(power)?)
    };
    Some((scale(left)?, scale(right)?, exponent))
}

pub(crate) fn add(left: Decimal, right: Decimal) -> Option<Decimal> {
    let (left, right, exponent) = aligned(left, right)?;
    Some(Decimal::new(left.checked_add(right)?, exponent))
}

pub(crate) fn subtract(left: Decimal, right: Decimal) -> Option<Decimal> {
    let (left, right, exponent) = aligned(left, right)?;
    Some(Decimal::new(left.checked_sub(right)?, exponent))
}

pub(crate) fn multiply(left: Decimal, right: Decimal) -> Option<Decimal> {
    let exponent = left.exponent().checked_add(right.exponent())?;
    Some(Decimal::new(
        left.coefficient().checked_mul(right.coefficient())?,
        exponent,
    ))
}

/// The quotient with as many digits as 128 bits give it, trailing zeros removed.
pub(crate) fn divide(left: Decimal, right: Decimal) -> Option<Decimal> {
    if right.coefficient() == 0 {
        return None;
    }
    let (mut numerator, mut exponent) = (left.coefficient(), left.exponent().checked_sub(right.exponent())?);
    for _ in 0..34 {
        if numerator.wrapping_rem(right.coefficient()) == 0 {
            break;
        }
        let Some(next) = numerator.checked_mul(10) else {
            break;
        };
        numerator = next;
        exponent = exponent.checked_sub(1)?;
    }
    Some(Decimal::new(
        numerator.wrapping_div(right.coefficient()),
        exponent,
    ))
}

pub(crate) fn remainder(left: Decimal, right: Decimal) -> Option<Decimal> {
    let (left, right, exponent) = aligned(left, right)?;
    Some(Decimal::new(left.checked_rem_euclid(right)?, exponent))
}

/// Cuts a decimal to whole steps of `step`, towards minus infinity.
pub(crate) fn floor_decimal(value: Decimal, step: Decimal) -> Option<Decimal> {
    let (value, step, exponent) = aligned(value, step)?;
    if step <= 0 {
        return None;
    }
    Some(Decimal::new(value.div_euclid(step).checked_mul(step)?, exponent))
}

/// The value with so many digits behind the point; halves are rounded away from zero.
pub(crate) fn round_decimal(value: Decimal, digits: i64) -> Option<Decimal> {
    let exponent = i64::from(value.exponent());
    let last = digits.checked_neg()?;
    let Some(dropped) = last.checked_sub(exponent).filter(|dropped| *dropped > 0) else {
        return Some(value);
    };
    let exponent = i16::try_from(last).ok()?;
    let Some(power) = u32::try_from(dropped).ok().and_then(|n| 10i128.checked_pow(n)) else {
        return Some(Decimal::new(0, 0));
    };
    let half = if value.coefficient() < 0 {
        -power / 2
    } else {
        power / 2
    };
    Some(Decimal::new(
        value.coefficient().checked_add(half)? / power,
        exponent,
    ))
}

/// Rounds down to a multiple of `step`, towards minus infinity; `None` for a step that is not positive.
pub(crate) fn floor_long(value: i64, step: i64) -> Option<i64> {
    if step <= 0 {
        return None;
    }
    value.div_euclid(step).checked_mul(step)
}

/// Rounds down to a multiple of `step`.
pub(crate) fn floor_real(value: f64, step: f64) -> Option<f64> {
    (step > 0.0).then(|| (value / step).floor() * step)
}

/// The remainder as the service counts it, never negative: `-14 % 12` is 10.
pub(crate) fn modulo(left: i64, right: i64) -> Option<i64> {
    left.checked_rem_euclid(right)
}
