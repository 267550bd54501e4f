//! Tests of the credentials that need no provider.

use std::sync::atomic::{AtomicUsize, Ordering};

use azure_core::http::{AsyncRawResponse, Request};

use super::*;
use crate::cache::TokenCache;
use crate::scripted::{Scripted, answer};

/// No test of this module sends anything.
#[derive(Debug)]
struct NoNetwork;

#[async_trait::async_trait]
impl HttpClient for NoNetwork {
    async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
        Err(azure_core::Error::with_message(
            azure_core::error::ErrorKind::Connection,
            "no network",
        ))
    }
}

fn resolve(credential: &Credential) -> Arc<dyn TokenCredential> {
    let http_client: Arc<dyn HttpClient> = Arc::new(NoNetwork);
    credential
        .to_token_credential(&CloudInfo::default(), &http_client)
        .unwrap()
        .unwrap()
}

fn from(string: &str) -> Result<Credential, AuthError> {
    Credential::from_connection_string(&string.parse().unwrap())
}

#[tokio::test]
async fn a_ready_token_is_sent_as_it_is() {
    for keyword in ["UserToken", "ApplicationToken"] {
        let credential = from(&format!("https://help.kusto.windows.net;Fed=true;{keyword}=hush")).unwrap();
        assert!(!credential.needs_cloud());
        let token = resolve(&credential).get_token(&["s"], None).await.unwrap();
        assert_eq!(token.token.secret(), "hush");
    }
}

#[tokio::test]
async fn a_callback_is_asked_each_time() {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let credential = Credential::callback_sync(move || {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        Ok::<_, NoError>(Secret::new(format!("t{call}")))
    });
    let (cache, now) = (TokenCache::new(), OffsetDateTime::now_utc());
    let credential = resolve(&credential);
    for expected in ["t0", "t1"] {
        assert_eq!(
            cache.get(&*credential, "s", now).await.unwrap().token.secret(),
            expected
        );
    }
    assert_eq!(seen.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_failing_callback_is_the_cause_of_the_error() {
    let credential = resolve(&Credential::callback(|| async { Err("vault is sealed") }));
    let now = OffsetDateTime::now_utc();
    let error = TokenCache::new().get(&*credential, "s", now).await.unwrap_err();
    assert_eq!(error.kind(), AuthErrorKind::Unavailable);
    assert!(error.source().unwrap().to_string().contains("vault is sealed"));
}

#[test]
fn only_this_machine_is_anonymous_by_itself() {
    assert!(from("http://localhost:8080/db").unwrap().is_anonymous());
    let error = from("https://help.kusto.windows.net/Samples").unwrap_err();
    assert!(error.to_string().contains("Fed=true"), "{error}");
}

#[test]
fn what_is_not_supported_names_the_way_out() {
    for (string, words) in [
        (
            "https://h.kusto.windows.net;AppClientId=i;TenantId=t;ApplicationCertificateThumbprint=hush",
            "Application Certificate Blob",
        ),
        (
            "https://h.kusto.windows.net;AppClientId=i;AppKey=hush;TenantId=organizations",
            "Authority Id",
        ),
    ] {
        let error = from(string).unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Unsupported);
        assert!(error.to_string().contains(words), "{error}");
        assert!(!format!("{error:?} {error}").contains("hush"));
    }
}

#[test]
fn untrusted_strings_bring_their_own_proof() {
    let host = "https://h.kusto.windows.net";
    let untrusted = |string: &str| {
        let string = format!("{host};{string}").parse().unwrap();
        Credential::from_untrusted_connection_string(&string)
    };
    for string in [
        "UserToken=hush",
        "AppClientId=i;AppKey=hush;TenantId=contoso.com",
        "Fed=true;UserID=u@contoso.com;Password=hush",
    ] {
        assert!(untrusted(string).is_ok(), "{string}");
    }
    for string in [
        "Fed=true",
        "Fed=true;UserID=u@contoso.com",
        "Fed=true;AppClientId=i",
        "AppClientId=i;TenantId=t;ApplicationCertificateThumbprint=hush",
    ] {
        let error = untrusted(string).unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Unsupported);
        assert!(
            error.to_string().contains("local secrets are turned off"),
            "{error}"
        );
    }
}

