//! Benchmarks: answers to decode, our decoder, and how it is timed.
//!
//! ```sh
//! cargo build --release --package kusto-benches
//! target/release/generate storm 256e6 storm.json
//! target/release/decode-bench recycled storm.json 5
//! ```
//!
//! Machines are noisy and shared: compare what one run prints, as ratios, not times of different runs. Decoders are to
//! be compared only where their [`content_hash`] is the same.

#![forbid(unsafe_code)]

mod answer;
mod column;
mod content_hash;
mod decode;
mod measure;

pub use answer::{BAD_ANSWERS, DATA_SETS, answer, bad_answer, columns, shapes};
pub use column::{TypedColumn, Values};
pub use content_hash::content_hash;
pub use decode::{Mode, decode, typed_columns};
pub use measure::{Timed, cpu_seconds, measure, peak_mb, print_end};
