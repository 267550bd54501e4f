//! Strings: lengths, parts, joining and splitting. Positions count characters, not bytes.

use std::cmp::Ordering;

use super::arguments::Arguments;
use super::json::{self, Json};
use super::kind::{self, Long, Nullable, Scalar, Text};
use super::lift::{binary, binary_and_options, ternary, unary, variadic};
use super::regular::offset;
use super::{Call, Family, Function, MANY};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Strings",
    functions: &[
        Function::new("countof", (2, 3), "(text, search, [kind]) -> long", count_of),
        Function::new(
            "indexof",
            (2, 5),
            "(text, search, [start], [length], [occurrence]) -> long",
            index_of,
        ),
        Function::new("isascii", (1, 1), "(text) -> bool", |a| {
            unary::<Text, kind::Bool>(a, |text| Some(text.is_ascii()))
        }),
        Function::new("isutf8", (1, 1), "(text) -> bool", |a| {
            unary::<Text, kind::Bool>(a, |_| Some(true))
        }),
        Function::new(
            "make_string",
            (1, MANY),
            "(code point or array, …) -> string",
            make_string,
        ),
        Function::new(
            "unicode_codepoints_to_string",
            (1, MANY),
            "(code point or array, …) -> string",
            make_string,
        ),
        Function::new(
            "unicode_codepoints_from_string",
            (1, 1),
            "(text) -> dynamic",
            |a| {
                unary::<Scalar, kind::Json>(a, |text| {
                    Some(text.chars().map(|c| Json::from(u32::from(c))).collect())
                })
            },
        ),
        Function::new("repeat", (2, 2), "(value, count: long) -> dynamic", repeat),
        Function::new("reverse", (1, 1), "(value) -> string", |a| {
            unary::<Scalar, Text>(a, |text| Some(text.chars().rev().collect()))
        }),
        Function::new(
            "split",
            (2, 3),
            "(text, delimiter: string, [index]) -> dynamic",
            split,
        ),
        Function::new("strcat", (1, 64), "(value, …) -> string", |a| {
            variadic::<Scalar, Text>(a, |texts| Some(texts.iter().flatten().copied().collect()))
        }),
        Function::new(
            "strcat_delim",
            (2, 64),
            "(delimiter, value, …) -> string",
            |a| {
                variadic::<Scalar, Text>(a, |texts| {
                    let (delimiter, texts) = texts.split_first()?;
                    Some(
                        texts
                            .iter()
                            .flatten()
                            .copied()
                            .collect::<Vec<_>>()
                            .join((*delimiter)?),
                    )
                })
            },
        ),
        Function::new("strcmp", (2, 2), "(left, right) -> long", |a| {
            binary::<Scalar, Scalar, Long>(a, |left, right| {
                Some(match left.cmp(right) {
                    Ordering::Less => -1,
                    Ordering::Equal => 0,
                    Ordering::Greater => 1,
                })
            })
        }),
        Function::new("string_size", (1, 1), "(text) -> long, in bytes", |a| {
            unary::<Scalar, Long>(a, |text| Some(text.len() as i64))
        }),
        Function::new("strlen", (1, 1), "(text) -> long, in characters", |a| {
            unary::<Text, Long>(a, |text| Some(text.chars().count() as i64))
        }),
        Function::new(
            "strrep",
            (2, 3),
            "(value, count: long, [delimiter]) -> string",
            |a| {
                ternary::<Scalar, Long, Nullable<Scalar>, Text>(a, |text, count, delimiter| {
                    let count = usize::try_from(count).ok()?.min(MAX_REPEAT);
                    Some(vec![text; count].join(delimiter.unwrap_or("")))
                })
            },
        ),
        Function::new(
            "substring",
            (2, 3),
            "(text, start: long, [length: long]) -> string",
            |a| {
                ternary::<Scalar, Long, Nullable<Long>, Text>(a, |text, start, length| {
                    Some(substring(text, start, length).to_owned())
                })
            },
        ),
        Function::new("tolower", (1, 1), "(text) -> string", |a| {
            unary::<Scalar, Text>(a, |text| Some(text.to_lowercase()))
        }),
        Function::new("toupper", (1, 1), "(text) -> string", |a| {
            unary::<Scalar, Text>(a, |text| Some(text.to_uppercase()))
        }),
    ],
};

