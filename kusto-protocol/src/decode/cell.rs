//! From the bytes of a cell to the column: the compact form the service writes first, every other form after it.

use super::DecodeErrorKind;
use super::json::{Fault, Stop, Validator, is_white_space};
use super::number::{integer, is_decimal, short_integer, short_real};
use super::string::unescape;
use crate::scalar::{TICKS_PER_DAY, TICKS_PER_SECOND, parse_datetime, parse_guid, parse_timespan};
use crate::{ColumnArray, TextArray};

/// What reading a cell needs besides the bytes; kept from cell to cell for its memory.
#[derive(Debug)]
pub(super) struct Scratch {
    validator: Validator,
    text: String,
    unescaped: Vec<u8>,
}

impl Scratch {
    pub(super) const fn new(max_depth: usize) -> Self {
        Self {
            validator: Validator::new(max_depth),
            text: String::new(),
            unescaped: Vec::new(),
        }
    }

    /// Keeps no more than so many bytes of each kind.
    pub(super) fn shrink_to(&mut self, capacity: usize) {
        self.text.clear();
        self.text.shrink_to(capacity);
        self.unescaped.clear();
        self.unescaped.shrink_to(capacity);
    }

    /// The index after the JSON value that begins at `at`.
    pub(super) fn value_end(&mut self, bytes: &[u8], at: usize) -> Result<usize, Stop> {
        self.validator.reset();
        match self.validator.feed(&bytes[at..]) {
            Ok(len) => Ok(at + len),
            Err(Stop::Fault(fault)) => Err(Fault {
                at: at + fault.at,
                ..fault
            }
            .into()),
            Err(Stop::More) => Err(Stop::More),
        }
    }
}

/// Appends the cell that begins at `at` to its column, and gives the index after it.
///
/// After a stop the column may hold part of a cell.
#[inline]
pub(super) fn read_cell(
    array: &mut ColumnArray,
    bytes: &[u8],
    at: usize,
    scratch: &mut Scratch,
) -> Result<usize, Stop> {
    if bytes[at..].starts_with(b"null") {
        array.push_null();
        return Ok(at + 4);
    }
    let end = match array {
        ColumnArray::Bool(array) => short_bool(bytes, at).map(|(value, end)| {
            array.push(Some(value));
            end
        }),
        ColumnArray::DateTime(array) => short_datetime(bytes, at).map(|(ticks, end)| {
            array.push(Some(ticks));
            end
        }),
        ColumnArray::Guid(array) => short_guid(bytes, at).map(|(guid, end)| {
            array.push(Some(guid));
            end
        }),
        ColumnArray::Int(array) => short_integer(bytes, at).and_then(|(value, end)| {
            array.push(Some(i32::try_from(value).ok()?));
            Some(end)
        }),
        ColumnArray::Long(array) => short_integer(bytes, at).map(|(value, end)| {
            array.push(Some(value));
            end
        }),
        ColumnArray::Real(array) => short_real(bytes, at).map(|(value, end)| {
            array.push(Some(value));
            end
        }),
        ColumnArray::String(array) if bytes[at] == b'"' => return read_string(array, bytes, at, scratch),
        ColumnArray::Dynamic(array) if bytes[at] == b'"' => {
            return read_dynamic_string(array, bytes, at, scratch);
        }
        ColumnArray::Decimal(_)
        | ColumnArray::Dynamic(_)
        | ColumnArray::String(_)
        | ColumnArray::Timespan(_)
        | ColumnArray::Unknown(_) => None,
    };
    match end {
        Some(end) => Ok(end),
        None => read_any_form(array, bytes, at, scratch),
    }
}

/// As [`read_cell`], but gives nothing if there is no cell right at this place, or it cannot be read.
#[inline(never)]
pub(super) fn try_cell(
    array: &mut ColumnArray,
    bytes: &[u8],
    at: usize,
    scratch: &mut Scratch,
) -> Option<usize> {
    if is_white_space(*bytes.get(at)?) {
        return None;
    }
    read_cell(array, bytes, at, scratch).ok()
}

