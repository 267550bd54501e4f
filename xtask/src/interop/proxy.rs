//! Our client through a forward proxy that others wrote.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The proxy, until it is dropped.
struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        // Asked to end, it ends the processes that it started as well; killed, it would leave them. It may have ended
        // by itself.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// Plain and encrypted requests through `proxy.py`, which wants a password: told in code, and by the environment.
pub(super) fn run(folder: &Path) -> Result<(), String> {
    let python = super::environment(folder, "proxy")?;
    let port = super::free_port()?;
    let log = folder.join("proxy.log");
    // What an earlier run wrote.
    let _ = fs::remove_file(&log);
    let child = Command::new(python)
        .args(["-m", "proxy", "--hostname", "127.0.0.1", "--num-workers", "1"])
        .args(["--port", &port.to_string()])
        .args(["--basic-auth", &format!("{USER}:{PASSWORD}")])
        .arg("--log-file")
        .arg(&log)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot start proxy.py: {error}"))?;
    let proxy = Proxy(child);
    super::wait_for(port)?;
    let with_password = format!("http://{USER}:{PASSWORD}@127.0.0.1:{port}");
    crate::cargo(
        &[
            "test",
            "--locked",
            "--package",
            "kusto-client",
            "--test",
            "forward_proxy",
        ],
        &[
            ("KUSTO_FORWARD_PROXY", &format!("http://127.0.0.1:{port}")),
            ("HTTP_PROXY", &with_password),
            ("HTTPS_PROXY", &with_password),
            ("NO_PROXY", ""),
        ],
    )?;
    drop(proxy);
    let log = fs::read_to_string(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    for (method, least) in [("POST", 2), ("CONNECT", 2)] {
        let seen = log.lines().filter(|line| line.contains(method)).count();
        if seen < least {
            return Err(format!(
                "proxy.py saw {seen} {method} requests, not {least}:\n{log}"
            ));
        }
    }
    println!("proxy.py: plain and encrypted requests went through it");
    Ok(())
}

/// As `kusto-client/tests/forward_proxy.rs` has them.
const USER: &str = "reports";
const PASSWORD: &str = "hush-proxy";
