//! What needs cryptography: TLS, and tokens that an issuer signed.

mod issuer;

use kusto_emulator::Emulator;
use reqwest::{Certificate, Client, Version};
use serde_json::json;

fn client(emulator: &Emulator) -> reqwest::ClientBuilder {
    let certificate = Certificate::from_pem(emulator.certificate().unwrap().as_bytes()).unwrap();
    Client::builder().no_proxy().tls_certs_only([certificate])
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_over_tls() {
    let emulator = Emulator::builder().tls().start().await.unwrap();
    assert!(emulator.connection_string().starts_with("https://127.0.0.1:"));
    let both = [
        (client(&emulator), Version::HTTP_2),
        (client(&emulator).http1_only(), Version::HTTP_11),
    ];
    for (client, version) in both {
        let request = client
            .build()
            .unwrap()
            .post(format!("{}/v2/rest/query", emulator.uri()))
            .body(json!({"db": "NetDefaultDB", "csl": "print 42"}).to_string());
        let response = request.send().await.unwrap();
        assert_eq!(response.version(), version);
        assert!(response.text().await.unwrap().contains("[[42]]"));
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_ends_the_handshake() {
    let (emulator, other) = (
        Emulator::builder().tls().start().await.unwrap(),
        Emulator::builder().tls().start().await.unwrap(),
    );
    let address = format!("{}/v1/rest/ping", emulator.uri());
    let failed = client(&other).build().unwrap().get(&address).send().await;
    assert!(failed.unwrap_err().is_connect());
    let pong = client(&emulator).build().unwrap().get(&address).send().await;
    assert!(pong.unwrap().text().await.unwrap().starts_with("Pong!"));
}

#[tokio::test]
async fn plain_http_on_a_port_for_tls_is_not_answered() {
    let emulator = Emulator::builder().tls().start().await.unwrap();
    let address = emulator.uri().replace("https", "http") + "/v1/rest/ping";
    let client = Client::builder().no_proxy().build().unwrap();
    assert!(client.get(address).send().await.is_err());
    emulator.stop().await;
}
