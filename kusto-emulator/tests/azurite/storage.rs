//! Azurite as a process.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A storage account on loopback, until it is dropped.
pub(crate) struct Azurite {
    process: Child,
    pub(crate) connection_string: String,
}

impl Azurite {
    /// The account; `None`, with a word about it, where there is no Node.js. In CI that is a failure.
    pub(crate) fn start() -> Option<Self> {
        let script = match installed() {
            Ok(script) => script,
            Err(why) if std::env::var_os("CI").is_none() => {
                eprintln!("skipped: {why}");
                return None;
            }
            Err(why) => panic!("{why}"),
        };
        let mut process = Command::new("node")
            .args(["--eval", UNTIL_STDIN_ENDS])
            .arg(script)
            .args([
                "--disableTelemetry",
                "--skipApiVersionCheck",
                "--inMemoryPersistence",
                "--silent",
            ])
            .args(["--blobPort", "0", "--queuePort", "0", "--tablePort", "0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let mut connection_string = format!("AccountName={ACCOUNT};AccountKey={KEY};");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let mut missing = vec!["Blob", "Queue", "Table"];
        while let (Some(Ok(line)), false) = (lines.next(), missing.is_empty()) {
            missing.retain(|service| {
                let begin = format!("Azurite {service} service is successfully listening at ");
                let Some(address) = line.strip_prefix(&begin) else {
                    return true;
                };
                connection_string.push_str(&format!("{service}Endpoint={address}/{ACCOUNT};"));
                false
            });
            if missing.is_empty() {
                break;
            }
        }
        assert!(missing.is_empty(), "Azurite did not start: {missing:?}");
        // It ends when it can write no more.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self {
            process,
            connection_string,
        })
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        // A process that has gone already is just as well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The script that starts Azurite, installed if need be.
fn installed() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/azurite");
    let script = folder.join("node_modules/azurite/dist/src/azurite.js");
    // One test binary at a time installs.
    let lock = std::fs::File::create(folder.join("node_modules.lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if script.exists() {
        return Ok(script);
    }
    let install = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(&folder)
        .stdout(Stdio::null())
        .status();
    match install {
        Ok(status) if status.success() && script.exists() => Ok(script),
        Ok(status) => Err(format!("Azurite cannot be installed: npm ends with {status}")),
        Err(error) => Err(format!("Azurite needs Node.js and npm: {error}")),
    }
}

/// Runs the script that is the first argument, until standard input ends: however the tests end.
const UNTIL_STDIN_ENDS: &str =
    "process.stdin.resume(); process.stdin.on('end', () => process.exit()); require(process.argv[1])";
/// The published account of storage emulators; it opens nothing but them.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
