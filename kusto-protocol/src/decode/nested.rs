//! Nested JSON, checked 64 bytes at a time.
//!
//! A block becomes a bit mask for each kind of byte. Brackets are walked one by one, since what a comma means depends
//! on the innermost one; everything else is said about all bytes of the block at once: which kind may follow which,
//! and that a colon comes after the names of members and nowhere else. A name is found by an addition: a one added at
//! its opening quote runs through the bits of the string and comes out at the closing one.
//!
//! Only the compact form is taken, without escapes but the short ones, and nested at most 64 deep.

use super::json::is_scalar;
use crate::simd::{Lanes, block_at};

/// What the byte before a block says about its first one: masks with one bit at most.
#[derive(Clone, Copy, Default)]
struct Before {
    /// A closing quote or bracket.
    value: u64,
    scalar: u64,
    /// A colon, or a comma in an array.
    wants_value: u64,
    /// A comma in an object.
    wants_name: u64,
    open_object: u64,
    open_array: u64,
    /// The closing quote of a name.
    name: u64,
    /// A backslash that escapes the next byte.
    escape: u64,
}

/// The index after the object or array that begins at `at`; nothing if it is in any way unusual, wrong or cut.
#[inline(always)]
pub(super) fn nested_end<L: Lanes>(lanes: L, bytes: &[u8], at: usize, max_depth: usize) -> Option<usize> {
    let mut before = Before::default();
    // All ones within a string, and the carry of the addition that looks for names' ends.
    let (mut in_string, mut in_name) = (0u64, false);
    // For each open bracket, the innermost one lowest, whether it is a brace.
    let (mut open, mut depth) = (0u64, 0);
    let max_depth = max_depth.min(64);
    let mut base = at;
    while base < bytes.len() {
        let block = block_at(lanes, bytes, base);
        let backslashes = lanes.equal(block, b'\\');
        let mut quotes = lanes.equal(block, b'"');
        if backslashes | before.escape != 0 {
            // One after the other: in nested text they are rare.
            let mut left = backslashes;
            let mut escaped = before.escape;
            before.escape = 0;
            left &= !escaped;
            while left != 0 {
                let bit = left & left.wrapping_neg();
                escaped |= bit << 1;
                before.escape |= bit >> 63;
                left &= !(bit | bit << 1);
            }
            let known = quotes
                | backslashes
                | lanes.equal(block, b'/')
                | lanes.equal(block, b'n')
                | lanes.equal(block, b'r')
                | lanes.equal(block, b't')
                | lanes.equal(block, b'b')
                | lanes.equal(block, b'f');
            if escaped & !known != 0 {
                return None;
            }
            quotes &= !escaped;
        }
        // From the opening quote to before the closing one.
        let strings = lanes.prefix_xor(quotes) ^ in_string;
        let (openings, closings) = (quotes & strings, quotes & !strings);
        let outside = !(strings | closings);
        let braces = lanes.equal(block, b'{') & outside;
        let arrays = lanes.equal(block, b'[') & outside;
        let ends = (lanes.equal(block, b'}') | lanes.equal(block, b']')) & outside;
        let colons = lanes.equal(block, b':') & outside;
        let commas = lanes.equal(block, b',') & outside;
        let scalars = outside & !(braces | arrays | ends | colons | commas);

        // Which commas are in objects, and where the value ends.
        let mut in_object = (open & 1).wrapping_neg();
        let mut valid = u64::MAX;
        let mut brackets = braces | arrays | ends;
        while brackets != 0 {
            let bit = brackets & brackets.wrapping_neg();
            brackets ^= bit;
            if ends & bit == 0 {
                if depth == max_depth {
                    return None;
                }
                open = open << 1 | u64::from(braces & bit != 0);
                depth += 1;
            } else {
                let byte = *bytes.get(base + bit.trailing_zeros() as usize)?;
                if depth == 0 || (byte == b'}') != (open & 1 == 1) {
                    return None;
                }
                open >>= 1;
                depth -= 1;
                if depth == 0 {
                    valid = bit | (bit - 1);
                    break;
                }
            }
            // From here on.
            let rest = !(bit | (bit - 1));
            in_object = in_object & !rest | (open & 1).wrapping_neg() & rest;
        }

        let after = |mask: u64, carried: u64| mask << 1 | carried;
        let wants_name = commas & in_object;
        let wants_value = colons | commas & !in_object;
        let after_object = after(braces, before.open_object);
        let after_name_comma = after(wants_name, before.wants_name);
        let names = openings & (after_object | after_name_comma);
        let (sum, carry1) = strings.overflowing_add(names);
        let (sum, carry2) = sum.overflowing_add(u64::from(in_name));
        in_name = carry1 | carry2;
        let name_ends = sum & closings;
        let values = openings | braces | arrays | scalars;
        let wrong = (after(closings | ends, before.value) & !(commas | ends | colons))
            | (after(scalars, before.scalar) & !(scalars | commas | ends))
            | (after(wants_value, before.wants_value) & !values)
            | (after_name_comma & !openings)
            | (after_object & !(openings | ends))
            | (after(arrays, before.open_array) & !(values | ends))
            | (after(name_ends, before.name) ^ colons)
            | (strings & lanes.control(block));
        if wrong & valid != 0 {
            return None;
        }
        let mut starts = scalars & !after(scalars, before.scalar) & valid;
        while starts != 0 {
            if !is_scalar(bytes.get(base + starts.trailing_zeros() as usize..)?) {
                return None;
            }
            starts &= starts - 1;
        }
        if valid != u64::MAX || depth == 0 {
            return Some(base + 64 - valid.leading_zeros() as usize);
        }
        before = Before {
            value: (closings | ends) >> 63,
            scalar: scalars >> 63,
            wants_value: wants_value >> 63,
            wants_name: wants_name >> 63,
            open_object: braces >> 63,
            open_array: arrays >> 63,
            name: name_ends >> 63,
            escape: before.escape,
        };
        in_string = ((strings as i64) >> 63) as u64;
        base += 64;
    }
    None
}
