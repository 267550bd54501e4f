//! `kusto serve`, and the commands that ask it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use tempfile::TempDir;

use crate::command::{Run, Storms, kusto, run, run_with};

/// A running `kusto serve`.
struct Service {
    child: Child,
    uri: String,
}

impl Service {
    fn start(files: &[&str]) -> Self {
        let mut child = kusto()
            .args(["serve", "--port", "0"])
            .args(files)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let uri = out
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
        Self {
            child,
            uri: uri.expect("the service says where it listens"),
        }
    }

    fn ask(&self, command: &str, more: &[&str]) -> Run {
        let format: &[&str] = if command == "ingest" {
            &[]
        } else {
            &["--format", "csv"]
        };
        run(&[&[command, "--cluster", &self.uri], format, more].concat())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn attached_files_are_tables_of_the_default_database() {
    let storms = Storms::new();
    let service = Service::start(&[&storms.csv()]);
    let query = "storms | summarize sum(Damage)";
    assert_eq!(service.ask("query", &[query]).printed(), "sum_Damage\n40\n");
    assert_eq!(
        service.ask("query", &["-d", "NetDefaultDB", query]).printed(),
        "sum_Damage\n40\n"
    );
    let tables = service
        .ask("mgmt", &[".show tables | project TableName"])
        .printed();
    assert_eq!(tables, "TableName\nstorms\n");
}

#[test]
fn tables_can_be_created_and_filled() {
    let storms = Storms::new();
    let service = Service::start(&[]);
    let create = ".create table events (State: string, Damage: long, Start: datetime)";
    service.ask("mgmt", &[create]).printed();
    let ingest = service.ask("ingest", &["--table", "events", "--skip-header", &storms.csv()]);
    assert!(ingest.err.contains("1 of 1 files, "), "{}", ingest.err);
    assert_eq!(ingest.printed(), "");
    let more = run_with(
        &[
            "ingest",
            "--cluster",
            &service.uri,
            "--table",
            "events",
            "--data-format",
            "csv",
            "-",
        ],
        "OHIO,7,2007-01-04\n",
    );
    assert!(more.err.contains("18 bytes read, "), "{}", more.err);
    more.printed();
    let count = service.ask("query", &["events | summarize count(), sum(Damage)"]);
    assert_eq!(count.printed(), "count_,sum_Damage\n5,47\n");
}

#[test]
fn files_that_fail_do_not_keep_others_out_and_the_command_fails() {
    let storms = Storms::new();
    let service = Service::start(&[]);
    let create = ".create table events (State: string, Damage: long, Start: datetime)";
    service.ask("mgmt", &[create]).printed();
    let absent = storms.path("absent.csv");
    let run = service.ask(
        "ingest",
        &["--table", "events", "--skip-header", &absent, &storms.csv()],
    );
    assert!(run.err.contains("1 of 2 files, "), "{}", run.err);
    let error = run.refused(1);
    assert!(
        error.contains("absent.csv") && error.contains("1 of 2 files were not ingested"),
        "{error}"
    );
    let count = service.ask("query", &["events | count"]);
    assert_ne!(count.printed(), "Count\n0\n");
    let pattern = storms.path("*.parquet");
    assert!(
        service
            .ask("ingest", &["-t", "events", &pattern])
            .refused(2)
            .contains("no such file")
    );
}

#[test]
fn ingestion_faults_are_named() {
    let storms = Storms::new();
    let service = Service::start(&[]);
    let error = service
        .ask("ingest", &["--table", "absent", &storms.csv()])
        .refused(1);
    assert!(error.contains("absent"), "{error}");
    let error = service
        .ask("ingest", &["--table", "t", &storms.path("no.csv")])
        .refused(1);
    assert!(error.contains("no.csv"), "{error}");
}

#[test]
fn a_taken_port_is_one_clear_line() {
    let service = Service::start(&[]);
    let port = service.uri.rsplit(':').next().unwrap();
    let error = run(&["serve", "--port", port]).refused(1);
    assert!(error.contains(port) && error.lines().count() == 1, "{error}");
}

#[test]
fn requests_without_the_token_are_refused() {
    let service = Service::start(&["--token", "open-sesame"]);
    let error = service.ask("query", &["print 1"]).refused(1);
    assert!(error.contains("has no token"), "{error}");
    assert!(!error.contains("open-sesame"), "{error}");
    let error = run(&["serve", "--token", "a", "--require-token"]).refused(2);
    assert!(error.contains("cannot be used with"), "{error}");
}

#[test]
fn faults_and_the_journal_are_files() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("faults"), r#"[{"text": "torn", "cut": 50}]"#).unwrap();
    let service = Service::start(&["--faults", &path("faults"), "--journal", &path("journal")]);
    assert_eq!(service.ask("query", &["print x = 1"]).printed(), "x\n1\n");
    service.ask("query", &["print x = 'torn'"]).refused(1);
    let journal = std::fs::read_to_string(path("journal")).unwrap();
    assert!(journal.lines().any(|line| line.contains("'torn'")), "{journal}");
    std::fs::write(path("faults"), r#"[{"cutt": 50}]"#).unwrap();
    let error = run(&["serve", "--faults", &path("faults")]).refused(1);
    assert!(
        error.contains("cutt") && error.contains(&path("faults")),
        "{error}"
    );
}

#[test]
fn a_service_with_tls_writes_the_certificate_to_trust() {
    let folder = TempDir::new().unwrap();
    let certificate = folder.path().join("kusto.pem");
    let service = Service::start(&["--tls", certificate.to_str().unwrap()]);
    assert!(service.uri.starts_with("https://127.0.0.1:"), "{}", service.uri);
    let text = std::fs::read_to_string(certificate).unwrap();
    assert!(text.starts_with("-----BEGIN CERTIFICATE-----"), "{text}");
}
