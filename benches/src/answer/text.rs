//! Words, and how texts and dates stand in JSON.

use std::io::Write;

use kusto_protocol::DateTime;

use super::random::Random;

/// Appends words until there are so many bytes.
pub(super) fn push_words(random: &mut Random, len: usize, out: &mut String) {
    let end = out.len() + len;
    while out.len() < end {
        // The first words of the list are the most frequent, as in any language.
        let at = (random.unit() * random.unit() * WORDS.len() as f64) as usize;
        out.push_str(WORDS[at]);
        out.push_str(if random.chance(0.09) { ". " } else { " " });
    }
    out.pop();
}

/// A text of so many bytes on average, between a tenth and three times as many.
pub(super) fn words(random: &mut Random, mean: f64) -> String {
    let mut text = String::new();
    let len = mean * (1.0 + 0.5 * random.normal()).clamp(0.1, 3.0);
    push_words(random, len as usize, &mut text);
    text
}

/// Appends a JSON string.
pub(super) fn push_string(text: &str, out: &mut Vec<u8>) {
    // Writing into memory does not fail.
    serde_json::to_writer(&mut *out, text).unwrap_or_default();
}

/// Appends a date of so many fraction digits at most; zeros at the end are left out, as by many writers.
pub(super) fn push_datetime(ticks: i64, out: &mut Vec<u8>) {
    let text = DateTime::from_ticks(ticks).to_string();
    let text = text.trim_end_matches('Z');
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    };
    push(out, format_args!("\"{text}Z\""));
}

/// Appends the shortest digits that mean this number, with an exponent where the service would write one.
pub(super) fn push_real(number: f64, out: &mut Vec<u8>) {
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{number:e}");
        match text.split_once("e-") {
            Some((digits, exponent)) => push(out, format_args!("{digits}e-{exponent:0>2}")),
            None => push(out, format_args!("{}", text.replace('e', "e+"))),
        }
    } else {
        push(out, format_args!("{number:?}"));
    }
}

/// Appends formatted text; writing into memory does not fail.
pub(super) fn push(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).unwrap_or_default();
}

const WORDS: &[&str] = &[
    "the",
    "a",
    "of",
    "and",
    "to",
    "in",
    "was",
    "by",
    "on",
    "at",
    "from",
    "with",
    "near",
    "were",
    "rain",
    "gusts",
    "along",
    "county",
    "several",
    "reported",
    "trees",
    "lines",
    "river",
    "road",
    "closed",
    "snow",
    "heavy",
    "amounts",
    "power",
    "limbs",
    "north",
    "eastern",
    "coast",
    "valley",
    "station",
    "measured",
    "spotter",
    "quarter",
    "inches",
    "flooded",
    "ridge",
    "lake",
    "warning",
    "moisture",
    "aloft",
    "developed",
    "boundary",
    "highest",
    "evening",
    "morning",
    "sheriff",
    "crews",
    "downtown",
    "interstate",
    "outages",
    "estimated",
    "precipitation",
    "accumulations",
    "thunderstorms",
    "infrastructure",
];
