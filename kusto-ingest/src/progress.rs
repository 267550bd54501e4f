//! How far an ingestion is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::blocks::Blocks;

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes taken from the source.
    pub bytes_read: u64,
    /// Bytes that came out of compression, or went past it.
    pub bytes_packed: u64,
    /// Bytes that storage has.
    pub bytes_uploaded: u64,
    /// How often a request to storage was repeated.
    pub blocks_retried: u64,
}

/// Who wants to know.
#[derive(Clone, Default)]
pub(crate) struct Listener(pub(crate) Option<Arc<Callback>>);

type Callback = dyn Fn(&Progress) + Send + Sync;

/// Counts for one upload, and tells the listener.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    listener: Listener,
    uploaded: AtomicU64,
    retried: AtomicU64,
}

impl Meter {
    pub(crate) fn new(listener: Listener) -> Self {
        Self {
            listener,
            ..Self::default()
        }
    }

    /// A new upload of the same data: nothing of it is there.
    pub(crate) fn begin_again(&self) {
        self.uploaded.store(0, Ordering::Relaxed);
        self.retried();
    }

    pub(crate) fn uploaded(&self, bytes: usize, blocks: &Blocks) {
        let uploaded = self.uploaded.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if let Listener(Some(listener)) = &self.listener {
            listener(&Progress {
                bytes_read: blocks.bytes_read(),
                bytes_packed: blocks.bytes_packed(),
                bytes_uploaded: uploaded,
                blocks_retried: self.retried.load(Ordering::Relaxed),
            });
        }
    }

    pub(crate) fn retried(&self) {
        self.retried.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Listener"
        } else {
            "no listener"
        })
    }
}
