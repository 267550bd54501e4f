use http::Uri;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::parse_error::ParseErrorKind;

fn endpoint() -> Endpoint {
    "https://c1.kusto.windows.net".parse().unwrap()
}

fn http(request: Request) -> http::Request<Bytes> {
    request.into_http(&endpoint()).unwrap()
}

fn posted(path: &'static str, body: &str) -> Result<Request, ParseError> {
    let mut http = http::Request::new(Bytes::copy_from_slice(body.as_bytes()));
    *http.method_mut() = Method::POST;
    *http.uri_mut() = Uri::from_static(path);
    Request::from_http(&http)
}

#[test]
fn a_query_is_posted_with_all_its_headers() {
    let properties = ClientRequestProperties::new()
        .no_truncation(true)
        .client_request_id("App.Run;1")
        .application("nächtlich\r\nx-evil: 1")
        .user("me");
    let request = Request::query("Sales", "print x = 1")
        .properties(properties)
        .client_version("v")
        .read_only(true);
    let http = http(request);
    assert_eq!(http.method(), Method::POST);
    assert_eq!(http.uri(), "https://c1.kusto.windows.net/v2/rest/query");
    assert_eq!(
        http.body(),
        r#"{"db":"Sales","csl":"print x = 1","properties":{"Options":{"notruncation":true}}}"#
    );
    let headers: Vec<_> = http
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    let expected = [
        ("accept", "application/json"),
        ("accept-encoding", "gzip"),
        ("x-ms-version", "2024-12-12"),
        ("x-ms-readonly", "true"),
        ("x-ms-client-request-id", "App.Run;1"),
        ("x-ms-app", "n?chtlich??x-evil: 1"),
        ("x-ms-user", "me"),
        ("x-ms-client-version", "v"),
        ("content-type", "application/json; charset=utf-8"),
    ];
    assert_eq!(headers, expected);
}

#[test]
fn a_query_can_go_in_the_address() {
    let request = Request::query("My Sales", "T | where a == 'ü&='")
        .version(QueryVersion::V1)
        .get()
        .option("a", "b");
    let http = http(request.clone());
    assert_eq!(
        http.uri().path_and_query().unwrap(),
        "/v1/rest/query?db=My%20Sales&csl=T%20%7C%20where%20a%20%3D%3D%20%27%C3%BC%26%3D%27\
         &properties=%7B%22Options%22%3A%7B%22a%22%3A%22b%22%7D%7D"
    );
    assert!(http.body().is_empty() && !http.headers().contains_key("content-type"));
    assert_eq!(Request::from_http(&http), Ok(request));
    let long = Request::query("D", "x".repeat(70_000))
        .get()
        .into_http(&endpoint());
    assert!(long.unwrap_err().to_string().contains("65534"));
}

