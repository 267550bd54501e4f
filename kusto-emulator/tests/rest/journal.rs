//! The journal of what was received.

use super::*;

#[tokio::test]
async fn requests_are_kept_as_they_came() {
    let service = Service::start().await;
    let body = json!({"db": DEFAULT_DATABASE, "csl": "print 1"}).to_string();
    let request = service
        .request(Method::POST, "/v2/rest/query?a=b")
        .header("x-ms-client-request-id", "Test.Journal;1")
        .header("authorization", "Bearer secret")
        .header("content-encoding", "gzip");
    request.body(gzip(body.as_bytes())).send().await.unwrap();
    service
        .request(Method::GET, "/v3/nowhere/at/all")
        .send()
        .await
        .unwrap();
    let journal = service.emulator.journal();
    assert_eq!(journal[0].body, body);
    assert_eq!(journal[0].uri, "/v2/rest/query?a=b");
    assert_eq!(journal[0].headers["content-encoding"], "gzip");
    assert_eq!(journal[0].headers["authorization"], "Bearer secret");
    assert_eq!(journal[0].client_request_id, "Test.Journal;1");
    assert_eq!(journal[0].status, Some(StatusCode::OK));
    assert!(!format!("{journal:?}").contains("secret"));
    assert_eq!(journal[1].status, Some(StatusCode::NOT_FOUND));
    service.emulator.clear_journal();
    assert!(service.emulator.journal().is_empty());
}

#[tokio::test]
async fn a_file_has_a_line_for_each_request() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("requests.jsonl");
    let builder = Emulator::builder().journal_file(&file);
    let service = Service::with(builder.start().await.unwrap());
    let request = service.post("/v2/rest/query", "print 1", &json!({}));
    request
        .header("authorization", "Bearer secret")
        .send()
        .await
        .unwrap();
    let (status, _) = service.refused("/v2/rest/query", "print (", json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("secret"), "{text}");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&lines[0]["status"], &lines[1]["status"]),
        (&json!(200), &json!(400))
    );
    assert_eq!(lines[0]["has_authorization"], json!(true));
    assert!(lines[1]["body"].as_str().unwrap().contains("print ("));
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_named() {
    let builder = Emulator::builder().journal_file("/nowhere/requests.jsonl");
    let error = builder.start().await.unwrap_err();
    assert!(error.to_string().contains("/nowhere/requests.jsonl"), "{error}");
}
