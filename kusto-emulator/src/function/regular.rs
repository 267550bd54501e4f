//! Regular expressions: `extract`, `extract_all`, `trim`, `indexof_regex` and the cache they share.

use kusto_protocol::{ColumnType, Value};
use regex::Regex;

use super::arguments::{Arguments, converted};
use super::conversion;
use super::json::{self, Json};
use super::kind::{self, Input, Long, Scalar, Text};
use super::lift::{binary, collect, unary};
use super::{Call, Family, Function};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Regular expressions",
    functions: &[
        Function::new(
            "extract",
            (3, 4),
            "(regex, group: long, text: string, [typeof]) -> string",
            extract,
        ),
        Function::new(
            "extract_all",
            (2, 3),
            "(regex, [groups: dynamic], text: string) -> dynamic",
            extract_all,
        ),
        Function::new(
            "extractall",
            (2, 3),
            "(regex, [groups: dynamic], text: string) -> dynamic",
            extract_all,
        ),
        Function::new(
            "indexof_regex",
            (2, 5),
            "(text, regex, [start], [length], [occurrence]) -> long",
            index_of,
        ),
        Function::new("regex_quote", (1, 1), "(text) -> string", |a| {
            unary::<Scalar, Text>(a, |text| Some(regex::escape(text)))
        }),
        Function::new("trim", (2, 2), "(regex, text: string) -> string", |a| {
            trim(a, true, true)
        }),
        Function::new("trim_end", (2, 2), "(regex, text: string) -> string", |a| {
            trim(a, false, true)
        }),
        Function::new("trim_start", (2, 2), "(regex, text: string) -> string", |a| {
            trim(a, true, false)
        }),
    ],
};

/// The regular expression of a constant argument, compiled once; `None` if the argument varies.
pub(super) fn fixed(arguments: &Arguments<'_>, index: usize) -> Result<Option<Regex>, BindError> {
    arguments.target::<Text>(index)?;
    let Some(text) = arguments.constant_text(index) else {
        return Ok(None);
    };
    compile(arguments, &text).map(Some)
}

/// The regular expression of an argument that must be constant, put into a frame such as `^(?:…)`.
pub(super) fn literal(
    arguments: &Arguments<'_>,
    index: usize,
    frame: impl Fn(&str) -> String,
) -> Result<Regex, BindError> {
    arguments.target::<Text>(index)?;
    let text = arguments.literal_text(index)?;
    compile(arguments, &text)?;
    compile(arguments, &frame(&text))
}

fn compile(arguments: &Arguments<'_>, text: &str) -> Result<Regex, BindError> {
    Regex::new(text).map_err(|_| {
        BindError::semantic(
            "SEM0420",
            format!(
                "{}(): the regular expression '{text}' is not valid.",
                arguments.name()
            ),
        )
    })
}

/// The regular expression of the row before: patterns of a column tend to repeat.
#[derive(Default)]
pub(super) struct Cache(Option<(String, Option<Regex>)>);

impl Cache {
    /// The compiled pattern; `None` if it is not valid.
    pub(super) fn regex(&mut self, pattern: &str) -> Option<&Regex> {
        if self.0.as_ref().is_none_or(|(cached, _)| cached != pattern) {
            self.0 = Some((pattern.to_owned(), Regex::new(pattern).ok()));
        }
        self.0.as_ref()?.1.as_ref()
    }
}

fn extract(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    let regex = literal(arguments, 0, str::to_owned)?;
    arguments.target::<Long>(1)?;
    arguments.target::<Text>(2)?;
    // `typeof(long)` comes as the name of the type.
    let ty = match arguments.len() {
        4 => ColumnType::from_name(&arguments.literal_text(3)?),
        _ => ColumnType::String,
    };
    if matches!(ty, ColumnType::Unknown(_)) {
        return Err(arguments.invalid(3, "typeof() of a scalar type"));
    }
    Ok(Call::new(ty.clone(), move |vectors, rows, _| {
        let vectors = &vectors[..3];
        let (groups, texts) = (
            converted(vectors, 1, &ColumnType::Long)?,
            converted(vectors, 2, &ColumnType::String)?,
        );
        let (group, text) = (Long::read(&groups), Text::read(&texts));
        let found = collect::<Text>(vectors, rows, |row| {
            let group = usize::try_from(group(row)?).ok()?;
            Some(regex.captures(text(row)?)?.get(group)?.as_str().to_owned())
        })?;
        conversion::cast(&found, &ty)
    }))
}

