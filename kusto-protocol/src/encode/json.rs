//! JSON as text: strings, numbers and the scalars of Kusto.

use crate::{DateTime, Guid, Timespan};

/// Whether a string with this text is written as it is.
pub(super) fn is_plain(text: &str) -> bool {
    let mut blocks = text.as_bytes().chunks_exact(32);
    blocks.all(|block| !has_special(block)) && !has_special(blocks.remainder())
}

/// Writes a string, escaping what has to be.
pub(super) fn push_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = first_special(rest) {
        out.extend_from_slice(&rest[..at]);
        push_escape(rest[at], out);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Writes a part of a text that [`is_plain`] as a string.
///
/// Most strings are short, and copying more bytes than needed is faster than copying as many as needed, because then
/// their number is a constant.
pub(super) fn push_plain_string(text: &[u8], from: usize, to: usize, out: &mut Vec<u8>) {
    out.push(b'"');
    match text.get(from..from + 32) {
        Some(block) if to - from <= 32 => {
            let end = out.len() + to - from;
            out.extend_from_slice(block);
            out.truncate(end);
        }
        _ => out.extend_from_slice(&text[from..to]),
    }
    out.push(b'"');
}

/// Writes JSON text as it is.
pub(super) fn push_raw(json: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(json.as_bytes());
}

/// Writes JSON text on one line. Between tokens, the only place for a line feed in valid JSON, it means the same as a
/// space.
pub(super) fn push_raw_line(json: &str, out: &mut Vec<u8>) {
    let mut rest = json.as_bytes();
    while let Some(at) = memchr::memchr2(b'\n', b'\r', rest) {
        out.extend_from_slice(&rest[..at]);
        out.push(b' ');
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// Writes a whole number.
pub(super) fn push_int(number: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Writes a number in its shortest form that reads back the same; JSON has no form for NaN and the infinities, which
/// are strings.
pub(super) fn push_real(number: f64, out: &mut Vec<u8>) {
    if number.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(number).as_bytes());
    } else if number.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else if number > 0.0 {
        out.extend_from_slice(b"\"Infinity\"");
    } else {
        out.extend_from_slice(b"\"-Infinity\"");
    }
}

/// Writes a point in time of the years 0 to 9999; others come out wrong.
pub(super) fn push_datetime(at: DateTime, out: &mut Vec<u8>) {
    let since_era = (at.ticks() - ERA_START) as u64;
    let days = (since_era / TICKS_PER_DAY) as u32;
    let (year, month, day) = civil_date(days);
    let mut text = *b"\"0000-00-00T00:00:00.0000000Z\"";
    set_pair(&mut text, 1, year / 100);
    set_pair(&mut text, 3, year % 100);
    set_pair(&mut text, 6, month);
    set_pair(&mut text, 9, day);
    let fraction = set_time_of_day(&mut text, 12, since_era % TICKS_PER_DAY);
    if fraction == 0 {
        text[20] = b'Z';
        text[21] = b'"';
        out.extend_from_slice(&text[..22]);
    } else {
        out.extend_from_slice(&text);
    }
}

/// Year, month and day of a number of days after -0400-03-01. The same as [`DateTime::civil_date`], in 32 bits: this
/// is the larger part of writing a datetime.
const fn civil_date(days: u32) -> (u32, u32, u32) {
    // Years begin in March here, so that the leap day is the last one, and come in eras of 400.
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let (month, next_year) = if month_from_march < 10 {
        (month_from_march + 3, 0)
    } else {
        (month_from_march - 9, 1)
    };
    (era * 400 + year_of_era + next_year - 400, month, day)
}

/// Writes a span in .NET's constant format.
pub(super) fn push_timespan(span: Timespan, out: &mut Vec<u8>) {
    let ticks = span.ticks().unsigned_abs();
    let days = ticks / TICKS_PER_DAY;
    out.push(b'"');
    if span.ticks() < 0 {
        out.push(b'-');
    }
    if days > 0 {
        push_int(days, out);
        out.push(b'.');
    }
    let mut text = *b"00:00:00.0000000\"";
    let fraction = set_time_of_day(&mut text, 0, ticks % TICKS_PER_DAY);
    if fraction == 0 {
        text[8] = b'"';
        out.extend_from_slice(&text[..9]);
    } else {
        out.extend_from_slice(&text);
    }
}

/// Writes an identifier in lower case with dashes.
pub(super) fn push_guid(guid: Guid, out: &mut Vec<u8>) {
    let mut text = *b"\"00000000-0000-0000-0000-000000000000\"";
    let mut at = 1;
    for (index, byte) in guid.as_bytes().iter().enumerate() {
        at += usize::from(matches!(index, 4 | 6 | 8 | 10));
        text[at..at + 2].copy_from_slice(&HEX_PAIRS[usize::from(*byte)]);
        at += 2;
    }
    out.extend_from_slice(&text);
}

/// Puts `hh:mm:ss.fffffff` into the text and returns the ticks of the fraction.
fn set_time_of_day(text: &mut [u8], at: usize, ticks: u64) -> u32 {
    let seconds = (ticks / TICKS_PER_SECOND) as u32;
    let fraction = (ticks % TICKS_PER_SECOND) as u32;
    set_pair(text, at, seconds / 3600);
    set_pair(text, at + 3, seconds / 60 % 60);
    set_pair(text, at + 6, seconds % 60);
    text[at + 9] = b'0' + (fraction / 1_000_000) as u8;
    set_pair(text, at + 10, fraction / 10_000 % 100);
    set_pair(text, at + 12, fraction / 100 % 100);
    set_pair(text, at + 14, fraction % 100);
    fraction
}

/// Puts a number below 100 into the text as two digits.
fn set_pair(text: &mut [u8], at: usize, number: u32) {
    text[at..at + 2].copy_from_slice(&DIGIT_PAIRS[number as usize]);
}

fn push_escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&HEX_PAIRS[usize::from(byte)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

fn first_special(bytes: &[u8]) -> Option<usize> {
    let clean = bytes
        .chunks_exact(16)
        .take_while(|block| !has_special(block))
        .count()
        * 16;
    let at = bytes[clean..].iter().position(|byte| is_special(*byte))?;
    Some(clean + at)
}

/// Looks at every byte without branching, which the compiler turns into vector instructions.
fn has_special(block: &[u8]) -> bool {
    block.iter().fold(false, |found, byte| found | is_special(*byte))
}

/// Whether a byte has to be escaped within a string.
const fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The two digits of each number below `N`, in this base.
const fn pairs<const N: usize>(base: usize) -> [[u8; 2]; N] {
    let digits = b"0123456789abcdef";
    let mut pairs = [[0; 2]; N];
    let mut number = 0;
    while number < N {
        pairs[number] = [digits[number / base], digits[number % base]];
        number += 1;
    }
    pairs
}

const DIGIT_PAIRS: [[u8; 2]; 100] = pairs(10);
const HEX_PAIRS: [[u8; 2]; 256] = pairs(16);
/// -0400-03-01 in ticks: the beginning of an era before the year 0.
const ERA_START: i64 = -(306 + 146_097) * TICKS_PER_DAY as i64;
const TICKS_PER_DAY: u64 = crate::scalar::TICKS_PER_DAY as u64;
const TICKS_PER_SECOND: u64 = crate::scalar::TICKS_PER_SECOND as u64;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn control_characters_are_escaped() {
        let text = "a\"b\\c\n\r\t\u{8}\u{c}\u{0}\u{1f}\u{7f}é";
        let expected = r#""a\"b\\c\n\r\t\b\f\u0000\u001f"#.to_owned() + "\u{7f}é\"";
        assert_eq!(written(|out| push_string(text, out)), expected);
    }

    #[test]
    fn reals_that_json_lacks_are_strings() {
        for (number, text) in [
            (f64::NAN, "\"NaN\""),
            (f64::INFINITY, "\"Infinity\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
            (0.1, "0.1"),
            (1.0, "1.0"),
        ] {
            assert_eq!(written(|out| push_real(number, out)), text);
        }
    }

    proptest! {
        #[test]
        fn strings_are_what_another_json_reader_reads(text in ".*") {
            let json = written(|out| push_string(&text, out));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text.clone());
            prop_assert_eq!(is_plain(&text), json.len() == text.len() + 2);
        }

        #[test]
        fn special_bytes_are_found_wherever_they_are(mut text in "[a-z]{1,100}", at in any::<prop::sample::Index>()) {
            prop_assert!(is_plain(&text));
            let at = at.index(text.len());
            text.replace_range(at..=at, "\"");
            prop_assert!(!is_plain(&text));
            prop_assert_eq!(first_special(text.as_bytes()), Some(at));
        }

        #[test]
        fn scalars_are_written_as_they_display(
            ticks in -366 * crate::scalar::TICKS_PER_DAY..=DateTime::MAX.ticks(),
            whole in any::<bool>(),
            span in any::<i64>(),
            guid in any::<[u8; 16]>(),
        ) {
            let ticks = if whole { ticks / 10_000_000 * 10_000_000 } else { ticks };
            let at = DateTime::from_ticks(ticks);
            prop_assert_eq!(written(|out| push_datetime(at, out)), format!("\"{at}\""));
            let span = Timespan::from_ticks(if whole { span / 10_000_000 * 10_000_000 } else { span });
            prop_assert_eq!(written(|out| push_timespan(span, out)), format!("\"{span}\""));
            let guid = Guid::from_bytes(guid);
            prop_assert_eq!(written(|out| push_guid(guid, out)), format!("\"{guid}\""));
        }
    }
}
