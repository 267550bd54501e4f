//! Literals, names in quotes, and JSON.

use super::Printer;
use crate::ast::{DynamicKind, DynamicValue, Literal, LiteralKind};
use crate::lexer::tokenize;
use crate::token::{TokenKind, is_boolean};

impl Printer {
    /// Writes a string in double quotes.
    pub(super) fn string(&mut self, value: &str) {
        self.push("\"");
        for c in value.chars() {
            match c {
                '"' => self.push("\\\""),
                '\\' => self.push("\\\\"),
                '\n' => self.push("\\n"),
                '\r' => self.push("\\r"),
                '\t' => self.push("\\t"),
                c if c.is_control() => self.push(&format!("\\u{:04x}", u32::from(c))),
                c => self.text.push(c),
            }
        }
        self.push("\"");
    }

    pub(super) fn literal(&mut self, literal: &Literal) {
        let text = &literal.text;
        match literal.kind {
            LiteralKind::String => {
                self.push(if literal.obfuscated { "h" } else { "" });
                self.string(text);
            }
            LiteralKind::Bool if is_boolean(text) => self.push(text),
            LiteralKind::Long if is_token(text, TokenKind::Long) => self.push(text),
            LiteralKind::Real if is_token(text, TokenKind::Real) => self.push(text),
            LiteralKind::Timespan if is_token(text, TokenKind::Timespan) => self.push(text),
            LiteralKind::Bool => self.typed("bool", text),
            LiteralKind::DateTime => self.typed("datetime", text),
            LiteralKind::Decimal => self.typed("decimal", text),
            LiteralKind::Guid => self.typed("guid", text),
            LiteralKind::Int => self.typed("int", text),
            LiteralKind::Long => self.typed("long", text),
            LiteralKind::Real => self.typed("real", text),
            LiteralKind::Timespan => self.typed("timespan", text),
        }
    }

    /// Writes `name(text)`; the text goes in quotes if it would be read as something else.
    fn typed(&mut self, name: &str, text: &str) {
        self.push(name);
        self.push("(");
        if text.trim() == text && !text.starts_with(['"', '\'']) {
            self.push(text);
        } else {
            self.string(text);
        }
        self.push(")");
    }

    pub(super) fn dynamic(&mut self, value: &DynamicValue) {
        match &value.kind {
            DynamicKind::Null => self.push("null"),
            DynamicKind::Literal(literal) => match literal.text.strip_prefix('-') {
                Some(number) if is_number(literal.kind) && is_unsigned(number) => {
                    self.push(&literal.text);
                }
                _ => self.literal(literal),
            },
            DynamicKind::ClientParameter(name) => self.client_parameter(name),
            DynamicKind::Array(values) => {
                self.nested("[", "]", |p| p.join(values, ", ", Self::dynamic));
            }
            DynamicKind::Bag(entries) => self.nested("{", "}", |p| {
                p.join(entries, ", ", |p, entry| {
                    p.string(&entry.key);
                    p.push(": ");
                    p.dynamic(&entry.value);
                });
            }),
        }
    }

    pub(super) fn client_parameter(&mut self, name: &str) {
        self.push("{");
        self.push(name);
        self.push("}");
    }
}

fn is_number(kind: LiteralKind) -> bool {
    matches!(kind, LiteralKind::Long | LiteralKind::Real)
}

fn is_unsigned(text: &str) -> bool {
    is_token(text, TokenKind::Long) || is_token(text, TokenKind::Real)
}

/// True if the text is one token of that kind.
pub(super) fn is_token(text: &str, kind: TokenKind) -> bool {
    match tokenize(text, 0).as_slice() {
        [token, _] => token.kind == kind && token.end as usize == text.len(),
        _ => false,
    }
}
