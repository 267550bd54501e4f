//! Our decoder, in the ways that are measured.

use kusto_protocol::{DecodeError, DecoderConfig, Frame, FrameDecoder, RowBatch, TableKind, Value};

use crate::TypedColumn;

/// How an answer is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The body in one piece; all batches are kept.
    Whole,
    /// The body in chunks of so many bytes, as they come from a network; all batches are kept.
    Chunked(usize),
    /// In such chunks, each batch given back once it was seen.
    Recycled(usize),
}

impl Mode {
    /// The mode of this name, in chunks of 64 KiB.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "whole" => Self::Whole,
            "chunked" => Self::Chunked(CHUNK),
            "recycled" => Self::Recycled(CHUNK),
            _ => return None,
        })
    }
}

/// Decodes an answer and gives each batch of its primary result to `keep`, which gives it back if it is of no more
/// use: then its memory is used again. The last one waits in `spare` for the next answer of the same columns.
///
/// # Errors
///
/// When the answer cannot be read.
pub fn decode(
    body: &[u8],
    mode: Mode,
    config: &DecoderConfig,
    spare: &mut Option<RowBatch>,
    keep: impl FnMut(RowBatch) -> Option<RowBatch>,
) -> Result<(), DecodeError> {
    let mut decoder = FrameDecoder::with_config(config.clone());
    decode_next(body, mode, &mut decoder, spare, keep)
}

/// As [`decode`], with the decoder of the answer before, reset.
///
/// # Errors
///
/// When the answer cannot be read.
pub fn decode_next(
    body: &[u8],
    mode: Mode,
    decoder: &mut FrameDecoder,
    spare: &mut Option<RowBatch>,
    mut keep: impl FnMut(RowBatch) -> Option<RowBatch>,
) -> Result<(), DecodeError> {
    decoder.reset();
    let chunk = match mode {
        Mode::Whole => body.len().max(1),
        Mode::Chunked(chunk) | Mode::Recycled(chunk) => chunk,
    };
    let mut primary = None;
    for chunk in body.chunks(chunk) {
        let mut input = chunk;
        while let Some(frame) = decoder.decode(&mut input)? {
            match frame {
                Frame::TableHeader(header) if header.kind == TableKind::PrimaryResult => {
                    primary = Some(header.table_id);
                    if let Some(batch) = spare.take() {
                        decoder.recycle(batch);
                    }
                }
                Frame::TableFragment(fragment) if Some(fragment.table_id) == primary => {
                    if let Some(batch) = keep(fragment.rows)
                        && let Some(before) = spare.replace(batch)
                    {
                        decoder.recycle(before);
                    }
                }
                _ => {}
            }
        }
    }
    decoder.finish()
}

/// The rows of all batches in the columns that the other decoders fill, to be compared with theirs.
///
/// # Panics
///
/// When a value is not of its column's type.
#[must_use]
pub fn typed_columns<'a>(batches: impl IntoIterator<Item = &'a RowBatch>) -> Vec<TypedColumn> {
    let mut columns: Vec<TypedColumn> = Vec::new();
    for batch in batches {
        if columns.is_empty() {
            columns = batch.columns().iter().map(TypedColumn::new).collect();
        }
        for (column, array) in columns.iter_mut().zip(batch.arrays()) {
            for row in 0..array.len() {
                push(column, array.get(row));
            }
        }
    }
    columns
}

fn push(column: &mut TypedColumn, value: Value<'_>) {
    let pushed = match value {
        Value::Null => {
            column.push_null();
            Some(())
        }
        Value::Bool(flag) => column.push_bool(flag),
        Value::Int(number) => column.push_i64(number.into()),
        Value::Long(number) => column.push_i64(number),
        Value::Real(number) => column.push_f64(number),
        Value::DateTime(at) => column.push_i64(at.ticks()),
        Value::Timespan(span) => column.push_i64(span.ticks()),
        Value::Guid(guid) => column.push_guid(*guid.as_bytes()),
        Value::String(text) | Value::Decimal(text) | Value::Dynamic(text) | Value::Unknown(text) => {
            column.push_with(|bytes| bytes.extend_from_slice(text.as_bytes()))
        }
        _ => None,
    };
    assert!(pushed.is_some(), "{value:?} is no {}", column.column_type());
}

const CHUNK: usize = 64 << 10;
