use std::sync::Arc;
use std::time::Duration;

use kusto_client::{
    Client, ClientRequestProperties, ConnectionString, Credential, DataFormat, ErrorKind,
    IngestionProperties, Source,
};
use serde_json::{Value, json};

use crate::answers::{result, v1};
use crate::scripted::{Scripted, Seen, answer};
use crate::{builder, client};

fn body(seen: &Seen) -> Value {
    serde_json::from_str(&seen.body).unwrap()
}

fn rows() -> crate::scripted::Act {
    result("n:long", &["[1]"]).into()
}

#[tokio::test]
async fn a_query_asks_for_rows_as_they_are_computed() {
    let (client, http) = client([rows()]);
    client.query("T").fetch_all::<(i64,)>().await.unwrap();
    let seen = &http.seen()[0];
    assert_eq!(seen.url, "http://localhost:8080/v2/rest/query");
    assert_eq!(
        body(seen),
        json!({"db": "Samples", "csl": "T", "properties": {"Options": {
            "results_v2_fragment_primary_tables": true,
            "results_v2_newlines_between_frames": true,
            "results_error_reporting_placement": "end_of_table",
            "servertimeout": "00:04:00",
        }}})
    );
}

#[tokio::test]
async fn what_the_caller_says_wins() {
    let http = Scripted::new([rows()]);
    let client = Client::builder("http://localhost:8080/Samples;Query Consistency=weakconsistency")
        .http_client(Arc::clone(&http) as _)
        .application("nightly")
        .database("Other")
        .build()
        .unwrap();
    let more = ClientRequestProperties::new()
        .client_request_id("Mine;1")
        .option("notruncation", true);
    client
        .query("T | take n")
        .option("results_error_reporting_placement", "in_data")
        .database("Third")
        .param("n", 10_i64)
        .server_timeout(Duration::from_secs(20))
        .properties(more)
        .fetch_all::<(i64,)>()
        .await
        .unwrap();
    let seen = &http.seen()[0];
    let body = body(seen);
    assert_eq!(body["db"], "Third");
    assert_eq!(body["csl"], "declare query_parameters(n:long);\nT | take n");
    assert_eq!(body["properties"]["Parameters"], json!({"n": "long(10)"}));
    let options = &body["properties"]["Options"];
    assert_eq!(options["results_error_reporting_placement"], "in_data");
    assert_eq!(options["queryconsistency"], "weakconsistency");
    assert_eq!(
        (&options["servertimeout"], &options["notruncation"]),
        (&json!("00:00:20"), &json!(true))
    );
    assert_eq!(
        (seen.header("x-ms-client-request-id"), seen.header("x-ms-app")),
        (Some("Mine;1"), Some("nightly"))
    );
}

