//! Operators that choose, compute and take apart columns.

use crate::ast::{
    MvApply, MvExpand, MvExpandColumn, NamedExpression, OperatorKind, Order, Parameter, ParseColumn, ParseKv,
    ParsePattern, ParseSegment, ReorderedColumn,
};
use crate::parser::{Parser, Result};
use crate::token::TokenKind as T;

impl Parser<'_> {
    pub(super) fn extend(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| false)?;
        Ok(OperatorKind::Extend(self.list(Self::named)?))
    }

    pub(super) fn distinct(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| false)?;
        Ok(OperatorKind::Distinct(self.list(Self::named)?))
    }

    pub(super) fn serialize(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| false)?;
        Ok(OperatorKind::Serialize(self.optional_list(Self::named)?))
    }

    pub(super) fn project(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| false)?;
        Ok(OperatorKind::Project(self.optional_list(Self::named)?))
    }

    pub(super) fn project_away(&mut self, _: &mut Vec<Parameter>) -> Result<OperatorKind> {
        Ok(OperatorKind::ProjectAway(
            self.optional_list(Self::name_or_wildcard)?,
        ))
    }

    pub(super) fn project_by_names(&mut self, _: &mut Vec<Parameter>) -> Result<OperatorKind> {
        Ok(OperatorKind::ProjectByNames(self.list(Self::expression)?))
    }

    pub(super) fn project_keep(&mut self, _: &mut Vec<Parameter>) -> Result<OperatorKind> {
        Ok(OperatorKind::ProjectKeep(self.list(Self::name_or_wildcard)?))
    }

    pub(super) fn project_rename(&mut self, _: &mut Vec<Parameter>) -> Result<OperatorKind> {
        Ok(OperatorKind::ProjectRename(self.optional_list(Self::renamed)?))
    }

    fn renamed(&mut self) -> Result<NamedExpression> {
        let start = self.start();
        let name = self.name_clause()?;
        let expression = self.expression()?;
        Ok(NamedExpression {
            name,
            expression,
            span: self.span_from(start),
        })
    }

    pub(super) fn project_reorder(&mut self, _: &mut Vec<Parameter>) -> Result<OperatorKind> {
        Ok(OperatorKind::ProjectReorder(
            self.optional_list(Self::reordered_column)?,
        ))
    }

    fn reordered_column(&mut self) -> Result<ReorderedColumn> {
        let column = self.name_or_wildcard()?;
        let (word, tokens) = self.dashed_word();
        let order = match word {
            "asc" => Some(Order::Asc),
            "desc" => Some(Order::Desc),
            "granny-asc" => Some(Order::GrannyAsc),
            "granny-desc" => Some(Order::GrannyDesc),
            _ => None,
        };
        if order.is_some() {
            self.advance(tokens);
        }
        Ok(ReorderedColumn { column, order })
    }

    /// A list that may be missing: the pipe may go on or end right here.
    pub(super) fn optional_list<I>(&mut self, rule: impl FnMut(&mut Self) -> Result<I>) -> Result<Vec<I>> {
        let is_missing = matches!(
            self.kind(0),
            T::Bar | T::Semicolon | T::CloseParen | T::CloseBrace | T::End
        );
        if is_missing {
            Ok(Vec::new())
        } else {
            self.list(rule)
        }
    }

    /// `mv-expand kind=array column to typeof(type) limit n`.
    pub(super) fn mv_expand(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(is_expand_parameter)?;
        let columns = self.list(Self::mv_expand_column)?;
        let limit = if self.take_word("limit") {
            Some(self.expression()?)
        } else {
            None
        };
        Ok(OperatorKind::MvExpand(Box::new(MvExpand { columns, limit })))
    }

    fn mv_expand_column(&mut self) -> Result<MvExpandColumn> {
        let expression = self.named()?;
        let to = if self.take_word("to") {
            Some(self.type_of()?)
        } else {
            None
        };
        Ok(MvExpandColumn { expression, to })
    }

    /// `mv-apply column to typeof(type) limit n on (operators)`.
    pub(super) fn mv_apply(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(is_expand_parameter)?;
        let columns = self.list(Self::mv_expand_column)?;
        let limit = if self.take_word("limit") {
            Some(self.expression()?)
        } else {
            None
        };
        let id = if self.take_word("id") {
            Some(self.constant()?)
        } else {
            None
        };
        self.expect_word("'on'")?;
        let operators = self.operators_in_parentheses()?;
        Ok(OperatorKind::MvApply(Box::new(MvApply {
            columns,
            limit,
            id,
            operators,
        })))
    }

    pub(super) fn parse_operator(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        self.parse_pattern(parameters).map(OperatorKind::Parse)
    }

    pub(super) fn parse_where(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        self.parse_pattern(parameters).map(OperatorKind::ParseWhere)
    }

    /// `kind=regex flags=U expression with * "text" column: type`.
    fn parse_pattern(&mut self, parameters: &mut Vec<Parameter>) -> Result<Box<ParsePattern>> {
        *parameters = self.parameters(|name| matches!(name, "kind" | "flags"))?;
        let expression = self.expression()?;
        self.expect_word("'with'")?;
        let mut segments = Vec::new();
        loop {
            let start = self.start();
            let segment = match self.kind(0) {
                T::Star => {
                    self.advance(1);
                    ParseSegment::Star(self.span_from(start))
                }
                T::String => ParseSegment::Text(self.string()?),
                T::Word | T::OpenBracket => ParseSegment::Column(self.parse_column()?),
                _ => break,
            };
            segments.push(segment);
        }
        Ok(Box::new(ParsePattern { expression, segments }))
    }

    fn parse_column(&mut self) -> Result<ParseColumn> {
        let name = self.name()?;
        let scalar_type = if self.take(T::Colon) {
            Some(self.scalar_type()?)
        } else {
            None
        };
        Ok(ParseColumn { name, scalar_type })
    }

    /// `parse-kv expression as (keys) with (properties)`.
    pub(super) fn parse_kv(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| false)?;
        let expression = self.expression()?;
        self.expect_word("'as'")?;
        let keys = self.row_schema()?;
        let properties = self.with_properties()?;
        Ok(OperatorKind::ParseKv(Box::new(ParseKv {
            expression,
            keys,
            properties,
        })))
    }
}

fn is_expand_parameter(name: &str) -> bool {
    matches!(
        name,
        "bagexpansion" | "kind" | "with_itemindex" | "expandoutput" | "decodeblocks"
    )
}
