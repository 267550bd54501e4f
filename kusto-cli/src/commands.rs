//! One module for each command.

mod completions;
mod ingest;
mod link;
mod mgmt;
mod query;
mod sample;
mod serve;

use crate::args::Command;
use crate::failure::Failure;
use crate::shell;

/// Runs a command to its end.
pub(crate) async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Query(arguments) => query::run(arguments).await,
        Command::Mgmt(arguments) => mgmt::run(arguments).await,
        Command::Shell(arguments) => shell::run(arguments).await,
        Command::Ingest(arguments) => ingest::run(arguments).await,
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::Link(arguments) => link::run(&arguments),
        Command::Sample(arguments) => sample::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}
