//! `kusto completions`

use clap::CommandFactory;

use crate::args::{Arguments, CompletionsArguments};
use crate::failure::{self, Failure};

pub(crate) fn run(arguments: &CompletionsArguments) -> Result<(), Failure> {
    // Written to memory first: the generator panics when a pipe closes.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "kusto", &mut script);
    failure::unless_closed(std::io::Write::write_all(&mut std::io::stdout(), &script))
}
