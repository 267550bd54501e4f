//! Streaming ingestion.

use std::sync::Arc;

use bytes::Bytes;
use http::{Response, StatusCode};
use kusto_protocol::{DataFormat, StreamingSource};
use serde_json::Value;

use super::Incoming;
use super::error::Refusal;
use super::reply::{Body, json_response};
use crate::error::EngineError;
use crate::ingest::{IngestProperties, MappingChoice, Source, ingestion_error};
use crate::service::Service;
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
    let (data, location) = match source {
        // Compression was undone when the body was read.
        StreamingSource::Data { body, .. } => (body, String::new()),
        StreamingSource::Blob(address) => {
            let fetched = fetch(&incoming.service, address.expose()).await;
            fetched.map_err(|error| Refusal::ingestion(&error))?
        }
        _ => {
            return Err(Refusal::bad_request(
                "the source is of a kind that this service does not know",
            ));
        }
    };
    let properties = IngestProperties {
        format: Some(format),
        mapping: mapping.map(MappingChoice::Named),
        ..IngestProperties::default()
    };
    let source = Source {
        data,
        location,
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

/// A blob, and its address without its credential. Of the storage account of this service, and of no other.
async fn fetch(service: &Service, address: &str) -> Result<(Bytes, String), EngineError> {
    let Some(queued) = &service.queued else {
        let message =
            "this service has no storage account, so blobs cannot be streamed; send the data itself";
        return Err(ingestion_error("BadRequest_NotSupported", message));
    };
    Ok((
        queued.fetch(address).await?,
        address.split('?').next().unwrap_or_default().to_owned(),
    ))
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
