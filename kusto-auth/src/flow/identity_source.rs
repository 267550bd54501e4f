//! Who gives the tokens of managed identities, and how a program finds out.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use kusto_protocol::Secret;

/// Who gives the tokens of managed identities.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManagedIdentitySource {
    /// App Service, Functions, Automation.
    AppService {
        /// The address in `IDENTITY_ENDPOINT`.
        endpoint: String,
        /// The text in `IDENTITY_HEADER`.
        header: Secret,
    },
    /// A machine that is connected through Azure Arc. An agent that knows no user-assigned identities gives tokens of the
    /// machine's own, whichever is asked for.
    Arc {
        /// The address of its agent.
        endpoint: String,
        /// Where the agent keeps its keys: whoever can read one of them runs on this machine. No other file is read.
        key_folder: PathBuf,
    },
    /// Cloud Shell.
    CloudShell {
        /// The address in `MSI_ENDPOINT`.
        endpoint: String,
    },
    /// A virtual machine: the metadata service at a link-local address.
    Imds {
        /// The host and port of the metadata service.
        host: String,
    },
    /// Azure Machine Learning.
    MachineLearning {
        /// The address in `MSI_ENDPOINT`.
        endpoint: String,
        /// The text in `MSI_SECRET`.
        secret: Secret,
    },
    /// Service Fabric. Its endpoint has a certificate that no authority signed: whoever sends the request must know it
    /// by the thumbprint, or there is no connection.
    ServiceFabric {
        /// The address in `IDENTITY_ENDPOINT`.
        endpoint: String,
        /// The text in `IDENTITY_HEADER`.
        header: Secret,
        /// The text in `IDENTITY_SERVER_THUMBPRINT`: SHA-1 of the certificate, in hexadecimal digits.
        thumbprint: String,
    },
}

impl ManagedIdentitySource {
    /// The source that the environment names, by the order in which Microsoft's own library looks; a virtual
    /// machine's if it names none.
    ///
    /// ```
    /// use kusto_auth::ManagedIdentitySource;
    ///
    /// let source = ManagedIdentitySource::detect(|name| match name {
    ///     "IDENTITY_ENDPOINT" => Some("http://127.0.0.1:41741/msi/token".to_owned()),
    ///     "IDENTITY_HEADER" => Some("hush".to_owned()),
    ///     _ => None,
    /// });
    /// assert!(matches!(source, ManagedIdentitySource::AppService { .. }));
    /// ```
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        match (variable("IDENTITY_ENDPOINT"), variable("IDENTITY_HEADER")) {
            (Some(endpoint), Some(header)) => {
                let header = header.into();
                return match variable("IDENTITY_SERVER_THUMBPRINT") {
                    Some(thumbprint) => Self::ServiceFabric {
                        endpoint,
                        header,
                        thumbprint,
                    },
                    None => Self::AppService { endpoint, header },
                };
            }
            (Some(endpoint), None) if variable("IMDS_ENDPOINT").is_some() => {
                let key_folder = key_folder(variable);
                return Self::Arc { endpoint, key_folder };
            }
            _ => {}
        }
        match (variable("MSI_ENDPOINT"), variable("MSI_SECRET")) {
            (Some(endpoint), Some(secret)) => Self::MachineLearning {
                endpoint,
                secret: secret.into(),
            },
            (Some(endpoint), None) => Self::CloudShell { endpoint },
            (None, _) => Self::Imds {
                host: IMDS.to_owned(),
            },
        }
    }

    /// The source of this machine, by its environment; a machine of Azure Arc also by the agent that is installed, since
    /// not every process gets its variables.
    pub fn of_this_machine() -> Self {
        Self::find(|name| std::env::var(name).ok(), Path::exists)
    }

    /// The same in another environment.
    pub(crate) fn find(variable: impl Fn(&str) -> Option<String>, exists: impl Fn(&Path) -> bool) -> Self {
        match Self::detect(&variable) {
            Self::Imds { .. } if exists(&arc_agent(&variable)) => Self::Arc {
                endpoint: ARC_ENDPOINT.to_owned(),
                key_folder: key_folder(variable),
            },
            source => source,
        }
    }

    /// The address that tokens are asked for at.
    pub fn address(&self) -> Cow<'_, str> {
        match self {
            Self::AppService { endpoint, .. }
            | Self::Arc { endpoint, .. }
            | Self::CloudShell { endpoint }
            | Self::MachineLearning { endpoint, .. }
            | Self::ServiceFabric { endpoint, .. } => endpoint.into(),
            Self::Imds { host } => format!("http://{host}/metadata/identity/oauth2/token").into(),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::AppService { .. } => "App Service",
            Self::Arc { .. } => "Azure Arc",
            Self::CloudShell { .. } => "Cloud Shell",
            Self::Imds { .. } => "the virtual machine",
            Self::MachineLearning { .. } => "Azure Machine Learning",
            Self::ServiceFabric { .. } => "Service Fabric",
        }
    }
}

