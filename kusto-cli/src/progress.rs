//! What is said on standard error while a query runs, and after it.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// A line on the terminal with rows, bytes and seconds; and the line at the end.
#[derive(Debug)]
pub(crate) struct Progress {
    is_quiet: bool,
    is_terminal: bool,
    is_shown: bool,
    started: Instant,
    ticks: usize,
    pub(crate) rows: u64,
    /// Bytes received.
    pub(crate) bytes: u64,
}

impl Progress {
    pub(crate) fn new(is_quiet: bool) -> Self {
        Self {
            is_quiet,
            is_terminal: std::io::stderr().is_terminal(),
            is_shown: false,
            started: Instant::now(),
            ticks: 0,
            rows: 0,
            bytes: 0,
        }
    }

    /// Shows how far the query is, on a terminal and if it takes long enough to wonder. To be called every
    /// [`Progress::PERIOD`].
    pub(crate) fn tick(&mut self) {
        let elapsed = self.started.elapsed();
        if self.is_quiet || !self.is_terminal || elapsed < PATIENCE {
            return;
        }
        let spinner = SPINNER[self.ticks % SPINNER.len()];
        self.ticks += 1;
        self.is_shown = true;
        let line = counts(self.rows, self.bytes, elapsed);
        // Progress that cannot be written is not worth failing for, here and below.
        let _ = write!(std::io::stderr(), "\r\u{1b}[K{spinner} {line}");
    }

    /// Takes the line away, before anything else is written to the terminal.
    pub(crate) fn clear(&mut self) {
        if self.is_shown {
            self.is_shown = false;
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }

    /// Ends with the line of rows, bytes and seconds.
    pub(crate) fn finish(mut self) {
        self.clear();
        if !self.is_quiet {
            let _ = writeln!(
                std::io::stderr(),
                "{}",
                counts(self.rows, self.bytes, self.started.elapsed())
            );
        }
    }

    /// The time between ticks.
    pub(crate) const PERIOD: Duration = Duration::from_millis(100);
}

fn counts(rows: u64, bytes: u64, elapsed: Duration) -> String {
    let noun = if rows == 1 { "row" } else { "rows" };
    format!("{} {noun}, {}, {}", grouped(rows), size(bytes), seconds(elapsed))
}

/// With commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = if value < 10.0 { 1 } else { 0 };
    format!("{value:.decimals$} {}", units[unit])
}

pub(crate) fn seconds(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds {
        0..10 => format!("{:.2} s", elapsed.as_secs_f64()),
        10..60 => format!("{:.1} s", elapsed.as_secs_f64()),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

const PATIENCE: Duration = Duration::from_millis(500);
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_short_and_round() {
        assert_eq!(
            counts(1, 999, Duration::from_millis(1234)),
            "1 row, 999 bytes, 1.23 s"
        );
        assert_eq!(
            counts(1_234_567, 5_649_000, Duration::from_secs(12)),
            "1,234,567 rows, 5.6 MB, 12.0 s"
        );
        assert_eq!(
            counts(0, 999_900_000, Duration::from_secs(3661)),
            "0 rows, 1.0 GB, 61 min 01 s"
        );
    }
}
