//! Aggregates that gather values into arrays and bags.

use std::collections::HashSet;

use kusto_protocol::{ColumnType, Value};

use super::filter::filtered;
use super::{Accumulator, Aggregate};
use crate::error::{BindError, EvalError};
use crate::function::arguments::Arguments;
use crate::function::json::{self, Json};
use crate::function::key::Key;
use crate::function::kind::{Json as JsonKind, Long, nullable_texts};
use crate::function::{Function, conversion};
use crate::vector::Vector;

pub(super) const FUNCTIONS: &[Function<Aggregate>] = &[
    Function::new("make_bag", (1, 2), "(bag: dynamic, [max size]) -> dynamic", bag),
    Function::new(
        "make_bag_if",
        (2, 3),
        "(bag: dynamic, if: bool, [max size]) -> dynamic",
        |a| filtered(a, 1, bag),
    ),
    Function::new(
        "make_dictionary",
        (1, 2),
        "(bag: dynamic, [max size]) -> dynamic",
        bag,
    ),
    Function::new("make_list", (1, 2), "(value, [max size]) -> dynamic", list),
    Function::new(
        "make_list_if",
        (2, 3),
        "(value, if: bool, [max size]) -> dynamic",
        |a| filtered(a, 1, list),
    ),
    Function::new(
        "make_list_with_nulls",
        (1, 1),
        "(value) -> dynamic",
        list_with_nulls,
    ),
    Function::new("make_set", (1, 2), "(value, [max size]) -> dynamic", set),
    Function::new(
        "make_set_if",
        (2, 3),
        "(value, if: bool, [max size]) -> dynamic",
        |a| filtered(a, 1, set),
    ),
    Function::new("makelist", (1, 2), "(value, [max size]) -> dynamic", list),
    Function::new("makeset", (1, 2), "(value, [max size]) -> dynamic", set),
];

fn list(arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    array(arguments, false, false)
}

fn list_with_nulls(arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    array(arguments, true, false)
}

fn set(arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    array(arguments, false, true)
}

fn array(arguments: &Arguments<'_>, nulls: bool, distinct: bool) -> Result<Aggregate, BindError> {
    let max_size = max_size(arguments)?;
    Ok(Aggregate::new(vec![ColumnType::Dynamic], move || Arrays {
        limits: Limits {
            max_size,
            nulls,
            distinct,
        },
        arrays: Vec::new(),
    }))
}

/// The most elements that are gathered: as asked for, or what the service has as its limit.
fn max_size(arguments: &Arguments<'_>) -> Result<usize, BindError> {
    if arguments.len() < 2 {
        return Ok(MAX_SIZE);
    }
    arguments.target::<Long>(1)?;
    let size = arguments.literal_text(1)?;
    size.parse()
        .map_err(|_| arguments.invalid(1, "a positive number"))
}

struct Arrays {
    limits: Limits,
    arrays: Vec<Array>,
}

/// Which values are gathered.
#[derive(Clone, Copy)]
struct Limits {
    max_size: usize,
    /// Whether nulls are elements too.
    nulls: bool,
    /// Whether equal values are gathered once.
    distinct: bool,
}

impl Limits {
    fn gather(self, array: &mut Array, value: Value<'_>, ty: &ColumnType) {
        if array.len >= self.max_size || (matches!(value, Value::Null) && !self.nulls) {
            return;
        }
        if self.distinct && !Key::new(value, ty).is_some_and(|key| key.add_to(&mut array.seen)) {
            return;
        }
        array.push(value);
    }
}

/// An array in the making: its text without the closing bracket.
#[derive(Default)]
struct Array {
    text: String,
    len: usize,
    seen: HashSet<Key<'static>>,
}

impl Array {
    fn push(&mut self, value: Value<'_>) {
        self.text.push(if self.len == 0 { '[' } else { ',' });
        self.len += 1;
        match value {
            Value::Int(value) => self.text.push_str(&value.to_string()),
            Value::Long(value) => self.text.push_str(&value.to_string()),
            // The text of a dynamic is JSON already.
            Value::Dynamic(text) => self.text.push_str(text),
            value => self.text.push_str(&json::to_text(&json::from_value(value))),
        }
    }

    fn finish(mut self) -> String {
        if self.len == 0 {
            self.text.push('[');
        }
        self.text.push(']');
        self.text
    }
}

impl Accumulator for Arrays {
    fn update(
        &mut self,
        groups: &[u32],
        num_groups: usize,
        arguments: &[Vector],
        _rows: usize,
    ) -> Result<(), EvalError> {
        self.arrays.resize_with(num_groups, Array::default);
        let values = &arguments[0];
        for (row, group) in groups.iter().enumerate() {
            let array = &mut self.arrays[*group as usize];
            match values.value(row) {
                // The elements of an array are gathered, not the array.
                Value::Dynamic(text) if text.starts_with('[') => {
                    let Json::Array(elements) = json::parse(text) else {
                        continue;
                    };
                    for element in elements {
                        let text = json::to_text(&element);
                        let value = match element {
                            Json::Null => Value::Null,
                            _ => Value::Dynamic(&text),
                        };
                        self.limits.gather(array, value, values.ty());
                    }
                }
                value => self.limits.gather(array, value, values.ty()),
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, num_groups: usize) -> Result<Vec<Vector>, EvalError> {
        self.arrays.resize_with(num_groups, Array::default);
        let texts = nullable_texts(self.arrays.into_iter().map(|array| Some(array.finish())))?;
        Ok(vec![Vector::new(ColumnType::Dynamic, texts)])
    }
}

fn bag(arguments: &Arguments<'_>) -> Result<Aggregate, BindError> {
    arguments.target::<JsonKind>(0)?;
    let max_size = max_size(arguments)?;
    Ok(Aggregate::new(vec![ColumnType::Dynamic], move || Bags {
        max_size,
        bags: Vec::new(),
    }))
}

/// Bags in the making: a key keeps the first value it came with.
struct Bags {
    max_size: usize,
    bags: Vec<serde_json::Map<String, Json>>,
}

impl Accumulator for Bags {
    fn update(
        &mut self,
        groups: &[u32],
        num_groups: usize,
        arguments: &[Vector],
        _rows: usize,
    ) -> Result<(), EvalError> {
        self.bags.resize_with(num_groups, serde_json::Map::new);
        for (row, group) in groups.iter().enumerate() {
            let bag = &mut self.bags[*group as usize];
            let Json::Object(slots) = json::parse(&conversion::text(arguments[0].value(row))) else {
                continue;
            };
            for (key, value) in slots {
                if bag.len() < self.max_size && !bag.contains_key(&key) {
                    bag.insert(key, value);
                }
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, num_groups: usize) -> Result<Vec<Vector>, EvalError> {
        self.bags.resize_with(num_groups, serde_json::Map::new);
        let texts = self
            .bags
            .into_iter()
            .map(|bag| Some(json::to_text(&Json::Object(bag))));
        Ok(vec![Vector::new(ColumnType::Dynamic, nullable_texts(texts)?)])
    }
}

const MAX_SIZE: usize = 1_048_576;
