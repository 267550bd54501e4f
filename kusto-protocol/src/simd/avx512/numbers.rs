//! Numbers, eight cells at a time.
//!
//! Each cell is loaded so that its last byte is the last one of 32: then a digit's place says what it stands for, and how
//! many there are does not matter. Nothing branches on what a cell holds, but for exponents, which a column has or has
//! not.

use std::arch::x86_64::*;

use super::few_digits::{MOST, few_digits};
use super::places::{Places, any_wrong, eight_bytes, four_bytes, load_half, store, store_half};
use crate::simd::lanes::{Group, Numbers};

/// Bytes before the end of a cell that may be looked at: eight for an exponent, and 32 for the number before it.
const REACH: usize = 40;

/// See [`Lanes::numbers`](crate::simd::Lanes::numbers).
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi")]
pub(super) fn numbers<const REAL: bool, const N: usize>(group: &Group<'_>, numbers: &mut Numbers<N>) -> bool {
    let read = read::<REAL>(
        group,
        &mut numbers.mantissas,
        &mut numbers.powers,
        &mut numbers.signs,
    );
    (numbers.valid, numbers.nulls) = read.unwrap_or_default();
    read.is_some()
}

/// Gives which cells are valid, and which are null.
///
/// In two loops, since each step would have to wait for the one before if they came one after the other.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi")]
fn read<const REAL: bool>(
    group: &Group<'_>,
    mantissas: &mut [u64],
    powers: &mut [i32],
    signs: &mut [u64],
) -> Option<(u64, u64)> {
    let bytes = group.bytes;
    let mut room = None;
    let places = Places::find::<REACH, 4>(group, &mut room)?;
    if !REAL && places.longest <= MOST {
        // SAFETY: no cell ends before `REACH` bytes or after all of them.
        return Some(unsafe { few_digits(bytes, &places, mantissas, signs) });
    }
    let mut cells = Cells {
        ends: [[0; 8]; 8],
        lens: [[0; 8]; 8],
        powers: [[0; 8]; 8],
        begins_with_zero: 0,
        nulls: 0,
        valid: 0,
    };
    let eights = places.eights();
    for index in 0..eights {
        // SAFETY: all cells are in reach.
        let minus = unsafe { look::<REAL>(bytes, &places, &mut cells, index) };
        if let Some(signs) = signs.as_chunks_mut::<8>().0.get_mut(index) {
            store(signs, _mm512_maskz_set1_epi64(minus, i64::MIN));
        }
    }
    let mut valid = 0;
    let mantissas = mantissas.as_chunks_mut::<8>().0.iter_mut();
    let powers = powers.as_chunks_mut::<8>().0.iter_mut();
    for (index, (mantissas, powers)) in mantissas.zip(powers).take(eights).enumerate() {
        if cells.nulls >> (8 * index) & 0xff == 0xff {
            // They come in runs, and nothing is to be read.
            store(mantissas, _mm512_setzero_si512());
            store_half(powers, _mm256_setzero_si256());
            continue;
        }
        // SAFETY: the ends are those of cells in reach, or those that `look` has left.
        let eight = unsafe { eight_numbers::<REAL>(bytes, &cells, index) };
        store(mantissas, eight.mantissas);
        store_half(powers, eight.powers);
        valid |= u64::from(eight.valid) << (8 * index);
    }
    Some((valid & cells.valid & !cells.nulls, cells.nulls))
}

/// What was seen of cells, eight at a time.
struct Cells {
    /// Where each ends, or its exponent begins.
    ends: [[u32; 8]; 8],
    /// How many characters each has without a sign and an exponent; none if it is null.
    lens: [[i32; 8]; 8],
    /// The exponents.
    powers: [[i32; 8]; 8],
    begins_with_zero: u64,
    nulls: u64,
    /// Those with no exponent, or one of three digits at most.
    valid: u64,
}

