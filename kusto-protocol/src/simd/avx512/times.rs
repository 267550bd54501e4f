//! Datetimes, eight cells at a time.
//!
//! A cell is loaded from its quote on, and compared with what a datetime of its length looks like. Its digits are then put
//! side by side in pairs, and all that is done with them is arithmetic on eight numbers.

use std::arch::x86_64::*;

use super::places::{Places, any_wrong, nulls, store, store_half};
use crate::scalar::TICKS_PER_SECOND;
use crate::simd::forms::{DAY, DAY_BOUNDS, TIME_FORMS};
use crate::simd::lanes::Group;

/// See [`Lanes::datetimes`](crate::simd::Lanes::datetimes).
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
pub(super) fn datetimes(group: &Group<'_>, ticks: &mut [u64]) -> Option<(u64, u64)> {
    let mut room = None;
    let places = Places::find::<0, 32>(group, &mut room)?;
    let (mut valid, mut null) = (0, 0);
    let eights = ticks.as_chunks_mut::<8>().0.iter_mut();
    for (index, ticks) in eights.take(places.eights()).enumerate() {
        // SAFETY: `find` has seen that 32 bytes from where each cell begins are there.
        let eight = unsafe { eight_datetimes(group.bytes, &places.from(index), places.lens(index)) };
        store(ticks, eight.ticks);
        valid |= u64::from(eight.valid) << (8 * index);
        null |= u64::from(eight.nulls) << (8 * index);
    }
    Some((valid, null))
}

struct Eight {
    ticks: __m512i,
    valid: u8,
    nulls: u8,
}

/// # Safety
///
/// 32 bytes from where each cell begins are there.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
unsafe fn eight_datetimes(bytes: &[u8], from: &[usize; 8], lens: __m256i) -> Eight {
    let number = |number: i32| _mm256_set1_epi32(number);
    // SAFETY: the caller's promise.
    let nulls = unsafe { nulls(bytes, from, lens) };
    // Quotes, and no fraction, or one to seven digits of it.
    let known_len = _mm256_cmpeq_epi32_mask(lens, number(22))
        | _mm256_cmplt_epu32_mask(_mm256_sub_epi32(lens, number(24)), number(7));

    let mut digits = [_mm512_setzero_si512(); 4];
    let mut wrong = [0; 4];
    let forms = forms(lens);
    for pair in 0..4 {
        // SAFETY: the caller's promise.
        let load =
            |cell: usize| unsafe { _mm256_loadu_si256(bytes.as_ptr().add(from[2 * pair + cell]).cast()) };
        let text = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(load(0)), load(1));
        let (characters, bounds) = forms[pair];
        // Nothing is left of what comes after the cell.
        let own = !_mm512_movepi8_mask(bounds);
        digits[pair] = _mm512_maskz_sub_epi8(own, text, characters);
        wrong[pair] = _mm512_cmpgt_epu8_mask(digits[pair], bounds);
    }
    let dates_and_clocks = [
        _mm512_permutex2var_epi8(digits[0], DATE_AND_CLOCK.register(), digits[1]),
        _mm512_permutex2var_epi8(digits[2], DATE_AND_CLOCK.register(), digits[3]),
    ];
    let fractions = _mm512_shuffle_i64x2::<0x44>(
        _mm512_permutex2var_epi8(digits[0], FRACTION.register(), digits[1]),
        _mm512_permutex2var_epi8(digits[2], FRACTION.register(), digits[3]),
    );
    let dates = _mm512_shuffle_i64x2::<0x44>(dates_and_clocks[0], dates_and_clocks[1]);
    let clocks = _mm512_shuffle_i64x2::<0xee>(dates_and_clocks[0], dates_and_clocks[1]);
    let tens = _mm512_set1_epi16(1 << 8 | 10);
    let (days, has_date) = days(_mm512_maddubs_epi16(dates, tens));
    let (seconds, has_clock) = seconds(_mm512_maddubs_epi16(clocks, tens));
    let fractions = _mm512_madd_epi16(
        _mm512_maddubs_epi16(fractions, tens),
        _mm512_set1_epi32(1 << 16 | 100),
    );
    let fractions = _mm512_add_epi64(
        _mm512_mul_epu32(fractions, _mm512_set1_epi64(10_000)),
        _mm512_srli_epi64::<32>(fractions),
    );
    let seconds = _mm512_add_epi64(_mm512_mul_epu32(days, _mm512_set1_epi64(86_400)), seconds);
    let ticks = _mm512_mullo_epi64(seconds, _mm512_set1_epi64(TICKS_PER_SECOND));
    let mut valid = known_len & has_date & has_clock & !nulls;
    if wrong[0] | wrong[1] | wrong[2] | wrong[3] != 0 {
        valid &= !any_wrong(wrong);
    }
    Eight {
        ticks: _mm512_maskz_add_epi64(!nulls, ticks, fractions),
        valid,
        nulls,
    }
}

