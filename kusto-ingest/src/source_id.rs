//! Ids of ingestions. The randomness of this crate lives here.

use azure_core::Uuid;
use kusto_protocol::Guid;
use sha2::{Digest, Sha256};

/// A new id.
pub(crate) fn random() -> Guid {
    Guid::from_bytes(Uuid::new_v4().into_bytes())
}

/// The same id whenever database, table and key are the same: a UUID of version 8 (RFC 9562) over their SHA-256.
pub(crate) fn from_key(database: &str, table: &str, key: &str) -> Guid {
    let mut hash = Sha256::new();
    for text in [database, table, key] {
        // With its length, so that ("a", "bc") and ("ab", "c") differ.
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    bytes[6] = 0x80 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    Guid::from_bytes(bytes)
}

/// A number below `limit`, which must not be 0.
pub(crate) fn below(limit: usize) -> usize {
    (Uuid::new_v4().as_u64_pair().1 >> 2) as usize % limit
}

/// A number from 0 up to 1, to spread waits.
pub(crate) fn jitter() -> f64 {
    below(1 << 20) as f64 / (1 << 20) as f64
}
