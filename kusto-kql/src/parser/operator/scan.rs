//! `scan` and its steps.

use crate::ast::{OperatorKind, Parameter, Scan, ScanAssignment, ScanStep};
use crate::parser::{Parser, Result};
use crate::token::TokenKind as T;

impl Parser<'_> {
    /// `scan order by … partition by … declare (…) with (steps)`.
    pub(super) fn scan(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| true)?;
        let mut scan = Scan {
            order_by: Vec::new(),
            partition_by: Vec::new(),
            declarations: Vec::new(),
            steps: Vec::new(),
        };
        if self.take_word("order") {
            self.expect_word("'by'")?;
            scan.order_by = self.list(Self::ordered)?;
        }
        if self.take_word("partition") {
            self.expect_word("'by'")?;
            scan.partition_by = self.list(Self::expression)?;
        }
        if self.take_word("declare") {
            scan.declarations = self.parenthesized_list(Self::parameter_declaration)?;
        }
        self.expect_word("'with'")?;
        self.expect(T::OpenParen, "'('")?;
        while !self.take(T::CloseParen) {
            scan.steps.push(self.scan_step()?);
        }
        Ok(OperatorKind::Scan(Box::new(scan)))
    }

    /// `step name optional output=all: condition => name = value, …;`.
    fn scan_step(&mut self) -> Result<ScanStep> {
        let start = self.start();
        self.expect_word("'step'")?;
        let name = self.declared_name()?;
        let is_optional = self.take_word("optional");
        let mut output = None;
        if self.take_word("output") {
            self.expect(T::Assign, "'='")?;
            output = Some(self.any_word()?);
        }
        self.expect(T::Colon, "':'")?;
        let condition = self.expression()?;
        let mut assignments = Vec::new();
        if self.take(T::Arrow) {
            assignments = self.list(Self::scan_assignment)?;
        }
        self.expect(T::Semicolon, "';'")?;
        let span = self.span_from(start);
        Ok(ScanStep {
            name,
            is_optional,
            output,
            condition,
            assignments,
            span,
        })
    }

    fn scan_assignment(&mut self) -> Result<ScanAssignment> {
        let name = self.declared_name()?;
        self.expect(T::Assign, "'='")?;
        Ok(ScanAssignment {
            name,
            value: self.expression()?,
        })
    }
}
