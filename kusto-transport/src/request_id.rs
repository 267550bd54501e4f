//! Ids of requests. The randomness of this crate lives here.

use azure_core::Uuid;

/// A new client request id: `KRC.<activity>;<uuid>`, as `.show queries` and `.cancel query` know it.
///
/// ```
/// let id = kusto_transport::new_request_id("execute");
/// assert!(id.starts_with("KRC.execute;"));
/// assert_ne!(id, kusto_transport::new_request_id("execute"));
/// ```
pub fn new_request_id(activity: &str) -> String {
    format!("KRC.{activity};{}", Uuid::new_v4())
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
    // The lower half of a random UUID has 62 random bits below its two variant bits.
    let bits = Uuid::new_v4().as_u64_pair().1 << 2;
    bits as f64 / 2f64.powi(64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_in_range_and_varies() {
        let values: Vec<f64> = (0..1000).map(|_| jitter()).collect();
        assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
        assert!(values.iter().any(|value| *value < 0.3) && values.iter().any(|value| *value > 0.7));
    }
}
