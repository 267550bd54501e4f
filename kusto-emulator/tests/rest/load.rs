//! Many queries at once.

use std::sync::Arc;

use super::*;

/// How many ask at once.
const CLIENTS: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_queries_at_once_are_all_answered() {
    let service = Arc::new(Service::start().await);
    let asking: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let service = Arc::clone(&service);
            tokio::spawn(async move {
                let text =
                    format!("range x from 1 to 1000 step 1 | where x > 990 | summarize sum(x) + {number}");
                service.rows(&text).await
            })
        })
        .collect();
    for (number, asked) in asking.into_iter().enumerate() {
        assert_eq!(asked.await.unwrap(), (9955 + number).to_string());
    }
}

#[tokio::test]
async fn a_query_too_many_is_told_to_come_back() {
    let builder = Emulator::builder().max_concurrent_queries(1);
    let service = Service::with(builder.start().await.unwrap());
    let endless = "range x from 1 to 1000000000000 step 1";
    let options = json!({"notruncation": true, "results_v2_fragment_primary_tables": true});
    let running = service
        .post("/v2/rest/query", endless, &options)
        .send()
        .await
        .unwrap();
    let response = service
        .post("/v2/rest/query", "print 1", &json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["retry-after"], "1");
    let (status, error) = error(response).await;
    assert_eq!(
        (status, error.code.as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "TooManyRequests")
    );
    assert_eq!(error.class(), Some("QueryThrottledException"));
    assert!(error.description.unwrap().contains("Capacity: 1, Origin: '"));
    // Commands are not queries: what runs can be seen and stopped.
    assert_eq!(
        text_of(&service.command(".show running queries | count").await),
        "1"
    );
    drop(running);
    while service
        .post("/v2/rest/query", "print 1", &json!({}))
        .send()
        .await
        .unwrap()
        .status()
        != StatusCode::OK
    {
        tokio::task::yield_now().await;
    }
}
