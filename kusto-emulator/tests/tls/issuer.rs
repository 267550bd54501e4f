//! Tokens of an issuer that has its keys where OpenID Connect Discovery says.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kusto_emulator::{Authentication, Emulator, TokenIssuer};
use reqwest::{Client, Response, StatusCode};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Far in the future.
const LATER: u64 = 4_000_000_000;

struct Issuer {
    name: String,
    key: EcdsaKeyPair,
    /// Its certificate in PEM, if it speaks TLS.
    certificate: String,
}

impl Issuer {
    /// An issuer that answers on loopback.
    async fn start() -> Self {
        Self::with("http", None, String::new()).await
    }

    /// The same, with TLS and a certificate of its own.
    async fn start_tls() -> Self {
        let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = own.signing_key.serialize_der().try_into().unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::with("https", Some(acceptor), own.cert.pem()).await
    }

    async fn with(scheme: &str, acceptor: Option<TlsAcceptor>, certificate: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let name = format!("{scheme}://{}/tenant", listener.local_addr().unwrap());
        let issuer = Self {
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            name,
            certificate,
        };
        let (configuration, keys) = (
            json!({"jwks_uri": format!("{}/keys", issuer.name)}),
            issuer.keys(),
        );
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                match &acceptor {
                    None => answer(stream, &configuration, &keys).await,
                    // Whoever does not trust the certificate goes away.
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            answer(stream, &configuration, &keys).await;
                        }
                    }
                }
            }
        });
        issuer
    }

    fn keys(&self) -> Value {
        let point = self.key.public_key().as_ref();
        json!({"keys": [
            {"kty": "EC", "crv": "P-256", "kid": "k1", "x": encode(&point[1..33]), "y": encode(&point[33..])},
        ]})
    }

    fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": "ES256", "kid": "k1", "typ": "JWT"}).to_string();
        let signed = format!(
            "{}.{}",
            encode(header.as_bytes()),
            encode(claims.to_string().as_bytes())
        );
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", encode(signature.as_ref()))
    }
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, configuration: &Value, keys: &Value) {
    let mut head = vec![0; 4096];
    let length = stream.read(&mut head).await.unwrap();
    let head = String::from_utf8_lossy(&head[..length]).into_owned();
    let (status, body) = match head.split(' ').nth(1) {
        Some("/tenant/.well-known/openid-configuration") => ("200 OK", configuration.to_string()),
        Some("/tenant/keys") => ("200 OK", keys.to_string()),
        _ => ("404 Not Found", String::new()),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

async fn ask(emulator: &Emulator, token: &str) -> Response {
    let body = json!({"db": "NetDefaultDB", "csl": "print current_principal()"}).to_string();
    let client = Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("{}/v2/rest/query", emulator.uri()));
    request.bearer_auth(token).body(body).send().await.unwrap()
}

async fn service(issuer: TokenIssuer) -> Emulator {
    let authentication = Authentication::Issuer(issuer.audience("kusto"));
    Emulator::builder()
        .authentication(authentication)
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn tokens_of_the_issuer_let_in_whom_they_name() {
    let issuer = Issuer::start().await;
    let emulator = service(TokenIssuer::new(&issuer.name)).await;
    let claims = json!({"iss": issuer.name, "aud": "kusto", "exp": LATER, "oid": "someone", "tid": "tenant"});
    let response = ask(&emulator, &issuer.token(&claims)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.text().await.unwrap().contains("aaduser=someone;tenant"));
}

#[tokio::test]
async fn tokens_that_are_forged_expired_or_for_others_are_refused_with_the_reason() {
    let (issuer, forger) = (Issuer::start().await, Issuer::start().await);
    let emulator = service(TokenIssuer::new(&issuer.name)).await;
    let claims = |audience: &str, expires: u64| json!({"iss": issuer.name, "aud": audience, "exp": expires});
    let refused = [
        (
            forger.token(&claims("kusto", LATER)),
            "the signature of the token is not valid",
        ),
        (
            issuer.token(&claims("kusto", 1_000_000_000)),
            "the token has expired",
        ),
        (
            issuer.token(&claims("storage", LATER)),
            "the audience of the token is not kusto",
        ),
        ("opaque".to_owned(), "the token is no JSON Web Token"),
    ];
    for (token, reason) in refused {
        let response = ask(&emulator, &token).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let challenge = response.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains(reason), "{challenge}");
    }
}

#[tokio::test]
async fn keys_can_be_given_and_an_issuer_that_is_not_there_is_named() {
    let issuer = Issuer::start().await;
    let elsewhere = "http://127.0.0.1:9/tenant";
    let token = issuer.token(&json!({"iss": elsewhere, "aud": "kusto", "exp": LATER, "sub": "s"}));
    let emulator = service(TokenIssuer::new(elsewhere).keys(issuer.keys().to_string())).await;
    assert_eq!(ask(&emulator, &token).await.status(), StatusCode::OK);
    let emulator = service(TokenIssuer::new(elsewhere)).await;
    let response = ask(&emulator, &token).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let challenge = response.headers()["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains("cannot read the issuer's http://127.0.0.1:9/tenant"),
        "{challenge}"
    );
}

#[tokio::test]
async fn an_issuer_with_tls_is_asked_if_its_certificate_is_trusted() {
    let issuer = Issuer::start_tls().await;
    let token = issuer.token(&json!({"iss": issuer.name, "aud": "kusto", "exp": LATER, "sub": "s"}));
    let trusting = TokenIssuer::new(&issuer.name).root_certificate(&issuer.certificate);
    let emulator = service(trusting).await;
    assert_eq!(ask(&emulator, &token).await.status(), StatusCode::OK);

    let other = Issuer::start_tls().await;
    let strangers = [
        (TokenIssuer::new(&issuer.name), "no certificate is trusted"),
        (
            TokenIssuer::new(&issuer.name).root_certificate(&other.certificate),
            "invalid peer certificate",
        ),
    ];
    for (stranger, reason) in strangers {
        let response = ask(&service(stranger).await, &token).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let challenge = response.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains(reason), "{challenge}");
    }
}