/// The days before dates, whose century, year, month and day are given in 16 bits each, and which dates exist.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn days(dates: __m512i) -> (__m512i, u8) {
    let number = |number: i64| _mm512_set1_epi64(number);
    let ends_century = _mm512_testn_epi64_mask(dates, number(0xffff << 16));
    // Every fourth year, but of the years that end a century only every fourth.
    let leap = ends_century & _mm512_testn_epi64_mask(dates, number(3))
        | !ends_century & _mm512_testn_epi64_mask(dates, number(3 << 16));
    let years_and_days = _mm512_madd_epi16(dates, number(1 << 48 | 1 << 16 | 100));
    let year = _mm512_and_si512(years_and_days, number(0xffff_ffff));
    let day = _mm512_sub_epi64(_mm512_srli_epi64::<32>(years_and_days), number(1));
    let month = _mm512_and_si512(_mm512_srli_epi64::<32>(dates), number(0xffff));
    let month = _mm512_min_epu64(month, number(15));
    let month = _mm512_mask_or_epi64(month, leap, month, number(16));
    let (before, in_month) = (BEFORE_MONTH.register(), IN_MONTH.register());
    let before = _mm512_permutexvar_epi16(month, before);
    let in_month = _mm512_permutexvar_epi16(month, in_month);
    let has_date = _mm512_cmplt_epu64_mask(day, in_month) & _mm512_test_epi64_mask(year, year);

    let years = _mm512_sub_epi64(year, number(1));
    let centuries = _mm512_srli_epi64::<19>(_mm512_mul_epu32(years, number(5243)));
    let leap_days = _mm512_sub_epi64(_mm512_srli_epi64::<2>(years), centuries);
    let leap_days = _mm512_add_epi64(leap_days, _mm512_srli_epi64::<2>(centuries));
    let days = _mm512_add_epi64(_mm512_mul_epu32(years, number(365)), leap_days);
    (_mm512_add_epi64(days, _mm512_add_epi64(before, day)), has_date)
}

/// The seconds of times of day, whose hour, minute and second are given in 16 bits each, and which are within a day.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn seconds(clocks: __m512i) -> (__m512i, u8) {
    let parts = _mm512_madd_epi16(clocks, _mm512_set1_epi64(1 << 32 | 60 << 16 | 3600));
    let seconds = _mm512_add_epi64(
        _mm512_and_si512(parts, _mm512_set1_epi64(0xffff_ffff)),
        _mm512_srli_epi64::<32>(parts),
    );
    (
        seconds,
        _mm512_cmplt_epu64_mask(seconds, _mm512_set1_epi64(86_400)),
    )
}

