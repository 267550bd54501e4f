//! Reading literals.

mod json;
mod scalar;
mod string;

use serde_json::Value;

use super::Literal;
use crate::frame::ColumnType;
use crate::parse_error::{ParseError, ParseErrorKind};
use crate::scalar::Decimal;

/// What is left of the text.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

pub(super) fn literal(text: &str) -> Result<Literal, ParseError> {
    let mut cursor = Cursor { text, at: 0 };
    let literal = cursor.literal(0)?;
    cursor.skip_blanks();
    match cursor.rest() {
        "" => Ok(literal),
        _ => Err(cursor.malformed("text follows the literal")),
    }
}

pub(super) fn parameter(column_type: ColumnType, value: &Value) -> Result<Literal, ParseError> {
    let of_another_type = || {
        let message = format!("the value is not a {column_type}; write {column_type}(…)");
        ParseError::new(WHAT, ParseErrorKind::Malformed, None, message)
    };
    match value {
        Value::Null => Ok(Literal::Null(column_type)),
        Value::String(text) => match (literal(text), &column_type) {
            (Ok(literal), _) if literal.column_type() == column_type => Ok(literal),
            (_, ColumnType::String) => Ok(Literal::String(text.clone())),
            (Ok(literal), _) => convert(literal, &column_type).ok_or_else(of_another_type),
            (Err(_), ColumnType::Dynamic) => Ok(Literal::Dynamic(json::text(text))),
            (Err(error), _) => match scalar::value(&column_type, text.trim()) {
                Some(Ok(literal)) => Ok(literal),
                _ if error.kind() == ParseErrorKind::OutOfRange => Err(error),
                _ => Err(of_another_type()),
            },
        },
        _ if column_type == ColumnType::Dynamic => Ok(Literal::Dynamic(value.clone())),
        Value::Bool(value) => convert(Literal::Bool(*value), &column_type).ok_or_else(of_another_type),
        Value::Number(number) => {
            let literal = match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Some(Literal::Long(whole)),
                (None, Some(fraction)) => Some(Literal::Real(fraction)),
                (None, None) => None,
            };
            literal
                .and_then(|literal| convert(literal, &column_type))
                .ok_or_else(of_another_type)
        }
        Value::Array(_) | Value::Object(_) => Err(of_another_type()),
    }
}

/// A value of one type as one of another, where no information is lost.
fn convert(literal: Literal, column_type: &ColumnType) -> Option<Literal> {
    Some(match (literal, column_type) {
        (literal, wanted) if literal.column_type() == *wanted => literal,
        (Literal::Null(_), wanted) => Literal::Null(wanted.clone()),
        (Literal::Int(value), ColumnType::Long) => Literal::Long(value.into()),
        (Literal::Int(value), ColumnType::Real) => Literal::Real(value.into()),
        (Literal::Int(value), ColumnType::Decimal) => Literal::Decimal(Decimal::from(i64::from(value))),
        (Literal::Long(value), ColumnType::Int) => Literal::Int(value.try_into().ok()?),
        (Literal::Long(value), ColumnType::Real) => Literal::Real(value as f64),
        (Literal::Long(value), ColumnType::Decimal) => Literal::Decimal(Decimal::from(value)),
        (Literal::Long(value @ (0 | 1)), ColumnType::Bool) => Literal::Bool(value == 1),
        (Literal::Real(value), ColumnType::Decimal) => Literal::Decimal(value.to_string().parse().ok()?),
        (literal, ColumnType::Dynamic) => Literal::Dynamic(json::of_literal(&literal)),
        _ => return None,
    })
}

