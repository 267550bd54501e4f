use std::fmt;

use serde::de::{Deserialize, DeserializeOwned};

/// The text of a `dynamic` value, parsed only when asked.
///
/// On the wire a dynamic cell is either nested JSON or a string. A string holds JSON text (`"{\"a\":1}"`) or is
/// itself the value (`"hello"`); nothing tells the two apart, so the rule is the service's own `parse_json`: text
/// that is valid JSON stands for what it says, other text for a string. The text here is the nested JSON as it came,
/// or the content of the string.
///
/// # Example
///
/// ```
/// use kusto_protocol::Dynamic;
///
/// let bag = Dynamic::new(r#"{"rowId": 2, "arr": [0, 2]}"#);
/// #[derive(serde::Deserialize)]
/// struct Row { arr: Vec<i64> }
/// assert_eq!(bag.deserialize::<Row>()?.arr, [0, 2]);
///
/// // Text that is no JSON is a string.
/// assert_eq!(Dynamic::new("hello").deserialize::<String>()?, "hello");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dynamic<'a>(&'a str);

impl<'a> Dynamic<'a> {
    /// The value with this text.
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The text: JSON, or a plain string.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether the text is JSON, as opposed to a plain string.
    pub fn is_json(self) -> bool {
        serde_json::from_str::<serde::de::IgnoredAny>(self.0).is_ok()
    }

    /// Parses the text with simd-json into any owned type, `serde_json::Value` included.
    ///
    /// # Errors
    ///
    /// When the value does not fit the type; the error says where in the text.
    pub fn deserialize<T: DeserializeOwned>(self) -> Result<T, serde_json::Error> {
        let mut scratch = self.0.as_bytes().to_vec();
        if let Ok(value) = simd_json::serde::from_slice(&mut scratch) {
            return Ok(value);
        }
        // The slow road finds out why: no JSON at all (then it is a string), or JSON of another shape.
        match serde_json::from_str(self.0) {
            Ok(value) => Ok(value),
            Err(_) if !self.is_json() => T::deserialize(serde_json::Value::from(self.0)),
            Err(error) => Err(error),
        }
    }

    /// Parses the text with serde_json into a type that may borrow from it.
    ///
    /// # Errors
    ///
    /// When the text is no JSON, or does not fit the type.
    pub fn deserialize_borrowed<T: Deserialize<'a>>(self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.0)
    }
}

impl fmt::Debug for Dynamic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dynamic({})", self.0)
    }
}

impl fmt::Display for Dynamic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_parsed_and_other_text_is_a_string() {
        assert_eq!(Dynamic::new("123").deserialize::<i64>().unwrap(), 123);
        assert_eq!(
            Dynamic::new("test bad json").deserialize::<String>().unwrap(),
            "test bad json"
        );
        assert_eq!(
            Dynamic::new("\"quoted\"").deserialize::<String>().unwrap(),
            "quoted"
        );
        assert_eq!(Dynamic::new("null").deserialize::<Option<i64>>().unwrap(), None);
    }

    #[test]
    fn a_value_of_another_shape_is_an_error() {
        assert!(Dynamic::new("[1]").deserialize::<i64>().is_err());
        assert!(Dynamic::new("oops").deserialize::<i64>().is_err());
    }

    #[test]
    fn a_type_may_borrow() {
        assert_eq!(
            Dynamic::new(r#"["a"]"#)
                .deserialize_borrowed::<Vec<&str>>()
                .unwrap(),
            ["a"]
        );
    }
}
