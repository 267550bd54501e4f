//! Requests to a Kusto service, from the token to the frames of the answer.
//!
//! This is the one crate of the family that waits for the network. What sends the bytes is any
//! [`azure_core::http::HttpClient`]: the bundled one (feature `http-client`), the caller's own, or one in memory.
//!
//! - [`Pipeline`]: one service, one identity; [`Pipeline::frames`] and [`Pipeline::send`] do the work.
//! - [`FrameStream`]: the frames of an answer, decoded as they arrive; [`Body`]: its plain bytes.
//! - [`RetryPolicy`]: what is sent once more, and when.
//! - [`TransportError`]: what failed, with the ids that the service's logs know.
//!
//! # Order of things
//!
//! A host that may not receive a token gets no request at all. Redirects are not followed. Plain HTTP carries a
//! token only on this machine. A 401 drops the token and tries once with another one. `azure_core`'s own retries are
//! not used: they repeat whatever failed, commands included.
//!
//! # Time
//!
//! One limit covers token, connection, headers and body: the server timeout of the request and half a minute more.
//! Timers are those of [`azure_core::async_runtime`]: tokio's with the feature `http-client`; other runtimes set
//! theirs there.
//!
//! # Not supported
//!
//! Following redirects, GET requests for queries, and telling apart proxies from services.
//!
//! # Features
//!
//! - `http-client`: [`http_client`], on reqwest, rustls and tokio.
//! - `tracing`: one span per try, events for retries; never texts, parameters, rows or tokens.

#![forbid(unsafe_code)]

mod answer;
mod body;
mod call;
mod cancel;
mod deadline;
mod decompress;
mod error;
mod frames;
#[cfg(feature = "http-client")]
mod http_client;
mod outgoing;
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
pub use pipeline::Pipeline;
pub use pipeline_options::PipelineOptions;
pub use request_id::new_request_id;
pub use retry::{Failure, RetryPolicy};
