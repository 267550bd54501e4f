//! Azurite, Azure's own emulator of storage, as a process.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A storage account on loopback that runs until it is dropped.
pub(crate) struct Azurite {
    child: Child,
    pub(crate) connection_string: String,
}

impl Drop for Azurite {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Azurite {
    /// Starts the package that is installed in this folder, on free ports.
    pub(crate) fn start(folder: &Path) -> Result<Self, String> {
        let mut child = Command::new("node")
            .arg(folder.join("node_modules/azurite/dist/src/azurite.js"))
            .args([
                "--disableTelemetry",
                "--skipApiVersionCheck",
                "--inMemoryPersistence",
                "--silent",
            ])
            .args(["--blobPort", "0", "--queuePort", "0", "--tablePort", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start Azurite: {error}"))?;
        let stdout = child.stdout.take().ok_or("Azurite has no standard output")?;
        let mut azurite = Self {
            child,
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

/// The published account of storage emulators; it opens nothing but them.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
