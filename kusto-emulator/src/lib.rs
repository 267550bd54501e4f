//! An embedded Kusto service.
#![forbid(unsafe_code)]

mod aggregate;
mod answer;
mod attach;
mod bind;
mod command;
mod emulator;
mod engine;
mod error;
mod exec;
mod function;
mod ingest;
mod plan;
mod sample;
mod server;
mod service;
mod session;
mod storage;
mod support;
mod types;
mod vector;

pub use emulator::{DEFAULT_DATABASE, Emulator, EmulatorBuilder, EmulatorError, EmulatorErrorKind};
pub use sample::{STORM_EVENTS_SCHEMA, write_storm_events};
pub use support::support_matrix;
