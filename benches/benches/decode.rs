//! Decoding an answer of storms: our decoder in chunks of 64 KiB, beside serde_json into structs of the same columns.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kusto_benches::storms;
use kusto_protocol::{ColumnArray, Frame, FrameDecoder};
use serde_json::value::RawValue;

/// Rows, and the sum of one column: what every decoder must find.
type Checksum = (usize, i64);

/// The place of `DamageProperty`.
const DAMAGE: usize = 10;

fn ours(body: &[u8]) -> Checksum {
    let (mut decoder, mut rows, mut damage) = (FrameDecoder::new(), 0, 0);
    for chunk in body.chunks(64 << 10) {
        let mut input = chunk;
        while let Some(frame) = decoder.decode(&mut input).unwrap() {
            if let Frame::TableFragment(fragment) = frame {
                rows += fragment.rows.num_rows();
                if let Some(ColumnArray::Int(values)) = fragment.rows.array(DAMAGE) {
                    damage += values.values().iter().map(|value| i64::from(*value)).sum::<i64>();
                }
                black_box(&fragment);
            }
        }
    }
    decoder.finish().unwrap();
    (rows, damage)
}

/// A storm as serde_json reads it: dates stay text, which spares it work that our decoder does.
type Storm<'a> = (
    (
        &'a str,
        &'a str,
        i32,
        i32,
        String,
        String,
        i32,
        i32,
        i32,
        i32,
        i32,
        i32,
        String,
        String,
        String,
    ),
    (
        Option<f64>,
        Option<f64>,
        Option<f64>,
        Option<f64>,
        String,
        String,
        &'a RawValue,
    ),
);

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fragment<'a> {
    #[serde(borrow, default)]
    rows: Vec<&'a RawValue>,
    frame_type: &'a str,
}

fn serde_json(body: &[u8]) -> Checksum {
    let frames: Vec<Fragment<'_>> = serde_json::from_slice(body).unwrap();
    let (mut rows, mut damage) = (0, 0);
    for row in frames
        .iter()
        .filter(|frame| frame.frame_type == "TableFragment")
        .flat_map(|frame| &frame.rows)
    {
        let storm = typed(row.get());
        rows += 1;
        damage += i64::from(storm.0.10);
        black_box(&storm);
    }
    (rows, damage)
}

/// Tuples end at 16 members in serde, so a row is read in two.
fn typed(row: &str) -> Storm<'_> {
    struct Row;

    impl<'de> serde::de::Visitor<'de> for Row {
        type Value = Storm<'de>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a storm")
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut cells: A) -> Result<Storm<'de>, A::Error> {
            macro_rules! cell {
                () => {
                    cells.next_element()?.unwrap()
                };
            }
            let first = (
                cell!(),
                cell!(),
                cell!(),
                cell!(),
                cell!(),
                cell!(),
                cell!(),
                cell!(),
                cell!(),
                cell!(),
                cell!(),
                cell!(),
                cell!(),
                cell!(),
                cell!(),
            );
            Ok((
                first,
                (cell!(), cell!(), cell!(), cell!(), cell!(), cell!(), cell!()),
            ))
        }
    }

    serde::Deserializer::deserialize_seq(&mut serde_json::Deserializer::from_str(row), Row).unwrap()
}

fn decode(criterion: &mut Criterion) {
    let body = storms(20_000);
    assert_eq!(ours(&body), serde_json(&body), "the decoders disagree");
    let mut group = criterion.benchmark_group("decode/storms");
    group
        .throughput(Throughput::Bytes(body.len() as u64))
        .sample_size(20);
    group.bench_function("kusto-protocol", |bencher| {
        bencher.iter(|| ours(black_box(&body)))
    });
    group.bench_function("serde_json", |bencher| {
        bencher.iter(|| serde_json(black_box(&body)))
    });
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
