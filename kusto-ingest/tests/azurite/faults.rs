//! What breaks on the way, and what is to be survived.

use std::pin::Pin;
use std::task::{Context, Poll};

use kusto_ingest::{Acknowledge, BatchingSink, IngestErrorKind, IngestionProperties, SinkOptions, Source};
use kusto_protocol::DataFormat;

use crate::service::{Fault, Service};
use crate::storage::Azurite;
use crate::unpack;

fn csv() -> IngestionProperties {
    IngestionProperties::new("db", "T").format(DataFormat::Csv)
}

/// Ten megabytes that are no text and so are not compressed: three blocks.
fn parquet() -> Vec<u8> {
    let mut bytes = b"PAR1".to_vec();
    bytes.extend((0..10u32 << 20).map(|n| (n % 251) as u8));
    bytes
}

#[tokio::test]
async fn a_block_that_fails_is_sent_again_alone() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    for fault in [
        Fault::Lost,
        Fault::AnswerLost,
        Fault::Status(503),
        Fault::Status(500),
    ] {
        let service = Service::new(
            &azurite.http,
            &[
                ("TempStorage", &container),
                ("SecuredReadyForAggregationQueue", &queue),
            ],
        );
        service.fault("comp=block&", fault, 1);
        service.fault("comp=blocklist", fault, 1);
        let properties = csv().format(DataFormat::Parquet);
        let retried = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
        let listener = std::sync::Arc::clone(&retried);
        let client = service.queued().on_progress(move |progress| {
            listener.store(progress.blocks_retried, std::sync::atomic::Ordering::Relaxed);
        });
        let source = Source::reader(futures::io::Cursor::new(parquet()));
        client.ingest(source, &properties).await.unwrap();
        assert_eq!(service.seen("comp=block&"), 4, "{fault:?}");
        assert_eq!(service.seen("comp=blocklist"), 2, "{fault:?}");
        assert_eq!(retried.load(std::sync::atomic::Ordering::Relaxed), 1);
        let message = azurite.messages(&queue).await.pop().unwrap();
        assert!(azurite.blob(message["BlobPath"].as_str().unwrap()).await.unwrap() == parquet());
    }
}

#[tokio::test]
async fn an_account_that_is_down_is_left_for_another() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    let (no_container, no_queue) = (azurite.container("gone").await, azurite.queue("gone").await);
    for large in [false, true] {
        let service = Service::new(
            &azurite.http,
            &[
                ("TempStorage", &no_container),
                ("TempStorage", &container),
                ("SecuredReadyForAggregationQueue", &no_queue),
                ("SecuredReadyForAggregationQueue", &queue),
            ],
        );
        service.fault("/gone", Fault::Status(403), usize::MAX);
        let (data, properties) = if large {
            (parquet(), csv().format(DataFormat::Parquet))
        } else {
            (b"a,1\n".to_vec(), csv())
        };
        // The order is chance; in so many tries the dead ones come first at least once.
        for _ in 0..6 {
            service
                .queued()
                .ingest(Source::bytes(data.clone()), &properties)
                .await
                .unwrap();
        }
        assert!(azurite.messages(&no_queue).await.is_empty());
        let message = azurite.messages(&queue).await.pop().unwrap();
        let blob = azurite.blob(message["BlobPath"].as_str().unwrap()).await.unwrap();
        assert!(if large {
            blob == data
        } else {
            unpack(&blob) == data
        });
    }
}

#[tokio::test]
async fn without_any_storage_nothing_is_queued() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    let service = Service::new(
        &azurite.http,
        &[
            ("TempStorage", &container),
            ("SecuredReadyForAggregationQueue", &queue),
        ],
    );
    service.fault("/blobs-", Fault::Status(403), usize::MAX);
    let error = service
        .queued()
        .ingest(Source::bytes("a"), &csv())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), IngestErrorKind::Upload);
    assert!(!error.is_permanent());
    let text = format!("{error} {error:?}");
    assert!(text.contains("status 403") && !text.contains("sig"), "{text}");
    assert!(azurite.messages(&queue).await.is_empty());
}

#[tokio::test]
async fn a_post_whose_answer_is_lost_is_made_again_under_the_same_id() {
    let Some(azurite) = Azurite::start() else { return };
    let container = azurite.container("blobs").await;
    let (one, other) = (azurite.queue("one").await, azurite.queue("other").await);
    let service = Service::new(
        &azurite.http,
        &[
            ("TempStorage", &container),
            ("SecuredReadyForAggregationQueue", &one),
            ("SecuredReadyForAggregationQueue", &other),
        ],
    );
    service.fault("/messages", Fault::AnswerLost, 1);
    let properties = csv().idempotency_key("k");
    let operation = service
        .queued()
        .ingest(Source::bytes("a"), &properties)
        .await
        .unwrap();
    let mut messages = azurite.messages(&one).await;
    messages.extend(azurite.messages(&other).await);
    assert_eq!(messages.len(), 2);
    for message in messages {
        assert_eq!(message["Id"], serde_json::json!(operation.source_id));
        assert_eq!(
            message["AdditionalProperties"]["ingestIfNotExists"],
            serde_json::json!("[\"k\"]")
        );
    }
}

