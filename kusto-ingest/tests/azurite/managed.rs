//! Streams what it can, queues the rest.

use kusto_ingest::{IngestErrorKind, Ingested, IngestionProperties, ManagedStreamingIngestClient, Source};
use kusto_protocol::DataFormat;

use crate::service::{Fault, Service};
use crate::storage::Azurite;
use crate::unpack;

fn csv() -> IngestionProperties {
    IngestionProperties::new("db", "T").format(DataFormat::Csv)
}

const OFF: &str = r#"{"error":{"code":"BadRequest","message":"Streaming ingestion policy is not enabled for the table","@type":"Kusto.DataNode.Exceptions.StreamingIngestionRequestException","@message":"Streaming ingestion is disabled","@permanent":true}}"#;
const BAD: &str = r#"{"error":{"code":"BadRequest","message":"bad rows","@type":"Kusto.DataNode.Exceptions.StreamingIngestionRequestException","@message":"bad rows","@permanent":true}}"#;
const HICCUP: &str =
    r#"{"error":{"code":"Internal","message":"hiccup","@type":"X","@message":"hiccup","@permanent":false}}"#;

#[tokio::test]
async fn the_way_follows_the_service() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    let ok = (200, "{\"Tables\":[]}");
    for (answers, streamed_tries, is_queued) in [
        (vec![ok], 1, false),
        (vec![(500, HICCUP), ok], 2, false),
        (vec![(400, OFF)], 1, true),
        (vec![(404, "")], 1, true),
        (vec![(413, "")], 1, true),
        (vec![(500, HICCUP)], 3, true),
    ] {
        let service = Service::new(
            &azurite.http,
            &[
                ("TempStorage", &container),
                ("SecuredReadyForAggregationQueue", &queue),
            ],
        );
        service.streaming(&answers);
        let before = azurite.messages(&queue).await.len();
        let client = ManagedStreamingIngestClient::new(&service.pipeline());
        let ingested = client.ingest(Source::bytes("a,1\n"), &csv()).await.unwrap();
        assert_eq!(matches!(ingested, Ingested::Queued(_)), is_queued, "{answers:?}");
        assert_eq!(service.seen("/v1/rest/ingest/"), streamed_tries, "{answers:?}");
        let messages = azurite.messages(&queue).await;
        assert_eq!(messages.len() - before, usize::from(is_queued), "{answers:?}");
        if let Ingested::Queued(operation) = ingested {
            let message = messages
                .iter()
                .find(|message| message["Id"] == serde_json::json!(operation.source_id));
            let blob = message.unwrap()["BlobPath"].as_str().unwrap();
            assert_eq!(unpack(&azurite.blob(blob).await.unwrap()), b"a,1\n");
        }
    }
}

#[tokio::test]
async fn a_table_that_does_not_stream_is_queued_to_for_a_while() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    let service = Service::new(
        &azurite.http,
        &[
            ("TempStorage", &container),
            ("SecuredReadyForAggregationQueue", &queue),
        ],
    );
    service.streaming(&[(400, OFF)]);
    let client = ManagedStreamingIngestClient::new(&service.pipeline());
    for _ in 0..3 {
        let ingested = client.ingest(Source::bytes("a,1\n"), &csv()).await.unwrap();
        assert!(matches!(ingested, Ingested::Queued(_)));
    }
    assert_eq!(service.seen("/v1/rest/ingest/"), 1);
}

#[tokio::test]
async fn bad_data_is_never_queued() {
    let service = Service::new(&kusto_transport::http_client().unwrap(), &[]);
    service.streaming(&[(400, BAD)]);
    let client = ManagedStreamingIngestClient::new(&service.pipeline());
    let error = client.ingest(Source::bytes("a,1\n"), &csv()).await.unwrap_err();
    assert_eq!(error.kind(), IngestErrorKind::Rejected);
    assert_eq!(service.seen(""), 1);
}

#[tokio::test]
async fn what_streaming_does_not_take_is_queued_at_once_and_read_once() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    let service = Service::new(
        &azurite.http,
        &[
            ("TempStorage", &container),
            ("SecuredReadyForAggregationQueue", &queue),
        ],
    );
    let client = ManagedStreamingIngestClient::new(&service.pipeline());
    let large: Vec<u8> = (0..600_000u32)
        .flat_map(|n| format!("{n},row\n").into_bytes())
        .collect();
    for (data, properties) in [(large, csv()), (b"a,1\n".to_vec(), csv().tag("x"))] {
        let source = Source::reader(futures::io::Cursor::new(data.clone()));
        let ingested = client.ingest(source, &properties).await.unwrap();
        assert!(matches!(ingested, Ingested::Queued(_)));
        let message = azurite.messages(&queue).await.pop().unwrap();
        assert!(unpack(&azurite.blob(message["BlobPath"].as_str().unwrap()).await.unwrap()) == data);
    }
    assert_eq!(service.seen("/v1/rest/ingest/"), 0);
}

#[tokio::test]
async fn a_streamed_answer_that_is_lost_is_repeated_under_the_same_source_id() {
    let service = Service::new(&kusto_transport::http_client().unwrap(), &[]);
    service.fault("/v1/rest/ingest/", Fault::AnswerLost, 1);
    let client = ManagedStreamingIngestClient::new(&service.pipeline());
    let ingested = client
        .ingest(Source::bytes("a,1\n"), &csv().idempotency_key("k"))
        .await;
    // A key needs tags, which streaming does not know: nothing was streamed, and there is no storage here.
    assert_eq!(ingested.unwrap_err().kind(), IngestErrorKind::Resources);
    let Ingested::Streamed(streamed) = client.ingest(Source::bytes("a,1\n"), &csv()).await.unwrap() else {
        panic!("streams");
    };
    assert!(
        streamed.client_request_id.ends_with(";1"),
        "{}",
        streamed.client_request_id
    );
}
