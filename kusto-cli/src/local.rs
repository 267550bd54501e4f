//! The embedded service, with files attached.

use std::path::{Path, PathBuf};

use kusto_emulator::{Emulator, EmulatorBuilder};

use crate::failure::Failure;

/// A service with files as tables.
pub(crate) fn builder(files: &[PathBuf], sample: bool) -> EmulatorBuilder {
    let mut builder = Emulator::builder();
    for file in files {
        builder = match named(file) {
            (Some(name), path) => builder.attach_as(name, path),
            (None, path) => builder.attach(path),
        };
    }
    if sample {
        builder = builder.sample_storms(SAMPLE_ROWS);
    }
    builder
}

/// Starts a service.
///
/// # Errors
///
/// When a file cannot be read, or the port is taken.
pub(crate) async fn start(builder: EmulatorBuilder) -> Result<Emulator, Failure> {
    builder
        .start()
        .await
        .map_err(|error| Failure::new(error.to_string()))
}

/// `name=FILE` gives the table a name of its own, unless there is a file of that whole name.
fn named(argument: &Path) -> (Option<&str>, &Path) {
    let name_and_path = argument.to_str().and_then(|text| text.split_once('='));
    match name_and_path {
        Some((name, path)) if !name.is_empty() && !path.is_empty() && !argument.exists() => {
            (Some(name), Path::new(path))
        }
        _ => (None, argument),
    }
}

const SAMPLE_ROWS: u64 = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_stand_before_a_file() {
        assert_eq!(named(Path::new("a/b.csv")), (None, Path::new("a/b.csv")));
        assert_eq!(named(Path::new("t=a/b.csv")), (Some("t"), Path::new("a/b.csv")));
        assert_eq!(named(Path::new("=b.csv")), (None, Path::new("=b.csv")));
    }
}