#[tokio::test]
async fn a_command_goes_to_its_own_address_without_options_of_queries() {
    let (client, http) = client([v1(r#"["a"]"#).into()]);
    let names: Vec<(String,)> = client.mgmt(".show tables").fetch_all().await.unwrap();
    assert_eq!(names, [("a".to_owned(),)]);
    let seen = &http.seen()[0];
    assert_eq!(seen.url, "http://localhost:8080/v1/rest/mgmt");
    assert_eq!(
        body(seen)["properties"],
        json!({"Options": {"servertimeout": "00:10:00"}})
    );
}

#[tokio::test]
async fn mistakes_are_told_before_anything_is_sent() {
    let (client, http) = client([]);
    for (query, words) in [
        (client.query("  .show tables"), "mgmt()"),
        (client.query("// all\n.show tables"), "mgmt()"),
        (client.mgmt("T | count"), "query()"),
        (client.query(" "), "empty"),
        (client.query("T").option("notruncation", "yes"), "notruncation"),
        (client.query("T").param("two words", 1), "two words"),
    ] {
        let error = query.stream().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(
            error.is_permanent() && error.to_string().contains(words),
            "{error}"
        );
    }
    assert!(http.seen().is_empty());
}

#[test]
fn a_client_that_cannot_be_made_says_why() {
    for (string, words) in [
        ("https://help.kusto.windows.net;Colour=red", "Colour"),
        ("https://help.kusto.windows.net", "Fed=true"),
        (
            "https://h.kusto.windows.net;Fed=true;AppClientId=i;AppKey=hush",
            "Authority Id",
        ),
    ] {
        let error = Client::from_connection_string(string).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(
            error.to_string().to_lowercase().contains(&words.to_lowercase()),
            "{error}"
        );
        assert!(!format!("{error:?}").contains("hush"));
    }
}

#[test]
fn a_string_gets_no_identity_of_this_machine_where_local_secrets_are_off() {
    let http = Scripted::new([]);
    let build = |string: &str, local_secrets: bool| {
        let string = format!("https://help.kusto.windows.net/Samples;{string}");
        let builder = Client::builder(string).http_client(Arc::clone(&http) as _);
        builder.local_secrets(local_secrets)
    };
    for string in [
        "Fed=true",
        "Fed=true;UserID=u@contoso.com",
        "Fed=true;AppClientId=i",
    ] {
        assert!(build(string, true).build().is_ok(), "{string}");
        let error = build(string, false).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(
            error.to_string().contains("local secrets are turned off"),
            "{error}"
        );
        // What the program itself says is not the string's.
        let own = build(string, false).credential(Credential::default_chain(None));
        assert!(own.build().is_ok());
    }
    for string in [
        "UserToken=hush",
        "AppClientId=i;AppKey=hush;TenantId=contoso.com",
        "Fed=true;UserID=u@contoso.com;Password=hush",
    ] {
        assert!(build(string, false).build().is_ok(), "{string}");
    }
    assert!(http.seen().is_empty());
}

#[tokio::test]
async fn a_credential_in_code_wins_over_the_string() {
    let http = Scripted::new([rows()]);
    let string: ConnectionString = "https://help.kusto.windows.net/Samples;Fed=true;UserToken=one"
        .parse()
        .unwrap();
    let client = kusto_client::ClientBuilder::from(string)
        .credential(Credential::token("two"))
        .http_client(Arc::clone(&http) as _)
        .build()
        .unwrap();
    client.query("T").fetch_all::<(i64,)>().await.unwrap();
    assert_eq!(http.seen()[0].header("authorization"), Some("Bearer two"));
}

#[tokio::test]
async fn rows_can_be_ingested() {
    let (client, http) = client([answer(200, "").into()]);
    let properties = IngestionProperties::new("Samples", "T").format(DataFormat::Csv);
    client
        .streaming_ingest()
        .ingest(Source::bytes("1\n"), &properties)
        .await
        .unwrap();
    assert_eq!(
        http.seen()[0].url,
        "http://localhost:8080/v1/rest/ingest/Samples/T?streamFormat=csv"
    );
}

#[test]
fn a_deep_link_opens_the_query() {
    let (client, _) = client([]);
    let url = client.deep_link("T | take 1").unwrap();
    assert_eq!(url, "http://localhost:8080/Samples?query=T%20%7C%20take%201");
}

#[test]
fn all_futures_can_move_between_threads() {
    fn is_send<T: Send>(_: T) {}
    fn is_send_and_sync<T: Send + Sync + Clone>(_: &T) {}
    let (builder, _) = builder([]);
    let client = builder.build().unwrap();
    is_send_and_sync(&client);
    is_send(client.query("T").fetch_all::<(i64,)>());
    is_send(client.query("T").fetch_one::<(i64,)>());
    is_send(client.query("T").data_set());
    is_send(client.query("T").stream());
    is_send(client.query("T").frames());
    #[cfg(feature = "arrow")]
    is_send(client.query("T").fetch_arrow());
    is_send(client.cancel("id"));
    is_send(async {
        let mut results = client.query("T").stream().await?;
        results.next().await?;
        results.columns().await
    });
    is_send(async { client.query("T").frames().await?.next().await });
}