/// Where the agent of Azure Arc keeps its keys.
fn key_folder(variable: impl Fn(&str) -> Option<String>) -> PathBuf {
    if cfg!(windows) {
        of_windows(&variable, "ProgramData", r"C:\ProgramData").join(r"AzureConnectedMachineAgent\Tokens")
    } else {
        PathBuf::from("/var/opt/azcmagent/tokens")
    }
}

/// The program that is there if this machine is one of Azure Arc.
fn arc_agent(variable: impl Fn(&str) -> Option<String>) -> PathBuf {
    if cfg!(windows) {
        of_windows(&variable, "ProgramFiles", r"C:\Program Files")
            .join(r"AzureConnectedMachineAgent\himds.exe")
    } else {
        PathBuf::from("/opt/azcmagent/bin/himds")
    }
}

fn of_windows(variable: impl Fn(&str) -> Option<String>, name: &str, usual: &str) -> PathBuf {
    variable(name).map_or_else(|| PathBuf::from(usual), PathBuf::from)
}

/// Where the agent of Azure Arc listens.
const ARC_ENDPOINT: &str = "http://localhost:40342/metadata/identity/oauth2/token";
const IMDS: &str = "169.254.169.254";

#[cfg(test)]
mod tests {
    use super::*;

    fn source(variables: &[(&str, &str)], has_agent: bool) -> ManagedIdentitySource {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name)?;
            Some(found.1.to_owned())
        };
        ManagedIdentitySource::find(variable, |path| {
            assert!(path.to_string_lossy().contains("himds"));
            has_agent
        })
    }

    #[test]
    fn variables_name_the_source_in_the_order_of_microsofts_library() {
        let all = [
            ("IDENTITY_ENDPOINT", "https://localhost:2377/t"),
            ("IDENTITY_HEADER", "hush"),
            ("IDENTITY_SERVER_THUMBPRINT", "00"),
            ("IMDS_ENDPOINT", "http://localhost:40342"),
            ("MSI_ENDPOINT", "http://localhost:1/t"),
            ("MSI_SECRET", "hush"),
        ];
        let without = |names: &[&str]| {
            let left: Vec<_> = all
                .into_iter()
                .filter(|(name, _)| !names.contains(name))
                .collect();
            let source = source(&left, true);
            assert!(!format!("{source:?}").contains("hush"));
            source.name()
        };
        assert_eq!(without(&[]), "Service Fabric");
        assert_eq!(without(&["IDENTITY_SERVER_THUMBPRINT"]), "App Service");
        assert_eq!(without(&["IDENTITY_HEADER"]), "Azure Arc");
        assert_eq!(
            without(&["IDENTITY_HEADER", "IMDS_ENDPOINT"]),
            "Azure Machine Learning"
        );
        assert_eq!(without(&["IDENTITY_ENDPOINT"]), "Azure Machine Learning");
        assert_eq!(without(&["IDENTITY_ENDPOINT", "MSI_SECRET"]), "Cloud Shell");
    }

    #[test]
    fn an_installed_agent_of_arc_is_asked_where_no_variable_says_more() {
        assert_eq!(source(&[], false).name(), "the virtual machine");
        let ManagedIdentitySource::Arc { endpoint, key_folder } = source(&[], true) else {
            panic!()
        };
        assert_eq!(endpoint, "http://localhost:40342/metadata/identity/oauth2/token");
        assert!(key_folder.is_absolute());
        // Variables that are set to nothing are not set.
        assert_eq!(source(&[("MSI_ENDPOINT", "")], true).name(), "Azure Arc");
    }
}
