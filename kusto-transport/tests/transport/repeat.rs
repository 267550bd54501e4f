//! What is sent again, where to, and under which id.

use std::sync::Arc;
use std::time::Duration;

use flate2::read::GzDecoder;
use kusto_auth::{Credential, TrustedHosts};
use kusto_protocol::{AcceptEncoding, ClientRequestProperties, DataFormat, Frame, Request};
use kusto_transport::{Pipeline, PipelineOptions, RetryPolicy, TransportError, TransportErrorKind};

use crate::scripted::{Act, Answer, Scripted, answer};

const HEADER: &str = r#"{"FrameType":"DataSetHeader","IsProgressive":false,"Version":"v2.0"}"#;
const PROPERTIES: &str = concat!(
    r#"{"FrameType":"DataTable","TableId":0,"TableKind":"QueryProperties","TableName":"@ExtendedProperties","#,
    r#""Columns":[{"ColumnName":"Key","ColumnType":"string"}],"Rows":[["Visualization"]]}"#,
);
const RESULT: &str = concat!(
    r#"{"FrameType":"DataTable","TableId":1,"TableKind":"PrimaryResult","TableName":"PrimaryResult","#,
    r#""Columns":[{"ColumnName":"n","ColumnType":"long"}],"Rows":[[1],[2],[3]]}"#,
);
const END: &str = r#"{"FrameType":"DataSetCompletion","HasErrors":false,"Cancelled":false}"#;

fn whole() -> String {
    format!("[{HEADER}\n,{PROPERTIES}\n,{RESULT}\n,{END}\n]")
}

fn pipeline(http: &Arc<Scripted>, change: impl FnOnce(&mut PipelineOptions)) -> Pipeline {
    let mut options = PipelineOptions::default();
    change(&mut options);
    Pipeline::new(
        "https://a.kusto.windows.net".parse().unwrap(),
        Credential::token("t"),
        TrustedHosts::default(),
        Arc::clone(http) as _,
        options,
    )
}

fn query() -> Request {
    Request::query("Samples", "T")
}

fn command() -> Request {
    Request::mgmt("Samples", ".append T <| T")
}

/// The number of rows, however they end.
async fn rows(pipeline: &Pipeline, request: &Request) -> (usize, Result<(), TransportError>) {
    let mut rows = 0;
    let mut frames = match pipeline.frames(request.clone()).await {
        Ok(frames) => frames,
        Err(error) => return (rows, Err(error)),
    };
    loop {
        match frames.next().await {
            Ok(Some(Frame::TableFragment(fragment))) if fragment.table_id == 1 => {
                rows += fragment.rows.num_rows();
            }
            Ok(Some(_)) => {}
            Ok(None) => return (rows, Ok(())),
            Err(error) => return (rows, Err(error)),
        }
    }
}

