//! Literals of all types.

use super::{Parser, Result, text};
use crate::ast::{
    DynamicEntry, DynamicKind, DynamicValue, Expression, ExpressionKind, Literal, LiteralKind, UnaryOperator,
};
use crate::token::TokenKind as T;
use crate::token::is_boolean;

impl Parser<'_> {
    /// The literal at the cursor, without a sign, if one stands there.
    pub(super) fn literal(&mut self) -> Option<Literal> {
        let token = self.token(0);
        let text = self.text_of(token);
        let kind = match token.kind {
            T::String => return Some(self.string_literal()),
            T::TypedLiteral => {
                self.advance(1);
                return Some(typed_literal(text));
            }
            T::Long => LiteralKind::Long,
            T::Real => LiteralKind::Real,
            T::Timespan => LiteralKind::Timespan,
            T::Guid => LiteralKind::Guid,
            T::Word if is_boolean(text) => LiteralKind::Bool,
            _ => return None,
        };
        self.advance(1);
        Some(Literal {
            kind,
            text: text.to_owned(),
            obfuscated: false,
        })
    }

    fn string_literal(&mut self) -> Literal {
        let mut obfuscated = false;
        let mut distance = 0;
        while self.kind(distance) == T::String {
            obfuscated |= self.text_of(self.token(distance)).starts_with(['h', 'H']);
            distance += 1;
        }
        Literal {
            kind: LiteralKind::String,
            text: self.string_value(),
            obfuscated,
        }
    }

    /// One string literal or several adjacent ones, as an expression.
    pub(super) fn string(&mut self) -> Result<Expression> {
        let start = self.start();
        if !self.at(T::String) {
            return Err(self.unexpected("a string"));
        }
        let kind = ExpressionKind::Literal(self.string_literal());
        Ok(self.node(kind, start))
    }

    /// A literal where nothing else may stand, with a sign or dynamic.
    pub(super) fn constant(&mut self) -> Result<Expression> {
        let start = self.start();
        let operator = match self.kind(0) {
            T::Minus => Some(UnaryOperator::Minus),
            T::Plus => Some(UnaryOperator::Plus),
            _ => None,
        };
        self.advance(usize::from(operator.is_some()));
        let unsigned_start = self.start();
        let kind = match self.literal() {
            Some(literal) => ExpressionKind::Literal(literal),
            None if self.at_dynamic() => ExpressionKind::Dynamic(Box::new(self.dynamic()?)),
            None if self.at_client_parameter() => ExpressionKind::ClientParameter(self.client_parameter()?),
            None if self.at_word("typeof") => ExpressionKind::Typeof(Box::new(self.type_of()?)),
            None => return Err(self.unexpected("a literal")),
        };
        let unsigned = self.node(kind, unsigned_start);
        let Some(operator) = operator else {
            return Ok(unsigned);
        };
        let kind = ExpressionKind::Unary {
            operator,
            operand: Box::new(unsigned),
        };
        Ok(self.node(kind, start))
    }

    pub(super) fn at_dynamic(&self) -> bool {
        self.at_word("dynamic") && self.kind(1) == T::OpenParen
    }

    /// `dynamic(value)`: the value.
    pub(super) fn dynamic(&mut self) -> Result<DynamicValue> {
        self.expect_word("'dynamic'")?;
        self.expect(T::OpenParen, "'('")?;
        let value = self.dynamic_value()?;
        self.expect(T::CloseParen, "')'")?;
        Ok(value)
    }

    fn dynamic_value(&mut self) -> Result<DynamicValue> {
        self.enter()?;
        let start = self.start();
        let kind = match self.kind(0) {
            T::OpenBracket => DynamicKind::Array(self.dynamic_array()?),
            T::OpenBrace if self.at_client_parameter() => {
                DynamicKind::ClientParameter(self.client_parameter()?)
            }
            T::OpenBrace => DynamicKind::Bag(self.dynamic_bag()?),
            T::Minus => DynamicKind::Literal(self.negative_number()?),
            _ if self.at_dynamic() => self.dynamic()?.kind,
            _ if self.take_word("null") => DynamicKind::Null,
            _ => match self.literal() {
                Some(literal) => DynamicKind::Literal(literal),
                None => return Err(self.unexpected("a JSON value")),
            },
        };
        self.leave();
        Ok(DynamicValue {
            kind,
            span: self.span_from(start),
        })
    }

    fn dynamic_array(&mut self) -> Result<Vec<DynamicValue>> {
        self.expect(T::OpenBracket, "'['")?;
        if self.take(T::CloseBracket) {
            return Ok(Vec::new());
        }
        let values = self.list(Self::dynamic_value)?;
        self.expect(T::CloseBracket, "',' or ']'")?;
        Ok(values)
    }

    fn dynamic_bag(&mut self) -> Result<Vec<DynamicEntry>> {
        self.expect(T::OpenBrace, "'{'")?;
        if self.take(T::CloseBrace) {
            return Ok(Vec::new());
        }
        let entries = self.list(Self::dynamic_entry)?;
        self.expect(T::CloseBrace, "',' or '}'")?;
        Ok(entries)
    }

    fn dynamic_entry(&mut self) -> Result<DynamicEntry> {
        let start = self.start();
        if !self.at(T::String) {
            return Err(self.unexpected("a key in quotes"));
        }
        let key = self.string_value();
        self.expect(T::Colon, "':'")?;
        let value = self.dynamic_value()?;
        Ok(DynamicEntry {
            key,
            value,
            span: self.span_from(start),
        })
    }

    fn negative_number(&mut self) -> Result<Literal> {
        self.expect(T::Minus, "'-'")?;
        match self.kind(0) {
            T::Long | T::Real => {}
            _ => return Err(self.unexpected("a number")),
        }
        let mut literal = self.literal().ok_or_else(|| self.unexpected("a number"))?;
        literal.text.insert(0, '-');
        Ok(literal)
    }
}

/// `datetime(2020-01-01)`, the whole of it.
fn typed_literal(token: &str) -> Literal {
    let (name, rest) = token.split_once('(').unwrap_or((token, ""));
    let kind = match name {
        "bool" => LiteralKind::Bool,
        "date" | "datetime" => LiteralKind::DateTime,
        "decimal" => LiteralKind::Decimal,
        "double" | "real" => LiteralKind::Real,
        "int" | "int32" => LiteralKind::Int,
        "int64" | "long" => LiteralKind::Long,
        "time" | "timespan" => LiteralKind::Timespan,
        _ => LiteralKind::Guid,
    };
    let inside = rest.strip_suffix(')').unwrap_or(rest).trim();
    let quote = inside.chars().next().filter(|c| matches!(c, '"' | '\''));
    let is_quoted = quote.is_some_and(|quote| inside.len() > 1 && inside.ends_with(quote));
    let text = if is_quoted {
        text::unquote(inside)
    } else {
        inside.to_owned()
    };
    Literal {
        kind,
        text,
        obfuscated: false,
    }
}
