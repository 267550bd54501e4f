//! What is sent, what is not, and what becomes of answers.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::scripted::{Act, Answer, Scripted, answer};
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::OffsetDateTime;
use kusto_auth::{Credential, TrustedHosts};
use kusto_protocol::{ClientRequestProperties, DataFormat, Request, Secret};
use kusto_transport::{Pipeline, PipelineOptions, RetryPolicy, TransportError, TransportErrorKind};

const PUBLIC: &str = "https://help.kusto.windows.net";

fn pipeline(address: &str, credential: Credential, http: &Arc<Scripted>) -> Pipeline {
    with_options(address, credential, http, PipelineOptions::default())
}

fn with_options(
    address: &str,
    credential: Credential,
    http: &Arc<Scripted>,
    options: PipelineOptions,
) -> Pipeline {
    let http = Arc::clone(http);
    Pipeline::new(
        address.parse().unwrap(),
        credential,
        TrustedHosts::default(),
        http,
        options,
    )
}

fn query() -> Request {
    Request::query("Samples", "print x = 1")
}

fn ok() -> Act {
    answer(200, "[]").into()
}

fn busy() -> Answer {
    answer(
        429,
        r#"{"error":{"code":"TooManyRequests","message":"slow down","@permanent":false}}"#,
    )
}

/// Gives `t1`, `t2`, …, for an hour each.
#[derive(Debug, Default)]
struct Counting(AtomicUsize);

#[async_trait::async_trait]
impl TokenCredential for Counting {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let n = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(AccessToken::new(
            format!("t{n}"),
            OffsetDateTime::now_utc() + Duration::from_secs(3600),
        ))
    }
}

fn counting() -> Credential {
    Credential::token_credential(Arc::new(Counting::default()))
}

