//! Batches, their receipts and their spool.

use std::sync::Arc;
use std::time::Duration;

use kusto_ingest::{BatchingSink, IngestErrorKind, IngestionProperties, SinkOptions};
use kusto_protocol::DataFormat;

use crate::service::{Fault, Service};
use crate::storage::Azurite;
use crate::unpack;

fn json() -> IngestionProperties {
    IngestionProperties::new("db", "T").format(DataFormat::Json)
}

/// The records of all batches that were queued.
async fn records(azurite: &Azurite, queue: &str) -> Vec<String> {
    let mut records = Vec::new();
    for message in azurite.messages(queue).await {
        let blob = azurite.blob(message["BlobPath"].as_str().unwrap()).await.unwrap();
        let text = String::from_utf8(unpack(&blob)).unwrap();
        records.extend(text.lines().map(str::to_owned));
    }
    records.sort();
    records
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_record_of_many_tasks_is_acknowledged_and_arrives_once() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    let service = Service::new(
        &azurite.http,
        &[
            ("TempStorage", &container),
            ("SecuredReadyForAggregationQueue", &queue),
        ],
    );
    service.fault("/blobs-", Fault::Status(503), 2);
    service.fault("/v1/rest/mgmt", Fault::Status(429), 1);
    let mut options = SinkOptions::default();
    options.max_batch_rows = 100;
    options.max_pending_bytes = 4000;
    let sink = BatchingSink::new(service.queued(), json(), options).unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let sink = sink.clone();
            tokio::spawn(async move {
                let mut receipts = Vec::new();
                for n in 0..100 {
                    receipts.push(sink.push_row(&[task, n]).await.unwrap());
                    assert!(sink.pending_bytes() <= 4000);
                }
                receipts
            })
        })
        .collect();
    let mut receipts = Vec::new();
    for task in tasks {
        receipts.extend(task.await.unwrap());
    }
    sink.close(Duration::from_secs(60)).await.unwrap();
    for receipt in receipts {
        receipt.await.unwrap();
    }
    let mut expected: Vec<String> = (0..8)
        .flat_map(|task| (0..100).map(move |n| format!("[{task},{n}]")))
        .collect();
    expected.sort();
    assert_eq!(records(&azurite, &queue).await, expected);
    assert_eq!(sink.pending_bytes(), 0);
    assert_eq!(
        sink.push(b"{}").await.unwrap_err().kind(),
        IngestErrorKind::Properties
    );
}

#[tokio::test]
async fn age_seals_a_batch() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    let service = Service::new(
        &azurite.http,
        &[
            ("TempStorage", &container),
            ("SecuredReadyForAggregationQueue", &queue),
        ],
    );
    let mut options = SinkOptions::default();
    options.max_batch_age = Duration::from_millis(20);
    let sink = BatchingSink::new(service.queued(), json(), options).unwrap();
    sink.push(b"{\"a\":1}\n").await.unwrap().await.unwrap();
    assert_eq!(records(&azurite, &queue).await, ["{\"a\":1}"]);
}

#[tokio::test]
async fn what_a_dead_sink_left_in_its_spool_is_sent_by_the_next() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    let folder = tempfile::tempdir().unwrap();
    let mut options = SinkOptions::default();
    options.spool = Some(folder.path().to_owned());
    options.max_batch_rows = 2;

    // A process that accepts and is killed before anything is queued.
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["sink::accept_into_a_spool_and_die", "--exact", "--nocapture"])
        .env("KUSTO_TEST_SPOOL", folder.path())
        .status()
        .unwrap();
    assert!(!child.success());

    let service = Service::new(
        &azurite.http,
        &[
            ("TempStorage", &container),
            ("SecuredReadyForAggregationQueue", &queue),
        ],
    );
    let sink = BatchingSink::new(service.queued(), json(), options.clone()).unwrap();
    let second = BatchingSink::new(service.queued(), json(), options);
    assert_eq!(second.err().unwrap().kind(), IngestErrorKind::Spool);
    sink.push(b"{\"n\":3}").await.unwrap();
    sink.close(Duration::from_secs(60)).await.unwrap();
    assert_eq!(
        records(&azurite, &queue).await,
        ["{\"n\":0}", "{\"n\":1}", "{\"n\":2}", "{\"n\":3}"]
    );
    let left = walk(folder.path());
    assert_eq!(left, ["lock"], "nothing but the lock is left");
}

/// Not a test by itself: the process that the test above kills.
#[tokio::test]
async fn accept_into_a_spool_and_die() {
    let Some(folder) = std::env::var_os("KUSTO_TEST_SPOOL") else {
        return;
    };
    let service = Service::new(&kusto_transport::http_client().unwrap(), &[]);
    // Whatever is tried fails for a while.
    service.fault("", Fault::Lost, usize::MAX);
    let mut options = SinkOptions::default();
    options.spool = Some(folder.into());
    options.max_batch_rows = 2;
    let sink = BatchingSink::new(service.queued(), json(), options).unwrap();
    for n in 0..3 {
        sink.push_row(&serde_json::json!({"n": n})).await.unwrap();
    }
    std::process::abort();
}

