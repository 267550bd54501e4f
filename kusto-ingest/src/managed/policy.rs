//! Whether to stream or to queue.

use std::collections::HashMap;
use std::time::Duration;

/// What [`ManagedStreamingIngestClient`](crate::ManagedStreamingIngestClient) does with data that may be streamed or
/// queued. Pure decisions: time and chance are arguments, and what was learnt of tables is kept apart.
///
/// Take the default and set fields.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ManagedStreamingPolicy {
    /// The most data that is streamed, in bytes as they are sent. Default: 4 MiB, the service's limit.
    pub max_streaming_bytes: u64,
    /// How often streaming is tried before the data is queued. Default: 3.
    pub max_tries: u32,
    /// The wait before the second try; it doubles from one to the next. Default: 1 s.
    pub first_delay: Duration,
    /// How long a table is queued to after the service said that streaming is switched off, or that the table's set-up
    /// does not allow it. Default: 15 min.
    pub unavailable_period: Duration,
    /// How long a table is queued to after the service was busy. Default: 10 s.
    pub throttled_period: Duration,
    /// Whether data is queued when streaming is switched off. Default: yes; else that is an error, so that nobody
    /// waits minutes for rows in the belief that they stream.
    pub queue_when_unavailable: bool,
}

/// What a failed try to stream means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StreamingFailure {
    /// Streaming ingestion is switched off on the cluster, the database or the table.
    SwitchedOff,
    /// The set-up of the table does not allow streaming, such as an update policy.
    TableConfiguration,
    /// The service refuses the request for its size, or for a property that streaming does not know.
    RequestProperties,
    /// The service is busy.
    Throttled {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// Something that may go well the next time: a broken connection, an error that is not marked permanent.
    Transient,
    /// It will never go well: bad data, no permission, no such table.
    Permanent,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Stream, after a wait.
    Stream {
        /// How long to wait first.
        after: Duration,
    },
    /// Queue the same data under the same id.
    Queue,
    /// Give up with the error.
    Fail,
}

/// Until when tables are not streamed to.
#[derive(Clone, Debug, Default)]
pub(crate) struct BackOff {
    tables: HashMap<(String, String), Duration>,
}

impl Default for ManagedStreamingPolicy {
    fn default() -> Self {
        Self {
            max_streaming_bytes: 4 << 20,
            max_tries: 3,
            first_delay: Duration::from_secs(1),
            unavailable_period: Duration::from_secs(15 * 60),
            throttled_period: Duration::from_secs(10),
            queue_when_unavailable: true,
        }
    }
}

impl ManagedStreamingPolicy {
    /// What to do with data of a size (in bytes as it is sent, if known) for a table that is (or not) in its time of
    /// back-off.
    ///
    /// ```
    /// use kusto_ingest::{Decision, ManagedStreamingPolicy};
    ///
    /// let policy = ManagedStreamingPolicy::default();
    /// assert!(matches!(policy.route(Some(1_000), false), Decision::Stream { .. }));
    /// assert_eq!(policy.route(Some(1_000), true), Decision::Queue);
    /// assert_eq!(policy.route(Some(5 << 20), false), Decision::Queue);
    /// ```
    pub fn route(&self, bytes: Option<u64>, backs_off: bool) -> Decision {
        let fits = bytes.is_none_or(|bytes| bytes <= self.max_streaming_bytes);
        if fits && !backs_off && self.max_tries > 0 {
            Decision::Stream {
                after: Duration::ZERO,
            }
        } else {
            Decision::Queue
        }
    }

    /// What to do after `tries` tries to stream, the last of which failed. `jitter`, between 0 and 1, spreads the waits
    /// of many clients.
    pub fn on_failure(&self, failure: StreamingFailure, tries: u32, jitter: f64) -> Decision {
        match failure {
            StreamingFailure::Permanent => Decision::Fail,
            StreamingFailure::SwitchedOff if !self.queue_when_unavailable => Decision::Fail,
            StreamingFailure::SwitchedOff
            | StreamingFailure::TableConfiguration
            | StreamingFailure::RequestProperties => Decision::Queue,
            StreamingFailure::Throttled { .. } | StreamingFailure::Transient if tries >= self.max_tries => {
                Decision::Queue
            }
            StreamingFailure::Throttled {
                retry_after: Some(wait),
            } => {
                if wait <= self.throttled_period {
                    Decision::Stream { after: wait }
                } else {
                    Decision::Queue
                }
            }
            StreamingFailure::Throttled { retry_after: None } | StreamingFailure::Transient => {
                let doubled = self
                    .first_delay
                    .saturating_mul(2u32.saturating_pow(tries.saturating_sub(1)));
                Decision::Stream {
                    // Half of the wait is certain, half is chance.
                    after: doubled.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0),
                }
            }
        }
    }

    /// How long the table is queued to because of a failure.
    pub fn back_off(&self, failure: StreamingFailure) -> Duration {
        match failure {
            StreamingFailure::SwitchedOff | StreamingFailure::TableConfiguration => self.unavailable_period,
            StreamingFailure::Throttled { .. } => self.throttled_period,
            StreamingFailure::RequestProperties
            | StreamingFailure::Transient
            | StreamingFailure::Permanent => Duration::ZERO,
        }
    }
}