/// Looks at where eight cells begin and, for exponents, at where they end. Gives those that begin with a minus.
///
/// # Safety
///
/// Four bytes from where each cell begins, and eight before its end, are within the bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi")]
unsafe fn look<const REAL: bool>(bytes: &[u8], places: &Places<'_>, cells: &mut Cells, index: usize) -> u8 {
    let number = |number: i32| _mm256_set1_epi32(number);
    let ends = &places.end[index];
    let mut lens = places.lens(index);
    // SAFETY: the caller's promise.
    let first = unsafe { four_bytes(bytes, &places.from(index)) };
    let is_null = _mm256_cmpeq_epi32_mask(first, number(i32::from_le_bytes(*b"null")))
        & _mm256_cmpeq_epi32_mask(lens, number(4));
    let mut valid = u8::MAX;
    if REAL {
        // SAFETY: the caller's promise.
        let tails = unsafe { eight_bytes(bytes, &ends.map(|end| end as usize), 8) };
        let exponents = exponents(tails, lens);
        valid = exponents.valid;
        lens = _mm256_sub_epi32(lens, exponents.lens);
        // At most eight bytes.
        store_half(
            &mut cells.ends[index],
            _mm256_sub_epi32(load_half(ends), exponents.lens),
        );
        store_half(&mut cells.powers[index], exponents.powers);
    } else {
        cells.ends[index] = *ends;
    }
    let letter = number(0xff);
    let minus = _mm256_cmpeq_epi32_mask(_mm256_and_si256(first, letter), number(b'-'.into()));
    let leading = _mm256_mask_srli_epi32::<8>(first, minus, first);
    let begins_with_zero = _mm256_cmpeq_epi32_mask(_mm256_and_si256(leading, letter), number(b'0'.into()));
    let lens = _mm256_mask_sub_epi32(lens, minus, lens, number(1));
    let lens = _mm256_maskz_mov_epi32(!is_null, lens);
    store_half(&mut cells.lens[index], lens);
    cells.begins_with_zero |= u64::from(begins_with_zero) << (8 * index);
    cells.nulls |= u64::from(is_null) << (8 * index);
    cells.valid |= u64::from(valid) << (8 * index);
    minus
}

struct Eight {
    mantissas: __m512i,
    powers: __m256i,
    valid: u8,
}

/// Reads eight cells that were looked at.
///
/// # Safety
///
/// The ends are those of cells in reach, less eight at most.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi")]
unsafe fn eight_numbers<const REAL: bool>(bytes: &[u8], cells: &Cells, index: usize) -> Eight {
    let number = |number: i32| _mm256_set1_epi32(number);
    let lens = load_half(&cells.lens[index]);
    let mut texts = [_mm512_setzero_si512(); 4];
    for (text, ends) in texts.iter_mut().zip(cells.ends[index].as_chunks::<2>().0) {
        // SAFETY: at least 40 bytes are before the end of a cell that is in reach, and so 32 before this one.
        *text = unsafe { pair_ending_at(bytes, ends[0] as usize, ends[1] as usize) };
    }
    let mut digits = lens;
    let mut fractions = number(0);
    let mut has_empty_fraction = 0;
    let mut after_point = number(32);
    if REAL {
        let points = points(&texts);
        let own = _mm256_sllv_epi32(number(-1), _mm256_sub_epi32(number(32), lens));
        let points = _mm256_and_si256(points, own);
        let has_point = _mm256_test_epi32_mask(points, points);
        // 32 if there is no point.
        after_point = _mm256_lzcnt_epi32(points);
        digits = _mm256_mask_sub_epi32(lens, has_point, lens, number(1));
        fractions = _mm256_maskz_mov_epi32(has_point, after_point);
        has_empty_fraction = _mm256_testn_epi32_mask(after_point, after_point);
    }
    let mut fours = [_mm512_setzero_si512(); 4];
    let mut wrong = [0; 4];
    for pair in 0..4 {
        let mut text = texts[pair];
        if REAL {
            // Digits before the point move one place to the right.
            text = _mm512_mask_blend_epi8(last(after_point, pair), moved(text), text);
        }
        let values = _mm512_maskz_sub_epi8(last(digits, pair), text, _mm512_set1_epi8(b'0' as i8));
        wrong[pair] = _mm512_cmpgt_epu8_mask(values, _mm512_set1_epi8(9));
        let pairs = _mm512_maddubs_epi16(values, _mm512_set1_epi16(1 << 8 | 10));
        fours[pair] = _mm512_madd_epi16(pairs, _mm512_set1_epi32(1 << 16 | 100));
    }
    let ten_thousands = _mm512_set1_epi32(1 << 16 | 10_000);
    let front = _mm512_madd_epi16(_mm512_packus_epi32(fours[0], fours[1]), ten_thousands);
    let back = _mm512_madd_epi16(_mm512_packus_epi32(fours[2], fours[3]), ten_thousands);
    // Sixteen digits each.
    let upper = sixteen(_mm512_permutex2var_epi64(
        front,
        _mm512_setr_epi64(0, 4, 1, 5, 8, 12, 9, 13),
        back,
    ));
    let lower = sixteen(_mm512_permutex2var_epi64(
        front,
        _mm512_setr_epi64(2, 6, 3, 7, 10, 14, 11, 15),
        back,
    ));
    // Nineteen digits fit.
    let fits = _mm512_cmplt_epu64_mask(upper, _mm512_set1_epi64(1000));
    let upper = _mm512_mullo_epi64(upper, _mm512_set1_epi64(10_000_000_000_000_000));

    let whole = _mm256_sub_epi32(digits, fractions);
    let is_one = _mm256_cmpeq_epi32_mask(whole, number(1));
    let known_len = _mm256_cmplt_epu32_mask(_mm256_sub_epi32(lens, number(1)), number(32))
        & _mm256_cmplt_epu32_mask(_mm256_sub_epi32(whole, number(1)), number(32));
    let begins_with_zero = (cells.begins_with_zero >> (8 * index)) as u8;
    let mut valid = known_len & fits & !has_empty_fraction & (!begins_with_zero | is_one);
    if wrong[0] | wrong[1] | wrong[2] | wrong[3] != 0 {
        valid &= !any_wrong(wrong);
    }
    Eight {
        mantissas: _mm512_add_epi64(upper, lower),
        powers: _mm256_sub_epi32(load_half(&cells.powers[index]), fractions),
        valid,
    }
}

