//! Decoding in every way there is. No test calls the decoder otherwise.

#![allow(dead_code, reason = "each test binary uses its part")]

pub(crate) mod oracle;
pub(crate) mod oracle_cell;
pub(crate) mod text;

use kusto_protocol::{DecodeError, DecoderConfig, Frame, FrameDecoder, Isa, TableFragmentType};

/// What came out: the frames, those included that had come before an error, and the error if there was one.
pub(crate) type Decoded = (Vec<Frame>, Result<(), DecodeError>);

/// Decodes the chunks one after the other.
pub(crate) fn decode_chunks<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
    config: &DecoderConfig,
) -> Decoded {
    decode_next(&mut FrameDecoder::with_config(config.clone()), chunks)
}

/// Decodes the chunks with a decoder that is new or was reset.
pub(crate) fn decode_next<'a>(
    decoder: &mut FrameDecoder,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Decoded {
    let mut frames = Vec::new();
    for chunk in chunks {
        let mut input = chunk;
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(decoder.decode(&mut input), Err(error.clone()), "errors stick");
                    assert_eq!(decoder.finish(), Err(error.clone()), "errors stick");
                    frames.extend(std::iter::from_fn(|| decoder.remainder()));
                    return (frames, Err(error));
                }
            }
        }
        assert!(input.is_empty(), "no frame, yet the input is not used up");
    }
    let end = decoder.finish();
    frames.extend(std::iter::from_fn(|| decoder.remainder()));
    (frames, end)
}

/// Decodes with the default limits, whole and cut in every way; all must agree with each other and with the oracle.
pub(crate) fn decode_every_way(bytes: &[u8]) -> Decoded {
    decode_every_way_with(bytes, &DecoderConfig::default())
}

/// As [`decode_every_way`], with other limits.
pub(crate) fn decode_every_way_with(bytes: &[u8], config: &DecoderConfig) -> Decoded {
    let whole = decode_chunks([bytes], config);
    let expected = text::frames(&whole.0, &whole.1);
    let check = |how: &str, other: Decoded| {
        let found = text::frames(&other.0, &other.1);
        assert_eq!(found, expected, "{how} differs from whole");
    };
    check("byte by byte", decode_chunks(bytes.chunks(1), config));
    check("an empty chunk", decode_chunks([&[][..], bytes, &[]], config));
    if bytes.len() <= EVERY_SPLIT {
        for at in 0..=bytes.len() {
            let (a, b) = bytes.split_at(at);
            check(&format!("split at {at}"), decode_chunks([a, b], config));
        }
    }
    for seed in 0..8 {
        check(
            &format!("random split {seed}"),
            decode_chunks(random_chunks(bytes, seed), config),
        );
    }
    for isa in Isa::available() {
        let mut other = config.clone();
        other.isa = isa;
        check(&format!("{isa:?}"), decode_chunks([bytes], &other));
        let chunks = random_chunks(bytes, isa as u64);
        check(&format!("{isa:?} in pieces"), decode_chunks(chunks, &other));
    }
    for (rows, batch_bytes) in [
        (1, usize::MAX),
        (2, usize::MAX),
        (usize::MAX, 1),
        (usize::MAX, 100),
    ] {
        let mut small = config.clone();
        (small.max_batch_rows, small.max_batch_bytes) = (rows, batch_bytes);
        let other = decode_chunks([bytes], &small);
        let drip = decode_chunks(bytes.chunks(3), &small);
        let (found, expected) = (text::frames(&drip.0, &drip.1), text::frames(&other.0, &other.1));
        assert_eq!(found, expected, "batches of {rows} rows, in small chunks");
        assert_eq!(
            one_row_batches(&other.0),
            one_row_batches(&whole.0),
            "batches of {rows} rows"
        );
    }
    oracle::compare(bytes, config, &whole);
    whole
}

/// Decodes whole, byte by byte and in two random ways; all must agree with each other and with the oracle. Cheap
/// enough for thousands of inputs.
pub(crate) fn decode_some_ways(bytes: &[u8], seed: u64) {
    let mut config = DecoderConfig::default();
    // Small batches show what happens at their ends.
    config.max_batch_rows = [1, 2, 8192][seed as usize % 3];
    config.allow_varying_row_widths = seed & 8 != 0;
    let whole = decode_chunks([bytes], &config);
    let expected = text::frames(&whole.0, &whole.1);
    for chunks in [
        bytes.chunks(1).collect(),
        random_chunks(bytes, seed),
        random_chunks(bytes, !seed),
    ] {
        let other = decode_chunks(chunks, &config);
        assert_eq!(
            text::frames(&other.0, &other.1),
            expected,
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
    let mut again = FrameDecoder::with_config(config.clone());
    for isa in Isa::available() {
        let mut other = config.clone();
        other.isa = isa;
        let other = decode_chunks([bytes], &other);
        again.reset();
        let next = decode_next(&mut again, random_chunks(bytes, seed ^ isa as u64));
        assert_eq!(text::frames(&next.0, &next.1), expected, "again");
        assert_eq!(
            text::frames(&other.0, &other.1),
            expected,
            "{isa:?}: {}",
            String::from_utf8_lossy(bytes)
        );
    }
    oracle::compare(bytes, &config, &whole);
}

/// Pieces of random lengths, many of them short.
pub(crate) fn random_chunks(bytes: &[u8], seed: u64) -> Vec<&[u8]> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def1;
    let mut rest = bytes;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let most = [2, 9, 70, 3000][(state >> 60) as usize % 4];
        let (chunk, after) = rest.split_at((state as usize % most + 1).min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

/// What the frames say in one line each, and one for each row: the same for every limit of batches.
pub(crate) fn one_row_batches(frames: &[Frame]) -> Vec<String> {
    let mut lines = Vec::new();
    for frame in frames {
        match frame {
            Frame::DataSetHeader(header) => lines.push(format!(
                "header {} {} {} {:?}",
                header.version, header.is_progressive, header.is_fragmented, header.error_reporting_placement
            )),
            Frame::TableHeader(header) => {
                let mut line = format!(
                    "table {} {} {:?}",
                    header.table_id,
                    header.kind.as_str(),
                    header.name
                );
                for column in header.columns.iter() {
                    line += &format!(" {:?}:{}", column.name, column.column_type);
                }
                lines.push(line);
            }
            Frame::TableFragment(fragment) => {
                let mut kind = fragment.kind.as_str();
                for row in fragment.rows.rows() {
                    lines.push(format!("{} {kind} {}", fragment.table_id, text::row(&row)));
                    kind = TableFragmentType::DataAppend.as_str();
                }
                if fragment.rows.num_rows() == 0 {
                    lines.push(format!("{} {kind} no rows", fragment.table_id));
                }
            }
            Frame::TableProgress(progress) => {
                lines.push(format!("progress {} {:?}", progress.table_id, progress.progress));
            }
            Frame::TableCompletion(end) => {
                lines.push(format!("end {} {} {:?}", end.table_id, end.row_count, end.errors));
            }
            Frame::DataSetCompletion(end) => {
                lines.push(format!(
                    "end of all {} {} {:?}",
                    end.has_errors, end.cancelled, end.errors
                ));
            }
            other => panic!("a frame that the tests do not know: {other:?}"),
        }
    }
    lines
}

/// Longest input for which every single split is tried.
const EVERY_SPLIT: usize = 1500;
