//! What an instruction set has to offer: 64 bytes at a time, a bit for each of them.

use std::mem::MaybeUninit;

use super::{Kernel, text};

/// The operations of an instruction set. A value of an implementing type is the proof that the processor has it.
///
/// Bit 0 of a mask stands for the first byte of a block.
pub(crate) trait Lanes: Copy {
    /// 64 bytes in registers.
    type Block: Copy;

    /// Whether to move bits to and from marked places, as [`Lanes::extract`] does, is an instruction.
    const MOVES_BITS: bool = false;

    /// Whether there are instructions for whole blocks and arrays: then it pays to use them, even where some of what they
    /// give may not be needed.
    const HAS_VECTORS: bool = true;

    /// Loads a block.
    fn load(self, bytes: &[u8; 64]) -> Self::Block;

    /// Stores a block: all 64 bytes, which callers rely on.
    fn store(self, block: Self::Block, room: &mut [MaybeUninit<u8>; 64]);

    /// The bytes that are equal to this one.
    fn equal(self, block: Self::Block, byte: u8) -> u64;

    /// The bytes from `low` to `high`.
    fn between(self, block: Self::Block, low: u8, high: u8) -> u64;

    /// The bytes below 0x20.
    fn control(self, block: Self::Block) -> u64;

    /// The bytes from 0x80 on.
    fn high(self, block: Self::Block) -> u64;

    /// The bytes below 0x20 and from 0x80 on.
    #[inline(always)]
    fn odd(self, block: Self::Block) -> u64 {
        self.control(block) | self.high(block)
    }

    /// False only if there are neither control characters nor bytes from 0x80 on: where that is known for less than
    /// their masks.
    #[inline(always)]
    fn may_be_odd(self, _block: Self::Block) -> bool {
        true
    }

    /// The quotes, backslashes and control characters: what ends a run of plain text.
    #[inline(always)]
    fn special(self, block: Self::Block) -> u64 {
        self.equal(block, b'"') | self.equal(block, b'\\') | self.control(block)
    }

    /// As [`Lanes::special`], and the bytes from 0x80 on.
    #[inline(always)]
    fn unplain(self, block: Self::Block) -> u64 {
        self.special(block) | self.high(block)
    }

    /// Appends the bytes from `at` up to a quote, a backslash, a control character or the end, and gives its index, and
    /// whether there were bytes from 0x80 on; of these too many may be seen.
    #[inline(always)]
    fn append_plain(self, bytes: &[u8], at: usize, buffer: &mut Vec<u8>) -> (usize, bool) {
        text::append_plain(self, bytes, at, buffer)
    }

    /// The index from `at` on of a quote, a backslash, a control character or the end.
    #[inline(always)]
    fn plain_end(self, bytes: &[u8], at: usize) -> usize {
        text::plain_end(self, bytes, at)
    }

    /// The brackets, braces, colons and commas; what is said of control characters is not.
    #[inline(always)]
    fn marks(self, block: Self::Block) -> u64 {
        let brackets = self.equal(block, b'[') | self.equal(block, b']');
        let braces = self.equal(block, b'{') | self.equal(block, b'}');
        brackets | braces | self.equal(block, b':') | self.equal(block, b',')
    }

    /// One bit of each byte, counted from the lowest one.
    fn bit(self, block: Self::Block, bit: u32) -> u64;

    /// Of the bytes that are kept, counted from the lowest one, whether they differ from the bytes of another block, one
    /// after the other. Those that are no marks are taken for zeros, of the others only the bits by which marks differ are
    /// looked at for sure: 1, 5 and 6.
    #[inline(always)]
    fn differs(self, block: Self::Block, marks: u64, keep: u64, expected: Self::Block) -> u64 {
        let differs = |bit| self.extract(self.bit(block, bit) & marks, keep) ^ self.bit(expected, bit);
        differs(1) | differs(5) | differs(6)
    }

    /// Stores the bytes that are marked, one after the other, from the front on; what is in the room after them is
    /// not said.
    fn squeeze(self, block: Self::Block, keep: u64, room: &mut [MaybeUninit<u8>; 64]);

    /// Writes the index of each bit that is set, plus `base`, in order, from the front on; what is written after
    /// them is not said.
    fn positions(self, marks: u64, base: u32, room: &mut [u32; 64]);

