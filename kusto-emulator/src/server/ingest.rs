//! Streaming ingestion.

use std::io::Read;

use axum::body::Body;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::{Response, StatusCode};
use kusto_protocol::{DataFormat, OneApiError, StreamingSource};

use super::{Incoming, error, json_response};

/// The most bytes that a compressed body may unpack to.
const MAX_UNPACKED: u64 = 256 << 20;

/// `POST /v1/rest/ingest/{database}/{table}`
pub(super) async fn streaming(
    incoming: Incoming,
    database: String,
    table: String,
    format: DataFormat,
    mapping: Option<String>,
    source: StreamingSource,
) -> Response<Body> {
    let refuse = |status, message: String| {
        let mut refused = OneApiError::new("BadRequest", "Request is invalid and cannot be executed.");
        refused.exception_type =
            Some("Kusto.DataNode.Exceptions.StreamingIngestionRequestException".to_owned());
        refused.description = Some(message);
        refused.failure_code = Some(400);
        error::response(status, refused, &incoming)
    };
    if let Some(mapping) = mapping {
        return refuse(
            StatusCode::BAD_REQUEST,
            format!("the ingestion mapping '{mapping}' was not found"),
        );
    }
    let StreamingSource::Data { body, is_gzip } = source else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "blobs as sources are not supported by this service".to_owned(),
        );
    };
    let service = incoming.service.clone();
    let outcome = tokio::task::spawn_blocking(move || {
        let body = if is_gzip { gunzip(&body)? } else { body };
        service
            .ingest(&database, &table, format, body)
            .map_err(|error| error.to_string())
    });
    match outcome.await {
        Ok(Ok(_)) => json_response(
            StatusCode::OK,
            r#"{"Tables":[{"TableName":"Table_0","Columns":[],"Rows":[]}]}"#,
        ),
        Ok(Err(message)) => refuse(StatusCode::BAD_REQUEST, message),
        Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn gunzip(body: &[u8]) -> Result<Bytes, String> {
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(body)
        .take(MAX_UNPACKED + 1)
        .read_to_end(&mut unpacked)
        .map_err(|error| format!("the body is not valid gzip: {error}"))?;
    if unpacked.len() as u64 > MAX_UNPACKED {
        return Err(format!("the body unpacks to more than {MAX_UNPACKED} bytes"));
    }
    Ok(unpacked.into())
}
