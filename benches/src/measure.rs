//! Timing, and the lines that every program measured here prints.

use std::time::Instant;

/// What one iteration took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timed {
    /// Seconds of the processor.
    pub cpu: f64,
    /// Seconds on the clock.
    pub wall: f64,
}

/// Runs `work` on what `prepare` gives, so many times and once before, and prints a line of JSON for each.
///
/// Members are `iter` (0 is the cold one), `mbps` (millions of bytes a second of processor time), `wall_mbps`, `best`
/// (of the repetitions within the iteration, by the clock) and `sys_share` (of the processor time, within the kernel).
/// Small bodies are repeated within an iteration until there are 64 MiB of them. `len` is the bytes of one body.
#[expect(clippy::print_stdout, reason = "this is what the programs are for")]
pub fn measure<T>(len: usize, iterations: usize, mut prepare: impl FnMut() -> T, mut work: impl FnMut(T)) {
    let repetitions = if len < 8 << 20 {
        (64 << 20) / len.max(1) + 1
    } else {
        1
    };
    // To ask for processor time takes as long as some of what is measured.
    let asking = (0..100).map(|_| -cpu_seconds() + cpu_seconds());
    let asking = asking.fold(f64::MAX, f64::min);
    for iteration in 0..=iterations {
        let repetitions = if iteration == 0 { 1 } else { repetitions };
        let (mut sum, mut best, kernel) = (Timed::default(), f64::MAX, kernel_seconds());
        for _ in 0..repetitions {
            let prepared = prepare();
            // The clock innermost: to ask for processor time is a call of the system, as long as a tiny answer takes.
            let (cpu, wall) = (cpu_seconds(), Instant::now());
            work(prepared);
            let wall = wall.elapsed().as_secs_f64();
            sum.cpu += (cpu_seconds() - cpu - asking).max(0.0);
            sum.wall += wall;
            best = best.min(wall);
        }
        let (one, all) = (len as f64 / 1e6, len as f64 * repetitions as f64 / 1e6);
        println!(
            "{{\"iter\":{iteration},\"mbps\":{:.1},\"wall_mbps\":{:.1},\"best\":{:.1},\"sys_share\":{:.3}}}",
            all / sum.cpu,
            all / sum.wall,
            one / best,
            (kernel_seconds() - kernel) / sum.cpu
        );
    }
}

/// Prints the last line: the content's hash, the number of rows, the most memory held so far and the size of the body.
#[expect(clippy::print_stdout, reason = "this is what the programs are for")]
pub fn print_end(hash: u64, rows: usize, peak_mb: f64, len: usize) {
    println!(
        "{{\"end\":1,\"hash\":\"{hash:016x}\",\"rows\":{rows},\"rss_mb\":{peak_mb:.1},\"body_mb\":{:.1}}}",
        len as f64 / 1e6
    );
}

/// Seconds of processor time of this process so far; where the system does not say, seconds of the clock.
#[must_use]
pub fn cpu_seconds() -> f64 {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    }
    #[cfg(not(unix))]
    {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_secs_f64()
    }
}

/// Millions of bytes that this process held at most so far; 0 where the system does not say.
#[must_use]
pub fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = kib.and_then(|kib| kib.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or_default() * 1024.0 / 1e6
}

/// Seconds of processor time within the kernel, in steps of ten milliseconds; 0 where the system does not say.
fn kernel_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program comes second, in parentheses, and may hold spaces. `stime` is member 15.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name
        .split_whitespace()
        .nth(12)
        .and_then(|ticks| ticks.parse::<f64>().ok());
    ticks.unwrap_or_default() / 100.0
}
