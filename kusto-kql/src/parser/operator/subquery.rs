//! Operators that read other tables or run pipes of their own.

use crate::ast::{
    Expression, Facet, Find, FindColumn, FindProjection, ForkBranch, Join, Lookup, MacroExpand, OperatorKind,
    Parameter, Partition, PartitionBody, Search,
};
use crate::parser::{Parser, Result};
use crate::token::TokenKind as T;

impl Parser<'_> {
    /// `join kind=inner (right) on a, $left.b == $right.c`.
    pub(super) fn join(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| true)?;
        let right = self.expression()?;
        let mut join = Join {
            right,
            on: Vec::new(),
            predicate: None,
        };
        if self.take_word("on") {
            join.on = self.list(Self::expression)?;
        } else if self.take_word("where") {
            join.predicate = Some(self.expression()?);
        }
        Ok(OperatorKind::Join(Box::new(join)))
    }

    /// `lookup kind=leftouter (right) on a, b`.
    pub(super) fn lookup(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| true)?;
        let right = self.expression()?;
        self.expect_word("'on'")?;
        let on = self.list(Self::expression)?;
        Ok(OperatorKind::Lookup(Box::new(Lookup { right, on })))
    }

    /// `union kind=outer withsource=name isfuzzy=true A, B*, (C | take 1)`.
    pub(super) fn union(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| true)?;
        Ok(OperatorKind::Union(self.list(Self::entity)?))
    }

    /// `find withsource=name in (A, B*) where predicate project a, b: long`.
    pub(super) fn find(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        let (scope, tables) = self.scope_and_tables(parameters)?;
        self.take_word("where");
        let predicate = self.expression()?;
        let mut projection = None;
        if self.take_dashed_word("project-smart") {
            projection = Some(FindProjection::Smart);
        } else if self.at_dashed_word("project") {
            self.advance(1);
            projection = Some(FindProjection::Columns(self.list(Self::find_column)?));
        }
        let mut project_away = Vec::new();
        if self.take_dashed_word("project-away") || self.take_word("__projectAway") {
            project_away = self.list(Self::find_column)?;
        }
        let find = Find {
            scope,
            tables,
            predicate,
            projection,
            project_away,
        };
        Ok(OperatorKind::Find(Box::new(find)))
    }

    fn at_dashed_word(&self, word: &str) -> bool {
        self.dashed_word().0 == word
    }

    fn find_column(&mut self) -> Result<FindColumn> {
        if self.take(T::Star) {
            return Ok(FindColumn::Star);
        }
        if self.at_word("pack") && self.kind(1) == T::OpenParen {
            self.advance(2);
            self.expect(T::Star, "'*'")?;
            self.expect(T::CloseParen, "')'")?;
            return Ok(FindColumn::Pack);
        }
        let name = self.declared_name()?;
        let scalar_type = if self.take(T::Colon) {
            Some(self.scalar_type()?)
        } else {
            None
        };
        Ok(FindColumn::Column(name, scalar_type))
    }

    /// `search kind=case_sensitive in (A, B*) predicate`.
    pub(super) fn search(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        let (scope, tables) = self.scope_and_tables(parameters)?;
        let predicate = self.expression()?;
        Ok(OperatorKind::Search(Box::new(Search {
            scope,
            tables,
            predicate,
        })))
    }

    /// The options, data scope and tables `find` and `search` begin with.
    fn scope_and_tables(
        &mut self,
        parameters: &mut Vec<Parameter>,
    ) -> Result<(Option<String>, Vec<Expression>)> {
        let mut scope = None;
        *parameters = self.parameters(|name| name != "datascope")?;
        if self.at_word("datascope") {
            scope = Some(self.data_scope()?.text);
            parameters.extend(self.parameters(|_| true)?);
        }
        let mut tables = Vec::new();
        if self.at_word("in") && self.kind(1) == T::OpenParen {
            self.advance(1);
            tables = self.parenthesized_list(Self::entity_pipe)?;
        }
        Ok((scope, tables))
    }

    /// `T`, `T*`, `T | as U`.
    fn entity_pipe(&mut self) -> Result<Expression> {
        let start = self.start();
        let entity = self.entity()?;
        self.piped(start, entity)
    }

    /// `fork name=(operators) (operators)`.
    pub(super) fn fork(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| false)?;
        let mut branches = vec![self.fork_branch()?];
        while self.at(T::OpenParen) || self.at_assignment() {
            branches.push(self.fork_branch()?);
        }
        Ok(OperatorKind::Fork(branches))
    }

    fn fork_branch(&mut self) -> Result<ForkBranch> {
        let start = self.start();
        let mut name = None;
        if self.at_assignment() {
            name = Some(self.name()?);
            self.expect(T::Assign, "'='")?;
        }
        let operators = self.operators_in_parentheses()?;
        Ok(ForkBranch {
            name,
            operators,
            span: self.span_from(start),
        })
    }

    /// `facet by a, b with (operators)`, `… with operator`.
    pub(super) fn facet(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| false)?;
        self.expect_word("'by'")?;
        let columns = self.list(Self::expression)?;
        let mut operators = Vec::new();
        if self.take_word("with") {
            operators = if self.at(T::OpenParen) {
                self.operators_in_parentheses()?
            } else {
                self.enter()?;
                let operator = self.operator()?;
                self.leave();
                vec![operator]
            };
        }
        Ok(OperatorKind::Facet(Facet { columns, operators }))
    }

    /// `partition hint.strategy=native by column (operators)`.
    pub(super) fn partition(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| true)?;
        self.expect_word("'by'")?;
        let by = self.column_path()?;
        let values = if self.take_word("in") {
            Some(self.expression()?)
        } else {
            None
        };
        let body = if self.take(T::OpenBrace) {
            let query = self.pipe()?;
            self.expect(T::CloseBrace, "'}'")?;
            PartitionBody::Query(query)
        } else {
            PartitionBody::Operators(self.operators_in_parentheses()?)
        };
        Ok(OperatorKind::Partition(Box::new(Partition {
            by,
            values,
            id: None,
            body,
        })))
    }

    /// `__partitionby column id guid(…) (operators)`.
    pub(super) fn partition_by(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| true)?;
        let by = self.column_path()?;
        let id = if self.take_word("id") {
            Some(self.constant()?)
        } else {
            None
        };
        let body = PartitionBody::Operators(self.operators_in_parentheses()?);
        Ok(OperatorKind::Partition(Box::new(Partition {
            by,
            values: None,
            id,
            body,
        })))
    }

    /// `macro-expand group as scope ( statements )`.
    pub(super) fn macro_expand(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| true)?;
        let group = self.expression()?;
        self.expect_word("'as'")?;
        let scope = self.name()?;
        self.enter()?;
        self.expect(T::OpenParen, "'('")?;
        let statements = self.statements(T::CloseParen)?;
        self.expect(T::CloseParen, "';' or ')'")?;
        self.leave();
        Ok(OperatorKind::MacroExpand(Box::new(MacroExpand {
            group,
            scope,
            statements,
        })))
    }
}
