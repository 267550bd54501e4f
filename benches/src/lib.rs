//! Benchmarks: answers to decode, our decoder beside others, and how they are timed.
//!
//! ```sh
//! cargo xtask bench                                              # everything, as tables in BENCHMARKING.md
//! cargo xtask bench --quick                                      # the same on small answers, in two minutes
//! cargo bench --package kusto-benches --features criterion       # criterion's groups
//! cargo build --release --package kusto-benches
//! target/release/generate storm 256e6 storm.json
//! target/release/decode-bench recycled storm.json 5
//! ```
//!
//! All decoders fill the same typed columns, and nothing is timed before their [`content_hash`] is the same. Machines
//! are noisy and shared: compare what one run prints, as ratios, not times of different runs. Other libraries choose
//! their instructions when they are built, so build them with `RUSTFLAGS=-Ctarget-cpu=native`; ours does not need it.

#![forbid(unsafe_code)]

mod answer;
mod column;
#[cfg(feature = "comparators")]
mod comparator;
mod content_hash;
mod decode;
mod measure;
#[cfg(feature = "comparators")]
mod rows;
mod shared;

pub use answer::{BAD_ANSWERS, DATA_SETS, answer, bad_answer, columns, shapes};
pub use column::{TypedColumn, Values};
#[cfg(feature = "comparators")]
pub use comparator::{Comparator, Decoded, Tables, agreed};
pub use content_hash::content_hash;
pub use decode::{Mode, decode, decode_next, typed_columns};
pub use measure::{Timed, cpu_seconds, measure, peak_mb, print_end};
#[cfg(feature = "comparators")]
pub use rows::{
    Cell, batches, cells, deserialize_with_ours, deserialize_with_serde_json, encode_with_ours,
    encode_with_serde_json, frames, to_arrow,
};
pub use shared::decode_shared;
