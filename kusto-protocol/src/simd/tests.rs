//! Every operation of every instruction set against a naive one, at every place and of every length.

use std::mem::MaybeUninit;

use proptest::prelude::*;

use super::lanes::append;
use super::text::escaped;
use super::*;

/// Checks one set of operations; all of them run inside of the instruction set, as they do in the decoder.
struct Check<'a> {
    bytes: &'a [u8; 64],
    marks: u64,
    number: u64,
    len: usize,
}

impl Kernel for Check<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Check {
            bytes,
            marks,
            number,
            len,
        } = self;
        let block = lanes.load(bytes);
        let mask = |is: &dyn Fn(u8) -> bool| {
            let bits = bytes.iter().rev();
            bits.fold(0u64, |mask, byte| mask << 1 | u64::from(is(*byte)))
        };
        for byte in [b'"', b'\\', b',', b']', 0, 0xff, bytes[0]] {
            assert_eq!(lanes.equal(block, byte), mask(&|other| other == byte));
        }
        for (low, high) in [
            (b'0', b'9'),
            (0, 0x7f),
            (bytes[0].min(bytes[1]), bytes[0].max(bytes[1])),
        ] {
            let expected = mask(&|byte| (low..=high).contains(&byte));
            assert_eq!(lanes.between(block, low, high), expected);
        }
        let first = lanes.first(block, len);
        let front = if len < 64 { (1 << len) - 1 } else { u64::MAX };
        assert_eq!(lanes.equal(first, 0), !front | mask(&|byte| byte == 0));
        assert_eq!(lanes.control(block), mask(&|byte| byte < 0x20));
        assert_eq!(lanes.high(block), mask(&|byte| byte >= 0x80));
        let is_odd = bytes.iter().any(|byte| !(0x20..0x80).contains(byte));
        assert!(lanes.may_be_odd(block) || !is_odd);
        assert_eq!(lanes.odd(block), mask(&|byte| !(0x20..0x80).contains(&byte)));
        let special = |byte| matches!(byte, b'"' | b'\\' | 0..0x20);
        assert_eq!(lanes.special(block), mask(&special));
        assert_eq!(lanes.unplain(block), mask(&|byte| special(byte) || byte >= 0x80));

        let mut room = [MaybeUninit::new(0); 64];
        lanes.store(block, &mut room);
        let mut copy = b"before".to_vec();
        append(lanes, block, len, &mut copy);
        assert_eq!(copy, [b"before", &bytes[..len]].concat());
        let mut squeezed = b"before".to_vec();
        append_marked(lanes, block, marks, &mut squeezed);
        let kept = bytes
            .iter()
            .enumerate()
            .filter(|(index, _)| marks >> index & 1 == 1);
        let kept: Vec<u8> = kept.map(|(_, byte)| *byte).collect();
        assert_eq!(squeezed, [&b"before"[..], &kept].concat());

        let mut places = [0; 64];
        lanes.positions(marks, 1000, &mut places);
        let expected: Vec<u32> = (0..64)
            .filter(|bit| marks >> bit & 1 == 1)
            .map(|bit| 1000 + bit)
            .collect();
        assert_eq!(places[..expected.len()], expected);
        for (nth, place) in expected.iter().enumerate() {
            assert_eq!(lanes.nth(marks, nth), *place as usize - 1000);
        }
        let among = |is: &dyn Fn(u8) -> bool| lanes.marks(block) & !lanes.control(block) == mask(is);
        assert!(among(&|byte| b"[]{}:,".contains(&byte)));
        for bit in 0..8 {
            assert_eq!(lanes.bit(block, bit), mask(&|byte| byte >> bit & 1 == 1));
        }
        let picked = expected.iter().rev();
        let picked = picked.fold(0, |bits, place| bits << 1 | number >> (place - 1000) & 1);
        assert_eq!(lanes.extract(number, marks), picked);
        let mut odd = 0;
        for bit in 0..64 {
            odd |= u64::from((marks << (63 - bit)).count_ones() % 2 == 1) << bit;
        }
        assert_eq!(lanes.prefix_xor(marks), odd);
        check_numbers(lanes, number, len, bytes);
    }
}

