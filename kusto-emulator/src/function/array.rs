//! Dynamic arrays: making, measuring, cutting, joining.

use kusto_protocol::ColumnType;

use super::arguments::Arguments;
use super::json::{self, Json};
use super::kind::{self, AnyJson, DateTime, Long, Nullable, Real, Scalar, Text, Timespan};
use super::lift::{binary, binary_and_options, ternary, unary, variadic};
use super::{Call, Family, Function, MANY, time_text};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Arrays",
    functions: &[
        Function::new("array_concat", (1, 64), "(array, …) -> dynamic", |a| {
            variadic::<kind::Json, kind::Json>(a, |arrays| {
                let mut all = Vec::new();
                for array in arrays {
                    all.extend_from_slice(array.as_ref()?.as_array()?);
                }
                Some(Json::Array(all))
            })
        }),
        Function::new(
            "array_iff",
            (3, 3),
            "(conditions, then, else) -> dynamic",
            array_iff,
        ),
        Function::new(
            "array_iif",
            (3, 3),
            "(conditions, then, else) -> dynamic",
            array_iff,
        ),
        Function::new(
            "array_index_of",
            (2, 5),
            "(array, value, [start], [length], [occurrence]) -> long",
            index_of,
        ),
        Function::new("array_length", (1, 1), "(array) -> long", |a| {
            unary::<kind::Json, Long>(a, |array| Some(array.as_array()?.len() as i64))
        }),
        Function::new("array_reverse", (1, 1), "(array) -> dynamic", |a| {
            unary::<kind::Json, kind::Json>(a, |array| {
                Some(array.as_array()?.iter().rev().cloned().collect())
            })
        }),
        Function::new("array_rotate_left", (2, 2), "(array, count) -> dynamic", |a| {
            rotate(a, 1)
        }),
        Function::new("array_rotate_right", (2, 2), "(array, count) -> dynamic", |a| {
            rotate(a, -1)
        }),
        Function::new(
            "array_shift_left",
            (2, 3),
            "(array, count, [filler]) -> dynamic",
            |a| shift(a, 1),
        ),
        Function::new(
            "array_shift_right",
            (2, 3),
            "(array, count, [filler]) -> dynamic",
            |a| shift(a, -1),
        ),
        Function::new("array_slice", (3, 3), "(array, first, last) -> dynamic", slice),
        Function::new(
            "array_split",
            (2, 2),
            "(array, index or indices) -> dynamic",
            split,
        ),
        Function::new("array_strcat", (2, 2), "(array, delimiter) -> string", join),
        Function::new("array_sum", (1, 1), "(array) -> real", |a| {
            unary::<kind::Json, Real>(a, |array| {
                // A sum with something in it that is no number is none.
                array.as_array()?.iter().map(Json::as_f64).sum()
            })
        }),
        Function::new("pack_array", (0, MANY), "(value, …) -> dynamic", |a| {
            variadic::<AnyJson, kind::Json>(a, |values| {
                Some(values.iter().flatten().map(|value| (**value).clone()).collect())
            })
        }),
        Function::new("range", (2, 3), "(start, stop, [step]) -> dynamic", range),
        Function::new("strcat_array", (2, 2), "(array, delimiter) -> string", join),
        Function::new("zip", (2, 64), "(array, …) -> dynamic", zip),
    ],
};

fn join(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    binary::<kind::Json, Scalar, Text>(arguments, |array, delimiter| {
        let texts: Vec<_> = array.as_array()?.iter().map(json::plain_text).collect();
        Some(texts.join(delimiter))
    })
}

fn array_iff(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    ternary::<kind::Json, AnyJson, AnyJson, kind::Json>(arguments, |conditions, then, otherwise| {
        // A scalar stands for an array of itself.
        let choose = |from: &Json, index: usize| match from {
            Json::Array(array) => array.get(index).cloned().unwrap_or(Json::Null),
            value => value.clone(),
        };
        let chosen = conditions
            .as_array()?
            .iter()
            .enumerate()
            .map(|(index, condition)| {
                let holds = match condition {
                    Json::Bool(value) => Some(*value),
                    value => value.as_f64().map(|value| value != 0.0),
                };
                match holds {
                    Some(true) => choose(&then, index),
                    Some(false) => choose(&otherwise, index),
                    None => Json::Null,
                }
            });
        Some(chosen.collect())
    })
}

/// The place of an index in an array of so many elements; a negative one counts from the end.
fn place(index: i64, len: usize) -> i64 {
    if index < 0 { len as i64 + index } else { index }
}

fn slice(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    ternary::<kind::Json, Long, Long, kind::Json>(arguments, |array, first, last| {
        let array = array.as_array()?;
        let first = place(first, array.len()).max(0) as usize;
        let last = place(last, array.len());
        let end = usize::try_from(last.saturating_add(1))
            .unwrap_or(0)
            .min(array.len());
        Some(array.get(first..end).unwrap_or_default().to_vec().into())
    })
}