impl<'a> Cursor<'a> {
    /// Reads a literal at the cursor; `depth` counts the arrays and objects around it.
    fn literal(&mut self, depth: usize) -> Result<Literal, ParseError> {
        self.skip_blanks();
        if string::begins(self.rest()) {
            return Ok(Literal::String(self.strings()?));
        }
        let start = *self;
        let word = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        if word.starts_with(|c: char| c.is_ascii_alphabetic()) {
            if self.rest().trim_start().starts_with('(') {
                self.skip_blanks();
                self.at += 1;
                return self.typed(word, start, depth);
            }
            return match word.to_ascii_lowercase().as_str() {
                "true" => Ok(Literal::Bool(true)),
                "false" => Ok(Literal::Bool(false)),
                _ => {
                    Err(start.malformed("unknown word; write <type>(<value>), a number, or a text in quotes"))
                }
            };
        }
        *self = start;
        self.number()
    }

    /// Reads what follows `type(`, with the closing parenthesis.
    fn typed(&mut self, word: &str, start: Self, depth: usize) -> Result<Literal, ParseError> {
        let column_type = match ColumnType::from_name(word) {
            ColumnType::String | ColumnType::Unknown(_) => {
                return Err(start.malformed("not the name of a type that has literals"));
            }
            column_type => column_type,
        };
        if column_type == ColumnType::Dynamic {
            let value = self.json(depth)?;
            self.skip_blanks();
            if !self.rest().starts_with(')') {
                return Err(self.malformed("the closing parenthesis of dynamic( is missing"));
            }
            self.at += 1;
            return Ok(if value.is_null() {
                Literal::Null(column_type)
            } else {
                Literal::Dynamic(value)
            });
        }
        let inside = *self;
        let content = self.take_while(|c| c != ')').trim();
        if self.rest().is_empty() {
            return Err(inside.malformed("the closing parenthesis is missing"));
        }
        self.at += 1;
        match scalar::value(&column_type, unquoted(content)) {
            Some(Ok(literal)) => Ok(literal),
            Some(Err(OutOfRange)) => {
                let message = format!("the value does not fit a {column_type}");
                Err(ParseError::new(
                    WHAT,
                    ParseErrorKind::OutOfRange,
                    inside.at,
                    message,
                ))
            }
            None if content.is_empty() => {
                let message =
                    format!("{column_type}() has no fixed value; write {column_type}(null) or a value");
                Err(ParseError::new(
                    WHAT,
                    ParseErrorKind::Unsupported,
                    inside.at,
                    message,
                ))
            }
            None => Err(inside.malformed(format!("what stands inside is not a {column_type}"))),
        }
    }

    /// Reads a bare number, or a timespan such as `1.5h`.
    fn number(&mut self) -> Result<Literal, ParseError> {
        let start = *self;
        let mut previous = ' ';
        let token = self.take_while(|c| {
            let is_sign = matches!(c, '-' | '+') && matches!(previous, ' ' | 'e' | 'E');
            previous = c;
            is_sign || c == '.' || c.is_ascii_alphanumeric()
        });
        match scalar::bare(token) {
            Some(Ok(literal)) => Ok(literal),
            Some(Err(OutOfRange)) => Err(ParseError::new(
                WHAT,
                ParseErrorKind::OutOfRange,
                start.at,
                "the number does not fit a long",
            )),
            None if token.is_empty() => Err(start.malformed("a literal expected")),
            None => Err(start
                .malformed("neither a number nor a timespan; units are d, h, m, s, ms, microsecond, tick")),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Skips white space and `//` comments.
    fn skip_blanks(&mut self) {
        loop {
            self.at = self.text.len() - self.rest().trim_start().len();
            if !self.rest().starts_with("//") {
                return;
            }
            self.take_while(|c| c != '\n');
        }
    }

    fn take_while(&mut self, mut accept: impl FnMut(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !accept(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    fn malformed(&self, message: impl Into<std::borrow::Cow<'static, str>>) -> ParseError {
        ParseError::new(WHAT, ParseErrorKind::Malformed, self.at, message)
    }
}

/// A value that is well formed but outside what its type holds.
#[derive(Debug)]
struct OutOfRange;

/// `datetime("2020-01-01")` is accepted like `datetime(2020-01-01)`.
fn unquoted(content: &str) -> &str {
    let inside = |quote| content.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(content)
}

const WHAT: &str = "literal";
const MAX_DEPTH: usize = 64;
