use crate::{TypedColumn, Values};

/// A number that is the same for the same columns, whoever filled them.
///
/// Any program that is to be set beside others needs the same: it starts with 1; for each column the number of rows
/// and of nulls are mixed in, then each cell: `0xdead` for a null, a number as 64 bits (reals as their bits, dates
/// and spans as ticks), an identifier as two words, a text as its length and its little-endian words, the last one
/// filled up with zeros.
#[must_use]
pub fn content_hash(columns: &[TypedColumn]) -> u64 {
    columns.iter().fold(1, |hash, column| {
        let hash = mix(mix(hash, column.len() as u64), column.null_count() as u64);
        (0..column.len()).fold(hash, |hash, row| {
            if !column.is_valid(row) {
                return mix(hash, 0xdead);
            }
            match column.values() {
                Values::Bool(bits) => mix(hash, u64::from(bits[row / 8] >> (row % 8) & 1)),
                Values::Int(numbers) => mix(hash, i64::from(numbers[row]) as u64),
                Values::Long(numbers) => mix(hash, numbers[row] as u64),
                Values::Real(numbers) => mix(hash, numbers[row].to_bits()),
                Values::Guid(guids) => bytes(hash, &guids[row]),
                Values::Text { offsets, bytes } => {
                    text(hash, &bytes[offsets[row] as usize..offsets[row + 1] as usize])
                }
            }
        })
    })
}

fn text(hash: u64, text: &[u8]) -> u64 {
    let words = text.len() / 8 * 8;
    let mut last = [0; 8];
    last[..text.len() - words].copy_from_slice(&text[words..]);
    let hash = bytes(mix(hash, text.len() as u64), &text[..words]);
    mix(hash, u64::from_le_bytes(last))
}

/// Mixes whole words in.
fn bytes(hash: u64, bytes: &[u8]) -> u64 {
    let (words, _) = bytes.as_chunks::<8>();
    words
        .iter()
        .fold(hash, |hash, word| mix(hash, u64::from_le_bytes(*word)))
}

const fn mix(hash: u64, word: u64) -> u64 {
    let mixed = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}
