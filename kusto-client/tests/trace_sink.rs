//! Traces of requests, in files.
#![cfg(all(feature = "http-client", feature = "trace-sinks"))]

use std::fs;
use std::path::{Path, PathBuf};

use kusto_client::{Client, ConsoleSink, RollingCsvSink, TraceLevel, TraceLevels};
use kusto_emulator::Emulator;
use tracing_subscriber::layer::SubscriberExt;

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

fn levels() -> TraceLevels {
    TraceLevels::new(TraceLevel::Off).target("kusto_transport", TraceLevel::Info)
}

#[tokio::test]
async fn a_request_is_one_record_with_ids_rows_and_bytes_and_nothing_of_its_text() {
    let folder = tempfile::tempdir().unwrap();
    let sink = RollingCsvSink::new(folder.path(), levels()).unwrap();
    let quiet = ConsoleSink::new(TraceLevels::new(TraceLevel::Off));
    let subscriber = tracing_subscriber::registry().with(sink.clone()).with(quiet);
    let guard = tracing::subscriber::set_default(subscriber);
    let emulator = Emulator::start().await.unwrap();
    let client = Client::from_connection_string(emulator.connection_string()).unwrap();
    let query = client.query("print secret = 'hush'").client_request_id("Mine;1");
    assert_eq!(query.fetch_one::<(String,)>().await.unwrap().0, "hush");
    assert_eq!(files(folder.path(), "in-progress").len(), 1);
    assert!(files(folder.path(), "csv").is_empty());
    sink.flush().unwrap();
    assert!(files(folder.path(), "in-progress").is_empty());
    drop(guard);
    let text = fs::read_to_string(&files(folder.path(), "csv")[0]).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0], "RecordId,Timestamp,Source,Level,Text");
    assert!(lines[1].starts_with("1,20"), "{text}");
    for part in [
        ",kusto_transport::trace,Info,kusto.request ",
        "db.system.name=azure.kusto",
        "db.operation.name=query",
        "kusto.client_request_id=Mine;1",
        "azure.service.request.id=",
        "db.response.returned_rows=1",
        "kusto.response.bytes=",
        "kusto.first_row_s=",
        "kusto.execution_s=",
    ] {
        assert!(lines[1].contains(part), "{part} is missing in {text}");
    }
    assert!(!text.contains("hush"), "{text}");
}

#[test]
fn a_full_file_is_followed_by_the_next_and_the_last_is_finished_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let sink = RollingCsvSink::new(folder.path(), levels())
        .unwrap()
        .max_file_bytes(200);
    let subscriber = tracing_subscriber::registry().with(sink);
    tracing::subscriber::with_default(subscriber, || {
        for number in 0..10 {
            tracing::info!(target: "kusto_transport::x", number, "a record, with \"quotes\"");
            tracing::debug!(target: "kusto_transport", "below the level");
            tracing::error!(target: "kusto_transport_other", "another target");
        }
    });
    let files = files(folder.path(), "csv");
    assert!(files.len() > 2, "{files:?}");
    let mut records = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.len() <= 200, "{text}");
        records.extend(text.lines().skip(1).map(str::to_owned));
    }
    records.sort_by_key(|record| record.split(',').next().unwrap().parse::<u64>().unwrap());
    assert_eq!(records.len(), 10);
    assert!(
        records[9].ends_with(",kusto_transport::x,Info,\"a record, with \"\"quotes\"\" number=9\""),
        "{records:?}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_to_disturbs_nothing_and_is_told_at_the_next_flush() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("traces");
    let sink = RollingCsvSink::new(&inside, TraceLevels::new(TraceLevel::Verbose)).unwrap();
    fs::remove_dir(&inside).unwrap();
    let subscriber = tracing_subscriber::registry().with(sink.clone());
    tracing::subscriber::with_default(subscriber, || tracing::info!("lost"));
    assert!(sink.flush().is_err());
    assert!(sink.flush().is_ok());
}
