//! Shows that memory does not grow with what passes through: a gigabyte streams through the client, packed with gzip
//! and plain, and one out of a Parquet file through the service; the peak of each is compared with that after one row.
//! A long text goes from a reader to storage. Then a thousand clients ask the service at once.

mod load;
mod upload;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::service;

/// What the peak may grow by, in bytes.
const MOST_GROWTH: u64 = 64 << 20;

/// Rows of about a thousand bytes: more than 1 GB as JSON.
const ROWS: u64 = 1_000_000;

/// Rows of the Parquet file, of about a hundred bytes that do not compress.
const FILE_ROWS: u64 = 10_000_000;

pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let is_full = match arguments {
        [] => false,
        [argument] if argument == "--full" => true,
        _ => return Err("usage: cargo xtask memory [--full]".to_owned()),
    };
    upload::run(is_full)?;
    let kusto = service::build_cli()?;
    answer(&kusto)?;
    file(&kusto)?;
    load::run(&kusto)
}

/// A long answer through the client.
fn answer(kusto: &Path) -> Result<(), String> {
    let service = service::start(kusto, &[])?;
    for (name, keywords) in [
        ("the client, gzip", ""),
        ("the client, plain", ";Uncompressed=True"),
    ] {
        let connection_string = format!("{}{keywords}", service.uri);
        let small = measure(kusto, &connection_string, "print x = 1")?;
        let filler = "abcdefghij".repeat(100);
        let query = format!(
            "set notruncation; range x from 1 to {ROWS} step 1 | extend text = strcat('{filler}', x)"
        );
        let large = measure(kusto, &connection_string, &query)?;
        report(name, ROWS, &large, small.peak, large.peak)?;
    }
    Ok(())
}

/// A large file through the service.
fn file(kusto: &Path) -> Result<(), String> {
    let folder = crate::root().join("target/memory");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let path = folder.join("large.parquet");
    if !path.exists() {
        make_file(kusto, &path)?;
    }
    let size = fs::metadata(&path).map_err(|error| error.to_string())?.len();
    println!("{}: {} MB", path.display(), size / 1_000_000);
    if size < 1_000_000_000 {
        return Err(format!("{}: only {size} bytes; remove it", path.display()));
    }
    let service = service::start(kusto, &[&path])?;
    let peak = watch(&service.child);
    measure(kusto, &service.uri, "large | take 1 | project x, a")?;
    let small = peak.load(Ordering::Relaxed);
    let query = "set notruncation; large | where x % 10 != 0 | project x, a, b";
    let large = measure(kusto, &service.uri, query)?;
    report(
        "the service",
        FILE_ROWS / 10 * 9,
        &large,
        small,
        peak.load(Ordering::Relaxed),
    )
}

/// Digests of numbers: nothing makes them shorter.
fn make_file(kusto: &Path, path: &Path) -> Result<(), String> {
    let service = service::start(kusto, &[])?;
    let query = format!(
        "set notruncation; range x from 1 to {FILE_ROWS} step 1 | extend a = hash_sha256(x), b = hash_sha256(-x)"
    );
    let unfinished = path.with_extension("unfinished.parquet");
    crate::run(
        Command::new(kusto)
            .args(["query", "--quiet", "--cluster", &service.uri, "--output"])
            .arg(&unfinished)
            .arg(query),
    )?;
    fs::rename(&unfinished, path).map_err(|error| format!("{}: {error}", path.display()))
}

fn report(who: &str, rows: u64, large: &Measured, small_peak: u64, peak: u64) -> Result<(), String> {
    let growth = peak.saturating_sub(small_peak);
    println!(
        "{who}: {rows} rows, {} MB of CSV in {:.1} s: peak {:.1} MiB, {:.1} MiB above that of one row",
        large.bytes / 1_000_000,
        large.elapsed.as_secs_f64(),
        peak as f64 / MIB,
        growth as f64 / MIB,
    );
    if large.bytes < 1_000_000_000 {
        return Err(format!("only {} bytes came", large.bytes));
    }
    if growth >= MOST_GROWTH {
        return Err(format!(
            "the peak grew by {growth} bytes; at most {MOST_GROWTH} are allowed"
        ));
    }
    Ok(())
}

struct Measured {
    /// Bytes written to standard output.
    bytes: u64,
    /// The most memory that was resident at any time, in bytes.
    peak: u64,
    elapsed: Duration,
}

fn measure(kusto: &Path, connection_string: &str, query: &str) -> Result<Measured, String> {
    let started = Instant::now();
    let mut child = Command::new(kusto)
        .args([
            "query",
            "--connection-string",
            connection_string,
            "--format",
            "csv",
            query,
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| format!("cannot run {}: {error}", kusto.display()))?;
    let peak = watch(&child);
    let mut stdout = child.stdout.take().ok_or("no standard output")?;
    let (mut bytes, mut buffer) = (0, vec![0; 1 << 16]);
    loop {
        match stdout.read(&mut buffer).map_err(|error| error.to_string())? {
            0 => break,
            read => bytes += read as u64,
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(format!("the query failed: {status}"));
    }
    Ok(Measured {
        bytes,
        peak: peak.load(Ordering::Relaxed),
        elapsed: started.elapsed(),
    })
}

/// Reads the process's own high-water mark until it has ended.
fn watch(child: &Child) -> Arc<AtomicU64> {
    let (peak, status) = (
        Arc::new(AtomicU64::new(0)),
        format!("/proc/{}/status", child.id()),
    );
    let seen = Arc::clone(&peak);
    thread::spawn(move || {
        while let Ok(status) = fs::read_to_string(&status) {
            let Some(kib) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) else {
                break;
            };
            let kib: u64 = kib.trim().trim_end_matches(" kB").parse().unwrap_or_default();
            seen.fetch_max(kib << 10, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(2));
        }
    });
    peak
}

const MIB: f64 = (1 << 20) as f64;
