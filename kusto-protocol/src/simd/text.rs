//! Text: from the wire to the end of a `String`, checked on the way.
//!
//! A block is stored before it is looked at, so that most texts cost one load, one store and one comparison. Escapes
//! are taken out of a block at once. That text is UTF-8 is checked only where a byte from 0x80 on was seen.

use super::lanes::{Lanes, append, append_marked, block_at};
use crate::decode::push_one_escape;

/// Appends what the string that begins at `at` (a quote) says, and gives the index after its closing quote. Gives
/// nothing, and appends nothing, if the text is no string, no UTF-8, or goes on after these bytes.
#[inline(always)]
pub(crate) fn push_string<L: Lanes>(lanes: L, bytes: &[u8], at: usize, text: &mut String) -> Option<usize> {
    let from = text.len();
    // SAFETY: what is appended is ASCII, or checked below, or taken back; before that, nothing panics.
    let buffer = unsafe { text.as_mut_vec() };
    let (end, non_ascii) = copy_string(lanes, bytes, at + 1, buffer);
    // On the wire: escapes are ASCII there, and each stands for whole characters, so that what is appended is UTF-8
    // if and only if the wire is; and bytes follow there, which saves a copy.
    let valid = match end {
        Some(end) => !non_ascii || lanes.is_utf8(bytes, at + 1, end - 1),
        None => false,
    };
    if !valid {
        buffer.truncate(from);
        return None;
    }
    end
}

/// Appends the bytes from `at` to `end`; appends nothing and gives false if they are not UTF-8.
#[inline(always)]
pub(crate) fn push_json<L: Lanes>(lanes: L, bytes: &[u8], at: usize, end: usize, text: &mut String) -> bool {
    let from = text.len();
    // SAFETY: what is appended is ASCII, or checked below, or taken back; before that, nothing panics.
    let buffer = unsafe { text.as_mut_vec() };
    let (mut high, mut next) = (0, at);
    while next < end {
        let block = block_at(lanes, bytes, next);
        // Bytes after the end may be there, and may be seen: then the check is done in vain.
        high |= lanes.high(block);
        append(lanes, block, (end - next).min(64), buffer);
        next += 64;
    }
    let valid = high == 0 || lanes.is_utf8(bytes, at, end);
    if !valid {
        buffer.truncate(from);
    }
    valid
}

/// Text that is written after the end of a `String`, and is no part of it until that is said.
pub(crate) struct Draft<'a> {
    text: &'a mut String,
    /// Of the room after the end of the text so many bytes have been written.
    len: usize,
    /// Whether all of them are ASCII.
    is_ascii: bool,
}

impl<'a> Draft<'a> {
    #[inline(always)]
    pub(crate) fn new(text: &'a mut String) -> Self {
        Self {
            text,
            len: 0,
            is_ascii: true,
        }
    }

    /// Writes the first bytes of a block, at most 64, and gives a bit for each that is a control character or from 0x80
    /// on.
    #[inline(always)]
    pub(crate) fn push<L: Lanes>(&mut self, lanes: L, block: L::Block, len: usize) -> u64 {
        assert!(len <= 64, "a block has 64 bytes");
        if self.text.capacity() - self.text.len() - self.len < 64 {
            grow(self.text, self.len);
        }
        // SAFETY: there are 64 bytes of spare capacity after what has been written, see above. No byte of the text is
        // changed, nor its length.
        unsafe {
            let room = self.text.as_mut_vec().spare_capacity_mut();
            lanes.store(block, &mut *room.as_mut_ptr().add(self.len).cast());
        }
        self.len += len;
        let odd = lanes.odd(block) & u64::MAX.checked_shr(64 - len as u32).unwrap_or_default();
        self.is_ascii &= odd == 0;
        odd
    }

