//! How the tests run the command.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The command, without the settings of whoever runs the tests.
pub(crate) fn kusto() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kusto"));
    command.env_remove("KUSTO_CONNECTION_STRING");
    command.env("KUSTO_CONFIG", empty_file());
    command.env_remove("NO_COLOR").env_remove("RUST_BACKTRACE");
    // No proxy stands between the command and loopback.
    for name in [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ] {
        command.env_remove(name);
    }
    command
}

/// A configuration file that says nothing.
fn empty_file() -> PathBuf {
    let path = std::env::temp_dir().join(format!("kusto-tests-{}.toml", std::process::id()));
    std::fs::write(&path, "").unwrap();
    path
}

/// What one run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn run(arguments: &[&str]) -> Run {
    of(kusto().args(arguments).stdin(Stdio::null()).output().unwrap())
}

pub(crate) fn run_with(arguments: &[&str], input: &str) -> Run {
    let mut child = kusto()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    of(child.wait_with_output().unwrap())
}

fn of(output: Output) -> Run {
    let run = Run {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    // Seen where a test fails, and where the output of tests is searched for secrets.
    eprintln!("{}\n{}", run.out, run.err);
    run
}

impl Run {
    /// What was printed by a run that went well.
    #[track_caller]
    pub(crate) fn printed(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self.out
    }

    /// The error of a run that ended with this code, printed nothing and did not panic.
    #[track_caller]
    pub(crate) fn refused(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{}", self.err);
        assert!(
            !self.err.contains("panicked") && !self.err.contains("backtrace"),
            "{}",
            self.err
        );
        self.err
    }
}

/// A folder with `storms.csv`: four rows, one of them quoted.
pub(crate) struct Storms {
    folder: TempDir,
}

impl Storms {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = "State,Damage,Start\n\
            TEXAS,10,2007-01-01T00:00:00Z\n\
            \"NEW YORK\",25,2007-01-02T12:30:00Z\n\
            TEXAS,5,2007-01-03T00:00:00Z\n\
            IOWA,,2007-01-03T00:00:00Z\n";
        std::fs::write(folder.path().join("storms.csv"), text).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn csv(&self) -> String {
        self.path("storms.csv")
    }

    /// `kusto query --local storms.csv QUERY MORE…`
    pub(crate) fn run(&self, query: &str, more: &[&str]) -> Run {
        let csv = self.csv();
        run(&[&["query", "--local", &csv, query], more].concat())
    }

    /// As [`Storms::run`], with CSV as the format unless `more` says otherwise.
    pub(crate) fn query(&self, query: &str, more: &[&str]) -> Run {
        let says = more.contains(&"--format") || more.contains(&"--output");
        let format: &[&str] = if says { &[] } else { &["--format", "csv"] };
        self.run(query, &[format, more].concat())
    }
}