#[test]
fn each_string_chooses_its_sign_in() {
    for (string, name) in [
        ("Fed=true", "default chain"),
        ("Fed=true;UserID=u@contoso.com", "interactive browser"),
        ("Fed=true;AppClientId=i", "interactive browser"),
        (
            "Fed=true;UserID=u@contoso.com;Password=hush",
            "username and password",
        ),
        ("AppClientId=i;AppKey=hush;TenantId=contoso.com", "client secret"),
        // A ready token counts before everything else.
        (
            "AppClientId=i;AppKey=hush;TenantId=contoso.com;UserToken=hush",
            "token",
        ),
    ] {
        let credential = from(&format!("https://h.kusto.windows.net;{string}")).unwrap();
        assert_eq!(
            format!("{credential:?}"),
            format!("Credential({name})"),
            "{string}"
        );
        assert!(!format!("{:?}", resolve(&credential)).contains("hush"));
    }
}

#[tokio::test]
async fn a_region_and_a_tenant_are_where_the_secret_goes() {
    let string =
        "https://h.kusto.windows.net;AppClientId=i;AppKey=k;TenantId=contoso.com;AzureRegion=westeurope";
    let http = Scripted::new([answer(200, r#"{"access_token":"t","expires_in":3600}"#)]);
    let http_client: Arc<dyn HttpClient> = Arc::clone(&http) as _;
    let cloud = CloudInfo::default();
    let credential = from(string).unwrap();
    let now = OffsetDateTime::now_utc();
    let token = credential.token_for(&cloud, &http_client, now).await.unwrap();
    assert_eq!(token.token.secret(), "t");
    let seen = &http.seen()[0];
    assert_eq!(
        seen.url,
        "https://westeurope.login.microsoft.com/contoso.com/oauth2/v2.0/token"
    );
    assert_eq!(
        seen.body,
        "client_id=i&grant_type=client_credentials&client_secret=k&\
         scope=https%3A%2F%2Fkusto.kusto.windows.net%2F.default"
    );
    // Clones share the token.
    let again = credential
        .clone()
        .token_for(&cloud, &http_client, now)
        .await
        .unwrap();
    assert_eq!(again.token.secret(), "t");
}

#[tokio::test]
async fn an_assertion_is_asked_for_whenever_the_application_signs_in() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let credential = Credential::client_assertion("t", "i", move || {
        let call = count.fetch_add(1, Ordering::SeqCst);
        async move { Ok::<_, NoError>(Secret::new(format!("a{call}"))) }
    });
    let http = Scripted::new([
        answer(200, r#"{"access_token":"t1","expires_in":3600}"#),
        answer(200, r#"{"access_token":"t2","expires_in":3600}"#),
    ]);
    let http_client: Arc<dyn HttpClient> = Arc::clone(&http) as _;
    let (cloud, now) = (CloudInfo::default(), OffsetDateTime::now_utc());
    let first = credential.token_for(&cloud, &http_client, now).await.unwrap();
    let claims = Challenge::from_www_authenticate(r#"Bearer claims="eyJhIjoxfQ==""#);
    credential
        .renewed_for(&cloud, &http_client, &first, &claims, now)
        .await
        .unwrap();
    let seen = http.seen();
    assert!(seen[0].body.contains("&client_assertion=a0&"));
    assert!(seen[1].body.contains("&client_assertion=a1&"));
    assert!(seen[1].body.ends_with("&claims=%7B%22a%22%3A1%7D"));
}

#[tokio::test]
async fn a_refresh_token_is_replaced_by_the_next() {
    let credential = Credential::refresh_token(Some("contoso.com"), "r0");
    let http = Scripted::new([
        answer(
            200,
            r#"{"access_token":"t1","expires_in":3600,"refresh_token":"r1"}"#,
        ),
        answer(200, r#"{"access_token":"t2","expires_in":3600}"#),
        answer(200, r#"{"access_token":"t3","expires_in":3600}"#),
    ]);
    let http_client: Arc<dyn HttpClient> = Arc::clone(&http) as _;
    let (cloud, now) = (CloudInfo::default(), OffsetDateTime::now_utc());
    let mut token = credential.token_for(&cloud, &http_client, now).await.unwrap();
    for _ in 0..2 {
        token = credential
            .renewed_for(&cloud, &http_client, &token, &Challenge::default(), now)
            .await
            .unwrap();
    }
    assert_eq!(token.token.secret(), "t3");
    let sent: Vec<bool> = http
        .seen()
        .iter()
        .map(|seen| seen.body.contains("refresh_token=r1&"))
        .collect();
    assert_eq!(sent, [false, true, true]);
}
