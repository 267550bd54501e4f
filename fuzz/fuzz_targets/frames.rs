//! The decoder against the oracle of its tests: whole, byte by byte and in two random ways.

#![no_main]

#[path = "../../kusto-protocol/tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|answer: &[u8]| {
    // The ways follow from the bytes, so that a finding can be repeated.
    let seed = answer.iter().fold(0, |seed: u64, byte| {
        seed.wrapping_mul(31).wrapping_add(u64::from(*byte))
    });
    support::decode_some_ways(answer, seed);
});
