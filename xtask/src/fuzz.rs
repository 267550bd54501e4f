//! Runs the fuzz targets for a while each: a smoke test in seconds, a search with more of them.

use std::fs;
use std::process::Command;

/// Each target, its sanitizer, and the folders that its inputs start from. Unsafe code runs in the decoder alone.
const TARGETS: &[(&str, &str, &[&str])] = &[
    ("connection_string", "none", &["fuzz/seeds/connection_string"]),
    ("deep_link", "none", &["fuzz/seeds/deep_link"]),
    (
        "encode_decode",
        "none",
        &["vectors/v1", "vectors/v2", "vectors/cells"],
    ),
    (
        "frames",
        "address",
        &["vectors/v1", "vectors/v2", "vectors/cells", "vectors/error"],
    ),
];

/// Runs every target for so many seconds, ten if not said. Needs a nightly compiler and cargo-fuzz.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let seconds = match arguments.first() {
        Some(text) => text
            .parse::<u32>()
            .map_err(|_| format!("'{text}' is no number of seconds"))?,
        None => 10,
    };
    for (target, sanitizer, seeds) in TARGETS {
        let corpus = format!("fuzz/corpus/{target}");
        fs::create_dir_all(crate::root().join(&corpus)).map_err(|error| format!("{corpus}: {error}"))?;
        let mut command = Command::new("cargo");
        command
            .args([
                "+nightly",
                "fuzz",
                "run",
                "--sanitizer",
                sanitizer,
                target,
                &corpus,
            ])
            .args(*seeds)
            .args(["--", "-dict=fuzz/frames.dict", "-max_len=4096"])
            .arg(format!("-max_total_time={seconds}"))
            .current_dir(crate::root());
        crate::run(&mut command)?;
    }
    Ok(())
}
