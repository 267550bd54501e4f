//! `in`, `has_any` and their kin: a value against a list.
//!
//! The list is made of scalars and of dynamic arrays, whose elements count one by one.

use std::collections::HashSet;

use kusto_protocol::{ColumnType, Value};

use super::arguments::{Arguments, converted};
use super::json;
use super::key::Key;
use super::kind::{self, AnyJson, Input, Text};
use super::lift::{binary, collect, is_constant};
use super::pattern::{Needle, Search};
use super::{Call, Family, Function, MANY, comparison, conversion};
use crate::error::BindError;
use crate::vector::Vector;

pub(super) const FAMILY: Family = Family {
    name: "List operators",
    functions: &[
        Function::new("in", (1, MANY), "(value, element or array, …) -> bool", |a| {
            is_in(a, true)
        }),
        Function::new("!in", (1, MANY), "(value, element or array, …) -> bool", |a| {
            is_in(a, false)
        }),
        Function::new("in~", (1, MANY), "(text, element or array, …) -> bool", |a| {
            is_in_ignoring_case(a, true)
        }),
        Function::new("!in~", (1, MANY), "(text, element or array, …) -> bool", |a| {
            is_in_ignoring_case(a, false)
        }),
        Function::new("has_any", (2, MANY), "(text, term or array, …) -> bool", |a| {
            has(a, false)
        }),
        Function::new("has_all", (2, MANY), "(text, term or array, …) -> bool", |a| {
            has(a, true)
        }),
        Function::new(
            "has_any_index",
            (2, 2),
            "(text, terms: dynamic) -> long",
            has_any_index,
        ),
    ],
};

/// The elements of a list in one row.
fn elements(vectors: &[Vector], ty: &ColumnType, row: usize) -> Vec<Key<'static>> {
    let mut elements = Vec::new();
    for vector in vectors {
        match vector.value(row) {
            Value::Dynamic(text) => {
                let value = json::parse(text);
                let keys = json::list(&value)
                    .iter()
                    .filter_map(|value| Key::new(conversion::scalar(value), ty));
                elements.extend(keys.map(Key::into_owned));
            }
            value => elements.extend(Key::new(value, ty).map(Key::into_owned)),
        }
    }
    elements
}

fn is_in(arguments: &Arguments<'_>, wanted: bool) -> Result<Call, BindError> {
    membership(arguments, arguments.ty(0).clone(), wanted, false)
}

fn is_in_ignoring_case(arguments: &Arguments<'_>, wanted: bool) -> Result<Call, BindError> {
    arguments.target::<Text>(0)?;
    membership(arguments, ColumnType::String, wanted, true)
}

fn membership(
    arguments: &Arguments<'_>,
    ty: ColumnType,
    wanted: bool,
    ignore_case: bool,
) -> Result<Call, BindError> {
    for (index, element) in arguments.types().enumerate().skip(1) {
        if comparison::common_type(&ty, element).is_none() {
            return Err(arguments.mismatch(index, &format!("of type {ty} or dynamic")));
        }
    }
    Ok(Call::new(ColumnType::Bool, move |vectors, rows, _| {
        let values = converted(vectors, 0, &ty)?;
        let constant = is_constant(&vectors[1..]);
        let sets: Vec<HashSet<Key<'static>>> = (0..if constant { 1 } else { rows })
            .map(|row| {
                let elements = elements(&vectors[1..], &ty, row).into_iter();
                elements
                    .map(|key| if ignore_case { key.folded() } else { key })
                    .collect()
            })
            .collect();
        collect::<kind::Bool>(vectors, rows, |row| {
            let found = Key::new(values.value(row), &ty).is_some_and(|key| {
                let key = if ignore_case { key.folded() } else { key };
                contains(&sets[if constant { 0 } else { row }], &key)
            });
            Some(found == wanted)
        })
    }))
}

/// A look-up with a key that lives shorter than the set's.
fn contains<'a>(set: &HashSet<Key<'a>>, key: &Key<'a>) -> bool {
    set.contains(key)
}

fn has(arguments: &Arguments<'_>, all: bool) -> Result<Call, BindError> {
    arguments.target::<Text>(0)?;
    Ok(Call::new(ColumnType::Bool, move |vectors, rows, _| {
        let texts = converted(vectors, 0, &ColumnType::String)?;
        let text = Text::read(&texts);
        let constant = is_constant(&vectors[1..]);
        let lists: Vec<Vec<Needle>> = (0..if constant { 1 } else { rows })
            .map(|row| {
                let terms = elements(&vectors[1..], &ColumnType::String, row);
                let needles = terms.iter().filter_map(|term| match term {
                    Key::Text(term) => Some(Needle::new(term, true)),
                    _ => None,
                });
                needles.collect()
            })
            .collect();
        let mut buffer = String::new();
        collect::<kind::Bool>(vectors, rows, |row| {
            let text = text(row)?;
            let mut found = lists[if constant { 0 } else { row }]
                .iter()
                .map(|needle| needle.is_in(Search::Has, text, &mut buffer));
            Some(if all {
                found.all(|found| found)
            } else {
                found.any(|found| found)
            })
        })
    }))
}

fn has_any_index(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    binary::<Text, AnyJson, kind::Long>(arguments, |text, terms| {
        let mut buffer = String::new();
        let index = terms.as_array()?.iter().position(|term| {
            Needle::new(&json::plain_text(term), true).is_in(Search::Has, text, &mut buffer)
        });
        Some(index.map_or(-1, |index| index as i64))
    })
}