fn split(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    binary::<kind::Json, AnyJson, kind::Json>(arguments, |array, indices| {
        let array = array.as_array()?;
        let mut parts = Vec::new();
        let mut from = 0;
        for index in json::list(&indices) {
            let to = place(index.as_i64()?, array.len()).clamp(from as i64, array.len() as i64) as usize;
            parts.push(Json::from(&array[from..to]));
            from = to;
        }
        parts.push(Json::from(&array[from..]));
        Some(Json::Array(parts))
    })
}

fn rotate(arguments: &Arguments<'_>, direction: i64) -> Result<Call, BindError> {
    binary::<kind::Json, Long, kind::Json>(arguments, move |array, count| {
        let mut array = array.as_array()?.clone();
        if !array.is_empty() {
            let count = (count.wrapping_mul(direction)).rem_euclid(array.len() as i64);
            array.rotate_left(count as usize);
        }
        Some(Json::Array(array))
    })
}

fn shift(arguments: &Arguments<'_>, direction: i64) -> Result<Call, BindError> {
    ternary::<kind::Json, Long, Nullable<AnyJson>, kind::Json>(arguments, move |array, count, filler| {
        let array = array.as_array()?;
        let filler = filler.map_or(Json::Null, |filler| (*filler).clone());
        let count = count.checked_mul(direction)?;
        let shifted = (0..array.len()).map(|index| {
            let from = (index as i64)
                .checked_add(count)
                .and_then(|from| usize::try_from(from).ok());
            from.and_then(|from| array.get(from)).unwrap_or(&filler).clone()
        });
        Some(shifted.collect())
    })
}

fn index_of(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    if arguments.len() == 2 {
        return binary::<kind::Json, AnyJson, Long>(arguments, |array, value| {
            let found = array
                .as_array()?
                .iter()
                .position(|element| json::equal(element, &value));
            Some(found.map_or(-1, |index| index as i64))
        });
    }
    binary_and_options::<kind::Json, AnyJson, Long, Long>(
        arguments,
        |array, value, [start, length, occurrence]| {
            let array = array.as_array()?;
            let start = place(start.unwrap_or(0), array.len()).max(0) as usize;
            let length = match length {
                None | Some(-1) => usize::MAX,
                Some(length) => usize::try_from(length).ok()?,
            };
            let occurrence = usize::try_from(occurrence.unwrap_or(1)).ok()?.checked_sub(1)?;
            let found = array
                .iter()
                .enumerate()
                .skip(start)
                .take(length)
                .filter(|(_, element)| json::equal(element, &value))
                .nth(occurrence);
            Some(found.map_or(-1, |(index, _)| index as i64))
        },
    )
}

fn zip(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    variadic::<kind::Json, kind::Json>(arguments, |arrays| {
        let arrays: Option<Vec<&Vec<Json>>> = arrays.iter().map(|array| array.as_ref()?.as_array()).collect();
        let arrays = arrays?;
        let len = arrays.iter().map(|array| array.len()).max().unwrap_or(0);
        let rows = (0..len).map(|index| {
            let row = arrays
                .iter()
                .map(|array| array.get(index).cloned().unwrap_or(Json::Null));
            row.collect::<Json>()
        });
        Some(rows.collect())
    })
}

fn range(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    use ColumnType as T;
    if arguments.types().any(|ty| matches!(ty, T::Real | T::Decimal)) {
        return ternary::<Real, Real, Nullable<Real>, kind::Json>(arguments, |start, stop, step| {
            let step = step.unwrap_or(1.0);
            let count = ((stop - start) / step).floor();
            if step == 0.0 || !count.is_finite() {
                return None;
            }
            let count = (count as i64).saturating_add(1).clamp(0, MAX_RANGE);
            Some(
                (0..count)
                    .map(|index| json::from_real(step.mul_add(index as f64, start)))
                    .collect(),
            )
        });
    }
    let whole = |start: i64, stop: i64, step: i64, write: &dyn Fn(i64) -> Json| -> Option<Json> {
        if step == 0 {
            return None;
        }
        let distance = i128::from(stop) - i128::from(start);
        // Away from the stop there is not even the start.
        let count = match distance.signum() * i128::from(step.signum()) {
            -1 => 0,
            _ => (distance / i128::from(step) + 1).min(MAX_RANGE.into()) as i64,
        };
        Some(
            (0..count)
                .map(|index| write(start.wrapping_add(index.wrapping_mul(step))))
                .collect(),
        )
    };
    match (arguments.ty(0), arguments.ty(1)) {
        (T::DateTime, _) | (_, T::DateTime) => ternary::<DateTime, DateTime, Nullable<Timespan>, kind::Json>(
            arguments,
            move |start, stop, step| {
                whole(start, stop, step.unwrap_or(HOUR), &|ticks| {
                    Json::String(time_text::datetime(kusto_protocol::DateTime::from_ticks(ticks)))
                })
            },
        ),
        (T::Timespan, _) | (_, T::Timespan) => ternary::<Timespan, Timespan, Nullable<Timespan>, kind::Json>(
            arguments,
            move |start, stop, step| {
                whole(start, stop, step.unwrap_or(HOUR), &|ticks| {
                    Json::String(kusto_protocol::Timespan::from_ticks(ticks).to_string())
                })
            },
        ),
        _ => ternary::<Long, Long, Nullable<Long>, kind::Json>(arguments, move |start, stop, step| {
            whole(start, stop, step.unwrap_or(1), &|value| Json::from(value))
        }),
    }
}

