//! Answers of the REST API of queued ingestion.

use serde_json::{Map, Value};

use crate::ingestion_message::Members;
use crate::ingestion_report::{IngestionReport, IngestionState};
use crate::parse_error::{ParseError, ParseErrorKind};
use crate::scalar::{DateTime, Timespan};
use crate::secret::Secret;

/// Where data goes that is queued over REST, and how much of it: the answer to
/// [`RequestKind::IngestionConfiguration`](crate::RequestKind::IngestionConfiguration).
///
/// ```
/// use kusto_protocol::{IngestionConfiguration, UploadMethod};
///
/// let answer = br#"{"containerSettings":{"containers":[{"path":"https://acct.blob.core.windows.net/c?sig=s3cret"}],
///     "lakeFolders":null,"preferredUploadMethod":"Storage","refreshInterval":"01:00:00"},
///     "ingestionSettings":{"preferredIngestionMethod":"REST","maxDataSize":4294967296,"maxBlobsPerBatch":20}}"#;
/// let configuration = IngestionConfiguration::from_json(answer)?;
/// assert!(configuration.prefers_rest);
/// assert_eq!(configuration.upload_method, UploadMethod::Storage);
/// assert_eq!((configuration.containers.len(), configuration.max_blobs), (1, Some(20)));
/// # Ok::<(), kusto_protocol::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
#[non_exhaustive]
pub struct IngestionConfiguration {
    /// Containers for blobs, each an address with its signature.
    pub containers: Vec<Secret>,
    /// Folders of OneLake. They have no signature: who writes there needs a token for storage.
    pub lake_folders: Vec<Secret>,
    /// Which of the two clients are to use.
    pub upload_method: UploadMethod,
    /// Whether blobs are to be queued over REST. Services that have the API may still prefer their queues.
    pub prefers_rest: bool,
    /// How long this holds.
    pub refresh_interval: Option<Timespan>,
    /// The most bytes of one source before compression.
    pub max_data_size: Option<u64>,
    /// The most blobs of one request.
    pub max_blobs: Option<u64>,
}

/// Where clients are to put blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum UploadMethod {
    /// Where they like.
    #[default]
    Default,
    /// Containers of a storage account.
    Storage,
    /// Folders of OneLake.
    Lake,
}

/// Blobs that the service took over REST: the answer to
/// [`RequestKind::QueuedIngest`](crate::RequestKind::QueuedIngest).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcceptedIngestion {
    /// The id under which the service keeps their status, if that was asked for.
    pub operation: Option<String>,
}

/// What became of blobs that were queued over REST: the answer to
/// [`RequestKind::IngestionStatus`](crate::RequestKind::IngestionStatus).
///
/// ```
/// use kusto_protocol::{IngestionOperationStatus, IngestionState};
///
/// let answer = br#"{"startTime":"2026-01-01T12:00:00Z","lastUpdated":"2026-01-01T12:00:09Z",
///     "status":{"Succeeded":0,"Failed":1,"InProgress":0,"Canceled":0},"details":[
///     {"sourceId":"123e27de-1e4e-49d9-b579-fe0b331d3642","url":"https://a/c/b.csv","status":"Failed",
///      "errorCode":"BadRequest_EmptyBlob","failureStatus":"Permanent","details":"the blob is empty"}]}"#;
/// let status = IngestionOperationStatus::from_json(answer)?;
/// assert_eq!((status.failed, status.in_progress), (1, 0));
/// assert_eq!(status.blobs[0].state, IngestionState::Failed);
/// assert_eq!(status.blobs[0].error_code.as_deref(), Some("BadRequest_EmptyBlob"));
/// # Ok::<(), kusto_protocol::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
#[non_exhaustive]
pub struct IngestionOperationStatus {
    /// When the service took the blobs.
    pub started: Option<DateTime>,
    /// When this last changed.
    pub updated: Option<DateTime>,
    /// Blobs that are in.
    pub succeeded: u64,
    /// Blobs that are not, and will not be.
    pub failed: u64,
    /// Blobs that are worked on, or wait. At 0 nothing changes any more.
    pub in_progress: u64,
    /// Blobs that were called back.
    pub canceled: u64,
    /// Each blob, if details were asked for; those that cannot be understood are left out.
    pub blobs: Vec<IngestionReport>,
}

