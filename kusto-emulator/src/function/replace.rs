//! Replacing parts of strings.

use super::arguments::Arguments;
use super::json::{Json, plain_text};
use super::kind::{self, Text};
use super::lift::ternary;
use super::{Call, Family, Function, regular};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Replacement",
    functions: &[
        Function::new("replace", (3, 3), "(regex, rewrite, text) -> string", |a| {
            regex(a, 2, 0, 1)
        }),
        Function::new("replace_regex", (3, 3), "(text, regex, rewrite) -> string", |a| {
            regex(a, 0, 1, 2)
        }),
        Function::new(
            "replace_string",
            (3, 3),
            "(text, search, rewrite) -> string",
            string,
        ),
        Function::new(
            "replace_strings",
            (3, 3),
            "(text, searches: dynamic, rewrites: dynamic) -> string",
            strings,
        ),
        Function::new(
            "translate",
            (3, 3),
            "(search list, replacement list, text) -> string",
            translate,
        ),
    ],
};

fn string(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    ternary::<Text, Text, Text, Text>(arguments, |text, search, rewrite| {
        Some(if search.is_empty() {
            text.to_owned()
        } else {
            text.replace(search, rewrite)
        })
    })
}

/// One search after the other; what one of them wrote is not searched by those after it.
fn strings(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    ternary::<Text, kind::Json, kind::Json, Text>(arguments, |text, searches, rewrites| {
        let texts = |value: &Json| -> Option<Vec<String>> {
            Some(
                value
                    .as_array()?
                    .iter()
                    .map(|value| plain_text(value).into_owned())
                    .collect(),
            )
        };
        let (searches, rewrites) = (texts(&searches)?, texts(&rewrites)?);
        if searches.len() != rewrites.len() {
            return None;
        }
        // Pieces of the text, and whether a search has written them.
        let mut pieces = vec![(text.to_owned(), false)];
        for (search, rewrite) in searches
            .iter()
            .zip(&rewrites)
            .filter(|(search, _)| !search.is_empty())
        {
            let mut next = Vec::with_capacity(pieces.len());
            for (piece, written) in pieces {
                if written || !piece.contains(search.as_str()) {
                    next.push((piece, written));
                    continue;
                }
                for (index, part) in piece.split(search.as_str()).enumerate() {
                    if index > 0 {
                        next.push((rewrite.clone(), true));
                    }
                    next.push((part.to_owned(), false));
                }
            }
            pieces = next;
        }
        Some(pieces.into_iter().map(|(piece, _)| piece).collect())
    })
}

/// Replaces every match; `\1` in the rewriting is what the first group matched, `\0` the whole match.
fn regex(arguments: &Arguments<'_>, text: usize, pattern: usize, rewrite: usize) -> Result<Call, BindError> {
    let regex = regular::literal(arguments, pattern, str::to_owned)?;
    let rewrite = rewriting(&arguments.literal_text(rewrite)?);
    ternary::<Text, Text, Text, Text>(arguments, move |a, b, c| {
        let text = [a, b, c][text];
        Some(regex.replace_all(text, rewrite.as_str()).into_owned())
    })
}

/// The service's notation for groups, `\1`, in that of the regular expressions here, `${1}`.
fn rewriting(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '$' => result.push_str("$$"),
            '\\' => match chars.next() {
                Some(digit) if digit.is_ascii_digit() => {
                    result.push_str("${");
                    result.push(digit);
                    result.push('}');
                }
                Some('$') => result.push_str("$$"),
                Some(escaped) => result.push(escaped),
                None => result.push('\\'),
            },
            c => result.push(c),
        }
    }
    result
}

/// Each character of the search list becomes the one at its place in the replacement list; the last one there
/// stands for all that follow, and with an empty list they are dropped.
fn translate(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    ternary::<Text, Text, Text, Text>(arguments, |search, replacement, text| {
        let search: Vec<char> = search.chars().collect();
        let replacement: Vec<char> = replacement.chars().collect();
        let translated = text
            .chars()
            .filter_map(|c| match search.iter().position(|known| *known == c) {
                Some(at) => replacement.get(at).or_else(|| replacement.last()).copied(),
                None => Some(c),
            });
        Some(translated.collect())
    })
}
