//! Sign-ins on the way of a request.

use std::sync::Arc;
use std::time::Duration;

use crate::scripted::{Scripted, answer};
use kusto_auth::{Credential, TrustedHosts, UserSignIn};
use kusto_protocol::{ClientRequestProperties, Request, Secret};
use kusto_transport::{Pipeline, PipelineOptions, TransportError, TransportErrorKind};

async fn send(credential: Credential, http: &Arc<Scripted>) -> Result<(), TransportError> {
    let pipeline = Pipeline::new(
        "https://help.kusto.windows.net".parse().unwrap(),
        credential,
        TrustedHosts::default(),
        Arc::clone(http) as _,
        PipelineOptions::default(),
    );
    let second = ClientRequestProperties::new().server_timeout(Duration::from_secs(1));
    let request = Request::query("Samples", "print x = 1").properties(second);
    let mut body = pipeline.send(request).await?;
    while body.next().await?.is_some() {}
    Ok(())
}

#[tokio::test]
async fn claims_that_the_service_asks_for_are_passed_to_the_provider() {
    let token =
        |token: &str| answer(200, format!(r#"{{"access_token":"{token}","expires_in":3600}}"#)).into();
    let challenge = r#"Bearer error="insufficient_claims", claims="eyJhIjoxfQ==""#;
    let http = Scripted::new([
        answer(404, "").into(),
        token("t1"),
        answer(401, "").header("www-authenticate", challenge).into(),
        token("t2"),
        answer(200, "[]").into(),
    ]);
    let application = Credential::client_secret("contoso.com", "app", "hush");
    send(application, &http).await.unwrap();
    let seen = http.seen();
    assert!(!seen[1].body.contains("claims="), "{}", seen[1].body);
    assert!(
        seen[3].body.ends_with("&claims=%7B%22a%22%3A1%7D"),
        "{}",
        seen[3].body
    );
    assert_eq!(seen[4].header("authorization"), Some("Bearer t2"));
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_for_which_something_is_missing_here_is_not_tried_again() {
    // The port where the browser is to come back is taken.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let person = UserSignIn::browser().port(taken.local_addr().unwrap().port());
    let http = Scripted::new([answer(404, "").into()]);
    let start = tokio::time::Instant::now();
    let error = send(Credential::user(person), &http).await.unwrap_err();
    assert!(
        error.is_permanent() && error.to_string().contains("device code"),
        "{error}"
    );
    assert_eq!(
        (error.kind(), start.elapsed().as_secs()),
        (TransportErrorKind::Auth, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_person_may_take_longer_than_the_request() {
    let quarter = Duration::from_secs(25);
    let code =
        r#"{"device_code":"d","user_code":"u","verification_uri":"https://x","interval":0,"expires_in":900}"#;
    let pending = || {
        answer(400, r#"{"error":"authorization_pending"}"#)
            .late(quarter)
            .into()
    };
    let http = Scripted::new([
        answer(404, "").into(),
        answer(200, code).into(),
        pending(),
        pending(),
        answer(200, r#"{"access_token":"t","expires_in":3600}"#)
            .late(quarter)
            .into(),
        answer(200, "[]").late(quarter).into(),
    ]);
    let person = Credential::user(UserSignIn::device_code(|_| {}));
    let start = tokio::time::Instant::now();
    send(person, &http).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_credential_of_ones_own_may_wait_for_a_person_if_it_says_so() {
    let person = || {
        Credential::callback(|| async {
            tokio::time::sleep(Duration::from_secs(1000)).await;
            Ok::<_, std::fmt::Error>(Secret::new("t"))
        })
    };
    let http = Scripted::new([answer(200, "[]").into()]);
    let start = tokio::time::Instant::now();
    send(person().interactive(true), &http).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 1000);

    let start = tokio::time::Instant::now();
    let error = send(person(), &Scripted::new([])).await.unwrap_err();
    assert_eq!(
        (error.kind(), start.elapsed().as_secs()),
        (TransportErrorKind::Timeout, 31)
    );
}