impl BackOff {
    /// Whether the table is queued to at `now`, the time since some beginning.
    pub(crate) fn is_on(&self, now: Duration, database: &str, table: &str) -> bool {
        let until = self.tables.get(&(database.to_owned(), table.to_owned()));
        until.is_some_and(|until| now < *until)
    }

    pub(crate) fn start(&mut self, now: Duration, period: Duration, database: &str, table: &str) {
        self.tables.retain(|_, until| now < *until);
        if period > Duration::ZERO {
            let until = self
                .tables
                .entry((database.to_owned(), table.to_owned()))
                .or_default();
            *until = (*until).max(now + period);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StreamingFailure::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn stream(after: u64) -> Decision {
        Decision::Stream { after: MS(after) }
    }

    #[test]
    fn the_decision_table() {
        let policy = ManagedStreamingPolicy::default();
        let busy = |seconds| Throttled {
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let no_word = Throttled { retry_after: None };
        for (failure, tries, expected) in [
            (Permanent, 1, Decision::Fail),
            (SwitchedOff, 1, Decision::Queue),
            (TableConfiguration, 1, Decision::Queue),
            (RequestProperties, 1, Decision::Queue),
            (Transient, 1, stream(1000)),
            (Transient, 2, stream(2000)),
            (Transient, 3, Decision::Queue),
            (no_word, 1, stream(1000)),
            (no_word, 3, Decision::Queue),
            (busy(10), 1, stream(10_000)),
            (busy(11), 1, Decision::Queue),
            (busy(1), 3, Decision::Queue),
        ] {
            assert_eq!(
                policy.on_failure(failure, tries, 1.0),
                expected,
                "{failure:?} after {tries}"
            );
        }
        assert_eq!(policy.on_failure(Transient, 1, 0.0), stream(500));
    }

    #[test]
    fn size_and_back_off_decide_the_way() {
        let policy = ManagedStreamingPolicy::default();
        let limit = policy.max_streaming_bytes;
        for (bytes, backs_off, expected) in [
            (Some(limit), false, stream(0)),
            (Some(limit + 1), false, Decision::Queue),
            (None, false, stream(0)),
            (Some(1), true, Decision::Queue),
        ] {
            assert_eq!(policy.route(bytes, backs_off), expected, "{bytes:?} {backs_off}");
        }
    }

    #[test]
    fn a_service_that_does_not_stream_is_an_error_if_wanted() {
        let policy = ManagedStreamingPolicy {
            queue_when_unavailable: false,
            ..ManagedStreamingPolicy::default()
        };
        assert_eq!(policy.on_failure(SwitchedOff, 1, 1.0), Decision::Fail);
        assert_eq!(policy.on_failure(TableConfiguration, 1, 1.0), Decision::Queue);
    }

    #[test]
    fn back_off_is_per_table_and_ends() {
        let policy = ManagedStreamingPolicy::default();
        let mut back_off = BackOff::default();
        back_off.start(MS(0), policy.back_off(SwitchedOff), "d", "t");
        // A shorter time does not cut a longer one.
        back_off.start(MS(0), policy.back_off(Throttled { retry_after: None }), "d", "t");
        assert!(back_off.is_on(Duration::from_secs(899), "d", "t"));
        assert!(!back_off.is_on(Duration::from_secs(900), "d", "t"));
        assert!(!back_off.is_on(MS(1), "d", "other"));
        back_off.start(MS(0), policy.back_off(Transient), "d", "other");
        assert!(!back_off.is_on(MS(0), "d", "other"));
    }
}
