//! The `f64` nearest to a decimal number, by the algorithm of Eisel and Lemire ("Number Parsing at a Gigabyte per
//! Second", 2021).
//!
//! The mantissa, shifted to the left as far as it goes, is multiplied with the first 128 bits of the power of ten's
//! odd part. In nearly all cases the upper bits of the product say how to round; where they do not, or the power is
//! outside of the table, the caller has to ask someone slower.

/// The `f64` nearest to `mantissa * 10^power`, where that can be told quickly.
#[inline(always)]
pub(super) fn nearest(mantissa: u64, power: i32) -> Option<f64> {
    // Both operands exact, so that the result is rounded once.
    if mantissa <= 1 << 53 && power.unsigned_abs() <= 22 {
        let exact = POWERS_OF_TEN[power.unsigned_abs() as usize];
        let value = mantissa as f64;
        return Some(if power < 0 { value / exact } else { value * exact });
    }
    product(mantissa, power)
}

#[inline(always)]
fn product(mantissa: u64, power: i32) -> Option<f64> {
    if mantissa == 0 {
        return Some(0.0);
    }
    let (high, low) = *POWERS_OF_FIVE.get(usize::try_from(power + MAX_POWER).ok()?)?;
    let shift = mantissa.leading_zeros();
    let shifted = mantissa << shift;
    let first = u128::from(shifted) * u128::from(high);
    let (mut upper, mut lower) = ((first >> 64) as u64, first as u64);
    // The bits that decide end within the upper half, unless a carry could run through all that are below.
    if upper & 0x1ff == 0x1ff {
        let second = u128::from(shifted) * u128::from(low);
        let (sum, carry) = lower.overflowing_add((second >> 64) as u64);
        lower = sum;
        upper += u64::from(carry);
    }
    if lower == u64::MAX && !(-27..=55).contains(&power) {
        return None;
    }
    let top = (upper >> 63) as i32;
    let mut bits = upper >> (top + 64 - 52 - 3);
    // log2 of the power of ten, by a fraction that is near enough.
    let mut exponent = ((power * (152_170 + 65_536)) >> 16) + 63 + top - shift as i32 + 1023;
    if !(1..2046).contains(&exponent) {
        return None;
    }
    // Halfway between two numbers, as far as the product tells, can only be where the power of five is small.
    if lower <= 1 && (-4..=23).contains(&power) && bits & 3 == 1 && bits << (top + 64 - 52 - 3) == upper {
        bits &= !1;
    }
    bits += bits & 1;
    bits >>= 1;
    if bits >= 1 << 53 {
        bits = 1 << 52;
        exponent += 1;
    }
    Some(f64::from_bits(bits & !(1 << 52) | (exponent as u64) << 52))
}

/// Exact in a `f64`.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// The powers of ten of the table; numbers of other sizes are rare.
const MAX_POWER: i32 = 64;

/// The first 128 bits of powers of five, from that of `-MAX_POWER` on; of the negative ones rounded up.
static POWERS_OF_FIVE: [(u64, u64); 2 * MAX_POWER as usize + 1] = powers_of_five();

const fn powers_of_five() -> [(u64, u64); 2 * MAX_POWER as usize + 1] {
    let mut powers = [(0, 0); 2 * MAX_POWER as usize + 1];
    let mut power = 0;
    let mut five: Wide = [1, 0, 0, 0, 0, 0];
    while power <= MAX_POWER {
        let bits = bit_len(&five);
        powers[(MAX_POWER + power) as usize] = first_128_bits(&five, bits);
        if power > 0 {
            // Enough bits that the quotient has 128 at least, and those that are dropped are dropped at once.
            let shift = if power <= 27 { bits + 127 } else { 2 * bits + 128 };
            let quotient = plus_one(power_of_two_by(shift, &five));
            powers[(MAX_POWER - power) as usize] = first_128_bits(&quotient, bit_len(&quotient));
        }
        five = times_five(&five);
        power += 1;
    }
    powers
}

/// A number of many bits, the lowest ones first.
type Wide = [u64; 6];

