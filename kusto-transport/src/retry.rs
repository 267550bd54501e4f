//! When a request is sent once more.

use std::time::Duration;

/// Whether a failed request is repeated, and after how long. A pure decision: it neither waits nor draws lots.
///
/// Only what cannot do harm is repeated: a request that was provably never sent, and a query that the service turned
/// away before its first row. Commands and ingestion are never sent twice. A wait that the service asks for is
/// honoured up to [`max_delay`](Self::max_delay); a longer one ends the matter.
///
/// ```
/// use std::time::Duration;
/// use kusto_transport::{Failure, RetryPolicy};
///
/// let policy = RetryPolicy::default();
/// let throttled = Failure::Busy { retry_after: Some(Duration::from_secs(7)) };
/// assert_eq!(policy.delay(0, throttled, true, 0.5), Some(Duration::from_secs(7)));
/// assert_eq!(policy.delay(0, throttled, false, 0.5), None); // a command
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often a request is repeated at most. Default: 3.
    pub max_retries: u32,
    /// The longest wait before the first repetition; it doubles from one to the next. Default: 1 s.
    pub first_delay: Duration,
    /// The longest wait of all. Default: 30 s.
    pub max_delay: Duration,
}

/// What went wrong, as far as repeating is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// No connection: nothing was sent.
    NotSent,
    /// The service has no capacity now (status 429 or 503), and did not say that the error is permanent.
    Busy {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// Anything else: the request may have been carried out.
    Other,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 3,
            first_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(30),
        }
    }
}

impl RetryPolicy {
    /// Never repeats anything.
    pub fn none() -> Self {
        Self {
            max_retries: 0,
            ..Self::default()
        }
    }

    /// How long to wait before the next try, or `None` to give up.
    ///
    /// `retries` counts the repetitions so far. `is_read_only` says that a second run changes nothing. `jitter`,
    /// between 0 and 1, spreads the waits of many clients.
    pub fn delay(&self, retries: u32, failure: Failure, is_read_only: bool, jitter: f64) -> Option<Duration> {
        if retries >= self.max_retries {
            return None;
        }
        let asked_for = match failure {
            Failure::NotSent => None,
            Failure::Busy { retry_after } if is_read_only => retry_after,
            Failure::Busy { .. } | Failure::Other => return None,
        };
        match asked_for {
            Some(wait) => (wait <= self.max_delay).then_some(wait),
            None => {
                let doubled = self.first_delay.saturating_mul(2u32.saturating_pow(retries));
                Some(doubled.min(self.max_delay).mul_f64(jitter.clamp(0.0, 1.0)))
            }
        }
    }
}

/// Reads `Retry-After` where it counts seconds. Dates are not used by the service.
pub(crate) fn retry_after(value: Option<&str>) -> Option<Duration> {
    value?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: Failure = Failure::Busy { retry_after: None };

    fn policy() -> RetryPolicy {
        RetryPolicy {
            max_retries: 10,
            ..RetryPolicy::default()
        }
    }

    #[test]
    fn what_was_never_sent_is_repeated_whatever_it_is() {
        for is_read_only in [true, false] {
            assert_eq!(
                policy().delay(0, Failure::NotSent, is_read_only, 1.0),
                Some(Duration::from_secs(1))
            );
        }
    }

    #[test]
    fn only_queries_are_repeated_when_the_service_is_busy() {
        assert!(policy().delay(0, BUSY, true, 1.0).is_some());
        assert!(policy().delay(0, BUSY, false, 1.0).is_none());
        assert!(policy().delay(0, Failure::Other, true, 1.0).is_none());
    }

    #[test]
    fn waits_double_up_to_the_limit_and_are_spread() {
        let waits: Vec<u64> = (0..7)
            .map(|n| policy().delay(n, BUSY, true, 1.0).unwrap().as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(
            policy().delay(1, BUSY, true, 0.25),
            Some(Duration::from_millis(500))
        );
    }

    #[test]
    fn the_wait_that_the_service_asks_for_wins_unless_it_is_too_long() {
        let busy = |seconds| Failure::Busy {
            retry_after: Some(Duration::from_secs(seconds)),
        };
        assert_eq!(
            policy().delay(0, busy(30), true, 0.0),
            Some(Duration::from_secs(30))
        );
        assert_eq!(policy().delay(0, busy(31), true, 0.0), None);
    }

    #[test]
    fn repetitions_are_counted() {
        assert!(RetryPolicy::default().delay(2, BUSY, true, 0.0).is_some());
        assert!(RetryPolicy::default().delay(3, BUSY, true, 0.0).is_none());
        assert!(
            RetryPolicy::none()
                .delay(0, Failure::NotSent, true, 0.0)
                .is_none()
        );
    }

    #[test]
    fn seconds_are_read_and_dates_are_not() {
        assert_eq!(retry_after(Some(" 12 ")), Some(Duration::from_secs(12)));
        assert_eq!(retry_after(Some("Wed, 21 Oct 2026 07:28:00 GMT")), None);
        assert_eq!(retry_after(None), None);
    }
}
