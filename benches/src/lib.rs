//! What the benchmarks of the Kusto crates have in common: answers to decode, and what must come out of them.
//!
//! ```sh
//! cargo bench --package kusto-benches
//! ```
//!
//! Machines are noisy and shared: compare what one run prints, as ratios, not times of different runs.

use std::sync::Arc;

use kusto_protocol::{
    Column, ColumnType, DataSetCompletion, DataSetHeader, Frame, FrameEncoder, Layout, RowBatch,
    RowBatchBuilder, TableCompletion, TableFragment, TableFragmentType, TableHeader, TableKind, Value,
};

/// Rows in a fragment.
const FRAGMENT_ROWS: usize = 1024;

/// A fragmented V2 answer with so many invented storms: 22 columns with long texts and a nested dynamic value.
///
/// # Panics
///
/// When the generator and the encoder do not fit together.
#[must_use]
#[expect(
    clippy::unwrap_used,
    reason = "both ends are ours, and a benchmark has nobody to report to"
)]
pub fn storms(rows: u64) -> Vec<u8> {
    let columns = storm_columns();
    let mut text = Vec::new();
    kusto_emulator::write_storm_events(&mut text, rows).unwrap();
    let mut batches = Vec::new();
    let mut builder = RowBatchBuilder::new(Arc::clone(&columns));
    for record in csv::Reader::from_reader(text.as_slice()).records() {
        let record = record.unwrap();
        let values: Vec<Value<'_>> = columns
            .iter()
            .zip(&record)
            .map(|(column, cell)| value(column, cell))
            .collect();
        builder.push_row(&values).unwrap();
        if builder.num_rows() == FRAGMENT_ROWS {
            let full = std::mem::replace(&mut builder, RowBatchBuilder::new(Arc::clone(&columns)));
            batches.push(full.finish());
        }
    }
    batches.push(builder.finish());
    encode(columns, batches)
}

/// The columns of the storms.
#[must_use]
pub fn storm_columns() -> Arc<[Column]> {
    kusto_emulator::STORM_EVENTS_SCHEMA
        .split(", ")
        .filter_map(|column| column.split_once(':'))
        .map(|(name, column_type)| Column::new(name, ColumnType::from_name(column_type)))
        .collect()
}

#[expect(clippy::unwrap_used, reason = "the cells were written for these types")]
fn value<'a>(column: &Column, cell: &'a str) -> Value<'a> {
    match column.column_type {
        ColumnType::String => Value::String(cell),
        _ if cell.is_empty() => Value::Null,
        ColumnType::DateTime => Value::DateTime(cell.parse().unwrap()),
        ColumnType::Int => Value::Int(cell.parse().unwrap()),
        ColumnType::Real => Value::Real(cell.parse().unwrap()),
        _ => Value::Dynamic(cell),
    }
}

#[expect(clippy::unwrap_used, reason = "frames in order always have a form")]
fn encode(columns: Arc<[Column]>, batches: Vec<RowBatch>) -> Vec<u8> {
    let row_count = batches.iter().map(|batch| batch.num_rows() as u64).sum();
    let header = TableHeader {
        table_id: 1,
        kind: TableKind::PrimaryResult,
        name: "PrimaryResult".to_owned(),
        columns,
    };
    let fragment = |rows| {
        Frame::TableFragment(TableFragment {
            table_id: 1,
            kind: TableFragmentType::DataAppend,
            rows,
        })
    };
    let frames = [
        Frame::DataSetHeader(DataSetHeader::default()),
        Frame::TableHeader(header),
    ]
    .into_iter()
    .chain(batches.into_iter().map(fragment))
    .chain([
        Frame::TableCompletion(TableCompletion {
            table_id: 1,
            row_count,
            errors: Vec::new(),
        }),
        Frame::DataSetCompletion(DataSetCompletion::default()),
    ]);
    let (mut encoder, mut body) = (
        FrameEncoder::new(Layout::V2_FRAGMENTED.newlines_between_frames(true)),
        Vec::new(),
    );
    for frame in frames {
        encoder.encode(&frame, &mut body).unwrap();
    }
    encoder.finish(&mut body).unwrap();
    body
}
