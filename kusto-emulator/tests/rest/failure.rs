//! Requests that fail, before their answer begins and in the middle of it.

use super::*;

const HALF: &str = "range x from 1 to 100 step 1";

fn limited(more: Value) -> Value {
    let mut options = json!({"truncationmaxrecords": 10});
    options
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    options
}

#[tokio::test]
async fn mistakes_are_told_in_the_words_of_the_service() {
    let service = Service::start().await;
    let refused = async |text: &str| service.refused("/v2/rest/query", text, json!({})).await;
    let (status, error) = refused("print x =").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(error.code, "BadRequest_SyntaxError");
    assert_eq!(
        error.description.unwrap(),
        "Syntax error: Query could not be parsed: SYN0002: A recognition error occurred: expected an expression, \
         found the end of the text [line:position=1:10]"
    );
    let inner = error.inner_error.unwrap();
    assert_eq!(inner.code, "SYN0002");
    assert!(
        inner.message.ends_with("[line:position=1:10]"),
        "{}",
        inner.message
    );
    let (status, error) = refused("Nowhere | count").await;
    assert_eq!(
        (status, error.code.as_str()),
        (StatusCode::BAD_REQUEST, "General_BadRequest")
    );
    assert_eq!(error.permanent, Some(true));
    let inner = error.innermost();
    assert_eq!(inner.class(), Some("SemanticException"));
    assert_eq!(
        (inner.code.as_str(), inner.error_code.as_deref()),
        ("SEM0100", Some("SEM0100"))
    );
    assert!(inner.message.contains("Nowhere"));
    assert!(error.description.unwrap().contains("Nowhere"));
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    let service = Service::start().await;
    let body = json!({"db": "Elsewhere", "csl": "print 1"}).to_string();
    let request = service.request(Method::POST, "/v2/rest/query").body(body);
    let (status, error) = error(request.send().await.unwrap()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(error.code, "BadRequest_DatabaseNotExist");
    assert_eq!(
        error.description.unwrap(),
        "Entity ID 'Elsewhere' of kind 'Database' was not found."
    );
}

#[tokio::test]
async fn an_answer_that_grows_too_long_ends_with_an_error_in_each_place_for_it() {
    let service = Service::start().await;
    for fragments in [false, true] {
        for placement in ["in_data", "end_of_table", "end_of_dataset"] {
            let options = limited(json!({
                "results_v2_fragment_primary_tables": fragments,
                "results_error_reporting_placement": placement,
            }));
            let answer = service.ask(HALF, options).await;
            let table = answer.primary_results().next().unwrap();
            assert_eq!(table.num_rows(), 10, "{placement}");
            let in_table = placement == "in_data" || (fragments && placement == "end_of_table");
            assert_eq!(!table.errors().is_empty(), in_table, "{placement} {fragments}");
            let completion = answer.completion().unwrap();
            assert!(completion.has_errors && !completion.cancelled);
            assert_eq!(completion.errors[0].code, "LimitsExceeded");
            let told = answer.events().any(|event| event.is_error());
            assert_eq!(told, placement == "end_of_dataset", "{placement}");
        }
    }
}

#[tokio::test]
async fn the_limit_of_the_service_holds_where_the_request_sets_none() {
    let service = Service::start().await;
    let text = "range x from 1 to 500001 step 1";
    let answer = service.ask(text, json!({})).await;
    assert_eq!(answer.primary_results().next().unwrap().num_rows(), 500_000);
    assert_eq!(answer.errors()[0].hresult(), Some(0x80DA_0003));
    let answer = service.ask(text, json!({"notruncation": true})).await;
    assert_eq!(answer.primary_results().next().unwrap().num_rows(), 500_001);
    assert!(!answer.has_errors());
}

#[tokio::test]
async fn an_answer_in_v1_has_its_errors_among_the_rows_and_at_the_end() {
    let service = Service::start().await;
    let response = service
        .post("/v1/rest/query", HALF, &limited(json!({})))
        .send()
        .await
        .unwrap();
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    let rows = body["Tables"][0]["Rows"].as_array().unwrap();
    assert_eq!(rows.len(), 11);
    assert!(rows[10]["Exceptions"][0].as_str().unwrap().contains("80DA0003"));
    assert_eq!(body["Exceptions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn failures_that_are_deferred_are_events_only() {
    let service = Service::start().await;
    let options = limited(json!({"deferpartialqueryfailures": true}));
    let answer = service.ask(HALF, options).await;
    assert_eq!(answer.primary_results().next().unwrap().num_rows(), 10);
    assert!(!answer.completion().unwrap().has_errors);
    let event = answer.events().find(|event| event.is_error()).unwrap();
    assert_eq!(event.status_code, -2_133_196_797);
    assert!(event.text().contains("80DA0003"));
}

#[tokio::test]
async fn a_query_that_takes_longer_than_it_may_times_out() {
    let service = Service::start().await;
    let text = "range x from 1 to 1000000000000 step 1 | summarize count()";
    let options = json!({"servertimeout": "00:00:00.05"});
    let (status, error) = service.refused("/v2/rest/query", text, options).await;
    assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(error.code, "RequestExecutionTimeout");
    assert_eq!(error.permanent, Some(false));
}

#[tokio::test]
async fn deeply_nested_queries_are_answered_or_refused() {
    let service = Service::start().await;
    let text = format!("print x = {}1{}", "(".repeat(150), ")".repeat(150));
    assert_eq!(service.rows(&text).await, "1");
    let text = format!("print x = {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    let (status, _) = service.refused("/v2/rest/query", &text, json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn deeply_nested_bodies_are_refused() {
    let service = Service::start().await;
    let deep = "[".repeat(100_000);
    for body in [
        deep.clone(),
        format!("{{\"db\":\"NetDefaultDB\",\"csl\":\"print 1\",\"properties\":{{\"Options\":{{\"x\":{deep}"),
        json!({"db": DEFAULT_DATABASE, "csl": "print 1", "properties": deep}).to_string(),
    ] {
        let request = service.request(Method::POST, "/v2/rest/query").body(body);
        let (status, error) = error(request.send().await.unwrap()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(error.description.unwrap().contains("JSON"));
    }
    let text = format!("print dynamic({deep})");
    let (status, _) = service.refused("/v2/rest/query", &text, json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let text = format!(".show tables | where {}1", "-".repeat(100_000));
    let (status, _) = service.refused("/v1/rest/mgmt", &text, json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    // The service is still there.
    assert_eq!(service.rows("print 1").await, "1");
}

#[tokio::test]
async fn other_languages_than_kql_are_refused_by_name() {
    let service = Service::start().await;
    let sql = json!({"query_language": "sql"});
    let (status, error) = service.refused("/v2/rest/query", "SELECT 1", sql).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(error.description.unwrap().contains("'sql' is not supported"));
    let kql = service.ask("print 1", json!({"query_language": "kql"})).await;
    assert_eq!(text_of(&kql), "1");
}

#[tokio::test]
async fn options_can_make_a_request_read_only() {
    let service = Service::start().await;
    for option in ["request_readonly", "request_readonly_hardline"] {
        let text = ".create table T (x: long)";
        let (status, _) = service
            .refused("/v1/rest/mgmt", text, json!({option: true}))
            .await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{option}");
    }
}