/// The most elements that the service puts into one range.
const MAX_RANGE: i64 = 1_048_576;
const HOUR: i64 = 36_000_000_000;

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn arrays_are_cut_and_turned() {
        let array = "dynamic:[1,2,3,4,5]";
        check("array_length", &[array], "long:5");
        check("array_length", &["dynamic:{}"], "long:null");
        check("array_slice", &[array, "long:-3", "long:-2"], "dynamic:[3,4]");
        check("array_slice", &[array, "long:3", "long:10"], "dynamic:[4,5]");
        check("array_slice", &[array, "long:4", "long:1"], "dynamic:[]");
        check("array_split", &[array, "long:2"], "dynamic:[[1,2],[3,4,5]]");
        check(
            "array_split",
            &[array, "dynamic:[1,-2]"],
            "dynamic:[[1],[2,3],[4,5]]",
        );
        check("array_rotate_left", &[array, "long:-2"], "dynamic:[4,5,1,2,3]");
        check("array_rotate_right", &[array, "long:2"], "dynamic:[4,5,1,2,3]");
        check(
            "array_shift_left",
            &[array, "long:2"],
            "dynamic:[3,4,5,null,null]",
        );
        check(
            "array_shift_right",
            &[array, "long:2", "long:-1"],
            "dynamic:[-1,-1,1,2,3]",
        );
        check("array_reverse", &[array], "dynamic:[5,4,3,2,1]");
        check(
            "array_concat",
            &["dynamic:[1]", "dynamic:[\"a\"]"],
            "dynamic:[1,\"a\"]",
        );
        check(
            "zip",
            &["dynamic:[1,2]", "dynamic:[\"a\"]"],
            "dynamic:[[1,\"a\"],[2,null]]",
        );
    }

    #[test]
    fn elements_are_looked_up_and_summed() {
        check(
            "array_index_of",
            &["dynamic:[\"a\",\"b\",\"a\"]", "a", "long:1"],
            "long:2",
        );
        check("array_index_of", &["dynamic:[1,2]", "real:2"], "long:1");
        check("array_index_of", &["dynamic:[1,2]", "long:3"], "long:-1");
        check("array_sum", &["dynamic:[1,2.5]"], "real:3.5");
        check("array_sum", &["dynamic:[1,\"x\"]"], "real:null");
        check(
            "array_iff",
            &["dynamic:[1,false,null]", "yes", "dynamic:[\"a\",\"b\"]"],
            "dynamic:[\"yes\",\"b\",null]",
        );
        check("strcat_array", &["dynamic:[1,\"b\",null]", "->"], "1->b->");
        check(
            "pack_array",
            &["long:1", "a", "timespan:01:00:00"],
            "dynamic:[1,\"a\",\"01:00:00\"]",
        );
    }

    #[test]
    fn ranges_step_up_and_down() {
        check("range", &["long:1", "long:8", "long:3"], "dynamic:[1,4,7]");
        check("range", &["long:3", "long:1", "long:-1"], "dynamic:[3,2,1]");
        check("range", &["long:4", "long:1", "long:-2"], "dynamic:[4,2]");
        check("range", &["long:3", "long:1"], "dynamic:[]");
        check(
            "range",
            &[
                "long:-9223372036854775808",
                "long:9223372036854775807",
                "long:9223372036854775807",
            ],
            "dynamic:[-9223372036854775808,-1,9223372036854775806]",
        );
        check(
            "range",
            &["real:0", "long:1", "real:0.5"],
            "dynamic:[0.0,0.5,1.0]",
        );
        check(
            "range",
            &["timespan:00:00:00", "timespan:02:30:00"],
            r#"dynamic:["00:00:00","01:00:00","02:00:00"]"#,
        );
        check(
            "range",
            &[
                "datetime:2024-01-01",
                "datetime:2024-01-02",
                "timespan:1.00:00:00",
            ],
            r#"dynamic:["2024-01-01T00:00:00.0000000Z","2024-01-02T00:00:00.0000000Z"]"#,
        );
    }
}
