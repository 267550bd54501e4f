//! What is done with rows beyond decoding: into structs, back to bytes, into Arrow.

mod structs;
mod write;

use kusto_arrow::Options;
use kusto_protocol::{Frame, FrameDecoder, RowBatch, TableKind};

pub use structs::{deserialize_with_ours, deserialize_with_serde_json};
pub use write::{Cell, cells, encode_with_ours, encode_with_serde_json};

/// All frames of an answer.
///
/// # Errors
///
/// When the answer cannot be read.
pub fn frames(body: &[u8]) -> Result<Vec<Frame>, String> {
    let (mut decoder, mut frames, mut input) = (FrameDecoder::new(), Vec::new(), body);
    while let Some(frame) = decoder.decode(&mut input).map_err(|error| error.to_string())? {
        frames.push(frame);
    }
    decoder.finish().map_err(|error| error.to_string())?;
    Ok(frames)
}

/// The rows of the primary result among the frames.
pub fn batches(frames: Vec<Frame>) -> Vec<RowBatch> {
    let primary = frames.iter().find_map(|frame| match frame {
        Frame::TableHeader(header) if header.kind == TableKind::PrimaryResult => Some(header.table_id),
        _ => None,
    });
    let batch = |frame| match frame {
        Frame::TableFragment(fragment) if Some(fragment.table_id) == primary => Some(fragment.rows),
        _ => None,
    };
    frames.into_iter().filter_map(batch).collect()
}

/// Rows as Arrow's record batches.
///
/// # Errors
///
/// When a value does not fit its Arrow type.
pub fn to_arrow(
    batches: Vec<RowBatch>,
    options: &Options,
) -> Result<Vec<arrow_array::RecordBatch>, kusto_arrow::Error> {
    batches
        .into_iter()
        .map(|batch| kusto_arrow::record_batch(batch, options))
        .collect()
}
