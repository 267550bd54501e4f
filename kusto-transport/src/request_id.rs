//! Ids of requests. The randomness of this crate lives here.

use std::hash::{BuildHasher, Hasher, RandomState};

use azure_core::Uuid;

/// A new client request id: `KRC.<activity>;<uuid>`, as `.show queries` and `.cancel query` know it.
///
/// ```
/// let id = kusto_transport::new_request_id("execute");
/// assert!(id.starts_with("KRC.execute;"));
/// assert_ne!(id, kusto_transport::new_request_id("execute"));
/// ```
pub fn new_request_id(activity: &str) -> String {
    // The two fixed fields of a random UUID: its version and its variant.
    let high = random() & !0xf000 | 0x4000;
    let low = random() & (u64::MAX >> 2) | 1 << 63;
    let mut buffer = Uuid::encode_buffer();
    let uuid = Uuid::from_u64_pair(high, low).hyphenated();
    ["KRC.", activity, ";", uuid.encode_lower(&mut buffer)].concat()
}

/// The id of a try: the call's own for the first one, with a number behind it for those that follow, so that a
/// cancellation hits the try that is running and the service's logs show which belong together.
pub(crate) fn of_try(stem: &str, retries: u32) -> String {
    match retries {
        0 => stem.to_owned(),
        _ => format!("{stem};{}", retries + 1),
    }
}

/// A number from 0 up to 1, to spread waits.
pub(crate) fn jitter() -> f64 {
    random() as f64 / 2f64.powi(64)
}

/// Random bits that nobody has to be unable to guess. Each thread asks the system for a key once, not for each number.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_hold_random_uuids() {
        let uuids: std::collections::HashSet<Uuid> = (0..1000)
            .map(|_| new_request_id("execute"))
            .map(|id| id["KRC.execute;".len()..].parse().unwrap())
            .collect();
        assert_eq!(uuids.len(), 1000);
        // Version 4, variant 1.
        for uuid in uuids.iter().map(Uuid::to_string) {
            assert!(
                uuid[14..].starts_with('4') && uuid[19..].starts_with(['8', '9', 'a', 'b']),
                "{uuid}"
            );
        }
    }

    #[test]
    fn jitter_stays_in_range_and_varies() {
        let values: Vec<f64> = (0..1000).map(|_| jitter()).collect();
        assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
        assert!(values.iter().any(|value| *value < 0.3) && values.iter().any(|value| *value > 0.7));
    }
}
