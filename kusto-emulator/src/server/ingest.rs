//! Streaming ingestion.

use std::sync::Arc;

use http::{Response, StatusCode};
use kusto_protocol::{DataFormat, StreamingSource};

use super::Incoming;
use super::error::Refusal;
use super::reply::{Body, json_response};

/// `POST /v1/rest/ingest/{database}/{table}`
pub(super) async fn streaming(
    incoming: &Arc<Incoming>,
    database: String,
    table: String,
    format: DataFormat,
    mapping: Option<String>,
    source: StreamingSource,
) -> Result<Response<Body>, Refusal> {
    if let Some(mapping) = mapping {
        return Err(Refusal::ingestion(format!(
            "the ingestion mapping '{mapping}' was not found"
        )));
    }
    // Compression was undone when the body was read.
    let StreamingSource::Data { body, .. } = source else {
        return Err(Refusal::ingestion(
            "blobs as sources are not supported by this service",
        ));
    };
    if incoming.service.storage.database(&database).is_none() {
        return Err(Refusal::no_such_database(&database));
    }
    let asked = Arc::clone(incoming);
    let outcome = tokio::task::spawn_blocking(move || asked.service.ingest(&database, &table, format, body));
    match outcome.await {
        Ok(Ok(_)) => Ok(json_response(StatusCode::OK, NOTHING_TO_SAY)),
        Ok(Err(error)) => Err(Refusal::ingestion(error.to_string())),
        Err(error) => Err(Refusal::internal(error.to_string())),
    }
}

/// The answer to an ingestion that worked: one empty table.
const NOTHING_TO_SAY: &str = r#"{"Tables":[{"TableName":"Table_0","Columns":[],"Rows":[]}]}"#;
