//! Writing an answer of storms, beside serde_json writing the same rows.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kusto_benches::storms;
use kusto_protocol::{DateTime, Frame, FrameDecoder, FrameEncoder, Layout, Value};
use serde_json::value::RawValue;

/// A cell as serde_json writes it. Nested values are trusted, which spares it work that our encoder does.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Cell<'a> {
    Null(()),
    Int(i32),
    Real(f64),
    Text(&'a str),
    Date(DateTime),
    Nested(&'a RawValue),
}

impl<'a> From<Value<'a>> for Cell<'a> {
    fn from(value: Value<'a>) -> Self {
        match value {
            Value::Null => Self::Null(()),
            Value::Int(number) => Self::Int(number),
            Value::Real(number) => Self::Real(number),
            Value::String(text) => Self::Text(text),
            Value::Dynamic(text) => Self::Nested(serde_json::from_str(text).unwrap()),
            Value::DateTime(at) => Self::Date(at),
            other => panic!("storms have no {}", other.type_name()),
        }
    }
}

fn frames(body: &[u8]) -> Vec<Frame> {
    let (mut decoder, mut frames, mut input) = (FrameDecoder::new(), Vec::new(), body);
    while let Some(frame) = decoder.decode(&mut input).unwrap() {
        frames.push(frame);
    }
    decoder.finish().unwrap();
    frames
}

fn rows(frames: &[Frame]) -> Vec<Vec<Cell<'_>>> {
    let fragments = frames.iter().filter_map(|frame| match frame {
        Frame::TableFragment(fragment) => Some(&fragment.rows),
        _ => None,
    });
    fragments
        .flat_map(|rows| rows.rows().map(|row| row.values().map(Cell::from).collect()))
        .collect()
}

fn ours(frames: &[Frame], out: &mut Vec<u8>) {
    out.clear();
    let mut encoder = FrameEncoder::new(Layout::V2);
    for frame in frames {
        encoder.encode(frame, out).unwrap();
    }
    encoder.finish(out).unwrap();
}

fn serde_json(rows: &[Vec<Cell<'_>>], out: &mut Vec<u8>) {
    out.clear();
    serde_json::to_writer(out, rows).unwrap();
}

fn encode(criterion: &mut Criterion) {
    let body = storms(20_000);
    let frames = frames(&body);
    let rows = rows(&frames);
    let (mut out, mut theirs) = (Vec::new(), Vec::new());
    ours(&frames, &mut out);
    serde_json(&rows, &mut theirs);
    assert!(
        memchr::memmem::find(&out, &theirs).is_some(),
        "the rows are written differently"
    );
    let mut group = criterion.benchmark_group("encode/storms");
    group.throughput(Throughput::Bytes(theirs.len() as u64));
    group.bench_function("kusto-protocol", |bencher| {
        bencher.iter(|| ours(black_box(&frames), &mut out));
    });
    group.bench_function("serde_json", |bencher| {
        bencher.iter(|| serde_json(black_box(&rows), &mut theirs));
    });
    group.finish();
}

criterion_group!(benches, encode);
criterion_main!(benches);
