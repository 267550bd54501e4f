//! Recursive descent over the tokens. This file is the cursor; the rules are in the files below it,
//! by kind of syntax.
//!
//! The first token that fits no rule ends the parse: rules return early with `?` and nothing is
//! undone. Where two rules start alike, the cursor looks ahead; it never goes back.

mod expression;
mod function;
mod graph;
mod literal;
mod name;
mod operator;
mod source;
mod statement;
mod text;

use crate::ast::{Operator, Script, Span};
use crate::error::{SyntaxError, SyntaxErrorKind};
use crate::lexer::tokenize;
use crate::token::{Token, TokenKind};

type Result<T> = std::result::Result<T, SyntaxError>;

/// How deep a syntax tree can be. A chain of `and` or of `or` is one level, however long; so is a
/// list and a pipe. Parentheses, calls, subqueries and chains of arithmetic or of dots count.
///
/// The limit keeps whoever walks a tree by recursion within an ordinary thread's stack.
pub const MAX_DEPTH: usize = 200;

/// Parses a query: one statement or several, separated by `;`.
///
/// # Errors
///
/// [`SyntaxError`] at the first token that fits nowhere. A management command (a text whose first
/// token is a dot) is not a query: see [`crate::parse_command`].
///
/// ```
/// use kusto_kql::ast::{OperatorKind, ExpressionKind, StatementKind};
///
/// let script = kusto_kql::parse("StormEvents | where State == 'TEXAS' | count").unwrap();
/// let StatementKind::Query(query) = &script.statements[0].kind else { panic!() };
/// let ExpressionKind::Pipe { source, operators } = &query.kind else { panic!() };
/// assert_eq!(source.kind, ExpressionKind::Name("StormEvents".into()));
/// assert_eq!(operators[1].kind, OperatorKind::Count(None));
/// assert_eq!(operators[1].span.start, 39);
/// ```
pub fn parse(text: &str) -> Result<Script> {
    let mut parser = Parser::new(text, 0)?;
    let script = parser.script()?;
    parser.expect_end()?;
    Ok(script)
}

/// Parses what may follow a source: `| where x > 1 | count`, with or without the first bar. An empty
/// text is no operators.
///
/// # Errors
///
/// [`SyntaxError`] at the first token that fits nowhere.
///
/// ```
/// let operators = kusto_kql::parse_operators("| where x > 1 | count").unwrap();
/// assert_eq!(operators.len(), 2);
/// ```
pub fn parse_operators(text: &str) -> Result<Vec<Operator>> {
    let mut parser = Parser::new(text, 0)?;
    if parser.at(TokenKind::End) {
        return Ok(Vec::new());
    }
    parser.take(TokenKind::Bar);
    parser.operators_to_end()
}

pub(crate) struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    position: usize,
    /// How many rules that may contain themselves are under way.
    depth: usize,
    /// The depth of the deepest node of the expression under way, or a little more.
    deepest: usize,
}

impl<'a> Parser<'a> {
    /// A parser of what follows a byte offset.
    pub(crate) fn new(text: &'a str, start: usize) -> Result<Self> {
        if u32::try_from(text.len()).is_err() {
            return Err(SyntaxError::new(SyntaxErrorKind::TooLong, "", 0, "", ""));
        }
        Ok(Self {
            text,
            tokens: tokenize(text, start),
            position: 0,
            depth: 0,
            deepest: 0,
        })
    }

    /// One operator or more, and nothing after them.
    pub(crate) fn operators_to_end(&mut self) -> Result<Vec<Operator>> {
        let operators = self.operators()?;
        self.expect_end()?;
        Ok(operators)
    }

    /// The token at a distance from the cursor; past the end, the end.
    fn token(&self, distance: usize) -> Token {
        let last = self.tokens.len() - 1;
        self.tokens[(self.position + distance).min(last)]
    }

    fn kind(&self, distance: usize) -> TokenKind {
        self.token(distance).kind
    }

