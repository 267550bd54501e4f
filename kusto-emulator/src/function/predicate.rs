//! Operators on strings: `has`, `contains`, `startswith`, `=~`, `matches regex` and their kin.

use kusto_protocol::ColumnType;

use super::arguments::{Arguments, converted};
use super::kind::{self, Input, Text};
use super::lift::{binary, collect};
use super::pattern::{Needle, Search, equal_ignoring_case};
use super::{Call, Family, Function, regular};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "String operators",
    functions: &[
        Function::new("has", (2, 2), SIGNATURE, |a| search(a, Search::Has, IGNORE_CASE)),
        Function::new("!has", (2, 2), SIGNATURE, |a| {
            search(a, Search::Has, IGNORE_CASE.not())
        }),
        Function::new("has_cs", (2, 2), SIGNATURE, |a| search(a, Search::Has, EXACT)),
        Function::new("!has_cs", (2, 2), SIGNATURE, |a| {
            search(a, Search::Has, EXACT.not())
        }),
        Function::new(":", (2, 2), SIGNATURE, |a| search(a, Search::Has, IGNORE_CASE)),
        Function::new("hasprefix", (2, 2), SIGNATURE, |a| {
            search(a, Search::HasPrefix, IGNORE_CASE)
        }),
        Function::new("!hasprefix", (2, 2), SIGNATURE, |a| {
            search(a, Search::HasPrefix, IGNORE_CASE.not())
        }),
        Function::new("hasprefix_cs", (2, 2), SIGNATURE, |a| {
            search(a, Search::HasPrefix, EXACT)
        }),
        Function::new("!hasprefix_cs", (2, 2), SIGNATURE, |a| {
            search(a, Search::HasPrefix, EXACT.not())
        }),
        Function::new("hassuffix", (2, 2), SIGNATURE, |a| {
            search(a, Search::HasSuffix, IGNORE_CASE)
        }),
        Function::new("!hassuffix", (2, 2), SIGNATURE, |a| {
            search(a, Search::HasSuffix, IGNORE_CASE.not())
        }),
        Function::new("hassuffix_cs", (2, 2), SIGNATURE, |a| {
            search(a, Search::HasSuffix, EXACT)
        }),
        Function::new("!hassuffix_cs", (2, 2), SIGNATURE, |a| {
            search(a, Search::HasSuffix, EXACT.not())
        }),
        Function::new("contains", (2, 2), SIGNATURE, |a| {
            search(a, Search::Contains, IGNORE_CASE)
        }),
        Function::new("!contains", (2, 2), SIGNATURE, |a| {
            search(a, Search::Contains, IGNORE_CASE.not())
        }),
        Function::new("contains_cs", (2, 2), SIGNATURE, |a| {
            search(a, Search::Contains, EXACT)
        }),
        Function::new("!contains_cs", (2, 2), SIGNATURE, |a| {
            search(a, Search::Contains, EXACT.not())
        }),
        Function::new("startswith", (2, 2), SIGNATURE, |a| {
            search(a, Search::StartsWith, IGNORE_CASE)
        }),
        Function::new("!startswith", (2, 2), SIGNATURE, |a| {
            search(a, Search::StartsWith, IGNORE_CASE.not())
        }),
        Function::new("startswith_cs", (2, 2), SIGNATURE, |a| {
            search(a, Search::StartsWith, EXACT)
        }),
        Function::new("!startswith_cs", (2, 2), SIGNATURE, |a| {
            search(a, Search::StartsWith, EXACT.not())
        }),
        Function::new("endswith", (2, 2), SIGNATURE, |a| {
            search(a, Search::EndsWith, IGNORE_CASE)
        }),
        Function::new("!endswith", (2, 2), SIGNATURE, |a| {
            search(a, Search::EndsWith, IGNORE_CASE.not())
        }),
        Function::new("endswith_cs", (2, 2), SIGNATURE, |a| {
            search(a, Search::EndsWith, EXACT)
        }),
        Function::new("!endswith_cs", (2, 2), SIGNATURE, |a| {
            search(a, Search::EndsWith, EXACT.not())
        }),
        Function::new("=~", (2, 2), SIGNATURE, |a| {
            binary::<Text, Text, kind::Bool>(a, |left, right| Some(equal_ignoring_case(left, right)))
        }),
        Function::new("!~", (2, 2), SIGNATURE, |a| {
            binary::<Text, Text, kind::Bool>(a, |left, right| Some(!equal_ignoring_case(left, right)))
        }),
        Function::new(
            "matches regex",
            (2, 2),
            "(text: string, regex: string) -> bool",
            matches_regex,
        ),
    ],
};

const SIGNATURE: &str = "(text: string, needle: string) -> bool";

/// How the outcome of a search counts.
#[derive(Clone, Copy)]
struct Mode {
    ignore_case: bool,
    wanted: bool,
}

impl Mode {
    const fn not(self) -> Self {
        Self {
            wanted: !self.wanted,
            ..self
        }
    }
}

const IGNORE_CASE: Mode = Mode {
    ignore_case: true,
    wanted: true,
};
const EXACT: Mode = Mode {
    ignore_case: false,
    wanted: true,
};

fn search(arguments: &Arguments<'_>, search: Search, mode: Mode) -> Result<Call, BindError> {
    arguments.target::<Text>(0)?;
    arguments.target::<Text>(1)?;
    let fixed = arguments
        .constant_text(1)
        .map(|text| Needle::new(&text, mode.ignore_case));
    Ok(Call::new(ColumnType::Bool, move |vectors, rows, _| {
        let (texts, needles) = (
            converted(vectors, 0, &ColumnType::String)?,
            converted(vectors, 1, &ColumnType::String)?,
        );
        let (text, needle) = (Text::read(&texts), Text::read(&needles));
        let mut buffer = String::new();
        collect::<kind::Bool>(vectors, rows, |row| {
            let found = match &fixed {
                Some(fixed) => fixed.is_in(search, text(row)?, &mut buffer),
                None => Needle::new(needle(row)?, mode.ignore_case).is_in(search, text(row)?, &mut buffer),
            };
            Some(found == mode.wanted)
        })
    }))
}

fn matches_regex(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    arguments.target::<Text>(0)?;
    let fixed = regular::fixed(arguments, 1)?;
    Ok(Call::new(ColumnType::Bool, move |vectors, rows, _| {
        let (texts, patterns) = (
            converted(vectors, 0, &ColumnType::String)?,
            converted(vectors, 1, &ColumnType::String)?,
        );
        let (text, pattern) = (Text::read(&texts), Text::read(&patterns));
        let mut cache = regular::Cache::default();
        collect::<kind::Bool>(vectors, rows, |row| {
            Some(match &fixed {
                Some(regex) => regex.is_match(text(row)?),
                None => cache.regex(pattern(row)?)?.is_match(text(row)?),
            })
        })
    }))
}