#[inline]
fn read_string(array: &mut TextArray, bytes: &[u8], at: usize, scratch: &mut Scratch) -> Result<usize, Stop> {
    let end = unescape(bytes, at, array.open(), &mut scratch.unescaped)?;
    array.end(true);
    Ok(end)
}

/// A string in a dynamic column holds JSON text, or is itself the value. The empty string stands for a null.
#[inline]
fn read_dynamic_string(
    array: &mut TextArray,
    bytes: &[u8],
    at: usize,
    scratch: &mut Scratch,
) -> Result<usize, Stop> {
    let end = unescape(bytes, at, array.open(), &mut scratch.unescaped)?;
    array.end(end > at + 2);
    Ok(end)
}

/// Any JSON value that may stand for one of the column's type.
#[inline(never)]
fn read_any_form(
    array: &mut ColumnArray,
    bytes: &[u8],
    at: usize,
    scratch: &mut Scratch,
) -> Result<usize, Stop> {
    let end = scratch.value_end(bytes, at)?;
    let json = &bytes[at..end];
    scratch.text.clear();
    let string = if json[0] == b'"' {
        unescape(bytes, at, &mut scratch.text, &mut scratch.unescaped)?;
        Some(scratch.text.as_str())
    } else {
        None
    };
    if string == Some("") && is_null_when_empty(array) {
        array.push_null();
        return Ok(end);
    }
    let is_number = matches!(json[0], b'-' | b'0'..=b'9');
    let raw = simdutf8::basic::from_utf8(json).unwrap_or_default();
    let read = match array {
        ColumnArray::Bool(array) => integer(json)
            .filter(|value| matches!(value, 0 | 1))
            .map(|value| array.push(Some(value == 1))),
        ColumnArray::DateTime(array) => string
            .and_then(|text| parse_datetime(text.as_bytes()))
            .map(|ticks| array.push(Some(ticks))),
        ColumnArray::Decimal(array) => match string {
            Some(text) => Some(text).filter(|text| is_decimal(text.as_bytes())),
            None => Some(raw).filter(|_| is_number),
        }
        .map(|text| array.push(Some(text))),
        ColumnArray::Guid(array) => string
            .and_then(|text| parse_guid(text.as_bytes()))
            .map(|guid| array.push(Some(guid))),
        ColumnArray::Int(array) => integer(json)
            .and_then(|value| i32::try_from(value).ok())
            .map(|value| array.push(Some(value))),
        ColumnArray::Long(array) => integer(json).map(|value| array.push(Some(value))),
        ColumnArray::Real(array) => match string {
            Some("NaN") => Some(f64::NAN),
            Some("Infinity") => Some(f64::INFINITY),
            Some("-Infinity") => Some(f64::NEG_INFINITY),
            // A number too large for 64 bits is refused rather than turned into infinity.
            None if is_number => raw.parse().ok().filter(|value: &f64| value.is_finite()),
            _ => None,
        }
        .map(|value| array.push(Some(value))),
        ColumnArray::Timespan(array) => match string {
            Some(text) => parse_timespan(text.as_bytes()),
            None => integer(json),
        }
        .map(|ticks| array.push(Some(ticks))),
        ColumnArray::Dynamic(array) | ColumnArray::String(array) | ColumnArray::Unknown(array) => {
            // For strings: seen in an old answer, an object in a column that was declared a string.
            array.push(Some(raw));
            return Ok(end);
        }
    };
    match read {
        Some(()) => Ok(end),
        None => Err(Fault {
            kind: DecodeErrorKind::Cell,
            at,
            message: expected(array),
        }
        .into()),
    }
}

/// Whether the empty string stands for a null: seen in old answers, in columns whose values are strings on the wire.
const fn is_null_when_empty(array: &ColumnArray) -> bool {
    matches!(
        array,
        ColumnArray::DateTime(_) | ColumnArray::Decimal(_) | ColumnArray::Guid(_) | ColumnArray::Timespan(_)
    )
}

