//! The sign-ins against a real OpenID provider, and a person with a real browser.
//!
//! `cargo xtask interop openid` starts the provider (interop/openid) and says in the environment where it is; without
//! that, there is nobody to sign in with and these tests say so.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenRequestOptions};
use azure_core::http::{ClientMethodOptions, Context, HttpClient};
use azure_core::time::OffsetDateTime;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use kusto_auth::{
    AuthError, AuthErrorKind, Challenge, ClientAuthentication, CloudInfo, Credential, Prompt, UserSignIn,
};

const TENANT: &str = "contoso.com";
const SECRET: &str = "the secret of the application";

/// The provider's cloud; `None` without a provider.
fn cloud() -> Option<CloudInfo> {
    let mut cloud = CloudInfo::default();
    match std::env::var("KUSTO_OPENID_PROVIDER") {
        Ok(address) => cloud.login_endpoint = address,
        Err(_) => {
            eprintln!("skipped: no OpenID provider; cargo xtask interop openid starts one");
            return None;
        }
    }
    cloud.client_app_id = "person".to_owned();
    Some(cloud)
}

/// The script of a person at a browser; `None` without a browser.
fn browser() -> Option<String> {
    let script = std::env::var("KUSTO_OPENID_BROWSER").ok();
    if script.is_none() {
        eprintln!("skipped: no browser; see interop/README.md");
    }
    script
}

async fn sign_in(credential: &Credential, cloud: &CloudInfo) -> Result<AccessToken, AuthError> {
    request(credential, cloud, None).await
}

async fn request(
    credential: &Credential,
    cloud: &CloudInfo,
    options: Option<TokenRequestOptions<'_>>,
) -> Result<AccessToken, AuthError> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let http_client: Arc<dyn HttpClient> = Arc::new(client);
    let tokens = credential.to_token_credential(cloud, &http_client)?.unwrap();
    tokens
        .get_token(&[&cloud.scope()], options)
        .await
        .map_err(|error| error.into_downcast().unwrap())
}

/// The subject of a token of the provider, which must be good for an hour and for the cluster.
fn subject(token: &AccessToken) -> String {
    let payload = token.token.secret().split('.').nth(1).expect("a JSON Web Token");
    let claims: serde_json::Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    assert_eq!(claims["aud"], "https://kusto.kusto.windows.net");
    let lifetime = token.expires_on - OffsetDateTime::now_utc();
    assert!((3500..=3600).contains(&lifetime.whole_seconds()), "{lifetime}");
    claims["sub"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_application_signs_in_with_its_secret() {
    let Some(cloud) = cloud() else { return };
    let token = sign_in(&Credential::client_secret(TENANT, "application", SECRET), &cloud).await;
    assert_eq!(subject(&token.unwrap()), "application");
    for (client, secret) in [("application", "wrong"), ("nobody", SECRET)] {
        let error = sign_in(&Credential::client_secret(TENANT, client, secret), &cloud)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (AuthErrorKind::Rejected, Some("invalid_client"))
        );
        assert!(error.to_string().contains("check the client id"), "{error}");
    }
    let error = sign_in(
        &Credential::client_secret("fabrikam.com", "application", SECRET),
        &cloud,
    )
    .await
    .unwrap_err();
    assert!(!format!("{error:?} {error}").contains(SECRET), "{error:?}");
}

#[cfg(feature = "client-certificate")]
#[tokio::test]
async fn an_application_signs_in_with_its_certificate() {
    use kusto_auth::ClientCertificate;
    use kusto_protocol::Secret;

    let Some(cloud) = cloud() else { return };
    let password = Secret::new("for-tests");
    let certificate =
        ClientCertificate::from_pkcs12(include_bytes!("certificates/application.pfx"), Some(&password))
            .unwrap();
    for certificate in [certificate.clone(), certificate.send_chain(true)] {
        let credential = Credential::client_certificate(TENANT, "certified", certificate);
        assert_eq!(subject(&sign_in(&credential, &cloud).await.unwrap()), "certified");
    }
}

#[tokio::test]
async fn an_assertion_that_nobody_signed_is_refused() {
    let Some(cloud) = cloud() else { return };
    let credential = Credential::client_assertion(TENANT, "certified", || async {
        Ok::<_, std::convert::Infallible>("e30.e30.e30".into())
    });
    let error = sign_in(&credential, &cloud).await.unwrap_err();
    assert_eq!(error.kind(), AuthErrorKind::Rejected);
}

#[tokio::test]
async fn a_users_token_is_exchanged() {
    let Some(cloud) = cloud() else { return };
    let exchange = |token: &str| {
        let client = ClientAuthentication::Secret(SECRET.into());
        Credential::on_behalf_of(TENANT, "application", client, token)
    };
    let token = sign_in(&exchange("the token of a user"), &cloud).await.unwrap();
    assert_eq!(subject(&token), "user");
    let error = sign_in(&exchange("another token"), &cloud).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (AuthErrorKind::Rejected, Some("invalid_grant"))
    );
}

