//! Arrays of numbers as series: arithmetic by element, filling of gaps, figures of the whole.

use std::cmp::Ordering;

use serde_json::json;

use super::arguments::Arguments;
use super::json::{self, Json};
use super::kind::{self, AnyJson, Nullable, Real};
use super::lift::{binary, ternary, unary};
use super::{Call, Family, Function};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Series",
    functions: &[
        Function::new("series_abs", (1, 1), EACH, |a| {
            each(a, |value| match value.as_i64() {
                Some(value) => value.checked_abs().map_or(Json::Null, Json::from),
                None => real(value, f64::abs),
            })
        }),
        Function::new("series_acos", (1, 1), EACH, |a| {
            each(a, |value| real(value, f64::acos))
        }),
        Function::new("series_add", (2, 2), PAIRS, |a| {
            arithmetic(a, i64::checked_add, |x, y| x + y)
        }),
        Function::new("series_asin", (1, 1), EACH, |a| {
            each(a, |value| real(value, f64::asin))
        }),
        Function::new("series_atan", (1, 1), EACH, |a| {
            each(a, |value| real(value, f64::atan))
        }),
        Function::new("series_ceiling", (1, 1), EACH, |a| {
            each(a, |value| real(value, f64::ceil))
        }),
        Function::new("series_cos", (1, 1), EACH, |a| {
            each(a, |value| real(value, f64::cos))
        }),
        Function::new(
            "series_cosine_similarity",
            (2, 2),
            "(series, series) -> real",
            |a| figure(a, |x, y| Some(dot(x, y) / (magnitude(x) * magnitude(y)))),
        ),
        Function::new("series_divide", (2, 2), PAIRS, |a| {
            arithmetic(a, |_, _| None, |x, y| x / y)
        }),
        Function::new(
            "series_dot_product",
            (2, 2),
            "(series, series or number) -> real",
            |a| figure(a, |x, y| Some(dot(x, y))),
        ),
        Function::new("series_equals", (2, 2), PAIRS, |a| compare(a, Ordering::is_eq)),
        Function::new("series_exp", (1, 1), EACH, |a| {
            each(a, |value| real(value, f64::exp))
        }),
        Function::new(
            "series_fill_backward",
            (1, 2),
            "(series, [gap]) -> dynamic",
            |a| fill(a, true),
        ),
        Function::new(
            "series_fill_const",
            (2, 3),
            "(series, filler, [gap]) -> dynamic",
            |a| {
                ternary::<kind::Json, AnyJson, Nullable<AnyJson>, kind::Json>(a, |series, filler, gap| {
                    let filled = series
                        .as_array()?
                        .iter()
                        .map(|value| match is_gap(value, gap.as_deref()) {
                            true => (*filler).clone(),
                            false => value.clone(),
                        });
                    Some(filled.collect())
                })
            },
        ),
        Function::new("series_fill_forward", (1, 2), "(series, [gap]) -> dynamic", |a| {
            fill(a, false)
        }),
        Function::new("series_floor", (1, 1), EACH, |a| {
            each(a, |value| real(value, f64::floor))
        }),
        Function::new("series_greater", (2, 2), PAIRS, |a| compare(a, Ordering::is_gt)),
        Function::new("series_greater_equals", (2, 2), PAIRS, |a| {
            compare(a, Ordering::is_ge)
        }),
        Function::new("series_less", (2, 2), PAIRS, |a| compare(a, Ordering::is_lt)),
        Function::new("series_less_equals", (2, 2), PAIRS, |a| {
            compare(a, Ordering::is_le)
        }),
        Function::new("series_log", (1, 1), EACH, |a| {
            each(a, |value| real(value, f64::ln))
        }),
        Function::new("series_magnitude", (1, 1), "(series) -> real", |a| {
            unary::<kind::Json, Real>(a, |series| Some(magnitude(&numbers(&series)?)))
        }),
        Function::new("series_multiply", (2, 2), PAIRS, |a| {
            arithmetic(a, i64::checked_mul, |x, y| x * y)
        }),
        Function::new("series_not_equals", (2, 2), PAIRS, |a| {
            compare(a, Ordering::is_ne)
        }),
        Function::new(
            "series_pearson_correlation",
            (2, 2),
            "(series, series) -> real",
            |a| figure(a, correlation),
        ),
        Function::new("series_pow", (2, 2), PAIRS, |a| {
            arithmetic(a, |_, _| None, f64::powf)
        }),
        Function::new("series_product", (1, 1), "(series) -> real", |a| {
            unary::<kind::Json, Real>(a, |series| Some(numbers(&series)?.iter().product()))
        }),
        Function::new("series_sign", (1, 1), EACH, |a| {
            each(a, |value| match value.as_i64() {
                Some(value) => Json::from(value.signum()),
                None => real(value, |x| if x == 0.0 { 0.0 } else { x.signum() }),
            })
        }),
        Function::new("series_sin", (1, 1), EACH, |a| {
            each(a, |value| real(value, f64::sin))
        }),
        Function::new("series_stats_dynamic", (1, 1), "(series) -> dynamic", |a| {
            unary::<kind::Json, kind::Json>(a, |series| stats(&series))
        }),
        Function::new("series_subtract", (2, 2), PAIRS, |a| {
            arithmetic(a, i64::checked_sub, |x, y| x - y)
        }),
        Function::new("series_sum", (1, 1), "(series) -> real", |a| {
            unary::<kind::Json, Real>(a, |series| Some(numbers(&series)?.iter().sum()))
        }),
        Function::new("series_tan", (1, 1), EACH, |a| {
            each(a, |value| real(value, f64::tan))
        }),
    ],
};

