//! The kusto command.
fn main() {}
