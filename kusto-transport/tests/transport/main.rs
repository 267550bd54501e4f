//! The pipeline over an HTTP client in memory.

mod ahead;
mod frames;
mod listen;
mod pipeline;
mod repeat;
mod scripted;
mod sign_in;
#[cfg(feature = "tracing")]
mod trace;