const EACH: &str = "(series) -> dynamic, by element";
const PAIRS: &str = "(series, series) -> dynamic, by element";

fn each(arguments: &Arguments<'_>, function: fn(&Json) -> Json) -> Result<Call, BindError> {
    unary::<kind::Json, kind::Json>(arguments, move |series| {
        Some(series.as_array()?.iter().map(function).collect())
    })
}

/// A function of a number; what is none gives null.
fn real(value: &Json, function: impl Fn(f64) -> f64) -> Json {
    value
        .as_f64()
        .map_or(Json::Null, |value| json::from_real(function(value)))
}

/// Two series side by side, as long as the longer one; a scalar stands for a series of itself.
fn pairs<'a>(left: &'a Json, right: &'a Json) -> impl Iterator<Item = (&'a Json, &'a Json)> {
    let lengths = [left, right].map(|side| side.as_array().map_or(1, Vec::len));
    let at = |side: &'a Json, index: usize| match side {
        Json::Array(series) => series.get(index).unwrap_or(&Json::Null),
        scalar => scalar,
    };
    (0..lengths[0].max(lengths[1])).map(move |index| (at(left, index), at(right, index)))
}

/// Whole numbers stay whole if `whole` has a result.
fn arithmetic(
    arguments: &Arguments<'_>,
    whole: fn(i64, i64) -> Option<i64>,
    function: fn(f64, f64) -> f64,
) -> Result<Call, BindError> {
    binary::<AnyJson, AnyJson, kind::Json>(arguments, move |left, right| {
        let results = pairs(&left, &right).map(|(left, right)| {
            let result = left
                .as_i64()
                .zip(right.as_i64())
                .and_then(|(left, right)| whole(left, right));
            match (result, left.as_f64().zip(right.as_f64())) {
                (Some(result), _) => Json::from(result),
                (None, Some((left, right))) => json::from_real(function(left, right)),
                (None, None) => Json::Null,
            }
        });
        Some(results.collect())
    })
}

fn compare(arguments: &Arguments<'_>, holds: fn(Ordering) -> bool) -> Result<Call, BindError> {
    binary::<AnyJson, AnyJson, kind::Json>(arguments, move |left, right| {
        let results = pairs(&left, &right).map(|(left, right)| match (left, right) {
            (Json::Null, _) | (_, Json::Null) => Json::Null,
            (left, right) => Json::Bool(holds(json::compare(left, right))),
        });
        Some(results.collect())
    })
}

fn is_gap(value: &Json, gap: Option<&Json>) -> bool {
    value.is_null() || gap.is_some_and(|gap| json::equal(value, gap))
}

/// Fills gaps with the nearest value behind or before them.
fn fill(arguments: &Arguments<'_>, backward: bool) -> Result<Call, BindError> {
    binary::<kind::Json, Nullable<AnyJson>, kind::Json>(arguments, move |series, gap| {
        let mut series = series.as_array()?.clone();
        let mut nearest = None;
        let mut visit = |value: &mut Json| {
            if !is_gap(value, gap.as_deref()) {
                nearest = Some(value.clone());
            } else if let Some(nearest) = &nearest {
                *value = nearest.clone();
            }
        };
        if backward {
            series.iter_mut().rev().for_each(&mut visit);
        } else {
            series.iter_mut().for_each(&mut visit);
        }
        Some(Json::Array(series))
    })
}

/// The elements as numbers; `None` if one is none.
pub(super) fn numbers(series: &Json) -> Option<Vec<f64>> {
    json::list(series).iter().map(Json::as_f64).collect()
}

/// A figure of two series of the same length, one of which may be a number.
fn figure(arguments: &Arguments<'_>, function: fn(&[f64], &[f64]) -> Option<f64>) -> Result<Call, BindError> {
    binary::<AnyJson, AnyJson, Real>(arguments, move |left, right| {
        let both: Option<(Vec<f64>, Vec<f64>)> = pairs(&left, &right)
            .map(|(left, right)| left.as_f64().zip(right.as_f64()))
            .collect();
        let (left, right) = both?;
        function(&left, &right)
    })
}