#[inline(always)]
fn check_numbers<L: Lanes>(lanes: L, number: u64, len: usize, garbage: &[u8; 64]) {
    // A number at the end, other bytes before it.
    let text = format!("{:016}", number % 10u64.pow(16));
    let len = len % 17;
    let mut tail = *garbage.first_chunk::<16>().unwrap();
    tail[16 - len..].copy_from_slice(&text.as_bytes()[16 - len..]);
    let (halves, valid) = lanes.digits(&tail, len);
    let expected = text[16 - len..].parse().unwrap_or(0);
    assert_eq!(
        ((halves & 0xffff_ffff) * 100_000_000 + (halves >> 32), valid),
        (expected, true)
    );
    if len > 0 {
        let at = 16 - len + (number % len as u64) as usize;
        for wrong in [b'/', b':', b'-', b' ', 0, 0xff] {
            let mut tail = tail;
            tail[at] = wrong;
            assert!(!lanes.digits(&tail, len).1);
        }
    }
    // With a point somewhere, or none.
    let digits = format!("{number:032}");
    for fraction in [0, 1, 2, 7, 15, 16, 17, 30, 31, 32] {
        let len = 32 - (number % 3) as usize - usize::from(fraction < 32);
        let mut text = digits[32 - len..].to_owned();
        if fraction < 32 && fraction <= len {
            text.insert(len - fraction, '.');
        }
        let mut tail = *garbage.first_chunk::<33>().unwrap();
        let from = 33 - text.len();
        tail[from..].copy_from_slice(text.as_bytes());
        let own = u32::MAX << (32 - text.len().min(32));
        let points = if fraction < 32 { 1 << (31 - fraction) } else { 0 };
        assert_eq!(lanes.points(&tail).0 & own, points & own);
        let expected: u128 = digits[32 - len..].parse().unwrap();
        let (high, low, valid) = lanes.digits_around(&tail, fraction, len);
        let power = 10u128.pow(16);
        assert_eq!(
            (u128::from(high) * power + u128::from(low), valid),
            (expected, true)
        );
        tail[32] = b'e';
        assert_eq!(lanes.points(&tail).1 >> 31, 1);
        if fraction > 0 {
            assert!(!lanes.digits_around(&tail, fraction, len).2);
        }
    }
}

struct CheckForms<'a> {
    datetime: &'a str,
    guid: &'a str,
    at: usize,
    byte: u8,
}

impl Kernel for CheckForms<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let mut text = [b'x'; 32];
        text[..self.datetime.len()].copy_from_slice(self.datetime.as_bytes());
        let fraction = self.datetime.len().saturating_sub(23);
        let number = |from: usize, to: usize| self.datetime[from..to].parse::<u64>().unwrap();
        let found = lanes.datetime(&text, fraction);
        let date = number(9, 11) << 48 | number(6, 8) << 32 | number(3, 5) << 16 | number(1, 3);
        let clock = number(15, 17) << 16 | number(12, 14);
        let ticks = format!("{:0<7}", self.datetime[20..].trim_matches(['.', 'Z', '"']));
        let ticks: u64 = ticks.parse().unwrap();
        assert_eq!((found.date, u64::from(found.clock)), (date, clock));
        assert_eq!(u64::from(found.second), number(18, 20));
        assert_eq!(
            (found.fraction & 0xffff_ffff) * 10_000 + (found.fraction >> 32),
            ticks
        );
        assert!(found.is_valid);
        // Any other byte, where it cannot be part of another datetime.
        let at = self.at % self.datetime.len();
        if !(self.byte.is_ascii_digit() && text[at].is_ascii_digit()) && self.byte != text[at] {
            text[at] = self.byte;
            assert!(
                !lanes.datetime(&text, fraction).is_valid,
                "{}",
                String::from_utf8_lossy(&text)
            );
        }

        let mut text = *self.guid.as_bytes().first_chunk::<36>().unwrap();
        let guid: crate::Guid = self.guid.parse().unwrap();
        assert_eq!(lanes.guid(&text), (*guid.as_bytes(), true));
        text[self.at % 36] = self.byte;
        let found = lanes.guid(&text);
        let is_right = text.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
        assert_eq!(found.1, is_right);
    }
}

