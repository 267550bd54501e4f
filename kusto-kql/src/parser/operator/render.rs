//! `render` and its properties.

use crate::ast::{Expression, ExpressionKind, OperatorKind, Parameter, Render, RenderProperty};
use crate::parser::{Parser, Result};
use crate::token::TokenKind as T;
use crate::token::is_boolean;

impl Parser<'_> {
    /// `render chart with (properties)`, or the older `render chart properties`.
    pub(super) fn render(&mut self, _: &mut Vec<Parameter>) -> Result<OperatorKind> {
        let chart = self.any_word()?;
        let properties = if self.at_word("with") && self.kind(1) == T::OpenParen {
            self.advance(2);
            self.render_properties()?
        } else {
            self.older_render_properties()?
        };
        Ok(OperatorKind::Render(Render { chart, properties }))
    }

    /// Separated by commas up to the closing parenthesis.
    fn render_properties(&mut self) -> Result<Vec<RenderProperty>> {
        let mut properties = Vec::new();
        if !self.at(T::CloseParen) {
            properties = self.list(Self::render_property)?;
        }
        self.expect(T::CloseParen, "',' or ')'")?;
        Ok(properties)
    }

    /// Separated by nothing; `by a, b` is what is now `series=a, b`.
    fn older_render_properties(&mut self) -> Result<Vec<RenderProperty>> {
        let mut properties = Vec::new();
        while self.at(T::Word) {
            let start = self.start();
            if self.at_word("by") {
                let mut name = self.any_word()?;
                name.text = "series".to_owned();
                let values = self.list(Self::render_value)?;
                properties.push(RenderProperty {
                    name,
                    values,
                    span: self.span_from(start),
                });
            } else {
                properties.push(self.render_property()?);
            }
        }
        Ok(properties)
    }

    /// `name = value`, `ycolumns = a, b`.
    fn render_property(&mut self) -> Result<RenderProperty> {
        let start = self.start();
        let name = self.any_word()?;
        self.expect(T::Assign, "'='")?;
        let mut values = vec![self.render_value()?];
        // The next property has its name and `=`; anything else goes on with the list.
        while self.at(T::Comma) && self.kind(2) != T::Assign {
            self.advance(1);
            values.push(self.render_value()?);
        }
        Ok(RenderProperty {
            name,
            values,
            span: self.span_from(start),
        })
    }

    /// A word such as `stacked`, or an expression.
    fn render_value(&mut self) -> Result<Expression> {
        let start = self.start();
        let ends_there = !matches!(self.kind(1), T::OpenParen | T::Dot | T::OpenBracket);
        if self.at(T::Word) && ends_there && !is_boolean(self.word(0)) {
            let kind = ExpressionKind::Name(self.any_word()?.text);
            return Ok(self.node(kind, start));
        }
        self.unary()
    }
}