/// What a cell of the column may be.
const fn expected(array: &ColumnArray) -> &'static str {
    match array {
        ColumnArray::Bool(_) => "expected a bool: true, false, 0, 1 or null",
        ColumnArray::DateTime(_) => "expected a datetime: a string such as \"2007-09-20T21:57:00Z\", or null",
        ColumnArray::Decimal(_) => "expected a decimal: a string with a number, a number, or null",
        ColumnArray::Guid(_) => "expected a guid: a string with 32 hexadecimal digits, or null",
        ColumnArray::Int(_) => "expected an int: a whole number of 32 bits, or null",
        ColumnArray::Long(_) => "expected a long: a whole number of 64 bits, or null",
        ColumnArray::Real(_) => {
            "expected a real: a number of 64 bits, \"NaN\", \"Infinity\", \"-Infinity\" or null"
        }
        ColumnArray::Timespan(_) => "expected a timespan: a string such as \"1.02:03:04\", ticks, or null",
        ColumnArray::Dynamic(_) | ColumnArray::String(_) | ColumnArray::Unknown(_) => "expected a JSON value",
    }
}

fn short_bool(bytes: &[u8], at: usize) -> Option<(bool, usize)> {
    let rest = &bytes[at..];
    if rest.starts_with(b"true") {
        Some((true, at + 4))
    } else if rest.starts_with(b"false") {
        Some((false, at + 5))
    } else {
        None
    }
}

/// `"YYYY-MM-DDThh:mm:ss[.f]Z"` with quotes, in ticks; `None` for any other form.
pub(crate) fn short_datetime(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let text: &[u8; 22] = bytes.get(at..at + 22)?.try_into().ok()?;
    let (date, bad_date) = numbers(*text[1..].first_chunk()?, *b"0000-00-");
    let (time, bad_time) = numbers(*text[9..].first_chunk()?, *b"00T00:00");
    let (second, bad_second) = numbers(*text[13..].first_chunk()?, *b"\xff\xff\xff\xff:00\xff");
    if bad_date | bad_time | bad_second | (text[0] != b'"') {
        return None;
    }
    let [century, _, year, _, _, month, ..] = date.map(u32::from);
    let [day, _, _, hour, _, _, minute, _] = time.map(u32::from);
    let second = u32::from(second[5]);
    let year = century * 100 + year;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_starts = &MONTH_STARTS[usize::from(leap)];
    if year == 0 || month == 0 || month > 12 || hour > 23 || minute > 59 || second > 59 || day == 0 {
        return None;
    }
    let month_start = month_starts[month as usize - 1];
    if month_start + day > month_starts[month as usize] {
        return None;
    }
    let years = year - 1;
    let days = years * 365 + years / 4 - years / 100 + years / 400 + month_start + day - 1;
    let ticks =
        i64::from(days) * TICKS_PER_DAY + i64::from(hour * 3600 + minute * 60 + second) * TICKS_PER_SECOND;
    if text[20..] == *b"Z\"" {
        return Some((ticks, at + 22));
    }
    let (fraction, end) = short_fraction(bytes, at + 20)?;
    Some((ticks + fraction, end))
}

/// The number of two digits that begins at each byte of a text, and whether the text has another form: a zero stands for
/// a digit, `0xff` for anything, and other bytes for themselves.
#[inline]
fn numbers(text: [u8; 8], form: [u8; 8]) -> ([u8; 8], bool) {
    // What is added to a byte sets its high bit if the byte is more than it may be.
    let at_most = form.map(|byte| if byte == b'0' { 0x7f - 9 } else { 0x7f });
    let mask = form.map(|byte| if byte == 0xff { 0 } else { 0xff });
    let word = (u64::from_le_bytes(text) ^ u64::from_le_bytes(form)) & u64::from_le_bytes(mask);
    let above = word.wrapping_add(u64::from_le_bytes(at_most)) | word;
    let tens = word.wrapping_mul(10).wrapping_add(word >> 8);
    (tens.to_le_bytes(), above & 0x8080_8080_8080_8080 != 0)
}

/// `.fZ"` with one to seven digits, in ticks.
fn short_fraction(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    if bytes[at] != b'.' {
        return None;
    }
    let (mut ticks, mut unit, mut end) = (0, TICKS_PER_SECOND, at + 1);
    loop {
        match bytes.get(end)? {
            digit @ b'0'..=b'9' if unit > 1 => {
                unit /= 10;
                ticks += i64::from(digit - b'0') * unit;
            }
            b'Z' if unit < TICKS_PER_SECOND => break,
            _ => return None,
        }
        end += 1;
    }
    (bytes.get(end + 1)? == &b'"').then_some((ticks, end + 2))
}

