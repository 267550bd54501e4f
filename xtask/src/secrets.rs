//! No secret is printed or traced: the tests of the crates that handle some run again, with all their output and every
//! library's traces, and the secrets that are planted in them are looked for in that.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

/// Whose tests handle secrets. Their test programs are those of `cargo test --workspace`, so nothing is built twice.
const PACKAGES: &[&str] = &[
    "kusto-protocol",
    "kusto-auth",
    "kusto-transport",
    "kusto-ingest",
    "kusto-client",
    "kusto-emulator",
    "kusto-cli",
];

/// What tests use for tokens, keys, passwords, assertions and signatures.
const PLANTED: &[&str] = &[
    "hush",
    "hunter2",
    "s3cret",
    "t0p",
    "the secret of the application",
];

/// Bytes of what a test program says beside its traces that are printed if it fails.
const END: usize = 16 << 10;

/// How the line of a trace begins.
const TRACE: &[u8] = b"trace: ";

/// What every process prints that listens to its traces: without it, nothing was searched.
const HEARD: &str = "all traces are printed";

/// Runs the tests and searches what they print.
pub(crate) fn run() -> Result<(), String> {
    let mut planted: Vec<Vec<u8>> = PLANTED.iter().map(|secret| secret.as_bytes().to_vec()).collect();
    planted.extend(private_keys()?);
    let (mut bytes, mut heard) = (0, 0);
    for (package, folder, program) in programs()? {
        let found = search(&folder, &program, &planted)?;
        if let Some(what) = found.secret {
            return Err(format!(
                "a test of {package} ({}) shows {what}",
                program.display()
            ));
        }
        bytes += found.bytes;
        heard += usize::from(found.heard);
    }
    if heard < LISTENERS {
        return Err(format!(
            "only {heard} test programs printed their traces, not {LISTENERS}"
        ));
    }
    println!(
        "no secret in {bytes} bytes that tests printed, nor in the traces of {heard} test programs among them"
    );
    Ok(())
}

/// The test programs: package, its folder, program.
fn programs() -> Result<Vec<(String, PathBuf, PathBuf)>, String> {
    let output = Command::new("cargo")
        .args([
            "test",
            "--workspace",
            "--locked",
            "--no-run",
            "--message-format",
            "json",
        ])
        .current_dir(crate::root())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err("the tests cannot be built".to_owned());
    }
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let programs = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let manifest = Path::new(message["manifest_path"].as_str()?);
        let folder = manifest.parent()?.to_owned();
        let package = folder.file_name()?.to_str()?.to_owned();
        let program = message["executable"].as_str()?.into();
        let is_test = message["profile"]["test"] == true && PACKAGES.contains(&&*package);
        is_test.then_some((package, folder, program))
    });
    Ok(programs.collect())
}

struct Found {
    secret: Option<String>,
    bytes: usize,
    heard: bool,
    /// The last of it, traces left out.
    end: Vec<u8>,
}

/// What is no trace of what comes in pieces.
#[derive(Default)]
struct Lines {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    told: Vec<u8>,
}

impl Lines {
    fn push(&mut self, piece: &[u8]) {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.ends_with(b"\n") {
                self.tell();
            }
        }
    }

    fn tell(&mut self) {
        if !self.line.starts_with(TRACE) {
            self.told.append(&mut self.line);
            self.told.drain(..self.told.len().saturating_sub(END));
        }
        self.line.clear();
    }

    fn end(mut self) -> Vec<u8> {
        self.tell();
        self.told
    }
}

/// Runs a test program, and searches what it prints as it comes.
fn search(folder: &Path, program: &Path, planted: &[Vec<u8>]) -> Result<Found, String> {
    println!("$ {}", program.display());
    let failed = |error| format!("{}: {error}", program.display());
    let mut child = Command::new(program)
        .arg("--nocapture")
        .current_dir(folder)
        .env("CARGO_MANIFEST_DIR", folder)
        .env("KUSTO_TEST_TRACES", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err) = thread::scope(|scope| {
        let out = scope.spawn(|| out.map(|out| read(out, planted)));
        let err = err.map(|err| read(err, planted));
        (out.join(), err)
    });
    let status = child.wait().map_err(failed)?;
    let streams = [out.map_err(|_| "the search failed")?, err];
    if !status.success() {
        // What was searched is not printed, but for the end of what fails.
        for stream in streams.iter().flatten() {
            eprintln!("{}", String::from_utf8_lossy(&stream.end));
        }
        return Err(format!("{} failed: {status}", program.display()));
    }
    let mut found = Found {
        secret: None,
        bytes: 0,
        heard: false,
        end: Vec::new(),
    };
    for stream in streams.into_iter().flatten() {
        found.secret = found.secret.or(stream.secret);
        found.bytes += stream.bytes;
        found.heard |= stream.heard;
    }
    Ok(found)
}

