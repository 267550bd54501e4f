//! An answer through memory: encoder on one side, decoder on the other, seven bytes at a time.
//!
//! ```sh
//! cargo run -p kusto-protocol --example in_memory
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod storms;

use std::error::Error;

use kusto_protocol::{Frame, FrameDecoder, FrameEncoder, Layout};

fn main() -> Result<(), Box<dyn Error>> {
    let sent = storms::frames()?;
    let mut wire = Vec::new();
    let mut encoder = FrameEncoder::new(Layout::V2_FRAGMENTED.newlines_between_frames(true));
    for frame in &sent {
        encoder.encode(frame, &mut wire)?;
    }
    encoder.finish(&mut wire)?;
    println!("{}", String::from_utf8_lossy(&wire));

    let mut received = Vec::new();
    let mut decoder = FrameDecoder::new();
    for chunk in wire.chunks(7) {
        let mut input = chunk;
        while let Some(frame) = decoder.decode(&mut input)? {
            received.push(frame);
        }
    }
    decoder.finish()?;

    // The header says which layout the answer has, so it is the one frame that differs.
    assert_eq!(received[1..], sent[1..]);
    for frame in &received {
        match frame {
            Frame::TableFragment(fragment) => println!("{} rows", fragment.rows.num_rows()),
            Frame::TableHeader(header) => println!("table {} {}", header.table_id, header.name),
            Frame::TableCompletion(completion) => println!("{} rows in all", completion.row_count),
            _ => {}
        }
    }
    Ok(())
}

#[test]
fn the_example_runs() {
    main().unwrap();
}