    fn text_of(&self, token: Token) -> &'a str {
        &self.text[token.start as usize..token.end as usize]
    }

    /// The text of the word at a distance from the cursor; empty if it is no word.
    fn word(&self, distance: usize) -> &'a str {
        let token = self.token(distance);
        if token.kind == TokenKind::Word {
            self.text_of(token)
        } else {
            ""
        }
    }

    /// True if nothing stands between the token at that distance and the next.
    fn touches_next(&self, distance: usize) -> bool {
        self.token(distance).end == self.token(distance + 1).start
    }

    /// The word at the cursor with the words joined to it by dashes (`mv-expand`), and how many
    /// tokens that is.
    fn dashed_word(&self) -> (&'a str, usize) {
        if self.word(0).is_empty() {
            return ("", 0);
        }
        let mut count = 1;
        while self.kind(count) == TokenKind::Minus
            && self.touches_next(count - 1)
            && self.touches_next(count)
            && !self.word(count + 1).is_empty()
        {
            count += 2;
        }
        let (first, last) = (self.token(0), self.token(count - 1));
        (&self.text[first.start as usize..last.end as usize], count)
    }

    fn at(&self, kind: TokenKind) -> bool {
        self.kind(0) == kind
    }

    fn at_word(&self, word: &str) -> bool {
        self.word(0) == word
    }

    fn advance(&mut self, count: usize) {
        self.position = (self.position + count).min(self.tokens.len() - 1);
    }

    fn take(&mut self, kind: TokenKind) -> bool {
        let is_there = self.at(kind);
        if is_there {
            self.advance(1);
        }
        is_there
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is_there = self.at_word(word);
        if is_there {
            self.advance(1);
        }
        is_there
    }

    fn take_dashed_word(&mut self, word: &str) -> bool {
        let (found, count) = self.dashed_word();
        if found == word {
            self.advance(count);
        }
        found == word
    }

    fn expect(&mut self, kind: TokenKind, expected: &'static str) -> Result<()> {
        if self.take(kind) {
            Ok(())
        } else {
            Err(self.unexpected(expected))
        }
    }

    /// `expected` is the word in quotes, as messages show it.
    fn expect_word(&mut self, expected: &'static str) -> Result<()> {
        let word = expected.trim_matches('\'');
        if self.take_word(word) {
            Ok(())
        } else {
            Err(self.unexpected(expected))
        }
    }

    fn expect_end(&mut self) -> Result<()> {
        self.expect(TokenKind::End, "'|', ';' or the end of the text")
    }

    /// Where the token at the cursor starts.
    fn start(&self) -> usize {
        self.token(0).start as usize
    }

    /// From `start` to the end of the last token taken.
    fn span_from(&self, start: usize) -> Span {
        let end = self.tokens[..self.position]
            .last()
            .map_or(start, |token| token.end as usize);
        Span { start, end }
    }

    /// The error that says what was expected at the cursor.
    pub(crate) fn unexpected(&self, expected: &'static str) -> SyntaxError {
        let kind = match self.kind(0) {
            TokenKind::Unterminated => SyntaxErrorKind::Unterminated,
            TokenKind::BadEscape => SyntaxErrorKind::BadEscape,
            TokenKind::Unknown => SyntaxErrorKind::UnknownCharacter,
            _ => SyntaxErrorKind::Unexpected,
        };
        self.error(kind, expected)
    }

    fn error(&self, kind: SyntaxErrorKind, expected: &'static str) -> SyntaxError {
        let token = self.token(0);
        SyntaxError::new(
            kind,
            self.text,
            token.start as usize,
            expected,
            self.text_of(token),
        )
    }

    /// Counts one more level; to be paired with [`Parser::leave`] unless the parse ends.
    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        self.check_depth()
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// From here to [`Parser::end_tree`], `deepest` is about one tree alone.
    fn begin_tree(&mut self) -> usize {
        std::mem::replace(&mut self.deepest, self.depth)
    }

    fn end_tree(&mut self, outer: usize) {
        self.deepest = self.deepest.max(outer);
    }

    /// Counts one more level above what has just been parsed.
    fn wrap(&mut self) -> Result<()> {
        self.deepest += 1;
        self.check_depth()
    }

    fn check_depth(&self) -> Result<()> {
        if self.deepest > MAX_DEPTH {
            return Err(self.error(SyntaxErrorKind::TooDeep, "fewer levels"));
        }
        Ok(())
    }

    /// One or more, separated by commas.
    fn list<T>(&mut self, mut rule: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = Vec::new();
        loop {
            items.push(rule(self)?);
            if !self.take(TokenKind::Comma) {
                return Ok(items);
            }
        }
    }

    /// One or more, separated by commas, in parentheses.
    fn parenthesized_list<T>(&mut self, rule: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        self.expect(TokenKind::OpenParen, "'('")?;
        let items = self.list(rule)?;
        self.expect(TokenKind::CloseParen, "',' or ')'")?;
        Ok(items)
    }
}
