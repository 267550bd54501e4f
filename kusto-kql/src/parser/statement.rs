//! Statements.

use super::{Parser, Result};
use crate::ast::{Expression, ExpressionKind, Script, Statement, StatementKind};
use crate::token::TokenKind as T;
use crate::token::is_boolean;

impl Parser<'_> {
    /// Statements separated by `;`, up to something that is no statement.
    pub(super) fn script(&mut self) -> Result<Script> {
        if self.at(T::End) || self.at(T::Dot) {
            return Err(self.unexpected("a query"));
        }
        Ok(Script {
            statements: self.statements(T::End)?,
        })
    }

    /// One statement or more, separated by `;`; a `;` may follow the last.
    pub(super) fn statements(&mut self, end: T) -> Result<Vec<Statement>> {
        let mut statements = vec![self.statement()?];
        while self.take(T::Semicolon) && !self.at(end) {
            statements.push(self.statement()?);
        }
        Ok(statements)
    }

    /// One statement. The words that start one are names as well: what follows decides.
    pub(super) fn statement(&mut self) -> Result<Statement> {
        let start = self.start();
        let next_is_name = matches!(self.kind(1), T::Word | T::OpenBracket);
        let kind = match (self.word(0), self.word(1)) {
            ("let", _) if next_is_name => self.let_statement()?,
            ("set", _) => self.set_statement()?,
            ("alias", "database") => self.alias_statement()?,
            ("restrict", "access") => self.restrict_statement()?,
            ("declare", "pattern") => {
                self.advance(2);
                StatementKind::Pattern(Box::new(self.pattern()?))
            }
            ("declare", "query_parameters") => {
                self.advance(2);
                let parameters = self.parenthesized_list(Self::parameter_declaration)?;
                StatementKind::QueryParameters(parameters)
            }
            _ => StatementKind::Query(self.pipe()?),
        };
        Ok(Statement {
            kind,
            span: self.span_from(start),
        })
    }

    fn let_statement(&mut self) -> Result<StatementKind> {
        self.expect_word("'let'")?;
        let name = self.name()?;
        self.expect(T::Assign, "'='")?;
        if self.at_function() {
            return Ok(StatementKind::LetFunction {
                name,
                function: self.function()?,
            });
        }
        Ok(StatementKind::Let {
            name,
            value: self.pipe()?,
        })
    }

    fn set_statement(&mut self) -> Result<StatementKind> {
        self.expect_word("'set'")?;
        let name = self.any_word()?;
        let value = if self.take(T::Assign) {
            Some(self.parameter_value()?)
        } else {
            None
        };
        Ok(StatementKind::Set { name, value })
    }

    /// A literal or a bare word.
    pub(super) fn parameter_value(&mut self) -> Result<Expression> {
        let start = self.start();
        let is_word = self.at(T::Word) && !self.at_dynamic();
        if is_word && !is_boolean(self.word(0)) {
            let kind = ExpressionKind::Name(self.any_word()?.text);
            return Ok(self.node(kind, start));
        }
        if self.at_bracketed_name() {
            let kind = ExpressionKind::Name(self.name()?.text);
            return Ok(self.node(kind, start));
        }
        self.constant()
    }

    fn alias_statement(&mut self) -> Result<StatementKind> {
        self.expect_word("'alias'")?;
        self.expect_word("'database'")?;
        let name = self.name()?;
        self.expect(T::Assign, "'='")?;
        Ok(StatementKind::AliasDatabase {
            name,
            database: self.expression()?,
        })
    }

    fn restrict_statement(&mut self) -> Result<StatementKind> {
        self.expect_word("'restrict'")?;
        self.expect_word("'access'")?;
        self.expect_word("'to'")?;
        Ok(StatementKind::RestrictAccess(
            self.parenthesized_list(Self::entity)?,
        ))
    }
}
