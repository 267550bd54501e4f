//! The settings of a pipeline.

use std::thread::available_parallelism;
use std::time::Duration;

use crate::retry::RetryPolicy;

/// How a [`Pipeline`](crate::Pipeline) presents itself, and its patience. Take the default and set fields.
#[derive(Clone)]
#[non_exhaustive]
pub struct PipelineOptions {
    /// The application that the service's logs show (`x-ms-app`).
    pub application: Option<String>,
    /// The user that the service's logs show (`x-ms-user`).
    pub user: Option<String>,
    /// The client library that the service's logs show (`x-ms-client-version`).
    pub client_version: String,
    /// Headers on every request, by name and value: for gateways that want their own. Those that carry the token,
    /// the request's id or say how the message is framed cannot be set.
    pub headers: Vec<(String, String)>,
    /// Whether answers may come compressed. Default: yes.
    pub compression: bool,
    /// How many threads may help to decode a large answer, from a megabyte on. With one, the next bytes are received
    /// and decompressed while the last ones are decoded; more share the decoding of what comes uncompressed over a
    /// fast network. With none nothing is done before the caller asks for it. Default: one, if the machine has several
    /// cores.
    pub decode_threads: usize,
    /// From how many bytes on the text of a query or command is sent compressed. Default: never, because only for
    /// streaming ingestion the service documents that it takes compressed requests.
    pub compress_requests_from: Option<usize>,
    /// Whether tokens must come from a sign-in with several factors, whatever the cluster says. Default: no.
    pub enforce_mfa: bool,
    /// When a request is sent once more.
    pub retry: RetryPolicy,
    /// Whether a query is cancelled on the service (`.cancel query`) when its answer is dropped before the end or
    /// takes too long. Default: yes. The command is sent in the background on the tokio runtime that the query was
    /// sent from; without one, nothing is sent.
    pub cancel_on_drop: bool,
    /// How many redirects are followed, each only to a trusted host; the request option `client_max_redirect_count`
    /// wins. Default: none.
    pub max_redirects: u64,
    /// How long the service may work on a query that does not say. Default: 4 minutes, the service's own. It takes
    /// one second to one hour.
    pub query_timeout: Duration,
    /// How long the service may work on a command that does not say. Default: 10 minutes, the service's own.
    pub mgmt_timeout: Duration,
    /// How long the service may work on a streaming ingestion that does not say. Default: 10 minutes.
    pub ingest_timeout: Duration,
    /// How much longer than the service the client waits for the end of an answer. Default: 30 s.
    pub timeout_margin: Duration,
    /// How long a body may be silent. Default: as long as the request may take, because a query may compute for
    /// minutes between two rows.
    pub idle_timeout: Option<Duration>,
}

impl Default for PipelineOptions {
    fn default() -> Self {
        Self {
            application: None,
            user: None,
            client_version: concat!("Kusto.Rust.Client:{", env!("CARGO_PKG_VERSION"), "}").to_owned(),
            headers: Vec::new(),
            compression: true,
            decode_threads: usize::from(available_parallelism().is_ok_and(|cores| cores.get() > 1)),
            compress_requests_from: None,
            enforce_mfa: false,
            retry: RetryPolicy::default(),
            cancel_on_drop: true,
            max_redirects: 0,
            query_timeout: Duration::from_secs(4 * 60),
            mgmt_timeout: Duration::from_secs(10 * 60),
            ingest_timeout: Duration::from_secs(10 * 60),
            timeout_margin: Duration::from_secs(30),
            idle_timeout: None,
        }
    }
}

/// Additional headers are shown by name alone: their values may be keys of a gateway.
impl std::fmt::Debug for PipelineOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("PipelineOptions")
            .field("application", &self.application)
            .field("user", &self.user)
            .field("client_version", &self.client_version)
            .field("headers", &headers)
            .field("compression", &self.compression)
            .field("compress_requests_from", &self.compress_requests_from)
            .field("enforce_mfa", &self.enforce_mfa)
            .field("retry", &self.retry)
            .field("cancel_on_drop", &self.cancel_on_drop)
            .field("max_redirects", &self.max_redirects)
            .field("query_timeout", &self.query_timeout)
            .field("mgmt_timeout", &self.mgmt_timeout)
            .field("ingest_timeout", &self.ingest_timeout)
            .field("timeout_margin", &self.timeout_margin)
            .field("idle_timeout", &self.idle_timeout)
            .finish()
    }
}
