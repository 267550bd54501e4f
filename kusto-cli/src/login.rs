//! Who signs in, where an argument or the connection string wants a person or a program of this machine.

use std::path::PathBuf;

use clap::ValueEnum;
use kusto_client::{ConnectionString, Credential, ManagedIdentityId, Prompt, UserSignIn};
use kusto_protocol::Authentication;

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Login {
    /// Whoever is signed in to the Azure CLI (`az login`)
    AzureCli,
    /// Whoever is signed in to the Azure Developer CLI (`azd auth login`)
    AzureDeveloperCli,
    /// A person, with a browser on this machine
    Browser,
    /// A person, with a code to enter on another device
    DeviceCode,
    /// The managed identity of this machine
    ManagedIdentity,
    /// The workload identity of this Kubernetes pod
    WorkloadIdentity,
}

/// The credential that `--login` asks for, or the connection string by naming a person; `None` if the string's own
/// will do.
pub(crate) fn credential(login: Option<Login>, string: &ConnectionString) -> Option<Credential> {
    let person = match string.authentication() {
        Authentication::Federated {
            user_id, client_id, ..
        } => (user_id.as_deref(), client_id.as_deref()),
        _ => (None, None),
    };
    let tenant = string.authority_id();
    let login = match login {
        Some(login) => login,
        None if person != (None, None) => Login::Browser,
        None => return None,
    };
    Some(match login {
        Login::AzureCli => Credential::azure_cli(tenant),
        Login::AzureDeveloperCli => Credential::azure_developer_cli(tenant),
        Login::Browser => user(UserSignIn::browser().prompt(open), tenant, person),
        Login::DeviceCode => user(
            UserSignIn::device_code(|prompt| eprintln!("{prompt}")),
            tenant,
            person,
        ),
        Login::ManagedIdentity => {
            Credential::managed_identity(person.1.map_or(ManagedIdentityId::System, |id| {
                ManagedIdentityId::ClientId(id.to_owned())
            }))
        }
        Login::WorkloadIdentity => Credential::workload_identity(),
    })
}

/// The person is asked once: the tokens are kept for the next command.
fn user(
    mut sign_in: UserSignIn,
    tenant: Option<&str>,
    (user, client): (Option<&str>, Option<&str>),
) -> Credential {
    if let Some(tenant) = tenant {
        sign_in = sign_in.tenant(tenant);
    }
    if let Some(user) = user {
        sign_in = sign_in.login_hint(user);
    }
    if let Some(client) = client {
        sign_in = sign_in.client_id(client);
    }
    if let Some(path) = token_file() {
        sign_in = sign_in.token_file(path);
    }
    Credential::user(sign_in)
}

/// Results go to standard output, so whatever a person is told goes to the other one.
fn open(prompt: &Prompt) {
    eprintln!("{prompt}");
    if let Err(error) = prompt.open() {
        eprintln!(
            "note: no browser could be opened ({error}); open the address yourself, or use --login device-code"
        );
    }
}

/// In the folder that `XDG_CACHE_HOME` names, `~/.cache` without it; `%LOCALAPPDATA%` on Windows.
fn token_file() -> Option<PathBuf> {
    let folder = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else {
        folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))
    };
    Some(folder?.join("kusto").join("tokens.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(login: Option<Login>, string: &str) -> Option<String> {
        let credential = credential(login, &string.parse().unwrap())?;
        Some(format!("{credential:?}"))
    }

    #[test]
    fn the_argument_wins_over_the_string_and_a_named_person_gets_a_browser() {
        let federated = "https://h.kusto.windows.net;Fed=true;TenantId=contoso.com";
        let named = "https://h.kusto.windows.net;Fed=true;UserID=u@contoso.com";
        let browser = Some("Credential(interactive browser)".to_owned());
        assert_eq!(chosen(None, federated), None);
        assert_eq!(chosen(None, named), browser);
        assert_eq!(chosen(Some(Login::Browser), federated), browser);
        for (login, name) in [
            (Login::AzureCli, "Azure CLI"),
            (Login::AzureDeveloperCli, "Azure Developer CLI"),
            (Login::DeviceCode, "device code"),
            (Login::ManagedIdentity, "managed identity"),
            (Login::WorkloadIdentity, "workload identity"),
        ] {
            assert_eq!(chosen(Some(login), named), Some(format!("Credential({name})")));
        }
    }
}
