//! Expressions, by precedence.

use super::{Parser, Result};
use crate::ast::{
    BinaryOperator, Call, Expression, ExpressionKind, ListOperator, LogicalOperator, Name, NamedExpression,
    UnaryOperator,
};
use crate::precedence::{self, Precedence};
use crate::token::TokenKind as T;
use crate::token::{WordClass, is_boolean, word_class};

const AN_EXPRESSION: &str = "an expression";

/// What may stand between two expressions.
#[derive(Clone, Copy)]
enum Infix {
    Logical(LogicalOperator),
    Binary(BinaryOperator),
    List(ListOperator),
    Between { negated: bool },
}

impl Infix {
    fn precedence(self) -> Precedence {
        match self {
            Self::Logical(LogicalOperator::Or) => precedence::OR,
            Self::Logical(LogicalOperator::And) => precedence::AND,
            Self::List(_) | Self::Between { .. } => precedence::EQUALITY,
            Self::Binary(operator) => precedence::of_binary(operator),
        }
    }
}

impl Parser<'_> {
    /// The expression that starts there and ends with the last token taken.
    pub(super) fn node(&self, kind: ExpressionKind, start: usize) -> Expression {
        Expression {
            kind,
            span: self.span_from(start),
        }
    }

    /// An expression or a pipe: what may stand in parentheses, after `let x =`, as an argument.
    pub(super) fn pipe(&mut self) -> Result<Expression> {
        self.enter()?;
        let start = self.start();
        let source = self.source()?;
        let pipe = self.piped(start, source)?;
        self.leave();
        Ok(pipe)
    }

    /// The source with the operators after it, if any.
    pub(super) fn piped(&mut self, start: usize, source: Expression) -> Result<Expression> {
        if !self.take(T::Bar) {
            return Ok(source);
        }
        let operators = self.operators()?;
        let kind = ExpressionKind::Pipe {
            source: Box::new(source),
            operators,
        };
        Ok(self.node(kind, start))
    }

    fn source(&mut self) -> Result<Expression> {
        if !self.at_source_operator() {
            return self.binary(precedence::OR);
        }
        let operator = Box::new(self.operator()?);
        Ok(Expression {
            span: operator.span,
            kind: ExpressionKind::Operator(operator),
        })
    }

    /// An expression without a pipe: an operand of an operator of a pipe.
    pub(super) fn expression(&mut self) -> Result<Expression> {
        self.enter()?;
        let expression = self.binary(precedence::OR)?;
        self.leave();
        Ok(expression)
    }

    /// `expression` or `name = expression`.
    pub(super) fn named(&mut self) -> Result<NamedExpression> {
        let start = self.start();
        let name = self.name_clause()?;
        let expression = self.expression()?;
        Ok(NamedExpression {
            name,
            expression,
            span: self.span_from(start),
        })
    }

    /// Operators that bind at least as tightly as `least`, and their operands.
    ///
    /// What most expressions do not need is in functions of its own, here and below: a rule's frame
    /// stays on the stack while the rules inside of it run.
    fn binary(&mut self, least: Precedence) -> Result<Expression> {
        let outer = self.begin_tree();
        let start = self.start();
        let mut left = self.unary()?;
        if self.infix().is_some() {
            left = self.binary_rest(start, least, left)?;
        }
        self.end_tree(outer);
        Ok(left)
    }

    fn binary_rest(&mut self, start: usize, least: Precedence, mut left: Expression) -> Result<Expression> {
        let mut most = precedence::STRING;
        while let Some((infix, tokens)) = self.infix() {
            let found = infix.precedence();
            if found < least || found > most {
                break;
            }
            self.wrap()?;
            self.advance(tokens);
            let kind = self.infix_rest(infix, left)?;
            left = self.node(kind, start);
            most = if precedence::chains(found) {
                found
            } else {
                found - 1
            };
        }
        Ok(left)
    }

    /// The operand after an operator: another level, for the limit.
    fn right(&mut self, infix: Infix) -> Result<Expression> {
        self.enter()?;
        let right = self.binary(infix.precedence() + 1)?;
        self.leave();
        Ok(right)
    }

    /// What follows the operator, joined with what stands before it.
    fn infix_rest(&mut self, infix: Infix, left: Expression) -> Result<ExpressionKind> {
        match infix {
            Infix::Logical(operator) => self.logical_rest(operator, left),
            Infix::List(operator) => {
                let values = self.parenthesized_list(Self::pipe)?;
                Ok(ExpressionKind::List {
                    operator,
                    left: Box::new(left),
                    values,
                })
            }
            Infix::Between { negated } => self.between_rest(negated, left),
            Infix::Binary(operator) => {
                let right = Box::new(self.right(infix)?);
                Ok(ExpressionKind::Binary {
                    operator,
                    left: Box::new(left),
                    right,
                })
            }
        }
    }

    fn logical_rest(&mut self, operator: LogicalOperator, left: Expression) -> Result<ExpressionKind> {
        let infix = Infix::Logical(operator);
        let word = match operator {
            LogicalOperator::And => "and",
            LogicalOperator::Or => "or",
        };
        let mut operands = vec![left, self.right(infix)?];
        while self.take_word(word) {
            operands.push(self.right(infix)?);
        }
        Ok(ExpressionKind::Logical { operator, operands })
    }

    fn between_rest(&mut self, negated: bool, operand: Expression) -> Result<ExpressionKind> {
        self.expect(T::OpenParen, "'('")?;
        let low = Box::new(self.expression()?);
        self.expect(T::DotDot, "'..'")?;
        let high = Box::new(self.expression()?);
        self.expect(T::CloseParen, "')'")?;
        Ok(ExpressionKind::Between {
            negated,
            operand: Box::new(operand),
            low,
            high,
        })
    }

    /// The operator at the cursor, and how many tokens it takes.
    fn infix(&self) -> Option<(Infix, usize)> {
        use BinaryOperator as B;
        let token = self.token(0);
        let binary = |operator| Some((Infix::Binary(operator), 1));
        match token.kind {
            T::Plus => binary(B::Add),
            T::Minus => binary(B::Subtract),
            T::Star => binary(B::Multiply),
            T::Slash => binary(B::Divide),
            T::Percent => binary(B::Modulo),
            T::Equal => binary(B::Equal),
            T::NotEqual | T::LessGreater => binary(B::NotEqual),
            T::Less => binary(B::Less),
            T::LessOrEqual => binary(B::LessOrEqual),
            T::Greater => binary(B::Greater),
            T::GreaterOrEqual => binary(B::GreaterOrEqual),
            T::EqualTilde => binary(B::EqualIgnoreCase),
            T::NotTilde => binary(B::NotEqualIgnoreCase),
            T::Colon => binary(B::HasTerm),
            T::Word | T::OperatorWord => self.infix_word(self.text_of(token)),
            _ => None,
        }
    }

    fn infix_word(&self, word: &str) -> Option<(Infix, usize)> {
        let infix = match word {
            "and" => Infix::Logical(LogicalOperator::And),
            "or" => Infix::Logical(LogicalOperator::Or),
            // `on x in range(…)` belongs to make-series.
            "in" if self.word(1) == "range" => return None,
            "in" => Infix::List(ListOperator::In),
            "!in" => Infix::List(ListOperator::NotIn),
            "in~" => Infix::List(ListOperator::InIgnoreCase),
            "!in~" => Infix::List(ListOperator::NotInIgnoreCase),
            "has_any" => Infix::List(ListOperator::HasAny),
            "has_all" => Infix::List(ListOperator::HasAll),
            "between" => Infix::Between { negated: false },
            "!between" => Infix::Between { negated: true },
            "matches" if self.word(1) == "regex" => {
                return Some((Infix::Binary(BinaryOperator::MatchesRegex), 2));
            }
            _ => Infix::Binary(BinaryOperator::from_word(word)?),
        };
        Some((infix, 1))
    }

    /// An operand with at most one sign.
    pub(super) fn unary(&mut self) -> Result<Expression> {
        let operator = match self.kind(0) {
            T::Minus => UnaryOperator::Minus,
            T::Plus => UnaryOperator::Plus,
            _ => return self.path(),
        };
        self.signed(operator)
    }

    fn signed(&mut self, operator: UnaryOperator) -> Result<Expression> {
        let start = self.start();
        self.advance(1);
        let operand = Box::new(self.path()?);
        self.wrap()?;
        Ok(self.node(ExpressionKind::Unary { operator, operand }, start))
    }

    /// An operand and the `.name`, `.f()` and `[index]` after it.
    pub(super) fn path(&mut self) -> Result<Expression> {
        self.path_before(|_| false)
    }

    /// A path that ends where a dot begins something else.
    pub(super) fn path_before(&mut self, ends: fn(&Self) -> bool) -> Result<Expression> {
        let outer = self.begin_tree();
        let start = self.start();
        let mut path = self.primary()?;
        if matches!(self.kind(0), T::Dot | T::OpenBracket) {
            path = self.path_rest(start, path, ends)?;
        }
        self.end_tree(outer);
        Ok(path)
    }

    fn path_rest(
        &mut self,
        start: usize,
        mut path: Expression,
        ends: fn(&Self) -> bool,
    ) -> Result<Expression> {
        loop {
            let kind = match self.kind(0) {
                T::Dot if ends(self) => return Ok(path),
                T::OpenBracket => self.index_rest(path)?,
                T::Dot if self.kind(1) == T::OpenBracket && self.kind(2) != T::String => {
                    self.advance(1);
                    self.index_rest(path)?
                }
                T::Dot => {
                    self.advance(1);
                    self.member_rest(path)?
                }
                _ => return Ok(path),
            };
            self.wrap()?;
            path = self.node(kind, start);
        }
    }

    pub(super) fn index_rest(&mut self, object: Expression) -> Result<ExpressionKind> {
        self.expect(T::OpenBracket, "'['")?;
        let index = Box::new(self.expression()?);
        self.expect(T::CloseBracket, "']'")?;
        Ok(ExpressionKind::Index {
            object: Box::new(object),
            index,
        })
    }

    /// What follows a dot.
    fn member_rest(&mut self, object: Expression) -> Result<ExpressionKind> {
        let name = self.name()?;
        let object = Box::new(object);
        if !self.at(T::OpenParen) {
            return Ok(ExpressionKind::Member { object, name });
        }
        self.call_rest(Some(object), name).map(ExpressionKind::Call)
    }

    /// The parenthesis of a call and what is in it.
    fn call_rest(&mut self, object: Option<Box<Expression>>, name: Name) -> Result<Box<Call>> {
        self.expect(T::OpenParen, "'('")?;
        let mut arguments = Vec::new();
        if !self.at(T::CloseParen) {
            arguments = self.list(Self::named)?;
        }
        self.expect(T::CloseParen, "',' or ')'")?;
        Ok(Box::new(Call {
            object,
            name,
            parameters: Vec::new(),
            arguments,
        }))
    }

    /// `f(…)` where nothing else may stand.
    pub(super) fn call(&mut self) -> Result<Box<Call>> {
        let name = self.name()?;
        self.call_rest(None, name)
    }

    /// An operand without anything before or after it.
    fn primary(&mut self) -> Result<Expression> {
        let start = self.start();
        let kind = match self.kind(0) {
            T::Word => self.word_expression()?,
            T::OpenParen => return self.parenthesized(),
            T::Star => {
                self.advance(1);
                ExpressionKind::Star
            }
            T::OpenBracket if self.at_bracketed_name() => self.name_expression()?,
            T::OpenBrace if self.at_client_parameter() => {
                ExpressionKind::ClientParameter(self.client_parameter()?)
            }
            _ => match self.literal() {
                Some(literal) => ExpressionKind::Literal(literal),
                None => return Err(self.unexpected(AN_EXPRESSION)),
            },
        };
        Ok(self.node(kind, start))
    }

    /// `( expression )`, which leaves no trace but the shape of the tree.
    pub(super) fn parenthesized(&mut self) -> Result<Expression> {
        self.expect(T::OpenParen, "'('")?;
        let inside = self.pipe()?;
        self.expect(T::CloseParen, "')'")?;
        Ok(inside)
    }

    fn word_expression(&mut self) -> Result<ExpressionKind> {
        let word = self.word(0);
        if word_class(word) == WordClass::Free && !is_boolean(word) {
            return match word {
                "typeof" if self.kind(1) == T::OpenParen => {
                    Ok(ExpressionKind::Typeof(Box::new(self.type_of()?)))
                }
                "inline_external_table" if self.kind(1) == T::OpenParen => self.inline_external_table(),
                "entity_group" if self.kind(1) == T::OpenBracket => self.entity_group(),
                "materialized" if self.dashed_word().0 == "materialized-view-combine" => {
                    self.materialized_view_combine()
                }
                _ => self.name_expression(),
            };
        }
        match word {
            "dynamic" if self.at_dynamic() => Ok(ExpressionKind::Dynamic(Box::new(self.dynamic()?))),
            "datatable" => self.datatable(),
            "externaldata" | "external_data" => self.external_data(),
            "toscalar" | "totable" => self.subquery_call(),
            "materialize" if self.kind(1) == T::OpenParen => self.subquery_call(),
            _ => match self.literal() {
                Some(literal) => Ok(ExpressionKind::Literal(literal)),
                None => Err(self.unexpected("an expression (a keyword needs brackets: ['name'])")),
            },
        }
    }

    /// A name, or a call if a parenthesis follows.
    fn name_expression(&mut self) -> Result<ExpressionKind> {
        let name = self.name()?;
        if self.at(T::OpenParen) {
            return self.call_rest(None, name).map(ExpressionKind::Call);
        }
        if self.at_word("datascope") {
            return self.data_scope_rest(name);
        }
        Ok(ExpressionKind::Name(name.text))
    }

    fn data_scope_rest(&mut self, table: Name) -> Result<ExpressionKind> {
        let table = Expression {
            kind: ExpressionKind::Name(table.text),
            span: table.span,
        };
        let scope = self.data_scope()?.text;
        Ok(ExpressionKind::DataScope {
            table: Box::new(table),
            scope,
        })
    }

    /// `toscalar(pipe)`, `toscalar kind=nooptimization (pipe)`, `totable(pipe)`, `materialize(pipe)`.
    fn subquery_call(&mut self) -> Result<ExpressionKind> {
        let name = self.any_word()?;
        let parameters = self.parameters(|name| name == "kind")?;
        let expression = self.parenthesized()?;
        let argument = NamedExpression {
            name: None,
            span: expression.span,
            expression,
        };
        let call = Call {
            object: None,
            name,
            parameters,
            arguments: vec![argument],
        };
        Ok(ExpressionKind::Call(Box::new(call)))
    }
}
