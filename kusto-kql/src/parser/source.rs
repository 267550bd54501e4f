//! What a pipe can start with, apart from ordinary expressions.

use super::{Parser, Result};
use crate::ast::{
    Datatable, Expression, ExpressionKind, ExternalData, ExternalPartition, InlineExternalTable,
    MaterializedViewCombine, Name, Parameter,
};
use crate::token::TokenKind as T;

impl Parser<'_> {
    /// True if an operator without a source stands here: `print`, `range`, `union`, or another whose
    /// source is understood. Some of their names are also names of columns and functions: what follows
    /// decides.
    pub(super) fn at_source_operator(&self) -> bool {
        match self.word(0) {
            "range" => self
                .name_length(1)
                .is_some_and(|length| self.word(1 + length) == "from"),
            "evaluate" => self.kind(1) == T::Word,
            _ => self.at_reserved_operator(),
        }
    }

    /// A table where `union`, `find`, `search` and the like take one: a name, a wildcard, a path that
    /// may end in a wildcard, or a pipe in parentheses.
    pub(super) fn entity(&mut self) -> Result<Expression> {
        let start = self.start();
        if let Some(pattern) = self.wildcard() {
            let kind = ExpressionKind::Wildcard {
                object: None,
                pattern,
            };
            return Ok(self.node(kind, start));
        }
        let entity = self.path_before(Self::at_dot_wildcard)?;
        if !self.take(T::Dot) {
            return Ok(entity);
        }
        let object = Some(Box::new(entity));
        let Some(pattern) = self.wildcard() else {
            return Err(self.unexpected("a name"));
        };
        let kind = ExpressionKind::Wildcard { object, pattern };
        Ok(self.node(kind, start))
    }

    /// True if the dot at the cursor is followed by a name with stars.
    fn at_dot_wildcard(&self) -> bool {
        let mut distance = 1;
        while matches!(self.kind(distance), T::Word | T::Long | T::Timespan) && self.touches_next(distance) {
            distance += 1;
        }
        self.kind(distance) == T::Star
    }

    /// `column`, `column.name`, `column[0]` where a parenthesis belongs to what comes after.
    pub(super) fn column_path(&mut self) -> Result<Expression> {
        let start = self.start();
        let outer = self.begin_tree();
        let kind = ExpressionKind::Name(self.name()?.text);
        let mut path = self.node(kind, start);
        loop {
            let kind = match self.kind(0) {
                T::OpenBracket => self.index_rest(path)?,
                T::Dot => {
                    self.advance(1);
                    let name = self.name()?;
                    ExpressionKind::Member {
                        object: Box::new(path),
                        name,
                    }
                }
                _ => break,
            };
            self.wrap()?;
            path = self.node(kind, start);
        }
        self.end_tree(outer);
        Ok(path)
    }

    /// `datascope=hotcache`.
    pub(super) fn data_scope(&mut self) -> Result<Name> {
        self.expect_word("'datascope'")?;
        self.expect(T::Assign, "'='")?;
        self.any_word()
    }

    /// `datatable(schema)[values]`.
    pub(super) fn datatable(&mut self) -> Result<ExpressionKind> {
        self.expect_word("'datatable'")?;
        let parameters = self.parameters(|_| true)?;
        let schema = self.row_schema()?;
        let values = self.bracketed_list(Self::constant)?;
        Ok(ExpressionKind::Datatable(Box::new(Datatable {
            parameters,
            schema,
            values,
        })))
    }

    /// `externaldata(schema)[sources] with (properties)`.
    pub(super) fn external_data(&mut self) -> Result<ExpressionKind> {
        self.any_word()?;
        let parameters = self.parameters(|_| true)?;
        let schema = self.row_schema()?;
        let sources = self.bracketed_list(Self::expression)?;
        let properties = self.with_properties()?;
        let external = ExternalData {
            parameters,
            schema,
            sources,
            properties,
        };
        Ok(ExpressionKind::ExternalData(Box::new(external)))
    }

    /// `[a, b]`, perhaps empty; a comma may follow the last, or stand before the first.
    fn bracketed_list(
        &mut self,
        mut rule: impl FnMut(&mut Self) -> Result<Expression>,
    ) -> Result<Vec<Expression>> {
        let mut values = Vec::new();
        self.expect(T::OpenBracket, "'['")?;
        self.take(T::Comma);
        while !self.at(T::CloseBracket) {
            values.push(rule(self)?);
            if !self.take(T::Comma) {
                break;
            }
        }
        self.expect(T::CloseBracket, "',' or ']'")?;
        Ok(values)
    }

    /// `with (name=value, …)`, if it is there; a comma may follow the last.
    pub(super) fn with_properties(&mut self) -> Result<Vec<Parameter>> {
        let mut properties = Vec::new();
        if !self.take_word("with") {
            return Ok(properties);
        }
        self.expect(T::OpenParen, "'('")?;
        while !self.at(T::CloseParen) {
            properties.push(self.parameter()?);
            if !self.take(T::Comma) {
                break;
            }
        }
        self.expect(T::CloseParen, "',' or ')'")?;
        Ok(properties)
    }

    /// `inline_external_table (schema) kind=storage dataformat=csv (sources) with (properties)`.
    pub(super) fn inline_external_table(&mut self) -> Result<ExpressionKind> {
        self.any_word()?;
        let schema = self.row_schema()?;
        let mut parameters = self.parameters(|name| name != "pathformat")?;
        let mut partitions = Vec::new();
        if self.take_word("partition") {
            self.expect_word("'by'")?;
            partitions = self.parenthesized_list(Self::external_partition)?;
            parameters.extend(self.parameters(|name| name != "pathformat")?);
        }
        let mut path_format = Vec::new();
        if self.take_word("pathformat") {
            self.expect(T::Assign, "'='")?;
            self.expect(T::OpenParen, "'('")?;
            while !self.take(T::CloseParen) {
                path_format.push(self.expression()?);
            }
            parameters.extend(self.parameters(|_| true)?);
        }
        let sources = self.parenthesized_list(Self::expression)?;
        let properties = self.with_properties()?;
        Ok(ExpressionKind::InlineExternalTable(Box::new(
            InlineExternalTable {
                schema,
                parameters,
                partitions,
                path_format,
                sources,
                properties,
            },
        )))
    }

    /// `name: type = expression`.
    fn external_partition(&mut self) -> Result<ExternalPartition> {
        let start = self.start();
        let column = self.column_declaration()?;
        let value = if self.take(T::Assign) {
            Some(self.expression()?)
        } else {
            None
        };
        Ok(ExternalPartition {
            column,
            value,
            span: self.span_from(start),
        })
    }

    /// `entity_group [entity, …]`.
    pub(super) fn entity_group(&mut self) -> Result<ExpressionKind> {
        self.expect_word("'entity_group'")?;
        self.expect(T::OpenBracket, "'['")?;
        let entities = self.list(Self::expression)?;
        self.expect(T::CloseBracket, "',' or ']'")?;
        Ok(ExpressionKind::EntityGroup(entities))
    }

    /// `materialized-view-combine("view") base (…) delta (…) aggregations (…)`.
    pub(super) fn materialized_view_combine(&mut self) -> Result<ExpressionKind> {
        self.advance(self.dashed_word().1);
        self.expect(T::OpenParen, "'('")?;
        let view = self.string()?;
        self.expect(T::CloseParen, "')'")?;
        self.expect_word("'base'")?;
        let base = self.parenthesized()?;
        self.expect_word("'delta'")?;
        let delta = self.parenthesized()?;
        self.expect_word("'aggregations'")?;
        self.expect(T::OpenParen, "'('")?;
        let aggregations = self.operator()?;
        self.expect(T::CloseParen, "')'")?;
        let combine = MaterializedViewCombine {
            view,
            base,
            delta,
            aggregations,
        };
        Ok(ExpressionKind::MaterializedViewCombine(Box::new(combine)))
    }
}
