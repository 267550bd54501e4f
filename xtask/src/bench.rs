//! Measures the decoder beside others, in one run on one machine. See BENCHMARKING.md.

mod chart;
mod measure;
mod programs;
mod report;

use std::fs;
use std::path::{Path, PathBuf};

use measure::Work;
use programs::Programs;

/// How much is measured.
#[derive(Clone, Copy)]
struct Scale {
    /// Bytes of the large answers.
    large: u64,
    /// Bytes of the answers in chunks of different sizes.
    chunks: u64,
    /// Rows of the narrow answer, whose cost must grow with its length alone.
    rows: u64,
    rounds: usize,
    iterations: usize,
}

const FULL: Scale = Scale {
    large: 256_000_000,
    chunks: 64_000_000,
    rows: 10_000_000,
    rounds: 3,
    iterations: 3,
};

const QUICK: Scale = Scale {
    large: 32_000_000,
    chunks: 16_000_000,
    rows: 1_000_000,
    rounds: 1,
    iterations: 1,
};

/// Measures everything, prints the tables, and writes them into BENCHMARKING.md unless it was in a hurry.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let quick = match arguments {
        [] => false,
        [only] if only == "--quick" => true,
        _ => return Err("usage: cargo xtask bench [--quick]".to_owned()),
    };
    let scale = if quick { QUICK } else { FULL };
    let programs = Programs::build()?;
    let folder = crate::root().join("target/bench");
    let works = works(&programs, &folder, scale, quick)?;
    measure::check(&works)?;
    let results = measure::run(&works, scale.rounds)?;
    let tables = report::tables(&results, scale, &programs);
    println!("\n{tables}");
    if quick {
        println!("BENCHMARKING.md is written by a run without --quick.");
        return Ok(());
    }
    report::write(&tables)?;
    let chart = crate::root().join("benches/decode.svg");
    fs::write(&chart, chart::svg(&results)).map_err(|error| format!("{}: {error}", chart.display()))
}

/// Everything that is measured, and the answers it needs.
fn works(programs: &Programs, folder: &Path, scale: Scale, quick: bool) -> Result<Vec<Work>, String> {
    let mut works = Vec::new();
    for set in DATA_SETS {
        let small = data(programs, folder, set, SMALL)?;
        let large = data(programs, folder, set, scale.large)?;
        works.extend(decoders(programs, "small", set, &small, scale));
        works.extend(decoders(programs, "large", set, &large, scale));
        works.extend(targets(programs, set, &small, scale));
        let chunked = data(programs, folder, set, scale.chunks)?;
        works.extend(chunks(programs, set, &chunked, scale));
        works.extend(rows(programs, set, &small, scale));
    }
    for shape in SHAPES {
        let file = data(programs, folder, shape, SMALL)?;
        works.extend(types(programs, shape, &file, quick));
    }
    for set in ["storm", "numeric", "narrow"] {
        let file = data(programs, folder, set, 0)?;
        for (name, command) in [
            ("kusto-protocol", programs.decode_bench("whole")),
            (
                "reset",
                [programs.decode_bench("whole"), vec!["--reset".to_owned()]].concat(),
            ),
            ("serde_json", programs.compare("serde_json")),
        ] {
            works.push(Work::new("tiny", name, set, command, &file, 1));
        }
    }
    for (name, rows) in [("a tenth", scale.rows / 10), ("all", scale.rows)] {
        // A row of the narrow answer has 8.49 bytes in the mean.
        let file = data(programs, folder, "narrow", rows * 849 / 100)?;
        let command = programs.decode_bench("recycled");
        works.push(Work::new(
            "rows-linear",
            name,
            "narrow",
            command,
            &file,
            scale.iterations,
        ));
    }
    Ok(works)
}

/// All decoders on one answer.
fn decoders(
    programs: &Programs,
    section: &'static str,
    set: &'static str,
    file: &Path,
    scale: Scale,
) -> Vec<Work> {
    let work = |(name, command): (String, _)| {
        // Slow ones need no precision.
        let is_slow = ["sdk", "arrow-json"].contains(&name.as_str());
        let iterations = if is_slow { 1 } else { scale.iterations };
        Work::new(section, &name, set, command, file, iterations)
    };
    programs.decoders(set).into_iter().map(work).collect()
}