impl IngestionConfiguration {
    /// Reads the answer. What is not known is left out.
    ///
    /// # Errors
    ///
    /// If it is no JSON object.
    pub fn from_json(answer: &[u8]) -> Result<Self, ParseError> {
        let mut answer = object(answer)?;
        let (mut storage, mut ingestion) = (
            inner(&mut answer, "containerSettings"),
            inner(&mut answer, "ingestionSettings"),
        );
        let upload_method = storage.text("preferredUploadMethod")?.unwrap_or_default();
        let method = ingestion.text("preferredIngestionMethod")?.unwrap_or_default();
        Ok(Self {
            containers: paths(&mut storage, "containers"),
            lake_folders: paths(&mut storage, "lakeFolders"),
            upload_method: match upload_method.to_ascii_lowercase().as_str() {
                "storage" => UploadMethod::Storage,
                "lake" => UploadMethod::Lake,
                _ => UploadMethod::Default,
            },
            // The documentation names V1 and V2, and its example says REST.
            prefers_rest: ["rest", "v2"].contains(&method.to_ascii_lowercase().as_str()),
            refresh_interval: storage.parse("refreshInterval", "a timespan")?,
            max_data_size: ingestion.number("maxDataSize")?,
            max_blobs: ingestion.number("maxBlobsPerBatch")?,
        })
    }
}

impl AcceptedIngestion {
    /// Reads the answer.
    ///
    /// # Errors
    ///
    /// If it is no JSON object.
    pub fn from_json(answer: &[u8]) -> Result<Self, ParseError> {
        let operation = object(answer)?.text("ingestionOperationId")?;
        Ok(Self {
            operation: operation.filter(|id| !id.is_empty()),
        })
    }
}

impl IngestionOperationStatus {
    /// Reads the answer, in the names of the documentation or in those of the API's description.
    ///
    /// # Errors
    ///
    /// If it is no JSON object with counts.
    pub fn from_json(answer: &[u8]) -> Result<Self, ParseError> {
        let mut answer = object(answer)?;
        let Some(Value::Object(counts)) = answer.take("status") else {
            let message = "status, the numbers of blobs, is missing";
            return Err(ParseError::new(WHAT, ParseErrorKind::Missing, None, message));
        };
        let mut counts = Members(counts);
        let mut count = |name| counts.number(name).map(Option::unwrap_or_default);
        let blobs = match answer.take("details") {
            Some(Value::Array(blobs)) => blobs.into_iter().filter_map(blob).collect(),
            _ => Vec::new(),
        };
        let mut time = |names: [&'static str; 2]| {
            names
                .into_iter()
                .find_map(|name| answer.take(name)?.as_str()?.parse().ok())
        };
        Ok(Self {
            started: time(["startTime", "startedAt"]),
            updated: time(["lastUpdated", "lastUpdateTime"]),
            succeeded: count("Succeeded")?,
            failed: count("Failed")?,
            in_progress: count("InProgress")?,
            canceled: count("Canceled")?,
            blobs,
        })
    }
}

/// What is said of one blob.
fn blob(blob: Value) -> Option<IngestionReport> {
    let Value::Object(blob) = blob else { return None };
    let mut blob = Members(blob);
    let mut text = |name| blob.text(name).ok().flatten().filter(|text| !text.is_empty());
    let state = match text("status")?.to_ascii_lowercase().as_str() {
        "inprogress" | "queued" => IngestionState::Pending,
        "canceled" | "cancelled" => IngestionState::Canceled,
        name => IngestionState::from_name(name)?,
    };
    let source_id = text("sourceId")?.parse().ok()?;
    let mut report = IngestionReport::new(source_id, state);
    report.source_path = text("url").map(Secret::from);
    report.at = text("lastUpdated")
        .or_else(|| text("lastUpdateTime"))
        .and_then(|time| time.parse().ok());
    report.error_code = text("errorCode");
    report.failure_status = text("failureStatus").and_then(|name| crate::FailureStatus::from_name(&name));
    report.details = text("details");
    Some(report)
}

