//! The REST API of queued ingestion.

use kusto_client::{IngestErrorKind, IngestionOperation, Tracking};
use kusto_emulator::Fault;
use serde_json::{Value, json};

use super::*;

pub(crate) async fn put(container: &str, name: &str, data: &str) -> String {
    let (path, signature) = container.split_once('?').unwrap();
    let address = format!("{path}/{name}?{signature}");
    let request = http().put(&address).header("x-ms-blob-type", "BlockBlob");
    let answer = request.body(data.to_owned()).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 201);
    address
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn json_of(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let (status, body) = (answer.status().as_u16(), answer.bytes().await.unwrap());
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_are_ingested_and_tracked() {
    let Some(setup) = Setup::start().await else { return };
    let root = format!("{}/v1/rest/ingestion", setup.emulator.uri());
    let (_, configuration) = json_of(http().get(format!("{root}/configuration"))).await;
    let container = configuration["containerSettings"]["containers"][0]["path"]
        .as_str()
        .unwrap();
    assert!(
        configuration["ingestionSettings"]["maxBlobsPerBatch"]
            .as_u64()
            .unwrap()
            > 0
    );
    let good = put(container, "good.csv", "a,1\n").await;
    let bad = put(container, "bad.csv", "a,1,2\n").await;
    let body = json!({
        "timestamp": "2026-01-01T12:00:00Z",
        "blobs": [{"url": good, "sourceId": "123e27de-1e4e-49d9-b579-fe0b331d3642"}, {"url": bad}],
        "properties": {"format": "csv", "enableTracking": true, "tags": ["drop-by:b1"], "deleteAfterDownload": true},
    });
    let table = format!("{root}/queued/{DEFAULT_DATABASE}/T");
    let (status, begun) = json_of(http().post(&table).body(body.to_string())).await;
    assert_eq!(status, 200, "{begun}");
    let operation = format!(
        "{table}/{}?details=true",
        begun["ingestionOperationId"].as_str().unwrap()
    );
    let ended = loop {
        let (_, state) = json_of(http().get(&operation)).await;
        if state["status"]["InProgress"] == 0 {
            break state;
        }
    };
    assert_eq!(
        (&ended["status"]["Succeeded"], &ended["status"]["Failed"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        ended["details"][0]["sourceId"],
        "123e27de-1e4e-49d9-b579-fe0b331d3642"
    );
    assert_eq!(ended["details"][1]["errorCode"], "Stream_WrongNumberOfFields");
    assert_eq!(ended["details"][1]["failureStatus"], "Permanent");
    assert_eq!(setup.rows("T").await, [("a".to_owned(), 1)]);
    // What failed is never deleted.
    assert_eq!(http().get(&good).send().await.unwrap().status().as_u16(), 404);
    assert_eq!(http().get(&bad).send().await.unwrap().status().as_u16(), 200);
    let (status, _) = json_of(http().get(format!("{table}/none"))).await;
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_of_others_are_not_fetched() {
    let Some(setup) = Setup::start().await else { return };
    let table = format!(
        "{}/v1/rest/ingestion/queued/{DEFAULT_DATABASE}/T",
        setup.emulator.uri()
    );
    let body = json!({
        "blobs": [{"url": format!("{}/v1/rest/ping", setup.emulator.uri())}],
        "properties": {"format": "csv", "enableTracking": true},
    });
    let (_, begun) = json_of(http().post(&table).body(body.to_string())).await;
    let operation = format!(
        "{table}/{}?details=true",
        begun["ingestionOperationId"].as_str().unwrap()
    );
    let ended = loop {
        let (_, state) = json_of(http().get(&operation)).await;
        if state["status"]["InProgress"] == 0 {
            break state;
        }
    };
    assert_eq!(ended["details"][0]["errorCode"], "Download_AccountNotFound");
    for body in ["{", r#"{"blobs":[]}"#] {
        let (status, _) = json_of(http().post(&table).body(body)).await;
        assert_eq!(status, 400, "{body}");
    }
}

/// How many blobs the client told the service of over REST.
fn posts(setup: &Setup) -> usize {
    let journal = setup.emulator.journal();
    let is_post = |request: &&kusto_emulator::ReceivedRequest| {
        request.method == "POST" && request.uri.path().starts_with("/v1/rest/ingestion/queued/")
    };
    journal.iter().filter(is_post).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_can_be_stored_and_asked_about_by_another_client() {
    let Some(setup) = Setup::start().await else { return };
    let good = setup
        .rest
        .ingest(Source::bytes("a,1\n"), &properties(DataFormat::Csv))
        .await
        .unwrap();
    assert!(matches!(good.tracking, Tracking::Operation(_)), "{good:?}");
    let stored = serde_json::to_string(&good).unwrap();
    let resumed: IngestionOperation = serde_json::from_str(&stored).unwrap();
    let another = Client::from_connection_string(setup.emulator.connection_string()).unwrap();
    let status = another
        .queued_ingest()
        .wait(&resumed, Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(status, IngestionStatus::Succeeded);
    assert_eq!(posts(&setup), 1);
    let untracked = properties(DataFormat::Csv).tracking(false);
    let operation = setup
        .rest
        .ingest(Source::bytes("b,2\n"), &untracked)
        .await
        .unwrap();
    assert_eq!(operation.tracking, Tracking::None);
    while setup.rows("T").await.len() < 2 {}
}

#[tokio::test(flavor = "multi_thread")]
async fn properties_reach_the_service_over_rest_as_they_do_through_the_queue() {
    let Some(setup) = Setup::start().await else { return };
    for client in setup.ways() {
        let status = ingest(
            client,
            Source::bytes("name,n\na,1\n"),
            properties(DataFormat::Csv)
                .ignore_first_record(true)
                .flush_immediately(true)
                .ignore_size_limit(true)
                .delete_on_success(true)
                .drop_by_tag("batch")
                .creation_time("2024-01-02T00:00:00Z".parse().unwrap()),
        )
        .await;
        assert_eq!(status, IngestionStatus::Succeeded);
        let extents = ".show table T extents | project strcat(Tags, ' ', MinCreatedOn), RowCount";
        let extents: Vec<(String, i64)> = setup.client.mgmt(extents).fetch_all().await.unwrap();
        assert_eq!(
            extents,
            [("drop-by:batch 2024-01-02T00:00:00.0000000Z".to_owned(), 1)]
        );
        setup.clear("T").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_there_when_the_rest_api_is_not() {
    let Some(setup) = Setup::start().await else { return };
    for fault in [
        Fault::new().path("/v1/rest/ingestion/configuration").status(404),
        Fault::new().path("/v1/rest/ingestion/queued").status(503),
        Fault::new()
            .path("/v1/rest/ingestion/queued")
            .status(429)
            .retry_after(Duration::from_secs(600)),
        Fault::new()
            .path("/v1/rest/ingestion/queued")
            .body("gone")
            .status(404),
        Fault::new().path("/v1/rest/ingestion/queued").drop_connection(),
        Fault::new()
            .path("/v1/rest/ingestion/configuration")
            .body(r#"{"ingestionSettings":{"preferredIngestionMethod":"V1"}}"#)
            .status(200),
    ] {
        let label = format!("{fault:?}");
        setup.emulator.clear_faults();
        setup.emulator.fault(fault);
        setup.clear("T").await;
        let client = setup.client.queued_ingest();
        let operation = client
            .ingest(Source::bytes("a,1\n"), &properties(DataFormat::Csv))
            .await
            .unwrap();
        assert!(matches!(operation.tracking, Tracking::StatusTable(_)), "{label}");
        let status = client.wait(&operation, Duration::from_secs(60)).await;
        assert_eq!(status.unwrap(), IngestionStatus::Succeeded, "{label}");
        assert_eq!(setup.rows("T").await, [("a".to_owned(), 1)], "{label}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_refuses_for_good_goes_nowhere_else() {
    let Some(setup) = Setup::start().await else { return };
    let nowhere = IngestionProperties::new("No such database", "T").format(DataFormat::Csv);
    let error = setup
        .rest
        .ingest(Source::bytes("a,1\n"), &nowhere)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), IngestErrorKind::Rejected);
    assert!(
        error.is_permanent() && error.to_string().contains("No such database"),
        "{error}"
    );
    assert!(setup.rest.peek_failures().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_the_service_takes_is_refused_before_a_byte_is_sent() {
    let Some(setup) = Setup::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.csv");
    let file = std::fs::File::create(&path).unwrap();
    file.set_len((1 << 30) + 1).unwrap();
    let error = setup
        .rest
        .ingest(Source::file(&path), &properties(DataFormat::Csv))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), IngestErrorKind::TooLarge);
    assert!(error.to_string().contains("ignore_size_limit"), "{error}");
    assert_eq!(posts(&setup), 0);
}
