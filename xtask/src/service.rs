//! Our command and the service that it starts.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A service that runs until it is dropped.
pub(crate) struct Service {
    pub(crate) child: Child,
    /// Its address.
    pub(crate) uri: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts `kusto serve` on a free port, with these files as tables.
pub(crate) fn start(kusto: &Path, files: &[&Path]) -> Result<Service, String> {
    start_with(kusto, files)
}

/// Starts `kusto serve` on a free port, with these arguments.
pub(crate) fn start_with<A: AsRef<OsStr>>(kusto: &Path, arguments: &[A]) -> Result<Service, String> {
    let mut child = Command::new(kusto)
        .args(["serve", "--port", "0"])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start kusto serve: {error}"))?;
    let stdout = child.stdout.take().ok_or("kusto serve has no standard output")?;
    let mut service = Service {
        child,
        uri: String::new(),
    };
    // The first address that it prints is the one it listens on.
    for line in BufReader::new(stdout).lines() {
        let line = line.map_err(|error| error.to_string())?;
        if let Some(at) = line.find("http://") {
            service.uri = line[at..]
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .trim_end_matches('/')
                .to_owned();
            return Ok(service);
        }
    }
    Err("kusto serve ended without saying where it listens".to_owned())
}

/// Builds the command with optimisations, as people use it.
pub(crate) fn build_cli() -> Result<PathBuf, String> {
    crate::cargo(&["build", "--release", "--locked", "--package", "kusto-cli"], &[])?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| crate::root().join("target"), PathBuf::from);
    Ok(target.join("release/kusto"))
}
