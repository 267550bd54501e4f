//! What people see who made a mistake, or whose provider is not there: a line with the provider's code and what to do.

#[path = "../../kusto-transport/tests/transport/listen.rs"]
mod listen;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use azure_core::http::HttpClient;
use kusto_auth::{AuthError, AuthErrorKind, CloudCache, CloudInfo, Credential};

/// A provider that answers each request with this.
fn provider(status: &'static str, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut reader = BufReader::new(connection.try_clone().unwrap());
            let mut length = 0;
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 2 {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            let size = body.len();
            write!(
                connection,
                "HTTP/1.1 {status}\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n{body}"
            )
            .unwrap();
        }
    });
    address
}

/// A server that answers TLS with plain text.
fn plain() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut greeting = [0; 1 << 14];
            let _ = connection.read(&mut greeting);
            let _ = connection.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            while connection.read(&mut greeting).is_ok_and(|size| size > 0) {}
        }
    });
    address
}

async fn failure(credential: &Credential, login_endpoint: String) -> AuthError {
    listen::listen();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let http_client: Arc<dyn HttpClient> = Arc::new(client);
    let mut cloud = CloudInfo::default();
    cloud.login_endpoint = login_endpoint;
    let tokens = credential
        .to_token_credential(&cloud, &http_client)
        .unwrap()
        .unwrap();
    let error = tokens.get_token(&[&cloud.scope()], None).await.unwrap_err();
    let error: AuthError = error.into_downcast().unwrap();
    assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    error
}

fn application() -> Credential {
    Credential::client_secret("contoso.com", "app", "hush")
}

#[tokio::test]
async fn a_refusal_says_who_was_refused_why_and_what_to_do() {
    let user = || Credential::username_password(Some("contoso.com"), "someone@contoso.com", "hush");
    let refresh = || Credential::refresh_token_of(Some("contoso.com"), Some("app"), None, "hush");
    let sign_in = "the sign-in of application app in tenant contoso.com was refused";
    for (credential, error, code, words, expected) in [
        (
            application(),
            "invalid_client",
            7_000_222,
            "The provided client secret keys for app 'app' are expired.",
            format!(
                "{sign_in}: The provided client secret keys for app 'app' are expired; the client secret has expired: \
                 create a new one (AADSTS7000222)"
            ),
        ),
        (
            application(),
            "invalid_client",
            7_000_215,
            "Invalid client secret provided: hush.",
            format!(
                "{sign_in}: Invalid client secret provided: ****; the client secret is wrong: use its value, not its \
                 id (AADSTS7000215)"
            ),
        ),
        (
            application(),
            "invalid_request",
            90_002,
            "Tenant 'contoso.com' not found.",
            format!(
                "{sign_in}: Tenant 'contoso.com' not found; there is no such tenant: check the tenant's id or domain \
                 name (AADSTS90002)"
            ),
        ),
        (
            application(),
            "unauthorized_client",
            700_016,
            "Application 'app' was not found in the directory.",
            format!(
                "{sign_in}: Application 'app' was not found in the directory; the tenant does not know this \
                 application: check the client id and the tenant (AADSTS700016)"
            ),
        ),
        (
            user(),
            "invalid_grant",
            50_126,
            "Error validating credentials.",
            "the sign-in of someone@contoso.com with a password was refused: Error validating credentials; user \
             name or password are wrong, or the account is locked (AADSTS50126)"
                .to_owned(),
        ),
        (
            refresh(),
            "invalid_grant",
            700_082,
            "The refresh token has expired due to inactivity.",
            "the refresh token of application app in tenant contoso.com was refused: The refresh token has expired due to inactivity; \
             the earlier sign-in is no longer valid: sign in again (AADSTS700082)"
                .to_owned(),
        ),
    ] {
        let body = format!(
            r#"{{"error":"{error}","error_description":"AADSTS{code}: {words}\r\nTrace ID: 1\r\nTimestamp: 2","error_codes":[{code}]}}"#
        );
        let error = failure(&credential, provider("400 Bad Request", body)).await;
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.kind(), AuthErrorKind::Rejected);
        assert_eq!(error.code(), Some(&*format!("AADSTS{code}")));
    }
}

#[tokio::test]
async fn a_host_that_is_not_there_and_one_that_is_another_are_told_apart() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let cluster = format!("http://{}", nobody.local_addr().unwrap())
        .parse()
        .unwrap();
    drop(nobody);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let error = CloudCache::new().get(&cluster, &client).await.unwrap_err();
    assert_eq!(error.kind(), AuthErrorKind::Connect);
    assert_eq!(
        error.to_string(),
        "no connection to 127.0.0.1; check the network, the proxy and the name of the host"
    );
    let page = provider("200 OK", "<html>Sign in to the network</html>".to_owned());
    let error = failure(&application(), page).await;
    assert_eq!(error.kind(), AuthErrorKind::Malformed);
    assert!(
        error
            .to_string()
            .contains("check the login endpoint and the proxy"),
        "{error}"
    );
    let error = failure(&application(), plain()).await;
    assert_eq!(error.kind(), AuthErrorKind::Tls);
    assert!(
        error.to_string().starts_with("no secure connection to 127.0.0.1"),
        "{error}"
    );
}
