//! Functions of `let` statements, parameters, patterns.

use super::{Parser, Result};
use crate::ast::{
    Function, FunctionBody, ParameterDeclaration, ParameterType, Pattern, PatternDefinition, PatternRule,
    StatementKind,
};
use crate::token::TokenKind as T;

impl Parser<'_> {
    /// True if what follows `let name =` is a function and not an expression in parentheses.
    pub(super) fn at_function(&self) -> bool {
        let view = usize::from(self.at_word("view"));
        if self.kind(view) != T::OpenParen {
            return false;
        }
        match (self.kind(view + 1), self.kind(view + 2)) {
            (T::CloseParen, T::OpenBrace) => true,
            // `(a: long)` is a parameter, `(a: "x" or b)` looks for a term.
            (T::Word, T::Colon) => match (self.kind(view + 3), self.kind(view + 4)) {
                (T::OpenParen, _) | (T::Word, T::Comma | T::Assign) => true,
                (T::Word, T::CloseParen) => self.kind(view + 5) == T::OpenBrace,
                _ => false,
            },
            // A name in brackets may be several strings long; the colon after it decides.
            (T::OpenBracket, T::String) => {
                let mut distance = view + 3;
                while self.kind(distance) == T::String {
                    distance += 1;
                }
                self.kind(distance) == T::CloseBracket && self.kind(distance + 1) == T::Colon
            }
            _ => false,
        }
    }

    /// `view (parameters) { body }`, with or without `view`.
    pub(super) fn function(&mut self) -> Result<Box<Function>> {
        let start = self.start();
        let is_view = self.take_word("view");
        let mut parameters = Vec::new();
        if self.kind(1) == T::CloseParen {
            self.advance(2);
        } else {
            parameters = self.parenthesized_list(Self::parameter_declaration)?;
        }
        let body = self.function_body()?;
        Ok(Box::new(Function {
            is_view,
            parameters,
            body,
            span: self.span_from(start),
        }))
    }

    /// `name: type = default`, `name: (schema)`.
    pub(super) fn parameter_declaration(&mut self) -> Result<ParameterDeclaration> {
        let start = self.start();
        let name = self.declared_name()?;
        self.expect(T::Colon, "':'")?;
        let parameter_type = if self.at(T::OpenParen) {
            ParameterType::Tabular(self.row_schema()?)
        } else {
            ParameterType::Scalar(self.scalar_type()?)
        };
        let default = if self.take(T::Assign) {
            Some(self.constant()?)
        } else {
            None
        };
        Ok(ParameterDeclaration {
            name,
            parameter_type,
            default,
            span: self.span_from(start),
        })
    }

    /// `{ statement; statement; expression }`.
    fn function_body(&mut self) -> Result<FunctionBody> {
        self.enter()?;
        self.expect(T::OpenBrace, "'{'")?;
        let mut body = FunctionBody {
            statements: Vec::new(),
            result: None,
        };
        while !self.at(T::CloseBrace) {
            let statement = self.statement()?;
            if let StatementKind::Query(result) = statement.kind {
                body.result = Some(result);
                self.take(T::Semicolon);
                break;
            }
            body.statements.push(statement);
            if !self.take(T::Semicolon) {
                break;
            }
        }
        self.expect(T::CloseBrace, "'}'")?;
        self.leave();
        Ok(body)
    }

    /// `declare pattern name = …`; the cursor is at the name.
    pub(super) fn pattern(&mut self) -> Result<Pattern> {
        let name = self.name()?;
        if !self.take(T::Assign) {
            return Ok(Pattern {
                name,
                definition: None,
            });
        }
        let parameters = self.parenthesized_list(Self::parameter_declaration)?;
        let mut path = None;
        if self.take(T::OpenBracket) {
            path = Some(self.parameter_declaration()?);
            self.expect(T::CloseBracket, "']'")?;
        }
        self.expect(T::OpenBrace, "'{'")?;
        let mut rules = Vec::new();
        while !self.take(T::CloseBrace) {
            rules.push(self.pattern_rule()?);
            self.expect(T::Semicolon, "';'")?;
        }
        let definition = PatternDefinition {
            parameters,
            path,
            rules,
        };
        Ok(Pattern {
            name,
            definition: Some(definition),
        })
    }

    /// `("a", "b").["path"] = { body }`.
    fn pattern_rule(&mut self) -> Result<PatternRule> {
        let start = self.start();
        let arguments = self.parenthesized_list(Self::string)?;
        let mut path = None;
        if self.take(T::Dot) {
            self.expect(T::OpenBracket, "'['")?;
            path = Some(self.string()?);
            self.expect(T::CloseBracket, "']'")?;
        }
        self.expect(T::Assign, "'='")?;
        let body = self.function_body()?;
        Ok(PatternRule {
            arguments,
            path,
            body,
            span: self.span_from(start),
        })
    }
}