fn extract_all(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    let regex = literal(arguments, 0, str::to_owned)?;
    let (groups, text) = match arguments.constant_value(1) {
        Some(Value::Dynamic(groups)) if arguments.len() == 3 => (groups_of(&regex, groups), 2),
        _ if arguments.len() == 3 => return Err(arguments.invalid(1, "a constant dynamic array")),
        _ => ((1..regex.captures_len()).collect(), 1),
    };
    if regex.captures_len() == 1 {
        return Err(arguments.invalid(0, "a regular expression with a capture group"));
    }
    arguments.target::<Text>(text)?;
    Ok(Call::new(ColumnType::Dynamic, move |vectors, rows, _| {
        let texts = converted(vectors, text, &ColumnType::String)?;
        let read = Text::read(&texts);
        collect::<kind::Json>(vectors, rows, |row| {
            let matches: Vec<Json> = regex
                .captures_iter(read(row)?)
                .map(|captures| {
                    let text =
                        |group: usize| Json::from(captures.get(group).map_or("", |found| found.as_str()));
                    match groups.as_slice() {
                        [group] => text(*group),
                        groups => groups.iter().map(|group| text(*group)).collect(),
                    }
                })
                .collect();
            (!matches.is_empty()).then_some(Json::Array(matches))
        })
    }))
}

/// The numbers of the groups in a list of numbers and names.
fn groups_of(regex: &Regex, list: &str) -> Vec<usize> {
    let json = json::parse(list);
    let groups = json.as_array().map_or(&[][..], Vec::as_slice);
    groups
        .iter()
        .filter_map(|group| match group {
            Json::String(name) => regex.capture_names().position(|known| known == Some(name)),
            group => usize::try_from(group.as_i64()?).ok(),
        })
        .collect()
}

fn trim(arguments: &Arguments<'_>, start: bool, end: bool) -> Result<Call, BindError> {
    let leading = literal(arguments, 0, |regex| format!("^(?:{regex})"))?;
    let trailing = literal(arguments, 0, |regex| format!("(?:{regex})$"))?;
    binary::<Text, Text, Text>(arguments, move |_, text| {
        let mut text = text;
        if start && let Some(found) = leading.find(text) {
            text = &text[found.end()..];
        }
        if end && let Some(found) = trailing.find(text) {
            text = &text[..found.start()];
        }
        Some(text.to_owned())
    })
}

fn index_of(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    let regex = literal(arguments, 1, str::to_owned)?;
    super::lift::binary_and_options::<Scalar, Scalar, Long, Long>(
        arguments,
        move |text, _, [start, length, occurrence]| {
            let start = usize::try_from(start.unwrap_or(0)).ok()?;
            let length = match length {
                None | Some(-1) => usize::MAX,
                Some(length) => usize::try_from(length).ok()?,
            };
            let occurrence = usize::try_from(occurrence.unwrap_or(1)).ok()?.checked_sub(1)?;
            let from = offset(text, start);
            let to = from + offset(&text[from..], length);
            let found = regex.find_iter(&text[from..to]).nth(occurrence);
            Some(found.map_or(-1, |found| text[..from + found.start()].chars().count() as i64))
        },
    )
}

/// The byte at which the character `index` starts, or the end of the text.
pub(super) fn offset(text: &str, index: usize) -> usize {
    text.char_indices().nth(index).map_or(text.len(), |(at, _)| at)
}
