//! Queued ingestion from end to end: our client, real storage, the queue, the table, and a query back.

#[path = "../../../interop/azurite/azurite.rs"]
mod azurite;
mod formats;
mod rest;

use std::time::Duration;

use azurite::Azurite;
use kusto_client::{
    Client, DataFormat, Ingested, IngestionProperties, IngestionStatus, QueuedIngestClient, Source,
    Validation, ValidationPolicy,
};
use kusto_emulator::{DEFAULT_DATABASE, Emulator};
use kusto_protocol::{ReportLevel, ReportMethod};

/// A service with a storage account, and a client of it.
struct Setup {
    client: Client,
    /// Over the REST API, which the service offers.
    rest: QueuedIngestClient,
    /// Through the queue, whatever the service offers.
    queue: QueuedIngestClient,
    emulator: Emulator,
    _azurite: Azurite,
}

impl Setup {
    async fn start() -> Option<Self> {
        let azurite = Azurite::start().expect("Azurite starts")?;
        let builder = Emulator::builder().storage_account(azurite.connection_string.as_str());
        let emulator = builder.start().await.unwrap();
        let client = Client::from_connection_string(emulator.connection_string()).unwrap();
        let command = ".create table T (name: string, n: long)";
        client.mgmt(command).data_set().await.unwrap();
        Some(Self {
            rest: client.queued_ingest(),
            queue: client.queued_ingest().rest(false),
            client,
            emulator,
            _azurite: azurite,
        })
    }

    fn ways(&self) -> [&QueuedIngestClient; 2] {
        [&self.rest, &self.queue]
    }

    async fn clear(&self, table: &str) {
        let command = format!(".clear table {table} data");
        self.client.mgmt(&command).data_set().await.unwrap();
    }

    async fn rows(&self, query: &str) -> Vec<(String, i64)> {
        self.client.query(query).fetch_all().await.unwrap()
    }
}

/// Ingests, and waits for what becomes of it.
async fn ingest(
    client: &QueuedIngestClient,
    source: Source,
    properties: IngestionProperties,
) -> IngestionStatus {
    let operation = client.ingest(source, &properties).await.unwrap();
    client.wait(&operation, Duration::from_secs(60)).await.unwrap()
}

fn properties(format: DataFormat) -> IngestionProperties {
    IngestionProperties::new(DEFAULT_DATABASE, "T")
        .format(format)
        .tracking(true)
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_told_with_their_code_and_permanence() {
    let Some(setup) = Setup::start().await else { return };
    for client in setup.ways() {
        let bad = Source::bytes("\n\na,1,too many\n");
        let IngestionStatus::Failed(failure) = ingest(client, bad, properties(DataFormat::Csv)).await else {
            panic!("it should fail");
        };
        assert_eq!(failure.code.as_deref(), Some("Stream_WrongNumberOfFields"));
        assert!(failure.permanent && failure.details.unwrap().starts_with("line 3"));
    }
    let nowhere = IngestionProperties::new(DEFAULT_DATABASE, "Nowhere")
        .format(DataFormat::Csv)
        .tracking(true);
    let IngestionStatus::Failed(failure) = ingest(&setup.queue, Source::bytes("a,1\n"), nowhere).await else {
        panic!("it should fail");
    };
    assert_eq!(failure.code.as_deref(), Some("BadRequest_TableNotExist"));
    assert_eq!(setup.rows("T").await, []);
    let failures = setup
        .client
        .mgmt(".show ingestion failures | project ErrorCode, n = tolong(1)");
    let failures: Vec<(String, i64)> = failures.fetch_all().await.unwrap();
    assert_eq!(failures.len(), 3);
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
    let good = setup.rest.ingest(Source::bytes("a,1\n"), &all).await.unwrap();
    let bad = to_queue(ReportLevel::Failures);
    let bad = setup.rest.ingest(Source::bytes("a,\"1\n"), &bad).await.unwrap();
    let quiet = to_queue(ReportLevel::Failures);
    setup.rest.ingest(Source::bytes("b,2\n"), &quiet).await.unwrap();
    let (mut successes, mut failures) = (Vec::new(), Vec::new());
    while successes.is_empty() || failures.is_empty() || setup.rows("T").await.len() < 2 {
        successes.extend(setup.rest.pop_successes(|_| true).await.unwrap());
        failures.extend(setup.rest.pop_failures(|_| true).await.unwrap());
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
    let mut outcomes = Vec::new();
    for client in [&setup.queue, &setup.queue, &setup.rest] {
        outcomes.push(ingest(client, Source::bytes("a,1\n"), once()).await);
    }
    use IngestionStatus::{Skipped, Succeeded};
    assert_eq!(outcomes, [Succeeded, Skipped, Skipped]);
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
    let data = Source::bytes("{\"x\":[7],\"y\":\"new\"}\n");
    let status = ingest(&setup.queue, data, mapped).await;
    assert_eq!(status, IngestionStatus::Succeeded);
    let rows = setup
        .rows("T | project strcat(more, ' ', name contains 'ingestdata'), n")
        .await;
    assert_eq!(rows, [("new true".to_owned(), 7)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_fail_validation_are_left_out_or_keep_all_out() {
    let Some(setup) = Setup::start().await else { return };
    let data = "a,1\nb\nc,3\n";
    let policy = |best_effort| ValidationPolicy {
        validation: Validation::ColumnLevel,
        best_effort,
    };
    for client in setup.ways() {
        setup.clear("T").await;
        let strict = properties(DataFormat::Csv).validation_policy(policy(false));
        let IngestionStatus::Failed(failure) = ingest(client, Source::bytes(data), strict).await else {
            panic!("it should fail");
        };
        assert!(failure.details.unwrap().starts_with("line 2"));
        let lenient = properties(DataFormat::Csv).validation_policy(policy(true));
        let status = ingest(client, Source::bytes(data), lenient).await;
        assert_eq!(status, IngestionStatus::Succeeded);
        let rows = setup.rows("T | order by n asc").await;
        assert_eq!(rows, [("a".to_owned(), 1), ("c".to_owned(), 3)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_can_be_streamed_by_its_address() {
    let Some(setup) = Setup::start().await else { return };
    let configuration = reqwest::get(format!(
        "{}/v1/rest/ingestion/configuration",
        setup.emulator.uri()
    ));
    let configuration: serde_json::Value =
        serde_json::from_slice(&configuration.await.unwrap().bytes().await.unwrap()).unwrap();
    let container = configuration["containerSettings"]["containers"][0]["path"]
        .as_str()
        .unwrap();
    let address = rest::put(container, "streamed.csv", "b,2\nc,3\n").await;
    let properties = IngestionProperties::new(DEFAULT_DATABASE, "T");
    let streaming = setup.client.streaming_ingest();
    let streamed = streaming
        .ingest(Source::blob(address.clone()), &properties)
        .await
        .unwrap();
    assert_eq!(streamed.bytes_sent, 0);
    assert_eq!(setup.rows("T").await.len(), 2);
    let managed = setup.client.managed_streaming_ingest();
    let source = Source::blob(address).raw_size(8);
    let ingested = managed.ingest(source, &properties).await.unwrap();
    assert!(matches!(ingested, Ingested::Streamed(_)), "{ingested:?}");
    assert_eq!(setup.rows("T").await.len(), 4);
    let foreign = Source::blob("https://elsewhere/c/b.csv?sig=s3cret");
    let error = streaming.ingest(foreign, &properties).await.unwrap_err();
    assert!(
        error.is_permanent() && !error.to_string().contains("s3cret"),
        "{error}"
    );
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