const fn times_five(number: &Wide) -> Wide {
    let mut product = [0; 6];
    let (mut at, mut carry) = (0, 0u128);
    while at < 6 {
        carry += number[at] as u128 * 5;
        product[at] = carry as u64;
        carry >>= 64;
        at += 1;
    }
    product
}

const fn plus_one(mut number: Wide) -> Wide {
    let mut at = 0;
    while at < 6 {
        number[at] = number[at].wrapping_add(1);
        if number[at] != 0 {
            break;
        }
        at += 1;
    }
    number
}

const fn bit_len(number: &Wide) -> u32 {
    let mut at = 6;
    while at > 0 {
        at -= 1;
        if number[at] != 0 {
            return at as u32 * 64 + 64 - number[at].leading_zeros();
        }
    }
    0
}

const fn bit(number: &Wide, at: u32) -> u64 {
    number[at as usize / 64] >> (at % 64) & 1
}

const fn first_128_bits(number: &Wide, bits: u32) -> (u64, u64) {
    let mut first = 0u128;
    let mut count = 0;
    while count < 128 {
        first <<= 1;
        if count < bits {
            first |= bit(number, bits - 1 - count) as u128;
        }
        count += 1;
    }
    ((first >> 64) as u64, first as u64)
}

/// `2^shift / divisor`, rounded down, bit by bit.
const fn power_of_two_by(shift: u32, divisor: &Wide) -> Wide {
    let (mut quotient, mut rest) = ([0; 6], [0; 6]);
    let mut at = shift + 1;
    while at > 0 {
        at -= 1;
        let mut carry = if at == shift { 1 } else { 0 };
        let mut limb = 0;
        while limb < 6 {
            let next = rest[limb] >> 63;
            rest[limb] = rest[limb] << 1 | carry;
            carry = next;
            limb += 1;
        }
        if let Some(less) = minus(&rest, divisor) {
            rest = less;
            quotient[at as usize / 64] |= 1 << (at % 64);
        }
    }
    quotient
}

const fn minus(number: &Wide, other: &Wide) -> Option<Wide> {
    let mut difference = [0; 6];
    let (mut at, mut borrow) = (0, false);
    while at < 6 {
        let (less, under1) = number[at].overflowing_sub(other[at]);
        let (less, under2) = less.overflowing_sub(borrow as u64);
        difference[at] = less;
        borrow = under1 | under2;
        at += 1;
    }
    if borrow { None } else { Some(difference) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_is_that_of_the_paper() {
        let at = |power: i32| POWERS_OF_FIVE[(power + MAX_POWER) as usize];
        assert_eq!(at(0), (0x8000_0000_0000_0000, 0));
        assert_eq!(at(1), (0xa000_0000_0000_0000, 0));
        assert_eq!(at(-1), (0xcccc_cccc_cccc_cccc, 0xcccc_cccc_cccc_cccd));
        assert_eq!(at(22), (0x878678326eac9000, 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn the_nearest_is_that_of_the_standard_library(
            mantissa in prop_oneof![any::<u64>(), 0..1u64 << 54, any::<u64>().prop_map(|n| n >> (n & 63))],
            power in -70i32..70,
        ) {
            let text = format!("{mantissa}e{power}");
            let theirs: f64 = text.parse().unwrap();
            match nearest(mantissa, power) {
                Some(ours) => prop_assert_eq!(ours.to_bits(), theirs.to_bits(), "{}", text),
                None => prop_assert!(!(-60..=60).contains(&power) || power < -27 || power > 55, "{}", text),
            }
        }

        #[test]
        fn halfway_goes_to_the_even_one(number in any::<f64>(), ulps in 0u64..3) {
            // The exact decimal text of a number halfway between two others, where it is short enough.
            let whole = (number.abs() % 1e18).trunc() as u64 | 1 << 60;
            let mantissa = (whole & !0x1ff) + (ulps << 7);
            let theirs: f64 = mantissa.to_string().parse().unwrap();
            prop_assert_eq!(nearest(mantissa, 0), Some(theirs));
        }
    }
}
