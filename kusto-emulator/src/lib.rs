//! An embedded Kusto service.
#![forbid(unsafe_code)]

mod aggregate;
mod attach;
mod error;
mod function;
mod ingest;
mod sample;
mod session;
mod types;
mod vector;

pub use error::{EngineError, EngineErrorKind};
pub use sample::{STORM_EVENTS_SCHEMA, write_storm_events};
pub use types::{Batch, Schema};
