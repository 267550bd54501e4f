//! Requests of the REST API of queued ingestion, in both directions.

use bytes::Bytes;
use http::{Method, Uri};
use serde_json::{Map, Value, json};

use super::{RequestKind, WHAT, write::named};
use crate::endpoint::Endpoint;
use crate::ingestion_message::{IngestionMapping, IngestionMessage, Members};
use crate::parse_error::{ParseError, ParseErrorKind};
use crate::percent::{decode, encode, form_pairs};

/// Where blobs are queued, and the body that says so.
pub(super) fn write(
    endpoint: &Endpoint,
    messages: &[IngestionMessage],
    enable_tracking: bool,
) -> Result<(Uri, Value), ParseError> {
    let Some(first) = messages.first() else {
        return Err(error(ParseErrorKind::Missing, "there are no blobs to queue"));
    };
    if messages.iter().any(|message| shared(message) != shared(first)) {
        let message = "blobs of one request share table and properties; queue these one by one";
        return Err(error(ParseErrorKind::Contradictory, message));
    }
    let uri = endpoint.uri(&table_path(&first.database, &first.table)?)?;
    let blob = |message: &IngestionMessage| {
        let mut blob = json!({"url": message.blob.expose(), "sourceId": message.id});
        if let Some(size) = message.raw_data_size {
            blob["rawSize"] = size.into();
        }
        blob
    };
    let blobs: Vec<Value> = messages.iter().map(blob).collect();
    let mut body = json!({"blobs": blobs, "properties": properties(first, enable_tracking)});
    if let Some(time) = first.source_message_creation_time {
        body["timestamp"] = json!(time);
    }
    Ok((uri, body))
}

/// The address of an operation's status.
pub(super) fn status_uri(
    endpoint: &Endpoint,
    database: &str,
    table: &str,
    operation: &str,
    with_details: bool,
) -> Result<Uri, ParseError> {
    named(&[operation])?;
    let (path, query) = (
        table_path(database, table)?,
        if with_details { "?details=true" } else { "" },
    );
    endpoint.uri(&format!("{path}/{}{query}", encode(operation)))
}

/// Reads a request of this API; `None` if method and path are not of it.
pub(super) fn read(
    http: &http::Request<Bytes>,
    path: &str,
    query: &str,
) -> Option<Result<RequestKind, ParseError>> {
    if path == Endpoint::INGESTION_CONFIGURATION {
        return (http.method() == Method::GET).then_some(Ok(RequestKind::IngestionConfiguration));
    }
    let rest = path.strip_prefix(Endpoint::INGESTION_QUEUED)?.strip_prefix('/')?;
    let parts: Vec<String> = rest.split('/').map(decode).collect();
    match (http.method(), &parts[..]) {
        (&Method::POST, [database, table]) => Some(blobs(database, table, http.body())),
        (&Method::GET, [database, table, operation]) => Some(Ok(RequestKind::IngestionStatus {
            database: database.clone(),
            table: table.clone(),
            operation: operation.clone(),
            with_details: form_pairs(query).any(|(name, value)| {
                name.eq_ignore_ascii_case("details") && value.eq_ignore_ascii_case("true")
            }),
        })),
        _ => None,
    }
}

fn blobs(database: &str, table: &str, body: &[u8]) -> Result<RequestKind, ParseError> {
    const EXPECTED: &str = "the body must be a JSON object with blobs and properties";
    let malformed = || error(ParseErrorKind::Malformed, EXPECTED);
    let body: Map<String, Value> = serde_json::from_slice(body).map_err(|_| malformed())?;
    let mut body = Members(body);
    let time = body.parse("timestamp", "an ISO 8601 date")?;
    let Some(Value::Array(blobs)) = body.take("blobs") else {
        return Err(malformed());
    };
    let mut properties = match body.take("properties") {
        Some(Value::Object(properties)) => Members(properties),
        None => Members(Map::new()),
        Some(_) => return Err(malformed()),
    };
    let enable_tracking = properties.flag("enableTracking")?;
    let flush_immediately = properties.flag("skipBatching")?;
    let ignore_size_limit = properties.flag("ignoreSizeLimit")?;
    let delete = properties.flag("deleteAfterDownload")?;
    let mut template = IngestionMessage::new(crate::Guid::from_bytes([0; 16]), "", database, table, "")
        .described(properties)?;
    template.flush_immediately = flush_immediately;
    template.ignore_size_limit = ignore_size_limit;
    template.retain_blob_on_success = !delete;
    template.source_message_creation_time = time;
    let message = |blob: Value| {
        let Value::Object(blob) = blob else {
            return Err(malformed());
        };
        let (mut blob, mut message) = (Members(blob), template.clone());
        message.blob = blob.required("url")?.into();
        // Ids are the client's to give; without one it is all zeros, for the service to replace.
        message.id = blob.parse("sourceId", "a guid")?.unwrap_or(message.id);
        message.raw_data_size = blob.number("rawSize")?;
        Ok(message)
    };
    Ok(RequestKind::QueuedIngest {
        messages: blobs.into_iter().map(message).collect::<Result<_, _>>()?,
        enable_tracking,
    })
}