fn object(answer: &[u8]) -> Result<Members, ParseError> {
    // Of serde_json's messages only the place is repeated: they quote the text, which may hold a signature.
    serde_json::from_slice::<Map<String, Value>>(answer)
        .map(Members)
        .map_err(|cause| {
            let place = format!(
                "not a JSON object at line {} column {}",
                cause.line(),
                cause.column()
            );
            ParseError::new(WHAT, ParseErrorKind::Malformed, None, place)
        })
}

fn inner(members: &mut Members, name: &str) -> Members {
    match members.take(name) {
        Some(Value::Object(inner)) => Members(inner),
        _ => Members(Map::new()),
    }
}

fn paths(members: &mut Members, name: &str) -> Vec<Secret> {
    let Some(Value::Array(entries)) = members.take(name) else {
        return Vec::new();
    };
    let path = |entry: Value| match entry {
        Value::Object(entry) => Members(entry).text("path").ok().flatten(),
        _ => None,
    };
    entries.into_iter().filter_map(path).map(Secret::from).collect()
}

const WHAT: &str = "answer of the ingestion API";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn configuration(answer: &Value) -> IngestionConfiguration {
        IngestionConfiguration::from_json(answer.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn the_preferred_method_has_several_names() {
        for (name, prefers_rest) in [("REST", true), ("V2", true), ("V1", false), ("Queue", false)] {
            let answer = json!({"ingestionSettings": {"preferredIngestionMethod": name}});
            assert_eq!(configuration(&answer).prefers_rest, prefers_rest, "{name}");
        }
        let lake = json!({"containerSettings": {
            "lakeFolders": [{"path": "https://onelake/ws/item/Files"}], "containers": null,
            "preferredUploadMethod": "Lake", "refreshInterval": "00:30:00",
        }});
        let lake = configuration(&lake);
        assert_eq!(lake.upload_method, UploadMethod::Lake);
        assert_eq!((lake.containers.len(), lake.lake_folders.len()), (0, 1));
        assert_eq!(lake.refresh_interval.unwrap().to_string(), "00:30:00");
        assert_eq!(configuration(&json!({})), IngestionConfiguration::default());
    }

    #[test]
    fn an_operation_without_tracking_has_no_id() {
        let read = |answer: &str| AcceptedIngestion::from_json(answer.as_bytes()).map(|it| it.operation);
        assert_eq!(
            read(r#"{"ingestionOperationId":"a;b"}"#).unwrap().as_deref(),
            Some("a;b")
        );
        assert_eq!(read(r#"{"ingestionOperationId":""}"#).unwrap(), None);
        assert_eq!(read("<html>").unwrap_err().kind(), ParseErrorKind::Malformed);
    }

    #[test]
    fn both_spellings_of_a_status_are_read() {
        let id = "123e27de-1e4e-49d9-b579-fe0b331d3642";
        let answer = json!({
            "startedAt": "2026-01-01T12:00:00Z", "lastUpdateTime": "2026-01-01T12:00:01Z",
            "status": {"succeeded": 1, "failed": 0, "inProgress": 2, "canceled": 1},
            "details": [
                {"sourceId": id, "status": "Queued"}, {"sourceId": id, "status": "InProgress"},
                {"sourceId": id, "status": "Canceled"}, {"sourceId": id, "status": "Succeeded"},
                {"sourceId": "?", "status": "Succeeded"}, 7,
            ],
        });
        let status = IngestionOperationStatus::from_json(answer.to_string().as_bytes()).unwrap();
        assert_eq!(
            (
                status.succeeded,
                status.failed,
                status.in_progress,
                status.canceled
            ),
            (1, 0, 2, 1)
        );
        assert!(status.started < status.updated);
        let states: Vec<IngestionState> = status.blobs.iter().map(|blob| blob.state).collect();
        use IngestionState::{Canceled, Pending, Succeeded};
        assert_eq!(states, [Pending, Pending, Canceled, Succeeded]);
        let error = IngestionOperationStatus::from_json(b"{}").unwrap_err();
        assert_eq!(error.kind(), ParseErrorKind::Missing);
    }
}
