//! A parser for the Kusto Query Language (KQL): text in, syntax tree with byte spans out.
//!
//! For engines, editors, linters and tests that need to know what a query says without a cluster.
//! The whole language is covered as syntax; what a name refers to and which type an expression has
//! is left to whoever binds the tree. The crate depends on the standard library alone.

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
