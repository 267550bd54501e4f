//! The command-line tools, with scripts in their place: on the PATH of a child process, since the tests' own
//! environment is everybody's.
#![cfg(all(unix, feature = "azure-identity"))]

#[path = "../../kusto-transport/tests/transport/listen.rs"]
mod listen;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Arc;

use azure_core::error::ErrorKind;
use azure_core::http::headers::{AUTHORIZATION, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request};
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
        "azd" => Credential::azure_developer_cli(Some("contoso.com")),
        _ => Credential::azure_pipelines("contoso.com", "app", "connection", "hush-pipeline"),
    };
    let http_client: Arc<dyn HttpClient> = Arc::new(Pipelines);
    let cloud = CloudInfo::default();
    let asked = async {
        let tokens = credential.to_token_credential(&cloud, &http_client);
        let tokens = tokens.map_err(|error| azure_core::Error::new(ErrorKind::Credential, error))?;
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

/// The service of Azure Pipelines and the identity provider.
#[derive(Debug)]
struct Pipelines;

#[async_trait::async_trait]
impl HttpClient for Pipelines {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let url = request.url().as_str();
        let body = match request.body() {
            Body::Bytes(bytes) => String::from_utf8_lossy(bytes),
            _ => Default::default(),
        };
        let answer = if url.starts_with("https://vstoken.example/oidc?")
            && url.ends_with("&serviceConnectionId=connection")
            && request.headers().get_optional_str(&AUTHORIZATION) == Some("Bearer hush-pipeline")
        {
            r#"{"oidcToken":"signed"}"#
        } else if url == "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token"
            && body.contains("client_assertion=signed")
        {
            r#"{"token_type":"Bearer","access_token":"at","expires_in":3600}"#
        } else {
            panic!("nobody knows {url}")
        };
        Ok(AsyncRawResponse::from_bytes(200.into(), Headers::new(), answer))
    }
}

/// What came of asking a tool that is this script, or that is not there; of a pipeline whose service is at this address.
fn ask(tool: &str, script: Option<&str>) -> String {
    let path = tempfile::tempdir().unwrap();
    if let Some(script) = script {
        let file = path.path().join(tool);
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child", "--nocapture"])
        .env(TOOL, tool)
        .env("PATH", path.path())
        .env_remove("SYSTEM_OIDCREQUESTURI");
    if let ("pipelines", Some(address)) = (tool, script) {
        command.env("SYSTEM_OIDCREQUESTURI", address);
    }
    let output = command.output().unwrap();
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

#[test]
fn a_pipeline_shows_who_it_is_with_the_token_of_its_service() {
    let said = ask("pipelines", Some("https://vstoken.example/oidc"));
    assert!(said.starts_with("token: at "), "{said}");
    let said = ask("pipelines", None);
    assert!(
        said.contains("Azure Pipelines: ") && said.contains("SYSTEM_OIDCREQUESTURI"),
        "{said}"
    );
}
