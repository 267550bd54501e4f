//! What is said when something is wrong: one clear line, and the right exit code.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::command::{Storms, kusto, run};

#[test]
fn faults_in_a_query_are_underlined() {
    let storms = Storms::new();
    let error = storms.query("storms\n| where Stat == 'TEXAS'", &[]).refused(1);
    assert!(
        error.starts_with("error: ") && error.contains("'Stat'"),
        "{error}"
    );
    assert!(
        error.ends_with("  |\n2 | | where Stat == 'TEXAS'\n  |         ^^^^\n"),
        "{error}"
    );
    let error = storms.query("storms | where", &[]).refused(1);
    assert!(error.contains("1 | storms | where\n"), "{error}");
}

#[test]
fn faults_are_underlined_at_their_place_with_parameters_too() {
    let error = Storms::new()
        .query("storms | where Stat == s", &["--param", "s=x"])
        .refused(1);
    assert!(
        error.ends_with("  |\n1 | storms | where Stat == s\n  |                ^^^^\n"),
        "{error}"
    );
}

#[test]
fn wrong_arguments_end_with_code_two() {
    let storms = Storms::new();
    for (arguments, words) in [
        (
            &["query", "T", "--format", "xml"][..],
            "possible values: table, csv",
        ),
        (
            &["query", "T"],
            "--cluster URL, --connection-string or --local FILE",
        ),
        (
            &["query", "--connection-string", "AppKey=hunter2", "T"],
            "error: --connection-string: ",
        ),
        (&["query", "--cluster", "ftp://x", "T"], "error: --cluster: "),
        (&["query", ".show tables"], "use kusto mgmt"),
        (&["mgmt", "T | count"], "use kusto query"),
        (
            &[
                "query",
                "--cluster",
                "https://help.kusto.windows.net",
                "T",
                "|",
                "count",
            ],
            "put quotes around",
        ),
        (
            &["query", "--cluster", "https://help.kusto.windows.net", ""],
            "the text is empty",
        ),
        (&["query", "--chart", "a.gif", "T"], "must end in .svg or .png"),
        (&["query", "--param", "x", "T"], "expected a name, = and a value"),
        (&["nonsense"], "unrecognized subcommand"),
    ] {
        let error = run(arguments).refused(2);
        assert!(
            error.contains(words) && !error.contains("hunter2"),
            "{arguments:?}: {error}"
        );
    }
    let error = storms
        .query("storms", &["--output", &storms.path("out.xyz")])
        .refused(2);
    assert!(error.contains("--format"), "{error}");
}

#[test]
fn absent_and_unreadable_files_are_named() {
    let storms = Storms::new();
    let absent = storms.path("absent.csv");
    let error = run(&["query", "--local", &absent, "absent"]).refused(1);
    assert!(
        error.contains("absent.csv") && error.lines().count() == 1,
        "{error}"
    );
    let unknown = storms.path("table.xyz");
    std::fs::write(&unknown, "a,b\n").unwrap();
    let error = run(&["query", "--local", &unknown, "table"]).refused(1);
    assert!(
        error.contains("table.xyz") && error.lines().count() == 1,
        "{error}"
    );
}

#[test]
fn services_that_cannot_be_reached_or_trusted_are_named() {
    // Nobody listens on port 1.
    let error = run(&["query", "--cluster", "http://127.0.0.1:1", "print 1"]).refused(1);
    assert!(error.contains("127.0.0.1"), "{error}");
    let error = run(&["query", "--cluster", "https://kusto.example.com", "print 1"]).refused(1);
    assert!(
        error.contains("kusto.example.com") && error.contains("--trusted-host"),
        "{error}"
    );
}

#[test]
fn a_reader_that_stops_reading_is_no_failure() {
    let mut child = kusto()
        .args(["sample", "storms", "--rows", "100000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}
