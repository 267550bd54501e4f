//! Plain Rust for every processor: loops over arrays, which the compiler turns into whatever vectors the target always
//! has, and eight characters at a time in a word.

use std::mem::MaybeUninit;

use super::Kernel;
use super::forms::{self, DAY, DAY_BOUNDS, TIME_FORMS};
use super::lanes::{Datetime, Lanes, padded_from};

/// All processors have this one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Portable)
}

/// As [`run`], never inlined.
#[inline(never)]
fn apart<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Portable)
}

impl Lanes for Portable {
    type Block = [u8; 64];

    const HAS_VECTORS: bool = false;

    #[inline(always)]
    fn load(self, bytes: &[u8; 64]) -> Self::Block {
        *bytes
    }

    #[inline(always)]
    fn store(self, block: Self::Block, room: &mut [MaybeUninit<u8>; 64]) {
        for (place, byte) in room.iter_mut().zip(block) {
            place.write(byte);
        }
    }

    #[inline(always)]
    fn equal(self, block: Self::Block, byte: u8) -> u64 {
        masks(&block, |other| other == byte)
    }

    #[inline(always)]
    fn between(self, block: Self::Block, low: u8, high: u8) -> u64 {
        let most = high.wrapping_sub(low);
        masks(&block, |byte| byte.wrapping_sub(low) <= most)
    }

    #[inline(always)]
    fn control(self, block: Self::Block) -> u64 {
        masks(&block, |byte| byte < 0x20)
    }

    #[inline(always)]
    fn high(self, block: Self::Block) -> u64 {
        // Most blocks have none.
        let any = block.iter().fold(0, |any, byte| any | byte);
        if any < 0x80 {
            0
        } else {
            masks(&block, |byte| byte >= 0x80)
        }
    }

    #[inline(always)]
    fn special(self, block: Self::Block) -> u64 {
        masks(&block, is_special)
    }

    #[inline(always)]
    fn unplain(self, block: Self::Block) -> u64 {
        // With a sign, those from 0x80 on are the smallest.
        masks(&block, |byte| {
            (byte == b'"') | (byte == b'\\') | (byte.cast_signed() < 0x20)
        })
    }

    #[inline(always)]
    fn append_plain(self, bytes: &[u8], mut at: usize, buffer: &mut Vec<u8>) -> (usize, bool) {
        let mut seen = [0; 32];
        loop {
            let piece = piece_at(bytes, at);
            buffer.extend_from_slice(&piece);
            for (seen, byte) in seen.iter_mut().zip(piece) {
                *seen |= byte;
            }
            if has_special(&piece) {
                let len = first_special(&piece);
                buffer.truncate(buffer.len() - (32 - len));
                let seen = seen.iter().fold(0, |all, byte| all | byte);
                return (at + len, seen >= 0x80);
            }
            at += 32;
        }
    }

    #[inline(always)]
    fn plain_end(self, bytes: &[u8], mut at: usize) -> usize {
        loop {
            let piece = piece_at(bytes, at);
            if has_special(&piece) {
                return at + first_special(&piece);
            }
            at += 32;
        }
    }

    #[inline(always)]
    fn marks(self, block: Self::Block) -> u64 {
        masks(&block, |byte| {
            let lower = byte | 0x20;
            (lower == b'{') | (lower == b'}') | (byte == b':') | (byte == b',')
        })
    }

    #[inline(always)]
    fn bit(self, block: Self::Block, bit: u32) -> u64 {
        masks(&block, |byte| byte & 1 << bit != 0)
    }

    #[inline(always)]
    fn squeeze(self, block: Self::Block, keep: u64, room: &mut [MaybeUninit<u8>; 64]) {
        forms::squeeze(&block, keep, room);
    }

    #[inline(always)]
    fn positions(self, marks: u64, base: u32, room: &mut [u32; 64]) {
        forms::positions(marks, base, room);
    }

    #[inline(always)]
    fn first(self, mut block: Self::Block, len: usize) -> Self::Block {
        for (byte, keep) in block.iter_mut().zip(forms::first_bytes(len)) {
            *byte &= keep;
        }
        block
    }

    #[inline(always)]
    fn is_utf8(self, bytes: &[u8], from: usize, end: usize) -> bool {
        bytes
            .get(from..end)
            .is_some_and(|text| str::from_utf8(text).is_ok())
    }

    #[inline(always)]
    fn apart<K: Kernel>(self, kernel: K) -> K::Output {
        apart(kernel)
    }

