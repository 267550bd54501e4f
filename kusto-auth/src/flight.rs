//! One attempt at a time, shared by all who want its outcome.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::lock;

use crate::error::AuthError;

/// Runs attempts one after the other. Whoever waited while an attempt ran takes its outcome, be it good or bad, and
/// starts none: a hundred requests ask a person once, and a dead host is tried once.
pub(crate) struct Flight<T> {
    /// Held by the one whose attempt runs.
    runs: lock::Mutex<()>,
    last: Mutex<Last<T>>,
}

struct Last<T> {
    /// Counts attempts that ended.
    count: u64,
    outcome: Option<Result<T, AuthError>>,
}

impl<T> Default for Flight<T> {
    fn default() -> Self {
        Self {
            runs: lock::Mutex::new(()),
            last: Mutex::new(Last {
                count: 0,
                outcome: None,
            }),
        }
    }
}

impl<T: Clone> Flight<T> {
    /// The outcome of the attempt in flight, or of this one if there is none.
    ///
    /// An attempt whose future is dropped has no outcome: one of those who wait makes the next.
    pub(crate) async fn join(
        &self,
        attempt: impl Future<Output = Result<T, AuthError>>,
    ) -> Result<T, AuthError> {
        let seen = self.last().count;
        let _running = self.runs.lock().await;
        {
            let last = self.last();
            if let (true, Some(outcome)) = (last.count != seen, &last.outcome) {
                return outcome.clone();
            }
        }
        self.run(attempt).await
    }

    /// The outcome of this attempt; `None` if another one is in flight.
    pub(crate) async fn run_alone(
        &self,
        attempt: impl Future<Output = Result<T, AuthError>>,
    ) -> Option<Result<T, AuthError>> {
        let _running = self.runs.try_lock()?;
        Some(self.run(attempt).await)
    }

    async fn run(&self, attempt: impl Future<Output = Result<T, AuthError>>) -> Result<T, AuthError> {
        let outcome = attempt.await;
        let mut last = self.last();
        last.count += 1;
        last.outcome = Some(outcome.clone());
        outcome
    }

    fn last(&self) -> MutexGuard<'_, Last<T>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;

    use super::*;
    use crate::error::AuthErrorKind;

    async fn attempt(count: &AtomicUsize, good: bool) -> Result<usize, AuthError> {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::task::yield_now().await;
        if good {
            Ok(number)
        } else {
            Err(AuthError::new(
                AuthErrorKind::Unavailable,
                format!("attempt {number}"),
            ))
        }
    }

    #[tokio::test]
    async fn all_who_wait_share_the_outcome_good_or_bad() {
        for good in [true, false] {
            let (flight, count) = (Flight::default(), AtomicUsize::new(0));
            let outcomes = join_all((0..50).map(|_| flight.join(attempt(&count, good)))).await;
            assert_eq!(count.load(Ordering::SeqCst), 1);
            assert!(outcomes.iter().all(|outcome| outcome.is_ok() == good));
            // Whoever comes later tries again.
            let _ = flight.join(attempt(&count, good)).await;
            assert_eq!(count.load(Ordering::SeqCst), 2);
        }
    }

    #[tokio::test]
    async fn a_dropped_attempt_does_not_block_the_next() {
        let (flight, count) = (Flight::default(), AtomicUsize::new(0));
        {
            let mut dropped = Box::pin(flight.join(attempt(&count, true)));
            assert!(futures::poll!(&mut dropped).is_pending());
            assert!(flight.run_alone(attempt(&count, true)).await.is_none());
        }
        assert_eq!(flight.join(attempt(&count, true)).await.unwrap(), 2);
    }
}
