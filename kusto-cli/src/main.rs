//! The kusto command.
#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports)]

mod args;
mod chart;
mod config;
mod failure;
mod output;
mod place;
mod progress;
mod results;
mod terminal;

fn main() {}