/// The 32 bytes before each of two places.
///
/// # Safety
///
/// The places are from 32 to the number of bytes.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn pair_ending_at(bytes: &[u8], first: usize, second: usize) -> __m512i {
    // SAFETY: the caller's promise; the load needs no alignment.
    let load = |end: usize| unsafe { _mm256_loadu_si256(bytes.as_ptr().add(end - 32).cast()) };
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(load(first)), load(second))
}

/// A bit for each byte of a cell that is a point, 32 bits for each cell.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
fn points(texts: &[__m512i; 4]) -> __m256i {
    // The bits of eight bytes at a time are gathered by adding them up: masks would have to go through memory.
    let bits = _mm512_set1_epi64(0x8040_2010_0804_0201_u64 as i64);
    let mut points = [_mm512_setzero_si512(); 4];
    for (points, text) in points.iter_mut().zip(texts) {
        let is_point = _mm512_cmpeq_epi8_mask(*text, _mm512_set1_epi8(b'.' as i8));
        *points = _mm512_sad_epu8(_mm512_maskz_mov_epi8(is_point, bits), _mm512_setzero_si512());
    }
    let lowest = _mm512_setr_epi64(0x3830_2820_1810_0800, 0x7870_6860_5850_4840, 0, 0, 0, 0, 0, 0);
    let front = _mm512_permutex2var_epi8(points[0], lowest, points[1]);
    let back = _mm512_permutex2var_epi8(points[2], lowest, points[3]);
    _mm256_inserti128_si256::<1>(_mm512_castsi512_si256(front), _mm512_castsi512_si128(back))
}

/// The last bytes of two of eight cells, as many as is said of each.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn last(lens: __m256i, pair: usize) -> u64 {
    /// How far each byte is from the end of its cell.
    const FROM_END: [u8; 64] = {
        let mut from_end = [0; 64];
        let mut at = 0;
        while at < 64 {
            from_end[at] = 32 - at as u8 % 32;
            at += 1;
        }
        from_end
    };
    /// Where the length of each byte's cell is.
    const PLACES: [[u8; 64]; 4] = {
        let mut places = [[0; 64]; 4];
        let mut at = 0;
        while at < 256 {
            places[at / 64][at % 64] = 4 * (at / 32) as u8;
            at += 1;
        }
        places
    };
    // SAFETY: the arrays have the size of the register.
    let (places, from_end) = unsafe {
        (
            _mm512_loadu_si512(PLACES[pair].as_ptr().cast()),
            _mm512_loadu_si512(FROM_END.as_ptr().cast()),
        )
    };
    let lens = _mm512_permutexvar_epi8(places, _mm512_castsi256_si512(lens));
    _mm512_cmple_epu8_mask(from_end, lens)
}

