//! How tightly operators bind, for the parser and the printer.
//!
//! String operators bind more tightly than arithmetic: that is how the service reads
//! `a has "x" + 1`.

use crate::ast::BinaryOperator;

pub(crate) type Precedence = u8;

pub(crate) const OR: Precedence = 1;
pub(crate) const AND: Precedence = 2;
pub(crate) const EQUALITY: Precedence = 3;
pub(crate) const RELATIONAL: Precedence = 4;
pub(crate) const ADDITIVE: Precedence = 5;
pub(crate) const MULTIPLICATIVE: Precedence = 6;
pub(crate) const STRING: Precedence = 7;

pub(crate) fn of_binary(operator: BinaryOperator) -> Precedence {
    use BinaryOperator as B;
    match operator {
        B::Equal | B::NotEqual => EQUALITY,
        B::Less | B::LessOrEqual | B::Greater | B::GreaterOrEqual => RELATIONAL,
        B::Add | B::Subtract => ADDITIVE,
        B::Multiply | B::Divide | B::Modulo => MULTIPLICATIVE,
        _ => STRING,
    }
}

/// True if `a op b op c` is a chain, from the left; comparisons cannot be chained.
pub(crate) fn chains(precedence: Precedence) -> bool {
    matches!(precedence, OR | AND | ADDITIVE | MULTIPLICATIVE)
}