#[test]
fn commands_go_to_mgmt() {
    let http = http(Request::mgmt("", ".show tables").accept_encoding(AcceptEncoding::Identity));
    assert_eq!(http.uri().path(), "/v1/rest/mgmt");
    assert_eq!(http.body(), r#"{"db":"NetDefaultDB","csl":".show tables"}"#);
    assert!(!http.headers().contains_key("accept-encoding"));
    for (text, is_command) in [
        (".show tables", true),
        ("\n  // a\n// b\n\t.show tables", true),
        ("print 1", false),
        ("// .show", false),
        ("", false),
    ] {
        let request = Request::query_or_mgmt("D", text);
        assert_eq!(
            matches!(request.kind, RequestKind::Mgmt { .. }),
            is_command,
            "{text}"
        );
    }
    let RequestKind::Mgmt { text, .. } = Request::cancel_query("D", "a\"b;1").kind else {
        panic!()
    };
    assert_eq!(text, r#".cancel query "a\"b;1""#);
}

#[test]
fn data_is_streamed_to_the_table() {
    let request = Request::streaming_ingest("My Sales", "Orders/2", DataFormat::Json, "{}")
        .mapping("m 1")
        .gzip(true)
        .option("request_app_name", "etl")
        .option("best_effort", true);
    let http = http(request.clone());
    assert_eq!(
        http.uri().path_and_query().unwrap(),
        "/v1/rest/ingest/My%20Sales/Orders%2F2?streamFormat=json&mappingName=m%201"
    );
    assert_eq!(http.headers()["content-type"], "application/octet-stream");
    assert_eq!(http.headers()["content-encoding"], "gzip");
    assert_eq!(http.headers()["request_app_name"], "etl");
    assert_eq!(http.body(), "{}");
    assert_eq!(Request::from_http(&http), Ok(request));
}

#[test]
fn blobs_are_streamed_by_address_and_never_shown() {
    let request = Request::streaming_ingest_blob("D", "T", DataFormat::Csv, "https://a/b?sig=hush");
    assert!(!format!("{request:?}").contains("hush"));
    let http = http(request.clone());
    assert_eq!(http.uri().query(), Some("streamFormat=csv&sourceKind=uri"));
    assert_eq!(http.body(), r#"{"sourceUri":"https://a/b?sig=hush"}"#);
    assert_eq!(Request::from_http(&http), Ok(request.clone()));
    let other = posted(
        "/v1/rest/ingest/D/T?STREAMFORMAT=CSV&sourcekind=URI",
        r#"{"SourceUri":"https://a/b?sig=hush"}"#,
    );
    assert_eq!(other.unwrap().kind, request.kind);
}

#[test]
fn data_is_shown_by_its_length() {
    let request = Request::streaming_ingest("D", "T", DataFormat::Csv, "hush,hush");
    let shown = format!("{request:?}");
    assert!(shown.contains("len: 9") && !shown.contains("hush"), "{shown}");
}

#[test]
fn what_cannot_be_sent_is_refused() {
    for (request, kind) in [
        (Request::query("D", " \n"), ParseErrorKind::Missing),
        (Request::mgmt("D", ""), ParseErrorKind::Missing),
        (
            Request::streaming_ingest("D", "", DataFormat::Csv, ""),
            ParseErrorKind::Missing,
        ),
        (
            Request::streaming_ingest("", "T", DataFormat::Csv, ""),
            ParseErrorKind::Missing,
        ),
        (
            Request::query("D", "T").option("notruncation", 1),
            ParseErrorKind::Malformed,
        ),
    ] {
        assert_eq!(request.into_http(&endpoint()).unwrap_err().kind(), kind);
    }
}

#[test]
fn requests_of_other_libraries_are_read() {
    let properties = json!({"options": {"servertimeout": "00:01:00"}, "parameters": {"n": 7}});
    for properties in [properties.clone(), json!(properties.to_string())] {
        let body = json!({"db": "D", "csl": "T", "ns": null, "properties": properties}).to_string();
        let request = posted("/v2/rest/query/", &body).unwrap();
        assert_eq!(request.properties.options["servertimeout"], "00:01:00");
        assert_eq!(request.properties.parameters["n"], 7);
        assert_eq!(request.accept_encoding, AcceptEncoding::Identity);
    }
    let request = posted(
        "/v1/rest/mgmt",
        r#"{"csl": ".show version", "db": null, "properties": null}"#,
    )
    .unwrap();
    let database = "NetDefaultDB".to_owned();
    assert_eq!(
        request.kind,
        RequestKind::Mgmt {
            database,
            text: ".show version".to_owned()
        }
    );

    let mut http = http(Request::query("D", "T"));
    http.headers_mut().insert("x-ms-user-id", "me".parse().unwrap());
    assert_eq!(
        Request::from_http(&http).unwrap().properties.user.as_deref(),
        Some("me")
    );
}

#[test]
fn what_is_no_request_says_why() {
    for (path, body, kind) in [
        ("/v1/rest/other", "{}", ParseErrorKind::Unknown),
        ("/v1/rest/ingest/D", "", ParseErrorKind::Unknown),
        (
            "/v1/rest/ingest/D/T/x?streamFormat=csv",
            "",
            ParseErrorKind::Unknown,
        ),
        ("/v1/rest/ingest/D/T", "", ParseErrorKind::Missing),
        (
            "/v1/rest/ingest/D/T?streamFormat=xlsx",
            "",
            ParseErrorKind::Unknown,
        ),
        (
            "/v1/rest/ingest/D/T?streamFormat=csv&sourceKind=uri",
            "a,b",
            ParseErrorKind::Malformed,
        ),
        ("/v2/rest/query", "print 1", ParseErrorKind::Malformed),
        ("/v2/rest/query", "{\"db\":\"D\"}", ParseErrorKind::Missing),
        (
            "/v2/rest/query",
            "{\"db\":\"D\",\"csl\":\"T\",\"properties\":1}",
            ParseErrorKind::Malformed,
        ),
    ] {
        assert_eq!(posted(path, body).unwrap_err().kind(), kind, "{path} {body}");
    }
    let mut http = http(Request::mgmt("D", ".show tables"));
    *http.method_mut() = Method::GET;
    assert_eq!(
        Request::from_http(&http).unwrap_err().kind(),
        ParseErrorKind::Unknown
    );

    let error = posted("/v2/rest/query", r#"{"db":1,"csl":"hush"}"#)
        .unwrap_err()
        .to_string();
    assert!(error.contains("line 1") && !error.contains("hush"), "{error}");
}

fn any_request() -> impl Strategy<Value = Request> {
    let name = || "[^.]{1,12}";
    let data = (
        name(),
        name(),
        0..DataFormat::ALL.len(),
        proptest::option::of(name()),
        any::<Vec<u8>>(),
        any::<bool>(),
    );
    let kind = prop_oneof![
        (name(), any::<String>(), any::<bool>(), any::<bool>()).prop_map(
            |(database, text, is_v1, is_get)| {
                let request = Request::query(database, format!("T{text}"));
                let request = if is_v1 {
                    request.version(QueryVersion::V1)
                } else {
                    request
                };
                if is_get { request.get() } else { request }
            }
        ),
        (name(), any::<String>()).prop_map(|(database, text)| Request::mgmt(database, format!(".{text}"))),
        data.prop_map(|(database, table, format, mapping, body, is_gzip)| {
            let request =
                Request::streaming_ingest(database, table, DataFormat::ALL[format], body).gzip(is_gzip);
            mapping.into_iter().fold(request, Request::mapping)
        }),
        (name(), name(), any::<String>()).prop_map(|(database, table, blob)| {
            Request::streaming_ingest_blob(database, table, DataFormat::Csv, blob)
        }),
    ];
    let id = proptest::option::of("[!-~]{1,20}");
    let texts = proptest::collection::vec((any::<String>(), any::<String>()), 0..3);
    (
        kind,
        id.clone(),
        id.clone(),
        id.clone(),
        id,
        any::<bool>(),
        "[ -~]{0,8}",
        texts,
    )
        .prop_map(
            |(request, id, application, user, version, read_only, option, texts)| {
                let mut request = request
                    .read_only(read_only)
                    .option("request_description", format!(".{option}."));
                if !matches!(request.kind, RequestKind::StreamingIngest { .. }) {
                    request = request
                        .parameter("p", option.as_str())
                        .option("new", Value::from(option));
                    // In a body, unlike in headers, names and values can be any text.
                    for (name, value) in texts {
                        request = request.parameter(&name, value.as_str()).option(name, value);
                    }
                }
                request.properties.client_request_id = id;
                request.properties.application = application;
                request.properties.user = user;
                request.client_version = version;
                request
            },
        )
}

proptest! {
    #[test]
    fn what_is_written_reads_back(request in any_request()) {
        let http = request.clone().into_http(&endpoint()).unwrap();
        prop_assert_eq!(Request::from_http(&http).unwrap(), request);
    }
}
