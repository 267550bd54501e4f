//! Property bags.

use serde_json::Map;

use super::arguments::Arguments;
use super::dynamic::{at_path, path_steps};
use super::json::{Json, plain_text};
use super::kind::{self, AnyJson, Text};
use super::lift::{binary, ternary, unary, variadic};
use super::{Call, Family, Function, MANY};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Bags",
    functions: &[
        Function::new("bag_has_key", (2, 2), "(bag, key or path) -> bool", |a| {
            binary::<kind::Json, Text, kind::Bool>(a, |bag, key| {
                bag.as_object()?;
                Some(bag.get(key).is_some() || at_path(&bag, key).is_some())
            })
        }),
        Function::new("bag_keys", (1, 1), "(bag) -> dynamic", |a| {
            unary::<kind::Json, kind::Json>(a, |bag| {
                Some(
                    bag.as_object()?
                        .keys()
                        .map(|key| Json::String(key.clone()))
                        .collect(),
                )
            })
        }),
        Function::new("bag_merge", (2, 64), "(bag, bag, …) -> dynamic", merge),
        Function::new("bag_pack", (0, MANY), "(key, value, …) -> dynamic", pack),
        Function::new(
            "bag_remove_keys",
            (2, 2),
            "(bag, keys or paths: dynamic) -> dynamic",
            remove_keys,
        ),
        Function::new("bag_set_key", (3, 3), "(bag, key, value) -> dynamic", |a| {
            ternary::<kind::Json, Text, AnyJson, kind::Json>(a, |bag, key, value| {
                let mut bag = bag.as_object()?.clone();
                bag.insert(key.to_owned(), (*value).clone());
                Some(Json::Object(bag))
            })
        }),
        Function::new("bag_zip", (2, 2), "(keys, values) -> dynamic", |a| {
            binary::<kind::Json, kind::Json, kind::Json>(a, |keys, values| {
                // A scalar has no value for any key.
                let values = values.as_array().map_or(&[][..], Vec::as_slice);
                let slots = keys.as_array()?.iter().enumerate().filter_map(|(index, key)| {
                    let key = key.as_str()?.to_owned();
                    Some((key, values.get(index).cloned().unwrap_or(Json::Null)))
                });
                Some(Json::Object(slots.collect()))
            })
        }),
        Function::new("pack", (0, MANY), "(key, value, …) -> dynamic", pack),
        Function::new("pack_dictionary", (0, MANY), "(key, value, …) -> dynamic", pack),
    ],
};

/// Of slots with the same key the leftmost one is kept.
fn merge(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    variadic::<kind::Json, kind::Json>(arguments, |bags| {
        let mut merged = Map::new();
        let mut any = false;
        for bag in bags.iter().flatten().filter_map(|bag| bag.as_object()) {
            any = true;
            for (key, value) in bag {
                if !merged.contains_key(key) {
                    merged.insert(key.clone(), value.clone());
                }
            }
        }
        any.then_some(Json::Object(merged))
    })
}

fn pack(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    if arguments.len() % 2 == 1 {
        return Err(BindError::argument_count(arguments.name(), "an even number of"));
    }
    variadic::<AnyJson, kind::Json>(arguments, |values| {
        let slots = values.chunks_exact(2).filter_map(|slot| {
            let (key, value) = (slot[0].as_ref()?, slot[1].as_ref()?);
            Some((plain_text(key).into_owned(), (**value).clone()))
        });
        Some(Json::Object(slots.collect()))
    })
}

fn remove_keys(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    binary::<kind::Json, kind::Json, kind::Json>(arguments, |bag, keys| {
        bag.as_object()?;
        let mut bag = (*bag).clone();
        for key in keys.as_array()?.iter().filter_map(Json::as_str) {
            match path_steps(key) {
                Some(steps) => remove_path(&mut bag, &steps),
                None => remove_path(&mut bag, &[key]),
            }
        }
        Some(bag)
    })
}

fn remove_path(value: &mut Json, steps: &[impl AsRef<str>]) {
    let Some((last, parents)) = steps.split_last() else {
        return;
    };
    let parent = parents
        .iter()
        .try_fold(value, |value, step| value.get_mut(step.as_ref()));
    if let Some(Json::Object(bag)) = parent {
        bag.shift_remove(last.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn bags_are_made_and_merged() {
        check(
            "bag_pack",
            &["a", "long:1", "b", "timespan:01:00:00", "c", "real:null"],
            r#"dynamic:{"a":1,"b":"01:00:00","c":null}"#,
        );
        check("bag_pack", &[], "dynamic:{}");
        check(
            "bag_merge",
            &[r#"dynamic:{"a":1}"#, r#"dynamic:{"b":2,"a":3}"#],
            r#"dynamic:{"a":1,"b":2}"#,
        );
        check(
            "bag_merge",
            &["dynamic:null", r#"dynamic:{"b":2}"#],
            r#"dynamic:{"b":2}"#,
        );
        check(
            "bag_zip",
            &["dynamic:[\"a\",\"b\"]", "dynamic:[1]"],
            r#"dynamic:{"a":1,"b":null}"#,
        );
        check(
            "bag_set_key",
            &[r#"dynamic:{"a":1}"#, "b", "x"],
            r#"dynamic:{"a":1,"b":"x"}"#,
        );
    }

    #[test]
    fn keys_are_listed_looked_up_and_removed() {
        let bag = r#"dynamic:{"a":{"b":1,"c":2},"d":3}"#;
        check("bag_keys", &[bag], r#"dynamic:["a","d"]"#);
        check("bag_keys", &["dynamic:[1]"], "dynamic:null");
        check("bag_has_key", &[bag, "a"], "bool:true");
        check("bag_has_key", &[bag, "$.a.b"], "bool:true");
        check("bag_has_key", &[bag, "b"], "bool:false");
        check(
            "bag_remove_keys",
            &[bag, "dynamic:[\"d\",\"$.a.b\",\"zz\"]"],
            r#"dynamic:{"a":{"c":2}}"#,
        );
    }
}
