//! Decimals: from the wire to the end of a `String`, checked on the way.

use super::lanes::{Lanes, append, block_at};

/// Appends the decimal that is in quotes between `from` and `end`: at most 62 digits, with a sign and a point or
/// without. Appends nothing and gives false if it is none, or in another form.
#[inline(always)]
pub(crate) fn push_decimal<L: Lanes>(
    lanes: L,
    bytes: &[u8],
    from: usize,
    end: usize,
    text: &mut String,
) -> bool {
    let len = end.wrapping_sub(from).wrapping_sub(2);
    let in_quotes = len.wrapping_sub(1) < 63
        && bytes.get(from) == Some(&b'"')
        && bytes.get(end.wrapping_sub(1)) == Some(&b'"');
    if !in_quotes {
        return false;
    }
    let block = block_at(lanes, bytes, from + 1);
    let own = (1 << len) - 1;
    let digits = lanes.between(block, b'0', b'9') & own;
    let points = lanes.equal(block, b'.') & own;
    let sign = lanes.equal(block, b'-') & 1;
    let is_decimal = (digits | points | sign == own) & (digits != 0) & (points & points.wrapping_sub(1) == 0);
    if is_decimal {
        // SAFETY: digits, a point and a sign are ASCII, and nothing else is appended.
        append(lanes, block, len, unsafe { text.as_mut_vec() });
    }
    is_decimal
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decode::is_decimal;
    use crate::simd::{Isa, Kernel, Level, run};

    struct Push<'a>(&'a [u8], usize, usize);

    impl Kernel for Push<'_> {
        type Output = (bool, String);

        #[inline(always)]
        fn run<L: Lanes>(self, lanes: L) -> Self::Output {
            let mut text = "before".to_owned();
            (push_decimal(lanes, self.0, self.1, self.2, &mut text), text)
        }
    }

    fn check(text: &str, is_short: bool, front: usize, back: usize) {
        let wire = [
            &vec![b'1'; front][..],
            b"\"",
            text.as_bytes(),
            b"\"",
            &vec![b'2'; back],
        ]
        .concat();
        for isa in Isa::available() {
            let kernel = Push(&wire, front, front + text.len() + 2);
            let expected = if is_short {
                format!("before{text}")
            } else {
                "before".to_owned()
            };
            let found = run(Level::new(isa), kernel);
            assert_eq!(found, (is_short, expected), "{isa:?}: {text}");
        }
    }

    #[test]
    fn decimals_of_every_length_at_every_place() {
        for len in 1..=66 {
            let digits = "1234567890".repeat(7)[..len].to_owned();
            for point in 0..=len {
                for sign in ["", "-"] {
                    let text = format!("{sign}{}.{}", &digits[..point], &digits[point..]);
                    check(&text, text.len() <= 63, point, len % 3 * 40);
                }
            }
            check(&digits, len <= 63, len, 0);
        }
        for text in [
            "", ".", "-", "-.", "1-", "1.2.3", "1e5", "1,5", "NaN", "+1", " 1", "1\"", "1/2", "1:2", "é",
        ] {
            check(text, false, 3, 70);
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_a_decimal(text in "[-0-9.]{0,70}", front in 0usize..64) {
            let is_short = is_decimal(text.as_bytes()) && text.len() <= 63;
            check(&text, is_short, front, 70);
        }
    }
}
