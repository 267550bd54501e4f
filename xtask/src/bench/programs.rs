//! The programs that are measured: ours, other libraries of Rust, and simdjson behind a program of our own.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Paths of what was built.
pub(super) struct Programs {
    pub(super) generate: PathBuf,
    /// Answers made in this run.
    pub(super) made: RefCell<BTreeSet<PathBuf>>,
    decode_bench: PathBuf,
    /// Work with rows that is ours, built as users build it.
    compare_default: PathBuf,
    /// Other libraries, built for the instruction set of this machine.
    compare: PathBuf,
    /// Ours built so, to show that it need not be.
    decode_bench_native: PathBuf,
    /// simdjson, if it could be had, for this machine and for AVX2.
    anchors: Option<[PathBuf; 2]>,
    /// What must be said of the comparison.
    pub(super) remarks: Vec<String>,
}

impl Programs {
    pub(super) fn build() -> Result<Self, String> {
        let benches = ["build", "--release", "--locked", "--package", "kusto-benches"];
        let compare = [
            "--features",
            "comparators",
            "--bin",
            "compare",
            "--bin",
            "decode-bench",
            "--bin",
            "generate",
        ];
        crate::cargo(&[&benches[..], &compare[..]].concat(), &[])?;
        let native = [
            "--features",
            "comparators",
            "--bin",
            "compare",
            "--bin",
            "decode-bench",
            "--target-dir",
            "target/native",
        ];
        crate::cargo(
            &[&benches[..], &native[..]].concat(),
            &[("RUSTFLAGS", "-Ctarget-cpu=native")],
        )?;
        let target = crate::root().join("target");
        fs::create_dir_all(target.join("bench")).map_err(|error| format!("target/bench: {error}"))?;
        let (anchors, remarks) = match anchors(&target.join("bench")) {
            Ok(anchors) => (Some(anchors), Vec::new()),
            Err(error) => (None, vec![format!("simdjson is missing from this run: {error}")]),
        };
        remarks.iter().for_each(|remark| println!("{remark}"));
        Ok(Self {
            generate: target.join("release/generate"),
            made: RefCell::default(),
            decode_bench: target.join("release/decode-bench"),
            compare_default: target.join("release/compare"),
            compare: target.join("native/release/compare"),
            decode_bench_native: target.join("native/release/decode-bench"),
            anchors,
            remarks,
        })
    }

    pub(super) fn decode_bench(&self, mode: &str) -> Vec<String> {
        vec![path(&self.decode_bench), mode.to_owned()]
    }

    pub(super) fn decode_bench_native(&self, mode: &str) -> Vec<String> {
        vec![path(&self.decode_bench_native), mode.to_owned()]
    }

    pub(super) fn compare(&self, work: &str) -> Vec<String> {
        vec![path(&self.compare), work.to_owned()]
    }

    pub(super) fn compare_default(&self, work: &str) -> Vec<String> {
        vec![path(&self.compare_default), work.to_owned()]
    }

    /// Whether simdjson is there to compare with.
    pub(super) const fn has_anchor(&self) -> bool {
        self.anchors.is_some()
    }

    /// Everything that decodes an answer of this name, and the command for it.
    pub(super) fn decoders(&self, name: &str) -> Vec<(String, Vec<String>)> {
        let mut decoders = Vec::new();
        let mut add = |name: &str, command| decoders.push((name.to_owned(), command));
        if let Some([native, avx2]) = &self.anchors {
            for mode in ["memcpy", "stage1"] {
                add(
                    &format!("simdjson, {mode} alone"),
                    vec![path(native), mode.to_owned()],
                );
            }
            add("simdjson", vec![path(native), "ondemand".to_owned()]);
            add("simdjson, AVX2", vec![path(avx2), "ondemand".to_owned()]);
        }
        for mode in ["whole", "chunked", "recycled"] {
            add(&format!("kusto-protocol, {mode}"), self.decode_bench(mode));
        }
        for (mode, isa) in [
            ("whole", "avx2"),
            ("recycled", "avx2"),
            ("recycled", "sse4.2"),
            ("recycled", "scalar"),
        ] {
            let mut command = self.decode_bench(mode);
            command.extend(["--isa".to_owned(), isa.to_owned()]);
            // The processor's own word for it.
            let flag = format!(" {} ", isa.replace('.', "_"));
            if isa == "scalar" || super::report::processor().contains(&flag) {
                let isa = if isa == "avx2" { "AVX2" } else { isa };
                add(&format!("kusto-protocol, {mode}, {isa}"), command);
            }
        }
        for other in [
            "sonic-rs",
            "serde_json",
            "simd-json",
            "simd-json-tape",
            "arrow-json",
            "sdk",
        ] {
            // arrow-json reads no nested dynamic values.
            let nested = ["storm", "dynamic-small", "dynamic-large"].contains(&name);
            if other != "arrow-json" || !nested {
                add(other, self.compare(other));
            }
        }
        decoders
    }
}

/// Builds simdjson with our program around it.
fn anchors(folder: &Path) -> Result<[PathBuf; 2], String> {
    let source = folder.join("simdjson/node_modules/@nozbe/simdjson/src");
    if !source.join("simdjson.cpp").exists() {
        let prefix = folder.join("simdjson");
        fs::create_dir_all(&prefix).map_err(|error| format!("{}: {error}", prefix.display()))?;
        let package = format!("@nozbe/simdjson@{SIMDJSON}");
        crate::run(
            Command::new("npm")
                .args(["install", "--no-save", "--ignore-scripts", "--prefix"])
                .arg(&prefix)
                .arg(package),
        )?;
    }
    let program = |name: &str, arch: &str| {
        let program = folder.join(name);
        crate::run(
            Command::new("g++")
                .args(["-O3", "-DNDEBUG", "-std=c++20", "-flto=auto", arch, "-I"])
                .arg(&source)
                .arg(crate::root().join("benches/anchor/anchor.cpp"))
                .arg(source.join("simdjson.cpp"))
                .arg("-o")
                .arg(&program),
        )
        .map(|()| program)
    };
    Ok([
        program("anchor-native", "-march=native")?,
        program("anchor-avx2", "-march=haswell")?,
    ])
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

const SIMDJSON: &str = "3.9.4";
