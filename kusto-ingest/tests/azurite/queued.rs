//! What arrives in storage and queue.

use std::time::Duration;

use kusto_ingest::{
    ColumnMapping, IngestErrorKind, IngestionOperation, IngestionProperties, IngestionStatus, Mapping,
    Source, Tracking,
};
use kusto_protocol::{DataFormat, MappingKind};
use serde_json::json;

use crate::service::Service;
use crate::storage::Azurite;
use crate::unpack;

fn csv() -> IngestionProperties {
    IngestionProperties::new("My db", "T").format(DataFormat::Csv)
}

/// More than three blocks after compression, of bytes that do not compress.
fn large() -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u32
    };
    let mut bytes = Vec::new();
    while bytes.len() < 30 << 20 {
        bytes.extend_from_slice(format!("{:x},{:x}\n", next(), next()).as_bytes());
    }
    bytes
}

#[tokio::test]
async fn small_and_large_data_arrives_whole_with_its_message() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    let service = Service::new(
        &azurite.http,
        &[
            ("TempStorage", &container),
            ("SecuredReadyForAggregationQueue", &queue),
            ("Unheard", "of"),
        ],
    );
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let listener = std::sync::Arc::clone(&seen);
    let client = service
        .queued()
        .on_progress(move |progress| listener.lock().unwrap().push(*progress));
    let mapping = Mapping::new(MappingKind::Csv, [ColumnMapping::ordinal("a", 0)]);
    for (data, is_large) in [(b"a,1\n".to_vec(), false), (large(), true)] {
        let properties = csv()
            .mapping(mapping.clone())
            .drop_by_tag("x")
            .ignore_first_record(true);
        let source = Source::reader(futures::io::Cursor::new(data.clone()));
        let operation = client.ingest(source, &properties).await.unwrap();
        assert_eq!(operation.tracking, Tracking::None);
        let message = azurite.messages(&queue).await.pop().unwrap();
        assert_eq!(message["Id"], json!(operation.source_id));
        assert_eq!(
            (&message["DatabaseName"], &message["TableName"]),
            (&json!("My db"), &json!("T"))
        );
        assert_eq!(message["RawDataSize"], json!(data.len()));
        let properties = &message["AdditionalProperties"];
        assert_eq!(properties["authorizationContext"], json!("who I am"));
        assert_eq!(properties["ingestionMapping"], json!(mapping.to_json()));
        assert_eq!(properties["tags"], json!("[\"drop-by:x\"]"));
        let blob = message["BlobPath"].as_str().unwrap();
        assert!(
            blob.contains("/My_db__T__") && blob.contains("__data.csv.gz?"),
            "{blob}"
        );
        assert!(unpack(&azurite.blob(blob).await.unwrap()) == data);
        assert_eq!(service.seen("comp=blocklist") > 0, is_large);
        let last = seen.lock().unwrap().pop().unwrap();
        assert_eq!(last.bytes_read, data.len() as u64);
        assert_eq!(last.bytes_uploaded, last.bytes_packed);
    }
    // What the service lends was asked for once.
    assert_eq!(service.seen("/v1/rest/mgmt"), 2);
}

#[tokio::test]
async fn a_blob_is_queued_where_it_is() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    let service = Service::new(
        &azurite.http,
        &[
            ("TempStorage", &container),
            ("SecuredReadyForAggregationQueue", &queue),
        ],
    );
    let source = Source::blob("https://elsewhere/c/b.parquet;managed_identity=system").raw_size(12);
    service
        .queued()
        .ingest(source, &IngestionProperties::new("db", "T"))
        .await
        .unwrap();
    let message = &azurite.messages(&queue).await[0];
    assert_eq!(
        message["BlobPath"],
        json!("https://elsewhere/c/b.parquet;managed_identity=system")
    );
    assert_eq!(
        (
            &message["RawDataSize"],
            &message["AdditionalProperties"]["format"]
        ),
        (&json!(12), &json!("parquet"))
    );
    assert_eq!(azurite.blobs(&container).await, 0);
}

