//! Queued ingestion: what clients put into containers and queues of a storage account comes into tables.

mod message;
mod report;
mod tracking;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use kusto_protocol::{DateTime, IngestionMessage};

use crate::azure_storage::{self, StorageAccount, StorageError};
use crate::service::Service;
use report::Outcome;
pub(crate) use tracking::{Operations as TrackedOperations, TrackedBlob};

/// The storage that clients are lent, and what is known of ingestions without a queue.
#[derive(Debug)]
pub(crate) struct Queued {
    account: StorageAccount,
    pub(crate) tracked: TrackedOperations,
}

impl Queued {
    /// Makes the containers, queues and the table, where they are not there yet.
    pub(crate) async fn start(account: StorageAccount) -> Result<Self, StorageError> {
        let queued = Self {
            account,
            tracked: TrackedOperations::default(),
        };
        for container in CONTAINERS {
            azure_storage::create_container(&queued.container(container)).await?;
        }
        for queue in READY_QUEUES.iter().chain([&FAILED_QUEUE, &SUCCEEDED_QUEUE]) {
            azure_storage::create_queue(&queued.queue(queue)).await?;
        }
        azure_storage::create_table(&queued.account.table(STATUS_TABLE, in_a_day())).await?;
        Ok(queued)
    }

    /// What clients may use: kinds, and addresses with their signatures.
    pub(crate) fn resources(&self) -> Vec<(&'static str, String)> {
        let mut resources: Vec<(&str, String)> = Vec::new();
        let ready = READY_QUEUES
            .iter()
            .map(|queue| ("SecuredReadyForAggregationQueue", self.queue(queue)));
        resources.extend(ready);
        resources.push(("FailedIngestionsQueue", self.queue(FAILED_QUEUE)));
        resources.push(("SuccessfulIngestionsQueue", self.queue(SUCCEEDED_QUEUE)));
        resources.extend(self.containers().map(|container| ("TempStorage", container)));
        let table = self.account.table(STATUS_TABLE, in_a_day());
        resources.push(("IngestionsStatusTable", table));
        resources
    }

    /// The containers that clients may put blobs into.
    pub(crate) fn containers(&self) -> impl Iterator<Item = String> {
        CONTAINERS.iter().map(|container| self.container(container))
    }

    fn container(&self, name: &str) -> String {
        self.account.container(name, in_a_day())
    }

    fn queue(&self, name: &str) -> String {
        self.account.queue(name, in_a_day())
    }
}

/// Takes messages from the queues until it is aborted. Storage that does not answer is asked again.
pub(crate) async fn pump(service: Arc<Service>) {
    let Some(queued) = &service.queued else { return };
    loop {
        let mut is_idle = true;
        for queue in READY_QUEUES {
            // An error here means that there is nothing to be had now, as no messages do.
            let messages = azure_storage::get_messages(&queued.queue(queue), HELD_SECONDS).await;
            for taken in messages.unwrap_or_default() {
                is_idle = false;
                let is_last_try = taken.dequeue_count >= MAX_TRIES;
                let Ok(message) = IngestionMessage::from_queue_text(&taken.text) else {
                    // It cannot even be said whose it is.
                    let _ = azure_storage::delete_message(&queued.queue(queue), &taken).await;
                    continue;
                };
                let mut outcome = message::ingest(&service, queued, &message).await;
                if outcome.may_succeed_later() && !is_last_try {
                    // It comes back when the time is over.
                    continue;
                }
                outcome.is_exhausted = is_last_try;
                report::report(queued, &message, &outcome).await;
                // One that cannot be removed comes again, as with any queue.
                let _ = azure_storage::delete_message(&queued.queue(queue), &taken).await;
            }
        }
        if is_idle {
            tokio::time::sleep(IDLE).await;
        }
    }
}

/// Ingests blobs that came without a queue, one after the other, and keeps track of them.
pub(crate) async fn ingest_tracked(
    service: Arc<Service>,
    operation: String,
    messages: Vec<IngestionMessage>,
) {
    let Some(queued) = &service.queued else { return };
    for (place, message) in messages.iter().enumerate() {
        let outcome: Outcome = message::ingest(&service, queued, message).await;
        queued.tracked.ended(&operation, place, &outcome);
    }
}

/// Until when signatures hold that are given out now.
fn in_a_day() -> DateTime {
    DateTime::from(SystemTime::now() + Duration::from_secs(24 * 60 * 60))
}

const CONTAINERS: &[&str] = &["ingestdata0", "ingestdata1"];
const READY_QUEUES: &[&str] = &["readyforaggregation0", "readyforaggregation1"];
const FAILED_QUEUE: &str = "failedingestions";
const SUCCEEDED_QUEUE: &str = "successfulingestions";
const STATUS_TABLE: &str = "ingestionsstatus";

/// How long a message is nobody else's.
const HELD_SECONDS: u32 = 30;

/// How often a message is tried whose failure may pass.
const MAX_TRIES: u32 = 3;

/// How long the queues are left alone when they were empty.
const IDLE: Duration = Duration::from_millis(100);
