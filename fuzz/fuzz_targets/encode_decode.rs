//! An answer that can be read can be written in every layout that has a form for it. What is written is a fixed
//! point: read and written again, it is the same bytes.

#![no_main]

use kusto_protocol::{Frame, FrameDecoder, FrameEncoder, Layout};
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
        let read = decode(&wire).unwrap_or_else(|| panic!("{layout:?} cannot be read: {text}"));
        let again =
            encode(&read, layout).unwrap_or_else(|| panic!("{layout:?} cannot be written again: {text}"));
        assert_eq!(String::from_utf8_lossy(&again), text, "{layout:?}");
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
