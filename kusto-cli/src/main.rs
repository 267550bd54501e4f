//! The kusto command.
#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports)]

mod chart;
mod output;

fn main() {}
