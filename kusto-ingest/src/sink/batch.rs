//! One batch of a sink, from its first record to its acknowledgement.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::Shared;
use kusto_protocol::Guid;

use super::{Outcome, Receipt};
use crate::error::IngestError;
use crate::source::Source;
use crate::source_id;
use crate::spool::{Part, Spool, SpooledBatch};

/// A batch that takes records.
pub(super) struct Batch {
    id: Guid,
    rows: u64,
    bytes: usize,
    records: Records,
    /// Where the outcome is told.
    tell: oneshot::Sender<Outcome>,
    told: Shared<oneshot::Receiver<Outcome>>,
}

enum Records {
    Memory(Vec<u8>),
    Disk { part: Part, line: Vec<u8> },
}

/// A batch that takes no more records.
pub(super) struct Sealed {
    id: Guid,
    bytes: usize,
    content: Content,
    /// Nobody waits for batches of an earlier process.
    tell: Option<oneshot::Sender<Outcome>>,
}

enum Content {
    Memory(Bytes),
    Disk(SpooledBatch),
    /// The file could not be given its final name; it is found when the spool is opened the next time.
    Stuck(IngestError),
}

/// What is to be told when the books are in order.
pub(super) struct Finished {
    outcome: Outcome,
    tell: Option<oneshot::Sender<Outcome>>,
}

impl Batch {
    pub(super) fn begin(spool: Option<&Spool>) -> Result<Self, IngestError> {
        let id = source_id::random();
        let records = match spool {
            Some(spool) => Records::Disk {
                part: spool.begin(id)?,
                line: Vec::new(),
            },
            None => Records::Memory(Vec::new()),
        };
        let (tell, told) = oneshot::channel();
        Ok(Self {
            id,
            rows: 0,
            bytes: 0,
            records,
            tell,
            told: told.shared(),
        })
    }

    pub(super) fn append(&mut self, record: &[u8]) -> Result<(), IngestError> {
        match &mut self.records {
            Records::Memory(records) => {
                records.extend_from_slice(record);
                records.push(b'\n');
            }
            Records::Disk { part, line } => {
                line.clear();
                line.extend_from_slice(record);
                line.push(b'\n');
                part.append(line)?;
            }
        }
        self.rows += 1;
        self.bytes += record.len() + 1;
        Ok(())
    }

    pub(super) fn id(&self) -> Guid {
        self.id
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn receipt(&self) -> Receipt {
        Receipt(self.told.clone())
    }

    pub(super) fn seal(self) -> Sealed {
        let content = match self.records {
            Records::Memory(records) => Content::Memory(records.into()),
            Records::Disk { part, .. } => part.seal(self.id).map_or_else(Content::Stuck, Content::Disk),
        };
        Sealed {
            id: self.id,
            bytes: self.bytes,
            content,
            tell: Some(self.tell),
        }
    }
}

impl Sealed {
    /// A batch that an earlier process had sealed, or would have.
    pub(super) fn left_behind(batch: SpooledBatch) -> Self {
        Self {
            id: batch.id,
            bytes: usize::try_from(batch.len).unwrap_or(usize::MAX),
            content: Content::Disk(batch),
            tell: None,
        }
    }

    pub(super) fn id(&self) -> Guid {
        self.id
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The data; `None` if it has to stay where it is.
    pub(super) fn source(&self) -> Option<Source> {
        match &self.content {
            Content::Memory(bytes) => Some(Source::bytes(bytes.clone())),
            Content::Disk(batch) => Some(Source::file(&batch.path)),
            Content::Stuck(_) => None,
        }
    }

    /// Puts the disk in order after the ingestion came to its end.
    pub(super) fn finish(self, outcome: Result<(), IngestError>) -> Finished {
        let outcome = match (self.content, outcome) {
            (Content::Stuck(error), _) => Err(error),
            (Content::Memory(_), outcome) => outcome,
            // A file that cannot be removed is sent again by the next process, which is allowed; the rows are in.
            (Content::Disk(batch), Ok(())) => {
                let _ = batch.remove();
                Ok(())
            }
            (Content::Disk(batch), Err(error)) => {
                // What cannot be put aside is refused once more by the service the next time.
                let _ = batch.refuse();
                Err(error)
            }
        };
        Finished {
            outcome: outcome.map_err(Arc::new),
            tell: self.tell,
        }
    }
}

impl Finished {
    pub(super) fn tell(self) {
        if let Some(tell) = self.tell {
            // Receipts may have been dropped.
            let _ = tell.send(self.outcome);
        }
    }
}
