//! Streaming ingestion.

use std::sync::Arc;

use http::{Response, StatusCode};
use kusto_protocol::{DataFormat, StreamingSource};

use super::Incoming;
use super::error::Refusal;
use super::reply::{Body, json_response};
use crate::ingest::{IngestProperties, MappingChoice, Source, ingestion_error};

/// `POST /v1/rest/ingest/{database}/{table}`
pub(super) async fn streaming(
    incoming: &Arc<Incoming>,
    database: String,
    table: String,
    format: DataFormat,
    mapping: Option<String>,
    source: StreamingSource,
) -> Result<Response<Body>, Refusal> {
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

/// The answer to an ingestion that worked: one empty table.
const NOTHING_TO_SAY: &str = r#"{"Tables":[{"TableName":"Table_0","Columns":[],"Rows":[]}]}"#;