struct Push<'a>(&'a [u8], usize);

impl Kernel for Push<'_> {
    type Output = (Option<usize>, String);

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        let mut text = "before".to_owned();
        (push_string(lanes, self.0, self.1, &mut text), text)
    }
}

/// Writes blocks, of each so many bytes from the front on, into a text with little room.
struct Write<'a>(&'a [([u8; 64], usize)]);

impl Kernel for Write<'_> {
    type Output = (bool, String);

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        let mut text = "before".to_owned();
        let mut draft = Draft::new(&mut text);
        for (block, len) in self.0 {
            let odd = draft.push(lanes, lanes.load(block), *len);
            let is_odd = |index: &usize| *index < *len && !(0x20..0x80).contains(&block[*index]);
            assert_eq!(odd, (0..64).filter(is_odd).fold(0, |odd, index| odd | 1 << index));
        }
        (draft.accept(lanes), text)
    }
}

fn on_all<K: Kernel>(kernel: impl Fn() -> K) -> Vec<K::Output> {
    Isa::available()
        .map(|isa| run(Level::new(isa), kernel()))
        .collect()
}

#[test]
fn strings_at_every_place_and_of_every_length() {
    for special in [
        "",
        "\\n",
        "\\\\",
        "\\u00e9",
        "\\ud83d\\ude00",
        "é",
        "😀",
        "\\/\\\"\\b\\f\\r\\t",
    ] {
        for front in 0..70 {
            for len in 0..140 {
                let body = format!("{}{special}{}", "a".repeat(len / 2), "b".repeat(len - len / 2));
                let wire = format!("{}\"{body}\",", " ".repeat(front));
                let said: String = serde_json::from_str(&format!("\"{body}\"")).unwrap();
                for (end, text) in on_all(|| Push(wire.as_bytes(), front)) {
                    assert_eq!((end, &text[6..]), (Some(wire.len() - 1), &*said), "{wire}");
                }
                // Cut before its end, there is no string, and nothing is appended.
                let cut = front + 1 + (len + front) % (body.len() + 1);
                for found in on_all(|| Push(&wire.as_bytes()[..cut], front)) {
                    assert_eq!(found, (None, "before".to_owned()));
                }
            }
        }
    }
}

#[test]
fn every_instruction_set_has_kernels_of_its_own() {
    if cfg!(target_arch = "aarch64") {
        assert_eq!(Isa::detect(), Isa::Neon);
    }
    for isa in Isa::available() {
        let level = Level::new(isa);
        assert_eq!(matches!(level, Level::Scalar), isa == Isa::Scalar);
    }
}

#[test]
fn backslashes_escape_each_other_in_every_pattern() {
    for pattern in 0u64..1 << 12 {
        for (shift, carry) in [(0, 0), (0, 1), (1, 1), (31, 0), (52, 1)] {
            let backslashes = pattern << shift;
            let (mut expected, mut escape) = (0, carry == 1);
            for bit in 0..64 {
                expected |= u64::from(escape) << bit;
                escape = !escape && backslashes >> bit & 1 == 1;
            }
            assert_eq!(escaped(backslashes, carry), expected);
        }
    }
}