#[tokio::test]
async fn a_user_signs_in_with_a_password() {
    let Some(cloud) = cloud() else { return };
    let with = |password: &str| Credential::username_password(Some(TENANT), "someone@contoso.com", password);
    let token = sign_in(&with("the password"), &cloud).await.unwrap();
    assert_eq!(subject(&token), "someone@contoso.com");
    let error = sign_in(&with("wrong"), &cloud).await.unwrap_err();
    assert_eq!(error.code(), Some("AADSTS50126"));
}

/// A person who does what is shown.
fn person(
    script: &str,
    answer: &'static str,
    shown: &Arc<AtomicUsize>,
) -> impl Fn(&Prompt) + Send + Sync + 'static {
    let (script, shown) = (script.to_owned(), Arc::clone(shown));
    move |prompt| {
        shown.fetch_add(1, Ordering::SeqCst);
        let mut command = Command::new("node");
        command.args([&script, answer]);
        match prompt {
            Prompt::Browser { url } => command.arg(url),
            Prompt::DeviceCode {
                user_code,
                verification_uri,
                ..
            } => command.args([verification_uri, user_code]),
            _ => panic!("an unknown prompt"),
        };
        // The sign-in goes on while the person is at the browser. Its streams are never ours: Node.js makes them
        // non-blocking.
        std::thread::spawn(move || {
            let browser = command.stdout(Stdio::null()).output().unwrap();
            eprint!("{}", String::from_utf8_lossy(&browser.stderr));
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_with_a_browser_once() {
    let (Some(cloud), Some(script)) = (cloud(), browser()) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let shown = Arc::new(AtomicUsize::new(0));
    let start = || {
        let sign_in = UserSignIn::browser()
            .prompt(person(&script, "yes", &shown))
            .tenant(TENANT)
            .time_limit(Duration::from_secs(120))
            .token_file(folder.path().join("tokens.json"));
        Credential::user(sign_in)
    };
    let first = sign_in(&start(), &cloud).await.unwrap();
    assert_eq!(subject(&first), "someone@contoso.com");
    // Another program finds the token in the file; one that was refused is replaced with the refresh token.
    let kept = sign_in(&start(), &cloud).await.unwrap();
    assert_eq!(kept.token.secret(), first.token.secret());
    for _ in 0..2 {
        let options = TokenRequestOptions {
            method_options: ClientMethodOptions {
                context: Context::new().with_value(Challenge::default()),
            },
        };
        let next = request(&start(), &cloud, Some(options)).await.unwrap();
        assert_eq!(subject(&next), "someone@contoso.com");
        assert_ne!(next.token.secret(), first.token.secret());
    }
    assert_eq!(shown.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_says_no() {
    let (Some(cloud), Some(script)) = (cloud(), browser()) else {
        return;
    };
    let shown = Arc::new(AtomicUsize::new(0));
    let sign_in_with = UserSignIn::browser()
        .prompt(person(&script, "no", &shown))
        .tenant(TENANT)
        .time_limit(Duration::from_secs(120));
    let error = sign_in(&Credential::user(sign_in_with), &cloud)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (AuthErrorKind::Rejected, Some("AADSTS65004"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_on_another_device() {
    let (Some(cloud), Some(script)) = (cloud(), browser()) else {
        return;
    };
    let shown = Arc::new(AtomicUsize::new(0));
    let sign_in_with = UserSignIn::device_code(person(&script, "yes", &shown)).tenant(TENANT);
    let token = sign_in(&Credential::user(sign_in_with), &cloud).await.unwrap();
    assert_eq!(subject(&token), "someone@contoso.com");
}
