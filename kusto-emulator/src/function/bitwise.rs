//! Functions of the bits of whole numbers.

use kusto_protocol::ColumnType;

use super::arguments::Arguments;
use super::kind::{Long, Nullable, Text};
use super::lift::{binary, unary};
use super::{Call, Family, Function};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Bits",
    functions: &[
        Function::new("binary_and", (2, 2), PAIR, |a| {
            pair(a, |left, right| Some(left & right))
        }),
        Function::new("binary_not", (1, 1), "(long) -> long", |a| {
            unary::<Long, Long>(a, |value| Some(!value))
        }),
        Function::new("binary_or", (2, 2), PAIR, |a| {
            pair(a, |left, right| Some(left | right))
        }),
        Function::new("binary_shift_left", (2, 2), PAIR, |a| shift(a, i64::wrapping_shl)),
        Function::new("binary_shift_right", (2, 2), PAIR, |a| {
            shift(a, i64::wrapping_shr)
        }),
        Function::new("binary_xor", (2, 2), PAIR, |a| {
            pair(a, |left, right| Some(left ^ right))
        }),
        Function::new("bitset_count_ones", (1, 1), "(long) -> long", |a| {
            unary::<Long, Long>(a, |value| Some(value.count_ones().into()))
        }),
        Function::new("tohex", (1, 2), "(long, [min length]) -> string", to_hex),
    ],
};

const PAIR: &str = "(long, long) -> long";

fn pair(arguments: &Arguments<'_>, function: fn(i64, i64) -> Option<i64>) -> Result<Call, BindError> {
    binary::<Long, Long, Long>(arguments, function)
}

/// Shifts by the rest of the count by 64; a negative count gives null.
fn shift(arguments: &Arguments<'_>, function: fn(i64, u32) -> i64) -> Result<Call, BindError> {
    binary::<Long, Long, Long>(arguments, move |value, count| {
        (count >= 0).then(|| function(value, (count % 64) as u32))
    })
}

fn to_hex(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    // An `int` has 32 bits: what is negative gets no more digits than those.
    let mask = match arguments.ty(0) {
        ColumnType::Int => i64::from(u32::MAX),
        _ => -1,
    };
    binary::<Long, Nullable<Long>, Text>(arguments, move |value, width| {
        let width = width.unwrap_or(0).clamp(0, 64) as usize;
        Some(format!("{:0width$x}", value & mask))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn bits_are_those_of_a_long() {
        check("binary_and", &["long:12", "int:10"], "long:8");
        check("binary_not", &["long:0"], "long:-1");
        check("binary_shift_left", &["long:1", "long:65"], "long:2");
        check("binary_shift_right", &["long:8", "long:-1"], "long:null");
        check("bitset_count_ones", &["long:42"], "long:3");
    }

    #[test]
    fn hexadecimal_digits_follow_the_width_of_the_type() {
        check("tohex", &["long:256"], "100");
        check("tohex", &["long:-256"], "ffffffffffffff00");
        check("tohex", &["int:-256", "long:8"], "ffffff00");
        check("tohex", &["long:256", "long:8"], "00000100");
    }
}
