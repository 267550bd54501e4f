//! The ingestion service's part, played by an HTTP client that answers commands and lets storage through; and faults.

use std::sync::{Arc, Mutex};

use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request};
use kusto_auth::{Credential, TrustedHosts};
use kusto_ingest::QueuedIngestClient;
use kusto_transport::{Pipeline, PipelineOptions, RetryPolicy};

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// The request does not arrive.
    Lost,
    /// The request arrives, its answer does not.
    AnswerLost,
    /// A status instead of the answer, with `Retry-After: 0` if it is 503 or 429.
    Status(u16),
}

/// Which requests a fault hits: all with these words in their address.
#[derive(Debug)]
struct Rule {
    words: &'static str,
    fault: Fault,
    /// How many more of them.
    times: usize,
}

/// Answers what goes to the service, and passes on what goes to storage.
#[derive(Debug)]
pub(crate) struct Service {
    storage: Arc<dyn HttpClient>,
    /// Kind and address.
    resources: Vec<(&'static str, String)>,
    rules: Mutex<Vec<Rule>>,
    seen: Mutex<Vec<String>>,
    /// The identity tokens that are given out, the last for ever.
    tokens: Mutex<Vec<&'static str>>,
    /// How streaming ingestion is answered: statuses and bodies, the last for ever.
    streaming: Mutex<Vec<(u16, &'static str)>>,
}

impl Service {
    pub(crate) fn new(storage: &Arc<dyn HttpClient>, resources: &[(&'static str, &str)]) -> Arc<Self> {
        crate::listen::listen();
        Arc::new(Self {
            storage: Arc::clone(storage),
            resources: resources
                .iter()
                .map(|(kind, root)| (*kind, (*root).to_owned()))
                .collect(),
            rules: Mutex::default(),
            seen: Mutex::default(),
            tokens: Mutex::new(vec!["who I am"]),
            streaming: Mutex::new(vec![(200, "{\"Tables\":[]}")]),
        })
    }

    pub(crate) fn streaming(&self, answers: &[(u16, &'static str)]) {
        *self.streaming.lock().unwrap() = answers.to_vec();
    }

    pub(crate) fn tokens(&self, tokens: &[&'static str]) {
        *self.tokens.lock().unwrap() = tokens.to_vec();
    }

    pub(crate) fn fault(&self, words: &'static str, fault: Fault, times: usize) {
        self.rules.lock().unwrap().push(Rule { words, fault, times });
    }

    /// How many requests had these words in their address.
    pub(crate) fn seen(&self, words: &str) -> usize {
        self.seen
            .lock()
            .unwrap()
            .iter()
            .filter(|url| url.contains(words))
            .count()
    }

    pub(crate) fn pipeline(self: &Arc<Self>) -> Pipeline {
        let mut options = PipelineOptions::default();
        options.retry = RetryPolicy::none();
        Pipeline::new(
            "http://localhost:1".parse().unwrap(),
            Credential::anonymous(),
            TrustedHosts::default(),
            Arc::clone(self) as _,
            options,
        )
    }

    pub(crate) fn queued(self: &Arc<Self>) -> QueuedIngestClient {
        QueuedIngestClient::new(&self.pipeline())
    }

    fn take_fault(&self, url: &str) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap();
        let rule = rules
            .iter_mut()
            .find(|rule| rule.times > 0 && url.contains(rule.words))?;
        rule.times -= 1;
        Some(rule.fault)
    }

    fn answer(&self, request: &Request) -> AsyncRawResponse {
        if request.url().path().starts_with("/v1/rest/ingest/") {
            let (status, body) = next(&self.streaming);
            return AsyncRawResponse::from_bytes(status.into(), Headers::new(), body);
        }
        if request.url().path() == "/v1/rest/ingestion/configuration" {
            return AsyncRawResponse::from_bytes(404.into(), Headers::new(), "");
        }
        let Body::Bytes(body) = request.body() else {
            panic!("commands are bytes")
        };
        let body: serde_json::Value = serde_json::from_slice(body).expect("a command");
        let (columns, rows) = match body["csl"].as_str().expect("a command") {
            ".get ingestion resources" => (
                ["ResourceTypeName", "StorageRoot"],
                serde_json::json!(self.resources),
            ),
            ".get kusto identity token" => (
                ["AuthorizationContext", "Other"],
                serde_json::json!([[next(&self.tokens), ""]]),
            ),
            other => panic!("unexpected command {other}"),
        };
        let columns = columns.map(|name| serde_json::json!({"ColumnName": name, "DataType": "String"}));
        let answer =
            serde_json::json!({"Tables": [{"TableName": "Table_0", "Columns": columns, "Rows": rows}]});
        AsyncRawResponse::from_bytes(200.into(), Headers::new(), answer.to_string())
    }
}

/// The first of what is left, or the last.
fn next<T: Copy>(list: &Mutex<Vec<T>>) -> T {
    let mut list = list.lock().unwrap();
    if list.len() > 1 { list.remove(0) } else { list[0] }
}

#[async_trait::async_trait]
impl HttpClient for Service {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let url = request.url().to_string();
        let lost = || {
            Err(azure_core::Error::with_message(
                ErrorKind::Io,
                "the connection broke",
            ))
        };
        self.seen.lock().unwrap().push(url.clone());
        let fault = self.take_fault(&url);
        match fault {
            Some(Fault::Lost) => return lost(),
            Some(Fault::Status(status)) => {
                let mut headers = Headers::new();
                headers.insert("retry-after", "0");
                return Ok(AsyncRawResponse::from_bytes(status.into(), headers, ""));
            }
            Some(Fault::AnswerLost) | None => {}
        }
        let answer = if request.url().port() == Some(1) {
            Ok(self.answer(request))
        } else {
            self.storage.execute_request(request).await
        };
        if fault == Some(Fault::AnswerLost) {
            lost()
        } else {
            answer
        }
    }
}
