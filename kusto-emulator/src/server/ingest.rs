//! Streaming ingestion.

use std::sync::Arc;

use http::{Response, StatusCode};
use kusto_protocol::{DataFormat, StreamingSource};
use serde_json::Value;

use super::Incoming;
use super::error::Refusal;
use super::reply::{Body, json_response};
use crate::ingest::{IngestProperties, MappingChoice, Source, ingestion_error};
use crate::storage::Database;

/// `POST /v1/rest/ingest/{database}/{table}`
pub(super) async fn streaming(
    incoming: &Arc<Incoming>,
    database: String,
    table: String,
    format: DataFormat,
    mapping: Option<String>,
    source: StreamingSource,
) -> Result<Response<Body>, Refusal> {
    if let Some(found) = incoming.service.storage.database(&database)
        && is_streaming_off(&found, &table)
    {
        let message = format!(
            "Streaming ingestion is not enabled for the table '{table}' by its streamingingestion policy"
        );
        return Err(Refusal::ingestion(&ingestion_error("BadRequest", message)));
    }
    // Compression was undone when the body was read.
    let StreamingSource::Data { body, .. } = source else {
        let message = "blobs as sources are not supported by this service";
        let error = ingestion_error("BadRequest_NotSupported", message);
        return Err(Refusal::ingestion(&error));
    };
    let properties = IngestProperties {
        format: Some(format),
        mapping: mapping.map(MappingChoice::Named),
        ..IngestProperties::default()
    };
    let source = Source {
        data: body,
        location: String::new(),
        makes_columns: false,
    };
    let asked = Arc::clone(incoming);
    let work = move || asked.service.ingest(&database, &table, source, &properties);
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(_)) => Ok(json_response(StatusCode::OK, NOTHING_TO_SAY)),
        Ok(Err(error)) => Err(Refusal::ingestion(&error)),
        Err(error) => Err(Refusal::internal(error.to_string())),
    }
}

/// Whether the policy of the table, or else that of the database, forbids streaming. Without any it is allowed, other
/// than on a cluster, so that tests need not enable it.
fn is_streaming_off(database: &Database, table: &str) -> bool {
    const KIND: &str = "streamingingestion";
    let of_table = database
        .tables
        .get(table)
        .and_then(|table| table.policies.get(KIND));
    let policy = of_table.or_else(|| database.policies.get(KIND));
    let policy = policy.and_then(|policy| serde_json::from_str::<Value>(policy).ok());
    policy.is_some_and(|policy| policy["IsEnabled"] == Value::Bool(false))
}

/// The answer to an ingestion that worked: one empty table.
const NOTHING_TO_SAY: &str = r#"{"Tables":[{"TableName":"Table_0","Columns":[],"Rows":[]}]}"#;
