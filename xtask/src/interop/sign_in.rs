//! Sign-ins: against an OpenID provider that others wrote, and beside the requests of Microsoft's own library.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::service::{self, Service};

/// An OpenID provider, until it is dropped.
struct Provider {
    child: Child,
    address: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Our sign-ins against `oidc-provider`, with Chromium where a person is asked; then its tokens at our service.
pub(super) fn openid(kusto: &Path, storms: &Path) -> Result<(), String> {
    let folder = super::node_packages("openid")?;
    let certificates = crate::root().join("kusto-auth/tests/certificates");
    let mut child = Command::new("node")
        .arg(folder.join("provider.mjs"))
        .arg(certificates.join("certificate.pem"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot start the OpenID provider: {error}"))?;
    let mut address = String::new();
    if let Some(stdout) = child.stdout.take() {
        let mut stdout = BufReader::new(stdout);
        stdout
            .read_line(&mut address)
            .map_err(|error| error.to_string())?;
        // It ends when it can write no more.
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    }
    let address = address.trim().to_owned();
    let provider = Provider { child, address };
    if provider.address.is_empty() {
        return Err("the OpenID provider ended without saying where it listens".to_owned());
    }
    let mut variables = vec![("KUSTO_OPENID_PROVIDER", provider.address.clone())];
    let chromium =
        std::env::var_os("CHROMIUM").map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    let script = folder.join("browser.mjs");
    if chromium.exists() {
        variables.push(("KUSTO_OPENID_BROWSER", script.display().to_string()));
    } else if std::env::var_os("CI").is_some() {
        return Err(format!(
            "{} is missing: no sign-in with a browser was tried",
            chromium.display()
        ));
    } else {
        println!(
            "{} is missing: sign-ins with a browser are skipped",
            chromium.display()
        );
    }
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
    crate::cargo(
        &[
            "test",
            "--locked",
            "--package",
            "kusto-auth",
            "--all-features",
            "--test",
            "openid",
        ],
        &variables,
    )?;
    let audience = "https://kusto.kusto.windows.net";
    let storms = storms.display().to_string();
    let service = service::start_with(
        kusto,
        &["--issuer", &provider.address, "--audience", audience, &storms],
    )?;
    tokens_at_our_service(kusto, &service)?;
    if chromium.exists() {
        login(kusto, &service, &script)?;
    }
    Ok(())
}

/// The service takes the provider's tokens by their signatures, and the command signs in as the service says.
fn tokens_at_our_service(kusto: &Path, service: &Service) -> Result<(), String> {
    let ask = |credential: &str| {
        let string = format!("{}/NetDefaultDB;{credential}", service.uri);
        Command::new(kusto)
            .args(["query", "--quiet", "--format", "csv", "storms | count"])
            .env("KUSTO_CONNECTION_STRING", string)
            .output()
            .map_err(|error| format!("cannot run kusto: {error}"))
    };
    let application = "AppClientId=application;TenantId=contoso.com;AppKey";
    let good = ask(&format!("{application}=the secret of the application"))?;
    let rows = String::from_utf8_lossy(&good.stdout).into_owned();
    if !good.status.success() || !rows.contains("2000") {
        return Err(format!(
            "the service refused a good token: {}",
            String::from_utf8_lossy(&good.stderr)
        ));
    }
    for (credential, words) in [
        (format!("{application}=wrong"), "(invalid_client)"),
        ("UserToken=eyJhbGciOiJub25lIn0.e30.".to_owned(), "401"),
        ("Fed=false".to_owned(), "401"),
    ] {
        let bad = ask(&credential)?;
        let said = String::from_utf8_lossy(&bad.stderr).into_owned();
        if bad.status.success() || !(said.contains(words) || said.to_lowercase().contains("token")) {
            return Err(format!("{credential}: expected a refusal, got: {said}"));
        }
    }
    println!("oidc-provider: its tokens open our service by their signatures, others do not");
    Ok(())
}

/// `kusto query --login`: a person with a browser, again without being asked, and with a code on another device.
fn login(kusto: &Path, service: &Service, script: &Path) -> Result<(), String> {
    let cache = crate::root().join("target/interop/login");
    // The tokens of an earlier run.
    let _ = fs::remove_dir_all(&cache);
    fs::create_dir_all(&cache).map_err(|error| format!("{}: {error}", cache.display()))?;
    let browser = cache.join("browser");
    let person = format!("#!/bin/sh\nexec node '{}' yes \"$1\"\n", script.display());
    fs::write(&browser, person).map_err(|error| format!("{}: {error}", browser.display()))?;
    super::output(Command::new("chmod").arg("+x").arg(&browser))?;
    let string = format!(
        "{}/NetDefaultDB;Fed=true;AppClientId=person;TenantId=contoso.com",
        service.uri
    );
    let ask = |method: &str, browser: &Path, folder: &str| {
        let mut command = Command::new(kusto);
        command
            .args([
                "query",
                "--quiet",
                "--format",
                "csv",
                "--login",
                method,
                "storms | count",
            ])
            .env("KUSTO_CONNECTION_STRING", &string)
            .env("XDG_CACHE_HOME", cache.join(folder))
            .env("BROWSER", browser);
        command
    };
    for browser in [&*browser, Path::new("/nowhere")] {
        let counted = super::output(&mut ask("browser", browser, "tokens"))?;
        if !counted.contains("2000") {
            return Err(format!("kusto query --login browser printed {counted}"));
        }
    }
    let mut asked = ask("device-code", Path::new("/nowhere"), "device")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot run kusto: {error}"))?;
    let mut shown = String::new();
    if let Some(stderr) = asked.stderr.take() {
        let mut stderr = BufReader::new(stderr);
        stderr.read_line(&mut shown).map_err(|error| error.to_string())?;
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::stderr()));
    }
    let word_after = |words: &str| {
        let (_, rest) = shown.split_once(words)?;
        rest.split_whitespace()
            .next()
            .map(|word| word.trim_end_matches('.'))
    };
    let (Some(address), Some(code)) = (word_after("open "), word_after("the code ")) else {
        return Err(format!("kusto query --login device-code shows {shown}"));
    };
    super::output(Command::new("node").arg(script).args(["yes", address, code]))?;
    let counted = asked.wait_with_output().map_err(|error| error.to_string())?;
    if !String::from_utf8_lossy(&counted.stdout).contains("2000") {
        return Err("kusto query --login device-code got no rows".to_owned());
    }
    println!("kusto query --login: with a browser, from the kept tokens, with a device code");
    Ok(())
}

/// The requests of our sign-ins beside those of MSAL for Python.
pub(super) fn msal(folder: &Path) -> Result<(), String> {
    let requests = super::output(Command::new("cargo").current_dir(crate::root()).args([
        "run",
        "--locked",
        "--quiet",
        "--package",
        "kusto-auth",
        "--all-features",
        "--example",
        "requests",
    ]))?;
    let file = folder.join("requests.jsonl");
    fs::write(&file, requests).map_err(|error| format!("{}: {error}", file.display()))?;
    let certificates = crate::root().join("kusto-auth/tests/certificates");
    crate::run(
        Command::new(super::environment(folder, "msal")?)
            .args(["-W", "ignore"])
            .arg(crate::root().join("interop/msal/compare.py"))
            .arg(file)
            .arg(certificates.join("key.pem"))
            .arg(certificates.join("certificate.pem")),
    )
}