/// The part of a text from the character `start`, counted from the end if negative.
fn substring(text: &str, start: i64, length: Option<i64>) -> &str {
    if text.is_ascii() {
        let len = text.len() as i64;
        let start = if start < 0 {
            (len + start).max(0)
        } else {
            start.min(len)
        };
        let end = length.map_or(len, |length| start.saturating_add(length.max(0)).min(len));
        return &text[start as usize..end as usize];
    }
    let start = if start < 0 {
        (text.chars().count() as i64 + start).max(0)
    } else {
        start
    };
    let tail = &text[offset(text, start as usize)..];
    match length {
        None => tail,
        Some(length) => &tail[..offset(tail, length.max(0) as usize)],
    }
}

fn split(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    ternary::<Scalar, Text, Nullable<Long>, kind::Json>(arguments, |text, delimiter, index| {
        let parts: Vec<&str> = if delimiter.is_empty() {
            vec![text]
        } else {
            text.split(delimiter).collect()
        };
        Some(match index {
            None => parts.into_iter().map(Json::from).collect(),
            Some(index) => {
                let part = usize::try_from(index).ok().and_then(|index| parts.get(index));
                part.map(|part| Json::from(*part)).into_iter().collect()
            }
        })
    })
}

fn index_of(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    binary_and_options::<Scalar, Scalar, Long, Long>(
        arguments,
        |text, search, [start, length, occurrence]| {
            let start = start.unwrap_or(0);
            // A start before the text counts from its end.
            let start = if start < 0 {
                usize::try_from(text.chars().count() as i64 + start).unwrap_or(0)
            } else {
                usize::try_from(start).ok()?
            };
            let length = match length {
                None | Some(-1) => usize::MAX,
                Some(length) => usize::try_from(length).ok()?,
            };
            let occurrence = usize::try_from(occurrence.unwrap_or(1)).ok()?;
            let from = offset(text, start);
            // The length bounds where a match may start, not where it ends.
            let to = from + offset(&text[from..], length);
            let found = nth_match(text, search, from, occurrence).filter(|at| *at < to || *at == from);
            Some(found.map_or(-1, |at| text[..at].chars().count() as i64))
        },
    )
}

/// Where the text occurs for the n-th time, counted from 1, at or after a byte.
fn nth_match(text: &str, search: &str, mut from: usize, occurrence: usize) -> Option<usize> {
    for _ in 1..occurrence {
        let at = from + text[from..].find(search)?;
        from = at + text[at..].chars().next().map_or(1, char::len_utf8);
        if from > text.len() {
            return None;
        }
    }
    text[from..].find(search).map(|at| from + at)
}

fn count_of(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    match arguments.constant_text(2).as_deref() {
        None | Some("normal") => binary::<Scalar, Text, Long>(arguments, |text, search| {
            if search.is_empty() {
                return Some(text.chars().count() as i64 + 1);
            }
            // Occurrences may overlap.
            let (mut count, mut from) = (0, 0);
            while let Some(at) = nth_match(text, search, from, 1) {
                count += 1;
                from = at + text[at..].chars().next().map_or(1, char::len_utf8);
            }
            Some(count)
        }),
        Some("regex") => {
            let regex = super::regular::literal(arguments, 1, str::to_owned)?;
            binary::<Scalar, Text, Long>(arguments, move |text, _| {
                Some(regex.find_iter(text).count() as i64)
            })
        }
        Some(_) => Err(arguments.invalid(2, "'normal' or 'regex'")),
    }
}

fn make_string(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    variadic::<kind::AnyJson, Text>(arguments, |values| {
        let mut text = String::new();
        for value in values.iter().flatten() {
            for point in json::list(value) {
                text.push(char::from_u32(u32::try_from(point.as_u64()?).ok()?)?);
            }
        }
        Some(text)
    })
}

fn repeat(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    binary::<kind::AnyJson, Long, kind::Json>(arguments, |value, count| {
        let count = usize::try_from(count).unwrap_or(0).min(MAX_REPEAT);
        Some(Json::Array(vec![(*value).clone(); count]))
    })
}

/// The most repetitions that the service makes of a value.
const MAX_REPEAT: usize = 1024;
