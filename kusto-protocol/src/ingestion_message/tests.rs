use proptest::prelude::*;
use serde_json::json;

use super::*;

fn message() -> IngestionMessage {
    let id = "123e27de-1e4e-49d9-b579-fe0b331d3642".parse().unwrap();
    IngestionMessage::new(
        id,
        "https://a/c/b.csv.gz?sig=s3cret",
        "Sales",
        "Orders",
        "c0ntext",
    )
}

fn full() -> IngestionMessage {
    let mut message = message()
        .raw_data_size(104_857)
        .format(DataFormat::Csv)
        .mapping(MappingKind::Csv, IngestionMapping::Reference("m1".to_owned()))
        .tags(["ingest-by:2026-01-01".to_owned(), "drop-by:b1".to_owned()])
        .report(ReportLevel::Failures, ReportMethod::Table)
        .status_row(StatusRow {
            table: "https://a/st?sig=t0p".into(),
            partition_key: "p".to_owned(),
            row_key: "r".to_owned(),
        })
        .property("zipPattern", "*.csv");
    message.ingest_if_not_exists = vec!["2026-01-01".to_owned()];
    message.ignore_first_record = true;
    message.creation_time = Some("2026-01-01T00:00:00Z".parse().unwrap());
    message.source_message_creation_time = Some("2026-01-01T12:00:00.0000001Z".parse().unwrap());
    message.validation_policy = Some(r#"{"ValidationOptions":0,"ValidationImplications":1}"#.to_owned());
    message.application = Some("etl".to_owned());
    message.client_version = Some("Kusto.Rust.Client:0.1".to_owned());
    message
}

fn full_json() -> Value {
    json!({
        "Id": "123e27de-1e4e-49d9-b579-fe0b331d3642", "BlobPath": "https://a/c/b.csv.gz?sig=s3cret",
        "RawDataSize": 104_857, "DatabaseName": "Sales", "TableName": "Orders", "RetainBlobOnSuccess": true,
        "FlushImmediately": false, "IgnoreSizeLimit": false, "ReportLevel": 0, "ReportMethod": 1,
        "SourceMessageCreationTime": "2026-01-01T12:00:00.0000001Z",
        "ApplicationForTracing": "etl", "ClientVersionForTracing": "Kusto.Rust.Client:0.1",
        "IngestionStatusInTable": {
            "TableConnectionString": "https://a/st?sig=t0p", "PartitionKey": "p", "RowKey": "r"
        },
        "AdditionalProperties": {
            "authorizationContext": "c0ntext", "format": "csv",
            "ingestionMappingReference": "m1", "ingestionMappingType": "Csv",
            "tags": r#"["ingest-by:2026-01-01","drop-by:b1"]"#, "ingestIfNotExists": r#"["2026-01-01"]"#,
            "ignoreFirstRecord": "true", "creationTime": "2026-01-01T00:00:00Z",
            "validationPolicy": r#"{"ValidationOptions":0,"ValidationImplications":1}"#, "zipPattern": "*.csv"
        }
    })
}

/// The documented message with one member (or property) replaced.
fn with(place: &str, value: Value) -> Result<IngestionMessage, ParseError> {
    let mut json = full_json();
    *json.pointer_mut(place).unwrap() = value;
    IngestionMessage::from_queue_text(&json.to_string())
}

#[test]
fn every_member_is_written_and_read() {
    assert_eq!(serde_json::to_value(full()).unwrap(), full_json());
    assert_eq!(
        serde_json::from_value::<IngestionMessage>(full_json()).unwrap(),
        full()
    );
}

#[test]
fn what_is_not_set_is_not_written() {
    let json = serde_json::to_value(message()).unwrap();
    let names: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(
        !names.contains(&"RawDataSize") && !names.contains(&"IngestionStatusInTable"),
        "{names:?}"
    );
    assert_eq!(
        json["AdditionalProperties"],
        json!({"authorizationContext": "c0ntext"})
    );
}

#[test]
fn secrets_are_in_the_message_and_not_in_debug() {
    let (json, debug) = (serde_json::to_string(&full()).unwrap(), format!("{:?}", full()));
    for secret in ["s3cret", "t0p", "c0ntext"] {
        assert!(json.contains(secret), "{secret}");
        assert!(!debug.contains(secret), "{debug}");
    }
}

#[test]
fn spellings_of_all_libraries_are_understood() {
    let foreign = json!({
        "id": "123E27DE-1e4e-49d9-b579-fe0b331d3642", "blobPath": "https://a/c/b.csv.gz?sig=s3cret",
        "RawDataSize": "104857", "DatabaseName": "Sales", "TableName": "Orders", "RetainBlobOnSuccess": "True",
        "FlushImmediately": null, "ReportLevel": "0", "ReportMethod": "1",
        "SourceMessageCreationTime": "2026-01-01T12:00:00.0000001",
        "ApplicationForTracing": "etl", "ClientVersionForTracing": "Kusto.Rust.Client:0.1", "Unheard": {"of": 1},
        "IngestionStatusInTable": {
            "TableConnectionString": "https://a/st?sig=t0p", "PartitionKey": "p", "RowKey": "r"
        },
        "ValidationPolicy": {"ValidationOptions": 0, "ValidationImplications": 1},
        "AdditionalProperties": {
            "AuthorizationContext": "c0ntext", "format": "CSV", "mappingReference": "m1",
            "ingestionMappingType": "csv", "tags": ["ingest-by:2026-01-01", "drop-by:b1"],
            "ingestIfNotExists": r#"["2026-01-01"]"#, "ignoreFirstRecord": true,
            "creationTime": "2026-01-01", "zipPattern": "*.csv"
        }
    });
    let mut message: IngestionMessage = serde_json::from_value(foreign).unwrap();
    // The order of members in an object says nothing.
    let policy: Value = serde_json::from_str(&message.validation_policy.unwrap()).unwrap();
    assert_eq!(
        policy,
        json!({"ValidationOptions": 0, "ValidationImplications": 1})
    );
    message.validation_policy = full().validation_policy;
    assert_eq!(message, full());
}

#[test]
fn an_inline_mapping_is_text_or_json() {
    let mapping = json!([{"Column": "ts", "Properties": {"Path": "$.t"}}]);
    for inline in [mapping.clone(), json!(mapping.to_string())] {
        let mut json = full_json();
        let properties = json["AdditionalProperties"].as_object_mut().unwrap();
        properties.remove("ingestionMappingReference");
        properties.insert("ingestionMapping".to_owned(), inline);
        let message = IngestionMessage::from_queue_text(&json.to_string()).unwrap();
        assert_eq!(
            message.mapping,
            Some(IngestionMapping::Inline(mapping.to_string()))
        );
    }
}

#[test]
fn errors_name_the_member_and_repeat_no_value() {
    for (place, value, name, kind) in [
        ("/Id", json!("s3cret"), "Id", ParseErrorKind::Malformed),
        ("/Id", Value::Null, "Id", ParseErrorKind::Missing),
        ("/BlobPath", Value::Null, "BlobPath", ParseErrorKind::Missing),
        (
            "/BlobPath",
            json!(["s3cret"]),
            "BlobPath",
            ParseErrorKind::Malformed,
        ),
        (
            "/RawDataSize",
            json!(-1),
            "RawDataSize",
            ParseErrorKind::Malformed,
        ),
        ("/ReportLevel", json!(3), "ReportLevel", ParseErrorKind::Malformed),
        (
            "/FlushImmediately",
            json!("s3cret"),
            "FlushImmediately",
            ParseErrorKind::Malformed,
        ),
        (
            "/AdditionalProperties",
            json!("s3cret"),
            "AdditionalProperties",
            ParseErrorKind::Malformed,
        ),
        (
            "/AdditionalProperties",
            Value::Null,
            "authorizationContext",
            ParseErrorKind::Missing,
        ),
        (
            "/AdditionalProperties/tags",
            json!("s3cret"),
            "tags",
            ParseErrorKind::Malformed,
        ),
        (
            "/AdditionalProperties/tags",
            json!([1]),
            "tags",
            ParseErrorKind::Malformed,
        ),
        (
            "/AdditionalProperties/format",
            json!("s3cret"),
            "format",
            ParseErrorKind::Malformed,
        ),
        (
            "/AdditionalProperties/creationTime",
            json!("s3cret"),
            "creationTime",
            ParseErrorKind::Malformed,
        ),
        (
            "/IngestionStatusInTable",
            json!(1),
            "IngestionStatusInTable",
            ParseErrorKind::Malformed,
        ),
        (
            "/IngestionStatusInTable/RowKey",
            Value::Null,
            "RowKey",
            ParseErrorKind::Missing,
        ),
    ] {
        let error = with(place, value).unwrap_err();
        assert_eq!(error.kind(), kind, "{place}");
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("ingestion message: {name} ")),
            "{place}: {text}"
        );
        assert!(!text.contains("s3cret"), "{text}");
    }
    let mut json = full_json();
    json["AdditionalProperties"]["ingestionMapping"] = json!("[]");
    let error = IngestionMessage::from_queue_text(&json.to_string()).unwrap_err();
    assert_eq!(error.kind(), ParseErrorKind::Contradictory);
}

