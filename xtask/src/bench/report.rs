//! The tables of a run.

use std::fmt::Write;
use std::fs;
use std::process::Command;

use super::measure::{Results, Samples};
use super::programs::Programs;
use super::{CHUNKS, DATA_SETS, SHAPES, Scale, TARGET_MODES};

/// All tables, in Markdown.
pub(super) fn tables(results: &Results, scale: Scale, programs: &Programs) -> String {
    let mut out = String::new();
    let mut put = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    put(&machine());
    programs
        .remarks
        .iter()
        .for_each(|remark| put(&format!("\n**{remark}**")));
    let base = if programs.has_anchor() {
        "simdjson"
    } else {
        "serde_json"
    };
    let large = scale.large / 1_000_000;
    put(&format!(
        "\nMillions of bytes of JSON a second; in brackets the ratio to {base} in the same column."
    ));
    put("\n### 1 MB, in cache: the best of many");
    put(&decoders(results, "small", base, Samples::best));
    put(&format!("\n### {large} MB: medians by processor time"));
    put(&decoders(results, "large", base, Samples::cpu));
    put(&format!("\n### {large} MB: medians by the clock"));
    put(&decoders(results, "large", base, Samples::wall));
    put("\n### The default target beside `target-cpu=native` (1 MB, best)");
    put(&targets(results));
    put("\n### One type each (1 MB, best)");
    put("\nThe share is ours to the best other library's for that type.");
    put(&types(results));
    put("\n### Chunks: the speed of each size to that of the whole body");
    put(&chunks(results));
    put("\n### An answer of one row");
    put(&tiny(results));
    put(&format!("\n### {} rows of one column", scale.rows));
    put(&linear(results));
    put("\n### Rows: into structs, back to bytes, into Arrow (1 MB, medians by processor time)");
    put(&rows(results));
    out
}

/// Puts the tables between the marks in BENCHMARKING.md.
pub(super) fn write(tables: &str) -> Result<(), String> {
    let file = crate::root().join("BENCHMARKING.md");
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let marks = (text.split_once(BEGIN), text.split_once(END));
    let (Some((before, _)), Some((_, after))) = marks else {
        return Err(format!(
            "{}: the marks {BEGIN} and {END} are missing",
            file.display()
        ));
    };
    let text = format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", tables.trim_end());
    fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
}

fn decoders(results: &Results, section: &'static str, base: &str, speed: fn(&Samples) -> f64) -> String {
    let mut out = String::from("\n| | storm | logs | numeric |\n|---|---|---|---|\n");
    let mut names = results.names(section);
    let of = |name: &str, set| results.get(section, name, set).map(speed);
    names.sort_by(|a, b| {
        of(b, "logs")
            .unwrap_or(0.0)
            .total_cmp(&of(a, "logs").unwrap_or(0.0))
    });
    for name in names {
        let cells = DATA_SETS.map(|set| match (of(name, set), of(base, set)) {
            (Some(speed), Some(base)) => format!("{speed:.0} ({:.2})", speed / base),
            _ => "does not fit".to_owned(),
        });
        let name = if name.starts_with("kusto") {
            format!("**{name}**")
        } else {
            name.to_owned()
        };
        let _ = writeln!(out, "| {name} | {} |", cells.join(" | "));
    }
    out
}

fn types(results: &Results) -> String {
    let mut out = String::from("\n| | ours | best other | which | share |\n|---|---|---|---|---|\n");
    for shape in SHAPES {
        let Some(ours) = results.get("types", OURS, shape).map(Samples::best) else {
            continue;
        };
        let others = results.names("types").into_iter().filter(|name| *name != OURS);
        let others = others.filter_map(|name| Some((results.get("types", name, shape)?.best(), name)));
        if let Some((best, name)) = others.max_by(|a, b| a.0.total_cmp(&b.0)) {
            let _ = writeln!(
                out,
                "| {shape} | {ours:.0} | {best:.0} | {name} | {:.2} |",
                ours / best
            );
        }
    }
    out
}

fn targets(results: &Results) -> String {
    let mut out = String::from("\n| | storm | logs | numeric |\n|---|---|---|---|\n");
    for mode in TARGET_MODES {
        let cells = DATA_SETS.map(|set| {
            let best = |target| {
                let samples = results.get("targets", &format!("{mode}, {target}"), set);
                samples.map_or(0.0, Samples::best)
            };
            format!("{:.3}", best("default") / best("native"))
        });
        let _ = writeln!(out, "| {mode} | {} |", cells.join(" | "));
    }
    out
}

