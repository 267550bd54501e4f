//! Queries while they run and when they have: listed, cancelled, given up by their clients.

use super::*;

const ENDLESS: &str = "range x from 1 to 1000000000000 step 1";

fn fragments() -> Value {
    json!({"notruncation": true, "results_v2_fragment_primary_tables": true})
}

/// The texts of the queries that run.
async fn running(service: &Service) -> Vec<String> {
    let answer = service.command(".show running queries | project Text").await;
    let table = answer.primary_results().next().unwrap();
    table.deserialize().collect::<Result<_, _>>().unwrap()
}

/// Waits for no query to run.
async fn idle(service: &Service) {
    while !running(service).await.is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_answer_streams_and_its_query_ends_when_the_client_goes_away() {
    let service = Service::start().await;
    let mut response = service
        .post("/v2/rest/query", ENDLESS, &fragments())
        .send()
        .await
        .unwrap();
    let mut decoder = FrameDecoder::new();
    let mut rows = 0;
    while rows < 10_000 {
        let chunk = response.chunk().await.unwrap().unwrap();
        let mut input = &chunk[..];
        while let Some(frame) = decoder.decode(&mut input).unwrap() {
            if let kusto_protocol::Frame::TableFragment(fragment) = frame {
                rows += fragment.rows.num_rows();
            }
        }
    }
    assert_eq!(running(&service).await, [ENDLESS]);
    drop(response);
    idle(&service).await;
}

#[tokio::test]
async fn a_query_that_has_not_answered_yet_ends_when_the_client_goes_away() {
    let service = Service::start().await;
    let text = format!("{ENDLESS} | summarize count()");
    let request = service.post("/v2/rest/query", &text, &json!({})).send();
    let asking = tokio::spawn(request);
    while running(&service).await.is_empty() {
        tokio::task::yield_now().await;
    }
    asking.abort();
    idle(&service).await;
}

#[tokio::test]
async fn a_query_is_cancelled_from_another_connection() {
    let service = Service::start().await;
    let request = service.post("/v2/rest/query", ENDLESS, &fragments());
    let mut response = request
        .header("x-ms-client-request-id", "Test.Cancel;1")
        .send()
        .await
        .unwrap();
    let mut body = response.chunk().await.unwrap().unwrap().to_vec();
    let answer = service
        .command(".cancel query \"Test.Cancel;1\" with (reason = 'too long')")
        .await;
    assert_eq!(text_of(&answer), "Test.Cancel;1,true");
    while let Some(chunk) = response.chunk().await.unwrap() {
        body.extend_from_slice(&chunk);
    }
    let answer = decode(&body);
    let completion = answer.completion().unwrap();
    assert!(completion.cancelled && completion.has_errors);
    let error = &completion.errors[0];
    assert_eq!(error.code, "Cancelled");
    assert!(error.description.as_ref().unwrap().ends_with("Reason: too long"));
    assert!(running(&service).await.is_empty());
    let answer = service.command(".cancel query \"Test.Cancel;1\"").await;
    assert_eq!(text_of(&answer), "Test.Cancel;1,false");
}

#[tokio::test]
async fn a_service_that_is_dropped_stops_its_queries() {
    let service = Service::start().await;
    let mut response = service
        .post("/v2/rest/query", ENDLESS, &fragments())
        .send()
        .await
        .unwrap();
    let mut body = response.chunk().await.unwrap().unwrap().to_vec();
    drop(service.emulator);
    while let Some(chunk) = response.chunk().await.unwrap() {
        body.extend_from_slice(&chunk);
    }
    assert!(decode(&body).completion().unwrap().cancelled);
}

/// The queries that ended, the last first.
async fn ended(service: &Service, columns: &str) -> String {
    let answer = service
        .command(&format!(".show queries | project {columns}"))
        .await;
    text_of(&answer)
}

#[tokio::test]
async fn queries_that_ended_are_listed_with_how_they_went() {
    let service = Service::start().await;
    let request = service.post(
        "/v2/rest/query",
        "range x from 1 to 3 step 1",
        &json!({"notruncation": true}),
    );
    let request = request
        .header("x-ms-client-request-id", "Test.Ended;1")
        .header("x-ms-app", "Tests")
        .header("x-ms-user", "Somebody");
    data_set(request.send().await.unwrap()).await;
    service.refused("/v2/rest/query", "print nope", json!({})).await;
    let limited = json!({"truncationmaxrecords": 2});
    service.ask("range x from 1 to 5 step 1", limited).await;

    assert_eq!(
        ended(&service, "Text, State").await,
        "range x from 1 to 5 step 1,Failed\nprint nope,Failed\nrange x from 1 to 3 step 1,Completed"
    );
    let columns = "ClientActivityId, Database, Application, User, FailureReason, \
                   tostring(ClientRequestProperties.Options.notruncation), \
                   tolong(ResultSetStatistics.TablesStatistics[0].RowCount), Duration > 0s";
    let last = ended(&service, columns).await;
    assert_eq!(
        last.lines().last().unwrap(),
        "Test.Ended;1,NetDefaultDB,Tests,Somebody,,true,3,true"
    );
    assert!(ended(&service, "FailureReason").await.contains("SEM0100"));
    // What runs is in the other list.
    let running = service
        .command(".show running queries by user 'nobody' | count")
        .await;
    assert_eq!(text_of(&running), "0");
}

#[tokio::test]
async fn a_query_whose_client_went_away_is_listed_as_cancelled() {
    let service = Service::start().await;
    let request = service.post("/v2/rest/query", ENDLESS, &fragments());
    let mut response = request.send().await.unwrap();
    response.chunk().await.unwrap().unwrap();
    drop(response);
    idle(&service).await;
    assert_eq!(ended(&service, "State").await, "Cancelled");
}
