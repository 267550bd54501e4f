//! Rows that came together.

use arrow_schema::ArrowError;
use arrow_select::concat::concat;
use kusto_protocol::{DateTime, Guid};

use super::MAX_BATCH_ROWS;
use crate::service::new_guid;
use crate::types::Batch;

/// A part of a table that never changes: what one ingestion brought, or several small ones together.
#[derive(Debug)]
pub(crate) struct Extent {
    /// What tells it from all others, and names its file.
    pub(crate) id: Guid,
    /// When its rows came, or were said to have come.
    pub(crate) created: DateTime,
    /// Tags, such as `ingest-by:…` and `drop-by:…`.
    pub(crate) tags: Vec<String>,
    batches: Vec<Batch>,
}

impl Extent {
    /// An extent of these rows.
    pub(crate) fn new(batches: Vec<Batch>, created: DateTime, tags: Vec<String>) -> Self {
        Self::with_id(new_guid(), batches, created, tags)
    }

    /// An extent that was there before.
    pub(super) fn with_id(id: Guid, batches: Vec<Batch>, created: DateTime, tags: Vec<String>) -> Self {
        let batches = batches.iter().flat_map(pieces).collect();
        Self {
            id,
            created,
            tags,
            batches,
        }
    }

    /// The rows, in batches of at most [`MAX_BATCH_ROWS`].
    pub(crate) fn batches(&self) -> &[Batch] {
        &self.batches
    }

    /// The number of rows.
    pub(crate) fn num_rows(&self) -> u64 {
        self.batches.iter().map(|batch| batch.num_rows() as u64).sum()
    }

    /// Bytes the rows take in memory.
    pub(crate) fn byte_len(&self) -> u64 {
        self.batches.iter().map(Batch::byte_len).sum()
    }

    /// One extent of the rows of both, if they are small and nobody has tagged them: so that many small appends do not
    /// make a slow table.
    pub(super) fn join(&self, next: &Self) -> Result<Option<Self>, ArrowError> {
        let ([first], [second]) = (&self.batches[..], &next.batches[..]) else {
            return Ok(None);
        };
        let rows = first.num_rows() + second.num_rows();
        if rows > MAX_BATCH_ROWS || !self.tags.is_empty() || !next.tags.is_empty() {
            return Ok(None);
        }
        let pairs = first.columns().iter().zip(second.columns());
        let columns: Result<_, _> = pairs.map(|(a, b)| concat(&[a, b])).collect();
        Ok(Some(Self {
            id: next.id,
            created: next.created,
            tags: Vec::new(),
            batches: vec![Batch::new(columns?, rows)],
        }))
    }
}

/// A batch in pieces of at most [`MAX_BATCH_ROWS`].
fn pieces(batch: &Batch) -> impl Iterator<Item = Batch> {
    let starts = (0..batch.num_rows()).step_by(MAX_BATCH_ROWS);
    starts.map(|start| batch.slice(start, MAX_BATCH_ROWS.min(batch.num_rows() - start)))
}
