//! The REST API over a real socket, asked with a plain HTTP client and read with the decoder that clients use.

mod answer;
mod bearer;
mod command;
mod failure;
mod fault;
mod ingest;
mod journal;
mod load;
mod mapping;
mod operation;
mod request;
mod restart;
mod running;
mod schema;

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use kusto_emulator::{DEFAULT_DATABASE, Emulator};
use kusto_protocol::{DataSet, FrameDecoder, OneApiError};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

/// A service and a client that talks to it.
struct Service {
    emulator: Emulator,
    client: Client,
}

impl Service {
    async fn start() -> Self {
        Self::with(Emulator::start().await.unwrap())
    }

    async fn attached(file: &Path) -> Self {
        Self::with(Emulator::builder().attach(file).start().await.unwrap())
    }

    fn with(emulator: Emulator) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self { emulator, client }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let address = format!("{}{path}", self.emulator.uri());
        self.client.request(method, address)
    }

    fn post(&self, path: &str, text: &str, options: &Value) -> RequestBuilder {
        let body =
            json!({"db": DEFAULT_DATABASE, "csl": text, "properties": {"Options": options}}).to_string();
        self.request(Method::POST, path).body(body)
    }

    /// Asks a query in V2 with these options.
    async fn ask(&self, text: &str, options: Value) -> DataSet {
        data_set(self.post("/v2/rest/query", text, &options).send().await.unwrap()).await
    }

    /// The cells of a query's result, rows apart by lines and cells by commas.
    async fn rows(&self, text: &str) -> String {
        text_of(&self.ask(text, json!({})).await)
    }

    async fn command(&self, text: &str) -> DataSet {
        data_set(self.post("/v1/rest/mgmt", text, &json!({})).send().await.unwrap()).await
    }

    /// How an operation in the background stands once it has ended.
    async fn state_at_end(&self, id: &str) -> String {
        let command = format!(".show operations {id} | project State");
        loop {
            let state = text_of(&self.command(&command).await);
            if state != "InProgress" {
                return state;
            }
            tokio::task::yield_now().await;
        }
    }

    /// A request that must be refused: the status and the error.
    async fn refused(&self, path: &str, text: &str, options: Value) -> (StatusCode, OneApiError) {
        error(self.post(path, text, &options).send().await.unwrap()).await
    }

    async fn ingest(&self, table: &str, format: &str, body: impl Into<reqwest::Body>) -> Response {
        let path = format!("/v1/rest/ingest/{DEFAULT_DATABASE}/{table}?streamFormat={format}");
        self.request(Method::POST, &path).body(body).send().await.unwrap()
    }
}

/// An answer that must have worked.
async fn data_set(response: Response) -> DataSet {
    let (status, body) = (response.status(), response.bytes().await.unwrap());
    assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
    decode(&body)
}

fn decode(body: &[u8]) -> DataSet {
    let (mut decoder, mut data_set, mut input) = (FrameDecoder::new(), DataSet::new(), body);
    while let Some(frame) = decoder.decode(&mut input).unwrap() {
        data_set.push(frame).unwrap();
    }
    decoder.finish().unwrap();
    data_set
}

fn text_of(data_set: &DataSet) -> String {
    let table = data_set.primary_results().next().unwrap();
    let rows = table.rows().map(|row| {
        let cells: Vec<String> = row.values().map(|value| value.to_string()).collect();
        cells.join(",")
    });
    rows.collect::<Vec<_>>().join("\n")
}

async fn error(response: Response) -> (StatusCode, OneApiError) {
    let (status, body) = (response.status(), response.bytes().await.unwrap());
    let text = String::from_utf8_lossy(&body);
    let body: Value = serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{status}: {text}"));
    let error: OneApiError = serde_json::from_value(body["error"].clone()).unwrap();
    let context = error.context.as_ref().unwrap();
    assert!(context.activity_id.is_some() && context.client_request_id.is_some());
    (status, error)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}