#[tokio::test]
async fn status_is_found_in_the_table_even_by_another_process() {
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
    let client = service.queued();
    let operation = client
        .ingest(Source::bytes("a"), &csv().tracking(true))
        .await
        .unwrap();
    assert_eq!(client.status(&operation).await.unwrap(), IngestionStatus::Pending);
    let waited = client.wait(&operation, Duration::from_millis(1)).await.unwrap();
    assert_eq!(waited, IngestionStatus::Pending);

    let stored = serde_json::to_string(&operation).unwrap();
    assert!(!stored.contains("sig"), "{stored}");
    let operation: IngestionOperation = serde_json::from_str(&stored).unwrap();
    let id = operation.source_id.to_string();
    let failure = json!({
        "Status": "Failed", "IngestionSourceId": id, "ErrorCode": "Download_Forbidden", "FailureStatus": "Transient",
        "Details": "no way",
    });
    azurite.merge_row(&table, &id, &failure).await;
    let another = service.queued();
    match another.wait(&operation, Duration::from_secs(20)).await.unwrap() {
        IngestionStatus::Failed(failure) => {
            assert_eq!(
                (failure.code.as_deref(), failure.permanent),
                (Some("Download_Forbidden"), false)
            );
        }
        other => panic!("{other:?}"),
    }
    let message = &azurite.messages(&queue).await[0];
    assert_eq!(message["IngestionStatusInTable"]["PartitionKey"], json!(id));
}

#[tokio::test]
async fn notifications_are_shared_and_only_the_wanted_are_taken() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    let failures = azurite.queue("failures").await;
    let service = Service::new(
        &azurite.http,
        &[
            ("TempStorage", &container),
            ("SecuredReadyForAggregationQueue", &queue),
            ("FailedIngestionsQueue", &failures),
        ],
    );
    let ids = [
        "11111111-1111-1111-1111-111111111111",
        "22222222-2222-2222-2222-222222222222",
    ];
    for id in ids {
        azurite
            .post(
                &failures,
                &json!({"IngestionSourceId": id, "FailedOn": "2026-01-01T00:00:00Z"}),
            )
            .await;
    }
    let client = service.queued();
    assert_eq!(client.peek_failures().await.unwrap().len(), 2);
    let mine = client
        .pop_failures(|report| report.source_id.to_string() == ids[1])
        .await
        .unwrap();
    assert_eq!(mine.len(), 1);
    assert_eq!(mine[0].source_id.to_string(), ids[1]);
    assert!(client.peek_successes().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_wrong_is_said_before_anything_is_sent() {
    let service = Service::new(&kusto_transport::http_client().unwrap(), &[]);
    let client = service.queued();
    for (source, properties, kind) in [
        (
            Source::bytes("a"),
            IngestionProperties::new("db", "T"),
            IngestErrorKind::Properties,
        ),
        (
            Source::bytes("a"),
            csv().mapping_reference(" "),
            IngestErrorKind::Properties,
        ),
        (Source::bytes(""), csv(), IngestErrorKind::Source),
        (Source::file("/no/such/file.csv"), csv(), IngestErrorKind::Source),
    ] {
        assert_eq!(client.ingest(source, &properties).await.unwrap_err().kind(), kind);
    }
    assert_eq!(service.seen(""), 0);
    let error = client.ingest(Source::bytes("a"), &csv()).await.unwrap_err();
    assert_eq!(error.kind(), IngestErrorKind::Resources);
    assert_eq!(
        error.to_string(),
        "localhost lends no containers for ingestion; is it an ingestion service?"
    );
}

#[tokio::test]
async fn formats_that_only_the_real_service_reads_arrive_as_they_are() {
    let Some(azurite) = Azurite::start() else { return };
    let (container, queue) = (azurite.container("blobs").await, azurite.queue("queue").await);
    let service = Service::new(
        &azurite.http,
        &[
            ("TempStorage", &container),
            ("SecuredReadyForAggregationQueue", &queue),
        ],
    );
    let client = service.queued();
    for (format, data, ending, is_packed) in [
        (DataFormat::Orc, &b"ORC\x08\x03"[..], "__data.orc", false),
        (DataFormat::SStream, b"\x00\x01", "__data.ss", false),
        (
            DataFormat::W3cLogFile,
            b"#Fields: date time\n",
            "__data.log.gz",
            true,
        ),
    ] {
        let field = ColumnMapping::field("at", "date");
        let mapping = Mapping::new(format.mapping_kind(), [field]);
        let properties = csv().format(format).mapping(mapping);
        client.ingest(Source::bytes(data), &properties).await.unwrap();
        let message = azurite.messages(&queue).await.pop().unwrap();
        let properties = &message["AdditionalProperties"];
        assert_eq!(properties["format"], json!(format.name()));
        assert_eq!(
            properties["ingestionMappingType"],
            json!(format.mapping_kind().name())
        );
        assert_eq!(message["RawDataSize"], json!(data.len()));
        let address = message["BlobPath"].as_str().unwrap();
        assert!(address.split('?').next().unwrap().ends_with(ending), "{address}");
        let blob = azurite.blob(address).await.unwrap();
        assert_eq!(if is_packed { unpack(&blob) } else { blob }, data, "{format}");
    }
}
