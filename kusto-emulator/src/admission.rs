//! How many queries run at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// Counts the queries that run and those that wait for their turn.
///
/// A query that runs takes a thread and memory, so there is a limit that no request sees: more wait. The limit that
/// is set on purpose throttles: more are refused.
#[derive(Debug)]
pub(crate) struct Admission {
    threads: Arc<Semaphore>,
    throttle: Option<(usize, Arc<Semaphore>)>,
}

/// The right to run a query, until it is dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    _thread: OwnedSemaphorePermit,
    _throttle: Option<OwnedSemaphorePermit>,
}

/// Why a query may not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turned {
    /// So many run already, and more are refused.
    Throttled(usize),
    /// Its time was over before its turn came.
    TimedOut,
}

impl Admission {
    /// Throttles where more than so many queries would run or wait.
    pub(crate) fn new(max_concurrent_queries: Option<usize>) -> Self {
        Self {
            threads: Arc::new(Semaphore::new(MAX_RUNNING)),
            throttle: max_concurrent_queries.map(|most| (most, Arc::new(Semaphore::new(most)))),
        }
    }

    /// Waits for a query's turn, at most until its deadline.
    pub(crate) async fn enter(&self, deadline: Option<std::time::Instant>) -> Result<Admitted, Turned> {
        let throttle = match &self.throttle {
            Some((most, places)) => {
                let place = Arc::clone(places).try_acquire_owned();
                Some(place.map_err(|_| Turned::Throttled(*most))?)
            }
            None => None,
        };
        let turn = Arc::clone(&self.threads).acquire_owned();
        let turn = match deadline {
            Some(deadline) => timeout_at(Instant::from_std(deadline), turn).await,
            None => Ok(turn.await),
        };
        match turn {
            Ok(Ok(thread)) => Ok(Admitted {
                _thread: thread,
                _throttle: throttle,
            }),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(Turned::TimedOut),
        }
    }
}

/// How many queries run at once. Those whose clients read slowly count too, so it is far above the number of cores.
const MAX_RUNNING: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn more_queries_than_set_are_turned_away() {
        let admission = Admission::new(Some(2));
        let first = admission.enter(None).await.unwrap();
        let _second = admission.enter(None).await.unwrap();
        assert_eq!(admission.enter(None).await.unwrap_err(), Turned::Throttled(2));
        drop(first);
        assert!(admission.enter(None).await.is_ok());
    }

    #[tokio::test]
    async fn queries_beyond_the_threads_wait_until_their_time_is_over() {
        let admission = Admission::new(None);
        let mut running = Vec::new();
        for _ in 0..MAX_RUNNING {
            running.push(admission.enter(None).await.unwrap());
        }
        let over = Some(std::time::Instant::now());
        assert_eq!(admission.enter(over).await.unwrap_err(), Turned::TimedOut);
        running.pop();
        assert!(admission.enter(over).await.is_ok());
    }
}
