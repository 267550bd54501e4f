//! Tokens of an issuer that has its keys where OpenID Connect Discovery says.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kusto_emulator::{Authentication, Emulator, TokenIssuer};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Far in the future.
const LATER: u64 = 4_000_000_000;

struct Issuer {
    name: String,
    key: EcdsaKeyPair,
}

impl Issuer {
    /// An issuer that answers on loopback.
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let name = format!("http://{}/tenant", listener.local_addr().unwrap());
        let issuer = Self {
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            name,
        };
        let (configuration, keys) = (
            json!({"jwks_uri": format!("{}/keys", issuer.name)}),
            issuer.keys(),
        );
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
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
