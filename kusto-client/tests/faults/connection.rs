//! Connections that cannot be had, and those that are there no more when they are needed again.

use std::sync::Arc;
use std::time::Duration;

use kusto_client::{Client, Credential, ErrorKind, HttpClientOptions, Proxy as HttpProxy, http_client_with};
use kusto_emulator::Emulator;
use tokio::sync::Notify;

use crate::proxy::{End, Fault, Proxy};
use crate::{KINDS, Kind, Setting, ask, client};

/// What a connection that idles for long comes to: load balancers close it, or forget it and reset it later.
#[tokio::test]
async fn a_connection_that_was_dropped_while_it_was_idle_is_replaced() {
    let emulator = Emulator::start().await.unwrap();
    let service = emulator.uri().strip_prefix("http://").unwrap().parse().unwrap();
    let mut options = HttpClientOptions::default();
    options.proxy = HttpProxy::None;
    let mut setting = Setting::new(None);
    setting.http_client = http_client_with(&options).unwrap();
    let direct = client(service, &Setting::new(None));
    for kind in KINDS {
        let table = format!("{kind:?}");
        let create = direct.mgmt(format!(".create table {table} (x: long)"));
        create.data_set().await.unwrap();
        for end in [End::Close, End::Reset] {
            let idle = Arc::new(Notify::new());
            let when = Arc::clone(&idle);
            let proxy = Proxy::start(service, move |connection| match connection {
                0 => Fault::When(Arc::clone(&when), end),
                _ => Fault::None,
            })
            .await;
            let client = client(proxy.address, &setting);
            assert_eq!(ask(&client, kind, &table).await, "done");
            idle.notify_one();
            sizes(&proxy).await;
            // What the proxy did has to come through the network.
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert_eq!(ask(&client, kind, &table).await, "done", "{kind:?}, {end:?}");
            assert_eq!(proxy.connections(), 2);
        }
    }
}

#[tokio::test]
async fn a_connection_is_used_again_until_it_was_idle_for_too_long() {
    let emulator = Emulator::start().await.unwrap();
    let service = emulator.uri().strip_prefix("http://").unwrap().parse().unwrap();
    for (idle_timeout, connections) in [(Duration::from_secs(180), 1), (Duration::from_millis(10), 2)] {
        let proxy = Proxy::start(service, |_| Fault::None).await;
        let mut options = HttpClientOptions::default();
        options.proxy = HttpProxy::None;
        options.idle_timeout = idle_timeout;
        let mut setting = Setting::new(None);
        setting.http_client = http_client_with(&options).unwrap();
        let client = client(proxy.address, &setting);
        for _ in 0..2 {
            assert_eq!(ask(&client, Kind::Query, "").await, "done");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(proxy.connections(), connections, "{idle_timeout:?}");
    }
}

/// Over TLS the service offers HTTP/2, which needs one connection for everything that is under way.
#[tokio::test]
async fn http2_is_used_where_it_is_offered_and_allowed() {
    let emulator = Emulator::builder().tls().start().await.unwrap();
    let service = emulator.uri().rsplit('/').next().unwrap().parse().unwrap();
    for http2 in [true, false] {
        let proxy = Proxy::start(service, |_| Fault::None).await;
        let mut options = HttpClientOptions::default();
        options.proxy = HttpProxy::None;
        options.http2 = http2;
        options
            .root_certificates
            .extend(emulator.certificate().map(str::to_owned));
        let mut setting = Setting::new(emulator.certificate());
        setting.http_client = http_client_with(&options).unwrap();
        let client = client(proxy.address, &setting);
        assert_eq!(ask(&client, Kind::Query, "").await, "done");
        let asked = futures::future::join_all((0..8).map(|_| ask(&client, Kind::Query, ""))).await;
        assert!(asked.iter().all(|seen| seen == "done"), "{asked:?}");
        assert_eq!(
            proxy.connections() == 1,
            http2,
            "{} connections",
            proxy.connections()
        );
    }
}

/// Asking where to sign in comes first, and is no reason to ask again either.
#[tokio::test]
async fn a_certificate_that_is_not_trusted_ends_the_search_for_the_cloud() {
    let emulator = Emulator::builder().tls().start().await.unwrap();
    let service = emulator
        .uri()
        .strip_prefix("https://")
        .unwrap()
        .replace("localhost", "127.0.0.1");
    let proxy = Proxy::start(service.parse().unwrap(), |_| Fault::None).await;
    let client = Client::builder(format!("https://{}", proxy.address))
        .credential(Credential::client_secret("tenant", "application", "hush"))
        .http_client(Setting::new(None).http_client)
        .build()
        .unwrap();
    let error = client.query("print 1").stream().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.is_permanent());
    assert!(
        error.to_string().contains("certificate was not accepted"),
        "{error}"
    );
    assert_eq!(proxy.connections(), 1);
}

/// How many bytes the first connection carried, once it has ended.
async fn sizes(proxy: &Proxy) -> (usize, usize) {
    loop {
        match proxy.sizes() {
            (0, _) => tokio::task::yield_now().await,
            sizes => return sizes,
        }
    }
}