    /// The first `len` bytes, at most 64, and zeros after them.
    fn first(self, block: Self::Block, len: usize) -> Self::Block;

    /// Whether the bytes from `from` to `end` are UTF-8. Those after the end, if they are there, may save a copy.
    fn is_utf8(self, bytes: &[u8], from: usize, end: usize) -> bool;

    /// The index of the bit that is set as the `nth`, counted from 0; there is one.
    #[inline(always)]
    fn nth(self, mut marks: u64, nth: usize) -> usize {
        for _ in 0..nth {
            marks &= marks.wrapping_sub(1);
        }
        marks.trailing_zeros() as usize
    }

    /// The bits at the places that are marked, side by side.
    #[inline(always)]
    fn extract(self, bits: u64, mut marks: u64) -> u64 {
        let (mut extracted, mut to) = (0, 0);
        while marks != 0 {
            extracted |= (bits >> marks.trailing_zeros() & 1) << to;
            marks &= marks - 1;
            to += 1;
        }
        extracted
    }

    /// Runs a loop apart from the one it is called from, which then has fewer values to keep in registers.
    fn apart<K: Kernel>(self, kernel: K) -> K::Output;

    /// For each bit, whether the number of bits set up to and with it is odd.
    fn prefix_xor(self, marks: u64) -> u64;

    /// The number that the last `len` bytes say, at most 16, and whether they are all digits. The number comes in
    /// halves of eight digits: the upper one in the lower 32 bits, the lower one in the upper 32 bits.
    fn digits(self, tail: &[u8; 16], len: usize) -> (u64, bool);

    /// The places of points and of `e` and `E` in the last 32 bytes of 33.
    fn points(self, tail: &[u8; 33]) -> (u32, u32);

    /// The number that the last `len` bytes say without the point that is `fraction` digits from the end (32 if
    /// there is none), cut in two after the sixteenth digit from the end; and whether they are all digits. `len`,
    /// the number of digits, is at most 32.
    fn digits_around(self, tail: &[u8; 33], fraction: usize, len: usize) -> (u64, u64, bool);

    /// Puts the bounds of so many rows, at most 64, column by column; nothing, and gives false, if that does not help. Each
    /// column's are filled up with the last one to a multiple of eight.
    #[inline(always)]
    fn turn(self, _bounds: &[u32], _stride: usize, _rows: usize, _turned: &mut Vec<u32>) -> bool {
        false
    }

    /// Reads truth values; nothing if they are to be read one by one.
    #[inline(always)]
    fn bools(self, _group: &Group<'_>) -> Option<Bools> {
        None
    }

    /// Reads numbers, and says whether it did: else they are to be read one by one. Of whole numbers a cell is all
    /// digits; of real ones a point and an exponent of at most three digits go into the power.
    #[inline(always)]
    fn numbers<const REAL: bool, const N: usize>(
        self,
        _group: &Group<'_>,
        _numbers: &mut Numbers<N>,
    ) -> bool {
        false
    }

    /// Reads datetimes in ticks, 0 for nulls, and gives a bit for each that is one, and for each null; nothing if they are to
    /// be read one by one. What is said of places beyond the last cell means nothing.
    #[inline(always)]
    fn datetimes(self, _group: &Group<'_>, _ticks: &mut [u64]) -> Option<(u64, u64)> {
        None
    }

    /// The parts of a datetime. `text` begins with the opening quote; the fraction has so many digits, at most seven,
    /// or there is no point if it has none.
    fn datetime(self, text: &[u8; 32], fraction: usize) -> Datetime;

    /// The bytes that 36 characters of a guid say, and whether that is what they are.
    fn guid(self, text: &[u8; 36]) -> ([u8; 16], bool);
}

/// Cells of a column, at most 64.
#[derive(Clone, Copy)]
pub(crate) struct Group<'a> {
    pub(crate) bytes: &'a [u8],
    /// Before and after each cell the index of a separator.
    pub(crate) bounds: &'a [u32],
    /// How far the bounds of a cell are behind those of the one before.
    pub(crate) stride: usize,
    /// Side by side, what is before each cell, filled up to a multiple of eight, and then as many ends; see
    /// [`Lanes::turn`]. May be empty.
    pub(crate) turned: &'a [u32],
    pub(crate) count: usize,
}

