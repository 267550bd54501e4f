//! Reports about ingestions: notifications in queues, and rows of the status table.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::{Map, Value};

use crate::ingestion_message::{Members, queue_json};
use crate::parse_error::{ParseError, ParseErrorKind};
use crate::scalar::{DateTime, Guid};
use crate::secret::Secret;

/// What an ingestion service says about one source: a message of its queues for failures and successes, or a row of
/// its status table.
///
/// The queues are shared by all clients of a cluster: [`source_id`](Self::source_id) tells whose report it is.
/// Reading takes numbers and booleans as themselves or in strings; what cannot be understood counts as absent, except
/// for the source's id and what became of it.
///
/// ```
/// use kusto_protocol::{FailureStatus, IngestionReport, IngestionState};
///
/// let report = IngestionReport::from_queue_text(
///     r#"{"IngestionSourceId":"123e27de-1e4e-49d9-b579-fe0b331d3642","Database":"Samples","Table":"StormEvents",
///         "FailedOn":"2026-01-01T12:00:00Z","ErrorCode":"BadRequest_EmptyBlob","FailureStatus":"Permanent"}"#,
/// )?;
/// assert_eq!(report.state, IngestionState::Failed);
/// assert_eq!(report.error_code.as_deref(), Some("BadRequest_EmptyBlob"));
/// assert_eq!(report.failure_status, Some(FailureStatus::Permanent));
/// # Ok::<(), kusto_protocol::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct IngestionReport {
    /// `IngestionSourceId`: the id that the message had.
    pub source_id: Guid,
    /// What became of the source.
    pub state: IngestionState,
    /// `IngestionSourcePath`: the blob's address.
    pub source_path: Option<Secret>,
    /// `Database`
    pub database: Option<String>,
    /// `Table`
    pub table: Option<String>,
    /// `SucceededOn`, `FailedOn` or `UpdatedOn`: since when that is so.
    pub at: Option<DateTime>,
    /// `OperationId`: the operation that loaded the data, with others maybe.
    pub operation_id: Option<String>,
    /// `RootActivityId` or `ActivityId`: what the service's logs call it.
    pub activity_id: Option<String>,
    /// `ErrorCode`: why it failed, such as `BadRequest_EmptyBlob`.
    pub error_code: Option<String>,
    /// `FailureStatus`: whether it may go better next time.
    pub failure_status: Option<FailureStatus>,
    /// `Details`: why it failed, for people.
    pub details: Option<String>,
    /// `OriginatesFromUpdatePolicy`: whether an update policy failed, and not the table itself.
    pub originates_from_update_policy: Option<bool>,
    /// `ShouldRetry`: whether the service advises to ingest the source again.
    pub should_retry: Option<bool>,
}

/// What became of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IngestionState {
    /// Nothing yet. All others are final.
    Pending,
    /// Its data is in the table.
    Succeeded,
    /// Its data is not in the table.
    Failed,
    /// It is in the queue, and the outcome is reported there.
    Queued,
    /// There was no data, or it was in the table already.
    Skipped,
    /// A part of its data is in the table.
    PartiallySucceeded,
    /// It was called back before its data was in the table. Of the REST API alone.
    Canceled,
}

/// Whether an ingestion that failed may go better next time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureStatus {
    /// Nobody knows.
    Unknown,
    /// It will not.
    Permanent,
    /// It may.
    Transient,
    /// The service has tried often enough.
    Exhausted,
}

impl IngestionReport {
    /// A report that says no more than what became of a source.
    pub(crate) fn new(source_id: Guid, state: IngestionState) -> Self {
        Self {
            source_id,
            state,
            source_path: None,
            database: None,
            table: None,
            at: None,
            operation_id: None,
            activity_id: None,
            error_code: None,
            failure_status: None,
            details: None,
            originates_from_update_policy: None,
            should_retry: None,
        }
    }

