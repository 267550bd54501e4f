//! Runs the built command: over local files, and against its own service.

#[path = "cli/command.rs"]
mod command;
#[path = "cli/faults.rs"]
mod faults;
#[path = "cli/formats.rs"]
mod formats;
#[path = "cli/service.rs"]
mod service;
#[path = "cli/shell.rs"]
mod shell;