    #[inline(always)]
    fn prefix_xor(self, mut marks: u64) -> u64 {
        for shift in [1, 2, 4, 8, 16, 32] {
            marks ^= marks << shift;
        }
        marks
    }

    #[inline(always)]
    fn digits(self, tail: &[u8; 16], len: usize) -> (u64, bool) {
        let keep = forms::last_bytes(len);
        let lower = (word(tail, 8) ^ ZEROS) & word(keep, 8);
        let (mut halves, mut valid) = (number(lower) << 32, are_digits(lower));
        if len > 8 {
            let upper = (word(tail, 0) ^ ZEROS) & word(keep, 0);
            halves |= number(upper);
            valid &= are_digits(upper);
        }
        (halves, valid)
    }

    fn points(self, tail: &[u8; 33]) -> (u32, u32) {
        tail[1..].iter().rev().fold((0, 0), |(points, exponents), byte| {
            let (is_point, is_exponent) = (*byte == b'.', byte | 0x20 == b'e');
            (
                points << 1 | u32::from(is_point),
                exponents << 1 | u32::from(is_exponent),
            )
        })
    }

    fn digits_around(self, tail: &[u8; 33], fraction: usize, len: usize) -> (u64, u64, bool) {
        let (mut high, mut low, mut valid) = (0u64, 0u64, true);
        for place in (0..len).rev() {
            // From the end, and over the point.
            let byte = tail[32 - place - usize::from(place >= fraction)];
            let digit = u64::from(byte ^ b'0');
            valid &= digit < 10;
            let half = if place < 16 { &mut low } else { &mut high };
            *half = half.wrapping_mul(10).wrapping_add(digit);
        }
        (high, low, valid)
    }

    #[inline(always)]
    fn datetime(self, text: &[u8; 32], fraction: usize) -> Datetime {
        let form = &TIME_FORMS[fraction & 7];
        // What is left of eight characters, and bits that are set where that is above its bound.
        let part = |at: usize, characters: &[u8; 16], bounds: &[u8; 16], half: usize| {
            let (left, bounds) = (word(text, at) ^ word(characters, half), word(bounds, half));
            let over = (left & LOW).wrapping_add(LOW - (bounds & LOW)) | left & !bounds;
            (left, over & HIGH)
        };
        let (year, over1) = part(1, DAY, DAY_BOUNDS, 0);
        let (day, over2) = part(9, DAY, DAY_BOUNDS, 8);
        let (second, over3) = part(14, &form.characters, &form.bounds, 0);
        let (ticks, over4) = part(22, &form.characters, &form.bounds, 8);
        let (second, ticks) = (second & word(&form.digits, 0), ticks & word(&form.digits, 8));
        // In each byte the number of two digits that begins there.
        let pairs = |digits: u64| digits.wrapping_mul(10).wrapping_add(digits >> 8);
        let two = |pairs: u64, at: u32| pairs >> (8 * at) & 0xff;
        let (years, days, ticks) = (pairs(year), pairs(day), pairs(ticks));
        let (month, day, hour) = (two(years, 5), two(days, 0), two(days, 3));
        let limits = (month <= 12) & (day <= 31) & (hour <= 23);
        Datetime {
            date: two(years, 0) | two(years, 2) << 16 | month << 32 | day << 48,
            clock: (hour | two(days, 6) << 16) as u32,
            second: two(pairs(second), 4) as u32,
            fraction: (second >> 56) * 100 + two(ticks, 0) + ((two(ticks, 2) * 100 + two(ticks, 4)) << 32),
            is_valid: (over1 | over2 | over3 | over4 == 0) & limits & (text[0] == b'"'),
        }
    }

    #[inline(always)]
    fn guid(self, text: &[u8; 36]) -> ([u8; 16], bool) {
        // Digits are at 0..8, 9..13, 14..18, 19..23 and 24..36.
        let four = |at: usize| word(text, at) & 0xffff_ffff;
        let words = [
            word(text, 0),
            four(9) | four(14) << 32,
            four(19) | four(24) << 32,
            word(text, 28),
        ];
        let (mut guid, mut valid) = ([0; 16], true);
        for (index, digits) in words.into_iter().enumerate() {
            let (bytes, are_valid) = hexadecimal(digits);
            guid[4 * index..][..4].copy_from_slice(&bytes.to_le_bytes());
            valid &= are_valid;
        }
        let dashes = [text[8], text[13], text[18], text[23]] == *b"----";
        (guid, valid & dashes)
    }
}

#[inline(always)]
const fn is_special(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < 0x20)
}

