//! The pipeline over an HTTP client in memory.

mod ahead;
mod frames;
mod listen;
mod pipeline;
mod repeat;
mod scripted;
#[cfg(feature = "tracing")]
mod trace;
