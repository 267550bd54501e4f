//! What is done with rows: into structs, back to bytes, into Arrow.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kusto_arrow::Options;
use kusto_benches::{
    DATA_SETS, answer, batches, cells, deserialize_with_ours, deserialize_with_serde_json, encode_with_ours,
    encode_with_serde_json, frames, to_arrow,
};

fn structs(criterion: &mut Criterion) {
    for name in DATA_SETS {
        let body = answer(name, 1_000_000).unwrap();
        for owned in [false, true] {
            let sum = deserialize_with_ours(name, owned, &body).unwrap();
            assert_eq!(
                deserialize_with_serde_json(name, owned, &body),
                Ok(sum),
                "{name}: other rows"
            );
            let members = if owned { "owned" } else { "borrowed" };
            let mut group = criterion.benchmark_group(format!("structs/{name}/{members}"));
            group
                .throughput(Throughput::Bytes(body.len() as u64))
                .sample_size(20);
            group.bench_function("kusto-protocol", |bencher| {
                bencher.iter(|| deserialize_with_ours(name, owned, black_box(&body)));
            });
            group.bench_function("serde_json", |bencher| {
                bencher.iter(|| deserialize_with_serde_json(name, owned, black_box(&body)));
            });
            group.finish();
        }
    }
}

fn encode(criterion: &mut Criterion) {
    for name in DATA_SETS {
        let body = answer(name, 1_000_000).unwrap();
        let frames = frames(&body).unwrap();
        let cells = cells(&frames);
        let mut out = Vec::new();
        let mut group = criterion.benchmark_group(format!("encode/{name}"));
        group
            .throughput(Throughput::Bytes(body.len() as u64))
            .sample_size(20);
        group.bench_function("kusto-protocol", |bencher| {
            bencher.iter(|| encode_with_ours(black_box(&frames), &mut out));
        });
        group.bench_function("serde_json", |bencher| {
            bencher.iter(|| encode_with_serde_json(black_box(&cells), &mut out));
        });
        group.finish();
    }
}

fn arrow(criterion: &mut Criterion) {
    for name in DATA_SETS {
        let body = answer(name, 1_000_000).unwrap();
        let rows = batches(frames(&body).unwrap());
        let mut group = criterion.benchmark_group(format!("arrow/{name}"));
        group
            .throughput(Throughput::Bytes(body.len() as u64))
            .sample_size(20);
        for (types, options) in [("default", Options::default()), ("moved", Options::LOSSLESS)] {
            group.bench_function(types, |bencher| {
                bencher.iter_batched(
                    || rows.clone(),
                    |rows| black_box(to_arrow(rows, &options)).unwrap(),
                    BatchSize::PerIteration,
                );
            });
        }
        group.finish();
    }
}

criterion_group!(benches, structs, encode, arrow);
criterion_main!(benches);
