//! What became of queued data.

use std::fmt;

use kusto_protocol::{FailureStatus, Guid, IngestionReport, IngestionState};
use serde::{Deserialize, Serialize};

/// Data that the service has in its queue: the receipt. It can be stored, and asked about later by another process.
///
/// ```
/// # fn example(operation: &kusto_ingest::IngestionOperation) -> Result<(), serde_json::Error> {
/// let stored = serde_json::to_string(operation)?;
/// let later: kusto_ingest::IngestionOperation = serde_json::from_str(&stored)?;
/// assert_eq!(&later, operation);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IngestionOperation {
    /// The id of the data in everything the service says about it.
    pub source_id: Guid,
    /// Where the rows go.
    pub database: String,
    /// Where the rows go.
    pub table: String,
    /// Bytes before compression, as they were told to the service; an estimate for data that came compressed.
    pub raw_size: Option<u64>,
    /// Where its status is found, if that was asked for.
    pub tracking: Tracking,
}

/// Where the status of an ingestion is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Tracking {
    /// Nowhere but in the notification queues that all clients share, if reporting to them was asked for.
    None,
    /// With the service, under this id of its REST API.
    Operation(String),
    /// In the status table of this address (without its signature, which is had anew when it is needed).
    StatusTable(String),
}

/// What is known of queued data.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum IngestionStatus {
    /// In the queue, or being worked on.
    Pending,
    /// The service has taken it, and reports no more: [`IngestionProperties::tracking`] asks it to.
    ///
    /// [`IngestionProperties::tracking`]: crate::IngestionProperties::tracking
    Queued,
    /// All rows are in.
    Succeeded,
    /// There was nothing to do, for instance because of `ingest_if_not_exists`.
    Skipped,
    /// Some rows are in.
    PartiallySucceeded(IngestionFailure),
    /// No rows are in.
    Failed(IngestionFailure),
}

/// Why data did not go in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IngestionFailure {
    /// The service's code, such as `BadRequest_EmptyBlob`.
    pub code: Option<String>,
    /// Whether sending the same data again is pointless. Also so if the service does not say.
    pub permanent: bool,
    /// The service's words.
    pub details: Option<String>,
}

impl IngestionStatus {
    /// Whether nothing more is to come.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Pending)
    }
}

impl From<IngestionReport> for IngestionStatus {
    fn from(report: IngestionReport) -> Self {
        let state = report.state;
        match state {
            IngestionState::Succeeded => Self::Succeeded,
            IngestionState::Queued => Self::Queued,
            IngestionState::Skipped => Self::Skipped,
            IngestionState::PartiallySucceeded => Self::PartiallySucceeded(report.into()),
            IngestionState::Failed => Self::Failed(report.into()),
            IngestionState::Canceled => Self::Failed(IngestionFailure {
                code: report.error_code,
                permanent: false,
                details: Some(
                    report
                        .details
                        .unwrap_or_else(|| "the operation was canceled".to_owned()),
                ),
            }),
            // States that this version does not know are not final: nothing is reported as done that may not be.
            _ => Self::Pending,
        }
    }
}

impl From<IngestionReport> for IngestionFailure {
    fn from(report: IngestionReport) -> Self {
        let code = report.error_code.as_deref();
        let permanent = match report.failure_status {
            // Permanent, the service says; but the next message has another token.
            _ if code == Some(INVALID_TOKEN) => false,
            Some(FailureStatus::Transient) => false,
            Some(FailureStatus::Exhausted) => report.should_retry != Some(true),
            _ => !report.should_retry.unwrap_or(false),
        };
        Self {
            code: report.error_code,
            permanent,
            details: report.details,
        }
    }
}

impl IngestionFailure {
    /// Whether the service did not take our word for who we are.
    pub(crate) fn is_of_identity(&self) -> bool {
        self.code.as_deref() == Some(INVALID_TOKEN)
    }
}

impl fmt::Display for IngestionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_deref().unwrap_or("no code"))?;
        if let Some(details) = &self.details {
            write!(f, ": {details}")?;
        }
        f.write_str(if self.permanent {
            " (permanent)"
        } else {
            " (may go well later)"
        })
    }
}

/// The token of the message has expired, or is of another service.
const INVALID_TOKEN: &str = "BadRequest_InvalidKustoIdentityToken";

#[cfg(test)]
mod tests {
    use super::*;

    fn report(json: serde_json::Value) -> IngestionStatus {
        serde_json::from_value::<IngestionReport>(json).unwrap().into()
    }

    const ID: &str = "123e27de-1e4e-49d9-b579-fe0b331d3642";

    #[test]
    fn reports_become_states() {
        for (status, is_final) in [
            ("Pending", false),
            ("Queued", true),
            ("Succeeded", true),
            ("Skipped", true),
            ("PartiallySucceeded", true),
            ("Failed", true),
        ] {
            let status = report(serde_json::json!({"IngestionSourceId": ID, "Status": status}));
            assert_eq!(status.is_final(), is_final, "{status:?}");
        }
    }

    #[test]
    fn failures_are_permanent_unless_the_service_says_otherwise() {
        let failed = |extra: serde_json::Value| {
            let mut json = serde_json::json!({"IngestionSourceId": ID, "Status": "Failed", "ErrorCode": "X"});
            json.as_object_mut()
                .unwrap()
                .extend(extra.as_object().unwrap().clone());
            match report(json) {
                IngestionStatus::Failed(failure) => failure.permanent,
                other => panic!("{other:?}"),
            }
        };
        assert!(failed(serde_json::json!({})));
        assert!(failed(serde_json::json!({"FailureStatus": "Permanent"})));
        assert!(failed(serde_json::json!({"FailureStatus": "Exhausted"})));
        assert!(!failed(serde_json::json!({"FailureStatus": "Transient"})));
        assert!(!failed(
            serde_json::json!({"FailureStatus": "Exhausted", "ShouldRetry": true})
        ));
        assert!(!failed(
            serde_json::json!({"FailureStatus": "Permanent", "ErrorCode": INVALID_TOKEN})
        ));
    }
}
