//! Every way to sign in against a provider that repeats whatever it is told: nothing of it is shown or traced.
#![cfg(all(feature = "http-client", feature = "client-certificate"))]

#[path = "../../kusto-transport/tests/transport/listen.rs"]
mod listen;

use std::convert::Infallible;
use std::error::Error;
use std::fmt::Write;
use std::net::SocketAddr;

use kusto_client::{
    Client, ClientAuthentication, ClientCertificate, Credential, HttpClientOptions, Proxy, Secret,
    UserSignIn, http_client_with,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const KEY: &str = include_str!("../../kusto-auth/tests/certificates/key.pem");
const CERTIFICATE: &str = include_str!("../../kusto-auth/tests/certificates/certificate.pem");

#[tokio::test]
async fn nothing_that_is_secret_is_shown() {
    listen::listen();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, address));
        }
    });
    let mut options = HttpClientOptions::default();
    // The provider is its own proxy.
    options.proxy = Proxy::Server {
        address: format!("http://{address}"),
        credentials: Some(("someone".to_owned(), "hush-proxy".into())),
    };
    let http_client = http_client_with(&options).unwrap();
    let mut shown = format!("{options:?} {http_client:?}");
    for credential in credentials() {
        let client = Client::builder(format!("http://{address}/db"))
            .credential(credential.clone())
            .http_client(http_client.clone())
            .header("x-gateway-key", "hush-gateway")
            .build()
            .unwrap();
        write!(shown, "{credential:?} {client:?}").unwrap();
        let query = client.query("print secret").param("secret", "hush-parameter");
        let error = query.stream().await.unwrap_err();
        write!(shown, "{error} {error:?}").unwrap();
        let mut cause = error.source();
        while let Some(error) = cause {
            write!(shown, "{error} {error:?}").unwrap();
            cause = error.source();
        }
    }
    for string in [
        "https://h.kusto.windows.net;AppClientId=a;AppKey=hush-key;TenantId=t",
        "https://h.kusto.windows.net;Fed=true;UserToken=hush-token",
        "https://h.kusto.windows.net;UserID=u;Password=hush-password;Nonsense=hush-value",
    ] {
        write!(shown, "{:?}", Client::builder(string)).unwrap();
        write!(shown, "{:?}", Client::from_connection_string(string)).unwrap();
    }
    eprintln!("{shown}");
    let key = KEY.lines().nth(2).unwrap();
    assert!(!shown.contains("hush") && !shown.contains(key), "{shown}");
}

fn credentials() -> Vec<Credential> {
    let secret = || ClientAuthentication::Secret("hush-key".into());
    let certificate = ClientCertificate::from_pem(&Secret::new(format!("{KEY}{CERTIFICATE}")), None).unwrap();
    let assertion = || async { Ok::<_, Infallible>(Secret::new("hush-assertion")) };
    vec![
        Credential::token("hush-token"),
        Credential::callback_sync(|| Ok::<_, Infallible>("hush-callback".into())),
        Credential::client_secret("t", "a", "hush-key"),
        Credential::client_certificate("t", "a", certificate),
        Credential::client_assertion("t", "a", assertion),
        Credential::on_behalf_of("t", "a", secret(), "hush-user"),
        Credential::refresh_token_of(Some("t"), Some("a"), Some(secret()), "hush-refresh"),
        Credential::username_password(Some("t"), "u", "hush-password"),
        Credential::user(UserSignIn::device_code(|prompt| eprintln!("{prompt}"))),
    ]
}

/// A provider and a service in one, which says no to everything, in the words of the request.
async fn answer(mut stream: TcpStream, address: SocketAddr) {
    loop {
        let Some((head, body)) = request(&mut stream).await else {
            return;
        };
        let (status, text) = if head.contains("/metadata") {
            let login = format!(r#"{{"AzureAD":{{"LoginEndpoint":"http://{address}"}}}}"#);
            (200, login)
        } else if head.contains("/devicecode") {
            let code = r#"{"device_code":"hush-device","user_code":"u","verification_uri":"x","interval":0}"#;
            (200, code.to_owned())
        } else if head.contains("/token") {
            let told = serde_json::json!({"error": "invalid_grant", "error_description": plain(&body)});
            (400, told.to_string())
        } else {
            (401, String::new())
        };
        let answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The head and the body of the next request.
async fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut text = String::new();
    let mut buffer = vec![0; 4096];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_ascii_lowercase();
            let length = lower
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"));
            if body.len() >= length.map_or(0, |length| length.trim().parse().unwrap()) {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(length) => text.push_str(std::str::from_utf8(&buffer[..length]).unwrap()),
        }
    }
}

/// A form without its encoding.
fn plain(form: &str) -> String {
    let mut plain = String::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        let code = u8::from_str_radix(&after[..2], 16).unwrap();
        plain.push(char::from(code));
        rest = &after[2..];
    }
    plain + rest
}
