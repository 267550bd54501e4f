//! An account in Azurite, and what the tests see there without the crate that is tested.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use azure_core::http::{Body, HttpClient, Method, Request, Url};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::azurite::Azurite as Process;

/// A storage account on loopback, and a client of it.
pub(crate) struct Azurite {
    account: &'static Account,
    /// One for each test: connections belong to its runtime.
    pub(crate) http: Arc<dyn HttpClient>,
}

/// The same for all tests of a process.
struct Account {
    name: String,
    key: Vec<u8>,
    blob: String,
    queue: String,
    table: String,
    /// Number of the next container, queue or table, so that no two tests have the same.
    next: AtomicUsize,
    _process: Mutex<Process>,
}

impl Azurite {
    /// The account; `None`, with a word about it, where there is no Node.js. In CI that is a failure.
    pub(crate) fn start() -> Option<Self> {
        static ACCOUNT: OnceLock<Option<Account>> = OnceLock::new();
        Some(Self {
            account: ACCOUNT.get_or_init(Account::start).as_ref()?,
            http: kusto_transport::http_client().expect("a client"),
        })
    }

    pub(crate) async fn container(&self, name: &str) -> String {
        let url = self.signed(&self.account.blob, &format!("{name}-{}", self.account.number()));
        self.made(
            self.send(Method::Put, &format!("{url}&restype=container"), "")
                .await,
        );
        url
    }

    pub(crate) async fn queue(&self, name: &str) -> String {
        let url = self.signed(&self.account.queue, &format!("{name}-{}", self.account.number()));
        self.made(self.send(Method::Put, &url, "").await);
        url
    }

    pub(crate) async fn table(&self, name: &str) -> String {
        let name = &format!("{name}{}", self.account.number());
        let tables = self.signed(&self.account.table, "Tables");
        self.made(
            self.send(Method::Post, &tables, &format!("{{\"TableName\":\"{name}\"}}"))
                .await,
        );
        self.signed(&self.account.table, name)
    }

    /// The messages of a queue, from base64.
    pub(crate) async fn messages(&self, queue: &str) -> Vec<serde_json::Value> {
        let (path, signature) = queue.split_once('?').expect("signed");
        let url = format!("{path}/messages?peekonly=true&numofmessages=32&{signature}");
        let (_, xml) = self.send(Method::Get, &url, "").await;
        let xml = String::from_utf8(xml).expect("text");
        let texts = xml.split("<MessageText>").skip(1);
        let json = texts.map(|text| {
            BASE64_STANDARD
                .decode(text.split('<').next().unwrap())
                .expect("base64")
        });
        json.map(|json| serde_json::from_slice(&json).expect("JSON"))
            .collect()
    }

    /// Puts a message into a queue, as the service does.
    pub(crate) async fn post(&self, queue: &str, message: &serde_json::Value) {
        let (path, signature) = queue.split_once('?').expect("signed");
        let text = BASE64_STANDARD.encode(message.to_string());
        let body = format!("<QueueMessage><MessageText>{text}</MessageText></QueueMessage>");
        self.send(Method::Post, &format!("{path}/messages?{signature}"), &body)
            .await;
    }

    /// The content of a blob by its signed address; `None` if it is not there.
    pub(crate) async fn blob(&self, address: &str) -> Option<Vec<u8>> {
        let (status, body) = self.send(Method::Get, address, "").await;
        (status == 200).then_some(body)
    }

    /// How many blobs a container has.
    pub(crate) async fn blobs(&self, container: &str) -> usize {
        let (_, xml) = self
            .send(
                Method::Get,
                &format!("{container}&restype=container&comp=list"),
                "",
            )
            .await;
        String::from_utf8(xml).expect("text").matches("<Blob>").count()
    }

    /// Replaces members of a row, as the service does when it is done.
    pub(crate) async fn merge_row(&self, table: &str, key: &str, members: &serde_json::Value) {
        let (path, signature) = table.split_once('?').expect("signed");
        let url = format!("{path}(PartitionKey='{key}',RowKey='{key}')?{signature}");
        let (status, body) = self
            .send(Method::Put, &url, &with_keys(members, key).to_string())
            .await;
        assert!(status < 300, "{status} {}", String::from_utf8_lossy(&body));
    }

    fn made(&self, (status, body): (u16, Vec<u8>)) {
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
    }

    async fn send(&self, method: Method, url: &str, body: &str) -> (u16, Vec<u8>) {
        let mut request = Request::new(url.parse::<Url>().expect("an address"), method);
        request.insert_header("x-ms-version", "2020-08-04");
        request.insert_header(
            "accept",
            if body.starts_with('{') {
                "application/json;odata=nometadata"
            } else {
                "*/*"
            },
        );
        if body.starts_with('{') {
            request.insert_header("content-type", "application/json");
        }
        request.insert_header("content-length", body.len().to_string());
        request.set_body(Body::Bytes(body.to_owned().into()));
        let (status, _, body) = self
            .http
            .execute_request(&request)
            .await
            .expect("an answer")
            .deconstruct();
        (status.into(), body.collect().await.expect("a body").to_vec())
    }

    /// The address of something below a service, with a signature for the whole account.
    fn signed(&self, service: &str, name: &str) -> String {
        let expiry = "2099-01-01T00:00:00Z";
        let account = &self.account.name;
        let text = format!("{account}\nrwdlacup\nbqt\nsco\n\n{expiry}\n\nhttp,https\n2020-08-04\n");
        let signature = BASE64_STANDARD.encode(hmac_sha256(&self.account.key, text.as_bytes()));
        let mut url: Url = format!("{service}/{name}").parse().expect("an address");
        for (name, value) in [
            ("sv", "2020-08-04"),
            ("ss", "bqt"),
            ("srt", "sco"),
            ("sp", "rwdlacup"),
            ("se", expiry),
            ("spr", "http,https"),
            ("sig", &signature),
        ] {
            url.query_pairs_mut().append_pair(name, value);
        }
        url.to_string()
    }
}

impl Account {
    fn start() -> Option<Self> {
        let process = Process::start().expect("Azurite starts")?;
        let found = |name: &str| {
            let pairs = process
                .connection_string
                .split(';')
                .filter_map(|pair| pair.split_once('='));
            let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
            values.next().expect("a value").to_owned()
        };
        Some(Self {
            name: found("AccountName"),
            key: BASE64_STANDARD.decode(found("AccountKey")).expect("base64"),
            blob: found("BlobEndpoint"),
            queue: found("QueueEndpoint"),
            table: found("TableEndpoint"),
            next: AtomicUsize::new(0),
            _process: Mutex::new(process),
        })
    }

    fn number(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

fn with_keys(members: &serde_json::Value, key: &str) -> serde_json::Value {
    let mut row = members.clone();
    row["PartitionKey"] = key.into();
    row["RowKey"] = key.into();
    row
}

/// RFC 2104.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let hash = |pad: u8, message: &[u8]| {
        let padded = block.map(|byte| byte ^ pad);
        Sha256::new()
            .chain_update(padded)
            .chain_update(message)
            .finalize()
    };
    hash(0x5c, &hash(0x36, message)).to_vec()
}