impl Group<'_> {
    /// The cells after so many.
    #[inline(always)]
    pub(crate) fn after(self, cells: usize) -> Self {
        Self {
            bounds: self.bounds.get(cells * self.stride..).unwrap_or_default(),
            count: self.count - cells,
            turned: &[],
            ..self
        }
    }
}

/// Truth values, a bit for each cell. What is said of places beyond the last one means nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bools {
    /// False for nulls.
    pub(crate) values: u64,
    pub(crate) valid: u64,
    pub(crate) nulls: u64,
}

/// Numbers side by side.
#[derive(Clone, Debug)]
pub(crate) struct Numbers<const N: usize> {
    /// The digits, at most nineteen; 0 for nulls.
    pub(crate) mantissas: [u64; N],
    /// The power of ten they are multiplied with; 0 for nulls.
    pub(crate) powers: [i32; N],
    /// The highest bit where there is a minus.
    pub(crate) signs: [u64; N],
    /// A bit for each number that JSON allows, if it has not too many characters or digits. What is said of places
    /// beyond the last cell means nothing.
    pub(crate) valid: u64,
    pub(crate) nulls: u64,
}

impl<const N: usize> Numbers<N> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self {
            mantissas: [0; N],
            powers: [0; N],
            signs: [0; N],
            valid: 0,
            nulls: 0,
        }
    }
}

/// The parts of a datetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Datetime {
    /// 16 bits each, from the lowest ones on: century, year of it, month and day.
    pub(crate) date: u64,
    /// 16 bits each: hour and minute.
    pub(crate) clock: u32,
    pub(crate) second: u32,
    /// Ticks of 100 ns: their digits above the fourth in the lower 32 bits, the last four in the upper 32 bits.
    pub(crate) fraction: u64,
    /// Whether every byte up to the closing quote is as it must be, and the time is one. The date need not be.
    pub(crate) is_valid: bool,
}

/// The block that begins at `at`; after the end of the bytes come zeros.
#[inline(always)]
pub(crate) fn block_at<L: Lanes>(lanes: L, bytes: &[u8], at: usize) -> L::Block {
    match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(block) => lanes.load(block),
        None => lanes.load(&padded_from(bytes, at)),
    }
}

/// The bytes before `end`, in place, since a copy would be waited for; nothing if there are too few.
#[inline(always)]
pub(crate) fn ending_at<const N: usize>(bytes: &[u8], end: usize) -> Option<&[u8; N]> {
    bytes.get(..end)?.last_chunk()
}

/// The bytes from `at` on; after the last one come zeros.
#[cold]
#[inline(never)]
pub(super) fn padded_from<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let rest = bytes.get(at..).unwrap_or_default();
    let mut padded = [0; N];
    let len = rest.len().min(N);
    padded[..len].copy_from_slice(&rest[..len]);
    padded
}

/// Appends the first `len` bytes of a block.
#[inline(always)]
pub(super) fn append<L: Lanes>(lanes: L, block: L::Block, len: usize, bytes: &mut Vec<u8>) {
    assert!(len <= 64, "a block has 64 bytes");
    lanes.store(block, room(bytes));
    // SAFETY: there is room for 64 bytes, and `store` has written them all.
    unsafe { bytes.set_len(bytes.len() + len) }
}

/// Appends the bytes of a block that are marked.
#[inline(always)]
pub(crate) fn append_marked<L: Lanes>(lanes: L, block: L::Block, keep: u64, bytes: &mut Vec<u8>) {
    lanes.squeeze(block, keep, room(bytes));
    // SAFETY: there is room for 64 bytes, and `squeeze` has written as many as are marked.
    unsafe { bytes.set_len(bytes.len() + keep.count_ones() as usize) }
}

/// Room for a block after the end of the bytes.
#[inline(always)]
fn room(bytes: &mut Vec<u8>) -> &mut [MaybeUninit<u8>; 64] {
    if bytes.capacity() - bytes.len() < 64 {
        grow(bytes);
    }
    let spare = bytes.spare_capacity_mut();
    // SAFETY: there are at least 64 bytes of spare capacity, see above; the array is of the same type.
    unsafe { &mut *spare.as_mut_ptr().cast() }
}

#[cold]
#[inline(never)]
fn grow(bytes: &mut Vec<u8>) {
    bytes.reserve(64);
}
