//! A parser for the Kusto Query Language (KQL): text in, syntax tree with byte spans out, and back.
//!
//! For whoever must know what a query says without a cluster: an engine, an editor, a linter, a test.
//! It is the front end of the emulator in this workspace. The crate depends on the standard library
//! alone.
//!
//! ```
//! use kusto_kql::ast::{ExpressionKind, OperatorKind, StatementKind};
//!
//! let script = kusto_kql::parse("StormEvents | where Damage > 0 | summarize count() by State")?;
//! let StatementKind::Query(query) = &script.statements[0].kind else { panic!("a let statement?") };
//! let ExpressionKind::Pipe { operators, .. } = &query.kind else { panic!("no pipe?") };
//! let OperatorKind::Summarize(summarize) = &operators[1].kind else { panic!("not summarize?") };
//! assert_eq!(summarize.by.len(), 1);
//!
//! let error = kusto_kql::parse("StormEvents | summarise count()").unwrap_err();
//! assert_eq!((error.line(), error.column(), error.token()), (1, 15, "summarise"));
//! # Ok::<(), kusto_kql::SyntaxError>(())
//! ```
//!
//! - [`parse`] reads a query: [`ast::Script`], a list of statements. [`print()`] writes one in a normal
//!   form that parses to the same tree.
//! - [`parse_command`] takes a management command (`.show tables | count`) apart into its text and the
//!   operators on its answer; [`is_command`] tells the two kinds of text apart.
//! - [`parse_operators`] reads the tail of a pipe alone.
//! - [`SyntaxError`] says where a text cannot go on and what could stand there; [`LineColumn`] turns
//!   any byte offset into what people count.
//! - [`ast`] is the tree: plain enums and structs with public fields.
//!
//! The whole language is covered as syntax, with the service's precedences and its rules on which
//! keywords can be names. No text makes the parser panic, and none exhausts the stack: trees are at
//! most [`MAX_DEPTH`] levels deep.
//!
//! # What it does not do
//!
//! - Bind: what a name refers to, which type an expression has and whether a function exists is for
//!   whoever has the tables. Literals are checked for their form alone: `datetime(yesterday)` parses.
//! - Recover: parsing ends at the first error.
//! - Keep comments, layout or redundant parentheses.
//! - Parse management commands beyond where they end, or client directives (`#connect`).
//! - Let an operator's lone operand have a name: `where x = 1` and `take n = 5` are errors, as people
//!   mean `==`, though the published grammar has room for the name.

#![forbid(unsafe_code)]

pub mod ast;
mod command;
mod error;
mod lexer;
mod parser;
mod precedence;
mod print;
mod token;

pub use command::{Command, is_command, parse_command};
pub use error::{LineColumn, SyntaxError, SyntaxErrorKind};
pub use parser::{MAX_DEPTH, parse, parse_operators};
pub use print::print;
