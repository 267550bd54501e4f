//! Where a run of plain text ends, for short strings that come one by one: with what every processor of an
//! architecture has, so that nothing has to be chosen.

#[cfg(target_arch = "aarch64")]
use super::neon::special16 as special;

/// The index of the first quote, backslash or control character from `at` on, or of the end.
#[inline]
pub(crate) fn plain_end(bytes: &[u8], at: usize) -> usize {
    // Most ends are near.
    if let Some(piece) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let special = special(piece);
        if special != 0 {
            return at + special.trailing_zeros() as usize;
        }
    }
    far_plain_end(bytes, at)
}

#[inline(never)]
fn far_plain_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(piece) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let special = special(piece);
        if special != 0 {
            return at + special.trailing_zeros() as usize;
        }
        at += 16;
    }
    // The last piece again from where it is whole, without what came before.
    if let Some(piece) = bytes.last_chunk() {
        let from = bytes.len() - 16;
        let special = special(piece) >> at.saturating_sub(from).min(31);
        if special != 0 {
            return at + special.trailing_zeros() as usize;
        }
        return bytes.len().max(at);
    }
    while at < bytes.len() && !matches!(bytes[at], b'"' | b'\\' | 0..0x20) {
        at += 1;
    }
    at
}

/// A bit for each byte that does not stand for itself in a JSON string.
#[cfg(target_arch = "x86_64")]
#[inline]
fn special(piece: &[u8; 16]) -> u32 {
    use std::arch::x86_64::*;

    #[inline]
    #[target_feature(enable = "sse2")]
    fn special(piece: __m128i) -> u32 {
        let quotes = _mm_cmpeq_epi8(piece, _mm_set1_epi8(b'"' as i8));
        let backslashes = _mm_cmpeq_epi8(piece, _mm_set1_epi8(b'\\' as i8));
        let controls = _mm_cmpeq_epi8(_mm_min_epu8(piece, _mm_set1_epi8(0x1f)), piece);
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), controls)) as u32
    }

    // SAFETY: all processors of this architecture have the instruction set.
    unsafe { special(super::x86::load16(piece)) }
}

/// A bit for each byte that does not stand for itself in a JSON string.
#[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
#[inline]
fn special(piece: &[u8; 16]) -> u32 {
    let bits = piece.iter().rev();
    bits.fold(0, |bits, byte| {
        bits << 1 | u32::from(matches!(byte, b'"' | b'\\' | 0..0x20))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_found_at_every_place_of_texts_of_every_length() {
        for len in 0..70 {
            for special in [b'"', b'\\', 0, 0x1f] {
                for place in 0..=len {
                    let mut text = vec![b' '; len];
                    if let Some(byte) = text.get_mut(place) {
                        *byte = special;
                    }
                    for at in 0..=len + 1 {
                        let rest = text.get(at..).unwrap_or_default();
                        let plain = rest.iter().take_while(|byte| **byte == b' ').count();
                        assert_eq!(plain_end(&text, at), at + plain, "{len} {place} {at}");
                    }
                }
            }
        }
    }
}