#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_refuses_records_and_loses_none_that_were_accepted() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    let folder = tempfile::tempdir().unwrap();
    // A process whose files may not become larger than a few kilobytes: its disk is full then.
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -f 8; trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["sink::accept_until_the_disk_is_full", "--exact", "--nocapture"])
        .env("KUSTO_TEST_SPOOL", folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let accepted: usize = text
        .lines()
        .find_map(|line| line.split_once("accepted ")?.1.trim().parse().ok())
        .unwrap();
    assert!(accepted > 10, "{accepted}");

    let service = Service::new(
        &azurite.http,
        &[
            ("TempStorage", &container),
            ("SecuredReadyForAggregationQueue", &queue),
        ],
    );
    let mut options = SinkOptions::default();
    options.spool = Some(folder.path().to_owned());
    let sink = BatchingSink::new(service.queued(), json(), options).unwrap();
    sink.close(Duration::from_secs(60)).await.unwrap();
    let mut expected: Vec<String> = (0..accepted).map(numbered).collect();
    expected.sort();
    assert_eq!(records(&azurite, &queue).await, expected);
    assert_eq!(walk(folder.path()), ["lock"]);
}

fn numbered(n: usize) -> String {
    format!("{{\"n\":{n},\"text\":\"{}\"}}", "x".repeat(100))
}

/// Not a test by itself: the process whose disk is full in the test above.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "the process of the test above reads it")]
async fn accept_until_the_disk_is_full() {
    let Some(folder) = std::env::var_os("KUSTO_TEST_SPOOL") else {
        return;
    };
    let service = Service::new(&kusto_transport::http_client().unwrap(), &[]);
    service.fault("", Fault::Lost, usize::MAX);
    let mut options = SinkOptions::default();
    options.spool = Some(folder.into());
    let sink = BatchingSink::new(service.queued(), json(), options).unwrap();
    let mut accepted = 0;
    let error = loop {
        match sink.push(numbered(accepted).as_bytes()).await {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), IngestErrorKind::Spool);
    assert!(error.to_string().contains("cannot be written"), "{error}");
    // The refused record counts nowhere, and is refused again.
    assert_eq!(
        sink.pending_bytes(),
        (0..accepted).map(|n| numbered(n).len() + 1).sum::<usize>()
    );
    let again = sink.push(numbered(accepted).as_bytes()).await;
    assert_eq!(again.unwrap_err().kind(), IngestErrorKind::Spool);
    println!("accepted {accepted}");
    std::process::exit(0);
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(walk(&path));
        } else {
            names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    names
}

#[tokio::test(start_paused = true)]
async fn a_service_that_lends_nothing_for_ten_minutes_is_waited_for() {
    // No sockets: the clock jumps over all waits. What would be storage answers "created".
    let storage: Arc<dyn azure_core::http::HttpClient> = Arc::new(Created);
    let service = Service::new(
        &storage,
        &[
            ("TempStorage", "http://localhost:2/a/c?s"),
            ("SecuredReadyForAggregationQueue", "http://localhost:2/a/q?s"),
        ],
    );
    service.fault("/v1/rest/mgmt", Fault::Status(503), 120);
    let sink = BatchingSink::new(service.queued(), json(), SinkOptions::default()).unwrap();
    let begin = tokio::time::Instant::now();
    sink.push(b"{}").await.unwrap().await.unwrap();
    let minutes = begin.elapsed().as_secs() / 60;
    assert!((10..60).contains(&minutes), "{minutes}");
    assert_eq!(service.seen("/messages"), 1);
}

#[derive(Debug)]
struct Created;

#[async_trait::async_trait]
impl azure_core::http::HttpClient for Created {
    async fn execute_request(
        &self,
        _: &azure_core::http::Request,
    ) -> azure_core::Result<azure_core::http::AsyncRawResponse> {
        Ok(azure_core::http::AsyncRawResponse::from_bytes(
            201.into(),
            Default::default(),
            "",
        ))
    }
}

#[tokio::test]
async fn records_and_settings_that_cannot_be_are_refused() {
    let service = Service::new(&kusto_transport::http_client().unwrap(), &[]);
    let sink = |properties| BatchingSink::new(service.queued(), properties, SinkOptions::default());
    for properties in [
        IngestionProperties::new("db", "T"),
        json().format(DataFormat::Parquet),
        json().idempotency_key("k"),
    ] {
        assert_eq!(
            sink(properties).err().unwrap().kind(),
            IngestErrorKind::Properties
        );
    }
    let sink = sink(json().format(DataFormat::Csv)).unwrap();
    for record in [&b""[..], b"\n", b"a\nb"] {
        assert_eq!(
            sink.push(record).await.unwrap_err().kind(),
            IngestErrorKind::Properties
        );
    }
    assert!(sink.push_row(&1).await.is_err());
    assert_eq!(service.seen(""), 0);
}
