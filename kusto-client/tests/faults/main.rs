//! Whatever goes wrong between the client and a service: what the caller sees, and what was done.
//!
//! The whole way: the bundled HTTP client, a proxy that does harm, the embedded service.
#![cfg(feature = "http-client")]

mod connection;
mod every_point;
#[path = "../../../kusto-transport/tests/transport/listen.rs"]
mod listen;
mod proxy;
mod table;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use azure_core::http::{AsyncRawResponse, HttpClient, Request};
use kusto_client::{
    Client, Credential, DataFormat, Error, HttpClientOptions, IngestionProperties, Proxy as HttpProxy,
    RetryPolicy, Secret, Source, http_client_with,
};

/// The ways to ask something of a service, as far as repeating is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Query,
    Command,
    IdempotentCommand,
    Ingestion,
}

const KINDS: [Kind; 4] = [
    Kind::Query,
    Kind::Command,
    Kind::IdempotentCommand,
    Kind::Ingestion,
];

/// How a client is set up.
#[derive(Clone, Debug)]
struct Setting {
    http_client: Arc<dyn HttpClient>,
    is_tls: bool,
    /// Whether the time limit is to be reached.
    is_hasty: bool,
    /// How many connections go to a port where nobody listens before one is made.
    refused: usize,
}

impl Setting {
    /// A setting without harm. No connection is used twice, so that each try has one of its own.
    fn new(certificate: Option<&str>) -> Self {
        listen::listen();
        let mut options = HttpClientOptions::default();
        options.proxy = HttpProxy::None;
        options.max_idle_connections = 0;
        options.http2 = false;
        options.root_certificates.extend(certificate.map(str::to_owned));
        Self {
            http_client: http_client_with(&options).unwrap(),
            is_tls: certificate.is_some(),
            is_hasty: false,
            refused: 0,
        }
    }
}

/// A client of whatever listens at the address.
fn client(address: SocketAddr, setting: &Setting) -> Client {
    let http_client = Unreachable {
        http_client: Arc::clone(&setting.http_client),
        left: AtomicUsize::new(setting.refused),
    };
    let mut retry = RetryPolicy::default();
    retry.first_delay = Duration::from_millis(1);
    let scheme = if setting.is_tls { "https" } else { "http" };
    let limit = Duration::from_secs(if setting.is_hasty { 1 } else { 300 });
    Client::builder(format!("{scheme}://{address}/NetDefaultDB;Uncompressed=true"))
        .credential(tokens())
        .http_client(Arc::new(http_client))
        .retry(retry)
        .query_timeout(limit)
        .mgmt_timeout(limit)
        .ingest_timeout(limit)
        .timeout_margin(Duration::ZERO)
        .max_redirects(5)
        .build()
        .unwrap()
}

/// Asks once, and says in a word what the caller sees. Every kind but a query adds a row to the table.
async fn ask(client: &Client, kind: Kind, table: &str) -> String {
    let (rows, end) = match kind {
        Kind::Query => {
            let (rows, end) = query(client).await;
            let expected: Vec<i64> = (1..=rows.len() as i64).collect();
            assert_eq!(rows, expected, "rows are lost, or come twice");
            (rows.len(), end)
        }
        Kind::Command => (0, append(client, table, false).await),
        Kind::IdempotentCommand => (0, append(client, table, true).await),
        Kind::Ingestion => {
            let properties = IngestionProperties::new("NetDefaultDB", table).format(DataFormat::Csv);
            let ingestion = client.streaming_ingest();
            let end = ingestion.ingest(Source::bytes("1\n"), &properties).await;
            (0, end.map(drop).map_err(Error::from))
        }
    };
    match end {
        Ok(()) => {
            assert!(kind != Kind::Query || rows == 5, "{rows} rows and no error");
            "done".to_owned()
        }
        Err(error) => {
            assert!(!error.to_string().contains("hush"), "{error}");
            let some = if rows > 0 { "rows, " } else { "" };
            format!("{some}`{:?}`", error.kind())
        }
    }
}

async fn append(client: &Client, table: &str, is_idempotent: bool) -> Result<(), Error> {
    let command = client.mgmt(format!(".append {table} <| print x = 1"));
    let command = if is_idempotent {
        command.idempotent()
    } else {
        command
    };
    command.data_set().await.map(drop)
}

async fn query(client: &Client) -> (Vec<i64>, Result<(), Error>) {
    let mut rows = Vec::new();
    let mut results = match client.query("range x from 1 to 5 step 1").stream().await {
        Ok(results) => results,
        Err(error) => return (rows, Err(error)),
    };
    loop {
        match results.next().await {
            Ok(Some(batch)) => rows.extend(batch.deserialize::<(i64,)>().map(|row| row.unwrap().0)),
            Ok(None) => return (rows, Ok(())),
            Err(error) => return (rows, Err(error)),
        }
    }
}

/// How many rows a table has.
async fn count(client: &Client, table: &str) -> usize {
    let (count,): (i64,) = client
        .query(format!("{table} | count"))
        .fetch_one()
        .await
        .unwrap();
    count.try_into().unwrap()
}

/// Another token each time, for which nobody has to be asked.
fn tokens() -> Credential {
    let count = AtomicUsize::new(0);
    Credential::callback_sync(move || {
        let number = count.fetch_add(1, Ordering::SeqCst);
        Ok::<_, std::fmt::Error>(Secret::new(format!("hush{number}")))
    })
}

/// Sends the first requests to a port where nobody listens.
#[derive(Debug)]
struct Unreachable {
    http_client: Arc<dyn HttpClient>,
    left: AtomicUsize,
}

#[async_trait::async_trait]
impl HttpClient for Unreachable {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let take = |left: usize| left.checked_sub(1);
        if self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
            .is_err()
        {
            return self.http_client.execute_request(request).await;
        }
        let nobody = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = nobody.local_addr().unwrap().port();
        drop(nobody);
        let mut elsewhere = request.clone();
        elsewhere.url_mut().set_port(Some(port)).unwrap();
        self.http_client.execute_request(&elsewhere).await
    }
}
