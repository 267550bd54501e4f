//! The decoder's tests for another architecture than that of this machine, in an emulator.

use std::path::Path;
use std::process::Command;

/// Runs the tests of `kusto-protocol` for 64-bit ARM, whose kernels no x86-64 compiles. Says what is missing where
/// something is.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let found = [has_target(), program(LINKERS), program(EMULATORS)];
    let missing: Vec<&str> = found
        .iter()
        .filter_map(|found| found.as_ref().err())
        .copied()
        .collect();
    if !missing.is_empty() {
        return Err(format!("missing: {}", missing.join("; ")));
    }
    let [_, linker, emulator] = found.map(Result::unwrap_or_default);
    let variables = [
        ("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", linker),
        (
            "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER",
            format!("{emulator} -L /usr/aarch64-linux-gnu"),
        ),
    ];
    let mut command = vec![
        "test",
        "--locked",
        "--package",
        "kusto-protocol",
        "--target",
        TARGET,
    ];
    command.extend(arguments.iter().map(String::as_str));
    crate::cargo(
        &command,
        &variables.each_ref().map(|(name, value)| (*name, value.as_str())),
    )
}

/// Whether the standard library is there for the target. Distributions install it as rustup does.
fn has_target() -> Result<String, &'static str> {
    let missing = "the standard library for aarch64-unknown-linux-gnu (rustup target add aarch64-unknown-linux-gnu, or \
                   Debian's libstd-rust-dev:arm64)";
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .map_err(|_| missing)?;
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let is_there = Path::new(&folder).is_dir();
    is_there.then_some(folder).ok_or(missing)
}

/// The first of these programs that runs; otherwise what to install, which comes last.
fn program([first, second, missing]: [&'static str; 3]) -> Result<String, &'static str> {
    let runs = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    let found = [first, second].into_iter().find(runs);
    found.map(str::to_owned).ok_or(missing)
}

const TARGET: &str = "aarch64-unknown-linux-gnu";
const LINKERS: [&str; 3] = [
    "aarch64-linux-gnu-gcc",
    "aarch64-unknown-linux-gnu-gcc",
    "a linker (Debian's gcc-aarch64-linux-gnu and libc6-dev-arm64-cross)",
];
const EMULATORS: [&str; 3] = [
    "qemu-aarch64",
    "qemu-aarch64-static",
    "an emulator (Debian's qemu-user or qemu-user-static)",
];