/// Ours as everybody builds it, and built for this machine alone.
fn targets(programs: &Programs, set: &'static str, file: &Path, scale: Scale) -> Vec<Work> {
    let mut works = Vec::new();
    for mode in TARGET_MODES {
        for (target, command) in [
            ("default", programs.decode_bench(mode)),
            ("native", programs.decode_bench_native(mode)),
        ] {
            let name = format!("{mode}, {target}");
            works.push(Work::new("targets", &name, set, command, file, scale.iterations));
        }
    }
    works
}

fn chunks(programs: &Programs, set: &'static str, file: &Path, scale: Scale) -> Vec<Work> {
    let whole = ("whole", scale.chunks * 2);
    let work = |(name, bytes): (&str, u64)| {
        let mut command = programs.decode_bench("recycled");
        command.extend(["--chunk".to_owned(), bytes.to_string()]);
        Work::new("chunks", name, set, command, file, scale.iterations)
    };
    CHUNKS.into_iter().chain([whole]).map(work).collect()
}

/// What is done with rows, beside serde_json where it can do it.
fn rows(programs: &Programs, set: &'static str, file: &Path, scale: Scale) -> Vec<Work> {
    let mut works = Vec::new();
    for (work, argument) in [("structs", set), ("structs-owned", set), ("encode", "")] {
        let with_argument = |work: &str| match argument {
            "" => work.to_owned(),
            _ => format!("{work}:{argument}"),
        };
        let other = format!("{work}-serde_json");
        let ours = programs.compare_default(&with_argument(work));
        let theirs = programs.compare(&with_argument(&other));
        works.push(Work::new("rows", work, set, ours, file, scale.iterations));
        works.push(Work::new("rows", &other, set, theirs, file, scale.iterations));
    }
    for work in ["arrow", "arrow-moved"] {
        let command = programs.compare_default(work);
        works.push(Work::new("rows", work, set, command, file, scale.iterations));
    }
    works
}

/// An answer of one type, beside the decoders that are the fastest for some type.
fn types(programs: &Programs, shape: &'static str, file: &Path, quick: bool) -> Vec<Work> {
    let wanted: &[&str] = if quick {
        &["kusto-protocol, whole", "simdjson", "simd-json-tape"]
    } else {
        &[
            "kusto-protocol, whole",
            "simdjson",
            "simd-json-tape",
            "serde_json",
            "sonic-rs",
        ]
    };
    let mut decoders = programs.decoders(shape);
    decoders.retain(|(name, _)| wanted.contains(&name.as_str()));
    let work = |(name, command): (String, _)| Work::new("types", &name, shape, command, file, 1);
    decoders.into_iter().map(work).collect()
}

/// An answer of this name and size, made anew so that it is always what the generator makes.
fn data(programs: &Programs, folder: &Path, name: &str, bytes: u64) -> Result<PathBuf, String> {
    let file = folder.join(format!("{name}-{bytes}.json"));
    if !programs.made.borrow_mut().insert(file.clone()) {
        return Ok(file);
    }
    crate::run(
        std::process::Command::new(&programs.generate)
            .args([name, &bytes.to_string()])
            .arg(&file),
    )?;
    Ok(file)
}

const DATA_SETS: [&str; 3] = ["storm", "logs", "numeric"];
const SHAPES: [&str; 20] = [
    "int",
    "long",
    "real-short",
    "real-17",
    "decimal",
    "bool",
    "datetime-0",
    "datetime-7",
    "timespan",
    "guid",
    "string-short",
    "string-long",
    "string-escaped",
    "string-non-ascii",
    "dynamic-small",
    "dynamic-large",
    "nulls-dense",
    "nulls-sparse",
    "wide",
    "narrow",
];
const CHUNKS: [(&str, u64); 5] = [
    ("1 KiB", 1 << 10),
    ("4 KiB", 4 << 10),
    ("16 KiB", 16 << 10),
    ("64 KiB", 64 << 10),
    ("1 MiB", 1 << 20),
];
const TARGET_MODES: [&str; 2] = ["whole", "recycled"];
const SMALL: u64 = 1_000_000;
