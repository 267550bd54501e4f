//! Decoding: the three data sets beside other decoders, chunks of all sizes, wide, narrow and tiny answers.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kusto_benches::{Comparator, DATA_SETS, Mode, Tables, agreed, answer, decode, decode_next};
use kusto_protocol::{DecoderConfig, FrameDecoder};

/// Small enough that the body and what comes of it stay in the cache.
const MEGABYTE: usize = 1_000_000;

fn group<'a>(criterion: &'a mut Criterion, name: &str, body: &[u8]) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .throughput(Throughput::Bytes(body.len() as u64))
        .sample_size(20);
    group
}

fn ours(group: &mut BenchmarkGroup<'_, WallTime>, id: BenchmarkId, mode: Mode, body: &[u8]) {
    let (config, mut spare) = (DecoderConfig::default(), None);
    group.bench_with_input(id, body, |bencher, body| {
        bencher.iter(|| {
            decode(black_box(body), mode, &config, &mut spare, |batch| {
                Some(black_box(batch))
            })
            .unwrap()
        });
    });
}

/// One decoder for all answers.
fn reset(group: &mut BenchmarkGroup<'_, WallTime>, body: &[u8]) {
    let (mut decoder, mut spare) = (FrameDecoder::new(), None);
    group.bench_with_input("kusto-protocol, reset", body, |bencher, body| {
        bencher.iter(|| {
            let keep = |batch| Some(black_box(batch));
            decode_next(black_box(body), Mode::Whole, &mut decoder, &mut spare, keep).unwrap();
        });
    });
}

fn theirs(group: &mut BenchmarkGroup<'_, WallTime>, comparator: Comparator, body: &[u8]) {
    let mut tables = Tables::default();
    group.bench_with_input(comparator.name(), body, |bencher, body| {
        bencher.iter_batched_ref(
            || body.to_vec(),
            |body| black_box(comparator.decode(body, &mut tables)).unwrap(),
            criterion::BatchSize::PerIteration,
        );
    });
}

fn data_sets(criterion: &mut Criterion) {
    for name in DATA_SETS {
        let body = answer(name, MEGABYTE).unwrap();
        let agreed = agreed(name, &body).unwrap();
        let mut group = group(criterion, &format!("decode/{name}"), &body);
        for mode in ["whole", "recycled"] {
            let id = BenchmarkId::new("kusto-protocol", mode);
            ours(&mut group, id, Mode::from_name(mode).unwrap(), &body);
        }
        agreed
            .iter()
            .for_each(|comparator| theirs(&mut group, *comparator, &body));
        group.finish();
    }
}

fn chunks(criterion: &mut Criterion) {
    for name in DATA_SETS {
        let body = answer(name, 16 * MEGABYTE).unwrap();
        let mut group = group(criterion, &format!("chunks/{name}"), &body);
        for kib in [1, 4, 16, 64, 256, 1024] {
            let mode = Mode::Recycled(kib << 10);
            ours(&mut group, BenchmarkId::new("KiB", kib), mode, &body);
        }
        ours(
            &mut group,
            BenchmarkId::new("KiB", "whole"),
            Mode::Recycled(body.len()),
            &body,
        );
        group.finish();
    }
}

fn widths(criterion: &mut Criterion) {
    for (name, len) in [("wide", MEGABYTE), ("narrow", MEGABYTE), ("storm", 0)] {
        let body = answer(name, len).unwrap();
        let agreed = agreed(name, &body).unwrap();
        let label = if len == 0 { "tiny" } else { name };
        let mut group = group(criterion, &format!("width/{label}"), &body);
        ours(
            &mut group,
            BenchmarkId::from_parameter("kusto-protocol"),
            Mode::Whole,
            &body,
        );
        if len == 0 {
            reset(&mut group, &body);
        }
        agreed
            .iter()
            .for_each(|comparator| theirs(&mut group, *comparator, &body));
        group.finish();
    }
}

criterion_group!(benches, data_sets, chunks, widths);
criterion_main!(benches);
