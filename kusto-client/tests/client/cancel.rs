use std::time::Duration;

use kusto_client::{ErrorKind, RetryPolicy};

use crate::answers::{HEADER, result, table, v1};
use crate::scripted::{Act, Answer, Scripted, answer};
use crate::{builder, client};

/// An answer that never ends.
fn endless() -> Answer {
    let frames = [vec![HEADER.to_owned()], table(1, "n:long", &["[1]"])].concat();
    answer(200, format!("[{}", frames.join("\n,"))).then_silent()
}

fn cancelled() -> Act {
    v1(r#"["ok"]"#).into()
}

/// Lets tasks in the background run.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

fn commands(http: &Scripted) -> Vec<String> {
    let seen = http.seen();
    let commands = seen.iter().filter(|seen| seen.url.ends_with("/v1/rest/mgmt"));
    commands
        .map(|seen| serde_json::from_str::<serde_json::Value>(&seen.body).unwrap()["csl"].to_string())
        .collect()
}

const CANCEL: &str = r#"".cancel query \"Mine;1\"""#;

#[tokio::test]
async fn results_that_are_dropped_before_their_end_are_cancelled() {
    let (client, http) = client([endless().into(), cancelled()]);
    let mut results = client
        .query("T")
        .client_request_id("Mine;1")
        .stream()
        .await
        .unwrap();
    assert!(results.next().await.unwrap().is_some());
    drop(results);
    settle().await;
    assert_eq!(commands(&http), [CANCEL]);
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_too() {
    let (client, http) = client([Act::Hang, cancelled()]);
    let mut call = Box::pin(
        client
            .query("T")
            .client_request_id("Mine;1")
            .fetch_all::<(i64,)>(),
    );
    assert!(futures::poll!(&mut call).is_pending());
    drop(call);
    settle().await;
    assert_eq!(commands(&http), [CANCEL]);
}

#[tokio::test(start_paused = true)]
async fn a_query_that_takes_too_long_is_cancelled() {
    for act in [Act::Hang, endless().into()] {
        let (client, http) = client([act, cancelled()]);
        let query = client
            .query("T")
            .client_request_id("Mine;1")
            .server_timeout(Duration::from_secs(20));
        let start = tokio::time::Instant::now();
        let error = query.fetch_all::<(i64,)>().await.unwrap_err();
        assert_eq!(
            (error.kind(), start.elapsed().as_secs()),
            (ErrorKind::Timeout, 50)
        );
        settle().await;
        assert_eq!(commands(&http), [CANCEL]);
    }
}

#[tokio::test]
async fn what_ended_is_not_cancelled() {
    let script: [Act; 4] = [
        result("n:long", &["[1]"]).into(),
        answer(400, "").into(),
        answer(200, "[").into(),
        v1("").into(),
    ];
    let (builder, http) = builder(script);
    let client = builder.retry(RetryPolicy::none()).build().unwrap();
    assert!(client.query("T").fetch_all::<(i64,)>().await.is_ok());
    assert!(client.query("T").fetch_all::<(i64,)>().await.is_err());
    assert!(client.query("T").fetch_all::<(i64,)>().await.is_err());
    drop(client.mgmt(".show tables").stream().await.unwrap());
    settle().await;
    assert_eq!(commands(&http), [r#"".show tables""#]);
}

#[tokio::test]
async fn cancelling_can_be_turned_off() {
    let (builder, http) = builder([endless().into()]);
    let client = builder.cancel_on_drop(false).build().unwrap();
    drop(client.query("T").stream().await.unwrap());
    settle().await;
    assert!(commands(&http).is_empty());
}

#[test]
fn without_a_runtime_nothing_is_cancelled() {
    let (client, http) = client([endless().into()]);
    // The client's limits need timers, and these tests run on tokio's; the stream outlives its runtime.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let results = runtime.block_on(client.query("T").stream()).unwrap();
    drop(runtime);
    drop(results);
    assert!(commands(&http).is_empty());
}

#[tokio::test]
async fn a_query_can_be_cancelled_by_its_id() {
    let (client, http) = client([
        cancelled(),
        answer(400, r#"{"error":{"code":"X","message":"no"}}"#).into(),
    ]);
    client.cancel("Mine;1").await.unwrap();
    assert_eq!(commands(&http), [CANCEL]);
    assert_eq!(
        client.cancel("Mine;1").await.unwrap_err().kind(),
        ErrorKind::Service
    );
}
