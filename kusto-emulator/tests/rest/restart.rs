//! A data folder: what was answered with success is there again, however the service ended.

use std::process::{Child, Command, Stdio};

use super::*;

/// The folder of the service that the test below runs in a process of its own.
const FOLDER: &str = "KUSTO_EMULATOR_TEST_FOLDER";

async fn open(folder: &Path) -> Service {
    Service::with(Emulator::builder().data_folder(folder).start().await.unwrap())
}

#[tokio::test]
async fn tables_functions_and_mappings_outlive_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let service = open(folder.path()).await;
    service
        .command(".create table T (n: long, at: datetime, d: dynamic)")
        .await;
    service.command(".create database Other").await;
    service.command(".create function F() { T | count }").await;
    let mapping =
        r#".create table T ingestion csv mapping "m" '[{"Column":"n","Properties":{"Ordinal":"0"}}]'"#;
    service.command(mapping).await;
    service
        .command(".alter table T policy streamingingestion enable")
        .await;
    service
        .command(".ingest inline into table T <| 1,9999-12-31T23:59:59.9999999Z,\"{\"\"a\"\":1}\"")
        .await;
    service.command(".set-or-append T <| range n from 1 to 9999 step 1 | extend at = datetime(2024-01-01), d = dynamic(null)").await;
    service.emulator.stop().await;
    let service = open(folder.path()).await;
    assert_eq!(service.rows("F").await, "10000");
    assert_eq!(
        service.rows("T | where at > datetime(9000-01-01)").await,
        "1,9999-12-31T23:59:59.9999999Z,{\"a\":1}"
    );
    for (command, found) in [
        (".show table T ingestion mappings | project Name", "m"),
        (
            ".show table T policy streamingingestion | project Policy",
            "{\"IsEnabled\":true}",
        ),
        (".show databases | where DatabaseName == 'Other' | count", "1"),
    ] {
        assert_eq!(text_of(&service.command(command).await), found, "{command}");
    }
}

/// Serves a data folder until the process is killed. Does nothing unless the test below asks for it.
#[tokio::test]
async fn a_service_to_be_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let service = open(folder).await;
    let unfinished = folder.with_extension("uri.new");
    std::fs::write(&unfinished, service.emulator.uri()).unwrap();
    std::fs::rename(unfinished, folder.with_extension("uri")).unwrap();
    std::future::pending::<()>().await;
}

fn start(folder: &Path) -> (Child, String) {
    let address = folder.with_extension("uri");
    let _ = std::fs::remove_file(&address);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "restart::a_service_to_be_killed"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    loop {
        if let Ok(uri) = std::fs::read_to_string(&address) {
            return (child, uri);
        }
        assert!(child.try_wait().unwrap().is_none(), "the service ended by itself");
        std::thread::yield_now();
    }
}

/// Ingestions are sent one after the other while the process is killed after a number of answers.
#[tokio::test]
async fn nothing_that_was_acknowledged_is_lost_when_the_process_is_killed() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("data");
    let client = Client::builder().no_proxy().build().unwrap();
    let mut acknowledged: Vec<u64> = Vec::new();
    let mut sent = 0;
    for round in 0..3_usize {
        let (mut child, uri) = start(&folder);
        let post = async |command: String| {
            let body = json!({"db": DEFAULT_DATABASE, "csl": command}).to_string();
            let answer = client.post(format!("{uri}/v1/rest/mgmt")).body(body).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        };
        assert!(post(".create table T (n: long)".to_owned()).await);
        let until = acknowledged.len() + 5 + round;
        while acknowledged.len() < until {
            sent += 1;
            assert!(post(format!(".ingest inline into table T <| {sent}")).await);
            acknowledged.push(sent);
        }
        // One more is under way when the process dies: it may be there, whole, or not.
        sent += 1;
        let last = post(format!(".ingest inline into table T <| {sent}"));
        let kill = async { child.kill().unwrap() };
        if futures::join!(last, kill).0 {
            acknowledged.push(sent);
        }
        child.wait().unwrap();
    }
    let service = open(&folder).await;
    let rows = service.rows("T | sort by n asc").await;
    let found: Vec<u64> = rows.lines().map(|row| row.parse().unwrap()).collect();
    assert!(
        acknowledged.iter().all(|row| found.contains(row)),
        "{acknowledged:?} of {found:?}"
    );
    assert!(
        found.windows(2).all(|pair| pair[0] < pair[1]),
        "no row twice: {found:?}"
    );
    assert!(found.iter().all(|row| *row <= sent));
}