/// A guid in quotes, 36 characters long.
fn short_guid(bytes: &[u8], at: usize) -> Option<([u8; 16], usize)> {
    let text: &[u8; 38] = bytes.get(at..at + 38)?.try_into().ok()?;
    let punctuation = [text[0], text[9], text[14], text[19], text[24], text[37]];
    let mut guid = [0; 16];
    let mut bad = 0;
    for (byte, at) in guid.iter_mut().zip(GUID_DIGITS) {
        let (high, low) = (
            HEX_DIGITS[usize::from(text[at])],
            HEX_DIGITS[usize::from(text[at + 1])],
        );
        bad |= high | low;
        *byte = high << 4 | low & 15;
    }
    (punctuation == *b"\"----\"" && bad < 16).then_some((guid, at + 38))
}

/// Where in a quoted guid the digits of each byte are.
const GUID_DIGITS: [usize; 16] = [1, 3, 5, 7, 10, 12, 15, 17, 20, 22, 25, 27, 29, 31, 33, 35];

/// The value of each hexadecimal digit; 255 for other characters.
const HEX_DIGITS: [u8; 256] = {
    let mut table = [255; 256];
    let mut value = 0;
    while value < 16 {
        table[b"0123456789abcdef"[value as usize] as usize] = value;
        table[b"0123456789ABCDEF"[value as usize] as usize] = value;
        value += 1;
    }
    table
};

/// Days of the year before each month, and in all; in common and in leap years.
const MONTH_STARTS: [[u32; 13]; 2] = [
    [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365],
    [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366],
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_short_forms_leave_odd_ones_to_others() {
        for text in [
            "\"0000-01-01T00:00:00Z\"",
            "\"2020-13-01T00:00:00Z\"",
            "\"2021-02-29T00:00:00Z\"",
            "\"2020-01-32T00:00:00Z\"",
            "\"2020-01-01T24:00:00Z\"",
            "\"2020-01-01T00:00:00.Z\"",
            "\"2020-01-01T00:00:00.12345678Z\"",
            "\"2020-01-01 00:00:00Z\"",
            "\"2020-01-01T00:00:00.1+",
            "\"2020-0a-01T00:00:00Z\"",
        ] {
            assert_eq!(short_datetime(text.as_bytes(), 0), None, "{text}");
        }
        for at in 0..22 {
            for byte in 0..=255 {
                let mut text = *b"\"2019-11-21T13:14:15Z\"";
                text[at] = byte;
                if let Some((ticks, _)) = short_datetime(&text, 0) {
                    assert_eq!(parse_datetime(&text[1..21]), Some(ticks), "{at} {byte}");
                }
            }
        }
        assert_eq!(short_guid(b"\"123e27de-1e4e-49d9-b579-fe0b331d364g\"", 0), None);
        assert_eq!(short_guid(b"\"123e27de+1e4e-49d9-b579-fe0b331d3642\"", 0), None);
    }

    proptest! {
        #[test]
        fn short_datetimes_agree_with_the_parser(ticks in 0..=crate::DateTime::MAX.ticks(), whole in any::<bool>()) {
            let ticks = if whole { ticks - ticks % TICKS_PER_SECOND } else { ticks };
            let text = format!("\"{}\"", crate::DateTime::from_ticks(ticks));
            prop_assert_eq!(short_datetime(text.as_bytes(), 0), Some((ticks, text.len())));
        }

        #[test]
        fn short_guids_agree_with_the_parser(bytes in any::<[u8; 16]>()) {
            let text = format!("\"{}\"", crate::Guid::from_bytes(bytes));
            prop_assert_eq!(short_guid(text.as_bytes(), 0), Some((bytes, 38)));
        }

        #[test]
        fn no_bytes_panic(bytes in "[\"0-9TZ:.\\-a-f]{1,40}") {
            short_datetime(bytes.as_bytes(), 0);
            short_guid(bytes.as_bytes(), 0);
        }
    }
}
