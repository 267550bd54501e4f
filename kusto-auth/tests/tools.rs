//! The command-line tools, with scripts in their place: on the PATH of a child process, since the tests' own
//! environment is everybody's.
#![cfg(all(unix, feature = "azure-identity"))]

#[path = "../../kusto-transport/tests/transport/listen.rs"]
mod listen;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Arc;

use azure_core::http::HttpClient;
use kusto_auth::{AuthError, CloudInfo, Credential};

/// Says in a child process which tool to ask.
const TOOL: &str = "KUSTO_TEST_TOOL";

/// What the child process does: it asks a tool for a token and says how that went.
#[test]
fn child() {
    let Ok(tool) = std::env::var(TOOL) else { return };
    listen::listen();
    let credential = match tool.as_str() {
        "az" => Credential::azure_cli(Some("contoso.com")),
        _ => Credential::azure_developer_cli(Some("contoso.com")),
    };
    let http_client: Arc<dyn HttpClient> = Arc::new(reqwest::Client::new());
    let cloud = CloudInfo::default();
    let asked = async {
        let tokens = credential.to_token_credential(&cloud, &http_client).unwrap();
        tokens.unwrap().get_token(&[&cloud.scope()], None).await
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    match runtime.block_on(asked) {
        Ok(token) => eprintln!(
            "\ntoken: {} {}",
            token.token.secret(),
            token.expires_on.unix_timestamp()
        ),
        Err(error) => {
            let error: AuthError = error.into_downcast().unwrap();
            eprintln!("\nerror: {:?}: {error}\ndebug: {error:?}", error.kind());
        }
    }
}

/// What came of asking a tool that is this script, or that is not there.
fn ask(tool: &str, script: Option<&str>) -> String {
    let path = tempfile::tempdir().unwrap();
    if let Some(script) = script {
        let file = path.path().join(tool);
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(TOOL, tool)
        .env("PATH", path.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("hush"), "{said}");
    let line = said
        .lines()
        .find(|line| line.starts_with("token: ") || line.starts_with("error: "));
    line.unwrap_or_else(|| panic!("{said}")).to_owned()
}

#[test]
fn a_tool_that_is_not_there_is_to_be_installed() {
    assert_eq!(
        ask("az", None),
        "error: Missing: az is not on the PATH; install the Azure CLI (https://aka.ms/azure-cli) and run \
         `az login`, or sign in another way"
    );
    assert_eq!(
        ask("azd", None),
        "error: Missing: azd is not on the PATH; install the Azure Developer CLI (https://aka.ms/azd) and run \
         `azd auth login`, or sign in another way"
    );
}

#[test]
fn where_nobody_is_signed_in_the_command_is_named() {
    assert_eq!(
        ask(
            "az",
            Some("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1")
        ),
        "error: Missing: nobody is signed in to the Azure CLI; run `az login`"
    );
    let words = r#"{"type":"consoleMessage","timestamp":"t","data":{"message":"\nERROR: not logged in, run `azd auth login` to login\n"}}"#;
    assert_eq!(
        ask("azd", Some(&format!("echo '{words}' >&2; exit 1"))),
        "error: Missing: nobody is signed in to the Azure Developer CLI; run `azd auth login`"
    );
}

#[test]
fn the_providers_code_comes_through_with_what_to_do() {
    let words = "ERROR: AADSTS700082: The refresh token has expired due to inactivity. Trace ID: 1 Correlation ID: 2 \
                 Timestamp: 3\nInteractive authentication is needed. Please run:\naz logout\naz login";
    assert_eq!(
        ask("az", Some(&format!("echo '{words}' >&2; exit 1"))),
        "error: Rejected: the Azure CLI gave no token: The refresh token has expired due to inactivity; the earlier \
         sign-in is no longer valid: sign in again; run `az login` (AADSTS700082)"
    );
    let words = r#"{"data":{"message":"ERROR: fetching token: AADSTS90002: Tenant contoso.com not found."}}"#;
    assert_eq!(
        ask("azd", Some(&format!("echo '{words}' >&2; exit 1"))),
        "error: Rejected: the Azure Developer CLI gave no token: fetching token: AADSTS90002: Tenant contoso.com not \
         found; there is no such tenant: check the tenant's id or domain name; run `azd auth login` (AADSTS90002)"
    );
}

#[test]
fn a_tool_that_fails_otherwise_has_its_reason_told_and_no_token() {
    let secret = "eyJodXNo.hush.hush";
    for (script, expected) in [
        (
            format!("echo '{{\"accessToken\":\"{secret}\"}}'; echo 'ModuleNotFoundError: azure' >&2; exit 1"),
            "the Azure CLI gave no token: ModuleNotFoundError: azure; run `az login`, or update it if it is old",
        ),
        (
            format!("echo 'bad token {secret}' >&2; exit 1"),
            "the Azure CLI gave no token: bad token ****; run `az login`, or update it if it is old",
        ),
        (
            "exit 3".to_owned(),
            "the Azure CLI gave no token and no reason; run `az login`",
        ),
        (
            format!("echo '{{\"accessToken\":\"{secret}\",\"tokenType\":\"Bearer\"}}'"),
            "the Azure CLI gave no token: expires_on field not found. Please use Azure CLI 2.54.0 or newer; run \
             `az login`, or update it if it is old",
        ),
        (
            format!("echo '\"accessToken {secret}\"'"),
            "the Azure CLI gave no token: ",
        ),
    ] {
        let said = ask("az", Some(&script));
        assert!(said.starts_with(&format!("error: Missing: {expected}")), "{said}");
    }
}

#[test]
fn a_tool_is_asked_for_the_clusters_scope_in_the_tenant() {
    // It gives a token for these words only.
    let script = r#"[ "$*" = 'account get-access-token -o json --scope https://kusto.kusto.windows.net/.default --tenant contoso.com' ] || exit 1
echo '{"accessToken":"at","expires_on":4102444800,"tokenType":"Bearer"}'"#;
    assert_eq!(ask("az", Some(script)), "token: at 4102444800");
    let script = r#"case "$*" in
'auth token '*'--scope https://kusto.kusto.windows.net/.default --tenant-id contoso.com'*) echo '{"token":"at","expiresOn":"2100-01-01T00:00:00Z"}' ;;
*) echo "$*" >&2; exit 1 ;;
esac"#;
    assert_eq!(ask("azd", Some(script)), "token: at 4102444800");
}