/// What cells of these lengths look like, two at a time: the characters, of digits a zero, and how much above them there
/// may be; after the cell that is 255.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn forms(lens: __m256i) -> [(__m512i, __m512i); 4] {
    // SAFETY: the arrays have the size of the register.
    let load = |bytes: &[u8; 32]| unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
    // Without a fraction there is no point either.
    let fractions = _mm256_sub_epi32(
        _mm256_max_epi32(lens, _mm256_set1_epi32(23)),
        _mm256_set1_epi32(23),
    );
    let all = _mm256_broadcastd_epi32(_mm256_castsi256_si128(fractions));
    if _mm256_cmpeq_epi32_mask(fractions, all) == u8::MAX {
        let form = &FORMS[_mm256_cvtsi256_si32(fractions) as usize & 7];
        let characters = _mm512_broadcast_i64x4(load(&form.characters));
        return [(characters, _mm512_broadcast_i64x4(load(&form.bounds))); 4];
    }
    let mut places = [0; 8];
    store_half(&mut places, fractions);
    let mut forms = [(_mm512_setzero_si512(), _mm512_setzero_si512()); 4];
    for (pair, places) in forms.iter_mut().zip(places.as_chunks::<2>().0) {
        let [first, second] = places.map(|place| &FORMS[place as usize & 7]);
        let join = |first, second| _mm512_inserti64x4::<1>(_mm512_castsi256_si512(load(first)), load(second));
        *pair = (
            join(&first.characters, &second.characters),
            join(&first.bounds, &second.bounds),
        );
    }
    forms
}

/// What a datetime looks like, by the number of digits of its fraction.
struct Form {
    characters: [u8; 32],
    bounds: [u8; 32],
}

const FORMS: [Form; 8] = {
    const NONE: Form = Form {
        characters: [0; 32],
        bounds: [u8::MAX; 32],
    };
    let mut forms = [NONE; 8];
    let mut fraction = 0;
    while fraction < 8 {
        let Form { characters, bounds } = &mut forms[fraction];
        (characters[0], bounds[0]) = (b'"', 0);
        let mut at = 0;
        while at < 16 {
            (characters[1 + at], bounds[1 + at]) = (DAY[at], DAY_BOUNDS[at]);
            at += 1;
        }
        let time = &TIME_FORMS[fraction];
        at = 0;
        while at < 16 {
            (characters[14 + at], bounds[14 + at]) = (time.characters[at], time.bounds[at]);
            at += 1;
        }
        fraction += 1;
    }
    forms
};

#[repr(align(64))]
struct Table<T>(T);

impl<T> Table<T> {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn register(&self) -> __m512i {
        const { assert!(size_of::<T>() == 64) };
        // SAFETY: the table has the size of the register, and is aligned for it.
        unsafe { _mm512_load_si512((&raw const self.0).cast()) }
    }
}

/// Of two pairs of cells the places of century, year, month and day, of one cell after the other; then of hour, minute
/// and second. The quote stands for zeros.
static DATE_AND_CLOCK: Table<[u8; 64]> =
    Table(places([1, 2, 3, 4, 6, 7, 9, 10], [12, 13, 15, 16, 18, 19, 0, 0]));

/// Of two pairs of cells the places of the fractions.
static FRACTION: Table<[u8; 64]> = Table(places([0, 21, 22, 23, 24, 25, 26, 27], [0; 8]));

const fn places(front: [u8; 8], back: [u8; 8]) -> [u8; 64] {
    let mut places = [0; 64];
    let mut at = 0;
    while at < 32 {
        places[at] = (at / 8 * 32) as u8 + front[at % 8];
        places[32 + at] = (at / 8 * 32) as u8 + back[at % 8];
        at += 1;
    }
    places
}

/// Days before each month, then of leap years.
static BEFORE_MONTH: Table<[u16; 32]> = Table(months(true));

/// Days of each month, then of leap years; of no month there are none.
static IN_MONTH: Table<[u16; 32]> = Table(months(false));

const fn months(before: bool) -> [u16; 32] {
    const DAYS: [u16; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut months = [0; 32];
    let mut leap = 0;
    while leap < 2 {
        let (mut month, mut sum) = (1, 0);
        while month <= 12 {
            let days = DAYS[month] + if month == 2 { leap as u16 } else { 0 };
            months[16 * leap + month] = if before { sum } else { days };
            sum += days;
            month += 1;
        }
        leap += 1;
    }
    months
}
