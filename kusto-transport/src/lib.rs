//! Requests to a Kusto service, from the token to the frames of the answer.
//!
//! This is the one crate of the family that waits for the network. What sends the bytes is any
//! [`azure_core::http::HttpClient`]: the bundled one (feature `http-client`), the caller's own, or one in memory.
//!
//! - [`Pipeline`]: one service, one identity; [`Pipeline::frames`] and [`Pipeline::send`] do the work.
//! - [`FrameStream`]: the frames of an answer, decoded as they arrive; [`Body`]: its plain bytes.
//! - [`PipelineOptions`]: time limits, retries, redirects, headers; [`RetryPolicy`]: what is sent once more, and when.
//! - [`TransportError`]: what failed, with the ids that the service's logs know.
//!
//! # Order of things
//!
//! A host that may not receive a token gets no request at all. Redirects are followed only as far as the caller
//! allows, and only to trusted hosts. Plain HTTP carries a token only on this machine. A 401 drops the token and tries
//! once with another one. `azure_core`'s own retries are not used: they repeat whatever failed, commands included.
//!
//! # Time
//!
//! One limit covers token, connection, headers and body of all tries: the server timeout of the request and half a
//! minute more. It begins anew after a person was asked to sign in. Timers are those of [`azure_core::async_runtime`]: tokio's with the feature `http-client`; other
//! runtimes set theirs there.
//!
//! # Cancellation
//!
//! A query whose future or answer is dropped before its end, or that reaches its time limit, is cancelled on the
//! service by `.cancel query` with the id of the running try, and its connection is closed. The command is a task on
//! the tokio runtime that the query was sent from. On other runtimes nothing is spawned: send
//! [`Request::cancel_query`](kusto_protocol::Request::cancel_query) yourself.
//!
//! # Not supported
//!
//! SOCKS proxies, client certificates for TLS, and telling apart proxies from services.
//!
//! # Features
//!
//! - `http-client`: `http_client`, on reqwest, rustls and tokio.
//! - `tracing`: a span per request and one per try, events for retries, and metrics, named after OpenTelemetry's
//!   conventions for databases; never texts, parameters, rows or tokens. Metrics are events of the target
//!   `kusto_transport::metrics` whose fields `tracing-opentelemetry` turns into instruments:
//!   `db.client.operation.duration` (s), `db.client.response.returned_rows`, `kusto.client.response.bytes`,
//!   `kusto.client.first_row.duration` (s) and `kusto.client.retries`.

#![forbid(unsafe_code)]

mod ahead;
mod answer;
mod body;
mod call;
mod cancel;
mod deadline;
mod decompress;
mod error;
mod frames;
mod headers;
#[cfg(feature = "http-client")]
mod http_client;
mod outgoing;
#[cfg(feature = "http-client")]
mod pinned;
mod pipeline;
mod pipeline_options;
mod redirect;
mod request_id;
mod retry;
#[cfg_attr(not(feature = "tracing"), path = "untraced.rs")]
mod trace;

pub use body::Body;
pub use error::{TransportError, TransportErrorKind};
pub use frames::FrameStream;
#[cfg(feature = "http-client")]
pub use http_client::{HttpClientOptions, Proxy, http_client, http_client_with};
#[cfg(feature = "http-client")]
pub use pinned::PinnedCertificate;
pub use pipeline::Pipeline;
pub use pipeline_options::PipelineOptions;
pub use request_id::new_request_id;
pub use retry::{Failure, RetryPolicy};
