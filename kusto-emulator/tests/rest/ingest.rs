//! Rows that are brought in.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;

use super::*;

async fn with_table() -> Service {
    let service = Service::start().await;
    service
        .command(".create table Storms (State: string, n: long, Extra: dynamic)")
        .await;
    service
}

async fn total(service: &Service) -> String {
    service.rows("Storms | summarize count(), sum(n)").await
}

#[tokio::test]
async fn rows_stream_in_in_every_format() {
    let service = with_table().await;
    let bodies = [
        ("Csv", "TEXAS,1,\"{\"\"a\"\":1}\"\n\"OHIO\",2,\n"),
        ("Tsv", "TEXAS\t1\t{\"a\":1}\nOHIO\t2\t\n"),
        ("Psv", "TEXAS|1|[]\nOHIO|2|\n"),
        (
            "Json",
            "{\"State\":\"TEXAS\",\"n\":1}\n{\"n\":2,\"Extra\":{\"a\":1}}\n",
        ),
        ("MultiJson", "[{\"State\":\"TEXAS\",\n\"n\":1},{\"n\":2}]"),
    ];
    for (index, (format, body)) in bodies.into_iter().enumerate() {
        let response = service.ingest("Storms", format, body).await;
        assert_eq!(response.status(), StatusCode::OK, "{format}");
        let rows = 2 * (index + 1);
        assert_eq!(
            total(&service).await,
            format!("{rows},{}", rows / 2 * 3),
            "{format}"
        );
    }
}

#[tokio::test]
async fn parquet_streams_in() {
    let service = with_table().await;
    let columns: [(&str, ArrayRef); 2] = [
        ("n", Arc::new(Int64Array::from(vec![1, 2]))),
        ("State", Arc::new(StringArray::from(vec!["TEXAS", "OHIO"]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    let response = service
        .ingest("Storms", "Parquet", writer.into_inner().unwrap())
        .await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(total(&service).await, "2,3");
}

#[tokio::test]
async fn compressed_rows_stream_in() {
    let service = with_table().await;
    let path = "/v1/rest/ingest/NetDefaultDB/Storms?streamFormat=csv";
    let request = service
        .request(Method::POST, path)
        .header("Content-Encoding", "gzip");
    let response = request.body(gzip(b"TEXAS,1,\nOHIO,2,\n")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(total(&service).await, "2,3");
}

#[tokio::test]
async fn a_bad_row_keeps_all_rows_out() {
    let service = with_table().await;
    let bodies = [
        ("Csv", "TEXAS,1,\nOHIO,2,,4,\"\n"),
        ("Json", "{\"State\":\"TEXAS\"}\n{\"State\":\n"),
        ("MultiJson", "[{\"State\":\"TEXAS\"},7]"),
        ("Parquet", "no parquet"),
        ("Orc", "no orc"),
        ("Nonsense", "x"),
    ];
    for (format, body) in bodies {
        let (status, error) = error(service.ingest("Storms", format, body).await).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{format}");
        assert!(error.description.is_some(), "{format}");
    }
    assert_eq!(total(&service).await, "0,0");
}

#[tokio::test]
async fn tables_databases_and_mappings_that_are_not_there_are_named() {
    let service = with_table().await;
    let (_, refused) = error(service.ingest("Nowhere", "Csv", "x").await).await;
    assert!(refused.description.unwrap().contains("'Nowhere'"));
    let ask = async |path: &str| {
        let request = service.request(Method::POST, path).body("x");
        error(request.send().await.unwrap()).await.1.description.unwrap()
    };
    let message = ask("/v1/rest/ingest/Elsewhere/Storms?streamFormat=Csv").await;
    assert!(message.contains("'Elsewhere'"), "{message}");
    let message = ask("/v1/rest/ingest/NetDefaultDB/Storms?streamFormat=Csv&mappingName=M").await;
    assert!(message.contains("'M'"), "{message}");
    let message = ask("/v1/rest/ingest/NetDefaultDB/Storms").await;
    assert!(message.contains("streamFormat"), "{message}");
}

#[tokio::test]
async fn a_file_is_only_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Rain.csv");
    std::fs::write(&file, "State,mm\nOHIO,7\n").unwrap();
    let service = Service::attached(&file).await;
    assert_eq!(service.rows("Rain").await, "OHIO,7");
    for command in [
        ".ingest inline into table Rain <| OHIO,8",
        ".set-or-append Rain <| print 'OHIO', 8",
        ".set-or-replace Rain <| print 'OHIO', 8",
        ".create-merge table Rain (More: long)",
        ".clear table Rain data",
    ] {
        let (status, error) = service.refused("/v1/rest/mgmt", command, json!({})).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{command}");
        let message = error.description.unwrap();
        assert!(message.contains("Rain.csv, which is only read"), "{message}");
    }
    let (_, error) = error(service.ingest("Rain", "Csv", "OHIO,8\n").await).await;
    assert!(error.description.unwrap().contains("only read"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "State,mm\nOHIO,7\n");
}

#[tokio::test]
async fn names_of_tables_are_never_paths() {
    let service = with_table().await;
    for table in ["..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "..", "C:%5Cwindows"] {
        let response = service.ingest(table, "Csv", "x,1,\n").await;
        assert!(response.status().is_client_error(), "{table}");
    }
    let (_, error) = service
        .refused(
            "/v1/rest/mgmt",
            ".ingest into table Storms ('/etc/passwd')",
            json!({}),
        )
        .await;
    assert!(error.code == "Download_Forbidden");
}

#[tokio::test]
async fn read_only_requests_change_nothing() {
    let service = with_table().await;
    let request = service
        .post("/v1/rest/mgmt", ".drop table Storms", &json!({}))
        .header("x-ms-readonly", "true");
    let (status, refused) = error(request.send().await.unwrap()).await;
    assert_eq!(
        (status, refused.code.as_str()),
        (StatusCode::FORBIDDEN, "Forbidden")
    );
    let path = "/v1/rest/ingest/NetDefaultDB/Storms?streamFormat=csv";
    let request = service
        .request(Method::POST, path)
        .header("x-ms-readonly", "true");
    let response = request.body("OHIO,1,\n").send().await.unwrap();
    assert_eq!(error(response).await.0, StatusCode::FORBIDDEN);
    let request = service
        .post("/v1/rest/mgmt", ".show tables | project TableName", &json!({}))
        .header("x-ms-readonly", "true");
    assert_eq!(text_of(&data_set(request.send().await.unwrap()).await), "Storms");
}

#[tokio::test]
async fn a_policy_can_forbid_streaming() {
    let service = Service::start().await;
    service.command(".create table T (n: long)").await;
    service
        .command(".alter database NetDefaultDB policy streamingingestion disable")
        .await;
    let (status, error) = error(service.ingest("T", "csv", "1\n").await).await;
    assert_eq!((status, error.permanent), (StatusCode::BAD_REQUEST, Some(true)));
    assert!(
        error
            .description
            .unwrap()
            .contains("Streaming ingestion is not enabled for the table 'T'")
    );
    // The table's own policy goes before that of its database.
    service
        .command(".alter table T policy streamingingestion enable")
        .await;
    assert_eq!(service.ingest("T", "csv", "1\n").await.status(), StatusCode::OK);
    // Other ways in are not streaming.
    service
        .command(".alter table T policy streamingingestion disable")
        .await;
    service.command(".ingest inline into table T <| 2").await;
    assert_eq!(service.rows("T | summarize sum(n)").await, "3");
}
