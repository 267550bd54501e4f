//! Queued ingestion from end to end: our client, real storage, the queue, the table, and a query back.

mod rest;
mod storage;

use std::sync::Arc;
use std::time::Duration;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_avro::writer::AvroWriter;
use kusto_client::{
    Client, DataFormat, IngestionOperation, IngestionProperties, IngestionStatus, QueuedIngestClient, Source,
};
use kusto_emulator::{DEFAULT_DATABASE, Emulator};
use kusto_protocol::{ReportLevel, ReportMethod};
use parquet::arrow::ArrowWriter;
use storage::Azurite;

/// A service with a storage account, and a client of it.
struct Setup {
    client: Client,
    queued: QueuedIngestClient,
    emulator: Emulator,
    _azurite: Azurite,
}

impl Setup {
    async fn start() -> Option<Self> {
        let azurite = Azurite::start()?;
        let builder = Emulator::builder().storage_account(azurite.connection_string.as_str());
        let emulator = builder.start().await.unwrap();
        let client = Client::from_connection_string(emulator.connection_string()).unwrap();
        let command = ".create table T (name: string, n: long)";
        client.mgmt(command).data_set().await.unwrap();
        Some(Self {
            queued: client.queued_ingest(),
            client,
            emulator,
            _azurite: azurite,
        })
    }

    async fn ingest(&self, source: Source, properties: IngestionProperties) -> IngestionStatus {
        let operation = self.queued.ingest(source, &properties).await.unwrap();
        self.outcome(&operation).await
    }

    async fn outcome(&self, operation: &IngestionOperation) -> IngestionStatus {
        self.queued
            .wait(operation, Duration::from_secs(60))
            .await
            .unwrap()
    }

    async fn rows(&self, query: &str) -> Vec<(String, i64)> {
        self.client.query(query).fetch_all().await.unwrap()
    }
}

fn properties(format: DataFormat) -> IngestionProperties {
    IngestionProperties::new(DEFAULT_DATABASE, "T")
        .format(format)
        .report_to_table()
}

fn rows() -> RecordBatch {
    let names: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..ROWS).map(|n| format!("row {n}")),
    ));
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..ROWS));
    RecordBatch::try_from_iter([("name", names), ("n", numbers)]).unwrap()
}

fn parquet() -> Vec<u8> {
    let mut writer = ArrowWriter::try_new(Vec::new(), rows().schema(), None).unwrap();
    writer.write(&rows()).unwrap();
    writer.into_inner().unwrap()
}

fn avro() -> Vec<u8> {
    let mut writer = AvroWriter::new(Vec::new(), rows().schema().as_ref().clone()).unwrap();
    writer.write(&rows()).unwrap();
    writer.finish().unwrap();
    writer.into_inner()
}