#[tokio::test]
async fn a_busy_service_is_asked_again() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    let service = Service::new(
        &azurite.http,
        &[
            ("TempStorage", &container),
            ("SecuredReadyForAggregationQueue", &queue),
        ],
    );
    service.fault("/v1/rest/mgmt", Fault::Status(429), 3);
    service.queued().ingest(Source::bytes("a"), &csv()).await.unwrap();
    assert_eq!(service.seen("/v1/rest/mgmt"), 5);
}

#[tokio::test]
async fn a_signature_that_has_expired_is_asked_for_anew() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    for words in ["/blobs-", "/messages"] {
        let service = Service::new(
            &azurite.http,
            &[
                ("TempStorage", &container),
                ("SecuredReadyForAggregationQueue", &queue),
            ],
        );
        let client = service.queued();
        client.ingest(Source::bytes("a"), &csv()).await.unwrap();
        assert_eq!(service.seen("/v1/rest/mgmt"), 2);
        service.tokens(&["another"]);
        service.fault(words, Fault::Status(403), 1);
        client.ingest(Source::bytes("b"), &csv()).await.unwrap();
        assert_eq!(service.seen("/v1/rest/mgmt"), 4);
        let messages = azurite.messages(&queue).await;
        let last = &messages.last().unwrap()["AdditionalProperties"];
        assert_eq!(last["authorizationContext"], serde_json::json!("another"));
    }
}

#[tokio::test]
async fn a_batch_is_sent_again_with_a_new_token_if_its_own_has_expired() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    let table = azurite.table("status").await;
    let service = Service::new(
        &azurite.http,
        &[
            ("TempStorage", &container),
            ("SecuredReadyForAggregationQueue", &queue),
            ("IngestionsStatusTable", &table),
        ],
    );
    service.tokens(&["expired", "good"]);
    let mut options = SinkOptions::default();
    options.acknowledge = Acknowledge::Ingested;
    options.max_batch_rows = 1;
    let sink = BatchingSink::new(service.queued(), csv(), options).unwrap();
    let receipt = sink.push(b"a,1").await.unwrap();
    let message = |number: usize| {
        let (azurite, queue) = (&azurite, &queue);
        async move {
            loop {
                if let Some(message) = azurite.messages(queue).await.get(number) {
                    return message.clone();
                }
                tokio::task::yield_now().await;
            }
        }
    };
    let first = message(0).await;
    assert_eq!(
        first["AdditionalProperties"]["authorizationContext"],
        serde_json::json!("expired")
    );
    let id = first["Id"].as_str().unwrap();
    let refused = serde_json::json!({
        "Status": "Failed", "IngestionSourceId": id, "FailureStatus": "Permanent",
        "ErrorCode": "BadRequest_InvalidKustoIdentityToken",
    });
    azurite.merge_row(&table, id, &refused).await;
    let second = message(1).await;
    assert_eq!(second["Id"], first["Id"]);
    assert_eq!(
        second["AdditionalProperties"]["authorizationContext"],
        serde_json::json!("good")
    );
    let done = serde_json::json!({"Status": "Succeeded", "IngestionSourceId": id});
    azurite.merge_row(&table, id, &done).await;
    receipt.await.unwrap();
    // What the row said before was not taken for the outcome of the second message.
    assert_eq!(azurite.messages(&queue).await.len(), 2);
}

/// Gives ten megabytes, then fails.
struct Failing(usize);

impl futures::AsyncRead for Failing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<std::io::Result<usize>> {
        let filled = buffer.len().min(self.0);
        self.0 -= filled;
        buffer[..filled].copy_from_slice(&b"PAR1".repeat(filled.div_ceil(4))[..filled]);
        Poll::Ready(if filled == 0 {
            Err(std::io::Error::other("torn"))
        } else {
            Ok(filled)
        })
    }
}

#[tokio::test]
async fn a_reader_that_fails_half_way_leaves_nothing_behind() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    let service = Service::new(
        &azurite.http,
        &[
            ("TempStorage", &container),
            ("SecuredReadyForAggregationQueue", &queue),
        ],
    );
    let properties = csv().format(DataFormat::Parquet);
    let error = service
        .queued()
        .ingest(Source::reader(Failing(20 << 20)), &properties)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (IngestErrorKind::Source, "data of a reader cannot be read")
    );
    assert!(service.seen("comp=block&") > 0);
    assert_eq!(azurite.blobs(&container).await, 0);
    assert!(azurite.messages(&queue).await.is_empty());
}