    /// Reads the text of a queue: base64 of the JSON, or the JSON itself.
    ///
    /// # Errors
    ///
    /// If it is neither, or does not say which source it is about and what became of it.
    pub fn from_queue_text(text: &str) -> Result<Self, ParseError> {
        read(queue_json(text, WHAT)?)
    }
}

impl IngestionState {
    /// The name in the status table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Queued => "Queued",
            Self::Skipped => "Skipped",
            Self::PartiallySucceeded => "PartiallySucceeded",
            Self::Canceled => "Canceled",
        }
    }

    /// The state of this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::Pending,
            Self::Succeeded,
            Self::Failed,
            Self::Queued,
            Self::Skipped,
            Self::PartiallySucceeded,
            Self::Canceled,
        ];
        all.into_iter()
            .find(|state| state.as_str().eq_ignore_ascii_case(name))
    }

    /// Whether it will not change any more.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending)
    }
}

impl FailureStatus {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::Permanent => "Permanent",
            Self::Transient => "Transient",
            Self::Exhausted => "Exhausted",
        }
    }

    /// The status of this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Unknown, Self::Permanent, Self::Transient, Self::Exhausted];
        all.into_iter()
            .find(|status| status.as_str().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for IngestionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for FailureStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads a row of the status table, or the JSON of a notification.
impl<'de> Deserialize<'de> for IngestionReport {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

fn read(members: Map<String, Value>) -> Result<IngestionReport, ParseError> {
    let mut members = Members(members);
    let error = |kind, message| ParseError::new(WHAT, kind, None, message);
    let source_id = text(&mut members, "IngestionSourceId")
        .ok_or_else(|| error(ParseErrorKind::Missing, "IngestionSourceId is missing"))?;
    let source_id = source_id
        .parse()
        .map_err(|_| error(ParseErrorKind::Malformed, "IngestionSourceId must be a guid"))?;
    let succeeded_on = text(&mut members, "SucceededOn");
    let failed_on = text(&mut members, "FailedOn");
    // Rows say it in a word; of notifications the time's name does.
    let state = match (text(&mut members, "Status"), &succeeded_on, &failed_on) {
        (Some(name), _, _) => IngestionState::from_name(&name).ok_or_else(|| {
            error(
                ParseErrorKind::Unknown,
                "Status has a value that nobody documents",
            )
        })?,
        (None, Some(_), None) => IngestionState::Succeeded,
        (None, None, Some(_)) => IngestionState::Failed,
        (None, None, None) => {
            return Err(error(
                ParseErrorKind::Missing,
                "none of Status, SucceededOn and FailedOn is there",
            ));
        }
        (None, Some(_), Some(_)) => {
            return Err(error(
                ParseErrorKind::Contradictory,
                "both SucceededOn and FailedOn are there",
            ));
        }
    };
    let at = succeeded_on
        .or(failed_on)
        .or_else(|| text(&mut members, "UpdatedOn"));
    let failure_status = text(&mut members, "FailureStatus");
    Ok(IngestionReport {
        source_id,
        state,
        source_path: text(&mut members, "IngestionSourcePath").map(Secret::from),
        database: text(&mut members, "Database"),
        table: text(&mut members, "Table"),
        at: at.and_then(|at| at.parse().ok()),
        operation_id: text(&mut members, "OperationId"),
        activity_id: text(&mut members, "RootActivityId").or_else(|| text(&mut members, "ActivityId")),
        error_code: text(&mut members, "ErrorCode"),
        failure_status: failure_status.and_then(|name| FailureStatus::from_name(&name)),
        details: text(&mut members, "Details"),
        originates_from_update_policy: flag(&mut members, "OriginatesFromUpdatePolicy"),
        should_retry: flag(&mut members, "ShouldRetry"),
    })
}

fn text(members: &mut Members, name: &'static str) -> Option<String> {
    match members.take(name)? {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text),
        value => Some(value.to_string()),
    }
}

fn flag(members: &mut Members, name: &'static str) -> Option<bool> {
    text(members, name)?.to_ascii_lowercase().parse().ok()
}

const WHAT: &str = "ingestion report";

#[cfg(test)]
mod tests {
    use base64::Engine;
    use serde_json::json;

    use super::*;

    const ID: &str = "123e27de-1e4e-49d9-b579-fe0b331d3642";

    fn read(value: &Value) -> Result<IngestionReport, ParseError> {
        IngestionReport::from_queue_text(&value.to_string())
    }

    #[test]
    fn a_failure_says_why_and_whether_to_retry() {
        let failure = json!({
            "OperationId": "op", "RootActivityId": "activity", "Database": "Sales", "Table": "Orders",
            "FailedOn": "2026-01-01T12:00:00.0000001Z", "IngestionSourceId": ID,
            "IngestionSourcePath": "https://a/c/b.csv?sig=s3cret", "Details": "no rows",
            "ErrorCode": "BadRequest_NoRecordsOrWrongFormat", "FailureStatus": "permanent",
            "OriginatesFromUpdatePolicy": "False", "ShouldRetry": false
        });
        let report = read(&failure).unwrap();
        let encoded = base64::prelude::BASE64_STANDARD.encode(failure.to_string());
        assert_eq!(IngestionReport::from_queue_text(&encoded).unwrap(), report);
        assert_eq!(
            (report.source_id.to_string().as_str(), report.state),
            (ID, IngestionState::Failed)
        );
        assert_eq!(report.at.unwrap().to_string(), "2026-01-01T12:00:00.0000001Z");
        assert_eq!(report.activity_id.as_deref(), Some("activity"));
        assert_eq!(report.failure_status, Some(FailureStatus::Permanent));
        assert_eq!(
            (report.originates_from_update_policy, report.should_retry),
            (Some(false), Some(false))
        );
        assert!(!format!("{report:?}").contains("s3cret"));
    }

    #[test]
    fn a_success_is_known_by_its_time() {
        let report = read(&json!({"IngestionSourceId": ID, "SucceededOn": "2026-01-01T12:00:00Z"})).unwrap();
        assert_eq!(report.state, IngestionState::Succeeded);
        assert_eq!((report.error_code, report.should_retry), (None, None));
    }

    #[test]
    fn a_row_of_the_status_table_says_it_in_a_word() {
        for (name, is_final) in [
            ("Pending", false),
            ("Succeeded", true),
            ("Failed", true),
            ("Queued", true),
            ("Skipped", true),
            ("PartiallySucceeded", true),
        ] {
            let row = json!({
                "PartitionKey": ID, "RowKey": ID, "Timestamp": "2026-01-01T12:00:01Z", "Status": name,
                "IngestionSourceId": ID, "UpdatedOn": "2026-01-01T12:00:00", "ActivityId": "a", "ErrorCode": ""
            });
            let report: IngestionReport = serde_json::from_value(row).unwrap();
            assert_eq!((report.state.as_str(), report.state.is_final()), (name, is_final));
            assert_eq!(report.at.unwrap().to_string(), "2026-01-01T12:00:00Z");
            assert_eq!(
                (report.activity_id.as_deref(), report.error_code),
                (Some("a"), None)
            );
        }
    }

    #[test]
    fn a_report_about_nothing_is_refused() {
        for (report, kind) in [
            (json!({"Status": "Succeeded"}), ParseErrorKind::Missing),
            (json!({"IngestionSourceId": ID}), ParseErrorKind::Missing),
            (
                json!({"IngestionSourceId": "x", "Status": "Failed"}),
                ParseErrorKind::Malformed,
            ),
            (
                json!({"IngestionSourceId": ID, "Status": "Lost"}),
                ParseErrorKind::Unknown,
            ),
            (
                json!({"IngestionSourceId": ID, "FailedOn": "a", "SucceededOn": "b"}),
                ParseErrorKind::Contradictory,
            ),
            (json!([]), ParseErrorKind::Malformed),
        ] {
            assert_eq!(read(&report).unwrap_err().kind(), kind, "{report}");
        }
    }
}
