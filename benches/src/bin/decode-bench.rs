//! Decodes a file and prints how fast: `decode-bench MODE FILE [ITERATIONS]`.
//!
//! Modes: `whole`, `chunked` and `recycled` (in chunks of 64 KiB, or of so many bytes with `--chunk BYTES`). One line
//! of JSON for each iteration, then one with the hash of the content; see `measure` and `content_hash` of the library.
//! `--isa NAME` forces an instruction set. Each answer has a decoder of its own; with `--reset` one decoder reads all,
//! reset before each.
//!
//! `--once` decodes once, prints nothing but the number of rows and takes an error for an answer: for measuring what
//! hostile bytes cost.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::hint::black_box;
use std::process::ExitCode;

use kusto_benches::{Mode, content_hash, decode, decode_next, measure, peak_mb, print_end, typed_columns};
use kusto_protocol::{DecoderConfig, FrameDecoder, Isa};

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("decode-bench: {message}");
            ExitCode::FAILURE
        }
    }
}

struct Arguments {
    mode: Mode,
    file: String,
    iterations: usize,
    once: bool,
    reset: bool,
    config: DecoderConfig,
}

fn run(arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let Arguments {
        mode,
        file,
        iterations,
        once,
        reset,
        config,
    } = parse(arguments)?;
    let body = std::fs::read(&file).map_err(|error| format!("{file}: {error}"))?;
    if once {
        let mut rows = 0;
        let decoded = decode(&body, mode, &config, &mut None, |batch| {
            rows += batch.num_rows();
            Some(batch)
        });
        println!(
            "{rows} rows; {}",
            decoded
                .err()
                .map_or_else(|| "nothing wrong".to_owned(), |error| error.to_string())
        );
        return Ok(());
    }

    let (mut spare, mut kept, mut failed) = (None, Vec::new(), None);
    let mut decoder = reset.then(|| FrameDecoder::with_config(config.clone()));
    measure(
        body.len(),
        iterations,
        || (),
        |()| {
            spare = spare.take().or_else(|| kept.pop());
            kept.clear();
            let keep = |batch| {
                let batch = black_box(batch);
                match mode {
                    Mode::Recycled(_) => Some(batch),
                    Mode::Whole | Mode::Chunked(_) => {
                        kept.push(batch);
                        None
                    }
                }
            };
            let decoded = match &mut decoder {
                Some(decoder) => decode_next(&body, mode, decoder, &mut spare, keep),
                None => decode(&body, mode, &config, &mut spare, keep),
            };
            failed = decoded.err();
        },
    );
    if let Some(error) = failed {
        return Err(format!("{file}: {error}"));
    }
    let peak = peak_mb();

    // The content is looked at once more, batch by batch, with the memory used again as it was when time was taken.
    let mut batches = Vec::new();
    let keep = |batch: kusto_protocol::RowBatch| {
        batches.push(batch.clone());
        Some(batch)
    };
    decode(&body, mode, &config, &mut spare, keep).map_err(|error| format!("{file}: {error}"))?;
    let columns = typed_columns(&batches);
    let rows = columns.first().map_or(0, kusto_benches::TypedColumn::len);
    print_end(content_hash(&columns), rows, peak, body.len());
    Ok(())
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let (mut positional, mut once, mut reset, mut chunk) = (Vec::new(), false, false, None);
    let mut config = DecoderConfig::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--once" => once = true,
            "--reset" => reset = true,
            "--isa" => config.isa = isa(&arguments.next().unwrap_or_default())?,
            "--chunk" => chunk = Some(number(arguments.next().as_deref())?),
            _ if argument.starts_with("--") => return Err(format!("unknown option {argument}; {USAGE}")),
            _ => positional.push(argument),
        }
    }
    let (mode, file, iterations) = match positional.as_slice() {
        [mode, file] => (mode, file, 5),
        // None beside the cold one shows what is found, and times nothing.
        [mode, file, iterations] if iterations == "0" => (mode, file, 0),
        [mode, file, iterations] => (mode, file, number(Some(iterations))?),
        _ => return Err(USAGE.to_owned()),
    };
    let mode = match (Mode::from_name(mode).ok_or(USAGE)?, chunk) {
        (Mode::Chunked(_), Some(chunk)) => Mode::Chunked(chunk),
        (Mode::Recycled(_), Some(chunk)) => Mode::Recycled(chunk),
        (mode, _) => mode,
    };
    Ok(Arguments {
        mode,
        file: file.clone(),
        iterations,
        once,
        reset,
        config,
    })
}

fn isa(name: &str) -> Result<Isa, String> {
    let isa = match name {
        "scalar" => Isa::Scalar,
        "sse4.2" => Isa::Sse42,
        "avx2" => Isa::Avx2,
        "avx512" => Isa::Avx512,
        "neon" => Isa::Neon,
        _ => return Err(format!("there is no instruction set '{name}'; {USAGE}")),
    };
    if isa.is_available() {
        Ok(isa)
    } else {
        Err(format!("this processor has no {name}"))
    }
}

fn number(text: Option<&str>) -> Result<usize, String> {
    text.and_then(|text| text.parse().ok())
        .filter(|number| *number > 0)
        .ok_or_else(|| USAGE.to_owned())
}

const USAGE: &str = "usage: decode-bench whole|chunked|recycled FILE [ITERATIONS] [--chunk BYTES] \
     [--isa scalar|sse4.2|avx2|avx512|neon] [--once] [--reset]";
