use std::sync::Arc;

use kusto_client::{Client, ClientAuthentication, Credential, Error, ErrorKind, ErrorPlace, RetryPolicy};

use crate::answers::{END, HEADER, event, table, v2};
use crate::scripted::{Act, Answer, Scripted, answer};
use crate::{builder, client};

const LIMITS: &str = r#"[{"error":{"code":"LimitsExceeded","message":"too much","@permanent":false}}]"#;

/// An answer whose result has two rows and, at the end of the table and of the answer, an error.
fn failing() -> Answer {
    let mut frames = vec![HEADER.to_owned()];
    frames.extend(table(1, "n:long", &["[1],[2]"]));
    let completion = frames.last_mut().unwrap();
    *completion = completion.replace("}", &format!(r#","OneApiErrors":{LIMITS}}}"#));
    frames.push(END.replace(
        r#""HasErrors":false,"Cancelled":false"#,
        &format!(r#""HasErrors":true,"Cancelled":false,"OneApiErrors":{LIMITS}"#),
    ));
    v2(&frames.iter().map(String::as_str).collect::<Vec<_>>())
}

#[tokio::test]
async fn a_failure_inside_the_answer_comes_after_its_rows() {
    let (client, _) = client([failing().into(), failing().into(), failing().into()]);
    let mut results = client.query("T").stream().await.unwrap();
    assert_eq!(results.next().await.unwrap().unwrap().num_rows(), 2);
    let error = results.next().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_permanent()),
        (ErrorKind::PartialFailure, false)
    );
    assert_eq!(error.service_errors().len(), 1);
    assert_eq!(error.activity_id(), Some("a-1"));
    assert!(results.next().await.unwrap().is_none());
    for error in [
        client
            .query("T")
            .fetch_all::<(i64,)>()
            .await
            .map(drop)
            .unwrap_err(),
        client.query("T").data_set().await.map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::PartialFailure);
        assert!(error.to_string().contains("LimitsExceeded: too much"), "{error}");
    }
}

#[tokio::test]
async fn a_failure_inside_the_answer_can_be_taken_for_its_end() {
    let (client, _) = client([failing().into(), failing().into(), failing().into()]);
    let mut results = client.query("T").allow_partial().stream().await.unwrap();
    while results.next().await.unwrap().is_some() {}
    assert_eq!(results.errors()[0].code, "LimitsExceeded");
    assert_eq!(
        client
            .query("T")
            .allow_partial()
            .fetch_all::<(i64,)>()
            .await
            .unwrap()
            .len(),
        2
    );
    assert!(
        client
            .query("T")
            .allow_partial()
            .data_set()
            .await
            .unwrap()
            .has_errors()
    );
}

#[tokio::test]
async fn the_claims_of_a_refused_sign_in_can_be_handed_back() {
    let refusal = r#"{"error":"interaction_required","error_description":"AADSTS50076: More is needed.","claims":"{\"a\":1}"}"#;
    let (builder, _) = builder([answer(404, "").into(), answer(400, refusal).into()]);
    let service = ClientAuthentication::Secret("hush".into());
    let user = Credential::on_behalf_of("contoso.com", "app", service, "hush");
    let client = builder.credential(user).build().unwrap();
    let error = client.query("T").stream().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    let auth = error.auth_error().unwrap();
    assert_eq!(
        (auth.code(), auth.claims()),
        (Some("AADSTS50076"), Some(r#"{"a":1}"#))
    );
    assert!(!format!("{error:?}").contains("hush"));
}

#[tokio::test]
async fn a_deferred_failure_is_found_in_the_events() {
    let mut frames = vec![HEADER.to_owned()];
    frames.extend(table(1, "n:long", &["[1]"]));
    frames.push(event(
        2,
        "QueryLimitsExceeded",
        r#"{"Count":1,"Text":"too many"}"#,
    ));
    frames.push(END.to_owned());
    let answer = v2(&frames.iter().map(String::as_str).collect::<Vec<_>>());
    let (client, _) = client([answer.into()]);
    let error = client.query("T").fetch_all::<(i64,)>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PartialFailure);
    assert!(error.to_string().contains("too many"), "{error}");
}

#[tokio::test]
async fn a_cancelled_query_is_an_error_even_without_a_reason() {
    let mut frames = vec![HEADER.to_owned()];
    frames.extend(table(1, "n:long", &["[1]"]));
    frames.push(END.replace("\"Cancelled\":false", "\"Cancelled\":true"));
    let answer = v2(&frames.iter().map(String::as_str).collect::<Vec<_>>());
    let (client, _) = client([answer.into()]);
    let error = client.query("T").fetch_all::<(i64,)>().await.unwrap_err();
    assert!(error.to_string().contains("cancelled"), "{error}");
}

#[tokio::test]
async fn a_cut_answer_is_an_error_after_its_rows() {
    let mut frames = vec![HEADER.to_owned()];
    frames.extend(table(1, "n:long", &["[1]"]));
    let cut = format!("[{}", frames.join("\n,"));
    let (client, _) = client([
        answer(200, cut.clone()).into(),
        answer(200, cut).then_broken().into(),
    ]);
    for _ in 0..2 {
        let mut results = client.query("T").stream().await.unwrap();
        assert_eq!(results.next().await.unwrap().unwrap().num_rows(), 1);
        let error = results.next().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.is_permanent()),
            (ErrorKind::Interrupted, false)
        );
    }
}

