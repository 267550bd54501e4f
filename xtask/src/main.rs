//! The chores of this workspace: `cargo xtask help` lists them.
//!
//! Checks that need nothing but the source tree are ordinary tests of this package, so that `cargo test` runs them.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what these chores are for")]

#[path = "../../interop/azurite/azurite.rs"]
mod azurite;
mod bench;
mod cross;
mod fuzz;
mod instructions;
mod interop;
mod layers;
mod memory;
mod secrets;
mod service;
mod speed;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some("bench") => bench::run(&arguments[1..]),
        Some("ci") => ci(),
        Some("check") => check(),
        Some("cross") => cross::run(&arguments[1..]),
        Some("fuzz") => fuzz::run(&arguments[1..]),
        Some("instructions") => instructions::run(&arguments[1..]),
        Some("interop") => interop::run(&arguments[1..]),
        Some("memory") => memory::run(&arguments[1..]),
        Some("secrets") => secrets::run(),
        Some("speed") => speed::run(),
        Some("layers") => report(layers::violations()),
        Some("tidy") => report(tidy::violations()),
        Some("test") => test(),
        _ => {
            println!("{HELP}");
            Ok(())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

const HELP: &str = "\
cargo xtask CHORE

  test      every test of the workspace, as the README says: cargo test --workspace
  check     format, clippy and docs, warnings denied
  interop   the official SDKs against our service, our client against another service
            (name one to run it alone: python, node, duckdb, oracle, arrow, openid, msal, proxy)
  memory    gigabytes through the client and the service, a thousand queries at once, an upload of 256 MiB, or with
            --full of 2 GiB, and what they hold
  speed     queries over 10 million rows beside DuckDB on one thread
  bench     our decoder beside others, as tables in BENCHMARKING.md; --quick: in two minutes, printed only
  instructions
            of decoding, counted by valgrind, against those in the repository (--update: written anew)
  cross     the decoder's tests for 64-bit ARM, in qemu; says what is missing if it cannot
  fuzz      every fuzz target for ten seconds, or for as many as are given; needs nightly and cargo-fuzz
  layers    which crate may depend on which
  tidy      rules of the source tree
  secrets   the tests again with all that they print and trace, searched for the secrets in them
  ci        test, secrets, check, interop, memory and instructions";

fn ci() -> Result<(), String> {
    test()?;
    secrets::run()?;
    check()?;
    interop::run(&[])?;
    memory::run(&[])?;
    instructions::run(&[])
}

/// The command that the README names.
fn test() -> Result<(), String> {
    cargo(&["test", "--workspace", "--locked"], &[])
}

fn check() -> Result<(), String> {
    cargo(&["fmt", "--all", "--check"], &[])?;
    cargo(
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
        &[],
    )?;
    cargo(
        &["doc", "--workspace", "--all-features", "--no-deps", "--locked"],
        &[("RUSTDOCFLAGS", "-D warnings")],
    )
}

fn cargo(arguments: &[&str], variables: &[(&str, &str)]) -> Result<(), String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(root());
    run(&mut command)
}

/// Runs a command to its end, its output going where ours goes.
fn run(command: &mut Command) -> Result<(), String> {
    println!("$ {command:?}");
    let status = command
        .status()
        .map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{command:?} failed: {status}"))
    }
}

fn report(violations: Result<Vec<String>, String>) -> Result<(), String> {
    let violations = violations?;
    violations.iter().for_each(|violation| println!("{violation}"));
    if violations.is_empty() {
        Ok(())
    } else {
        Err(format!("{} violations", violations.len()))
    }
}

/// The root of the workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or_else(|| Path::new("."))
}

/// Every Rust file of the workspace's own packages, sorted.
fn rust_files() -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries {
            let path = entry.map_err(|error| error.to_string())?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
