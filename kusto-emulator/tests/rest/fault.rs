//! Faults that are asked for, as a client meets them.

use std::time::{Duration, Instant};

use kusto_emulator::Fault;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

async fn with(fault: Fault) -> Service {
    Service::with(Emulator::builder().fault(fault).start().await.unwrap())
}

/// Everything that comes over the connection in answer to a query, head and body.
async fn bytes_of(service: &Service, text: &str) -> String {
    let mut stream = TcpStream::connect(service.emulator.uri().trim_start_matches("http://"))
        .await
        .unwrap();
    let body = json!({"db": DEFAULT_DATABASE, "csl": text}).to_string();
    let head = format!(
        "POST /v2/rest/query HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_status_stands_in_place_of_the_answer() {
    let busy = Fault::new()
        .path("/v2")
        .times(2)
        .status(429)
        .retry_after(Duration::from_secs(7));
    let service = with(busy.header("x-note", "scripted")).await;
    for _ in 0..2 {
        let response = service
            .post("/v2/rest/query", "print 1", &json!({}))
            .send()
            .await
            .unwrap();
        assert_eq!(response.headers()["retry-after"], "7");
        assert_eq!(response.headers()["x-note"], "scripted");
        let (status, error) = error(response).await;
        assert_eq!(
            (status, error.code.as_str()),
            (StatusCode::TOO_MANY_REQUESTS, "TooManyRequests")
        );
        assert_eq!(error.permanent, Some(false));
    }
    assert_eq!(service.rows("print 1").await, "1");
}

#[tokio::test]
async fn a_body_of_any_kind_can_go_with_a_status() {
    let service = with(Fault::new().status(502).body("<html>bad gateway</html>")).await;
    let response = service
        .post("/v2/rest/query", "print 1", &json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(response.text().await.unwrap(), "<html>bad gateway</html>");
}

#[tokio::test]
async fn a_dropped_connection_has_no_answer_and_runs_nothing() {
    let service = with(Fault::new().text(".create").times(1).drop_connection()).await;
    let create = ".create table T (x: long)";
    let sent = service.post("/v1/rest/mgmt", create, &json!({})).send().await;
    assert!(sent.unwrap_err().is_request());
    assert_eq!(text_of(&service.command(".show tables | count").await), "0");
    assert_eq!(service.emulator.journal()[0].status, None);
}

#[tokio::test]
async fn a_cut_answer_has_exactly_the_bytes_before_the_cut() {
    let service = with(Fault::new().cut(60)).await;
    let response = service.post("/v2/rest/query", "print 1", &json!({})).send().await;
    let error = response.unwrap().bytes().await.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    let answer = bytes_of(&service, "print 1").await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    // One chunk of 60 bytes, and no end of the chunks.
    let (size, piece) = body.split_once("\r\n").unwrap();
    assert_eq!((size, piece.trim_end().len()), ("3C", 60), "{body}");
}

#[tokio::test]
async fn an_answer_can_drip_in_small_pieces() {
    let service = with(Fault::new().chunk(100).drip(Duration::from_millis(1))).await;
    let answer = bytes_of(&service, "print 1").await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let sizes: Vec<&str> = body.split("\r\n").step_by(2).collect();
    assert!(
        sizes.len() > 5 && sizes[..5].iter().all(|size| *size == "64"),
        "{sizes:?}"
    );
    assert!(body.ends_with("0\r\n\r\n"));
    assert_eq!(service.rows("print 1").await, "1");
}

#[tokio::test]
async fn a_content_length_can_be_wrong_both_ways() {
    let short = with(Fault::new().content_length(10)).await;
    let answer = bytes_of(&short, "print 1").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.to_lowercase().contains("content-length: 10"), "{head}");
    assert_eq!(body.len(), 10);
    let long = with(Fault::new().content_length(1 << 20)).await;
    let response = long.post("/v2/rest/query", "print 1", &json!({})).send().await;
    assert!(response.unwrap().bytes().await.is_err());
    // What is there as a whole can be given a wrong length as well.
    let refused = with(Fault::new().status(503).content_length(1 << 20)).await;
    let response = refused.post("/v2/rest/query", "print 1", &json!({})).send().await;
    assert!(response.unwrap().bytes().await.is_err());
}

#[tokio::test]
async fn a_delayed_answer_begins_no_sooner() {
    let service = with(Fault::new().delay(Duration::from_millis(30))).await;
    let started = Instant::now();
    assert_eq!(service.rows("print 1").await, "1");
    assert!(started.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn an_error_can_stand_behind_any_row() {
    let mut broken = OneApiError::new("LowMemoryCondition", "Out of memory.");
    broken.permanent = Some(false);
    for (after, rows) in [(0, 0), (7, 7), (9000, 9000), (20_000, 10_000)] {
        let service = with(Fault::new().in_data_error(after, broken.clone())).await;
        let answer = service.ask("range x from 1 to 10000 step 1", json!({})).await;
        assert_eq!(answer.primary_results().next().unwrap().num_rows(), rows);
        assert!(answer.completion().unwrap().has_errors);
        assert_eq!(answer.errors()[0].code, "LowMemoryCondition");
        assert_eq!(answer.errors()[0].permanent, Some(false));
    }
}

#[tokio::test]
async fn faults_come_and_go_while_the_service_runs() {
    let service = Service::start().await;
    service.emulator.fault(Fault::new().status(500));
    let (status, _) = service.refused("/v2/rest/query", "print 1", json!({})).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    service.emulator.clear_faults();
    assert_eq!(service.rows("print 1").await, "1");
}

#[tokio::test]
async fn faults_break_a_stream_of_http_2_and_not_its_connection() {
    let faults = [
        Fault::new().text("dropped").drop_connection(),
        Fault::new().text("torn").cut(60),
        Fault::new().text("short").content_length(10),
    ];
    let builder = faults
        .into_iter()
        .fold(Emulator::builder(), |builder, fault| builder.fault(fault));
    let mut service = Service::with(builder.start().await.unwrap());
    service.client = Client::builder()
        .http2_prior_knowledge()
        .no_proxy()
        .build()
        .unwrap();
    for text in ["dropped", "torn", "short"] {
        let query = format!("print '{text}'");
        let response = service.post("/v2/rest/query", &query, &json!({})).send().await;
        let outcome = match response {
            Ok(response) => response.bytes().await.map(|_| ()),
            Err(error) => Err(error),
        };
        assert!(outcome.is_err(), "{text}");
        assert_eq!(service.rows("print 1").await, "1");
    }
}