#[tokio::test]
async fn what_the_service_said_before_the_answer_broke_off_is_in_the_error() {
    let row = r#"[1],{"OneApiErrors":[{"error":{"code":"LimitsExceeded","message":"Too much."}}]},[2],["#;
    let [header, fragment, _] = &table(1, "n:long", &[row])[..] else {
        panic!("a result of one fragment");
    };
    let cut = fragment.strip_suffix("]}").unwrap();
    let v2 = format!("[{HEADER}\n,{header}\n,{cut}");
    let v1 = concat!(
        r#"{"Tables":[{"TableName":"Table_0","Columns":[{"ColumnName":"n","DataType":"Int64"}],"#,
        r#""Rows":[[1],{"Exceptions":["LimitsExceeded: Too much."]},[2],["#
    );
    let script = [&v2, &v2, &v2, v1].map(|body| answer(200, body.to_owned()).into());
    let (client, _) = client(script);
    let check = |error: &Error, table_id| {
        assert_eq!(error.kind(), ErrorKind::Interrupted);
        let [reason] = error.service_errors() else {
            panic!("{error:?}")
        };
        assert!(reason.to_string().contains("LimitsExceeded"), "{reason}");
        assert_eq!(reason.place, Some(ErrorPlace::Row { table_id, row: 1 }));
    };
    check(&client.query("T").fetch_all::<(i64,)>().await.unwrap_err(), 1);
    check(&client.query("T").data_set().await.unwrap_err(), 1);
    for (query, table_id) in [(client.query("T"), 1), (client.mgmt(".show tables"), 0)] {
        let mut results = query.stream().await.unwrap();
        assert_eq!(results.next().await.unwrap().unwrap().num_rows(), 2);
        check(&results.next().await.unwrap_err(), table_id);
        assert_eq!(results.errors().len(), 1);
        assert!(results.next().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn rows_that_are_lost_without_a_word_are_noticed() {
    let mut frames = vec![HEADER.to_owned()];
    frames.extend(table(1, "n:long", &["[1]"]));
    let last = frames.last_mut().unwrap();
    *last = last.replace("\"RowCount\":1", "\"RowCount\":2");
    frames.push(END.to_owned());
    let answer = v2(&frames.iter().map(String::as_str).collect::<Vec<_>>());
    let (client, _) = client([answer.into()]);
    let error = client.query("T").fetch_all::<(i64,)>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("counts 2 rows, but 1 came"), "{error}");
}

#[tokio::test]
async fn a_refused_query_keeps_the_services_words_and_ids() {
    let body = r#"{"error":{"code":"General_BadRequest","message":"Bad request.","@permanent":true,
        "@message":"Semantic error: SEM0100: [line:position=1:5] name 'q' not found",
        "innererror":{"code":"SEM0100","message":"name 'q' not found"}}}"#;
    let (client, _) = client([answer(400, body).header("x-ms-activity-id", "a-1").into()]);
    let error = client
        .query("T | q")
        .client_request_id("Mine;1")
        .stream()
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.is_permanent()), (ErrorKind::Service, true));
    assert_eq!(error.status().unwrap().as_u16(), 400);
    assert!(
        error.service_errors()[0]
            .text_for_people()
            .contains("[line:position=1:5]")
    );
    assert_eq!(error.service_errors()[0].innermost().code, "SEM0100");
    assert!(
        error
            .to_string()
            .ends_with("(client request id Mine;1, activity id a-1)"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn kinds_follow_what_happened() {
    for (act, kind) in [
        (answer(401, "").into(), ErrorKind::Auth),
        (answer(403, "").into(), ErrorKind::Service),
        (
            answer(302, "").header("location", "https://evil.example/").into(),
            ErrorKind::Untrusted,
        ),
        (Act::Refuse, ErrorKind::Connect),
        (Act::Break, ErrorKind::Interrupted),
        (answer(200, "not frames").into(), ErrorKind::Service),
        (answer(200, "[{]").into(), ErrorKind::Decode),
    ] {
        let (builder, _) = builder([act]);
        let client = builder.retry(RetryPolicy::none()).build().unwrap();
        let error = client.query("T").fetch_all::<(i64,)>().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.client_request_id().is_some(), "{error}");
    }
}

#[tokio::test]
async fn no_secret_is_shown() {
    let string = "https://help.kusto.windows.net/Samples;Fed=true;UserToken=hush-hush";
    let http = Scripted::new([answer(401, "").into(), answer(500, "no").into(), Act::Break]);
    let client = Client::builder(string)
        .http_client(Arc::clone(&http) as _)
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let mut shown = format!("{client:?} {:?} {:?}", client.query("T"), Client::builder(string));
    for _ in 0..3 {
        let error = client.query("T").stream().await.unwrap_err();
        shown += &format!("{error} {error:?}");
    }
    assert!(!shown.contains("hush-hush"), "{shown}");
}
