//! The pipeline over an HTTP client in memory.

mod frames;
mod pipeline;
mod scripted;
#[cfg(feature = "tracing")]
mod trace;
