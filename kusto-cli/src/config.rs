//! Which service to ask: arguments, then the environment, then the configuration file.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use kusto_client::{ConnectionString, TrustedHosts};
use serde::Deserialize;

use crate::args::ConnectionArguments;
use crate::failure::Failure;

/// `kusto/config.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Config {
    cluster: Option<String>,
    connection_string: Option<String>,
    database: Option<String>,
    #[serde(default)]
    trusted_hosts: Vec<String>,
}

/// What the arguments, the environment and the configuration file agree on.
pub(crate) struct Connection {
    pub(crate) string: ConnectionString,
    pub(crate) database: String,
    pub(crate) trusted_hosts: TrustedHosts,
}

/// Reads the configuration file and puts all three together.
///
/// # Errors
///
/// A usage error if there is no service at all, or if what there is cannot be read.
pub(crate) fn connection(arguments: &ConnectionArguments) -> Result<Connection, Failure> {
    let config = read(arguments.config.as_deref())?;
    let environment = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty());
    let string = choose(arguments, environment, &config)?;
    let database = arguments
        .database
        .as_deref()
        .or_else(|| string.database())
        .or(config.database.as_deref())
        .unwrap_or(ConnectionString::DEFAULT_DATABASE)
        .to_owned();
    let hosts = arguments.trusted_hosts.iter().chain(&config.trusted_hosts);
    let trusted_hosts = hosts.fold(TrustedHosts::default(), TrustedHosts::host);
    Ok(Connection {
        string,
        database,
        trusted_hosts,
    })
}

fn choose(
    arguments: &ConnectionArguments,
    environment: Option<String>,
    config: &Config,
) -> Result<ConnectionString, Failure> {
    if let Some(cluster) = &arguments.cluster {
        return cluster_string(cluster, "--cluster");
    }
    let (string, origin) = if let Some(string) = &arguments.connection_string {
        (string.clone(), "--connection-string")
    } else if let Some(string) = environment {
        (string, VARIABLE)
    } else if let Some(string) = &config.connection_string {
        (string.clone(), "connection-string in the configuration file")
    } else if let Some(cluster) = &config.cluster {
        return cluster_string(cluster, "cluster in the configuration file");
    } else {
        return Err(Failure::usage(format!(
            "which service? give --cluster URL, --connection-string or --local FILE, or set {VARIABLE}"
        )));
    };
    // The error never shows the string: it may hold secrets.
    string
        .parse()
        .map_err(|error| Failure::usage(format!("{origin}: {error}")))
}

/// A cluster without credentials: whoever is signed in asks services on the network; loopback needs nobody.
fn cluster_string(cluster: &str, origin: &str) -> Result<ConnectionString, Failure> {
    let is_encrypted = !cluster.trim_start().starts_with("http://");
    ConnectionString::builder(cluster)
        .federated(is_encrypted)
        .build()
        .map_err(|error| Failure::usage(format!("{origin}: {error}")))
}

fn read(path: Option<&Path>) -> Result<Config, Failure> {
    let Some((path, is_given)) = path
        .map(|path| (path.to_owned(), true))
        .or_else(|| Some((default_path()?, false)))
    else {
        return Ok(Config::default());
    };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && !is_given => return Ok(Config::default()),
        Err(error) => return Err(Failure::usage(format!("cannot read {}: {error}", path.display()))),
    };
    toml::from_str(&text).map_err(|error: toml::de::Error| {
        let message = error.message().lines().next().unwrap_or_default().to_owned();
        Failure::usage(format!("{}: {message}", path.display()))
    })
}

/// In the folder that `XDG_CONFIG_HOME` names, `~/.config` without it; `%APPDATA%` on Windows.
fn default_path() -> Option<PathBuf> {
    let folder = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = if cfg!(windows) {
        folder("APPDATA")
    } else {
        folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))
    };
    Some(folder?.join("kusto").join("config.toml"))
}

const VARIABLE: &str = "KUSTO_CONNECTION_STRING";

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(cluster: Option<&str>, string: Option<&str>) -> ConnectionArguments {
        ConnectionArguments {
            cluster: cluster.map(str::to_owned),
            database: None,
            connection_string: string.map(str::to_owned),
            login: None,
            config: None,
            trusted_hosts: Vec::new(),
        }
    }

    fn host(arguments: &ConnectionArguments, environment: Option<&str>, config: &Config) -> String {
        let string = choose(arguments, environment.map(str::to_owned), config).unwrap();
        string.endpoint().host().to_owned()
    }

    #[test]
    fn arguments_win_over_the_environment_and_that_over_the_file() {
        let config = Config {
            cluster: Some("https://file.example".to_owned()),
            ..Config::default()
        };
        let environment = Some("https://environment.example;Fed=true");
        assert_eq!(
            host(&arguments(Some("https://a.example"), None), environment, &config),
            "a.example"
        );
        assert_eq!(
            host(&arguments(None, Some("https://b.example")), environment, &config),
            "b.example"
        );
        assert_eq!(
            host(&arguments(None, None), environment, &config),
            "environment.example"
        );
        assert_eq!(host(&arguments(None, None), None, &config), "file.example");
        let failure = choose(&arguments(None, None), None, &Config::default()).unwrap_err();
        assert_eq!(failure.exit_code(), 2);
    }

    #[test]
    fn errors_name_the_origin_and_no_secret() {
        let wrong = arguments(
            None,
            Some("https://help.kusto.windows.net;AppKey=hunter2;Nonsense=1"),
        );
        let failure = choose(&wrong, None, &Config::default()).unwrap_err().to_string();
        assert!(
            failure.starts_with("--connection-string: ") && !failure.contains("hunter2"),
            "{failure}"
        );
    }

    #[test]
    fn configuration_files_have_known_keys_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, "cluster = \"https://a.example\"\ndatabase = \"Samples\"\n").unwrap();
        assert_eq!(read(Some(&path)).unwrap().database.as_deref(), Some("Samples"));
        std::fs::write(&path, "clutser = 1\n").unwrap();
        assert!(read(Some(&path)).unwrap_err().to_string().contains("clutser"));
        assert!(read(Some(&folder.path().join("absent"))).is_err());
    }
}
