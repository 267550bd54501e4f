//! Query parameters: declared with their types, sent beside the text, never pasted into it.

use std::collections::BTreeMap;
use std::collections::btree_map;

use serde_json::{Map, Value};

use super::Literal;
use crate::parse_error::{ParseError, ParseErrorKind};

/// Named values for a query, with the line that declares them.
///
/// ```
/// use kusto_protocol::QueryParameters;
///
/// let parameters = QueryParameters::new().parameter("state", "FLORIDA").parameter("n", 10_i64);
/// assert_eq!(
///     parameters.declare("StormEvents | where State == state | take n")?,
///     "declare query_parameters(n:long, state:string);\nStormEvents | where State == state | take n",
/// );
/// assert_eq!(
///     serde_json::Value::from(parameters.to_json()),
///     serde_json::json!({"n": "long(10)", "state": "\"FLORIDA\""}),
/// );
/// # Ok::<(), kusto_protocol::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct QueryParameters {
    values: BTreeMap<String, Literal>,
}

impl QueryParameters {
    /// No parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter. Of two with one name the later counts.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Literal>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&Literal> {
        self.values.get(name)
    }

    /// All parameters, by name.
    pub fn iter(&self) -> btree_map::Iter<'_, String, Literal> {
        self.values.iter()
    }

    /// The statement `declare query_parameters(…);`, sorted by name; empty if there are no parameters.
    ///
    /// # Errors
    ///
    /// If a name is not a plain identifier (letters, digits and `_`, not starting with a digit).
    pub fn declaration(&self) -> Result<String, ParseError> {
        let mut declared = Vec::with_capacity(self.values.len());
        for (name, value) in &self.values {
            if !is_plain_identifier(name) {
                let message = format!("{name:?} cannot be declared; use letters, digits and _ only");
                return Err(ParseError::new(
                    "query parameter",
                    ParseErrorKind::Malformed,
                    None,
                    message,
                ));
            }
            declared.push(format!("{name}:{}", value.column_type()));
        }
        Ok(match declared.as_slice() {
            [] => String::new(),
            _ => format!("declare query_parameters({});", declared.join(", ")),
        })
    }

    /// The query with the declaration on a line before it.
    ///
    /// # Errors
    ///
    /// As [`declaration`](Self::declaration).
    pub fn declare(&self, query: &str) -> Result<String, ParseError> {
        let declaration = self.declaration()?;
        let line_break = if declaration.is_empty() { "" } else { "\n" };
        Ok(format!("{declaration}{line_break}{query}"))
    }

    /// The `Parameters` object of the request: each value as a KQL literal in a JSON string, strings too, since a
    /// raw string that looks like a literal would be taken for one.
    pub fn to_json(&self) -> Map<String, Value> {
        self.values
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.to_string())))
            .collect()
    }
}

impl<'a> IntoIterator for &'a QueryParameters {
    type Item = (&'a String, &'a Literal);
    type IntoIter = btree_map::Iter<'a, String, Literal>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<N: Into<String>, V: Into<Literal>> FromIterator<(N, V)> for QueryParameters {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self {
            values: pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }
}

fn is_plain_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
