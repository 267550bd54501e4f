//! Counts the instructions of decoding with valgrind's callgrind: the same on every run, so a machine's noise hides
//! nothing. See BENCHMARKING.md.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

/// Counts, and compares with what is in the repository; writes it anew with `--update`.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let update = match arguments {
        [] => false,
        [only] if only == "--update" => true,
        _ => return Err("usage: cargo xtask instructions [--update]".to_owned()),
    };
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("instructions are not counted: valgrind is not installed");
        return Ok(());
    }
    let counter = Counter::build()?;
    let counts = counter.good_answers()?;
    let compared = if update { write(&counts) } else { compare(&counts) };
    let hostile = counter.bad_answers();
    compared.and(hostile)
}

/// The programs that are counted.
struct Counter {
    folder: PathBuf,
    release: PathBuf,
}

impl Counter {
    fn build() -> Result<Self, String> {
        let package = ["build", "--release", "--locked", "--package", "kusto-benches"];
        crate::cargo(
            &[&package[..], &["--bin", "decode-bench", "--bin", "generate"]].concat(),
            &[],
        )?;
        let folder = crate::root().join("target/instructions");
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self {
            folder,
            release: crate::root().join("target/release"),
        })
    }

    /// Instructions for a megabyte of each data set, in chunks, with each instruction set that valgrind knows.
    fn good_answers(&self) -> Result<BTreeMap<String, u64>, String> {
        let mut counts = BTreeMap::new();
        for set in ["storm", "logs", "numeric"] {
            let (one_row, megabyte) = (self.answer(set, 0)?, self.answer(set, MEGABYTE)?);
            for isa in INSTRUCTION_SETS {
                let options = ["--isa", isa];
                let startup = self.count(&one_row, "recycled", &options)?;
                let count = self.count(&megabyte, "recycled", &options)? - startup;
                println!(
                    "{set}, {isa}: {:.2} instructions a byte",
                    count as f64 / MEGABYTE as f64
                );
                counts.insert(format!("{set}, {isa}"), count);
            }
        }
        Ok(counts)
    }

    /// Whether hostile answers cost no more than their length.
    fn bad_answers(&self) -> Result<(), String> {
        let mut failures = Vec::new();
        for name in BAD_ANSWERS {
            let files = [1000, MEGABYTE / 2, MEGABYTE].map(|bytes| self.answer(name, bytes));
            let [nothing, once, twice] = files;
            let (nothing, once, twice) = (nothing?, once?, twice?);
            for isa in ["scalar", "avx2"] {
                for (mode, options) in [
                    ("whole", &["--isa", isa][..]),
                    ("recycled", &["--isa", isa, "--chunk", "1024"][..]),
                ] {
                    let startup = self.count(&nothing, mode, options)?;
                    let once = self.count(&once, mode, options)?.saturating_sub(startup);
                    let twice = self.count(&twice, mode, options)?.saturating_sub(startup);
                    let growth = twice as f64 / once.max(1) as f64;
                    let a_byte = twice as f64 / MEGABYTE as f64;
                    let found = format!(
                        "{name}, {isa}, {mode}: {a_byte:.1} instructions a byte, {growth:.2} times for twice the bytes"
                    );
                    println!("{found}");
                    if growth > MOST_GROWTH && twice > EARLY || a_byte > MOST_A_BYTE {
                        failures.push(found);
                    }
                }
            }
        }
        if failures.is_empty() {
            Ok(())
        } else {
            Err(format!("hostile answers cost too much: {}", failures.join("; ")))
        }
    }

    fn answer(&self, name: &str, bytes: u64) -> Result<PathBuf, String> {
        let file = self.folder.join(format!("{name}-{bytes}.json"));
        let mut generate = Command::new(self.release.join("generate"));
        let output = generate.args([name, &bytes.to_string()]).arg(&file).output();
        match output {
            Ok(output) if output.status.success() => Ok(file),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
            Err(error) => Err(format!("cannot run {generate:?}: {error}")),
        }
    }

    /// Instructions of one process that decodes the file once.
    fn count(&self, file: &Path, mode: &str, options: &[&str]) -> Result<u64, String> {
        let mut valgrind = Command::new("valgrind");
        valgrind
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(self.release.join("decode-bench"))
            .arg(mode)
            .arg(file)
            .arg("--once")
            .args(options);
        let output = valgrind
            .output()
            .map_err(|error| format!("cannot run {valgrind:?}: {error}"))?;
        let log = String::from_utf8_lossy(&output.stderr);
        let collected = log.lines().find_map(|line| line.split_once("Collected : "));
        collected
            .and_then(|(_, count)| count.trim().parse().ok())
            .filter(|_| output.status.success())
            .ok_or_else(|| format!("{valgrind:?} failed: {}", log.trim()))
    }
}

