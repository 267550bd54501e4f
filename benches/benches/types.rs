//! Decoding answers of one type each, beside other decoders.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kusto_benches::{Mode, Tables, agreed, answer, decode, shapes};
use kusto_protocol::DecoderConfig;

fn types(criterion: &mut Criterion) {
    for name in shapes() {
        let body = answer(name, 1_000_000).unwrap();
        let agreed = agreed(name, &body).unwrap();
        let mut group = criterion.benchmark_group(format!("types/{name}"));
        group
            .throughput(Throughput::Bytes(body.len() as u64))
            .sample_size(20);
        let (config, mut spare) = (DecoderConfig::default(), None);
        group.bench_with_input("kusto-protocol", &body, |bencher, body| {
            bencher.iter(|| {
                let keep = |batch| Some(black_box(batch));
                decode(black_box(body), Mode::Whole, &config, &mut spare, keep).unwrap();
            });
        });
        for comparator in agreed {
            let mut tables = Tables::default();
            group.bench_with_input(comparator.name(), &body, |bencher, body| {
                bencher.iter_batched_ref(
                    || body.clone(),
                    |body| black_box(comparator.decode(body, &mut tables)).unwrap(),
                    BatchSize::PerIteration,
                );
            });
        }
        group.finish();
    }
}

criterion_group!(benches, types);
criterion_main!(benches);
