//! Paths into JSON, as ingestion mappings have them: `$.a['b c'][0]`.

use std::str::FromStr;

use serde_json::value::RawValue;

use super::json::Members;

/// The steps from a record to a value in it. None of them leads to the record itself.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Path(pub(crate) Vec<Step>);

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Member(String),
    Element(usize),
}

impl Path {
    /// The path to a member of the record.
    pub(crate) fn member(name: impl Into<String>) -> Self {
        Self(vec![Step::Member(name.into())])
    }

    /// The rest of the path after another that it begins with.
    pub(crate) fn strip_prefix(&self, start: &Self) -> Option<&[Step]> {
        self.0.strip_prefix(start.0.as_slice())
    }
}

/// The value that some steps lead to.
pub(crate) fn value_at<'a>(mut value: &'a RawValue, steps: &[Step]) -> Option<&'a RawValue> {
    for step in steps {
        value = match step {
            Step::Member(name) => {
                let members: Members<'a> = serde_json::from_str(value.get()).ok()?;
                last_named(&members, name)?
            }
            Step::Element(index) => {
                let elements: Vec<&'a RawValue> = serde_json::from_str(value.get()).ok()?;
                elements.get(*index).copied()?
            }
        };
    }
    Some(value)
}

/// The member of that name; the last of several.
pub(crate) fn last_named<'a>(members: &Members<'a>, name: &str) -> Option<&'a RawValue> {
    let mut named = members.0.iter().rev().filter(|(found, _)| found == name);
    named.next().map(|(_, value)| *value)
}

impl FromStr for Path {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = |what: &str| format!("the path '{text}' {what}");
        let mut rest = text
            .strip_prefix('$')
            .ok_or_else(|| malformed("does not begin with '$'"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, after) = after.split_at(end);
                if name.is_empty() || name == "*" {
                    return Err(malformed("has a '.' without a name after it"));
                }
                steps.push(Step::Member(name.to_owned()));
                rest = after;
                continue;
            }
            let after = rest
                .strip_prefix('[')
                .ok_or_else(|| malformed("has something other than '.' or '[' after a step"))?;
            match after.chars().next().filter(|c| matches!(c, '\'' | '"')) {
                Some(quote) => {
                    let closing = format!("{quote}]");
                    let (name, after) = after[1..]
                        .split_once(closing.as_str())
                        .ok_or_else(|| malformed("has a quote that is not closed"))?;
                    steps.push(Step::Member(name.to_owned()));
                    rest = after;
                }
                None => {
                    let (index, after) = after
                        .split_once(']')
                        .ok_or_else(|| malformed("has a '[' that is not closed"))?;
                    let index = index.trim().parse();
                    let index = index.map_err(|_| malformed("has an index that is no number"))?;
                    steps.push(Step::Element(index));
                    rest = after;
                }
            }
        }
        Ok(Self(steps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str, json: &str) -> Option<String> {
        let record = RawValue::from_string(json.to_owned()).unwrap();
        let path: Path = path.parse().unwrap();
        value_at(&record, &path.0).map(|value| value.get().to_owned())
    }

    #[test]
    fn paths_lead_to_members_and_elements() {
        let json = r#"{"a":{"b c":[1,{"d":"x"}]},"e.f":2,"a":{"b c":[3,{"d":"y"}]}}"#;
        assert_eq!(at("$.a['b c'][1].d", json).as_deref(), Some("\"y\""));
        assert_eq!(at("$[\"e.f\"]", json).as_deref(), Some("2"));
        assert_eq!(at("$", json).as_deref(), Some(json));
        assert_eq!(at("$.a.none", json), None);
        assert_eq!(at("$.a['b c'][9]", json), None);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", "a", "$a", "$.", "$..a", "$.*", "$[", "$[x]", "$['a", "$.a[1"] {
            assert!(text.parse::<Path>().is_err(), "{text}");
        }
    }
}
