//! Names, wildcards, types, schemas.

use super::{Parser, Result, text};
use crate::ast::{
    ColumnDeclaration, Expression, ExpressionKind, Name, NameClause, RowSchema, ScalarType, Typeof,
};
use crate::token::TokenKind as T;
use crate::token::{WordClass, is_boolean, word_class};

const A_NAME: &str = "a name (a keyword needs brackets: ['name'])";

impl Parser<'_> {
    /// A name where names are used.
    pub(super) fn name(&mut self) -> Result<Name> {
        self.name_of(WordClass::Free)
    }

    /// A name where names are declared, which more words can be.
    pub(super) fn declared_name(&mut self) -> Result<Name> {
        self.name_of(WordClass::Declarable)
    }

    fn name_of(&mut self, class: WordClass) -> Result<Name> {
        let start = self.start();
        if self.at_bracketed_name() {
            self.advance(1);
            let text = self.string_value();
            self.expect(T::CloseBracket, "']'")?;
            return Ok(Name {
                text,
                span: self.span_from(start),
            });
        }
        let word = self.word(0);
        let found = word_class(word);
        let is_name = found == WordClass::Free || found == class;
        if word.is_empty() || is_boolean(word) || !is_name {
            return Err(self.unexpected(A_NAME));
        }
        self.any_word()
    }

    /// Any word at all, keyword or not.
    pub(super) fn any_word(&mut self) -> Result<Name> {
        let start = self.start();
        let text = self.word(0).to_owned();
        self.expect(T::Word, "a word")?;
        Ok(Name {
            text,
            span: self.span_from(start),
        })
    }

    /// `['…']`, with any number of adjacent strings inside.
    pub(super) fn at_bracketed_name(&self) -> bool {
        self.at(T::OpenBracket) && self.bracketed_name_length(0).is_some()
    }

    fn bracketed_name_length(&self, distance: usize) -> Option<usize> {
        if self.kind(distance) != T::OpenBracket || self.kind(distance + 1) != T::String {
            return None;
        }
        let mut length = 2;
        while self.kind(distance + length) == T::String {
            length += 1;
        }
        (self.kind(distance + length) == T::CloseBracket).then_some(length + 1)
    }

    /// True if `{name}` stands here.
    pub(super) fn at_client_parameter(&self) -> bool {
        let kinds = [self.kind(0), self.kind(1), self.kind(2)];
        kinds == [T::OpenBrace, T::Word, T::CloseBrace]
    }

    pub(super) fn client_parameter(&mut self) -> Result<String> {
        self.expect(T::OpenBrace, "'{'")?;
        let name = self.any_word()?;
        self.expect(T::CloseBrace, "'}'")?;
        Ok(name.text)
    }

    /// How many tokens a name at that distance takes, if there is one.
    pub(super) fn name_length(&self, distance: usize) -> Option<usize> {
        if self.kind(distance) == T::Word {
            return Some(1);
        }
        self.bracketed_name_length(distance)
    }

    /// True if a name and then `=` follow.
    pub(super) fn at_assignment(&self) -> bool {
        self.name_length(0)
            .is_some_and(|length| self.kind(length) == T::Assign)
    }

    /// True if `(name, name) =` follows.
    fn at_list_assignment(&self) -> bool {
        let mut distance = 1;
        while let Some(length) = self.name_length(distance) {
            distance += length;
            match self.kind(distance) {
                T::Comma => distance += 1,
                T::CloseParen => return self.kind(distance + 1) == T::Assign,
                _ => return false,
            }
        }
        false
    }

    /// What stands before `=`, if anything does, and the `=`.
    pub(super) fn name_clause(&mut self) -> Result<Option<NameClause>> {
        let clause = match self.kind(0) {
            T::Word | T::OpenBracket if self.at_assignment() => NameClause::Name(self.declared_name()?),
            T::OpenParen if self.at_list_assignment() => {
                NameClause::List(self.parenthesized_list(Self::declared_name)?)
            }
            _ => return Ok(None),
        };
        self.expect(T::Assign, "'='")?;
        Ok(Some(clause))
    }

    /// A name with stars in it, if one stands here. Its pieces touch: `a*b` is one, `a * b` is not.
    pub(super) fn wildcard(&mut self) -> Option<String> {
        let mut length = 0;
        let mut has_star = false;
        loop {
            match self.kind(length) {
                T::Star => has_star = true,
                T::Word | T::Long | T::Timespan => {}
                _ => break,
            }
            length += 1;
            if !self.touches_next(length - 1) {
                break;
            }
        }
        if !has_star {
            return None;
        }
        let (first, last) = (self.token(0), self.token(length - 1));
        let pattern = self.text[first.start as usize..last.end as usize].to_owned();
        self.advance(length);
        Some(pattern)
    }

    /// A column's name or a wildcard.
    pub(super) fn name_or_wildcard(&mut self) -> Result<Expression> {
        let start = self.start();
        let kind = match self.wildcard() {
            Some(pattern) => ExpressionKind::Wildcard {
                object: None,
                pattern,
            },
            None => ExpressionKind::Name(self.name()?.text),
        };
        Ok(self.node(kind, start))
    }

    pub(super) fn scalar_type(&mut self) -> Result<ScalarType> {
        let scalar_type = scalar_type(self.word(0)).ok_or_else(|| self.unexpected("a type"))?;
        self.advance(1);
        Ok(scalar_type)
    }

    /// `name: type`.
    pub(super) fn column_declaration(&mut self) -> Result<ColumnDeclaration> {
        let start = self.start();
        let name = self.declared_name()?;
        self.expect(T::Colon, "':'")?;
        let scalar_type = self.scalar_type()?;
        Ok(ColumnDeclaration {
            name,
            scalar_type,
            span: self.span_from(start),
        })
    }

    /// `(name: type, *, …)`; a comma may follow the last.
    pub(super) fn row_schema(&mut self) -> Result<RowSchema> {
        let start = self.start();
        let mut columns = Vec::new();
        let mut star = None;
        self.expect(T::OpenParen, "'('")?;
        while !self.at(T::CloseParen) {
            if star.is_none() && self.take(T::Star) {
                star = Some(columns.len());
            } else {
                columns.push(self.column_declaration()?);
            }
            if !self.take(T::Comma) {
                break;
            }
        }
        self.expect(T::CloseParen, "',' or ')'")?;
        Ok(RowSchema {
            columns,
            star,
            span: self.span_from(start),
        })
    }

    /// `typeof(type)` or `typeof(schema)`.
    pub(super) fn type_of(&mut self) -> Result<Typeof> {
        self.expect_word("'typeof'")?;
        if self.kind(2) != T::CloseParen || self.kind(1) == T::Star {
            return self.row_schema().map(Typeof::Row);
        }
        self.expect(T::OpenParen, "'('")?;
        let scalar_type = self.scalar_type()?;
        self.expect(T::CloseParen, "')'")?;
        Ok(Typeof::Scalar(scalar_type))
    }

    /// The value of one string or of several adjacent ones; the cursor is at the first.
    pub(super) fn string_value(&mut self) -> String {
        let mut value = String::new();
        while self.at(T::String) {
            value.push_str(&text::unquote(self.text_of(self.token(0))));
            self.advance(1);
        }
        value
    }
}

/// The type a word names.
fn scalar_type(word: &str) -> Option<ScalarType> {
    Some(match word {
        "bool" | "boolean" => ScalarType::Bool,
        "date" | "datetime" => ScalarType::DateTime,
        "decimal" => ScalarType::Decimal,
        "dynamic" => ScalarType::Dynamic,
        "guid" | "uuid" | "uniqueid" => ScalarType::Guid,
        "int" | "int8" | "int16" | "int32" | "uint" | "uint8" | "uint16" => ScalarType::Int,
        "long" | "int64" | "uint32" | "uint64" | "ulong" => ScalarType::Long,
        "real" | "double" | "float" => ScalarType::Real,
        "string" => ScalarType::String,
        "time" | "timespan" => ScalarType::Timespan,
        _ => return None,
    })
}
