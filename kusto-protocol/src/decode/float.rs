//! The `f64` nearest to a decimal number, by the algorithm of Eisel and Lemire ("Number Parsing at a Gigabyte per
//! Second", 2021).
//!
//! The mantissa, shifted to the left as far as it goes, is multiplied with the first 128 bits of the power of ten's
//! odd part. In nearly all cases the upper bits of the product say how to round; where they do not, or the power is
//! outside of the table, the caller has to ask someone slower.

/// The upper bits of a mantissa's product with a power of five.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Product {
    upper: u64,
    lower: u64,
    /// By how many bits the mantissa was shifted.
    shift: u64,
}

/// The product of a mantissa and the power of five of this power of ten.
#[inline(always)]
pub(super) fn product(mantissa: u64, power: i32) -> Product {
    let index = power.wrapping_add(MAX_POWER) as u32 as usize;
    let (high, low) = POWERS_OF_FIVE[index.min(POWERS_OF_FIVE.len() - 1)];
    // Zero is told at the end.
    let shift = (mantissa | 1).leading_zeros();
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
    Product {
        upper,
        lower,
        shift: u64::from(shift),
    }
}

/// The bits of the `f64` nearest to `mantissa * 10^power`, and whether it is known that this is it.
#[inline(always)]
pub(super) fn rounded(product: Product, mantissa: u64, power: i32) -> (u64, bool) {
    let Product { upper, lower, shift } = product;
    // Where the power of five is exact, so is the product.
    let exact = (lower != u64::MAX) | (power.wrapping_add(27) as u32 <= 27 + 55);
    let top = upper >> 63;
    let dropped = top + 64 - 52 - 3;
    let bits = upper >> dropped;
    // log2 of the power of ten, by a fraction that is near enough.
    let log = power.wrapping_mul(152_170 + 65_536) >> 16;
    let exponent = (log as i64 as u64)
        .wrapping_add(63 + 1023 + top)
        .wrapping_sub(shift);
    // Halfway between two numbers, as far as the product tells, can only be where the power of five is small; then
    // the even one is the nearest.
    let halfway = (lower <= 1)
        & (power.wrapping_add(4) as u32 <= 4 + 23)
        & (bits & 3 == 1)
        & (bits << dropped == upper);
    let bits = bits & !u64::from(halfway);
    // A mantissa that is rounded up to the next power of two counts on in the exponent.
    let bits = (bits + (bits & 1)) >> 1;
    let value = (exponent << 52).wrapping_add(bits.wrapping_sub(1 << 52));
    let in_table = power.wrapping_add(MAX_POWER) as u32 <= 2 * MAX_POWER as u32;
    let in_range = in_table & (exponent.wrapping_sub(1) < 2044);
    let is_zero = mantissa == 0;
    (if is_zero { 0 } else { value }, is_zero | (in_range & exact))
}

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

    fn nearest(mantissa: u64, power: i32) -> (f64, bool) {
        let (bits, is_known) = rounded(product(mantissa, power), mantissa, power);
        (f64::from_bits(bits), is_known)
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
            let (ours, is_known) = nearest(mantissa, power);
            if is_known {
                prop_assert_eq!(ours.to_bits(), theirs.to_bits(), "{}", text);
            } else {
                prop_assert!(!(-MAX_POWER..=MAX_POWER).contains(&power), "{}", text);
            }
        }

        #[test]
        fn halfway_goes_to_the_even_one(number in any::<f64>(), ulps in 0u64..3) {
            // The exact decimal text of a number halfway between two others, where it is short enough.
            let whole = (number.abs() % 1e18).trunc() as u64 | 1 << 60;
            let mantissa = (whole & !0x1ff) + (ulps << 7);
            let theirs: f64 = mantissa.to_string().parse().unwrap();
            prop_assert_eq!(nearest(mantissa, 0), (theirs, true));
        }
    }
}
