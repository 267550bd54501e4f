//! Time limits, on whichever runtime `azure_core` was told to use.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use azure_core::async_runtime::{TaskFuture, get_async_runtime};
use futures::future::FutureExt;

/// A moment after which a request is given up: it covers token, connection, headers and body together, of all tries.
/// Clones are of the same moment, and for the same task: it wakes whoever waited for it last.
#[derive(Clone)]
pub(crate) struct Deadline {
    /// `None` once the time is over.
    sleep: Arc<Mutex<Option<TaskFuture>>>,
    limit: Duration,
}

/// A time limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Elapsed(pub(crate) Duration);

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self {
            sleep: Arc::new(Mutex::new(Some(sleep(limit)))),
            limit,
        }
    }

    /// Drives a future until it ends or the time is over. It is pinned where it is: inside this one it would be held
    /// twice.
    pub(crate) async fn cover<F: Future + Unpin>(&mut self, mut future: F) -> Result<F::Output, Elapsed> {
        poll_fn(|cx| match future.poll_unpin(cx) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => self.poll(cx).map(Err),
        })
        .await
    }

    /// Drives a future in which a person may be asked for something. How long people take is not for this limit to
    /// say, so the time starts anew behind it, unless nothing had to be waited for.
    pub(crate) async fn suspend<F: Future + Unpin>(&mut self, mut future: F) -> F::Output {
        if let Some(output) = (&mut future).now_or_never() {
            return output;
        }
        let output = future.await;
        *self = Self::after(self.limit);
        output
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Elapsed> {
        let mut sleep = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sleep) = &mut *sleep {
            ready!(sleep.poll_unpin(cx));
        }
        *sleep = None;
        Poll::Ready(Elapsed(self.limit))
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadline")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// How long a body may be silent.
pub(crate) struct IdleLimit {
    limit: Duration,
    sleep: Option<TaskFuture>,
}

impl IdleLimit {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, sleep: None }
    }

    /// Something came: silence starts anew.
    pub(crate) fn reset(&mut self) {
        self.sleep = None;
    }

    /// The body has nothing yet.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Elapsed> {
        let limit = self.limit;
        let sleep = self.sleep.get_or_insert_with(|| sleep(limit));
        sleep.as_mut().poll(cx).map(|()| Elapsed(limit))
    }
}

impl fmt::Debug for IdleLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdleLimit")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

pub(crate) fn sleep(duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    // What does not fit is longer than anybody waits.
    let duration = duration.try_into().unwrap_or(azure_core::time::Duration::MAX);
    get_async_runtime().sleep(duration)
}