/// Half a block, since most texts are short; after the end of the bytes come zeros.
#[inline(always)]
fn piece_at(bytes: &[u8], at: usize) -> [u8; 32] {
    match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(piece) => *piece,
        None => padded_from(bytes, at),
    }
}

/// A one for each special byte.
#[inline(always)]
fn marks_of(piece: &[u8; 32]) -> [u8; 32] {
    let mut marks = [0; 32];
    for (mark, byte) in marks.iter_mut().zip(piece) {
        *mark = u8::from(is_special(*byte));
    }
    marks
}

#[inline(always)]
fn has_special(piece: &[u8; 32]) -> bool {
    marks_of(piece).iter().fold(0, |any, mark| any | mark) != 0
}

/// The index of the first special byte; there is one.
#[inline(always)]
fn first_special(piece: &[u8; 32]) -> usize {
    let marks = marks_of(piece);
    let half = |at: usize| {
        marks[at..]
            .first_chunk()
            .map_or(0, |half| u128::from_le_bytes(*half))
    };
    let (front, back) = (half(0), half(16));
    let bits = if front != 0 {
        front.trailing_zeros()
    } else {
        128 + back.trailing_zeros()
    };
    bits as usize / 8
}

/// A bit for each byte.
#[inline(always)]
fn masks(bytes: &[u8; 64], is: impl Fn(u8) -> bool) -> u64 {
    // The eight bytes of each word get a bit of their own, so that the words can be put together; then rows and columns
    // of those bits change places.
    let mut marks = [0; 64];
    for ((mark, byte), bit) in marks.iter_mut().zip(bytes).zip(&WORD_BITS) {
        *mark = if is(*byte) { *bit } else { 0 };
    }
    let mut columns = 0;
    for at in (0..64).step_by(8) {
        columns |= word(&marks, at);
    }
    if columns == 0 {
        return 0;
    }
    transposed(columns)
}

/// A square of eight by eight bits, with rows and columns exchanged.
#[inline(always)]
const fn transposed(mut bits: u64) -> u64 {
    let swap = (bits ^ bits >> 7) & 0x00aa_00aa_00aa_00aa;
    bits ^= swap ^ swap << 7;
    let swap = (bits ^ bits >> 14) & 0x0000_cccc_0000_cccc;
    bits ^= swap ^ swap << 14;
    let swap = (bits ^ bits >> 28) & 0x0000_0000_f0f0_f0f0;
    bits ^ swap ^ swap << 28
}

/// For each byte of a block the number of its word, as a bit.
static WORD_BITS: [u8; 64] = {
    let mut bits = [0; 64];
    let mut at = 0;
    while at < 64 {
        bits[at] = 1 << (at / 8);
        at += 1;
    }
    bits
};

/// The eight bytes at a place that is fixed, the first one lowest.
#[inline(always)]
fn word<const N: usize>(bytes: &[u8; N], at: usize) -> u64 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |word| u64::from_le_bytes(*word))
}

/// Whether no byte is above nine.
#[inline(always)]
const fn are_digits(bytes: u64) -> bool {
    (bytes.wrapping_add(ONES * 0x76) | bytes) & (ONES * 0x80) == 0
}

/// The number that eight digits say, the first one in the lowest byte.
#[inline(always)]
const fn number(digits: u64) -> u64 {
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff
}

/// The bytes that eight hexadecimal digits say, and whether that is what they are.
#[inline(always)]
const fn hexadecimal(digits: u64) -> (u32, bool) {
    // Letters are told by a bit that no digit has; what is neither shows in what is left.
    let letters = digits >> 6 & ONES;
    let values = (digits & (ONES * 15)) + letters * 9;
    let lower = digits | (letters * 0x20);
    let form = (ONES * 0x30) + letters * 0x31;
    let left = lower.wrapping_sub(form);
    let most = ONES * 9 - letters * 4;
    let valid = ((left & !HIGH).wrapping_add(ONES * 0x7f - most) | left | digits) & HIGH == 0;
    let bytes = values << 4 | values >> 8;
    let bytes = bytes & 0x00ff_00ff_00ff_00ff;
    let bytes = (bytes | bytes >> 8) & 0x0000_ffff_0000_ffff;
    ((bytes | bytes >> 16) as u32, valid)
}

const ONES: u64 = 0x0101_0101_0101_0101;
const LOW: u64 = ONES * 0x7f;
const HIGH: u64 = ONES * 0x80;
const ZEROS: u64 = ONES * b'0' as u64;