#[test]
fn a_text_that_is_no_message_is_refused_without_repeating_it() {
    for text in [
        "",
        "s3cret!",
        "{\"Id\":\"s3cret\"",
        "InMzY3JldCI=",
        "W10=",
        "/w==",
    ] {
        let error = IngestionMessage::from_queue_text(text).unwrap_err();
        assert_eq!(error.kind(), ParseErrorKind::Malformed, "{text}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[test]
fn a_queue_takes_a_message_up_to_the_limit() {
    let inline = |len: usize| message().mapping(MappingKind::Json, IngestionMapping::Inline("m".repeat(len)));
    let empty = serde_json::to_vec(&inline(0)).unwrap().len();
    let room = IngestionMessage::MAX_LENGTH - empty;
    assert_eq!(inline(room).to_queue_text().unwrap().len(), 64 << 10);
    let error = inline(room + 1).to_queue_text().unwrap_err();
    assert_eq!(error.kind(), ParseErrorKind::TooLarge);
    assert!(
        error
            .to_string()
            .contains("49153 bytes of JSON, and a queue takes 49152"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        names in proptest::collection::vec(any::<String>(), 6),
        mapping in proptest::option::of((any::<bool>(), any::<String>())),
        tags in proptest::collection::vec(any::<String>(), 0..3),
        id in any::<[u8; 16]>(),
        size in proptest::option::of(any::<u64>()),
        flags in any::<[bool; 4]>(),
        format in 0..DataFormat::ALL.len(),
        level in 0_u64..3,
        method in 0_u64..3,
    ) {
        let text = |index: usize| names[index].clone();
        let mut message =
            IngestionMessage::new(Guid::from_bytes(id), text(0), text(1), text(2), text(3)).tags(tags);
        message = message.format(DataFormat::ALL[format]).report(
            ReportLevel::from_code(level).unwrap(),
            ReportMethod::from_code(method).unwrap(),
        );
        if let Some((is_inline, mapping)) = mapping {
            let kind = DataFormat::ALL[format].mapping_kind();
            let mapping = if is_inline {
                IngestionMapping::Inline(mapping)
            } else {
                IngestionMapping::Reference(mapping)
            };
            message = message.mapping(kind, mapping);
        }
        message.raw_data_size = size;
        (message.application, message.client_version) = (Some(text(4)), Some(text(5)));
        message.retain_blob_on_success = flags[0];
        message.flush_immediately = flags[1];
        message.ignore_size_limit = flags[2];
        message.ignore_first_record = flags[3];
        let queued = message.to_queue_text().unwrap();
        prop_assert_eq!(IngestionMessage::from_queue_text(&queued).unwrap(), message);
    }
}