proptest! {
    #[test]
    fn blocks_are_as_a_naive_look_says(
        bytes in prop_oneof![
            any::<[u8; 64]>(),
            proptest::array::uniform(proptest::sample::select(&b"\"\\,:[]{}\x00\x0c\x1a\x1f\x20\x7f\x80\xff09"[..])),
        ],
        marks in prop_oneof![any::<u64>(), any::<(u64, u64)>().prop_map(|(a, b)| a & b), Just(0), Just(u64::MAX)],
        number in any::<u64>(),
        len in 0usize..=64,
    ) {
        let bytes: [u8; 64] = bytes;
        on_all(|| Check { bytes: &bytes, marks, number, len });
    }

    #[test]
    fn datetimes_and_guids_are_taken_apart(
        ticks in 0..=crate::DateTime::MAX.ticks(),
        digits in 0u32..8,
        guid in any::<[u8; 16]>(),
        at in 0usize..1000,
        byte in any::<u8>(),
    ) {
        let unit = 10i64.pow(digits);
        let datetime = format!("\"{}\"", crate::DateTime::from_ticks(ticks / unit * unit));
        let guid = crate::Guid::from_bytes(guid).to_string();
        on_all(|| CheckForms { datetime: &datetime, guid: &guid, at, byte });
    }

    #[test]
    fn drafts_become_text_if_they_are_utf_8(
        front in "[a-zé😀\n]{0,300}",
        cuts in proptest::collection::vec(0usize..=64, 1..8),
        wrong in proptest::option::of((any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let mut bytes = front.into_bytes();
        if let Some((at, byte)) = wrong && !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let (mut blocks, mut at) = (Vec::new(), 0);
        for len in cuts {
            let mut block = [0xff; 64];
            let rest = &bytes[at..];
            let there = rest.len().min(64);
            block[..there].copy_from_slice(&rest[..there]);
            blocks.push((block, len.min(there)));
            at += len.min(there);
        }
        let expected = str::from_utf8(&bytes[..at]);
        for (is_accepted, text) in on_all(|| Write(&blocks)) {
            prop_assert_eq!(is_accepted, expected.is_ok());
            prop_assert_eq!(&text[6..], expected.unwrap_or_default());
        }
    }

    #[test]
    fn strings_of_any_bytes(bytes in proptest::collection::vec(prop_oneof![4 => b' '..=b'~', 1 => any::<u8>()], 0..200)) {
        let wire = [b"\"", &bytes[..], b"\""].concat();
        let mut all = serde_json::Deserializer::from_slice(&wire).into_iter::<String>();
        let first = all.next().and_then(Result::ok);
        for (end, text) in on_all(|| Push(&wire, 0)) {
            // Half of a surrogate pair is refused by serde_json; random text does not come upon one.
            prop_assert_eq!(end.map(|_| &text[6..]), first.as_deref());
            prop_assert_eq!(end.map(|end| end == all.byte_offset()), first.as_ref().map(|_| true));
        }
    }
}

/// What a cell says, read one character after the other: its digits, power of ten and sign.
fn number_of(text: &str, real: bool) -> Option<(u64, i32, u64)> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (number, power) = match rest.find(['e', 'E']) {
        Some(at) => {
            let exponent = &rest[at + 1..];
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            let is_known =
                (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            (&rest[..at], exponent.parse::<i32>().ok().filter(|_| is_known)?)
        }
        None => (rest, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_number = !whole.is_empty()
        && (whole == "0" || !whole.starts_with('0'))
        && number.contains('.') != fraction.is_empty()
        && (whole.bytes().chain(fraction.bytes())).all(|byte| byte.is_ascii_digit())
        && (real || number.len() == rest.len() && fraction.is_empty())
        && number.len() <= 32;
    let mantissa: u64 = format!("{whole}{fraction}").parse().ok()?;
    let power = power - fraction.len() as i32;
    (is_number && mantissa < 10u64.pow(19)).then_some((mantissa, power, u64::from(negative) << 63))
}

/// Cells after so many others, and their bounds: behind each of its own a cell has those of other columns.
fn wire_of(cells: &[String], front: usize) -> (String, Vec<u32>) {
    let mut wire = "1".repeat(front);
    let mut bounds = Vec::new();
    for cell in cells {
        bounds.push(wire.len() as u32);
        wire = wire + "," + cell;
        bounds.extend([wire.len() as u32, u32::MAX, u32::MAX]);
    }
    (wire, bounds)
}

/// Those cells as a group, first as they are, then turned if the instruction set does that.
#[inline(always)]
fn groups<'a, L: Lanes>(
    lanes: L,
    wire: &'a str,
    bounds: &'a [u32],
    count: usize,
    turned: &'a mut Vec<u32>,
) -> [Group<'a>; 2] {
    let padded = [bounds, &[0; 16]].concat();
    let are_turned = lanes.turn(&padded, 4, count, turned);
    let group = Group {
        bytes: wire.as_bytes(),
        bounds,
        stride: 4,
        turned: &[],
        count,
    };
    let turned = if are_turned { &turned[..] } else { &[] };
    [group, Group { turned, ..group }]
}

struct CheckTurned<'a> {
    bounds: &'a [u32],
    stride: usize,
    rows: usize,
}

impl Kernel for CheckTurned<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let mut turned = vec![7; 9];
        if !lanes.turn(self.bounds, self.stride, self.rows, &mut turned) {
            return;
        }
        let pitch = self.rows.next_multiple_of(8);
        for column in 0..self.stride {
            for row in 0..pitch {
                let expected = self.bounds[row.min(self.rows - 1) * self.stride + column];
                assert_eq!(
                    turned[column * pitch + row],
                    expected,
                    "column {column}, row {row}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn rows_turned_are_columns(stride in 0usize..40, rows in 0usize..70, slack in 0usize..20) {
        let bounds: Vec<u32> = (0..(stride * rows + slack) as u32).map(|bound| bound.wrapping_mul(0x9e37_79b9)).collect();
        on_all(|| CheckTurned { bounds: &bounds, stride, rows });
    }
}

struct CheckNumbers<'a> {
    cells: &'a [String],
    front: usize,
    back: usize,
}

impl Kernel for CheckNumbers<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let (mut wire, bounds) = wire_of(self.cells, self.front);
        wire += &"]1234567"[..self.back];
        let mut turned = Vec::new();
        for group in groups(lanes, &wire, &bounds, self.cells.len(), &mut turned) {
            self.check::<L, true, 64>(lanes, &group);
            self.check::<L, false, 64>(lanes, &group);
            if self.cells.len() <= 16 {
                self.check::<L, true, 16>(lanes, &group);
            }
        }
    }
}

