//! An answer that can be read can be written in every layout that has a form for it. The cells come back, and what
//! was read and written once does not change any more.

#![no_main]

use kusto_protocol::{Column, ColumnType, Frame, FrameDecoder, FrameEncoder, Layout, RowBatch};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|answer: &[u8]| {
    let Some(frames) = decode(answer) else {
        return;
    };
    for layout in [
        Layout::V1,
        Layout::V2,
        Layout::V2_FRAGMENTED,
        Layout::V2_PROGRESSIVE,
    ] {
        let Some(wire) = encode(&frames, layout) else {
            continue;
        };
        let text = String::from_utf8_lossy(&wire);
        let first = decode(&wire).unwrap_or_else(|| panic!("{layout:?} cannot be read: {text}"));
        assert_eq!(cells(&first), cells(&frames), "{layout:?} {text}");
        // Errors that differ in V2 may become one in V1, so only the second time is the last.
        let second = encode(&first, layout).unwrap_or_else(|| panic!("{layout:?} cannot be written: {text}"));
        let third = decode(&second).and_then(|frames| encode(&frames, layout));
        let third = third.unwrap_or_else(|| panic!("{layout:?} cannot be rewritten: {text}"));
        assert_eq!(
            String::from_utf8_lossy(&third),
            String::from_utf8_lossy(&second),
            "{layout:?}"
        );
    }
});

fn decode(mut bytes: &[u8]) -> Option<Vec<Frame>> {
    let mut decoder = FrameDecoder::new();
    let mut frames = Vec::new();
    while let Some(frame) = decoder.decode(&mut bytes).ok()? {
        frames.push(frame);
    }
    decoder.finish().ok()?;
    Some(frames)
}

fn encode(frames: &[Frame], layout: Layout) -> Option<Vec<u8>> {
    let mut encoder = FrameEncoder::new(layout);
    let mut wire = Vec::new();
    for frame in frames {
        encoder.encode(frame, &mut wire).ok()?;
    }
    encoder.finish(&mut wire).ok()?;
    Some(wire)
}

/// Every cell as text, since a NaN is not equal to itself. Not of columns of unknown types: what is nested deeper than
/// other readers take becomes a string there the first time.
fn cells(frames: &[Frame]) -> Vec<String> {
    let mut cells = Vec::new();
    for batch in batches(frames) {
        for row in batch.rows() {
            let values = row.values().zip(batch.columns().iter());
            cells.extend(
                values
                    .filter(|(_, column)| !is_unknown(column))
                    .map(|(value, _)| format!("{value:?}")),
            );
        }
    }
    cells
}

fn is_unknown(column: &Column) -> bool {
    matches!(column.column_type, ColumnType::Unknown(_))
}

fn batches(frames: &[Frame]) -> impl Iterator<Item = &RowBatch> {
    frames.iter().filter_map(|frame| match frame {
        Frame::TableFragment(fragment) => Some(&fragment.rows),
        _ => None,
    })
}
