//! One message: its blob is fetched and its rows are added.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::StatusCode;
use kusto_protocol::{DateTime, IngestionMessage};

use super::Queued;
use super::report::Outcome;
use crate::azure_storage::{self, StorageError};
use crate::error::EngineError;
use crate::ingest::{IngestProperties, Ingested, Source, ingestion_error};
use crate::service::Service;

/// Does what a message says.
pub(super) async fn ingest(service: &Arc<Service>, queued: &Queued, message: &IngestionMessage) -> Outcome {
    let started = DateTime::from(SystemTime::now());
    let result = load(service, queued, message).await;
    let address = message.blob.expose();
    if result.is_ok() && !message.retain_blob_on_success {
        // A blob that stays is only a left-over.
        let _ = azure_storage::delete_blob(address).await;
    }
    Outcome::new(service, message, started, result)
}

async fn load(
    service: &Arc<Service>,
    queued: &Queued,
    message: &IngestionMessage,
) -> Result<Ingested, EngineError> {
    if message.authorization_context.expose() != service.identity_token.to_string() {
        let text = "the authorization context is not what '.get kusto identity token' gave";
        return Err(ingestion_error("BadRequest_InvalidKustoIdentityToken", text));
    }
    let properties = IngestProperties::from_message(message)?;
    let address = message.blob.expose();
    let data = queued.fetch(address).await?;
    let source = Source {
        data,
        location: address.split('?').next().unwrap_or_default().to_owned(),
        makes_columns: true,
    };
    let worker = Arc::clone(service);
    let (database, table) = (message.database.clone(), message.table.clone());
    let work = tokio::task::spawn_blocking(move || worker.ingest(&database, &table, source, &properties));
    let ingested = work
        .await
        .unwrap_or_else(|error| Err(ingestion_error("General_InternalServerError", error.to_string())))?;
    if ingested.rows == 0 && !ingested.is_known {
        let text = "the blob has no records, or is of another format";
        return Err(ingestion_error("BadRequest_NoRecordsOrWrongFormat", text));
    }
    Ok(ingested)
}

impl Queued {
    /// The bytes of a blob, which must be of the storage account.
    pub(crate) async fn fetch(&self, address: &str) -> Result<Bytes, EngineError> {
        if !self.account.has_blob(address) {
            let text = "only blobs of the storage account of this service can be ingested";
            return Err(ingestion_error("Download_AccountNotFound", text));
        }
        let data = azure_storage::get_blob(address).await;
        let data = data.map_err(|error| not_fetched(&error))?;
        match data.is_empty() {
            true => Err(ingestion_error("BadRequest_EmptyBlob", "the blob is empty")),
            false => Ok(data),
        }
    }
}

fn not_fetched(error: &StorageError) -> EngineError {
    let code = match error.status {
        Some(StatusCode::NOT_FOUND) => "Download_SourceNotFound",
        Some(StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED) => "Download_Forbidden",
        Some(StatusCode::BAD_REQUEST) => "Download_BadRequest",
        _ => "Download_UnknownError",
    };
    ingestion_error(code, error.to_string())
}
