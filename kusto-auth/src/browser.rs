//! Opens an address in the browser of whoever sits at this machine.

use std::io;
use std::process::{Command, Stdio};
use std::thread;

/// Opens an address in the browser: the one that `BROWSER` names, else the system's own.
///
/// # Errors
///
/// If no program that opens addresses can be started.
pub(crate) fn open(url: &str) -> io::Result<()> {
    let mut command = match std::env::var_os("BROWSER").filter(|name| !name.is_empty()) {
        Some(name) => Command::new(name),
        None if cfg!(windows) => {
            let mut command = Command::new("rundll32");
            command.arg("url.dll,FileProtocolHandler");
            command
        }
        None if cfg!(target_os = "macos") => Command::new("open"),
        None => Command::new("xdg-open"),
    };
    let mut child = command
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Somebody has to take note of its end.
    thread::spawn(move || child.wait());
    Ok(())
}