fn text(line: impl Fn(i64) -> String) -> Vec<u8> {
    (0..ROWS).map(line).collect::<String>().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_arrives_whole() {
    let Some(setup) = Setup::start().await else { return };
    let separated = |separator: char| text(move |n| format!("row {n}{separator}{n}\n"));
    let json = |end: &'static str| text(move |n| format!("{{\"name\":\"row {n}\",\"n\":{n}}}{end}"));
    for (format, data) in [
        (DataFormat::Csv, separated(',')),
        (DataFormat::Tsv, separated('\t')),
        (DataFormat::Tsve, separated('\t')),
        (DataFormat::Psv, separated('|')),
        (DataFormat::Scsv, separated(';')),
        (DataFormat::Sohsv, separated('\u{1}')),
        (DataFormat::Json, json("\n")),
        (DataFormat::MultiJson, json("\n\n")),
        (DataFormat::Parquet, parquet()),
        (DataFormat::Avro, avro()),
        (DataFormat::ApacheAvro, avro()),
    ] {
        setup.client.mgmt(".clear table T data").data_set().await.unwrap();
        let status = setup.ingest(Source::bytes(data), properties(format)).await;
        assert_eq!(status, IngestionStatus::Succeeded, "{format}");
        let sums = setup
            .rows("T | summarize hash = tostring(sum(hash(name, 1000000))), n = count() + sum(n)")
            .await;
        let expected = setup
            .rows("range n from 0 to 999 step 1 | extend name = strcat('row ', n) | summarize hash = tostring(sum(hash(name, 1000000))), n = count() + sum(n)")
            .await;
        assert_eq!(sums, expected, "{format}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_with_their_code_and_permanence() {
    let Some(setup) = Setup::start().await else { return };
    let bad = Source::bytes("a,1,too many\n");
    let IngestionStatus::Failed(failure) = setup.ingest(bad, properties(DataFormat::Csv)).await else {
        panic!("it should fail");
    };
    assert_eq!(failure.code.as_deref(), Some("Stream_WrongNumberOfFields"));
    assert!(failure.permanent && failure.details.unwrap().starts_with("line 1"));
    let nowhere = IngestionProperties::new(DEFAULT_DATABASE, "Nowhere")
        .format(DataFormat::Csv)
        .report_to_table();
    let IngestionStatus::Failed(failure) = setup.ingest(Source::bytes("a,1\n"), nowhere).await else {
        panic!("it should fail");
    };
    assert_eq!(failure.code.as_deref(), Some("BadRequest_TableNotExist"));
    assert_eq!(setup.rows("T").await, []);
    let failures = setup
        .client
        .mgmt(".show ingestion failures | project ErrorCode, n = tolong(1)");
    let failures: Vec<(String, i64)> = failures.fetch_all().await.unwrap();
    assert_eq!(failures.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queues_for_notifications_are_told_what_was_asked_for() {
    let Some(setup) = Setup::start().await else { return };
    let to_queue = |level| {
        IngestionProperties::new(DEFAULT_DATABASE, "T")
            .format(DataFormat::Csv)
            .report(level, ReportMethod::Queue)
    };
    let all = to_queue(ReportLevel::FailuresAndSuccesses);
    let good = setup.queued.ingest(Source::bytes("a,1\n"), &all).await.unwrap();
    let bad = to_queue(ReportLevel::Failures);
    let bad = setup.queued.ingest(Source::bytes("a,\"1\n"), &bad).await.unwrap();
    let quiet = to_queue(ReportLevel::Failures);
    setup.queued.ingest(Source::bytes("b,2\n"), &quiet).await.unwrap();
    let (mut successes, mut failures) = (Vec::new(), Vec::new());
    while successes.is_empty() || failures.is_empty() || setup.rows("T").await.len() < 2 {
        successes.extend(setup.queued.pop_successes(|_| true).await.unwrap());
        failures.extend(setup.queued.pop_failures(|_| true).await.unwrap());
    }
    assert_eq!((successes.len(), failures.len()), (1, 1));
    assert_eq!(successes[0].source_id, good.source_id);
    assert_eq!(failures[0].source_id, bad.source_id);
    assert_eq!(
        failures[0].error_code.as_deref(),
        Some("Stream_ClosingQuoteMissing")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_makes_data_arrive_once() {
    let Some(setup) = Setup::start().await else { return };
    let once = || properties(DataFormat::Csv).idempotency_key("day 1");
    let first = setup.ingest(Source::bytes("a,1\n"), once()).await;
    assert_eq!(first, IngestionStatus::Succeeded);
    setup.ingest(Source::bytes("a,1\n"), once()).await;
    // The key gives both the same row in the status table, so what the service did last is asked of the service.
    let operations = ".show operations | summarize kinds = strcat_array(make_set(State), ','), n = count()";
    let mut done: Vec<(String, i64)> = Vec::new();
    while done.first().is_none_or(|(_, count)| *count < 2) {
        done = setup.client.mgmt(operations).fetch_all().await.unwrap();
    }
    assert_eq!(done, [("Completed".to_owned(), 2)]);
    assert_eq!(setup.rows("T").await, [("a".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_makes_columns_and_says_where_data_came_from() {
    let Some(setup) = Setup::start().await else { return };
    let mapping = r#".create table T ingestion json mapping "m" '[
        {"Column":"name","Properties":{"Transform":"SourceLocation"}},{"Column":"n","Properties":{"Path":"$.x[0]"}},
        {"Column":"more","Datatype":"string","Properties":{"Path":"$.y"}}]'"#;
    setup.client.mgmt(mapping).data_set().await.unwrap();
    let mapped = properties(DataFormat::Json).mapping_reference("m");
    let status = setup
        .ingest(Source::bytes("{\"x\":[7],\"y\":\"new\"}\n"), mapped)
        .await;
    assert_eq!(status, IngestionStatus::Succeeded);
    let rows = setup
        .rows("T | project strcat(more, ' ', name contains 'ingestdata'), n")
        .await;
    assert_eq!(rows, [("new true".to_owned(), 7)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_an_account_says_so() {
    let emulator = Emulator::start().await.unwrap();
    let client = Client::from_connection_string(emulator.connection_string()).unwrap();
    let refused = client
        .mgmt(".get ingestion resources")
        .data_set()
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("no storage account"), "{refused}");
    let token: (String,) = client
        .mgmt(".get kusto identity token")
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(token.0.len(), 36);
}

const ROWS: i64 = 1000;
