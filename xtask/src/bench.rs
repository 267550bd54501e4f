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
    iterations: 2,
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
    let iterations = scale.iterations;
    for set in DATA_SETS {
        let small = data(programs, folder, set, SMALL)?;
        let large = data(programs, folder, set, scale.large)?;
        for (section, file) in [("small", &small), ("large", &large)] {
            for (name, command) in programs.decoders(set) {
                // Slow ones need no precision.
                let iterations = if ["sdk", "arrow-json"].contains(&name.as_str()) {
                    1
                } else {
                    iterations
                };
                works.push(Work::new(section, &name, set, command, file, iterations));
            }
        }
        let chunks = data(programs, folder, set, scale.chunks)?;
        for chunk in CHUNKS.iter().map(|(_, bytes)| *bytes).chain([scale.chunks * 2]) {
            let mut command = programs.decode_bench("recycled");
            command.extend(["--chunk".to_owned(), chunk.to_string()]);
            let name = CHUNKS
                .iter()
                .find(|(_, bytes)| *bytes == chunk)
                .map_or("whole", |(name, _)| name);
            works.push(Work::new("chunks", name, set, command, &chunks, iterations));
        }
        for work in ["structs", "structs-owned"] {
            let (ours, theirs) = (format!("{work}:{set}"), format!("{work}-serde_json:{set}"));
            works.push(Work::new(
                "rows",
                work,
                set,
                programs.compare_default(&ours),
                &small,
                iterations,
            ));
            let name = format!("{work}-serde_json");
            works.push(Work::new(
                "rows",
                &name,
                set,
                programs.compare(&theirs),
                &small,
                iterations,
            ));
        }
        works.push(Work::new(
            "rows",
            "encode",
            set,
            programs.compare_default("encode"),
            &small,
            iterations,
        ));
        let theirs = programs.compare("encode-serde_json");
        works.push(Work::new(
            "rows",
            "encode-serde_json",
            set,
            theirs,
            &small,
            iterations,
        ));
        for work in ["arrow", "arrow-moved"] {
            works.push(Work::new(
                "rows",
                work,
                set,
                programs.compare_default(work),
                &small,
                iterations,
            ));
        }
    }
    for shape in SHAPES {
        let file = data(programs, folder, shape, SMALL)?;
        for (name, command) in programs.decoders(shape) {
            let wanted = [
                "kusto-protocol, whole",
                "serde_json",
                "sonic-rs",
                "simd-json-tape",
                "simdjson",
            ];
            let hurried = quick && !wanted[..3].contains(&name.as_str());
            if wanted.contains(&name.as_str()) && !hurried {
                works.push(Work::new("types", &name, shape, command, &file, 1));
            }
        }
    }
    for set in ["storm", "numeric", "narrow"] {
        let file = data(programs, folder, set, 0)?;
        works.push(Work::new(
            "tiny",
            "kusto-protocol",
            set,
            programs.decode_bench("whole"),
            &file,
            1,
        ));
        works.push(Work::new(
            "tiny",
            "serde_json",
            set,
            programs.compare("serde_json"),
            &file,
            1,
        ));
    }
    for (name, rows) in [("a tenth", scale.rows / 10), ("all", scale.rows)] {
        // A row of the narrow answer has 8.49 bytes in the mean.
        let file = data(programs, folder, "narrow", rows * 849 / 100)?;
        works.push(Work::new(
            "rows-linear",
            name,
            "narrow",
            programs.decode_bench("recycled"),
            &file,
            iterations,
        ));
    }
    Ok(works)
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
const SMALL: u64 = 1_000_000;
