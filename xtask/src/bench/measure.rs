//! Runs programs one after the other, again and again, and keeps what they print.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// One program on one answer.
pub(super) struct Work {
    key: Key,
    command: Vec<String>,
    file: PathBuf,
    iterations: usize,
}

/// Section, program and data set.
pub(super) type Key = (&'static str, String, &'static str);

/// What a program printed in all rounds.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// Millions of bytes a second of processor time, of each iteration but the cold one.
    cpu: Vec<f64>,
    wall: Vec<f64>,
    best: f64,
    pub(super) rows: u64,
    /// Of the answer.
    bytes: u64,
    /// Millions of bytes: of the answer, and held at most.
    pub(super) body_mb: f64,
    pub(super) rss_mb: f64,
}

/// By section, program and data set.
#[derive(Default)]
pub(super) struct Results(BTreeMap<Key, Samples>);

impl Work {
    pub(super) fn new(
        section: &'static str,
        name: &str,
        set: &'static str,
        command: Vec<String>,
        file: &Path,
        iterations: usize,
    ) -> Self {
        Self {
            key: (section, name.to_owned(), set),
            command,
            file: file.to_owned(),
            iterations,
        }
    }

    /// Runs it and gives the lines of JSON that it printed.
    fn run(&self, iterations: usize) -> Result<Vec<Value>, String> {
        let mut command = Command::new(&self.command[0]);
        // Positions first: the file and the number come before options.
        command
            .arg(&self.command[1])
            .arg(&self.file)
            .arg(iterations.to_string())
            .args(&self.command[2..]);
        // Memory once held is kept, so that the system's pages are not what is measured. The same for all.
        command
            .env("MALLOC_MMAP_THRESHOLD_", (1 << 30).to_string())
            .env("MALLOC_TRIM_THRESHOLD_", (1_u64 << 36).to_string())
            .env("MALLOC_TOP_PAD_", (64 << 20).to_string());
        if self.key.1.contains("AVX2") {
            command.env("SIMDJSON_FORCE_IMPLEMENTATION", "haswell");
        }
        let output = command
            .output()
            .map_err(|error| format!("cannot run {command:?}: {error}"))?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{command:?} failed: {}", message.trim()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines()
            .map(|line| serde_json::from_str(line).map_err(|error| format!("{line}: {error}")))
            .collect()
    }
}

/// Runs every work, its cold iteration alone, and compares what it found with what the others found in the same file.
pub(super) fn check(works: &[Work]) -> Result<(), String> {
    let mut found: BTreeMap<(bool, &Path), (String, &str)> = BTreeMap::new();
    for work in works {
        let lines = work.run(0)?;
        let hash = lines
            .last()
            .and_then(|end| end["hash"].as_str())
            .unwrap_or_default()
            .to_owned();
        // memcpy, stage 1, encoders and conversions have none.
        if hash.trim_matches('0').is_empty() {
            continue;
        }
        let structs = work.key.1.starts_with("structs");
        let (expected, by) = found
            .entry((structs, &work.file))
            .or_insert_with(|| (hash.clone(), &work.key.1));
        if *expected != hash {
            let file = work.file.display();
            return Err(format!(
                "{file}: {} and {by} do not find the same content",
                work.key.1
            ));
        }
    }
    println!("{} programs and answers: equal content", works.len());
    Ok(())
}

/// Runs all works in turn, so that what disturbs the machine disturbs all alike.
pub(super) fn run(works: &[Work], rounds: usize) -> Result<Results, String> {
    let mut results = Results::default();
    for round in 1..=rounds {
        println!("round {round} of {rounds}");
        for work in works {
            let samples = results.0.entry(work.key.clone()).or_default();
            for line in work.run(work.iterations)? {
                let number = |name: &str| line[name].as_f64().unwrap_or_default();
                samples.bytes = std::fs::metadata(&work.file).map_or(0, |file| file.len());
                if line["iter"].as_u64().is_some_and(|iteration| iteration > 0) {
                    samples.cpu.push(number("mbps"));
                    samples.wall.push(number("wall_mbps"));
                    samples.best = samples.best.max(number("best"));
                } else if line["end"].is_u64() {
                    samples.rows = line["rows"].as_u64().unwrap_or_default();
                    samples.rss_mb = number("rss_mb");
                    samples.body_mb = number("body_mb");
                }
            }
        }
    }
    Ok(results)
}

impl Results {
    pub(super) fn get(&self, section: &'static str, name: &str, set: &'static str) -> Option<&Samples> {
        self.0.get(&(section, name.to_owned(), set))
    }

    /// The programs of a section, in the order of their names.
    pub(super) fn names(&self, section: &'static str) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .0
            .keys()
            .filter(|key| key.0 == section)
            .map(|key| key.1.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Samples {
    /// The median by processor time.
    pub(super) fn cpu(&self) -> f64 {
        median(&self.cpu)
    }

    /// The median by the clock.
    pub(super) fn wall(&self) -> f64 {
        median(&self.wall)
    }

    /// The length of the answer.
    pub(super) const fn bytes(&self) -> f64 {
        self.bytes as f64
    }

    /// The best of all repetitions, by the clock.
    pub(super) const fn best(&self) -> f64 {
        self.best
    }
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        len if len % 2 == 1 => sorted[len / 2],
        len => f64::midpoint(sorted[len / 2 - 1], sorted[len / 2]),
    }
}
