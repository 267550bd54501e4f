//! The queues in which the service says what went well and what did not. All clients of a cluster share them.

use azure_storage_queue::models::{QueueClientPeekMessagesOptions, QueueClientReceiveMessagesOptions};
use kusto_protocol::IngestionReport;

use crate::error::{IngestError, IngestErrorKind};
use crate::storage::{Storage, StorageError};
use crate::storage_root::StorageRoot;

/// Looks at the front of each queue. Messages that are no reports are left out.
pub(crate) async fn peek(
    storage: &Storage,
    queues: &[StorageRoot],
) -> Result<Vec<IngestionReport>, IngestError> {
    let mut reports = Vec::new();
    for queue in queues {
        let look = async {
            let options = QueueClientPeekMessagesOptions {
                number_of_messages: Some(MOST_MESSAGES),
                ..Default::default()
            };
            let answer = storage.queue(queue)?.peek_messages(Some(options)).await?;
            Ok::<_, StorageError>(answer.into_model()?.items.unwrap_or_default())
        };
        let messages = look.await.map_err(|error| unreadable(queue, error))?;
        reports.extend(
            messages
                .iter()
                .filter_map(|message| report(message.message_text.as_deref())),
        );
    }
    Ok(reports)
}

/// Takes what is wanted from the front of each queue. What was taken is given even if another queue fails then: it is
/// nowhere else any more.
pub(crate) async fn pop(
    storage: &Storage,
    queues: &[StorageRoot],
    wanted: impl Fn(&IngestionReport) -> bool,
) -> Result<Vec<IngestionReport>, IngestError> {
    let mut reports = Vec::new();
    for queue in queues {
        if let Err(error) = pop_from(storage, queue, &wanted, &mut reports).await {
            return if reports.is_empty() {
                Err(unreadable(queue, error))
            } else {
                Ok(reports)
            };
        }
    }
    Ok(reports)
}

async fn pop_from(
    storage: &Storage,
    queue: &StorageRoot,
    wanted: impl Fn(&IngestionReport) -> bool,
    reports: &mut Vec<IngestionReport>,
) -> Result<(), StorageError> {
    let client = storage.queue(queue)?;
    let options = QueueClientReceiveMessagesOptions {
        number_of_messages: Some(MOST_MESSAGES),
        visibility_timeout: Some(INVISIBLE_SECONDS),
        ..Default::default()
    };
    let answer = client.receive_messages(Some(options)).await?;
    for message in answer.into_model()?.items.unwrap_or_default() {
        let (Some(id), Some(receipt)) = (message.message_id, message.pop_receipt) else {
            continue;
        };
        if let Some(report) = report(message.message_text.as_deref())
            && wanted(&report)
        {
            client.delete_message(&id, &receipt, None).await?;
            reports.push(report);
        }
    }
    Ok(())
}

fn report(text: Option<&str>) -> Option<IngestionReport> {
    IngestionReport::from_queue_text(text?).ok()
}

fn unreadable(queue: &StorageRoot, error: StorageError) -> IngestError {
    error.into_error(
        IngestErrorKind::Status,
        &format!("queue {} cannot be read", queue.address()),
    )
}

/// The most that a queue gives at once.
const MOST_MESSAGES: i32 = 32;
const INVISIBLE_SECONDS: i32 = 30;
