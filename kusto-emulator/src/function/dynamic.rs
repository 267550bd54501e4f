//! Access to the parts of a `dynamic`.
//!
//! Access to one slot reads past all others without building them.

use std::borrow::Cow;
use std::fmt;

use kusto_protocol::{ColumnType, Value};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::arguments::Arguments;
use super::json::{self, Json};
use super::kind::{self, Any, AnyJson, Long, RawJson, Text};
use super::lift::{binary, unary};
use super::{Call, Family, Function};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Dynamic values",
    functions: &[
        Function::new(".", (2, 2), "(bag: dynamic, name) -> dynamic", member),
        Function::new(
            "[]",
            (2, 2),
            "(bag or array: dynamic, key or index) -> dynamic",
            index,
        ),
        Function::new("dynamic_to_json", (1, 1), "(value) -> string", |a| {
            unary::<AnyJson, Text>(a, |value| Some(json::to_text(&sorted(&value))))
        }),
        Function::new(
            "extract_json",
            (2, 3),
            "(path, text, [typeof]) -> string",
            extract_json,
        ),
        Function::new(
            "extractjson",
            (2, 3),
            "(path, text, [typeof]) -> string",
            extract_json,
        ),
        Function::new("gettype", (1, 1), "(value) -> string", |a| {
            let ty = a.ty(0).clone();
            unary::<Any, Text>(a, move |value| Some(type_name(&ty, value).to_owned()))
        }),
        Function::new("treepath", (1, 1), "(value: dynamic) -> dynamic", |a| {
            unary::<kind::Json, kind::Json>(a, |value| {
                let mut paths = Vec::new();
                tree_paths("", &value, &mut paths);
                Some(Json::Array(paths))
            })
        }),
    ],
};

fn member(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    let name = arguments.literal_text(1)?;
    binary::<RawJson, Any, RawJson>(arguments, move |bag, _| slot(bag, &name).map(Cow::Owned))
}

fn index(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    match arguments.ty(1) {
        ColumnType::String => {
            binary::<RawJson, Text, RawJson>(arguments, |bag, key| slot(bag, key).map(Cow::Owned))
        }
        ColumnType::Dynamic => binary::<RawJson, kind::Json, RawJson>(arguments, |value, key| match &*key {
            Json::String(key) => slot(value, key).map(Cow::Owned),
            key => element(value, key.as_i64()?).map(Cow::Owned),
        }),
        _ => {
            binary::<RawJson, Long, RawJson>(arguments, |array, index| element(array, index).map(Cow::Owned))
        }
    }
}

/// The text of an element; a negative index counts from the end.
fn element(text: &str, index: i64) -> Option<String> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let index = if index < 0 {
        elements.len() as i64 + index
    } else {
        index
    };
    let element = elements.get(usize::try_from(index).ok()?)?.get();
    (element != "null").then(|| element.to_owned())
}

/// The text of a slot of a bag.
fn slot(text: &str, key: &str) -> Option<String> {
    if !text.starts_with('{') {
        return None;
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Slot(key).deserialize(&mut reader).ok()??.get();
    (value != "null").then(|| value.to_owned())
}

/// Finds one key in a bag.
struct Slot<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for Slot<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Slot<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bag")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut found = None;
        while let Some(is_wanted) = map.next_key_seed(IsKey(self.0))? {
            if is_wanted {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Compares a key without copying it.
struct IsKey<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for IsKey<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsKey<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

/// The value at a path such as `$.a.b[0]['c d']`.
pub(super) fn at_path<'a>(value: &'a Json, path: &str) -> Option<&'a Json> {
    path_steps(path)?
        .iter()
        .try_fold(value, |value, step| match value {
            Json::Array(array) => array.get(step.parse::<usize>().ok()?),
            value => value.get(step.as_ref()),
        })
}

/// The keys and indices of a path; `None` if it is none.
pub(super) fn path_steps(path: &str) -> Option<Vec<Cow<'_, str>>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (step, after) = match inside.chars().next()? {
                quote @ ('\'' | '"') => inside[1..].split_once(&format!("{quote}]"))?,
                _ => inside.split_once(']')?,
            };
            steps.push(Cow::Borrowed(step));
            rest = after;
        } else {
            let name = rest.strip_prefix('.')?;
            let end = name.find(['.', '[']).unwrap_or(name.len());
            steps.push(Cow::Borrowed(&name[..end]));
            rest = &name[end..];
        }
    }
    Some(steps)
}

