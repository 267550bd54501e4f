//! Queued, managed and batched ingestion against real storage: Azurite. The ingestion service's own part is played here;
//! the tests of the embedded service have all of the way.

#[path = "../../../interop/azurite/azurite.rs"]
mod azurite;
mod faults;
#[path = "../../../kusto-transport/tests/transport/listen.rs"]
mod listen;
mod managed;
mod queued;
mod service;
mod sink;
mod storage;

use std::io::Read;

/// What gzip made of it.
fn unpack(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_end(&mut plain)
        .expect("gzip");
    plain
}