/// The properties as this API takes them: each in its own type, not as text.
fn properties(message: &IngestionMessage, enable_tracking: bool) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut set = |name: &str, value: Value| properties.insert(name.to_owned(), value);
    set("enableTracking", enable_tracking.into());
    if let Some(format) = message.format {
        set("format", format.name().into());
    }
    match &message.mapping {
        Some(IngestionMapping::Inline(mapping)) => set("ingestionMapping", mapping.as_str().into()),
        Some(IngestionMapping::Reference(name)) => set("ingestionMappingReference", name.as_str().into()),
        None => None,
    };
    for (name, texts) in [
        ("tags", &message.tags),
        ("ingestIfNotExists", &message.ingest_if_not_exists),
    ] {
        if !texts.is_empty() {
            set(name, json!(texts));
        }
    }
    for (name, is_set) in [
        ("skipBatching", message.flush_immediately),
        ("deleteAfterDownload", !message.retain_blob_on_success),
        ("ignoreSizeLimit", message.ignore_size_limit),
        ("ignoreFirstRecord", message.ignore_first_record),
    ] {
        if is_set {
            set(name, true.into());
        }
    }
    if let Some(time) = message.creation_time {
        set("creationTime", json!(time));
    }
    if let Some(policy) = &message.validation_policy {
        set("validationPolicy", policy.as_str().into());
    }
    for (name, value) in &message.extensions {
        let value = match value.as_str() {
            Some("true") => true.into(),
            Some("false") => false.into(),
            _ => value.clone(),
        };
        set(name, value);
    }
    properties
}

/// What all blobs of a request have in common.
fn shared(message: &IngestionMessage) -> IngestionMessage {
    let mut shared = message.clone();
    (shared.id, shared.blob, shared.raw_data_size) = (crate::Guid::from_bytes([0; 16]), "".into(), None);
    shared
}

fn table_path(database: &str, table: &str) -> Result<String, ParseError> {
    named(&[database, table])?;
    let root = Endpoint::INGESTION_QUEUED;
    Ok(format!("{root}/{}/{}", encode(database), encode(table)))
}

fn error(kind: ParseErrorKind, message: &'static str) -> ParseError {
    ParseError::new(WHAT, kind, None, message)
}

#[cfg(test)]
mod tests {
    use super::super::Request;
    use super::*;
    use crate::{DataFormat, MappingKind};

    fn endpoint() -> Endpoint {
        "https://ingest-c.kusto.windows.net".parse().unwrap()
    }

    fn message() -> IngestionMessage {
        let id = "123e27de-1e4e-49d9-b579-fe0b331d3642".parse().unwrap();
        IngestionMessage::new(id, "https://a/c/b.csv?sig=s", "My db", "T/1", "")
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut message = message()
            .format(DataFormat::Csv)
            .tags(["drop-by:b1".to_owned()])
            .raw_data_size(7);
        message.mapping = Some(IngestionMapping::Inline("[{\"Column\":\"a\"}]".to_owned()));
        message.flush_immediately = true;
        message.retain_blob_on_success = false;
        message.ignore_first_record = true;
        message.ingest_if_not_exists = vec!["k".to_owned()];
        message.creation_time = Some("2026-01-01T00:00:00Z".parse().unwrap());
        message.source_message_creation_time = Some("2026-01-02T00:00:00Z".parse().unwrap());
        message.validation_policy = Some("{\"ValidationOptions\":1}".to_owned());
        let mut second = message.clone();
        second.blob = "https://a/c/other.csv".into();
        second.raw_data_size = None;
        for request in [
            Request::queued_ingest([message, second], true),
            Request::ingestion_configuration(),
            Request::ingestion_status("My db", "T/1", "an id;1", true),
            Request::ingestion_status("db", "T", "1", false),
        ] {
            let http = request.clone().into_http(&endpoint()).unwrap();
            assert_eq!(Request::from_http(&http).unwrap(), request);
        }
    }

    #[test]
    fn properties_have_their_own_types() {
        let message = message()
            .mapping(MappingKind::Json, IngestionMapping::Reference("m".to_owned()))
            .property("extend_schema", "true")
            .property("zipPattern", "*.csv");
        let http = Request::queued_ingest([message], false)
            .into_http(&endpoint())
            .unwrap();
        assert_eq!(
            http.uri(),
            "https://ingest-c.kusto.windows.net/v1/rest/ingestion/queued/My%20db/T%2F1"
        );
        let body: Value = serde_json::from_slice(http.body()).unwrap();
        assert_eq!(
            body,
            json!({
                "blobs": [{"url": "https://a/c/b.csv?sig=s", "sourceId": "123e27de-1e4e-49d9-b579-fe0b331d3642"}],
                "properties": {
                    "enableTracking": false, "ingestionMappingReference": "m", "extend_schema": true,
                    "zipPattern": "*.csv",
                },
            })
        );
    }

    #[test]
    fn what_cannot_be_one_request_is_refused() {
        let refused = |request: Request| request.into_http(&endpoint()).unwrap_err().kind();
        let other = message().format(DataFormat::Json);
        assert_eq!(
            refused(Request::queued_ingest([message(), other], true)),
            ParseErrorKind::Contradictory
        );
        assert_eq!(refused(Request::queued_ingest([], true)), ParseErrorKind::Missing);
        assert_eq!(
            refused(Request::ingestion_status("db", "", "1", true)),
            ParseErrorKind::Missing
        );
        assert_eq!(
            refused(Request::ingestion_status("db", "t", "..", true)),
            ParseErrorKind::Unsupported
        );
    }
}
