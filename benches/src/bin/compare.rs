//! Other decoders, and what is done with rows beyond decoding, measured as `decode-bench` measures ours:
//! `compare WORK FILE [ITERATIONS]`.
//!
//! Works are the comparators by name, and with the name of the file's data set behind a colon: `structs`,
//! `structs-owned`, `structs-serde_json`, `structs-owned-serde_json`; without: `encode`, `encode-serde_json`, `arrow`
//! (default types) and `arrow-moved` (the types that need no conversion).

#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::hint::black_box;
use std::process::ExitCode;

use kusto_arrow::Options;
use kusto_benches::{
    Comparator, Tables, TypedColumn, batches, cells, content_hash, deserialize_with_ours,
    deserialize_with_serde_json, encode_with_ours, encode_with_serde_json, frames, measure, peak_mb,
    print_end, to_arrow,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("compare: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let [work, file, iterations @ ..] = arguments else {
        return Err("usage: compare WORK FILE [ITERATIONS]".to_owned());
    };
    let iterations = match iterations {
        [] => 5,
        [number, ..] => number
            .parse()
            .map_err(|_| format!("'{number}' is no number of iterations"))?,
    };
    let body = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    if let Some(comparator) = Comparator::ALL
        .into_iter()
        .find(|comparator| comparator.name() == work)
    {
        return comparison(comparator, &body, iterations);
    }
    let (work, set) = work.split_once(':').unwrap_or((work, ""));
    match work {
        "structs" => structs(&body, iterations, |body| deserialize_with_ours(set, false, body)),
        "structs-owned" => structs(&body, iterations, |body| deserialize_with_ours(set, true, body)),
        "structs-serde_json" => structs(&body, iterations, |body| {
            deserialize_with_serde_json(set, false, body)
        }),
        "structs-owned-serde_json" => structs(&body, iterations, |body| {
            deserialize_with_serde_json(set, true, body)
        }),
        "encode" => {
            let frames = frames(&body)?;
            encode(&body, iterations, |out| encode_with_ours(&frames, out))
        }
        "encode-serde_json" => {
            let frames = frames(&body)?;
            let cells = cells(&frames);
            encode(&body, iterations, |out| encode_with_serde_json(&cells, out))
        }
        "arrow" => arrow(&body, iterations, &Options::default()),
        "arrow-moved" => arrow(&body, iterations, &Options::LOSSLESS),
        _ => Err(format!("there is no work '{work}'")),
    }
}

fn comparison(comparator: Comparator, body: &[u8], iterations: usize) -> Result<(), String> {
    let mut tables = Tables::default();
    let mut decoded = comparator.decode(&mut body.to_vec(), &mut tables)?;
    let mut failed = None;
    // Some decoders write into the body, so each gets a copy; copying is not timed.
    let copy = || body.to_vec();
    measure(body.len(), iterations, copy, |mut body| {
        match comparator.decode(&mut body, &mut tables) {
            Ok(again) => decoded = again,
            Err(error) => failed = Some(error),
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let peak = peak_mb();
    let columns = decoded.columns(body, &mut tables)?;
    let rows = columns.first().map_or(0, TypedColumn::len);
    print_end(content_hash(&columns), rows, peak, body.len());
    Ok(())
}

fn structs(
    body: &[u8],
    iterations: usize,
    read: impl Fn(&[u8]) -> Result<u64, String>,
) -> Result<(), String> {
    let sum = read(body)?;
    measure(
        body.len(),
        iterations,
        || (),
        |()| {
            let again = read(black_box(body));
            debug_assert_eq!(again, Ok(sum), "the same rows again");
        },
    );
    print_end(sum, 0, peak_mb(), body.len());
    Ok(())
}

fn encode(
    body: &[u8],
    iterations: usize,
    write: impl Fn(&mut Vec<u8>) -> Result<(), String>,
) -> Result<(), String> {
    let mut out = Vec::new();
    write(&mut out)?;
    measure(
        body.len(),
        iterations,
        || (),
        |()| {
            let written = write(black_box(&mut out));
            debug_assert_eq!(written, Ok(()), "the same frames again");
        },
    );
    print_end(0, 0, peak_mb(), body.len());
    Ok(())
}

/// Converts the batches of an answer that was decoded beforehand; making and dropping them is not timed.
fn arrow(body: &[u8], iterations: usize, options: &Options) -> Result<(), String> {
    let batches = batches(frames(body)?);
    let converted = RefCell::new(Ok(Vec::new()));
    let prepare = || {
        drop(converted.replace(Ok(Vec::new())));
        batches.clone()
    };
    measure(body.len(), iterations, prepare, |batches| {
        drop(converted.replace(to_arrow(batches, options)));
    });
    print_end(0, 0, peak_mb(), body.len());
    converted
        .into_inner()
        .map(drop)
        .map_err(|error| error.to_string())
}
