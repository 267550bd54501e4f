//! Exact bytes and the frames they stand for: `vectors/` at the root of the repository.
//!
//! `UPDATE_EXPECT=1 cargo test -p kusto-protocol --test vectors` writes the expectations anew; read the difference.

#![allow(
    clippy::disallowed_methods,
    reason = "the crate reads no files, but its tests do"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_vector_decodes_to_its_frames_in_every_way() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut count = 0;
    for path in vectors() {
        let bytes = fs::read(&path).unwrap();
        let (frames, end) = support::decode_every_way(&bytes);
        let found = support::text::frames(&frames, &end);
        let expected_path = path.with_extension("frames");
        if update {
            fs::write(&expected_path, &found).unwrap();
        }
        let expected = fs::read_to_string(&expected_path).unwrap_or_default();
        assert_eq!(found, expected, "{}", path.display());
        count += 1;
    }
    assert!(count > 100, "only {count} vectors were found");
}

#[test]
fn every_expectation_has_its_bytes() {
    for path in files(&root()) {
        if path.extension().is_some_and(|extension| extension == "frames") {
            assert!(path.with_extension("json").exists(), "{}", path.display());
        }
    }
}

fn vectors() -> Vec<PathBuf> {
    let mut paths = files(&root());
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors")
}

/// The files in the folders of a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let list = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect()
    };
    list(folder).iter().flat_map(|group| list(group)).collect()
}
