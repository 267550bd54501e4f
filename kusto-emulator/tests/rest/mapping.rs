//! Ingestion mappings, properties, and the formats that need them.

use super::*;

async fn refusal(service: &Service, text: &str) -> OneApiError {
    let (status, error) = service.refused("/v1/rest/mgmt", text, json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{text}");
    error
}

async fn with_table() -> Service {
    let service = Service::start().await;
    let columns = "At: datetime, State: string, n: long, Rest: dynamic, Line: long";
    service.command(&format!(".create table T ({columns})")).await;
    service
}

async fn stream(service: &Service, format: &str, mapping: &str, body: impl Into<reqwest::Body>) -> Response {
    let path = format!("/v1/rest/ingest/NetDefaultDB/T?streamFormat={format}&mappingName={mapping}");
    service
        .request(Method::POST, &path)
        .body(body)
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn cells_go_where_a_csv_mapping_says() {
    let service = with_table().await;
    let mapping = r#".create table T ingestion csv mapping "m" '['
        '{"Column":"n","Properties":{"Ordinal":"2"}},{"Column":"State","Properties":{"ConstValue":"OHIO"}},'
        '{"Column":"At","Properties":{"Ordinal":"0","Transform":"DateTimeFromUnixSeconds"}},'
        '{"Column":"Line","Properties":{"Transform":"SourceLineNumber"}}]'"#;
    let made = service.command(mapping).await;
    let text = text_of(&made);
    assert!(
        text.starts_with("m,Csv,[{") && text.ends_with(",NetDefaultDB,T"),
        "{text}"
    );
    let response = stream(&service, "csv", "m", "1700000000,x,7\n0,y,8,more\n").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        service.rows("T").await,
        "2023-11-14T22:13:20Z,OHIO,7,,1\n1970-01-01T00:00:00Z,OHIO,8,,2"
    );
}

#[tokio::test]
async fn paths_lead_through_json() {
    let service = with_table().await;
    let mapping = r#".create table T ingestion json mapping 'm' ```[
        {"Column":"At","Properties":{"Path":"$.t","Transform":"DateTimeFromUnixMilliseconds"}},
        {"Column":"State","Properties":{"Path":"$.place['the state']"}},
        {"Column":"n","Properties":{"Path":"$.list[1]"}},
        {"Column":"Rest","Properties":{"Path":"$","Transform":"DropMappedFields"}}]```"#;
    service.command(mapping).await;
    let body = r#"{"t":1000,"place":{"the state":"IOWA","x":1},"list":[5,6],"y":"z"}"#;
    assert_eq!(stream(&service, "json", "m", body).await.status(), StatusCode::OK);
    let rows = r#"1970-01-01T00:00:01Z,IOWA,6,{"place":{"x":1},"list":[5,6],"y":"z"},"#;
    assert_eq!(service.rows("T").await, rows);
}

#[tokio::test]
async fn mappings_are_made_once_altered_shown_and_dropped() {
    let service = with_table().await;
    let command = |verb: &str, ordinal: u8| {
        format!(
            r#"{verb} table T ingestion csv mapping 'm' '[{{"Column":"n","Properties":{{"Ordinal":{ordinal}}}}}]'"#
        )
    };
    let error = refusal(&service, &command(".alter", 0)).await;
    assert_eq!(error.code, "BadRequest_MappingReferenceWasNotFound");
    service.command(&command(".create", 0)).await;
    assert!(
        refusal(&service, &command(".create", 1))
            .await
            .description
            .unwrap()
            .contains("there already")
    );
    service.command(&command(".create-or-alter", 1)).await;
    service
        .command(r#".create database NetDefaultDB ingestion json mapping "d" '[{"Column":"n","Properties":{"Path":"$.n"}}]'"#)
        .await;
    for (command, rows) in [
        (".show table T ingestion csv mappings", 1),
        (".show table T ingestion json mappings", 0),
        (".show table T ingestion mappings", 1),
        (".show table T ingestion csv mapping 'm'", 1),
        (".show ingestion mappings", 2),
        (".show database NetDefaultDB ingestion mappings", 1),
    ] {
        let shown = service.command(command).await;
        assert_eq!(
            shown.primary_results().next().unwrap().num_rows(),
            rows,
            "{command}"
        );
    }
    // A mapping of the database is there for all tables.
    assert_eq!(
        stream(&service, "json", "d", "{\"n\":3}").await.status(),
        StatusCode::OK
    );
    service.command(".drop table T ingestion csv mapping 'm'").await;
    let (status, error) = super::error(stream(&service, "csv", "m", "1").await).await;
    assert_eq!(
        (status, error.code.as_str()),
        (StatusCode::BAD_REQUEST, "BadRequest_MappingReferenceWasNotFound")
    );
    let error = refusal(&service, ".create table T ingestion csv mapping 'x' '[{}]'").await;
    assert_eq!(error.code, "BadRequest_InvalidMapping");
}

#[tokio::test]
async fn tags_make_an_ingestion_happen_once() {
    let service = with_table().await;
    let command = r#".ingest inline into table T with (tags = '["ingest-by:k","drop-by:d"]', ingestIfNotExists = '["k"]', creationTime = "2020-02-02") <| ,A,1"#;
    service.command(command).await;
    service.command(command).await;
    assert_eq!(service.rows("T | count").await, "1");
    let extents = service
        .command(".show table T extents | project Tags, MinCreatedOn, RowCount")
        .await;
    assert_eq!(
        text_of(&extents),
        "ingest-by:k\r\ndrop-by:d,2020-02-02T00:00:00Z,1"
    );
    let set = ".set-or-append T with (ingestIfNotExists = '[\"k\"]') <| T";
    assert!(text_of(&service.command(set).await).starts_with("00000000-0000-0000-0000-000000000000,"));
}

#[tokio::test]
async fn text_without_cells_is_a_value() {
    let service = Service::start().await;
    service.command(".create table L (s: string, t: string)").await;
    let response = service.ingest("L", "txt", "one, two\r\n\n\"three\n").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(service.rows("L").await, "one, two,\n\"three,");
    assert_eq!(
        service.ingest("L", "raw", "a\nb\n").await.status(),
        StatusCode::OK
    );
    assert_eq!(
        service
            .rows("L | where s startswith 'a' | project strlen(s)")
            .await,
        "4"
    );
    assert_eq!(
        service.ingest("L", "tsve", "a\\tb\tc\\n\n").await.status(),
        StatusCode::OK
    );
    assert_eq!(
        service.rows("L | where t == 'c\\n' | project s == 'a\\tb'").await,
        "true"
    );
}

#[tokio::test]
async fn errors_have_the_codes_of_the_service() {
    let service = with_table().await;
    for (format, body, code) in [
        ("csv", "1,2,3,4,5,6", "Stream_WrongNumberOfFields"),
        ("csv", ",\"open", "Stream_ClosingQuoteMissing"),
        ("json", "{\"n\":", "BadRequest_UnexpectedCharacterInInputStream"),
        ("parquet", "none", "BadRequest_InvalidBlob"),
        ("avro", "none", "BadRequest_InvalidBlob"),
        ("orc", "none", "BadRequest_FormatNotSupported"),
    ] {
        let (status, error) = error(service.ingest("T", format, body).await).await;
        assert_eq!(
            (status, error.code.as_str()),
            (StatusCode::BAD_REQUEST, code),
            "{format}: {body}"
        );
        assert_eq!(error.permanent, Some(true));
    }
    let code = async |command: &str| refusal(&service, command).await.code;
    assert_eq!(
        code(".ingest inline into table U <| 1").await,
        "BadRequest_TableNotExist"
    );
    assert_eq!(
        code(".ingest inline into table T with (tags = 'x', zipPattern = 'y') <| 1").await,
        "BadRequest_IngestionPropertyNotSupportedInThisContext"
    );
    assert_eq!(
        code(r#".ingest inline into table T with (format = json, ingestionMappingType = csv, ingestionMapping = '[]') <| {}"#).await,
        "BadRequest_InconsistentMapping"
    );
}

#[tokio::test]
async fn files_of_a_folder_are_ingested() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "2024-01-01,OHIO,1\n").unwrap();
    std::fs::write(folder.path().join("b.json.gz"), gzip(b"{\"n\":2}\n")).unwrap();
    let emulator = Emulator::builder()
        .ingest_folder(folder.path())
        .start()
        .await
        .unwrap();
    let service = Service::with(emulator);
    service
        .command(".create table T (At: datetime, State: string, n: long)")
        .await;
    let loaded = service
        .command(".ingest into table T ('a.csv', h'b.json.gz') | project ItemLoaded, HasErrors")
        .await;
    assert_eq!(text_of(&loaded), "a.csv,false\nb.json.gz,false");
    assert_eq!(service.rows("T | summarize count(), sum(n)").await, "2,3");
    for path in ["../../etc/passwd", "/etc/passwd", "none.csv"] {
        let error = refusal(&service, &format!(".ingest into table T (@'{path}')")).await;
        assert_eq!(error.code, "Download_SourceNotFound", "{path}");
    }
    let started = service.command(".ingest async into table T ('none.csv')").await;
    let id = text_of(&started);
    assert_eq!(service.state_at_end(&id).await, "Failed");
    let failures = service
        .command(&format!(
            ".show ingestion failures with (OperationId = '{id}') | project ErrorCode, Table"
        ))
        .await;
    assert_eq!(text_of(&failures), "Download_SourceNotFound,T");
}

#[tokio::test]
async fn rows_in_brackets_are_rows() {
    let service = Service::start().await;
    service.command(".create table T (a: string, n: long)").await;
    service
        .command(".ingest inline into table T [a,1] [\"]\",2]")
        .await;
    assert_eq!(service.rows("T").await, "a,1\n],2");
}

#[tokio::test]
async fn a_query_fits_by_place_and_type() {
    let service = Service::start().await;
    service
        .command(".create table T (a: long, b: string) with (docstring = 'D')")
        .await;
    service.command(".append T <| print x = 1, y = 'one'").await;
    let error = refusal(&service, ".append T <| print 'one', 1").await;
    assert!(error.description.unwrap().contains("does not match"));
    service.command(".set-or-replace T <| print 2, 'two'").await;
    assert_eq!(service.rows("T").await, "2,two");
    service
        .command(".append T with (extend_schema = true) <| print 3, 'three', c = 1.5")
        .await;
    assert_eq!(service.rows("T | where a == 3 | project c").await, "1.5");
    service
        .command(".set-or-replace T with (recreate_schema = true) <| print only = 1")
        .await;
    assert_eq!(service.rows("T").await, "1");
    let about = service.command(".show tables | project DocString").await;
    assert_eq!(text_of(&about), "D");
}
