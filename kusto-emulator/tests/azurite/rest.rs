//! The REST API of queued ingestion.

use serde_json::{Value, json};

use super::*;

async fn put(container: &str, name: &str, data: &str) -> String {
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
