//! Management commands: where they end and where their query begins.

use crate::ast::{Operator, Span};
use crate::error::SyntaxError;
use crate::lexer::Lexer;
use crate::parser::Parser;
use crate::token::TokenKind;

/// A management command taken apart. The command itself stays text: its grammar is not the query
/// language's.
#[derive(Clone, Debug, PartialEq)]
pub struct Command<'a> {
    /// The command, from its dot to the last character before the bar.
    pub text: &'a str,
    /// Where `text` stands.
    pub span: Span,
    /// What stands after `<|`: the query of `.set T <| …`, the data of `.ingest inline`.
    pub input: Option<&'a str>,
    /// The operators the command's answer goes through: `| where …` after `.show tables`. Their
    /// spans are about the whole text.
    pub operators: Vec<Operator>,
}

/// True if the text is a management command: its first token is a dot.
///
/// ```
/// assert!(kusto_kql::is_command("// tables\n.show tables"));
/// assert!(!kusto_kql::is_command("StormEvents | count"));
/// ```
#[must_use]
pub fn is_command(text: &str) -> bool {
    Lexer::new(text, 0).next().kind == TokenKind::Dot
}

/// Takes a management command apart at its first bar outside of strings and brackets.
///
/// # Errors
///
/// [`SyntaxError`] if the text does not begin with a dot, or if what follows the bar are no operators.
/// The command and the input of `<|` are not looked into.
///
/// ```
/// let command = kusto_kql::parse_command(".show tables | count").unwrap();
/// assert_eq!(command.text, ".show tables");
/// assert_eq!(command.operators.len(), 1);
///
/// let command = kusto_kql::parse_command(".set-or-append T <| U | take 5").unwrap();
/// assert_eq!((command.text, command.input), (".set-or-append T", Some(" U | take 5")));
/// ```
pub fn parse_command(text: &str) -> Result<Command<'_>, SyntaxError> {
    let mut lexer = Lexer::new(text, 0);
    let first = lexer.next();
    if first.kind != TokenKind::Dot {
        return Err(Parser::new(text, 0)?.unexpected("a command, which begins with '.'"));
    }
    let mut end = first.end;
    let mut nesting = 0_usize;
    let bar = loop {
        let token = lexer.next();
        match token.kind {
            TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace => nesting += 1,
            TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace => {
                nesting = nesting.saturating_sub(1);
            }
            TokenKind::Bar | TokenKind::LessBar if nesting == 0 => break token,
            TokenKind::End => break token,
            _ => {}
        }
        end = token.end;
    };
    let span = Span {
        start: first.start as usize,
        end: end as usize,
    };
    let rest = bar.end as usize;
    let input = (bar.kind == TokenKind::LessBar).then(|| &text[rest..]);
    let mut operators = Vec::new();
    if bar.kind == TokenKind::Bar {
        operators = Parser::new(text, rest)?.operators_to_end()?;
    }
    Ok(Command {
        text: &text[span.start..span.end],
        span,
        input,
        operators,
    })
}
