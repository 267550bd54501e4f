//! Operators that group rows or keep the first of them.

use crate::ast::{
    MakeSeries, OperatorKind, Parameter, Reduce, SampleDistinct, SeriesAggregate, SeriesRange, Summarize,
    Top, TopHitters, TopNested,
};
use crate::parser::{Parser, Result};
use crate::token::TokenKind as T;

impl Parser<'_> {
    /// `summarize aggregates by keys`.
    pub(super) fn summarize(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| false)?;
        let mut summarize = Summarize {
            aggregates: Vec::new(),
            by: Vec::new(),
            bin: None,
        };
        if !self.at_word("by") || self.at_assignment() {
            summarize.aggregates = self.optional_list(Self::named)?;
        }
        if self.take_word("by") {
            summarize.by = self.list(Self::named)?;
            if self.at_word("bin") && self.kind(1) == T::Assign {
                self.advance(2);
                summarize.bin = Some(self.constant()?);
            }
        }
        Ok(OperatorKind::Summarize(Box::new(summarize)))
    }

    /// `make-series aggregates on axis from a to b step c by keys`.
    pub(super) fn make_series(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|name| name == "kind")?;
        let aggregates = self.list(Self::series_aggregate)?;
        self.expect_word("'on'")?;
        let axis = self.named()?;
        let range = if self.take_word("in") {
            self.expect_word("'range'")?;
            self.series_in_range()?
        } else {
            self.series_from_to_step()?
        };
        let by = if self.take_word("by") {
            self.list(Self::named)?
        } else {
            Vec::new()
        };
        Ok(OperatorKind::MakeSeries(Box::new(MakeSeries {
            aggregates,
            axis,
            range,
            by,
        })))
    }

    fn series_aggregate(&mut self) -> Result<SeriesAggregate> {
        let expression = self.named()?;
        let mut default = None;
        if self.take_word("default") {
            self.expect(T::Assign, "'='")?;
            default = Some(self.expression()?);
        }
        Ok(SeriesAggregate { expression, default })
    }

    /// `(from, to, step)`.
    fn series_in_range(&mut self) -> Result<SeriesRange> {
        self.expect(T::OpenParen, "'('")?;
        let from = Some(self.expression()?);
        self.expect(T::Comma, "','")?;
        let to = Some(self.expression()?);
        self.expect(T::Comma, "','")?;
        let step = self.expression()?;
        self.expect(T::CloseParen, "')'")?;
        Ok(SeriesRange {
            from,
            to,
            step,
            in_range: true,
        })
    }

    fn series_from_to_step(&mut self) -> Result<SeriesRange> {
        let from = if self.take_word("from") {
            Some(self.expression()?)
        } else {
            None
        };
        let to = if self.take_word("to") {
            Some(self.expression()?)
        } else {
            None
        };
        self.expect_word("'step'")?;
        let step = self.expression()?;
        Ok(SeriesRange {
            from,
            to,
            step,
            in_range: false,
        })
    }

    /// `reduce by expression with properties`.
    pub(super) fn reduce(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|name| name == "kind")?;
        self.expect_word("'by'")?;
        let by = self.named()?;
        let properties = if self.take_word("with") {
            self.list(Self::named)?
        } else {
            Vec::new()
        };
        Ok(OperatorKind::Reduce(Box::new(Reduce { by, properties })))
    }

    /// `sample-distinct n of column`.
    pub(super) fn sample_distinct(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| false)?;
        let count = self.expression()?;
        self.expect_word("'of'")?;
        let of = self.named()?;
        Ok(OperatorKind::SampleDistinct(Box::new(SampleDistinct {
            count,
            of,
        })))
    }

    /// `top n by expression`.
    pub(super) fn top(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| false)?;
        let count = self.expression()?;
        self.expect_word("'by'")?;
        let by = self.ordered()?;
        Ok(OperatorKind::Top(Box::new(Top { count, by })))
    }

    /// `top-hitters n of expression by weight`.
    pub(super) fn top_hitters(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| false)?;
        let count = self.expression()?;
        self.expect_word("'of'")?;
        let of = self.named()?;
        let by = if self.take_word("by") {
            Some(self.ordered()?)
        } else {
            None
        };
        Ok(OperatorKind::TopHitters(Box::new(TopHitters { count, of, by })))
    }

    /// Levels separated by commas, each with its own `top-nested`.
    pub(super) fn top_nested(&mut self, parameters: &mut Vec<Parameter>) -> Result<OperatorKind> {
        *parameters = self.parameters(|_| false)?;
        let mut levels = vec![self.top_nested_level()?];
        while self.take(T::Comma) {
            if !self.take_dashed_word("top-nested") {
                return Err(self.unexpected("'top-nested'"));
            }
            levels.push(self.top_nested_level()?);
        }
        Ok(OperatorKind::TopNested(levels))
    }

    /// `n of expression with others = label by aggregate`.
    fn top_nested_level(&mut self) -> Result<TopNested> {
        let start = self.start();
        let count = if self.at_word("of") {
            None
        } else {
            Some(self.expression()?)
        };
        self.expect_word("'of'")?;
        let of = self.named()?;
        let mut others = None;
        if self.take_word("with") {
            self.expect_word("'others'")?;
            self.expect(T::Assign, "'='")?;
            others = Some(self.expression()?);
        }
        self.expect_word("'by'")?;
        let by = self.ordered()?;
        Ok(TopNested {
            count,
            of,
            others,
            by,
            span: self.span_from(start),
        })
    }
}