fn chunks(results: &Results) -> String {
    let mut out = String::from("\n| chunk | storm | logs | numeric |\n|---|---|---|---|\n");
    for (name, _) in CHUNKS {
        let cells = DATA_SETS.map(|set| {
            let speed = |name| results.get("chunks", name, set).map_or(0.0, Samples::cpu);
            format!("{:.2}", speed(name) / speed("whole"))
        });
        let _ = writeln!(out, "| {name} | {} |", cells.join(" | "));
    }
    out
}

fn tiny(results: &Results) -> String {
    let mut out = String::from(
        "\n| | bytes | a new decoder | one that is reset | serde_json | ratio | reset |\n|---|---|---|---|---|---|---|\n",
    );
    for set in ["storm", "numeric", "narrow"] {
        let samples = ["kusto-protocol", "reset", "serde_json"].map(|name| results.get("tiny", name, set));
        let [Some(new), Some(reset), Some(theirs)] = samples else {
            continue;
        };
        let bytes = new.bytes();
        let [new, reset, theirs] = [new, reset, theirs].map(|samples| samples.bytes() / samples.best());
        let _ = writeln!(
            out,
            "| {set} | {bytes:.0} | {new:.2} µs | {reset:.2} µs | {theirs:.2} µs | {:.2} | {:.2} |",
            theirs / new,
            theirs / reset
        );
    }
    out
}

fn linear(results: &Results) -> String {
    let mut out = String::from("\n| rows | ns a row | MB held beside the body |\n|---|---|---|\n");
    for name in ["a tenth", "all"] {
        let Some(samples) = results.get("rows-linear", name, "narrow") else {
            continue;
        };
        let nanos = samples.body_mb * 1e9 / samples.cpu() / samples.rows as f64;
        let held = samples.rss_mb - samples.body_mb;
        let _ = writeln!(out, "| {} | {nanos:.2} | {held:.1} |", samples.rows);
    }
    out
}

fn rows(results: &Results) -> String {
    let speed = |section, name: &str, set| results.get(section, name, set).map_or(0.0, Samples::cpu);
    let mut out = String::from("\n| | storm | logs | numeric |\n|---|---|---|---|\n");
    for (label, work) in [
        ("into structs that borrow, to serde_json", "structs"),
        ("into structs that own, to serde_json", "structs-owned"),
        ("to bytes, to serde_json", "encode"),
    ] {
        let cells = DATA_SETS.map(|set| {
            let (ours, theirs) = (
                speed("rows", work, set),
                speed("rows", &format!("{work}-serde_json"), set),
            );
            format!("{ours:.0} ({:.2})", ours / theirs)
        });
        let _ = writeln!(out, "| {label} | {} |", cells.join(" | "));
    }
    for (label, work) in [
        ("to Arrow's default types, in per cent of decoding", "arrow"),
        (
            "to Arrow's types of equal layout, in per cent of decoding",
            "arrow-moved",
        ),
    ] {
        let cells = DATA_SETS.map(|set| {
            format!(
                "{:.1} %",
                100.0 * speed("small", OURS, set) / speed("rows", work, set)
            )
        });
        let _ = writeln!(out, "| {label} | {} |", cells.join(" | "));
    }
    out
}

/// What the system says of its processors; nothing where it is not Linux.
pub(super) fn processor() -> String {
    fs::read_to_string("/proc/cpuinfo").unwrap_or_default()
}

/// What this ran on.
fn machine() -> String {
    let cpuinfo = processor();
    let cpu = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or_default();
    let cpu = cpu.trim_start_matches(['\t', ' ', ':']);
    let rustc = Command::new("rustc")
        .arg("--version")
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let instructions = ["avx512_vbmi2", "avx2", "sse4_2"]
        .into_iter()
        .find(|name| cpuinfo.split_whitespace().any(|flag| flag == *name));
    format!(
        "Machine: {} with {}, {cores} cores; {}.",
        if cpu.is_empty() { "unknown" } else { cpu },
        instructions.unwrap_or("none of the usual vector instructions"),
        String::from_utf8_lossy(&rustc).trim()
    )
}

const OURS: &str = "kusto-protocol, whole";
const BEGIN: &str = "<!-- tables: begin -->";
const END: &str = "<!-- tables: end -->";
