//! An embedded Kusto service.
#![forbid(unsafe_code)]

mod sample;

pub use sample::{STORM_EVENTS_SCHEMA, write_storm_events};
