//! The REST API of queued ingestion: where blobs go, that they are to be ingested, and what became of them.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request as HttpRequest, Response, StatusCode};
use kusto_protocol::{Guid, IngestionMapping, IngestionMessage};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Incoming;
use super::error::Refusal;
use super::reply::{Body, json_response};
use crate::queued::{Queued, TrackedBlob, ingest_tracked};
use crate::service::new_guid;

/// The paths of this API begin so.
const ROOT: &str = "/v1/rest/ingestion/";

/// The most blobs in one request, as the documents have it.
const MAX_BLOBS: usize = 20;

/// The most bytes of a blob that clients are told to send.
const MAX_DATA_SIZE: u64 = 1 << 30;

/// A path of this API.
enum Route {
    Configuration,
    Ingest {
        database: String,
        table: String,
    },
    Status {
        database: String,
        table: String,
        operation: String,
    },
}

impl Route {
    fn of(path: &str) -> Option<Self> {
        let parts: Vec<String> = path
            .strip_prefix(ROOT)?
            .trim_end_matches('/')
            .split('/')
            .map(decoded)
            .collect();
        match parts.as_slice() {
            [only] if only == "configuration" => Some(Self::Configuration),
            [queued, database, table] if queued == "queued" => Some(Self::Ingest {
                database: database.clone(),
                table: table.clone(),
            }),
            [queued, database, table, operation] if queued == "queued" => Some(Self::Status {
                database: database.clone(),
                table: table.clone(),
                operation: operation.clone(),
            }),
            _ => None,
        }
    }
}

/// The methods that a path answers to; `None` if it is not one of this API.
pub(super) fn methods(path: &str) -> Option<&'static str> {
    Some(match Route::of(path)? {
        Route::Configuration | Route::Status { .. } => "GET",
        Route::Ingest { .. } => "POST",
    })
}

/// Answers a request whose path is one of this API; `None` for all others.
pub(super) fn answer(
    incoming: &Arc<Incoming>,
    request: &HttpRequest<Bytes>,
) -> Option<Result<Response<Body>, Refusal>> {
    let route = Route::of(request.uri().path())?;
    let Some(queued) = &incoming.service.queued else {
        let message = "this service has no storage account, so there is no queued ingestion; stream instead";
        return Some(Err(Refusal::not_found(message)));
    };
    let answer = match route {
        Route::Configuration => Ok(configuration(queued)),
        Route::Ingest { database, table } => {
            debug_assert_eq!(request.method(), Method::POST);
            ingest(incoming, queued, database, table, request.body())
        }
        Route::Status {
            database,
            table,
            operation,
        } => {
            let with_details = request
                .uri()
                .query()
                .is_some_and(|query| query.contains("details=true"));
            let status = queued
                .tracked
                .status(&operation, (&database, &table), with_details);
            status.ok_or_else(|| Refusal::not_found(format!("there is no ingestion operation '{operation}'")))
        }
    };
    Some(answer.map(|answer| json_response(StatusCode::OK, answer.to_string())))
}

fn configuration(queued: &Queued) -> Value {
    let containers: Vec<Value> = queued.containers().map(|path| json!({ "path": path })).collect();
    json!({
        "containerSettings": {
            "containers": containers, "lakeFolders": null, "preferredUploadMethod": "Storage",
            "refreshInterval": "01:00:00",
        },
        "ingestionSettings": {
            "preferredIngestionMethod": "REST", "maxDataSize": MAX_DATA_SIZE, "maxBlobsPerBatch": MAX_BLOBS,
        },
    })
}

#[derive(Deserialize)]
struct IngestRequest {
    blobs: Vec<Blob>,
    #[serde(default)]
    properties: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Blob {
    url: String,
    source_id: Option<String>,
    raw_size: Option<u64>,
}

fn ingest(
    incoming: &Arc<Incoming>,
    queued: &Queued,
    database: String,
    table: String,
    body: &[u8],
) -> Result<Value, Refusal> {
    let asked: IngestRequest = serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("the request does not read: {error}")))?;
    if asked.blobs.is_empty() || asked.blobs.len() > MAX_BLOBS {
        let found = asked.blobs.len();
        return Err(Refusal::bad_request(format!(
            "a request has 1 to {MAX_BLOBS} blobs, not {found}"
        )));
    }
    if incoming.service.storage.database(&database).is_none() {
        return Err(Refusal::no_such_database(&database));
    }
    let (mut messages, mut tracked) = (Vec::new(), Vec::new());
    for blob in asked.blobs {
        let id: Guid = match &blob.source_id {
            Some(id) => id
                .parse()
                .map_err(|error| Refusal::bad_request(format!("the id of a source: {error}")))?,
            None => new_guid(),
        };
        tracked.push(TrackedBlob {
            source_id: id.to_string(),
            url: blob.url.split('?').next().unwrap_or_default().to_owned(),
            outcome: None,
        });
        let token = incoming.service.identity_token.to_string();
        let mut message = IngestionMessage::new(id, blob.url, &database, &table, token);
        message.raw_data_size = blob.raw_size;
        describe(&mut message, &asked.properties)?;
        messages.push(message);
    }
    let is_tracked = asked.properties.get("enableTracking") == Some(&Value::Bool(true));
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
    Ok(json!({ "ingestionOperationId": if is_tracked { operation.as_str() } else { "" } }))
}

/// Puts the properties of the request into a message.
fn describe(message: &mut IngestionMessage, properties: &Map<String, Value>) -> Result<(), Refusal> {
    let malformed =
        |name: &str| Refusal::bad_request(format!("the ingestion property '{name}' does not read"));
    for (name, value) in properties {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let texts = || {
            let values = value.as_array()?.iter();
            values
                .map(|value| value.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
        };
        match name.as_str() {
            "format" => message.format = Some(text.parse().map_err(|_| malformed(name))?),
            "tags" => message.tags = texts().ok_or_else(|| malformed(name))?,
            "ingestIfNotExists" => message.ingest_if_not_exists = texts().ok_or_else(|| malformed(name))?,
            "ingestionMapping" => message.mapping = Some(IngestionMapping::Inline(text)),
            "ingestionMappingReference" => message.mapping = Some(IngestionMapping::Reference(text)),
            "ignoreFirstRecord" => {
                message.ignore_first_record = value.as_bool().ok_or_else(|| malformed(name))?
            }
            "deleteAfterDownload" => {
                message.retain_blob_on_success = !value.as_bool().ok_or_else(|| malformed(name))?;
            }
            "creationTime" => message.creation_time = Some(text.parse().map_err(|_| malformed(name))?),
            // Nothing waits for more to come here, and there is no limit of size to be lifted.
            "enableTracking" | "skipBatching" | "ignoreSizeLimit" | "validationPolicy" => {}
            _ if value.is_null() => {}
            _ => {
                message.extensions.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(())
}

/// A part of a path without its percent signs.
fn decoded(part: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), part.as_bytes());
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

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
        assert_eq!(decoded("a%20b%zz%2"), "a b%zz%2");
    }
}
