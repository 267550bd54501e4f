//! Dynamic arrays as sets.

use std::collections::HashSet;

use super::json::{self, Json};
use super::kind::{self, AnyJson, Real};
use super::lift::{binary, variadic};
use super::{Family, Function};

pub(super) const FAMILY: Family = Family {
    name: "Sets",
    functions: &[
        Function::new("jaccard_index", (2, 2), "(set, set) -> real", |a| {
            binary::<kind::Json, kind::Json, Real>(a, |left, right| {
                let (left, right) = (keys(left.as_array()?), keys(right.as_array()?));
                let common = left.intersection(&right).count();
                Some(common as f64 / (left.len() + right.len() - common) as f64)
            })
        }),
        Function::new("set_difference", (2, 64), "(set, without, …) -> dynamic", |a| {
            variadic::<kind::Json, kind::Json>(a, |sets| {
                let (first, others) = sets.split_first()?;
                let mut seen = HashSet::new();
                for other in others {
                    seen.extend(keys(other.as_ref()?.as_array()?));
                }
                Some(unseen(first.as_ref()?.as_array()?, &mut seen))
            })
        }),
        Function::new("set_equals", (2, 2), "(set, set) -> bool", |a| {
            binary::<kind::Json, kind::Json, kind::Bool>(a, |left, right| {
                Some(keys(left.as_array()?) == keys(right.as_array()?))
            })
        }),
        Function::new("set_has_element", (2, 2), "(set, value) -> bool", |a| {
            binary::<kind::Json, AnyJson, kind::Bool>(a, |set, value| {
                Some(set.as_array()?.iter().any(|element| json::equal(element, &value)))
            })
        }),
        Function::new("set_intersect", (2, 64), "(set, set, …) -> dynamic", |a| {
            variadic::<kind::Json, kind::Json>(a, |sets| {
                let (first, others) = sets.split_first()?;
                let others: Option<Vec<HashSet<String>>> = others
                    .iter()
                    .map(|other| Some(keys(other.as_ref()?.as_array()?)))
                    .collect();
                let others = others?;
                let common = first.as_ref()?.as_array()?.iter().filter(|element| {
                    let key = key(element);
                    others.iter().all(|other| other.contains(&key))
                });
                let common: Vec<Json> = common.cloned().collect();
                Some(unseen(&common, &mut HashSet::new()))
            })
        }),
        Function::new("set_union", (1, 64), "(set, …) -> dynamic", |a| {
            variadic::<kind::Json, kind::Json>(a, |sets| {
                let mut all = Vec::new();
                for set in sets {
                    all.extend_from_slice(set.as_ref()?.as_array()?);
                }
                Some(unseen(&all, &mut HashSet::new()))
            })
        }),
    ],
};

/// A text that two elements share if they are equal.
fn key(value: &Json) -> String {
    match value {
        Json::Number(number) if number.is_f64() => match number.as_f64() {
            Some(value) if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value:.0}"),
            _ => number.to_string(),
        },
        value => json::to_text(value),
    }
}

fn keys(array: &[Json]) -> HashSet<String> {
    array.iter().map(key).collect()
}

/// The elements that were not seen before, each once, in the order they came in.
fn unseen(array: &[Json], seen: &mut HashSet<String>) -> Json {
    array
        .iter()
        .filter(|element| seen.insert(key(element)))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn sets_keep_the_order_of_first_appearance() {
        check(
            "set_union",
            &["dynamic:[\"b\",\"a\",\"b\"]", "dynamic:[\"c\",\"a\"]"],
            "dynamic:[\"b\",\"a\",\"c\"]",
        );
        check(
            "set_intersect",
            &["dynamic:[3,1,2,1]", "dynamic:[1,3]"],
            "dynamic:[3,1]",
        );
        check("set_intersect", &["dynamic:[1]", "dynamic:[4]"], "dynamic:[]");
        check(
            "set_difference",
            &["dynamic:[1,2,3,2]", "dynamic:[1]", "dynamic:[3]"],
            "dynamic:[2]",
        );
        check("set_union", &["dynamic:[1]", "dynamic:null"], "dynamic:null");
    }

    #[test]
    fn elements_are_compared_by_value() {
        check("set_has_element", &["dynamic:[1,2]", "real:2"], "bool:true");
        check("set_has_element", &["dynamic:[\"a\"]", "A"], "bool:false");
        check("set_equals", &["dynamic:[1,2]", "dynamic:[2.0,1,1]"], "bool:true");
        check(
            "jaccard_index",
            &["dynamic:[1,2,3]", "dynamic:[2,3,4]"],
            "real:0.5",
        );
    }
}
