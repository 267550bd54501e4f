//! The REST API of queued ingestion.

use kusto_protocol::{AcceptedIngestion, IngestionOperationStatus, Request, Secret};

use super::{Plan, QueuedIngestClient};
use crate::error::{IngestError, IngestErrorKind};
use crate::mgmt;
use crate::properties::Reporting;
use crate::resources::Resources;
use crate::status::{IngestionFailure, IngestionOperation, IngestionStatus, Tracking};

impl QueuedIngestClient {
    /// Tells the service of a blob.
    pub(super) async fn post_rest(
        &self,
        plan: &Plan<'_>,
        resources: &Resources,
        blob: &Secret,
        raw_size: Option<u64>,
    ) -> Result<IngestionOperation, IngestError> {
        if let Some(raw_size) = raw_size {
            plan.check_size(resources.rest.as_ref(), raw_size)?;
        }
        let properties = plan.properties;
        let is_tracked = properties.reporting == Reporting::Tracked;
        let message = self.message(plan, blob.clone(), raw_size);
        let mut request = Request::queued_ingest([message], is_tracked);
        request.properties.application.clone_from(&self.application);
        request
            .properties
            .client_request_id
            .clone_from(&properties.client_request_id);
        let answer = mgmt::json(self.resources.pipeline(), request).await?;
        // The service has it, whatever its answer looks like; without an id nothing can be asked.
        let operation = AcceptedIngestion::from_json(&answer)
            .ok()
            .and_then(|accepted| accepted.operation);
        Ok(IngestionOperation {
            source_id: plan.source_id,
            database: properties.database.clone(),
            table: properties.table.clone(),
            raw_size,
            tracking: operation
                .filter(|_| is_tracked)
                .map_or(Tracking::None, Tracking::Operation),
        })
    }

    /// What the service says of an operation.
    pub(super) async fn rest_status(
        &self,
        operation: &IngestionOperation,
        id: &str,
    ) -> Result<IngestionStatus, IngestError> {
        let request = Request::ingestion_status(&operation.database, &operation.table, id, true);
        let answer = mgmt::json(self.resources.pipeline(), request)
            .await
            .map_err(|error| IngestError::new(IngestErrorKind::Status, error.to_string()))?;
        let status = IngestionOperationStatus::from_json(&answer)
            .map_err(|error| IngestError::new(IngestErrorKind::Status, error.to_string()))?;
        Ok(outcome(operation, status))
    }
}

impl Plan<'_> {
    /// Whether the REST API can do what is asked for: it has no notification queues.
    pub(super) fn suits_rest(&self) -> bool {
        !matches!(self.properties.reporting, Reporting::To(..))
    }
}

/// Whether data that the REST API did not take goes through a queue: if the failure may pass, or if there is no such
/// API after all. What the service refuses for good it would refuse there, too.
pub(super) fn falls_back(error: &IngestError) -> bool {
    let Some(transport) = error.transport() else {
        return false;
    };
    let status = transport.status().map(|status| status.as_u16());
    let is_absent = matches!(status, Some(404 | 405 | 501)) && transport.service_errors().is_empty();
    is_absent || !error.is_permanent()
}

/// The one blob of an operation, by its own report, or by the counts where there is none.
fn outcome(operation: &IngestionOperation, status: IngestionOperationStatus) -> IngestionStatus {
    let mut blobs = status.blobs.into_iter();
    if let Some(blob) = blobs.find(|blob| blob.source_id == operation.source_id) {
        return blob.into();
    }
    let failed = |details: &str| {
        IngestionStatus::Failed(IngestionFailure {
            code: None,
            permanent: false,
            details: Some(details.to_owned()),
        })
    };
    if status.in_progress > 0 {
        IngestionStatus::Pending
    } else if status.failed > 0 {
        failed("the service does not say why")
    } else if status.canceled > 0 {
        failed("the operation was canceled")
    } else if status.succeeded > 0 {
        IngestionStatus::Succeeded
    } else {
        // It was taken, and is counted nowhere yet.
        IngestionStatus::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_tell_what_no_report_tells() {
        let operation: IngestionOperation = serde_json::from_value(serde_json::json!({
            "source_id": "123e27de-1e4e-49d9-b579-fe0b331d3642", "database": "d", "table": "t", "raw_size": null,
            "tracking": {"Operation": "a;b"},
        }))
        .unwrap();
        let told = |counts: &str, details: &str| {
            let answer = format!("{{\"status\":{{{counts}}},\"details\":[{details}]}}");
            outcome(
                &operation,
                IngestionOperationStatus::from_json(answer.as_bytes()).unwrap(),
            )
        };
        let mine = |status: &str| {
            format!(
                "{{\"sourceId\":\"{}\",\"status\":\"{status}\"}}",
                operation.source_id
            )
        };
        assert_eq!(told("", ""), IngestionStatus::Pending);
        assert_eq!(
            told("\"InProgress\":1,\"Failed\":1", ""),
            IngestionStatus::Pending
        );
        assert_eq!(told("\"succeeded\":1", ""), IngestionStatus::Succeeded);
        assert_eq!(
            told("\"Succeeded\":1,\"Failed\":1", &mine("Succeeded")),
            IngestionStatus::Succeeded
        );
        assert_eq!(
            told("\"InProgress\":1", &mine("Queued")),
            IngestionStatus::Pending
        );
        for (counts, details) in [
            ("\"Failed\":1", String::new()),
            ("\"Canceled\":1", String::new()),
            ("\"Canceled\":1", mine("Canceled")),
        ] {
            let told = told(counts, &details);
            assert!(
                matches!(&told, IngestionStatus::Failed(failure) if !failure.permanent),
                "{told:?}"
            );
        }
    }
}
