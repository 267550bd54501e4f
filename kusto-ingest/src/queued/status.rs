//! What became of queued data.

use std::time::Duration;

use futures::future::{Either, select};
use kusto_protocol::IngestionReport;

use super::QueuedIngestClient;
use crate::error::{IngestError, IngestErrorKind};
use crate::notification;
use crate::status::{IngestionOperation, IngestionStatus, Tracking};
use crate::timer::sleep;

impl QueuedIngestClient {
    /// What is known of an ingestion now.
    ///
    /// # Errors
    ///
    /// [`IngestErrorKind::Status`], if its place cannot be read; the ingestion goes on regardless.
    pub async fn status(&self, operation: &IngestionOperation) -> Result<IngestionStatus, IngestError> {
        let address = match &operation.tracking {
            Tracking::None => return Ok(IngestionStatus::Queued),
            Tracking::Operation(id) => return self.told(self.rest_status(operation, id).await?),
            Tracking::StatusTable(address) => address,
        };
        let resources = self.resources.get().await?;
        let table = resources
            .status_tables
            .iter()
            .find(|table| table.address() == *address);
        let id = operation.source_id.to_string();
        let entity = table.and_then(|table| table.entity(&id, &id)).ok_or_else(|| {
            let host = self.resources.pipeline().endpoint().host();
            IngestError::new(
                IngestErrorKind::Status,
                format!("{host} lends the status table {address} no more; ask its notification queues"),
            )
        })?;
        match self.storage.report(entity).await {
            Ok(Some(report)) => self.told(report.into()),
            Ok(None) => Err(IngestError::new(
                IngestErrorKind::Status,
                format!("the status table has no row for {id}: rows are removed after some days"),
            )),
            Err(error) => Err(error.into_error(IngestErrorKind::Status, "the status table cannot be read")),
        }
    }

    /// Waits until an ingestion has come to an end, for at most `limit`, and gives what is known then: still
    /// [`Pending`](IngestionStatus::Pending) if the time was too short. Asks every ten seconds, and sooner at first.
    ///
    /// # Errors
    ///
    /// As [`status`](Self::status), if the last asking failed.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: it changes nothing.
    pub async fn wait(
        &self,
        operation: &IngestionOperation,
        limit: Duration,
    ) -> Result<IngestionStatus, IngestError> {
        let mut last = Ok(IngestionStatus::Pending);
        let asking = async {
            let mut wait = FIRST_POLL;
            loop {
                last = self.status(operation).await;
                if last.as_ref().is_ok_and(IngestionStatus::is_final) {
                    return;
                }
                sleep(wait).await;
                wait = (wait * 2).min(LONGEST_POLL);
            }
        };
        match select(std::pin::pin!(asking), std::pin::pin!(sleep(limit))).await {
            Either::Left(_) | Either::Right(_) => {}
        }
        last
    }

    /// Looks at up to 32 failures in each of the queues that all clients of the cluster share, and leaves them there.
    ///
    /// # Errors
    ///
    /// [`IngestErrorKind::Status`], if no queue can be read.
    pub async fn peek_failures(&self) -> Result<Vec<IngestionReport>, IngestError> {
        notification::peek(&self.storage, &self.resources.get().await?.failure_queues).await
    }

    /// Takes the failures that `wanted` accepts out of the shared queues, of up to 32 in each. The others stay, and are
    /// seen again by everybody after half a minute.
    ///
    /// # Errors
    ///
    /// [`IngestErrorKind::Status`], if no queue can be read.
    pub async fn pop_failures(
        &self,
        wanted: impl Fn(&IngestionReport) -> bool,
    ) -> Result<Vec<IngestionReport>, IngestError> {
        notification::pop(&self.storage, &self.resources.get().await?.failure_queues, wanted).await
    }

    /// As [`peek_failures`](Self::peek_failures), for successes.
    ///
    /// # Errors
    ///
    /// [`IngestErrorKind::Status`], if no queue can be read.
    pub async fn peek_successes(&self) -> Result<Vec<IngestionReport>, IngestError> {
        notification::peek(&self.storage, &self.resources.get().await?.success_queues).await
    }

    /// As [`pop_failures`](Self::pop_failures), for successes.
    ///
    /// # Errors
    ///
    /// [`IngestErrorKind::Status`], if no queue can be read.
    pub async fn pop_successes(
        &self,
        wanted: impl Fn(&IngestionReport) -> bool,
    ) -> Result<Vec<IngestionReport>, IngestError> {
        notification::pop(&self.storage, &self.resources.get().await?.success_queues, wanted).await
    }

    /// The status as it is; if the service did not know who we are any more, the next who asks asks for new proof.
    fn told(&self, status: IngestionStatus) -> Result<IngestionStatus, IngestError> {
        if matches!(&status, IngestionStatus::Failed(failure) if failure.is_of_identity()) {
            self.resources.expire_all();
        }
        Ok(status)
    }
}

const FIRST_POLL: Duration = Duration::from_millis(250);
const LONGEST_POLL: Duration = Duration::from_secs(10);