/// Each byte in place of the one after it. What is in the first place is not said.
#[inline]
#[target_feature(enable = "avx512f,avx512vbmi")]
fn moved(text: __m512i) -> __m512i {
    const PLACES: [u8; 64] = {
        let mut places = [0; 64];
        let mut at = 1;
        while at < 64 {
            places[at] = at as u8 - 1;
            at += 1;
        }
        places
    };
    // SAFETY: the array has the size of the register.
    let places = unsafe { _mm512_loadu_si512(PLACES.as_ptr().cast()) };
    _mm512_permutexvar_epi8(places, text)
}

/// Numbers of sixteen digits of their halves, the upper one in the lower 32 bits.
#[inline]
#[target_feature(enable = "avx512f")]
fn sixteen(halves: __m512i) -> __m512i {
    let upper = _mm512_mul_epu32(halves, _mm512_set1_epi64(100_000_000));
    _mm512_add_epi64(upper, _mm512_srli_epi64::<32>(halves))
}

/// Exponents of eight cells.
struct Exponents {
    /// Bytes from the `e` on; 0 if there is none.
    lens: __m256i,
    powers: __m256i,
    /// Those that have none, or one of three digits at most.
    valid: u8,
}

impl Exponents {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn none() -> Self {
        Self {
            lens: _mm256_setzero_si256(),
            powers: _mm256_setzero_si256(),
            valid: u8::MAX,
        }
    }
}

/// What is in the last eight bytes of cells of these lengths.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl")]
fn exponents(tails: __m512i, lens: __m256i) -> Exponents {
    let number = |number: i64| _mm512_set1_epi64(number);
    // Without the bytes of the cell before.
    let own = _mm512_cvtepu32_epi64(_mm256_min_epu32(lens, _mm256_set1_epi32(8)));
    let own = _mm512_sllv_epi64(
        number(-1),
        _mm512_sub_epi64(number(64), _mm512_slli_epi64::<3>(own)),
    );
    let lower = _mm512_or_si512(tails, _mm512_set1_epi8(0x20));
    let letters = _mm512_movm_epi8(_mm512_cmpeq_epi8_mask(lower, _mm512_set1_epi8(b'e' as i8)));
    let letters = _mm512_and_si512(letters, own);
    let is_there = _mm512_test_epi64_mask(letters, letters);
    if is_there == 0 {
        return Exponents::none();
    }
    // All in bits, up to the end of the cell: what is after the letter, and the digits of it.
    let after = _mm512_lzcnt_epi64(letters);
    let first = _mm512_srlv_epi64(tails, _mm512_sub_epi64(number(64), after));
    let first = _mm512_and_si512(first, number(0xff));
    let is_negative = _mm512_cmpeq_epi64_mask(first, number(b'-'.into()));
    let has_sign = is_negative | _mm512_cmpeq_epi64_mask(first, number(b'+'.into()));
    let bits = _mm512_mask_sub_epi64(after, has_sign, after, number(8));
    let digits = _mm512_xor_si512(tails, _mm512_set1_epi8(b'0' as i8));
    let kept = _mm512_sllv_epi64(number(-1), _mm512_sub_epi64(number(64), bits));
    let digits = _mm512_and_si512(digits, kept);
    let over = _mm512_subs_epu8(digits, _mm512_set1_epi8(9));
    // From one to three.
    let known_len = _mm512_cmple_epu64_mask(_mm512_sub_epi64(bits, number(8)), number(16));
    let hundreds = _mm512_maddubs_epi16(digits, number(100 << 40 | 10 << 48 | 1 << 56));
    let tens = _mm512_srli_epi64::<48>(hundreds);
    let hundreds = _mm512_and_si512(_mm512_srli_epi64::<32>(hundreds), number(0xffff));
    let powers = _mm512_add_epi64(hundreds, tens);
    let powers = _mm512_mask_sub_epi64(powers, is_negative, number(0), powers);
    let lens = _mm512_add_epi64(_mm512_srli_epi64::<3>(after), number(1));
    Exponents {
        lens: _mm512_maskz_cvtepi64_epi32(is_there, lens),
        powers: _mm512_maskz_cvtepi64_epi32(is_there, powers),
        valid: !is_there | (known_len & _mm512_testn_epi64_mask(over, over)),
    }
}
