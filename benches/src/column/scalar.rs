//! Texts of fixed form to numbers, as fast as is plain: what a careful user of a JSON library would write.

/// `yyyy-mm-ddThh:mm:ss[.fffffff]Z` as ticks since the year 1.
#[inline]
pub(super) fn datetime(text: &[u8]) -> Option<i64> {
    let (head, rest) = text.split_first_chunk::<19>()?;
    let separators = [head[4], head[7], head[10], head[13], head[16]];
    if separators != *b"--T::" {
        return None;
    }
    let pair = |at: usize| pair([head[at], head[at + 1]]);
    let (year, month, day) = (pair(0)? * 100 + pair(2)?, pair(5)?, pair(8)?);
    let (hour, minute, second) = (pair(11)?, pair(14)?, pair(17)?);
    if year == 0 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_of_year(year) + day_of_year(year, month, day)?;
    let seconds = days * 86_400 + i64::from(hour * 3600 + minute * 60 + second);
    Some(seconds * 10_000_000 + fraction(rest.strip_suffix(b"Z")?)?)
}

/// `[-][d.]hh:mm:ss[.fffffff]` as ticks.
#[inline]
pub(super) fn timespan(text: &[u8]) -> Option<i64> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(text) => (true, text),
        None => (false, text),
    };
    let colon = text.iter().position(|byte| *byte == b':')?;
    let (head, tail) = text.split_at(colon);
    let (days, hours) = match head.iter().position(|byte| *byte == b'.') {
        Some(dot) => (digits(&head[..dot])?, digits(&head[dot + 1..])?),
        None => (0, digits(head)?),
    };
    let (clock, rest) = tail.split_first_chunk::<6>()?;
    if clock[3] != b':' {
        return None;
    }
    let (minutes, seconds) = (pair([clock[1], clock[2]])?, pair([clock[4], clock[5]])?);
    let minutes = (days * 24 + hours) * 60 + i64::from(minutes);
    let ticks = (minutes * 60 + i64::from(seconds)) * 10_000_000 + fraction(rest)?;
    Some(if negative { -ticks } else { ticks })
}

/// `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` as its bytes in the order of the text.
#[inline]
pub(super) fn guid(text: &[u8]) -> Option<[u8; 16]> {
    let text: &[u8; 36] = text.try_into().ok()?;
    if [text[8], text[13], text[18], text[23]] != *b"----" {
        return None;
    }
    let (mut bytes, mut bad) = ([0; 16], 0);
    for (byte, at) in bytes.iter_mut().zip(GUID_PAIRS) {
        let (high, low) = (HEX[usize::from(text[at])], HEX[usize::from(text[at + 1])]);
        bad |= high | low;
        *byte = high << 4 | low & 15;
    }
    (bad < 16).then_some(bytes)
}

#[inline]
fn pair([tens, ones]: [u8; 2]) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

/// Nothing, or a point and up to seven digits, in ticks.
#[inline]
fn fraction(text: &[u8]) -> Option<i64> {
    let Some((point, text)) = text.split_first() else {
        return Some(0);
    };
    if *point != b'.' || !(1..=7).contains(&text.len()) {
        return None;
    }
    Some(digits(text)? * 10_i64.pow(7 - text.len() as u32))
}

#[inline]
fn digits(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 15 {
        return None;
    }
    text.iter().try_fold(0, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + i64::from(digit))
    })
}

/// Days from 0001-01-01 to the first day of the year.
const fn days_of_year(year: u32) -> i64 {
    let years = year as i64 - 1;
    years * 365 + years / 4 - years / 100 + years / 400
}

fn day_of_year(year: u32, month: u32, day: u32) -> Option<i64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let before = MONTHS[usize::from(leap)].get(month.checked_sub(1)? as usize..month as usize + 1)?;
    (day >= 1 && day <= before[1] - before[0]).then(|| i64::from(before[0] + day - 1))
}

const MONTHS: [[u32; 13]; 2] = [
    [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365],
    [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366],
];
const GUID_PAIRS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
/// The value of each hexadecimal digit; 255 for what is none.
const HEX: [u8; 256] = {
    let (mut table, mut at) = ([255; 256], 0);
    while at < 16 {
        table[b"0123456789abcdef"[at] as usize] = at as u8;
        table[b"0123456789ABCDEF"[at] as usize] = at as u8;
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_mean_what_the_protocol_crate_says() {
        for text in [
            "0001-01-01T00:00:00Z",
            "2024-02-29T23:59:59.1234567Z",
            "9999-12-31T23:59:59.9Z",
        ] {
            let expected: kusto_protocol::DateTime = text.parse().unwrap();
            assert_eq!(datetime(text.as_bytes()), Some(expected.ticks()), "{text}");
        }
        for text in ["00:00:00", "-1.02:03:04.5", "400.23:59:59.0000001"] {
            let expected: kusto_protocol::Timespan = text.parse().unwrap();
            assert_eq!(timespan(text.as_bytes()), Some(expected.ticks()), "{text}");
        }
        let text = "74be27de-1e4e-49d9-b579-fe0b331d3642";
        let expected: kusto_protocol::Guid = text.parse().unwrap();
        assert_eq!(guid(text.as_bytes()), Some(*expected.as_bytes()));
    }

    #[test]
    fn what_is_no_scalar_is_refused() {
        assert_eq!(datetime(b"2023-02-29T00:00:00Z"), None);
        assert_eq!(datetime(b"2023-13-01T00:00:00Z"), None);
        assert_eq!(timespan(b"1:2:3"), None);
        assert_eq!(guid(b"74be27de-1e4e-49d9-b579-fe0b331d364g"), None);
    }
}