fn ids(http: &Scripted) -> Vec<String> {
    let seen = http.seen();
    let ids = seen
        .iter()
        .filter_map(|seen| seen.header("x-ms-client-request-id"));
    ids.map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn each_try_has_an_id_of_its_own_with_a_common_stem() {
    let http = Scripted::new([Act::Break, Act::Refuse, answer(200, whole()).into()]);
    let request = query().client_request_id("Mine;1");
    assert_eq!(rows(&pipeline(&http, |_| {}), &request).await.0, 3);
    assert_eq!(ids(&http), ["Mine;1", "Mine;1;2", "Mine;1;3"]);
}

#[tokio::test(start_paused = true)]
async fn a_query_whose_answer_breaks_off_before_its_first_row_is_sent_again() {
    let first_row = whole().find("[1]").unwrap();
    for cut in 0..first_row {
        for broken in [true, false] {
            let part = answer(200, whole()[..cut].to_owned());
            let part = if broken { part.then_broken() } else { part };
            let http = Scripted::new([part.into(), answer(200, whole()).into()]);
            let (rows, end) = rows(&pipeline(&http, |_| {}), &query()).await;
            assert!(rows == 3 && end.is_ok(), "{cut}: {rows} rows, {end:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_query_whose_answer_breaks_off_after_its_first_row_is_not_sent_again() {
    let whole = whole();
    let last_row = whole.find("[3]").unwrap();
    for cut in last_row + 3..whole.len() {
        let http = Scripted::new([answer(200, whole[..cut].to_owned()).then_broken().into()]);
        let (rows, end) = rows(&pipeline(&http, |_| {}), &query()).await;
        assert_eq!(
            (rows, end.unwrap_err().kind()),
            (3, TransportErrorKind::Interrupted),
            "{cut}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_is_sent_again_only_if_it_is_idempotent() {
    let busy = || answer(429, "");
    let acts: [fn() -> Act; 3] = [
        || Act::Break,
        || answer(429, "").into(),
        || answer(502, "").into(),
    ];
    for act in acts {
        let http = Scripted::new([act()]);
        let (_, end) = rows(&pipeline(&http, |_| {}), &command()).await;
        assert!(end.is_err());
        assert_eq!(http.seen().len(), 1);
    }
    for act in [Act::Break, busy().into(), answer(200, "{").into()] {
        let http = Scripted::new([act, answer(200, r#"{"Tables":[]}"#).into()]);
        let (_, end) = rows(&pipeline(&http, |_| {}).idempotent(true), &command()).await;
        assert!(end.is_ok(), "{end:?}");
    }
    let http = Scripted::new([Act::Break, answer(200, whole()).into()]);
    let request = Request::mgmt("Samples", ".show tables").read_only(true);
    assert!(rows(&pipeline(&http, |_| {}), &request).await.1.is_ok());
}

fn service_error(status: u16, permanent: &str) -> Answer {
    let body = format!(r#"{{"error":{{"code":"X","message":"no","@permanent":{permanent}}}}}"#);
    answer(status, body)
}

#[tokio::test(start_paused = true)]
async fn what_the_service_calls_transient_is_tried_again_and_nothing_else() {
    let in_answer = |errors: &str| {
        let end =
            format!(r#"{{"FrameType":"DataSetCompletion","HasErrors":true,"OneApiErrors":[{errors}]}}"#);
        answer(200, format!("[{HEADER}\n,{end}\n]"))
    };
    let transient = r#"{"error":{"code":"X","message":"","@permanent":false}}"#;
    let permanent = r#"{"error":{"code":"X","message":"","@permanent":true}}"#;
    let cases = [
        (service_error(500, "false"), 2),
        (service_error(400, "false"), 2),
        (service_error(200, "false"), 2),
        (answer(502, ""), 2),
        (in_answer(transient), 2),
        (service_error(500, "true"), 1),
        (service_error(504, "false"), 1),
        (answer(500, ""), 1),
        (in_answer(&format!("{transient},{permanent}")), 1),
        (in_answer(permanent), 1),
    ];
    for (index, (first, tries)) in cases.into_iter().enumerate() {
        let http = Scripted::new([first.into(), answer(200, whole()).into()]);
        let _ = rows(&pipeline(&http, |_| {}), &query()).await;
        assert_eq!(http.seen().len(), tries, "case {index}");
    }
    let http = Scripted::new([in_answer(transient).into()]);
    let (_, end) = rows(
        &pipeline(&http, |options| options.retry = RetryPolicy::none()),
        &query(),
    )
    .await;
    assert!(
        end.is_ok(),
        "without retries left the answer is handed over as it is"
    );
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_refusals_ends_with_the_budget_of_all_requests() {
    let script = (0..40).map(|_| Act::from(answer(429, "")));
    let http = Scripted::new(script);
    let pipeline = pipeline(&http, |options| {
        options.retry.max_retries = 10;
        options.retry.burst = 5;
        options.retry.retries_per_second = 0.0;
    });
    for _ in 0..10 {
        let (_, end) = rows(&pipeline, &query()).await;
        assert_eq!(end.unwrap_err().kind(), TransportErrorKind::Throttled);
    }
    assert_eq!(http.seen().len(), 10 + 5);
}

#[tokio::test(start_paused = true)]
async fn retries_end_with_the_time_limit_of_the_call() {
    let http = Scripted::new((0..20).map(|_| Act::from(answer(429, "").header("retry-after", "9"))));
    let pipeline = pipeline(&http, |options| {
        options.retry.max_retries = 100;
        options.query_timeout = Duration::from_secs(15);
        options.timeout_margin = Duration::from_secs(5);
    });
    let start = tokio::time::Instant::now();
    let (_, end) = rows(&pipeline, &query()).await;
    assert_eq!(end.unwrap_err().kind(), TransportErrorKind::Throttled);
    assert_eq!((start.elapsed().as_secs(), http.seen().len()), (20, 3));
}

fn redirect(status: u16, location: &str) -> Act {
    answer(status, "").header("location", location).into()
}

#[tokio::test]
async fn redirects_are_followed_to_trusted_hosts_as_often_as_allowed() {
    for status in [301, 302, 307, 308] {
        let http = Scripted::new([
            redirect(status, "https://b.kusto.windows.net/v2/rest/query"),
            redirect(status, "/other"),
            answer(200, whole()).into(),
        ]);
        let request = query().option("client_max_redirect_count", 2);
        assert_eq!(rows(&pipeline(&http, |_| {}), &request).await.0, 3);
        let seen = http.seen();
        assert_eq!(seen[1].url, "https://b.kusto.windows.net/v2/rest/query");
        assert_eq!(seen[2].url, "https://b.kusto.windows.net/other");
        assert_eq!(seen[0].body, seen[2].body);
        assert_eq!(seen[2].header("authorization"), Some("Bearer t"));
    }
    let http = Scripted::new([redirect(307, "/a"), redirect(307, "/b")]);
    let (_, end) = rows(&pipeline(&http, |options| options.max_redirects = 1), &query()).await;
    assert_eq!(end.unwrap_err().kind(), TransportErrorKind::Redirected);
    assert_eq!(http.seen().len(), 2);
}

#[tokio::test]
async fn no_token_goes_where_a_foreign_redirect_points() {
    for location in [
        "https://evil.example/v2/rest/query",
        "http://b.kusto.windows.net/",
        "https://localhost/",
    ] {
        let http = Scripted::new([redirect(307, location)]);
        let (_, end) = rows(&pipeline(&http, |options| options.max_redirects = 5), &query()).await;
        let kind = end.unwrap_err().kind();
        assert!(
            matches!(
                kind,
                TransportErrorKind::Untrusted | TransportErrorKind::Redirected
            ),
            "{kind:?}"
        );
        assert_eq!(http.seen().len(), 1);
    }
}

#[tokio::test]
async fn long_texts_are_compressed_if_that_is_allowed_and_data_is_left_as_it_is() {
    let http = Scripted::new((0..3).map(|_| answer(200, "[]").into()));
    let pipeline = pipeline(&http, |options| options.compress_requests_from = Some(1000));
    let text = "print 1 // ".to_owned() + &"long ".repeat(1000);
    let data = "1\n".repeat(5000);
    for request in [
        query(),
        Request::query("Samples", text.as_str()),
        Request::streaming_ingest("Samples", "T", DataFormat::Csv, data.clone()),
    ] {
        pipeline.send(request).await.unwrap();
    }
    let seen = http.seen();
    let encodings: Vec<_> = seen.iter().map(|seen| seen.header("content-encoding")).collect();
    assert_eq!(encodings, [None, Some("gzip"), None]);
    let plain = std::io::read_to_string(GzDecoder::new(&seen[1].bytes[..])).unwrap();
    assert!(plain.contains(&text) && seen[1].bytes.len() < 500);
    assert_eq!(seen[2].body, data);
}

#[tokio::test]
async fn what_one_request_says_of_itself_is_not_said_of_the_next() {
    let http = Scripted::new((0..5).map(|_| answer(200, "[]").into()));
    let pipeline = pipeline(&http, |options| {
        options.application = Some("tests".to_owned());
        options.compress_requests_from = Some(1000);
    });
    let named = || ClientRequestProperties::new().application("mine").user("me");
    let long = "print 1 // ".to_owned() + &"long ".repeat(1000);
    for request in [
        query(),
        query().properties(named()),
        query()
            .client_version("other")
            .accept_encoding(AcceptEncoding::Identity),
        Request::query("Other", long),
        Request::query("Samples", "print 2").client_request_id("own"),
    ] {
        pipeline.send(request).await.unwrap();
    }
    let seen = http.seen();
    let sent = |name: &str| seen.iter().map(|seen| seen.header(name)).collect::<Vec<_>>();
    let usual = Some("tests");
    assert_eq!(sent("x-ms-app"), [usual, Some("mine"), usual, usual, usual]);
    assert_eq!(sent("x-ms-user"), [None, Some("me"), None, None, None]);
    let gzip = Some("gzip");
    assert_eq!(sent("accept-encoding"), [gzip, gzip, None, gzip, gzip]);
    assert_eq!(sent("content-encoding"), [None, None, None, gzip, None]);
    let versions = sent("x-ms-client-version");
    assert_eq!(versions[2], Some("other"));
    assert!(
        [0, 1, 3, 4]
            .iter()
            .all(|&n| versions[n].is_some_and(|version| version != "other"))
    );
    let mut ids = sent("x-ms-client-request-id");
    assert_eq!(ids[4], Some("own"));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 5);
    assert!(
        seen[4].body.contains("print 2") && seen[4].body.contains("servertimeout"),
        "{}",
        seen[4].body
    );
}

#[tokio::test]
async fn headers_of_the_caller_are_sent_unless_they_are_not_the_callers() {
    let http = Scripted::new([answer(200, "[]").into()]);
    let with = |name: &str, value: &str| {
        let header = (name.to_owned(), value.to_owned());
        pipeline(&http, |options| options.headers = vec![header])
    };
    with("X-Gateway", "g1").send(query()).await.unwrap();
    assert_eq!(http.seen()[0].header("x-gateway"), Some("g1"));
    for (name, value) in [
        ("Authorization", "Bearer x"),
        ("x-ms-client-request-id", "1"),
        ("content-length", "1"),
        ("two words", "x"),
        ("X-Gateway", "a\r\nb: c"),
    ] {
        let error = with(name, value).send(query()).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::InvalidRequest, "{name}");
        assert!(!error.to_string().contains(value), "{error}");
    }
    assert_eq!(http.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_ping_needs_no_token_and_no_patience() {
    let http = Scripted::new([
        answer(200, "Pong! 10.0.0.1\n").into(),
        answer(503, "").into(),
        Act::Hang,
    ]);
    let pipeline = pipeline(&http, |_| {});
    assert_eq!(pipeline.ping().await.unwrap(), "Pong! 10.0.0.1");
    assert_eq!(http.seen()[0].url, "https://a.kusto.windows.net/v1/rest/ping");
    assert_eq!(http.seen()[0].header("authorization"), None);
    assert_eq!(
        pipeline.ping().await.unwrap_err().kind(),
        TransportErrorKind::Throttled
    );
    assert_eq!(
        pipeline.ping().await.unwrap_err().kind(),
        TransportErrorKind::Timeout
    );
}
