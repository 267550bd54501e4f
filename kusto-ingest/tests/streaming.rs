//! What streaming ingestion sends, and what becomes of refusals.

#[path = "../../kusto-transport/tests/transport/listen.rs"]
mod listen;

use std::io::Read;
use std::sync::{Arc, Mutex};

use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request};
use bytes::Bytes;
use kusto_auth::{Credential, TrustedHosts};
use kusto_ingest::{IngestErrorKind, IngestionProperties, Source, StreamedIngestion, StreamingIngestClient};
use kusto_protocol::DataFormat;
use kusto_transport::{Pipeline, PipelineOptions};

/// Answers everything alike and keeps what it was sent.
#[derive(Debug)]
struct Table {
    status: u16,
    body: &'static str,
    seen: Mutex<Vec<(Request, Bytes)>>,
}

#[async_trait::async_trait]
impl HttpClient for Table {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let Body::Bytes(bytes) = request.body() else {
            panic!("bodies are bytes")
        };
        self.seen.lock().unwrap().push((request.clone(), bytes.clone()));
        let mut headers = Headers::new();
        headers.insert("x-ms-activity-id", "a-1");
        Ok(AsyncRawResponse::from_bytes(
            self.status.into(),
            headers,
            self.body,
        ))
    }
}

fn table(status: u16, body: &'static str) -> (Arc<Table>, StreamingIngestClient) {
    listen::listen();
    let table = Arc::new(Table {
        status,
        body,
        seen: Mutex::default(),
    });
    let pipeline = Pipeline::new(
        "http://localhost:8080".parse().unwrap(),
        Credential::anonymous(),
        TrustedHosts::default(),
        Arc::clone(&table) as _,
        PipelineOptions::default(),
    );
    (table, StreamingIngestClient::new(pipeline))
}

fn properties() -> IngestionProperties {
    IngestionProperties::new("My db", "T")
        .format(DataFormat::Json)
        .mapping_reference("m")
}

#[tokio::test]
async fn rows_are_sent_compressed_with_table_format_and_mapping() {
    let (table, client) = table(200, "");
    let rows = "{\"a\":1}\n";
    let done: StreamedIngestion = client.ingest(Source::bytes(rows), &properties()).await.unwrap();
    let seen = table.seen.lock().unwrap();
    let (request, body) = &seen[0];
    assert_eq!(
        request.path_and_query(),
        "/v1/rest/ingest/My%20db/T?streamFormat=json&mappingName=m"
    );
    let header = |name: &'static str| request.headers().get_optional_str(&name.into());
    assert_eq!(
        (header("content-encoding"), header("content-type")),
        (Some("gzip"), Some("application/octet-stream"))
    );
    let mut plain = String::new();
    flate2::read::GzDecoder::new(&body[..])
        .read_to_string(&mut plain)
        .unwrap();
    assert_eq!(plain, rows);
    assert_eq!(
        (done.activity_id.as_deref(), done.bytes_sent),
        (Some("a-1"), body.len() as u64)
    );
    assert_eq!(
        header("x-ms-client-request-id"),
        Some(done.client_request_id.as_str())
    );
}

#[tokio::test]
async fn the_format_must_be_known() {
    let (table, client) = table(200, "");
    let error = client
        .ingest(Source::bytes("1\n"), &IngestionProperties::new("db", "T"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), IngestErrorKind::Properties);
    assert!(error.to_string().contains("format()"), "{error}");
    assert!(table.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn too_much_data_is_not_sent_unless_the_limit_is_raised() {
    let (table, client) = table(200, "");
    let much = vec![b' '; StreamingIngestClient::DEFAULT_MAX_BYTES + 1];
    let error = client
        .ingest(Source::bytes(much.clone()), &properties())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), IngestErrorKind::TooLarge);
    assert!(table.seen.lock().unwrap().is_empty());
    client
        .max_bytes(much.len())
        .ingest(Source::bytes(much), &properties())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_refusal_keeps_the_services_words() {
    let body = r#"{"error":{"code":"BadRequest","message":"bad","@message":"Streaming ingestion is disabled",
        "@type":"Kusto.DataNode.Exceptions.StreamingIngestionRequestException","@permanent":true}}"#;
    let (_, client) = table(400, body);
    let error = client
        .ingest(Source::bytes("{}\n"), &properties())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.is_permanent()),
        (IngestErrorKind::Rejected, true)
    );
    assert!(
        error.to_string().contains("Streaming ingestion is disabled"),
        "{error}"
    );
    assert_eq!(error.transport().unwrap().activity_id(), Some("a-1"));
    let (_, client) = table(413, "");
    let error = client
        .ingest(Source::bytes("{}\n"), &properties())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), IngestErrorKind::TooLarge);
}

#[test]
fn futures_can_move_between_threads() {
    fn is_send<T: Send>(_: T) {}
    let (_, client) = table(200, "");
    is_send(client.ingest(Source::bytes("1"), &properties()));
}
