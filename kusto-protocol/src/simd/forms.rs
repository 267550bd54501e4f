//! What instruction sets of registers of 16 bytes and more have in common: masks, the forms of cells, and loops without
//! vectors.

use std::mem::MaybeUninit;

/// The piece of 16 bytes at a fixed place.
#[inline]
pub(super) fn piece<const N: usize>(bytes: &[u8; N], at: usize) -> &[u8; 16] {
    match bytes[at..].first_chunk() {
        Some(piece) => piece,
        None => &[0; 16],
    }
}

/// Ones in the first `len` bytes of a block, at most 64.
#[inline]
pub(super) fn first_bytes(len: usize) -> &'static [u8; 64] {
    const MASKS: [u8; 128] = {
        let mut masks = [0; 128];
        let mut at = 0;
        while at < 64 {
            masks[at] = 0xff;
            at += 1;
        }
        masks
    };
    let masks: &'static [u8; 128] = &MASKS;
    masks[64 - len.min(64)..].first_chunk().unwrap_or(&[0; 64])
}

/// Ones in the last `len` bytes, at most 16.
#[inline]
pub(super) fn last_bytes(len: usize) -> &'static [u8; 16] {
    const MASKS: [u8; 32] = {
        let mut masks = [0; 32];
        let mut at = 16;
        while at < 32 {
            masks[at] = 0xff;
            at += 1;
        }
        masks
    };
    let masks: &'static [u8; 32] = &MASKS;
    piece(masks, len.min(16))
}

/// The bytes that are marked, one after the other.
#[inline(always)]
pub(super) fn squeeze(bytes: &[u8; 64], mut keep: u64, room: &mut [MaybeUninit<u8>; 64]) {
    // Runs are short: each is copied 16 bytes at a time, and the next one begins where it ends.
    const PIECE: usize = 16;
    let (mut from, mut to) = ([0; 64 + PIECE], [0; 64 + PIECE]);
    from[..64].copy_from_slice(bytes);
    let mut len = 0;
    while keep != 0 {
        let start = keep.trailing_zeros() as usize;
        // The run's bits are carried to the place after it.
        let carried = keep.wrapping_add(keep & keep.wrapping_neg());
        let run = carried.trailing_zeros() as usize - start;
        let mut at = 0;
        while at < run {
            // No place is above 63, which the compiler is told in this manner.
            let (start, len) = ((start + at) & 63, (len + at) & 63);
            to[len..len + PIECE].copy_from_slice(&from[start..start + PIECE]);
            at += PIECE;
        }
        len += run;
        keep &= carried;
    }
    for (place, byte) in room.iter_mut().zip(to) {
        place.write(byte);
    }
}

/// The index of each bit that is set, one after the other.
#[inline(always)]
pub(super) fn positions(mut marks: u64, base: u32, room: &mut [u32; 64]) {
    // Eight at a time, whether they are there or not: how many there are cannot be foretold.
    let (eights, _) = room.as_chunks_mut::<8>();
    for eight in eights {
        for place in eight {
            *place = base.wrapping_add(marks.trailing_zeros());
            marks &= marks.wrapping_sub(1);
        }
        if marks == 0 {
            break;
        }
    }
}

/// What has to be subtracted from each character of a datetime up to the minute, and how much may be left.
pub(super) const DAY: &[u8; 16] = b"0000-00-00T00:00";
pub(super) const DAY_BOUNDS: &[u8; 16] = &[9, 9, 9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9, 0, 5, 9];

/// What is from a datetime's second colon but one on, by the number of digits of the fraction.
pub(super) struct TimeForm {
    pub(super) characters: [u8; 16],
    pub(super) bounds: [u8; 16],
    /// Ones where the digits of the second and the fraction are.
    pub(super) digits: [u8; 16],
}

pub(super) const TIME_FORMS: [TimeForm; 8] = {
    const NONE: TimeForm = TimeForm {
        characters: *b":00:00\0\0\0\0\0\0\0\0\0\0",
        bounds: [0, 5, 9, 0, 5, 9, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255],
        digits: [0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    };
    let mut forms = [NONE; 8];
    let mut fraction = 0;
    while fraction < 8 {
        let form = &mut forms[fraction];
        let mut at = 6;
        if fraction > 0 {
            form.characters[at] = b'.';
            form.bounds[at] = 0;
            at += 1;
            while at < 7 + fraction {
                form.characters[at] = b'0';
                form.bounds[at] = 9;
                form.digits[at] = 255;
                at += 1;
            }
        }
        form.characters[at] = b'Z';
        form.bounds[at] = 0;
        form.characters[at + 1] = b'"';
        form.bounds[at + 1] = 0;
        fraction += 1;
    }
    forms
};