async fn send(pipeline: &Pipeline, request: &Request) -> Result<Vec<u8>, TransportError> {
    let mut body = pipeline.send(request.clone()).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn failure(pipeline: &Pipeline, request: &Request) -> TransportError {
    send(pipeline, request).await.unwrap_err()
}

#[tokio::test]
async fn a_query_carries_token_id_names_and_time_limit() {
    let http = Scripted::new([ok()]);
    let mut options = PipelineOptions::default();
    options.application = Some("tests".to_owned());
    options.user = Some("zoë\r\nX: y".to_owned());
    let pipeline = with_options(PUBLIC, Credential::token("hush"), &http, options);
    assert_eq!(send(&pipeline, &query()).await.unwrap(), b"[]");
    let seen = &http.seen()[0];
    assert_eq!(seen.url, "https://help.kusto.windows.net/v2/rest/query");
    assert_eq!(seen.header("authorization"), Some("Bearer hush"));
    assert!(
        seen.header("x-ms-client-request-id")
            .unwrap()
            .starts_with("KRC.execute;")
    );
    assert_eq!(seen.header("x-ms-app"), Some("tests"));
    assert_eq!(seen.header("x-ms-user"), Some("zo???X: y"));
    assert_eq!(seen.header("x-ms-version"), Some("2024-12-12"));
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert_eq!(seen.header("accept-encoding"), Some("gzip"));
    assert_eq!(
        seen.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert!(
        seen.header("x-ms-client-version")
            .unwrap()
            .starts_with("Kusto.Rust.Client:{")
    );
    assert!(
        seen.body.contains(r#""servertimeout":"00:04:00""#),
        "{}",
        seen.body
    );
}

#[tokio::test]
async fn commands_and_own_time_limits_are_written_too() {
    let http = Scripted::new([ok(), ok(), ok()]);
    let pipeline = pipeline(PUBLIC, Credential::token("hush"), &http);
    send(&pipeline, &Request::mgmt("Samples", ".show tables"))
        .await
        .unwrap();
    let own = ClientRequestProperties::new()
        .server_timeout(Duration::from_secs(50))
        .client_request_id("Mine;1");
    send(&pipeline, &query().properties(own)).await.unwrap();
    let rows = Request::streaming_ingest("Samples", "T", DataFormat::Csv, "1\n");
    send(&pipeline, &rows).await.unwrap();
    let seen = http.seen();
    assert!(seen[0].body.contains(r#""servertimeout":"00:10:00""#));
    assert!(seen[1].body.contains(r#""servertimeout":"00:00:50""#));
    assert_eq!(seen[1].header("x-ms-client-request-id"), Some("Mine;1"));
    assert!(
        seen[2]
            .header("x-ms-client-request-id")
            .unwrap()
            .starts_with("KRC.executeStreamingIngest;")
    );
    assert_eq!(
        (seen[2].body.as_str(), seen[2].header("servertimeout")),
        ("1\n", Some("00:10:00"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_time_limit_has_an_hour() {
    let http = Scripted::new([Act::Hang]);
    let start = tokio::time::Instant::now();
    let request = query().properties(ClientRequestProperties::new().no_request_timeout(true));
    let error = failure(&pipeline(PUBLIC, Credential::token("t"), &http), &request).await;
    assert_eq!(
        (error.kind(), start.elapsed().as_secs()),
        (TransportErrorKind::Timeout, 3630)
    );
    let body = &http.seen()[0].body;
    assert!(body.contains(r#""norequesttimeout":true"#), "{body}");
    assert!(body.contains(r#""servertimeout":"01:00:00""#), "{body}");
}

#[tokio::test]
async fn an_untrusted_host_is_not_even_asked_for_its_cloud() {
    for credential in [counting(), Credential::token("hush")] {
        let http = Scripted::new([]);
        let error = failure(&pipeline("https://evil.example", credential, &http), &query()).await;
        assert_eq!(error.kind(), TransportErrorKind::Untrusted);
        assert!(error.is_permanent());
        assert!(http.seen().is_empty());
    }
}

#[tokio::test]
async fn a_token_is_not_sent_in_the_clear_except_on_this_machine() {
    let http = Scripted::new([]);
    let error = failure(
        &pipeline("http://help.kusto.windows.net", counting(), &http),
        &query(),
    )
    .await;
    assert_eq!(error.kind(), TransportErrorKind::Untrusted);
    assert!(error.to_string().contains("https://"), "{error}");
    assert!(http.seen().is_empty());

    let http = Scripted::new([answer(404, "").into(), ok()]);
    send(&pipeline("http://localhost:8080", counting(), &http), &query())
        .await
        .unwrap();
    assert_eq!(http.seen()[1].header("authorization"), Some("Bearer t1"));
}

#[tokio::test]
async fn an_anonymous_request_goes_anywhere_without_a_token() {
    let http = Scripted::new([ok()]);
    send(
        &pipeline("http://kusto-emulator:8080", Credential::anonymous(), &http),
        &query(),
    )
    .await
    .unwrap();
    assert_eq!(http.seen()[0].header("authorization"), None);
}

#[tokio::test]
async fn the_cloud_is_asked_once_without_a_token() {
    let cloud = r#"{"AzureAD":{"LoginEndpoint":"https://login.microsoftonline.com"}}"#;
    let http = Scripted::new([answer(200, cloud).into(), ok(), ok()]);
    let pipeline = pipeline(PUBLIC, counting(), &http);
    for _ in 0..2 {
        send(&pipeline, &query()).await.unwrap();
    }
    let seen = http.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!(
        seen[0].url,
        "https://help.kusto.windows.net/v1/rest/auth/metadata"
    );
    assert_eq!(seen[0].header("authorization"), None);
    assert_eq!(seen[2].header("authorization"), Some("Bearer t1"));
}

#[tokio::test]
async fn a_cloud_that_does_not_fit_the_host_or_cannot_be_read_ends_the_matter() {
    for (act, kind) in [
        (
            answer(
                200,
                r#"{"AzureAD":{"LoginEndpoint":"https://login.evil.example"}}"#,
            ),
            TransportErrorKind::Untrusted,
        ),
        (answer(200, "{}"), TransportErrorKind::Auth),
        (
            answer(302, "").header("location", "https://evil.example/"),
            TransportErrorKind::Auth,
        ),
    ] {
        let http = Scripted::new([act.into()]);
        let mut options = PipelineOptions::default();
        options.retry = RetryPolicy::none();
        let error = failure(&with_options(PUBLIC, counting(), &http, options), &query()).await;
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(http.seen().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_discovery_is_not_remembered() {
    let http = Scripted::new([answer(500, "").into(), answer(404, "").into(), ok()]);
    let mut options = PipelineOptions::default();
    options.retry = RetryPolicy::none();
    let pipeline = with_options(PUBLIC, counting(), &http, options);
    let error = failure(&pipeline, &query()).await;
    assert_eq!(error.kind(), TransportErrorKind::Auth);
    assert!(send(&pipeline, &query()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_failed_discovery_is_repeated_even_for_a_command_which_was_not_sent_yet() {
    let http = Scripted::new([Act::Break, answer(500, "").into(), answer(404, "").into(), ok()]);
    let command = Request::mgmt("db", ".drop table T");
    send(&pipeline(PUBLIC, counting(), &http), &command)
        .await
        .unwrap();
    assert_eq!(http.seen().len(), 4);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let http = Scripted::new([answer(404, "").into(), answer(401, "").into(), ok(), ok()]);
    let pipeline = pipeline(PUBLIC, counting(), &http);
    send(&pipeline, &query()).await.unwrap();
    send(&pipeline, &query()).await.unwrap();
    let tokens: Vec<_> = http
        .seen()
        .iter()
        .map(|seen| seen.header("authorization").map(str::to_owned))
        .collect();
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    assert_eq!(tokens, [None, bearer("t1"), bearer("t2"), bearer("t2")]);
}

#[tokio::test]
async fn a_token_that_is_refused_again_or_never_changes_is_an_error() {
    let http = Scripted::new([
        answer(404, "").into(),
        answer(401, "").into(),
        answer(401, "no").into(),
    ]);
    let error = failure(&pipeline(PUBLIC, counting(), &http), &query()).await;
    assert_eq!(
        (error.kind(), error.status().unwrap().as_u16()),
        (TransportErrorKind::Auth, 401)
    );

    let http = Scripted::new([answer(401, "").into()]);
    let error = failure(&pipeline(PUBLIC, Credential::token("hush"), &http), &query()).await;
    assert_eq!(error.kind(), TransportErrorKind::Auth);
    assert_eq!(http.seen().len(), 1);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let location = answer(status, "").header("location", "https://evil.example/v2/rest/query?sig=hush");
        let http = Scripted::new([location.into()]);
        let error = failure(&pipeline(PUBLIC, Credential::token("t"), &http), &query()).await;
        assert_eq!(error.kind(), TransportErrorKind::Redirected);
        assert!(
            error.to_string().contains("evil.example") && !error.to_string().contains("hush"),
            "{error}"
        );
        assert_eq!(http.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_database_name_cannot_climb_out_of_the_path() {
    let http = Scripted::new([]);
    let request = Request::streaming_ingest("..", "mgmt", DataFormat::Csv, "1\n");
    let error = failure(&pipeline(PUBLIC, Credential::token("t"), &http), &request).await;
    assert_eq!(error.kind(), TransportErrorKind::InvalidRequest);
}

#[tokio::test]
async fn an_error_of_the_service_keeps_its_words_and_ids() {
    let body = r#"{"error":{"code":"General_BadRequest","message":"Bad request.","@permanent":true,
        "@message":"Semantic error: SEM0100: name 'q' not found"}}"#;
    let http = Scripted::new([answer(400, body).header("x-ms-activity-id", "a-1").into()]);
    let error = failure(
        &pipeline(PUBLIC, Credential::token("t"), &http),
        &query().client_request_id("Mine;1"),
    )
    .await;
    assert_eq!(
        (error.kind(), error.is_permanent()),
        (TransportErrorKind::Service, true)
    );
    assert_eq!(error.service_errors()[0].code, "General_BadRequest");
    assert_eq!(
        (error.client_request_id(), error.activity_id()),
        (Some("Mine;1"), Some("a-1"))
    );
    let text = error.to_string();
    assert!(
        text.contains("SEM0100") && text.ends_with("(client request id Mine;1, activity id a-1)"),
        "{text}"
    );
}

#[tokio::test]
async fn error_bodies_of_all_kinds_are_survived() {
    for body in [
        "",
        "{}",
        "<html>Bad gateway</html>",
        r#"{"message":"gateway"}"#,
        "General_BadRequest: no",
    ] {
        let http = Scripted::new([answer(500, body).into()]);
        let error = failure(&pipeline(PUBLIC, Credential::token("t"), &http), &query()).await;
        assert_eq!(error.status().unwrap().as_u16(), 500);
        assert!(!error.is_permanent());
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_service_is_asked_again_when_it_says() {
    let http = Scripted::new([
        busy().header("retry-after", "7").into(),
        answer(503, "").header("retry-after", "2").into(),
        ok(),
    ]);
    let start = tokio::time::Instant::now();
    send(&pipeline(PUBLIC, Credential::token("t"), &http), &query())
        .await
        .unwrap();
    assert_eq!(start.elapsed().as_secs(), 9);
    let ids: Vec<_> = http
        .seen()
        .iter()
        .map(|seen| seen.header("x-ms-client-request-id").unwrap().to_owned())
        .collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_too_long_or_an_error_that_is_permanent_is_not_waited_for() {
    let permanent = r#"{"error":{"code":"TooManyRequests","message":"quota","@permanent":true}}"#;
    for act in [busy().header("retry-after", "3600"), answer(429, permanent)] {
        let http = Scripted::new([act.into()]);
        let error = failure(&pipeline(PUBLIC, Credential::token("t"), &http), &query()).await;
        assert_eq!(error.kind(), TransportErrorKind::Throttled);
        assert_eq!(http.seen().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn commands_and_ingestion_are_repeated_only_if_they_were_not_sent() {
    let requests = [
        Request::mgmt("db", ".drop table T"),
        Request::streaming_ingest("db", "T", DataFormat::Csv, "1\n"),
    ];
    for request in requests {
        for act in [busy().into(), Act::Break, answer(503, "").into()] {
            let http = Scripted::new([act]);
            assert!(
                send(&pipeline(PUBLIC, Credential::token("t"), &http), &request)
                    .await
                    .is_err()
            );
            assert_eq!(http.seen().len(), 1);
        }
        let http = Scripted::new([Act::Refuse, Act::Refuse, ok()]);
        send(&pipeline(PUBLIC, Credential::token("t"), &http), &request)
            .await
            .unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn repetitions_end() {
    let http = Scripted::new([Act::Refuse, Act::Refuse, Act::Refuse, Act::Refuse]);
    let error = failure(&pipeline(PUBLIC, Credential::token("t"), &http), &query()).await;
    assert_eq!(error.kind(), TransportErrorKind::Connect);
    assert!(!error.is_permanent());

    let http = Scripted::new([Act::Refuse]);
    let mut options = PipelineOptions::default();
    options.retry = RetryPolicy::none();
    assert!(
        send(
            &with_options(PUBLIC, Credential::token("t"), &http, options),
            &query()
        )
        .await
        .is_err()
    );
}

#[tokio::test(start_paused = true)]
async fn one_time_limit_covers_token_answer_and_body() {
    let hanging = Credential::callback(std::future::pending::<Result<Secret, std::fmt::Error>>);
    let silent = || answer(200, "[").then_silent().into();
    for (credential, script) in [
        (hanging, vec![]),
        (Credential::token("t"), vec![Act::Hang]),
        (Credential::token("t"), vec![silent()]),
        (
            Credential::token("t"),
            vec![answer(400, "{").then_silent().into()],
        ),
    ] {
        let http = Scripted::new(script);
        let start = tokio::time::Instant::now();
        let request =
            query().properties(ClientRequestProperties::new().server_timeout(Duration::from_secs(20)));
        let error = failure(&pipeline(PUBLIC, credential, &http), &request).await;
        assert_eq!(error.kind(), TransportErrorKind::Timeout);
        assert_eq!(start.elapsed().as_secs(), 50);
        assert!(error.client_request_id().is_some());
    }
}

#[tokio::test]
async fn what_is_given_up_before_there_is_a_token_is_not_cancelled() {
    let hanging = Credential::callback(std::future::pending::<Result<Secret, std::fmt::Error>>);
    let http = Scripted::new([]);
    let pipeline = pipeline(PUBLIC, hanging, &http);
    let request = query();
    let mut call = Box::pin(pipeline.send(request));
    assert!(futures::poll!(&mut call).is_pending());
    drop(call);
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    assert!(http.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_cloud_has_ten_seconds() {
    let http = Scripted::new([Act::Hang]);
    let start = tokio::time::Instant::now();
    let error = failure(&pipeline(PUBLIC, counting(), &http), &query()).await;
    assert_eq!(
        (error.kind(), start.elapsed().as_secs()),
        (TransportErrorKind::Timeout, 10)
    );
}

#[tokio::test(start_paused = true)]
async fn silence_can_be_limited() {
    let http = Scripted::new([answer(200, "[]").then_silent().into()]);
    let mut options = PipelineOptions::default();
    options.idle_timeout = Some(Duration::from_secs(5));
    let start = tokio::time::Instant::now();
    let error = failure(
        &with_options(PUBLIC, Credential::token("t"), &http, options),
        &query(),
    )
    .await;
    assert_eq!(
        (error.kind(), start.elapsed().as_secs()),
        (TransportErrorKind::Timeout, 5)
    );
    assert!(error.to_string().contains("silent"), "{error}");
}

#[tokio::test]
async fn an_uncompressed_answer_can_be_asked_for() {
    let http = Scripted::new([ok()]);
    let mut options = PipelineOptions::default();
    options.compression = false;
    send(
        &with_options(PUBLIC, Credential::token("t"), &http, options),
        &query(),
    )
    .await
    .unwrap();
    assert_eq!(http.seen()[0].header("accept-encoding"), None);
}

#[tokio::test]
async fn nothing_that_is_shown_has_the_token_in_it() {
    let http = Scripted::new([answer(401, "").into(), answer(500, "").into(), Act::Break]);
    let mut options = PipelineOptions::default();
    options.retry = RetryPolicy::none();
    options.headers = vec![("x-gateway-key".to_owned(), "hush-hush".to_owned())];
    let pipeline = with_options(PUBLIC, Credential::token("hush-hush"), &http, options);
    let mut shown = format!("{pipeline:?}");
    for _ in 0..3 {
        let error = failure(&pipeline, &query()).await;
        shown += &format!(
            "{error} {error:?} {:?}",
            error.source().map(|source| source.to_string())
        );
    }
    assert!(!shown.contains("hush-hush"), "{shown}");
}
