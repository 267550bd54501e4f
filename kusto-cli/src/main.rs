//! The `kusto` command: query, load and serve Azure Data Explorer (Kusto) databases.
//!
//! `args` has the arguments and their help, `commands` one module for each command. A query goes to the service that
//! `connect` finds; its frames pass through `results`, which prints rows (`output`) and draws charts (`chart`).

#![forbid(unsafe_code)]

mod args;
mod chart;
mod commands;
mod config;
mod connect;
mod failure;
mod local;
mod login;
mod output;
mod place;
mod progress;
mod results;
mod run;
mod shell;
mod terminal;
mod text;

use std::process::ExitCode;

use clap::Parser;

use args::Arguments;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match commands::run(arguments.command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}
