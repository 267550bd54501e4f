//! Writes an answer to a file: `generate NAME BYTES FILE`, the bytes as a number like `1e6`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use kusto_benches::{BAD_ANSWERS, DATA_SETS, answer, bad_answer, shapes};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match generate(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("generate: {message}");
            ExitCode::FAILURE
        }
    }
}

fn generate(arguments: &[String]) -> Result<(), String> {
    let [name, bytes, file] = arguments else {
        let names: Vec<&str> = DATA_SETS
            .into_iter()
            .chain(shapes())
            .chain(BAD_ANSWERS.iter().map(|(name, _)| *name))
            .collect();
        return Err(format!(
            "usage: generate NAME BYTES FILE; names: {}",
            names.join(", ")
        ));
    };
    let bytes: f64 = bytes
        .parse()
        .map_err(|_| format!("'{bytes}' is no number of bytes"))?;
    let body = answer(name, bytes as usize)
        .or_else(|| bad_answer(name, bytes as usize))
        .ok_or_else(|| format!("there is no answer '{name}'"))?;
    std::fs::write(file, body).map_err(|error| format!("{file}: {error}"))
}
