//! Queries that nobody waits for any more.

use std::time::Duration;

use kusto_protocol::{ClientRequestProperties, Request};
use tokio::runtime::Handle;

use crate::pipeline::Pipeline;

/// Cancels a query on the service when dropped, if it was sent and not disarmed since: best effort, in the background.
#[derive(Debug)]
pub(crate) struct CancelOnDrop {
    /// `None` once the query is over.
    armed: Option<Armed>,
    is_sent: bool,
}

#[derive(Debug)]
struct Armed {
    pipeline: Pipeline,
    database: String,
    client_request_id: String,
    runtime: Handle,
}

impl CancelOnDrop {
    /// Watches over one try of a query. Without a tokio runtime nothing can be sent from a destructor, so nothing is
    /// watched.
    pub(crate) fn new(pipeline: &Pipeline, database: &str, client_request_id: &str) -> Self {
        let armed = Handle::try_current().ok().map(|runtime| Armed {
            pipeline: pipeline.clone(),
            database: database.to_owned(),
            client_request_id: client_request_id.to_owned(),
            runtime,
        });
        Self {
            armed,
            is_sent: false,
        }
    }

    /// Watches over nothing.
    pub(crate) fn disarmed() -> Self {
        Self {
            armed: None,
            is_sent: false,
        }
    }

    /// From now on the service may work on the query, or does not any more. While there is no token yet, nothing is to
    /// be cancelled, and nobody to be asked for one again.
    pub(crate) fn sent(&mut self, is_sent: bool) {
        self.is_sent = is_sent;
    }

    /// The query is over.
    pub(crate) fn disarm(&mut self) {
        self.armed = None;
    }

    /// Nobody waits any more.
    pub(crate) fn fire(&mut self) {
        let Some(Armed {
            pipeline,
            database,
            client_request_id,
            runtime,
        }) = self.armed.take().filter(|_| self.is_sent)
        else {
            return;
        };
        runtime.spawn(async move {
            let request = Request::cancel_query(database, &client_request_id);
            let request = request.properties(ClientRequestProperties::new().server_timeout(CANCEL_TIMEOUT));
            // Nobody is there to hear of a failure, and the service ends the query by itself at its time limit.
            if let Ok(mut body) = pipeline.send(request).await {
                while let Ok(Some(_)) = body.next().await {}
            }
        });
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.fire();
    }
}

const CANCEL_TIMEOUT: Duration = Duration::from_secs(30);