/// Reads to the end, and searches on the way.
fn read(mut stream: impl Read, planted: &[Vec<u8>]) -> Found {
    let mut found = Found {
        secret: None,
        bytes: 0,
        heard: false,
        end: Vec::new(),
    };
    let (mut window, mut lines) = (Vec::new(), Lines::default());
    let mut buffer = vec![0; PIECE];
    loop {
        // An error is the end too: the process has gone.
        let length = stream.read(&mut buffer).unwrap_or(0);
        window.extend_from_slice(&buffer[..length]);
        lines.push(&buffer[..length]);
        found.bytes += length;
        if length > 0 && window.len() < LONGEST + PIECE {
            continue;
        }
        found.secret = found.secret.or_else(|| secret_in(&window, planted));
        found.heard |= contains(&window, HEARD.as_bytes());
        if length == 0 {
            break;
        }
        // What ends in the next piece begins in the rest of this one.
        window.drain(..window.len().saturating_sub(LONGEST));
    }
    found.end = lines.end();
    found
}

/// What is secret in a text: in words that do not repeat it.
fn secret_in(text: &[u8], planted: &[Vec<u8>]) -> Option<String> {
    if let Some(index) = planted.iter().position(|secret| contains(text, secret)) {
        let what = PLANTED
            .get(index)
            .map(|secret| format!("the planted secret {secret:?}"));
        return Some(what.unwrap_or_else(|| "a private key".to_owned()));
    }
    is_token_in(text).then(|| "a signed token".to_owned())
}

/// Whether a JSON Web Token with a signature is there: assertions are made while tests run.
fn is_token_in(text: &[u8]) -> bool {
    let starts = text
        .windows(TOKEN.len())
        .enumerate()
        .filter(|(_, window)| *window == TOKEN);
    starts.into_iter().any(|(start, _)| {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let end = text[start..].iter().position(|byte| !is_part(byte));
        let token = &text[start..end.map_or(text.len(), |end| start + end)];
        let parts: Vec<&[u8]> = token.split(|byte| *byte == b'.').collect();
        parts.len() == 3 && parts[2].len() >= SIGNATURE
    })
}

fn contains(text: &[u8], what: &[u8]) -> bool {
    text.windows(what.len()).any(|window| window == what)
}

/// A line from within each private key of the tests.
fn private_keys() -> Result<Vec<Vec<u8>>, String> {
    let folder = crate::root().join("kusto-auth/tests/certificates");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut lines = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let Some((_, key)) = text.split_once("PRIVATE KEY-----") else {
            continue;
        };
        lines.extend(key.lines().nth(2).map(|line| line.as_bytes().to_vec()));
    }
    if lines.is_empty() {
        return Err(format!("no private key in {}", folder.display()));
    }
    Ok(lines)
}

/// `{"` in base64, as the header of every token begins.
const TOKEN: &[u8] = b"eyJ";
/// Characters of the shortest signature.
const SIGNATURE: usize = 40;
/// No secret is longer.
const LONGEST: usize = 8 << 10;
/// Bytes that are searched at a time.
const PIECE: usize = 64 << 10;
/// How many test programs listen to their traces.
const LISTENERS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        let planted = private_keys().unwrap();
        let mut all: Vec<Vec<u8>> = PLANTED.iter().map(|secret| secret.as_bytes().to_vec()).collect();
        all.extend(planted);
        // In pieces, as a pipe gives them.
        struct Pieces<'a>(&'a [u8]);
        impl Read for Pieces<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let length = self.0.len().min(5);
                buffer[..length].copy_from_slice(&self.0[..length]);
                self.0 = &self.0[length..];
                Ok(length)
            }
        }
        read(Pieces(text.as_bytes()), &all).secret
    }

    #[test]
    fn what_a_failing_test_says_is_kept_without_traces() {
        let text = "trace: event a\nthread 't' panicked at b:1:1:\nno\ntrace: event c\ntest d ... FAILED";
        let kept = read(text.as_bytes(), &[]).end;
        assert_eq!(
            String::from_utf8(kept).unwrap(),
            "thread 't' panicked at b:1:1:\nno\ntest d ... FAILED"
        );
        let long = "x".repeat(END) + "\nend\n";
        assert_eq!(read(long.as_bytes(), &[]).end.len(), END);
    }

    #[test]
    fn a_planted_secret_is_found_and_nothing_else() {
        let key = String::from_utf8(private_keys().unwrap().remove(0)).unwrap();
        let signature = "s".repeat(SIGNATURE);
        for text in [
            "Authorization: Bearer hush-token".to_owned(),
            "https://a.blob.core.windows.net/c?sig=s3cret".to_owned(),
            format!("key:\n{key}\n"),
            format!("client_assertion=eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhIn0.{signature}&"),
        ] {
            assert!(found(&text).is_some(), "{text}");
        }
        for text in [
            "client_secret=****",
            "eyJhbGciOiJub25lIn0.e30.",
            "test hashes ... ok",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
