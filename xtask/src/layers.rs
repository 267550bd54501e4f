//! Which crate may know which: the arrows of ARCHITECTURE.md, checked against `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What each published crate may depend on among its siblings, outside of its tests.
const SIBLINGS: &[(&str, &[&str])] = &[
    ("kusto-arrow", &["kusto-protocol"]),
    ("kusto-auth", &["kusto-protocol"]),
    (
        "kusto-cli",
        &[
            "kusto-arrow",
            "kusto-client",
            "kusto-emulator",
            "kusto-kql",
            "kusto-protocol",
        ],
    ),
    (
        "kusto-client",
        &[
            "kusto-arrow",
            "kusto-auth",
            "kusto-ingest",
            "kusto-protocol",
            "kusto-transport",
        ],
    ),
    ("kusto-emulator", &["kusto-arrow", "kusto-kql", "kusto-protocol"]),
    ("kusto-ingest", &["kusto-protocol", "kusto-transport"]),
    ("kusto-kql", &[]),
    ("kusto-protocol", &[]),
    ("kusto-transport", &["kusto-auth", "kusto-protocol"]),
];

/// What must not be anywhere in the tree of the crates that do no I/O.
const IO_CRATES: &[&str] = &[
    "azure_core",
    "hyper",
    "mio",
    "native-tls",
    "openssl",
    "reqwest",
    "rustls",
    "socket2",
    "tokio",
    "ureq",
];

/// The crates that do no I/O.
const PURE: &[&str] = &["kusto-kql", "kusto-protocol"];

/// Foreign crates whose types may stand in public signatures, per crate; `std` and siblings always may.
const PUBLIC_TYPES: &[(&str, &[&str])] = &[
    (
        "kusto-arrow",
        &["arrow_array", "arrow_schema", "bytes", "http", "serde"],
    ),
    ("kusto-auth", &["azure_core", "bytes", "http", "serde"]),
    (
        "kusto-client",
        &[
            "arrow_array",
            "azure_core",
            "bytes",
            "futures_core",
            "http",
            "serde",
            // Values of request options are JSON.
            "serde_json",
        ],
    ),
    ("kusto-emulator", &["bytes", "http", "serde"]),
    (
        "kusto-ingest",
        // `AsyncRead`: the readers that data comes from. The standard library has no such trait.
        &[
            "arrow_array",
            "arrow_schema",
            "azure_core",
            "bytes",
            "futures",
            "http",
            "serde",
        ],
    ),
    ("kusto-kql", &[]),
    // Values of request options are JSON.
    ("kusto-protocol", &["bytes", "http", "serde", "serde_json"]),
    (
        "kusto-transport",
        &["azure_core", "bytes", "futures_core", "http", "serde"],
    ),
];

/// Every arrow that points the wrong way.
pub(crate) fn violations() -> Result<Vec<String>, String> {
    let metadata = metadata()?;
    let mut violations = wrong_siblings(&metadata)?;
    violations.extend(wrong_io(&metadata)?);
    violations.extend(wrong_public_types(&metadata)?);
    Ok(violations)
}

fn wrong_siblings(metadata: &Value) -> Result<Vec<String>, String> {
    let mut violations = Vec::new();
    for package in list(metadata, "packages")?
        .iter()
        .filter(|package| package["source"].is_null())
    {
        let name = text(package, "name")?;
        if !name.starts_with("kusto-") || name == "kusto-benches" {
            continue;
        }
        let Some((_, allowed)) = SIBLINGS.iter().find(|(crate_name, _)| *crate_name == name) else {
            violations.push(format!("{name} is not in the list of layers"));
            continue;
        };
        for dependency in list(package, "dependencies")? {
            let to = text(dependency, "name")?;
            let in_tests = dependency["kind"] == "dev";
            if to.starts_with("kusto-") && !in_tests && !allowed.contains(&to) {
                violations.push(format!("{name} must not depend on {to}"));
            }
            if to.starts_with("kusto-") && in_tests && dependency["req"] != "*" {
                violations.push(format!(
                    "{name}: the dev-dependency on {to} must have a path and no version"
                ));
            }
        }
    }
    Ok(violations)
}

