//! Rules of the source tree that no compiler checks.

use std::fs;
use std::path::Path;

/// Lines that a file may have. Keyword and data tables may be longer.
const MOST_LINES: usize = 700;

/// Where unsafe code may be, with its proof.
const UNSAFE: [&str; 2] = ["kusto-protocol/src/simd", "kusto-arrow/src/text.rs"];

/// Every broken rule, with its place.
pub(crate) fn violations() -> Result<Vec<String>, String> {
    let mut violations = Vec::new();
    for file in crate::rust_files()? {
        let source = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let place = file.strip_prefix(crate::root()).unwrap_or(&file);
        violations.extend(in_file(place, &source));
    }
    violations.extend(crates_missing_from_readme()?);
    Ok(violations)
}

fn in_file(place: &Path, source: &str) -> Vec<String> {
    let mut violations = Vec::new();
    let lines: Vec<&str> = source.lines().collect();
    if lines.len() > MOST_LINES {
        violations.push(format!(
            "{}: {} lines; split it by noun",
            place.display(),
            lines.len()
        ));
    }
    // This file has to name what it looks for.
    if place.ends_with("xtask/src/tidy.rs") {
        return violations;
    }
    for (index, line) in lines.iter().enumerate() {
        let mut broken = |rule: &str| violations.push(format!("{}:{}: {rule}", place.display(), index + 1));
        let code = line.split("//").next().unwrap_or_default();
        if ["todo!(", "unimplemented!(", "dbg!("]
            .iter()
            .any(|call| code.contains(call))
        {
            broken("unfinished code");
        }
        if ["TODO", "FIXME", "XXX"].iter().any(|mark| {
            line.split(|c: char| !c.is_alphanumeric())
                .any(|word| word == *mark)
        }) {
            broken("a note instead of the work");
        }
        if code.contains("#[ignore") {
            broken("a test that does not run");
        }
        let has_unsafe = code
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|word| word == "unsafe");
        if has_unsafe {
            if !UNSAFE.iter().any(|allowed| place.starts_with(allowed)) {
                broken("unsafe code outside of the places for it");
            }
            let explained = lines[index.saturating_sub(12)..index]
                .iter()
                .any(|line| line.contains("SAFETY:") || line.contains("# Safety"));
            if !explained {
                broken("unsafe code without its proof");
            }
        }
    }
    violations
}

fn crates_missing_from_readme() -> Result<Vec<String>, String> {
    let read =
        |name: &str| fs::read_to_string(crate::root().join(name)).map_err(|error| format!("{name}: {error}"));
    let (manifest, readme) = (read("Cargo.toml")?, read("README.md")?);
    let members = manifest
        .split("members = [")
        .nth(1)
        .and_then(|rest| rest.split(']').next())
        .unwrap_or_default();
    Ok(members
        .split('"')
        .filter(|member| member.starts_with("kusto-"))
        .filter(|member| !readme.contains(&format!("[`{member}`]")))
        .map(|member| format!("README.md: the table of crates lacks {member}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        assert_eq!(violations().unwrap(), Vec::<String>::new());
    }

    #[test]
    fn broken_rules_are_found() {
        let source = "fn f() { todo!() }\n// FIXME\nunsafe fn g() {}\n";
        let found = in_file(Path::new("kusto-client/src/x.rs"), source);
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(in_file(Path::new("x.rs"), &"//\n".repeat(MOST_LINES + 1))[0].contains("split it"));
    }
}
