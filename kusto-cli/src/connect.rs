//! The client that asks: of a service, or of files on this machine.

use std::path::PathBuf;

use kusto_client::{Client, ClientBuilder, ConnectionString, Credential, TrustedHosts};
use kusto_emulator::Emulator;

use crate::args::{ConnectionArguments, TargetArguments};
use crate::config;
use crate::failure::Failure;
use crate::local;
use crate::login;

/// A client, and the embedded service that it asks if it asks one.
pub(crate) struct Target {
    pub(crate) client: Client,
    pub(crate) database: String,
    service: Option<Emulator>,
}

impl Target {
    /// Whether it is the embedded service that is asked.
    pub(crate) const fn is_local(&self) -> bool {
        self.service.is_some()
    }
}

/// A service, or an embedded one with the files of `--local`, with `more` of them.
///
/// # Errors
///
/// When there is nothing to ask, or it cannot be asked.
pub(crate) async fn target(arguments: &TargetArguments, more: &[String]) -> Result<Target, Failure> {
    if arguments.local.is_empty() && !arguments.sample {
        let (client, database) = client(&arguments.connection)?;
        return Ok(Target {
            client,
            database,
            service: None,
        });
    }
    let files: Vec<PathBuf> = arguments
        .local
        .iter()
        .cloned()
        .chain(more.iter().map(PathBuf::from))
        .collect();
    let service = local::start(local::builder(&files, arguments.sample)).await?;
    let string = service.connection_string().parse::<ConnectionString>();
    let string = string.map_err(|error| Failure::new(error.to_string()))?;
    let database = arguments
        .connection
        .database
        .as_deref()
        .or_else(|| string.database())
        .unwrap_or_default()
        .to_owned();
    Ok(Target {
        client: build(string, None, &database, TrustedHosts::default())?,
        database,
        service: Some(service),
    })
}

/// A client of a service, and the database to ask.
///
/// # Errors
///
/// When no service is named, or its connection string cannot be used.
pub(crate) fn client(arguments: &ConnectionArguments) -> Result<(Client, String), Failure> {
    let connection = config::connection(arguments)?;
    let credential = login::credential(arguments.login, &connection.string);
    let client = build(
        connection.string,
        credential,
        &connection.database,
        connection.trusted_hosts,
    )?;
    Ok((client, connection.database))
}

fn build(
    string: ConnectionString,
    credential: Option<Credential>,
    database: &str,
    trusted_hosts: TrustedHosts,
) -> Result<Client, Failure> {
    let builder = ClientBuilder::from(string);
    let builder = match credential {
        Some(credential) => builder.credential(credential),
        None => builder,
    };
    builder
        .database(database)
        .application(concat!("kusto-cli/", env!("CARGO_PKG_VERSION")))
        .trusted_hosts(trusted_hosts)
        // The command cancels by itself: what is sent in the background would not outlive it.
        .cancel_on_drop(false)
        .build()
        .map_err(|error| Failure::of_client(&error, false))
}
