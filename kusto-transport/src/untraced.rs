//! What takes the place of traces when the feature `tracing` is off: nothing.

use std::future::Future;
use std::time::Duration;

use kusto_protocol::{Endpoint, QueryStatistics};

use crate::answer::Answer;
use crate::error::TransportError;
use crate::outgoing::Outgoing;

#[derive(Clone, Debug)]
pub(crate) struct Operation;

impl Operation {
    pub(crate) fn start(outgoing: &Outgoing, _endpoint: &Endpoint) -> Self {
        let _ = outgoing.operation;
        Self
    }

    pub(crate) fn attempt<T>(
        &self,
        attempt: impl Future<Output = Result<T, TransportError>>,
        _retries: u32,
        _id: &str,
    ) -> impl Future<Output = Result<T, TransportError>> {
        attempt
    }

    pub(crate) fn retry(&self, _error: &TransportError, _wait: Duration) {}

    pub(crate) fn accept(&self, _answer: &Answer, _client_request_id: &str) {}

    pub(crate) fn bytes(&self, _total: u64) {}

    pub(crate) fn rows(&self, _count: usize) {}

    pub(crate) fn is_traced(&self) -> bool {
        false
    }

    pub(crate) fn statistics(&self, _statistics: &QueryStatistics) {}

    pub(crate) fn complete(&self) {}

    pub(crate) fn fail(&self, _error: &TransportError) {}
}
