//! Parses KQL files and says which are not KQL.
//!
//! ```text
//! cargo run --release -p kusto-kql --example check -- queries/*.kql
//! some-program | cargo run --release -p kusto-kql --example check
//! ```
//!
//! Without arguments it reads queries from standard input, separated by NUL bytes. It prints the first
//! errors, then how many queries were accepted and rejected and how fast they were read.

#![allow(clippy::print_stdout, reason = "printing is what a command does")]

use std::io::Read;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const SHOWN_ERRORS: usize = 20;

fn main() -> ExitCode {
    let queries = match queries() {
        Ok(queries) => queries,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::FAILURE;
        }
    };
    let (mut accepted, mut rejected, mut bytes) = (0, 0, 0);
    let mut time = Duration::ZERO;
    for (name, text) in &queries {
        let start = Instant::now();
        let result = check(text);
        time += start.elapsed();
        bytes += text.len();
        match result {
            Ok(()) => accepted += 1,
            Err(error) => {
                rejected += 1;
                if rejected <= SHOWN_ERRORS {
                    let line = text.lines().nth(error.line() - 1).unwrap_or_default();
                    println!("{name}: {error}\n    {}", line.trim());
                }
            }
        }
    }
    let speed = bytes as f64 / 1e6 / time.as_secs_f64().max(1e-9);
    println!("{accepted} accepted, {rejected} rejected, {bytes} bytes, {speed:.1} MB/s");
    if rejected == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What to parse, each with a name for messages.
fn queries() -> Result<Vec<(String, String)>, String> {
    let mut paths = std::env::args().skip(1).peekable();
    if paths.peek().is_some() {
        let read = |path: String| match std::fs::read_to_string(&path) {
            Ok(text) => Ok((path, text)),
            Err(error) => Err(format!("{path}: {error}")),
        };
        return paths.map(read).collect();
    }
    let mut input = String::new();
    std::io::stdin()
        .read_to_string(&mut input)
        .map_err(|error| format!("standard input: {error}"))?;
    let named = |(index, text): (usize, &str)| (format!("query {}", index + 1), text.to_owned());
    Ok(input.split('\0').enumerate().map(named).collect())
}

fn check(text: &str) -> Result<(), kusto_kql::SyntaxError> {
    if kusto_kql::is_command(text) {
        return kusto_kql::parse_command(text).map(drop);
    }
    kusto_kql::parse(text).map(drop)
}
