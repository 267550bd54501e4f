//! The client through a real forward proxy that wants a password.
//!
//! `cargo xtask interop proxy` starts the proxy and says in the environment where it is; without that these tests say
//! that they were skipped.
#![cfg(feature = "http-client")]

use kusto_client::{Client, ErrorKind, HttpClientOptions, Proxy, RetryPolicy, http_client_with};
use kusto_emulator::Emulator;

const USER: &str = "reports";
const PASSWORD: &str = "hush-proxy";

fn address() -> Option<String> {
    let address = std::env::var("KUSTO_FORWARD_PROXY").ok();
    if address.is_none() {
        eprintln!("skipped: no forward proxy; cargo xtask interop proxy starts one");
    }
    address
}

fn client(emulator: &Emulator, proxy: Proxy) -> Client {
    let mut options = HttpClientOptions::default();
    options.proxy = proxy;
    options
        .root_certificates
        .extend(emulator.certificate().map(str::to_owned));
    Client::builder(emulator.connection_string())
        .http_client(http_client_with(&options).unwrap())
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

fn server(address: &str, password: &str) -> Proxy {
    Proxy::Server {
        address: address.to_owned(),
        credentials: Some((USER.to_owned(), password.into())),
    }
}

async fn services() -> [Emulator; 2] {
    [
        Emulator::start().await.unwrap(),
        Emulator::builder().tls().start().await.unwrap(),
    ]
}

#[tokio::test]
async fn requests_go_through_the_proxy_that_was_set() {
    let Some(address) = address() else { return };
    for emulator in services().await {
        let client = client(&emulator, server(&address, PASSWORD));
        let rows: Vec<(i64,)> = client
            .query("range x from 1 to 1000 step 1")
            .fetch_all()
            .await
            .unwrap();
        assert_eq!(rows.len(), 1000);
    }
}

#[tokio::test]
async fn a_wrong_password_is_an_error_without_it() {
    let Some(address) = address() else { return };
    let [plain, encrypted] = services().await;
    for (emulator, kind) in [(plain, ErrorKind::Service), (encrypted, ErrorKind::Connect)] {
        let client = client(&emulator, server(&address, "hush-wrong"));
        let error = client.query("print 1").stream().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
}

#[tokio::test]
async fn requests_go_through_the_proxy_of_the_environment() {
    if address().is_none() {
        return;
    }
    for emulator in services().await {
        let client = client(&emulator, Proxy::Environment);
        assert_eq!(
            client.query("print x = 1").fetch_one::<(i64,)>().await.unwrap(),
            (1,)
        );
    }
}
