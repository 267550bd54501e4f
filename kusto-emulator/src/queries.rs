//! The queries that run, and those that ran.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use kusto_protocol::{DateTime, Guid};

use crate::error::{EngineError, EngineErrorKind};
use crate::session::Cancellation;

/// The queries of a service, to be listed and cancelled.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    running: Mutex<HashMap<u64, (Query, Arc<Cancellation>)>>,
    /// Those that ended, in that order.
    ended: Mutex<VecDeque<(Query, Ending)>>,
    next: AtomicU64,
}

/// A query as it came.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) client_request_id: String,
    pub(crate) activity_id: Guid,
    /// The text, as far as it is kept.
    pub(crate) text: String,
    pub(crate) database: String,
    pub(crate) principal: String,
    pub(crate) application: String,
    /// The options of the request as JSON.
    pub(crate) properties: String,
    pub(crate) started: DateTime,
}

/// How a query ended.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) at: DateTime,
    /// `Completed`, `Failed` or `Cancelled`.
    pub(crate) state: &'static str,
    /// Why, if it did not complete.
    pub(crate) reason: String,
    /// Rows and bytes of each result.
    pub(crate) results: Vec<(u64, u64)>,
}

impl Queries {
    /// Lists a query as running until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>, mut query: Query, cancelled: Arc<Cancellation>) -> Running {
        let end = (0..=MAX_TEXT).rev().find(|&end| query.text.is_char_boundary(end));
        query.text.truncate(end.unwrap_or(0));
        let key = self.next.fetch_add(1, Ordering::Relaxed);
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.insert(key, (query, cancelled));
        Running {
            queries: Arc::clone(self),
            key,
            ending: None,
        }
    }

    /// All that run now, longest first.
    pub(crate) fn running(&self) -> Vec<Query> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut running: Vec<_> = running.values().map(|(query, _)| query.clone()).collect();
        running.sort_by_key(|query| query.started);
        running
    }

    /// Those that ended, the last first.
    pub(crate) fn ended(&self) -> Vec<(Query, Ending)> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.iter().rev().cloned().collect()
    }

    /// Asks all queries to stop.
    pub(crate) fn cancel_all(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running
            .values()
            .for_each(|(_, cancelled)| cancelled.cancel("the service ends"));
    }

    /// Asks the queries with this client request id to stop; false if there are none.
    pub(crate) fn cancel(&self, client_request_id: &str, reason: &str) -> bool {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let found = running
            .values()
            .filter(|(query, _)| query.client_request_id == client_request_id);
        found.map(|(_, cancelled)| cancelled.cancel(reason)).count() > 0
    }
}

/// A place in the list of queries that run.
#[derive(Debug)]
pub(crate) struct Running {
    queries: Arc<Queries>,
    key: u64,
    ending: Option<Ending>,
}

impl Running {
    /// The query ended by itself: what failed, if something did, and rows and bytes of each result.
    pub(crate) fn end(mut self, failure: Option<&EngineError>, results: Vec<(u64, u64)>) {
        self.ending = Some(Ending {
            at: DateTime::from(SystemTime::now()),
            state: match failure.map(EngineError::kind) {
                None => "Completed",
                Some(EngineErrorKind::Cancelled) => "Cancelled",
                Some(_) => "Failed",
            },
            reason: failure.map(ToString::to_string).unwrap_or_default(),
            results,
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = self
            .queries
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some((query, _)) = running.remove(&self.key) else {
            return;
        };
        let ending = self.ending.take().unwrap_or_else(|| Ending {
            at: DateTime::from(SystemTime::now()),
            state: "Cancelled",
            reason: "the client went away before the answer was complete".to_owned(),
            results: Vec::new(),
        });
        // Under the same lock, so that a query is always in one of the lists.
        let mut ended = self.queries.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.len() >= MAX_ENDED {
            ended.pop_front();
        }
        ended.push_back((query, ending));
    }
}

/// How many queries are remembered.
const MAX_ENDED: usize = 1_000;

/// How many bytes of a text are kept, as the service has it.
const MAX_TEXT: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::new_guid;

    fn query(text: &str) -> Query {
        Query {
            client_request_id: String::new(),
            activity_id: new_guid(),
            text: text.to_owned(),
            database: String::new(),
            principal: String::new(),
            application: String::new(),
            properties: String::new(),
            started: DateTime::from(SystemTime::now()),
        }
    }

    #[test]
    fn the_latest_queries_are_remembered_and_the_start_of_a_long_text() {
        let queries = Arc::<Queries>::default();
        for number in 0..=MAX_ENDED {
            let running = queries.enter(query(&format!("print {number}")), Arc::default());
            running.end(None, vec![(1, 8)]);
        }
        let ended = queries.ended();
        assert_eq!((ended.len(), queries.running().len()), (MAX_ENDED, 0));
        assert_eq!(ended[0].0.text, format!("print {MAX_ENDED}"));
        assert_eq!(ended[MAX_ENDED - 1].0.text, "print 1");

        let long = "é".repeat(MAX_TEXT);
        drop(queries.enter(query(&format!("x{long}")), Arc::default()));
        let (query, ending) = &queries.ended()[0];
        assert_eq!((query.text.len(), ending.state), (MAX_TEXT - 1, "Cancelled"));
    }
}