/// Fails where a count is more than the tolerance above the one in the repository.
fn compare(counts: &BTreeMap<String, u64>) -> Result<(), String> {
    let file = kept();
    let text = fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let kept: Value =
        serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    let (with, now) = (kept["rustc"].as_str().unwrap_or_default(), rustc()?);
    if with != now {
        println!(
            "not compared: the counts in the repository are of rustc {with}, these of {now}; \
             cargo xtask instructions --update writes them anew"
        );
        return Ok(());
    }
    let mut grown = Vec::new();
    for (name, count) in counts {
        let Some(before) = kept["instructions"][name].as_u64() else {
            grown.push(format!("{name} is not in {}; --update adds it", file.display()));
            continue;
        };
        let change = *count as f64 / before as f64 - 1.0;
        if change > TOLERANCE {
            grown.push(format!(
                "{name}: {before} before, {count} now ({:+.1} %)",
                change * 100.0
            ));
        } else if change < -TOLERANCE {
            println!("{name}: {:+.1} %; --update keeps what was won", change * 100.0);
        }
    }
    if grown.is_empty() {
        println!(
            "no more than {:.0} % above the counts in the repository",
            TOLERANCE * 100.0
        );
        Ok(())
    } else {
        Err(format!("decoding takes more instructions: {}", grown.join("; ")))
    }
}

fn write(counts: &BTreeMap<String, u64>) -> Result<(), String> {
    let file = kept();
    let kept = json!({ "rustc": rustc()?, "instructions": counts });
    fs::write(&file, format!("{kept:#}\n")).map_err(|error| format!("{}: {error}", file.display()))
}

fn kept() -> PathBuf {
    crate::root().join("benches/instructions.json")
}

/// The version of the compiler, like `1.95.0`.
fn rustc() -> Result<String, String> {
    let output = Command::new("rustc").arg("--version").output();
    let output = output.map_err(|error| format!("cannot run rustc: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split(' ')
        .nth(1)
        .map(str::to_owned)
        .ok_or_else(|| "rustc does not say its version".to_owned())
}

/// valgrind 3.19 knows no AVX-512.
const INSTRUCTION_SETS: [&str; 3] = ["scalar", "sse4.2", "avx2"];
const MEGABYTE: u64 = 1_000_000;
const TOLERANCE: f64 = 0.05;
/// Twice, and what the growth of buffers adds.
const MOST_GROWTH: f64 = 2.1;
/// Good answers take up to 26, hostile ones up to 105: a backslash after the other costs most.
const MOST_A_BYTE: f64 = 200.0;
/// Fewer instructions than this mean that the answer was refused before it was read.
const EARLY: u64 = 500_000;
const BAD_ANSWERS: [&str; 12] = [
    "brackets",
    "brackets-closed",
    "nested-dynamic",
    "string-endless",
    "string-of-escapes",
    "string-of-unicode-escapes",
    "backslashes-endless",
    "number-of-digits",
    "real-of-digits",
    "white-space",
    "row-endless",
    "head-endless",
];