pub(super) fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn magnitude(series: &[f64]) -> f64 {
    dot(series, series).sqrt()
}

pub(super) fn mean(series: &[f64]) -> f64 {
    series.iter().sum::<f64>() / series.len() as f64
}

/// The sum of products of distances from the means.
pub(super) fn spread(left: &[f64], right: &[f64]) -> f64 {
    let (left_mean, right_mean) = (mean(left), mean(right));
    let products = left
        .iter()
        .zip(right)
        .map(|(left, right)| (left - left_mean) * (right - right_mean));
    products.sum()
}

fn correlation(left: &[f64], right: &[f64]) -> Option<f64> {
    Some(spread(left, right) / (spread(left, left) * spread(right, right)).sqrt())
}

/// Figures of the numbers in a series; nulls count for its length only.
fn stats(series: &Json) -> Option<Json> {
    let elements = series.as_array()?;
    let found = elements
        .iter()
        .enumerate()
        .filter_map(|(place, value)| Some((place, value.as_f64()?)));
    let found: Vec<(usize, f64)> = found.collect();
    // Of equal values the first is named.
    let extreme = |wanted: Ordering| {
        found
            .iter()
            .copied()
            .reduce(|best, next| match next.1.total_cmp(&best.1) == wanted {
                true => next,
                false => best,
            })
    };
    let (min, max) = (extreme(Ordering::Less)?, extreme(Ordering::Greater)?);
    let values: Vec<f64> = found.iter().map(|(_, value)| *value).collect();
    let variance = match values.len() {
        1 => 0.0,
        len => spread(&values, &values) / (len - 1) as f64,
    };
    Some(json!({
        "min": json::from_real(min.1),
        "min_idx": min.0,
        "max": json::from_real(max.1),
        "max_idx": max.0,
        "avg": json::from_real(mean(&values)),
        "stdev": json::from_real(variance.sqrt()),
        "variance": json::from_real(variance),
        "sum": json::from_real(values.iter().sum()),
        "len": elements.len(),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn elements_are_combined_by_place() {
        let (left, right) = ("dynamic:[1,2,4]", "dynamic:[4,2,1]");
        check("series_add", &[left, right], "dynamic:[5,4,5]");
        check(
            "series_subtract",
            &[left, "dynamic:[0.5]"],
            "dynamic:[0.5,null,null]",
        );
        check("series_multiply", &[left, "long:2"], "dynamic:[2,4,8]");
        check("series_divide", &[left, right], "dynamic:[0.25,1.0,4.0]");
        check("series_equals", &[left, right], "dynamic:[false,true,false]");
        check("series_less_equals", &[left, right], "dynamic:[true,true,false]");
        check(
            "series_greater",
            &[left, "dynamic:[null,1]"],
            "dynamic:[null,true,null]",
        );
        check("series_dot_product", &[left, right], "real:12");
        check("series_dot_product", &[left, "long:2"], "real:14");
        check(
            "series_pearson_correlation",
            &["dynamic:[1,2]", "dynamic:[2,4]"],
            "real:1",
        );
    }

    #[test]
    fn elements_are_mapped() {
        check(
            "series_ceiling",
            &["dynamic:[-1.5,1,\"x\"]"],
            "dynamic:[-1.0,1.0,null]",
        );
        check("series_sign", &["dynamic:[-6,0,8.5]"], "dynamic:[-1,0,1.0]");
        check("series_abs", &["dynamic:[-6,0.5]"], "dynamic:[6,0.5]");
        check("series_log", &["dynamic:[1]"], "dynamic:[0.0]");
        check("series_abs", &["dynamic:5"], "dynamic:null");
    }

    #[test]
    fn gaps_are_filled() {
        let series = "dynamic:[null,1,null,-1,2,null]";
        check("series_fill_backward", &[series], "dynamic:[1,1,-1,-1,2,null]");
        check("series_fill_forward", &[series], "dynamic:[null,1,1,-1,2,2]");
        check(
            "series_fill_forward",
            &[series, "long:-1"],
            "dynamic:[null,1,1,1,2,2]",
        );
        check(
            "series_fill_const",
            &[series, "real:0"],
            "dynamic:[0.0,1,0.0,-1,2,0.0]",
        );
    }

    #[test]
    fn figures_sum_a_series_up() {
        check("series_sum", &["dynamic:[1,2.5]"], "real:3.5");
        check("series_product", &["dynamic:[2,3]"], "real:6");
        check("series_magnitude", &["dynamic:[3,4]"], "real:5");
        check(
            "series_stats_dynamic",
            &["dynamic:[3,1,null,2]"],
            "dynamic:{\"min\":1.0,\"min_idx\":1,\"max\":3.0,\"max_idx\":0,\"avg\":2.0,\"stdev\":1.0,\"variance\":1.0,\"sum\":6.0,\"len\":4}",
        );
    }
}