impl CheckNumbers<'_> {
    #[inline(always)]
    fn check<L: Lanes, const REAL: bool, const N: usize>(&self, lanes: L, group: &Group<'_>) {
        let mut numbers = Numbers::<N>::new();
        if !lanes.numbers::<REAL, N>(group, &mut numbers) {
            return;
        }
        for (index, cell) in self.cells.iter().enumerate() {
            let found = (
                numbers.mantissas[index],
                numbers.powers[index],
                numbers.signs[index],
            );
            let is_valid = numbers.valid >> index & 1 == 1;
            assert_eq!(numbers.nulls >> index & 1 == 1, cell == "null", "{cell}");
            assert_eq!(is_valid.then_some(found), number_of(cell, REAL), "{cell}");
            if cell == "null" {
                assert_eq!(found, (0, 0, 0));
            }
        }
    }
}

fn number_cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,20})",
        "-?(0|[1-9][0-9]{0,17})\\.[0-9]{1,19}",
        "-?(0|[1-9])(\\.[0-9]{1,18})?[eE][-+]?[0-9]{1,3}",
        "-?[0-9]{0,3}(\\.[0-9]{0,3})?([eE][-+]?[0-9]{0,4})?",
        "-?(0|[1-9][0-9]{0,7})",
        "[-+.eE019/:]{1,8}",
        "[0-9.]{28,36}",
        Just("null".to_owned()),
        "null?l?|true|NaN|\"NaN\"|[ -~]{1,6}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn numbers_side_by_side_are_as_one_by_one(
        cells in proptest::collection::vec(number_cell(), 1..=64),
        front in 0usize..100,
        back in 0usize..8,
    ) {
        on_all(|| CheckNumbers { cells: &cells, front, back });
        let short: Vec<String> = cells.into_iter().filter(|cell| cell.len() <= 8).collect();
        on_all(|| CheckNumbers { cells: &short, front, back });
    }
}

