//! A long text from a reader through queued ingestion.

/// Uploads in the benchmark's own program, which fails if its peak is above what is aimed at: 256 MiB, or 2 GiB if
/// asked for.
pub(super) fn run(is_full: bool) -> Result<(), String> {
    let size = if is_full { "2048" } else { "256" };
    crate::cargo(
        &[
            "run",
            "--release",
            "--locked",
            "--package",
            "kusto-benches",
            "--features",
            "ingestion",
            "--bin",
            "ingestion",
            "--",
            "memory",
            size,
        ],
        &[],
    )
}
