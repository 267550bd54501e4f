//! Azurite, Azure's own emulator of storage, as a process: for the tests that need storage, the benchmarks and xtask,
//! which include this file.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A storage account on loopback, in memory, until it is dropped or the process ends.
pub(crate) struct Azurite {
    process: Child,
    pub(crate) connection_string: String,
}

impl Azurite {
    /// Installs what is not there yet, and starts it on free ports. `None`, with a word about it, where there is no
    /// Node.js; in CI that is an error.
    pub(crate) fn start() -> Result<Option<Self>, String> {
        match installed() {
            Ok(script) => Self::run(&script).map(Some),
            Err(why) if std::env::var_os("CI").is_none() => {
                eprintln!("skipped: {why}");
                Ok(None)
            }
            Err(why) => Err(why),
        }
    }

    fn run(script: &Path) -> Result<Self, String> {
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
            // Never ours: Node.js makes its streams non-blocking, and a full pipe would then fail whoever prints here.
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start Azurite: {error}"))?;
        if let Some(stderr) = process.stderr.take() {
            let lines = BufReader::new(stderr).lines().map_while(Result::ok);
            std::thread::spawn(move || lines.for_each(|line| eprintln!("Azurite: {line}")));
        }
        let stdout = process.stdout.take().ok_or("Azurite has no standard output")?;
        let mut azurite = Self {
            process,
            connection_string: format!("AccountName={ACCOUNT};AccountKey={KEY};"),
        };
        let mut lines = BufReader::new(stdout).lines();
        let mut missing = vec!["Blob", "Queue", "Table"];
        while !missing.is_empty() {
            let line = lines
                .next()
                .ok_or("Azurite ended without saying where it listens")?;
            let line = line.map_err(|error| error.to_string())?;
            missing.retain(|service| {
                let begin = format!("Azurite {service} service is successfully listening at ");
                let Some(address) = line.strip_prefix(&begin) else {
                    return true;
                };
                let endpoint = format!("{service}Endpoint={address}/{ACCOUNT};");
                azurite.connection_string.push_str(&endpoint);
                false
            });
        }
        // It ends when it can write no more.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(azurite)
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        // A process that has gone already is just as well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The script that starts Azurite, installed from the lock file beside this one if need be.
fn installed() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/azurite");
    let script = folder.join("node_modules/azurite/dist/src/azurite.js");
    // One process at a time installs.
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

/// Runs the script that is the first argument, until standard input ends: however its user ends.
const UNTIL_STDIN_ENDS: &str =
    "process.stdin.resume(); process.stdin.on('end', () => process.exit()); require(process.argv[1])";
/// The published account of storage emulators; it opens nothing but them.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