struct CheckDatetimes<'a> {
    cells: &'a [String],
    back: usize,
}

impl Kernel for CheckDatetimes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let (mut wire, bounds) = wire_of(self.cells, 0);
        wire += &"]".repeat(self.back);
        let mut turned = Vec::new();
        for group in groups(lanes, &wire, &bounds, self.cells.len(), &mut turned) {
            let mut ticks = [1; 64];
            let Some((valid, nulls)) = lanes.datetimes(&group, &mut ticks) else {
                return;
            };
            for (index, cell) in self.cells.iter().enumerate() {
                let found = (valid >> index & 1 == 1).then_some(ticks[index] as i64);
                assert_eq!(found, ticks_of(cell), "{cell}");
                assert_eq!(nulls >> index & 1 == 1, cell == "null", "{cell}");
                if cell == "null" {
                    assert_eq!(ticks[index], 0);
                }
            }
        }
    }
}

/// What a cell says in the form that the service writes, read one character after the other.
fn ticks_of(cell: &str) -> Option<i64> {
    let text = cell.strip_prefix('"')?.strip_suffix("Z\"")?;
    let form = "0000-00-00T00:00:00.0000000".get(..text.len())?;
    let has_form = (text.bytes().zip(form.bytes()))
        .all(|(byte, form)| byte == form || form == b'0' && byte.is_ascii_digit());
    let is_whole = text.len() == 19 || text.len() > 20;
    (has_form && is_whole)
        .then(|| format!("{text}Z").parse::<crate::DateTime>().ok())?
        .map(crate::DateTime::ticks)
}

fn datetime_cell() -> impl Strategy<Value = String> {
    let datetime = (0..=crate::DateTime::MAX.ticks(), 0u32..8).prop_map(|(ticks, digits)| {
        let unit = 10i64.pow(digits);
        format!("\"{}\"", crate::DateTime::from_ticks(ticks / unit * unit))
    });
    prop_oneof![
        4 => datetime,
        2 => "\"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,8})?Z\"",
        1 => "\"(0001|19(00|04)|20(00|19))-02-(28|29|30)T23:59:59Z\"",
        1 => "\"?[-0-9:T. Z]{18,30}\"?",
        1 => Just("null".to_owned()),
        1 => "nul?l?|[ -~]{0,40}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn datetimes_side_by_side_are_as_one_by_one(
        cells in proptest::collection::vec(datetime_cell(), 1..=64),
        same in any::<bool>(),
        back in 1usize..40,
    ) {
        // As columns often are: all of one length.
        let cells = if same { vec![cells[0].clone(); cells.len()] } else { cells };
        on_all(|| CheckDatetimes { cells: &cells, back });
    }
}

struct CheckBools<'a>(&'a [String]);

impl Kernel for CheckBools<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let (wire, bounds) = wire_of(self.0, 8);
        let mut turned = Vec::new();
        for group in groups(lanes, &wire, &bounds, self.0.len(), &mut turned) {
            let Some(bools) = lanes.bools(&group) else {
                return;
            };
            for (index, cell) in self.0.iter().enumerate() {
                let found = [bools.values, bools.valid, bools.nulls].map(|bits| bits >> index & 1 == 1);
                let (is_true, is_null) = (cell == "true", cell == "null");
                assert_eq!(found, [is_true, is_true || cell == "false", is_null], "{cell}");
            }
        }
    }
}

proptest! {
    #[test]
    fn truth_values_side_by_side_are_as_words(
        cells in proptest::collection::vec("true|false|null|[a-z]?(true|fals|alse|null)[a-z]?|[ -~]{0,9}", 1..=64),
    ) {
        on_all(|| CheckBools(&cells));
    }
}
