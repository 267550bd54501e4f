//! When a request is sent once more.

use std::time::{Duration, Instant};

use azure_core::time::{OffsetDateTime, parse_rfc7231};

/// Whether a failed request is repeated, and after how long. A pure decision: it neither waits, looks at a clock, nor
/// draws lots.
///
/// Only what cannot do harm is repeated: a request that provably did not reach the service, and a request that may
/// run twice (a query, a command that only reads, or what the caller marked as idempotent) before its first row was
/// handed over. A wait that the service asks for is honoured up to [`max_delay`](Self::max_delay); a longer one ends
/// the matter.
///
/// All requests of a pipeline share a budget, so that a service in trouble is not buried: a bucket of
/// [`burst`](Self::burst) retries, filled by [`retries_per_second`](Self::retries_per_second). Who finds it empty
/// gets the failure at once.
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
    /// How many retries all requests together may make in a moment. Default: 100.
    pub burst: u32,
    /// How many retries all requests together may make in the long run. Default: 10 a second.
    pub retries_per_second: f64,
}

/// What went wrong, as far as repeating is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// Nothing was sent: no connection, or no token for the moment.
    NotSent,
    /// The service has no capacity now (status 429 or 503), and did not say that the error is permanent.
    Busy {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The connection broke after the request was sent and before the first row was handed over.
    Interrupted,
    /// The service failed, and says that it may go better next time; or a gateway did not reach it (status 502).
    Transient,
    /// Anything else.
    Other,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 3,
            first_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(30),
            burst: 100,
            retries_per_second: 10.0,
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
    /// `retries` counts the repetitions so far. `is_repeatable` says that a second run does no harm. `jitter`,
    /// between 0 and 1, spreads the waits of many clients.
    pub fn delay(
        &self,
        retries: u32,
        failure: Failure,
        is_repeatable: bool,
        jitter: f64,
    ) -> Option<Duration> {
        if retries >= self.max_retries {
            return None;
        }
        let asked_for = match failure {
            Failure::NotSent => None,
            Failure::Busy { retry_after } if is_repeatable => retry_after,
            Failure::Interrupted | Failure::Transient if is_repeatable => None,
            Failure::Busy { .. } | Failure::Interrupted | Failure::Transient | Failure::Other => return None,
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

/// How many retries are left to all requests of a pipeline. The clock is the caller's.
#[derive(Debug, Default)]
pub(crate) struct RetryBudget {
    /// Retries that were made and not yet filled up again, and when that was counted.
    spent: Option<(f64, Instant)>,
}

impl RetryBudget {
    /// Takes one retry, if there is one.
    pub(crate) fn take(&mut self, policy: &RetryPolicy, now: Instant) -> bool {
        let spent = match self.spent {
            None => 0.0,
            Some((spent, since)) => {
                let refilled = now.saturating_duration_since(since).as_secs_f64() * policy.retries_per_second;
                (spent - refilled.max(0.0)).max(0.0)
            }
        };
        let is_left = spent + 1.0 <= f64::from(policy.burst);
        self.spent = Some((if is_left { spent + 1.0 } else { spent }, now));
        is_left
    }
}

/// Reads `Retry-After`: seconds, or the date until which to wait. A date in the past asks for no wait.
pub(crate) fn retry_after(value: Option<&str>, now: OffsetDateTime) -> Option<Duration> {
    let value = value?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = parse_rfc7231(value).ok()?;
    Some(Duration::try_from(date - now).unwrap_or_default())
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
        for is_repeatable in [true, false] {
            assert_eq!(
                policy().delay(0, Failure::NotSent, is_repeatable, 1.0),
                Some(Duration::from_secs(1))
            );
        }
    }

    #[test]
    fn what_may_have_reached_the_service_is_repeated_only_if_a_second_run_does_no_harm() {
        for failure in [BUSY, Failure::Interrupted, Failure::Transient] {
            assert!(policy().delay(0, failure, true, 1.0).is_some());
            assert!(policy().delay(0, failure, false, 1.0).is_none());
        }
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
    fn a_budget_bounds_the_retries_of_all_requests_together_and_fills_up_again() {
        let policy = RetryPolicy {
            burst: 3,
            retries_per_second: 2.0,
            ..RetryPolicy::default()
        };
        let start = Instant::now();
        let mut budget = RetryBudget::default();
        let mut taken = |millis: u64| {
            let now = start + Duration::from_millis(millis);
            (0..10).take_while(|_| budget.take(&policy, now)).count()
        };
        assert_eq!(taken(0), 3);
        assert_eq!(taken(499), 0);
        assert_eq!(taken(1000), 2);
        assert_eq!(taken(60_000), 3);
        assert_eq!(taken(0), 0, "a clock that goes back fills nothing up");
    }

    #[test]
    fn waits_are_read_as_seconds_and_as_dates() {
        let now = parse_rfc7231("Wed, 21 Oct 2026 07:28:00 GMT").unwrap();
        let read = |value| retry_after(Some(value), now).map(|wait| wait.as_secs());
        assert_eq!(read(" 12 "), Some(12));
        assert_eq!(read("Wed, 21 Oct 2026 07:28:07 GMT"), Some(7));
        assert_eq!(read("Wed, 21 Oct 2026 07:27:00 GMT"), Some(0));
        for other in ["soon", "-3", "1.5", "21 Oct 2026"] {
            assert_eq!(read(other), None, "{other}");
        }
        assert_eq!(retry_after(None, now), None);
    }
}