    /// Makes what was written a part of the text; if it is not UTF-8, gives false instead.
    #[inline(always)]
    pub(crate) fn accept<L: Lanes>(self, lanes: L) -> bool {
        let end = self.text.len() + self.len;
        // SAFETY: so many bytes have been written, and they are UTF-8: ASCII, or checked here.
        unsafe {
            let buffer = self.text.as_mut_vec();
            if !self.is_ascii {
                let written = std::slice::from_raw_parts(buffer.as_ptr().add(buffer.len()), self.len);
                if !lanes.is_utf8(written, 0, written.len()) {
                    return false;
                }
            }
            buffer.set_len(end);
        }
        true
    }
}

/// Makes room for a block after the end of a text and so many bytes that have been written there.
#[cold]
#[inline(never)]
fn grow(text: &mut String, written: usize) {
    let len = text.len();
    let mut buffer = std::mem::take(text).into_bytes();
    // SAFETY: so many bytes have been written.
    unsafe { buffer.set_len(len + written) }
    // If this panics, there is no text.
    buffer.reserve(64);
    buffer.truncate(len);
    // SAFETY: this is the text as it was before.
    *text = unsafe { String::from_utf8_unchecked(buffer) };
}

/// The bytes as text, if they are ASCII. For short texts the general check takes longer than all else that is done
/// with them.
#[inline]
pub(crate) fn ascii(bytes: &[u8]) -> Option<&str> {
    // SAFETY: ASCII is UTF-8.
    bytes
        .is_ascii()
        .then(|| unsafe { str::from_utf8_unchecked(bytes) })
}

/// Appends a string from after its opening quote on, and gives the index after the closing one, and whether there
/// were bytes from 0x80 on. Without an end, anything may have been appended.
#[inline(always)]
fn copy_string<L: Lanes>(lanes: L, bytes: &[u8], at: usize, buffer: &mut Vec<u8>) -> (Option<usize>, bool) {
    if L::MOVES_BITS {
        return copy_blocks(lanes, bytes, at, buffer);
    }
    let (end, non_ascii) = lanes.append_plain(bytes, at, buffer);
    match bytes.get(end) {
        Some(b'"') => (Some(end + 1), non_ascii),
        Some(b'\\') => copy_escaped(lanes, bytes, end, buffer, non_ascii),
        _ => (None, false),
    }
}

/// As [`copy_string`], where to squeeze a block together takes so little that escapes are taken out from the front of
/// their block on: that place is known without a mask, and where escapes are foreseen, nothing waits for one.
#[inline(always)]
fn copy_blocks<L: Lanes>(
    lanes: L,
    bytes: &[u8],
    mut at: usize,
    buffer: &mut Vec<u8>,
) -> (Option<usize>, bool) {
    let mut high = 0;
    loop {
        let block = block_at(lanes, bytes, at);
        let special = lanes.special(block);
        if special == 0 {
            high |= lanes.high(block);
            append(lanes, block, 64, buffer);
            at += 64;
            continue;
        }
        let len = special.trailing_zeros() as usize;
        return match bytes.get(at + len) {
            Some(b'"') => {
                append(lanes, block, len, buffer);
                high |= lanes.high(block) & (special ^ (special - 1));
                (Some(at + len + 1), high != 0)
            }
            Some(b'\\') => copy_escaped(lanes, bytes, at, buffer, high != 0),
            _ => (None, false),
        };
    }
}

/// See [`Lanes::append_plain`].
#[inline(always)]
pub(super) fn append_plain<L: Lanes>(
    lanes: L,
    bytes: &[u8],
    mut at: usize,
    buffer: &mut Vec<u8>,
) -> (usize, bool) {
    let mut high = 0;
    loop {
        let block = block_at(lanes, bytes, at);
        let special = lanes.special(block);
        if special == 0 {
            // The next place is known without the mask: nothing waits for it where the branch is foreseen.
            high |= lanes.high(block);
            append(lanes, block, 64, buffer);
            at += 64;
            continue;
        }
        let len = special.trailing_zeros() as usize;
        append(lanes, block, len, buffer);
        high |= lanes.high(block) & (special ^ (special - 1));
        return (at + len, high != 0);
    }
}