/// Walks the resolved dependencies of the crates that do no I/O.
fn wrong_io(metadata: &Value) -> Result<Vec<String>, String> {
    let nodes: BTreeMap<&str, &Value> = list(&metadata["resolve"], "nodes")?
        .iter()
        .map(|node| Ok((text(node, "id")?, node)))
        .collect::<Result<_, String>>()?;
    let names: BTreeMap<&str, &str> = list(metadata, "packages")?
        .iter()
        .map(|package| Ok((text(package, "id")?, text(package, "name")?)))
        .collect::<Result<_, String>>()?;
    let mut violations = Vec::new();
    for (id, name) in names.iter().filter(|(_, name)| PURE.contains(name)) {
        let (mut seen, mut open) = (BTreeSet::new(), vec![*id]);
        while let Some(id) = open.pop() {
            let Some(node) = nodes.get(id).filter(|_| seen.insert(id)) else {
                continue;
            };
            for dependency in list(node, "deps")? {
                if list(dependency, "dep_kinds")?
                    .iter()
                    .any(|kind| kind["kind"].is_null())
                {
                    open.push(text(dependency, "pkg")?);
                }
            }
        }
        for found in seen
            .iter()
            .filter_map(|id| names.get(id))
            .filter(|found| IO_CRATES.contains(found))
        {
            violations.push(format!("{name} does no I/O, but {found} is in its tree"));
        }
    }
    Ok(violations)
}

/// Looks for foreign types in public signatures: by path (`dep::Type`) and by imported name.
///
/// It reads lines, not types, so an alias hides a type from it.
fn wrong_public_types(metadata: &Value) -> Result<Vec<String>, String> {
    let mut violations = Vec::new();
    for (name, allowed) in PUBLIC_TYPES {
        let package = list(metadata, "packages")?
            .iter()
            .find(|package| package["name"] == *name && package["source"].is_null())
            .ok_or_else(|| format!("no package {name}"))?;
        let foreign: Vec<String> = list(package, "dependencies")?
            .iter()
            .filter(|dependency| {
                dependency["kind"].is_null()
                    && !dependency["name"]
                        .as_str()
                        .is_some_and(|to| to.starts_with("kusto-"))
            })
            .map(|dependency| Ok(text(dependency, "name")?.replace('-', "_")))
            .collect::<Result<_, String>>()?;
        let foreign: Vec<&String> = foreign
            .iter()
            .filter(|foreign| !allowed.contains(&foreign.as_str()))
            .collect();
        let folder = crate::root().join(name).join("src");
        for file in crate::rust_files()?
            .iter()
            .filter(|file| file.starts_with(&folder))
        {
            violations.extend(foreign_types_in(file, &foreign)?);
        }
    }
    Ok(violations)
}

fn foreign_types_in(file: &Path, foreign: &[&String]) -> Result<Vec<String>, String> {
    let source = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut imported: BTreeMap<String, &String> = BTreeMap::new();
    for line in source.lines().filter_map(|line| line.trim().strip_prefix("use ")) {
        if let Some(dependency) = foreign
            .iter()
            .find(|dependency| line.starts_with(&format!("{dependency}::")))
        {
            for word in line.split(|c: char| !c.is_alphanumeric() && c != '_') {
                if word.starts_with(char::is_uppercase) {
                    imported.insert(word.to_owned(), dependency);
                }
            }
        }
    }
    let mut violations = Vec::new();
    for (number, line) in source.lines().enumerate() {
        // Signatures in private modules count too: it is simpler, and `pub(crate)` says what is meant.
        if !line.trim_start().starts_with("pub fn") && !line.trim_start().starts_with("pub async fn") {
            continue;
        }
        let words = || line.split(|c: char| !c.is_alphanumeric() && c != '_');
        let by_path = foreign
            .iter()
            .find(|dependency| line.contains(&format!("{dependency}::")))
            .copied();
        let by_name = words().find_map(|word| imported.get(word).copied());
        if let Some(dependency) = by_path.or(by_name) {
            let place = file.strip_prefix(crate::root()).unwrap_or(file).display();
            violations.push(format!(
                "{place}:{}: a type of {dependency} in a public signature",
                number + 1
            ));
        }
    }
    Ok(violations)
}

/// Of this platform alone: what others need was perhaps never downloaded.
fn metadata() -> Result<Value, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version=1",
            "--locked",
            "--offline",
            "--filter-platform",
            &host()?,
        ])
        .current_dir(crate::root())
        .output()
        .map_err(|error| format!("cannot run cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

fn host() -> Result<String, String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .arg("-vV")
        .output()
        .map_err(|error| format!("cannot run rustc: {error}"))?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| "rustc does not tell its host".to_owned())
}

fn list<'a>(value: &'a Value, member: &str) -> Result<&'a Vec<Value>, String> {
    value[member]
        .as_array()
        .ok_or_else(|| format!("cargo metadata has no list {member}"))
}

fn text<'a>(value: &'a Value, member: &str) -> Result<&'a str, String> {
    value[member]
        .as_str()
        .ok_or_else(|| format!("cargo metadata has no text {member}"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_arrow_points_the_right_way() {
        assert_eq!(super::violations().unwrap(), Vec::<String>::new());
    }
}
