//! The REST API of queued ingestion: where blobs go, that they are to be ingested, and what became of them.

use std::sync::Arc;

use http::{Response, StatusCode};
use kusto_protocol::{Endpoint, IngestionMessage};
use serde_json::{Value, json};

use super::Incoming;
use super::error::Refusal;
use super::reply::{Body, json_response};
use crate::queued::{Queued, TrackedBlob, ingest_tracked};
use crate::service::new_guid;

/// The methods that a path answers to; `None` if it is not one of this API.
pub(super) fn methods(path: &str) -> Option<&'static str> {
    if path == Endpoint::INGESTION_CONFIGURATION {
        return Some("GET");
    }
    let rest = path.strip_prefix(Endpoint::INGESTION_QUEUED)?.strip_prefix('/')?;
    match rest.split('/').count() {
        2 => Some("POST"),
        3 => Some("GET"),
        _ => None,
    }
}

/// `GET /v1/rest/ingestion/configuration`
pub(super) fn configuration(incoming: &Incoming) -> Result<Response<Body>, Refusal> {
    let queued = queued(incoming)?;
    let containers: Vec<Value> = queued.containers().map(|path| json!({ "path": path })).collect();
    let configuration = json!({
        "containerSettings": {
            "containers": containers, "lakeFolders": null, "preferredUploadMethod": "Storage",
            "refreshInterval": "01:00:00",
        },
        "ingestionSettings": {
            "preferredIngestionMethod": "REST", "maxDataSize": MAX_DATA_SIZE, "maxBlobsPerBatch": MAX_BLOBS,
        },
    });
    Ok(json_response(StatusCode::OK, configuration.to_string()))
}

/// `POST /v1/rest/ingestion/queued/{database}/{table}`
pub(super) fn ingest(
    incoming: &Arc<Incoming>,
    mut messages: Vec<IngestionMessage>,
    is_tracked: bool,
) -> Result<Response<Body>, Refusal> {
    let queued = queued(incoming)?;
    let database = match &messages[..] {
        [first, ..] if messages.len() <= MAX_BLOBS => first.database.clone(),
        _ => {
            let found = messages.len();
            return Err(Refusal::bad_request(format!(
                "a request has 1 to {MAX_BLOBS} blobs, not {found}"
            )));
        }
    };
    if incoming.service.storage.database(&database).is_none() {
        return Err(Refusal::no_such_database(&database));
    }
    let (mut tracked, mut table) = (Vec::new(), String::new());
    for message in &mut messages {
        if message.id.as_bytes() == &[0; 16] {
            message.id = new_guid();
        }
        message.authorization_context = incoming.service.identity_token.to_string().into();
        table.clone_from(&message.table);
        tracked.push(TrackedBlob {
            source_id: message.id.to_string(),
            url: message
                .blob
                .expose()
                .split('?')
                .next()
                .unwrap_or_default()
                .to_owned(),
            outcome: None,
        });
    }
    let operation = new_guid().to_string();
    if is_tracked {
        queued
            .tracked
            .begin(operation.clone(), (database, table), tracked);
    }
    tokio::spawn(ingest_tracked(
        Arc::clone(&incoming.service),
        operation.clone(),
        messages,
    ));
    let answer = json!({ "ingestionOperationId": if is_tracked { operation.as_str() } else { "" } });
    Ok(json_response(StatusCode::OK, answer.to_string()))
}

/// `GET /v1/rest/ingestion/queued/{database}/{table}/{operation}`
pub(super) fn status(
    incoming: &Incoming,
    target: (&str, &str),
    operation: &str,
    with_details: bool,
) -> Result<Response<Body>, Refusal> {
    let status = queued(incoming)?
        .tracked
        .status(operation, target, with_details)
        .ok_or_else(|| Refusal::not_found(format!("there is no ingestion operation '{operation}'")))?;
    Ok(json_response(StatusCode::OK, status.to_string()))
}

fn queued(incoming: &Incoming) -> Result<&Queued, Refusal> {
    incoming.service.queued.as_ref().ok_or_else(|| {
        let message = "this service has no storage account, so there is no queued ingestion; stream instead";
        Refusal::not_found(message)
    })
}

/// The most blobs in one request, as the documents have it.
const MAX_BLOBS: usize = 20;

/// The most bytes of a blob that clients are told to send.
const MAX_DATA_SIZE: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_three_places() {
        assert_eq!(methods("/v1/rest/ingestion/configuration"), Some("GET"));
        assert_eq!(methods("/v1/rest/ingestion/queued/db/my%20table"), Some("POST"));
        assert_eq!(methods("/v1/rest/ingestion/queued/db/table/id"), Some("GET"));
        assert_eq!(methods("/v1/rest/ingestion/queued/db"), None);
        assert_eq!(methods("/v1/rest/ingest/db/table"), None);
    }
}