/// See [`Lanes::plain_end`].
#[inline(always)]
pub(super) fn plain_end<L: Lanes>(lanes: L, bytes: &[u8], mut at: usize) -> usize {
    loop {
        let special = lanes.special(block_at(lanes, bytes, at));
        if special != 0 {
            return at + special.trailing_zeros() as usize;
        }
        at += 64;
    }
}

/// Goes on where escapes may come.
#[inline(always)]
fn copy_escaped<L: Lanes>(
    lanes: L,
    bytes: &[u8],
    mut at: usize,
    buffer: &mut Vec<u8>,
    mut non_ascii: bool,
) -> (Option<usize>, bool) {
    // One if the block's first byte comes after a backslash.
    let mut carry = 0;
    loop {
        let block = block_at(lanes, bytes, at);
        let (quotes, backslashes) = (lanes.equal(block, b'"'), lanes.equal(block, b'\\'));
        let escaped = escaped(backslashes, carry);
        let escapes = backslashes & !escaped;
        // In most blocks there is nothing of either kind.
        let may_be_odd = lanes.may_be_odd(block);
        let control = if may_be_odd { lanes.control(block) } else { 0 };
        let ends = quotes & !escaped | control;
        // Of the characters after a backslash, some stand for themselves, some for others.
        let others = escaped & !(quotes | backslashes) & (ends.wrapping_sub(1) & !ends);
        let (mut letters, mut odd) = (0, 0);
        if others != 0 {
            letters = others
                & (lanes.equal(block, b'n')
                    | lanes.equal(block, b'r')
                    | lanes.equal(block, b't')
                    | lanes.equal(block, b'b')
                    | lanes.equal(block, b'f'));
            odd = others & !letters & !lanes.equal(block, b'/');
        }
        // An odd escape ends the run, at its backslash, which may have been in the block before.
        let stops = ends | odd >> 1 | odd & carry;
        let run = if stops == 0 {
            u64::MAX
        } else {
            stops.wrapping_sub(1) & !stops
        };
        let from = buffer.len();
        let keep = run & !escapes;
        append_marked(lanes, block, keep, buffer);
        let mut letters = letters & run;
        while letters != 0 {
            let bit = letters & letters.wrapping_neg();
            let place = from + (keep & (bit - 1)).count_ones() as usize;
            if let Some(byte) = buffer.get_mut(place) {
                *byte = control_of(*byte);
            }
            letters ^= bit;
        }
        non_ascii |= may_be_odd && lanes.high(block) & run != 0;
        if stops == 0 {
            // The next place is known without the masks.
            at += 64;
            carry = escapes >> 63;
            continue;
        }
        at += stops.trailing_zeros() as usize;
        if stops & odd & carry != 0 {
            at -= 1;
        }
        match bytes.get(at) {
            Some(b'"') => return (Some(at + 1), non_ascii),
            Some(b'\\') => match push_one_escape(bytes, at, buffer) {
                Some(end) => (at, carry) = (end, 0),
                None => return (None, false),
            },
            _ => return (None, false),
        }
    }
}

/// What `\b`, `\f`, `\n`, `\r` and `\t` stand for.
#[inline(always)]
const fn control_of(letter: u8) -> u8 {
    match letter {
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        _ => b'\t',
    }
}

/// The bytes after a backslash that is not itself after one. `carry` is one if the first byte is.
#[inline(always)]
pub(crate) const fn escaped(backslashes: u64, carry: u64) -> u64 {
    // Runs of backslashes that begin at an odd place, and all runs: the carry of an addition finds their ends.
    const EVEN: u64 = 0x5555_5555_5555_5555;
    let backslashes = backslashes & !carry;
    let follows = backslashes << 1 | carry;
    let odd_starts = backslashes & !EVEN & !follows;
    let even_ends = odd_starts.wrapping_add(backslashes);
    let invert = even_ends << 1;
    (EVEN ^ invert) & follows
}
