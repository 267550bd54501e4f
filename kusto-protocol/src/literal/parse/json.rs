//! What stands inside `dynamic(…)`: JSON, with KQL's strings and literals allowed for its values.

use serde_json::{Map, Number, Value};

use super::{Cursor, Literal, MAX_DEPTH, WHAT, string};
use crate::parse_error::{ParseError, ParseErrorKind};

/// A text as the engine's `parse_json` takes it: its value if it is JSON, else the text itself.
pub(super) fn text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// A literal as a JSON value; what JSON has no type for becomes text.
pub(super) fn of_literal(literal: &Literal) -> Value {
    match literal {
        Literal::Bool(value) => Value::Bool(*value),
        Literal::DateTime(value) => Value::String(value.to_string()),
        Literal::Decimal(value) => Value::String(value.to_string()),
        Literal::Dynamic(value) => value.clone(),
        Literal::Guid(value) => Value::String(value.to_string()),
        Literal::Int(value) => Value::from(*value),
        Literal::Long(value) => Value::from(*value),
        Literal::Real(value) => match Number::from_f64(*value) {
            Some(number) => Value::Number(number),
            None if value.is_nan() => Value::from("NaN"),
            None => Value::from(if *value > 0.0 { "Infinity" } else { "-Infinity" }),
        },
        Literal::String(text) => Value::from(text.as_str()),
        Literal::Timespan(value) => Value::String(value.to_string()),
        Literal::Null(_) => Value::Null,
    }
}

impl Cursor<'_> {
    /// Reads a JSON value at the cursor.
    pub(super) fn json(&mut self, depth: usize) -> Result<Value, ParseError> {
        self.skip_blanks();
        let opens = self.rest().starts_with(['{', '[']);
        if depth + usize::from(opens) > MAX_DEPTH {
            let message = "arrays and objects are nested too deeply";
            return Err(ParseError::new(WHAT, ParseErrorKind::TooLarge, self.at, message));
        }
        match self.rest().as_bytes().first() {
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            _ if self.take_word("null") => Ok(Value::Null),
            _ => {
                // A whole number that fits no long is a literal nowhere else.
                let start = *self;
                let token = self.take_while(|c| c.is_ascii_digit() || c == '-');
                let ends = !self
                    .rest()
                    .starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.');
                match (token.parse::<u64>(), token.parse::<f64>()) {
                    (Ok(number), _) if ends => return Ok(Value::from(number)),
                    (_, Ok(number)) if ends && token.parse::<i64>().is_err() => {
                        return Ok(Value::from(number));
                    }
                    _ => {}
                }
                *self = start;
                Ok(of_literal(&self.literal(depth + 1)?))
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, ParseError> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.take_mark(']') {
            if !items.is_empty() {
                self.need_mark(',')?;
            }
            items.push(self.json(depth)?);
        }
        Ok(Value::Array(items))
    }

    fn object(&mut self, depth: usize) -> Result<Value, ParseError> {
        self.at += 1;
        let mut members = Map::new();
        while !self.take_mark('}') {
            if !members.is_empty() {
                self.need_mark(',')?;
            }
            self.skip_blanks();
            if !string::begins(self.rest()) {
                return Err(self.malformed("the name of a member expected, in quotes"));
            }
            let name = self.strings()?;
            self.need_mark(':')?;
            members.insert(name, self.json(depth)?);
        }
        Ok(Value::Object(members))
    }

    fn take_mark(&mut self, mark: char) -> bool {
        self.skip_blanks();
        let found = self.rest().starts_with(mark);
        self.at += usize::from(found);
        found
    }

    fn need_mark(&mut self, mark: char) -> Result<(), ParseError> {
        match self.take_mark(mark) {
            true => Ok(()),
            false => Err(self.malformed(format!("{mark:?} expected"))),
        }
    }

    fn take_word(&mut self, word: &str) -> bool {
        let rest = self.rest().strip_prefix(word);
        let found =
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'));
        self.at += if found { word.len() } else { 0 };
        found
    }
}
