//! What KQL this service runs.

use crate::{aggregate, function};

/// The functions, operators between values, and aggregates that queries may use: a Markdown list by family.
///
/// It is written from the tables that the functions are looked up in, so it is never out of date.
///
/// ```
/// let matrix = kusto_emulator::support_matrix();
/// assert!(matrix.contains("- `strlen` (text) -> long, in characters"));
/// assert!(!matrix.contains("series_decompose_anomalies"));
/// ```
#[must_use]
pub fn support_matrix() -> String {
    let mut matrix = String::new();
    let mut last = "";
    for (family, function) in function::all() {
        if family != last {
            matrix.push_str(&format!("\n## {family}\n\n"));
            last = family;
        }
        matrix.push_str(&format!("- `{}` {}\n", function.name, function.signature));
    }
    matrix.push_str("\n## Aggregates\n\n");
    for function in aggregate::all() {
        matrix.push_str(&format!("- `{}` {}\n", function.name, function.signature));
    }
    matrix
}