fn extract_json(arguments: &Arguments<'_>) -> Result<Call, BindError> {
    // `typeof(long)` comes as the name of the type.
    let ty = match arguments.len() {
        3 => ColumnType::from_name(&arguments.literal_text(2)?),
        _ => ColumnType::String,
    };
    if matches!(ty, ColumnType::Unknown(_)) {
        return Err(arguments.invalid(2, "typeof() of a scalar type"));
    }
    let found =
        binary::<Text, Text, kind::Json>(arguments, |path, text| at_path(&json::parse(text), path).cloned())?;
    Ok(Call::new(ty.clone(), move |vectors, rows, session| {
        super::cast(&found.evaluate(&vectors[..2], rows, session)?, &ty)
    }))
}

/// The name of the type that a value has at run time.
fn type_name(ty: &ColumnType, value: Value<'_>) -> &'static str {
    match value {
        Value::Dynamic(text) => match json::parse(text) {
            Json::Null => "null",
            Json::Bool(_) => "bool",
            Json::Number(number) => match number.as_i64() {
                Some(value) if i32::try_from(value).is_ok() => "int",
                Some(_) => "long",
                None => "real",
            },
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "dictionary",
        },
        Value::Null if *ty == ColumnType::Dynamic => "null",
        Value::Null => "null",
        value => value.type_name(),
    }
}

/// The same value with the slots of all bags in the order of their keys.
fn sorted(value: &Json) -> Json {
    match value {
        Json::Array(array) => array.iter().map(sorted).collect(),
        Json::Object(bag) => {
            let mut slots: Vec<_> = bag.iter().collect();
            slots.sort_by_key(|(key, _)| *key);
            Json::Object(
                slots
                    .into_iter()
                    .map(|(key, value)| (key.clone(), sorted(value)))
                    .collect(),
            )
        }
        value => value.clone(),
    }
}

fn tree_paths(prefix: &str, value: &Json, paths: &mut Vec<Json>) {
    let mut visit = |path: String, value: &Json| {
        paths.push(Json::String(path.clone()));
        tree_paths(&path, value, paths);
    };
    match value {
        Json::Object(bag) => {
            for (key, value) in bag {
                visit(format!("{prefix}['{key}']"), value);
            }
        }
        Json::Array(array) => {
            // All elements share a path: their slots count once.
            let path = format!("{prefix}[0]");
            paths.push(Json::String(path.clone()));
            for value in array.iter().take(1) {
                tree_paths(&path, value, paths);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn slots_and_elements_are_reached() {
        let bag = r#"dynamic:{"a":1,"b":{"c":[10,20]},"n":null}"#;
        check(".", &[bag, "a"], "dynamic:1");
        check(".", &[bag, "b"], r#"dynamic:{"c":[10,20]}"#);
        check(".", &[bag, "n"], "dynamic:null");
        check(".", &[bag, "z"], "dynamic:null");
        check(".", &["dynamic:5", "z"], "dynamic:null");
        check("[]", &[bag, "a"], "dynamic:1");
        check("[]", &["dynamic:[10,20]", "long:1"], "dynamic:20");
        check("[]", &["dynamic:[10,20]", "long:-1"], "dynamic:20");
        check("[]", &["dynamic:[10,20]", "long:2"], "dynamic:null");
        check("[]", &[bag, "dynamic:\"a\""], "dynamic:1");
        check(".", &[r#"dynamic:{"\u0061":1}"#, "a"], "dynamic:1");
        check(".", &["dynamic:null", "a"], "dynamic:null");
    }

    #[test]
    fn paths_lead_into_json() {
        let text = r#"{"a":[{"b c":7}],"d":"x"}"#;
        check("extract_json", &["$.a[0]['b c']", text, "long"], "long:7");
        check("extract_json", &["$.d", text], "x");
        check("extract_json", &["$.z", text], "");
        check(
            "treepath",
            &[r#"dynamic:{"a":[{"b":1}]}"#],
            r#"dynamic:["['a']","['a'][0]","['a'][0]['b']"]"#,
        );
        check(
            "dynamic_to_json",
            &[r#"dynamic:{"b":1,"a":[2]}"#],
            r#"{"a":[2],"b":1}"#,
        );
    }

    #[test]
    fn types_are_those_at_run_time() {
        check("gettype", &["long:1"], "long");
        check("gettype", &["dynamic:1"], "int");
        check("gettype", &["dynamic:1.5"], "real");
        check("gettype", &["dynamic:{}"], "dictionary");
        check("gettype", &["dynamic:[]"], "array");
        check("gettype", &["dynamic:null"], "null");
    }
}
